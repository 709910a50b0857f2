//! Runs both functions on one input and compares what they do.

use calque_ir::interpreter::{Choice, Input, Outcome, Scalar, run};
use calque_ir::{Byte, Function, Memory, Module, Type, fold};

use crate::options::Relation;
use crate::verdict::Counterexample;

/// Instructions that one run may take.
pub(crate) const FUEL: u64 = 20_000;

/// A function and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Side<'m> {
    pub(crate) module: &'m Module,
    pub(crate) function: &'m Function,
}

/// What one input says about `target refines source`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Nothing against it.
    Fits,
    /// A difference, described.
    Differs(String),
    /// No answer: reason code and words.
    Open(&'static str, String),
}

/// Runs both sides; the counterexample describes both outcomes.
pub(crate) fn compare(
    source: Side<'_>,
    target: Side<'_>,
    input: &Input,
    relation: Relation,
) -> (Comparison, Counterexample) {
    let before = run(
        source.module,
        source.function,
        input,
        FUEL,
        Choice::Refuse,
        &mut |_, _| {},
    );
    let after = run(
        target.module,
        target.function,
        input,
        FUEL,
        Choice::Zero,
        &mut |_, _| {},
    );
    let comparison = match relation {
        Relation::Agrees => agrees(&before, &after, input),
        _ => refines(&before, &after, input),
    };
    let counterexample = Counterexample {
        arguments: source
            .function
            .parameters
            .iter()
            .zip(&input.arguments)
            .enumerate()
            .map(|(i, (p, lanes))| {
                let name = &source.function.value(p.value).name;
                let name = if name.is_empty() {
                    i.to_string()
                } else {
                    name.to_string()
                };
                (
                    format!("%{name}"),
                    show(lanes, source.function.ty(p.value), &input.memory),
                )
            })
            .collect(),
        memory: input
            .memory
            .blocks
            .iter()
            .skip(1)
            .map(|b| (b.name.clone(), show_bytes(&b.bytes, &input.memory)))
            .collect(),
        source: show_outcome(&before, source, input),
        target: show_outcome(&after, target, input),
    };
    (comparison, counterexample)
}

fn refines(before: &Outcome, after: &Outcome, input: &Input) -> Comparison {
    match (before, after) {
        (Outcome::Undefined(_), _) => Comparison::Fits,
        (Outcome::Stuck(code, what), _) => Comparison::Open(code, what.clone()),
        (Outcome::OutOfFuel, _) => Comparison::Open(
            "loop-bound",
            "the source does not end within the fuel".into(),
        ),
        (_, Outcome::Stuck(code, what)) => Comparison::Open(code, what.clone()),
        (_, Outcome::OutOfFuel) => Comparison::Open(
            "loop-bound",
            "the target does not end within the fuel".into(),
        ),
        (Outcome::Return { .. }, Outcome::Undefined(what)) => Comparison::Differs(format!(
            "the target has undefined behaviour ({what}), the source has none"
        )),
        (
            Outcome::Return {
                value: a,
                memory: m,
            },
            Outcome::Return {
                value: b,
                memory: n,
            },
        ) => {
            if a.len() != b.len() {
                return Comparison::Open("signature-mismatch", "results of different shape".into());
            }
            for (a, b) in a.iter().zip(b) {
                match scalar_refines(*a, *b, input) {
                    Comparison::Fits => {}
                    other => return other,
                }
            }
            memory_refines(m, n, input)
        }
    }
}

fn agrees(before: &Outcome, after: &Outcome, input: &Input) -> Comparison {
    let poisoned = |o: &Outcome| matches!(o, Outcome::Return { value, .. } if value.iter().any(|s| matches!(s, Scalar::Poison | Scalar::Undef)));
    match (before, after) {
        (_, Outcome::Undefined(_)) => Comparison::Fits,
        _ if poisoned(before) || poisoned(after) => Comparison::Fits,
        _ => refines(before, after, input),
    }
}

