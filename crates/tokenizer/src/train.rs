//! Training: byte pair encoding learned from counts of pieces (Sennrich et al. 2016, algorithm 1).
//!
//! The most frequent pair is merged first; of equally frequent pairs the one with the smaller ids, left
//! before right, which is the rule of Hugging Face's trainer, so that both give the same file.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::fmt::Write;

use crate::hash::Fast;
use crate::pretokenize::{self, PreTokenizer, Span, Step};
use crate::{Error, byte_level, json};

/// What to train.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Entries of the vocabulary: special tokens, the 256 bytes, merges.
    pub vocab_size: usize,
    /// Pairs seen fewer times are not merged.
    pub min_frequency: u64,
    /// How text is split before pairs are counted.
    pub pre_tokenizer: PreTokenizer,
    /// Special tokens; they get the first ids.
    pub special: Vec<String>,
}

type Pair = (u32, u32);
type PairMap<V> = HashMap<Pair, V, Fast>;

/// Trains on `texts` and returns a `tokenizer.json`.
pub fn train<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    options: &TrainOptions,
) -> Result<String, Error> {
    let mut trainer = Trainer::new(options.clone())?;
    for text in texts {
        trainer.feed(text);
    }
    Ok(trainer.finish())
}

/// Takes texts one by one and keeps only the distinct pieces and how often each occurs. Special tokens inside the texts are pieces like any other.
#[derive(Debug)]
pub struct Trainer {
    options: TrainOptions,
    steps: Vec<Step>,
    counts: HashMap<Box<[u8]>, u64, Fast>,
}

impl Trainer {
    /// Refuses options that cannot be met.
    pub fn new(options: TrainOptions) -> Result<Self, Error> {
        let distinct: HashSet<&String> = options.special.iter().collect();
        if distinct.len() != options.special.len() || options.special.iter().any(String::is_empty) {
            return Err(Error::Train(
                "special tokens must be distinct and not empty".into(),
            ));
        }
        let base = options.special.len() + 256;
        if options.vocab_size < base {
            return Err(Error::Train(format!(
                "vocab_size is {}; {base} entries are needed for the special tokens and the 256 bytes",
                options.vocab_size
            )));
        }
        Ok(Self {
            steps: options.pre_tokenizer.steps(),
            options,
            counts: HashMap::default(),
        })
    }

    /// Counts the pieces of a text.
    pub fn feed(&mut self, text: &str) {
        let counts = &mut self.counts;
        pretokenize::split(
            Span::new(text, 0),
            &self.steps,
            &mut |piece: Span<'_>| match counts.get_mut(piece.text) {
                Some(count) => *count += 1,
                None => drop(counts.insert(piece.text.into(), 1)),
            },
        );
    }

    /// Adds what another trainer counted, on another thread for instance. The order does not matter.
    pub fn absorb(&mut self, other: Self) {
        for (piece, count) in other.counts {
            *self.counts.entry(piece).or_default() += count;
        }
    }

    /// Learns the merges and returns a `tokenizer.json`.
    #[must_use]
    pub fn finish(self) -> String {
        let mut vocab = Vocabulary::new(&self.options.special);
        let mut counts: Vec<_> = self.counts.into_iter().collect();
        // The order of a hash table says nothing; this one makes runs alike.
        counts.sort_unstable();
        let word = |(piece, count): (Box<[u8]>, u64)| Word {
            symbols: piece
                .iter()
                .map(|&byte| vocab.byte_ids[usize::from(byte)])
                .collect(),
            count,
        };
        let mut words: Vec<Word> = counts.into_iter().map(word).collect();
        let merges = learn(&mut words, &mut vocab, &self.options);
        vocab.to_json(&merges, &self.options)
    }
}

/// A distinct piece: its symbols and how often it occurs.
struct Word {
    symbols: Vec<u32>,
    count: u64,
}

struct Vocabulary {
    tokens: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, u32>,
    byte_ids: [u32; 256],
}

impl Vocabulary {
    fn new(special: &[String]) -> Self {
        let mut vocab = Self {
            tokens: special.iter().map(|s| s.as_bytes().to_vec()).collect(),
            ids: HashMap::new(),
            byte_ids: [0; 256],
        };
        // The alphabet in the order of its characters, as the reference numbers it.
        let mut alphabet: Vec<u8> = (0..=255).collect();
        alphabet.sort_by_key(|&byte| byte_level::to_char(byte));
        for byte in alphabet {
            vocab.byte_ids[usize::from(byte)] = vocab.add(vec![byte]);
        }
        vocab
    }

    /// The id of a token, a new one if it has none.
    fn add(&mut self, bytes: Vec<u8>) -> u32 {
        let next = self.tokens.len() as u32;
        *self.ids.entry(bytes).or_insert_with_key(|bytes| {
            self.tokens.push(bytes.clone());
            next
        })
    }

