//! Maps, sets and sorting, small in code and the same in every run.

use std::hash::{BuildHasherDefault, Hasher};

/// A map whose order is the same in every run.
pub type HashMap<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Multiplicative>>;
/// A set whose order is the same in every run.
pub type HashSet<K> = std::collections::HashSet<K, BuildHasherDefault<Multiplicative>>;

/// Multiplies every word into the state.
#[derive(Default)]
pub struct Multiplicative(u64);

impl Hasher for Multiplicative {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.write_u64(word);
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Sorts in place; equal elements end up in any, but always the same, order. A tenth of the code of the standard library's sorts, of
/// which there would be one for each type.
pub fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, |a, b| a < b);
}

/// `sort` by a comparison of one's own.
pub fn sort_by<T>(list: &mut [T], less: impl Fn(&T, &T) -> bool) {
    // Shell sort with Ciura's gaps, continued by a factor.
    let mut gaps = vec![1usize, 4, 10, 23, 57, 132, 301, 701];
    while let Some(&last) = gaps.last().filter(|gap| **gap < list.len()) {
        gaps.push(last / 4 * 9);
    }
    for &gap in gaps.iter().rev() {
        for start in gap..list.len() {
            let mut at = start;
            while at >= gap && less(&list[at], &list[at - gap]) {
                list.swap(at, at - gap);
                at -= gap;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash;

    use super::*;

    #[test]
    fn sorts_as_the_standard_library_does() {
        let mut state = 1u64;
        for length in (0..200).chain([1_000, 5_000]) {
            let mut list: Vec<u64> = (0..length)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    state >> 33 & 255
                })
                .collect();
            let mut expected = list.clone();
            expected.sort_unstable();
            sort(&mut list);
            assert_eq!(list, expected);
        }
    }

    #[test]
    fn hashes_of_near_keys_differ_in_the_bits_that_tables_look_at() {
        let mut low = HashSet::default();
        for n in 0..1024u32 {
            let mut hasher = Multiplicative::default();
            n.hash(&mut hasher);
            low.insert(hasher.finish() & 1023);
        }
        assert!(low.len() > 500, "{} of 1024", low.len());
    }
}
