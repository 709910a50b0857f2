//! Sets up both sides, asks the solver, and replays what it finds.

use calque_ir::{ControlFlow, Function};

use crate::bisimulation::simulate;
use crate::callees::differing_callee;
use crate::concrete::Side;
use crate::graph::{Graph, Node};
use crate::inline::inline;
use crate::options::Options;
use crate::pieces::rest;
use crate::promote::promote;
use crate::prove::{Entry, entry, start, violation};
use crate::replay::Attempt;
use crate::solver::{Answer, Blocks, KnownBlock, Solver};
use crate::symbolic::{Extent, Machine, Role, Stop, World, unit_of};
use crate::verdict::{Decision, Verdict};

/// Proves refinement, refutes it by a model that replays, or says why not.
pub(crate) async fn argue(
    source: Side<'_>,
    target: Side<'_>,
    options: &Options,
    noundef: &[bool],
) -> Verdict {
    let functions = (
        promote(&inline(source, Role::Source)),
        promote(&inline(target, Role::Target)),
    );
    match attempt(
        source,
        target,
        (&functions.0, &functions.1),
        options,
        noundef,
    )
    .await
    {
        Ok(verdict) => verdict,
        Err(Stop(reason, detail)) => Verdict::unknown(reason, detail),
    }
}

/// How often loops are taken again to look for a difference where no bound was asked for.
const PROBE_UNROLL: u32 = 3;

async fn attempt(
    source: Side<'_>,
    target: Side<'_>,
    functions: (&Function, &Function),
    options: &Options,
    noundef: &[bool],
) -> Result<Verdict, Stop> {
    readable(source)?;
    readable(target)?;
    parameters_fit(source, target, options)?;
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
    if let Some(name) = differing_callee(sides.0, sides.1) {
        let why = "it is recursive, too large, or promises more than its code keeps";
        return Stop::because(
            "external-call",
            format!("@{name} could not be inlined: {why}"),
        );
    }
    let loops = [functions.0, functions.1]
        .iter()
        .any(|f| !ControlFlow::of(f).back_edges().is_empty());
    if !loops {
        return bounded((source, target), sides, options, noundef, 0).await;
    }
    let Err(unbounded) = simulate(sides.0, sides.1, options, noundef).await else {
        return Ok(Verdict::proved("loop-bisimulation"));
    };
    let unroll = if options.unroll == 0 {
        PROBE_UNROLL
    } else {
        options.unroll
    };
    let mut verdict = bounded((source, target), sides, options, noundef, unroll).await?;
    if verdict.decision == Decision::Proved {
        if options.unroll == 0 {
            return Err(unbounded);
        }
        verdict.method = Some("sat");
        verdict.bounds = vec![("unroll", u64::from(unroll))];
    }
    Ok(verdict)
}