    fn to_json(&self, merges: &[Pair], options: &TrainOptions) -> String {
        let specials = options.special.len();
        let text = |id: usize| {
            if id < specials {
                options.special[id].clone()
            } else {
                byte_level::token_text(&self.tokens[id])
            }
        };
        let mut out = String::from(
            "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n",
        );
        out.push_str("  \"added_tokens\": [");
        for (id, token) in options.special.iter().enumerate() {
            out.push_str(if id == 0 { "\n    " } else { ",\n    " });
            let _ = write!(out, "{{\"id\": {id}, \"content\": ");
            json::quote(token, &mut out);
            out.push_str(", \"single_word\": false, \"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true}");
        }
        let _ = write!(
            out,
            "\n  ],\n  \"normalizer\": null,\n  \"pre_tokenizer\": {},\n  \"post_processor\": null,\n",
            options.pre_tokenizer.json()
        );
        out.push_str("  \"decoder\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": true},\n");
        out.push_str("  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n    \"unk_token\": null,\n    \"continuing_subword_prefix\": null,\n    \"end_of_word_suffix\": null,\n    \"fuse_unk\": false,\n    \"byte_fallback\": false,\n    \"ignore_merges\": false,\n    \"vocab\": {");
        for id in 0..self.tokens.len() {
            out.push_str(if id == 0 { "\n      " } else { ",\n      " });
            json::quote(&text(id), &mut out);
            let _ = write!(out, ": {id}");
        }
        out.push_str("\n    },\n    \"merges\": [");
        for (rank, &(left, right)) in merges.iter().enumerate() {
            out.push_str(if rank == 0 { "\n      [" } else { ",\n      [" });
            json::quote(&text(left as usize), &mut out);
            out.push_str(", ");
            json::quote(&text(right as usize), &mut out);
            out.push(']');
        }
        out.push_str("\n    ]\n  }\n}\n");
        out
    }
}

/// Merges until the vocabulary is full or no pair is frequent enough. A pair's count in the heap may be
/// too high, never too low: it is checked when it comes up, and put back with the right one.
fn learn(words: &mut [Word], vocab: &mut Vocabulary, options: &TrainOptions) -> Vec<Pair> {
    let mut counts: PairMap<u64> = PairMap::default();
    let mut places: PairMap<Vec<u32>> = PairMap::default();
    for (at, word) in words.iter().enumerate() {
        for pair in word.symbols.windows(2) {
            let pair = (pair[0], pair[1]);
            *counts.entry(pair).or_default() += word.count;
            note(places.entry(pair).or_default(), at as u32);
        }
    }
    let mut heap: BinaryHeap<(u64, Reverse<Pair>)> = counts
        .iter()
        .map(|(&pair, &count)| (count, Reverse(pair)))
        .collect();
    let mut merges = Vec::new();
    while vocab.tokens.len() < options.vocab_size {
        let Some((count, Reverse(pair))) = heap.pop() else {
            break;
        };
        let current = counts.get(&pair).copied().unwrap_or(0);
        if count != current {
            if current > 0 {
                heap.push((current, Reverse(pair)));
            }
            continue;
        }
        if count < options.min_frequency.max(1) {
            break;
        }
        let mut bytes = vocab.tokens[pair.0 as usize].clone();
        bytes.extend_from_slice(&vocab.tokens[pair.1 as usize]);
        let id = vocab.add(bytes);
        merges.push(pair);
        let mut grown: HashSet<Pair, Fast> = HashSet::default();
        let mut at = places.remove(&pair).unwrap_or_default();
        at.sort_unstable();
        at.dedup();
        for place in at {
            let word = &mut words[place as usize];
            for old in word.symbols.windows(2) {
                if let Some(count) = counts.get_mut(&(old[0], old[1])) {
                    *count -= word.count;
                }
            }
            replace(&mut word.symbols, pair, id);
            for new in word.symbols.windows(2) {
                let new = (new[0], new[1]);
                *counts.entry(new).or_default() += word.count;
                if new.0 == id || new.1 == id {
                    note(places.entry(new).or_default(), place);
                    grown.insert(new);
                }
            }
        }
        counts.remove(&pair);
        heap.extend(grown.into_iter().map(|new| (counts[&new], Reverse(new))));
    }
    merges
}

/// Words come in order, so one that is noted twice is the last.
fn note(places: &mut Vec<u32>, word: u32) {
    if places.last() != Some(&word) {
        places.push(word);
    }
}

/// Every occurrence of `pair`, from the left, becomes `id`.
fn replace(symbols: &mut Vec<u32>, pair: Pair, id: u32) {
    let mut write = 0;
    let mut read = 0;
    while read < symbols.len() {
        if read + 1 < symbols.len() && (symbols[read], symbols[read + 1]) == pair {
            symbols[write] = id;
            read += 2;
        } else {
            symbols[write] = symbols[read];
            read += 1;
        }
        write += 1;
    }
    symbols.truncate(write);
}
