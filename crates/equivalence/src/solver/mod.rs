//! From bit vectors to clauses, and the question whether a truth value can be true.

mod aig;
mod blast;
mod blocks;
#[cfg(test)]
mod differential_test;
mod merge;
#[cfg(test)]
mod proof;
mod sat;

pub(crate) use blocks::{Blocks, FoundBlock, KnownBlock};
pub(crate) use sat::{Answer, Solver};
