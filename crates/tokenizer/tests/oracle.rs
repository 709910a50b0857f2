//! Ids, text and merges against Hugging Face's `tokenizers`.

use calque_tokenizer::{Error, PreTokenizer, Tokenizer, TrainOptions, train};
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, PreTokenizerWrapper, SplitDelimiterBehavior, TokenizerImpl};

const FAMILIES: [(&str, PreTokenizer); 7] = [
    ("gpt2", PreTokenizer::Gpt2),
    ("gpt2-digits", PreTokenizer::Gpt2Digits),
    ("llama3", PreTokenizer::Llama3),
    ("cl100k", PreTokenizer::Cl100k),
    ("qwen2", PreTokenizer::Qwen2),
    ("o200k", PreTokenizer::O200k),
    ("deepseek-coder", PreTokenizer::DeepseekCoder),
];

const SPECIAL: [&str; 3] = ["<|pad|>", "<|end|>", "<|python|>"];

/// Numbers from a counter: the same texts in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// Text of the kinds on which tokenizers differ: code, contractions, digits, white space of every kind,
/// combining marks, emoji, special tokens cut and whole.
fn text(draw: &mut Draw, parts: usize) -> String {
    const PIECES: [&str; 44] = [
        "def f(xs, n):\n",
        "  return r\n",
        "for (let i = 0; i < n; i++) {",
        "%3 = add nsw i32 %1, 7",
        "it's",
        "we'LL",
        "I'D",
        "'ſ",
        "don't",
        "12345",
        "3.14",
        " 7",
        "٣٤",
        "Ⅻ",
        "½",
        "²",
        " ",
        "  ",
        "\t\t",
        "\n",
        "\r\n",
        "\n\n \n",
        " \u{a0}",
        "\u{3000}",
        "\u{200b}",
        "e\u{301}",
        "é",
        "Å\u{327}",
        "naïve",
        "漢字かな",
        "한국",
        "हिन्दी",
        "👩‍👩‍👧",
        "🎉🎉",
        "\u{fffd}",
        "<|pad|>",
        "<|end|>x",
        "<|pa",
        "<|python|><|end|>",
        "!!!",
        "((()))",
        "_x_",
        "##",
        "\u{0}",
    ];
    (0..parts)
        .map(|_| PIECES[draw.below(PIECES.len())])
        .collect()
}

fn corpus() -> Vec<String> {
    let mut draw = Draw(7);
    (0..300).map(|_| text(&mut draw, 12)).collect()
}

fn ours(pre_tokenizer: PreTokenizer, vocab_size: usize) -> String {
    let texts = corpus();
    let options = TrainOptions {
        vocab_size,
        min_frequency: 2,
        pre_tokenizer,
        special: SPECIAL.map(String::from).to_vec(),
    };
    train(texts.iter().map(String::as_str), &options).expect("trains")
}

fn regex(pre_tokenizer: PreTokenizer) -> PreTokenizerWrapper {
    let split = |pattern: &str| {
        Sequence::new(vec![
            Split::new(
                SplitPattern::Regex(pattern.to_owned()),
                SplitDelimiterBehavior::Isolated,
                false,
            )
            .expect("a pattern")
            .into(),
            ByteLevel::new(false, true, false).into(),
        ])
        .into()
    };
    let cl100k = |digits: &str| {
        format!(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        )
    };
    match pre_tokenizer {
        PreTokenizer::Gpt2 => ByteLevel::new(false, true, true).into(),
        PreTokenizer::Gpt2Digits => Sequence::new(vec![
            Digits::new(true).into(),
            ByteLevel::new(false, true, true).into(),
        ])
        .into(),
        PreTokenizer::Llama3 => split(&cl100k("{1,3}")),
        PreTokenizer::Cl100k => {
            split(&cl100k("{1,3}").replace(r"|\s*[\r\n]+", r"|\s++$|\s*[\r\n]+"))
        }
        PreTokenizer::DeepseekCoder => {
            let patterns = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"];
            let isolated = |pattern: &str| {
                let pattern = SplitPattern::Regex(pattern.to_owned());
                Split::new(pattern, SplitDelimiterBehavior::Isolated, false).expect("a pattern")
            };
            let mut steps: Vec<PreTokenizerWrapper> = patterns
                .iter()
                .map(|&pattern| isolated(pattern).into())
                .collect();
            steps.push(Digits::new(true).into());
            steps.push(ByteLevel::new(false, true, false).into());
            Sequence::new(steps).into()
        }
        PreTokenizer::Qwen2 => split(&cl100k("")),
        PreTokenizer::O200k => split(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ),
    }
}

#[test]
fn the_trainer_learns_the_references_merges() {
    for (name, family) in FAMILIES {
        let mut theirs = TokenizerImpl::<
            BPE,
            tokenizers::NormalizerWrapper,
            PreTokenizerWrapper,
            tokenizers::PostProcessorWrapper,
            tokenizers::DecoderWrapper,
        >::new(BPE::default());
        theirs.with_pre_tokenizer(Some(regex(family)));
        let mut trainer = BpeTrainerBuilder::new()
            .vocab_size(700)
            .min_frequency(2)
            .show_progress(false)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .special_tokens(SPECIAL.iter().map(|&s| AddedToken::from(s, true)).collect())
            .build();
        theirs
            .train(&mut trainer, corpus().iter().map(String::as_str))
            .expect("trains");
        let ours = tokenizers::Tokenizer::from_bytes(ours(family, 700))
            .expect("the reference loads our file");
        assert_eq!(ours.get_vocab(true), theirs.get_vocab(true), "{name}");
        assert!(
            ours.get_vocab_size(true) > 400,
            "{name}: too few merges to compare"
        );
    }
}

