//! From a start block to the next cut points, returns or undefined behaviour; blocks in topological order, joins as choices.

use calque_ir::collections::{HashMap, HashSet};

use calque_ir::{
    BlockId, ControlFlow, Function, MemoryEffects, Module, Op, Type, ValueId, ValueKind,
};

use super::calls::Event;
use super::liveness::{escaping, liveness};
use super::region::Step;
use super::walk::{Edge, Walk};
use super::{Extent, Lane, Lanes, Role, Stop, World};
use crate::graph::{Graph, NODE_LIMIT, Node};
use crate::image::ImageByte;

/// Values known at a place.
pub(crate) type Environment = HashMap<ValueId, Lanes>;

/// What holds on arrival at a cut point.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) guard: Node,
    /// Phis of the block and values that are live there.
    pub(crate) values: Environment,
    pub(crate) memory: Node,
}

/// The outcome of a run from one cut point.
pub(crate) struct Segment {
    /// When behaviour is undefined.
    pub(crate) undefined: Node,
    /// When a loop is taken more often than it is unrolled.
    pub(crate) beyond: Node,
    /// Calls of functions without a body, in an order that every path keeps.
    pub(crate) events: Vec<Event>,
    /// Guard, result and memory, if some path returns.
    pub(crate) returns: Option<(Node, Lanes, Node)>,
    pub(crate) arrivals: HashMap<BlockId, Arrival>,
}

/// One side of the question, ready to run.
pub(crate) struct Machine<'m> {
    pub(crate) module: &'m Module,
    pub(crate) function: &'m Function,
    pub(crate) role: Role,
    pub(crate) flow: ControlFlow,
    /// Values live on entry to a block, without its phis; by block.
    pub(crate) live: Vec<HashSet<ValueId>>,
    /// Size and address of each local by its provenance.
    pub(super) locals: HashMap<u128, (u64, Node)>,
    pub(super) local_aligns: HashMap<u128, u64>,
    /// Defined globals that were named, by their provenance.
    pub(super) globals: HashMap<u128, (String, Node)>,
    /// Bytes of those of them that are constant.
    pub(super) images: HashMap<u128, Vec<ImageByte>>,
    pub(super) disjoint_arguments: bool,
    /// How often a loop may be taken again; `None`: loops end at cut points.
    pub(crate) unroll: Option<u32>,
    /// Locals whose address gets out of the function's own loads and stores.
    pub(super) escaping: HashSet<ValueId>,
    /// Whether either side has such a local.
    pub(crate) addresses_escape: bool,
    /// Provenances of locals that do not.
    pub(super) private: HashSet<u128>,
    /// Provenances of locals with markers of their lifetime.
    pub(super) sleepers: HashSet<u128>,
    /// Provenances of pointers that are arguments.
    pub(crate) entry_pointers: Vec<Node>,
    /// What is known of the memory behind pointers that are arguments, and the memory at the entry.
    pub(crate) extents: Vec<Extent>,
    pub(crate) entry_memory: Option<Node>,
    /// Calls so far; of the source, for the target to meet.
    pub(crate) events: Vec<Event>,
    pub(crate) partners: Vec<Event>,
    pub(super) reads: bool,
    pub(super) writes: bool,
    /// Stores or returns pointers.
    pub(super) keeps_pointers: bool,
    pub(super) names_globals: bool,
    /// Values whose undef is taken use by use, and how many uses are.
    pub(super) separate: HashMap<ValueId, usize>,
    /// How often an operation with a choice was met.
    pub(super) choices: HashMap<Node, usize>,
}

/// The state while a block is run.
pub(crate) struct State<'s> {
    pub(super) graph: &'s mut Graph,
    pub(super) world: &'s mut World,
    pub(super) values: Environment,
    pub(super) memory: Node,
    pub(super) reach: Node,
    pub(super) undefined: Vec<Node>,
}

