//! Byte-level BPE tokenizers: load Hugging Face's `tokenizer.json` or `.tiktoken` ranks, encode, decode, train.
//!
//! What a file asks for and this crate does not do is an error that names it ([`Error`]); nothing is ignored.
//! Ids are those of Hugging Face's `tokenizers`, which is the oracle of the tests.

mod added;
mod bpe;
mod byte_level;
mod cache;
mod categories;
mod encode;
mod error;
mod hash;
mod json;
mod load;
mod normalize;
mod pattern;
mod pretokenize;
mod ranks;
mod scan;
mod stream;
mod tokenizer;
mod train;
mod truncate;
mod vocabulary;

pub use encode::Encoding;
pub use error::Error;
pub use pretokenize::PreTokenizer;
pub use ranks::RankOptions;
pub use stream::DecodeStream;
pub use tokenizer::Tokenizer;
pub use train::{TrainOptions, Trainer, train};
