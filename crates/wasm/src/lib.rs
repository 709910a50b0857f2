//! The WebAssembly border: no logic, only types that cross it. `js/calque.js` makes the public interface of it.
//!
//! Errors cross as text, `code` and message on two lines; the JavaScript side throws them as `CalqueError`.

use calque_equivalence::{Check, Options, Relation, Signature, Verdict};
use calque_tokenizer::{DecodeStream, PreTokenizer, RankOptions, Tokenizer, TrainOptions, Trainer};
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

    /// Loads `.tiktoken` ranks: by the name of a published encoding, by a pattern and special tokens, or, with
    /// neither, by the number of ranks.
    pub fn load_ranks(
        ranks: &[u8],
        encoding: Option<String>,
        pattern: Option<String>,
        special: Vec<String>,
        special_ids: &[u32],
    ) -> Result<RawTokenizer, JsValue> {
        let options =
            match (encoding, pattern) {
                (Some(name), _) => {
                    let known = RankOptions::published(&name);
                    Some(known.ok_or_else(|| {
                        thrown("bad-option", format!("encoding {name}: not known"))
                    })?)
                }
                (None, Some(pattern)) => Some(RankOptions {
                    pattern,
                    special: special
                        .into_iter()
                        .zip(special_ids.iter().copied())
                        .collect(),
                }),
                (None, None) => None,
            };
        Tokenizer::from_ranks(ranks, options.as_ref())
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

    /// Ids of texts that lie end to end as UTF-8, each up to one of `ends`: first how many ids each has, then
    /// all ids.
    pub fn encode_batch(&self, bytes: &[u8], ends: &[u32], special: bool) -> Vec<u32> {
        let mut counts = Vec::with_capacity(ends.len());
        let mut ids = Vec::with_capacity(bytes.len() / 4 + ends.len());
        let mut start = 0;
        for &end in ends {
            let text = bytes.get(start..end as usize).unwrap_or_default();
            let before = ids.len();
            ids.extend(self.0.encode(&String::from_utf8_lossy(text), special));
            counts.push((ids.len() - before) as u32);
            start = end as usize;
        }
        counts.extend(ids);
        counts
    }

    /// `id, start, end` of every token, in bytes of the text or in UTF-16 units.
    pub fn encode_with_offsets(&self, text: &str, special: bool, utf16: bool) -> Vec<u32> {
        let mut encoding = self.0.encode_with_offsets(text, special);
        if utf16 {
            encoding.in_utf16(text);
        }
        let places = encoding.offsets.iter();
        let triples = encoding.ids.iter().zip(places);
        triples
            .flat_map(|(&id, &(start, end))| [id, start as u32, end as u32])
            .collect()
    }

    /// UTF-16 units of the longest start of the text that is at most so many tokens.
    pub fn truncate(&self, text: &str, tokens: usize) -> usize {
        self.0
            .truncate(text, tokens)
            .chars()
            .map(char::len_utf16)
            .sum()
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

    /// Contents of the added tokens, in the order of [`Self::added_ids`].
    pub fn added_texts(&self) -> Vec<String> {
        let added = self.0.added_tokens().into_iter();
        added.map(|token| token.1.to_owned()).collect()
    }

    /// Id of every added token, then 1 if it is special, else 0.
    pub fn added_ids(&self) -> Vec<u32> {
        let added = self.0.added_tokens().into_iter();
        added
            .flat_map(|(id, _, special)| [id, special.into()])
            .collect()
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

/// Learns a tokenizer from texts that come one by one.
#[wasm_bindgen]
pub struct RawTrainer(Trainer);

#[wasm_bindgen]
impl RawTrainer {
    /// Refuses options that cannot be met.
    pub fn open(
        vocab_size: usize,
        min_frequency: u32,
        pre_tokenizer: &str,
        special: Vec<String>,
    ) -> Result<RawTrainer, JsValue> {
        let pre_tokenizer = PreTokenizer::from_name(pre_tokenizer).ok_or_else(|| {
            let known = PreTokenizer::NAMES.join(", ");
            let message = format!("pre-tokenizer {pre_tokenizer}: expected one of {known}");
            thrown("tokenizer-training", message)
        })?;
        Trainer::new(TrainOptions {
            vocab_size,
            min_frequency: min_frequency.into(),
            pre_tokenizer,
            special,
        })
        .map(Self)
        .map_err(tokenizer_error)
    }

    /// Counts the pieces of a text.
    pub fn feed(&mut self, text: &str) {
        self.0.feed(text);
    }

    /// The `tokenizer.json`.
    pub fn finish(self) -> String {
        self.0.finish()
    }
}

/// A comparison of two functions, piece by piece.
#[wasm_bindgen]
pub struct RawCheck(Check);

#[wasm_bindgen]
impl RawCheck {
    /// Takes the question; nothing is decided yet.
    pub fn open(
        source: String,
        target: String,
        function: Option<String>,
        relation: &str,
        unroll: u32,
        assume: Vec<String>,
        signature: Option<String>,
    ) -> Result<RawCheck, JsValue> {
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
        if let Some(text) = signature {
            let signature = Signature::parse(&text).map_err(|e| thrown("bad-option", e))?;
            options.signature = Some(signature);
        }
        Ok(Self(Check::new(source, target, options)))
    }

    /// Does the next piece; the verdict as JSON once there is one.
    pub fn step(&mut self) -> Option<String> {
        self.0.step().map(Verdict::to_json)
    }
}

/// One function of a text in canonical short form.
#[wasm_bindgen]
pub fn strip_ir(text: &str, function: Option<String>) -> Result<String, JsValue> {
    calque_ir::strip(text, function.as_deref()).map_err(|error| thrown(error.code, error))
}
