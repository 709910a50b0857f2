//! What is live where, and which locals' addresses get out.

use calque_ir::collections::{HashMap, HashSet};
use calque_ir::{BlockId, ControlFlow, Function, Op, Type, ValueId, ValueKind};

/// Values live on entry to each block, without its phis. `kept` are used at the start of a block beside what the code uses.
pub(super) fn liveness(
    function: &Function,
    flow: &ControlFlow,
    kept: &[(BlockId, ValueId)],
) -> Vec<HashSet<ValueId>> {
    let tracked = |id: ValueId| {
        !matches!(function.value(id).kind, ValueKind::Constant(_)) && *function.ty(id) != Type::Void
    };
    let mut live: Vec<HashSet<ValueId>> = vec![HashSet::default(); function.blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for &block in flow.order.iter().rev() {
            let mut now: HashSet<ValueId> = HashSet::default();
            for next in function.successors(block) {
                now.extend(live[next.0 as usize].iter().copied());
                for &id in &function.block(next).instructions {
                    let Some(Op::Phi { incoming }) = function.op(id) else {
                        break;
                    };
                    now.extend(
                        incoming
                            .iter()
                            .filter(|(v, b)| *b == block && tracked(*v))
                            .map(|(v, _)| *v),
                    );
                }
            }
            for &id in function.block(block).instructions.iter().rev() {
                now.remove(&id);
                match function.op(id) {
                    Some(Op::Phi { .. }) | None => {}
                    Some(op) => now.extend(op.operands().into_iter().filter(|v| tracked(*v))),
                }
            }
            now.extend(kept.iter().filter(|(b, _)| *b == block).map(|(_, v)| *v));
            if now != live[block.0 as usize] {
                live[block.0 as usize] = now;
                changed = true;
            }
        }
    }
    live
}

/// Locals whose address is stored, passed, compared or returned: more than loaded from, stored to, and moved along.
pub(crate) fn escaping(function: &Function) -> HashSet<ValueId> {
    // What an address flows into without getting out.
    let mut origin: HashMap<ValueId, Vec<ValueId>> = HashMap::default();
    for (i, value) in function.values.iter().enumerate() {
        if matches!(&value.kind, ValueKind::Instruction(Op::Alloca { .. })) {
            let id = ValueId(i as u32);
            origin.insert(id, vec![id]);
        }
    }
    let mut out = HashSet::default();
    let mut changed = !origin.is_empty();
    while changed {
        changed = false;
        for block in &function.blocks {
            for &id in &block.instructions {
                let Some(op) = function.op(id) else { continue };
                let from: Vec<ValueId> = op
                    .operands()
                    .iter()
                    .filter_map(|v| origin.get(v))
                    .flatten()
                    .copied()
                    .collect();
                if from.is_empty() {
                    continue;
                }
                let stays = match op {
                    Op::Load { .. } => continue,
                    Op::Store { value, .. } if !origin.contains_key(value) => continue,
                    Op::Call {
                        callee: calque_ir::Callee::Named(name),
                        ..
                    } if name.starts_with("llvm.lifetime.") || name.starts_with("llvm.mem") => {
                        continue;
                    }
                    Op::GetElementPointer { .. }
                    | Op::Phi { .. }
                    | Op::Select { .. }
                    | Op::Freeze { .. } => true,
                    Op::Call {
                        callee: calque_ir::Callee::Named(name),
                        ..
                    } => name.starts_with("llvm.ssa.copy."),
                    _ => false,
                };
                for local in from {
                    if stays {
                        let list = origin.entry(id).or_default();
                        if !list.contains(&local) {
                            list.push(local);
                            changed = true;
                        }
                    } else {
                        changed |= out.insert(local);
                    }
                }
            }
        }
    }
    out
}
