//! Puts the pieces together: traces, pairing, relation, steps, questions.

use calque_ir::collections::HashMap;

use calque_ir::interpreter::Scalar;
use calque_ir::{BlockId, Callee, Function, Op, ValueId};

use super::candidates::{Pairing, pairings};
use super::invariants::{Invariant, Step, guess, keep_inductive, speakable};
use super::loops::{Loop, loops};
use super::relation::{Counterpart, Samples};
use super::trace::{Trace, Visit, trace};
use crate::argue::bring_extents;
use crate::concrete::Side;
use crate::graph::{Evaluator, Graph, Node};
use crate::inputs::{INPUT_COUNT, Inputs};
use crate::options::Options;
use crate::pieces::rest;
use crate::prove::{entry, start, violation};
use crate::solver::{Answer, Solver};
use crate::symbolic::{
    Lanes, Machine, Role, Segment, Stop, World, is_quiet, memory_violation, unit_of,
};

/// Inputs that are traced in one piece.
const PIECE_INPUTS: usize = 8;
/// Inputs that are traced.
const TRACED: usize = 96;
/// One pairing may spend this part of the conflicts of a check; all together twice as many.
const ATTEMPT_SHARE: u64 = 2;
/// Relations tried for one pairing.
const RELATION_LIMIT: usize = 24;

/// Shows that the target, run in lock step with the source, refines it. Both functions are promoted.
pub(crate) async fn simulate(
    source: Side<'_>,
    target: Side<'_>,
    options: &Options,
    noundef: &[bool],
) -> Result<(), Stop> {
    let flows = (
        calque_ir::ControlFlow::of(source.function),
        calque_ir::ControlFlow::of(target.function),
    );
    let (left, right) = (loops(&flows.0)?, loops(&flows.1)?);
    if left.len() != right.len() {
        let detail = format!(
            "{} loops in the source, {} in the target",
            left.len(),
            right.len()
        );
        return Stop::because("loop-bound", detail);
    }
    let runs = traces(source, target, &left, &right, noundef).await?;
    let mut last = Stop("loop-bound", "the loops do not run in step".into());
    let pairings = pairings(&left, &right, &runs);
    // A second time with the source one step ahead: a load that the target does before a loop may be one that the source does in it.
    for ahead in [false, true] {
        let mut left = options.conflicts * 2;
        for pairing in &pairings {
            // No pairing may use up what the others need.
            let own = left.min(options.conflicts / ATTEMPT_SHARE);
            let limited = Options {
                conflicts: own,
                ..options.clone()
            };
            rest().await;
            let mut simulation = Simulation::new(source, target, &limited, noundef, pairing);
            match simulation.run(pairing, &runs, ahead).await {
                Ok(()) => return Ok(()),
                Err(stop) => last = stop,
            }
            left -= own - simulation.solver.conflicts;
            if left == 0 {
                break;
            }
        }
    }
    Err(last)
}

/// Values that may be asked for at a block: its phis, what is live there, arguments.
fn at_block(function: &Function, machine: &Machine<'_>, block: BlockId) -> Vec<ValueId> {
    let mut out: Vec<ValueId> = function
        .block(block)
        .instructions
        .iter()
        .copied()
        .take_while(|id| matches!(function.op(*id), Some(Op::Phi { .. })))
        .collect();
    let mut live: Vec<ValueId> = machine.live[block.0 as usize].iter().copied().collect();
    calque_ir::collections::sort(&mut live);
    out.extend(live);
    for parameter in &function.parameters {
        if !out.contains(&parameter.value) {
            out.push(parameter.value);
        }
    }
    out
}