impl State<'_> {
    /// Behaviour is undefined here if `condition` holds.
    pub(super) fn undefined_if(&mut self, condition: Node) {
        let here = self.graph.all(&[self.reach, condition]);
        self.undefined.push(here);
    }
}

/// A copy of a block in a walk, and the block.
type Place = (usize, BlockId);

impl<'m> Machine<'m> {
    pub(crate) fn new(
        module: &'m Module,
        function: &'m Function,
        role: Role,
        disjoint_arguments: bool,
    ) -> Self {
        let flow = ControlFlow::of(function);
        let live = liveness(function, &flow, &[]);
        let escaping = escaping(function);
        Self {
            module,
            function,
            role,
            flow,
            live,
            locals: HashMap::default(),
            local_aligns: HashMap::default(),
            globals: HashMap::default(),
            images: HashMap::default(),
            disjoint_arguments,
            unroll: None,
            addresses_escape: !escaping.is_empty(),
            escaping,
            private: HashSet::default(),
            sleepers: HashSet::default(),
            entry_pointers: Vec::new(),
            extents: Vec::new(),
            entry_memory: None,
            events: Vec::new(),
            partners: Vec::new(),
            reads: false,
            writes: false,
            keeps_pointers: function.result == Type::Pointer,
            names_globals: false,
            separate: HashMap::default(),
            choices: HashMap::default(),
        }
    }

    /// The arguments after this side's attributes, and when they are undefined behaviour.
    pub(crate) fn arguments(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        lanes: &[Lanes],
        memory: Node,
    ) -> Result<(Environment, Node), Stop> {
        let reach = graph.truth(true);
        let mut state = State {
            graph,
            world,
            values: Environment::default(),
            memory,
            reach,
            undefined: Vec::new(),
        };
        for (parameter, lanes) in self.function.parameters.iter().zip(lanes) {
            let mut lanes = lanes.clone();
            self.attributed(&mut state, &mut lanes, &parameter.attributes)?;
            state.values.insert(parameter.value, lanes);
        }
        let State {
            graph,
            values,
            mut undefined,
            ..
        } = state;
        for extent in &self.extents {
            undefined.push(extent.too_high(graph));
        }
        Ok((values, graph.any(&undefined)))
    }

    /// Keeps alive, at the given blocks, what the values live there are rebuilt from.
    pub(crate) fn keep_leaves(&mut self, blocks: &[BlockId], loads: bool) {
        let mut kept = Vec::new();
        for &block in blocks {
            let phis: Vec<ValueId> = self.function.block(block).instructions.clone();
            for &id in &self.live[block.0 as usize] {
                for leaf in self.leaves_of(id, loads) {
                    if !phis.contains(&leaf) {
                        kept.push((block, leaf));
                    }
                }
            }
        }
        self.live = liveness(self.function, &self.flow, &kept);
    }

