//! Every way that undef and `freeze` can turn out, where they are few.

use super::evaluate::run_scripted;
use super::{Choice, Input, Outcome};
use crate::module::{Function, Module};

/// Runs for one input.
const RUN_LIMIT: usize = 1 << 12;
/// A choice among more values than this many bits hold is not turned through.
const WIDTH_LIMIT: u32 = 10;

/// The values taken so far, each with its width.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    taken: Vec<(u128, u32)>,
    at: usize,
}

impl Script {
    /// The next value; zero beyond what was set.
    pub(super) fn next(&mut self, width: u32) -> Option<u128> {
        if width > WIDTH_LIMIT {
            return None;
        }
        if self.at == self.taken.len() {
            self.taken.push((0, width));
        }
        let (bits, _) = self.taken[self.at];
        self.at += 1;
        Some(bits)
    }

    /// Bits by a seed and the number of the choice (splitmix64).
    pub(super) fn mixed(&mut self, seed: u64) -> u128 {
        self.at += 1;
        let mut z = (seed << 32 | self.at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z ^= z >> 27;
        u128::from(z) | u128::from(z.rotate_left(32)) << 64
    }

    /// Counts up, the last choice fastest; `None` after the last script.
    fn following(mut self) -> Option<Self> {
        self.at = 0;
        while let Some((bits, width)) = self.taken.pop() {
            if bits + 1 < 1 << width {
                self.taken.push((bits + 1, width));
                return Some(self);
            }
        }
        None
    }
}

/// All outcomes of a function on one input; `None` where there are too many choices.
#[must_use]
pub fn run_all(
    module: &Module,
    function: &Function,
    input: &Input,
    fuel: u64,
) -> Option<Vec<Outcome>> {
    let mut out = Vec::new();
    let mut script = Script::default();
    for _ in 0..RUN_LIMIT {
        let (outcome, used) = run_scripted(
            module,
            function,
            input,
            fuel,
            Choice::Scripted,
            script,
            &mut |_, _| {},
        );
        if matches!(outcome, Outcome::Stuck("undef", _)) {
            return None;
        }
        if !out.contains(&outcome) {
            out.push(outcome);
        }
        match used.following() {
            Some(next) => script = next,
            None => return Some(out),
        }
    }
    None
}
