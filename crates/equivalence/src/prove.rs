//! The proof: from each pair of cut points, where the target's state refines the source's, both sides run to the next pair; if the target
//! never does what the source could not, the relation holds for every execution.
//!
//! A loop-free function has one pair, the two entries. Replacing the target's state by what it refines is enough, because a step of the
//! target only loses behaviours when its inputs become more defined.

use calque_ir::{BlockId, Type};

use crate::graph::{Graph, Node};
use crate::symbolic::{Lane, Lanes, Machine, Segment, Stop, World, memory_violation};

/// What both sides share at the entry.
pub(crate) struct Entry {
    /// Lanes of each argument before attributes.
    pub(crate) arguments: Vec<Lanes>,
    pub(crate) memory: Node,
}

/// Makes the arguments. `noundef` says which can be neither undef nor poison.
pub(crate) fn entry(
    graph: &mut Graph,
    source: &Machine<'_>,
    noundef: &[bool],
) -> Result<Entry, Stop> {
    let mut out = Entry {
        arguments: Vec::new(),
        memory: graph.variable(0),
    };
    for (i, parameter) in source.function.parameters.iter().enumerate() {
        let ty = source.function.ty(parameter.value);
        let widths = source.supported(ty)?;
        let types = source.module.lanes(ty).unwrap_or_default();
        let defined = noundef.get(i).copied().unwrap_or(false);
        let mut both = Lanes::new();
        for (width, lane_ty) in widths.iter().zip(&types) {
            let no = graph.truth(false);
            let value = graph.variable(*width);
            let poison = if defined { no } else { graph.variable(1) };
            let undef = if defined { no } else { graph.variable(1) };
            let sound = graph.not(poison);
            let undef = graph.all(&[sound, undef]);
            let provenance = if *lane_ty == Type::Pointer {
                World::foreign(graph)
            } else {
                graph.constant(0, 32)
            };
            let lane = Lane {
                value,
                poison,
                undef,
                provenance,
            };
            both.push(lane);
        }
        out.arguments.push(both);
    }
    Ok(out)
}

/// A refinement question about one lane: true where the target's lane is not allowed by the source's.
pub(crate) fn lane_violation(g: &mut Graph, s: Lane, t: Lane) -> Node {
    let differ = {
        let same = g.equal(s.value, t.value);
        let place = g.equal(s.provenance, t.provenance);
        let both = g.all(&[same, place]);
        g.not(both)
    };
    let fixed = g.not(s.undef);
    let loose = g.any(&[t.undef, differ]);
    let wrong_value = g.all(&[fixed, loose]);
    let wrong = g.any(&[t.poison, wrong_value]);
    let defined = g.not(s.poison);
    g.all(&[defined, wrong])
}

/// True where calls that the world sees differ, or the target's behaviour is undefined before one of them: what the source does
/// after such a call excuses nothing before it, since the call may not return.
fn calls_violation(g: &mut Graph, source: &Segment, target: &Segment) -> (Node, Node) {
    let mut stray = Vec::new();
    let mut clean = Vec::new();
    for event in &target.events {
        let earlier = g.any(&stray);
        let bad = g.any(&[event.before, earlier]);
        clean.push(g.not(bad));
        let met: Vec<Node> = event.twins.iter().map(|(_, twin)| *twin).collect();
        let met = g.any(&met);
        let alone = g.not(met);
        stray.push(g.all(&[event.reach, alone]));
    }
    let mut lost = Vec::new();
    for (index, event) in source.events.iter().enumerate() {
        if !event.seen {
            continue;
        }
        let mut kept = Vec::new();
        for (other, clean) in target.events.iter().zip(&clean) {
            for (i, twin) in &other.twins {
                if *i == index {
                    kept.push(g.all(&[other.reach, *twin, *clean]));
                }
            }
        }
        let kept = g.any(&kept);
        let (missing, defined) = (g.not(kept), g.not(event.before));
        lost.push(g.all(&[event.reach, defined, missing]));
    }
    (g.any(&lost), g.any(&stray))
}

/// True where the target's run from a pair of cut points does what the source's does not allow. `arrived` gives, for a pair of
/// arrivals, where the relation at the next pair fails.
pub(crate) fn violation(
    g: &mut Graph,
    unit: u64,
    machines: (&Machine<'_>, &Machine<'_>),
    source: &Segment,
    target: &Segment,
    pairs: &[(BlockId, BlockId)],
    arrived: &mut dyn FnMut(&mut Graph, usize) -> Result<Node, Stop>,
) -> Result<Node, Stop> {
    let (lost, stray) = calls_violation(g, source, target);
    let mut wrong = vec![target.undefined, stray];
    if let Some((guard, lanes, memory)) = &source.returns {
        let mut inner = Vec::new();
        match &target.returns {
            None => inner.push(g.truth(true)),
            Some((other, others, after)) => {
                inner.push(g.not(*other));
                for (a, b) in lanes.iter().zip(others) {
                    inner.push(lane_violation(g, *a, *b));
                }
                inner.push(memory_violation(g, unit, machines, *memory, *after, &[])?);
            }
        }
        let any = g.any(&inner);
        wrong.push(g.all(&[*guard, any]));
    }
    for (index, (s, t)) in pairs.iter().enumerate() {
        let Some(arrival) = source.arrivals.get(s) else {
            continue;
        };
        let mut inner = Vec::new();
        match target.arrivals.get(t) {
            None => inner.push(g.truth(true)),
            Some(other) => {
                inner.push(g.not(other.guard));
                inner.push(arrived(g, index)?);
            }
        }
        let any = g.any(&inner);
        wrong.push(g.all(&[arrival.guard, any]));
    }
    let any = g.any(&wrong);
    let defined = g.not(source.undefined);
    let here = g.all(&[defined, any]);
    let any = g.any(&[lost, here]);
    // What is undefined on the way to the bound is within it.
    let still = g.not(target.undefined);
    let beyond = g.all(&[target.beyond, still]);
    let (s, t) = (g.not(source.beyond), g.not(beyond));
    Ok(g.all(&[any, s, t]))
}

/// Runs a side from its entry.
pub(crate) fn start(
    machine: &mut Machine<'_>,
    graph: &mut Graph,
    world: &mut World,
    entry: &Entry,
    cuts: &[BlockId],
) -> Result<Segment, Stop> {
    let (values, undefined) = machine.arguments(graph, world, &entry.arguments, entry.memory)?;
    let mut segment = machine.run(graph, world, BlockId(0), &values, entry.memory, cuts)?;
    segment.undefined = graph.any(&[segment.undefined, undefined]);
    Ok(segment)
}
