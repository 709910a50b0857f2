//! The crate's one error type.

use std::fmt;

/// What kept a text from becoming IR, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IrError {
    /// Stable kebab-case code: `parse-error`, `ill-formed`, `no-function`, `too-large`.
    pub code: &'static str,
    /// What was found and what was expected.
    pub message: String,
    /// One-based line, 0 where the error has no place in the text.
    pub line: u32,
    /// One-based column in bytes, 0 where the error has no place in the text.
    pub column: u32,
}

impl IrError {
    /// An error without a place in the text.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for IrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}", self.message)
        } else {
            write!(
                f,
                "line {}, column {}: {}",
                self.line, self.column, self.message
            )
        }
    }
}

impl std::error::Error for IrError {}
