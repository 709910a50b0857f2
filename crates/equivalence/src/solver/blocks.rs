//! Allocations as facts for the solver: each provenance has a base and a size, allocations do not overlap, and an access is defined only
//! inside one that lives.

use super::aig::{Bit, FALSE, TRUE};
use super::blast::{Word, constant};
use super::sat::Solver;
use crate::graph::{Graph, Kind, Node, Symbol};

/// Provenances that are told apart pair by pair.
const OBJECT_LIMIT: usize = 16;

/// What is known before the solver looks.
#[derive(Clone, Default)]
pub(crate) struct Blocks {
    /// Globals.
    pub(crate) known: Vec<KnownBlock>,
    /// Only small allocations at low addresses, such as a run can have; a proof needs all.
    pub(crate) small: bool,
    /// There may be an allocation at address 0.
    pub(crate) null_is_valid: bool,
}

/// A global.
#[derive(Clone)]
pub(crate) struct KnownBlock {
    pub(crate) provenance: u128,
    pub(crate) address: Node,
    pub(crate) size: u64,
    pub(crate) constant: bool,
}

/// Bits of an allocation.
pub(crate) struct Object {
    pub(super) base: Word,
    pub(super) size: Word,
    pub(super) constant: Bit,
    pub(super) live: Bit,
}

/// An allocation in a model.
#[derive(Clone, Debug)]
pub(crate) struct FoundBlock {
    pub(crate) provenance: Node,
    pub(crate) base: u64,
    pub(crate) size: u64,
    pub(crate) constant: bool,
    pub(crate) live: bool,
}

impl Solver {
    /// What accesses and addresses mean, as clauses.
    pub(super) fn block_facts(
        &mut self,
        graph: &Graph,
        applications: &[Node],
        facts: &mut Vec<Vec<Bit>>,
    ) {
        let blocks = self.blocks.clone().unwrap_or_default();
        let mut provenances: Vec<Node> = Vec::new();
        for &node in applications {
            if let Kind::Apply(Symbol::NotAccessible(..) | Symbol::OutOfBounds, list) =
                graph.kind(node)
                && !provenances.contains(&list[0])
            {
                provenances.push(list[0]);
            }
        }
        for &p in &provenances {
            self.object(p);
            self.one_object(graph, p, &blocks, facts);
        }
        for (i, &p) in provenances.iter().enumerate().take(OBJECT_LIMIT) {
            for &q in &provenances[..i] {
                let (a, b) = (self.blaster.word(graph, p), self.blaster.word(graph, q));
                let same = self.blaster.equal(&a, &b);
                let (base_p, size_p) =
                    (self.objects[&p].base.clone(), self.objects[&p].size.clone());
                let (base_q, size_q) =
                    (self.objects[&q].base.clone(), self.objects[&q].size.clone());
                let bases = self.blaster.equal(&base_p, &base_q);
                let sizes = self.blaster.equal(&size_p, &size_q);
                facts.push(vec![same.not(), bases]);
                facts.push(vec![same.not(), sizes]);
                for (x, y) in [
                    (self.objects[&p].constant, self.objects[&q].constant),
                    (self.objects[&p].live, self.objects[&q].live),
                ] {
                    facts.push(vec![same.not(), x.not(), y]);
                    facts.push(vec![same.not(), x, y.not()]);
                }
                self.disjoint(same, (&base_p, &size_p), (&base_q, &size_q), facts);
            }
        }
        if blocks.small {
            self.integers(graph, applications, facts);
        }
        for &node in applications {
            let Kind::Apply(symbol, list) = graph.kind(node) else {
                continue;
            };
            let (bytes, writes) = match symbol {
                Symbol::NotAccessible(bytes, writes) => (Some(*bytes), *writes),
                Symbol::OutOfBounds => (None, false),
                _ => continue,
            };
            let address = self.blaster.word(graph, list[1]);
            let (base, size) = (
                self.objects[&list[0]].base.clone(),
                self.objects[&list[0]].size.clone(),
            );
            let offset = self.minus(&address, &base);
            let out = match bytes {
                None => self.blaster.less(&size, &offset),
                Some(bytes) => {
                    let bytes = constant(u128::from(bytes), 64);
                    let short = self.blaster.less(&size, &bytes);
                    let last = self.minus(&size, &bytes);
                    let past = self.blaster.less(&last, &offset);
                    let Object { constant, live, .. } = self.objects[&list[0]];
                    let aig = &mut self.blaster.aig;
                    let outside = aig.or(short, past);
                    let gone = aig.or(outside, live.not());
                    if writes { aig.or(gone, constant) } else { gone }
                }
            };
            let here = self.blaster.word(graph, node)[0];
            facts.push(vec![here.not(), out]);
            facts.push(vec![here, out.not()]);
        }
    }