async fn traces(
    source: Side<'_>,
    target: Side<'_>,
    left: &[Loop],
    right: &[Loop],
    noundef: &[bool],
) -> Result<Vec<(Trace, Trace)>, Stop> {
    let wanted = |side: Side<'_>, loops: &[Loop], role: Role| {
        let mut machine = Machine::new(side.module, side.function, role, false);
        let mut out: HashMap<BlockId, Vec<ValueId>> = HashMap::default();
        let cuts: Vec<BlockId> = loops.iter().flat_map(|l| l.cuts.clone()).collect();
        machine.keep_leaves(&cuts, !(writes(source.function) || writes(target.function)));
        for block in &cuts {
            out.insert(*block, at_block(side.function, &machine, *block));
        }
        out
    };
    let (a, b) = (
        wanted(source, left, Role::Source),
        wanted(target, right, Role::Target),
    );
    let mut inputs = Inputs::new([source, target], noundef.to_vec());
    if let Some(ty) = inputs.unsupported() {
        return Stop::because(
            "unsupported-instruction",
            format!("a parameter of type {ty}"),
        );
    }
    let mut out = Vec::new();
    for n in 0..INPUT_COUNT {
        if n % PIECE_INPUTS == 0 {
            rest().await;
        }
        let input = inputs.input(n);
        let poisoned = input
            .arguments
            .iter()
            .flatten()
            .any(|s| *s == Scalar::Poison);
        if poisoned || out.len() >= TRACED {
            continue;
        }
        let (x, y) = (
            trace(source.module, source.function, &input, &a),
            trace(target.module, target.function, &input, &b),
        );
        out.extend(x.zip(y));
    }
    if out.is_empty() {
        return Stop::because("loop-bound", "no input runs both sides to their end");
    }
    Ok(out)
}

/// Whether a function changes memory, as far as can be seen.
fn writes(f: &Function) -> bool {
    f.blocks
        .iter()
        .flat_map(|b| &b.instructions)
        .any(|id| match f.op(*id) {
            Some(Op::Store { .. }) => true,
            // What ends the program leaves nothing behind that a loop could see.
            Some(Op::Call { callee, .. }) => {
                !matches!(callee, Callee::Named(name) if is_quiet(name) || name == "llvm.trap")
            }
            _ => false,
        })
}

/// The state of one attempt with one pairing.
struct Simulation<'m> {
    graph: Graph,
    world: World,
    s: Machine<'m>,
    t: Machine<'m>,
    solver: Solver,
    noundef: Vec<bool>,
    writes: bool,
    options: Options,
}

/// Both sides at a pair of cuts.
struct Place {
    source: HashMap<ValueId, Lanes>,
    target: HashMap<ValueId, Lanes>,
    memory: Node,
    /// What the source's past guarantees.
    facts: Node,
}

impl<'m> Simulation<'m> {
    fn new(
        source: Side<'m>,
        target: Side<'m>,
        options: &Options,
        noundef: &[bool],
        pairing: &Pairing,
    ) -> Self {
        let writes = writes(source.function) || writes(target.function);
        let mut s = Machine::new(
            source.module,
            source.function,
            Role::Source,
            options.disjoint_arguments,
        );
        let mut t = Machine::new(
            target.module,
            target.function,
            Role::Target,
            options.disjoint_arguments,
        );
        let (cuts_s, cuts_t): (Vec<BlockId>, Vec<BlockId>) = pairing.iter().copied().unzip();
        s.keep_leaves(&cuts_s, !writes);
        t.keep_leaves(&cuts_t, !writes);
        let escape = s.addresses_escape || t.addresses_escape;
        (s.addresses_escape, t.addresses_escape) = (escape, escape);
        Self {
            graph: Graph::new(),
            world: World::of_unit(unit_of([
                (source.module, source.function),
                (target.module, target.function),
            ])),
            s,
            t,
            solver: Solver::new(options.conflicts),
            noundef: noundef.to_vec(),
            writes,
            options: options.clone(),
        }
    }

