//! Reading `.tiktoken` files: a line for each token, its bytes in base64 and its rank, which is its id.
//!
//! Of all adjacent pairs whose bytes together are a token, the one that makes the token of lowest rank is merged
//! first; so the merge table holds every way of cutting a token in two tokens.

use crate::added::{AddedToken, AddedTokens, Strip};
use crate::bpe::Merges;
use crate::pattern::Pattern;
use crate::pretokenize::{Behavior, PreTokenizer, Step};
use crate::scan::Scanner;
use crate::vocabulary::{MAX_ID, Vocabulary};
use crate::{Error, Tokenizer};

/// What a rank file does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RankOptions {
    /// How text is split: one of [`PreTokenizer::NAMES`], or a pattern.
    pub pattern: String,
    /// Special tokens and their ids.
    pub special: Vec<(String, u32)>,
}

impl RankOptions {
    /// Those of a published encoding: `r50k_base` (`gpt2`), `p50k_base`, `p50k_edit`, `cl100k_base`,
    /// `o200k_base` or `o200k_harmony`.
    #[must_use]
    pub fn published(encoding: &str) -> Option<Self> {
        const END: &str = "<|endoftext|>";
        const FILL: [&str; 3] = ["<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"];
        const PROMPT: &str = "<|endofprompt|>";
        let fill = |first: u32| FILL.into_iter().zip(first..);
        let (pattern, special): (&str, Vec<(&str, u32)>) = match encoding {
            "gpt2" | "r50k_base" | "p50k_base" => ("gpt2", vec![(END, 50256)]),
            "p50k_edit" => ("gpt2", fill(50281).chain([(END, 50256)]).collect()),
            "cl100k_base" => {
                let ends = [(END, 100_257), (PROMPT, 100_276)];
                ("cl100k", fill(100_258).chain(ends).collect())
            }
            "o200k_base" => ("o200k", vec![(END, 199_999), (PROMPT, 200_018)]),
            "o200k_harmony" => return Some(Self::harmony()),
            _ => return None,
        };
        let special = special.into_iter();
        Some(Self {
            pattern: pattern.to_owned(),
            special: special.map(|(text, id)| (text.to_owned(), id)).collect(),
        })
    }

    fn harmony() -> Self {
        let names = [
            (199_998, "startoftext"),
            (199_999, "endoftext"),
            (200_002, "return"),
            (200_003, "constrain"),
            (200_005, "channel"),
            (200_006, "start"),
            (200_007, "end"),
            (200_008, "message"),
            (200_012, "call"),
        ];
        let token = |id: u32| match names.iter().find(|name| name.0 == id) {
            Some((_, name)) => format!("<|{name}|>"),
            None => format!("<|reserved_{id}|>"),
        };
        Self {
            pattern: "o200k".to_owned(),
            special: (199_998..=201_087).map(|id| (token(id), id)).collect(),
        }
    }

    /// The published encoding that has so many ranks.
    fn recognised(ranks: usize) -> Option<Self> {
        Self::published(match ranks {
            50_256 => "r50k_base",
            50_280 => "p50k_base",
            100_256 => "cl100k_base",
            199_998 => "o200k_base",
            _ => return None,
        })
    }

    fn steps(&self) -> Result<Vec<Step>, Error> {
        if let Some(known) = PreTokenizer::from_name(&self.pattern) {
            return Ok(known.steps());
        }
        if let Some(scanner) = Scanner::from_regex(&self.pattern) {
            return Ok(vec![Step::Scan(scanner)]);
        }
        let unsupported = |why| Error::Unsupported {
            path: "pattern".into(),
            component: format!("the pattern {} with {why}", self.pattern),
        };
        Ok(vec![Step::Split {
            pattern: Pattern::new(&self.pattern).map_err(unsupported)?,
            behavior: Behavior::Isolated,
            invert: false,
        }])
    }
}

fn wrong(place: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::Ranks {
        place: place.into(),
        expected: expected.into(),
    }
}

pub fn load(bytes: &[u8], options: Option<&RankOptions>) -> Result<Tokenizer, Error> {
    let mut vocabulary = Vocabulary::with_capacity(bytes.len() / 16);
    let mut ids = Vec::new();
    let mut token = Vec::new();
    for (i, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let place = || format!("line {}", i + 1);
        let id = entry(line, &mut token).ok_or_else(|| wrong(place(), "token in base64, rank"))?;
        if token.is_empty() || !vocabulary.add(&token, id) {
            let expected = "a token that is listed once, with a rank that only it has";
            return Err(wrong(place(), expected));
        }
        ids.push(id);
    }
    let recognised = RankOptions::recognised(ids.len());
    let options = options.or(recognised.as_ref()).ok_or_else(|| {
        let expected = "a published encoding, or a pattern that says how text is split";
        wrong(format!("{} ranks", ids.len()), expected)
    })?;
    for byte in 0..=255_u8 {
        if vocabulary.id(&[byte]).is_none() {
            let place = format!("byte {byte:#04x}");
            return Err(wrong(place, "a rank for every byte"));
        }
    }
    let merges = merges(&vocabulary, ids);
    let mut tokenizer = Tokenizer::new(vocabulary, merges);
    tokenizer.ignore_merges = true;
    tokenizer.steps = options.steps()?;
    special(&options.special, &mut tokenizer)?;
    Ok(tokenizer)
}

