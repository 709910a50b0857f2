//! Sets up both sides, asks the solver, and replays what it finds.

use std::collections::HashMap;

use calque_ir::interpreter::{Input, Scalar};
use calque_ir::{Function, Memory};

use crate::bisimulation::simulate;
use crate::concrete::{Comparison, Side, compare};
use crate::graph::{Graph, Kind, Node};
use crate::options::Options;
use crate::promote::promote;
use crate::prove::{Entry, entry, start, violation};
use crate::solver::{Answer, Solver};
use crate::symbolic::{Machine, Role, Stop, World};
use crate::verdict::Verdict;

/// Proves refinement, refutes it by a model that replays, or says why not.
pub(crate) fn argue(
    source: Side<'_>,
    target: Side<'_>,
    options: &Options,
    noundef: &[bool],
) -> Verdict {
    let functions = (promote(source.function), promote(target.function));
    match attempt(
        source,
        target,
        (&functions.0, &functions.1),
        options,
        noundef,
    ) {
        Ok(verdict) => verdict,
        Err(Stop(reason, detail)) => Verdict::unknown(reason, detail),
    }
}

fn attempt(
    source: Side<'_>,
    target: Side<'_>,
    functions: (&Function, &Function),
    options: &Options,
    noundef: &[bool],
) -> Result<Verdict, Stop> {
    readable(source)?;
    readable(target)?;
    parameters_fit(source, target, options)?;
    let mut graph = Graph::new();
    let mut world = World::default();
    let mut s = Machine::new(
        source.module,
        functions.0,
        Role::Source,
        options.disjoint_arguments,
    );
    let mut t = Machine::new(
        target.module,
        functions.1,
        Role::Target,
        options.disjoint_arguments,
    );
    let shared = entry(&mut graph, &s, &t, noundef)?;
    let loops = !s.flow.back_edges().is_empty() || !t.flow.back_edges().is_empty();
    if loops {
        let sides = (
            Side {
                function: functions.0,
                ..source
            },
            Side {
                function: functions.1,
                ..target
            },
        );
        simulate(sides.0, sides.1, options, noundef)?;
        return Ok(Verdict::proved("loop-bisimulation"));
    }
    let mut solver = Solver::new(options.conflicts);
    let left = start(&mut s, &mut graph, &mut world, &shared, &[])?;
    let right = start(&mut t, &mut graph, &mut world, &shared, &[])?;
    t.within_effects()?;
    let question = violation(&mut graph, (&s, &t), &left, &right, &[], &mut |g, _| {
        Ok(g.truth(true))
    })?;
    let known = graph.not(left.undefined);
    Ok(match solver.ask_knowing(&mut graph, known, question) {
        Answer::Never(simple) => Verdict::proved(if simple { "structural" } else { "sat" }),
        Answer::Budget => Verdict::unknown(
            "budget",
            format!("{} conflicts were not enough", options.conflicts),
        ),
        Answer::Model(model) => replay(source, target, options, &graph, question, &shared, &model),
    })
}

fn readable(side: Side<'_>) -> Result<(), Stop> {
    match side
        .function
        .unsupported
        .first()
        .or(side.module.unsupported.first())
    {
        Some(what) => Stop::because("unsupported-instruction", what.clone()),
        None if side.function.variadic => {
            Stop::because("unsupported-instruction", "variadic function")
        }
        None => Ok(()),
    }
}

