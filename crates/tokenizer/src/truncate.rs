//! Cutting texts to a number of tokens, and places in UTF-16 units.

use crate::{Encoding, Tokenizer};

impl Tokenizer {
    /// The longest start of `text` that ends with one of its tokens and encodes to at most `most` ids, those that
    /// the post-processor adds not counted; a character whose bytes are cut is left out whole.
    #[must_use]
    pub fn truncate<'a>(&self, text: &'a str, most: usize) -> &'a str {
        let encoding = self.encode_with_offsets(text, false);
        if encoding.ids.len() <= most {
            return text;
        }
        let mut keep = most;
        loop {
            let last = keep
                .checked_sub(1)
                .and_then(|last| encoding.offsets.get(last));
            let mut end = last.map_or(0, |place| place.1);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            // A start of a text may be split otherwise than in the text, and become more tokens than it was.
            let start = &text[..end];
            match self.count(start).saturating_sub(most) {
                0 => return start,
                over => keep = keep.saturating_sub(over),
            }
        }
    }
}

impl Encoding {
    /// Turns the places, which are in bytes of `text`, into UTF-16 units; a place inside a character becomes the
    /// whole of it.
    pub fn in_utf16(&mut self, text: &str) {
        let mut units = Vec::with_capacity(text.len() + 1);
        let mut unit = 0;
        for c in text.chars() {
            units.resize(units.len() + c.len_utf8(), unit);
            unit += c.len_utf16() as u32;
        }
        units.push(unit);
        for (start, end) in &mut self.offsets {
            let mut whole = *end;
            while !text.is_char_boundary(whole) {
                whole += 1;
            }
            *start = units[*start] as usize;
            *end = units[whole] as usize;
        }
    }
}
