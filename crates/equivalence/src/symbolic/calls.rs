//! Calls: intrinsics on integers as graph nodes; of other functions nothing is known but that they do the same given the same.

use calque_ir::fold::{Intrinsic, overflow_intrinsic};
use calque_ir::{
    BinaryOp, CallEffects, Callee, Declaration, Flags, MemoryEffects, ParameterAttributes, Type,
    ValueId,
};

use super::arithmetic::arithmetic;
use super::casts::width_of;
use super::intrinsics::intrinsic_nodes;
use super::machine::{Machine, State, choose_lane};
use super::memory::memory_violation;
use super::{Lane, Lanes, Role, Stop};
use crate::graph::{Graph, Node, Symbol};
use crate::prove::lane_violation;

/// Intrinsics that are events like calls of functions without a body.
const OBSERVED: &[&str] = &["llvm.trap", "llvm.debugtrap", "llvm.sideeffect"];

/// A call of a function without a body.
#[derive(Clone)]
pub(crate) struct Event {
    key: String,
    /// When it is reached.
    pub(crate) reach: Node,
    /// When behaviour was undefined before it.
    pub(crate) before: Node,
    arguments: Vec<Lanes>,
    attributes: Vec<ParameterAttributes>,
    result: ParameterAttributes,
    effects: CallEffects,
    memory: Node,
    /// What the callee leaves of what it can reach.
    left: Node,
    results: Lanes,
    /// The world sees it: it may print, write, or not return.
    pub(crate) seen: bool,
    /// Events of the source that it is, each with when.
    pub(crate) twins: Vec<(usize, Node)>,
}

