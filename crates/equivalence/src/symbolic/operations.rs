//! The lanes of each instruction, and operations on vectors and aggregates.

use calque_ir::fold::mask;
use calque_ir::{Op, Predicate, Type, ValueId};

use super::casts::width_of;
use super::machine::{Machine, State, choose_lane};
use super::{Lane, Lanes, NULL_PROVENANCE, Role, Stop};
use crate::graph::{Graph, Node};

impl Lane {
    /// A defined value that is no pointer.
    pub(crate) fn plain(graph: &mut Graph, value: Node) -> Self {
        let no = graph.truth(false);
        Self {
            value,
            poison: no,
            undef: no,
            provenance: graph.constant(0, 32),
        }
    }
}

impl Machine<'_> {
    pub(super) fn operation(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        op: &Op,
    ) -> Result<Lanes, Stop> {
        match op {
            Op::Binary {
                op,
                flags,
                lhs,
                rhs,
            } => {
                width_of(self.function.ty(*lhs).scalar())?;
                let (a, b) = (self.operand(state, *lhs)?, self.operand(state, *rhs)?);
                Ok(a.into_iter()
                    .zip(b)
                    .map(|(a, b)| self.binary(state, *op, *flags, a, b))
                    .collect())
            }
            Op::Compare {
                predicate,
                flags,
                lhs,
                rhs,
            } => {
                width_of(self.function.ty(*lhs).scalar())?;
                let pointers = *self.function.ty(*lhs).scalar() == Type::Pointer;
                let (a, b) = (self.operand(state, *lhs)?, self.operand(state, *rhs)?);
                if pointers
                    && matches!(predicate, Predicate::Eq | Predicate::Ne)
                    && let ([a], [b]) = (a.as_slice(), b.as_slice())
                    && self.local_and_null(state.graph, *a, *b)
                {
                    let differ = state.graph.truth(*predicate == Predicate::Ne);
                    return Ok(vec![Lane::plain(state.graph, differ)]);
                }
                Ok(a.into_iter()
                    .zip(b)
                    .map(|(a, b)| self.compare(state.graph, *predicate, *flags, a, b))
                    .collect())
            }
            Op::Select { condition, yes, no } => {
                let condition = self.operand(state, *condition)?;
                let (yes, no) = (self.operand(state, *yes)?, self.operand(state, *no)?);
                let every = condition.len() == 1;
                Ok(yes
                    .into_iter()
                    .zip(no)
                    .enumerate()
                    .map(|(i, (y, n))| {
                        self.select(state.graph, condition[if every { 0 } else { i }], y, n)
                    })
                    .collect())
            }
            Op::Freeze { value } => {
                let lanes = self.operand(state, *value)?;
                Ok(lanes
                    .into_iter()
                    .map(|lane| self.freeze(state.graph, lane))
                    .collect())
            }
            Op::Cast { op, flags, value } => self.cast(state, id, *op, *flags, *value),
            Op::FloatArithmetic { mnemonic, operands } => {
                self.float_arithmetic(state, mnemonic, operands)
            }
            Op::ExtractElement { vector, index } => {
                let lanes = self.operand(state, *vector)?;
                let index = self.one(state, *index)?;
                let g = &mut *state.graph;
                let (mut out, here) = (poisoned(g, &lanes)?, self.positions(g, index, lanes.len()));
                for (lane, here) in lanes.iter().zip(&here) {
                    out = choose_lane(g, *here, *lane, out);
                }
                out.poison = g.any(&[out.poison, index.poison]);
                out.undef = g.any(&[out.undef, index.undef]);
                if self.role == Role::Target {
                    out.poison = g.any(&[out.poison, index.undef]);
                }
                Ok(vec![out])
            }
            Op::InsertElement {
                vector,
                element,
                index,
            } => {
                let mut lanes = self.operand(state, *vector)?;
                let element = self.one(state, *element)?;
                let index = self.one(state, *index)?;
                let g = &mut *state.graph;
                let here = self.positions(g, index, lanes.len());
                let some = g.any(&here);
                let past = g.not(some);
                let lost = match self.role {
                    Role::Source => g.any(&[past, index.poison]),
                    Role::Target => g.any(&[past, index.poison, index.undef]),
                };
                for (lane, here) in lanes.iter_mut().zip(&here) {
                    *lane = choose_lane(g, *here, element, *lane);
                    lane.poison = g.any(&[lane.poison, lost]);
                }
                Ok(lanes)
            }
            Op::ShuffleVector {
                first,
                second,
                mask,
            } => {
                let mut lanes = self.operand(state, *first)?;
                lanes.extend(self.operand(state, *second)?);
                let Some(sample) = lanes.first().copied() else {
                    return Stop::because("unsupported-instruction", "shufflevector of nothing");
                };
                let zero = state.graph.constant(0, state.graph.width(sample.value));
                let poison = Lane {
                    poison: state.graph.truth(true),
                    ..Lane::plain(state.graph, zero)
                };
                Ok(mask
                    .iter()
                    .map(|m| {
                        m.and_then(|i| lanes.get(i as usize).copied())
                            .unwrap_or(poison)
                    })
                    .collect())
            }
            Op::ExtractValue { aggregate, indices } => {
                let lanes = self.operand(state, *aggregate)?;
                let (first, count) = self.path(*aggregate, indices)?;
                Ok(lanes[first..first + count].to_vec())
            }
            Op::InsertValue {
                aggregate,
                element,
                indices,
            } => {
                let mut lanes = self.operand(state, *aggregate)?;
                let element = self.operand(state, *element)?;
                let (first, count) = self.path(*aggregate, indices)?;
                if count != element.len() {
                    return Stop::because(
                        "unsupported-instruction",
                        "insertvalue of another shape",
                    );
                }
                lanes[first..first + count].copy_from_slice(&element);
                Ok(lanes)
            }
            Op::Alloca {
                element,
                count,
                align,
            } => self.alloca(state, id, element, *count, *align),
            Op::Load {
                pointer,
                align,
                result,
            } => {
                let mut lanes = self.load(state, id, *pointer, *align)?;
                self.attributed(state, &mut lanes, result)?;
                Ok(lanes)
            }
            Op::Store {
                value,
                pointer,
                align,
            } => self.store(state, *value, *pointer, *align),
            Op::GetElementPointer {
                element,
                flags,
                base,
                indices,
            } => self.element_pointer(state, element, *flags, *base, indices),
            Op::Call {
                callee,
                arguments,
                result,
                site,
            } => self.call(state, id, callee, arguments, result, site),
            Op::Unsupported { mnemonic, .. } => {
                Stop::because("unsupported-instruction", mnemonic.clone())
            }
            _ => Stop::because("unsupported-instruction", "terminator inside a block"),
        }
    }

    /// When an index names each position of a vector.
    fn positions(&self, g: &mut Graph, index: Lane, count: usize) -> Vec<Node> {
        let width = g.width(index.value);
        (0..count as u128)
            .map(|i| {
                if i > mask(width) {
                    return g.truth(false);
                }
                let at = g.constant(i, width);
                g.equal(index.value, at)
            })
            .collect()
    }

    /// Whether one is the start of a local and the other null: they differ.
    fn local_and_null(&self, g: &Graph, a: Lane, b: Lane) -> bool {
        if self.function.null_is_valid {
            return false;
        }
        let start = |lane: Lane| {
            g.as_constant(lane.provenance)
                .and_then(|id| self.locals.get(&id))
                .is_some_and(|(size, address)| *size > 0 && *address == lane.value)
        };
        let null = |lane: Lane| {
            g.as_constant(lane.provenance) == Some(NULL_PROVENANCE)
                && g.as_constant(lane.value) == Some(0)
        };
        (start(a) && null(b)) || (start(b) && null(a))
    }

    fn path(&self, aggregate: ValueId, indices: &[u32]) -> Result<(usize, usize), Stop> {
        let found = self.module.lane_path(self.function.ty(aggregate), indices);
        match found.and_then(|(first, ty)| Some((first, self.module.lanes(&ty)?.len()))) {
            Some(found) => Ok(found),
            None => Stop::because("unsupported-instruction", "aggregate path"),
        }
    }
}

/// A poison lane of the kind of others.
fn poisoned(g: &mut Graph, like: &[Lane]) -> Result<Lane, Stop> {
    let Some(sample) = like.first() else {
        return Stop::because("unsupported-instruction", "a vector of nothing");
    };
    let zero = g.constant(0, g.width(sample.value));
    Ok(Lane {
        poison: g.truth(true),
        ..Lane::plain(g, zero)
    })
}
