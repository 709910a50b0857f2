//! A module: functions as arenas of values and blocks.

use crate::collections::HashMap;
use std::rc::Rc;

use crate::instruction::Op;
use crate::types::{Layout, Type};

/// Index of a value in `Function::values`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// Index of a block in `Function::blocks`; block 0 is the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub u32);

/// A constant of any type; the type stands beside it in `Value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// Bits of an integer of at most 128 bits, zero above its width.
    Int(u128),
    /// An integer too wide for `Int`, as written.
    Wide(String),
    /// Floating point, as written.
    Float(String),
    /// `null`.
    Null,
    /// `undef`.
    Undef,
    /// `poison`.
    Poison,
    /// `zeroinitializer`.
    Zero,
    /// Vector, array or struct, field by field.
    Aggregate(Rc<[(Type, Constant)]>),
    /// `@name`.
    Global(Rc<str>),
    /// Constant `getelementptr` into a global or null with a byte offset; inbounds as flagged.
    Offset(Rc<Constant>, i64, bool),
    /// Read, never given a meaning; the text is kept.
    Unsupported(Rc<str>),
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// The n-th parameter.
    Argument(u32),
    /// A constant.
    Constant(Constant),
    /// The result of an instruction; also instructions without a result.
    Instruction(Op),
    /// A name used before its definition; none is left after parsing.
    Forward,
}

/// A value and its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Type of the value, `Void` for instructions without one.
    pub ty: Type,
    /// What it is.
    pub kind: ValueKind,
    /// The name in the text, without `%`.
    pub name: Rc<str>,
    /// One-based line of an instruction in the text, 0 for what has no line of its own.
    pub line: u32,
}

/// A basic block; the last instruction is the terminator.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Instructions in order.
    pub instructions: Vec<ValueId>,
    /// The name in the text, without `%`.
    pub name: Rc<str>,
}

/// Attributes of a parameter, an argument or a result that change meaning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterAttributes {
    /// Undef or poison here is undefined behaviour.
    pub noundef: bool,
    /// Null here is poison.
    pub nonnull: bool,
    /// Misalignment here is poison; 0 or 1 is none. Bytes.
    pub align: u64,
    /// Taken off before `align` looks. Bytes.
    pub align_offset: u64,
    /// This many bytes can be loaded, or it is undefined behaviour.
    pub dereferenceable: u64,
    /// Null, or this many bytes can be loaded, or it is undefined behaviour.
    pub dereferenceable_or_null: u64,
    /// What `dereferenceable` names can be stored to as well.
    pub writable: bool,
    /// Outside `[low, high)` (wrapping) is poison.
    pub range: Option<(u128, u128)>,
    /// Memory reached through it is reached through nothing else.
    pub noalias: bool,
    /// `readonly` or `readnone`: a store through it is undefined behaviour.
    pub no_store: bool,
    /// `writeonly` or `readnone`: a load through it is undefined behaviour.
    pub no_load: bool,
    /// `nocapture` or `captures(...)`: it must not outlive the call.
    pub no_capture: bool,
    /// The function returns this parameter, or it is undefined behaviour.
    pub returned: bool,
    /// Attributes with a meaning that is not modelled.
    pub unsupported: Vec<String>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its value.
    pub value: ValueId,
    /// Its attributes.
    pub attributes: ParameterAttributes,
}

/// What memory a function says it touches; a wider access is undefined behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MemoryEffects {
    /// Says nothing.
    #[default]
    Any,
    /// Neither reads nor writes memory of its caller.
    None,
    /// Only reads.
    Read,
    /// Reads or writes only through its pointer arguments.
    Argument,
    /// Only reads, and only through its pointer arguments.
    ArgumentRead,
    /// Something else, by a form that is not modelled.
    Other,
}

impl MemoryEffects {
    /// What holds where both are said.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        use MemoryEffects::{Any, Argument, ArgumentRead, None, Other, Read};
        match (self, other) {
            (Any, x) | (x, Any) => x,
            (x, y) if x == y => x,
            (None, _) | (_, None) => None,
            (Read | ArgumentRead, Argument | ArgumentRead)
            | (Argument | ArgumentRead, Read)
            | (Argument, ArgumentRead) => ArgumentRead,
            _ => Other,
        }
    }
}

