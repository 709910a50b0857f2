//! Intrinsics on integers as graph nodes.

use calque_ir::fold::Intrinsic;
use calque_ir::{BinaryOp, Flags};

use super::arithmetic::arithmetic;
use crate::graph::{Graph, Hard, Node};

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
