//! Calls: intrinsics on integers as graph nodes; everything else is unknown.

use calque_ir::fold::{Intrinsic, overflow_intrinsic};
use calque_ir::{BinaryOp, Callee, Flags, ParameterAttributes, Type, ValueId};

use super::machine::{Machine, State};
use super::operations::{arithmetic, width_of};
use super::{Lane, Lanes, Role, Stop};
use crate::graph::{Graph, Hard, Node};

impl Machine<'_> {
    pub(super) fn call(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        callee: &Callee,
        arguments: &[(ValueId, ParameterAttributes)],
        result: &ParameterAttributes,
    ) -> Result<Lanes, Stop> {
        let Callee::Named(name) = callee else {
            return Stop::because("external-call", "indirect call");
        };
        if name == "llvm.assume" {
            let lane = match arguments.first() {
                Some((condition, _)) => self.one(state, *condition)?,
                None => return Stop::because("external-call", "@llvm.assume"),
            };
            let fails = state.graph.not(lane.value);
            let wrong = state.graph.any(&[lane.poison, lane.undef, fails]);
            state.undefined_if(wrong);
            return Ok(Vec::new());
        }
        if name.starts_with("llvm.lifetime.") {
            // Leaving the markers out makes a program more defined: fine for a source, not for a target.
            return match self.role {
                Role::Source => Ok(Vec::new()),
                Role::Target => Stop::because("memory-model", "lifetime of a local in the target"),
            };
        }
        let mut lanes = Vec::new();
        for (value, attributes) in arguments {
            let mut argument = self.operand(state, *value)?;
            self.attributed(state, &mut argument, attributes)?;
            lanes.push(argument);
        }
        let mut out = if let Some((which, operands)) = Intrinsic::from_callee(name) {
            self.pointwise(state.graph, id, which, operands, &lanes)?
        } else if let Some((op, signed)) = overflow_intrinsic(name) {
            self.with_overflow(state.graph, op, signed, &lanes)?
        } else if name.starts_with("llvm.expect.") {
            lanes.first().cloned().unwrap_or_default()
        } else if name.starts_with("llvm.vector.reduce.") {
            self.reduce(state.graph, name, &lanes)?
        } else {
            return Stop::because("external-call", format!("@{name}"));
        };
        self.attributed(state, &mut out, result)?;
        Ok(out)
    }

    fn pointwise(
        &mut self,
        g: &mut Graph,
        id: ValueId,
        which: Intrinsic,
        operands: usize,
        arguments: &[Lanes],
    ) -> Result<Lanes, Stop> {
        let out_width = width_of(self.function.ty(id).scalar())?;
        let count = arguments.first().map_or(0, Vec::len);
        if arguments.len() != operands || count == 0 {
            return Stop::because("unsupported-instruction", "intrinsic of another shape");
        }
        let mut out = Vec::new();
        for lane in 0..count {
            let row: Vec<Lane> = arguments
                .iter()
                .map(|a| if a.len() == 1 { a[0] } else { a[lane] })
                .collect();
            let values: Vec<Node> = row.iter().map(|l| l.value).collect();
            let (value, more) = intrinsic_nodes(g, which, out_width, &values);
            let may_add_poison = !more.is_empty();
            let mut poison = self.poison_of(g, &row, may_add_poison);
            poison.extend(more);
            let poison = g.any(&poison);
            let undef = self.undef_of(g, &row);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
        }
        Ok(out)
    }

    fn with_overflow(
        &mut self,
        g: &mut Graph,
        op: BinaryOp,
        signed: bool,
        arguments: &[Lanes],
    ) -> Result<Lanes, Stop> {
        let [a, b] = arguments else {
            return Stop::because("unsupported-instruction", "overflow intrinsic");
        };
        let flags = Flags {
            nsw: signed,
            nuw: !signed,
            ..Flags::default()
        };
        let mut values = Vec::new();
        let mut overflows = Vec::new();
        for (a, b) in a.iter().zip(b) {
            let (value, why) = arithmetic(g, op, flags, a.value, b.value);
            let overflow = g.any(&why);
            let poison = self.poison_of(g, &[*a, *b], false);
            let poison = g.any(&poison);
            let undef = self.undef_of(g, &[*a, *b]);
            values.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
            overflows.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, overflow)
            });
        }
        values.extend(overflows);
        Ok(values)
    }

    fn reduce(&mut self, g: &mut Graph, name: &str, arguments: &[Lanes]) -> Result<Lanes, Stop> {
        let kind = name
            .trim_start_matches("llvm.vector.reduce.")
            .split('.')
            .next()
            .unwrap_or("");
        let Some((first, rest)) = arguments.first().and_then(|lanes| lanes.split_first()) else {
            return Stop::because("unsupported-instruction", name);
        };
        let width = g.width(first.value);
        let mut value = first.value;
        for lane in rest {
            value = match kind {
                "add" | "mul" | "and" | "or" | "xor" => {
                    let op = BinaryOp::from_name(kind).unwrap_or(BinaryOp::Add);
                    arithmetic(g, op, Flags::default(), value, lane.value).0
                }
                "smax" => intrinsic_nodes(g, Intrinsic::SMax, width, &[value, lane.value]).0,
                "smin" => intrinsic_nodes(g, Intrinsic::SMin, width, &[value, lane.value]).0,
                "umax" => intrinsic_nodes(g, Intrinsic::UMax, width, &[value, lane.value]).0,
                "umin" => intrinsic_nodes(g, Intrinsic::UMin, width, &[value, lane.value]).0,
                _ => return Stop::because("external-call", format!("@{name}")),
            };
        }
        let lanes = arguments.first().cloned().unwrap_or_default();
        let poison = self.poison_of(g, &lanes, false);
        let poison = g.any(&poison);
        let undef = self.undef_of(g, &lanes);
        Ok(vec![Lane {
            poison,
            undef,
            ..Lane::plain(g, value)
        }])
    }
}

