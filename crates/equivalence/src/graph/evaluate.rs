//! Evaluates nodes on concrete values of the variables: for models, for tests of the rewriting above.

use calque_ir::collections::HashMap;

use calque_ir::fold::{mask, signed};

use super::{Graph, Hard, Kind, Node};

/// Values of nodes under one assignment.
pub(crate) struct Evaluator<'g> {
    graph: &'g Graph,
    values: HashMap<Node, u128>,
}

impl<'g> Evaluator<'g> {
    /// `assigned` gives values of variables and of applications; others are 0.
    pub(crate) fn new(graph: &'g Graph, assigned: HashMap<Node, u128>) -> Self {
        Self {
            graph,
            values: assigned,
        }
    }

    pub(crate) fn value(&mut self, node: Node) -> u128 {
        if let Some(&value) = self.values.get(&node) {
            return value;
        }
        // Children first, without recursion: graphs can be deep.
        let mut stack = vec![node];
        while let Some(&top) = stack.last() {
            if self.values.contains_key(&top) {
                stack.pop();
                continue;
            }
            let waiting: Vec<Node> = self
                .graph
                .children(top)
                .into_iter()
                .filter(|n| !self.values.contains_key(n))
                .collect();
            if waiting.is_empty()
                || matches!(self.graph.kind(top), Kind::Apply(..) | Kind::Store(..))
            {
                let value = self.compute(top);
                self.values
                    .insert(top, value & mask(self.graph.width(top).max(1)));
                stack.pop();
            } else {
                stack.extend(waiting);
            }
        }
        self.values[&node]
    }

    fn get(&self, node: Node) -> u128 {
        self.values.get(&node).copied().unwrap_or(0)
    }

    fn compute(&self, node: Node) -> u128 {
        let g = self.graph;
        match g.kind(node) {
            Kind::Constant(bits) => *bits,
            Kind::Variable(_) | Kind::Apply(..) | Kind::Store(..) => 0,
            Kind::Sum(terms, constant) => terms.iter().fold(*constant, |sum, (n, c)| {
                sum.wrapping_add(self.get(*n).wrapping_mul(*c))
            }),
            Kind::Product(factors) => factors.iter().fold(1, |p, n| p.wrapping_mul(self.get(*n))),
            Kind::Hard(op, a, b) => hard(*op, g.width(node), self.get(*a), self.get(*b)),
            Kind::And(list) => list.iter().fold(u128::MAX, |x, n| x & self.get(*n)),
            Kind::Or(list) => list.iter().fold(0, |x, n| x | self.get(*n)),
            Kind::Xor(a, b) => self.get(*a) ^ self.get(*b),
            Kind::Not(a) => 1 ^ self.get(*a),
            Kind::Equal(a, b) => u128::from(self.get(*a) == self.get(*b)),
            Kind::UnsignedLess(a, b) => u128::from(self.get(*a) < self.get(*b)),
            Kind::SignedLess(a, b) => {
                let w = g.width(*a);
                u128::from(signed(self.get(*a), w) < signed(self.get(*b), w))
            }
            Kind::Choose(c, a, b) => {
                if self.get(*c) == 1 {
                    self.get(*a)
                } else {
                    self.get(*b)
                }
            }
            Kind::Extract(a, low) => self.get(*a) >> low,
            Kind::Concat(parts) => {
                let mut at = 0;
                let mut out = 0;
                for part in parts {
                    out |= self.get(*part) << at;
                    at += g.width(*part);
                }
                out
            }
            Kind::SignExtend(a) => signed(self.get(*a), g.width(*a)) as u128,
        }
    }
}

/// Division by zero gives what the bit-level circuit gives: all ones for quotients (by magnitude), the dividend for remainders.
pub(crate) fn hard(op: Hard, width: u32, a: u128, b: u128) -> u128 {
    let (sa, sb) = (signed(a, width), signed(b, width));
    let w = u128::from(width);
    let full = mask(width);
    let magnitude = |x: i128| x.unsigned_abs() & full;
    match op {
        Hard::UDiv => a.checked_div(b).unwrap_or(full),
        Hard::URem => a.checked_rem(b).unwrap_or(a),
        Hard::SDiv => {
            let quotient = magnitude(sa).checked_div(magnitude(sb)).unwrap_or(full);
            (if (sa < 0) == (sb < 0) {
                quotient
            } else {
                quotient.wrapping_neg()
            }) & full
        }
        Hard::SRem => {
            let rest = magnitude(sa)
                .checked_rem(magnitude(sb))
                .unwrap_or(magnitude(sa));
            (if sa < 0 { rest.wrapping_neg() } else { rest }) & full
        }
        Hard::Shl => {
            if b >= w {
                0
            } else {
                (a << b) & full
            }
        }
        Hard::LShr => {
            if b >= w {
                0
            } else {
                a >> b
            }
        }
        Hard::AShr => {
            (if b >= w {
                if sa < 0 { u128::MAX } else { 0 }
            } else {
                (sa >> b) as u128
            }) & full
        }
    }
}
