//! Circuits of the word operations; low bit first.

use calque_ir::collections::HashMap;

use super::aig::{Aig, Bit, FALSE, TRUE};
use crate::graph::{Graph, Hard, Kind, Node};

pub(super) type Word = Vec<Bit>;

pub(crate) struct Blaster {
    pub(crate) aig: Aig,
    words: HashMap<Node, Word>,
}

impl Blaster {
    pub(crate) fn new() -> Self {
        Self {
            aig: Aig::new(),
            words: HashMap::default(),
        }
    }

    pub(crate) fn known(&self, node: Node) -> Option<&Word> {
        self.words.get(&node)
    }

    /// The bits of a node.
    pub(crate) fn word(&mut self, graph: &Graph, node: Node) -> Word {
        let mut stack = vec![node];
        while let Some(&top) = stack.last() {
            if self.words.contains_key(&top) {
                stack.pop();
                continue;
            }
            // Memories have no bits; applications are inputs, but their arguments must have bits for congruence.
            let waiting: Vec<Node> = graph
                .children(top)
                .into_iter()
                .filter(|n| graph.width(*n) > 0 && !self.words.contains_key(n))
                .collect();
            if waiting.is_empty() {
                let word = self.circuit(graph, top);
                self.words.insert(top, word);
                stack.pop();
            } else {
                stack.extend(waiting);
            }
        }
        self.words[&node].clone()
    }

    fn get(&self, node: Node) -> Word {
        self.words[&node].clone()
    }

    fn circuit(&mut self, graph: &Graph, node: Node) -> Word {
        let width = graph.width(node) as usize;
        match graph.kind(node) {
            Kind::Constant(bits) => constant(*bits, width),
            Kind::Variable(_) | Kind::Apply(..) => (0..width).map(|_| self.aig.input()).collect(),
            Kind::Store(..) => Vec::new(),
            Kind::Sum(terms, c) => {
                let mut sum = constant(*c, width);
                let mut terms = terms.to_vec();
                while let Some((rest, times)) = self.remainder(graph, &mut terms, width) {
                    sum = self.add_scaled(sum, &rest, times);
                }
                for (n, coefficient) in &terms {
                    let term = self.get(*n);
                    sum = self.add_scaled(sum, &term, *coefficient);
                }
                sum
            }
            Kind::Product(factors) => {
                let mut product = self.get(factors[0]);
                for factor in &factors[1..] {
                    let other = self.get(*factor);
                    product = self.multiply(&product, &other);
                }
                product
            }
            Kind::Hard(op, a, b) => {
                let (a, b) = (self.get(*a), self.get(*b));
                self.hard(*op, &a, &b)
            }
            Kind::And(list) => self.fold(list, TRUE, Aig::and),
            Kind::Or(list) => self.fold(list, FALSE, Aig::or),
            Kind::Xor(a, b) => self.fold(&[*a, *b], FALSE, Aig::xor),
            Kind::Not(a) => self.get(*a).into_iter().map(Bit::not).collect(),
            Kind::Equal(a, b) => {
                let (a, b) = (self.get(*a), self.get(*b));
                vec![self.equal(&a, &b)]
            }
            Kind::UnsignedLess(a, b) => {
                let (a, b) = (self.get(*a), self.get(*b));
                vec![self.less(&a, &b)]
            }
            Kind::SignedLess(a, b) => {
                let (mut a, mut b) = (self.get(*a), self.get(*b));
                let top = a.len() - 1;
                (a[top], b[top]) = (a[top].not(), b[top].not());
                vec![self.less(&a, &b)]
            }
            Kind::Choose(c, a, b) => {
                let (c, a, b) = (self.get(*c)[0], self.get(*a), self.get(*b));
                self.choose(c, &a, &b)
            }
            Kind::Extract(a, low) => self.get(*a)[*low as usize..*low as usize + width].to_vec(),
            Kind::Concat(parts) => parts.iter().flat_map(|p| self.get(*p)).collect(),
            Kind::SignExtend(a) => {
                let mut word = self.get(*a);
                let top = word[word.len() - 1];
                word.resize(width, top);
                word
            }
        }
    }

