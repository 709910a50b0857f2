//! Normalisation form C, with the place that every byte of the result came from.
//!
//! `unicode-normalization-alignments` is what the reference uses, tables of Unicode 9 included; with later
//! tables the ids of some texts would be others.

use std::borrow::Cow;

use unicode_normalization_alignments::UnicodeNormalization;

/// For every byte of a normalised text the range of the original that its character came from.
pub type Places = Vec<(usize, usize)>;

/// The text in form C.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if unchanged(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().map(|(c, _)| c).collect())
    }
}

/// Whether a text is in form C for certain: no character from U+0300 on, where combining begins.
pub fn unchanged(text: &str) -> bool {
    text.bytes().all(|byte| byte < 0xcc)
}

/// The text in form C and the places of its bytes, counted from `start`.
///
/// A character that several became stands at the place of the first of them, one that was added at the place
/// of that before it; an unchanged character's bytes stand each for itself.
pub fn nfc_with_places(text: &str, start: usize) -> (String, Places) {
    let mut normal = String::with_capacity(text.len());
    let mut places: Places = Vec::with_capacity(text.len());
    let mut original = text.char_indices();
    for (c, change) in text.nfc() {
        let length = c.len_utf8();
        normal.push(c);
        if change > 0 {
            let place = places.last().map_or((start, start), |&(_, end)| {
                // The whole of the character before, wherever its bytes stand.
                let at = text[..end - start].char_indices().next_back();
                (start + at.map_or(0, |(at, _)| at), end)
            });
            places.extend((0..length).map(|_| place));
            continue;
        }
        let Some((at, replaced)) = original.next() else {
            places.extend((0..length).map(|_| (start + text.len(), start + text.len())));
            continue;
        };
        let from = start + at;
        if replaced == c {
            places.extend((0..length).map(|i| (from + i, from + i + 1)));
        } else {
            places.extend((0..length).map(|_| (from, from + replaced.len_utf8())));
        }
        for _ in 0..change.unsigned_abs() {
            original.next();
        }
    }
    (normal, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_characters_stand_where_their_base_was() {
        let (normal, places) = nfc_with_places("xe\u{301}y", 10);
        assert_eq!(normal, "xéy");
        assert_eq!(places, [(10, 11), (11, 12), (11, 12), (14, 15)]);
        assert_eq!(nfc("e\u{301}"), "é");
        assert!(unchanged("plain") && unchanged("naïve Ŀ") && !unchanged("e\u{301}"));
    }
}
