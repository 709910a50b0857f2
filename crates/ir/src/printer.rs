//! Prints functions: short, canonical, still accepted by `opt -passes=verify`.

use crate::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::rc::Rc;

use crate::error::IrError;
use crate::instruction::{Callee, CastOp, Flags, Op};
use crate::module::{BlockId, Constant, Function, Module, ValueId, ValueKind};
use crate::types::Type;

/// One function of a text in canonical short form, with all that its meaning rests on: the functions that it calls or names, their
/// own callees and so on, and the declarations, globals and named types that they need.
///
/// Metadata, attributes, alignment, comments and target lines are gone; values and blocks are numbered as LLVM numbers unnamed ones.
/// Flags (`nsw`, `inbounds`, ...) stay, since they are part of the meaning. The function asked for comes first; the others follow in
/// the order in which they are mentioned, as `internal`, so that the text is about one function. `function` names the one to print
/// where the text is about several.
pub fn strip(text: &str, function: Option<&str>) -> Result<String, IrError> {
    let module = crate::parser::parse(text)?;
    let found = match function {
        Some(name) => module.function(name).ok_or_else(|| {
            IrError::new(
                "no-function",
                format!("the text defines no function @{name}"),
            )
        }),
        None => module.only_function().ok_or_else(|| {
            let message = match module.functions.len() {
                0 => "the text defines no function".into(),
                many => format!("the text defines {many} functions; name one"),
            };
            IrError::new("no-function", message)
        }),
    }?;
    Ok(print_function(&module, found))
}

/// Prints a parsed function as [`strip`] does.
#[must_use]
pub fn print_function(module: &Module, function: &Function) -> String {
    let mut printer = Printer {
        module,
        function,
        numbers: HashMap::default(),
        blocks: Vec::new(),
        needs: Vec::new(),
        mentioned: Vec::new(),
        seen: HashSet::default(),
        globals: Vec::new(),
    };
    printer.mention(&function.name, Some(function));
    let mut bodies = String::new();
    let mut next = 0;
    while let Some(&function) = printer.mentioned.get(next) {
        printer.function = function;
        printer.number();
        bodies += &printer.body(if next == 0 { "" } else { "internal " });
        next += 1;
        printer.globals();
    }
    let mut head = String::new();
    crate::collections::sort(&mut printer.needs);
    for need in &printer.needs {
        head.push_str(need);
        head.push('\n');
    }
    head + &bodies
}

/// Names of the types that stand in a type.
fn named(ty: &Type, out: &mut Vec<Rc<str>>) {
    match ty {
        Type::Named(name) => out.push(name.clone()),
        Type::Vector(_, e) | Type::Array(_, e) => named(e, out),
        Type::Struct(fields, _) => fields.iter().for_each(|f| named(f, out)),
        _ => {}
    }
}

/// A name as LLVM writes it: quoted where it must be.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'$' | b'.' | b'_');
    if !name.is_empty() && name.bytes().all(plain) && !name.as_bytes()[0].is_ascii_digit() {
        return name.into();
    }
    let mut out = String::from("\"");
    for byte in name.bytes() {
        if (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "\\{byte:02X}");
        }
    }
    out + "\""
}

struct Printer<'m> {
    module: &'m Module,
    function: &'m Function,
    numbers: HashMap<ValueId, u32>,
    blocks: Vec<u32>,
    /// Lines that stand before the functions: types, globals, declarations.
    needs: Vec<String>,
    /// Defined functions to print, in order.
    mentioned: Vec<&'m Function>,
    /// Names of types, functions and globals that were met, with `%` or `@`; of those, globals that are not printed yet.
    seen: HashSet<String>,
    globals: Vec<&'m str>,
}

impl<'m> Printer<'m> {
    fn number(&mut self) {
        self.numbers.clear();
        self.blocks.clear();
        let mut next = 0;
        let mut take = || {
            next += 1;
            next - 1
        };
        for parameter in &self.function.parameters {
            self.numbers.insert(parameter.value, take());
        }
        for block in &self.function.blocks {
            self.blocks.push(take());
            for &id in &block.instructions {
                if *self.function.ty(id) != Type::Void {
                    self.numbers.insert(id, take());
                }
            }
        }
    }

