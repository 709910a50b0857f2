//! Splitting text into pieces that BPE never merges across.

use crate::categories;
use crate::pattern::Pattern;
use crate::scan::{self, Scanner};

/// The pre-tokenizers that a tokenizer can be trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreTokenizer {
    /// GPT-2's pattern.
    Gpt2,
    /// GPT-2's pattern after every digit became a piece of its own, so that constants are copied digit by
    /// digit; what `StarCoder2` and `SmolLM2` use.
    Gpt2Digits,
    /// Llama 3's pattern: digits in groups of up to three.
    Llama3,
    /// The encoding cl100k as its rank files are read: Llama 3's pattern, but white space at the end of a text is
    /// one piece.
    Cl100k,
    /// Qwen 2's pattern: as Llama 3's with single digits.
    Qwen2,
    /// GPT-4o's pattern (o200k's): as Llama 3's with words split where case rises.
    O200k,
    /// DeepSeek-Coder's steps: line breaks, words, punctuation, Chinese and digits, each apart.
    DeepseekCoder,
}

impl PreTokenizer {
    /// The names that the command line uses.
    pub const NAMES: [&'static str; 7] = [
        "gpt2",
        "gpt2-digits",
        "llama3",
        "cl100k",
        "qwen2",
        "o200k",
        "deepseek-coder",
    ];

    /// By the name that the command line uses.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "gpt2" => Self::Gpt2,
            "gpt2-digits" => Self::Gpt2Digits,
            "llama3" => Self::Llama3,
            "cl100k" => Self::Cl100k,
            "qwen2" => Self::Qwen2,
            "o200k" => Self::O200k,
            "deepseek-coder" => Self::DeepseekCoder,
            _ => return None,
        })
    }

    pub(crate) fn steps(self) -> Vec<Step> {
        match self {
            Self::Gpt2 => vec![Step::Scan(Scanner::Gpt2)],
            Self::Gpt2Digits => vec![Step::Digits { each: true }, Step::Scan(Scanner::Gpt2)],
            Self::Llama3 => cl100k(3, false),
            Self::Cl100k => cl100k(3, true),
            Self::Qwen2 => cl100k(1, false),
            Self::O200k => vec![Step::Scan(Scanner::O200k)],
            Self::DeepseekCoder => {
                let patterns = DEEPSEEK_CODER.into_iter();
                let split = |regex| {
                    Pattern::new(regex).ok().map(|pattern| Step::Split {
                        pattern,
                        behavior: Behavior::Isolated,
                        invert: false,
                    })
                };
                let digits = Step::Digits { each: true };
                patterns.filter_map(split).chain([digits]).collect()
            }
        }
    }

    /// The `pre_tokenizer` of a `tokenizer.json`.
    pub(crate) fn json(self) -> String {
        match self {
            Self::Gpt2 => BYTE_LEVEL.to_owned(),
            Self::Gpt2Digits => format!(
                r#"{{"type":"Sequence","pretokenizers":[{{"type":"Digits","individual_digits":true}},{BYTE_LEVEL}]}}"#
            ),
            Self::Llama3 => split_json(&[scan::LLAMA3]),
            Self::Cl100k => split_json(&[scan::CL100K_TAIL]),
            Self::Qwen2 => split_json(&[scan::QWEN2]),
            Self::O200k => split_json(&[scan::O200K]),
            Self::DeepseekCoder => split_json(&DEEPSEEK_CODER),
        }
    }
}

fn cl100k(digits: u8, tail: bool) -> Vec<Step> {
    vec![Step::Scan(Scanner::Cl100k { digits, tail })]
}

const DEEPSEEK_CODER: [&str; 4] = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"];

const BYTE_LEVEL: &str =
    r#"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#;

