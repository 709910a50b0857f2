//! One hash-consed graph of bit vectors for both functions: equal nodes are equal values.
//!
//! Sums are kept as linear combinations modulo 2^w of products, so that associativity, commutativity, distribution over constants and
//! the usual rewrites of a compiler between `sub`, `shl`, `mul` and `add` meet in one node. Truth values are vectors of width 1,
//! memories have width 0.

mod arithmetic;
mod bits;
mod boolean;
mod compare;
mod evaluate;
mod substitute;

use calque_ir::collections::HashMap;

use calque_ir::fold::mask;

pub(crate) use evaluate::Evaluator;

/// A node; equal ids mean equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Node(pub(crate) u32);

/// Functions without an interpretation, but the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Symbol {
    /// Bits that a load finds: memory, provenance, address.
    Load,
    /// Whether they are poison: memory, provenance, address; and the bytes of the access.
    LoadPoison,
    /// Whether an access of that many bytes at (provenance, address) is undefined behaviour; and whether it writes.
    NotAccessible(u64, bool),
    /// Whether (provenance, address) lies outside its allocation.
    OutOfBounds,
    /// Whether a product of two words too wide to multiply out leaves the range; signed or not.
    ProductOverflow(bool),
    /// Provenance of a loaded pointer: memory, provenance, address.
    LoadProvenance,
    /// Memory after a call of a function without a body: memory before, what the callee leaves of what it can reach; and 1 if it
    /// may free.
    Called,
    /// Whether such a call freed an allocation: what the callee left, provenance.
    Freed,
    /// What such a call returns: number of the callee, lane, part of the lane; arguments and memory.
    Result(u32, u32, u8),
}

/// Division and shifts by amounts that are not constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hard {
    UDiv,
    SDiv,
    URem,
    SRem,
    Shl,
    LShr,
    AShr,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Constant(u128),
    Variable(u32),
    /// Sum of coefficient times atom, plus a constant. Atoms are neither sums nor constants.
    Sum(Box<[(Node, u128)]>, u128),
    /// At least two atoms, sorted.
    Product(Box<[Node]>),
    Hard(Hard, Node, Node),
    /// At least two, sorted, no two equal. Of width 1 it is the only connective beside `Not`, `Xor` and `Choose`.
    And(Box<[Node]>),
    /// Wider than 1 only.
    Or(Box<[Node]>),
    Xor(Node, Node),
    /// Of width 1 only.
    Not(Node),
    Equal(Node, Node),
    UnsignedLess(Node, Node),
    SignedLess(Node, Node),
    Choose(Node, Node, Node),
    /// Bits from a position on; the node's width says how many.
    Extract(Node, u32),
    /// Low part first.
    Concat(Box<[Node]>),
    SignExtend(Node),
    Apply(Symbol, Box<[Node]>),
    /// Memory after a store: before, provenance, address, value, poison; and the bytes written.
    Store(Box<[Node]>, u64),
}

/// The nodes.
pub(crate) struct Graph {
    kinds: Vec<Kind>,
    widths: Vec<u32>,
    ids: HashMap<(Kind, u32), Node>,
    /// What `extract` answered, by node, lowest bit and number of bits.
    extracts: HashMap<(Node, u32, u32), Node>,
    variables: u32,
}

/// Beyond this many nodes every answer is *budget*.
pub(crate) const NODE_LIMIT: usize = 400_000;

impl Graph {
    pub(crate) fn new() -> Self {
        Self {
            kinds: Vec::new(),
            widths: Vec::new(),
            ids: HashMap::default(),
            extracts: HashMap::default(),
            variables: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(crate) fn kind(&self, node: Node) -> &Kind {
        &self.kinds[node.0 as usize]
    }

    pub(crate) fn width(&self, node: Node) -> u32 {
        self.widths[node.0 as usize]
    }

    fn intern(&mut self, kind: Kind, width: u32) -> Node {
        if let Some(&node) = self.ids.get(&(kind.clone(), width)) {
            return node;
        }
        let node = Node(self.kinds.len() as u32);
        self.kinds.push(kind.clone());
        self.widths.push(width);
        self.ids.insert((kind, width), node);
        node
    }

    pub(crate) fn variable(&mut self, width: u32) -> Node {
        self.variables += 1;
        self.intern(Kind::Variable(self.variables), width)
    }

    pub(crate) fn constant(&mut self, bits: u128, width: u32) -> Node {
        self.intern(Kind::Constant(bits & mask(width)), width)
    }

    pub(crate) fn truth(&mut self, value: bool) -> Node {
        self.constant(u128::from(value), 1)
    }

    pub(crate) fn as_constant(&self, node: Node) -> Option<u128> {
        if let Kind::Constant(bits) = self.kind(node) {
            Some(*bits)
        } else {
            None
        }
    }

    pub(crate) fn is_true(&self, node: Node) -> bool {
        self.width(node) == 1 && self.as_constant(node) == Some(1)
    }

    pub(crate) fn is_false(&self, node: Node) -> bool {
        self.width(node) == 1 && self.as_constant(node) == Some(0)
    }

    pub(crate) fn apply(&mut self, symbol: Symbol, arguments: &[Node], width: u32) -> Node {
        self.intern(Kind::Apply(symbol, arguments.into()), width)
    }

    pub(crate) fn store(&mut self, parts: &[Node], bytes: u64) -> Node {
        self.intern(Kind::Store(parts.into(), bytes), 0)
    }

    /// The nodes that a node is made of.
    pub(crate) fn children(&self, node: Node) -> Vec<Node> {
        match self.kind(node) {
            Kind::Constant(_) | Kind::Variable(_) => Vec::new(),
            Kind::Sum(terms, _) => terms.iter().map(|(n, _)| *n).collect(),
            Kind::Product(list)
            | Kind::And(list)
            | Kind::Or(list)
            | Kind::Concat(list)
            | Kind::Apply(_, list)
            | Kind::Store(list, _) => list.to_vec(),
            Kind::Hard(_, a, b)
            | Kind::Xor(a, b)
            | Kind::Equal(a, b)
            | Kind::UnsignedLess(a, b)
            | Kind::SignedLess(a, b) => {
                vec![*a, *b]
            }
            Kind::Not(a) | Kind::Extract(a, _) | Kind::SignExtend(a) => vec![*a],
            Kind::Choose(c, a, b) => vec![*c, *a, *b],
        }
    }
}
