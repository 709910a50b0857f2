//! One table of operations, three evaluators: `fold` (what the interpreter runs on), graph nodes after all rewriting, and circuits.

use calque_ir::collections::HashMap;

use calque_ir::fold::{self, Folded, Intrinsic, mask};
use calque_ir::{BinaryOp, Flags, Predicate};

use super::blast::Blaster;
use crate::graph::{Evaluator, Graph, Node};
use crate::inputs::Random;
use crate::symbolic::{arithmetic, compare_nodes, intrinsic_nodes};

/// Evaluates a node by its circuit.
fn simulate(
    blaster: &mut Blaster,
    graph: &Graph,
    node: Node,
    assigned: &HashMap<Node, u128>,
) -> u128 {
    let word = blaster.word(graph, node);
    let mut inputs: HashMap<usize, bool> = HashMap::default();
    for (variable, value) in assigned {
        for (i, bit) in blaster.word(graph, *variable).iter().enumerate() {
            inputs.insert(bit.gate(), (value >> i & 1 == 1) != bit.negated());
        }
    }
    let mut gates = vec![false; blaster.aig.gates.len()];
    for at in 0..gates.len() {
        gates[at] = match blaster.aig.gates[at] {
            Some((a, b)) => (gates[a.gate()] != a.negated()) && (gates[b.gate()] != b.negated()),
            None => inputs.get(&at).copied().unwrap_or(false),
        };
    }
    word.iter().enumerate().fold(0, |acc, (i, bit)| {
        acc | u128::from(gates[bit.gate()] != bit.negated()) << i
    })
}

/// Operands to try at a width: all pairs when narrow, corners and random ones when wide.
fn operands(width: u32, random: &mut Random) -> Vec<(u128, u128)> {
    if width <= 3 {
        let all = 0..=mask(width);
        return all
            .clone()
            .flat_map(|a| all.clone().map(move |b| (a, b)))
            .collect();
    }
    let corners = [
        0,
        1,
        2,
        mask(width),
        mask(width) - 1,
        1 << (width - 1),
        (1 << (width - 1)) - 1,
        u128::from(width),
    ];
    let mut out: Vec<(u128, u128)> = corners
        .iter()
        .flat_map(|a| corners.iter().map(move |b| (*a, *b)))
        .collect();
    for _ in 0..16 {
        out.push((
            u128::from(random.next()) & mask(width),
            u128::from(random.next()) & mask(width),
        ));
    }
    for (a, b) in &mut out {
        (*a, *b) = (*a & mask(width), *b & mask(width));
    }
    out
}

struct Bench {
    graph: Graph,
    blaster: Blaster,
    a: Node,
    b: Node,
}

impl Bench {
    fn new(width: u32) -> Self {
        let mut graph = Graph::new();
        let (a, b) = (graph.variable(width), graph.variable(width));
        Self {
            graph,
            blaster: Blaster::new(),
            a,
            b,
        }
    }

    /// The node's value both ways; they must agree.
    fn value(&mut self, node: Node, x: u128, y: u128, what: &str) -> u128 {
        let assigned = HashMap::from_iter([(self.a, x), (self.b, y)]);
        let word = Evaluator::new(&self.graph, assigned.clone()).value(node);
        let circuit = simulate(&mut self.blaster, &self.graph, node, &assigned);
        assert_eq!(word, circuit, "{what}: graph and circuit part on {x}, {y}");
        word
    }
}

const FLAGS: [Flags; 6] = {
    let none = Flags {
        nuw: false,
        nsw: false,
        exact: false,
        disjoint: false,
        nneg: false,
        samesign: false,
        inbounds: false,
        nusw: false,
    };
    [
        none,
        Flags { nuw: true, ..none },
        Flags { nsw: true, ..none },
        Flags {
            nuw: true,
            nsw: true,
            ..none
        },
        Flags {
            exact: true,
            ..none
        },
        Flags {
            disjoint: true,
            ..none
        },
    ]
};