    /// Runs from the start of `start` (its phis already in `values`) until a cut block or a return. The entry has no phis.
    pub(crate) fn run(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        start: BlockId,
        values: &Environment,
        memory: Node,
        cuts: &[BlockId],
    ) -> Result<Segment, Stop> {
        let region = self.region(start, cuts)?;
        let mut walk = Walk {
            incoming: HashMap::default(),
            dominator: HashMap::default(),
            paths: HashMap::default(),
            rank: region.rank(),
        };
        self.events.clear();
        let mut reach: HashMap<usize, Node> = HashMap::default();
        let mut ends: HashMap<usize, (Environment, Node)> = HashMap::default();
        let mut undefined = Vec::new();
        let mut beyond = Vec::new();
        let mut returns: Vec<(Node, Lanes, Node)> = Vec::new();
        let mut arriving: HashMap<BlockId, Vec<(Place, Node)>> = HashMap::default();
        for (position, &at) in region.order.iter().enumerate() {
            let block = region.blocks[at];
            if position > 0 && !walk.incoming.contains_key(&at) {
                continue;
            }
            let (values, memory, here) = if position == 0 {
                (values.clone(), memory, graph.truth(true))
            } else {
                let conditions: Vec<(Place, Node)> = walk
                    .join(graph, at)
                    .into_iter()
                    .map(|(from, condition)| ((from, region.blocks[from]), condition))
                    .collect();
                let mut any = graph.truth(false);
                for (_, condition) in &conditions {
                    any = graph.any(&[any, *condition]);
                }
                let dominator = walk.dominator.get(&at).copied().unwrap_or(region.order[0]);
                let above = reach.get(&dominator).copied().unwrap_or(any);
                let here = graph.all(&[above, any]);
                let merged = self.merge(graph, world, block, &conditions, &ends)?;
                (merged.0, merged.1, here)
            };
            reach.insert(at, here);
            let mut state = State {
                graph,
                world,
                values,
                memory,
                reach: here,
                undefined: std::mem::take(&mut undefined),
            };
            let out = self.block(&mut state, block)?;
            let State {
                values,
                memory,
                undefined: so_far,
                ..
            } = state;
            undefined = so_far;
            match out {
                Leaving::Return(lanes) => returns.push((here, lanes, memory)),
                Leaving::Nowhere => {}
                Leaving::Edges(edges) => {
                    for (to, condition) in edges {
                        if graph.is_false(condition) {
                            continue;
                        }
                        match region.step(at, to) {
                            Step::Cut => {
                                let guard = graph.all(&[here, condition]);
                                arriving.entry(to).or_default().push(((at, block), guard));
                            }
                            Step::Beyond => beyond.push(graph.all(&[here, condition])),
                            Step::Go(next) => {
                                walk.incoming.entry(next).or_default().push(Edge {
                                    from: at,
                                    condition,
                                });
                            }
                        }
                    }
                }
            }
            ends.insert(at, (values, memory));
            if graph.len() > NODE_LIMIT {
                return Stop::because("budget", "the value graph grew too large");
            }
        }
        let undefined = graph.any(&undefined);
        let mut arrivals = HashMap::default();
        for (cut, edges) in arriving {
            let mut guard = graph.truth(false);
            for (_, condition) in &edges {
                guard = graph.any(&[guard, *condition]);
            }
            let (values, memory) = self.merge(graph, world, cut, &edges, &ends)?;
            arrivals.insert(
                cut,
                Arrival {
                    guard,
                    values,
                    memory,
                },
            );
        }
        let returns = self.merge_returns(graph, returns);
        Ok(Segment {
            undefined,
            beyond: graph.any(&beyond),
            events: std::mem::take(&mut self.events),
            returns,
            arrivals,
        })
    }

    fn merge_returns(
        &self,
        graph: &mut Graph,
        mut list: Vec<(Node, Lanes, Node)>,
    ) -> Option<(Node, Lanes, Node)> {
        let (mut guard, mut lanes, mut memory) = list.pop()?;
        while let Some((g, l, m)) = list.pop() {
            lanes = l
                .iter()
                .zip(&lanes)
                .map(|(a, b)| choose_lane(graph, g, *a, *b))
                .collect();
            memory = graph.choose(g, m, memory);
            guard = graph.any(&[g, guard]);
        }
        Some((guard, lanes, memory))
    }

