//! Values of integer operations as nodes, and the conditions under which their flags make them poison.

use calque_ir::fold::mask;
use calque_ir::{BinaryOp, Flags, Predicate};

use crate::graph::{Graph, Hard, Node};

pub(crate) fn compare_nodes(g: &mut Graph, predicate: Predicate, a: Node, b: Node) -> Node {
    match predicate {
        Predicate::Eq => g.equal(a, b),
        Predicate::Ne => {
            let same = g.equal(a, b);
            g.not(same)
        }
        Predicate::Ult => g.unsigned_less(a, b),
        Predicate::Ugt => g.unsigned_less(b, a),
        Predicate::Slt => g.signed_less(a, b),
        Predicate::Sgt => g.signed_less(b, a),
        Predicate::Uge => {
            let less = g.unsigned_less(a, b);
            g.not(less)
        }
        Predicate::Ule => {
            let less = g.unsigned_less(b, a);
            g.not(less)
        }
        Predicate::Sge => {
            let less = g.signed_less(a, b);
            g.not(less)
        }
        Predicate::Sle => {
            let less = g.signed_less(b, a);
            g.not(less)
        }
    }
}

/// Value of an operation, and the conditions under which its flags make it poison.
pub(crate) fn arithmetic(
    g: &mut Graph,
    op: BinaryOp,
    flags: Flags,
    a: Node,
    b: Node,
) -> (Node, Vec<Node>) {
    let width = g.width(a);
    let mut poison = Vec::new();
    let value = match op {
        BinaryOp::Add => {
            let sum = g.add(a, b);
            if flags.nuw {
                poison.push(g.unsigned_less(sum, a));
            }
            if flags.nsw {
                poison.push(signed_overflow(g, a, b, sum, false));
            }
            sum
        }
        BinaryOp::Sub => {
            let difference = g.sub(a, b);
            if flags.nuw {
                poison.push(g.unsigned_less(a, b));
            }
            if flags.nsw {
                poison.push(signed_overflow(g, a, b, difference, true));
            }
            difference
        }
        BinaryOp::Mul => {
            let product = g.mul(a, b);
            if flags.nuw {
                poison.push(product_overflow(g, a, b, false));
            }
            if flags.nsw {
                poison.push(product_overflow(g, a, b, true));
            }
            product
        }
        BinaryOp::And => g.and(a, b),
        BinaryOp::Or => {
            if flags.disjoint {
                let both = g.and(a, b);
                let zero = g.constant(0, width);
                let fine = g.equal(both, zero);
                poison.push(g.not(fine));
            }
            g.or(a, b)
        }
        BinaryOp::Xor => g.xor(a, b),
        BinaryOp::UDiv => {
            let value = g.hard(Hard::UDiv, a, b);
            if flags.exact {
                let rest = g.hard(Hard::URem, a, b);
                poison.push(not_zero(g, rest));
            }
            value
        }
        BinaryOp::SDiv => {
            let value = g.hard(Hard::SDiv, a, b);
            if flags.exact {
                let rest = g.hard(Hard::SRem, a, b);
                poison.push(not_zero(g, rest));
            }
            value
        }
        BinaryOp::URem => g.hard(Hard::URem, a, b),
        BinaryOp::SRem => g.hard(Hard::SRem, a, b),
        BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr => {
            if width > 1 || g.as_constant(b) != Some(0) {
                let limit = g.constant(u128::from(width), width);
                // A shift amount of the type always fits where 2^width values are below the width; only width 1 is special.
                let fine = if width == 1 {
                    g.not(b)
                } else {
                    g.unsigned_less(b, limit)
                };
                poison.push(g.not(fine));
            }
            let hard = match op {
                BinaryOp::Shl => Hard::Shl,
                BinaryOp::LShr => Hard::LShr,
                _ => Hard::AShr,
            };
            let value = if width == 1 { a } else { g.hard(hard, a, b) };
            if width > 1 {
                if op == BinaryOp::Shl {
                    for (on, back) in [(flags.nuw, Hard::LShr), (flags.nsw, Hard::AShr)] {
                        if on {
                            let again = g.hard(back, value, b);
                            let same = g.equal(again, a);
                            poison.push(g.not(same));
                        }
                    }
                } else if flags.exact {
                    let again = g.hard(Hard::Shl, value, b);
                    let same = g.equal(again, a);
                    poison.push(g.not(same));
                }
            }
            value
        }
    };
    (value, poison)
}

