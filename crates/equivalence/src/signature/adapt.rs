//! Rewrites a function to the plain form of a signature.

use calque_ir::{
    CastOp, Constant, Flags, Function, Module, Op, Parameter, ParameterAttributes, Predicate, Type,
    ValueId, ValueKind,
};

use super::{Abstract, Signature, panics};

/// Elements that a slice has fewer of: C's `int` counts them.
const LENGTH_LIMIT: u128 = 1 << 31;

/// The module with one function in the plain form, and whether some parameter said `noalias`; else why it does not fit.
pub(crate) fn adapt(
    module: &Module,
    name: &str,
    signature: &Signature,
) -> Result<(Module, bool), String> {
    let mut out = module.clone();
    let Some(at) = out.functions.iter().position(|f| f.name == name) else {
        return Err(format!("no function @{name} is defined"));
    };
    let mut function = out.functions[at].clone();
    let noalias = function.parameters.iter().any(|p| p.attributes.noalias);
    let mut adapter = Adapter {
        module,
        prologue: Vec::new(),
        plain: Vec::new(),
        given: std::mem::take(&mut function.parameters).into(),
        function: &mut function,
    };
    for wanted in &signature.parameters {
        adapter
            .parameter(wanted)
            .map_err(|e| format!("@{name}: {e}"))?;
    }
    adapter
        .result(&signature.result)
        .map_err(|e| format!("@{name}: {e}"))?;
    if let Some(left) = adapter.given.front() {
        let ty = adapter.function.ty(left.value);
        return Err(format!(
            "@{name}: the signature has no counterpart of its parameter of type {ty}"
        ));
    }
    let (prologue, plain) = (adapter.prologue, adapter.plain);
    function.parameters = plain;
    if let Some(entry) = function.blocks.first_mut() {
        entry.instructions.splice(0..0, prologue);
    }
    panics::unify(module, &mut function);
    out.functions[at] = function;
    Ok((out, noalias))
}

struct Adapter<'a> {
    module: &'a Module,
    function: &'a mut Function,
    /// The function's own parameters that are not matched yet.
    given: std::collections::VecDeque<Parameter>,
    /// Parameters of the plain form.
    plain: Vec<Parameter>,
    /// Instructions that make the old parameters of the new ones.
    prologue: Vec<ValueId>,
}

/// What the signature promises of every argument.
fn value() -> ParameterAttributes {
    ParameterAttributes {
        noundef: true,
        ..ParameterAttributes::default()
    }
}

