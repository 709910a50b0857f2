//! The functions that a function runs beside itself.

use calque_ir::collections::HashSet;
use calque_ir::{Callee, Constant, Function, Module, Op, ValueKind};

use crate::concrete::Side;
use crate::identical::same_code;

/// A function and all defined functions that it calls, they call, and so on, each once.
pub(crate) fn with_callees(side: Side<'_>) -> Vec<&Function> {
    let mut out = vec![side.function];
    let mut seen: HashSet<&str> = HashSet::default();
    let mut next = 0;
    while let Some(&function) = out.get(next) {
        for name in called(function) {
            if seen.insert(name)
                && let Some(callee) = side.module.callee(name)
                && !std::ptr::eq(callee, side.function)
            {
                out.push(callee);
            }
        }
        next += 1;
    }
    out
}

/// Whether a function may come to call itself.
pub(crate) fn recursive(side: Side<'_>) -> bool {
    let name = &side.function.name;
    with_callees(side)
        .iter()
        .any(|f| called(f).any(|callee| callee == name))
}

/// Instructions of functions together.
pub(crate) fn size(functions: &[&Function]) -> usize {
    let blocks = functions.iter().flat_map(|f| &f.blocks);
    blocks.map(|b| b.instructions.len()).sum()
}

/// Names of globals that functions use, and of those that their initial values use, each once.
pub(crate) fn globals_of<'m>(module: &'m Module, functions: &[&'m Function]) -> Vec<&'m str> {
    let mut open: Vec<&Constant> = Vec::new();
    for value in functions.iter().flat_map(|f| &f.values) {
        if let ValueKind::Constant(constant) = &value.kind {
            open.push(constant);
        }
    }
    let mut seen: HashSet<&str> = HashSet::default();
    let mut out = Vec::new();
    while let Some(constant) = open.pop() {
        match constant {
            Constant::Global(name) if seen.insert(name) => {
                if let Some((name, global)) = module.globals.get_key_value(&**name) {
                    out.push(name.as_str());
                    open.extend(&global.initializer);
                }
            }
            Constant::Aggregate(fields) => open.extend(fields.iter().map(|(_, c)| c)),
            Constant::Offset(base, ..) => open.push(base),
            _ => {}
        }
    }
    calque_ir::collections::sort(&mut out);
    out
}

/// Names of the functions that are called, intrinsics aside, with repetition.
fn called(function: &Function) -> impl Iterator<Item = &String> {
    let instructions = function.blocks.iter().flat_map(|b| &b.instructions);
    instructions.filter_map(|id| match function.op(*id) {
        Some(Op::Call {
            callee: Callee::Named(name),
            ..
        }) if !name.starts_with("llvm.") => Some(name),
        _ => None,
    })
}

/// Whether a function is called that is only known by name.
pub(crate) fn calls_strangers(module: &Module, functions: &[&Function]) -> bool {
    functions
        .iter()
        .flat_map(|f| called(f))
        .any(|name| module.callee(name).is_none())
}

/// Whether `freeze` or `undef` is used, where the language leaves a choice.
pub(crate) fn chooses(functions: &[&Function]) -> bool {
    functions
        .iter()
        .flat_map(|f| &f.values)
        .any(|v| match &v.kind {
            ValueKind::Instruction(op) => matches!(op, Op::Freeze { .. } | Op::Alloca { .. }),
            ValueKind::Constant(c) => matches!(c, Constant::Undef | Constant::Aggregate(_)),
            _ => false,
        })
}

/// A defined function that is still called and is not one and the same on both sides: what such a call does cannot be said.
pub(crate) fn differing_callee(source: Side<'_>, target: Side<'_>) -> Option<String> {
    let sides = [source, target];
    sides
        .iter()
        .flat_map(|side| called(side.function))
        .find(|name| {
            let found = sides.map(|side| side.module.callee(name));
            match found {
                [None, None] => false,
                [Some(f), Some(g)] => !same_code(
                    Side {
                        function: f,
                        ..source
                    },
                    Side {
                        function: g,
                        ..target
                    },
                ),
                _ => true,
            }
        })
        .cloned()
}
