//! What a function must satisfy beyond its grammar: dominance, phis that match their predecessors.

use crate::collections::HashMap;

use crate::control_flow::ControlFlow;
use crate::error::IrError;
use crate::instruction::Op;
use crate::module::{BlockId, Function, ValueId, ValueKind};

/// Checks a function; the error names the offending value.
pub fn verify(function: &Function) -> Result<(), IrError> {
    let flow = ControlFlow::of(function);
    let ill = |message: String| {
        Err(IrError::new(
            "ill-formed",
            format!("@{}: {message}", function.name),
        ))
    };
    let mut home: HashMap<ValueId, (BlockId, usize)> = HashMap::default();
    for (b, block) in function.blocks.iter().enumerate() {
        let id = BlockId(b as u32);
        let mut phis_over = false;
        for (i, &value) in block.instructions.iter().enumerate() {
            home.insert(value, (id, i));
            let Some(op) = function.op(value) else {
                return ill("a block holds something that is no instruction".into());
            };
            if matches!(op, Op::Phi { .. }) {
                if phis_over {
                    return ill(format!(
                        "phi %{} stands after another instruction",
                        function.value(value).name
                    ));
                }
            } else {
                phis_over = true;
            }
        }
        if !function.terminator(id).is_some_and(Op::is_terminator) {
            return ill(format!("block %{} has no terminator", block.name));
        }
    }
    if function
        .blocks
        .iter()
        .enumerate()
        .any(|(b, _)| function.successors(BlockId(b as u32)).contains(&BlockId(0)))
    {
        return ill("the entry block has a predecessor".into());
    }
    // All predecessors count for phis, also those that the entry does not reach.
    let mut predecessors: Vec<Vec<BlockId>> = vec![Vec::new(); function.blocks.len()];
    for b in 0..function.blocks.len() {
        for next in function.successors(BlockId(b as u32)) {
            predecessors[next.0 as usize].push(BlockId(b as u32));
        }
    }
    for (b, block) in function.blocks.iter().enumerate() {
        let id = BlockId(b as u32);
        for (i, &value) in block.instructions.iter().enumerate() {
            let Some(op) = function.op(value) else {
                continue;
            };
            let name = &function.value(value).name;
            if let Op::Phi { incoming } = op {
                let mut expected = predecessors[b].clone();
                let mut found: Vec<BlockId> = incoming.iter().map(|(_, p)| *p).collect();
                crate::collections::sort(&mut expected);
                crate::collections::sort(&mut found);
                if expected != found {
                    return ill(format!(
                        "phi %{name} does not list the predecessors of its block"
                    ));
                }
                let mut by_block: HashMap<BlockId, ValueId> = HashMap::default();
                for (v, p) in incoming {
                    if by_block.insert(*p, *v).is_some_and(|old| old != *v) {
                        return ill(format!("phi %{name} has two values for one predecessor"));
                    }
                    if flow.reaches(*p) && !available(function, &flow, &home, *v, *p, usize::MAX) {
                        return ill(format!(
                            "%{} does not dominate its use in phi %{name}",
                            function.value(*v).name
                        ));
                    }
                }
                continue;
            }
            if !flow.reaches(id) {
                continue;
            }
            for operand in op.operands() {
                if !available(function, &flow, &home, operand, id, i) {
                    return ill(format!(
                        "%{} does not dominate its use",
                        function.value(operand).name
                    ));
                }
            }
        }
    }
    Ok(())
}

fn available(
    function: &Function,
    flow: &ControlFlow,
    home: &HashMap<ValueId, (BlockId, usize)>,
    value: ValueId,
    block: BlockId,
    index: usize,
) -> bool {
    if !matches!(function.value(value).kind, ValueKind::Instruction(_)) {
        return true;
    }
    match home.get(&value) {
        Some(&(def, at)) if def == block => at < index,
        Some(&(def, _)) => flow.reaches(def) && flow.dominates(def, block),
        None => false,
    }
}
