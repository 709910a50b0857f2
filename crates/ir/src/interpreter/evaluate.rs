//! The loop over blocks, and what each instruction leads to.

use std::cell::{Cell, RefCell};

use super::callees::CallRecord;
use super::choices::Script;
use super::{Choice, Input, Outcome, Scalar, Stop};
use crate::collections::HashMap;
use crate::instruction::{Callee, Op};
use crate::memory::{Memory, Pointer};
use crate::module::{
    BlockId, CallEffects, Function, MemoryEffects, Module, ParameterAttributes, ValueId,
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
    /// Results that came of a choice for undef, each with how often it was read: every read may see another choice.
    pub(super) loose: HashMap<ValueId, u32>,
    /// Whether the running instruction made such a choice; whether any did.
    pub(super) loosened: Cell<bool>,
    pub(super) any_loose: bool,
    pub(super) depth: u32,
    /// The steps so far, where they are wanted, and the number of this call among all calls.
    pub(super) steps: Option<Vec<Step<'m>>>,
    pub(super) number: u32,
}

/// One instruction of a run.
#[derive(Clone, Debug)]
pub struct Step<'m> {
    /// Where it stands.
    pub function: &'m Function,
    /// Which of the run's calls of functions it is part of; the outermost is 0.
    pub frame: u32,
    /// The instruction.
    pub id: ValueId,
    /// Lanes of its result, or of what a `ret` returns; `None` while it has not ended, or where it ended the run.
    pub value: Option<Vec<Scalar>>,
    /// What a load or store went to.
    pub place: Option<Pointer>,
    /// Calls that the world had seen before it.
    pub calls: usize,
}

/// `run` that also gives all steps, in order. Phis are steps too.
#[must_use]
pub fn run_with_steps<'m>(
    module: &'m Module,
    function: &'m Function,
    input: &Input,
    fuel: u64,
    choice: Choice,
) -> (Outcome, Vec<Step<'m>>) {
    let mut frame = Frame::new(module, function, input, fuel, choice);
    frame.steps = Some(Vec::new());
    let result = frame.call(&input.arguments, &mut |_, _| {});
    let steps = frame.steps.take().unwrap_or_default();
    (frame.end(result), steps)
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
    .outcome
}

/// A run that followed a script.
pub(super) struct Scripted {
    pub(super) outcome: Outcome,
    /// The script, with what was asked beyond its end.
    pub(super) script: Script,
    /// Whether some result came of a choice for undef.
    pub(super) loose: bool,
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
) -> Scripted {
    let mut frame = Frame::new(module, function, input, fuel, choice);
    frame.script = RefCell::new(script);
    let result = frame.call(&input.arguments, visit);
    Scripted {
        script: frame.script.take(),
        loose: frame.any_loose,
        outcome: frame.end(result),
    }
}

type Lanes = Vec<Scalar>;

impl<'m> Frame<'m> {
    fn new(
        module: &'m Module,
        function: &'m Function,
        input: &Input,
        fuel: u64,
        choice: Choice,
    ) -> Self {
        Self {
            own: input.memory.blocks.len(),
            strangers: input.strangers,
            calls: Vec::new(),
            script: RefCell::default(),
            module,
            function,
            values: vec![None; function.values.len()],
            memory: input.memory.clone(),
            fuel,
            choice,
            touched: (false, false),
            loose: HashMap::default(),
            loosened: Cell::new(false),
            any_loose: false,
            depth: 0,
            steps: None,
            number: 0,
        }
    }

    /// What the outermost call came to.
    fn end(mut self, result: Result<Lanes, Stop>) -> Outcome {
        match result {
            Ok(value) => {
                let own = self.memory.blocks.iter_mut().skip(self.own);
                own.for_each(|b| b.live = false);
                Outcome::Return {
                    value,
                    memory: self.memory,
                    calls: self.calls,
                }
            }
            Err(Stop::Undefined(what)) => Outcome::Undefined(what),
            Err(Stop::OutOfFuel) => Outcome::OutOfFuel,
            Err(Stop::Stuck(code, what)) => Outcome::Stuck(code, what),
            Err(Stop::Exit) => Outcome::Exited { calls: self.calls },
        }
    }

    /// An instruction begins, if steps are wanted.
    fn note_step(&mut self, id: ValueId, op: &Op) {
        if self.steps.is_none() {
            return;
        }
        let place = match op {
            Op::Load { pointer, .. } | Op::Store { pointer, .. } => match self.scalar(*pointer) {
                Ok(Scalar::Pointer(pointer)) => Some(pointer),
                _ => None,
            },
            _ => None,
        };
        let step = Step {
            function: self.function,
            frame: self.number,
            id,
            value: None,
            place,
            calls: self.calls.len(),
        };
        self.steps.get_or_insert_default().push(step);
    }

    /// The instruction that began last in this call has a value.
    fn note_value(&mut self, value: &Lanes) {
        let number = self.number;
        let open = self.steps.iter_mut().flatten().rev();
        if let Some(step) = open.into_iter().find(|s| s.frame == number) {
            step.value = Some(value.clone());
        }
    }

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
                if matches!(op, Op::Phi { .. }) {
                    self.read_loose(id, op)?;
                    continue;
                }
                self.note_step(id, op);
                self.read_loose(id, op)?;
                let next = match op {
                    Op::Return { value } => {
                        let value = self.returned(*value)?;
                        self.note_value(&value);
                        return Ok(value);
                    }
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
                        self.note_value(&value);
                        self.values[id.0 as usize] = Some(value);
                        self.note_loose(id);
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
            self.read(*value)?;
            pending.push((id, self.lanes(*value)?, self.loosened.get()));
            self.loosened.set(false);
        }
        for (id, value, loose) in pending {
            if let Some(op) = self.function.op(id) {
                self.note_step(id, op);
                self.note_value(&value);
            }
            self.values[id.0 as usize] = Some(value);
            self.loosened.set(loose);
            self.note_loose(id);
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
        let Some(function) = self.module.callee(name) else {
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
            loose: HashMap::default(),
            loosened: Cell::new(false),
            any_loose: self.any_loose,
            depth: self.depth + 1,
            // No two calls have one number: each call is a step.
            number: self.steps.as_ref().map_or(0, Vec::len) as u32,
            steps: self.steps.take(),
        };
        let result = inner.call(&arguments, &mut |_, _| {});
        self.steps = inner.steps;
        self.fuel = inner.fuel;
        self.touched.0 |= inner.touched.0;
        self.touched.1 |= inner.touched.1;
        self.calls = inner.calls;
        self.any_loose = inner.any_loose;
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
