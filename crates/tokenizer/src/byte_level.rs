//! GPT-2's alphabet: every byte has one printable character, so that vocabularies are valid text.

/// The character that stands for `byte`: itself where it prints, else one from U+0100 on.
pub const fn to_char(byte: u8) -> char {
    CHARS[byte as usize]
}

/// The byte that `c` stands for, if it stands for one.
pub const fn to_byte(c: char) -> Option<u8> {
    let code = c as usize;
    if code < BYTES.len() && BYTES[code] != u16::MAX {
        Some(BYTES[code] as u8)
    } else {
        None
    }
}

/// Appends the bytes that a vocabulary entry stands for; `false`, with only a part of them appended, for an
/// entry outside the alphabet.
pub fn push_bytes(token: &str, out: &mut Vec<u8>) -> bool {
    for c in token.chars() {
        match to_byte(c) {
            Some(byte) => out.push(byte),
            None => return false,
        }
    }
    true
}

/// The bytes of a token; one outside the alphabet is its own UTF-8.
pub fn token_bytes(token: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(token.len());
    if push_bytes(token, &mut bytes) {
        bytes
    } else {
        token.as_bytes().to_vec()
    }
}

/// Inverse of [`token_bytes`] on entries of the alphabet.
pub fn token_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(to_char).collect()
}

const fn prints(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}

const CHARS: [char; 256] = {
    let mut table = ['\0'; 256];
    let mut next = 0x100_u32;
    let mut byte = 0_usize;
    while byte < 256 {
        if prints(byte as u8) {
            table[byte] = byte as u8 as char;
        } else {
            table[byte] = match char::from_u32(next) {
                Some(c) => c,
                None => '\0',
            };
            next += 1;
        }
        byte += 1;
    }
    table
};

const BYTES: [u16; 0x144] = {
    let mut table = [u16::MAX; 0x144];
    let mut byte = 0_usize;
    while byte < 256 {
        table[CHARS[byte] as usize] = byte as u16;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_a_bijection_with_gpt2s_space_and_newline() {
        for byte in 0..=255 {
            assert_eq!(to_byte(to_char(byte)), Some(byte));
        }
        assert_eq!(
            (to_char(b' '), to_char(b'\n'), to_char(b'a')),
            ('Ġ', 'Ċ', 'a')
        );
        assert_eq!(to_byte('\u{144}'), None);
    }
}
