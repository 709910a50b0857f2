//! Inequalities between values of the source that every visit of a cut satisfies.

use calque_ir::collections::HashMap;

use calque_ir::interpreter::Scalar;
use calque_ir::{BlockId, Function, Predicate, Type, ValueId, fold};

use super::trace::Visit;
use crate::graph::{Evaluator, Graph, Node};
use crate::solver::{Answer, Solver};
use crate::symbolic::{Lanes, Segment, Stop, compare_nodes};

/// Inequalities kept per cut before the solver sees them.
const PREDICATE_LIMIT: usize = 60;

/// Conflicts for all inequalities of a step together, for one of them, and for all of them one by one.
const TOGETHER_CONFLICTS: u64 = 600;
const SINGLE_CONFLICTS: u64 = 1_500;
const ALL_SINGLE_CONFLICTS: u64 = 5_000;

/// Something that may hold of the source's values at a cut.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Invariant {
    /// Not poison.
    Sound(ValueId),
    /// A comparison, where neither side is poison.
    Compare(Predicate, ValueId, ValueId),
    /// A comparison with a constant.
    Against(Predicate, ValueId, u128),
}

impl Invariant {
    pub(super) fn node(
        &self,
        g: &mut Graph,
        lanes: &HashMap<ValueId, Lanes>,
    ) -> Result<Node, Stop> {
        let find = |id: &ValueId| match lanes.get(id).map(Vec::as_slice) {
            Some([one]) => Ok(*one),
            _ => Stop::because("loop-bound", "a value of an invariant is not available"),
        };
        match self {
            Self::Sound(id) => {
                let lane = find(id)?;
                Ok(g.not(lane.poison))
            }
            Self::Compare(predicate, a, b) => {
                let (a, b) = (find(a)?, find(b)?);
                let holds = compare_nodes(g, *predicate, a.value, b.value);
                Ok(g.any(&[a.poison, b.poison, holds]))
            }
            Self::Against(predicate, a, constant) => {
                let a = find(a)?;
                let c = g.constant(*constant, g.width(a.value));
                let holds = compare_nodes(g, *predicate, a.value, c);
                Ok(g.any(&[a.poison, holds]))
            }
        }
    }
}

/// Invariants that hold in all visits.
pub(super) fn guess(function: &Function, values: &[ValueId], visits: &[&Visit]) -> Vec<Invariant> {
    use Predicate::{Ne, Sge, Sgt, Sle, Slt, Ule, Ult};
    let mut out = Vec::new();
    let integer = |id: &ValueId| function.ty(*id).int_bits();
    let get = |visit: &Visit, id: ValueId| match visit.values.get(&id) {
        Some(Scalar::Int(bits)) => Some(*bits),
        _ => None,
    };
    for &id in values {
        if visits.iter().all(|v| {
            !matches!(
                v.values.get(&id),
                None | Some(Scalar::Poison | Scalar::Undef)
            )
        }) {
            out.push(Invariant::Sound(id));
        }
    }
    for &a in values {
        let Some(width) = integer(&a).filter(|w| *w > 1) else {
            continue;
        };
        for (predicate, constant) in [
            (Sge, 0u128),
            (Sgt, 0),
            (Sle, 0),
            (Ne, 0),
            (Sge, fold::mask(width)),
        ] {
            if visits
                .iter()
                .all(|v| get(v, a).is_none_or(|x| fold::compare(predicate, width, x, constant)))
            {
                out.push(Invariant::Against(predicate, a, constant));
            }
        }
        for &b in values {
            if a == b || integer(&b) != Some(width) {
                continue;
            }
            for predicate in [Slt, Sle, Ult, Ule] {
                let holds = visits.iter().all(|v| match (get(v, a), get(v, b)) {
                    (Some(x), Some(y)) => fold::compare(predicate, width, x, y),
                    _ => true,
                });
                if holds && out.len() < PREDICATE_LIMIT {
                    out.push(Invariant::Compare(predicate, a, b));
                }
            }
        }
    }
    out
}

