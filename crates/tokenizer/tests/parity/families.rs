//! A tokenizer of each family beside the one that it is measured against.
//!
//! Vocabularies are those of published encodings, in both formats, or learned by the reference's
//! trainer in the family's configuration.

use std::collections::HashMap;

use calque_tokenizer::Tokenizer;
use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, PreTokenizerWrapper, TokenizerImpl};

use crate::corpus::{Draw, document};

pub enum Oracle {
    HuggingFace(Box<tokenizers::Tokenizer>),
    Tiktoken(Box<tiktoken_rs::CoreBPE>),
}

impl Oracle {
    pub fn encode(&self, text: &str) -> Vec<u32> {
        match self {
            Self::HuggingFace(oracle) => oracle
                .encode_fast(text, true)
                .expect("encodes")
                .get_ids()
                .to_vec(),
            Self::Tiktoken(oracle) => oracle.encode_with_special_tokens(text),
        }
    }
}

pub struct Family {
    pub name: String,
    pub ours: Tokenizer,
    pub oracle: Oracle,
}

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const O200K: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN3_5: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

fn byte_level(prefix: bool, regex: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": regex})
}

fn split(pattern: &str) -> Value {
    json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false})
}

fn sequence(steps: &[Value]) -> Value {
    json!({"type": "Sequence", "pretokenizers": steps})
}

fn digits() -> Value {
    json!({"type": "Digits", "individual_digits": true})
}

fn deepseek_coder() -> Value {
    let patterns = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"];
    let mut steps: Vec<Value> = patterns.into_iter().map(split).collect();
    steps.extend([digits(), byte_level(false, false)]);
    sequence(&steps)
}

/// The ranks that a crate carries, by their ids.
fn ranks(bpe: &tiktoken_rs::CoreBPE, count: u32) -> Vec<(Vec<u8>, u32)> {
    let special = bpe.special_tokens();
    let is_rank =
        |token: &[u8]| std::str::from_utf8(token).map_or(true, |text| !special.contains(text));
    (0..count)
        .filter_map(|id| Some((bpe.decode_bytes(&[id]).ok()?, id)))
        .filter(|(token, _)| is_rank(token))
        .collect()
}

fn tiktoken_file(ranks: &[(Vec<u8>, u32)]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut file = String::new();
    for (token, rank) in ranks {
        for group in token.chunks(3) {
            let word = (0..3).fold(0, |word, i| {
                word << 8 | u32::from(*group.get(i).unwrap_or(&0))
            });
            for i in 0..4 {
                let letter = LETTERS[(word >> (18 - 6 * i)) as usize & 63];
                file.push(if i <= group.len() {
                    letter as char
                } else {
                    '='
                });
            }
        }
        file.extend([" ", &rank.to_string(), "\n"]);
    }
    file
}

fn text(token: &[u8]) -> String {
    use std::sync::LazyLock;
    static CHARS: LazyLock<Vec<char>> = LazyLock::new(|| {
        let mut next = 0x100;
        (0..=255_u8)
            .map(|byte| {
                if matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff) {
                    return char::from(byte);
                }
                next += 1;
                char::from_u32(next - 1).expect("below the surrogates")
            })
            .collect()
    });
    token.iter().map(|&byte| CHARS[usize::from(byte)]).collect()
}

/// The two parts that a token was merged from: what is left of it under the ranks below its own.
fn parts<'a>(token: &'a [u8], rank: u32, ids: &HashMap<&[u8], u32>) -> Option<[&'a [u8]; 2]> {
    let mut cuts: Vec<usize> = (0..=token.len()).collect();
    while cuts.len() > 3 {
        let best = (0..cuts.len() - 2)
            .filter_map(|i| Some((*ids.get(&token[cuts[i]..cuts[i + 2]])?, i)))
            .filter(|found| found.0 < rank)
            .min()?;
        cuts.remove(best.1 + 1);
    }
    (cuts.len() == 3).then(|| [&token[..cuts[1]], &token[cuts[1]..]])
}

