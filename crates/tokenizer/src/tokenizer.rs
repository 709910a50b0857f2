use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use crate::added::AddedTokens;
use crate::bpe::Merges;
use crate::cache::Cache;
use crate::hash::Fast;
use crate::pretokenize::Step;
use crate::vocabulary::Vocabulary;
use crate::{DecodeStream, Error, load};

/// A loaded tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) byte_ids: [Option<u32>; 256],
    pub(crate) merges: Merges,
    /// A piece that is an entry of the vocabulary is that entry, whatever the merges say.
    pub(crate) ignore_merges: bool,
    /// Looked for in the text as given.
    pub(crate) raw_added: AddedTokens,
    /// Looked for after that, in normalised text.
    pub(crate) normalized_added: AddedTokens,
    /// Ids of all added tokens by content.
    pub(crate) added_ids: HashMap<String, u32, Fast>,
    /// Ids that decoding may leave out.
    pub(crate) special: HashSet<u32, Fast>,
    pub(crate) nfc: bool,
    pub(crate) steps: Vec<Step>,
    /// Ids that the post-processor puts before and after the text.
    pub(crate) before: Vec<u32>,
    pub(crate) after: Vec<u32>,
    pub(crate) cache: Mutex<Cache>,
}

impl Tokenizer {
    /// Loads a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        load::load(bytes)
    }

    /// One more than the largest id.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.len()
    }

    /// The id of a token by its text: an added token's content, or the text that a vocabulary entry decodes to.
    #[must_use]
    pub fn token_id(&self, text: &str) -> Option<u32> {
        let added = self.added_ids.get(text).copied();
        added.or_else(|| self.vocabulary.id(text.as_bytes()))
    }

    /// Text of `ids`; bytes that are no UTF-8 become U+FFFD. `skip_special` leaves special tokens out.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, Error> {
        let bytes = self.decode_bytes(ids, skip_special)?;
        Ok(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    pub(crate) fn decode_bytes(&self, ids: &[u32], skip_special: bool) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        for &id in ids {
            let token = self.vocabulary.token(id).ok_or(Error::UnknownId(id))?;
            if !(skip_special && self.special.contains(&id)) {
                bytes.extend_from_slice(token);
            }
        }
        Ok(bytes)
    }

    /// A decoder that takes ids as they come and never gives half a character.
    #[must_use]
    pub fn decode_stream(&self, skip_special: bool) -> DecodeStream {
        DecodeStream::new(skip_special)
    }
}
