//! Truth values and choice.

use super::{Graph, Kind, Node};

impl Graph {
    /// The node without an outer `Not`, and whether there was one.
    pub(super) fn unsigned_literal(&self, a: Node) -> (Node, bool) {
        if let Kind::Not(inner) = self.kind(a) {
            (*inner, true)
        } else {
            (a, false)
        }
    }

    fn are_opposite(&self, a: Node, b: Node) -> bool {
        matches!(self.kind(a), Kind::Not(x) if *x == b)
            || matches!(self.kind(b), Kind::Not(x) if *x == a)
    }

    /// Conjunction of truth values.
    pub(crate) fn all(&mut self, list: &[Node]) -> Node {
        let mut parts: Vec<Node> = Vec::new();
        for &node in list {
            match self.kind(node) {
                Kind::And(inner) => parts.extend(inner.iter()),
                Kind::Constant(0) => return node,
                Kind::Constant(_) => {}
                _ => parts.push(node),
            }
        }
        calque_ir::collections::sort(&mut parts);
        parts.dedup();
        for &part in &parts {
            if let Kind::Not(inner) = self.kind(part) {
                let inner = *inner;
                if parts.binary_search(&inner).is_ok() {
                    return self.truth(false);
                }
                // not (x and y and ...) beside x, y, ...: contradiction where all of them are here.
                if let Kind::And(list) = self.kind(inner)
                    && list.iter().all(|n| parts.binary_search(n).is_ok())
                {
                    return self.truth(false);
                }
            }
        }
        // Absorption: a disjunction is dropped where one of its members is here, and shortened where the opposite of one is.
        let mut changed = false;
        let mut kept = Vec::with_capacity(parts.len());
        for &part in &parts {
            if let Kind::Not(inner) = *self.kind(part)
                && let Kind::And(list) = self.kind(inner).clone()
            {
                let opposites: Vec<Node> = list.iter().map(|n| self.not(*n)).collect();
                if opposites.iter().any(|n| parts.binary_search(n).is_ok()) {
                    changed = true;
                    continue;
                }
                let rest: Vec<Node> = list
                    .iter()
                    .copied()
                    .filter(|n| parts.binary_search(n).is_err())
                    .collect();
                if rest.len() < list.len() {
                    changed = true;
                    let shorter = self.all(&rest);
                    kept.push(self.not(shorter));
                    continue;
                }
            }
            kept.push(part);
        }
        if changed {
            return self.all(&kept);
        }
        match parts.as_slice() {
            [] => self.truth(true),
            [one] => *one,
            _ => self.intern(Kind::And(parts.into()), 1),
        }
    }

    /// Disjunction of truth values.
    pub(crate) fn any(&mut self, list: &[Node]) -> Node {
        if let [a, b] = *list
            && let Some(joined) = self.resolve(a, b)
        {
            return joined;
        }
        let negated: Vec<Node> = list.iter().map(|n| self.not(*n)).collect();
        let none = self.all(&negated);
        self.not(none)
    }

    /// `(c and x) or (not c and x)` is `x`.
    fn resolve(&mut self, a: Node, b: Node) -> Option<Node> {
        let parts = |node: Node| match self.kind(node) {
            Kind::And(list) => list.to_vec(),
            _ => vec![node],
        };
        let (x, y) = (parts(a), parts(b));
        if x.len() != y.len() {
            return None;
        }
        let only_x: Vec<Node> = x.iter().copied().filter(|n| !y.contains(n)).collect();
        let only_y: Vec<Node> = y.iter().copied().filter(|n| !x.contains(n)).collect();
        match (only_x.as_slice(), only_y.as_slice()) {
            ([p], [q]) if self.are_opposite(*p, *q) => {
                let common: Vec<Node> = x.into_iter().filter(|n| n != p).collect();
                Some(self.all(&common))
            }
            _ => None,
        }
    }

    pub(crate) fn implies(&mut self, a: Node, b: Node) -> Node {
        let no = self.not(a);
        self.any(&[no, b])
    }

    pub(crate) fn choose(&mut self, condition: Node, yes: Node, no: Node) -> Node {
        if yes == no || self.is_true(condition) {
            return yes;
        }
        if self.is_false(condition) {
            return no;
        }
        if let Kind::Not(inner) = *self.kind(condition) {
            return self.choose(inner, no, yes);
        }
        let width = self.width(yes);
        if width == 1 {
            if self.is_true(yes) || yes == condition {
                return self.any(&[condition, no]);
            }
            if self.is_false(no) || no == condition {
                return self.all(&[condition, yes]);
            }
            if self.is_false(yes) {
                let other = self.not(condition);
                return self.all(&[other, no]);
            }
            if self.is_true(no) {
                return self.implies(condition, yes);
            }
            if self.are_opposite(yes, no) {
                let same = self.xor(condition, yes);
                return self.not(same);
            }
        }
        // Nested choices on the same condition are settled.
        let yes = if let Kind::Choose(c, a, _) = *self.kind(yes) {
            if c == condition { a } else { yes }
        } else {
            yes
        };
        let no = if let Kind::Choose(c, _, b) = *self.kind(no) {
            if c == condition { b } else { no }
        } else {
            no
        };
        if yes == no {
            return yes;
        }
        self.intern(Kind::Choose(condition, yes, no), width)
    }
}
