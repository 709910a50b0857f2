//! Reading `tokenizer.json`. Every component is either implemented or an error that names it.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use crate::added::{AddedToken, AddedTokens, Strip};
use crate::bpe::Merges;
use crate::cache::Cache;
use crate::json::{self, Json};
use crate::pattern::Pattern;
use crate::pretokenize::{Behavior, Step};
use crate::scan::Scanner;
use crate::vocabulary::{MAX_ID, Vocabulary};
use crate::{Error, Tokenizer, byte_level, normalize};

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
                steps.push(Step::PrefixSpace);
            }
            if flag(json, "use_regex", true, path)? {
                steps.push(Step::Scan(Scanner::Gpt2));
            }
            Ok(true)
        }
        "Digits" => {
            let each = flag(json, "individual_digits", false, path)?;
            steps.push(Step::Digits { each });
            Ok(false)
        }
        "Split" => {
            steps.push(split(json, path)?);
            Ok(false)
        }
        other => Err(unsupported(path, other)),
    }
}

fn split(json: &Json, path: &str) -> Result<Step, Error> {
    let behavior = match json.get("behavior").text() {
        Some("Isolated") => Behavior::Isolated,
        Some("Removed") => Behavior::Removed,
        Some("MergedWithPrevious") => Behavior::MergedWithPrevious,
        Some("MergedWithNext") => Behavior::MergedWithNext,
        Some("Contiguous") => Behavior::Contiguous,
        other => {
            let other = other.unwrap_or("absent");
            return Err(unsupported(format!("{path}.behavior"), other));
        }
    };
    let invert = flag(json, "invert", false, path)?;
    let pattern = json.get("pattern");
    if let Some(text) = pattern.get("String").text() {
        if text.is_empty() {
            return Err(malformed(format!("{path}.pattern.String"), "some text"));
        }
        return Ok(Step::Split {
            pattern: Pattern::literal(text),
            behavior,
            invert,
        });
    }
    let path = format!("{path}.pattern.Regex");
    let regex = pattern.get("Regex").text();
    let regex = regex.ok_or_else(|| malformed(&path, "a pattern"))?;
    // A scanner's pattern leaves no gaps: removing or joining them is for the general engine.
    if behavior == Behavior::Isolated
        && let Some(scanner) = Scanner::from_regex(regex)
    {
        return Ok(Step::Scan(scanner));
    }
    let pattern = Pattern::new(regex)
        .map_err(|why| unsupported(&path, format!("the pattern {regex} with {why}")))?;
    Ok(Step::Split {
        pattern,
        behavior,
        invert,
    })
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
    let optional = |key: &str| match json.get(key) {
        Json::Null => false,
        Json::Text(text) => !text.is_empty(),
        Json::Number(number) => *number != 0.0,
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
    let mut byte_ids = [None; 256];
    for byte in 0..=255 {
        byte_ids[usize::from(byte)] = vocabulary.id(&[byte]);
    }
    if optional("unk_token") && byte_ids.contains(&None) {
        let what = "an unknown token, with bytes that have none of their own,";
        return Err(unsupported("model.unk_token", what));
    }
    Ok(Tokenizer {
        vocabulary,
        byte_ids,
        merges,
        ignore_merges: flag(json, "ignore_merges", false, "model")?,
        raw_added: AddedTokens::new(Vec::new()),
        normalized_added: AddedTokens::new(Vec::new()),
        added_ids: HashMap::default(),
        special: HashSet::default(),
        nfc: false,
        steps: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        cache: Mutex::new(Cache::new()),
    })
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
    merges.finish();
    Ok(merges)
}

fn added_tokens(json: &Json, tokenizer: &mut Tokenizer) -> Result<(), Error> {
    let list = match json {
        Json::Null => return Ok(()),
        json => json
            .list()
            .ok_or_else(|| malformed("added_tokens", "a list"))?,
    };
    let (mut raw, mut normalized) = (Vec::new(), Vec::new());
    for (i, entry) in list.iter().enumerate() {
        let path = format!("added_tokens[{i}]");
        let content = entry.get("content").text();
        let content = content.ok_or_else(|| malformed(format!("{path}.content"), "text"))?;
        let id = entry.get("id").id().filter(|&id| id < MAX_ID);
        let id = id.ok_or_else(|| malformed(format!("{path}.id"), "an id"))?;
        let vocabulary = &mut tokenizer.vocabulary;
        if !vocabulary.place(content.as_bytes(), id)
            && vocabulary.token(id) != Some(&byte_level::token_bytes(content)[..])
        {
            let expected = "an id that no other token has";
            return Err(malformed(format!("{path}.id"), expected));
        }
        if flag(entry, "special", false, &path)? {
            tokenizer.special.insert(id);
        }
        tokenizer.added_ids.entry(content.to_owned()).or_insert(id);
        let wants_normalized = flag(entry, "normalized", true, &path)?;
        let token = AddedToken {
            id,
            content: if wants_normalized && tokenizer.nfc {
                normalize::nfc(content).into_owned()
            } else {
                content.to_owned()
            },
            strip: Strip {
                left: flag(entry, "lstrip", false, &path)?,
                right: flag(entry, "rstrip", false, &path)?,
            },
            single_word: flag(entry, "single_word", false, &path)?,
        };
        if wants_normalized {
            &mut normalized
        } else {
            &mut raw
        }
        .push(token);
    }
    tokenizer.raw_added = AddedTokens::new(raw);
    tokenizer.normalized_added = AddedTokens::new(normalized);
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
