//! Every way that undef and `freeze` can turn out, where they are few.

use super::evaluate::Frame;
use super::evaluate::run_scripted;
use super::{Choice, Input, Outcome, Stop};
use crate::instruction::{Callee, Op};
use crate::module::{Function, Module, ValueId};

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

/// What a function may do on one input.
pub struct Outcomes {
    /// All of it, without repetition.
    pub list: Vec<Outcome>,
    /// Whether some result came of a choice for undef: what is returned or stored may then be undef, not any one value.
    pub loose: bool,
}

/// All outcomes of a function on one input; `None` where there are too many choices.
#[must_use]
pub fn run_all(module: &Module, function: &Function, input: &Input, fuel: u64) -> Option<Outcomes> {
    let mut out = Outcomes {
        list: Vec::new(),
        loose: false,
    };
    let mut script = Script::default();
    for _ in 0..RUN_LIMIT {
        let run = run_scripted(
            module,
            function,
            input,
            fuel,
            Choice::Scripted,
            script,
            &mut |_, _| {},
        );
        if matches!(run.outcome, Outcome::Stuck("undef", _)) {
            return None;
        }
        out.loose |= run.loose;
        if !out.list.contains(&run.outcome) {
            out.list.push(run.outcome);
        }
        match run.script.following() {
            Some(next) => script = next,
            None => return Some(out),
        }
    }
    None
}

/// Results of choices for undef. An operation on undef gives a value that may differ at each use, as undef itself may. A script fixes one
/// value, so it tells all that can happen only while that value is read once, and by an operation that gives a value again.
impl Frame<'_> {
    /// An instruction reads its operands.
    pub(super) fn read_loose(&mut self, id: ValueId, op: &Op) -> Result<(), Stop> {
        self.loose.remove(&id);
        if self.loose.is_empty() {
            return Ok(());
        }
        for operand in op.operands() {
            self.read(operand)?;
        }
        if !self.loosened.get() {
            return Ok(());
        }
        let gives_a_value = match op {
            Op::Freeze { .. } => {
                self.loosened.set(false);
                true
            }
            Op::Return { .. } => {
                let result = &self.function.result_attributes;
                self.depth == 0 && !result.noundef && result.range.is_none()
            }
            Op::Call {
                callee: Callee::Named(name),
                ..
            } => {
                name.starts_with("llvm.") && name != "llvm.assume" && !name.starts_with("llvm.mem")
            }
            Op::BranchIf { .. }
            | Op::Switch { .. }
            | Op::Call { .. }
            | Op::Load { .. }
            | Op::Store { .. }
            | Op::Alloca { .. } => false,
            _ => true,
        };
        if gives_a_value {
            return Ok(());
        }
        Stop::stuck("undef", "the result of an operation on undef")
    }

    /// One operand is read.
    pub(super) fn read(&mut self, operand: ValueId) -> Result<(), Stop> {
        let Some(reads) = self.loose.get_mut(&operand) else {
            return Ok(());
        };
        *reads += 1;
        self.loosened.set(true);
        if *reads > 1 {
            return Stop::stuck("undef", "the result of an operation on undef, used twice");
        }
        Ok(())
    }

    /// An instruction has its result.
    pub(super) fn note_loose(&mut self, id: ValueId) {
        if self.loosened.take() {
            self.any_loose = true;
            self.loose.insert(id, 0);
        } else {
            self.loose.remove(&id);
        }
    }
}
