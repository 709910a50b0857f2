//! The model: vocabulary and merges.

use super::{flag, kind, malformed, unsupported};
use crate::bpe::Merges;
use crate::json::Json;
use crate::vocabulary::{MAX_ID, Vocabulary};
use crate::{Error, Tokenizer};

pub fn model(json: &Json) -> Result<Tokenizer, Error> {
    // Old files leave the type out.
    match json.get("type") {
        Json::Null => {}
        _ if kind(json, "model")? == "BPE" => {}
        _ => return Err(unsupported("model", kind(json, "model")?)),
    }
    let optional = |key: &str| match json.get(key) {
        Json::Null => false,
        Json::Text(text) => !text.is_empty(),
        Json::Whole(number) => *number != 0,
        Json::Number { zero } => !zero,
        _ => true,
    };
    for key in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
        if optional(key) {
            let path = format!("model.{key}");
            return Err(unsupported(path, "a value other than null"));
        }
    }
    if flag(json, "byte_fallback", false, "model")? {
        return Err(unsupported("model.byte_fallback", "true"));
    }
    let vocabulary = vocabulary(json.get("vocab"))?;
    let merges = merges(json.get("merges"), &vocabulary)?;
    let mut tokenizer = Tokenizer::new(vocabulary, merges);
    if optional("unk_token") && tokenizer.byte_ids.contains(&None) {
        let what = "an unknown token, with bytes that have none of their own,";
        return Err(unsupported("model.unk_token", what));
    }
    tokenizer.ignore_merges = flag(json, "ignore_merges", false, "model")?;
    Ok(tokenizer)
}

fn vocabulary(json: &Json) -> Result<Vocabulary, Error> {
    let Json::Object(entries) = json else {
        return Err(malformed("model.vocab", "an object of ids by token"));
    };
    let mut vocabulary = Vocabulary::with_capacity(entries.len());
    let mut scratch = Vec::new();
    for (text, id) in entries {
        let path = || format!("model.vocab.{text}");
        let id = id.id().filter(|&id| id < MAX_ID);
        let id = id.ok_or_else(|| malformed(path(), "an id"))?;
        if !vocabulary.add_text(text, id, &mut scratch) {
            let expected =
                format!("a token that is listed once, with an id that only it has; {id}");
            return Err(malformed(path(), expected));
        }
    }
    Ok(vocabulary)
}

fn merges(json: &Json, vocabulary: &Vocabulary) -> Result<Merges, Error> {
    let list = json.list();
    let list = list.ok_or_else(|| malformed("model.merges", "a list"))?;
    let mut merges = Merges::with_capacity(list.len());
    let mut scratch = Vec::new();
    let mut merged = String::new();
    for (rank, merge) in list.iter().enumerate() {
        let path = || format!("model.merges[{rank}]");
        let (left, right) = match merge {
            Json::Text(pair) => pair
                .split_once(' ')
                .filter(|(_, right)| !right.contains(' ')),
            Json::List(pair) => match &pair[..] {
                [Json::Text(left), Json::Text(right)] => Some((left.as_str(), right.as_str())),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| malformed(path(), "\"left right\" or [left, right]"))?;
        merged.clear();
        merged.push_str(left);
        merged.push_str(right);
        let mut id = |text: &str| {
            let id = vocabulary.id_of_text(text, &mut scratch);
            id.ok_or_else(|| malformed(path(), format!("{text} to be in the vocabulary")))
        };
        merges.add(id(left)?, id(right)?, rank as u32, id(&merged)?);
    }
    Ok(merges)
}
