use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use crate::added::AddedTokens;
use crate::bpe::Merges;
use crate::cache::Cache;
use crate::hash::Fast;
use crate::normalize::Nfc;
use crate::pretokenize::Step;
use crate::vocabulary::Vocabulary;
use crate::{DecodeStream, Error, RankOptions, load, ranks};

/// Longer texts are not decoded: no JavaScript string is longer, and few ids can stand for much text.
const MAX_TEXT: usize = 1 << 29;

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
    pub(crate) nfc: Option<Nfc>,
    pub(crate) steps: Vec<Step>,
    /// Ids that the post-processor puts before and after the text.
    pub(crate) before: Vec<u32>,
    pub(crate) after: Vec<u32>,
    pub(crate) cache: Mutex<Cache>,
}

impl Tokenizer {
    /// A model by itself: text is one piece.
    pub(crate) fn new(vocabulary: Vocabulary, merges: Merges) -> Self {
        let byte_ids = std::array::from_fn(|byte| vocabulary.id(&[byte as u8]));
        Self {
            vocabulary,
            byte_ids,
            merges,
            ignore_merges: false,
            raw_added: AddedTokens::new(Vec::new()),
            normalized_added: AddedTokens::new(Vec::new()),
            added_ids: HashMap::default(),
            special: HashSet::default(),
            nfc: None,
            steps: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            cache: Mutex::new(Cache::new()),
        }
    }

    /// Loads a `tokenizer.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        load::load(bytes)
    }

    /// Loads a `.tiktoken` file of ranks. Such a file does not say how text is split: `options` do, or one of
    /// the published encodings is recognised by the number of its ranks.
    pub fn from_ranks(bytes: &[u8], options: Option<&RankOptions>) -> Result<Self, Error> {
        ranks::load(bytes, options)
    }

    /// One more than the largest id.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.len()
    }

    /// Added tokens in the order of their ids: id, content, whether decoding may leave it out.
    #[must_use]
    pub fn added_tokens(&self) -> Vec<(u32, &str, bool)> {
        let added = self.added_ids.iter();
        let mut found: Vec<_> = added
            .map(|(content, &id)| (id, content.as_str(), self.special.contains(&id)))
            .collect();
        found.sort_unstable();
        found
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
            if bytes.len() + token.len() > MAX_TEXT {
                return Err(Error::TooLarge {
                    what: "the decoded text",
                    most: MAX_TEXT,
                });
            }
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
