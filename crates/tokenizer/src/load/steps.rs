//! How text is prepared and split: normaliser, pre-tokenizer, decoder.

use super::{flag, kind, malformed, unsupported};
use crate::Error;
use crate::json::Json;
use crate::pattern::Pattern;
use crate::pretokenize::{Behavior, Step};
use crate::scan::Scanner;

/// True for NFC, false for none.
pub fn normalizer(json: &Json, path: &str) -> Result<bool, Error> {
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
pub fn pre_tokenizer(json: &Json, path: &str, steps: &mut Vec<Step>) -> Result<bool, Error> {
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

pub fn decoder(json: &Json) -> Result<(), Error> {
    match json {
        Json::Null => Ok(()),
        json => match kind(json, "decoder")? {
            "ByteLevel" => Ok(()),
            other => Err(unsupported("decoder", other)),
        },
    }
}