/// Value of an intrinsic, and conditions under which it is poison by itself.
pub(crate) fn intrinsic_nodes(
    g: &mut Graph,
    which: Intrinsic,
    out: u32,
    x: &[Node],
) -> (Node, Vec<Node>) {
    let a = x[0];
    let b = x.get(1).copied().unwrap_or(a);
    let width = g.width(a);
    let zero = g.constant(0, width);
    let smallest = g.constant(1 << (width - 1), width);
    let largest = g.constant((1 << (width - 1)) - 1, width);
    let ones = g.constant(u128::MAX, width);
    let negative = |g: &mut Graph, n: Node| g.signed_less(n, zero);
    let mut poison = Vec::new();
    let value = match which {
        Intrinsic::SMax => {
            let less = g.signed_less(a, b);
            g.choose(less, b, a)
        }
        Intrinsic::SMin => {
            let less = g.signed_less(b, a);
            g.choose(less, b, a)
        }
        Intrinsic::UMax => {
            let less = g.unsigned_less(a, b);
            g.choose(less, b, a)
        }
        Intrinsic::UMin => {
            let less = g.unsigned_less(b, a);
            g.choose(less, b, a)
        }
        Intrinsic::Abs => {
            let lowest = g.equal(a, smallest);
            poison.push(g.all(&[lowest, b]));
            let less = negative(g, a);
            let minus = g.neg(a);
            g.choose(less, minus, a)
        }
        Intrinsic::CtPop => {
            let mut sum = zero;
            for i in 0..width {
                let bit = g.extract(a, i, 1);
                let bit = g.zero_extend(bit, width);
                sum = g.add(sum, bit);
            }
            sum
        }
        Intrinsic::CtLz | Intrinsic::CtTz => {
            let none = g.equal(a, zero);
            poison.push(g.all(&[none, b]));
            let mut count = g.constant(u128::from(width), width);
            for step in 0..width {
                // The last one looked at wins: for leading zeros from low to high.
                let (position, zeros) = if which == Intrinsic::CtLz {
                    (step, width - 1 - step)
                } else {
                    (width - 1 - step, width - 1 - step)
                };
                let bit = g.extract(a, position, 1);
                let here = g.constant(u128::from(zeros), width);
                count = g.choose(bit, here, count);
            }
            count
        }
        Intrinsic::BSwap => g.reverse_bytes(a),
        Intrinsic::BitReverse => g.reverse_bits(a),
        Intrinsic::FShl | Intrinsic::FShr => funnel(g, which, a, b, x[2]),
        Intrinsic::UAddSat => {
            let sum = g.add(a, b);
            let over = g.unsigned_less(sum, a);
            g.choose(over, ones, sum)
        }
        Intrinsic::USubSat => {
            let under = g.unsigned_less(a, b);
            let difference = g.sub(a, b);
            g.choose(under, zero, difference)
        }
        Intrinsic::SAddSat | Intrinsic::SSubSat => {
            let op = if which == Intrinsic::SAddSat {
                BinaryOp::Add
            } else {
                BinaryOp::Sub
            };
            let (result, over) = arithmetic(
                g,
                op,
                Flags {
                    nsw: true,
                    ..Flags::default()
                },
                a,
                b,
            );
            let over = g.any(&over);
            let less = negative(g, a);
            let limit = g.choose(less, smallest, largest);
            g.choose(over, limit, result)
        }
        Intrinsic::SShlSat | Intrinsic::UShlSat => {
            let strict = if which == Intrinsic::SShlSat {
                Flags {
                    nsw: true,
                    ..Flags::default()
                }
            } else {
                Flags {
                    nuw: true,
                    ..Flags::default()
                }
            };
            let (shifted, too_far) = arithmetic(g, BinaryOp::Shl, Flags::default(), a, b);
            let (_, lost) = arithmetic(g, BinaryOp::Shl, strict, a, b);
            let lost = g.any(&lost);
            poison.extend(too_far);
            let limit = if which == Intrinsic::SShlSat {
                let less = negative(g, a);
                g.choose(less, smallest, largest)
            } else {
                ones
            };
            g.choose(lost, limit, shifted)
        }
        Intrinsic::SCmp | Intrinsic::UCmp => {
            let (less, more) = if which == Intrinsic::SCmp {
                (g.signed_less(a, b), g.signed_less(b, a))
            } else {
                (g.unsigned_less(a, b), g.unsigned_less(b, a))
            };
            let (minus, one, same) = (
                g.constant(u128::MAX, out),
                g.constant(1, out),
                g.constant(0, out),
            );
            let rest = g.choose(more, one, same);
            g.choose(less, minus, rest)
        }
    };
    (value, poison)
}