    /// Takes `k * a - k * c * (a / c)` out of the terms of a sum: `k` times the remainder, which the divider gives for nothing.
    fn remainder(
        &mut self,
        graph: &Graph,
        terms: &mut Vec<(Node, u128)>,
        width: usize,
    ) -> Option<(Word, u128)> {
        let full = calque_ir::fold::mask(width as u32);
        for at in 0..terms.len() {
            let (quotient, taken) = terms[at];
            let Kind::Hard(op @ (Hard::UDiv | Hard::SDiv), a, b) = *graph.kind(quotient) else {
                continue;
            };
            let Some(divisor) = graph.as_constant(b) else {
                continue;
            };
            let Some(position) = terms.iter().position(|(n, _)| *n == a) else {
                continue;
            };
            let times = terms[position].1;
            if times.wrapping_mul(divisor).wrapping_add(taken) & full != 0 {
                continue;
            }
            terms.retain(|(n, _)| *n != a && *n != quotient);
            let (a, b) = (self.get(a), constant(divisor, width));
            let op = if op == Hard::UDiv {
                Hard::URem
            } else {
                Hard::SRem
            };
            return Some((self.hard(op, &a, &b), times));
        }
        None
    }

    fn fold(&mut self, list: &[Node], start: Bit, gate: fn(&mut Aig, Bit, Bit) -> Bit) -> Word {
        let mut out: Option<Word> = None;
        for node in list {
            let word = self.get(*node);
            out = Some(match out {
                None => word,
                Some(old) => old
                    .into_iter()
                    .zip(word)
                    .map(|(a, b)| gate(&mut self.aig, a, b))
                    .collect(),
            });
        }
        out.unwrap_or(vec![start])
    }

    pub(crate) fn equal(&mut self, a: &[Bit], b: &[Bit]) -> Bit {
        let mut all = TRUE;
        for (x, y) in a.iter().zip(b) {
            let differ = self.aig.xor(*x, *y);
            all = self.aig.and(all, differ.not());
        }
        all
    }

    pub(super) fn less(&mut self, a: &[Bit], b: &[Bit]) -> Bit {
        let mut less = FALSE;
        for (x, y) in a.iter().zip(b) {
            let differ = self.aig.xor(*x, *y);
            less = self.aig.choose(differ, *y, less);
        }
        less
    }

    fn choose(&mut self, c: Bit, a: &[Bit], b: &[Bit]) -> Word {
        a.iter()
            .zip(b)
            .map(|(x, y)| self.aig.choose(c, *x, *y))
            .collect()
    }

    pub(super) fn add(&mut self, a: &[Bit], b: &[Bit], carry: Bit) -> Word {
        let mut carry = carry;
        let mut out = Vec::with_capacity(a.len());
        for (x, y) in a.iter().zip(b) {
            let half = self.aig.xor(*x, *y);
            out.push(self.aig.xor(half, carry));
            let (both, through) = (self.aig.and(*x, *y), self.aig.and(half, carry));
            carry = self.aig.or(both, through);
        }
        out
    }

    fn negate(&mut self, a: &[Bit]) -> Word {
        let zero = vec![FALSE; a.len()];
        let flipped: Word = a.iter().map(|b| b.not()).collect();
        self.add(&zero, &flipped, TRUE)
    }

    /// `sum + coefficient * term`, the coefficient in signed digits so that few adders are needed.
    fn add_scaled(&mut self, mut sum: Word, term: &[Bit], coefficient: u128) -> Word {
        let width = sum.len();
        let mut rest = coefficient;
        let mut shift = 0;
        while rest != 0 && shift < width {
            if rest & 1 == 1 {
                let mut part = vec![FALSE; shift];
                part.extend_from_slice(&term[..width - shift]);
                if rest & 3 == 3 {
                    let flipped: Word = part.iter().map(|b| b.not()).collect();
                    sum = self.add(&sum, &flipped, TRUE);
                    rest = rest.wrapping_add(1);
                } else {
                    sum = self.add(&sum, &part, FALSE);
                    rest -= 1;
                }
            }
            rest >>= 1;
            shift += 1;
        }
        sum
    }

