//! Runs a function on graph nodes instead of bits, from one cut point to the next.

mod calls;
mod machine;
mod operations;
mod pointers;
mod rebuild;

pub(crate) use machine::{Machine, Segment};
pub(crate) use operations::compare_nodes;
#[cfg(test)]
pub(crate) use {calls::intrinsic_nodes, operations::arithmetic};

use std::collections::HashMap;

use crate::graph::{Graph, Node};

/// A scalar: what it is, whether it is poison, whether it is undef; for pointers the allocation it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) value: Node,
    pub(crate) poison: Node,
    /// Source: true only where it is any value. Target: true wherever it might be more than one value.
    pub(crate) undef: Node,
    /// Width 32; a constant for locals, globals and null.
    pub(crate) provenance: Node,
}

/// The scalars of a value.
pub(crate) type Lanes = Vec<Lane>;

/// Which side of the question a function is on: it decides how a choice that the language leaves open is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Any one choice will do.
    Source,
    /// All choices count.
    Target,
}

/// What both functions share: addresses of globals, names of allocations.
#[derive(Default)]
pub(crate) struct World {
    globals: HashMap<String, (Node, Node)>,
    next_allocation: u32,
}

/// Provenance of null; locals and globals count up from here.
pub(crate) const NULL_PROVENANCE: u128 = 0;

impl World {
    fn allocation(&mut self) -> u128 {
        self.next_allocation += 1;
        u128::from(self.next_allocation)
    }

    /// Address and provenance of a global.
    fn global(&mut self, graph: &mut Graph, name: &str) -> (Node, Node) {
        if let Some(&found) = self.globals.get(name) {
            return found;
        }
        let id = self.allocation();
        let found = (graph.variable(64), graph.constant(id, 32));
        self.globals.insert(name.into(), found);
        found
    }
}

/// Why there is no answer: a stable reason code and words.
#[derive(Clone, Debug)]
pub(crate) struct Stop(pub(crate) &'static str, pub(crate) String);

impl Stop {
    pub(crate) fn because<T>(code: &'static str, what: impl Into<String>) -> Result<T, Self> {
        Err(Self(code, what.into()))
    }
}