/// Splits by patterns; several are followed by digits apart, as only DeepSeek-Coder has several.
fn split_json(patterns: &[&str]) -> String {
    let mut out = String::from(r#"{"type":"Sequence","pretokenizers":["#);
    for pattern in patterns {
        out.push_str(r#"{"type":"Split","pattern":{"Regex":"#);
        crate::json::quote(pattern, &mut out);
        out.push_str(r#"},"behavior":"Isolated","invert":false},"#);
    }
    if patterns.len() > 1 {
        out.push_str(r#"{"type":"Digits","individual_digits":true},"#);
    }
    out.push_str(
        r#"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}"#,
    );
    out
}

/// One step of a pre-tokenizer: splits every piece further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A pattern without gaps, each match a piece.
    Scan(Scanner),
    /// Any other pattern.
    Split {
        pattern: Pattern,
        behavior: Behavior,
        invert: bool,
    },
    /// Numeric characters apart from the others: each of them, or each run.
    Digits { each: bool },
    /// A space before every piece that does not start with one.
    PrefixSpace,
}

/// What becomes of a pattern's matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    Isolated,
    Removed,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// A piece of text and where it starts in the whole.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// Valid UTF-8.
    pub text: &'a [u8],
    pub start: usize,
    /// The first byte is a space that the whole does not have.
    pub prefixed: bool,
}

impl<'a> Span<'a> {
    pub fn new(text: &'a str, start: usize) -> Self {
        Self {
            text: text.as_bytes(),
            start,
            prefixed: false,
        }
    }

    #[inline]
    fn part(self, from: usize, to: usize) -> Self {
        Self {
            text: &self.text[from..to],
            start: self.start + from - usize::from(self.prefixed && from > 0),
            prefixed: self.prefixed && from == 0,
        }
    }
}

/// Calls `piece` on the pieces of a text from left to right.
#[inline]
pub fn split(span: Span<'_>, steps: &[Step], piece: &mut impl FnMut(Span<'_>)) {
    match steps {
        [Step::Scan(scanner)] => scan(span, *scanner, piece),
        [Step::Digits { each }, Step::Scan(scanner)] => {
            digits(span, *each, &mut |part| scan(part, *scanner, piece));
        }
        steps => chain(span, steps, piece),
    }
}

/// The same for any steps, compiled once: `split` is for the hot path.
pub fn chain(span: Span<'_>, steps: &[Step], piece: &mut dyn FnMut(Span<'_>)) {
    let Some((step, rest)) = steps.split_first() else {
        if !span.text.is_empty() {
            piece(span);
        }
        return;
    };
    let mut next = |part: Span<'_>| chain(part, rest, piece);
    match step {
        Step::Scan(scanner) => scan(span, *scanner, &mut next),
        Step::Digits { each } => digits(span, *each, &mut next),
        Step::Split {
            pattern,
            behavior,
            invert,
        } => matches(span, pattern, *behavior, *invert, &mut next),
        Step::PrefixSpace if span.text.first() != Some(&b' ') => {
            let text = [b" ", span.text].concat();
            next(Span {
                text: &text,
                start: span.start,
                prefixed: true,
            });
        }
        Step::PrefixSpace => next(span),
    }
}

#[inline]
fn scan(span: Span<'_>, scanner: Scanner, piece: &mut impl FnMut(Span<'_>)) {
    let mut at = 0;
    while at < span.text.len() {
        let end = scanner.end(span.text, at);
        piece(span.part(at, end));
        at = end;
    }
}

#[inline]
fn digits(span: Span<'_>, each: bool, piece: &mut impl FnMut(Span<'_>)) {
    let mut plain = 0;
    let mut at = 0;
    while at < span.text.len() {
        let byte = span.text[at];
        if byte < 0x80 && !byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let (code, length) = categories::decode(span.text, at);
        if !numeric(code) {
            at += length;
            continue;
        }
        if plain < at {
            piece(span.part(plain, at));
        }
        let mut end = at + length;
        while !each && end < span.text.len() {
            let (code, length) = categories::decode(span.text, end);
            if !numeric(code) {
                break;
            }
            end += length;
        }
        piece(span.part(at, end));
        (plain, at) = (end, end);
    }
    if plain < at {
        piece(span.part(plain, at));
    }
}

/// The standard library's idea of a number, which the reference asks here instead of its pattern engine.
fn numeric(code: u32) -> bool {
    char::from_u32(code).is_some_and(char::is_numeric)
}

/// Matches and the gaps between them, put together as `behavior` says.
fn matches(
    span: Span<'_>,
    pattern: &Pattern,
    behavior: Behavior,
    invert: bool,
    piece: &mut dyn FnMut(Span<'_>),
) {
    let mut found: Vec<(usize, usize, bool)> = Vec::new();
    let (mut gap, mut at) = (0, 0);
    while at < span.text.len() {
        match pattern.end(span.text, at) {
            Some(end) => {
                if gap < at {
                    found.push((gap, at, invert));
                }
                found.push((at, end, !invert));
                (gap, at) = (end, end);
            }
            None => at = pattern.next_start(span.text, at),
        }
    }
    if gap < at {
        found.push((gap, at, invert));
    }
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    match behavior {
        Behavior::Isolated => pieces.extend(found.iter().map(|&(start, end, _)| (start, end))),
        Behavior::Removed => {
            let kept = found.iter().filter(|(_, _, matched)| !matched);
            pieces.extend(kept.map(|&(start, end, _)| (start, end)));
        }
        Behavior::Contiguous => {
            let mut before = false;
            for (start, end, matched) in found {
                match pieces.last_mut() {
                    Some(last) if matched == before => last.1 = end,
                    _ => pieces.push((start, end)),
                }
                before = matched;
            }
        }
        Behavior::MergedWithPrevious => {
            let mut before = false;
            for (start, end, matched) in found {
                match pieces.last_mut() {
                    Some(last) if matched && !before => last.1 = end,
                    _ => pieces.push((start, end)),
                }
                before = matched;
            }
        }
        Behavior::MergedWithNext => {
            let mut after = false;
            for (start, end, matched) in found.into_iter().rev() {
                match pieces.last_mut() {
                    Some(last) if matched && !after => last.0 = start,
                    _ => pieces.push((start, end)),
                }
                after = matched;
            }
            pieces.reverse();
        }
    }
    for (start, end) in pieces {
        piece(span.part(start, end));
    }
}