    /// Values and memory on entry to a block that several edges reach under `conditions`.
    fn merge(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        block: BlockId,
        conditions: &[(Place, Node)],
        ends: &HashMap<usize, (Environment, Node)>,
    ) -> Result<(Environment, Node), Stop> {
        let mut values = Environment::default();
        let mut wanted: Vec<ValueId> = self.live[block.0 as usize].iter().copied().collect();
        calque_ir::collections::sort(&mut wanted);
        for id in wanted {
            let mut found: Option<Lanes> = None;
            for ((from, _), condition) in conditions.iter().rev() {
                let Some(lanes) = ends.get(from).and_then(|(v, _)| v.get(&id)) else {
                    return Stop::because(
                        "unsupported-instruction",
                        "a value is not available at a join",
                    );
                };
                found = Some(choose_lanes(graph, *condition, lanes, found.as_ref()));
            }
            values.extend(found.map(|lanes| (id, lanes)));
        }
        for &id in &self.function.block(block).instructions {
            let Some(Op::Phi { incoming }) = self.function.op(id) else {
                break;
            };
            let mut found: Option<Lanes> = None;
            for ((from, block), condition) in conditions.iter().rev() {
                let Some((value, _)) = incoming.iter().find(|(_, b)| b == block) else {
                    return Stop::because(
                        "unsupported-instruction",
                        "phi without a value for its predecessor",
                    );
                };
                let lanes = match ends.get(from).and_then(|(v, _)| v.get(value)) {
                    Some(lanes) => lanes.clone(),
                    None => self.constant_operand(graph, world, *value)?,
                };
                found = Some(choose_lanes(graph, *condition, &lanes, found.as_ref()));
            }
            values.extend(found.map(|lanes| (id, lanes)));
        }
        let mut memory: Option<Node> = None;
        for ((from, _), condition) in conditions.iter().rev() {
            if let Some((_, m)) = ends.get(from) {
                memory = Some(memory.map_or(*m, |other| graph.choose(*condition, *m, other)));
            }
        }
        let Some(memory) = memory else {
            return Stop::because("unsupported-instruction", "a block without predecessors");
        };
        Ok((values, memory))
    }

    fn block(&mut self, state: &mut State<'_>, block: BlockId) -> Result<Leaving, Stop> {
        for &id in &self.function.block(block).instructions {
            let Some(op) = self.function.op(id) else {
                continue;
            };
            match op {
                Op::Phi { .. } => {}
                Op::Return { value } => {
                    let mut lanes = match value {
                        Some(value) => self.operand(state, *value)?,
                        None => Vec::new(),
                    };
                    let attributes = self.function.result_attributes.clone();
                    self.attributed(state, &mut lanes, &attributes)?;
                    // A function's own local is gone when its result is looked at.
                    let local = lanes.iter().any(|l| {
                        state
                            .graph
                            .as_constant(l.provenance)
                            .is_some_and(|id| self.locals.contains_key(&id))
                    });
                    if self.function.no_return || (attributes.dereferenceable > 0 && local) {
                        let always = state.graph.truth(true);
                        state.undefined_if(always);
                    }
                    return Ok(Leaving::Return(lanes));
                }
                Op::Unreachable => {
                    let always = state.graph.truth(true);
                    state.undefined_if(always);
                    return Ok(Leaving::Nowhere);
                }
                Op::Branch { target } => {
                    let always = state.graph.truth(true);
                    return Ok(Leaving::Edges(vec![(*target, always)]));
                }
                Op::BranchIf { condition, yes, no } => {
                    let lane = self.one(state, *condition)?;
                    let wrong = state.graph.any(&[lane.poison, lane.undef]);
                    state.undefined_if(wrong);
                    let always = state.graph.truth(true);
                    if yes == no {
                        return Ok(Leaving::Edges(vec![(*yes, always)]));
                    }
                    let otherwise = state.graph.not(lane.value);
                    return Ok(Leaving::Edges(vec![(*yes, lane.value), (*no, otherwise)]));
                }
                Op::Switch {
                    value,
                    default,
                    cases,
                } => return self.switch(state, *value, *default, cases),
                _ => {
                    let lanes = self.operation(state, id, op)?;
                    state.values.insert(id, lanes);
                }
            }
        }
        Stop::because("unsupported-instruction", "block without a terminator")
    }

