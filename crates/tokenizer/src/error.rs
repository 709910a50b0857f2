use std::fmt;

/// Why a tokenizer could not be loaded, trained or used. [`Error::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The file is not JSON; byte offset and what was expected there.
    Json {
        /// Byte offset in the file.
        offset: usize,
        /// What was expected.
        expected: &'static str,
    },
    /// A key is missing or holds a value of the wrong kind.
    Malformed {
        /// Path of the key, such as `model.merges[3]`.
        path: String,
        /// What was expected there.
        expected: String,
    },
    /// The file asks for a component that is not implemented.
    Unsupported {
        /// Path of the key.
        path: String,
        /// The component as the file names it.
        component: String,
    },
    /// A line of a rank file is not `token rank`, or the file does not say how its text is split.
    Ranks {
        /// What, such as `line 3`.
        place: String,
        /// What was expected there.
        expected: String,
    },
    /// More than the module can hold.
    TooLarge {
        /// What has that size.
        what: &'static str,
        /// The most it may have.
        most: usize,
    },
    /// An id that the vocabulary does not hold.
    UnknownId(u32),
    /// Training options that cannot be met.
    Train(String),
}

impl Error {
    /// Stable kebab-case name of the kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "tokenizer-json",
            Self::Malformed { .. } => "tokenizer-malformed",
            Self::Unsupported { .. } => "tokenizer-unsupported",
            Self::Ranks { .. } => "tokenizer-ranks",
            Self::TooLarge { .. } => "too-large",
            Self::UnknownId(_) => "unknown-token-id",
            Self::Train(_) => "tokenizer-training",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { offset, expected } => {
                write!(f, "tokenizer.json: byte {offset}: expected {expected}")
            }
            Self::Malformed { path, expected } => {
                write!(f, "tokenizer.json: {path}: expected {expected}")
            }
            Self::Unsupported { path, component } => {
                write!(f, "tokenizer.json: {path}: {component} is not supported")
            }
            Self::Ranks { place, expected } => write!(f, "ranks: {place}: expected {expected}"),
            Self::TooLarge { what, most } => write!(f, "{what}: more than {most} bytes"),
            Self::UnknownId(id) => write!(f, "token id {id} is not in the vocabulary"),
            Self::Train(why) => write!(f, "cannot train: {why}"),
        }
    }
}

impl std::error::Error for Error {}
