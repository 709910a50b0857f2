//! Puts the bodies of called functions in the place of their calls, so that a helper that one side calls and the other has inline is
//! the same code.
//!
//! What a callee's attributes say of single values goes along, on copies of these values. What they say of memory does not: a source
//! that lost undefined behaviour by this is harder to refine, so nothing wrong is proved; of a target, the callee's code must keep by
//! itself what its attributes say, or the call stays. Callees are taken with their own callees in place and their locals promoted.

use calque_ir::collections::HashMap;
use std::rc::Rc;

use calque_ir::{
    Block, BlockId, CallEffects, Callee, Constant, Function, Module, Op, ParameterAttributes, Type,
    ValueId, ValueKind,
};

use crate::callees::recursive;
use crate::concrete::Side;
use crate::promote::promote;
use crate::symbolic::Role;
use crate::tame::tame;

/// Calls within calls.
const DEPTH_LIMIT: usize = 16;
/// Instructions that come in altogether.
const SIZE_LIMIT: usize = 6_000;

/// The copy of a value, on which attributes of an argument stand.
const COPY: &str = "llvm.ssa.copy.value";

/// The function with all callees in place whose bodies are known, not recursive and not too large.
pub(crate) fn inline(side: Side<'_>, role: Role) -> Function {
    let mut inliner = Inliner {
        module: side.module,
        role,
        left: SIZE_LIMIT,
        depth: 0,
        done: HashMap::default(),
    };
    inliner.expand(side.function)
}

struct Inliner<'m> {
    module: &'m Module,
    role: Role,
    /// Instructions that may still come in.
    left: usize,
    /// Functions that are being expanded.
    depth: usize,
    done: HashMap<&'m str, Option<Rc<Function>>>,
}

/// A call to be replaced.
struct Site {
    id: ValueId,
    arguments: Vec<(ValueId, ParameterAttributes)>,
    result: ParameterAttributes,
}

impl<'m> Inliner<'m> {
    fn expand(&mut self, function: &Function) -> Function {
        let mut out = function.clone();
        let mut todo: Vec<BlockId> = (0..out.blocks.len()).map(|b| BlockId(b as u32)).collect();
        // What comes in is expanded already; what follows a call is looked at again.
        while let Some(block) = todo.pop() {
            let found = out
                .block(block)
                .instructions
                .iter()
                .enumerate()
                .find_map(|(at, id)| Some((at, *id, self.fitting(&out, *id)?)));
            if let Some((at, id, callee)) = found {
                let Some(Op::Call {
                    arguments, result, ..
                }) = out.op(id).cloned()
                else {
                    continue;
                };
                let site = Site {
                    id,
                    arguments,
                    result,
                };
                todo.push(splice(&mut out, self.module, block, at, &site, &callee));
            }
        }
        out
    }

    /// The body to put in the place of an instruction.
    fn fitting(&mut self, caller: &Function, id: ValueId) -> Option<Rc<Function>> {
        let Some(Op::Call {
            callee: Callee::Named(name),
            arguments,
            result,
            site,
        }) = caller.op(id)
        else {
            return None;
        };
        let declared = self.module.callee(name)?;
        let same = |a: &Type, b: &Type| self.module.resolve(a) == self.module.resolve(b);
        let fits = !declared.variadic
            && declared.unsupported.is_empty()
            && declared.null_is_valid == caller.null_is_valid
            && same(&declared.result, caller.ty(id))
            && declared.parameters.len() == arguments.len()
            && declared
                .parameters
                .iter()
                .zip(arguments)
                .all(|(p, (a, _))| same(declared.ty(p.value), caller.ty(*a)));
        if !fits {
            return None;
        }
        let body = self.body(declared)?;
        if self.role == Role::Target && !tame(self.module, &body, arguments, result, site) {
            return None;
        }
        let size = body.blocks.iter().map(|b| b.instructions.len()).sum();
        self.left = self.left.checked_sub(size)?;
        Some(body)
    }

    fn body(&mut self, function: &'m Function) -> Option<Rc<Function>> {
        if let Some(known) = self.done.get(function.name.as_str()) {
            return known.clone();
        }
        let module = self.module;
        let body = if self.depth >= DEPTH_LIMIT || recursive(Side { module, function }) {
            None
        } else {
            self.depth += 1;
            let body = promote(&self.expand(function));
            self.depth -= 1;
            Some(Rc::new(body))
        };
        self.done.insert(&function.name, body.clone());
        body
    }
}