    async fn run(
        &mut self,
        pairing: &Pairing,
        runs: &[(Trace, Trace)],
        ahead: bool,
    ) -> Result<(), Stop> {
        let shared = entry(&mut self.graph, &self.s, &self.noundef)?;
        bring_extents(
            [&mut self.s, &mut self.t],
            &mut self.graph,
            &self.options,
            &shared,
        );
        let (cuts_s, cuts_t): (Vec<BlockId>, Vec<BlockId>) = pairing.iter().copied().unzip();
        let mut first_s = start(
            &mut self.s,
            &mut self.graph,
            &mut self.world,
            &shared,
            &cuts_s,
        )?;
        let (arguments, refused) = self.s.arguments(
            &mut self.graph,
            &mut self.world,
            &shared.arguments,
            shared.memory,
        )?;
        let (arguments_t, _) = self.t.arguments(
            &mut self.graph,
            &mut self.world,
            &shared.arguments,
            shared.memory,
        )?;

        // The source at each cut, and its runs from there.
        let mut places = Vec::new();
        let mut segments_s = Vec::new();
        for &block in &cuts_s {
            rest().await;
            let memory = if self.writes {
                self.graph.variable(0)
            } else {
                shared.memory
            };
            let (source, facts) = self.source_at(block, &arguments, memory)?;
            // Arguments that are undefined behaviour came to no cut.
            let accepted = self.graph.not(refused);
            let facts = self.graph.all(&[facts, accepted]);
            let segment = self.s.run(
                &mut self.graph,
                &mut self.world,
                block,
                &source,
                memory,
                &cuts_s,
            )?;
            let mut known = arguments.clone();
            known.extend(source);
            places.push(Place {
                source: known,
                target: HashMap::default(),
                memory,
                facts,
            });
            segments_s.push(segment);
        }
        let assumed = self
            .invariants(
                pairing,
                runs,
                &first_s,
                &segments_s,
                &mut places,
                &arguments,
            )
            .await?;

        if ahead {
            self.look_ahead(&mut first_s, &cuts_s, &arguments)?;
            for segment in &mut segments_s {
                self.look_ahead(segment, &cuts_s, &arguments)?;
            }
        }

        // The target's values in terms of the source's.
        let mut leaves: Vec<Vec<(ValueId, Vec<Counterpart>)>> = Vec::new();
        for &(a, b) in pairing {
            leaves.push(self.leaves(a, b, runs)?);
        }
        let mut choice: Vec<Vec<usize>> = leaves.iter().map(|l| vec![0; l.len()]).collect();
        let first_t = start(
            &mut self.t,
            &mut self.graph,
            &mut self.world,
            &shared,
            &cuts_t,
        )?;
        for _ in 0..RELATION_LIMIT {
            rest().await;
            match self
                .attempt(
                    pairing,
                    &leaves,
                    &choice,
                    &mut places,
                    &first_s,
                    &first_t,
                    &segments_s,
                    &arguments,
                    &arguments_t,
                    &assumed,
                )
                .await?
            {
                None => return self.t.within_effects(),
                Some((index, leaf)) => {
                    choice[index][leaf] += 1;
                    if choice[index][leaf] >= leaves[index][leaf].1.len() {
                        let name = &self.t.function.value(leaves[index][leaf].0).name;
                        return Stop::because(
                            "loop-bound",
                            format!("%{name} of the target has no counterpart in the source"),
                        );
                    }
                }
            }
        }
        Stop::because("loop-bound", "too many relations were tried")
    }

    /// Undefined behaviour in the step after this one makes this one undefined too: nothing that is seen lies between them.
    fn look_ahead(
        &mut self,
        segment: &mut Segment,
        cuts: &[BlockId],
        arguments: &HashMap<ValueId, Lanes>,
    ) -> Result<(), Stop> {
        let mut undefined = vec![segment.undefined];
        for (block, arrival) in &segment.arrivals {
            let mut values = arguments.clone();
            values.extend(arrival.values.iter().map(|(k, v)| (*k, v.clone())));
            let next = self.s.run(
                &mut self.graph,
                &mut self.world,
                *block,
                &values,
                arrival.memory,
                cuts,
            )?;
            undefined.push(self.graph.all(&[arrival.guard, next.undefined]));
        }
        segment.undefined = self.graph.any(&undefined);
        Ok(())
    }

    /// The source's values at a cut: arguments as they are, pure expressions of others rebuilt, the rest free.
    fn source_at(
        &mut self,
        block: BlockId,
        arguments: &HashMap<ValueId, Lanes>,
        memory: Node,
    ) -> Result<(HashMap<ValueId, Lanes>, Node), Stop> {
        let mut values = arguments.clone();
        let mut facts = Vec::new();
        for id in at_block(self.s.function, &self.s, block) {
            self.s.rebuild(
                &mut self.graph,
                &mut self.world,
                id,
                &mut values,
                memory,
                !self.writes,
                &mut facts,
                &mut |g, machine, id| {
                    let mut lanes = Lanes::new();
                    for ty in machine
                        .module
                        .lanes(machine.function.ty(id))
                        .unwrap_or_default()
                    {
                        lanes.push(machine.free_lane(g, &ty)?);
                    }
                    Ok(lanes)
                },
            )?;
        }
        let wrong = self.graph.any(&facts);
        Ok((values, self.graph.not(wrong)))
    }