fn not_zero(g: &mut Graph, node: Node) -> Node {
    let zero = g.constant(0, g.width(node));
    let same = g.equal(node, zero);
    g.not(same)
}

/// Whether `a + b` or `a - b` leaves the signed range; `result` is the wrapped value.
pub(super) fn signed_overflow(
    g: &mut Graph,
    a: Node,
    b: Node,
    result: Node,
    subtracts: bool,
) -> Node {
    let width = g.width(a);
    if width == 1 {
        // Of -1 and 0: -1 + -1 leaves the range, and so does 0 - -1.
        return if subtracts {
            let no = g.not(a);
            g.all(&[no, b])
        } else {
            g.all(&[a, b])
        };
    }
    // With a constant it is one comparison.
    if let Some(c) = g.as_constant(b) {
        let amount = calque_ir::fold::signed(c, width);
        let amount = if subtracts {
            amount.wrapping_neg()
        } else {
            amount
        };
        let smallest = 1u128 << (width - 1);
        if !(subtracts && c == smallest) {
            if amount >= 0 {
                let limit = g.constant((smallest - 1).wrapping_sub(amount as u128), width);
                return g.signed_less(limit, a);
            }
            let limit = g.constant(smallest.wrapping_sub(amount as u128), width);
            return g.signed_less(a, limit);
        }
    }
    if !subtracts && g.as_constant(a).is_some() {
        return signed_overflow(g, b, a, result, false);
    }
    let zero = g.constant(0, width);
    let (neg_a, neg_b, neg_r) = (
        g.signed_less(a, zero),
        g.signed_less(b, zero),
        g.signed_less(result, zero),
    );
    let signs = g.xor(neg_a, neg_b);
    let same = if subtracts { signs } else { g.not(signs) };
    let changed = g.xor(neg_a, neg_r);
    g.all(&[same, changed])
}

/// Whether a product leaves the range.
pub(super) fn product_overflow(g: &mut Graph, a: Node, b: Node, is_signed: bool) -> Node {
    let width = g.width(a);
    if let (Some(_), None) = (g.as_constant(a), g.as_constant(b)) {
        return product_overflow(g, b, a, is_signed);
    }
    if width == 1 {
        // Signed: -1 * -1 is 1.
        return if is_signed {
            g.all(&[a, b])
        } else {
            g.truth(false)
        };
    }
    if let Some(c) = g.as_constant(b) {
        if c == 0 || c == 1 {
            return g.truth(false);
        }
        if !is_signed {
            let limit = g.constant(mask(width) / c, width);
            return g.unsigned_less(limit, a);
        }
        let factor = calque_ir::fold::signed(c, width);
        if factor > 1 && width < 128 {
            let half = (1i128 << (width - 1)) - 1;
            let (high, low) = (
                g.constant((half / factor) as u128, width),
                g.constant(((-half - 1) / factor) as u128, width),
            );
            let (above, below) = (g.signed_less(high, a), g.signed_less(a, low));
            return g.any(&[above, below]);
        }
    }
    if width > 64 {
        // No wider word to multiply in: said to overflow by a function of its own operands only if they are the same nodes.
        return g.apply(
            crate::graph::Symbol::ProductOverflow(is_signed),
            &[a.min(b), a.max(b)],
            1,
        );
    }
    let wide = width * 2;
    let (x, y) = if is_signed {
        (g.sign_extend(a, wide), g.sign_extend(b, wide))
    } else {
        (g.zero_extend(a, wide), g.zero_extend(b, wide))
    };
    let product = g.mul(x, y);
    let low = g.extract(product, 0, width);
    let back = if is_signed {
        g.sign_extend(low, wide)
    } else {
        g.zero_extend(low, wide)
    };
    let same = g.equal(back, product);
    g.not(same)
}
