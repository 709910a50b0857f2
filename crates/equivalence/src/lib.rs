//! Decides whether one LLVM IR function refines another.
//!
//! [`check`] runs, in this order and only as far as needed: both functions on a few hundred concrete inputs (a difference is a
//! refutation that replays); a proof that walks both functions from cut point to cut point in one value graph, structurally or by SAT
//! (loop-free functions have no cut points but entry and exit); else *unknown*, with the reason.
//!
//! Model, where the language leaves room: pointers are 64 bits, little-endian; memory of the caller may hold poison but no undef bytes
//! (as Alive2 assumes); non-termination is not compared, so both sides are judged on executions that end.

mod argue;
mod bisimulation;
mod callees;
mod concrete;
mod decide;
mod graph;
mod identical;
mod image;
mod inline;
mod inputs;
mod json;
mod options;
mod parting;
mod pieces;
mod promote;
mod prove;
#[cfg(test)]
mod random;
mod replay;
mod signature;
mod solver;
mod symbolic;
mod tame;
mod verdict;

pub use decide::check;
pub use options::{Options, Relation};
pub use parting::Place;
pub use pieces::Check;
pub use signature::Signature;
pub use verdict::{Counterexample, Decision, Verdict};