    /// What no pointer is read from holds no pointer.
    fn integers(&mut self, graph: &Graph, applications: &[Node], facts: &mut Vec<Vec<Bit>>) {
        for &node in applications {
            let Kind::Apply(Symbol::LoadProvenance, place) = graph.kind(node) else {
                continue;
            };
            let pointer = applications.iter().any(|n| {
                graph.width(*n) == 64
                    && matches!(graph.kind(*n), Kind::Apply(Symbol::Load, other) if other == place)
            });
            if !pointer {
                let word = self.blaster.word(graph, node);
                facts.extend(word.iter().map(|bit| vec![bit.not()]));
            }
        }
    }

    fn object(&mut self, provenance: Node) {
        if self.objects.contains_key(&provenance) {
            return;
        }
        let aig = &mut self.blaster.aig;
        let object = Object {
            base: (0..64).map(|_| aig.input()).collect(),
            size: (0..64).map(|_| aig.input()).collect(),
            constant: aig.input(),
            live: aig.input(),
        };
        self.objects.insert(provenance, object);
    }

    fn minus(&mut self, a: &[Bit], b: &[Bit]) -> Word {
        let flipped: Word = b.iter().map(|x| x.not()).collect();
        self.blaster.add(a, &flipped, TRUE)
    }

    /// Unless `same`, the ranges do not meet.
    fn disjoint(
        &mut self,
        same: Bit,
        (base_p, size_p): (&Word, &Word),
        (base_q, size_q): (&Word, &Word),
        facts: &mut Vec<Vec<Bit>>,
    ) {
        let (end_p, end_q) = (
            self.blaster.add(base_p, size_p, FALSE),
            self.blaster.add(base_q, size_q, FALSE),
        );
        let (below, above) = (
            self.blaster.less(base_q, &end_p).not(),
            self.blaster.less(base_p, &end_q).not(),
        );
        facts.push(vec![same, below, above]);
    }

    fn one_object(
        &mut self,
        graph: &Graph,
        provenance: Node,
        blocks: &Blocks,
        facts: &mut Vec<Vec<Bit>>,
    ) {
        let (base, size) = (
            self.objects[&provenance].base.clone(),
            self.objects[&provenance].size.clone(),
        );
        // It does not wrap around the end of the address space, and does not start at null where that is no place.
        let end = self.blaster.add(&base, &size, FALSE);
        let wraps = self.blaster.less(&end, &base);
        facts.push(vec![wraps.not()]);
        let zero = constant(0, 64);
        let (at_null, empty) = (
            self.blaster.equal(&base, &zero),
            self.blaster.equal(&size, &zero),
        );
        let own = self.blaster.word(graph, provenance);
        let null = constant(0, own.len());
        let is_null = self.blaster.equal(&own, &null);
        if !blocks.null_is_valid {
            facts.push(vec![at_null.not(), empty]);
            facts.push(vec![is_null.not(), empty]);
        }
        if blocks.small {
            facts.extend(size[9..].iter().map(|bit| vec![bit.not()]));
            facts.extend(base[40..].iter().map(|bit| vec![bit.not()]));
            facts.push(base[12..40].to_vec());
            facts.extend(base[..4].iter().map(|bit| vec![bit.not()]));
        }
        for known in &blocks.known {
            let id = constant(known.provenance, own.len());
            let is_it = self.blaster.equal(&own, &id);
            let address = self.blaster.word(graph, known.address);
            let length = constant(u128::from(known.size), 64);
            let (there, long) = (
                self.blaster.equal(&base, &address),
                self.blaster.equal(&size, &length),
            );
            let Object {
                constant: fixed,
                live,
                ..
            } = self.objects[&provenance];
            facts.push(vec![is_it.not(), there]);
            facts.push(vec![is_it.not(), long]);
            facts.push(vec![is_it.not(), live]);
            facts.push(vec![
                is_it.not(),
                if known.constant { fixed } else { fixed.not() },
            ]);
            self.disjoint(is_it, (&base, &size), (&address, &length), facts);
        }
    }
}
