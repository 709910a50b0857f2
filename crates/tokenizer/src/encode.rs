//! From text to ids: added tokens apart, normalise, split, merge.

use std::sync::TryLockError;

use crate::Tokenizer;
use crate::added::Part;
use crate::bpe;
use crate::cache::Cache;
use crate::normalize::Places;
use crate::pretokenize::{self, Span};

/// Ids of a text and the bytes of it that each stands for, `start..end`; tokens that the post-processor
/// adds stand for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Byte ranges in the text as given.
    pub offsets: Vec<(usize, usize)>,
}

impl Tokenizer {
    /// Ids of `text`; `special` lets the post-processor add its tokens.
    #[must_use]
    pub fn encode(&self, text: &str, special: bool) -> Vec<u32> {
        self.run(text, special, None)
    }

    /// Number of ids of `text`, without those the post-processor adds.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.encode(text, false).len()
    }

    /// Ids of `text` with their byte ranges.
    #[must_use]
    pub fn encode_with_offsets(&self, text: &str, special: bool) -> Encoding {
        let mut offsets = Vec::new();
        let ids = self.run(text, special, Some(&mut offsets));
        Encoding { ids, offsets }
    }

    fn run(
        &self,
        text: &str,
        special: bool,
        offsets: Option<&mut Vec<(usize, usize)>>,
    ) -> Vec<u32> {
        // Another thread may hold the cache: then this text is encoded without what it knows.
        let mut own;
        let mut shared = match self.cache.try_lock() {
            Ok(shared) => Ok(shared),
            Err(TryLockError::Poisoned(error)) => Ok(error.into_inner()),
            Err(TryLockError::WouldBlock) => Err(()),
        };
        let cache = if let Ok(shared) = &mut shared {
            &mut **shared
        } else {
            own = Cache::new();
            &mut own
        };
        let mut walk = Walk {
            tokenizer: self,
            cache,
            ids: Vec::with_capacity(text.len() / 4 + 8),
            offsets,
        };
        if special {
            for &id in &self.before {
                walk.push(id, 0, 0);
            }
        }
        self.raw_added
            .split(text, |part| walk.part(&part, |walk| walk.plain(&part)));
        if special {
            for &id in &self.after {
                walk.push(id, text.len(), text.len());
            }
        }
        walk.ids
    }
}

struct Walk<'a> {
    tokenizer: &'a Tokenizer,
    cache: &'a mut Cache,
    ids: Vec<u32>,
    offsets: Option<&'a mut Vec<(usize, usize)>>,
}

impl Walk<'_> {
    fn push(&mut self, id: u32, start: usize, end: usize) {
        self.ids.push(id);
        if let Some(offsets) = &mut self.offsets {
            offsets.push((start, end));
        }
    }

    /// An added token of the text as given, or what lies between two of them.
    fn part(&mut self, part: &Part<'_>, plain: impl FnOnce(&mut Self)) {
        match part.id {
            Some(id) => self.push(id, part.start, part.start + part.text.len()),
            None => plain(self),
        }
    }

    /// Text between added tokens.
    fn plain(&mut self, part: &Part<'_>) {
        match &self.tokenizer.nfc {
            Some(nfc) if !nfc.unchanged(part.text) => {
                if self.offsets.is_some() {
                    let (normal, places) = nfc.text_with_places(part.text, part.start);
                    self.normalized(&normal, 0, Some(&places));
                } else {
                    self.normalized(&nfc.text(part.text), 0, None);
                }
            }
            _ => self.normalized(part.text, part.start, None),
        }
    }

    /// Normalised text; `start` is where it starts in the text as given, which `places` replace.
    fn normalized(&mut self, text: &str, start: usize, places: Option<&Places>) {
        let tokenizer = self.tokenizer;
        tokenizer.normalized_added.split(text, |part| {
            let at = start + part.start;
            if let Some(id) = part.id {
                let (from, to) = place(places, at, at + part.text.len());
                self.push(id, from, to);
                return;
            }
            pretokenize::split(
                Span::new(part.text, at),
                &tokenizer.steps,
                &mut |piece: Span<'_>| {
                    let before = self.ids.len();
                    self.merge(piece.text);
                    if self.offsets.is_some() {
                        self.locate(before, piece, places);
                    }
                },
            );
        });
    }

    /// Ids of one piece.
    #[inline]
    fn merge(&mut self, piece: &[u8]) {
        let place = match self.cache.get(piece) {
            Ok(ids) => {
                self.ids.extend_from_slice(ids);
                return;
            }
            Err(place) => place,
        };
        let tokenizer = self.tokenizer;
        let vocabulary = &tokenizer.vocabulary;
        let whole = tokenizer.ignore_merges.then(|| vocabulary.id(piece));
        let symbols = &mut self.cache.scratch.symbols;
        symbols.clear();
        if let Some(Some(id)) = whole {
            symbols.push(id);
        } else {
            // A byte without a token of its own is left out, as the reference does without an unknown token.
            let ids = piece.iter();
            symbols.extend(ids.filter_map(|&byte| tokenizer.byte_ids[usize::from(byte)]));
            // As many symbols as bytes: merges join the bytes of two entries.
            let length = |id| vocabulary.token(id).map_or(1, <[u8]>::len);
            bpe::merge(&mut self.cache.scratch, &tokenizer.merges, length);
        }
        let before = self.ids.len();
        self.ids.extend_from_slice(&self.cache.scratch.symbols);
        self.cache.put(place, piece, &self.ids[before..]);
    }

    /// Offsets of the ids from `before` on, which are those of `piece`.
    fn locate(&mut self, before: usize, piece: Span<'_>, places: Option<&Places>) {
        let Some(offsets) = &mut self.offsets else {
            return;
        };
        // A space that was put before the piece has no place in the text.
        let at = |byte: usize| piece.start + byte - usize::from(piece.prefixed && byte > 0);
        let mut start = 0;
        for (i, &id) in self.ids.iter().enumerate().skip(before) {
            let length = self.tokenizer.vocabulary.token(id).map_or(0, <[u8]>::len);
            let end = if i + 1 == self.ids.len() {
                piece.text.len()
            } else {
                (start + length).min(piece.text.len())
            };
            offsets.push(place(places, at(start), at(end)));
            start = end;
        }
    }
}

/// The range of the text as given that a range of the normalised text came from.
fn place(places: Option<&Places>, start: usize, end: usize) -> (usize, usize) {
    let Some(places) = places else {
        return (start, end);
    };
    let from = places.get(start).or(places.last());
    let from = from.map_or(0, |place| place.0);
    let to = end.checked_sub(1).and_then(|last| places.get(last));
    (from, to.map_or(from, |place| place.1.max(from)))
}
