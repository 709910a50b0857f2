//! The loop over blocks and the operations without memory.

use std::cell::RefCell;

use super::callees::CallRecord;
use super::choices::Script;
use super::{Choice, Input, Outcome, Scalar, Stop};
use crate::fold::{self, Folded};
use crate::instruction::{Callee, CastOp, Flags, Op};
use crate::memory::{Memory, Pointer};
use crate::module::{
    BlockId, CallEffects, Constant, Function, MemoryEffects, Module, ParameterAttributes, ValueId,
    ValueKind,
};
use crate::types::Type;

/// Calls nest at most this deep.
const CALL_DEPTH_LIMIT: u32 = 40;

/// The values of one call.
pub struct Frame<'m> {
    pub(super) module: &'m Module,
    pub(super) function: &'m Function,
    pub(super) values: Vec<Option<Vec<Scalar>>>,
    pub(super) memory: Memory,
    pub(super) fuel: u64,
    pub(super) choice: Choice,
    /// Whether memory that is not the function's own was read, and written.
    pub(super) touched: (bool, bool),
    /// Blocks that the input brought.
    pub(super) own: usize,
    pub(super) strangers: Option<u32>,
    pub(super) calls: Vec<CallRecord>,
    pub(super) script: RefCell<Script>,
    depth: u32,
}

