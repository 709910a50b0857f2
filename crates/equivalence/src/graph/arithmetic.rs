//! Sums, products, division and shifts.

use calque_ir::fold::{mask, signed};

use super::{Graph, Hard, Kind, Node};

/// Terms of a product of sums are multiplied out up to this many.
const EXPANSION_LIMIT: usize = 8;

impl Graph {
    /// Terms and constant of a node read as a sum.
    fn as_sum(&self, node: Node) -> (Vec<(Node, u128)>, u128) {
        match self.kind(node) {
            Kind::Constant(bits) => (Vec::new(), *bits),
            Kind::Sum(terms, constant) => (terms.to_vec(), *constant),
            _ => (vec![(node, 1)], 0),
        }
    }

    fn sum_of(&mut self, mut terms: Vec<(Node, u128)>, constant: u128, width: u32) -> Node {
        let full = mask(width);
        calque_ir::collections::sort_by(&mut terms, |a, b| a.0 < b.0);
        let mut out: Vec<(Node, u128)> = Vec::with_capacity(terms.len());
        for (node, coefficient) in terms {
            match out.last_mut() {
                Some((last, c)) if *last == node => *c = c.wrapping_add(coefficient) & full,
                _ => out.push((node, coefficient & full)),
            }
        }
        out.retain(|(_, c)| *c != 0);
        let constant = constant & full;
        match out.as_slice() {
            [] => self.constant(constant, width),
            [(node, 1)] if constant == 0 => *node,
            _ => self.intern(Kind::Sum(out.into(), constant), width),
        }
    }

    pub(crate) fn add(&mut self, a: Node, b: Node) -> Node {
        let width = self.width(a);
        if width == 1 {
            return self.xor(a, b);
        }
        let (mut terms, x) = self.as_sum(a);
        let (more, y) = self.as_sum(b);
        terms.extend(more);
        self.sum_of(terms, x.wrapping_add(y), width)
    }

    pub(crate) fn scale(&mut self, a: Node, factor: u128) -> Node {
        let width = self.width(a);
        if width == 1 {
            return if factor & 1 == 1 {
                a
            } else {
                self.truth(false)
            };
        }
        let (terms, constant) = self.as_sum(a);
        let terms = terms
            .into_iter()
            .map(|(n, c)| (n, c.wrapping_mul(factor)))
            .collect();
        self.sum_of(terms, constant.wrapping_mul(factor), width)
    }

    pub(crate) fn neg(&mut self, a: Node) -> Node {
        self.scale(a, u128::MAX)
    }

    pub(crate) fn sub(&mut self, a: Node, b: Node) -> Node {
        let minus = self.neg(b);
        self.add(a, minus)
    }

    pub(crate) fn add_constant(&mut self, a: Node, constant: u128) -> Node {
        let c = self.constant(constant, self.width(a));
        self.add(a, c)
    }

    pub(crate) fn mul(&mut self, a: Node, b: Node) -> Node {
        let width = self.width(a);
        if width == 1 {
            return self.and(a, b);
        }
        if let Some(factor) = self.as_constant(a) {
            return self.scale(b, factor);
        }
        if let Some(factor) = self.as_constant(b) {
            return self.scale(a, factor);
        }
        let (left, x) = self.as_sum(a);
        let (right, y) = self.as_sum(b);
        if (left.len() + usize::from(x != 0)) * (right.len() + usize::from(y != 0))
            > EXPANSION_LIMIT
        {
            return self.product(vec![a, b], width);
        }
        let mut terms = Vec::new();
        for (n, c) in &left {
            for (m, d) in &right {
                let product = self.product(vec![*n, *m], width);
                let factor = c.wrapping_mul(*d);
                // A product of products is an atom or, where it was too big, a sum kept as one factor.
                terms.push((product, factor));
            }
            terms.push((*n, c.wrapping_mul(y)));
        }
        for (m, d) in &right {
            terms.push((*m, d.wrapping_mul(x)));
        }
        self.sum_of(terms, x.wrapping_mul(y), width)
    }

    fn product(&mut self, factors: Vec<Node>, width: u32) -> Node {
        let mut flat = Vec::new();
        for factor in factors {
            match self.kind(factor) {
                Kind::Product(inner) => flat.extend(inner.iter().copied()),
                _ => flat.push(factor),
            }
        }
        calque_ir::collections::sort(&mut flat);
        self.intern(Kind::Product(flat.into()), width)
    }

