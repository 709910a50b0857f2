//! Multiplicative hashes. They need not withstand an adversary: what they index is either the vocabulary or
//! of fixed size.

use std::hash::{BuildHasherDefault, Hasher};

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Of two words.
#[inline]
pub fn pair(first: u64, second: u64) -> u64 {
    let mixed =
        first.wrapping_mul(FACTOR) ^ second.wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(32);
    mixed ^ (mixed >> 32)
}

/// Of bytes.
#[inline]
pub fn bytes(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = bytes.len() as u64;
    for word in words {
        state = (state.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
    }
    let word = rest
        .iter()
        .rev()
        .fold(0, |word, &b| word << 8 | u64::from(b));
    state = (state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    state ^ (state >> 32)
}

/// For the standard library's maps and sets.
#[derive(Default)]
pub struct FastHasher(u64);

pub type Fast = BuildHasherDefault<FastHasher>;

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, data: &[u8]) {
        self.0 = (self.0.rotate_left(23) ^ bytes(data)).wrapping_mul(FACTOR);
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(23) ^ u64::from(value)).wrapping_mul(FACTOR);
    }

    fn write_usize(&mut self, value: usize) {
        self.0 = (self.0.rotate_left(23) ^ value as u64).wrapping_mul(FACTOR);
    }
}
