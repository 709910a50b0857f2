//! The patterns of the byte-level families, scanned by hand: one pass, a table of classes, no regex engine.
//! Each is written above its function; all of them leave no gaps.

use crate::categories;

/// A pattern with a scanner of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanner {
    Gpt2,
    /// Llama 3 and cl100k with up to three digits, Qwen 2 with one.
    Cl100k {
        digits: u8,
        /// White space at the end of the text is one piece, line breaks or not (`\s++$`).
        tail: bool,
    },
    /// o200k and Llama 4.
    O200k,
}

pub const GPT2: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
pub const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub const O200K: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub const CL100K_TAIL: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s++$|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The same patterns as other files spell them.
const CL100K: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
const GPT2_SHORT: &str = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

impl Scanner {
    /// The scanner for a pattern, recognised by its exact text.
    pub fn from_regex(regex: &str) -> Option<Self> {
        match regex {
            GPT2 | GPT2_SHORT => Some(Self::Gpt2),
            LLAMA3 | CL100K => Some(Self::Cl100k {
                digits: 3,
                tail: false,
            }),
            CL100K_TAIL => Some(Self::Cl100k {
                digits: 3,
                tail: true,
            }),
            QWEN2 => Some(Self::Cl100k {
                digits: 1,
                tail: false,
            }),
            O200K => Some(Self::O200k),
            _ => None,
        }
    }

    /// Where the piece that starts at `at` ends.
    #[inline]
    pub fn end(self, text: &[u8], at: usize) -> usize {
        match self {
            Self::Gpt2 => gpt2(text, at),
            Self::Cl100k { digits, tail } => cl100k(text, at, digits, tail),
            Self::O200k => o200k(text, at),
        }
    }
}

// Classes of characters, one bit each.
const LOWER: u8 = 1;
const UPPER: u8 = 2;
/// Modifier and other letters, which both halves of o200k's words take.
const CASELESS: u8 = 4;
const MARK: u8 = 8;
const NUMBER: u8 = 16;
const SPACE: u8 = 32;
const SYMBOL: u8 = 64;
const LETTER: u8 = LOWER | UPPER | CASELESS;
/// `[^\s\p{L}\p{N}]`
const OTHER: u8 = MARK | SYMBOL;

/// Classes of ASCII; bytes of longer characters have none.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => NUMBER,
            b' ' | b'\t'..=b'\r' => SPACE,
            _ => SYMBOL,
        };
        byte += 1;
    }
    classes
};

const CLASS_OF_CATEGORY: [u8; 31] = {
    let mut classes = [SYMBOL; 31];
    let mut category = 0;
    while category < 31 {
        let set: categories::Set = 1 << category;
        if set & (categories::UPPER | categories::TITLE) != 0 {
            classes[category] = UPPER;
        } else if set & categories::LOWER != 0 {
            classes[category] = LOWER;
        } else if set & categories::LETTER != 0 {
            classes[category] = CASELESS;
        } else if set & categories::MARK != 0 {
            classes[category] = MARK;
        } else if set & categories::NUMBER != 0 {
            classes[category] = NUMBER;
        } else if set & categories::SPACE != 0 {
            classes[category] = SPACE;
        }
        category += 1;
    }
    classes
};

/// Class and length of a character beyond ASCII.
#[inline(never)]
fn wide(text: &[u8], at: usize) -> (u8, usize) {
    let (code, length) = categories::decode(text, at);
    (
        CLASS_OF_CATEGORY[usize::from(categories::number(code))],
        length,
    )
}

/// Class and length of the character at `at`; class 0 at the end.
#[inline]
fn class(text: &[u8], at: usize) -> (u8, usize) {
    match text.get(at) {
        None => (0, 0),
        Some(&byte) if byte < 0x80 => (CLASSES[usize::from(byte)], 1),
        Some(_) => wide(text, at),
    }
}

/// The end of the run of characters whose class is among `wanted`.
#[inline]
fn run(text: &[u8], mut at: usize, wanted: u8) -> usize {
    loop {
        while let Some(&byte) = text.get(at) {
            if CLASSES[usize::from(byte)] & wanted == 0 {
                break;
            }
            at += 1;
        }
        if text.get(at).is_none_or(|&byte| byte < 0x80) {
            return at;
        }
        let (class, length) = wide(text, at);
        if class & wanted == 0 {
            return at;
        }
        at += length;
    }
}