    pub(crate) fn hard(&mut self, op: Hard, a: Node, b: Node) -> Node {
        let width = self.width(a);
        let w = u128::from(width);
        if let (Hard::SRem, Some(floored)) = (op, self.floored(a, b)) {
            return floored;
        }
        if let Some(y) = self.as_constant(b) {
            if let (Some(x), true) = (
                self.as_constant(a),
                y != 0 || matches!(op, Hard::Shl | Hard::LShr | Hard::AShr),
            ) {
                let (sx, sy) = (signed(x, width), signed(y, width));
                let bits = match op {
                    Hard::UDiv => x / y,
                    Hard::URem => x % y,
                    Hard::SDiv => sx.wrapping_div(sy) as u128,
                    Hard::SRem => sx.wrapping_rem(sy) as u128,
                    Hard::Shl | Hard::LShr if y >= w => 0,
                    Hard::AShr if y >= w => {
                        if sx < 0 {
                            u128::MAX
                        } else {
                            0
                        }
                    }
                    Hard::Shl => x << y,
                    Hard::LShr => x >> y,
                    Hard::AShr => (sx >> y) as u128,
                };
                return self.constant(bits, width);
            }
            match op {
                Hard::Shl if y < w => return self.scale(a, 1 << y),
                Hard::LShr if y < w => {
                    let high = self.extract(a, y as u32, width - y as u32);
                    return self.zero_extend(high, width);
                }
                Hard::AShr if y < w => {
                    let high = self.extract(a, y as u32, width - y as u32);
                    return self.sign_extend(high, width);
                }
                Hard::Shl | Hard::LShr => return self.constant(0, width),
                Hard::UDiv if y.is_power_of_two() => {
                    let by = self.constant(u128::from(y.trailing_zeros()), width);
                    return self.hard(Hard::LShr, a, by);
                }
                Hard::URem if y.is_power_of_two() => {
                    let low = self.constant(y - 1, width);
                    return self.and(a, low);
                }
                Hard::SDiv if y == 1 => return a,
                // Rounds towards zero: the bias is 2^k - 1 for negative values.
                Hard::SDiv if y.is_power_of_two() && y < 1 << (width - 1) => {
                    let k = y.trailing_zeros();
                    let sign = self.extract(a, width - 1, 1);
                    let bias = self.sign_extend(sign, k);
                    let bias = self.zero_extend(bias, width);
                    let sum = self.add(a, bias);
                    let by = self.constant(u128::from(k), width);
                    return self.hard(Hard::AShr, sum, by);
                }
                // The remainder is what the quotient leaves, so that both meet in one sum.
                Hard::URem | Hard::SRem if y != 0 => {
                    let op = if op == Hard::URem {
                        Hard::UDiv
                    } else {
                        Hard::SDiv
                    };
                    let quotient = self.hard(op, a, b);
                    let back = self.scale(quotient, y);
                    return self.sub(a, back);
                }
                _ => {}
            }
        }
        self.intern(Kind::Hard(op, a, b), width)
    }

    /// `(x % c + c) % c` for a positive constant `c`: the remainder that is never negative.
    fn floored(&mut self, a: Node, b: Node) -> Option<Node> {
        let (width, c) = (self.width(a), self.as_constant(b)?);
        // Twice the divisor must not overflow.
        if width < 3 || c < 2 || c > 1 << (width - 2) {
            return None;
        }
        let Kind::Sum(terms, _) = self.kind(a).clone() else {
            return None;
        };
        let rest = self.add_constant(a, c.wrapping_neg());
        for (term, _) in &terms {
            let x = match *self.kind(*term) {
                Kind::Hard(Hard::SDiv, x, by) if by == b => x,
                _ => *term,
            };
            if x != a && self.hard(Hard::SRem, x, b) == rest {
                if c.is_power_of_two() {
                    return Some(self.hard(Hard::URem, x, b));
                }
                let zero = self.constant(0, width);
                let negative = self.signed_less(rest, zero);
                return Some(self.choose(negative, a, rest));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use calque_ir::collections::HashMap;

    use super::*;
    use crate::graph::Evaluator;

    /// `(x % c + c) % c` at widths where every value can be tried, for every divisor.
    #[test]
    fn floored_remainders_are_remainders() {
        let mut changed = 0;
        for width in 1..=8 {
            for c in 1..=mask(width) {
                let mut g = Graph::new();
                let (x, by) = (g.variable(width), g.constant(c, width));
                let rest = g.hard(Hard::SRem, x, by);
                let sum = g.add(rest, by);
                let floored = g.hard(Hard::SRem, sum, by);
                changed += usize::from(g.floored(sum, by).is_some());
                for value in 0..=mask(width) {
                    let rem = |a: u128| super::super::evaluate::hard(Hard::SRem, width, a, c);
                    let wanted = rem(rem(value).wrapping_add(c) & mask(width));
                    let mut model = HashMap::default();
                    model.insert(x, value);
                    let got = Evaluator::new(&g, model).value(floored);
                    assert_eq!(got, wanted, "({value} % {c} + {c}) % {c} of {width} bits");
                }
            }
        }
        assert!(changed > 100, "{changed} divisors had the shorter form");
    }
}