/// Attributes that promise something about memory must not promise more in the target.
fn parameters_fit(source: Side<'_>, target: Side<'_>, options: &Options) -> Result<(), Stop> {
    for (a, b) in source
        .function
        .parameters
        .iter()
        .zip(&target.function.parameters)
    {
        if b.attributes.dereferenceable > a.attributes.dereferenceable {
            return Stop::because(
                "unsupported-instruction",
                "dereferenceable on a parameter of the target alone",
            );
        }
        if b.attributes.returned && !a.attributes.returned {
            return Stop::because(
                "unsupported-instruction",
                "returned on a parameter of the target alone",
            );
        }
        if b.attributes.noalias && !a.attributes.noalias && !options.disjoint_arguments {
            return Stop::because(
                "unsupported-instruction",
                "noalias on a parameter of the target alone",
            );
        }
    }
    for (name, global) in &target.module.globals {
        let same = source.module.globals.get(name).is_none_or(|g| {
            g.constant == global.constant
                && g.initializer == global.initializer
                && g.ty == global.ty
                && g.align == global.align
        });
        if !same {
            return Stop::because(
                "memory-model",
                format!("@{name} is defined differently on the two sides"),
            );
        }
    }
    let result = &target.function.result_attributes;
    if result.noalias || result.dereferenceable > 0 {
        return Stop::because(
            "unsupported-instruction",
            "noalias or dereferenceable on the target's result",
        );
    }
    Ok(())
}

/// Runs a model of the violation on both sides. Only what replays is a refutation.
fn replay(
    source: Side<'_>,
    target: Side<'_>,
    options: &Options,
    graph: &Graph,
    question: Node,
    shared: &Entry,
    model: &HashMap<Node, u128>,
) -> Verdict {
    let get = |node: Node| match graph.kind(node) {
        Kind::Constant(bits) => *bits,
        _ => model.get(&node).copied().unwrap_or(0),
    };
    let pointers = shared
        .source
        .iter()
        .flatten()
        .any(|lane| graph.as_constant(lane.provenance).is_none());
    let opaque = pointers || uses_memory(graph, question);
    if opaque {
        return Verdict::unknown(
            "memory-model",
            "the difference found depends on memory and was not replayed",
        );
    }
    let mut loose = false;
    let arguments = shared
        .source
        .iter()
        .map(|lanes| {
            lanes
                .iter()
                .map(|lane| {
                    if get(lane.poison) == 1 {
                        return Scalar::Poison;
                    }
                    // The undef bit is a conjunction with "not poison"; its variable is what the model knows.
                    let undef = match graph.kind(lane.undef) {
                        Kind::And(parts) => parts.iter().all(|p| match graph.kind(*p) {
                            Kind::Not(inner) => get(*inner) == 0,
                            _ => get(*p) == 1,
                        }),
                        _ => get(lane.undef) == 1,
                    };
                    if undef {
                        loose = true;
                        return Scalar::Undef;
                    }
                    Scalar::Int(get(lane.value))
                })
                .collect()
        })
        .collect();
    let input = Input {
        arguments,
        memory: Memory::default(),
    };
    let (comparison, counterexample) = compare(source, target, &input, options.relation);
    match comparison {
        Comparison::Differs(how) => Verdict::refuted("sat", counterexample, how),
        Comparison::Open(code, what) => Verdict::unknown(code, what),
        Comparison::Fits if loose => Verdict::unknown(
            "undef",
            "the difference found depends on undef and did not replay",
        ),
        Comparison::Fits if chooses(source) || chooses(target) => Verdict::unknown(
            "undef",
            "the difference found depends on freeze or undef and did not replay",
        ),
        Comparison::Fits => Verdict::unknown(
            "internal-disagreement",
            "a model of the difference did not replay",
        ),
    }
}

fn uses_memory(graph: &Graph, question: Node) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut stack = vec![question];
    while let Some(node) = stack.pop() {
        if seen.insert(node) {
            if matches!(graph.kind(node), Kind::Apply(..)) || graph.width(node) == 0 {
                return true;
            }
            stack.extend(graph.children(node));
        }
    }
    false
}

/// Whether a function holds `freeze` or `undef`, where the language leaves a choice.
fn chooses(side: Side<'_>) -> bool {
    use calque_ir::{Constant, Op, ValueKind};
    side.function.values.iter().any(|v| match &v.kind {
        ValueKind::Instruction(op) => matches!(op, Op::Freeze { .. } | Op::Alloca { .. }),
        ValueKind::Constant(c) => matches!(c, Constant::Undef | Constant::Aggregate(_)),
        _ => false,
    })
}
