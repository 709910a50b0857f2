//! Runs a function on graph nodes instead of bits, from one cut point to the next.

mod arithmetic;
mod attributes;
mod calls;
mod casts;
mod constants;
mod float;
mod intrinsics;
mod liveness;
mod machine;
mod memory;
mod operations;
mod pointers;
mod rebuild;
mod region;
mod scalars;
mod undef;
mod walk;

pub(crate) use arithmetic::compare_nodes;
pub(crate) use calls::is_quiet;
pub(crate) use liveness::escaping;
pub(crate) use machine::{Machine, Segment};
pub(crate) use memory::{memory_violation, unit_of};
#[cfg(test)]
pub(crate) use {arithmetic::arithmetic, intrinsics::intrinsic_nodes};

use calque_ir::collections::HashMap;

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
    locals: Vec<Shared>,
    local_count: u32,
    callees: HashMap<String, u32>,
    /// What each operation may choose, for its n-th place.
    choices: HashMap<(Node, usize), Node>,
    /// Bytes that memory is told apart by: every access is of whole units at whole units; 0 stands for 1.
    pub(crate) unit: u64,
}

/// A local of the source that the target may have too: if both have one of the same size whose address gets out, the source can have
/// it wherever the target has it.
struct Shared {
    size: u64,
    align: u64,
    allocation: u128,
    address: Node,
    taken: bool,
}

/// Provenance of null; globals count up from here.
pub(crate) const NULL_PROVENANCE: u128 = 0;
/// Locals count up from here: no caller has a pointer to one.
pub(crate) const FIRST_LOCAL: u128 = 1 << 31;
/// Added to a local's provenance: where it is kept whether the local sleeps.
pub(crate) const SLEEP: u128 = 1 << 30;

impl World {
    /// Nothing shared yet; memory is told apart by units of so many bytes.
    pub(crate) fn of_unit(unit: u64) -> Self {
        Self {
            unit,
            ..Self::default()
        }
    }

    fn allocation(&mut self) -> u128 {
        self.local_count += 1;
        FIRST_LOCAL + u128::from(self.local_count)
    }

    /// Provenance and address of a local.
    fn local(
        &mut self,
        graph: &mut Graph,
        role: Role,
        size: u64,
        align: u64,
        escapes: bool,
    ) -> (u128, Node) {
        if role == Role::Target && escapes {
            let twin = self
                .locals
                .iter_mut()
                .find(|l| !l.taken && l.size == size && l.align == align);
            if let Some(twin) = twin {
                twin.taken = true;
                return (twin.allocation, twin.address);
            }
        }
        let allocation = self.allocation();
        let low = align.max(1).trailing_zeros().min(32);
        let high = graph.variable(64 - low);
        let address = if low == 0 {
            high
        } else {
            let zeros = graph.constant(0, low);
            graph.concat(&[zeros, high])
        };
        if role == Role::Source && escapes {
            self.locals.push(Shared {
                size,
                align,
                allocation,
                address,
                taken: false,
            });
        }
        (allocation, address)
    }

    /// Locals that both sides have.
    pub(crate) fn shared_locals(&self) -> Vec<u128> {
        let taken = self.locals.iter().filter(|l| l.taken);
        taken.map(|l| l.allocation).collect()
    }

    /// A number for a callee.
    fn callee(&mut self, key: &str) -> u32 {
        let next = self.callees.len() as u32;
        *self.callees.entry(key.into()).or_insert(next)
    }

    /// A provenance that is no local's.
    pub(crate) fn foreign(graph: &mut Graph) -> Node {
        let (low, zero) = (graph.variable(31), graph.truth(false));
        graph.concat(&[low, zero])
    }

    /// Globals by name: address and provenance.
    pub(crate) fn known_globals(&self) -> impl Iterator<Item = (&String, &(Node, Node))> {
        self.globals.iter()
    }

    /// Address and provenance of a global.
    fn global(&mut self, graph: &mut Graph, name: &str) -> (Node, Node) {
        if let Some(&found) = self.globals.get(name) {
            return found;
        }
        let id = self.globals.len() as u128 + 1;
        let found = (graph.variable(64), graph.constant(id, 32));
        self.globals.insert(name.into(), found);
        found
    }
}

/// Memory behind a slice: as many bytes as it says, each a value at the entry.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) provenance: Node,
    pub(crate) start: Node,
    pub(crate) bytes: Node,
}

impl Extent {
    /// Where an access of so many bytes, or with none an address, lies outside.
    pub(crate) fn outside(self, g: &mut Graph, address: Node, bytes: u64) -> Node {
        let offset = g.sub(address, self.start);
        let size = g.constant(u128::from(bytes), 64);
        let last = g.sub(self.bytes, size);
        let (too_large, behind) = (
            g.unsigned_less(self.bytes, size),
            g.unsigned_less(last, offset),
        );
        g.any(&[too_large, behind])
    }

    /// Where it would lie in the upper three quarters of all addresses, where no program has memory, and might reach around the end.
    pub(crate) fn too_high(self, g: &mut Graph) -> Node {
        let limit = g.constant(1 << 62, 64);
        let below = g.unsigned_less(self.start, limit);
        g.not(below)
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
