//! Memory: stores as a chain of nodes, and reading through them, unit by unit where a store may or may not be what is read.

use calque_ir::collections::HashMap;

use calque_ir::{Callee, Function, Module, Op, Type, ValueId, ValueKind};

use super::casts::width_of;
use super::machine::{Machine, State, choose_lane};
use super::{FIRST_LOCAL, Lane, Lanes, Role, Stop, World};
use crate::graph::{Graph, Kind, Node, Symbol};
use crate::image::ImageByte;
use crate::prove::lane_violation;

/// Stores and joins that one read looks through.
const LOOK_BACK_LIMIT: u32 = 400;
/// Scalars of one access.
const LANE_LIMIT: usize = 128;
/// Bytes that a copy or fill may move.
const BLOCK_LIMIT_BYTES: u64 = 64;

/// Byte offset and type of each scalar of a type in memory; `None` where scalars do not start at whole bytes.
fn places(module: &Module, ty: &Type) -> Option<Vec<(u64, Type)>> {
    fn walk(module: &Module, ty: &Type, at: u64, out: &mut Vec<(u64, Type)>) -> Option<()> {
        let count = match module.resolve(ty) {
            Type::Vector(n, _) => u64::from(*n),
            Type::Array(n, _) => *n,
            Type::Struct(fields, _) => fields.len() as u64,
            scalar => {
                out.push((at, scalar.clone()));
                return (out.len() <= LANE_LIMIT).then_some(());
            }
        };
        for i in 0..count.min(LANE_LIMIT as u64 + 1) {
            let (offset, field) = module.field(ty, i)?;
            walk(module, &field, at.checked_add(offset)?, out)?;
        }
        Some(())
    }
    module.lanes(ty)?;
    let mut out = Vec::new();
    walk(module, ty, 0, &mut out)?;
    Some(out)
}

/// The unit in which two functions can tell memory apart: what divides the sizes and alignments of all accesses.
pub(crate) fn unit_of(sides: [(&Module, &Function); 2]) -> u64 {
    let mut unit = 8u64;
    for (module, function) in sides {
        for value in &function.values {
            let (ty, align) = match &value.kind {
                ValueKind::Instruction(Op::Load { align, .. }) => (&value.ty, *align),
                ValueKind::Instruction(Op::Store { value, align, .. }) => {
                    (function.ty(*value), *align)
                }
                ValueKind::Instruction(Op::Call {
                    callee: Callee::Named(name),
                    ..
                }) if name.starts_with("llvm.mem") => return 1,
                _ => continue,
            };
            let align = if align == 0 {
                module.abi_align(ty).unwrap_or(1)
            } else {
                align
            };
            unit = unit.min(align.max(1));
            let Some(places) = places(module, ty) else {
                return 1;
            };
            let sizes = places
                .iter()
                .map(|(_, t)| module.store_size(t).unwrap_or(1));
            for size in sizes.chain(module.store_size(ty)) {
                unit = unit.min(1 << size.max(1).trailing_zeros());
            }
        }
    }
    unit.max(1)
}

/// What is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) provenance: Node,
    pub(super) address: Node,
    pub(super) bytes: u64,
    pub(super) width: u32,
    pub(super) pointer: bool,
    /// As bytes that may belong to a pointer, to compare or to copy.
    raw: bool,
}

type Memo = HashMap<(Node, Place), Lane>;

