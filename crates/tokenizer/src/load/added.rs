//! Tokens beside the model's: added ones, and those that the post-processor puts around a text.

use super::{flag, kind, malformed, unsupported};
use crate::added::{AddedToken, AddedTokens, Strip};
use crate::json::Json;
use crate::vocabulary::MAX_ID;
use crate::{Error, Tokenizer, byte_level};

pub fn added_tokens(json: &Json, tokenizer: &mut Tokenizer) -> Result<(), Error> {
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
            content: match &tokenizer.nfc {
                Some(nfc) if wants_normalized => nfc.text(content),
                _ => content.to_owned(),
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

pub fn post_processor(json: &Json, path: &str, tokenizer: &mut Tokenizer) -> Result<(), Error> {
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
        // The template `cls text sep`.
        "RobertaProcessing" | "BertProcessing" => {
            for (key, side) in [
                ("cls", &mut tokenizer.before),
                ("sep", &mut tokenizer.after),
            ] {
                let id = match json.get(key).list() {
                    Some([_, id]) => id.id(),
                    _ => None,
                };
                side.push(id.ok_or_else(|| malformed(format!("{path}.{key}"), "[token, id]"))?);
            }
            Ok(())
        }
        other => Err(unsupported(path, other)),
    }
}
