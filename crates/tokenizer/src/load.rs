//! Reading `tokenizer.json`. Every component is either implemented or an error that names it.

use std::collections::HashMap;

use crate::added::AddedToken;
use crate::bpe::Merges;
use crate::json::{self, Json};
use crate::pretokenize::{Pattern, Step};
use crate::{Error, Tokenizer, byte_level};

/// Ids above this are taken for damage: no vocabulary comes near, and the table of tokens is as long as the largest.
const MAX_ID: u32 = 1 << 24;

pub fn load(bytes: &[u8]) -> Result<Tokenizer, Error> {
    let root = json::parse(bytes)?;
    if !matches!(root, Json::Object(_)) {
        return Err(malformed("the file", "an object"));
    }
    for key in ["truncation", "padding"] {
        if *root.get(key) != Json::Null {
            return Err(unsupported(key, "a value other than null"));
        }
    }
    let nfc = normalizer(root.get("normalizer"), "normalizer")?;
    let mut steps = Vec::new();
    let byte_level = pre_tokenizer(root.get("pre_tokenizer"), "pre_tokenizer", &mut steps)?;
    if !byte_level {
        return Err(unsupported("pre_tokenizer", "one without ByteLevel"));
    }
    decoder(root.get("decoder"))?;
    let mut tokenizer = model(root.get("model"))?;
    tokenizer.nfc = nfc;
    tokenizer.steps = steps;
    added_tokens(root.get("added_tokens"), &mut tokenizer)?;
    post_processor(root.get("post_processor"), "post_processor", &mut tokenizer)?;
    Ok(tokenizer)
}

fn malformed(path: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::Malformed {
        path: path.into(),
        expected: expected.into(),
    }
}

fn unsupported(path: impl Into<String>, component: impl Into<String>) -> Error {
    Error::Unsupported {
        path: path.into(),
        component: component.into(),
    }
}

/// The `type` of a component.
fn kind<'a>(json: &'a Json, path: &str) -> Result<&'a str, Error> {
    json.get("type")
        .text()
        .ok_or_else(|| malformed(format!("{path}.type"), "a name"))
}

fn flag(json: &Json, key: &str, absent: bool, path: &str) -> Result<bool, Error> {
    match json.get(key) {
        Json::Null => Ok(absent),
        value => value
            .flag()
            .ok_or_else(|| malformed(format!("{path}.{key}"), "true or false")),
    }
}

/// True for NFC, false for none.
fn normalizer(json: &Json, path: &str) -> Result<bool, Error> {
    if *json == Json::Null {
        return Ok(false);
    }
    match kind(json, path)? {
        "NFC" => Ok(true),
        "Sequence" => {
            let path = format!("{path}.normalizers");
            let parts = json
                .get("normalizers")
                .list()
                .ok_or_else(|| malformed(&path, "a list"))?;
            let mut nfc = false;
            for (i, part) in parts.iter().enumerate() {
                nfc |= normalizer(part, &format!("{path}[{i}]"))?;
            }
            Ok(nfc)
        }
        other => Err(unsupported(path, other)),
    }
}

/// Adds the steps of a pre-tokenizer; true when it maps bytes to GPT-2's alphabet.
fn pre_tokenizer(json: &Json, path: &str, steps: &mut Vec<Step>) -> Result<bool, Error> {
    match kind(json, path)? {
        "Sequence" => {
            let path = format!("{path}.pretokenizers");
            let parts = json
                .get("pretokenizers")
                .list()
                .ok_or_else(|| malformed(&path, "a list"))?;
            let mut byte_level = false;
            for (i, part) in parts.iter().enumerate() {
                let path = format!("{path}[{i}]");
                if byte_level {
                    return Err(unsupported(path, "a step after ByteLevel"));
                }
                byte_level = pre_tokenizer(part, &path, steps)?;
            }
            Ok(byte_level)
        }
        "ByteLevel" => {
            if flag(json, "add_prefix_space", true, path)? {
                return Err(unsupported(format!("{path}.add_prefix_space"), "true"));
            }
            if flag(json, "use_regex", true, path)? {
                steps.push(Step::Pattern(Pattern::Gpt2));
            }
            Ok(true)
        }
        "Digits" => {
            if !flag(json, "individual_digits", false, path)? {
                return Err(unsupported(format!("{path}.individual_digits"), "false"));
            }
            steps.push(Step::Digits);
            Ok(false)
        }
        "Split" => {
            let behavior = json.get("behavior").text().unwrap_or("absent");
            if behavior != "Isolated" || flag(json, "invert", false, path)? {
                return Err(unsupported(path, format!("Split with behavior {behavior}")));
            }
            let path = format!("{path}.pattern.Regex");
            let regex = json.get("pattern").get("Regex").text();
            let regex = regex.ok_or_else(|| malformed(&path, "a pattern"))?;
            let pattern = Pattern::from_regex(regex)
                .ok_or_else(|| unsupported(&path, format!("the pattern {regex}")))?;
            steps.push(Step::Pattern(pattern));
            Ok(false)
        }
        other => Err(unsupported(path, other)),
    }
}

fn decoder(json: &Json) -> Result<(), Error> {
    match json {
        Json::Null => Ok(()),
        json => match kind(json, "decoder")? {
            "ByteLevel" => Ok(()),
            other => Err(unsupported("decoder", other)),
        },
    }
}