/// A function with a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Name without `@`.
    pub name: String,
    /// `internal` or `private`: no other module sees it.
    pub local: bool,
    /// `weak`, `linkonce` and the like: another definition may win at link time, so calls of it mean nothing known.
    pub replaceable: bool,
    /// Result type.
    pub result: Type,
    /// Attributes of the result.
    pub result_attributes: ParameterAttributes,
    /// Parameters in order.
    pub parameters: Vec<Parameter>,
    /// All values.
    pub values: Vec<Value>,
    /// All blocks, entry first, in the order of the text.
    pub blocks: Vec<Block>,
    /// `memory(...)` and its older spellings.
    pub memory: MemoryEffects,
    /// `willreturn` or `mustprogress`: not returning is undefined behaviour.
    pub must_return: bool,
    /// `noreturn`: returning is undefined behaviour.
    pub no_return: bool,
    /// `null_pointer_is_valid`: there may be memory at address 0.
    pub null_is_valid: bool,
    /// Some loop carries `llvm.loop.mustprogress`.
    pub loops_must_progress: bool,
    /// Variadic.
    pub variadic: bool,
    /// Constructs with a meaning that is not modelled, by name.
    pub unsupported: Vec<String>,
}

impl Function {
    /// The value behind an id.
    #[must_use]
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.0 as usize]
    }

    /// The type of a value.
    #[must_use]
    pub fn ty(&self, id: ValueId) -> &Type {
        &self.value(id).ty
    }

    /// The instruction behind an id, if it is one.
    #[must_use]
    pub fn op(&self, id: ValueId) -> Option<&Op> {
        if let ValueKind::Instruction(op) = &self.value(id).kind {
            Some(op)
        } else {
            None
        }
    }

    /// The instruction behind an id, if it is one.
    pub fn op_mut(&mut self, id: ValueId) -> Option<&mut Op> {
        if let ValueKind::Instruction(op) = &mut self.values[id.0 as usize].kind {
            Some(op)
        } else {
            None
        }
    }

    /// The bits of an integer constant.
    #[must_use]
    pub fn constant_int(&self, id: ValueId) -> Option<u128> {
        match (&self.value(id).kind, &self.value(id).ty) {
            (ValueKind::Constant(Constant::Int(bits)), _) => Some(*bits),
            (ValueKind::Constant(Constant::Zero), Type::Int(_)) => Some(0),
            _ => None,
        }
    }

    /// The block behind an id.
    #[must_use]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }

    /// The last instruction of a block.
    #[must_use]
    pub fn terminator(&self, id: BlockId) -> Option<&Op> {
        self.block(id).instructions.last().and_then(|v| self.op(*v))
    }

    /// The blocks that may follow a block.
    #[must_use]
    pub fn successors(&self, id: BlockId) -> Vec<BlockId> {
        self.terminator(id).map(Op::successors).unwrap_or_default()
    }

    /// Adds a value and gives its id.
    pub fn add_value(&mut self, ty: Type, kind: ValueKind, name: &str) -> ValueId {
        let id = ValueId(self.values.len() as u32);
        self.values.push(Value {
            ty,
            kind,
            name: name.into(),
            line: 0,
        });
        id
    }
}

/// A global variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Global {
    /// Its value type.
    pub ty: Type,
    /// `constant` rather than `global`.
    pub constant: bool,
    /// Absent for `external`, and where another definition may win at link time.
    pub initializer: Option<Constant>,
    /// Bytes; 0 is the type's own.
    pub align: u64,
    /// The header's text for the printer: linkage and the like dropped.
    pub unsupported: bool,
}

/// What a declaration or a call says of the function as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallEffects {
    /// `memory(...)` and its older spellings.
    pub memory: MemoryEffects,
    /// Every attribute as written, sorted, string attributes left out.
    pub words: Vec<String>,
}

impl CallEffects {
    /// Whether an attribute stands there.
    #[must_use]
    pub fn says(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }

    /// What both say together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut words = self.words.clone();
        words.extend(other.words.iter().cloned());
        crate::collections::sort(&mut words);
        words.dedup();
        Self {
            memory: self.memory.stricter(other.memory),
            words,
        }
    }
}

/// A declared function.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Result type.
    pub result: Type,
    /// Attributes of the result.
    pub result_attributes: ParameterAttributes,
    /// Attributes of each parameter.
    pub parameter_attributes: Vec<ParameterAttributes>,
    /// Attributes of the function.
    pub effects: CallEffects,
    /// Parameter types.
    pub parameters: Vec<Type>,
    /// Variadic.
    pub variadic: bool,
}

