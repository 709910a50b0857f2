//! Asks the SAT solver, under a budget of conflicts.

use std::collections::{HashMap, HashSet};

use batsat::{Callbacks, Lit, SolverInterface, Var, clause, lbool};

use super::aig::{Bit, FALSE, TRUE};
use super::blast::Blaster;
use crate::graph::{Graph, Kind, NODE_LIMIT, Node, Symbol};

/// Whether a truth value can be true.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It cannot; `true` where no search was needed.
    Never(bool),
    /// It can, with these values of variables and applications.
    Model(HashMap<Node, u128>),
    /// The budget ran out.
    Budget,
}

struct Budget {
    left: u64,
}

impl Callbacks for Budget {
    fn on_new_clause(&mut self, _: &[Lit], _: clause::Kind) {
        self.left = self.left.saturating_sub(1);
    }

    fn stop(&self) -> bool {
        self.left == 0
    }
}

/// Blasts nodes once, solves many times.
pub(crate) struct Solver {
    blaster: Blaster,
    /// Conflicts left for all questions together.
    pub(crate) conflicts: u64,
}

impl Solver {
    pub(crate) fn new(conflicts: u64) -> Self {
        Self {
            blaster: Blaster::new(),
            conflicts,
        }
    }

    /// Can `question` be true?
    pub(crate) fn ask(&mut self, graph: &Graph, question: Node) -> Answer {
        if graph.is_false(question) {
            return Answer::Never(true);
        }
        if graph.len() > NODE_LIMIT {
            return Answer::Budget;
        }
        let goal = self.blaster.word(graph, question)[0];
        let applications = applications(graph, question);
        let mut facts = Vec::new();
        self.congruence(graph, &applications, &mut facts);
        if self.blaster.aig.full() {
            return Answer::Budget;
        }
        if goal == FALSE || facts.contains(&vec![FALSE]) {
            return Answer::Never(true);
        }
        self.search(graph, question, goal, &applications, &facts)
    }

    /// Equal arguments give equal results; what can be accessed is in bounds.
    fn congruence(&mut self, graph: &Graph, applications: &[Node], facts: &mut Vec<Vec<Bit>>) {
        for (i, &a) in applications.iter().enumerate() {
            for &b in &applications[..i] {
                let (Kind::Apply(f, x), Kind::Apply(g, y)) = (graph.kind(a), graph.kind(b)) else {
                    continue;
                };
                let same_memory = x
                    .iter()
                    .zip(y.iter())
                    .all(|(p, q)| graph.width(*p) > 0 || p == q);
                if f == g && same_memory && graph.width(a) == graph.width(b) {
                    let equal = self.equal_arguments(graph, x, y);
                    let (u, v) = (self.blaster.word(graph, a), self.blaster.word(graph, b));
                    let same = self.blaster.equal(&u, &v);
                    facts.push(vec![equal.not(), same]);
                }
                for (f, x, p, g, y, q) in [(f, x, a, g, y, b), (g, y, b, f, x, a)] {
                    if let (Symbol::NotAccessible(..), Symbol::OutOfBounds) = (f, g) {
                        let equal = self.equal_arguments(graph, x, y);
                        let (not_accessible, out) = (
                            self.blaster.word(graph, p)[0],
                            self.blaster.word(graph, q)[0],
                        );
                        facts.push(vec![equal.not(), not_accessible, out.not()]);
                    }
                }
            }
        }
    }

    fn equal_arguments(&mut self, graph: &Graph, x: &[Node], y: &[Node]) -> Bit {
        let mut equal = TRUE;
        for (p, q) in x.iter().zip(y.iter()) {
            if p != q && graph.width(*p) > 0 {
                let (p, q) = (self.blaster.word(graph, *p), self.blaster.word(graph, *q));
                let same = self.blaster.equal(&p, &q);
                equal = self.blaster.aig.and(equal, same);
            }
        }
        equal
    }