/// A run of the source from one place, and what may be assumed there.
pub(super) struct Step<'a> {
    /// The cut it starts from; `None` for the entry.
    pub(super) from: Option<usize>,
    pub(super) segment: &'a Segment,
    pub(super) facts: Node,
    /// Values at the start.
    pub(super) start: &'a HashMap<ValueId, Lanes>,
}

/// Drops what some step does not keep, until every step keeps the rest. `arguments` are available everywhere.
pub(super) async fn keep_inductive(
    g: &mut Graph,
    solver: &mut Solver,
    steps: &[Step<'_>],
    cuts: &[BlockId],
    arguments: &HashMap<ValueId, Lanes>,
    invariants: &mut [Vec<Invariant>],
) -> Result<(), Stop> {
    'again: loop {
        for step in steps {
            for (index, cut) in cuts.iter().enumerate() {
                let Some(arrival) = step.segment.arrivals.get(cut) else {
                    continue;
                };
                let mut values = arguments.clone();
                values.extend(arrival.values.iter().map(|(k, v)| (*k, v.clone())));
                let mut after = Vec::new();
                for invariant in &invariants[index] {
                    after.push(invariant.node(g, &values)?);
                }
                let mut before = vec![step.facts];
                if let Some(from) = step.from {
                    for invariant in &invariants[from] {
                        before.push(invariant.node(g, step.start)?);
                    }
                }
                let all = g.all(&after);
                let broken = g.not(all);
                let defined = g.not(step.segment.undefined);
                before.extend([defined, arrival.guard, broken]);
                let question = g.all(&before);
                let known = g.all(&before[..before.len() - 1]);
                match solver
                    .ask_patiently(g, known, question, TOGETHER_CONFLICTS)
                    .await
                {
                    Answer::Never(_) => {}
                    Answer::Budget => {
                        // Too hard together: each by itself, and those that stay too hard go.
                        let context = g.all(&before[..before.len() - 1]);
                        let mut verdicts = Vec::new();
                        let before = solver.conflicts;
                        for node in &after {
                            let spent = before - solver.conflicts;
                            let patience = ALL_SINGLE_CONFLICTS.saturating_sub(spent).max(60);
                            let broken = g.not(*node);
                            let question = g.all(&[context, broken]);
                            verdicts.push(matches!(
                                solver
                                    .ask_within(g, question, SINGLE_CONFLICTS.min(patience))
                                    .await,
                                Answer::Never(_)
                            ));
                        }
                        if verdicts.iter().all(|kept| *kept) {
                            continue;
                        }
                        let mut kept = verdicts.iter();
                        invariants[index].retain(|_| *kept.next().unwrap_or(&true));
                        continue 'again;
                    }
                    Answer::Model(model) => {
                        let mut evaluator = Evaluator::new(g, model);
                        let verdicts: Vec<bool> =
                            after.iter().map(|n| evaluator.value(*n) == 1).collect();
                        let count = invariants[index].len();
                        let mut kept = verdicts.iter();
                        invariants[index].retain(|_| *kept.next().unwrap_or(&true));
                        if invariants[index].len() == count {
                            return Stop::because(
                                "internal-disagreement",
                                "a model of a broken inequality breaks none",
                            );
                        }
                        continue 'again;
                    }
                }
            }
        }
        return Ok(());
    }
}

/// Values that inequalities may speak about: integers and pointers that are live at a cut, and arguments.
pub(super) fn speakable(function: &Function, live: &[ValueId]) -> Vec<ValueId> {
    let mut out: Vec<ValueId> = live
        .iter()
        .copied()
        .filter(|v| matches!(function.ty(*v), Type::Int(_) | Type::Pointer))
        .collect();
    for parameter in &function.parameters {
        if !out.contains(&parameter.value)
            && matches!(function.ty(parameter.value), Type::Int(_) | Type::Pointer)
        {
            out.push(parameter.value);
        }
    }
    out
}
