//! Reading `tokenizer.json`. Every component is either implemented or an error that names it.

mod added;
mod model;
mod steps;

use crate::json::{self, Json};
use crate::normalize::Nfc;
use crate::{Error, Tokenizer};

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
    let nfc = steps::normalizer(root.get("normalizer"), "normalizer")?.then(Nfc::new);
    let mut steps = Vec::new();
    let byte_level = steps::pre_tokenizer(root.get("pre_tokenizer"), "pre_tokenizer", &mut steps)?;
    if !byte_level {
        return Err(unsupported("pre_tokenizer", "one without ByteLevel"));
    }
    steps::decoder(root.get("decoder"))?;
    let mut tokenizer = model::model(root.get("model"))?;
    tokenizer.nfc = nfc;
    tokenizer.steps = steps;
    added::added_tokens(root.get("added_tokens"), &mut tokenizer)?;
    added::post_processor(root.get("post_processor"), "post_processor", &mut tokenizer)?;
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