/// Both sides from entry to return, loops taken again at most so often.
async fn bounded(
    (source, target): (Side<'_>, Side<'_>),
    sides: (Side<'_>, Side<'_>),
    options: &Options,
    noundef: &[bool],
    unroll: u32,
) -> Result<Verdict, Stop> {
    let mut graph = Graph::new();
    let mut world = World::of_unit(unit_of([
        (source.module, sides.0.function),
        (target.module, sides.1.function),
    ]));
    let disjoint = options.disjoint_arguments;
    let (f, g) = (sides.0.function, sides.1.function);
    let mut s = Machine::new(source.module, f, Role::Source, disjoint);
    let mut t = Machine::new(target.module, g, Role::Target, disjoint);
    (s.unroll, t.unroll) = (Some(unroll), Some(unroll));
    let escape = s.addresses_escape || t.addresses_escape;
    (s.addresses_escape, t.addresses_escape) = (escape, escape);
    Machine::separate_uses(&mut s, &mut t);
    let shared = entry(&mut graph, &s, noundef)?;
    let pointers: Vec<Node> = shared
        .arguments
        .iter()
        .flatten()
        .map(|l| l.provenance)
        .collect();
    (s.entry_pointers, t.entry_pointers) = (pointers.clone(), pointers);
    let extents = bring_extents([&mut s, &mut t], &mut graph, options, &shared);
    rest().await;
    let left = start(&mut s, &mut graph, &mut world, &shared, &[])?;
    rest().await;
    t.partners.clone_from(&left.events);
    let right = start(&mut t, &mut graph, &mut world, &shared, &[])?;
    rest().await;
    t.within_effects()?;
    let question = violation(
        &mut graph,
        world.unit,
        (&s, &t),
        &left,
        &right,
        &[],
        &mut |g, _| Ok(g.truth(true)),
    )?;
    rest().await;
    let known = graph.not(left.undefined);
    let mut solver = Solver::new(options.conflicts);
    let mut answer = if left.events.is_empty() {
        solver.ask_knowing(&mut graph, known, question).await
    } else {
        solver.ask(&graph, question).await
    };
    // Where accesses are defined matters only if nothing else decides.
    if matches!(answer, Answer::Model(_)) {
        solver.blocks = Some(known_blocks(&graph, &world, source, target));
        answer = solver.ask(&graph, question).await;
    }
    Ok(match answer {
        Answer::Never(simple) => Verdict::proved(if simple { "structural" } else { "sat" }),
        Answer::Budget => Verdict::unknown(
            "budget",
            format!("{} conflicts were not enough", options.conflicts),
        ),
        Answer::Model(first) => {
            let mut found = solver.found.clone();
            let mut model = first;
            if let Some(blocks) = &mut solver.blocks {
                blocks.small = true;
            }
            // Slices as short as a run can have them.
            let mut short = vec![question];
            for extent in &extents {
                let (bytes, start) = (graph.constant(256, 64), graph.constant(1 << 40, 64));
                short.push(graph.unsigned_less(extent.bytes, bytes));
                short.push(graph.unsigned_less(extent.start, start));
            }
            let short = graph.all(&short);
            if let Answer::Model(small) = solver.ask(&graph, short).await {
                (model, found) = (small, solver.found.clone());
            }
            let attempt = Attempt {
                source,
                target,
                options,
                graph: &graph,
                world: &world,
                entry: &shared,
                found: &found,
                extents: &extents,
            };
            attempt.replay(model)
        }
    })
}

/// Tells both sides what the signature says of the memory behind slices.
pub(crate) fn bring_extents(
    machines: [&mut Machine<'_>; 2],
    graph: &mut Graph,
    options: &Options,
    entry: &Entry,
) -> Vec<Extent> {
    let signature = options.signature.as_ref();
    let extents = signature.map_or_else(Vec::new, |s| s.extents(graph, &entry.arguments));
    for machine in machines {
        machine.extents.clone_from(&extents);
        machine.entry_memory = Some(entry.memory);
    }
    extents
}

/// The globals that both sides name, as the solver sees them.
fn known_blocks(graph: &Graph, world: &World, source: Side<'_>, target: Side<'_>) -> Blocks {
    let mut known = Vec::new();
    for (name, (address, provenance)) in world.known_globals() {
        let global = [source.module, target.module]
            .into_iter()
            .find_map(|m| Some((m, m.globals.get(name)?)));
        let (Some((module, global)), Some(id)) = (global, graph.as_constant(*provenance)) else {
            continue;
        };
        if let Some(size) = module
            .alloc_size(&global.ty)
            .filter(|_| !global.unsupported)
        {
            known.push(KnownBlock {
                provenance: id,
                address: *address,
                size,
                constant: global.constant,
            });
        }
    }
    calque_ir::collections::sort_by(&mut known, |a, b| a.provenance < b.provenance);
    Blocks {
        known,
        small: false,
        null_is_valid: source.function.null_is_valid || target.function.null_is_valid,
    }
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
    if result.noalias {
        return Stop::because("unsupported-instruction", "noalias on the target's result");
    }
    Ok(())
}