/// Runs `function` for at most `fuel` instructions. `visit` sees the frame on entry to each block, its phis done.
pub fn run(
    module: &Module,
    function: &Function,
    input: &Input,
    fuel: u64,
    choice: Choice,
    visit: &mut dyn FnMut(BlockId, &Frame<'_>),
) -> Outcome {
    run_scripted(
        module,
        function,
        input,
        fuel,
        choice,
        Script::default(),
        visit,
    )
    .0
}

/// `run` that takes its choices from a script, and gives it back with what was asked beyond its end.
pub(super) fn run_scripted(
    module: &Module,
    function: &Function,
    input: &Input,
    fuel: u64,
    choice: Choice,
    script: Script,
    visit: &mut dyn FnMut(BlockId, &Frame<'_>),
) -> (Outcome, Script) {
    let mut frame = Frame {
        own: input.memory.blocks.len(),
        strangers: input.strangers,
        calls: Vec::new(),
        script: RefCell::new(script),
        module,
        function,
        values: vec![None; function.values.len()],
        memory: input.memory.clone(),
        fuel,
        choice,
        touched: (false, false),
        depth: 0,
    };
    let own = frame.own;
    let outcome = match frame.call(&input.arguments, visit) {
        Ok(value) => {
            frame
                .memory
                .blocks
                .iter_mut()
                .skip(own)
                .for_each(|b| b.live = false);
            Outcome::Return {
                value,
                memory: frame.memory,
                calls: frame.calls,
            }
        }
        Err(Stop::Undefined(what)) => Outcome::Undefined(what),
        Err(Stop::OutOfFuel) => Outcome::OutOfFuel,
        Err(Stop::Stuck(code, what)) => Outcome::Stuck(code, what),
        Err(Stop::Exit) => Outcome::Exited { calls: frame.calls },
    };
    (outcome, frame.script.into_inner())
}

type Lanes = Vec<Scalar>;

impl Frame<'_> {
    /// The lanes of a value, if it has been computed (or is a constant).
    #[must_use]
    pub fn get(&self, id: ValueId) -> Option<Vec<Scalar>> {
        self.values.get(id.0 as usize)?.clone()
    }

    /// The memory as it is now.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    fn call(
        &mut self,
        arguments: &[Lanes],
        visit: &mut dyn FnMut(BlockId, &Frame<'_>),
    ) -> Result<Lanes, Stop> {
        let function = self.function;
        if let Some(what) = function
            .unsupported
            .first()
            .or(self.module.unsupported.first())
        {
            return Stop::stuck("unsupported-instruction", what.clone());
        }
        if function.variadic {
            return Stop::stuck("unsupported-instruction", "variadic function");
        }
        if arguments.len() != function.parameters.len() {
            return Stop::undefined("call with another number of arguments than parameters");
        }
        for (parameter, argument) in function.parameters.iter().zip(arguments) {
            let ty = function.ty(parameter.value).clone();
            let value = self.attributed(argument.clone(), &ty, &parameter.attributes)?;
            self.values[parameter.value.0 as usize] = Some(value);
        }
        let mut block = BlockId(0);
        let mut previous: Option<BlockId> = None;
        'blocks: loop {
            let instructions = &function.block(block).instructions;
            self.phis(instructions, previous)?;
            visit(block, self);
            for &id in instructions {
                let Some(op) = function.op(id) else { continue };
                self.fuel = self.fuel.checked_sub(1).ok_or(Stop::OutOfFuel)?;
                let next = match op {
                    Op::Phi { .. } => continue,
                    Op::Return { value } => return self.returned(*value),
                    Op::Unreachable => return Stop::undefined("reached unreachable"),
                    Op::Branch { target } => *target,
                    Op::BranchIf { condition, yes, no } => match self.scalar(*condition)? {
                        Scalar::Int(0) => *no,
                        Scalar::Int(_) => *yes,
                        _ => return Stop::undefined("branch on poison or undef"),
                    },
                    Op::Switch {
                        value,
                        default,
                        cases,
                    } => match self.scalar(*value)? {
                        Scalar::Int(bits) => cases
                            .iter()
                            .find(|(c, _)| function.constant_int(*c) == Some(bits))
                            .map_or(*default, |(_, b)| *b),
                        _ => return Stop::undefined("switch on poison or undef"),
                    },
                    _ => {
                        let value = self.operation(id, op)?;
                        self.values[id.0 as usize] = Some(value);
                        continue;
                    }
                };
                previous = Some(block);
                block = next;
                continue 'blocks;
            }
            return Stop::stuck("unsupported-instruction", "block without a terminator");
        }
    }

    fn phis(&mut self, instructions: &[ValueId], previous: Option<BlockId>) -> Result<(), Stop> {
        // All phis of a block read before any of them writes.
        let mut pending = Vec::new();
        for &id in instructions {
            let Some(Op::Phi { incoming }) = self.function.op(id) else {
                break;
            };
            let Some((value, _)) = incoming.iter().find(|(_, b)| Some(*b) == previous) else {
                return Stop::stuck(
                    "unsupported-instruction",
                    "phi without a value for its predecessor",
                );
            };
            pending.push((id, self.lanes(*value)?));
        }
        for (id, value) in pending {
            self.values[id.0 as usize] = Some(value);
        }
        Ok(())
    }

    fn returned(&mut self, value: Option<ValueId>) -> Result<Lanes, Stop> {
        if self.function.no_return {
            return Stop::undefined("returns from a function that is noreturn");
        }
        match (self.function.memory, self.touched) {
            (MemoryEffects::None, (true, _) | (_, true))
            | (MemoryEffects::Read | MemoryEffects::ArgumentRead, (_, true)) => {
                return Stop::undefined("touches memory that its attributes exclude");
            }
            _ if self.function.parameters.iter().any(|p| {
                (p.attributes.no_store && self.touched.1)
                    || (p.attributes.no_load && self.touched.0)
                    || p.attributes.returned
            }) =>
            {
                return Stop::stuck(
                    "unsupported-instruction",
                    "readonly, writeonly or returned parameter",
                );
            }
            (MemoryEffects::Other, _) => {
                return Stop::stuck("unsupported-instruction", "memory attribute");
            }
            _ => {}
        }
        let Some(value) = value else {
            return Ok(Vec::new());
        };
        let lanes = self.lanes(value)?;
        let (ty, attributes) = (
            self.function.result.clone(),
            self.function.result_attributes.clone(),
        );
        self.attributed(lanes, &ty, &attributes)
    }

    /// Applies the attributes of a parameter or a result.
    pub(super) fn attributed(
        &self,
        mut lanes: Lanes,
        ty: &Type,
        a: &ParameterAttributes,
    ) -> Result<Lanes, Stop> {
        if let Some(what) = a.unsupported.first() {
            return Stop::stuck("unsupported-instruction", what.clone());
        }
        let width = ty.scalar().int_bits().unwrap_or(64);
        for lane in &mut lanes {
            let poison = match (*lane, a.range) {
                (Scalar::Int(bits), Some((low, high))) => {
                    let inside = if low <= high {
                        low <= bits && bits < high
                    } else {
                        bits >= low || bits < high
                    };
                    !(inside || (low == high && low == 0 && width == 0))
                }
                (Scalar::Pointer(p), _) => {
                    (a.nonnull && self.memory.address(p) == 0)
                        || (a.align > 1
                            && !self
                                .memory
                                .address(p)
                                .wrapping_sub(a.align_offset)
                                .is_multiple_of(a.align))
                }
                (Scalar::Undef, Some(_)) => {
                    return Stop::stuck("undef", "range attribute on undef");
                }
                _ => false,
            };
            if poison {
                *lane = Scalar::Poison;
            }
            let bytes = if matches!(lane, Scalar::Pointer(p) if self.memory.address(*p) == 0) {
                a.dereferenceable
            } else {
                a.dereferenceable.max(a.dereferenceable_or_null)
            };
            if bytes > 0 {
                // A function's own local is gone when its result is looked at.
                let holds = match lane {
                    Scalar::Pointer(p) => {
                        self.span(*p, bytes)?.is_some()
                            && !self
                                .memory
                                .block(*p)
                                .is_some_and(|b| b.hidden || (a.writable && b.constant))
                    }
                    _ => false,
                };
                if !holds {
                    return Stop::undefined("pointer is not dereferenceable as its attribute says");
                }
            }
            if a.noundef && matches!(lane, Scalar::Poison | Scalar::Undef) {
                return Stop::undefined("poison or undef where noundef is promised");
            }
        }
        Ok(lanes)
    }

    /// The lanes of an operand.
    pub(super) fn lanes(&self, id: ValueId) -> Result<Lanes, Stop> {
        match &self.function.value(id).kind {
            ValueKind::Constant(constant) => self.constant(constant, &self.function.value(id).ty),
            _ => match &self.values[id.0 as usize] {
                Some(lanes) => Ok(lanes.clone()),
                None => Stop::stuck(
                    "unsupported-instruction",
                    format!("%{} has no value", self.function.value(id).name),
                ),
            },
        }
    }

    /// The single lane of an operand.
    pub(super) fn scalar(&self, id: ValueId) -> Result<Scalar, Stop> {
        match self.lanes(id)?.as_slice() {
            [one] => Ok(*one),
            _ => Stop::stuck(
                "unsupported-instruction",
                "a vector where a scalar is expected",
            ),
        }
    }

    /// Bits of a scalar that an operation needs to know; `None` is poison.
    pub(super) fn need(&self, scalar: Scalar, width: u32) -> Result<Option<u128>, Stop> {
        match (scalar, self.choice) {
            (Scalar::Int(bits), _) => Ok(Some(bits)),
            (Scalar::Poison, _) => Ok(None),
            (Scalar::Undef, _) => self.chosen(width, "an operation on undef").map(Some),
            (Scalar::Pointer(_), _) => {
                Stop::stuck("memory-model", "a pointer where an integer is expected")
            }
        }
    }

    /// Any value of a width, as the choice says.
    pub(super) fn chosen(&self, width: u32, what: &str) -> Result<u128, Stop> {
        match self.choice {
            Choice::Refuse => Stop::stuck("undef", what),
            Choice::Zero => Ok(0),
            Choice::Ones => Ok(fold::mask(width)),
            Choice::Mixed(seed) => Ok(self.script.borrow_mut().mixed(seed) & fold::mask(width)),
            Choice::Scripted => match self.script.borrow_mut().next(width) {
                Some(bits) => Ok(bits),
                None => Stop::stuck("undef", what),
            },
        }
    }

    fn constant(&self, constant: &Constant, ty: &Type) -> Result<Lanes, Stop> {
        let fill = |scalar: Scalar| match self.module.lanes(ty) {
            Some(lanes) => Ok(vec![scalar; lanes.len()]),
            None => Stop::stuck("unsupported-instruction", format!("constant of type {ty}")),
        };
        match constant {
            Constant::Int(bits) => Ok(vec![Scalar::Int(*bits)]),
            Constant::Poison => fill(Scalar::Poison),
            Constant::Undef => fill(Scalar::Undef),
            Constant::Null => fill(Scalar::Pointer(Pointer {
                block: 0,
                offset: 0,
            })),
            Constant::Zero => match self.module.lanes(ty) {
                Some(lanes) => lanes
                    .iter()
                    .map(|lane| match lane {
                        Type::Int(_) | Type::Float(_) => Ok(Scalar::Int(0)),
                        Type::Pointer => Ok(Scalar::Pointer(Pointer {
                            block: 0,
                            offset: 0,
                        })),
                        _ => Stop::stuck("floating-point", format!("constant of type {ty}")),
                    })
                    .collect(),
                None => Stop::stuck("unsupported-instruction", format!("constant of type {ty}")),
            },
            Constant::Aggregate(fields) => {
                let mut out = Vec::new();
                for (ty, field) in fields.iter() {
                    out.extend(self.constant(field, ty)?);
                }
                Ok(out)
            }
            Constant::Global(name) => self.global(name, 0),
            Constant::Offset(base, offset, _) => match &**base {
                Constant::Global(name) => self.global(name, *offset),
                _ => Stop::stuck("memory-model", "constant address"),
            },
            Constant::Float(text) => match self.module.float_bits(ty, text) {
                Some(bits) => Ok(vec![Scalar::Int(bits)]),
                None => Stop::stuck("floating-point", format!("{ty} {text}")),
            },
            Constant::Wide(_) => {
                Stop::stuck("unsupported-instruction", "an integer wider than 128 bits")
            }
            Constant::Unsupported(text) => Stop::stuck("unsupported-instruction", text.to_string()),
        }
    }

    fn global(&self, name: &str, offset: i64) -> Result<Lanes, Stop> {
        let label = format!("@{name}");
        match self.memory.blocks.iter().position(|b| b.name == label) {
            Some(block) => Ok(vec![Scalar::Pointer(Pointer {
                block: block as u32,
                offset,
            })]),
            None => Stop::stuck("memory-model", format!("address of {label}")),
        }
    }

    pub(super) fn width(&self, id: ValueId) -> Result<u32, Stop> {
        match self.function.ty(id).scalar() {
            Type::Int(bits) if *bits <= 128 => Ok(*bits),
            Type::Pointer => Ok(64),
            Type::Float(kind) if crate::float::fields(*kind).is_some() => Ok(kind.bits()),
            Type::Float(kind) => Stop::stuck("floating-point", kind.name()),
            ty => Stop::stuck("unsupported-instruction", format!("type {ty}")),
        }
    }

    fn operation(&mut self, id: ValueId, op: &Op) -> Result<Lanes, Stop> {
        match op {
            Op::Binary {
                op,
                flags,
                lhs,
                rhs,
            } => {
                let width = self.width(*lhs)?;
                let (a, b) = (self.lanes(*lhs)?, self.lanes(*rhs)?);
                a.into_iter()
                    .zip(b)
                    .map(|(a, b)| self.binary(*op, *flags, width, a, b))
                    .collect()
            }
            Op::Compare {
                predicate,
                flags,
                lhs,
                rhs,
            } => {
                let width = self.width(*lhs)?;
                let (a, b) = (self.lanes(*lhs)?, self.lanes(*rhs)?);
                a.into_iter()
                    .zip(b)
                    .map(|(a, b)| self.compare(*predicate, *flags, width, a, b))
                    .collect()
            }
            Op::Select { condition, yes, no } => self.select(*condition, *yes, *no),
            Op::Freeze { value } => {
                let pointer = *self.function.ty(*value).scalar() == Type::Pointer;
                let width = self.width(*value)?;
                self.lanes(*value)?
                    .into_iter()
                    .map(|lane| match lane {
                        Scalar::Poison | Scalar::Undef
                            if pointer
                                && !matches!(self.choice, Choice::Refuse | Choice::Scripted) =>
                        {
                            Ok(Scalar::Pointer(Pointer {
                                block: 0,
                                offset: 0,
                            }))
                        }
                        Scalar::Poison | Scalar::Undef if pointer => {
                            Stop::stuck("undef", "freeze of poison or undef")
                        }
                        Scalar::Poison | Scalar::Undef => self
                            .chosen(width, "freeze of poison or undef")
                            .map(Scalar::Int),
                        lane => Ok(lane),
                    })
                    .collect()
            }
            Op::Cast { op, flags, value } => self.cast(id, *op, *flags, *value),
            Op::FloatArithmetic { mnemonic, operands } => self.float_arithmetic(mnemonic, operands),
            Op::ExtractElement { vector, index } => {
                let lanes = self.lanes(*vector)?;
                let width = self.width(*index)?;
                let index = self.scalar(*index)?;
                let at = self
                    .need(index, width)?
                    .and_then(|i| usize::try_from(i).ok());
                Ok(vec![
                    at.and_then(|i| lanes.get(i).copied())
                        .unwrap_or(Scalar::Poison),
                ])
            }
            Op::InsertElement {
                vector,
                element,
                index,
            } => {
                let mut lanes = self.lanes(*vector)?;
                let element = self.scalar(*element)?;
                let width = self.width(*index)?;
                let index = self.scalar(*index)?;
                match self
                    .need(index, width)?
                    .and_then(|i| usize::try_from(i).ok())
                    .filter(|i| *i < lanes.len())
                {
                    Some(i) => lanes[i] = element,
                    None => lanes.fill(Scalar::Poison),
                }
                Ok(lanes)
            }
            Op::ShuffleVector {
                first,
                second,
                mask,
            } => {
                let mut lanes = self.lanes(*first)?;
                lanes.extend(self.lanes(*second)?);
                Ok(mask
                    .iter()
                    .map(|m| {
                        m.and_then(|i| lanes.get(i as usize).copied())
                            .unwrap_or(Scalar::Poison)
                    })
                    .collect())
            }
            Op::ExtractValue { aggregate, indices } => {
                let lanes = self.lanes(*aggregate)?;
                let (first, count) = self.path(*aggregate, indices)?;
                Ok(lanes[first..first + count].to_vec())
            }
            Op::InsertValue {
                aggregate,
                element,
                indices,
            } => {
                let mut lanes = self.lanes(*aggregate)?;
                let element = self.lanes(*element)?;
                let (first, count) = self.path(*aggregate, indices)?;
                if count != element.len() {
                    return Stop::stuck("unsupported-instruction", "insertvalue of another shape");
                }
                lanes[first..first + count].copy_from_slice(&element);
                Ok(lanes)
            }
            Op::Alloca {
                element,
                count,
                align,
            } => self.alloca(id, element, *count, *align),
            Op::Load {
                pointer,
                align,
                result,
            } => {
                let lanes = self.load(id, *pointer, *align)?;
                self.attributed(lanes, self.function.ty(id), result)
            }
            Op::Store {
                value,
                pointer,
                align,
            } => self.store(*value, *pointer, *align),
            Op::GetElementPointer {
                element,
                flags,
                base,
                indices,
            } => self.element_pointer(element, *flags, *base, indices),
            Op::Call {
                callee,
                arguments,
                result,
                site,
            } => {
                let mut lanes = Vec::new();
                for (value, attributes) in arguments {
                    let ty = self.function.ty(*value).clone();
                    if matches!(ty, Type::Opaque(_)) {
                        lanes.push(Vec::new());
                        continue;
                    }
                    lanes.push(self.attributed(self.lanes(*value)?, &ty, attributes)?);
                }
                let out = self.callee(id, callee, lanes, site)?;
                let ty = self.function.ty(id).clone();
                self.attributed(out, &ty, result)
            }
            Op::Unsupported { mnemonic, .. } => {
                Stop::stuck("unsupported-instruction", mnemonic.clone())
            }
            _ => Stop::stuck("unsupported-instruction", "terminator inside a block"),
        }
    }

    fn path(&self, aggregate: ValueId, indices: &[u32]) -> Result<(usize, usize), Stop> {
        let found = self.module.lane_path(self.function.ty(aggregate), indices);
        match found.and_then(|(first, ty)| Some((first, self.module.lanes(&ty)?.len()))) {
            Some(found) => Ok(found),
            None => Stop::stuck("unsupported-instruction", "aggregate path"),
        }
    }

    fn binary(
        &self,
        op: crate::BinaryOp,
        flags: Flags,
        width: u32,
        a: Scalar,
        b: Scalar,
    ) -> Result<Scalar, Stop> {
        use crate::BinaryOp::{SDiv, SRem, UDiv, URem};
        let divides = matches!(op, UDiv | SDiv | URem | SRem);
        if divides && b == Scalar::Undef {
            return Stop::undefined("division by undef");
        }
        let (a, b) = (self.need(a, width)?, self.need(b, width)?);
        let folded = match (a, b) {
            (Some(a), Some(b)) => fold::binary(op, flags, width, a, b),
            (_, None) if divides => return Stop::undefined("division by poison"),
            (None, Some(0)) if divides => return Stop::undefined("division by zero"),
            (None, Some(b)) if matches!(op, SDiv | SRem) && b == fold::mask(width) => {
                return Stop::undefined("signed division of poison by -1");
            }
            _ => Folded::Poison,
        };
        match folded {
            Folded::Bits(bits) => Ok(Scalar::Int(bits)),
            Folded::Poison => Ok(Scalar::Poison),
            Folded::Undefined => Stop::undefined(if b == Some(0) {
                "division by zero"
            } else {
                "signed division overflow"
            }),
        }
    }

    fn compare(
        &self,
        predicate: crate::Predicate,
        flags: Flags,
        width: u32,
        a: Scalar,
        b: Scalar,
    ) -> Result<Scalar, Stop> {
        let truth = |b: bool| Ok(Scalar::Int(u128::from(b)));
        if let (Scalar::Pointer(p), Scalar::Pointer(q)) = (a, b) {
            return truth(self.compare_pointers(predicate, p, q)?);
        }
        if matches!((a, b), (Scalar::Poison, _) | (_, Scalar::Poison)) {
            return Ok(Scalar::Poison);
        }
        match (self.need(a, width)?, self.need(b, width)?) {
            (Some(a), Some(b)) if flags.samesign && (a ^ b) >> (width - 1) != 0 => {
                Ok(Scalar::Poison)
            }
            (Some(a), Some(b)) => truth(fold::compare(predicate, width, a, b)),
            _ => Ok(Scalar::Poison),
        }
    }

    fn compare_pointers(
        &self,
        predicate: crate::Predicate,
        p: Pointer,
        q: Pointer,
    ) -> Result<bool, Stop> {
        use crate::Predicate::{Eq, Ne};
        if p.block == q.block {
            return Ok(fold::compare(
                predicate,
                64,
                u128::from(self.memory.address(p)),
                u128::from(self.memory.address(q)),
            ));
        }
        let hidden = |x: Pointer| self.memory.block(x).is_some_and(|b| b.hidden);
        if !hidden(p) && !hidden(q) {
            return Ok(fold::compare(
                predicate,
                64,
                u128::from(self.memory.address(p)),
                u128::from(self.memory.address(q)),
            ));
        }
        if self.function.null_is_valid {
            return Stop::stuck("memory-model", "an address that null may be");
        }
        // A local's address is unknown, but two pointers into different live blocks differ; so does null.
        let inside = |x: Pointer| x.block == 0 && x.offset == 0 || self.memory.span(x, 1).is_some();
        match predicate {
            Eq | Ne if inside(p) && inside(q) => Ok(predicate == Ne),
            _ => Stop::stuck(
                "memory-model",
                "comparison that depends on the address of a local",
            ),
        }
    }

    fn select(&self, condition: ValueId, yes: ValueId, no: ValueId) -> Result<Lanes, Stop> {
        let condition = self.lanes(condition)?;
        let (yes, no) = (self.lanes(yes)?, self.lanes(no)?);
        let pick = |c: Scalar, y: Scalar, n: Scalar| {
            Ok(match self.need(c, 1)? {
                None => Scalar::Poison,
                Some(0) => n,
                Some(_) => y,
            })
        };
        if let [one] = condition.as_slice() {
            return yes
                .into_iter()
                .zip(no)
                .map(|(y, n)| pick(*one, y, n))
                .collect();
        }
        condition
            .into_iter()
            .zip(yes)
            .zip(no)
            .map(|((c, y), n)| pick(c, y, n))
            .collect()
    }

    fn cast(&self, id: ValueId, op: CastOp, flags: Flags, value: ValueId) -> Result<Lanes, Stop> {
        let (from, to) = (
            self.function.ty(value).clone(),
            self.function.ty(id).clone(),
        );
        if let CastOp::Float(name) = op {
            return self.float_cast(id, name.0, flags, value);
        }
        let lanes = self.lanes(value)?;
        if op == CastOp::BitCast {
            return self.bitcast(lanes, &from, &to);
        }
        if op == CastOp::IntToPtr {
            return Stop::stuck("memory-model", "inttoptr");
        }
        let (narrow, wide) = (self.width(value)?, self.width(id)?);
        lanes
            .into_iter()
            .map(|lane| {
                if let Scalar::Pointer(p) = lane {
                    if self.memory.block(p).is_some_and(|b| b.hidden) {
                        return Stop::stuck("memory-model", "address of a local");
                    }
                    return Ok(Scalar::Int(
                        u128::from(self.memory.address(p)) & fold::mask(wide),
                    ));
                }
                let Some(bits) = self.need(lane, narrow)? else {
                    return Ok(Scalar::Poison);
                };
                Ok(match op {
                    CastOp::ZExt if flags.nneg && bits >> (narrow - 1) != 0 => Scalar::Poison,
                    CastOp::SExt => {
                        Scalar::Int(fold::signed(bits, narrow) as u128 & fold::mask(wide))
                    }
                    CastOp::Trunc => {
                        let cut = bits & fold::mask(wide);
                        let lost = (flags.nuw && cut != bits)
                            || (flags.nsw && fold::signed(cut, wide) != fold::signed(bits, narrow));
                        if lost {
                            Scalar::Poison
                        } else {
                            Scalar::Int(cut)
                        }
                    }
                    _ => Scalar::Int(bits),
                })
            })
            .collect()
    }

    pub(super) fn bitcast(&self, lanes: Lanes, from: &Type, to: &Type) -> Result<Lanes, Stop> {
        if from == to {
            return Ok(lanes);
        }
        let width = |ty: &Type| match ty.scalar() {
            Type::Float(kind) => Some(kind.bits()),
            ty => ty.int_bits().filter(|bits| *bits <= 128),
        };
        let (Some(a), Some(b)) = (width(from), width(to)) else {
            return Stop::stuck(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        };
        let Some(count) = self.module.lanes(to).map(|l| l.len() as u32) else {
            return Stop::stuck("unsupported-instruction", format!("bitcast to {to}"));
        };
        if a * lanes.len() as u32 != b * count {
            return Stop::stuck(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        }
        // Lane 0 holds the low bits, or on a big-endian machine the high ones. A result with one poison bit is poison.
        let mut bits: Vec<Option<bool>> = Vec::new();
        let mut lanes = lanes;
        let big = self.module.layout.big_endian;
        if big {
            lanes.reverse();
        }
        for lane in lanes {
            let value = self.need(lane, a)?;
            bits.extend((0..a).map(|i| value.map(|v| v >> i & 1 == 1)));
        }
        let mut out: Lanes = bits
            .chunks(b as usize)
            .map(|chunk| {
                chunk
                    .iter()
                    .enumerate()
                    .try_fold(0u128, |acc, (i, bit)| {
                        bit.map(|bit| acc | u128::from(bit) << i)
                    })
                    .map_or(Scalar::Poison, Scalar::Int)
            })
            .collect();
        if big {
            out.reverse();
        }
        Ok(out)
    }

    fn callee(
        &mut self,
        id: ValueId,
        callee: &Callee,
        arguments: Vec<Lanes>,
        site: &CallEffects,
    ) -> Result<Lanes, Stop> {
        let Callee::Named(name) = callee else {
            return Stop::stuck("external-call", "indirect call");
        };
        if name.starts_with("llvm.") {
            return self.intrinsic(id, name, &arguments);
        }
        let Some(function) = self.module.function(name) else {
            return self.stranger(id, name, arguments, site);
        };
        if self.depth >= CALL_DEPTH_LIMIT {
            return Err(Stop::OutOfFuel);
        }
        let own = self.memory.blocks.len();
        let mut inner = Frame {
            module: self.module,
            function,
            values: vec![None; function.values.len()],
            memory: std::mem::take(&mut self.memory),
            fuel: self.fuel,
            choice: self.choice,
            touched: (false, false),
            own: self.own,
            strangers: self.strangers,
            calls: std::mem::take(&mut self.calls),
            script: RefCell::new(self.script.take()),
            depth: self.depth + 1,
        };
        let result = inner.call(&arguments, &mut |_, _| {});
        self.fuel = inner.fuel;
        self.touched.0 |= inner.touched.0;
        self.touched.1 |= inner.touched.1;
        self.calls = inner.calls;
        self.script = inner.script;
        self.memory = inner.memory;
        self.memory
            .blocks
            .iter_mut()
            .skip(own)
            .for_each(|b| b.live = false);
        result
    }
}