impl Machine<'_> {
    pub(super) fn load(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        pointer: ValueId,
        align: u64,
    ) -> Result<Lanes, Stop> {
        let own = self.function.ty(id).clone();
        let ty = own.packed().unwrap_or_else(|| own.clone());
        let (Some(size), Some(places)) = (self.module.store_size(&ty), places(self.module, &ty))
        else {
            return Stop::because("memory-model", format!("load of {ty}"));
        };
        let pointer = self.one(state, pointer)?;
        let align = self.own_align(&own, align);
        self.access(state, pointer, size, align, false)?;
        let unit = state.world.unit.max(1);
        let mut out = Vec::new();
        for (at, lane_ty) in places {
            let width = width_of(&lane_ty)?;
            let bytes = self.module.store_size(&lane_ty).unwrap_or(1);
            let g = &mut *state.graph;
            let address = g.add_constant(pointer.value, u128::from(at));
            let is_pointer = lane_ty == Type::Pointer;
            let lane = self.read(
                g,
                unit,
                state.memory,
                (pointer.provenance, address),
                bytes,
                is_pointer,
            )?;
            out.push(narrow(g, lane, width));
        }
        self.bitcast(state.graph, out, &ty, &own)
    }

    fn own_align(&self, ty: &Type, align: u64) -> u64 {
        if align == 0 {
            self.module.abi_align(ty).unwrap_or(1)
        } else {
            align
        }
    }

    /// The scalar of some bytes at (provenance, address).
    pub(super) fn read(
        &self,
        g: &mut Graph,
        unit: u64,
        memory: Node,
        at: (Node, Node),
        bytes: u64,
        pointer: bool,
    ) -> Result<Lane, Stop> {
        let place = Place {
            provenance: at.0,
            address: at.1,
            bytes,
            width: 8 * bytes as u32,
            pointer,
            raw: false,
        };
        self.look_up(
            g,
            unit.max(1),
            memory,
            place,
            &mut Memo::default(),
            LOOK_BACK_LIMIT,
        )
    }

    /// The lane of one unit, whatever it belongs to.
    fn raw(
        &self,
        g: &mut Graph,
        unit: u64,
        memory: Node,
        provenance: Node,
        address: Node,
    ) -> Result<Lane, Stop> {
        let place = Place {
            provenance,
            address,
            bytes: unit,
            width: 8 * unit as u32,
            pointer: false,
            raw: true,
        };
        self.look_up(
            g,
            unit,
            memory,
            place,
            &mut Memo::default(),
            LOOK_BACK_LIMIT,
        )
    }

    fn look_up(
        &self,
        g: &mut Graph,
        unit: u64,
        memory: Node,
        place: Place,
        memo: &mut Memo,
        depth: u32,
    ) -> Result<Lane, Stop> {
        if let Some(known) = memo.get(&(memory, place)) {
            return Ok(*known);
        }
        let lane = self.look_through(g, unit, memory, place, memo, depth)?;
        memo.insert((memory, place), lane);
        Ok(lane)
    }

    fn look_through(
        &self,
        g: &mut Graph,
        unit: u64,
        memory: Node,
        place: Place,
        memo: &mut Memo,
        depth: u32,
    ) -> Result<Lane, Stop> {
        if let Some(lane) = self.constant_lane(g, place) {
            return Ok(lane);
        }
        if let Some((start, values)) = self.table(g, place) {
            return Ok(self.table_entry(g, memory, place, start, &values));
        }
        let mut memory = memory;
        let mut depth = depth;
        loop {
            let Some(rest) = depth.checked_sub(1) else {
                return Stop::because("budget", "a load looks back over too many stores");
            };
            depth = rest;
            match g.kind(memory).clone() {
                Kind::Store(parts, bytes) => {
                    let (before, provenance, address) = (parts[0], parts[1], parts[2]);
                    if self.apart(g, provenance, place.provenance) {
                        memory = before;
                        continue;
                    }
                    let distance = g.sub(place.address, address);
                    if provenance == place.provenance {
                        match g.as_constant(distance).map(|d| d as u64 as i64) {
                            Some(0) if bytes == place.bytes => return whole(g, &parts, place),
                            Some(d) if d >= bytes as i64 || d <= -(place.bytes as i64) => {
                                memory = before;
                                continue;
                            }
                            _ => {}
                        }
                    }
                    if place.bytes > unit {
                        return self.in_units(g, unit, memory, place, memo, depth);
                    }
                    let mut lane = self.look_up(g, unit, before, place, memo, depth)?;
                    let same = g.equal(provenance, place.provenance);
                    for k in 0..(bytes / unit).max(1) {
                        let at = g.constant(u128::from(k * unit), 64);
                        let here = g.equal(distance, at);
                        let hit = g.all(&[same, here]);
                        if g.is_false(hit) {
                            continue;
                        }
                        let part = self.piece(g, &parts, k * unit, place)?;
                        lane = choose_lane(g, hit, part, lane);
                    }
                    return Ok(lane);
                }
                Kind::Choose(condition, a, b) => {
                    let (a, b) = (
                        self.look_up(g, unit, a, place, memo, depth)?,
                        self.look_up(g, unit, b, place, memo, depth)?,
                    );
                    return Ok(choose_lane(g, condition, a, b));
                }
                Kind::Apply(Symbol::Called, list) => {
                    // A callee sees no local whose address it cannot have.
                    let private = g
                        .as_constant(place.provenance)
                        .is_some_and(|id| self.private.contains(&id));
                    memory = if private { list[0] } else { list[1] };
                }
                _ => {
                    let local = g
                        .as_constant(place.provenance)
                        .is_some_and(|id| id >= FIRST_LOCAL);
                    if local {
                        // Nothing was stored there yet.
                        let zero = g.constant(0, place.width);
                        let lane = Lane::plain(g, zero);
                        return Ok(Lane {
                            undef: g.truth(true),
                            ..lane
                        });
                    }
                    if place.bytes > unit && !place.pointer {
                        return self.in_units(g, unit, memory, place, memo, depth);
                    }
                    return Ok(self.unknown(g, memory, place));
                }
            }
        }
    }

    /// Part of what was stored.
    fn piece(&self, g: &mut Graph, parts: &[Node], at: u64, place: Place) -> Result<Lane, Stop> {
        let mut low = 8 * at as u32;
        if self.module.layout.big_endian {
            low = g.width(parts[3]) - place.width - low;
        }
        let lane = Lane {
            value: g.extract(parts[3], low, place.width),
            poison: parts[4],
            undef: parts[6],
            provenance: parts[5],
        };
        as_kind(g, lane, place)
    }

    /// When an allocation of the caller's was freed by a call on the way to this memory.
    pub(super) fn freed(&self, g: &mut Graph, memory: Node, provenance: Node) -> Node {
        if self.events.is_empty() {
            return g.truth(false);
        }
        freed_before(g, memory, provenance, &mut HashMap::default())
    }

    /// A read of several units, put together from reads of one.
    fn in_units(
        &self,
        g: &mut Graph,
        unit: u64,
        memory: Node,
        place: Place,
        memo: &mut Memo,
        depth: u32,
    ) -> Result<Lane, Stop> {
        if place.pointer {
            // A pointer put together from parts: a function of this memory, no more is known.
            return Ok(self.unknown(g, memory, place));
        }
        let (mut values, mut poison, mut undef) = (Vec::new(), Vec::new(), Vec::new());
        for k in 0..place.bytes / unit {
            let part = Place {
                address: g.add_constant(place.address, u128::from(k * unit)),
                bytes: unit,
                width: 8 * unit as u32,
                ..place
            };
            let lane = self.look_up(g, unit, memory, part, memo, depth)?;
            values.push(lane.value);
            poison.push(lane.poison);
            undef.push(lane.undef);
        }
        // Of a source, undef is claimed only where every part is; of a target, where any is.
        let undef = match self.role {
            Role::Source => g.all(&undef),
            Role::Target => g.any(&undef),
        };
        if self.module.layout.big_endian {
            values.reverse();
        }
        Ok(Lane {
            value: g.concat(&values),
            poison: g.any(&poison),
            undef,
            provenance: g.constant(0, 32),
        })
    }

    /// What stands at a known place of a constant global.
    fn constant_lane(&self, g: &mut Graph, place: Place) -> Option<Lane> {
        let id = g.as_constant(place.provenance)?;
        let bytes = self.images.get(&id)?;
        let (_, start) = self.globals.get(&id)?;
        let distance = g.sub(place.address, *start);
        let at = usize::try_from(g.as_constant(distance)?).ok()?;
        let bytes = bytes.get(at..at.checked_add(place.bytes as usize)?)?;
        let plain = |g: &mut Graph, bits: u128| {
            let value = g.constant(bits, place.width);
            Lane::plain(g, value)
        };
        if bytes.contains(&ImageByte::Poison) && !place.raw {
            let lane = plain(g, 0);
            let poison = g.truth(true);
            return Some(Lane { poison, ..lane });
        }
        if bytes.iter().all(|b| *b == ImageByte::Undef) && !place.pointer {
            let lane = plain(g, 0);
            let undef = g.truth(true);
            return Some(Lane { undef, ..lane });
        }
        if let (true, [ImageByte::Address(name, offset, _), ..]) = (place.pointer, bytes) {
            let whole = bytes.iter().enumerate().all(|(i, b)| {
                matches!(b, ImageByte::Address(n, o, k) if n == name && o == offset && usize::from(*k) == i)
            });
            let (id, (_, address)) = self.globals.iter().find(|(_, (n, _))| n == name)?;
            if !whole {
                return None;
            }
            let value = g.add_constant(*address, *offset as u128);
            let lane = Lane::plain(g, value);
            let provenance = g.constant(*id, 32);
            return Some(Lane { provenance, ..lane });
        }
        let mut bits = 0u128;
        for (i, byte) in bytes.iter().enumerate() {
            let ImageByte::Bits(b) = byte else {
                return None;
            };
            let at = if self.module.layout.big_endian {
                bytes.len() - 1 - i
            } else {
                i
            };
            bits |= u128::from(*b).checked_shl(8 * at as u32)?;
        }
        // A pointer made of bits has no provenance here but null's.
        (!place.pointer || bits == 0).then(|| plain(g, bits))
    }

    fn table_entry(
        &self,
        g: &mut Graph,
        memory: Node,
        place: Place,
        start: Node,
        values: &[u128],
    ) -> Lane {
        let offset = g.sub(place.address, start);
        // Past the table is undefined behaviour, and so is an address between two elements where elements are aligned.
        let mut value = g.constant(*values.last().unwrap_or(&0), place.width);
        let rest = self.unknown(g, memory, place);
        let mut known = g.truth(false);
        for (i, bits) in values.iter().enumerate().rev() {
            let at = g.constant(i as u128 * u128::from(place.bytes), 64);
            let here = g.equal(offset, at);
            let bits = g.constant(*bits, place.width);
            value = g.choose(here, bits, value);
            known = g.any(&[known, here]);
        }
        Lane {
            value: g.choose(known, value, rest.value),
            poison: g.truth(false),
            undef: g.truth(false),
            provenance: rest.provenance,
        }
    }

    /// What memory holds where nothing more is known of it.
    fn unknown(&self, g: &mut Graph, memory: Node, place: Place) -> Lane {
        let arguments = [memory, place.provenance, place.address];
        let value = g.apply(Symbol::Load, &arguments, place.width);
        if self.entry_memory == Some(memory) && self.extent(place.provenance).is_some() {
            return Lane::plain(g, value);
        }
        let size = g.constant(u128::from(place.width), 32);
        let poison = g.apply(
            Symbol::LoadPoison,
            &[memory, place.provenance, place.address, size],
            1,
        );
        let provenance = if self.addresses_escape {
            g.apply(Symbol::LoadProvenance, &arguments, 32)
        } else {
            // No pointer to a local got there.
            let low = g.apply(Symbol::LoadProvenance, &arguments, 31);
            let zero = g.truth(false);
            g.concat(&[low, zero])
        };
        let lane = Lane {
            value,
            poison,
            undef: g.truth(false),
            provenance,
        };
        if place.pointer || place.raw {
            lane
        } else {
            as_integer(g, lane)
        }
    }

    /// Whether two provenances are certainly different allocations.
    fn apart(&self, g: &mut Graph, a: Node, b: Node) -> bool {
        if a == b {
            return false;
        }
        let same = g.equal(a, b);
        g.is_false(same)
            || (self.disjoint_arguments
                && self.entry_pointers.contains(&a)
                && self.entry_pointers.contains(&b))
    }

    pub(super) fn store(
        &mut self,
        state: &mut State<'_>,
        value: ValueId,
        pointer: ValueId,
        align: u64,
    ) -> Result<Lanes, Stop> {
        let own = self.function.ty(value).clone();
        let ty = own.packed().unwrap_or_else(|| own.clone());
        let (Some(size), Some(places)) = (self.module.store_size(&ty), places(self.module, &ty))
        else {
            return Stop::because("memory-model", format!("store of {ty}"));
        };
        let mut lanes = self.operand(state, value)?;
        if ty != own {
            let whole = |l: &Lane| state.graph.is_false(l.poison) && state.graph.is_false(l.undef);
            if !lanes.iter().all(whole) {
                return Stop::because(
                    "memory-model",
                    "a packed vector that may be partly poison or undef",
                );
            }
            lanes = self.bitcast(state.graph, lanes, &own, &ty)?;
        }
        let pointer = self.one(state, pointer)?;
        let align = self.own_align(&own, align);
        self.access(state, pointer, size, align, true)?;
        self.keeps_pointers |= places.iter().any(|(_, t)| *t == Type::Pointer);
        let unit = state.world.unit.max(1);
        // What lies between the fields is left undefined.
        let mut covered = 0;
        let mut gaps = Vec::new();
        for (at, lane_ty) in &places {
            gaps.extend((covered..*at).step_by(unit as usize));
            covered = at + self.module.store_size(lane_ty).unwrap_or(1);
        }
        gaps.extend((covered..size).step_by(unit as usize));
        for at in gaps {
            let zero = state.graph.constant(0, 8 * unit as u32);
            let hole = Lane {
                undef: state.graph.truth(true),
                ..Lane::plain(state.graph, zero)
            };
            put(state, pointer, at, unit, hole);
        }
        for ((at, lane_ty), lane) in places.iter().zip(lanes) {
            let bytes = self.module.store_size(lane_ty).unwrap_or(1);
            put(state, pointer, *at, bytes, lane);
        }
        Ok(Vec::new())
    }

    /// `llvm.memcpy`, `llvm.memmove`, `llvm.memset` of a constant length.
    pub(super) fn block_operation(
        &mut self,
        state: &mut State<'_>,
        name: &str,
        arguments: &[Lanes],
    ) -> Result<Lanes, Stop> {
        let [to, from, length, rest @ ..] = arguments else {
            return Stop::because("external-call", format!("@{name}"));
        };
        let ([to], [from], [length]) = (to.as_slice(), from.as_slice(), length.as_slice()) else {
            return Stop::because("external-call", format!("@{name}"));
        };
        let volatile = rest
            .first()
            .and_then(|v| v.first())
            .is_some_and(|v| state.graph.as_constant(v.value) != Some(0));
        let bytes = state.graph.as_constant(length.value).map(|n| n as u64);
        let Some(bytes) = bytes.filter(|n| *n <= BLOCK_LIMIT_BYTES && !volatile) else {
            return Stop::because("memory-model", format!("@{name} of a length that varies"));
        };
        if bytes == 0 {
            return Ok(Vec::new());
        }
        self.access(state, *to, bytes, 1, true)?;
        let mut lanes = Vec::new();
        if name.starts_with("llvm.memset") {
            lanes = vec![*from; bytes as usize];
        } else {
            self.access(state, *from, bytes, 1, false)?;
            self.keeps_pointers = true;
            if name.starts_with("llvm.memcpy") {
                let g = &mut *state.graph;
                // The same range, or ranges apart.
                let (up, down) = (g.sub(to.value, from.value), g.sub(from.value, to.value));
                let length = g.constant(u128::from(bytes), 64);
                let (near, below) = (g.unsigned_less(up, length), g.unsigned_less(down, length));
                let close = g.any(&[near, below]);
                let same = g.equal(to.value, from.value);
                let moved = g.not(same);
                let block = g.equal(to.provenance, from.provenance);
                let wrong = g.all(&[close, moved, block]);
                state.undefined_if(wrong);
            }
            for at in 0..bytes {
                let address = state.graph.add_constant(from.value, u128::from(at));
                lanes.push(self.raw(state.graph, 1, state.memory, from.provenance, address)?);
            }
        }
        for (at, lane) in lanes.into_iter().enumerate() {
            put(state, *to, at as u64, 1, lane);
        }
        Ok(Vec::new())
    }
}

