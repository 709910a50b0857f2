//! Memory: stores as a chain of nodes, loads that look through it, addresses with provenance.

use calque_ir::{Constant, Flags, Module, Type, ValueId};

use super::machine::{Machine, State};
use super::operations::{product_overflow, signed_overflow, width_of};
use super::{Lane, Lanes, NULL_PROVENANCE, Role, Stop};
use crate::graph::{Graph, Kind, Node, Symbol};

/// Stores and joins that a load looks through.
const LOOK_BACK_LIMIT: u32 = 64;

/// Byte offset and type of each scalar of a type in memory.
fn places(module: &Module, ty: &Type) -> Option<Vec<(u64, Type)>> {
    match module.resolve(ty) {
        Type::Vector(n, element) => (0..u64::from(*n))
            .map(|i| Some((module.field(ty, i)?.0, (**element).clone())))
            .collect(),
        Type::Array(..) | Type::Struct(..) => None,
        scalar => Some(vec![(0, scalar.clone())]),
    }
}

impl Machine<'_> {
    pub(super) fn alloca(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        element: &Type,
        counted: bool,
        align: u64,
    ) -> Result<Lanes, Stop> {
        let entry = self
            .function
            .blocks
            .first()
            .is_some_and(|b| b.instructions.contains(&id));
        let size = self.module.alloc_size(element).filter(|s| *s <= 1 << 20);
        let (Some(size), false, true) = (size, counted, entry) else {
            return Stop::because("memory-model", format!("alloca of {element}"));
        };
        if !self.flow.back_edges().is_empty() {
            return Stop::because("memory-model", "a local in memory beside a loop");
        }
        let own = self.module.abi_align(element).unwrap_or(1);
        let allocation = state.world.allocation();
        let address = state.graph.variable(64);
        // Offsets stand for addresses in alignment checks; only what the local promises is relied on.
        self.locals.insert(allocation, (size, address));
        self.local_aligns
            .insert(allocation, if align == 0 { own } else { align });
        let provenance = state.graph.constant(allocation, 32);
        Ok(vec![Lane {
            provenance,
            ..Lane::plain(state.graph, address)
        }])
    }

    /// Makes behaviour undefined where an access through `pointer` would be; says whether it goes to a local.
    fn access(
        &mut self,
        state: &mut State<'_>,
        pointer: Lane,
        bytes: u64,
        align: u64,
        writes: bool,
    ) -> Result<(), Stop> {
        let g = &mut *state.graph;
        let mut wrong = vec![pointer.poison, pointer.undef];
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
            if align > promised {
                return Stop::because(
                    "memory-model",
                    "an access with more alignment than its object has",
                );
            }
            aligned_part = offset;
        } else if g.as_constant(pointer.provenance) == Some(NULL_PROVENANCE) {
            wrong.push(g.truth(true));
        } else {
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

    pub(super) fn load(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        pointer: ValueId,
        align: u64,
    ) -> Result<Lanes, Stop> {
        let ty = self.function.ty(id).clone();
        let (Some(size), Some(places)) = (self.module.store_size(&ty), places(self.module, &ty))
        else {
            return Stop::because("memory-model", format!("load of {ty}"));
        };
        let pointer = self.one(state, pointer)?;
        let align = if align == 0 {
            self.module.abi_align(&ty).unwrap_or(1)
        } else {
            align
        };
        self.access(state, pointer, size, align, false)?;
        let mut out = Vec::new();
        for (at, lane_ty) in places {
            let width = width_of(&lane_ty)?;
            let bytes = self.module.store_size(&lane_ty).unwrap_or(1);
            let address = state.graph.add_constant(pointer.value, u128::from(at));
            let place = Place {
                provenance: pointer.provenance,
                address,
                bytes,
                width,
                pointer: lane_ty == Type::Pointer,
            };
            out.push(self.look_up(state.graph, state.memory, place, LOOK_BACK_LIMIT)?);
        }
        Ok(out)
    }

    fn look_up(&self, g: &mut Graph, memory: Node, place: Place, depth: u32) -> Result<Lane, Stop> {
        if let Some((start, values)) = self.table(g, place) {
            let offset = g.sub(place.address, start);
            // Past the table is undefined behaviour, and so is an address between two elements where elements are aligned.
            let mut value = g.constant(*values.last().unwrap_or(&0), place.width);
            let rest = Self::unknown(g, memory, place);
            let mut known = g.truth(false);
            for (i, bits) in values.iter().enumerate().rev() {
                let at = g.constant(i as u128 * u128::from(place.bytes), 64);
                let here = g.equal(offset, at);
                let bits = g.constant(*bits, place.width);
                value = g.choose(here, bits, value);
                known = g.any(&[known, here]);
            }
            return Ok(Lane {
                value: g.choose(known, value, rest.value),
                poison: g.truth(false),
                undef: g.truth(false),
                provenance: rest.provenance,
            });
        }
        let mut memory = memory;
        let mut depth = depth;
        loop {
            let Some(rest) = depth.checked_sub(1) else {
                return Ok(Self::unknown(g, memory, place));
            };
            depth = rest;
            match g.kind(memory).clone() {
                Kind::Store(parts, bytes) => {
                    let (before, provenance, address) = (parts[0], parts[1], parts[2]);
                    if provenance == place.provenance {
                        let distance = g.sub(place.address, address);
                        match g.as_constant(distance) {
                            Some(0) if bytes == place.bytes && g.width(parts[3]) == place.width => {
                                let no = g.truth(false);
                                return Ok(Lane {
                                    value: parts[3],
                                    poison: parts[4],
                                    undef: no,
                                    provenance: parts[5],
                                });
                            }
                            Some(d) => {
                                let d = d as u64 as i64;
                                if d >= bytes as i64 || d <= -(place.bytes as i64) {
                                    memory = before;
                                    continue;
                                }
                                return Stop::because(
                                    "memory-model",
                                    "a load of parts of what was stored",
                                );
                            }
                            None => return Ok(Self::unknown(g, memory, place)),
                        }
                    } else if self.apart(g, provenance, place.provenance) {
                        memory = before;
                    } else {
                        return Ok(Self::unknown(g, memory, place));
                    }
                }
                Kind::Choose(condition, a, b) => {
                    let (a, b) = (
                        self.look_up(g, a, place, depth)?,
                        self.look_up(g, b, place, depth)?,
                    );
                    return Ok(super::machine::choose_lane(g, condition, a, b));
                }
                _ if self.is_local(g, place.provenance) => {
                    // Nothing was stored there yet.
                    let zero = g.constant(0, place.width);
                    let lane = Lane::plain(g, zero);
                    return Ok(Lane {
                        undef: g.truth(true),
                        ..lane
                    });
                }
                _ => return Ok(Self::unknown(g, memory, place)),
            }
        }
    }

    fn unknown(g: &mut Graph, memory: Node, place: Place) -> Lane {
        let arguments = [memory, place.provenance, place.address];
        let value = g.apply(Symbol::Load, &arguments, place.width);
        let size = g.constant(u128::from(place.width), 32);
        let poison = g.apply(
            Symbol::LoadPoison,
            &[memory, place.provenance, place.address, size],
            1,
        );
        let provenance = if place.pointer {
            g.apply(Symbol::LoadProvenance, &arguments, 32)
        } else {
            g.constant(0, 32)
        };
        Lane {
            value,
            poison,
            undef: g.truth(false),
            provenance,
        }
    }

    /// Whether two provenances are certainly different allocations.
    fn apart(&self, g: &Graph, a: Node, b: Node) -> bool {
        match (g.as_constant(a), g.as_constant(b)) {
            (Some(x), Some(y)) => x != y,
            // What a caller passes is none of the function's own locals.
            (Some(x), None) => {
                self.locals.contains_key(&x) && matches!(g.kind(b), Kind::Variable(_))
            }
            (None, Some(y)) => {
                self.locals.contains_key(&y) && matches!(g.kind(a), Kind::Variable(_))
            }
            (None, None) => {
                self.disjoint_arguments
                    && a != b
                    && matches!(g.kind(a), Kind::Variable(_))
                    && matches!(g.kind(b), Kind::Variable(_))
            }
        }
    }

    pub(super) fn store(
        &mut self,
        state: &mut State<'_>,
        value: ValueId,
        pointer: ValueId,
        align: u64,
    ) -> Result<Lanes, Stop> {
        let ty = self.function.ty(value).clone();
        let (Some(size), Some(places)) = (self.module.store_size(&ty), places(self.module, &ty))
        else {
            return Stop::because("memory-model", format!("store of {ty}"));
        };
        let lanes = self.operand(state, value)?;
        let pointer = self.one(state, pointer)?;
        let align = if align == 0 {
            self.module.abi_align(&ty).unwrap_or(1)
        } else {
            align
        };
        self.access(state, pointer, size, align, true)?;
        self.keeps_pointers |= *ty.scalar() == Type::Pointer;
        for ((at, lane_ty), lane) in places.iter().zip(lanes) {
            let bytes = self.module.store_size(lane_ty).unwrap_or(1);
            let g = &mut *state.graph;
            let address = g.add_constant(pointer.value, u128::from(*at));
            let poison = if self.role == Role::Target {
                g.any(&[lane.poison, lane.undef])
            } else {
                lane.poison
            };
            let parts = [
                state.memory,
                pointer.provenance,
                address,
                lane.value,
                poison,
                lane.provenance,
            ];
            state.memory = g.store(&parts, bytes);
        }
        Ok(Vec::new())
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
            poison.push(g.unsigned_less(value, base.value));
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

    /// What is known of an object of its own: a local, or a global that is defined here.
    fn sized(&self, g: &Graph, provenance: Node) -> Option<Sized> {
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
    fn table(&self, g: &Graph, place: Place) -> Option<(Node, Vec<u128>)> {
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
        g.apply(Symbol::OutOfBounds, &[provenance, address], 1)
    }
}

/// A table longer than this is not looked into.
const TABLE_LIMIT: u64 = 64;

#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Local,
    Global,
    Constant,
}

/// An object whose size, address and alignment are known.
struct Sized {
    size: u64,
    address: Node,
    align: u64,
    owner: Owner,
}

#[derive(Clone, Copy)]
struct Place {
    provenance: Node,
    address: Node,
    bytes: u64,
    width: u32,
    pointer: bool,
}
