//! Checks that the solver's *no* follows from the clauses, in tests: every clause that it learns must follow from those before by unit
//! propagation (Goldberg and Novikov, "Verification of proofs of unsatisfiability for CNF formulas", 2003), and at the end so must the
//! empty clause. Shares no code with the solver.

use batsat::Lit;

/// Propagations that one proof may cost.
const STEP_LIMIT: usize = 400_000_000;

/// Clauses as they came, and those that were learnt.
#[derive(Default)]
pub(super) struct Proof {
    pub(super) given: Vec<Vec<Lit>>,
    pub(super) learnt: Vec<Vec<Lit>>,
}

/// What a check says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Check {
    Holds,
    /// The n-th learnt clause does not follow; one past the last is the empty one.
    Fails(usize),
    TooLong,
}

impl Proof {
    pub(super) fn check(&self) -> Check {
        let all: Vec<&Vec<Lit>> = self.given.iter().chain(&self.learnt).collect();
        let mut uses: Vec<Vec<usize>> = Vec::new();
        for (i, clause) in all.iter().enumerate() {
            for literal in *clause {
                let at = index(*literal);
                if uses.len() <= at | 1 {
                    uses.resize((at | 1) + 1, Vec::new());
                }
                uses[at].push(i);
            }
        }
        let mut steps = 0;
        let empty = Vec::new();
        for n in 0..=self.learnt.len() {
            let goal = self.learnt.get(n).unwrap_or(&empty);
            let count = self.given.len() + n;
            let mut truth = vec![false; uses.len()];
            let mut queue: Vec<usize> = goal.iter().map(|l| index(*l) ^ 1).collect();
            let units = all[..count].iter().filter(|c| c.len() == 1);
            queue.extend(units.map(|c| index(c[0])));
            let mut conflict = all[..count].iter().any(|c| c.is_empty());
            while let Some(literal) = queue.pop() {
                if truth[literal] || conflict {
                    continue;
                }
                if truth[literal ^ 1] {
                    conflict = true;
                    continue;
                }
                truth[literal] = true;
                for &i in uses[literal ^ 1].iter().filter(|i| **i < count) {
                    steps += all[i].len();
                    let mut open = None;
                    let mut many = false;
                    for other in all[i].iter().map(|l| index(*l)) {
                        if truth[other] {
                            many = true;
                            break;
                        }
                        if !truth[other ^ 1] {
                            many |= open.is_some_and(|o| o != other);
                            open = Some(other);
                        }
                    }
                    match open {
                        _ if many => {}
                        None => conflict = true,
                        Some(unit) => queue.push(unit),
                    }
                }
                if steps > STEP_LIMIT {
                    return Check::TooLong;
                }
            }
            if !conflict {
                return Check::Fails(n);
            }
        }
        Check::Holds
    }
}

fn index(literal: Lit) -> usize {
    literal.idx() as usize
}

#[cfg(test)]
mod tests {
    use calque_ir::Flags;

    use super::super::sat::{Answer, Solver};
    use super::*;
    use crate::graph::{Graph, Hard, Node};
    use crate::pieces::finish;
    use crate::symbolic::arithmetic;

    /// `a` and `b` differ.
    fn differ(g: &mut Graph, a: Node, b: Node) -> Node {
        let same = g.equal(a, b);
        g.not(same)
    }

    fn questions(width: u32) -> Vec<(Graph, Node)> {
        let mut out = Vec::new();
        let mut ask = |make: &dyn Fn(&mut Graph, Node, Node, Node) -> Node| {
            let mut g = Graph::new();
            let (x, y, z) = (g.variable(width), g.variable(width), g.variable(width));
            let question = make(&mut g, x, y, z);
            out.push((g, question));
        };
        // x + y = (x ^ y) + 2 (x & y)
        ask(&|g, x, y, _| {
            let (sum, xor, and) = (g.add(x, y), g.xor(x, y), g.and(x, y));
            let twice = g.scale(and, 2);
            let other = g.add(xor, twice);
            differ(g, sum, other)
        });
        // x - (x / y) * y = x % y, unless y = 0
        ask(&|g, x, y, _| {
            let quotient = g.hard(Hard::UDiv, x, y);
            let product = g.mul(quotient, y);
            let (rest, other) = (g.sub(x, product), g.hard(Hard::URem, x, y));
            let zero = g.constant(0, width);
            let (wrong, divides) = (differ(g, rest, other), differ(g, y, zero));
            g.all(&[wrong, divides])
        });
        // x < y < z gives x < z
        ask(&|g, x, y, z| {
            let (first, second, third) = (
                g.signed_less(x, y),
                g.signed_less(y, z),
                g.signed_less(x, z),
            );
            let no = g.not(third);
            g.all(&[first, second, no])
        });
        // x + y does not leave the signed range where the signs differ
        ask(&|g, x, y, _| {
            let flags = Flags {
                nsw: true,
                ..Flags::default()
            };
            let (_, poison) = arithmetic(g, calque_ir::BinaryOp::Add, flags, x, y);
            let poison = g.any(&poison);
            let zero = g.constant(0, width);
            let (a, b) = (g.signed_less(x, zero), g.signed_less(y, zero));
            let apart = g.xor(a, b);
            g.all(&[poison, apart])
        });
        out
    }

    #[test]
    fn every_no_has_a_proof() {
        let mut searched = 0;
        for width in [3, 5, 6] {
            for (graph, question) in questions(width) {
                let mut solver = Solver::new(100_000);
                match finish(solver.ask(&graph, question)) {
                    Answer::Never(simple) => searched += u32::from(!simple),
                    other => panic!("width {width}: {other:?}"),
                }
                if let Some(proof) = &solver.proof {
                    assert_eq!(proof.check(), Check::Holds, "width {width}");
                }
            }
        }
        assert!(searched >= 6, "only {searched} questions needed a search");
    }

    #[test]
    fn a_proof_with_a_gap_is_refused() {
        let mut solver = Solver::new(100_000);
        let (graph, question) = questions(5).swap_remove(1);
        finish(solver.ask(&graph, question));
        let mut proof = solver.proof.take().expect("a search");
        assert!(!proof.learnt.is_empty());
        proof.learnt.clear();
        assert_eq!(proof.check(), Check::Fails(0));
        let mut solver = Solver::new(100_000);
        finish(solver.ask(&graph, question));
        let mut proof = solver.proof.take().expect("a search");
        // The clause that says what is asked.
        proof.given.pop();
        assert_ne!(proof.check(), Check::Holds);
    }
}