    fn multiply(&mut self, a: &[Bit], b: &[Bit]) -> Word {
        let width = a.len();
        let mut sum = vec![FALSE; width];
        for (i, bit) in b.iter().enumerate() {
            if self.aig.full() {
                break;
            }
            let mut part = vec![FALSE; i];
            for x in &a[..width - i] {
                part.push(self.aig.and(*x, *bit));
            }
            sum = self.add(&sum, &part, FALSE);
        }
        sum
    }

    /// Restoring division; by zero the quotient is all ones and the rest the dividend.
    fn divide(&mut self, a: &[Bit], b: &[Bit]) -> (Word, Word) {
        let width = a.len();
        // The rest stays below the divisor: where that is a constant, so few bits are enough that most questions about it are easy.
        let known = b.iter().all(|bit| *bit == TRUE || *bit == FALSE) && b.contains(&TRUE);
        let needed = if known {
            b.iter()
                .rposition(|bit| *bit == TRUE)
                .map_or(width, |top| top + 1)
        } else {
            width
        };
        let mut wide_b = b[..needed].to_vec();
        wide_b.push(FALSE);
        let minus: Word = wide_b.iter().map(|x| x.not()).collect();
        let mut rest = vec![FALSE; needed + 1];
        let mut quotient = vec![FALSE; width];
        for i in (0..width).rev() {
            if self.aig.full() {
                break;
            }
            rest.insert(0, a[i]);
            rest.truncate(needed + 1);
            let below = self.less(&rest, &wide_b);
            let reduced = self.add(&rest, &minus, TRUE);
            quotient[i] = below.not();
            rest = self.choose(below, &rest, &reduced);
        }
        rest.resize(width, FALSE);
        (quotient, rest)
    }

    fn hard(&mut self, op: Hard, a: &[Bit], b: &[Bit]) -> Word {
        match op {
            Hard::UDiv => self.divide(a, b).0,
            Hard::URem => self.divide(a, b).1,
            Hard::SDiv | Hard::SRem => {
                let (sign_a, sign_b) = (a[a.len() - 1], b[b.len() - 1]);
                let (minus_a, minus_b) = (self.negate(a), self.negate(b));
                let (x, y) = (
                    self.choose(sign_a, &minus_a, a),
                    self.choose(sign_b, &minus_b, b),
                );
                let (quotient, rest) = self.divide(&x, &y);
                let (word, sign) = if op == Hard::SDiv {
                    let sign = self.aig.xor(sign_a, sign_b);
                    (quotient, sign)
                } else {
                    (rest, sign_a)
                };
                let minus = self.negate(&word);
                self.choose(sign, &minus, &word)
            }
            Hard::Shl | Hard::LShr | Hard::AShr => self.shift(op, a, b),
        }
    }

    fn shift(&mut self, op: Hard, a: &[Bit], b: &[Bit]) -> Word {
        let width = a.len();
        let fill = if op == Hard::AShr {
            a[width - 1]
        } else {
            FALSE
        };
        let mut word = a.to_vec();
        let mut too_far = FALSE;
        for (i, bit) in b.iter().enumerate() {
            let step = 1usize
                .checked_shl(i as u32)
                .filter(|s| *s < width && i < 31);
            match step {
                Some(step) => {
                    let moved: Word = (0..width)
                        .map(|k| match op {
                            Hard::Shl => {
                                if k >= step {
                                    word[k - step]
                                } else {
                                    FALSE
                                }
                            }
                            _ => {
                                if k + step < width {
                                    word[k + step]
                                } else {
                                    fill
                                }
                            }
                        })
                        .collect();
                    word = self.choose(*bit, &moved, &word);
                }
                None => too_far = self.aig.or(too_far, *bit),
            }
        }
        let all = vec![fill; width];
        self.choose(too_far, &all, &word)
    }
}

pub(super) fn constant(bits: u128, width: usize) -> Word {
    (0..width)
        .map(|i| if bits >> i & 1 == 1 { TRUE } else { FALSE })
        .collect()
}
