//! Runs both functions on one input and compares what they do.

use std::fmt::Write as _;

use calque_ir::interpreter::{CallRecord, Choice, Input, Outcome, Scalar, run, run_all};
use calque_ir::{Byte, Function, Memory, Module, Pointer, Type, fold};

use crate::callees::{chooses, with_callees};
use crate::options::Relation;
use crate::parting::{Difference, parting};
use crate::verdict::Counterexample;

/// Instructions that one run may take.
pub(crate) const FUEL: u64 = 20_000;

/// How else the target may choose.
const TRIES: &[Choice] = &[
    Choice::Ones,
    Choice::Mixed(1),
    Choice::Mixed(2),
    Choice::Mixed(3),
];

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
    let chosen = |choice| {
        run(
            target.module,
            target.function,
            input,
            FUEL,
            choice,
            &mut |_, _| {},
        )
    };
    let mut before = before;
    let choice_before = match before {
        Outcome::Stuck("undef", _) => Choice::Scripted,
        _ => Choice::Refuse,
    };
    let (mut after, mut choice_after) = (chosen(Choice::Zero), Choice::Zero);
    let mut comparison = one_pair(&mut before, &after, source, input, relation);
    // Another choice of the target may show what zero does not.
    let undef = input
        .arguments
        .iter()
        .flatten()
        .any(|s| *s == Scalar::Undef);
    let tries = if undef || chooses(&with_callees(target)) {
        TRIES
    } else {
        &[]
    };
    for choice in tries {
        if comparison != Comparison::Fits {
            break;
        }
        let other = chosen(*choice);
        let second = one_pair(&mut before, &other, source, input, relation);
        if matches!(second, Comparison::Differs(_)) {
            (comparison, after, choice_after) = (second, other, *choice);
        }
    }
    let differs = matches!(comparison, Comparison::Differs(_));
    let difference = differs.then(|| difference(&before, &after, input));
    let counterexample = Counterexample {
        parts_at: difference.map_or_else(Default::default, |difference| {
            let choices = [choice_before, choice_after];
            parting([source, target], choices, input, difference)
        }),
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

/// Compares what the target did with all that the source may do.
fn one_pair(
    before: &mut Outcome,
    after: &Outcome,
    source: Side<'_>,
    input: &Input,
    relation: Relation,
) -> Comparison {
    let compare = |before: &Outcome| match relation {
        Relation::Agrees => agrees(before, after, input),
        _ => refines(before, after, input),
    };
    if !matches!(before, Outcome::Stuck("undef", _)) || relation == Relation::Agrees {
        return compare(before);
    }
    // Nothing that the source may choose gives this: every choice is tried.
    let Some(all) = run_all(source.module, source.function, input, FUEL) else {
        return compare(before);
    };
    let mut last = Comparison::Fits;
    // What came of undef may be undef at its use too, which no single run shows.
    if all.loose && leaves_undef(after) {
        return Comparison::Open("undef", "results of operations on undef".into());
    }
    for outcome in &all.list {
        match compare(outcome) {
            Comparison::Differs(how) => last = Comparison::Differs(how),
            other => return other,
        }
    }
    if let Some(first) = all.list.into_iter().next() {
        *before = first;
    }
    last
}

/// Whether a run leaves undef in its result, in memory, or in what it passes on.
fn leaves_undef(outcome: &Outcome) -> bool {
    let held = |memory: &Memory| memory.blocks.iter().any(|b| b.bytes.contains(&Byte::Undef));
    let passed = |calls: &[CallRecord]| {
        calls
            .iter()
            .any(|c| c.arguments.iter().flatten().any(|s| *s == Scalar::Undef) || held(&c.memory))
    };
    match outcome {
        Outcome::Return {
            value,
            memory,
            calls,
        } => value.contains(&Scalar::Undef) || held(memory) || passed(calls),
        Outcome::Exited { calls } => passed(calls),
        _ => false,
    }
}

/// How two outcomes differ.
fn difference(before: &Outcome, after: &Outcome, input: &Input) -> Difference {
    let calls = |outcome: &Outcome| match outcome {
        Outcome::Return { calls, .. } | Outcome::Exited { calls } => calls.clone(),
        _ => Vec::new(),
    };
    if matches!(after, Outcome::Undefined(_)) {
        return Difference::End;
    }
    let (a, b) = (calls(before), calls(after));
    for n in 0..a.len().max(b.len()) {
        let fits = match (a.get(n..=n), b.get(n..=n)) {
            (Some(x), Some(y)) => calls_refine(x, y, input) == Comparison::Fits,
            _ => false,
        };
        if !fits {
            return Difference::Call(n);
        }
    }
    let (
        Outcome::Return {
            value: x,
            memory: m,
            ..
        },
        Outcome::Return {
            value: y,
            memory: n,
            ..
        },
    ) = (before, after)
    else {
        return Difference::End;
    };
    let fits = |(a, b): (&Scalar, &Scalar)| scalar_refines(*a, *b, input) == Comparison::Fits;
    if !x.iter().zip(y).all(fits) {
        return Difference::Result;
    }
    let blocks = m.blocks.iter().zip(&n.blocks).enumerate();
    for (block, (a, b)) in blocks.take(input.memory.blocks.len()) {
        if let Some(at) = a.bytes.iter().zip(&b.bytes).position(|(a, b)| a != b) {
            return Difference::Memory(Pointer {
                block: block as u32,
                offset: at as i64,
            });
        }
    }
    Difference::Result
}

/// The calls that the world sees must be the same, with arguments and memory refined.
fn calls_refine(before: &[CallRecord], after: &[CallRecord], input: &Input) -> Comparison {
    for (a, b) in before.iter().zip(after) {
        if a.callee != b.callee || a.arguments.len() != b.arguments.len() {
            return Comparison::Differs(format!(
                "the source calls @{} where the target calls @{}",
                a.callee, b.callee
            ));
        }
        for (x, y) in a
            .arguments
            .iter()
            .flatten()
            .zip(b.arguments.iter().flatten())
        {
            match scalar_refines(*x, *y, input) {
                Comparison::Fits => {}
                Comparison::Differs(_) => {
                    return Comparison::Differs(format!("the arguments of @{} differ", a.callee));
                }
                open @ Comparison::Open(..) => return open,
            }
        }
        match memory_refines(&a.memory, &b.memory, input) {
            Comparison::Fits => {}
            Comparison::Differs(how) => {
                return Comparison::Differs(format!("at the call of @{}, {how}", a.callee));
            }
            open @ Comparison::Open(..) => return open,
        }
    }
    match (before.get(after.len()), after.get(before.len())) {
        (Some(call), _) => {
            Comparison::Differs(format!("the target does not call @{}", call.callee))
        }
        (_, Some(call)) => Comparison::Differs(format!("only the target calls @{}", call.callee)),
        _ => Comparison::Fits,
    }
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
        (Outcome::Return { .. } | Outcome::Exited { .. }, Outcome::Undefined(what)) => {
            Comparison::Differs(format!(
                "the target has undefined behaviour ({what}), the source has none"
            ))
        }
        (Outcome::Exited { calls: a }, Outcome::Exited { calls: b }) => calls_refine(a, b, input),
        (Outcome::Exited { calls: a }, Outcome::Return { calls: b, .. })
        | (Outcome::Return { calls: a, .. }, Outcome::Exited { calls: b }) => {
            match calls_refine(a, b, input) {
                Comparison::Fits => {
                    Comparison::Differs("only one of the two ends in a call".into())
                }
                other => other,
            }
        }
        (
            Outcome::Return {
                value: a,
                memory: m,
                calls: before,
            },
            Outcome::Return {
                value: b,
                memory: n,
                calls: after,
            },
        ) => {
            match calls_refine(before, after, input) {
                Comparison::Fits => {}
                other => return other,
            }
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
        // Null has no provenance, and what a pointer to address 0 has instead is not settled.
        (Scalar::Pointer(p), Scalar::Pointer(q))
            if is_at_null(p, input) && is_at_null(q, input) =>
        {
            Comparison::Open(
                "memory-model",
                "a pointer to address 0 that is not null".into(),
            )
        }
        (Scalar::Pointer(p), Scalar::Pointer(q)) if p.block >= own || q.block >= own => {
            Comparison::Open("memory-model", "a pointer to a local is returned".into())
        }
        _ => Comparison::Differs("the results differ".into()),
    }
}

fn is_at_null(p: Pointer, input: &Input) -> bool {
    input
        .memory
        .block(p)
        .is_some_and(|b| b.address.wrapping_add_signed(p.offset) == 0)
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

pub(crate) fn show(lanes: &[Scalar], ty: &Type, memory: &Memory) -> String {
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
        Outcome::Exited { calls } => {
            let last = calls.last().map_or("?", |c| c.callee.as_str());
            format!("ends in a call of @{last}{}", show_calls(calls))
        }
        Outcome::Return {
            value,
            memory,
            calls,
        } => {
            let mut text = format!("returns {}", show(value, &side.function.result, memory));
            for (old, new) in input.memory.blocks.iter().zip(&memory.blocks) {
                if old.bytes != new.bytes {
                    let _ = write!(text, "; {} = {}", new.name, show_bytes(&new.bytes, memory));
                }
            }
            text.push_str(&show_calls(calls));
            text
        }
        Outcome::Undefined(what) => format!("undefined behaviour: {what}"),
        Outcome::OutOfFuel => "does not end within the fuel".into(),
        Outcome::Stuck(_, what) => format!("not modelled: {what}"),
    }
}

fn show_calls(calls: &[CallRecord]) -> String {
    let mut text = String::new();
    for call in calls {
        let list: Vec<String> = call
            .arguments
            .iter()
            .flatten()
            .map(|lane| match lane {
                Scalar::Int(bits) => bits.to_string(),
                Scalar::Poison => "poison".into(),
                Scalar::Undef => "undef".into(),
                Scalar::Pointer(p) => format!(
                    "&{}{:+}",
                    call.memory.block(*p).map_or("local", |b| b.name.as_str()),
                    p.offset
                ),
            })
            .collect();
        let _ = write!(text, "; calls @{}({})", call.callee, list.join(", "));
    }
    text
}