/// Intrinsics that neither touch memory nor end the program.
pub(crate) fn is_quiet(name: &str) -> bool {
    Intrinsic::from_callee(name).is_some()
        || overflow_intrinsic(name).is_some()
        || calque_ir::float::is_intrinsic(name)
        || name == "llvm.assume"
        || ["llvm.expect.", "llvm.ssa.copy.", "llvm.vector.reduce."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

impl Machine<'_> {
    fn unknown_call(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        callee: &Callee,
        arguments: &[(ValueId, ParameterAttributes)],
        result: &ParameterAttributes,
        site: &CallEffects,
    ) -> Result<Lanes, Stop> {
        let mut lanes = Vec::new();
        let mut attributes: Vec<ParameterAttributes> =
            arguments.iter().map(|(_, a)| a.clone()).collect();
        let (key, declaration) = match callee {
            Callee::Named(name) => (name.clone(), self.module.declarations.get(name)),
            Callee::Indirect(pointer) => {
                let pointer = self.one(state, *pointer)?;
                let wrong = state.graph.any(&[pointer.poison, pointer.undef]);
                state.undefined_if(wrong);
                lanes.push(vec![pointer]);
                attributes.insert(0, ParameterAttributes::default());
                ("indirect call".to_string(), None)
            }
        };
        let name = if lanes.is_empty() {
            format!("@{key}")
        } else {
            key.clone()
        };
        if self.unroll.is_none() {
            // Stricter than it is, and so enough for a proof: the target ends only where the source is undefined.
            if self.role == Role::Target && key == "llvm.trap" {
                let always = state.graph.truth(true);
                state.undefined_if(always);
                return Ok(Lanes::new());
            }
            return Stop::because("external-call", name);
        }
        let types: Vec<&Type> = arguments
            .iter()
            .map(|(v, _)| self.function.ty(*v))
            .collect();
        if declaration.is_some_and(|d| !self.module.call_fits(d, self.function.ty(id), &types)) {
            let always = state.graph.truth(true);
            state.undefined_if(always);
        }
        for (i, (value, own)) in arguments.iter().enumerate() {
            let mut argument = self.operand(state, *value)?;
            let declared = declaration.and_then(|d| d.parameter_attributes.get(i));
            for a in declared.into_iter().chain([own]) {
                self.attributed(state, &mut argument, a)?;
            }
            lanes.push(argument);
        }
        let effects = declaration.map_or_else(|| site.clone(), |d| d.effects.and(site));
        let reads = effects.memory != MemoryEffects::None;
        let writes = reads
            && !matches!(
                effects.memory,
                MemoryEffects::Read | MemoryEffects::ArgumentRead
            );
        self.reads |= reads;
        self.writes |= writes;
        self.names_globals |= reads;
        self.keeps_pointers |= lanes
            .iter()
            .flatten()
            .any(|l| state.graph.as_constant(l.provenance) != Some(0));
        let quiet = !writes && effects.says("willreturn") && effects.says("nounwind");
        let memory = if reads {
            state.memory
        } else {
            state.graph.constant(0, 1)
        };
        let mut event = Event {
            reach: state.reach,
            before: state.graph.any(&state.undefined),
            arguments: lanes,
            attributes,
            result: result.clone(),
            effects,
            memory,
            left: state.graph.variable(0),
            results: Vec::new(),
            seen: !quiet,
            twins: Vec::new(),
            key,
        };
        event.results = self.returned_by(state, id, &event)?;
        if self.role == Role::Target {
            for index in 0..self.partners.len() {
                let twin = self.same_call(state, index, &event)?;
                if state.graph.is_false(twin) {
                    continue;
                }
                let partner = &self.partners[index];
                event.left = state.graph.choose(twin, partner.left, event.left);
                event.results = partner
                    .results
                    .iter()
                    .zip(&event.results)
                    .map(|(a, b)| choose_lane(state.graph, twin, *a, *b))
                    .collect();
                event.twins.push((index, twin));
            }
        }
        if writes {
            let frees = state.graph.truth(!event.effects.says("nofree"));
            state.memory = state
                .graph
                .apply(Symbol::Called, &[state.memory, event.left, frees], 0);
        }
        let mut out = event.results.clone();
        self.events.push(event);
        if let Some(declared) = declaration.map(|d: &Declaration| d.result_attributes.clone()) {
            self.attributed(state, &mut out, &declared)?;
        }
        self.attributed(state, &mut out, result)?;
        Ok(out)
    }

    /// Lanes that are functions of callee, arguments and memory.
    fn returned_by(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        event: &Event,
    ) -> Result<Lanes, Stop> {
        let ty = self.function.ty(id).clone();
        let Some(types) = self.module.lanes(&ty) else {
            return Stop::because("unsupported-instruction", format!("type {ty}"));
        };
        let key = state.world.callee(&event.key);
        let mut inputs = vec![event.memory];
        for lane in event.arguments.iter().flatten() {
            inputs.extend([lane.value, lane.poison, lane.undef, lane.provenance]);
        }
        let mut out = Lanes::new();
        for (i, ty) in types.iter().enumerate() {
            let width = width_of(ty)?;
            let g = &mut *state.graph;
            let part = |g: &mut Graph, which: u8, width: u32| {
                g.apply(Symbol::Result(key, i as u32, which), &inputs, width)
            };
            let (value, poison, loose) = (part(g, 0, width), part(g, 1, 1), part(g, 2, 1));
            let sound = g.not(poison);
            let undef = g.all(&[sound, loose]);
            let provenance = if *ty == Type::Pointer {
                part(g, 3, 32)
            } else {
                g.constant(0, 32)
            };
            out.push(Lane {
                value,
                poison,
                undef,
                provenance,
            });
        }
        Ok(out)
    }

    /// When a call of the target is one of the source's: same callee, arguments and memory that refine.
    fn same_call(
        &mut self,
        state: &mut State<'_>,
        index: usize,
        event: &Event,
    ) -> Result<Node, Stop> {
        let partner = self.partners[index].clone();
        let promises_more = |t: &ParameterAttributes, s: &ParameterAttributes| {
            t.dereferenceable > s.dereferenceable
                || t.dereferenceable_or_null > s.dereferenceable_or_null
                || (t.writable && !s.writable)
                || (t.noalias && !s.noalias)
                || (t.no_store && !s.no_store)
                || (t.no_load && !s.no_load)
                || (t.no_capture && !s.no_capture)
                || (t.returned && !s.returned)
        };
        let differ = partner.key != event.key
            || partner.arguments.len() != event.arguments.len()
            || partner.results.len() != event.results.len()
            || event.effects.words.iter().any(|w| !partner.effects.says(w))
            || promises_more(&event.result, &partner.result)
            || event
                .attributes
                .iter()
                .zip(&partner.attributes)
                .any(|(t, s)| promises_more(t, s));
        let g = &mut *state.graph;
        if differ {
            return Ok(g.truth(false));
        }
        let mut wrong = Vec::new();
        for (s, t) in partner.arguments.iter().zip(&event.arguments) {
            if s.len() != t.len() {
                return Ok(g.truth(false));
            }
            for (s, t) in s.iter().zip(t) {
                if g.width(s.value) != g.width(t.value) {
                    return Ok(g.truth(false));
                }
                wrong.push(lane_violation(g, *s, *t));
            }
        }
        if partner.memory != event.memory {
            if g.width(partner.memory) != g.width(event.memory) {
                return Ok(g.truth(false));
            }
            // The callee may know the addresses of locals that both have.
            let shared = state.world.shared_locals();
            let unit = state.world.unit.max(1);
            let machines = (&*self, &*self);
            wrong.push(memory_violation(
                g,
                unit,
                machines,
                partner.memory,
                event.memory,
                &shared,
            )?);
        }
        let wrong = g.any(&wrong);
        let right = g.not(wrong);
        Ok(g.all(&[partner.reach, right]))
    }

    pub(super) fn call(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        callee: &Callee,
        arguments: &[(ValueId, ParameterAttributes)],
        result: &ParameterAttributes,
        site: &CallEffects,
    ) -> Result<Lanes, Stop> {
        let Callee::Named(name) = callee else {
            return self.unknown_call(state, id, callee, arguments, result, site);
        };
        if name == "llvm.assume" {
            let lane = match arguments.first() {
                Some((condition, _)) => self.one(state, *condition)?,
                None => return Stop::because("external-call", "@llvm.assume"),
            };
            let fails = state.graph.not(lane.value);
            let wrong = state.graph.any(&[lane.poison, lane.undef, fails]);
            state.undefined_if(wrong);
            for (value, attributes) in arguments.iter().skip(1) {
                let mut more = self.operand(state, *value)?;
                self.attributed(state, &mut more, attributes)?;
            }
            return Ok(Vec::new());
        }
        if name.starts_with("llvm.lifetime.") {
            let Some((pointer, _)) = arguments.last() else {
                return Stop::because("memory-model", name);
            };
            return self.lifetime(state, *pointer, name.starts_with("llvm.lifetime.start"));
        }
        if !name.starts_with("llvm.") || OBSERVED.contains(&name.as_str()) {
            return self.unknown_call(state, id, callee, arguments, result, site);
        }
        let mut lanes = Vec::new();
        for (value, attributes) in arguments {
            let mut argument = self.operand(state, *value)?;
            self.attributed(state, &mut argument, attributes)?;
            lanes.push(argument);
        }
        let mut out = if let Some((which, operands)) = Intrinsic::from_callee(name) {
            self.pointwise(state.graph, id, which, operands, &lanes)?
        } else if let Some((op, signed)) = overflow_intrinsic(name) {
            self.with_overflow(state.graph, op, signed, &lanes)?
        } else if name.starts_with("llvm.expect.") || name.starts_with("llvm.ssa.copy.") {
            lanes.first().cloned().unwrap_or_default()
        } else if name.starts_with("llvm.memcpy.")
            || name.starts_with("llvm.memmove.")
            || name.starts_with("llvm.memset.")
        {
            return self.block_operation(state, name, &lanes);
        } else if calque_ir::float::is_intrinsic(name) && !arguments.is_empty() {
            self.float_intrinsic(state, arguments[0].0, name, &lanes)?
        } else if name.starts_with("llvm.vector.reduce.") {
            self.reduce(state.graph, name, &lanes)?
        } else {
            return Stop::because("external-call", format!("@{name}"));
        };
        self.attributed(state, &mut out, result)?;
        Ok(out)
    }

    fn pointwise(
        &mut self,
        g: &mut Graph,
        id: ValueId,
        which: Intrinsic,
        operands: usize,
        arguments: &[Lanes],
    ) -> Result<Lanes, Stop> {
        let out_width = width_of(self.function.ty(id).scalar())?;
        let count = arguments.first().map_or(0, Vec::len);
        if arguments.len() != operands || count == 0 {
            return Stop::because("unsupported-instruction", "intrinsic of another shape");
        }
        let mut out = Vec::new();
        for lane in 0..count {
            let row: Vec<Lane> = arguments
                .iter()
                .map(|a| if a.len() == 1 { a[0] } else { a[lane] })
                .collect();
            let values: Vec<Node> = row.iter().map(|l| l.value).collect();
            let (value, more) = intrinsic_nodes(g, which, out_width, &values);
            let may_add_poison = !more.is_empty();
            let mut poison = self.poison_of(g, &row, may_add_poison);
            poison.extend(more);
            let poison = g.any(&poison);
            let undef = self.undef_of(g, &row);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
        }
        Ok(out)
    }

    fn with_overflow(
        &mut self,
        g: &mut Graph,
        op: BinaryOp,
        signed: bool,
        arguments: &[Lanes],
    ) -> Result<Lanes, Stop> {
        let [a, b] = arguments else {
            return Stop::because("unsupported-instruction", "overflow intrinsic");
        };
        let flags = Flags {
            nsw: signed,
            nuw: !signed,
            ..Flags::default()
        };
        let mut values = Vec::new();
        let mut overflows = Vec::new();
        for (a, b) in a.iter().zip(b) {
            let (value, why) = arithmetic(g, op, flags, a.value, b.value);
            let overflow = g.any(&why);
            let poison = self.poison_of(g, &[*a, *b], false);
            let poison = g.any(&poison);
            let undef = self.undef_of(g, &[*a, *b]);
            values.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
            overflows.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, overflow)
            });
        }
        values.extend(overflows);
        Ok(values)
    }

    fn reduce(&mut self, g: &mut Graph, name: &str, arguments: &[Lanes]) -> Result<Lanes, Stop> {
        let kind = name
            .trim_start_matches("llvm.vector.reduce.")
            .split('.')
            .next()
            .unwrap_or("");
        let Some((first, rest)) = arguments.first().and_then(|lanes| lanes.split_first()) else {
            return Stop::because("unsupported-instruction", name);
        };
        let width = g.width(first.value);
        let mut value = first.value;
        for lane in rest {
            value = match kind {
                "add" | "mul" | "and" | "or" | "xor" => {
                    let op = BinaryOp::from_name(kind).unwrap_or(BinaryOp::Add);
                    arithmetic(g, op, Flags::default(), value, lane.value).0
                }
                "smax" => intrinsic_nodes(g, Intrinsic::SMax, width, &[value, lane.value]).0,
                "smin" => intrinsic_nodes(g, Intrinsic::SMin, width, &[value, lane.value]).0,
                "umax" => intrinsic_nodes(g, Intrinsic::UMax, width, &[value, lane.value]).0,
                "umin" => intrinsic_nodes(g, Intrinsic::UMin, width, &[value, lane.value]).0,
                _ => return Stop::because("external-call", format!("@{name}")),
            };
        }
        let lanes = arguments.first().cloned().unwrap_or_default();
        let poison = self.poison_of(g, &lanes, false);
        let poison = g.any(&poison);
        let undef = self.undef_of(g, &lanes);
        Ok(vec![Lane {
            poison,
            undef,
            ..Lane::plain(g, value)
        }])
    }
}

impl Machine<'_> {
    /// Whether a type can be a parameter or a result.
    pub(crate) fn supported(&self, ty: &Type) -> Result<Vec<u32>, Stop> {
        match self.module.lanes(ty) {
            Some(lanes) => lanes.iter().map(width_of).collect(),
            None => Stop::because("unsupported-instruction", format!("type {ty}")),
        }
    }
}