    fn switch(
        &mut self,
        state: &mut State<'_>,
        value: ValueId,
        default: BlockId,
        cases: &[(ValueId, BlockId)],
    ) -> Result<Leaving, Stop> {
        let lane = self.one(state, value)?;
        let wrong = state.graph.any(&[lane.poison, lane.undef]);
        state.undefined_if(wrong);
        let mut edges: Vec<(BlockId, Node)> = Vec::new();
        let mut matched = Vec::new();
        for (case, to) in cases {
            let Some(bits) = self.function.constant_int(*case) else {
                return Stop::because(
                    "unsupported-instruction",
                    "switch on a value that is no integer",
                );
            };
            let bits = state.graph.constant(bits, state.graph.width(lane.value));
            let hit = state.graph.equal(lane.value, bits);
            matched.push(hit);
            match edges.iter_mut().find(|(b, _)| b == to) {
                Some((_, condition)) => *condition = state.graph.any(&[*condition, hit]),
                None => edges.push((*to, hit)),
            }
        }
        let some = state.graph.any(&matched);
        let none = state.graph.not(some);
        match edges.iter_mut().find(|(b, _)| *b == default) {
            Some((_, condition)) => *condition = state.graph.any(&[*condition, none]),
            None => edges.push((default, none)),
        }
        Ok(Leaving::Edges(edges))
    }

    /// The lanes of an operand as this side uses them.
    pub(super) fn operand(&mut self, state: &mut State<'_>, id: ValueId) -> Result<Lanes, Stop> {
        let mut lanes = match state.values.get(&id) {
            Some(lanes) => lanes.clone(),
            None => self.constant_operand(state.graph, state.world, id)?,
        };
        self.one_use(state, id, &mut lanes);
        Ok(lanes)
    }

    fn constant_operand(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        id: ValueId,
    ) -> Result<Lanes, Stop> {
        match &self.function.value(id).kind {
            ValueKind::Constant(constant) => {
                self.constant(graph, world, constant, self.function.ty(id))
            }
            _ => Stop::because(
                "unsupported-instruction",
                format!("%{} has no value", self.function.value(id).name),
            ),
        }
    }

    pub(super) fn one(&mut self, state: &mut State<'_>, id: ValueId) -> Result<Lane, Stop> {
        match self.operand(state, id)?.as_slice() {
            [lane] => Ok(*lane),
            _ => Stop::because(
                "unsupported-instruction",
                "a vector where a scalar is expected",
            ),
        }
    }

    /// Whether what was run stays within what the function's own attributes promise; a target that does not is no proof.
    pub(crate) fn within_effects(&self) -> Result<(), Stop> {
        let fine = match self.function.memory {
            MemoryEffects::Any => true,
            MemoryEffects::None => !self.reads && !self.writes,
            MemoryEffects::Read => !self.writes,
            MemoryEffects::Argument => !self.names_globals,
            MemoryEffects::ArgumentRead => !self.writes && !self.names_globals,
            MemoryEffects::Other => false,
        };
        for parameter in &self.function.parameters {
            let a = &parameter.attributes;
            if (a.no_store && self.writes)
                || (a.no_load && self.reads)
                || (a.no_capture && self.keeps_pointers)
            {
                return Stop::because(
                    "unsupported-instruction",
                    "readonly, writeonly or nocapture parameter of the target",
                );
            }
        }
        if fine {
            Ok(())
        } else {
            Stop::because("unsupported-instruction", "memory attribute of the target")
        }
    }
}

enum Leaving {
    Return(Lanes),
    Nowhere,
    Edges(Vec<(BlockId, Node)>),
}

pub(super) fn choose_lane(graph: &mut Graph, condition: Node, a: Lane, b: Lane) -> Lane {
    Lane {
        value: graph.choose(condition, a.value, b.value),
        poison: graph.choose(condition, a.poison, b.poison),
        undef: graph.choose(condition, a.undef, b.undef),
        provenance: graph.choose(condition, a.provenance, b.provenance),
    }
}

fn choose_lanes(graph: &mut Graph, condition: Node, a: &Lanes, b: Option<&Lanes>) -> Lanes {
    match b {
        None => a.clone(),
        Some(b) => a
            .iter()
            .zip(b)
            .map(|(a, b)| choose_lane(graph, condition, *a, *b))
            .collect(),
    }
}
