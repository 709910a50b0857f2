//! Words bit by bit: and, or, xor, slices.

use calque_ir::fold::{mask, signed};

use super::{Graph, Kind, Node};

impl Graph {
    pub(crate) fn and(&mut self, a: Node, b: Node) -> Node {
        if self.width(a) == 1 {
            return self.all(&[a, b]);
        }
        let width = self.width(a);
        let full = mask(width);
        let mut parts = Vec::new();
        let mut constant = full;
        for node in [a, b] {
            match self.kind(node) {
                Kind::And(list) => {
                    for &part in &list.clone() {
                        match self.as_constant(part) {
                            Some(bits) => constant &= bits,
                            None => parts.push(part),
                        }
                    }
                }
                Kind::Constant(bits) => constant &= bits,
                _ => parts.push(node),
            }
        }
        calque_ir::collections::sort(&mut parts);
        parts.dedup();
        if constant == 0 || parts.is_empty() {
            return self.constant(constant, width);
        }
        // A mask of low bits is a slice.
        if constant != full && (constant + 1).is_power_of_two() {
            let ones = constant.count_ones();
            let mut low = Vec::new();
            for part in parts {
                low.push(self.extract(part, 0, ones));
            }
            let mut all = low[0];
            for &part in &low[1..] {
                all = self.and(all, part);
            }
            return self.zero_extend(all, width);
        }
        if constant != full {
            let c = self.constant(constant, width);
            parts.push(c);
            calque_ir::collections::sort(&mut parts);
        }
        if let [one] = parts.as_slice() {
            return *one;
        }
        self.intern(Kind::And(parts.into()), width)
    }

    pub(crate) fn or(&mut self, a: Node, b: Node) -> Node {
        if self.width(a) == 1 {
            return self.any(&[a, b]);
        }
        let width = self.width(a);
        let full = mask(width);
        let mut parts = Vec::new();
        let mut constant = 0;
        for node in [a, b] {
            match self.kind(node) {
                Kind::Or(list) => {
                    for &part in &list.clone() {
                        match self.as_constant(part) {
                            Some(bits) => constant |= bits,
                            None => parts.push(part),
                        }
                    }
                }
                Kind::Constant(bits) => constant |= bits,
                _ => parts.push(node),
            }
        }
        calque_ir::collections::sort(&mut parts);
        parts.dedup();
        if constant == full || parts.is_empty() {
            return self.constant(constant, width);
        }
        if constant != 0 {
            let c = self.constant(constant, width);
            parts.push(c);
            calque_ir::collections::sort(&mut parts);
        }
        if let [one] = parts.as_slice() {
            return *one;
        }
        self.intern(Kind::Or(parts.into()), width)
    }

