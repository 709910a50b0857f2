//! Poison, undefined behaviour and value of operations on scalars, as graph nodes.

use calque_ir::fold::mask;
use calque_ir::{BinaryOp, Flags, Predicate};

use super::arithmetic::{arithmetic, compare_nodes};
use super::machine::{Machine, State, choose_lane};
use super::{Lane, Role};
use crate::graph::{Graph, Node};

impl Machine<'_> {
    /// Poison of the operands; and, of a target, undef where the operation can turn it into poison.
    pub(super) fn poison_of(
        &self,
        graph: &mut Graph,
        lanes: &[Lane],
        undef_too: bool,
    ) -> Vec<Node> {
        let mut out: Vec<Node> = lanes.iter().map(|l| l.poison).collect();
        if undef_too && self.role == Role::Target {
            out.extend(lanes.iter().map(|l| l.undef));
        }
        out.retain(|n| !graph.is_false(*n));
        out
    }

    /// Undef of a result in general: for a target, of any operand; for a source, never.
    pub(super) fn undef_of(&self, graph: &mut Graph, lanes: &[Lane]) -> Node {
        match self.role {
            Role::Source => graph.truth(false),
            Role::Target => {
                let all: Vec<Node> = lanes.iter().map(|l| l.undef).collect();
                graph.any(&all)
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        state: &mut State<'_>,
        op: BinaryOp,
        flags: Flags,
        a: Lane,
        b: Lane,
    ) -> Lane {
        let g = &mut *state.graph;
        let width = g.width(a.value);
        let flagged = flags != Flags::default()
            || matches!(op, BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr);
        let mut poison = self.poison_of(g, &[a, b], flagged);
        let (value, why) = arithmetic(g, op, flags, a.value, b.value);
        poison.extend(why);
        let undef = match (self.role, op) {
            // Adding something defined to a value that can be anything gives a value that can be anything.
            (Role::Source, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Xor)
                if flags == Flags::default() =>
            {
                let (not_a, not_b) = (g.not(a.undef), g.not(b.undef));
                let (left, right) = (g.all(&[a.undef, not_b]), g.all(&[b.undef, not_a]));
                g.any(&[left, right])
            }
            _ => self.undef_of(g, &[a, b]),
        };
        let poison = g.any(&poison);
        let provenance = g.constant(0, 32);
        let lane = Lane {
            value,
            poison,
            undef,
            provenance,
        };
        if matches!(
            op,
            BinaryOp::UDiv | BinaryOp::SDiv | BinaryOp::URem | BinaryOp::SRem
        ) {
            let zero = g.constant(0, width);
            let by_zero = g.equal(b.value, zero);
            let mut wrong = vec![by_zero, b.poison, b.undef];
            if matches!(op, BinaryOp::SDiv | BinaryOp::SRem) {
                let (ones, smallest) = (
                    g.constant(u128::MAX, width),
                    g.constant(1 << (width - 1), width),
                );
                let by_minus_one = g.equal(b.value, ones);
                let lowest = g.equal(a.value, smallest);
                let risky = if self.role == Role::Target {
                    g.any(&[lowest, a.poison, a.undef])
                } else {
                    g.any(&[lowest, a.poison])
                };
                wrong.push(g.all(&[by_minus_one, risky]));
            }
            let wrong = g.any(&wrong);
            state.undefined_if(wrong);
        }
        lane
    }

    pub(super) fn compare(
        &mut self,
        g: &mut Graph,
        predicate: Predicate,
        flags: Flags,
        a: Lane,
        b: Lane,
    ) -> Lane {
        let width = g.width(a.value);
        let mut poison = self.poison_of(g, &[a, b], flags.samesign);
        if flags.samesign {
            let (x, y) = (
                g.extract(a.value, width - 1, 1),
                g.extract(b.value, width - 1, 1),
            );
            poison.push(g.xor(x, y));
        }
        let value = compare_nodes(g, predicate, a.value, b.value);
        // A value that can be anything compares either way, except where no value would.
        let undef = match (self.role, predicate) {
            (Role::Source, Predicate::Eq | Predicate::Ne) => {
                let (not_a, not_b) = (g.not(a.undef), g.not(b.undef));
                let (left, right) = (g.all(&[a.undef, not_b]), g.all(&[b.undef, not_a]));
                g.any(&[left, right])
            }
            (Role::Source, _) => self.source_undef_order(g, predicate, a, b),
            _ => self.undef_of(g, &[a, b]),
        };
        let poison = g.any(&poison);
        Lane {
            poison,
            undef,
            ..Lane::plain(g, value)
        }
    }

    /// An ordering of undef against a constant is itself undef if some value makes it true and some makes it false.
    fn source_undef_order(&self, g: &mut Graph, predicate: Predicate, a: Lane, b: Lane) -> Node {
        let width = g.width(a.value);
        let both_ways = |constant: u128, swapped: bool| {
            let probes = [0, mask(width), 1 << (width - 1), (1u128 << (width - 1)) - 1];
            let seen: Vec<bool> = probes
                .iter()
                .map(|p| {
                    if swapped {
                        (constant, *p)
                    } else {
                        (*p, constant)
                    }
                })
                .map(|(x, y)| calque_ir::fold::compare(predicate, width, x, y))
                .collect();
            seen.contains(&true) && seen.contains(&false)
        };
        match (g.as_constant(a.value), g.as_constant(b.value)) {
            (_, Some(c)) if g.is_false(b.undef) && both_ways(c, false) => a.undef,
            (Some(c), _) if g.is_false(a.undef) && both_ways(c, true) => b.undef,
            _ => g.truth(false),
        }
    }

    pub(super) fn select(&mut self, g: &mut Graph, c: Lane, yes: Lane, no: Lane) -> Lane {
        let mut lane = choose_lane(g, c.value, yes, no);
        if self.role == Role::Target && !g.is_false(c.undef) {
            // Either may come out, each time anew.
            lane.poison = {
                let either = g.any(&[yes.poison, no.poison]);
                let risky = g.all(&[c.undef, either]);
                g.any(&[lane.poison, risky])
            };
            lane.undef = g.any(&[lane.undef, c.undef]);
        }
        lane.poison = g.any(&[c.poison, lane.poison]);
        lane
    }

    pub(super) fn freeze(&mut self, g: &mut Graph, lane: Lane) -> Lane {
        let no = g.truth(false);
        if self.role == Role::Source {
            return Lane {
                poison: no,
                undef: no,
                ..lane
            };
        }
        let loose = g.any(&[lane.poison, lane.undef]);
        if g.is_false(loose) {
            return lane;
        }
        let any_value = g.variable(g.width(lane.value));
        let any_place = g.variable(32);
        Lane {
            value: g.choose(loose, any_value, lane.value),
            poison: no,
            undef: no,
            provenance: if g.as_constant(lane.provenance) == Some(0) {
                lane.provenance
            } else {
                g.choose(loose, any_place, lane.provenance)
            },
        }
    }
}
