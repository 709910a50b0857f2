use std::collections::HashMap;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::added::{self, AddedToken};
use crate::bpe::{self, Merges};
use crate::pretokenize::{self, Step};
use crate::{DecodeStream, Error, load};

/// A loaded tokenizer.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    /// Bytes of every id; ids between entries are empty and known to nothing.
    pub(crate) tokens: Vec<Option<Box<[u8]>>>,
    pub(crate) ids: HashMap<Box<[u8]>, u32>,
    pub(crate) byte_ids: [Option<u32>; 256],
    pub(crate) merges: Merges,
    pub(crate) ignore_merges: bool,
    pub(crate) added: Vec<AddedToken>,
    pub(crate) nfc: bool,
    pub(crate) steps: Vec<Step>,
    /// Ids that the post-processor puts before and after the text.
    pub(crate) before: Vec<u32>,
    pub(crate) after: Vec<u32>,
}

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
    /// Loads a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        load::load(bytes)
    }

    /// One more than the largest id.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        self.tokens.len()
    }

    /// The id of a token by its text: an added token's content, or the text that a vocabulary entry decodes to.
    #[must_use]
    pub fn token_id(&self, text: &str) -> Option<u32> {
        let added = self.added.iter().find(|token| token.content == text);
        added
            .map(|token| token.id)
            .or_else(|| self.ids.get(text.as_bytes()).copied())
    }

    /// Ids of `text`; `special` lets the post-processor add its tokens.
    #[must_use]
    pub fn encode(&self, text: &str, special: bool) -> Vec<u32> {
        self.encode_with_offsets(text, special).ids
    }

    /// Number of ids of `text`, without those the post-processor adds.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.encode(text, false).len()
    }

    /// Ids of `text` with their byte ranges.
    #[must_use]
    pub fn encode_with_offsets(&self, text: &str, special: bool) -> Encoding {
        let mut out = Encoding::default();
        if special {
            out.ids.extend(&self.before);
            out.offsets.resize(out.ids.len(), (0, 0));
        }
        let (normalized, raw): (Vec<_>, Vec<_>) = self
            .added
            .iter()
            .partition(|token| token.normalized && self.nfc);
        for part in added::split(text, &raw) {
            match part.id {
                Some(id) => out.push(id, part.start, part.start + part.text.len()),
                None => self.encode_plain(part.text, part.start, &normalized, &mut out),
            }
        }
        if special {
            out.ids.extend(&self.after);
            out.offsets.resize(out.ids.len(), (text.len(), text.len()));
        }
        out
    }

    /// Text between added tokens: normalise, look for added tokens that want normalised text, split, merge.
    fn encode_plain(&self, text: &str, start: usize, added: &[&AddedToken], out: &mut Encoding) {
        if !self.nfc || is_nfc_quick(text.chars()) == IsNormalized::Yes {
            self.encode_normalized(text, added, out, |at| start + at);
            return;
        }
        // ASCII characters never compose with what is before them, so each starts a chunk that is
        // normalised by itself; a changed chunk is one place in the text.
        let mut normal = String::with_capacity(text.len());
        let mut places = Vec::new();
        let mut rest = text;
        let mut at = start;
        while !rest.is_empty() {
            let end = rest
                .char_indices()
                .skip(1)
                .find(|(_, c)| c.is_ascii())
                .map_or(rest.len(), |(i, _)| i);
            let (chunk, after) = rest.split_at(end);
            let before = normal.len();
            normal.extend(chunk.nfc());
            let unchanged = &normal[before..] == chunk;
            places.extend(
                (before..normal.len()).map(|i| if unchanged { at + i - before } else { at }),
            );
            at += chunk.len();
            rest = after;
        }
        places.push(at);
        self.encode_normalized(&normal, added, out, |i| places[i]);
    }

    fn encode_normalized(
        &self,
        text: &str,
        added: &[&AddedToken],
        out: &mut Encoding,
        place: impl Fn(usize) -> usize,
    ) {
        let mut symbols = Vec::new();
        for part in added::split(text, added) {
            if let Some(id) = part.id {
                out.push(id, place(part.start), place(part.start + part.text.len()));
                continue;
            }
            let mut at = part.start;
            pretokenize::split(part.text, &self.steps, &mut |piece| {
                self.encode_piece(piece.as_bytes(), &mut symbols);
                let end = at + piece.len();
                for (i, &id) in symbols.iter().enumerate() {
                    let length = self.tokens[id as usize].as_ref().map_or(0, |t| t.len());
                    let stop = if i + 1 == symbols.len() {
                        end
                    } else {
                        at + length
                    };
                    out.push(id, place(at), place(stop));
                    at = stop;
                }
                at = end;
            });
        }
    }

    fn encode_piece(&self, piece: &[u8], symbols: &mut Vec<u32>) {
        symbols.clear();
        if self.ignore_merges
            && let Some(&id) = self.ids.get(piece)
        {
            symbols.push(id);
            return;
        }
        // A byte without a token of its own is left out, as the reference does without an unknown token.
        symbols.extend(
            piece
                .iter()
                .filter_map(|&byte| self.byte_ids[usize::from(byte)]),
        );
        bpe::merge(symbols, &self.merges);
    }

    /// Text of `ids`; bytes that are no UTF-8 become U+FFFD. `skip_special` leaves special tokens out.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, Error> {
        let bytes = self.decode_bytes(ids, skip_special)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn decode_bytes(&self, ids: &[u32], skip_special: bool) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for &id in ids {
            let token = self.tokens.get(id as usize).and_then(Option::as_ref);
            let token = token.ok_or(Error::UnknownId(id))?;
            if skip_special && self.added.iter().any(|a| a.id == id && a.special) {
                continue;
            }
            bytes.extend_from_slice(token);
        }
        Ok(bytes)
    }

    /// A decoder that takes ids as they come and never gives half a character.
    #[must_use]
    pub fn decode_stream(&self, skip_special: bool) -> DecodeStream {
        DecodeStream::new(skip_special)
    }
}

impl Encoding {
    fn push(&mut self, id: u32, start: usize, end: usize) {
        self.ids.push(id);
        self.offsets.push((start, end));
    }
}