    fn body(&mut self, linkage: &str) -> String {
        let f = self.function;
        let parameters: Vec<String> = f
            .parameters
            .iter()
            .map(|p| self.ty(f.ty(p.value)))
            .collect();
        let dots = if f.variadic {
            if parameters.is_empty() {
                "..."
            } else {
                ", ..."
            }
        } else {
            ""
        };
        let result = self.ty(&f.result);
        let mut out = format!(
            "define {linkage}{result} @{}({}{dots}) {{\n",
            quoted(&f.name),
            parameters.join(", ")
        );
        for (b, block) in f.blocks.iter().enumerate() {
            if b > 0 {
                let _ = writeln!(out, "{}:", self.blocks[b]);
            }
            for &id in &block.instructions {
                if let Some(number) = self.numbers.get(&id) {
                    let _ = write!(out, "%{number} = ");
                }
                let Some(op) = f.op(id) else { continue };
                let line = self.op(id, op);
                out.push_str(&line);
                out.push('\n');
            }
        }
        out + "}\n"
    }

    /// The text of a type; named ones within it, and within those, get their lines.
    fn ty(&mut self, ty: &Type) -> String {
        let mut open = Vec::new();
        named(ty, &mut open);
        let module = self.module;
        while let Some(name) = open.pop() {
            if !self.seen.insert(format!("%{name}")) {
                continue;
            }
            let body = match module.types.get(&name) {
                Some(body) => {
                    named(body, &mut open);
                    body.to_string()
                }
                None => "opaque".into(),
            };
            self.needs.push(format!("%{} = type {body}", quoted(&name)));
        }
        ty.to_string()
    }

    fn value(&mut self, id: ValueId) -> String {
        if let Some(number) = self.numbers.get(&id) {
            return format!("%{number}");
        }
        match &self.function.value(id).kind {
            ValueKind::Constant(constant) => self.constant(constant, &self.function.value(id).ty),
            _ => "poison".into(),
        }
    }

    fn typed(&mut self, id: ValueId) -> String {
        format!("{} {}", self.ty(self.function.ty(id)), self.value(id))
    }

    fn constant(&mut self, constant: &Constant, ty: &Type) -> String {
        match constant {
            Constant::Int(bits) => match ty {
                Type::Int(1) => {
                    if *bits == 0 {
                        "false".into()
                    } else {
                        "true".into()
                    }
                }
                Type::Int(width) => crate::fold::signed(*bits, *width).to_string(),
                _ => bits.to_string(),
            },
            Constant::Wide(text) | Constant::Float(text) => text.clone(),
            Constant::Null => "null".into(),
            Constant::Undef => "undef".into(),
            Constant::Poison => "poison".into(),
            Constant::Zero if matches!(ty, Type::Int(1)) => "false".into(),
            Constant::Zero if matches!(ty, Type::Int(_)) => "0".into(),
            Constant::Zero => "zeroinitializer".into(),
            Constant::Unsupported(text) => text.to_string(),
            Constant::Aggregate(fields) => {
                let inner: Vec<String> = fields
                    .iter()
                    .map(|(ty, c)| format!("{} {}", self.ty(ty), self.constant(c, ty)))
                    .collect();
                let inner = inner.join(", ");
                match ty {
                    Type::Vector(..) => format!("<{inner}>"),
                    Type::Array(..) => format!("[{inner}]"),
                    Type::Struct(_, true) => format!("<{{{inner}}}>"),
                    _ => match self.module.resolve(ty) {
                        Type::Struct(_, true) => format!("<{{{inner}}}>"),
                        Type::Array(..) => format!("[{inner}]"),
                        _ => format!("{{{inner}}}"),
                    },
                }
            }
            Constant::Global(name) => self.global(name),
            Constant::Offset(base, offset, inbounds) => {
                let base = self.constant(base, &Type::Pointer);
                let word = if *inbounds { "inbounds " } else { "" };
                format!("getelementptr {word}(i8, ptr {base}, i64 {offset})")
            }
        }
    }

    fn global(&mut self, name: &str) -> String {
        if let Some((name, _)) = self.module.globals.get_key_value(name) {
            if self.seen.insert(format!("@{name}")) {
                self.globals.push(name);
            }
        } else {
            self.mention(name, None);
        }
        format!("@{}", quoted(name))
    }

    /// Lines of the globals that were met, and of those that they name.
    fn globals(&mut self) {
        while let Some(name) = self.globals.pop() {
            let global = &self.module.globals[name];
            let head = format!("@{} = ", quoted(name));
            let kind = if global.constant {
                "constant"
            } else {
                "global"
            };
            let ty = self.ty(&global.ty);
            let line = match &global.initializer {
                Some(c) => {
                    let value = self.constant(c, &global.ty);
                    format!("{head}{kind} {ty} {value}")
                }
                None => format!("{head}external {kind} {ty}"),
            };
            self.needs.push(line);
        }
    }

