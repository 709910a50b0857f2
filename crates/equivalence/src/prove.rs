//! The proof: from each pair of cut points, where the target's state refines the source's, both sides run to the next pair; if the target
//! never does what the source could not, the relation holds for every execution.
//!
//! A loop-free function has one pair, the two entries. Replacing the target's state by what it refines is enough, because a step of the
//! target only loses behaviours when its inputs become more defined.

use calque_ir::{BlockId, Function, Op, Type, ValueId};

use crate::graph::Kind;
use crate::graph::{Graph, Node};
use crate::symbolic::{Lane, Lanes, Machine, Role, Segment, Stop, World};

/// What both sides share at the entry.
pub(crate) struct Entry {
    /// Lanes of each argument before attributes: source, target.
    pub(crate) source: Vec<Lanes>,
    pub(crate) target: Vec<Lanes>,
    pub(crate) memory: Node,
}

/// Makes the arguments. `noundef` says which can be neither undef nor poison.
pub(crate) fn entry(
    graph: &mut Graph,
    source: &Machine<'_>,
    target: &Machine<'_>,
    noundef: &[bool],
) -> Result<Entry, Stop> {
    let mut out = Entry {
        source: Vec::new(),
        target: Vec::new(),
        memory: graph.variable(0),
    };
    for (i, parameter) in source.function.parameters.iter().enumerate() {
        let ty = source.function.ty(parameter.value);
        let widths = source.supported(ty)?;
        let types = source.module.lanes(ty).unwrap_or_default();
        let defined = noundef.get(i).copied().unwrap_or(false);
        let once = target.function.parameters.get(i).is_some_and(|p| {
            target.flow.back_edges().is_empty() && used_once(target.function, p.value)
        });
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (width, lane_ty) in widths.iter().zip(&types) {
            let no = graph.truth(false);
            let value = graph.variable(*width);
            let poison = if defined { no } else { graph.variable(1) };
            let undef = if defined { no } else { graph.variable(1) };
            let sound = graph.not(poison);
            let undef = graph.all(&[sound, undef]);
            let provenance = if *lane_ty == Type::Pointer {
                graph.variable(32)
            } else {
                graph.constant(0, 32)
            };
            let lane = Lane {
                value,
                poison,
                undef,
                provenance,
            };
            left.push(lane);
            // A value that is looked at once can be taken as the one thing it is seen as.
            right.push(if once {
                Lane { undef: no, ..lane }
            } else {
                lane
            });
        }
        out.source.push(left);
        out.target.push(right);
    }
    Ok(out)
}

/// Whether everything made of a value is looked at once, by operations for which undef is any one value.
fn used_once(function: &Function, value: ValueId) -> bool {
    let mut at = value;
    loop {
        let mut uses = Vec::new();
        for block in &function.blocks {
            for &id in &block.instructions {
                let Some(op) = function.op(id) else { continue };
                uses.extend(op.operands().into_iter().filter(|v| *v == at).map(|_| id));
            }
        }
        match uses.as_slice() {
            [] => return true,
            [one] => match function.op(*one) {
                Some(Op::Return { .. } | Op::Freeze { .. }) => return true,
                Some(Op::Binary { op, .. })
                    if !matches!(op.name(), "udiv" | "sdiv" | "urem" | "srem") =>
                {
                    at = *one
                }
                Some(Op::Compare { .. } | Op::Cast { .. } | Op::Select { .. }) => at = *one,
                _ => return false,
            },
            _ => return false,
        }
    }
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

/// True where the memory `t` is certainly allowed by `s`.
pub(crate) fn memory_refines(
    g: &mut Graph,
    s_machine: &Machine<'_>,
    t_machine: &Machine<'_>,
    s: Node,
    t: Node,
    depth: u32,
) -> Node {
    if s == t {
        return g.truth(true);
    }
    let Some(depth) = depth.checked_sub(1) else {
        return g.truth(false);
    };
    if let Kind::Choose(c, a, b) = *g.kind(s) {
        let (yes, no) = (
            memory_refines(g, s_machine, t_machine, a, t, depth),
            memory_refines(g, s_machine, t_machine, b, t, depth),
        );
        return g.choose(c, yes, no);
    }
    if let Kind::Choose(c, a, b) = *g.kind(t) {
        let (yes, no) = (
            memory_refines(g, s_machine, t_machine, s, a, depth),
            memory_refines(g, s_machine, t_machine, s, b, depth),
        );
        return g.choose(c, yes, no);
    }
    // Nobody sees a function's own locals after it returned.
    for (machine, memory, source_side) in [(s_machine, s, true), (t_machine, t, false)] {
        if let Kind::Store(parts, _) = g.kind(memory).clone() {
            if machine.owns(g, parts[1]) {
                return if source_side {
                    memory_refines(g, s_machine, t_machine, parts[0], t, depth)
                } else {
                    memory_refines(g, s_machine, t_machine, s, parts[0], depth)
                };
            }
        }
    }
    match (g.kind(s).clone(), g.kind(t).clone()) {
        (Kind::Store(p, n), Kind::Store(q, m)) if n == m && g.width(p[3]) == g.width(q[3]) => {
            let before = memory_refines(g, s_machine, t_machine, p[0], q[0], depth);
            let place = g.equal(p[1], q[1]);
            let address = g.equal(p[2], q[2]);
            let no = g.truth(false);
            let (a, b) = (
                Lane {
                    value: p[3],
                    poison: p[4],
                    undef: no,
                    provenance: p[5],
                },
                Lane {
                    value: q[3],
                    poison: q[4],
                    undef: no,
                    provenance: q[5],
                },
            );
            let wrong = lane_violation(g, a, b);
            let fine = g.not(wrong);
            g.all(&[before, place, address, fine])
        }
        _ => g.truth(false),
    }
}

/// True where the target's run from a pair of cut points does what the source's does not allow. `arrived` gives, for a pair of
/// arrivals, where the relation at the next pair fails.
pub(crate) fn violation(
    g: &mut Graph,
    machines: (&Machine<'_>, &Machine<'_>),
    source: &Segment,
    target: &Segment,
    pairs: &[(BlockId, BlockId)],
    arrived: &mut dyn FnMut(&mut Graph, usize) -> Result<Node, Stop>,
) -> Result<Node, Stop> {
    let mut wrong = vec![target.undefined];
    if let Some((guard, lanes, memory)) = &source.returns {
        let mut inner = Vec::new();
        match &target.returns {
            None => inner.push(g.truth(true)),
            Some((other, others, after)) => {
                inner.push(g.not(*other));
                for (a, b) in lanes.iter().zip(others) {
                    inner.push(lane_violation(g, *a, *b));
                }
                let fine = memory_refines(g, machines.0, machines.1, *memory, *after, 200);
                inner.push(g.not(fine));
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
    Ok(g.all(&[defined, any]))
}

/// Runs a side from its entry.
pub(crate) fn start(
    machine: &mut Machine<'_>,
    graph: &mut Graph,
    world: &mut World,
    entry: &Entry,
    cuts: &[BlockId],
) -> Result<Segment, Stop> {
    let arguments = if machine.role == Role::Source {
        &entry.source
    } else {
        &entry.target
    };
    let (values, undefined) = machine.arguments(graph, world, arguments, entry.memory)?;
    let mut segment = machine.run(graph, world, BlockId(0), values, entry.memory, cuts)?;
    segment.undefined = graph.any(&[segment.undefined, undefined]);
    Ok(segment)
}
