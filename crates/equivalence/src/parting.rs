//! The first instruction at which two runs on one input part.
//!
//! Two functions of one shape (the same blocks, of as many instructions) are followed side by side up to the first step that differs. Of
//! others, what ends each run differently (a result, a store, a call, undefined behaviour) is traced back through what it was made of;
//! its first part that the other run never computed is where they part.

use calque_ir::interpreter::{Choice, Input, Scalar, Step, run_with_steps};
use calque_ir::{Function, Op, Pointer, Type, ValueKind, fold};

use crate::callees::with_callees;
use crate::concrete::{FUEL, Side, show};

/// An instruction and what it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// One-based, in the text of its side.
    pub line: u32,
    /// The line.
    pub instruction: String,
    /// What it gave; `None` where it gives nothing or ended the run.
    pub value: Option<String>,
}

/// How the two runs end differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// One of them in undefined behaviour, or they end otherwise.
    End,
    /// In the result.
    Result,
    /// At a byte of the caller's memory.
    Memory(Pointer),
    /// In a call that the world sees, by its number.
    Call(usize),
}

/// Where each side parts from the other; `None` where a side has no such instruction.
pub(crate) fn parting(
    sides: [Side<'_>; 2],
    choices: [Choice; 2],
    input: &Input,
    difference: Difference,
) -> [Option<Place>; 2] {
    let [source, target] = [0, 1].map(|i| {
        let Side { module, function } = sides[i];
        run_with_steps(module, function, input, FUEL, choices[i]).1
    });
    let found = side_by_side(sides, &source, &target).unwrap_or_else(|| {
        [
            traced_back(&source, &target, input, difference),
            traced_back(&target, &source, input, difference),
        ]
    });
    let place = |steps: &[Step<'_>], at: Option<usize>| {
        let step = &steps[at?];
        let value = step.function.value(step.id);
        let ty = match &value.kind {
            ValueKind::Instruction(Op::Return { .. }) => &step.function.result,
            _ => &value.ty,
        };
        let lanes = step.value.as_ref().filter(|_| *ty != Type::Void);
        (value.line > 0).then(|| Place {
            line: value.line,
            instruction: String::new(),
            value: lanes.map(|lanes| show(lanes, ty, &input.memory)),
        })
    };
    [place(&source, found[0]), place(&target, found[1])]
}

/// The first step that differs, where both sides have one shape.
fn side_by_side(
    sides: [Side<'_>; 2],
    source: &[Step<'_>],
    target: &[Step<'_>],
) -> Option<[Option<usize>; 2]> {
    let [left, right] = sides.map(with_callees);
    let alike = |(f, g): (&&Function, &&Function)| {
        f.blocks.len() == g.blocks.len()
            && f.blocks
                .iter()
                .zip(&g.blocks)
                .all(|(a, b)| a.instructions.len() == b.instructions.len())
    };
    if left.len() != right.len() || !left.iter().zip(&right).all(alike) {
        return None;
    }
    // Function, block and place in it.
    let at = |list: &[&Function], step: &Step<'_>| {
        let function = list.iter().position(|f| std::ptr::eq(*f, step.function))?;
        let mut blocks = step.function.blocks.iter().enumerate();
        blocks.find_map(|(b, block)| {
            let place = block.instructions.iter().position(|id| *id == step.id)?;
            Some((function, b, place))
        })
    };
    for (i, (a, b)) in source.iter().zip(target).enumerate() {
        if at(&left, a)? != at(&right, b)? {
            // The step before led them to different places.
            return i.checked_sub(1).map(|i| [Some(i), Some(i)]);
        }
        if a.value != b.value || a.place != b.place {
            return Some([Some(i), Some(i)]);
        }
    }
    None
}

/// What a value is in the sense of this comparison, whatever its width: as a number with and without a sign.
fn keys(value: &[Scalar], ty: &Type) -> [u64; 2] {
    let width = ty.scalar().int_bits().unwrap_or(128).min(128);
    let mut out = [1 + value.len() as u64; 2];
    for scalar in value {
        let words = match scalar {
            Scalar::Int(bits) => [*bits, fold::signed(*bits, width) as u128],
            Scalar::Pointer(p) => {
                [u128::from(p.block) << 64 | u128::from(p.offset as u64) | 1 << 100; 2]
            }
            Scalar::Poison => [1 << 120; 2],
            Scalar::Undef => [1 << 121; 2],
        };
        for (key, word) in out.iter_mut().zip(words) {
            for half in [word as u64, (word >> 64) as u64] {
                *key = (key.rotate_left(23) ^ half).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
        }
    }
    out
}

/// The first step that led to the difference and whose value the other run has not.
fn traced_back(
    own: &[Step<'_>],
    other: &[Step<'_>],
    input: &Input,
    difference: Difference,
) -> Option<usize> {
    let end = end(own, difference)?;
    if difference == Difference::End && own[end].value.is_some() {
        return None;
    }
    let mut known: Vec<u64> = Vec::new();
    for step in other {
        if let Some(value) = &step.value {
            known.extend(keys(value, step.function.ty(step.id)));
        }
    }
    for lanes in &input.arguments {
        known.extend(keys(lanes, &Type::Void));
    }
    calque_ir::collections::sort(&mut known);
    let poisoned = own[end]
        .value
        .as_ref()
        .is_some_and(|v| v.contains(&Scalar::Poison));
    let foreign = |step: &Step<'_>| {
        let ty = step.function.ty(step.id);
        let Some(value) = step.value.as_ref().filter(|v| !v.is_empty()) else {
            return false;
        };
        // Addresses of locals say nothing.
        let own_local = |s: &Scalar| matches!(s, Scalar::Pointer(p) if p.block as usize >= input.memory.blocks.len());
        // Where poison came out, it is poison that came in first.
        if poisoned && !value.contains(&Scalar::Poison) {
            return false;
        }
        (poisoned || *ty.scalar() != Type::Int(1))
            && !value.iter().any(own_local)
            && !keys(value, ty)
                .iter()
                .any(|key| known.binary_search(key).is_ok())
    };
    let mut parts: Vec<usize> = vec![end];
    let mut seen = vec![false; own.len()];
    let mut first = None;
    while let Some(at) = parts.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        // A call ends after all that its callee does.
        let ended = returned(own, at).unwrap_or(at);
        if foreign(&own[at]) && first.is_none_or(|(f, _)| ended < f) {
            first = Some((ended, at));
        }
        parts.extend(made_of(own, at));
    }
    Some(first.map_or(end, |(_, at)| at))
}

/// The `ret` by which a call came back, if it ran a function.
fn returned(steps: &[Step<'_>], call: usize) -> Option<usize> {
    let step = &steps[call];
    if !matches!(step.function.op(step.id), Some(Op::Call { .. })) {
        return None;
    }
    let frame = call as u32 + 1;
    steps
        .iter()
        .rposition(|s| s.frame == frame && matches!(s.function.op(s.id), Some(Op::Return { .. })))
}

/// The steps that a step's value was made of.
fn made_of(steps: &[Step<'_>], at: usize) -> Vec<usize> {
    let step = &steps[at];
    let Some(op) = step.function.op(step.id) else {
        return Vec::new();
    };
    let earlier = &steps[..at];
    let mut out: Vec<usize> = op
        .operands()
        .into_iter()
        .filter_map(|v| {
            earlier
                .iter()
                .rposition(|s| s.frame == step.frame && s.id == v)
        })
        .collect();
    match op {
        Op::Load { .. } => {
            // The store before it to the same place.
            out.extend(earlier.iter().rposition(|s| {
                s.place.is_some()
                    && s.place == step.place
                    && matches!(s.function.op(s.id), Some(Op::Store { .. }))
            }));
        }
        Op::Call { .. } => out.extend(returned(steps, at)),
        _ => {}
    }
    out
}

/// The step by which a run ends as it does.
fn end(steps: &[Step<'_>], difference: Difference) -> Option<usize> {
    let last = steps.len().checked_sub(1);
    match difference {
        Difference::End | Difference::Result => last,
        Difference::Call(number) => steps.iter().rposition(|s| {
            s.calls <= number && matches!(s.function.op(s.id), Some(Op::Call { .. }))
        }),
        Difference::Memory(byte) => steps.iter().rposition(|s| {
            let near = s.place.is_some_and(|p| {
                p.block == byte.block && p.offset <= byte.offset && byte.offset - p.offset < 16
            });
            near && matches!(s.function.op(s.id), Some(Op::Store { .. }))
        }),
    }
}
