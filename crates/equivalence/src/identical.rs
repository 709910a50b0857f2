//! A function against itself: refinement is reflexive.
//!
//! Whatever undef, freeze or an unknown callee may choose, both sides are one function with one set of behaviours, and every set contains
//! itself. So no choice need be looked at. It holds only while both sides are the same function in the same surroundings: the whole text
//! is one text, or both functions are the same graph of instructions, up to names, of which no part has a meaning that the reader dropped
//! (attributes of call sites and of declarations among them, hence no calls but of intrinsics that are known).

use calque_ir::fold::{Intrinsic, overflow_intrinsic};
use calque_ir::{Callee, Constant, Function, Op, ValueKind};

use crate::callees::with_callees;
use crate::concrete::Side;

/// Whether both sides are one function.
pub(crate) fn identical(source: Side<'_>, target: Side<'_>) -> bool {
    same_graph(source.function, target.function)
        && complete(source)
        && complete(target)
        && same_surroundings(source, target)
}

/// Whether two functions, and all functions that they call, are the same code: what the one may do, the other may.
pub(crate) fn same_code(source: Side<'_>, target: Side<'_>) -> bool {
    if std::ptr::eq(source.module, target.module) {
        return std::ptr::eq(source.function, target.function);
    }
    let (left, right) = (with_callees(source), with_callees(target));
    same_surroundings(source, target)
        && left.len() == right.len()
        && left.iter().zip(&right).all(|(f, g)| {
            let defined = |name: &str| source.module.callee(name).is_some();
            f.name == g.name && same_graph(f, g) && says_all(f, defined)
        })
}

/// The same arenas, names aside: values are numbered in the order of the text.
fn same_graph(f: &Function, g: &Function) -> bool {
    f.result == g.result
        && f.result_attributes == g.result_attributes
        && f.parameters == g.parameters
        && f.memory == g.memory
        && f.must_return == g.must_return
        && f.no_return == g.no_return
        && f.null_is_valid == g.null_is_valid
        && f.loops_must_progress == g.loops_must_progress
        && f.variadic == g.variadic
        && f.values.len() == g.values.len()
        && f.values
            .iter()
            .zip(&g.values)
            .all(|(a, b)| a.ty == b.ty && a.kind == b.kind)
        && f.blocks.len() == g.blocks.len()
        && f.blocks
            .iter()
            .zip(&g.blocks)
            .all(|(a, b)| a.instructions == b.instructions)
}

/// Whether the arenas say all that the text said.
fn complete(side: Side<'_>) -> bool {
    side.module.unsupported.is_empty() && says_all(side.function, |_| false)
}

/// Whether nothing in a function has a meaning that the reader dropped. `defined` says whose bodies are looked at too.
fn says_all(function: &Function, defined: impl Fn(&str) -> bool) -> bool {
    function.unsupported.is_empty()
        && function.values.iter().all(|v| match &v.kind {
            ValueKind::Instruction(Op::Call {
                callee: Callee::Named(name),
                ..
            }) => known(name) || defined(name),
            ValueKind::Instruction(Op::Call { .. } | Op::Unsupported { .. }) => false,
            ValueKind::Constant(constant) => spelled(constant),
            _ => true,
        })
}

fn known(callee: &str) -> bool {
    Intrinsic::from_callee(callee).is_some()
        || overflow_intrinsic(callee).is_some()
        || callee == "llvm.assume"
        || [
            "llvm.expect.",
            "llvm.ssa.copy.",
            "llvm.lifetime.",
            "llvm.vector.reduce.",
            "llvm.memcpy.",
            "llvm.memmove.",
            "llvm.memset.",
        ]
        .iter()
        .any(|prefix| callee.starts_with(prefix))
}

fn spelled(constant: &Constant) -> bool {
    match constant {
        Constant::Unsupported(_) => false,
        Constant::Aggregate(fields) => fields.iter().all(|(_, c)| spelled(c)),
        Constant::Offset(base, ..) => spelled(base),
        _ => true,
    }
}

/// Whether names mean the same on both sides: types, globals, sizes.
fn same_surroundings(source: Side<'_>, target: Side<'_>) -> bool {
    if std::ptr::eq(source.module, target.module) {
        return true;
    }
    source.module.layout == target.module.layout
        && source.module.types == target.module.types
        && source.module.globals == target.module.globals
}