/// Ranks as a `tokenizer.json`.
fn model(ranks: &[(Vec<u8>, u32)], ignore_merges: bool, pairs: bool) -> Value {
    let ids: HashMap<&[u8], u32> = ranks.iter().map(|(token, id)| (&token[..], *id)).collect();
    let mut vocab = serde_json::Map::new();
    let mut merges = Vec::new();
    for (token, id) in ranks {
        vocab.insert(text(token), json!(id));
        if let Some([left, right]) = parts(token, *id, &ids) {
            let (left, right) = (text(left), text(right));
            merges.push(if pairs {
                json!([left, right])
            } else {
                json!(format!("{left} {right}"))
            });
        }
    }
    json!({"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": ignore_merges, "vocab": vocab, "merges": merges})
}

/// What is learned from.
pub fn texts() -> Vec<String> {
    let mut draw = Draw::new(1);
    (0..100).map(|_| document(&mut draw, 4000)).collect()
}

/// Entries of a vocabulary that is learned here.
pub const LEARNED: usize = 6000;

/// What the reference's trainer learns.
pub fn learned(pre_tokenizer: &Value) -> Value {
    let mut trained = TokenizerImpl::<
        BPE,
        tokenizers::NormalizerWrapper,
        PreTokenizerWrapper,
        tokenizers::PostProcessorWrapper,
        tokenizers::DecoderWrapper,
    >::new(BPE::default());
    let steps = serde_json::from_value(pre_tokenizer.clone()).expect("a pre-tokenizer");
    trained.with_pre_tokenizer(Some::<PreTokenizerWrapper>(steps));
    let mut trainer = BpeTrainerBuilder::new()
        .vocab_size(LEARNED)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    trained.train(&mut trainer, texts().iter()).expect("trains");
    let file: Value =
        serde_json::from_str(&trained.to_string(false).expect("serialises")).expect("JSON");
    file["model"].clone()
}

fn added(first: usize, tokens: &[AddedToken]) -> Value {
    let token = |(i, token): (usize, &AddedToken)| {
        json!({"id": first + i, "content": token.content, "single_word": token.single_word, "lstrip": token.lstrip,
            "rstrip": token.rstrip, "normalized": token.normalized, "special": token.special})
    };
    tokens.iter().enumerate().map(token).collect()
}

/// The rest of a `tokenizer.json` around a model.
struct Shape {
    normalizer: Value,
    pre_tokenizer: Value,
    post_processor: Value,
    added: Vec<AddedToken>,
}

impl Shape {
    fn new(pre_tokenizer: Value) -> Self {
        let special = [
            "<|endoftext|>",
            "<|fim_prefix|>",
            "<|im_start|>",
            "<|begin_of_text|>",
        ];
        Self {
            normalizer: Value::Null,
            pre_tokenizer,
            post_processor: Value::Null,
            added: special
                .map(|content| AddedToken::from(content, true))
                .to_vec(),
        }
    }

    fn family(self, name: &str, model: &Value) -> Family {
        let first = model["vocab"].as_object().expect("a vocabulary").len();
        let ids = model["vocab"].as_object().expect("a vocabulary").values();
        let first = first.max(
            ids.filter_map(Value::as_u64)
                .max()
                .map_or(0, |id| id as usize + 1),
        );
        let file = json!({"version": "1.0", "truncation": null, "padding": null,
            "added_tokens": added(first, &self.added), "normalizer": self.normalizer,
            "pre_tokenizer": self.pre_tokenizer, "post_processor": self.post_processor,
            "decoder": byte_level(false, true), "model": model});
        from_file(name, file.to_string().as_bytes())
    }
}

fn from_file(name: &str, file: &[u8]) -> Family {
    Family {
        name: name.to_owned(),
        ours: Tokenizer::from_json(file).unwrap_or_else(|error| panic!("{name}: {error}")),
        oracle: Oracle::HuggingFace(Box::new(
            tokenizers::Tokenizer::from_bytes(file).expect("the reference loads it"),
        )),
    }
}

fn published(name: &str, bpe: tiktoken_rs::CoreBPE, count: u32) -> Family {
    let file = tiktoken_file(&ranks(&bpe, count));
    Family {
        name: format!("{name}.tiktoken"),
        ours: Tokenizer::from_ranks(file.as_bytes(), None).expect("is recognised"),
        oracle: Oracle::Tiktoken(Box::new(bpe)),
    }
}