    /// A function is named: its definition or, where none is known, its declaration is part of the text.
    fn mention(&mut self, name: &str, known: Option<&'m Function>) {
        let module = self.module;
        if !self.seen.insert(format!("@{name}")) {
            return;
        }
        if let Some(function) = known.or(module.callee(name)) {
            self.mentioned.push(function);
            return;
        }
        let (result, parameters, variadic) = if let Some(d) = module.declarations.get(name) {
            (d.result.clone(), d.parameters.clone(), d.variadic)
        } else if let Some(f) = module.function(name) {
            (
                f.result.clone(),
                f.parameters.iter().map(|p| f.ty(p.value).clone()).collect(),
                f.variadic,
            )
        } else {
            return;
        };
        let result = self.ty(&result);
        let mut list: Vec<String> = parameters.iter().map(|p| self.ty(p)).collect();
        if variadic {
            list.push("...".into());
        }
        self.needs.push(format!(
            "declare {result} @{}({})",
            quoted(name),
            list.join(", ")
        ));
    }

    fn label(&self, block: BlockId) -> String {
        format!("label %{}", self.blocks[block.0 as usize])
    }

    fn op(&mut self, id: ValueId, op: &Op) -> String {
        match op {
            Op::Binary {
                op,
                flags,
                lhs,
                rhs,
            } => {
                format!(
                    "{}{} {}, {}",
                    op.name(),
                    words(*flags),
                    self.typed(*lhs),
                    self.value(*rhs)
                )
            }
            Op::Compare {
                predicate,
                flags,
                lhs,
                rhs,
            } => {
                format!(
                    "icmp{} {} {}, {}",
                    words(*flags),
                    predicate.name(),
                    self.typed(*lhs),
                    self.value(*rhs)
                )
            }
            Op::Select { condition, yes, no } => {
                format!(
                    "select {}, {}, {}",
                    self.typed(*condition),
                    self.typed(*yes),
                    self.typed(*no)
                )
            }
            Op::Phi { incoming } => {
                let ty = self.ty(self.function.ty(id));
                let list: Vec<String> = incoming
                    .iter()
                    .map(|(v, b)| format!("[ {}, %{} ]", self.value(*v), self.blocks[b.0 as usize]))
                    .collect();
                format!("phi {ty} {}", list.join(", "))
            }
            Op::Freeze { value } => format!("freeze {}", self.typed(*value)),
            Op::Cast { op, flags, value } => {
                let name = match op {
                    CastOp::ZExt => "zext",
                    CastOp::SExt => "sext",
                    CastOp::Trunc => "trunc",
                    CastOp::BitCast => "bitcast",
                    CastOp::PtrToInt => "ptrtoint",
                    CastOp::IntToPtr => "inttoptr",
                    CastOp::Float(name) => name.0,
                };
                format!(
                    "{name}{} {} to {}",
                    words(*flags),
                    self.typed(*value),
                    self.ty(self.function.ty(id))
                )
            }
            Op::FloatArithmetic { mnemonic, operands } => {
                let rest: Vec<String> = operands
                    .iter()
                    .skip(1)
                    .map(|v| format!(", {}", self.value(*v)))
                    .collect();
                format!(
                    "{mnemonic} {}{}",
                    operands.first().map(|v| self.typed(*v)).unwrap_or_default(),
                    rest.concat()
                )
            }
            Op::Alloca { element, count, .. } => {
                let count = count
                    .map(|c| format!(", {}", self.typed(c)))
                    .unwrap_or_default();
                format!("alloca {}{count}", self.ty(element))
            }
            Op::Load { pointer, .. } => format!(
                "load {}, {}",
                self.ty(self.function.ty(id)),
                self.typed(*pointer)
            ),
            Op::Store { value, pointer, .. } => {
                format!("store {}, {}", self.typed(*value), self.typed(*pointer))
            }
            Op::GetElementPointer {
                element,
                flags,
                base,
                indices,
            } => {
                let inner: Vec<String> = indices
                    .iter()
                    .map(|i| format!(", {}", self.typed(*i)))
                    .collect();
                let flags = if flags.inbounds {
                    Flags {
                        nusw: false,
                        ..*flags
                    }
                } else {
                    *flags
                };
                format!(
                    "getelementptr{} {}, {}{}",
                    words(flags),
                    self.ty(element),
                    self.typed(*base),
                    inner.concat()
                )
            }
            Op::ExtractElement { vector, index } => format!(
                "extractelement {}, {}",
                self.typed(*vector),
                self.typed(*index)
            ),
            Op::InsertElement {
                vector,
                element,
                index,
            } => {
                format!(
                    "insertelement {}, {}, {}",
                    self.typed(*vector),
                    self.typed(*element),
                    self.typed(*index)
                )
            }
            Op::ShuffleVector {
                first,
                second,
                mask,
            } => {
                let lanes: Vec<String> = mask
                    .iter()
                    .map(|m| m.map_or("i32 poison".into(), |i| format!("i32 {i}")))
                    .collect();
                let (first, second) = (self.typed(*first), self.typed(*second));
                format!(
                    "shufflevector {first}, {second}, <{} x i32> <{}>",
                    mask.len(),
                    lanes.join(", ")
                )
            }
            Op::ExtractValue { aggregate, indices } => {
                format!("extractvalue {}{}", self.typed(*aggregate), path(indices))
            }
            Op::InsertValue {
                aggregate,
                element,
                indices,
            } => {
                format!(
                    "insertvalue {}, {}{}",
                    self.typed(*aggregate),
                    self.typed(*element),
                    path(indices)
                )
            }
            Op::Call {
                callee, arguments, ..
            } => self.call(id, callee, arguments),
            Op::Return { value: None } => "ret void".into(),
            Op::Return { value: Some(value) } => format!("ret {}", self.typed(*value)),
            Op::Branch { target } => format!("br {}", self.label(*target)),
            Op::BranchIf { condition, yes, no } => {
                format!(
                    "br {}, {}, {}",
                    self.typed(*condition),
                    self.label(*yes),
                    self.label(*no)
                )
            }
            Op::Switch {
                value,
                default,
                cases,
            } => {
                let list: Vec<String> = cases
                    .iter()
                    .map(|(v, b)| format!("{}, {}", self.typed(*v), self.label(*b)))
                    .collect();
                format!(
                    "switch {}, {} [ {} ]",
                    self.typed(*value),
                    self.label(*default),
                    list.join(" ")
                )
            }
            Op::Unreachable => "unreachable".into(),
            Op::Unsupported { mnemonic, .. } => mnemonic.clone(),
        }
    }

