//! The WebAssembly border: no logic, only types that cross it. `js/calque.js` makes the public interface of it.
//!
//! Errors cross as text, `code` and message on two lines; the JavaScript side throws them as `CalqueError`.

use calque_equivalence::{Options, Relation};
use calque_tokenizer::{DecodeStream, PreTokenizer, Tokenizer, TrainOptions};
use wasm_bindgen::prelude::*;

fn thrown(code: &str, message: impl std::fmt::Display) -> JsValue {
    JsValue::from_str(&format!("{code}\n{message}"))
}

fn tokenizer_error(error: calque_tokenizer::Error) -> JsValue {
    thrown(error.code(), error)
}

/// A loaded tokenizer.
#[wasm_bindgen]
pub struct RawTokenizer(Tokenizer);

#[wasm_bindgen]
impl RawTokenizer {
    /// Loads a `tokenizer.json`.
    pub fn load(json: &[u8]) -> Result<RawTokenizer, JsValue> {
        Tokenizer::from_json(json)
            .map(Self)
            .map_err(tokenizer_error)
    }

    /// Ids of a text.
    pub fn encode(&self, text: &str, special: bool) -> Vec<u32> {
        self.0.encode(text, special)
    }

    /// Ids of UTF-8; what is no UTF-8 is read as U+FFFD.
    pub fn encode_bytes(&self, bytes: &[u8], special: bool) -> Vec<u32> {
        self.0.encode(&String::from_utf8_lossy(bytes), special)
    }

    /// `id, start, end` of every token, in bytes of the text.
    pub fn encode_with_offsets(&self, text: &str, special: bool) -> Vec<u32> {
        let encoding = self.0.encode_with_offsets(text, special);
        let places = encoding.offsets.iter();
        let triples = encoding.ids.iter().zip(places);
        triples
            .flat_map(|(&id, &(start, end))| [id, start as u32, end as u32])
            .collect()
    }

    /// Text of ids.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, JsValue> {
        self.0.decode(ids, skip_special).map_err(tokenizer_error)
    }

    /// Number of ids, without those that the post-processor adds.
    pub fn count(&self, text: &str) -> usize {
        self.0.count(text)
    }

    /// One more than the largest id.
    pub fn vocab_size(&self) -> usize {
        self.0.vocab_size()
    }

    /// Id of a token by its text.
    pub fn token_id(&self, text: &str) -> Option<u32> {
        self.0.token_id(text)
    }

    /// A decoder for ids that come in parts.
    pub fn decode_stream(&self, skip_special: bool) -> RawDecodeStream {
        RawDecodeStream(self.0.decode_stream(skip_special))
    }
}

/// A decoder for ids that come in parts.
#[wasm_bindgen]
pub struct RawDecodeStream(DecodeStream);

#[wasm_bindgen]
impl RawDecodeStream {
    /// The text that these ids complete.
    pub fn push(&mut self, tokenizer: &RawTokenizer, ids: &[u32]) -> Result<String, JsValue> {
        self.0.push(&tokenizer.0, ids).map_err(tokenizer_error)
    }

    /// What is left.
    pub fn end(&mut self) -> String {
        self.0.end()
    }
}

/// Trains a tokenizer and returns its `tokenizer.json`.
#[wasm_bindgen]
pub fn train(
    texts: Vec<String>,
    vocab_size: usize,
    min_frequency: u32,
    pre_tokenizer: &str,
    special: Vec<String>,
) -> Result<String, JsValue> {
    let pre_tokenizer = PreTokenizer::from_name(pre_tokenizer).ok_or_else(|| {
        thrown(
            "tokenizer-training",
            format!("pre-tokenizer {pre_tokenizer}: expected gpt2, gpt2-digits, llama3, qwen2 or o200k"),
        )
    })?;
    let options = TrainOptions {
        vocab_size,
        min_frequency: min_frequency.into(),
        pre_tokenizer,
        special,
    };
    calque_tokenizer::train(texts.iter().map(String::as_str), &options).map_err(tokenizer_error)
}

/// Compares two functions and returns the verdict as JSON.
#[wasm_bindgen]
pub fn check(
    source: &str,
    target: &str,
    function: Option<String>,
    relation: &str,
    unroll: u32,
    assume: Vec<String>,
) -> Result<String, JsValue> {
    let mut options = Options {
        function,
        unroll,
        ..Options::default()
    };
    options.relation = Relation::from_name(relation).ok_or_else(|| {
        thrown(
            "bad-option",
            format!("relation {relation}: expected refines, equivalent or agrees"),
        )
    })?;
    for name in assume {
        if !options.assume(&name) {
            let expected = "expected noundef-arguments or disjoint-arguments";
            return Err(thrown("bad-option", format!("assume {name}: {expected}")));
        }
    }
    Ok(calque_equivalence::check(source, target, &options).to_json())
}

/// One function of a text in canonical short form.
#[wasm_bindgen]
pub fn strip_ir(text: &str, function: Option<String>) -> Result<String, JsValue> {
    calque_ir::strip(text, function.as_deref()).map_err(|error| thrown(error.code, error))
}
