//! Splitting text into pieces that BPE never merges across. The patterns of the byte-level families are
//! scanned by hand, not by a regex engine; each is written above its function.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// The pre-tokenizers that a tokenizer can be trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreTokenizer {
    /// GPT-2's pattern.
    Gpt2,
    /// GPT-2's pattern after every digit became a piece of its own, so that constants are copied digit by digit.
    Gpt2Digits,
    /// Llama 3's pattern (cl100k's): digits in groups of up to three.
    Llama3,
    /// Qwen 2's pattern: as Llama 3's with single digits.
    Qwen2,
}

impl PreTokenizer {
    /// By the name that the command line uses.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "gpt2" => Self::Gpt2,
            "gpt2-digits" => Self::Gpt2Digits,
            "llama3" => Self::Llama3,
            "qwen2" => Self::Qwen2,
            _ => return None,
        })
    }

    pub(crate) fn steps(self) -> Vec<Step> {
        match self {
            Self::Gpt2 => vec![Step::Pattern(Pattern::Gpt2)],
            Self::Gpt2Digits => vec![Step::Digits, Step::Pattern(Pattern::Gpt2)],
            Self::Llama3 => vec![Step::Pattern(Pattern::Cl100k { digits: 3 })],
            Self::Qwen2 => vec![Step::Pattern(Pattern::Cl100k { digits: 1 })],
        }
    }

    /// The `pre_tokenizer` of a `tokenizer.json`.
    pub(crate) fn json(self) -> String {
        const BYTE_LEVEL: &str =
            r#"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}"#;
        let split = |regex: &str| {
            let mut quoted = String::new();
            crate::json::quote(regex, &mut quoted);
            format!(
                r#"{{"type":"Sequence","pretokenizers":[{{"type":"Split","pattern":{{"Regex":{quoted}}},"behavior":"Isolated","invert":false}},{{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}}]}}"#
            )
        };
        match self {
            Self::Gpt2 => BYTE_LEVEL.to_owned(),
            Self::Gpt2Digits => format!(
                r#"{{"type":"Sequence","pretokenizers":[{{"type":"Digits","individual_digits":true}},{BYTE_LEVEL}]}}"#
            ),
            Self::Llama3 => split(LLAMA3),
            Self::Qwen2 => split(QWEN2),
        }
    }
}

/// One step of a pre-tokenizer: splits every piece further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Pattern(Pattern),
    /// Every numeric character is a piece.
    Digits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    Gpt2,
    Cl100k { digits: usize },
}

pub const GPT2: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
pub const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Pattern {
    /// The scanner for a pattern, recognised by its exact text.
    pub fn from_regex(regex: &str) -> Option<Self> {
        match regex {
            GPT2 => Some(Self::Gpt2),
            LLAMA3 => Some(Self::Cl100k { digits: 3 }),
            QWEN2 => Some(Self::Cl100k { digits: 1 }),
            _ => None,
        }
    }

    /// Bytes of the first piece of a text that is not empty.
    fn next(self, text: &str) -> usize {
        match self {
            Self::Gpt2 => gpt2(text),
            Self::Cl100k { digits } => cl100k(text, digits),
        }
    }
}

/// Calls `piece` on the pieces of `text` from left to right.
pub fn split<'a>(text: &'a str, steps: &[Step], piece: &mut impl FnMut(&'a str)) {
    let Some((step, rest)) = steps.split_first() else {
        if !text.is_empty() {
            piece(text);
        }
        return;
    };
    let mut at = 0;
    while at < text.len() {
        let length = match step {
            Step::Pattern(pattern) => pattern.next(&text[at..]),
            Step::Digits => digits(&text[at..]),
        };
        split(&text[at..at + length], rest, piece);
        at += length;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Number,
    Space,
    Other,
}

fn class(c: char) -> Class {
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' => Class::Letter,
            '0'..='9' => Class::Number,
            ' ' | '\t'..='\r' => Class::Space,
            _ => Class::Other,
        };
    }
    if c.is_whitespace() {
        return Class::Space;
    }
    match c.general_category_group() {
        GeneralCategoryGroup::Letter => Class::Letter,
        GeneralCategoryGroup::Number => Class::Number,
        _ => Class::Other,
    }
}

/// Bytes of the longest prefix whose characters are all of the class.
fn run(text: &str, wanted: Class) -> usize {
    text.char_indices()
        .find(|&(_, c)| class(c) != wanted)
        .map_or(text.len(), |(at, _)| at)
}

/// One numeric character, or everything before the next one.
fn digits(text: &str) -> usize {
    match text.char_indices().find(|(_, c)| c.is_numeric()) {
        Some((0, c)) => c.len_utf8(),
        Some((at, _)) => at,
        None => text.len(),
    }
}

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
fn gpt2(text: &str) -> usize {
    for contraction in ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"] {
        if text.starts_with(contraction) {
            return contraction.len();
        }
    }
    let space = usize::from(text.starts_with(' '));
    if let Some(c) = text[space..].chars().next() {
        let wanted = class(c);
        if wanted != Class::Space {
            return space + run(&text[space..], wanted);
        }
    }
    spaces(text)
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,k}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
fn cl100k(text: &str, max_digits: usize) -> usize {
    let mut chars = text.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else {
        return 0;
    };
    if first == '\''
        && let Some(length) = contraction(&text[1..])
    {
        return 1 + length;
    }
    let kind = class(first);
    if kind == Class::Letter {
        return run(text, Class::Letter);
    }
    if kind == Class::Number {
        return text
            .char_indices()
            .take(max_digits)
            .take_while(|&(_, c)| class(c) == Class::Number)
            .last()
            .map_or(0, |(at, c)| at + c.len_utf8());
    }
    let after = first.len_utf8();
    if first != '\r' && first != '\n' && second.is_some_and(|c| class(c) == Class::Letter) {
        return after + run(&text[after..], Class::Letter);
    }
    let space = usize::from(first == ' ');
    let symbols = run(&text[space..], Class::Other);
    if symbols > 0 {
        let end = space + symbols;
        let breaks = text[end..]
            .bytes()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        return end + breaks;
    }
    // `\s*[\r\n]+`: through the last line break of the run.
    let blank = &text[..run(text, Class::Space)];
    match blank.rfind(['\r', '\n']) {
        Some(at) => at + 1,
        None => spaces(text),
    }
}

/// What follows the apostrophe of a contraction, in any case; `ſ` folds to s.
fn contraction(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let first = chars.next()?;
    match first.to_ascii_lowercase() {
        's' | 't' | 'm' | 'd' | 'ſ' => Some(first.len_utf8()),
        letter @ ('r' | 'v' | 'l') => {
            let wanted = if letter == 'l' { 'l' } else { 'e' };
            (chars.next()?.to_ascii_lowercase() == wanted).then_some(2)
        }
        _ => None,
    }
}

/// `\s+(?!\S)|\s+`: a run of white space, without its last character if something follows.
fn spaces(text: &str) -> usize {
    let end = run(text, Class::Space);
    if end == text.len() {
        return end;
    }
    match text[..end].char_indices().next_back() {
        Some((last, _)) if last > 0 => last,
        Some((_, only)) => only.len_utf8(),
        // Not reached: a piece that is neither letter, number nor symbol starts with white space.
        None => text.chars().next().map_or(0, char::len_utf8),
    }
}