fn model(json: &Json) -> Result<Tokenizer, Error> {
    // Old files leave the type out.
    match json.get("type") {
        Json::Null => {}
        _ if kind(json, "model")? == "BPE" => {}
        _ => return Err(unsupported("model", kind(json, "model")?)),
    }
    for key in [
        "dropout",
        "unk_token",
        "continuing_subword_prefix",
        "end_of_word_suffix",
    ] {
        match json.get(key) {
            Json::Null => {}
            Json::Text(text) if text.is_empty() => {}
            _ => {
                return Err(unsupported(
                    format!("model.{key}"),
                    "a value other than null",
                ));
            }
        }
    }
    if flag(json, "byte_fallback", false, "model")? {
        return Err(unsupported("model.byte_fallback", "true"));
    }
    let Json::Object(vocab) = json.get("vocab") else {
        return Err(malformed("model.vocab", "an object of ids by token"));
    };
    let mut by_text: HashMap<&str, u32> = HashMap::with_capacity(vocab.len());
    let mut tokenizer = Tokenizer {
        tokens: Vec::new(),
        ids: HashMap::with_capacity(vocab.len()),
        byte_ids: [None; 256],
        merges: Merges::default(),
        ignore_merges: flag(json, "ignore_merges", false, "model")?,
        added: Vec::new(),
        nfc: false,
        steps: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    };
    for (text, id) in vocab {
        let path = || format!("model.vocab.{text}");
        let id = id
            .id()
            .filter(|&id| id < MAX_ID)
            .ok_or_else(|| malformed(path(), "an id"))?;
        let bytes = byte_level::token_bytes(text);
        if !set_token(&mut tokenizer.tokens, id, &bytes) {
            return Err(malformed(
                path(),
                format!("an id that is not taken; {id} is"),
            ));
        }
        if let [byte] = bytes[..] {
            tokenizer.byte_ids[usize::from(byte)] = Some(id);
        }
        by_text.insert(text, id);
        tokenizer.ids.insert(bytes.into(), id);
    }
    let merges = json.get("merges").list();
    let merges = merges.ok_or_else(|| malformed("model.merges", "a list"))?;
    tokenizer.merges.reserve(merges.len());
    let mut merged = String::new();
    for (rank, merge) in merges.iter().enumerate() {
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
        let id = |text: &str| {
            let id = by_text.get(text).copied();
            id.ok_or_else(|| malformed(path(), format!("{text} to be in the vocabulary")))
        };
        let entry = (rank as u32, id(&merged)?);
        // A pair that is listed twice keeps its last rank, as in the reference.
        tokenizer.merges.insert((id(left)?, id(right)?), entry);
    }
    Ok(tokenizer)
}

fn set_token(tokens: &mut Vec<Option<Box<[u8]>>>, id: u32, bytes: &[u8]) -> bool {
    let at = id as usize;
    if tokens.len() <= at {
        tokens.resize(at + 1, None);
    }
    if tokens[at].is_some() {
        return false;
    }
    tokens[at] = Some(bytes.into());
    true
}

fn added_tokens(json: &Json, tokenizer: &mut Tokenizer) -> Result<(), Error> {
    let list = match json {
        Json::Null => return Ok(()),
        json => json
            .list()
            .ok_or_else(|| malformed("added_tokens", "a list"))?,
    };
    for (i, entry) in list.iter().enumerate() {
        let path = format!("added_tokens[{i}]");
        let content = entry.get("content").text();
        let content = content.ok_or_else(|| malformed(format!("{path}.content"), "text"))?;
        let id = entry.get("id").id().filter(|&id| id < MAX_ID);
        let id = id.ok_or_else(|| malformed(format!("{path}.id"), "an id"))?;
        let bytes = content.as_bytes();
        if !set_token(&mut tokenizer.tokens, id, bytes)
            && tokenizer.tokens[id as usize].as_deref()
                != Some(&byte_level::token_bytes(content)[..])
        {
            return Err(malformed(
                format!("{path}.id"),
                "an id that no other token has",
            ));
        }
        tokenizer.added.push(AddedToken {
            id,
            content: content.to_owned(),
            special: flag(entry, "special", false, &path)?,
            lstrip: flag(entry, "lstrip", false, &path)?,
            rstrip: flag(entry, "rstrip", false, &path)?,
            single_word: flag(entry, "single_word", false, &path)?,
            normalized: flag(entry, "normalized", true, &path)?,
        });
    }
    Ok(())
}

fn post_processor(json: &Json, path: &str, tokenizer: &mut Tokenizer) -> Result<(), Error> {
    if *json == Json::Null {
        return Ok(());
    }
    match kind(json, path)? {
        // It only trims offsets, which here are those of the bytes.
        "ByteLevel" => Ok(()),
        "Sequence" => {
            let path = format!("{path}.processors");
            let parts = json
                .get("processors")
                .list()
                .ok_or_else(|| malformed(&path, "a list"))?;
            for (i, part) in parts.iter().enumerate() {
                post_processor(part, &format!("{path}[{i}]"), tokenizer)?;
            }
            Ok(())
        }
        "TemplateProcessing" => {
            let single = json.get("single").list();
            let single = single.ok_or_else(|| malformed(format!("{path}.single"), "a list"))?;
            let mut text_seen = false;
            for (i, item) in single.iter().enumerate() {
                let path = format!("{path}.single[{i}]");
                if *item.get("Sequence") != Json::Null {
                    text_seen = true;
                    continue;
                }
                let name = item.get("SpecialToken").get("id").text();
                let name = name.ok_or_else(|| malformed(&path, "SpecialToken or Sequence"))?;
                let ids = json.get("special_tokens").get(name).get("ids").list();
                let ids = ids.ok_or_else(|| malformed(&path, format!("ids of {name}")))?;
                for id in ids {
                    let id = id.id().ok_or_else(|| malformed(&path, "token ids"))?;
                    let side = if text_seen {
                        &mut tokenizer.after
                    } else {
                        &mut tokenizer.before
                    };
                    side.push(id);
                }
            }
            Ok(())
        }
        other => Err(unsupported(path, other)),
    }
}