    async fn invariants(
        &mut self,
        pairing: &Pairing,
        runs: &[(Trace, Trace)],
        first: &Segment,
        segments: &[Segment],
        places: &mut [Place],
        arguments: &HashMap<ValueId, Lanes>,
    ) -> Result<Vec<Node>, Stop> {
        let mut all = Vec::new();
        for (a, _) in pairing {
            let visits: Vec<&Visit> = runs
                .iter()
                .flat_map(|(x, _)| x)
                .filter(|v| v.block == *a)
                .collect();
            let values = speakable(self.s.function, &at_block(self.s.function, &self.s, *a));
            let mut found = if visits.is_empty() {
                Vec::new()
            } else {
                guess(self.s.function, &values, &visits)
            };
            // What always holds need not be carried along.
            let g = &mut self.graph;
            let known = &places[all.len()].source;
            found.retain(|i| i.node(g, known).is_ok_and(|n| !g.is_true(n)));
            all.push(found);
        }
        let cuts: Vec<BlockId> = pairing.iter().map(|(a, _)| *a).collect();
        let always = self.graph.truth(true);
        let mut steps = vec![Step {
            from: None,
            segment: first,
            facts: always,
            start: arguments,
        }];
        for (index, segment) in segments.iter().enumerate() {
            let place = &places[index];
            steps.push(Step {
                from: Some(index),
                segment,
                facts: place.facts,
                start: &place.source,
            });
        }
        keep_inductive(
            &mut self.graph,
            &mut self.solver,
            &steps,
            &cuts,
            arguments,
            &mut all,
        )
        .await?;
        let mut out = Vec::new();
        for (place, invariants) in places.iter_mut().zip(&all) {
            let mut nodes = vec![place.facts];
            for invariant in invariants {
                nodes.push(invariant.node(&mut self.graph, &place.source)?);
            }
            out.push(self.graph.all(&nodes));
            // What is never poison need not be asked for it.
            for invariant in invariants {
                if let Invariant::Sound(id) = invariant
                    && let Some(lanes) = place.source.get_mut(id)
                {
                    for lane in lanes {
                        lane.poison = self.graph.truth(false);
                    }
                }
            }
        }
        Ok(out)
    }

    /// Values of the target at a cut that are not rebuilt from others, with expressions that fit the traces.
    fn leaves(
        &mut self,
        a: BlockId,
        b: BlockId,
        runs: &[(Trace, Trace)],
    ) -> Result<Vec<(ValueId, Vec<Counterpart>)>, Stop> {
        let there = at_block(self.t.function, &self.t, b);
        let mut found: Vec<ValueId> = Vec::new();
        for &id in &there {
            for leaf in self.t.leaves_of(id, !self.writes) {
                // A value made of something that is gone here stands for itself.
                let leaf = if there.contains(&leaf) { leaf } else { id };
                if !found.contains(&leaf) {
                    found.push(leaf);
                }
            }
        }
        let values = at_block(self.s.function, &self.s, a);
        let mut out = Vec::new();
        for id in found {
            let mut rows = Vec::new();
            for (x, y) in runs {
                let left = x.iter().filter(|v| v.block == a);
                let right = y.iter().filter(|v| v.block == b);
                for (v, w) in left.zip(right) {
                    if let Some(scalar) = w.values.get(&id) {
                        rows.push((&v.values, *scalar));
                    }
                }
            }
            if rows.is_empty() {
                return Stop::because("loop-bound", "no input reaches a loop of the target");
            }
            let samples = Samples {
                source: self.s.function,
                values: &values,
                rows,
            };
            let counterparts = samples.counterparts(self.t.function.ty(id));
            if counterparts.is_empty() {
                let name = &self.t.function.value(id).name;
                return Stop::because(
                    "loop-bound",
                    format!("%{name} of the target has no counterpart in the source"),
                );
            }
            out.push((id, counterparts));
        }
        Ok(out)
    }

