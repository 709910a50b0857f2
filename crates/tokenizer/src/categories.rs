//! Unicode general categories by table, and the sets of them that patterns name.

include!(concat!(env!("OUT_DIR"), "/categories.rs"));

/// A set of categories; bit n is category n.
pub type Set = u32;

pub const UPPER: Set = 1;
pub const LOWER: Set = 1 << 1;
pub const TITLE: Set = 1 << 2;
pub const MODIFIER: Set = 1 << 3;
pub const OTHER_LETTER: Set = 1 << 4;
pub const LETTER: Set = 0b1_1111;
pub const MARK: Set = 0b111 << 5;
pub const DECIMAL: Set = 1 << 8;
pub const NUMBER: Set = 0b111 << 8;
pub const CONNECTOR: Set = 1 << 11;
pub const SEPARATOR: Set = 0b111 << 22;
/// Control characters that are white space (U+0009 to U+000D and U+0085) are a category of their own here,
/// so that `\s` is a set of categories too.
pub const CONTROL_SPACE: Set = 1 << 30;
pub const SPACE: Set = SEPARATOR | CONTROL_SPACE;
pub const ALL: Set = (1 << 31) - 1;

/// The set that `\p{name}` stands for.
pub fn named(name: &str) -> Option<Set> {
    Some(match name {
        "L" | "Letter" => LETTER,
        "Lu" => UPPER,
        "Ll" => LOWER,
        "Lt" => TITLE,
        "Lm" => MODIFIER,
        "Lo" => OTHER_LETTER,
        "M" | "Mark" => MARK,
        "Mn" => 1 << 5,
        "Mc" => 1 << 6,
        "Me" => 1 << 7,
        "N" | "Number" => NUMBER,
        "Nd" => DECIMAL,
        "Nl" => 1 << 9,
        "No" => 1 << 10,
        "P" | "Punctuation" => 0b111_1111 << 11,
        "Pc" => CONNECTOR,
        "Pd" => 1 << 12,
        "Ps" => 1 << 13,
        "Pe" => 1 << 14,
        "Pi" => 1 << 15,
        "Pf" => 1 << 16,
        "Po" => 1 << 17,
        "S" | "Symbol" => 0b1111 << 18,
        "Sm" => 1 << 18,
        "Sc" => 1 << 19,
        "Sk" => 1 << 20,
        "So" => 1 << 21,
        "Z" | "Separator" => SEPARATOR,
        "Zs" => 1 << 22,
        "Zl" => 1 << 23,
        "Zp" => 1 << 24,
        "C" | "Other" => (0b1_1111 << 25) | CONTROL_SPACE,
        "Cc" => (1 << 25) | CONTROL_SPACE,
        "Cf" => 1 << 26,
        "Co" => 1 << 28,
        "Cn" => 1 << 29,
        _ => return None,
    })
}

/// The category of a code point, as a set of one.
#[inline]
pub fn of(code: u32) -> Set {
    1 << number(code)
}

/// The category of a code point.
#[inline]
pub fn number(code: u32) -> u8 {
    let code = code as usize;
    match INDEX.get(code / 128) {
        Some(&block) => BLOCKS[usize::from(block)][code % 128],
        None => 29,
    }
}

/// The character at `at` of valid UTF-8 and its length in bytes.
#[inline]
pub fn decode(text: &[u8], at: usize) -> (u32, usize) {
    let byte = |i: usize| u32::from(text.get(at + i).copied().unwrap_or(0));
    let first = byte(0);
    match first {
        0..0x80 => (first, 1),
        0x80..0xe0 => ((first & 0x1f) << 6 | (byte(1) & 0x3f), 2),
        0xe0..0xf0 => (
            (first & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f),
            3,
        ),
        _ => (
            (first & 0x07) << 18
                | (byte(1) & 0x3f) << 12
                | (byte(2) & 0x3f) << 6
                | (byte(3) & 0x3f),
            4,
        ),
    }
}

/// The last character that ends at `end`, and where it starts.
pub fn decode_before(text: &[u8], end: usize) -> (u32, usize) {
    let mut start = end.saturating_sub(1);
    while start > 0 && text[start] & 0xc0 == 0x80 {
        start -= 1;
    }
    (decode(text, start).0, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_goes_through_a_text_and_back() {
        let text = "aé漢\u{1f600}\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}";
        let mut at = 0;
        for c in text.chars() {
            assert_eq!(decode(text.as_bytes(), at), (c as u32, c.len_utf8()));
            at += c.len_utf8();
            assert_eq!(
                decode_before(text.as_bytes(), at),
                (c as u32, at - c.len_utf8())
            );
        }
    }

    #[test]
    fn categories_partition_and_spaces_are_unicodes() {
        for code in 0..0x11_0000 {
            assert_eq!(of(code) & ALL, of(code));
            if let Some(c) = char::from_u32(code) {
                assert_eq!(of(code) & SPACE != 0, c.is_whitespace(), "{code:x}");
            }
        }
    }
}