/// A family's name and how to make it, so that a run may ask for some.
pub type Maker = (&'static str, fn() -> Family);

pub fn all() -> Vec<Maker> {
    use tiktoken_rs::{cl100k_base, o200k_base, p50k_base, r50k_base};
    fn r50k() -> Vec<(Vec<u8>, u32)> {
        ranks(&r50k_base().expect("is carried"), 50_256)
    }
    fn cl100k() -> Vec<(Vec<u8>, u32)> {
        ranks(&cl100k_base().expect("is carried"), 100_256)
    }
    vec![
        ("gpt2", || {
            Shape::new(byte_level(false, true)).family("gpt2", &model(&r50k(), false, false))
        }),
        ("roberta", || {
            let mut shape = Shape::new(byte_level(true, true));
            shape.post_processor = json!({"type": "RobertaProcessing", "sep": ["<|endoftext|>", 50256],
                "cls": ["<|fim_prefix|>", 50257], "trim_offsets": true, "add_prefix_space": true});
            shape.added[2].lstrip = true;
            shape.added[3].single_word = true;
            shape.family("roberta", &model(&r50k(), false, true))
        }),
        ("llama3", || {
            let mut shape = Shape::new(sequence(&[split(LLAMA3), byte_level(false, false)]));
            let special = json!({"<|begin_of_text|>": {"id": "<|begin_of_text|>", "ids": [100_259], "tokens": ["<|begin_of_text|>"]}});
            shape.post_processor = json!({"type": "Sequence", "processors": [byte_level(true, true),
                {"type": "TemplateProcessing", "special_tokens": special,
                "single": [{"SpecialToken": {"id": "<|begin_of_text|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]}]});
            shape.family("llama3", &model(&cl100k(), true, true))
        }),
        ("qwen2", || {
            let mut shape = Shape::new(sequence(&[split(QWEN2), byte_level(false, false)]));
            shape.normalizer = json!({"type": "NFC"});
            shape
                .added
                .push(AddedToken::from("<s>", false).rstrip(true));
            shape.added.push(AddedToken::from("e\u{301}\u{323}", false));
            shape.family("qwen2", &model(&cl100k(), false, false))
        }),
        ("qwen3.5", || {
            let mut shape = Shape::new(sequence(&[split(QWEN3_5), byte_level(false, false)]));
            shape.normalizer = json!({"type": "NFC"});
            shape.family("qwen3.5", &model(&cl100k(), false, true))
        }),
        ("starcoder2", || {
            let steps = sequence(&[digits(), byte_level(false, true)]);
            let learned = learned(&steps);
            Shape::new(steps).family("starcoder2", &learned)
        }),
        ("smollm2", || {
            let steps = sequence(&[digits(), byte_level(false, true)]);
            Shape::new(steps).family("smollm2", &model(&r50k(), false, false))
        }),
        ("deepseek-coder", || {
            let learned = learned(&deepseek_coder());
            Shape::new(deepseek_coder()).family("deepseek-coder", &learned)
        }),
        ("gpt2-split", || {
            let steps = sequence(&[split(GPT2), byte_level(false, false)]);
            let learned = learned(&steps);
            Shape::new(steps).family("gpt2-split", &learned)
        }),
        ("o200k", || {
            let steps = sequence(&[split(O200K), byte_level(false, false)]);
            let o200k = ranks(&o200k_base().expect("is carried"), 199_998);
            Shape::new(steps).family("o200k", &model(&o200k, true, true))
        }),
        ("r50k_base", || {
            published("r50k_base", r50k_base().expect("is carried"), 50_256)
        }),
        ("p50k_base", || {
            published("p50k_base", p50k_base().expect("is carried"), 50_281)
        }),
        ("cl100k_base", || {
            published("cl100k_base", cl100k_base().expect("is carried"), 100_256)
        }),
        ("o200k_base", || {
            published("o200k_base", o200k_base().expect("is carried"), 199_998)
        }),
    ]
}

/// Every `tokenizer.json` under a folder: real models' files, which this project does not carry.
pub fn in_folder(folder: &std::path::Path) -> Vec<Family> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(in_folder(&path));
        } else if path.extension().is_some_and(|ending| ending == "json")
            && path
                .file_stem()
                .is_some_and(|stem| stem.to_string_lossy().contains("tokenizer"))
            && !path.ends_with("tokenizer_config.json")
        {
            let file = std::fs::read(&path).expect("the file can be read");
            found.push(from_file(&path.display().to_string(), &file));
        }
    }
    found
}
