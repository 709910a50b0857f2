//! What must hold whatever the bytes: no panic, and where something was made of them, that it works.
//!
//! Run by `cargo fuzz` (the targets beside this file) and, on mutated seeds, by `tests/hostile.rs`.
#![allow(dead_code, reason = "every target uses one of them")]

use std::sync::LazyLock;

use calque_equivalence::Options;
use calque_tokenizer::{PreTokenizer, RankOptions, Tokenizer, TrainOptions, train};

/// Texts that a tokenizer must survive, and give back.
const TEXTS: [&str; 4] = [
    "",
    "def f(x):\n    return x",
    "e\u{301}👩‍👩‍👧 <|end|>\r\n",
    "\u{fffd}\0",
];

/// A `tokenizer.json` of every pre-tokenizer.
pub static FILES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let file = |name: &&str| {
        let options = TrainOptions {
            vocab_size: 300,
            min_frequency: 1,
            pre_tokenizer: PreTokenizer::from_name(name)?,
            special: vec!["<|end|>".into()],
        };
        train(TEXTS, &options).ok()
    };
    PreTokenizer::NAMES.iter().filter_map(file).collect()
});

static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let nfc = |file: &String| {
        file.replace(
            "\"normalizer\": null",
            "\"normalizer\": {\"type\": \"NFC\"}",
        )
    };
    let files = FILES.iter().chain([]).cloned().chain(FILES.iter().map(nfc));
    files
        .map(|file| Tokenizer::from_json(file.as_bytes()).expect("a trained file loads"))
        .collect()
});

/// Bytes as `tokenizer.json`.
pub fn load(data: &[u8]) {
    if let Ok(tokenizer) = Tokenizer::from_json(data) {
        works(&tokenizer);
    }
}

/// Bytes as `.tiktoken` ranks.
pub fn ranks(data: &[u8]) {
    let options = RankOptions {
        pattern: "cl100k".into(),
        special: vec![("<|end|>".into(), 100_000)],
    };
    if let Ok(tokenizer) = Tokenizer::from_ranks(data, Some(&options)) {
        works(&tokenizer);
        assert_eq!(
            tokenizer
                .decode(&tokenizer.encode(TEXTS[2], false), false)
                .as_deref(),
            Ok(TEXTS[2])
        );
    }
}

fn works(tokenizer: &Tokenizer) {
    for text in TEXTS {
        let encoding = tokenizer.encode_with_offsets(text, true);
        assert_eq!(encoding.ids.len(), encoding.offsets.len());
        // An id that the post-processor adds need not be in the vocabulary.
        let _ = tokenizer.decode(&encoding.ids, true);
        assert!(tokenizer.count(tokenizer.truncate(text, 3)) <= 3);
    }
}

/// Bytes as a text: what is encoded is decoded again, and places are those of the text.
pub fn encode(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    for (i, tokenizer) in TOKENIZERS.iter().enumerate() {
        let mut encoding = tokenizer.encode_with_offsets(text, false);
        assert_eq!(encoding.ids, tokenizer.encode(text, false));
        let decoded = tokenizer.decode(&encoding.ids, false).expect("decodes");
        let normalised = i >= FILES.len();
        assert!(decoded == text || normalised, "{decoded:?} of {text:?}");
        assert!(
            encoding
                .offsets
                .iter()
                .all(|&(start, end)| start <= end && end <= text.len())
        );
        encoding.in_utf16(text);
        let units = text.encode_utf16().count();
        assert!(
            encoding
                .offsets
                .iter()
                .all(|&(start, end)| start <= end && end <= units)
        );
        for most in [0, 1, encoding.ids.len() / 2] {
            let start = tokenizer.truncate(text, most);
            assert!(text.starts_with(start) && tokenizer.count(start) <= most);
        }
    }
}

/// Bytes as ids, four a piece: at once or one by one, the text is the same.
pub fn decode(data: &[u8]) {
    let tokenizer = &TOKENIZERS[0];
    let ids: Vec<u32> = data
        .as_chunks::<4>()
        .0
        .iter()
        .map(|four| u32::from_le_bytes(*four) % 310)
        .collect();
    let whole = tokenizer.decode(&ids, false);
    let mut stream = tokenizer.decode_stream(false);
    let mut streamed = String::new();
    for &id in &ids {
        match stream.push(tokenizer, &[id]) {
            Ok(text) => streamed += &text,
            Err(error) => {
                assert_eq!(Err(error), whole);
                return;
            }
        }
    }
    assert_eq!(Ok(streamed + &stream.end()), whole);
}

/// Bytes as LLVM IR: what is printed in short form is read again, and printed alike.
pub fn parse_ir(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    if let Ok(short) = calque_ir::strip(text, None) {
        let again = calque_ir::strip(&short, None);
        assert_eq!(again.as_deref().ok(), Some(&*short), "{text}");
    }
}

/// A small budget: what many inputs find in a second counts more than what one finds in a minute.
fn quick() -> Options {
    Options {
        conflicts: 500,
        ..Options::default()
    }
}

/// Bytes as LLVM IR: a function is never told from itself with an instruction more that nothing uses, nor done in pieces otherwise than
/// at once.
pub fn canonical(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    let Ok(short) = calque_ir::strip(text, None) else {
        return;
    };
    let Some((head, body)) = short.split_once(" {\n") else {
        return;
    };
    let longer = format!("{head} {{\n%unused = xor i7 3, 5\n{body}");
    for (source, target) in [(&short, &longer), (&longer, &short)] {
        let options = quick();
        let verdict = calque_equivalence::check(source, target, &options);
        let json = verdict.to_json();
        assert!(
            !json.contains("\"refuted\""),
            "{json} of\n{source}\n{target}"
        );
        let mut running = calque_equivalence::Check::new(source.clone(), target.clone(), options);
        let again = loop {
            if let Some(verdict) = running.step() {
                break verdict;
            }
        };
        assert_eq!(&verdict, again, "{source}\n{target}");
    }
}

/// Bytes as two functions, a zero byte between them: some verdict, and never two that exclude each other.
pub fn check(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    let (source, target) = text.split_once('\0').unwrap_or((text, text));
    let verdict = calque_equivalence::check(source, target, &quick()).to_json();
    assert!(verdict.starts_with("{\"verdict\":"), "{verdict}");
    if source == target {
        assert!(!verdict.contains("\"refuted\""), "{verdict} of\n{source}");
    }
}
