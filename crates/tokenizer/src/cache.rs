//! What pieces became: text repeats itself, and to look a piece up is faster than to merge it again.
//!
//! Both tables have a fixed size and one place per piece, so hostile text can only make them useless.

use crate::bpe::Scratch;
use crate::hash;

const SHORT_BITS: u32 = 15;
const LONG_BITS: u32 = 12;
/// Longer pieces do not come again.
const MAX_LONG: usize = 256;
const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub struct Cache {
    short: Vec<Short>,
    long: Vec<Option<Long>>,
    pub scratch: Scratch,
}

/// A piece of at most 15 bytes in a key of 16 whose last is the length; at most four ids, then [`NONE`].
#[derive(Debug, Clone, Copy)]
pub struct Short {
    key: [u64; 2],
    ids: [u32; 4],
}

type Long = (Box<[u8]>, Box<[u32]>);

/// Where a piece is kept.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    Short { slot: usize, key: [u64; 2] },
    Long { slot: usize },
    Nowhere,
}

impl Cache {
    pub fn new() -> Self {
        let empty = Short {
            key: [0; 2],
            ids: [NONE; 4],
        };
        Self {
            short: vec![empty; 1 << SHORT_BITS],
            long: vec![None; 1 << LONG_BITS],
            scratch: Scratch::default(),
        }
    }

    /// The ids of a piece, or where to keep them.
    #[inline]
    pub fn get(&self, piece: &[u8]) -> Result<&[u32], Place> {
        if piece.len() > 15 {
            return self.get_long(piece);
        }
        let key = key(piece);
        let slot = (hash::pair(key[0], key[1]) & ((1 << SHORT_BITS) - 1)) as usize;
        let entry = &self.short[slot];
        if entry.key != key {
            return Err(Place::Short { slot, key });
        }
        let ids = &entry.ids;
        let count = if ids[1] == NONE {
            1
        } else if ids[2] == NONE {
            2
        } else {
            3 + usize::from(ids[3] != NONE)
        };
        Ok(&ids[..count])
    }

    fn get_long(&self, piece: &[u8]) -> Result<&[u32], Place> {
        if piece.len() > MAX_LONG {
            return Err(Place::Nowhere);
        }
        let slot = (hash::bytes(piece) & ((1 << LONG_BITS) - 1)) as usize;
        match &self.long[slot] {
            Some((bytes, ids)) if **bytes == *piece => Ok(ids),
            _ => Err(Place::Long { slot }),
        }
    }

    /// Keeps what a piece became.
    pub fn put(&mut self, place: Place, piece: &[u8], ids: &[u32]) {
        match place {
            Place::Short { slot, key } if (1..=4).contains(&ids.len()) => {
                let mut entry = Short {
                    key,
                    ids: [NONE; 4],
                };
                entry.ids[..ids.len()].copy_from_slice(ids);
                self.short[slot] = entry;
            }
            Place::Long { slot } => self.long[slot] = Some((piece.into(), ids.into())),
            _ => {}
        }
    }
}

/// A piece of at most 15 bytes as two words.
#[inline]
fn key(piece: &[u8]) -> [u64; 2] {
    let length = piece.len();
    let end = (length as u64) << 56;
    if let (Some(first), Some(last)) = (piece.first_chunk::<8>(), piece.last_chunk::<8>()) {
        let high = u64::from_le_bytes(*last)
            .checked_shr(8 * (16 - length as u32))
            .unwrap_or(0);
        return [u64::from_le_bytes(*first), high | end];
    }
    if let (Some(first), Some(last)) = (piece.first_chunk::<4>(), piece.last_chunk::<4>()) {
        let high = u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4));
        return [u64::from(u32::from_le_bytes(*first)) | high, end];
    }
    let word = piece
        .iter()
        .rev()
        .fold(0, |word, &b| word << 8 | u64::from(b));
    [word, end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_the_bytes_and_the_length() {
        for length in 0..=15_u8 {
            let piece: Vec<u8> = (1..=length).collect();
            let [low, high] = key(&piece);
            let mut bytes = [low.to_le_bytes(), high.to_le_bytes()].concat();
            assert_eq!(bytes.pop(), Some(length));
            assert_eq!(bytes[..piece.len()], piece[..]);
            assert!(bytes[piece.len()..].iter().all(|&b| b == 0));
        }
    }

    #[test]
    fn what_is_put_is_found_until_another_takes_its_place() {
        let mut cache = Cache::new();
        for length in [1, 4, 7, 8, 15, 16, 200] {
            for ids in [&[7][..], &[7, 8], &[7, 8, 9], &[7, 8, 9, 10]] {
                let piece = vec![b'x'; length];
                let Err(place) = cache.get(&piece) else {
                    continue;
                };
                cache.put(place, &piece, ids);
                assert_eq!(cache.get(&piece).ok(), Some(ids));
            }
        }
        assert!(cache.get(&[b'x'; 300]).is_err());
    }
}