/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
#[inline]
fn gpt2(text: &[u8], at: usize) -> usize {
    if text[at] == b'\'' {
        match (text.get(at + 1), text.get(at + 2)) {
            (Some(b's' | b't' | b'm' | b'd'), _) => return at + 2,
            (Some(b'r' | b'v'), Some(b'e')) | (Some(b'l'), Some(b'l')) => return at + 3,
            _ => {}
        }
    }
    let start = at + usize::from(text[at] == b' ');
    let (kind, length) = class(text, start);
    let wanted = match kind {
        LOWER | UPPER | CASELESS => LETTER,
        NUMBER => NUMBER,
        MARK | SYMBOL => OTHER,
        _ => return spaces(text, at),
    };
    run(text, start + length, wanted)
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,k}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
#[inline]
fn cl100k(text: &[u8], at: usize, digits: u8, tail: bool) -> usize {
    let first = text[at];
    if first == b'\''
        && let Some(end) = contraction(text, at)
    {
        return end;
    }
    let (kind, length) = class(text, at);
    let after = at + length;
    if kind & LETTER != 0 {
        return run(text, after, LETTER);
    }
    if kind == NUMBER {
        return numbers(text, after, digits - 1);
    }
    if first != b'\r' && first != b'\n' {
        let (next, length) = class(text, after);
        if next & LETTER != 0 {
            return run(text, after + length, LETTER);
        }
    }
    symbols_or_spaces(text, at, b'\n', tail)
}

/// `[^\r\n\p{L}\p{N}]?U*W+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?U+W*(?i:'s|…)?|\p{N}{1,3}|
/// ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+` with `U` of upper and title case, `W` of lower case,
/// and caseless letters and marks in both.
#[inline]
fn o200k(text: &[u8], at: usize) -> usize {
    let first = text[at];
    let (kind, length) = class(text, at);
    if kind == NUMBER {
        return numbers(text, at + length, 2);
    }
    // The optional character before a word may itself be a mark, which words contain.
    let lead = kind & LETTER == 0 && first != b'\r' && first != b'\n';
    let word = |from: fn(&[u8], usize) -> Option<usize>| {
        let led = if lead { from(text, at + length) } else { None };
        led.or_else(|| from(text, at))
    };
    if let Some(end) = word(lower_word).or_else(|| word(upper_word)) {
        return contraction(text, end).unwrap_or(end);
    }
    symbols_or_spaces(text, at, b'/', false)
}

const IN_UPPER: u8 = UPPER | CASELESS | MARK;
const IN_LOWER: u8 = LOWER | CASELESS | MARK;

/// `U*W+`: greedy, and when nothing of `W` follows, back to the last character that is in both.
fn lower_word(text: &[u8], at: usize) -> Option<usize> {
    let turn = run(text, at, IN_UPPER);
    let end = run(text, turn, IN_LOWER);
    if end > turn {
        return Some(end);
    }
    let mut back = turn;
    while back > at {
        let (code, start) = categories::decode_before(text, back);
        if CLASS_OF_CATEGORY[usize::from(categories::number(code))] & IN_LOWER != 0 {
            return Some(back);
        }
        back = start;
    }
    None
}

/// `U+W*`
fn upper_word(text: &[u8], at: usize) -> Option<usize> {
    let turn = run(text, at, IN_UPPER);
    (turn > at).then(|| run(text, turn, IN_LOWER))
}

/// Up to `more` further numeric characters.
#[inline]
fn numbers(text: &[u8], mut at: usize, more: u8) -> usize {
    for _ in 0..more {
        let (kind, length) = class(text, at);
        if kind != NUMBER {
            break;
        }
        at += length;
    }
    at
}

/// ` ?[^\s\p{L}\p{N}]+[\r\nx]*|\s*[\r\n]+|\s+(?!\S)|\s+`, where `x` is `also`; with `tail` as if `\s++$` came
/// before white space.
#[inline]
fn symbols_or_spaces(text: &[u8], at: usize, also: u8, tail: bool) -> usize {
    let start = at + usize::from(text[at] == b' ');
    let mut end = run(text, start, OTHER);
    if end > start {
        while text
            .get(end)
            .is_some_and(|&b| b == b'\r' || b == b'\n' || b == also)
        {
            end += 1;
        }
        return end;
    }
    let end = run(text, at, SPACE);
    if tail && end == text.len() {
        return end;
    }
    // `\s*[\r\n]+`: through the last line break of the run.
    match text[at..end]
        .iter()
        .rposition(|&b| b == b'\r' || b == b'\n')
    {
        Some(last) => at + last + 1,
        None => without_last(text, at, end),
    }
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`; `ſ` folds to s.
#[inline]
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'\'') {
        return None;
    }
    let second = |wanted: u8| {
        let found = text.get(at + 2).map(u8::to_ascii_lowercase);
        (found == Some(wanted)).then_some(at + 3)
    };
    match text.get(at + 1)?.to_ascii_lowercase() {
        b's' | b't' | b'm' | b'd' => Some(at + 2),
        b'r' | b'v' => second(b'e'),
        b'l' => second(b'l'),
        0xc5 if text.get(at + 2) == Some(&0xbf) => Some(at + 3),
        _ => None,
    }
}

/// `\s+(?!\S)|\s+`
#[inline]
fn spaces(text: &[u8], at: usize) -> usize {
    let end = run(text, at, SPACE);
    without_last(text, at, end)
}

/// A run of white space leaves its last character to what follows, unless nothing would be left.
#[inline]
fn without_last(text: &[u8], at: usize, end: usize) -> usize {
    if end == text.len() {
        return end;
    }
    let (_, last) = categories::decode_before(text, end);
    if last > at { last } else { end }
}
