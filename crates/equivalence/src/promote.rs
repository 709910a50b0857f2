//! Turns locals that are only loaded and stored into values (`mem2reg`), so that -O0 code meets optimised code.

use calque_ir::collections::{HashMap, HashSet};

use calque_ir::{
    BlockId, Callee, Constant, ControlFlow, Function, Op, ParameterAttributes, Type, ValueId,
    ValueKind,
};

/// The same function with promotable locals gone. A load before any store gives `undef`, as the language says.
pub(crate) fn promote(function: &Function) -> Function {
    let mut out = function.clone();
    let flow = ControlFlow::of(&out);
    let locals = promotable(&out, &flow);
    if !locals.is_empty() {
        Promotion {
            flow: &flow,
            locals: &locals,
            replaced: HashMap::default(),
            phis: HashMap::default(),
        }
        .run(&mut out);
    }
    out
}

/// Promotable locals and the one type that they are accessed with.
fn promotable(function: &Function, flow: &ControlFlow) -> HashMap<ValueId, Type> {
    let mut types: HashMap<ValueId, Option<Type>> = HashMap::default();
    let mut spoiled: HashSet<ValueId> = HashSet::default();
    for block in &function.blocks {
        for &id in &block.instructions {
            match function.op(id) {
                Some(Op::Alloca { count: None, .. }) => {
                    types.entry(id).or_insert(None);
                }
                // What the metadata says would be lost with the load.
                Some(Op::Load {
                    pointer, result, ..
                }) if *result != ParameterAttributes::default() => {
                    spoiled.insert(*pointer);
                }
                Some(Op::Load { pointer, .. }) => {
                    see(&mut types, &mut spoiled, *pointer, function.ty(id));
                }
                Some(Op::Store { value, pointer, .. }) => {
                    spoiled.insert(*value);
                    see(&mut types, &mut spoiled, *pointer, function.ty(*value));
                }
                Some(Op::Call {
                    callee: Callee::Named(name),
                    ..
                }) if name.starts_with("llvm.lifetime.") => {}
                Some(op) => spoiled.extend(op.operands()),
                None => {}
            }
        }
    }
    let entry = flow.order.first().copied();
    types
        .into_iter()
        // What lives only between markers stays in memory, where the markers are followed.
        .filter(|(id, _)| !marked(function, *id))
        .filter(|(id, _)| !spoiled.contains(id) && matches!(function.op(*id), Some(Op::Alloca { .. })))
        // A local of a loop would be a new one in each iteration.
        .filter(|(id, _)| entry.is_some_and(|e| function.block(e).instructions.contains(id)))
        .map(|(id, ty)| (id, ty.unwrap_or(Type::Int(1))))
        .filter(|(id, ty)| matches!(function.op(*id), Some(Op::Alloca { element, .. }) if element == ty || *ty == Type::Int(1)))
        .collect()
}

/// Whether a marker starts the lifetime of a local.
fn marked(function: &Function, local: ValueId) -> bool {
    function.values.iter().any(|v| {
        matches!(&v.kind, ValueKind::Instruction(Op::Call { callee: Callee::Named(name), arguments, .. })
            if name.starts_with("llvm.lifetime.start") && arguments.last().is_some_and(|(a, _)| *a == local))
    })
}

fn see(
    types: &mut HashMap<ValueId, Option<Type>>,
    spoiled: &mut HashSet<ValueId>,
    pointer: ValueId,
    ty: &Type,
) {
    match types.entry(pointer).or_insert(None) {
        Some(old) if old != ty => {
            spoiled.insert(pointer);
        }
        slot => *slot = Some(ty.clone()),
    }
}

struct Promotion<'a> {
    flow: &'a ControlFlow,
    locals: &'a HashMap<ValueId, Type>,
    replaced: HashMap<ValueId, ValueId>,
    /// The phi of a block and a local.
    phis: HashMap<(BlockId, ValueId), ValueId>,
}

