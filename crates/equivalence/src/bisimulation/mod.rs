//! Loops: both sides in lock step from one pair of cut points to the next, without a bound.
//!
//! Each loop of either side is cut at one block. Concrete runs suggest which cuts belong together, what each value of the target is in
//! terms of the source's values there, and which inequalities hold on the source; the solver then shows that all of it is kept by
//! every step, dropping suggestions that are not. (Data-driven equivalence checking, with Houdini for the inequalities.)

mod candidates;
mod invariants;
mod loops;
mod relation;
mod simulate;
mod trace;

pub(crate) use simulate::simulate;