fn freed_before(
    g: &mut Graph,
    memory: Node,
    provenance: Node,
    memo: &mut HashMap<Node, Node>,
) -> Node {
    if let Some(known) = memo.get(&memory) {
        return *known;
    }
    let mut at = memory;
    let mut freed = Vec::new();
    loop {
        match g.kind(at).clone() {
            Kind::Store(parts, _) => at = parts[0],
            Kind::Apply(Symbol::Called, list) => {
                if g.is_true(list[2]) {
                    freed.push(g.apply(Symbol::Freed, &[list[1], provenance], 1));
                }
                at = list[0];
            }
            Kind::Choose(condition, a, b) => {
                let a = freed_before(g, a, provenance, memo);
                let b = freed_before(g, b, provenance, memo);
                freed.push(g.choose(condition, a, b));
                break;
            }
            // No call comes before the memory at entry: calls and cut points are never in one walk.
            _ => break,
        }
    }
    let out = g.any(&freed);
    memo.insert(memory, out);
    out
}

/// True where the memory `after` of the target holds something that `before` of the source does not allow, at a place that is not fixed:
/// the question whether it can be true is the question whether there is such a place. Places of the functions' own locals do not
/// count, but for those in `shared`.
pub(crate) fn memory_violation(
    g: &mut Graph,
    unit: u64,
    machines: (&Machine<'_>, &Machine<'_>),
    before: Node,
    after: Node,
    shared: &[u128],
) -> Result<Node, Stop> {
    if before == after {
        return Ok(g.truth(false));
    }
    let low = unit.trailing_zeros();
    let high = g.variable(64 - low);
    let address = if low == 0 {
        high
    } else {
        let zeros = g.constant(0, low);
        g.concat(&[zeros, high])
    };
    let mut places = vec![World::foreign(g)];
    for id in shared {
        places.push(g.constant(*id, 32));
    }
    let mut wrong = Vec::new();
    for provenance in places {
        let (s, t) = (
            machines.0.raw(g, unit, before, provenance, address)?,
            machines.1.raw(g, unit, after, provenance, address)?,
        );
        wrong.push(lane_violation(g, s, t));
    }
    Ok(g.any(&wrong))
}

