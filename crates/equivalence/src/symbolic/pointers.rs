//! Pointers: locals, what an access must hold to, addresses with provenance.

use calque_ir::{Callee, Constant, Flags, Op, Type, ValueId, ValueKind};

use super::arithmetic::{product_overflow, signed_overflow};
use super::machine::{Machine, State};
use super::memory::Place;
use super::{Extent, Lane, Lanes, NULL_PROVENANCE, Role, SLEEP, Stop};
use crate::graph::{Graph, Node, Symbol};

impl Machine<'_> {
    pub(super) fn alloca(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        element: &Type,
        count: Option<ValueId>,
        align: u64,
    ) -> Result<Lanes, Stop> {
        let count = match count {
            None => Some(1),
            Some(count) => self
                .function
                .constant_int(count)
                .and_then(|n| u64::try_from(n).ok()),
        };
        let size = self.module.alloc_size(element).zip(count);
        let size = size
            .and_then(|(size, count)| size.checked_mul(count))
            .filter(|s| *s <= 1 << 20);
        let Some(size) = size else {
            return Stop::because("memory-model", format!("alloca of {element}"));
        };
        if self.unroll.is_none() && !self.flow.back_edges().is_empty() {
            return Stop::because("memory-model", "a local in memory beside a loop");
        }
        let own = self.module.abi_align(element).unwrap_or(1);
        let align = if align == 0 { own } else { align };
        let escapes = self.escaping.contains(&id);
        let (allocation, address) = state
            .world
            .local(state.graph, self.role, size, align, escapes);
        self.locals.insert(allocation, (size, address));
        self.local_aligns.insert(allocation, align);
        if !escapes {
            self.private.insert(allocation);
        }
        if self.has_lifetime(id) {
            self.sleep(state, allocation, true)?;
        }
        let provenance = state.graph.constant(allocation, 32);
        Ok(vec![Lane {
            provenance,
            ..Lane::plain(state.graph, address)
        }])
    }

    /// Whether a marker starts the lifetime of a local: it does not live before.
    fn has_lifetime(&self, local: ValueId) -> bool {
        self.function.values.iter().any(|v| {
            matches!(&v.kind, ValueKind::Instruction(Op::Call { callee: Callee::Named(name), arguments, .. })
                if name.starts_with("llvm.lifetime.start") && arguments.last().is_some_and(|(a, _)| *a == local))
        })
    }

    /// A marker of a lifetime.
    pub(super) fn lifetime(
        &mut self,
        state: &mut State<'_>,
        pointer: ValueId,
        starts: bool,
    ) -> Result<Lanes, Stop> {
        let pointer = self.one(state, pointer)?;
        // Of no local, a marker does nothing.
        if state.graph.is_true(pointer.poison) {
            return Ok(Vec::new());
        }
        let local = state
            .graph
            .as_constant(pointer.provenance)
            .and_then(|id| Some((id, self.locals.get(&id)?.1)));
        match local {
            Some((id, address)) if address == pointer.value => {
                self.sleep(state, id, !starts)?;
                Ok(Vec::new())
            }
            Some(_) if state.graph.is_false(pointer.poison) => Ok(Vec::new()),
            _ => Stop::because("memory-model", "lifetime of what is no local"),
        }
    }

    /// Marks a local as asleep or awake; what it held is gone.
    fn sleep(&mut self, state: &mut State<'_>, id: u128, asleep: bool) -> Result<(), Stop> {
        let Some(&(size, address)) = self.locals.get(&id) else {
            return Ok(());
        };
        let unit = state.world.unit.max(1);
        if size / unit > 64 {
            return Stop::because("memory-model", "lifetime of a large local");
        }
        let g = &mut *state.graph;
        let (no, yes) = (g.truth(false), g.truth(true));
        let (nowhere, provenance) = (g.constant(0, 32), g.constant(id, 32));
        for at in 0..size / unit {
            let address = g.add_constant(address, u128::from(at * unit));
            let value = g.constant(0, 8 * unit as u32);
            let (poison, undef) = if asleep { (yes, no) } else { (no, yes) };
            let parts = [
                state.memory,
                provenance,
                address,
                value,
                poison,
                nowhere,
                undef,
            ];
            state.memory = g.store(&parts, unit);
        }
        let (place, zero) = (g.constant(id + SLEEP, 32), g.constant(0, 64));
        let flag = g.constant(u128::from(asleep), 64);
        let parts = [state.memory, place, zero, flag, no, nowhere, no];
        state.memory = g.store(&parts, 8);
        self.sleepers.insert(id);
        self.private.insert(id + SLEEP);
        Ok(())
    }

    /// Makes behaviour undefined where an access through `pointer` would be.
    pub(super) fn access(
        &mut self,
        state: &mut State<'_>,
        pointer: Lane,
        bytes: u64,
        align: u64,
        writes: bool,
    ) -> Result<(), Stop> {
        let asleep = self.asleep(state, pointer.provenance, writes)?;
        let g = &mut *state.graph;
        let mut wrong = vec![pointer.poison, pointer.undef, asleep];
        let sized = self.sized(g, pointer.provenance);
        let mut aligned_part = pointer.value;
        if let Some(Sized {
            size,
            address,
            align: promised,
            owner,
        }) = sized
        {
            match owner {
                Owner::Local => {}
                Owner::Constant if writes => wrong.push(g.truth(true)),
                Owner::Constant => {}
                Owner::Global => {
                    self.reads |= !writes;
                    self.writes |= writes;
                }
            }
            let offset = g.sub(pointer.value, address);
            if bytes > size {
                wrong.push(g.truth(true));
            } else {
                let last = g.constant(u128::from(size - bytes), 64);
                wrong.push(g.unsigned_less(last, offset));
            }
            if align <= promised {
                aligned_part = offset;
            }
        } else if self.nowhere(g, pointer.provenance) {
            wrong.push(g.truth(true));
        } else if let Some(extent) = self.extent(pointer.provenance) {
            wrong.push(self.freed(g, state.memory, pointer.provenance));
            wrong.push(extent.outside(g, pointer.value, bytes));
            *(if writes {
                &mut self.writes
            } else {
                &mut self.reads
            }) = true;
        } else {
            wrong.push(self.freed(g, state.memory, pointer.provenance));
            wrong.push(g.apply(
                Symbol::NotAccessible(bytes, writes),
                &[pointer.provenance, pointer.value],
                1,
            ));
            if writes {
                self.writes = true;
            } else {
                self.reads = true;
            }
        }
        if align > 1 {
            let bits = align.trailing_zeros();
            let low = g.extract(aligned_part, 0, bits);
            let zero = g.constant(0, bits);
            let aligned = g.equal(low, zero);
            wrong.push(g.not(aligned));
        }
        let wrong = g.any(&wrong);
        state.undefined_if(wrong);
        Ok(())
    }

    pub(super) fn element_pointer(
        &mut self,
        state: &mut State<'_>,
        element: &Type,
        flags: Flags,
        base: ValueId,
        indices: &[ValueId],
    ) -> Result<Lanes, Stop> {
        let base = self.one(state, base)?;
        let mut ty = element.clone();
        let mut poison = vec![base.poison];
        let mut undef = vec![base.undef];
        let mut offset = state.graph.constant(0, 64);
        for (i, &index) in indices.iter().enumerate() {
            let lane = self.one(state, index)?;
            let g = &mut *state.graph;
            if i > 0 {
                if let Type::Struct(..) = self.module.resolve(&ty) {
                    let field = g
                        .as_constant(lane.value)
                        .and_then(|n| self.module.field(&ty, n as u64));
                    let Some((at, inner)) = field else {
                        return Stop::because("memory-model", "getelementptr into a struct");
                    };
                    offset = g.add_constant(offset, u128::from(at));
                    ty = inner;
                    continue;
                }
                let Some((_, inner)) = self.module.field(&ty, 0) else {
                    return Stop::because("memory-model", format!("getelementptr into {ty}"));
                };
                ty = inner;
            }
            let Some(step) = self.module.alloc_size(&ty) else {
                return Stop::because("memory-model", format!("getelementptr into {ty}"));
            };
            poison.push(lane.poison);
            undef.push(lane.undef);
            let width = g.width(lane.value);
            let wide = if width < 64 {
                g.sign_extend(lane.value, 64)
            } else {
                g.extract(lane.value, 0, 64)
            };
            if flags.nusw && width > 64 {
                let back = g.sign_extend(wide, width);
                let same = g.equal(back, lane.value);
                poison.push(g.not(same));
            }
            let scale = g.constant(u128::from(step), 64);
            if flags.nusw {
                poison.push(product_overflow(g, wide, scale, true));
            }
            if flags.nuw {
                poison.push(product_overflow(g, wide, scale, false));
            }
            let part = g.scale(wide, u128::from(step));
            let sum = g.add(offset, part);
            if g.as_constant(offset) != Some(0) {
                if flags.nusw {
                    poison.push(signed_overflow(g, offset, part, sum, false));
                }
                if flags.nuw {
                    poison.push(g.unsigned_less(sum, offset));
                }
            }
            offset = sum;
        }
        let g = &mut *state.graph;
        let value = g.add(base.value, offset);
        if flags.nuw {
            // Inside a slice, where nothing wraps, addresses compare as their distances from its start do.
            let start = self.extent(base.provenance).filter(|_| flags.inbounds);
            let from = start.map_or_else(|| g.constant(0, 64), |e| e.start);
            let (below, above) = (g.sub(value, from), g.sub(base.value, from));
            poison.push(g.unsigned_less(below, above));
        }
        if flags.inbounds {
            if g.as_constant(offset) != Some(0) {
                let moved = {
                    let zero = g.constant(0, 64);
                    let still = g.equal(offset, zero);
                    g.not(still)
                };
                for address in [base.value, value] {
                    let out = self.out_of_bounds(g, base.provenance, address);
                    poison.push(g.all(&[moved, out]));
                }
            }
        } else if flags.nusw {
            // The signed offset must not take the unsigned address around.
            let zero = g.constant(0, 64);
            let backward = g.signed_less(offset, zero);
            let (below, above) = (
                g.unsigned_less(value, base.value),
                g.unsigned_less(base.value, value),
            );
            poison.push(g.choose(backward, above, below));
        }
        let undef = match self.role {
            Role::Source => g.truth(false),
            Role::Target => g.any(&undef),
        };
        if self.role == Role::Target {
            poison.push(undef);
        }
        let poison = g.any(&poison);
        Ok(vec![Lane {
            value,
            poison,
            undef,
            provenance: base.provenance,
        }])
    }

    /// When some bytes at a pointer cannot be loaded.
    pub(super) fn not_accessible(
        &self,
        state: &mut State<'_>,
        pointer: Lane,
        bytes: u64,
        writes: bool,
    ) -> Node {
        let g = &mut *state.graph;
        let mut wrong = vec![pointer.poison, pointer.undef];
        match self.sized(g, pointer.provenance) {
            Some(Sized { size, owner, .. })
                if bytes > size || (writes && owner == Owner::Constant) =>
            {
                wrong.push(g.truth(true));
            }
            Some(Sized { size, address, .. }) => {
                let offset = g.sub(pointer.value, address);
                let last = g.constant(u128::from(size - bytes), 64);
                wrong.push(g.unsigned_less(last, offset));
            }
            None if self.nowhere(g, pointer.provenance) => wrong.push(g.truth(true)),
            None => {
                wrong.push(self.freed(g, state.memory, pointer.provenance));
                if let Some(extent) = self.extent(pointer.provenance) {
                    wrong.push(extent.outside(g, pointer.value, bytes));
                    return g.any(&wrong);
                }
                wrong.push(g.apply(
                    Symbol::NotAccessible(bytes, writes),
                    &[pointer.provenance, pointer.value],
                    1,
                ));
            }
        }
        g.any(&wrong)
    }

    /// The slice that a pointer is into.
    pub(super) fn extent(&self, provenance: Node) -> Option<Extent> {
        let mut known = self.extents.iter();
        known.find(|e| e.provenance == provenance).copied()
    }

    /// Whether a pointer is null or next to it, where nothing can be.
    fn nowhere(&self, g: &Graph, provenance: Node) -> bool {
        !self.function.null_is_valid && g.as_constant(provenance) == Some(NULL_PROVENANCE)
    }

    /// When a store goes to a local that sleeps.
    fn asleep(
        &mut self,
        state: &mut State<'_>,
        provenance: Node,
        writes: bool,
    ) -> Result<Node, Stop> {
        let id = state.graph.as_constant(provenance);
        let Some(id) = id.filter(|id| writes && self.sleepers.contains(id)) else {
            return Ok(state.graph.truth(false));
        };
        let place = (
            state.graph.constant(id + SLEEP, 32),
            state.graph.constant(0, 64),
        );
        let flag = self.read(state.graph, state.world.unit, state.memory, place, 8, false)?;
        let zero = state.graph.constant(0, 64);
        let awake = state.graph.equal(flag.value, zero);
        Ok(state.graph.not(awake))
    }

    /// What is known of an object of its own: a local, or a global that is defined here.
    pub(super) fn sized(&self, g: &Graph, provenance: Node) -> Option<Sized> {
        let id = g.as_constant(provenance)?;
        if let Some(&(size, address)) = self.locals.get(&id) {
            let align = self.local_aligns.get(&id).copied().unwrap_or(1);
            return Some(Sized {
                size,
                address,
                align,
                owner: Owner::Local,
            });
        }
        let (name, address) = self.globals.get(&id)?;
        let global = self
            .module
            .globals
            .get(name)
            .filter(|g| g.initializer.is_some())?;
        let size = self.module.alloc_size(&global.ty)?;
        let align = global.align.max(self.module.abi_align(&global.ty)?);
        let owner = if global.constant {
            Owner::Constant
        } else {
            Owner::Global
        };
        Some(Sized {
            size,
            address: *address,
            align,
            owner,
        })
    }

    /// Elements of a constant array of integers: bytes of each, values.
    pub(super) fn table(&self, g: &Graph, place: Place) -> Option<(Node, Vec<u128>)> {
        let id = g.as_constant(place.provenance)?;
        let (name, address) = self.globals.get(&id)?;
        let global = self.module.globals.get(name).filter(|g| g.constant)?;
        let Type::Array(count, element) = self.module.resolve(&global.ty) else {
            return None;
        };
        if *count > TABLE_LIMIT
            || **element != Type::Int(place.width)
            || self.module.alloc_size(element)? != place.bytes
        {
            return None;
        }
        let values = match global.initializer.as_ref()? {
            Constant::Zero => vec![0; *count as usize],
            Constant::Aggregate(fields) => fields
                .iter()
                .map(|(_, c)| {
                    if let Constant::Int(bits) = c {
                        Some(*bits)
                    } else {
                        None
                    }
                })
                .collect::<Option<_>>()?,
            _ => return None,
        };
        Some((*address, values))
    }

    fn out_of_bounds(&self, g: &mut Graph, provenance: Node, address: Node) -> Node {
        if let Some(Sized {
            size,
            address: start,
            ..
        }) = self.sized(g, provenance)
        {
            let offset = g.sub(address, start);
            let end = g.constant(u128::from(size), 64);
            return g.unsigned_less(end, offset);
        }
        if let Some(extent) = self.extent(provenance) {
            return extent.outside(g, address, 0);
        }
        g.apply(Symbol::OutOfBounds, &[provenance, address], 1)
    }
}

/// A table longer than this is not looked into.
const TABLE_LIMIT: u64 = 64;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Owner {
    Local,
    Global,
    Constant,
}

/// An object whose size, address and alignment are known.
pub(super) struct Sized {
    pub(super) size: u64,
    pub(super) address: Node,
    align: u64,
    owner: Owner,
}