/// A parsed text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// Functions with bodies, in order.
    pub functions: Vec<Function>,
    /// Where each stands in `functions`.
    pub(crate) places: HashMap<String, usize>,
    /// Declared functions by name.
    pub declarations: HashMap<String, Declaration>,
    /// Global variables by name.
    pub globals: HashMap<String, Global>,
    /// Named types.
    pub types: HashMap<Rc<str>, Type>,
    /// Sizes and alignments.
    pub layout: Layout,
    /// What of the module's header is not modelled.
    pub unsupported: Vec<String>,
}

/// Types nest at most this deep; beyond it a size is not computed.
const DEPTH_LIMIT: u32 = 64;
/// Types within a type that are looked at for its size.
const TYPE_LIMIT: u32 = 20_000;

impl Module {
    /// The function of a name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(*self.places.get(name)?)
    }

    /// The function whose body a call of this name runs, if that is known.
    #[must_use]
    pub fn callee(&self, name: &str) -> Option<&Function> {
        self.function(name).filter(|f| !f.replaceable)
    }

    /// The function that a text is about where none is named: the only one, or the only one that other modules see.
    #[must_use]
    pub fn only_function(&self) -> Option<&Function> {
        let mut seen = self.functions.iter().filter(|f| !f.local);
        match (self.functions.as_slice(), seen.next(), seen.next()) {
            ([one], ..) | (_, Some(one), None) => Some(one),
            _ => None,
        }
    }

    /// Whether a call has the types that its callee is declared with; if not, it is undefined behaviour.
    #[must_use]
    pub fn call_fits(&self, declaration: &Declaration, result: &Type, arguments: &[&Type]) -> bool {
        let same = |a: &Type, b: &Type| self.resolve(a) == self.resolve(b);
        let fixed = declaration.parameters.len();
        same(&declaration.result, result)
            && (arguments.len() == fixed || (declaration.variadic && arguments.len() > fixed))
            && declaration
                .parameters
                .iter()
                .zip(arguments)
                .all(|(a, b)| same(a, b))
    }

    /// The body of a named type, the type itself otherwise.
    #[must_use]
    pub fn resolve<'a>(&'a self, ty: &'a Type) -> &'a Type {
        let mut ty = ty;
        for _ in 0..DEPTH_LIMIT {
            match ty {
                Type::Named(name) => match self.types.get(name) {
                    Some(body) => ty = body,
                    None => return ty,
                },
                _ => return ty,
            }
        }
        ty
    }

    /// Bytes between elements of an array of this type.
    #[must_use]
    pub fn alloc_size(&self, ty: &Type) -> Option<u64> {
        let (size, align) = self.measure(ty, DEPTH_LIMIT, &mut { TYPE_LIMIT })?;
        size.checked_next_multiple_of(align)
    }

    /// Bytes that a load or store of this type touches.
    #[must_use]
    pub fn store_size(&self, ty: &Type) -> Option<u64> {
        Some(self.measure(ty, DEPTH_LIMIT, &mut { TYPE_LIMIT })?.0)
    }

    /// Size and alignment. `left` is how many types may still be looked at: named ones may hold each other a billion times over.
    fn measure(&self, ty: &Type, depth: u32, left: &mut u32) -> Option<(u64, u64)> {
        let depth = depth.checked_sub(1)?;
        *left = left.checked_sub(1)?;
        match self.resolve(ty) {
            Type::Int(bits) => {
                let bytes = u64::from(bits.div_ceil(8));
                let align = match bytes {
                    0 | 1 => 1,
                    2 => 2,
                    3 | 4 => 4,
                    5..=8 => self.layout.i64_align,
                    _ => self.layout.i128_align.max(self.layout.i64_align),
                };
                Some((bytes, align))
            }
            Type::Pointer => Some((8, 8)),
            Type::Float(kind) => {
                let bytes = u64::from(kind.bits() / 8);
                Some((bytes, bytes.next_power_of_two()))
            }
            Type::Vector(n, element) => {
                let bits = match self.resolve(element) {
                    Type::Int(bits) => u64::from(*bits),
                    other => self.measure(other, depth, left)?.0 * 8,
                };
                let bytes = u64::from(*n).checked_mul(bits)?.div_ceil(8);
                Some((bytes, bytes.checked_next_power_of_two()?))
            }
            Type::Array(n, element) => {
                let (size, align) = self.measure(element, depth, left)?;
                let bytes = n.checked_mul(size.checked_next_multiple_of(align)?)?;
                (bytes < 1 << 40).then_some((bytes, align))
            }
            Type::Struct(fields, packed) => {
                let (mut end, mut widest) = (0u64, 1);
                for field in fields.iter() {
                    let (size, own) = self.measure(field, depth, left)?;
                    let align = if *packed { 1 } else { own };
                    widest = widest.max(align);
                    let size = size.checked_next_multiple_of(own)?;
                    end = end.checked_next_multiple_of(align)?.checked_add(size)?;
                }
                Some((end.checked_next_multiple_of(widest)?, widest))
            }
            Type::Void | Type::Named(_) | Type::Opaque(_) => None,
        }
    }

    /// ABI alignment in bytes.
    #[must_use]
    pub fn abi_align(&self, ty: &Type) -> Option<u64> {
        Some(self.measure(ty, DEPTH_LIMIT, &mut { TYPE_LIMIT })?.1)
    }

    /// Bits of a floating-point literal.
    #[must_use]
    pub fn float_bits(&self, ty: &Type, text: &str) -> Option<u128> {
        match self.resolve(ty) {
            Type::Float(kind) => crate::float::literal(*kind, text),
            _ => None,
        }
    }

    /// Byte offset of a field or element, and its type.
    #[must_use]
    pub fn field(&self, ty: &Type, index: u64) -> Option<(u64, Type)> {
        match self.resolve(ty) {
            Type::Array(_, element) => Some((
                self.alloc_size(element)?.checked_mul(index)?,
                (**element).clone(),
            )),
            Type::Vector(_, element) => match self.resolve(element) {
                // Elements of vectors are packed bit by bit; only whole bytes have an address.
                Type::Int(bits) if bits % 8 != 0 => None,
                other => Some((
                    self.store_size(other)?.checked_mul(index)?,
                    (**element).clone(),
                )),
            },
            Type::Struct(fields, packed) => {
                let mut end = 0u64;
                for (i, field) in fields.iter().enumerate() {
                    if !packed {
                        end = end.checked_next_multiple_of(self.abi_align(field)?)?;
                    }
                    if i as u64 == index {
                        return Some((end, field.clone()));
                    }
                    end = end.checked_add(self.alloc_size(field)?)?;
                }
                None
            }
            _ => None,
        }
    }

    /// Types of the scalars in a value, left to right: vectors, arrays and structs flattened. `None` beyond 4096 lanes.
    #[must_use]
    pub fn lanes(&self, ty: &Type) -> Option<Vec<Type>> {
        let mut out = Vec::new();
        self.lanes_into(ty, &mut out, DEPTH_LIMIT)?;
        Some(out)
    }

    fn lanes_into(&self, ty: &Type, out: &mut Vec<Type>, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        if out.len() > 4096 {
            return None;
        }
        match self.resolve(ty) {
            Type::Void => Some(()),
            Type::Vector(n, _) if *n > 4096 => None,
            Type::Array(n, _) if *n > 4096 => None,
            Type::Vector(n, element) => {
                (0..*n).try_for_each(|_| self.lanes_into(element, out, depth))
            }
            Type::Array(n, element) => {
                (0..*n).try_for_each(|_| self.lanes_into(element, out, depth))
            }
            Type::Struct(fields, _) => fields
                .iter()
                .try_for_each(|f| self.lanes_into(f, out, depth)),
            Type::Named(_) | Type::Opaque(_) => None,
            scalar => {
                out.push(scalar.clone());
                Some(())
            }
        }
    }

    /// The lanes `[first, first + count)` that an `extractvalue` path names, and the type there.
    #[must_use]
    pub fn lane_path(&self, ty: &Type, path: &[u32]) -> Option<(usize, Type)> {
        let mut ty = self.resolve(ty).clone();
        let mut first = 0usize;
        for &index in path {
            let inner = match &ty {
                Type::Array(n, element) if u64::from(index) < *n => {
                    first += self.lanes(element)?.len() * index as usize;
                    (**element).clone()
                }
                Type::Struct(fields, _) => {
                    for field in fields.iter().take(index as usize) {
                        first += self.lanes(field)?.len();
                    }
                    fields.get(index as usize)?.clone()
                }
                _ => return None,
            };
            ty = self.resolve(&inner).clone();
        }
        Some((first, ty))
    }
}
