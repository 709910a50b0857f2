//! Panics, aborts and failed checks as one outcome.

use calque_ir::{CallEffects, Callee, Function, Module, Op, ParameterAttributes, ValueId};

/// Parts of the names of functions that end a program because something failed.
const PANICS: &[&str] = &[
    // Rust, mangled either way.
    "9panicking",
    "5slice5index",
    "11slice_index",
    "unwrap_failed",
    "expect_failed",
    "panic_bounds_check",
    "len_mismatch_fail",
    // D.
    "_d_arraybounds",
    "_d_assert",
    "_d_unittest",
    // C and C++.
    "__assert_fail",
    "_ZSt20__throw_out_of_range",
    "__ubsan_handle",
];

fn is_panic(name: &str) -> bool {
    matches!(
        name,
        "abort" | "llvm.ubsantrap" | "llvm.debugtrap" | "__assert"
    ) || PANICS.iter().any(|part| name.contains(part))
}

/// Turns each call of a declared function that ends the program, right before `unreachable`, into `llvm.trap`.
pub(super) fn unify(module: &Module, function: &mut Function) {
    for block in 0..function.blocks.len() {
        let list = &function.blocks[block].instructions;
        let Some(&[call, end]) = list.last_chunk::<2>() else {
            continue;
        };
        let fails = |id: ValueId| match function.op(id) {
            Some(Op::Call {
                callee: Callee::Named(name),
                ..
            }) => is_panic(name) && module.function(name).is_none(),
            _ => false,
        };
        if function.op(end) == Some(&Op::Unreachable)
            && fails(call)
            && let Some(op) = function.op_mut(call)
        {
            *op = Op::Call {
                callee: Callee::Named("llvm.trap".into()),
                arguments: Vec::new(),
                result: ParameterAttributes::default(),
                site: CallEffects::default(),
            };
        }
    }
}