/// Replaces the `at`-th instruction of a block, a call, by the callee's blocks; gives the block with what followed the call.
fn splice(
    out: &mut Function,
    module: &Module,
    block: BlockId,
    at: usize,
    site: &Site,
    callee: &Function,
) -> BlockId {
    let after = BlockId(out.blocks.len() as u32);
    let list = &mut out.blocks[block.0 as usize].instructions;
    let rest = list.split_off(at + 1);
    list.pop();
    let name = format!("{}.{}", out.block(block).name, out.value(site.id).name);
    out.blocks.push(Block {
        instructions: rest,
        name: name.into(),
    });
    for next in out.successors(after) {
        for phi in out.block(next).instructions.clone() {
            if let Some(Op::Phi { incoming }) = out.op_mut(phi) {
                for (_, from) in incoming.iter_mut().filter(|(_, from)| *from == block) {
                    *from = after;
                }
            }
        }
    }

    // The callee's values and blocks as the caller's.
    let first = out.blocks.len() as u32;
    let mut before = Vec::new();
    let mut values: HashMap<ValueId, ValueId> = HashMap::default();
    for (parameter, (argument, given)) in callee.parameters.iter().zip(&site.arguments) {
        let passed = carry(out, module, &mut before, *argument, given);
        let passed = carry(out, module, &mut before, passed, &parameter.attributes);
        values.insert(parameter.value, passed);
    }
    for (i, value) in callee.values.iter().enumerate() {
        if !matches!(value.kind, ValueKind::Argument(_)) {
            let id = out.add_value(value.ty.clone(), value.kind.clone(), &value.name);
            values.insert(ValueId(i as u32), id);
        }
    }
    let mut returned = Vec::new();
    for (b, old) in callee.blocks.iter().enumerate() {
        let here = BlockId(first + b as u32);
        let mut list = Vec::with_capacity(old.instructions.len());
        for id in &old.instructions {
            let id = values[id];
            let Some(op) = out.op_mut(id) else { continue };
            op.each_operand_mut(|v| *v = values[v]);
            op.each_block_mut(|b| b.0 += first);
            if let Op::Return { value } = *op {
                let end = if callee.no_return {
                    Op::Unreachable
                } else {
                    Op::Branch { target: after }
                };
                *op = end;
                if let (Some(value), false) = (value, callee.no_return) {
                    let value = carry(out, module, &mut list, value, &callee.result_attributes);
                    let value = carry(out, module, &mut list, value, &site.result);
                    returned.push((value, here));
                }
            }
            list.push(id);
        }
        out.blocks.push(Block {
            instructions: list,
            name: format!("{}.{}", callee.name, old.name).into(),
        });
    }
    let enter = Op::Branch {
        target: BlockId(first),
    };
    before.push(out.add_value(Type::Void, ValueKind::Instruction(enter), ""));
    out.blocks[block.0 as usize].instructions.extend(before);

    // The call's own value is what came back.
    if *out.ty(site.id) != Type::Void {
        let kind = if returned.is_empty() {
            ValueKind::Constant(Constant::Poison)
        } else {
            let list = &mut out.blocks[after.0 as usize].instructions;
            list.insert(0, site.id);
            ValueKind::Instruction(Op::Phi { incoming: returned })
        };
        out.values[site.id.0 as usize].kind = kind;
    }
    after
}

/// The value with what its attributes say of it by itself.
fn carry(
    function: &mut Function,
    module: &Module,
    list: &mut Vec<ValueId>,
    value: ValueId,
    attributes: &ParameterAttributes,
) -> ValueId {
    let mut wanted = ParameterAttributes {
        noalias: false,
        no_store: false,
        no_load: false,
        no_capture: false,
        returned: false,
        ..attributes.clone()
    };
    if wanted.align <= 1 {
        (wanted.align, wanted.align_offset) = (0, 0);
    }
    match &function.value(value).kind {
        ValueKind::Constant(Constant::Int(_) | Constant::Float(_) | Constant::Null) => {
            wanted.noundef = false;
        }
        // A local is somewhere, and has its size and alignment.
        ValueKind::Instruction(Op::Alloca {
            element,
            count: None,
            align,
        }) if !has_markers(function) => {
            wanted.noundef = false;
            wanted.nonnull &= function.null_is_valid;
            let align = (*align).max(module.abi_align(element).unwrap_or(1));
            if wanted.align <= align && wanted.align_offset == 0 {
                wanted.align = 0;
            }
            let size = module.store_size(element).unwrap_or(0);
            if wanted.dereferenceable.max(wanted.dereferenceable_or_null) <= size {
                (wanted.dereferenceable, wanted.dereferenceable_or_null) = (0, 0);
                wanted.writable = false;
            }
        }
        _ => {}
    }
    if wanted == ParameterAttributes::default() {
        return value;
    }
    let op = Op::Call {
        callee: Callee::Named(COPY.into()),
        arguments: vec![(value, wanted)],
        result: ParameterAttributes::default(),
        site: CallEffects::default(),
    };
    let (ty, name) = (
        function.ty(value).clone(),
        function.value(value).name.clone(),
    );
    let copy = function.add_value(ty, ValueKind::Instruction(op), &name);
    list.push(copy);
    copy
}

/// Whether locals sleep at times.
fn has_markers(function: &Function) -> bool {
    function.values.iter().any(|v| {
        matches!(&v.kind, ValueKind::Instruction(Op::Call { callee: Callee::Named(name), .. })
            if name.starts_with("llvm.lifetime."))
    })
}