    fn call(
        &mut self,
        id: ValueId,
        callee: &Callee,
        arguments: &[(ValueId, crate::ParameterAttributes)],
    ) -> String {
        let mut ty = self.ty(self.function.ty(id));
        let name = match callee {
            Callee::Named(name) => {
                self.mention(name, None);
                // A variadic callee's type is written out.
                let module = self.module;
                let parameters: Option<Vec<&Type>> = match module.declarations.get(name) {
                    Some(d) => d.variadic.then(|| d.parameters.iter().collect()),
                    None => module
                        .function(name)
                        .filter(|f| f.variadic)
                        .map(|f| f.parameters.iter().map(|p| f.ty(p.value)).collect()),
                };
                if let Some(parameters) = parameters {
                    let list: Vec<String> = parameters
                        .into_iter()
                        .map(ToString::to_string)
                        .chain(["...".into()])
                        .collect();
                    ty = format!("{ty} ({})", list.join(", "));
                }
                format!("@{}", quoted(name))
            }
            Callee::Indirect(value) => self.value(*value),
        };
        // What `llvm.assume` has beside its condition stands in bundles.
        let bundled = matches!(callee, Callee::Named(name) if name == "llvm.assume");
        let plain = if bundled { 1 } else { arguments.len() };
        let list: Vec<String> = arguments
            .iter()
            .take(plain)
            .map(|(v, _)| self.typed(*v))
            .collect();
        let bundles: Vec<String> = arguments
            .iter()
            .skip(plain)
            .map(|(v, a)| {
                let value = self.typed(*v);
                if a.nonnull {
                    format!("\"nonnull\"({value})")
                } else if a.align > 0 {
                    format!(
                        "\"align\"({value}, i64 {}, i64 {})",
                        a.align, a.align_offset
                    )
                } else if a.dereferenceable > 0 {
                    format!("\"dereferenceable\"({value}, i64 {})", a.dereferenceable)
                } else {
                    format!("\"noundef\"({value})")
                }
            })
            .collect();
        let bundles = if bundles.is_empty() {
            String::new()
        } else {
            format!(" [ {} ]", bundles.join(", "))
        };
        format!("call {ty} {name}({}){bundles}", list.join(", "))
    }
}

fn path(indices: &[u32]) -> String {
    indices.iter().fold(String::new(), |mut out, i| {
        let _ = write!(out, ", {i}");
        out
    })
}

fn words(f: Flags) -> String {
    let all = [
        (f.nuw && !f.inbounds, "nuw"),
        (f.nsw, "nsw"),
        (f.exact, "exact"),
        (f.disjoint, "disjoint"),
        (f.nneg, "nneg"),
        (f.samesign, "samesign"),
        (f.inbounds, "inbounds"),
        (f.nusw, "nusw"),
        (f.nuw && f.inbounds, "nuw"),
    ];
    all.iter()
        .filter(|(on, _)| *on)
        .fold(String::new(), |mut out, (_, word)| {
            out.push(' ');
            out.push_str(word);
            out
        })
}
