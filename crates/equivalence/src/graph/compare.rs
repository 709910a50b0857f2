//! Comparisons in one form each: constants on the right, differences instead of sums on both sides.

use calque_ir::fold::{mask, signed};

use super::{Graph, Kind, Node};

impl Graph {
    pub(crate) fn equal(&mut self, a: Node, b: Node) -> Node {
        if a == b {
            return self.truth(true);
        }
        let width = self.width(a);
        if width == 1 {
            let differ = self.xor(a, b);
            return self.not(differ);
        }
        if width == 0 {
            let (a, b) = if a < b { (a, b) } else { (b, a) };
            return self.intern(Kind::Equal(a, b), 1);
        }
        let difference = self.sub(a, b);
        let (terms, constant) = match self.kind(difference).clone() {
            Kind::Constant(bits) => return self.truth(bits == 0),
            Kind::Sum(terms, constant) => (terms.to_vec(), constant),
            _ => (vec![(difference, 1)], 0),
        };
        // One sign for both ways round: the first coefficient is at most half the range.
        let flip = terms[0].1 > mask(width) >> 1;
        let sign = |c: u128| {
            if flip {
                c.wrapping_neg() & mask(width)
            } else {
                c
            }
        };
        let terms: Vec<(Node, u128)> = terms.into_iter().map(|(n, c)| (n, sign(c))).collect();
        let constant = sign(constant).wrapping_neg() & mask(width);
        if let [(x, 1), (y, c)] = terms.as_slice()
            && constant == 0
            && *c == mask(width)
        {
            return self.intern(Kind::Equal(*x.min(y), *x.max(y)), 1);
        }
        let left = if let [(x, 1)] = terms.as_slice() {
            *x
        } else {
            self.intern(Kind::Sum(terms.into(), 0), width)
        };
        if let Some(settled) = self.equal_to_constant(left, constant) {
            return settled;
        }
        let right = self.constant(constant, width);
        self.intern(Kind::Equal(left, right), 1)
    }

    fn equal_to_constant(&mut self, a: Node, constant: u128) -> Option<Node> {
        match self.kind(a).clone() {
            Kind::Concat(parts) => {
                // A constant part decides, or is dropped.
                let mut at = 0;
                let mut conditions = Vec::new();
                for part in &parts {
                    let w = self.width(*part);
                    let here = self.constant(constant >> at, w);
                    conditions.push(self.equal(*part, here));
                    at += w;
                }
                Some(self.all(&conditions))
            }
            Kind::SignExtend(inner) => {
                let (w, wide) = (self.width(inner), self.width(a));
                let low = constant & mask(w);
                if signed(low, w) as u128 & mask(wide) != constant {
                    return Some(self.truth(false));
                }
                let low = self.constant(low, w);
                Some(self.equal(inner, low))
            }
            Kind::Choose(c, x, y)
                if self.as_constant(x).is_some() && self.as_constant(y).is_some() =>
            {
                let (p, q) = (
                    self.as_constant(x) == Some(constant),
                    self.as_constant(y) == Some(constant),
                );
                let (p, q) = (self.truth(p), self.truth(q));
                Some(self.choose(c, p, q))
            }
            _ => None,
        }
    }

    pub(crate) fn unsigned_less(&mut self, a: Node, b: Node) -> Node {
        let width = self.width(a);
        if a == b {
            return self.truth(false);
        }
        if width == 1 {
            let no = self.not(a);
            return self.all(&[no, b]);
        }
        match (self.as_constant(a), self.as_constant(b)) {
            (Some(x), Some(y)) => return self.truth(x < y),
            (_, Some(0)) => return self.truth(false),
            (Some(x), _) if x == mask(width) => return self.truth(false),
            (_, Some(1)) => {
                let zero = self.constant(0, width);
                return self.equal(a, zero);
            }
            (Some(x), None) => {
                let next = self.constant(x + 1, width);
                let less = self.unsigned_less(b, next);
                return self.not(less);
            }
            (None, Some(y)) => {
                if let Some((low, high)) = self.unsigned_range(a) {
                    if high < y {
                        return self.truth(true);
                    }
                    if low >= y {
                        return self.truth(false);
                    }
                }
                if y == mask(width) {
                    let same = self.equal(a, b);
                    return self.not(same);
                }
            }
            _ => {}
        }
        if let (Some(x), Some(y)) = (self.zero_extended(a), self.zero_extended(b)) {
            let w = self.width(x).max(self.width(y));
            if w < width {
                let (x, y) = (self.zero_extend(x, w), self.zero_extend(y, w));
                return self.unsigned_less(x, y);
            }
        }
        self.intern(Kind::UnsignedLess(a, b), 1)
    }

