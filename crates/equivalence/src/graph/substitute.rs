//! Rebuilds a node with others in place of some of those it is made of.

use calque_ir::collections::HashMap;

use super::{Graph, Kind, Node};

impl Graph {
    /// `node` with the replacements in `map`; `map` also remembers what was rebuilt, so that later calls share the work.
    pub(crate) fn substitute(&mut self, node: Node, map: &mut HashMap<Node, Node>) -> Node {
        let mut stack = vec![node];
        while let Some(&top) = stack.last() {
            if map.contains_key(&top) {
                stack.pop();
                continue;
            }
            let waiting: Vec<Node> = self
                .children(top)
                .into_iter()
                .filter(|n| !map.contains_key(n))
                .collect();
            if waiting.is_empty() {
                let rebuilt = self.rebuild(top, map);
                map.insert(top, rebuilt);
                stack.pop();
            } else {
                stack.extend(waiting);
            }
        }
        map[&node]
    }

    fn rebuild(&mut self, node: Node, map: &HashMap<Node, Node>) -> Node {
        let children = self.children(node);
        if children.iter().all(|c| map[c] == *c) {
            return node;
        }
        let width = self.width(node);
        let get = |n: &Node| map[n];
        match self.kind(node).clone() {
            Kind::Constant(_) | Kind::Variable(_) => node,
            Kind::Sum(terms, constant) => {
                let mut sum = self.constant(constant, width);
                for (n, coefficient) in &terms {
                    let term = self.scale(get(n), *coefficient);
                    sum = self.add(sum, term);
                }
                sum
            }
            Kind::Product(factors) => {
                let mut product = self.constant(1, width);
                for factor in &factors {
                    product = self.mul(product, get(factor));
                }
                product
            }
            Kind::Hard(op, a, b) => self.hard(op, get(&a), get(&b)),
            Kind::And(list) if width == 1 => {
                let list: Vec<Node> = list.iter().map(get).collect();
                self.all(&list)
            }
            Kind::And(list) => self.rebuild_list(&list, map, Self::and),
            Kind::Or(list) => self.rebuild_list(&list, map, Self::or),
            Kind::Xor(a, b) => self.xor(get(&a), get(&b)),
            Kind::Not(a) => self.not(get(&a)),
            Kind::Equal(a, b) => self.equal(get(&a), get(&b)),
            Kind::UnsignedLess(a, b) => self.unsigned_less(get(&a), get(&b)),
            Kind::SignedLess(a, b) => self.signed_less(get(&a), get(&b)),
            Kind::Choose(c, a, b) => self.choose(get(&c), get(&a), get(&b)),
            Kind::Extract(a, low) => self.extract(get(&a), low, width),
            Kind::Concat(parts) => {
                let parts: Vec<Node> = parts.iter().map(get).collect();
                self.concat(&parts)
            }
            Kind::SignExtend(a) => self.sign_extend(get(&a), width),
            Kind::Apply(symbol, list) => {
                let list: Vec<Node> = list.iter().map(get).collect();
                self.apply(symbol, &list, width)
            }
            Kind::Store(list, bytes) => {
                let list: Vec<Node> = list.iter().map(get).collect();
                self.store(&list, bytes)
            }
        }
    }

    fn rebuild_list(
        &mut self,
        list: &[Node],
        map: &HashMap<Node, Node>,
        join: fn(&mut Self, Node, Node) -> Node,
    ) -> Node {
        let mut out = map[&list[0]];
        for n in &list[1..] {
            out = join(self, out, map[n]);
        }
        out
    }
}
