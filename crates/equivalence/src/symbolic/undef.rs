//! Undef is another value at each use. Where everything made of it is a tree, so that nothing is looked at twice, each use is a value
//! by itself: of the target any value, of the source the same as the target's use of the same number, which is its choice.

use calque_ir::collections::HashMap;
use calque_ir::fold::{Intrinsic, overflow_intrinsic};
use calque_ir::{Callee, Constant, Function, Op, Type, ValueId, ValueKind};

use super::machine::{Machine, State};
use super::{Lanes, Role};

impl Machine<'_> {
    /// Lets both sides take undef use by use, as far as the target's uses are trees.
    pub(crate) fn separate_uses(source: &mut Self, target: &mut Self) {
        if !target.flow.back_edges().is_empty() {
            return;
        }
        let uses = uses_of(target.function);
        let (mut constants, mut shared) = (0, HashMap::default());
        for (i, value) in target.function.values.iter().enumerate() {
            let id = ValueId(i as u32);
            let count = uses.get(&id).map_or(0, Vec::len);
            let loose = match &value.kind {
                // Another pointer would be one into another allocation.
                ValueKind::Argument(_) => {
                    matches!(value.ty.scalar(), Type::Int(_) | Type::Float(_)) || count <= 1
                }
                ValueKind::Constant(constant) => has_undef(constant),
                _ => false,
            };
            if !loose || !separate(target.function, &uses, id) {
                continue;
            }
            match &value.kind {
                ValueKind::Argument(n) => {
                    shared.insert(*n, count);
                }
                _ => constants += count,
            }
            target.separate.insert(id, usize::MAX);
        }
        for (i, value) in source.function.values.iter().enumerate() {
            let limit = match &value.kind {
                ValueKind::Argument(n) => shared.get(n).copied().unwrap_or(0),
                ValueKind::Constant(constant) if has_undef(constant) => constants,
                _ => 0,
            };
            if limit > 0 {
                source.separate.insert(ValueId(i as u32), limit);
            }
        }
    }

    /// The lanes of one more use.
    pub(super) fn one_use(&mut self, state: &mut State<'_>, id: ValueId, lanes: &mut Lanes) {
        let Some(&limit) = self.separate.get(&id) else {
            return;
        };
        for lane in lanes {
            if state.graph.is_false(lane.undef) {
                continue;
            }
            let count = self.choices.entry(lane.undef).or_insert(0);
            let instance = *count;
            *count += 1;
            // The first use of an argument is what stands for it; a constant has no such value.
            let constant = state.graph.is_true(lane.undef);
            if instance < limit && (constant || instance > 0) {
                let width = state.graph.width(lane.value);
                let key = (lane.undef, 256 * instance + width as usize);
                let any = *state
                    .world
                    .choices
                    .entry(key)
                    .or_insert_with(|| state.graph.variable(width));
                lane.value = state.graph.choose(lane.undef, any, lane.value);
            }
            if self.role == Role::Target {
                lane.undef = state.graph.truth(false);
            }
        }
    }
}

fn has_undef(constant: &Constant) -> bool {
    match constant {
        Constant::Undef => true,
        Constant::Aggregate(fields) => fields.iter().any(|(_, c)| has_undef(c)),
        _ => false,
    }
}

/// The instructions that use each value, with repetition.
fn uses_of(function: &Function) -> HashMap<ValueId, Vec<ValueId>> {
    let mut out: HashMap<ValueId, Vec<ValueId>> = HashMap::default();
    for block in &function.blocks {
        for &id in &block.instructions {
            let operands = function.op(id).map(Op::operands);
            for operand in operands.into_iter().flatten() {
                out.entry(operand).or_default().push(id);
            }
        }
    }
    out
}

/// Whether everything made of each use is used once, by operations for which undef is any one value.
fn separate(function: &Function, uses: &HashMap<ValueId, Vec<ValueId>>, value: ValueId) -> bool {
    let mut open: Vec<ValueId> = uses.get(&value).cloned().unwrap_or_default();
    while let Some(at) = open.pop() {
        match function.op(at) {
            Some(Op::Return { .. } | Op::Freeze { .. }) => continue,
            Some(
                Op::Binary { .. }
                | Op::Compare { .. }
                | Op::Cast { .. }
                | Op::Select { .. }
                | Op::FloatArithmetic { .. }
                | Op::ExtractElement { .. }
                | Op::InsertElement { .. }
                | Op::ShuffleVector { .. },
            ) => {}
            Some(Op::Call {
                callee: Callee::Named(name),
                ..
            }) if Intrinsic::from_callee(name).is_some()
                || overflow_intrinsic(name).is_some()
                || calque_ir::float::is_intrinsic(name) => {}
            _ => return false,
        }
        match uses.get(&at).map(Vec::as_slice) {
            None | Some([]) => {}
            Some([one]) => open.push(*one),
            _ => return false,
        }
    }
    true
}