    /// Tries one choice of expressions. `Some` names the pair and the leaf whose expression is not kept.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call, all of them parts of one attempt"
    )]
    async fn attempt(
        &mut self,
        pairing: &Pairing,
        leaves: &[Vec<(ValueId, Vec<Counterpart>)>],
        choice: &[Vec<usize>],
        places: &mut [Place],
        first_s: &Segment,
        first_t: &Segment,
        segments_s: &[Segment],
        arguments: &HashMap<ValueId, Lanes>,
        arguments_t: &HashMap<ValueId, Lanes>,
        assumed: &[Node],
    ) -> Result<Option<(usize, usize)>, Stop> {
        let cuts_t: Vec<BlockId> = pairing.iter().map(|(_, b)| *b).collect();
        let mut segments_t = Vec::new();
        for (index, &(_, b)) in pairing.iter().enumerate() {
            let mut values = arguments_t.clone();
            for (leaf, (id, counterparts)) in leaves[index].iter().enumerate() {
                let lane = counterparts[choice[index][leaf]]
                    .target(&mut self.graph, &places[index].source)?;
                values.insert(*id, vec![lane]);
            }
            let memory = places[index].memory;
            for id in at_block(self.t.function, &self.t, b) {
                let name = self.t.function.value(id).name.clone();
                self.t.rebuild(
                    &mut self.graph,
                    &mut self.world,
                    id,
                    &mut values,
                    memory,
                    !self.writes,
                    &mut Vec::new(),
                    &mut |_, _, _| {
                        Stop::because(
                            "loop-bound",
                            format!("%{name} of the target has no counterpart in the source"),
                        )
                    },
                )?;
            }
            segments_t.push(self.t.run(
                &mut self.graph,
                &mut self.world,
                b,
                &values,
                memory,
                &cuts_t,
            )?);
            places[index].target = values;
        }
        let always = self.graph.truth(true);
        let mut steps: Vec<(&Segment, &Segment, Node)> = vec![(first_s, first_t, always)];
        for (index, segment) in segments_s.iter().enumerate() {
            steps.push((segment, &segments_t[index], assumed[index]));
        }
        for (left, right, assumption) in steps {
            let mut parts: Vec<(usize, usize, Node)> = Vec::new();
            let question = violation(
                &mut self.graph,
                self.world.unit,
                (&self.s, &self.t),
                left,
                right,
                pairing,
                &mut |g, index| {
                    let (a, b) = pairing[index];
                    let (Some(s), Some(t)) = (left.arrivals.get(&a), right.arrivals.get(&b)) else {
                        return Ok(g.truth(true));
                    };
                    let mut known = arguments.clone();
                    known.extend(s.values.iter().map(|(k, v)| (*k, v.clone())));
                    let unit = self.world.unit;
                    let machines = (&self.s, &self.t);
                    let mut wrong = vec![memory_violation(
                        g,
                        unit,
                        machines,
                        s.memory,
                        t.memory,
                        &[],
                    )?];
                    for (leaf, (id, counterparts)) in leaves[index].iter().enumerate() {
                        let counterpart = &counterparts[choice[index][leaf]];
                        let Some([found]) = t.values.get(id).map(Vec::as_slice) else {
                            return Stop::because(
                                "loop-bound",
                                "a value of the relation is not available",
                            );
                        };
                        let broken = counterpart.broken(g, &known, *found)?;
                        let here = g.all(&[s.guard, t.guard, broken]);
                        parts.push((index, leaf, here));
                        wrong.push(broken);
                    }
                    Ok(g.any(&wrong))
                },
            )?;
            let question = self.graph.all(&[assumption, question]);
            let defined = self.graph.not(left.undefined);
            let known = self.graph.all(&[assumption, defined]);
            let patience = self.solver.conflicts;
            match self
                .solver
                .ask_patiently(&mut self.graph, known, question, patience)
                .await
            {
                Answer::Never(_) => {}
                Answer::Budget => {
                    return Stop::because(
                        "budget",
                        format!("{} conflicts were not enough", self.options.conflicts),
                    );
                }
                Answer::Model(model) => {
                    let mut evaluator = Evaluator::new(&self.graph, model);
                    let broken = parts.iter().find(|(index, leaf, node)| {
                        evaluator.value(*node) == 1
                            && choice[*index][*leaf] + 1 < leaves[*index][*leaf].1.len()
                    });
                    return if let Some((index, leaf, _)) = broken {
                        Ok(Some((*index, *leaf)))
                    } else {
                        let named = parts
                            .iter()
                            .find(|(_, _, node)| evaluator.value(*node) == 1);
                        Stop::because(
                            "loop-bound",
                            match named {
                                Some((index, leaf, _)) => {
                                    let name = &self.t.function.value(leaves[*index][*leaf].0).name;
                                    format!("%{name} of the target is not kept equal to its counterpart")
                                }
                                None => "the sides part in one step from a state that the relation allows".into(),
                            },
                        )
                    };
                }
            }
        }
        Ok(None)
    }
}