impl Promotion<'_> {
    fn run(&mut self, f: &mut Function) {
        let mut locals: Vec<ValueId> = self.locals.keys().copied().collect();
        calque_ir::collections::sort(&mut locals);
        let undefs: HashMap<ValueId, ValueId> = locals
            .iter()
            .map(|l| {
                (
                    *l,
                    f.add_value(
                        self.locals[l].clone(),
                        ValueKind::Constant(Constant::Undef),
                        "",
                    ),
                )
            })
            .collect();
        // A phi for every local in every block with several predecessors; the trivial ones go at the end.
        for &block in &self.flow.order {
            if self.flow.predecessors[block.0 as usize].len() > 1 {
                for &local in &locals {
                    let kind = ValueKind::Instruction(Op::Phi {
                        incoming: Vec::new(),
                    });
                    let name = format!("{}.{}", f.value(local).name, f.block(block).name);
                    let phi = f.add_value(self.locals[&local].clone(), kind, &name);
                    self.phis.insert((block, local), phi);
                }
            }
        }
        let mut at_end: HashMap<(BlockId, ValueId), ValueId> = HashMap::default();
        for &block in &self.flow.order {
            let mut now: HashMap<ValueId, ValueId> = HashMap::default();
            for &local in &locals {
                let value = match (
                    self.phis.get(&(block, local)),
                    self.flow.predecessors[block.0 as usize].as_slice(),
                ) {
                    (Some(phi), _) => *phi,
                    (None, [one]) => at_end
                        .get(&(*one, local))
                        .copied()
                        .unwrap_or(undefs[&local]),
                    _ => undefs[&local],
                };
                now.insert(local, value);
            }
            let old = std::mem::take(&mut f.blocks[block.0 as usize].instructions);
            let mut kept: Vec<ValueId> = locals
                .iter()
                .filter_map(|l| self.phis.get(&(block, *l)).copied())
                .collect();
            for id in old {
                match f.op(id) {
                    Some(Op::Alloca { .. }) if self.locals.contains_key(&id) => {}
                    Some(Op::Load { pointer, .. }) if self.locals.contains_key(pointer) => {
                        let value = self.resolve(now[pointer]);
                        self.replaced.insert(id, value);
                    }
                    Some(Op::Store { value, pointer, .. }) if self.locals.contains_key(pointer) => {
                        let value = self.resolve(*value);
                        now.insert(*pointer, value);
                    }
                    Some(Op::Call {
                        callee: Callee::Named(name),
                        arguments,
                        ..
                    }) if name.starts_with("llvm.lifetime.")
                        && arguments
                            .last()
                            .is_some_and(|(a, _)| self.locals.contains_key(a)) =>
                    {
                        if let Some((local, _)) = arguments.last() {
                            now.insert(*local, undefs[local]);
                        }
                    }
                    _ => kept.push(id),
                }
            }
            f.blocks[block.0 as usize].instructions = kept;
            for (local, value) in now {
                at_end.insert((block, local), value);
            }
        }
        for (&(block, local), &phi) in &self.phis {
            let mut incoming = Vec::new();
            for &p in &self.flow.predecessors[block.0 as usize] {
                let value = at_end.get(&(p, local)).copied().unwrap_or(undefs[&local]);
                // One entry per edge, as the verifier counts them.
                let edges = f.successors(p).iter().filter(|s| **s == block).count();
                incoming.extend(std::iter::repeat_n((value, p), edges));
            }
            if let Some(Op::Phi { incoming: slot }) = f.op_mut(phi) {
                *slot = incoming;
            }
        }
        self.drop_trivial_phis(f, &undefs);
        self.rewrite(f);
    }

    fn resolve(&self, mut id: ValueId) -> ValueId {
        while let Some(&next) = self.replaced.get(&id) {
            id = next;
        }
        id
    }

    /// A phi of itself and one other value is that value. One of undef beside a value stays: the value need not dominate.
    fn drop_trivial_phis(&mut self, f: &Function, _undefs: &HashMap<ValueId, ValueId>) {
        let mut order: Vec<ValueId> = self.phis.values().copied().collect();
        calque_ir::collections::sort(&mut order);
        let mut changed = true;
        while changed {
            changed = false;
            for &phi in &order {
                if self.replaced.contains_key(&phi) {
                    continue;
                }
                let Some(Op::Phi { incoming }) = f.op(phi) else {
                    continue;
                };
                let mut other = None;
                let mut trivial = true;
                for (value, _) in incoming {
                    let value = self.resolve(*value);
                    if value == phi || other == Some(value) {
                        continue;
                    }
                    trivial &= other.is_none();
                    other = Some(value);
                }
                if let (true, Some(value)) = (trivial, other) {
                    self.replaced.insert(phi, value);
                    changed = true;
                }
            }
        }
    }

    fn rewrite(&mut self, f: &mut Function) {
        for value in &mut f.values {
            if let ValueKind::Instruction(op) = &mut value.kind {
                op.each_operand_mut(|v| *v = self.resolve(*v));
            }
        }
        let gone: HashSet<ValueId> = self.replaced.keys().copied().collect();
        for block in &mut f.blocks {
            block.instructions.retain(|id| !gone.contains(id));
        }
        remove_unused_phis(f, &self.phis.values().copied().collect());
    }
}

/// Phis that only feed phis are dead; those among `candidates` go.
fn remove_unused_phis(f: &mut Function, candidates: &HashSet<ValueId>) {
    let mut used: HashSet<ValueId> = HashSet::default();
    let mut work: Vec<ValueId> = Vec::new();
    for block in &f.blocks {
        for &id in &block.instructions {
            if !candidates.contains(&id) {
                work.push(id);
            }
        }
    }
    while let Some(id) = work.pop() {
        for operand in f.op(id).map(Op::operands).unwrap_or_default() {
            if candidates.contains(&operand) && used.insert(operand) {
                work.push(operand);
            }
        }
    }
    for block in &mut f.blocks {
        block
            .instructions
            .retain(|id| !candidates.contains(id) || used.contains(id));
    }
}
