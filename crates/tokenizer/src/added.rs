//! Added tokens: found in the text before it is split, never merged or broken.

use crate::categories;

/// One entry of `added_tokens`.
#[derive(Debug, Clone)]
pub struct AddedToken {
    pub id: u32,
    /// What is looked for; normalised for tokens that are looked for in normalised text.
    pub content: String,
    pub strip: Strip,
    /// Only where no word character is beside it.
    pub single_word: bool,
}

/// Whether a token takes the white space on its left, on its right.
#[derive(Debug, Clone, Copy, Default)]
pub struct Strip {
    pub left: bool,
    pub right: bool,
}

/// A part of a text: plain, or an added token with its id.
pub struct Part<'a> {
    pub start: usize,
    pub text: &'a str,
    pub id: Option<u32>,
}

/// Added tokens that are looked for together: leftmost first, of those the longest.
#[derive(Debug)]
pub struct AddedTokens {
    /// Sorted by content, so that those with a common start lie together.
    tokens: Vec<AddedToken>,
    /// Bytes that a token starts with.
    first: [bool; 256],
}

impl AddedTokens {
    /// Of tokens with the same content the first one counts.
    pub fn new(mut tokens: Vec<AddedToken>) -> Self {
        tokens.retain(|token| !token.content.is_empty());
        tokens.sort_by(|a, b| a.content.as_bytes().cmp(b.content.as_bytes()));
        let mut first = [false; 256];
        for token in &tokens {
            first[usize::from(token.content.as_bytes()[0])] = true;
        }
        Self { tokens, first }
    }

    /// Calls `part` on the parts of `text` from left to right.
    pub fn split<'a>(&self, text: &'a str, mut part: impl FnMut(Part<'a>)) {
        let mut plain = 0;
        let mut at = 0;
        let mut emit = |start: usize, end: usize, id: Option<u32>| {
            let text = &text[start..end];
            part(Part { start, text, id });
        };
        while let Some(skip) = self.next_start(&text.as_bytes()[at..]) {
            at += skip;
            let Some(token) = self.longest(&text.as_bytes()[at..]) else {
                at += 1;
                continue;
            };
            let (mut left, mut right) = (at, at + token.content.len());
            at = right;
            if token.single_word
                && (ends_with_word(&text[..left]) || starts_with_word(&text[right..]))
            {
                continue;
            }
            if token.strip.left {
                left = plain.max(text[..left].trim_end().len());
            }
            if token.strip.right {
                right = text.len() - text[right..].trim_start().len();
            }
            if plain < left {
                emit(plain, left, None);
            }
            // The search goes on where the token's content ends, so a token that starts with the white
            // space that this one took is found too, as in the reference.
            emit(left, right, Some(token.id));
            plain = right;
        }
        if plain < text.len() {
            emit(plain, text.len(), None);
        }
    }

    /// Bytes up to the next that a token starts with.
    fn next_start(&self, text: &[u8]) -> Option<usize> {
        if self.tokens.is_empty() {
            return None;
        }
        text.iter().position(|&byte| self.first[usize::from(byte)])
    }

    /// The longest token at the start of `text`: the range of candidates narrows byte by byte.
    fn longest(&self, text: &[u8]) -> Option<&AddedToken> {
        let mut candidates = &self.tokens[..];
        let mut found = None;
        for (depth, byte) in text.iter().enumerate() {
            let next = |token: &AddedToken| token.content.as_bytes().get(depth).copied();
            let low = candidates.partition_point(|token| next(token) < Some(*byte));
            candidates = &candidates[low..];
            let high = candidates.partition_point(|token| next(token) == Some(*byte));
            candidates = &candidates[..high];
            match candidates.first() {
                None => break,
                Some(token) if token.content.len() == depth + 1 => found = Some(token),
                Some(_) => {}
            }
        }
        found
    }
}

/// `\w` of UTS 18: alphabetic, marks, decimal digits, connectors, joiners.
fn word(c: char) -> bool {
    const WORD: categories::Set = categories::MARK | categories::DECIMAL | categories::CONNECTOR;
    c.is_alphabetic()
        || matches!(c, '\u{200c}' | '\u{200d}')
        || categories::of(u32::from(c)) & WORD != 0
}

fn starts_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(word)
}

fn ends_with_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(word)
}