fn scalar_refines(a: Scalar, b: Scalar, input: &Input) -> Comparison {
    let own = input.memory.blocks.len() as u32;
    match (a, b) {
        (Scalar::Poison, _) => Comparison::Fits,
        (_, Scalar::Poison) => Comparison::Differs("the target returns poison".into()),
        (Scalar::Undef, _) => Comparison::Fits,
        (_, Scalar::Undef) => Comparison::Differs("the target returns undef".into()),
        (Scalar::Int(a), Scalar::Int(b)) if a == b => Comparison::Fits,
        (Scalar::Pointer(p), Scalar::Pointer(q)) if p == q && p.block < own => Comparison::Fits,
        (Scalar::Pointer(p), Scalar::Pointer(q)) if p.block >= own || q.block >= own => {
            Comparison::Open("memory-model", "a pointer to a local is returned".into())
        }
        _ => Comparison::Differs("the results differ".into()),
    }
}

fn memory_refines(a: &Memory, b: &Memory, input: &Input) -> Comparison {
    for (index, block) in input.memory.blocks.iter().enumerate() {
        let (Some(a), Some(b)) = (a.blocks.get(index), b.blocks.get(index)) else {
            continue;
        };
        for (i, (x, y)) in a.bytes.iter().zip(&b.bytes).enumerate() {
            let fits = match (x, y) {
                (Byte::Poison, _) => true,
                (Byte::Undef, y) => *y != Byte::Poison,
                (x, y) if x == y => true,
                (Byte::Bits(_), Byte::Bits(_) | Byte::Poison | Byte::Undef)
                | (Byte::Pointer(..), Byte::Poison) => false,
                _ => return Comparison::Open("memory-model", "pointers in memory differ".into()),
            };
            if !fits {
                return Comparison::Differs(format!("byte {i} of {} differs", block.name));
            }
        }
    }
    Comparison::Fits
}

fn show(lanes: &[Scalar], ty: &Type, memory: &Memory) -> String {
    let one = |lane: &Scalar| match lane {
        Scalar::Int(bits) => match ty.scalar() {
            Type::Int(width) => fold::signed(*bits, *width).to_string(),
            _ => bits.to_string(),
        },
        Scalar::Poison => "poison".into(),
        Scalar::Undef => "undef".into(),
        Scalar::Pointer(p) if p.block == 0 && p.offset == 0 => "null".into(),
        Scalar::Pointer(p) => {
            let name = memory.block(*p).map_or("?", |b| b.name.as_str());
            if p.offset == 0 {
                format!("&{name}")
            } else {
                format!("&{name}{:+}", p.offset)
            }
        }
    };
    match lanes {
        [] => "void".into(),
        [lane] => format!("{ty} {}", one(lane)),
        many => format!(
            "{ty} <{}>",
            many.iter().map(one).collect::<Vec<_>>().join(", ")
        ),
    }
}

fn show_bytes(bytes: &[Byte], memory: &Memory) -> String {
    bytes
        .iter()
        .map(|b| match b {
            Byte::Bits(bits) => format!("{bits:02x}"),
            Byte::Poison => "..".into(),
            Byte::Undef => "??".into(),
            Byte::Pointer(p, i) => format!(
                "[&{}+{} byte {i}]",
                memory.block(*p).map_or("?", |b| b.name.as_str()),
                p.offset
            ),
        })
        .collect()
}

fn show_outcome(outcome: &Outcome, side: Side<'_>, input: &Input) -> String {
    match outcome {
        Outcome::Return { value, memory } => {
            let mut text = format!("returns {}", show(value, &side.function.result, memory));
            for (old, new) in input.memory.blocks.iter().zip(&memory.blocks) {
                if old.bytes != new.bytes {
                    text.push_str(&format!(
                        "; {} = {}",
                        new.name,
                        show_bytes(&new.bytes, memory)
                    ));
                }
            }
            text
        }
        Outcome::Undefined(what) => format!("undefined behaviour: {what}"),
        Outcome::OutOfFuel => "does not end within the fuel".into(),
        Outcome::Stuck(_, what) => format!("not modelled: {what}"),
    }
}
