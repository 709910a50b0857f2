//! Poison, undefined behaviour and value of each operation, as graph nodes.

use calque_ir::fold::mask;
use calque_ir::{
    BinaryOp, CastOp, Constant, Flags, Op, ParameterAttributes, Predicate, Type, ValueId,
};

use super::machine::{Machine, State, choose_lane};
use super::{Lane, Lanes, NULL_PROVENANCE, Role, Stop, World};
use crate::graph::{Graph, Hard, Node};
use crate::image::{ImageByte, image};

impl Lane {
    /// A defined value that is no pointer.
    pub(crate) fn plain(graph: &mut Graph, value: Node) -> Self {
        let no = graph.truth(false);
        Self {
            value,
            poison: no,
            undef: no,
            provenance: graph.constant(0, 32),
        }
    }
}

impl Machine<'_> {
    pub(super) fn constant(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        constant: &Constant,
        ty: &Type,
    ) -> Result<Lanes, Stop> {
        let Some(types) = self.module.lanes(ty) else {
            return Stop::because("unsupported-instruction", format!("constant of type {ty}"));
        };
        let mut widths = Vec::new();
        for lane in &types {
            widths.push(width_of(lane)?);
        }
        let fill = |graph: &mut Graph, poison: bool, undef: bool| {
            widths
                .iter()
                .map(|w| {
                    let zero = graph.constant(0, *w);
                    let lane = Lane::plain(graph, zero);
                    Lane {
                        poison: graph.truth(poison),
                        undef: graph.truth(undef),
                        ..lane
                    }
                })
                .collect::<Lanes>()
        };
        match constant {
            Constant::Int(bits) => {
                let value = graph.constant(*bits, widths.first().copied().unwrap_or(1));
                Ok(vec![Lane::plain(graph, value)])
            }
            Constant::Zero | Constant::Null => Ok(fill(graph, false, false)),
            Constant::Poison => Ok(fill(graph, true, false)),
            Constant::Undef => Ok(fill(graph, false, true)),
            Constant::Aggregate(fields) => {
                let mut out = Vec::new();
                for (ty, field) in fields.iter() {
                    out.extend(self.constant(graph, world, field, ty)?);
                }
                Ok(out)
            }
            Constant::Global(name) => Ok(vec![self.global(graph, world, name, 0)?]),
            Constant::Offset(base, offset, _) => match &**base {
                Constant::Global(name) => Ok(vec![self.global(graph, world, name, *offset)?]),
                _ => Stop::because("memory-model", "constant address"),
            },
            Constant::Float(text) => Ok(vec![super::float::literal(graph, ty, text)?]),
            Constant::Wide(_) => {
                Stop::because("unsupported-instruction", "an integer wider than 128 bits")
            }
            Constant::Unsupported(text) => {
                Stop::because("unsupported-instruction", text.to_string())
            }
        }
    }

    /// Notes what a constant global holds, and the globals whose addresses it holds.
    fn read_image(&mut self, graph: &mut Graph, world: &mut World, id: u128, name: &str) {
        let module = self.module;
        let constant = module
            .globals
            .get(name)
            .filter(|g| g.constant && g.initializer.is_some());
        let Some(bytes) = constant.and_then(|g| image(module, g)) else {
            return;
        };
        for byte in &bytes {
            if let ImageByte::Address(other, _, 0) = byte {
                // One without a meaning here is no part of what is known.
                let _ = self.global(graph, world, other, 0);
            }
        }
        self.images.insert(id, bytes);
    }

    fn global(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        name: &str,
        offset: i64,
    ) -> Result<Lane, Stop> {
        if self.module.globals.get(name).is_none_or(|g| g.unsupported) {
            return Stop::because("memory-model", format!("address of @{name}"));
        }
        self.names_globals = true;
        let (address, provenance) = world.global(graph, name);
        if let Some(id) = graph.as_constant(provenance) {
            let known = self.globals.insert(id, (name.to_string(), address));
            if known.is_none() {
                self.read_image(graph, world, id, name);
            }
        }
        let value = graph.add_constant(address, offset as u128);
        Ok(Lane {
            provenance,
            ..Lane::plain(graph, value)
        })
    }

    /// Applies attributes of a parameter, an argument or a result.
    pub(crate) fn attributed(
        &mut self,
        state: &mut State<'_>,
        lanes: &mut Lanes,
        a: &ParameterAttributes,
    ) -> Result<(), Stop> {
        if let Some(what) = a.unsupported.first() {
            return Stop::because("unsupported-instruction", what.clone());
        }
        for lane in lanes {
            let g = &mut *state.graph;
            let width = g.width(lane.value);
            let mut poison = vec![lane.poison];
            if let Some((low, high)) = a.range
                && low != high
            {
                let (low_n, high_n) = (g.constant(low, width), g.constant(high, width));
                let (below, under) = (
                    g.unsigned_less(lane.value, low_n),
                    g.unsigned_less(lane.value, high_n),
                );
                let above = g.not(under);
                poison.push(if low < high {
                    g.any(&[below, above])
                } else {
                    g.all(&[below, above])
                });
            }
            if a.nonnull {
                let null = g.constant(0, width);
                poison.push(g.equal(lane.value, null));
            }
            if a.align > 1 && a.align.is_power_of_two() && width == 64 {
                let bits = a.align.trailing_zeros();
                let low = g.extract(lane.value, 0, bits);
                let wanted = g.constant(u128::from(a.align_offset), bits);
                let aligned = g.equal(low, wanted);
                poison.push(g.not(aligned));
            }
            if poison.len() > 1 && self.role == Role::Target {
                poison.push(lane.undef);
            }
            lane.poison = g.any(&poison);
            let mut wrong = Vec::new();
            if a.noundef {
                wrong.extend([lane.poison, lane.undef]);
            }
            if a.dereferenceable > 0 {
                wrong.push(self.not_accessible(state, *lane, a.dereferenceable, a.writable));
            }
            if a.dereferenceable_or_null > 0 {
                let out = self.not_accessible(state, *lane, a.dereferenceable_or_null, a.writable);
                let g = &mut *state.graph;
                let null = g.constant(0, 64);
                let here = g.equal(lane.value, null);
                let elsewhere = g.not(here);
                let counts = g.any(&[elsewhere, lane.poison, lane.undef]);
                wrong.push(g.all(&[out, counts]));
            }
            let wrong = state.graph.any(&wrong);
            state.undefined_if(wrong);
        }
        Ok(())
    }

    pub(super) fn operation(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        op: &Op,
    ) -> Result<Lanes, Stop> {
        match op {
            Op::Binary {
                op,
                flags,
                lhs,
                rhs,
            } => {
                width_of(self.function.ty(*lhs).scalar())?;
                let (a, b) = (self.operand(state, *lhs)?, self.operand(state, *rhs)?);
                Ok(a.into_iter()
                    .zip(b)
                    .map(|(a, b)| self.binary(state, *op, *flags, a, b))
                    .collect())
            }
            Op::Compare {
                predicate,
                flags,
                lhs,
                rhs,
            } => {
                width_of(self.function.ty(*lhs).scalar())?;
                let pointers = *self.function.ty(*lhs).scalar() == Type::Pointer;
                let (a, b) = (self.operand(state, *lhs)?, self.operand(state, *rhs)?);
                if pointers
                    && matches!(predicate, Predicate::Eq | Predicate::Ne)
                    && let ([a], [b]) = (a.as_slice(), b.as_slice())
                    && self.local_and_null(state.graph, *a, *b)
                {
                    let differ = state.graph.truth(*predicate == Predicate::Ne);
                    return Ok(vec![Lane::plain(state.graph, differ)]);
                }
                Ok(a.into_iter()
                    .zip(b)
                    .map(|(a, b)| self.compare(state.graph, *predicate, *flags, a, b))
                    .collect())
            }
            Op::Select { condition, yes, no } => {
                let condition = self.operand(state, *condition)?;
                let (yes, no) = (self.operand(state, *yes)?, self.operand(state, *no)?);
                let every = condition.len() == 1;
                Ok(yes
                    .into_iter()
                    .zip(no)
                    .enumerate()
                    .map(|(i, (y, n))| {
                        self.select(state.graph, condition[if every { 0 } else { i }], y, n)
                    })
                    .collect())
            }
            Op::Freeze { value } => {
                let lanes = self.operand(state, *value)?;
                Ok(lanes
                    .into_iter()
                    .map(|lane| self.freeze(state.graph, lane))
                    .collect())
            }
            Op::Cast { op, flags, value } => self.cast(state, id, *op, *flags, *value),
            Op::FloatArithmetic { mnemonic, operands } => {
                self.float_arithmetic(state, mnemonic, operands)
            }
            Op::ExtractElement { vector, index } => {
                let lanes = self.operand(state, *vector)?;
                let index = self.one(state, *index)?;
                let g = &mut *state.graph;
                let (mut out, here) = (poisoned(g, &lanes)?, self.positions(g, index, lanes.len()));
                for (lane, here) in lanes.iter().zip(&here) {
                    out = choose_lane(g, *here, *lane, out);
                }
                out.poison = g.any(&[out.poison, index.poison]);
                out.undef = g.any(&[out.undef, index.undef]);
                if self.role == Role::Target {
                    out.poison = g.any(&[out.poison, index.undef]);
                }
                Ok(vec![out])
            }
            Op::InsertElement {
                vector,
                element,
                index,
            } => {
                let mut lanes = self.operand(state, *vector)?;
                let element = self.one(state, *element)?;
                let index = self.one(state, *index)?;
                let g = &mut *state.graph;
                let here = self.positions(g, index, lanes.len());
                let some = g.any(&here);
                let past = g.not(some);
                let lost = match self.role {
                    Role::Source => g.any(&[past, index.poison]),
                    Role::Target => g.any(&[past, index.poison, index.undef]),
                };
                for (lane, here) in lanes.iter_mut().zip(&here) {
                    *lane = choose_lane(g, *here, element, *lane);
                    lane.poison = g.any(&[lane.poison, lost]);
                }
                Ok(lanes)
            }
            Op::ShuffleVector {
                first,
                second,
                mask,
            } => {
                let mut lanes = self.operand(state, *first)?;
                lanes.extend(self.operand(state, *second)?);
                let Some(sample) = lanes.first().copied() else {
                    return Stop::because("unsupported-instruction", "shufflevector of nothing");
                };
                let zero = state.graph.constant(0, state.graph.width(sample.value));
                let poison = Lane {
                    poison: state.graph.truth(true),
                    ..Lane::plain(state.graph, zero)
                };
                Ok(mask
                    .iter()
                    .map(|m| {
                        m.and_then(|i| lanes.get(i as usize).copied())
                            .unwrap_or(poison)
                    })
                    .collect())
            }
            Op::ExtractValue { aggregate, indices } => {
                let lanes = self.operand(state, *aggregate)?;
                let (first, count) = self.path(*aggregate, indices)?;
                Ok(lanes[first..first + count].to_vec())
            }
            Op::InsertValue {
                aggregate,
                element,
                indices,
            } => {
                let mut lanes = self.operand(state, *aggregate)?;
                let element = self.operand(state, *element)?;
                let (first, count) = self.path(*aggregate, indices)?;
                if count != element.len() {
                    return Stop::because(
                        "unsupported-instruction",
                        "insertvalue of another shape",
                    );
                }
                lanes[first..first + count].copy_from_slice(&element);
                Ok(lanes)
            }
            Op::Alloca {
                element,
                count,
                align,
            } => self.alloca(state, id, element, *count, *align),
            Op::Load {
                pointer,
                align,
                result,
            } => {
                let mut lanes = self.load(state, id, *pointer, *align)?;
                self.attributed(state, &mut lanes, result)?;
                Ok(lanes)
            }
            Op::Store {
                value,
                pointer,
                align,
            } => self.store(state, *value, *pointer, *align),
            Op::GetElementPointer {
                element,
                flags,
                base,
                indices,
            } => self.element_pointer(state, element, *flags, *base, indices),
            Op::Call {
                callee,
                arguments,
                result,
                site,
            } => self.call(state, id, callee, arguments, result, site),
            Op::Unsupported { mnemonic, .. } => {
                Stop::because("unsupported-instruction", mnemonic.clone())
            }
            _ => Stop::because("unsupported-instruction", "terminator inside a block"),
        }
    }

    /// When an index names each position of a vector.
    fn positions(&self, g: &mut Graph, index: Lane, count: usize) -> Vec<Node> {
        let width = g.width(index.value);
        (0..count as u128)
            .map(|i| {
                if i > mask(width) {
                    return g.truth(false);
                }
                let at = g.constant(i, width);
                g.equal(index.value, at)
            })
            .collect()
    }

    /// Whether one is the start of a local and the other null: they differ.
    fn local_and_null(&self, g: &Graph, a: Lane, b: Lane) -> bool {
        if self.function.null_is_valid {
            return false;
        }
        let start = |lane: Lane| {
            g.as_constant(lane.provenance)
                .and_then(|id| self.locals.get(&id))
                .is_some_and(|(size, address)| *size > 0 && *address == lane.value)
        };
        let null = |lane: Lane| {
            g.as_constant(lane.provenance) == Some(NULL_PROVENANCE)
                && g.as_constant(lane.value) == Some(0)
        };
        (start(a) && null(b)) || (start(b) && null(a))
    }

    fn path(&self, aggregate: ValueId, indices: &[u32]) -> Result<(usize, usize), Stop> {
        let found = self.module.lane_path(self.function.ty(aggregate), indices);
        match found.and_then(|(first, ty)| Some((first, self.module.lanes(&ty)?.len()))) {
            Some(found) => Ok(found),
            None => Stop::because("unsupported-instruction", "aggregate path"),
        }
    }

    /// Poison of the operands; and, of a target, undef where the operation can turn it into poison.
    pub(super) fn poison_of(
        &self,
        graph: &mut Graph,
        lanes: &[Lane],
        undef_too: bool,
    ) -> Vec<Node> {
        let mut out: Vec<Node> = lanes.iter().map(|l| l.poison).collect();
        if undef_too && self.role == Role::Target {
            out.extend(lanes.iter().map(|l| l.undef));
        }
        out.retain(|n| !graph.is_false(*n));
        out
    }

    /// Undef of a result in general: for a target, of any operand; for a source, never.
    pub(super) fn undef_of(&self, graph: &mut Graph, lanes: &[Lane]) -> Node {
        match self.role {
            Role::Source => graph.truth(false),
            Role::Target => {
                let all: Vec<Node> = lanes.iter().map(|l| l.undef).collect();
                graph.any(&all)
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        state: &mut State<'_>,
        op: BinaryOp,
        flags: Flags,
        a: Lane,
        b: Lane,
    ) -> Lane {
        let g = &mut *state.graph;
        let width = g.width(a.value);
        let flagged = flags != Flags::default()
            || matches!(op, BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr);
        let mut poison = self.poison_of(g, &[a, b], flagged);
        let (value, why) = arithmetic(g, op, flags, a.value, b.value);
        poison.extend(why);
        let undef = match (self.role, op) {
            // Adding something defined to a value that can be anything gives a value that can be anything.
            (Role::Source, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Xor)
                if flags == Flags::default() =>
            {
                let (not_a, not_b) = (g.not(a.undef), g.not(b.undef));
                let (left, right) = (g.all(&[a.undef, not_b]), g.all(&[b.undef, not_a]));
                g.any(&[left, right])
            }
            _ => self.undef_of(g, &[a, b]),
        };
        let poison = g.any(&poison);
        let provenance = g.constant(0, 32);
        let lane = Lane {
            value,
            poison,
            undef,
            provenance,
        };
        if matches!(
            op,
            BinaryOp::UDiv | BinaryOp::SDiv | BinaryOp::URem | BinaryOp::SRem
        ) {
            let zero = g.constant(0, width);
            let by_zero = g.equal(b.value, zero);
            let mut wrong = vec![by_zero, b.poison, b.undef];
            if matches!(op, BinaryOp::SDiv | BinaryOp::SRem) {
                let (ones, smallest) = (
                    g.constant(u128::MAX, width),
                    g.constant(1 << (width - 1), width),
                );
                let by_minus_one = g.equal(b.value, ones);
                let lowest = g.equal(a.value, smallest);
                let risky = if self.role == Role::Target {
                    g.any(&[lowest, a.poison, a.undef])
                } else {
                    g.any(&[lowest, a.poison])
                };
                wrong.push(g.all(&[by_minus_one, risky]));
            }
            let wrong = g.any(&wrong);
            state.undefined_if(wrong);
        }
        lane
    }

    pub(super) fn compare(
        &mut self,
        g: &mut Graph,
        predicate: Predicate,
        flags: Flags,
        a: Lane,
        b: Lane,
    ) -> Lane {
        let width = g.width(a.value);
        let mut poison = self.poison_of(g, &[a, b], flags.samesign);
        if flags.samesign {
            let (x, y) = (
                g.extract(a.value, width - 1, 1),
                g.extract(b.value, width - 1, 1),
            );
            poison.push(g.xor(x, y));
        }
        let value = compare_nodes(g, predicate, a.value, b.value);
        // A value that can be anything compares either way, except where no value would.
        let undef = match (self.role, predicate) {
            (Role::Source, Predicate::Eq | Predicate::Ne) => {
                let (not_a, not_b) = (g.not(a.undef), g.not(b.undef));
                let (left, right) = (g.all(&[a.undef, not_b]), g.all(&[b.undef, not_a]));
                g.any(&[left, right])
            }
            (Role::Source, _) => self.source_undef_order(g, predicate, a, b),
            _ => self.undef_of(g, &[a, b]),
        };
        let poison = g.any(&poison);
        Lane {
            poison,
            undef,
            ..Lane::plain(g, value)
        }
    }

    /// An ordering of undef against a constant is itself undef if some value makes it true and some makes it false.
    fn source_undef_order(&self, g: &mut Graph, predicate: Predicate, a: Lane, b: Lane) -> Node {
        let width = g.width(a.value);
        let both_ways = |constant: u128, swapped: bool| {
            let probes = [0, mask(width), 1 << (width - 1), (1u128 << (width - 1)) - 1];
            let seen: Vec<bool> = probes
                .iter()
                .map(|p| {
                    if swapped {
                        (constant, *p)
                    } else {
                        (*p, constant)
                    }
                })
                .map(|(x, y)| calque_ir::fold::compare(predicate, width, x, y))
                .collect();
            seen.contains(&true) && seen.contains(&false)
        };
        match (g.as_constant(a.value), g.as_constant(b.value)) {
            (_, Some(c)) if g.is_false(b.undef) && both_ways(c, false) => a.undef,
            (Some(c), _) if g.is_false(a.undef) && both_ways(c, true) => b.undef,
            _ => g.truth(false),
        }
    }

    pub(super) fn select(&mut self, g: &mut Graph, c: Lane, yes: Lane, no: Lane) -> Lane {
        let mut lane = choose_lane(g, c.value, yes, no);
        if self.role == Role::Target && !g.is_false(c.undef) {
            // Either may come out, each time anew.
            lane.poison = {
                let either = g.any(&[yes.poison, no.poison]);
                let risky = g.all(&[c.undef, either]);
                g.any(&[lane.poison, risky])
            };
            lane.undef = g.any(&[lane.undef, c.undef]);
        }
        lane.poison = g.any(&[c.poison, lane.poison]);
        lane
    }

    fn freeze(&mut self, g: &mut Graph, lane: Lane) -> Lane {
        let no = g.truth(false);
        if self.role == Role::Source {
            return Lane {
                poison: no,
                undef: no,
                ..lane
            };
        }
        let loose = g.any(&[lane.poison, lane.undef]);
        if g.is_false(loose) {
            return lane;
        }
        let any_value = g.variable(g.width(lane.value));
        let any_place = g.variable(32);
        Lane {
            value: g.choose(loose, any_value, lane.value),
            poison: no,
            undef: no,
            provenance: if g.as_constant(lane.provenance) == Some(0) {
                lane.provenance
            } else {
                g.choose(loose, any_place, lane.provenance)
            },
        }
    }

    fn cast(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        op: CastOp,
        flags: Flags,
        value: ValueId,
    ) -> Result<Lanes, Stop> {
        if let CastOp::Float(name) = op {
            return self.float_cast(state, id, name.0, flags, value);
        }
        let (from, to) = (
            self.function.ty(value).clone(),
            self.function.ty(id).clone(),
        );
        let lanes = self.operand(state, value)?;
        if op == CastOp::BitCast {
            return self.bitcast(state.graph, lanes, &from, &to);
        }
        if op == CastOp::IntToPtr {
            return Stop::because("memory-model", "inttoptr");
        }
        let (narrow, wide) = (width_of(from.scalar())?, width_of(to.scalar())?);
        let g = &mut *state.graph;
        let mut out = Vec::new();
        for lane in lanes {
            let mut poison = self.poison_of(g, &[lane], flags != Flags::default());
            let value = match op {
                CastOp::SExt => g.sign_extend(lane.value, wide),
                _ if wide >= narrow => {
                    if flags.nneg {
                        poison.push(g.extract(lane.value, narrow - 1, 1));
                    }
                    g.zero_extend(lane.value, wide)
                }
                _ => {
                    let cut = g.extract(lane.value, 0, wide);
                    if flags.nuw {
                        let back = g.zero_extend(cut, narrow);
                        let same = g.equal(back, lane.value);
                        poison.push(g.not(same));
                    }
                    if flags.nsw {
                        let back = g.sign_extend(cut, narrow);
                        let same = g.equal(back, lane.value);
                        poison.push(g.not(same));
                    }
                    cut
                }
            };
            let undef =
                if self.role == Role::Source && op == CastOp::Trunc && flags == Flags::default() {
                    lane.undef
                } else {
                    self.undef_of(g, &[lane])
                };
            let poison = g.any(&poison);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
        }
        Ok(out)
    }

    pub(super) fn bitcast(
        &self,
        g: &mut Graph,
        lanes: Lanes,
        from: &Type,
        to: &Type,
    ) -> Result<Lanes, Stop> {
        if from == to {
            return Ok(lanes);
        }
        let width = |ty: &Type| match ty.scalar() {
            Type::Int(_) | Type::Float(_) => width_of(ty.scalar()).ok(),
            _ => None,
        };
        let (Some(a), Some(b), Some(types)) = (width(from), width(to), self.module.lanes(to))
        else {
            return Stop::because(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        };
        let bits = a as usize * lanes.len();
        if b > 128 || bits > 1024 || bits != b as usize * types.len() {
            return Stop::because(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        }
        let (mut lanes, mut out) = (lanes, Vec::new());
        let big = self.module.layout.big_endian;
        if big {
            lanes.reverse();
        }
        for i in 0..types.len() as u32 {
            let (from_bit, to_bit) = (i * b, (i + 1) * b);
            let mut parts = Vec::new();
            let mut sources = Vec::new();
            for (k, lane) in lanes.iter().enumerate() {
                let start = k as u32 * a;
                let (low, high) = (from_bit.max(start), to_bit.min(start + a));
                if low < high {
                    parts.push(g.extract(lane.value, low - start, high - low));
                    sources.push(*lane);
                }
            }
            let poison = self.poison_of(g, &sources, false);
            let poison = g.any(&poison);
            let undef = self.undef_of(g, &sources);
            let value = g.concat(&parts);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
        }
        if big {
            out.reverse();
        }
        Ok(out)
    }
}

/// A poison lane of the kind of others.
fn poisoned(g: &mut Graph, like: &[Lane]) -> Result<Lane, Stop> {
    let Some(sample) = like.first() else {
        return Stop::because("unsupported-instruction", "a vector of nothing");
    };
    let zero = g.constant(0, g.width(sample.value));
    Ok(Lane {
        poison: g.truth(true),
        ..Lane::plain(g, zero)
    })
}

/// Width of a scalar type as a bit vector.
pub(crate) fn width_of(ty: &Type) -> Result<u32, Stop> {
    match ty {
        Type::Int(bits) if *bits <= 128 => Ok(*bits),
        Type::Pointer => Ok(64),
        Type::Float(kind) if calque_ir::float::fields(*kind).is_some() => Ok(kind.bits()),
        Type::Float(kind) => Stop::because("floating-point", kind.name()),
        _ => Stop::because("unsupported-instruction", format!("type {ty}")),
    }
}

pub(crate) fn compare_nodes(g: &mut Graph, predicate: Predicate, a: Node, b: Node) -> Node {
    match predicate {
        Predicate::Eq => g.equal(a, b),
        Predicate::Ne => {
            let same = g.equal(a, b);
            g.not(same)
        }
        Predicate::Ult => g.unsigned_less(a, b),
        Predicate::Ugt => g.unsigned_less(b, a),
        Predicate::Slt => g.signed_less(a, b),
        Predicate::Sgt => g.signed_less(b, a),
        Predicate::Uge => {
            let less = g.unsigned_less(a, b);
            g.not(less)
        }
        Predicate::Ule => {
            let less = g.unsigned_less(b, a);
            g.not(less)
        }
        Predicate::Sge => {
            let less = g.signed_less(a, b);
            g.not(less)
        }
        Predicate::Sle => {
            let less = g.signed_less(b, a);
            g.not(less)
        }
    }
}

/// Value of an operation, and the conditions under which its flags make it poison.
pub(crate) fn arithmetic(
    g: &mut Graph,
    op: BinaryOp,
    flags: Flags,
    a: Node,
    b: Node,
) -> (Node, Vec<Node>) {
    let width = g.width(a);
    let mut poison = Vec::new();
    let value = match op {
        BinaryOp::Add => {
            let sum = g.add(a, b);
            if flags.nuw {
                poison.push(g.unsigned_less(sum, a));
            }
            if flags.nsw {
                poison.push(signed_overflow(g, a, b, sum, false));
            }
            sum
        }
        BinaryOp::Sub => {
            let difference = g.sub(a, b);
            if flags.nuw {
                poison.push(g.unsigned_less(a, b));
            }
            if flags.nsw {
                poison.push(signed_overflow(g, a, b, difference, true));
            }
            difference
        }
        BinaryOp::Mul => {
            let product = g.mul(a, b);
            if flags.nuw {
                poison.push(product_overflow(g, a, b, false));
            }
            if flags.nsw {
                poison.push(product_overflow(g, a, b, true));
            }
            product
        }
        BinaryOp::And => g.and(a, b),
        BinaryOp::Or => {
            if flags.disjoint {
                let both = g.and(a, b);
                let zero = g.constant(0, width);
                let fine = g.equal(both, zero);
                poison.push(g.not(fine));
            }
            g.or(a, b)
        }
        BinaryOp::Xor => g.xor(a, b),
        BinaryOp::UDiv => {
            let value = g.hard(Hard::UDiv, a, b);
            if flags.exact {
                let rest = g.hard(Hard::URem, a, b);
                poison.push(not_zero(g, rest));
            }
            value
        }
        BinaryOp::SDiv => {
            let value = g.hard(Hard::SDiv, a, b);
            if flags.exact {
                let rest = g.hard(Hard::SRem, a, b);
                poison.push(not_zero(g, rest));
            }
            value
        }
        BinaryOp::URem => g.hard(Hard::URem, a, b),
        BinaryOp::SRem => g.hard(Hard::SRem, a, b),
        BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr => {
            if width > 1 || g.as_constant(b) != Some(0) {
                let limit = g.constant(u128::from(width), width);
                // A shift amount of the type always fits where 2^width values are below the width; only width 1 is special.
                let fine = if width == 1 {
                    g.not(b)
                } else {
                    g.unsigned_less(b, limit)
                };
                poison.push(g.not(fine));
            }
            let hard = match op {
                BinaryOp::Shl => Hard::Shl,
                BinaryOp::LShr => Hard::LShr,
                _ => Hard::AShr,
            };
            let value = if width == 1 { a } else { g.hard(hard, a, b) };
            if width > 1 {
                if op == BinaryOp::Shl {
                    for (on, back) in [(flags.nuw, Hard::LShr), (flags.nsw, Hard::AShr)] {
                        if on {
                            let again = g.hard(back, value, b);
                            let same = g.equal(again, a);
                            poison.push(g.not(same));
                        }
                    }
                } else if flags.exact {
                    let again = g.hard(Hard::Shl, value, b);
                    let same = g.equal(again, a);
                    poison.push(g.not(same));
                }
            }
            value
        }
    };
    (value, poison)
}

fn not_zero(g: &mut Graph, node: Node) -> Node {
    let zero = g.constant(0, g.width(node));
    let same = g.equal(node, zero);
    g.not(same)
}

/// Whether `a + b` or `a - b` leaves the signed range; `result` is the wrapped value.
pub(super) fn signed_overflow(
    g: &mut Graph,
    a: Node,
    b: Node,
    result: Node,
    subtracts: bool,
) -> Node {
    let width = g.width(a);
    if width == 1 {
        // Of -1 and 0: -1 + -1 leaves the range, and so does 0 - -1.
        return if subtracts {
            let no = g.not(a);
            g.all(&[no, b])
        } else {
            g.all(&[a, b])
        };
    }
    // With a constant it is one comparison.
    if let Some(c) = g.as_constant(b) {
        let amount = calque_ir::fold::signed(c, width);
        let amount = if subtracts {
            amount.wrapping_neg()
        } else {
            amount
        };
        let smallest = 1u128 << (width - 1);
        if !(subtracts && c == smallest) {
            if amount >= 0 {
                let limit = g.constant((smallest - 1).wrapping_sub(amount as u128), width);
                return g.signed_less(limit, a);
            }
            let limit = g.constant(smallest.wrapping_sub(amount as u128), width);
            return g.signed_less(a, limit);
        }
    }
    if !subtracts && g.as_constant(a).is_some() {
        return signed_overflow(g, b, a, result, false);
    }
    let zero = g.constant(0, width);
    let (neg_a, neg_b, neg_r) = (
        g.signed_less(a, zero),
        g.signed_less(b, zero),
        g.signed_less(result, zero),
    );
    let signs = g.xor(neg_a, neg_b);
    let same = if subtracts { signs } else { g.not(signs) };
    let changed = g.xor(neg_a, neg_r);
    g.all(&[same, changed])
}

/// Whether a product leaves the range.
pub(super) fn product_overflow(g: &mut Graph, a: Node, b: Node, is_signed: bool) -> Node {
    let width = g.width(a);
    if let (Some(_), None) = (g.as_constant(a), g.as_constant(b)) {
        return product_overflow(g, b, a, is_signed);
    }
    if width == 1 {
        // Signed: -1 * -1 is 1.
        return if is_signed {
            g.all(&[a, b])
        } else {
            g.truth(false)
        };
    }
    if let Some(c) = g.as_constant(b) {
        if c == 0 || c == 1 {
            return g.truth(false);
        }
        if !is_signed {
            let limit = g.constant(mask(width) / c, width);
            return g.unsigned_less(limit, a);
        }
        let factor = calque_ir::fold::signed(c, width);
        if factor > 1 && width < 128 {
            let half = (1i128 << (width - 1)) - 1;
            let (high, low) = (
                g.constant((half / factor) as u128, width),
                g.constant(((-half - 1) / factor) as u128, width),
            );
            let (above, below) = (g.signed_less(high, a), g.signed_less(a, low));
            return g.any(&[above, below]);
        }
    }
    if width > 64 {
        // No wider word to multiply in: said to overflow by a function of its own operands only if they are the same nodes.
        return g.apply(
            crate::graph::Symbol::ProductOverflow(is_signed),
            &[a.min(b), a.max(b)],
            1,
        );
    }
    let wide = width * 2;
    let (x, y) = if is_signed {
        (g.sign_extend(a, wide), g.sign_extend(b, wide))
    } else {
        (g.zero_extend(a, wide), g.zero_extend(b, wide))
    };
    let product = g.mul(x, y);
    let low = g.extract(product, 0, width);
    let back = if is_signed {
        g.sign_extend(low, wide)
    } else {
        g.zero_extend(low, wide)
    };
    let same = g.equal(back, product);
    g.not(same)
}