    pub(crate) fn xor(&mut self, a: Node, b: Node) -> Node {
        let width = self.width(a);
        if a == b {
            return self.constant(0, width);
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        for (x, y) in [(a, b), (b, a)] {
            match self.as_constant(x) {
                Some(0) => return y,
                Some(bits) if bits == mask(width) => return self.not(y),
                Some(bits) => {
                    if let Some(other) = self.as_constant(y) {
                        return self.constant(bits ^ other, width);
                    }
                }
                None => {}
            }
        }
        if width == 1 {
            // Signs are pulled out, so that both polarities share one node.
            let (x, flip_x) = self.unsigned_literal(a);
            let (y, flip_y) = self.unsigned_literal(b);
            if x == y {
                return self.truth(flip_x != flip_y);
            }
            let (x, y) = if x < y { (x, y) } else { (y, x) };
            let node = self.intern(Kind::Xor(x, y), 1);
            return if flip_x == flip_y {
                node
            } else {
                self.not(node)
            };
        }
        self.intern(Kind::Xor(a, b), width)
    }

    /// Complement; of a word it is `-1 - a`.
    pub(crate) fn not(&mut self, a: Node) -> Node {
        if self.width(a) == 1 {
            return match self.kind(a) {
                Kind::Constant(bits) => {
                    let flipped = *bits == 0;
                    self.truth(flipped)
                }
                Kind::Not(inner) => *inner,
                _ => self.intern(Kind::Not(a), 1),
            };
        }
        let minus = self.neg(a);
        self.add_constant(minus, u128::MAX)
    }

    pub(crate) fn extract(&mut self, a: Node, low: u32, count: u32) -> Node {
        let width = self.width(a);
        if low == 0 && count == width {
            return a;
        }
        // Two ways to one node would else be walked twice, and so at every node below.
        if let Some(&known) = self.extracts.get(&(a, low, count)) {
            return known;
        }
        let bits = self.extract_new(a, low, count);
        self.extracts.insert((a, low, count), bits);
        bits
    }

    fn extract_new(&mut self, a: Node, low: u32, count: u32) -> Node {
        match self.kind(a).clone() {
            Kind::Constant(bits) => return self.constant(bits >> low, count),
            Kind::Extract(inner, more) => return self.extract(inner, low + more, count),
            Kind::Concat(parts) => {
                let mut out = Vec::new();
                let mut at = 0;
                for part in &parts {
                    let w = self.width(*part);
                    let (from, to) = (low.max(at), (low + count).min(at + w));
                    if from < to {
                        out.push(self.extract(*part, from - at, to - from));
                    }
                    at += w;
                }
                return self.concat(&out);
            }
            Kind::SignExtend(inner) => {
                let w = self.width(inner);
                if low + count <= w {
                    return self.extract(inner, low, count);
                }
                if low < w {
                    let part = self.extract(inner, low, w - low);
                    return self.sign_extend(part, count);
                }
                let top = self.extract(inner, w - 1, 1);
                return self.sign_extend(top, count);
            }
            // The low bits of a sum or product depend on the low bits alone.
            Kind::Sum(terms, constant) if low == 0 => {
                let mut sum = self.constant(constant, count);
                for (node, coefficient) in &terms {
                    let part = self.extract(*node, 0, count);
                    let part = self.scale(part, *coefficient);
                    sum = self.add(sum, part);
                }
                return sum;
            }
            Kind::Product(factors) if low == 0 => {
                let mut product = self.constant(1, count);
                for factor in &factors {
                    let part = self.extract(*factor, 0, count);
                    product = self.mul(product, part);
                }
                return product;
            }
            Kind::And(parts) => {
                let mut all = self.constant(u128::MAX, count);
                for part in &parts {
                    let part = self.extract(*part, low, count);
                    all = self.and(all, part);
                }
                return all;
            }
            Kind::Or(parts) => {
                let mut any = self.constant(0, count);
                for part in &parts {
                    let part = self.extract(*part, low, count);
                    any = self.or(any, part);
                }
                return any;
            }
            Kind::Xor(x, y) => {
                let (x, y) = (self.extract(x, low, count), self.extract(y, low, count));
                return self.xor(x, y);
            }
            Kind::Choose(c, x, y) => {
                let (x, y) = (self.extract(x, low, count), self.extract(y, low, count));
                return self.choose(c, x, y);
            }
            _ => {}
        }
        self.intern(Kind::Extract(a, low), count)
    }

    /// Low part first.
    pub(crate) fn concat(&mut self, parts: &[Node]) -> Node {
        let mut flat: Vec<Node> = Vec::new();
        for &part in parts {
            match self.kind(part).clone() {
                Kind::Concat(inner) => flat.extend(inner.iter()),
                _ => flat.push(part),
            }
        }
        let mut out: Vec<Node> = Vec::new();
        for part in flat {
            if let Some(&last) = out.last() {
                let joined = match (self.kind(last).clone(), self.kind(part).clone()) {
                    (Kind::Constant(x), Kind::Constant(y)) => {
                        let (w, v) = (self.width(last), self.width(part));
                        Some(self.constant(x | y << w, w + v))
                    }
                    (Kind::Extract(a, low), Kind::Extract(b, high))
                        if a == b && low + self.width(last) == high =>
                    {
                        let count = self.width(last) + self.width(part);
                        Some(self.extract(a, low, count))
                    }
                    _ => None,
                };
                if let Some(joined) = joined {
                    out.pop();
                    out.push(joined);
                    continue;
                }
            }
            out.push(part);
        }
        if let [one] = out.as_slice() {
            return *one;
        }
        let width = out.iter().map(|n| self.width(*n)).sum();
        self.intern(Kind::Concat(out.into()), width)
    }

    pub(crate) fn zero_extend(&mut self, a: Node, width: u32) -> Node {
        let more = width - self.width(a);
        if more == 0 {
            return a;
        }
        let zeros = self.constant(0, more);
        self.concat(&[a, zeros])
    }

    pub(crate) fn sign_extend(&mut self, a: Node, width: u32) -> Node {
        let from = self.width(a);
        if from == width {
            return a;
        }
        match self.kind(a).clone() {
            Kind::Constant(bits) => self.constant(signed(bits, from) as u128, width),
            Kind::SignExtend(inner) => self.sign_extend(inner, width),
            // A zero on top: the sign is known.
            Kind::Concat(parts)
                if parts.last().is_some_and(|p| {
                    self.as_constant(*p)
                        .is_some_and(|c| c >> (self.width(*p) - 1) == 0)
                }) =>
            {
                self.zero_extend(a, width)
            }
            _ => self.intern(Kind::SignExtend(a), width),
        }
    }

    /// Left or right rotation and funnel shifts by constants come out as slices.
    pub(crate) fn reverse_bytes(&mut self, a: Node) -> Node {
        let count = self.width(a) / 8;
        let parts: Vec<Node> = (0..count)
            .rev()
            .map(|i| self.extract(a, i * 8, 8))
            .collect();
        self.concat(&parts)
    }

    pub(crate) fn reverse_bits(&mut self, a: Node) -> Node {
        let parts: Vec<Node> = (0..self.width(a))
            .rev()
            .map(|i| self.extract(a, i, 1))
            .collect();
        self.concat(&parts)
    }
}