    fn search(
        &mut self,
        graph: &Graph,
        question: Node,
        goal: Bit,
        applications: &[Node],
        facts: &[Vec<Bit>],
    ) -> Answer {
        if self.conflicts == 0 {
            return Answer::Budget;
        }
        let mut solver = batsat::Solver::new(
            batsat::SolverOpts::default(),
            Budget {
                left: self.conflicts,
            },
        );
        let mut names: HashMap<usize, Var> = HashMap::new();
        let mut pending: Vec<usize> = vec![goal.gate()];
        pending.extend(facts.iter().flatten().map(|b| b.gate()));
        while let Some(gate) = pending.pop() {
            if names.contains_key(&gate) {
                continue;
            }
            names.insert(gate, solver.new_var_default());
            if let Some((a, b)) = self.blaster.aig.gates[gate] {
                pending.extend([a.gate(), b.gate()]);
            }
        }
        let literal =
            |names: &HashMap<usize, Var>, bit: Bit| Lit::new(names[&bit.gate()], !bit.negated());
        let mut order: Vec<usize> = names.keys().copied().collect();
        order.sort_unstable();
        for gate in order {
            let own = Bit(gate as u32 * 2);
            match self.blaster.aig.gates[gate] {
                Some((a, b)) => {
                    let (o, a, b) = (literal(&names, own), literal(&names, a), literal(&names, b));
                    solver.add_clause_reuse(&mut vec![!o, a]);
                    solver.add_clause_reuse(&mut vec![!o, b]);
                    solver.add_clause_reuse(&mut vec![o, !a, !b]);
                }
                // Gate 0 is the constant false.
                None if gate == 0 => {
                    solver.add_clause_reuse(&mut vec![!literal(&names, own)]);
                }
                None => {}
            }
        }
        for fact in facts {
            let mut clause: Vec<Lit> = fact.iter().map(|b| literal(&names, *b)).collect();
            solver.add_clause_reuse(&mut clause);
        }
        solver.add_clause_reuse(&mut vec![literal(&names, goal)]);
        let result = solver.solve_limited(&[]);
        self.conflicts = self.conflicts.saturating_sub(solver.num_conflicts());
        if result == lbool::FALSE {
            return Answer::Never(false);
        }
        if result != lbool::TRUE {
            return Answer::Budget;
        }
        let mut model = HashMap::new();
        let mut leaves = variables(graph, question);
        leaves.extend_from_slice(applications);
        for node in leaves {
            let Some(word) = self.blaster.known(node) else {
                continue;
            };
            let mut value = 0u128;
            for (i, bit) in word.iter().enumerate() {
                if let Some(var) = names.get(&bit.gate()) {
                    let set = solver.value_var(*var) == lbool::TRUE;
                    value |= u128::from(set != bit.negated()) << i;
                }
            }
            model.insert(node, value);
        }
        Answer::Model(model)
    }
}

pub(super) fn reachable(graph: &Graph, from: Node, mut visit: impl FnMut(Node)) {
    let mut seen = HashSet::new();
    let mut stack = vec![from];
    while let Some(node) = stack.pop() {
        if seen.insert(node) {
            visit(node);
            // What a memory holds is not part of the question; only which memory it is.
            stack.extend(
                graph
                    .children(node)
                    .into_iter()
                    .filter(|n| graph.width(*n) > 0),
            );
        }
    }
}

fn applications(graph: &Graph, from: Node) -> Vec<Node> {
    let mut out = Vec::new();
    reachable(graph, from, |n| {
        if matches!(graph.kind(n), Kind::Apply(..)) {
            out.push(n);
        }
    });
    out.sort();
    out
}

fn variables(graph: &Graph, from: Node) -> Vec<Node> {
    let mut out = Vec::new();
    reachable(graph, from, |n| {
        if matches!(graph.kind(n), Kind::Variable(_)) {
            out.push(n);
        }
    });
    out.sort();
    out
}
