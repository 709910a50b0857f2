//! Byte-level BPE tokenizers in the format of Hugging Face's `tokenizer.json`: load, encode, decode, train.
//!
//! What a file asks for and this crate does not do is an error that names it ([`Error`]); nothing is ignored.
//! Ids are those of Hugging Face's `tokenizers`, which is the oracle of the tests.

mod added;
mod bpe;
mod byte_level;
mod error;
mod json;
mod load;
mod pretokenize;
mod stream;
mod tokenizer;
mod train;

pub use error::Error;
pub use pretokenize::PreTokenizer;
pub use stream::DecodeStream;
pub use tokenizer::{Encoding, Tokenizer};
pub use train::{TrainOptions, train};
