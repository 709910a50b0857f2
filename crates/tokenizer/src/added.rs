//! Added tokens: found in the text before it is split, never merged or broken.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// One entry of `added_tokens`.
#[derive(Debug, Clone)]
pub struct AddedToken {
    pub id: u32,
    pub content: String,
    pub special: bool,
    /// Takes the white space on its left, on its right.
    pub lstrip: bool,
    pub rstrip: bool,
    /// Only where no word character is beside it.
    pub single_word: bool,
    /// Looked for in the normalised text, else in the text as given.
    pub normalized: bool,
}

/// A part of a text: plain, or an added token with its id.
pub struct Part<'a> {
    pub start: usize,
    pub text: &'a str,
    pub id: Option<u32>,
}

/// Splits `text` at added tokens: leftmost first, of those the longest.
pub fn split<'a>(text: &'a str, tokens: &[&AddedToken]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    let plain_part = |start: usize, end: usize, parts: &mut Vec<Part<'a>>| {
        if start < end {
            parts.push(Part {
                start,
                text: &text[start..end],
                id: None,
            });
        }
    };
    let mut first = [false; 256];
    for token in tokens {
        if let Some(&byte) = token.content.as_bytes().first() {
            first[usize::from(byte)] = true;
        }
    }
    while at < text.len() {
        if !first[usize::from(text.as_bytes()[at])] {
            at += 1;
            continue;
        }
        let found = tokens
            .iter()
            .filter(|t| {
                !t.content.is_empty() && text.as_bytes()[at..].starts_with(t.content.as_bytes())
            })
            .max_by_key(|t| t.content.len());
        let Some(token) = found else {
            at += 1;
            continue;
        };
        let end = at + token.content.len();
        if token.single_word && (ends_with_word(&text[..at]) || starts_with_word(&text[end..])) {
            at = end;
            continue;
        }
        let (mut left, mut right) = (at, end);
        if token.lstrip {
            left = plain + text[plain..at].trim_end().len();
        }
        if token.rstrip {
            right = text.len() - text[end..].trim_start().len();
        }
        plain_part(plain, left, &mut parts);
        parts.push(Part {
            start: left,
            text: &text[left..right],
            id: Some(token.id),
        });
        plain = right;
        at = right;
    }
    plain_part(plain, text.len(), &mut parts);
    parts
}

/// `\w` of UTS 18: alphabetic, marks, decimal digits, connectors, joiners.
fn word(c: char) -> bool {
    c.is_alphabetic()
        || matches!(c, '\u{200c}' | '\u{200d}')
        || matches!(
            c.general_category(),
            GeneralCategory::DecimalNumber
                | GeneralCategory::ConnectorPunctuation
                | GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
        )
}

fn starts_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(word)
}

fn ends_with_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(word)
}