#[test]
fn binary_operations_agree() {
    let mut random = Random::new(1);
    for width in [1, 2, 3, 5, 8, 13] {
        let pairs = operands(width, &mut random);
        for (op, name) in BinaryOp::ALL {
            for flags in FLAGS {
                let mut bench = Bench::new(width);
                let (a, b) = (bench.a, bench.b);
                // Once on two variables, once each with a constant, since constants take other paths.
                let free = arithmetic(&mut bench.graph, op, flags, a, b);
                let free_poison = bench.graph.any(&free.1);
                for (x, y) in &pairs {
                    // Circuits of many constants would fill the gate limit.
                    bench.blaster = Blaster::new();
                    let what = format!("{name} {flags:?} i{width} {x}, {y}");
                    let expected = fold::binary(op, flags, width, *x, *y);
                    let constant_x = bench.graph.constant(*x, width);
                    let constant_y = bench.graph.constant(*y, width);
                    let right = arithmetic(&mut bench.graph, op, flags, a, constant_y);
                    let left = arithmetic(&mut bench.graph, op, flags, constant_x, b);
                    let right_poison = bench.graph.any(&right.1);
                    let left_poison = bench.graph.any(&left.1);
                    for (value, poison) in [
                        (free.0, free_poison),
                        (right.0, right_poison),
                        (left.0, left_poison),
                    ] {
                        match expected {
                            Folded::Bits(bits) => {
                                assert_eq!(bench.value(value, *x, *y, &what), bits, "{what}");
                                assert_eq!(bench.value(poison, *x, *y, &what), 0, "{what}: poison");
                            }
                            Folded::Poison => assert_eq!(
                                bench.value(poison, *x, *y, &what),
                                1,
                                "{what}: no poison"
                            ),
                            Folded::Undefined => {}
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn comparisons_agree() {
    let mut random = Random::new(2);
    for width in [1, 2, 3, 8, 32] {
        let pairs = operands(width, &mut random);
        for (predicate, name) in Predicate::ALL {
            let mut bench = Bench::new(width);
            let (a, b) = (bench.a, bench.b);
            let free = compare_nodes(&mut bench.graph, predicate, a, b);
            for (x, y) in &pairs {
                let what = format!("icmp {name} i{width} {x}, {y}");
                let expected = u128::from(fold::compare(predicate, width, *x, *y));
                let (cx, cy) = (
                    bench.graph.constant(*x, width),
                    bench.graph.constant(*y, width),
                );
                let right = compare_nodes(&mut bench.graph, predicate, a, cy);
                let left = compare_nodes(&mut bench.graph, predicate, cx, b);
                // Extended operands are compared in the narrow width.
                let (wide_a, wide_b) = (
                    bench.graph.sign_extend(a, width + 7),
                    bench.graph.sign_extend(b, width + 7),
                );
                let signed = compare_nodes(&mut bench.graph, predicate, wide_a, wide_b);
                let (zero_a, zero_b) = (
                    bench.graph.zero_extend(a, width + 7),
                    bench.graph.zero_extend(b, width + 7),
                );
                let unsigned = compare_nodes(&mut bench.graph, predicate, zero_a, zero_b);
                for node in [free, right, left] {
                    assert_eq!(bench.value(node, *x, *y, &what), expected, "{what}");
                }
                let sx = fold::signed(*x, width) as u128 & mask(width + 7);
                let sy = fold::signed(*y, width) as u128 & mask(width + 7);
                let expected = u128::from(fold::compare(predicate, width + 7, sx, sy));
                assert_eq!(
                    bench.value(signed, *x, *y, &what),
                    expected,
                    "{what} sign-extended"
                );
                let expected = u128::from(fold::compare(predicate, width + 7, *x, *y));
                assert_eq!(
                    bench.value(unsigned, *x, *y, &what),
                    expected,
                    "{what} zero-extended"
                );
            }
        }
    }
}

#[test]
fn intrinsics_agree() {
    let mut random = Random::new(3);
    for width in [2, 3, 8, 16, 32] {
        let pairs = operands(width, &mut random);
        for (which, name, count) in Intrinsic::ALL {
            if which == Intrinsic::BSwap && width % 16 != 0 {
                continue;
            }
            let flagged = matches!(which, Intrinsic::Abs | Intrinsic::CtLz | Intrinsic::CtTz);
            for third in 0..if count == 3 { 2 * u128::from(width) } else { 1 } {
                for flag in [0, 1] {
                    let mut bench = Bench::new(width);
                    let (a, b) = (bench.a, bench.b);
                    let extra = bench.graph.constant(third & mask(width), width);
                    let poisonous = bench.graph.constant(flag, 1);
                    let arguments = if flagged {
                        vec![a, poisonous]
                    } else {
                        vec![a, b, extra]
                    };
                    let (value, poison) =
                        intrinsic_nodes(&mut bench.graph, which, width, &arguments);
                    let poison = bench.graph.any(&poison);
                    for (x, y) in pairs.iter().take(80) {
                        let bits = if flagged {
                            vec![*x, flag]
                        } else {
                            vec![*x, *y, third & mask(width)]
                        };
                        let what = format!("{name} i{width} {bits:?}");
                        match fold::intrinsic(which, width, width, &bits) {
                            Folded::Bits(bits) => {
                                assert_eq!(bench.value(value, *x, *y, &what), bits, "{what}");
                                assert_eq!(bench.value(poison, *x, *y, &what), 0, "{what}: poison");
                            }
                            _ => assert_eq!(
                                bench.value(poison, *x, *y, &what),
                                1,
                                "{what}: no poison"
                            ),
                        }
                    }
                }
            }
        }
    }
}

/// Random expressions: the graph rewrites as it builds, and must not change a value.
#[test]
fn random_expressions_keep_their_value() {
    let mut random = Random::new(4);
    for round in 0..400 {
        let width = [2, 4, 8, 13][round % 4];
        let mut bench = Bench::new(width);
        let (x, y) = (
            u128::from(random.next()) & mask(width),
            u128::from(random.next()) & mask(width),
        );
        let mut pool: Vec<(Node, u128)> = vec![(bench.a, x), (bench.b, y)];
        for _ in 0..24 {
            let (a, p) = pool[random.below(pool.len() as u64) as usize];
            let (b, q) = if random.below(4) == 0 {
                let c = u128::from(random.next()) & mask(width);
                (bench.graph.constant(c, width), c)
            } else {
                pool[random.below(pool.len() as u64) as usize]
            };
            let g = &mut bench.graph;
            let made = match random.below(7) {
                0 => {
                    let predicate = Predicate::ALL[random.below(10) as usize].0;
                    let condition = compare_nodes(g, predicate, a, b);
                    let (z, r) = pool[random.below(pool.len() as u64) as usize];
                    let node = g.choose(condition, a, z);
                    (
                        node,
                        if fold::compare(predicate, width, p, q) {
                            p
                        } else {
                            r
                        },
                    )
                }
                1 => {
                    let low = random.below(u64::from(width) - 1) as u32;
                    let part = g.extract(a, low, width - low);
                    let node = if random.below(2) == 0 {
                        g.zero_extend(part, width)
                    } else {
                        g.sign_extend(part, width)
                    };
                    let bits = p >> low;
                    let signed = fold::signed(bits, width - low) as u128 & mask(width);
                    let zero = g.zero_extend(part, width);
                    (node, if node == zero { bits } else { signed })
                }
                2 => {
                    let low = random.below(u64::from(width) - 1) as u32 + 1;
                    let (bottom, top) = (g.extract(a, 0, low), g.extract(b, 0, width - low));
                    (
                        g.concat(&[bottom, top]),
                        (p & mask(low)) | (q & mask(width - low)) << low,
                    )
                }
                _ => {
                    let op = BinaryOp::ALL[random.below(13) as usize].0;
                    let (node, _) = arithmetic(g, op, Flags::default(), a, b);
                    match fold::binary(op, Flags::default(), width, p, q) {
                        Folded::Bits(bits) => (node, bits),
                        _ => continue,
                    }
                }
            };
            assert_eq!(
                bench.value(made.0, x, y, "random"),
                made.1,
                "round {round}, i{width}, a={x} b={y}"
            );
            pool.push(made);
        }
    }
}

/// Replacing variables by constants gives the value there: `substitute` rebuilds what it should.
#[test]
fn substitution_is_evaluation() {
    let mut random = Random::new(5);
    for _ in 0..100 {
        let mut bench = Bench::new(8);
        let mut pool = vec![bench.a, bench.b];
        for _ in 0..16 {
            let (a, b) = (
                pool[random.below(pool.len() as u64) as usize],
                pool[random.below(pool.len() as u64) as usize],
            );
            let op = BinaryOp::ALL[random.below(13) as usize].0;
            pool.push(arithmetic(&mut bench.graph, op, Flags::default(), a, b).0);
        }
        let (x, y) = (
            u128::from(random.next()) & 0xff,
            u128::from(random.next()) & 0xff,
        );
        let top = pool[pool.len() - 1];
        let expected = Evaluator::new(
            &bench.graph,
            HashMap::from_iter([(bench.a, x), (bench.b, y)]),
        )
        .value(top);
        let (cx, cy) = (bench.graph.constant(x, 8), bench.graph.constant(y, 8));
        let mut map = HashMap::from_iter([(bench.a, cx), (bench.b, cy)]);
        let replaced = bench.graph.substitute(top, &mut map);
        // Division by a constant zero is left alone; its circuit and its evaluation still agree.
        assert_eq!(
            Evaluator::new(&bench.graph, HashMap::default()).value(replaced),
            expected
        );
    }
}
