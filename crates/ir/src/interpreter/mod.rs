//! Runs a function on concrete input.
//!
//! Poison and undef are values of their own. Where the language leaves a choice (undef, `freeze` of it), [`Choice`] says what happens:
//! a refutation may pick any choice on the target's side, but must not depend on one on the source's side.

mod callees;
mod choices;
mod evaluate;
mod float;
mod intrinsics;
mod load_store;
mod operands;
mod scalars;

pub use callees::{CallRecord, STRANGER_COUNT};
pub use choices::{Outcomes, run_all};
pub use evaluate::{Frame, Step, run, run_with_steps};

use crate::memory::{Memory, Pointer};

/// A scalar; vectors and aggregates are lists of them, left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// Integer bits, zero above the width.
    Int(u128),
    /// A pointer.
    Pointer(Pointer),
    /// Poison.
    Poison,
    /// Undef: each use may differ.
    Undef,
}

/// What to do where the language allows several results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Stop with `Outcome::Stuck`: the caller must not rely on one choice.
    Refuse,
    /// Take zero.
    Zero,
    /// Take all ones.
    Ones,
    /// Take bits that look random, each time others; by a seed.
    Mixed(u64),
    /// Follow a script, which `run_all` turns through everything.
    Scripted,
}

/// Arguments and the memory that they point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Lanes of each argument.
    pub arguments: Vec<Vec<Scalar>>,
    /// Blocks of pointer arguments and globals; globals are found by the name `@name`.
    pub memory: Memory,
    /// How functions behave that are only declared: in the n-th of a few ways (`callees`); `None` stops at such a call.
    pub strangers: Option<u32>,
}

/// How an execution ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Returned these lanes, leaving this memory.
    Return {
        /// Lanes of the result; none for `void`.
        value: Vec<Scalar>,
        /// All blocks; those of the function's own are no longer live.
        memory: Memory,
        /// Calls that the world sees.
        calls: Vec<CallRecord>,
    },
    /// A function that is only declared ended the program.
    Exited {
        /// Calls that the world saw, the last one included.
        calls: Vec<CallRecord>,
    },
    /// Undefined behaviour, and what it was.
    Undefined(String),
    /// More steps than allowed.
    OutOfFuel,
    /// Something without a model: a stable reason code and a description.
    Stuck(&'static str, String),
}

/// Why an instruction did not give a value.
#[derive(Clone, Debug)]
enum Stop {
    Undefined(String),
    Stuck(&'static str, String),
    OutOfFuel,
    Exit,
}

impl Stop {
    fn undefined<T>(what: impl Into<String>) -> Result<T, Self> {
        Err(Self::Undefined(what.into()))
    }

    fn stuck<T>(code: &'static str, what: impl Into<String>) -> Result<T, Self> {
        Err(Self::Stuck(code, what.into()))
    }
}
