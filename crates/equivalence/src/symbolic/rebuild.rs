//! Values at a cut point: rebuilt from others where they are pure expressions, free otherwise.

use calque_ir::collections::HashMap;

use calque_ir::fold::{Intrinsic, overflow_intrinsic};
use calque_ir::{Callee, CastOp, Op, ParameterAttributes, Type, ValueId, ValueKind};

use super::casts::width_of;
use super::machine::{Machine, State};
use super::{Lane, Lanes, Stop, World};
use crate::graph::{Graph, Node};

/// Makes the lanes of a value that is not rebuilt.
pub(crate) type Free<'a, 'm> =
    dyn FnMut(&mut Graph, &Machine<'m>, ValueId) -> Result<Lanes, Stop> + 'a;

impl<'m> Machine<'m> {
    /// A lane that can be anything, poison included.
    pub(crate) fn free_lane(&self, g: &mut Graph, ty: &Type) -> Result<Lane, Stop> {
        let value = g.variable(width_of(ty)?);
        let provenance = if *ty == Type::Pointer {
            World::foreign(g)
        } else {
            g.constant(0, 32)
        };
        Ok(Lane {
            value,
            poison: g.variable(1),
            undef: g.truth(false),
            provenance,
        })
    }

    /// The values that `rebuild` would ask `free` for.
    pub(crate) fn leaves_of(&self, id: ValueId, loads: bool) -> Vec<ValueId> {
        let (mut out, mut seen, mut stack) = (Vec::new(), vec![id], vec![id]);
        while let Some(top) = stack.pop() {
            match &self.function.value(top).kind {
                ValueKind::Instruction(op) if is_pure(op, loads) => {
                    for operand in op.operands() {
                        if !seen.contains(&operand) {
                            seen.push(operand);
                            stack.push(operand);
                        }
                    }
                }
                ValueKind::Instruction(_) => out.push(top),
                _ => {}
            }
        }
        out
    }

    /// Puts the lanes of `id` into `values`. In static single assignment a value equals its expression wherever it is defined, so pure
    /// instructions are evaluated again; loads too, where no memory changes. `undefined` collects what would have been undefined behaviour then.
    #[allow(clippy::too_many_arguments, reason = "one call with its whole context")]
    pub(crate) fn rebuild(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        id: ValueId,
        values: &mut HashMap<ValueId, Lanes>,
        memory: Node,
        loads: bool,
        undefined: &mut Vec<Node>,
        free: &mut Free<'_, 'm>,
    ) -> Result<(), Stop> {
        let mut stack = vec![id];
        while let Some(&top) = stack.last() {
            if values.contains_key(&top)
                || matches!(self.function.value(top).kind, ValueKind::Constant(_))
            {
                stack.pop();
                continue;
            }
            let Some(op) = self.function.op(top).filter(|op| is_pure(op, loads)) else {
                let lanes = free(graph, self, top)?;
                values.insert(top, lanes);
                stack.pop();
                continue;
            };
            let waiting: Vec<ValueId> = op
                .operands()
                .into_iter()
                .filter(|v| {
                    !values.contains_key(v)
                        && !matches!(self.function.value(*v).kind, ValueKind::Constant(_))
                })
                .collect();
            if waiting.is_empty() {
                let reach = graph.truth(true);
                let taken = std::mem::take(values);
                let mut state = State {
                    graph: &mut *graph,
                    world: &mut *world,
                    values: taken,
                    memory,
                    reach,
                    undefined: Vec::new(),
                };
                let lanes = self.operation(&mut state, top, op);
                *values = state.values;
                undefined.append(&mut state.undefined);
                values.insert(top, lanes?);
                stack.pop();
            } else {
                stack.extend(waiting);
            }
        }
        Ok(())
    }
}

fn is_pure(op: &Op, loads: bool) -> bool {
    match op {
        // Each of these may choose its NaN anew.
        Op::Cast {
            op: CastOp::Float(_),
            ..
        } => false,
        Op::Binary { .. }
        | Op::Compare { .. }
        | Op::Select { .. }
        | Op::Cast { .. }
        | Op::GetElementPointer { .. }
        | Op::ExtractElement { .. }
        | Op::InsertElement { .. }
        | Op::ShuffleVector { .. }
        | Op::ExtractValue { .. }
        | Op::InsertValue { .. } => true,
        Op::Load { result, .. } => loads && *result == ParameterAttributes::default(),
        Op::Call {
            callee: Callee::Named(name),
            ..
        } => {
            Intrinsic::from_callee(name).is_some()
                || overflow_intrinsic(name).is_some()
                || name.starts_with("llvm.ssa.copy.")
        }
        _ => false,
    }
}