impl Adapter<'_> {
    fn parameter(&mut self, wanted: &Abstract) -> Result<(), String> {
        let Some(first) = self.given.pop_front() else {
            return Err("it has fewer parameters than the signature".into());
        };
        let ty = self.ty(first.value);
        match (wanted, &ty) {
            (Abstract::Scalar(scalar), ty) if scalar == ty => self.keep(first.value, value()),
            (Abstract::Bool, Type::Int(1)) => self.keep(first.value, value()),
            (Abstract::Bool, Type::Int(_)) => {
                let flag = self.fresh(Type::Int(1), first.value, "", value());
                self.make(first.value, cast(CastOp::ZExt, flag));
            }
            (Abstract::Out(element), Type::Pointer) => {
                let attributes = ParameterAttributes {
                    dereferenceable: self.size(element)?,
                    writable: true,
                    ..self.pointer(element)?
                };
                self.keep(first.value, attributes);
            }
            (Abstract::Slice(element), Type::Pointer) => {
                let length = self.next_integer()?;
                let attributes = self.pointer(element)?;
                self.keep(first.value, attributes);
                self.length(length);
            }
            (Abstract::Slice(element), Type::Int(_)) => {
                let Some(pointer) = self
                    .given
                    .pop_front()
                    .filter(|p| self.ty(p.value) == Type::Pointer)
                else {
                    return Err("a slice is a pointer and a length; only a length was found".into());
                };
                let attributes = self.pointer(element)?;
                self.keep(pointer.value, attributes);
                self.length(first.value);
            }
            (Abstract::Slice(element), Type::Struct(fields, false)) => {
                let at = match fields.as_ref() {
                    [Type::Int(64), Type::Pointer] => 1,
                    [Type::Pointer, Type::Int(64)] => 0,
                    _ => return Err(format!("a slice cannot be {ty}")),
                };
                let attributes = self.pointer(element)?;
                let pointer = self.fresh(Type::Pointer, first.value, ".ptr", attributes);
                let length = self.fresh_length(first.value);
                let empty = self.constant(ty.clone(), Constant::Poison);
                let half = self.emit(ty.clone(), insert(empty, pointer, at));
                self.make(first.value, insert(half, length, 1 - at));
            }
            _ => return Err(format!("{} cannot be {ty}", describe(wanted))),
        }
        Ok(())
    }

    fn result(&mut self, wanted: &Abstract) -> Result<(), String> {
        let ty = self.module.resolve(&self.function.result).clone();
        let plain = match (wanted, &ty) {
            (Abstract::Nothing, Type::Void) | (Abstract::Bool, Type::Int(1)) => return Ok(()),
            (Abstract::Scalar(scalar), ty) if scalar == ty => return Ok(()),
            (Abstract::Bool, Type::Int(_)) => Type::Int(1),
            (Abstract::Optional(element), _) => {
                Type::Struct([Type::Int(1), element.clone()].into(), false)
            }
            _ => return Err(format!("a result of {} cannot be {ty}", describe(wanted))),
        };
        // C gives an optional value through its last parameter.
        let place = match (wanted, &ty) {
            (Abstract::Optional(element), Type::Int(_)) => {
                let Some(place) = self
                    .given
                    .pop_front()
                    .filter(|p| self.ty(p.value) == Type::Pointer)
                else {
                    return Err(format!(
                        "an option that is {ty} needs a last parameter for its value"
                    ));
                };
                let (element, align) = (element.clone(), self.size(element)?);
                self.make(
                    place.value,
                    Op::Alloca {
                        element,
                        count: None,
                        align,
                    },
                );
                Some(place.value)
            }
            _ => None,
        };
        for block in 0..self.function.blocks.len() {
            let Some(&end) = self.function.blocks[block].instructions.last() else {
                continue;
            };
            let Some(Op::Return { value: Some(value) }) = self.function.op(end).cloned() else {
                continue;
            };
            let before = std::mem::take(&mut self.prologue);
            let result = match wanted {
                Abstract::Optional(element) => self.optional(value, &ty, place, element, &plain)?,
                _ => self.is_set(value, &ty),
            };
            let made = std::mem::replace(&mut self.prologue, before);
            let list = &mut self.function.blocks[block].instructions;
            let at = list.len() - 1;
            list.splice(at..at, made);
            if let Some(op) = self.function.op_mut(end) {
                *op = Op::Return {
                    value: Some(result),
                };
            }
        }
        self.function.result = plain;
        self.function.result_attributes = ParameterAttributes::default();
        Ok(())
    }

    /// `{ i1, T }` of what the function returns.
    fn optional(
        &mut self,
        value: ValueId,
        ty: &Type,
        place: Option<ValueId>,
        element: &Type,
        plain: &Type,
    ) -> Result<ValueId, String> {
        let (flag, payload) = match (ty, place) {
            (_, Some(pointer)) => {
                let align = self.size(element)?;
                let load = Op::Load {
                    pointer,
                    align,
                    result: ParameterAttributes::default(),
                };
                (self.is_set(value, ty), self.emit(element.clone(), load))
            }
            (Type::Struct(fields, _), None) => match fields.as_ref() {
                [tag @ Type::Int(_), payload] if payload == element => {
                    let part = |index| Op::ExtractValue {
                        aggregate: value,
                        indices: vec![index],
                    };
                    let set = self.emit(tag.clone(), part(0));
                    let payload = self.emit(element.clone(), part(1));
                    (self.is_set(set, tag), payload)
                }
                _ => return Err(format!("an option of {element} cannot be {ty}")),
            },
            _ => return Err(format!("an option of {element} cannot be {ty}")),
        };
        let none = self.constant(element.clone(), Constant::Zero);
        let payload = self.emit(
            element.clone(),
            Op::Select {
                condition: flag,
                yes: payload,
                no: none,
            },
        );
        let empty = self.constant(plain.clone(), Constant::Poison);
        let half = self.emit(plain.clone(), insert(empty, flag, 0));
        Ok(self.emit(plain.clone(), insert(half, payload, 1)))
    }

    /// Whether an integer differs from 0.
    fn is_set(&mut self, value: ValueId, ty: &Type) -> ValueId {
        if *ty == Type::Int(1) {
            return value;
        }
        let zero = self.constant(ty.clone(), Constant::Int(0));
        self.emit(
            Type::Int(1),
            Op::Compare {
                predicate: Predicate::Ne,
                flags: Flags::default(),
                lhs: value,
                rhs: zero,
            },
        )
    }

    fn next_integer(&mut self) -> Result<ValueId, String> {
        match self.given.pop_front() {
            Some(p) if matches!(self.ty(p.value), Type::Int(_)) => Ok(p.value),
            _ => Err("a slice is a pointer and a length; only a pointer was found".into()),
        }
    }

    /// The old length, of whatever width, made of the plain one.
    fn length(&mut self, old: ValueId) {
        let width = self.ty(old).int_bits().unwrap_or(64);
        let length = ParameterAttributes {
            range: Some((0, LENGTH_LIMIT)),
            ..value()
        };
        match width.cmp(&64) {
            std::cmp::Ordering::Equal => self.keep(old, length),
            std::cmp::Ordering::Less => {
                let plain = self.fresh_length(old);
                self.make(old, cast(CastOp::Trunc, plain));
            }
            std::cmp::Ordering::Greater => {
                let plain = self.fresh_length(old);
                self.make(old, cast(CastOp::ZExt, plain));
            }
        }
    }

    fn fresh_length(&mut self, like: ValueId) -> ValueId {
        let length = ParameterAttributes {
            range: Some((0, LENGTH_LIMIT)),
            ..value()
        };
        self.fresh(Type::Int(64), like, ".len", length)
    }

    fn pointer(&self, element: &Type) -> Result<ParameterAttributes, String> {
        Ok(ParameterAttributes {
            nonnull: true,
            align: self.size(element)?,
            ..value()
        })
    }

    /// Bytes of a scalar, which is its alignment in C, Rust and D alike.
    fn size(&self, element: &Type) -> Result<u64, String> {
        self.module
            .store_size(element)
            .ok_or_else(|| format!("the size of {element} is not known"))
    }

    fn ty(&self, value: ValueId) -> Type {
        self.module.resolve(self.function.ty(value)).clone()
    }

    /// An old parameter is the next plain one.
    fn keep(&mut self, old: ValueId, attributes: ParameterAttributes) {
        self.function.values[old.0 as usize].kind = ValueKind::Argument(self.plain.len() as u32);
        self.plain.push(Parameter {
            value: old,
            attributes,
        });
    }

    /// The next plain parameter, as a value of its own.
    fn fresh(
        &mut self,
        ty: Type,
        like: ValueId,
        suffix: &str,
        attributes: ParameterAttributes,
    ) -> ValueId {
        let name = format!("{}{suffix}", self.function.value(like).name);
        let kind = ValueKind::Argument(self.plain.len() as u32);
        let value = self.function.add_value(ty, kind, &name);
        self.plain.push(Parameter { value, attributes });
        value
    }

    /// An old parameter is the result of an instruction.
    fn make(&mut self, old: ValueId, op: Op) {
        self.function.values[old.0 as usize].kind = ValueKind::Instruction(op);
        self.prologue.push(old);
    }

    fn emit(&mut self, ty: Type, op: Op) -> ValueId {
        let value = self.function.add_value(ty, ValueKind::Instruction(op), "");
        self.prologue.push(value);
        value
    }

    fn constant(&mut self, ty: Type, constant: Constant) -> ValueId {
        self.function
            .add_value(ty, ValueKind::Constant(constant), "")
    }
}

fn cast(op: CastOp, value: ValueId) -> Op {
    Op::Cast {
        op,
        flags: Flags::default(),
        value,
    }
}

fn insert(aggregate: ValueId, element: ValueId, at: u32) -> Op {
    Op::InsertValue {
        aggregate,
        element,
        indices: vec![at],
    }
}

fn describe(wanted: &Abstract) -> String {
    match wanted {
        Abstract::Scalar(ty) => ty.to_string(),
        Abstract::Bool => "bool".into(),
        Abstract::Slice(ty) => format!("slice<{ty}>"),
        Abstract::Out(ty) => format!("out<{ty}>"),
        Abstract::Optional(ty) => format!("option<{ty}>"),
        Abstract::Nothing => "()".into(),
    }
}