fn put(state: &mut State<'_>, pointer: Lane, at: u64, bytes: u64, lane: Lane) {
    let g = &mut *state.graph;
    let address = g.add_constant(pointer.value, u128::from(at));
    let value = g.zero_extend(lane.value, 8 * bytes as u32);
    let parts = [
        state.memory,
        pointer.provenance,
        address,
        value,
        lane.poison,
        lane.provenance,
        lane.undef,
    ];
    state.memory = g.store(&parts, bytes);
}

/// What was stored, read as a whole.
fn whole(g: &mut Graph, parts: &[Node], place: Place) -> Result<Lane, Stop> {
    let lane = Lane {
        value: parts[3],
        poison: parts[4],
        undef: parts[6],
        provenance: parts[5],
    };
    as_kind(g, lane, place)
}

/// Bytes of a pointer read as an integer are poison, as for Alive2; bytes of an integer are no pointer, but zeros are null.
fn as_kind(g: &mut Graph, lane: Lane, place: Place) -> Result<Lane, Stop> {
    if place.raw {
        return Ok(lane);
    }
    if !place.pointer {
        return Ok(as_integer(g, lane));
    }
    let nowhere = g.as_constant(lane.provenance) == Some(0);
    if nowhere && g.as_constant(lane.value) != Some(0) {
        return Stop::because("memory-model", "an integer in memory used as a pointer");
    }
    Ok(lane)
}

fn as_integer(g: &mut Graph, lane: Lane) -> Lane {
    let nowhere = g.constant(0, 32);
    let plain = g.equal(lane.provenance, nowhere);
    let pointer = g.not(plain);
    Lane {
        poison: g.any(&[lane.poison, pointer]),
        provenance: nowhere,
        ..lane
    }
}

/// The low bits of what was read; ones above them make it poison.
fn narrow(g: &mut Graph, lane: Lane, width: u32) -> Lane {
    let full = g.width(lane.value);
    if full == width {
        return lane;
    }
    let high = g.extract(lane.value, width, full - width);
    let zero = g.constant(0, full - width);
    let clean = g.equal(high, zero);
    let dirty = g.not(clean);
    Lane {
        value: g.extract(lane.value, 0, width),
        poison: g.any(&[lane.poison, dirty]),
        ..lane
    }
}
