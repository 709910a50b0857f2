//! The vocabulary: bytes of every id, and the id of bytes.

use std::collections::HashMap;

use crate::byte_level;
use crate::hash::{self, Fast};

/// Ids above this are taken for damage: no vocabulary comes near, and the table of tokens is as long as the largest.
pub const MAX_ID: u32 = 1 << 24;

/// No id.
pub const NONE: u32 = u32::MAX;

/// Entries by id and by bytes. All bytes lie in one buffer: a hundred thousand entries are a few allocations.
#[derive(Debug, Default)]
pub struct Vocabulary {
    bytes: Vec<u8>,
    /// Start and end in `bytes` by id; [`NONE`] as start where an id has no entry.
    places: Vec<(u32, u32)>,
    /// Open addressing over ids of entries in the byte alphabet.
    slots: Vec<u32>,
    /// Entries of the model that are not in the alphabet: no text becomes one of them, but merges may name them.
    foreign: HashMap<Box<str>, u32, Fast>,
    /// Slots in use.
    filled: usize,
}

impl Vocabulary {
    pub fn with_capacity(entries: usize) -> Self {
        let slots = (entries * 2).next_power_of_two().max(1024);
        Self {
            slots: vec![NONE; slots],
            ..Self::default()
        }
    }

    /// One more than the largest id.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The bytes of an id.
    pub fn token(&self, id: u32) -> Option<&[u8]> {
        let &(start, end) = self.places.get(id as usize)?;
        (start != NONE).then(|| &self.bytes[start as usize..end as usize])
    }

    /// The id of bytes.
    #[inline]
    pub fn id(&self, bytes: &[u8]) -> Option<u32> {
        let id = self.slots[self.slot(bytes)?];
        (id != NONE).then_some(id)
    }

    /// The id of an entry as the file spells it.
    pub fn id_of_text(&self, text: &str, scratch: &mut Vec<u8>) -> Option<u32> {
        scratch.clear();
        if byte_level::push_bytes(text, scratch) {
            self.id(scratch)
        } else {
            self.foreign.get(text).copied()
        }
    }

    /// Where the bytes are, or would be. `None` in a vocabulary without slots.
    fn slot(&self, bytes: &[u8]) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash::bytes(bytes) as usize & mask;
        loop {
            let id = self.slots[at];
            if id == NONE || self.token(id) == Some(bytes) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds an entry of the model as the file spells it; `false` if id or text is taken.
    pub fn add_text(&mut self, text: &str, id: u32, scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        if byte_level::push_bytes(text, scratch) {
            return self.add(scratch, id);
        }
        let free = !self.foreign.contains_key(text) && self.place(text.as_bytes(), id);
        if free {
            self.foreign.insert(text.into(), id);
        }
        free
    }

    /// Adds an entry of the model; `false` if id or bytes are taken.
    pub fn add(&mut self, bytes: &[u8], id: u32) -> bool {
        if self.filled * 2 >= self.slots.len() {
            self.grow();
        }
        let Some(slot) = self.slot(bytes).filter(|&slot| self.slots[slot] == NONE) else {
            return false;
        };
        let free = self.place(bytes, id);
        if free {
            self.slots[slot] = id;
            self.filled += 1;
        }
        free
    }

    /// Gives an id its bytes without making them findable, as added tokens are; `false` if it has some.
    pub fn place(&mut self, bytes: &[u8], id: u32) -> bool {
        let at = id as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, (NONE, NONE));
        }
        let free = self.places[at].0 == NONE;
        if free {
            let start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(bytes);
            self.places[at] = (start, self.bytes.len() as u32);
        }
        free
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![NONE; (old.len() * 2).max(1024)];
        for id in old {
            if id != NONE
                && let Some(slot) = self.token(id).and_then(|bytes| self.slot(bytes))
            {
                self.slots[slot] = id;
            }
        }
    }
}