#[test]
fn ids_and_text_are_the_references() {
    for (name, family) in FAMILIES {
        let file = ours(family, 600);
        let theirs =
            tokenizers::Tokenizer::from_bytes(&file).expect("the reference loads our file");
        let tokenizer = Tokenizer::from_json(file.as_bytes()).expect("loads");
        let mut draw = Draw(99);
        for round in 0..3000 {
            let parts = draw.below(30);
            let mut text = text(&mut draw, parts);
            if round % 3 == 0 {
                text.extend(
                    (0..draw.below(20)).filter_map(|_| char::from_u32(draw.below(0x3000) as u32)),
                );
            }
            let expected = theirs.encode(text.as_str(), false).expect("encodes");
            let encoding = tokenizer.encode_with_offsets(&text, false);
            assert_eq!(encoding.ids, expected.get_ids(), "{name}: {text:?}");
            assert_eq!(
                tokenizer.decode(&encoding.ids, false).expect("decodes"),
                text
            );
            let mut at = 0;
            for &(start, end) in &encoding.offsets {
                assert_eq!(start, at, "{name}: offsets leave a gap in {text:?}");
                at = end;
            }
            assert_eq!(at, text.len());
            // A stream gives the same text, whatever the cuts, and whole characters only.
            let mut stream = tokenizer.decode_stream(false);
            let mut streamed = String::new();
            let mut rest = &encoding.ids[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(1 + draw.below(rest.len().min(3)));
                streamed += &stream.push(&tokenizer, now).expect("decodes");
                rest = later;
            }
            assert_eq!(streamed + &stream.end(), text);
        }
    }
}

#[test]
fn any_ids_decode_as_the_references() {
    let file = ours(PreTokenizer::Gpt2, 600);
    let theirs = tokenizers::Tokenizer::from_bytes(&file).expect("the reference loads our file");
    let tokenizer = Tokenizer::from_json(file.as_bytes()).expect("loads");
    let mut draw = Draw(3);
    for _ in 0..2000 {
        let ids: Vec<u32> = (0..draw.below(12))
            .map(|_| draw.below(tokenizer.vocab_size()) as u32)
            .collect();
        for skip in [false, true] {
            assert_eq!(
                tokenizer.decode(&ids, skip).expect("decodes"),
                theirs.decode(&ids, skip).expect("decodes")
            );
        }
        let mut stream = tokenizer.decode_stream(false);
        let mut text = String::new();
        for &id in &ids {
            text += &stream.push(&tokenizer, &[id]).expect("decodes");
        }
        assert_eq!(
            text + &stream.end(),
            tokenizer.decode(&ids, false).expect("decodes")
        );
    }
    assert_eq!(
        tokenizer.decode(&[1 << 20], false),
        Err(Error::UnknownId(1 << 20))
    );
}

#[test]
fn nfc_and_added_tokens_are_the_references() {
    let file = ours(PreTokenizer::Qwen2, 600)
        .replace(
            "\"normalizer\": null",
            "\"normalizer\": {\"type\": \"NFC\"}",
        )
        .replacen(
            "\"lstrip\": false, \"rstrip\": false",
            "\"lstrip\": true, \"rstrip\": true",
            1,
        )
        .replacen(
            "\"single_word\": false, \"lstrip\": false",
            "\"single_word\": true, \"lstrip\": false",
            1,
        );
    let theirs = tokenizers::Tokenizer::from_bytes(&file).expect("the reference loads it");
    let tokenizer = Tokenizer::from_json(file.as_bytes()).expect("loads");
    let mut draw = Draw(5);
    for _ in 0..3000 {
        let parts = draw.below(20);
        let text = text(&mut draw, parts);
        let expected = theirs.encode(text.as_str(), false).expect("encodes");
        assert_eq!(
            tokenizer.encode(&text, false),
            expected.get_ids(),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_not_implemented_is_named() {
    let file = ours(PreTokenizer::Llama3, 300);
    for (from, to, named) in [
        (
            "\"normalizer\": null",
            "\"normalizer\": {\"type\": \"NFKC\"}",
            "NFKC",
        ),
        ("\\\\p{N}{1,3}", "\\\\w{1,3}", "the escape \\w"),
        (
            "\"byte_fallback\": false",
            "\"byte_fallback\": true",
            "model.byte_fallback",
        ),
        ("\"dropout\": null", "\"dropout\": 0.1", "model.dropout"),
        ("\"type\": \"BPE\"", "\"type\": \"Unigram\"", "Unigram"),
        ("\"padding\": null", "\"padding\": {}", "padding"),
    ] {
        let changed = file.replacen(from, to, 1);
        assert_ne!(changed, file, "{from}");
        let error = Tokenizer::from_json(changed.as_bytes()).expect_err("refused");
        assert!(error.to_string().contains(named), "{error}");
        assert_eq!(error.code(), "tokenizer-unsupported");
    }
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let file = ours(PreTokenizer::Gpt2Digits, 300);
    let mut draw = Draw(11);
    let mut refused = 0;
    for _ in 0..600 {
        let mut bytes = file.clone().into_bytes();
        for _ in 0..=draw.below(3) {
            let at = draw.below(bytes.len());
            match draw.below(3) {
                0 => bytes[at] = draw.below(256) as u8,
                1 => bytes.truncate(at.max(1)),
                _ => drop(bytes.drain(at..(at + draw.below(40)).min(bytes.len()))),
            }
            if bytes.is_empty() {
                bytes.push(b'{');
            }
        }
        match Tokenizer::from_json(&bytes) {
            Ok(tokenizer) => drop(tokenizer.encode("for x in xs: 12 <|end|>", true)),
            Err(_) => refused += 1,
        }
    }
    assert!(
        refused > 300,
        "only {refused} of 600 damaged files were refused"
    );
}
