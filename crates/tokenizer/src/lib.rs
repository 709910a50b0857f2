//! Byte-level BPE tokenizers in the format of Hugging Face's `tokenizer.json`: load, encode, decode, train.
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
mod scan;
mod stream;
mod tokenizer;
mod train;
mod vocabulary;

pub use encode::Encoding;
pub use error::Error;
pub use pretokenize::PreTokenizer;
pub use stream::DecodeStream;
pub use tokenizer::Tokenizer;
pub use train::{TrainOptions, train};
