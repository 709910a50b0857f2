//! Asks the SAT solver, under a budget of conflicts.

use calque_ir::collections::{HashMap, HashSet};
use std::cell::Cell;
use std::rc::Rc;

use batsat::{Callbacks, Lit, SolverInterface, Var, clause, lbool};

use super::aig::{Bit, FALSE, TRUE};
use super::blast::Blaster;
use super::blocks::{Blocks, FoundBlock, Object};
use crate::graph::{Graph, Kind, NODE_LIMIT, Node, Symbol};
use crate::pieces::rest;

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

/// Gates of a question that make one of its conflicts cost as much as two of a small one's, and its encoding as much as one.
const GATES_PER_CONFLICT: u64 = 1_000;

/// A piece of a search: so many conflicts of a question of few gates, but at least so many of any.
const PIECE_CONFLICTS: u64 = 4_000;
const PIECE_LEAST: u64 = 100;

struct Budget {
    left: Rc<Cell<u64>>,
    /// What is left of the piece that runs.
    piece: Rc<Cell<u64>>,
    /// What one conflict costs: finding it walks through much of the circuit.
    price: u64,
    #[cfg(test)]
    learnt: Rc<std::cell::RefCell<Vec<Vec<Lit>>>>,
}

impl Callbacks for Budget {
    #[cfg_attr(not(test), allow(unused_variables, reason = "tests keep the proof"))]
    fn on_new_clause(&mut self, literals: &[Lit], kind: clause::Kind) {
        #[cfg(test)]
        if kind == clause::Kind::Learnt {
            self.learnt.borrow_mut().push(literals.to_vec());
        }
        for budget in [&self.left, &self.piece] {
            budget.set(budget.get().saturating_sub(self.price));
        }
    }

    fn stop(&self) -> bool {
        self.left.get() == 0 || self.piece.get() == 0
    }
}

/// Blasts nodes once, solves many times.
pub(crate) struct Solver {
    pub(super) blaster: Blaster,
    /// Conflicts left for all questions together, in those of a question of few gates.
    pub(crate) conflicts: u64,
    /// What is known of allocations; without it any access may be undefined behaviour by itself.
    pub(crate) blocks: Option<Blocks>,
    /// Allocations of the last model.
    pub(crate) found: Vec<FoundBlock>,
    pub(super) objects: HashMap<Node, Object>,
    /// Of the last *no* that took a search.
    #[cfg(test)]
    pub(super) proof: Option<super::proof::Proof>,
}

impl Solver {
    pub(crate) fn new(conflicts: u64) -> Self {
        Self {
            blaster: Blaster::new(),
            conflicts,
            blocks: None,
            found: Vec::new(),
            objects: HashMap::default(),
            #[cfg(test)]
            proof: None,
        }
    }

    /// Can `question` be true?
    pub(crate) async fn ask(&mut self, graph: &Graph, question: Node) -> Answer {
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
        if self.blocks.is_some() {
            self.block_facts(graph, &applications, &mut facts);
        }
        if self.blaster.aig.full() {
            return Answer::Budget;
        }
        if goal == FALSE || facts.contains(&vec![FALSE]) {
            return Answer::Never(true);
        }
        rest().await;
        self.search(graph, question, goal, &applications, &facts)
            .await
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

    async fn search(
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
        let mut cone: HashSet<usize> = HashSet::default();
        let mut pending: Vec<usize> = vec![goal.gate()];
        pending.extend(facts.iter().flatten().map(|b| b.gate()));
        while let Some(gate) = pending.pop() {
            if !cone.insert(gate) {
                continue;
            }
            if let Some((a, b)) = self.blaster.aig.gates[gate] {
                pending.extend([a.gate(), b.gate()]);
            }
        }
        let size = cone.len() as u64 / GATES_PER_CONFLICT;
        let left = Rc::new(Cell::new(self.conflicts.saturating_sub(size)));
        let piece = Rc::new(Cell::new(0));
        let budget = Budget {
            left: left.clone(),
            piece: piece.clone(),
            price: 1 + size,
            #[cfg(test)]
            learnt: Rc::default(),
        };
        #[cfg(test)]
        let learnt = budget.learnt.clone();
        let mut given: Vec<Vec<Lit>> = Vec::new();
        let mut solver = batsat::Solver::new(batsat::SolverOpts::default(), budget);
        let mut order: Vec<usize> = cone.into_iter().collect();
        calque_ir::collections::sort(&mut order);
        let names: HashMap<usize, Var> = order
            .iter()
            .map(|gate| (*gate, solver.new_var_default()))
            .collect();
        let literal =
            |names: &HashMap<usize, Var>, bit: Bit| Lit::new(names[&bit.gate()], !bit.negated());
        for gate in order {
            let own = Bit(gate as u32 * 2);
            match self.blaster.aig.gates[gate] {
                Some((a, b)) => {
                    let (o, a, b) = (literal(&names, own), literal(&names, a), literal(&names, b));
                    given.extend([vec![!o, a], vec![!o, b], vec![o, !a, !b]]);
                }
                // Gate 0 is the constant false.
                None if gate == 0 => {
                    given.push(vec![!literal(&names, own)]);
                }
                None => {}
            }
        }
        for fact in facts {
            given.push(fact.iter().map(|b| literal(&names, *b)).collect());
        }
        given.push(vec![literal(&names, goal)]);
        #[cfg(test)]
        let proof = super::proof::Proof {
            given: given.clone(),
            learnt: Vec::new(),
        };
        for mut clause in given {
            solver.add_clause_reuse(&mut clause);
        }
        let result = loop {
            piece.set(PIECE_CONFLICTS.max(PIECE_LEAST * (1 + size)));
            let result = solver.solve_limited(&[]);
            if result == lbool::TRUE || result == lbool::FALSE || left.get() == 0 {
                break result;
            }
            rest().await;
        };
        self.conflicts = left.get();
        if result == lbool::FALSE {
            #[cfg(test)]
            {
                self.proof = Some(super::proof::Proof {
                    learnt: learnt.take(),
                    ..proof
                });
            }
            return Answer::Never(false);
        }
        if result != lbool::TRUE {
            return Answer::Budget;
        }
        let mut model = HashMap::default();
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
        let value = |word: &[Bit]| {
            word.iter().enumerate().fold(0u64, |all, (i, bit)| {
                let set = names
                    .get(&bit.gate())
                    .is_some_and(|v| solver.value_var(*v) == lbool::TRUE);
                all | u64::from(set != bit.negated()) << i
            })
        };
        self.found = self
            .objects
            .iter()
            .map(|(provenance, o)| FoundBlock {
                provenance: *provenance,
                base: value(&o.base),
                size: value(&o.size),
                constant: value(&[o.constant]) == 1,
                live: value(&[o.live]) == 1,
            })
            .collect();
        calque_ir::collections::sort_by(&mut self.found, |a, b| a.provenance < b.provenance);
        Answer::Model(model)
    }
}

pub(super) fn reachable(graph: &Graph, from: Node, mut visit: impl FnMut(Node)) {
    let mut seen = HashSet::default();
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
    calque_ir::collections::sort(&mut out);
    out
}

fn variables(graph: &Graph, from: Node) -> Vec<Node> {
    let mut out = Vec::new();
    reachable(graph, from, |n| {
        if matches!(graph.kind(n), Kind::Variable(_)) {
            out.push(n);
        }
    });
    calque_ir::collections::sort(&mut out);
    out
}