fn funnel(g: &mut Graph, which: Intrinsic, a: Node, b: Node, amount: Node) -> Node {
    let width = g.width(a);
    let w = u128::from(width);
    if let Some(c) = g.as_constant(amount) {
        let shift = (c % w) as u32;
        // The result is `width` bits of the double word `a:b`.
        let low = if which == Intrinsic::FShl {
            width - shift
        } else {
            shift
        };
        let double = g.concat(&[b, a]);
        if width <= 64 {
            return g.extract(double, low, width);
        }
        if low == width {
            return a;
        }
        if low == 0 {
            return b;
        }
        let (bottom, top) = (g.extract(b, low, width - low), g.extract(a, 0, low));
        return g.concat(&[bottom, top]);
    }
    let limit = g.constant(w, width);
    let shift = if width == 1 {
        g.constant(0, 1)
    } else {
        g.hard(Hard::URem, amount, limit)
    };
    let rest = g.sub(limit, shift);
    let (left, right) = if which == Intrinsic::FShl {
        (shift, rest)
    } else {
        (rest, shift)
    };
    if width == 1 {
        return if which == Intrinsic::FShl { a } else { b };
    }
    // A shift by the whole width gives zero, which is what is wanted here.
    let (high, low) = (g.hard(Hard::Shl, a, left), g.hard(Hard::LShr, b, right));
    g.or(high, low)
}

impl Machine<'_> {
    /// Whether a type can be a parameter or a result.
    pub(crate) fn supported(&self, ty: &Type) -> Result<Vec<u32>, Stop> {
        match self.module.lanes(ty) {
            Some(lanes) => lanes.iter().map(width_of).collect(),
            None => Stop::because("unsupported-instruction", format!("type {ty}")),
        }
    }
}