    pub(crate) fn signed_less(&mut self, a: Node, b: Node) -> Node {
        let width = self.width(a);
        if a == b {
            return self.truth(false);
        }
        if width == 1 {
            // True is -1.
            let no = self.not(b);
            return self.all(&[a, no]);
        }
        let smallest = 1u128 << (width - 1);
        let largest = smallest - 1;
        match (self.as_constant(a), self.as_constant(b)) {
            (Some(x), Some(y)) => return self.truth(signed(x, width) < signed(y, width)),
            (_, Some(y)) if y == smallest => return self.truth(false),
            (Some(x), _) if x == largest => return self.truth(false),
            (Some(x), None) => {
                let next = self.constant(x.wrapping_add(1), width);
                let less = self.signed_less(b, next);
                return self.not(less);
            }
            (None, Some(y)) => {
                if let Some((low, high)) = self.signed_range(a) {
                    if high < signed(y, width) {
                        return self.truth(true);
                    }
                    if low >= signed(y, width) {
                        return self.truth(false);
                    }
                }
                if y == largest {
                    let same = self.equal(a, b);
                    return self.not(same);
                }
            }
            _ => {}
        }
        let extended = |g: &Self, n: Node| match *g.kind(n) {
            Kind::SignExtend(inner) => Some(inner),
            _ => None,
        };
        match (extended(self, a), extended(self, b)) {
            (Some(x), Some(y)) if self.width(x) == self.width(y) => return self.signed_less(x, y),
            _ => {}
        }
        // Two values with a zero on top compare as unsigned ones.
        if let (Some((low_a, _)), Some((low_b, _))) = (self.signed_range(a), self.signed_range(b))
            && low_a >= 0
            && low_b >= 0
            && self.as_constant(b).is_none()
        {
            return self.unsigned_less(a, b);
        }
        self.intern(Kind::SignedLess(a, b), 1)
    }

    /// What a zero extension extends; constants that are small enough count.
    fn zero_extended(&mut self, a: Node) -> Option<Node> {
        match self.kind(a).clone() {
            Kind::Concat(parts) if parts.len() == 2 && self.as_constant(parts[1]) == Some(0) => {
                Some(parts[0])
            }
            Kind::Constant(bits) => {
                let needed = (128 - bits.leading_zeros()).max(1);
                Some(self.constant(bits, needed))
            }
            _ => None,
        }
    }

    fn unsigned_range(&self, a: Node) -> Option<(u128, u128)> {
        match self.kind(a) {
            Kind::Concat(parts) => {
                let zeros = self
                    .as_constant(*parts.last()?)
                    .filter(|c| *c == 0)
                    .map(|_| self.width(parts[parts.len() - 1]))?;
                Some((0, mask(self.width(a) - zeros)))
            }
            Kind::Constant(bits) => Some((*bits, *bits)),
            _ => None,
        }
    }

    fn signed_range(&self, a: Node) -> Option<(i128, i128)> {
        match self.kind(a) {
            Kind::Concat(_) => {
                let (_, high) = self.unsigned_range(a)?;
                Some((0, i128::try_from(high).ok()?))
            }
            Kind::SignExtend(inner) => {
                let half = mask(self.width(*inner)) >> 1;
                Some((-(half as i128) - 1, half as i128))
            }
            Kind::Constant(bits) => {
                let value = signed(*bits, self.width(a));
                Some((value, value))
            }
            _ => None,
        }
    }
}
