//! Equal arguments found before the question is asked: loads and divisions of the two sides that are one under what is known.
//!
//! A multiplier fed by two loads that are equal only by reasoning is out of reach for SAT; fed by one load it is the same node.

use calque_ir::collections::HashMap;

use super::sat::{Answer, Solver, reachable};
use crate::graph::{Graph, Hard, Kind, Node};

/// Conflicts for one pair.
const PAIR_CONFLICTS: u64 = 300;
/// Conflicts before equal arguments are looked for.
const QUICK_CONFLICTS: u64 = 400;
/// Pairs tried for one question.
const PAIR_LIMIT: usize = 60;

impl Solver {
    /// Can `question` be true while `known` is? `known` is part of the question already.
    pub(crate) async fn ask_knowing(
        &mut self,
        graph: &mut Graph,
        known: Node,
        question: Node,
    ) -> Answer {
        if graph.is_false(question) {
            return Answer::Never(true);
        }
        let mut nodes = Vec::new();
        reachable(graph, question, |n| {
            if matches!(graph.kind(n), Kind::Apply(..) | Kind::Hard(..)) {
                nodes.push(n);
            }
        });
        calque_ir::collections::sort(&mut nodes);
        let mut map: HashMap<Node, Node> = HashMap::default();
        let mut merged = false;
        let mut settled: Vec<Node> = Vec::new();
        let mut pairs = 0;
        for node in nodes {
            // What was merged before may have made this one equal to an older one.
            let now = graph.substitute(node, &mut map);
            if settled.contains(&now) {
                continue;
            }
            // Signed division of what is never negative is unsigned division.
            let now = match self.unsigned_form(graph, known, now, &mut pairs).await {
                Some(form) => {
                    map.retain(|k, v| k != v && *v != now);
                    map.insert(node, form);
                    map.insert(now, form);
                    merged = true;
                    form
                }
                None => now,
            };
            if settled.contains(&now) {
                continue;
            }
            let mut twin = None;
            for &old in &settled {
                if pairs >= PAIR_LIMIT {
                    break;
                }
                if comparable(graph, old, now) {
                    pairs += 1;
                    if self.always_equal_arguments(graph, known, old, now).await {
                        twin = Some(old);
                        break;
                    }
                }
            }
            match twin {
                Some(old) => {
                    // Everything rebuilt so far with `now` in it is rebuilt again.
                    map.retain(|k, v| k != v && *v != now);
                    map.insert(node, old);
                    map.insert(now, old);
                    merged = true;
                }
                None => settled.push(now),
            }
        }
        if !merged {
            return self.ask(graph, question).await;
        }
        let simpler = graph.substitute(question, &mut map);
        match self.ask(graph, simpler).await {
            // A model of the simpler question need not say what the merged ones are.
            Answer::Model(_) => self.ask(graph, question).await,
            other => other,
        }
    }

    async fn unsigned_form(
        &mut self,
        graph: &mut Graph,
        known: Node,
        node: Node,
        pairs: &mut usize,
    ) -> Option<Node> {
        let Kind::Hard(op @ (Hard::SDiv | Hard::SRem | Hard::AShr), a, b) = *graph.kind(node)
        else {
            return None;
        };
        if *pairs >= PAIR_LIMIT {
            return None;
        }
        *pairs += 1;
        let zero = graph.constant(0, graph.width(a));
        let mut negative = graph.signed_less(a, zero);
        if op != Hard::AShr {
            let other = graph.signed_less(b, zero);
            negative = graph.any(&[negative, other]);
        }
        let question = graph.all(&[known, negative]);
        if !matches!(
            self.ask_within(graph, question, PAIR_CONFLICTS).await,
            Answer::Never(_)
        ) {
            return None;
        }
        let op = match op {
            Hard::SDiv => Hard::UDiv,
            Hard::SRem => Hard::URem,
            _ => Hard::LShr,
        };
        Some(graph.hard(op, a, b))
    }

    async fn always_equal_arguments(
        &mut self,
        graph: &mut Graph,
        known: Node,
        a: Node,
        b: Node,
    ) -> bool {
        let mut same = Vec::new();
        for (x, y) in graph.children(a).into_iter().zip(graph.children(b)) {
            if x != y {
                same.push(graph.equal(x, y));
            }
        }
        let all = graph.all(&same);
        let differ = graph.not(all);
        let question = graph.all(&[known, differ]);
        matches!(
            self.ask_within(graph, question, PAIR_CONFLICTS).await,
            Answer::Never(_)
        )
    }

    /// `ask` for a while, then `ask_knowing`; with at most so many conflicts of those that are left.
    pub(crate) async fn ask_patiently(
        &mut self,
        graph: &mut Graph,
        known: Node,
        question: Node,
        conflicts: u64,
    ) -> Answer {
        match self
            .ask_within(graph, question, conflicts.min(QUICK_CONFLICTS))
            .await
        {
            Answer::Budget => {}
            settled => return settled,
        }
        let before = self.conflicts;
        let allowed = before.min(conflicts);
        self.conflicts = allowed;
        let answer = self.ask_knowing(graph, known, question).await;
        self.conflicts = before - (allowed - self.conflicts);
        answer
    }

    /// `ask` with at most so many conflicts of those that are left.
    pub(crate) async fn ask_within(
        &mut self,
        graph: &Graph,
        question: Node,
        conflicts: u64,
    ) -> Answer {
        let before = self.conflicts;
        let allowed = before.min(conflicts);
        self.conflicts = allowed;
        let answer = self.ask(graph, question).await;
        self.conflicts = before - (allowed - self.conflicts);
        answer
    }
}

/// Whether two nodes are the same function of arguments of the same widths, and of the same memory.
fn comparable(graph: &Graph, a: Node, b: Node) -> bool {
    let head = match (graph.kind(a), graph.kind(b)) {
        (Kind::Apply(f, _), Kind::Apply(g, _)) => f == g,
        (Kind::Hard(f, ..), Kind::Hard(g, ..)) => f == g,
        _ => false,
    };
    let (x, y) = (graph.children(a), graph.children(b));
    head && graph.width(a) == graph.width(b)
        && x.len() == y.len()
        && x.iter()
            .zip(&y)
            .all(|(p, q)| graph.width(*p) == graph.width(*q) && (graph.width(*p) > 0 || p == q))
}