/// Appends nothing to `token` but what the line holds; `None` for a line of another form.
fn entry(line: &[u8], token: &mut Vec<u8>) -> Option<u32> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    token.clear();
    base64(&line[..space], token)?;
    let digits = &line[space + 1..];
    let id = digits.iter().try_fold(0_u32, |value, &byte| {
        let digit = Some(byte.wrapping_sub(b'0')).filter(|&digit| digit < 10)?;
        value.checked_mul(10)?.checked_add(u32::from(digit))
    });
    id.filter(|&id| !digits.is_empty() && id < MAX_ID)
}

/// RFC 4648, section 4, padding included.
fn base64(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (groups, []) = text.as_chunks::<4>() else {
        return None;
    };
    for (i, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|&&byte| byte == b'=').count();
        if padding > 2 || padding > 0 && i + 1 < groups.len() {
            return None;
        }
        let mut word = 0_u32;
        for &byte in &group[..4 - padding] {
            word = word << 6
                | u32::from(match byte {
                    b'A'..=b'Z' => byte - b'A',
                    b'a'..=b'z' => byte - b'a' + 26,
                    b'0'..=b'9' => byte - b'0' + 52,
                    b'+' => 62,
                    b'/' => 63,
                    _ => return None,
                });
        }
        word <<= 6 * padding;
        out.extend_from_slice(&word.to_be_bytes()[1..4 - padding]);
    }
    Some(())
}

/// Every cut of every token in two, ranked by the token.
fn merges(vocabulary: &Vocabulary, mut ids: Vec<u32>) -> Merges {
    ids.sort_unstable();
    let mut merges = Merges::with_capacity(ids.len() * 2);
    for id in ids {
        let token = vocabulary.token(id).unwrap_or_default();
        for cut in 1..token.len() {
            let (left, right) = token.split_at(cut);
            if let Some(left) = vocabulary.id(left)
                && let Some(right) = vocabulary.id(right)
            {
                merges.add(left, right, id, id);
            }
        }
    }
    merges
}

fn special(tokens: &[(String, u32)], tokenizer: &mut Tokenizer) -> Result<(), Error> {
    let mut added = Vec::new();
    for (content, id) in tokens {
        let free = *id < MAX_ID && tokenizer.vocabulary.place(content.as_bytes(), *id);
        if content.is_empty() || !free || tokenizer.added_ids.contains_key(content) {
            let place = format!("special token {content:?}");
            return Err(wrong(place, "some text of its own, with an id of its own"));
        }
        tokenizer.special.insert(*id);
        tokenizer.added_ids.insert(content.clone(), *id);
        added.push(AddedToken {
            id: *id,
            content: content.clone(),
            strip: Strip::default(),
            single_word: false,
        });
    }
    tokenizer.raw_added = AddedTokens::new(added);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes, `ab`, `abc` and `bc`, which ranks after what it is a part of.
    fn file() -> String {
        let mut file = String::new();
        let mut line = |token: &[u8], rank: u32| {
            let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let mut word = [0; 4];
            word[1..=token.len()].copy_from_slice(token);
            let word = u32::from_be_bytes(word);
            for i in 0..4 {
                let letter = letters[(word >> (18 - 6 * i)) as usize & 63];
                file.push(if i <= token.len() {
                    letter as char
                } else {
                    '='
                });
            }
            file.extend([" ", &rank.to_string(), "\n"]);
        };
        for byte in 0..=255 {
            line(&[byte], u32::from(byte));
        }
        line(b"ab", 256);
        line(b"abc", 257);
        line(b"bc", 258);
        file
    }

    fn gpt2() -> RankOptions {
        RankOptions {
            pattern: "gpt2".into(),
            special: vec![("<|end|>".into(), 300)],
        }
    }

    #[test]
    fn ids_are_ranks() {
        let tokenizer = load(file().as_bytes(), Some(&gpt2())).expect("loads");
        assert_eq!(tokenizer.encode("abc", true), [257]);
        assert_eq!(
            tokenizer.encode("xbc<|end|>ab\u{e9}", true),
            [120, 258, 300, 256, 195, 169]
        );
        assert_eq!(tokenizer.vocab_size(), 301);
        assert_eq!(tokenizer.token_id("<|end|>"), Some(300));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let code = |file: &str, options: Option<&RankOptions>| {
            let error = load(file.as_bytes(), options).expect_err("refused");
            (error.code(), error.to_string())
        };
        let (_, unknown) = code(&file(), None);
        assert!(unknown.contains("259 ranks"), "{unknown}");
        for (line, named) in [
            ("YWJj", "line 260"),
            ("YWJj x", "line 260"),
            ("YWJ 300", "line 260"),
            ("Y=Jj 300", "line 260"),
            ("YWJj 300", "listed once"),
            ("YWJk 3", "listed once"),
        ] {
            let (code, message) = code(&(file() + line), Some(&gpt2()));
            assert_eq!(code, "tokenizer-ranks");
            assert!(message.contains(named), "{line}: {message}");
        }
        let short = file().lines().skip(1).collect::<Vec<_>>().join("\n");
        assert!(code(&short, Some(&gpt2())).1.contains("byte 0x00"));
        let lazy = RankOptions {
            pattern: "a+?".into(),
            special: Vec::new(),
        };
        assert_eq!(code(&file(), Some(&lazy)).0, "tokenizer-unsupported");
        let taken = RankOptions {
            pattern: "gpt2".into(),
            special: vec![("x".into(), 7)],
        };
        assert!(code(&file(), Some(&taken)).1.contains("special token"));
    }
}
