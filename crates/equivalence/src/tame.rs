//! Whether the code of a function keeps by itself what attributes say of it, of its parameters and of a call: then the attributes add no
//! undefined behaviour, and the body may stand for the call.

use calque_ir::{
    CallEffects, Callee, Constant, Function, MemoryEffects, Module, Op, ParameterAttributes, Type,
    ValueId, ValueKind,
};

use crate::symbolic::{escaping, is_quiet};

/// Words at a call that promise nothing that code without further calls could break.
const WORDS: &[&str] = &[
    "alwaysinline",
    "builtin",
    "cold",
    "convergent",
    "hot",
    "inlinehint",
    "mustprogress",
    "nobuiltin",
    "nocallback",
    "noduplicate",
    "nofree",
    "noinline",
    "nomerge",
    "norecurse",
    "noreturn",
    "nosync",
    "nounwind",
    "speculatable",
    "willreturn",
];

/// What a pointer is made of.
const LOCAL: u8 = 1;
const ARGUMENT: u8 = 2;
const ELSEWHERE: u8 = 4;

/// What code does that its caller could notice.
#[derive(Default)]
struct Conduct {
    reads: bool,
    writes: bool,
    /// Through pointers that are no arguments.
    beyond: bool,
    /// Of what is not known, or of `llvm.trap`.
    calls: bool,
    /// Pointers outlive the call in memory, in the result or as integers.
    keeps_pointers: bool,
}

/// Whether every attribute of a callee, whose own callees are in place, and of a call of it holds of its code.
pub(crate) fn tame(
    module: &Module,
    callee: &Function,
    arguments: &[(ValueId, ParameterAttributes)],
    result: &ParameterAttributes,
    site: &CallEffects,
) -> bool {
    let c = conduct(module, callee);
    let quiet = !c.calls;
    let within = match callee.memory.stricter(site.memory) {
        MemoryEffects::Any => true,
        MemoryEffects::None => quiet && !c.reads && !c.writes,
        MemoryEffects::Read => quiet && !c.writes,
        MemoryEffects::Argument => quiet && !c.beyond,
        MemoryEffects::ArgumentRead => quiet && !c.writes && !c.beyond,
        MemoryEffects::Other => false,
    };
    let says_little = site.words.iter().all(|w| {
        let stem = w.split('(').next().unwrap_or(w);
        matches!(stem, "memory" | "readnone" | "readonly" | "argmemonly")
            || (quiet && WORDS.contains(&stem))
    });
    let pointers = callee
        .parameters
        .iter()
        .filter(|p| *callee.ty(p.value) == Type::Pointer)
        .count();
    // Nothing else reaches what is reached through the only pointer; what nobody changes, all may reach.
    let alone = quiet && (!c.writes || (pointers == 1 && !c.beyond));
    let kept = |a: &ParameterAttributes, parameter: ValueId| {
        (!a.noalias || alone)
            && (!a.no_store || (quiet && !c.writes))
            && (!a.no_load || (quiet && !c.reads))
            && (!a.no_capture || (quiet && !c.keeps_pointers))
            && (!a.returned || returns(callee, parameter))
    };
    let parameters = callee
        .parameters
        .iter()
        .zip(arguments)
        .all(|(p, (_, given))| kept(&p.attributes, p.value) && kept(given, p.value));
    // A local of the callee is gone after the call: its address must not get out.
    within
        && says_little
        && parameters
        && !callee.result_attributes.noalias
        && !result.noalias
        && escaping(callee).is_empty()
}

fn returns(callee: &Function, parameter: ValueId) -> bool {
    callee.values.iter().all(|v| match &v.kind {
        ValueKind::Instruction(Op::Return { value }) => *value == Some(parameter),
        _ => true,
    })
}

fn conduct(module: &Module, function: &Function) -> Conduct {
    let origin = origins(function);
    let mut out = Conduct::default();
    let touch = |out: &mut Conduct, pointer: ValueId, writes: bool| {
        let from = origin[pointer.0 as usize];
        if from & !LOCAL != 0 {
            out.beyond |= from & ELSEWHERE != 0;
            *(if writes {
                &mut out.writes
            } else {
                &mut out.reads
            }) = true;
        }
    };
    let holds_pointers = |ty: &Type| match module.lanes(ty) {
        Some(lanes) => lanes.contains(&Type::Pointer),
        None => *ty != Type::Void,
    };
    for id in function.blocks.iter().flat_map(|b| &b.instructions) {
        let Some(op) = function.op(*id) else { continue };
        match op {
            Op::Load { pointer, .. } => touch(&mut out, *pointer, false),
            Op::Store { value, pointer, .. } => {
                touch(&mut out, *pointer, true);
                out.keeps_pointers |= holds_pointers(function.ty(*value));
            }
            Op::Call {
                callee: Callee::Named(name),
                arguments,
                ..
            } if name.starts_with("llvm.mem") => {
                let written = name.starts_with("llvm.memset.");
                for (i, (value, _)) in arguments.iter().enumerate().take(2) {
                    if !(written && i == 1) {
                        touch(&mut out, *value, i == 0);
                    }
                }
                out.keeps_pointers |= !written;
            }
            Op::Call {
                callee: Callee::Named(name),
                ..
            } if is_quiet(name) || name.starts_with("llvm.lifetime.") => {}
            Op::Call { .. } | Op::Unsupported { .. } => out.calls = true,
            Op::Cast {
                op: calque_ir::CastOp::PtrToInt,
                ..
            } => out.keeps_pointers = true,
            Op::Return { value: Some(value) } => {
                out.keeps_pointers |= holds_pointers(function.ty(*value));
            }
            _ => {}
        }
    }
    out
}

/// What each value is made of, as far as it is a pointer.
fn origins(function: &Function) -> Vec<u8> {
    let mut out: Vec<u8> = function
        .values
        .iter()
        .map(|v| match &v.kind {
            ValueKind::Argument(_) => ARGUMENT,
            ValueKind::Constant(Constant::Null) => 0,
            ValueKind::Instruction(Op::Alloca { .. }) => LOCAL,
            ValueKind::Instruction(op) if moves(op) => 0,
            _ => ELSEWHERE,
        })
        .collect();
    let mut changed = true;
    while changed {
        changed = false;
        for (i, value) in function.values.iter().enumerate() {
            let ValueKind::Instruction(op) = &value.kind else {
                continue;
            };
            if !moves(op) {
                continue;
            }
            let from = op
                .operands()
                .iter()
                .filter(|v| *function.ty(**v) == Type::Pointer)
                .fold(out[i], |all, v| all | out[v.0 as usize]);
            changed |= from != out[i];
            out[i] = from;
        }
    }
    out
}

/// Whether a pointer comes out of the pointers that go in.
fn moves(op: &Op) -> bool {
    match op {
        Op::GetElementPointer { .. } | Op::Phi { .. } | Op::Select { .. } | Op::Freeze { .. } => {
            true
        }
        Op::Call {
            callee: Callee::Named(name),
            ..
        } => name.starts_with("llvm.ssa.copy."),
        _ => false,
    }
}
