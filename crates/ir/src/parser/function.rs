//! Functions: header, blocks, and names that are used before they are defined.

use crate::collections::HashMap;
use std::rc::Rc;

use super::{FunctionAttributes, Parser};
use crate::error::IrError;
use crate::lexer::{self, Kind, Token};
use crate::module::{
    Block, BlockId, Constant, Declaration, Function, Parameter, ParameterAttributes, Value,
    ValueId, ValueKind,
};
use crate::types::Type;

/// A function while it is read.
pub(super) struct Body {
    pub(super) function: Function,
    locals: HashMap<String, ValueId>,
    constants: HashMap<(Type, Constant), ValueId>,
    block_names: HashMap<String, BlockId>,
    /// Blocks in the order of their definition; by block, whether it has one.
    order: Vec<BlockId>,
    defined: Vec<bool>,
    /// The next number for an unnamed value or block.
    next_number: u64,
}

/// A function of more blocks is refused: what dominates what would take too long to say.
const BLOCK_LIMIT: usize = 20_000;

const LINKAGE: &[&str] = &[
    "private",
    "internal",
    "available_externally",
    "linkonce",
    "weak",
    "common",
    "appending",
    "extern_weak",
    "linkonce_odr",
    "weak_odr",
    "external",
    "dso_local",
    "dso_preemptable",
    "default",
    "hidden",
    "protected",
    "dllimport",
    "dllexport",
    "ccc",
    "fastcc",
    "coldcc",
    "ghccc",
    "swiftcc",
    "swifttailcc",
    "tailcc",
    "preserve_mostcc",
    "preserve_allcc",
    "preserve_nonecc",
    "cxx_fast_tlscc",
    "x86_stdcallcc",
    "x86_fastcallcc",
    "x86_thiscallcc",
    "x86_vectorcallcc",
    "win64cc",
    "x86_64_sysvcc",
    "spir_func",
    "spir_kernel",
    "amdgpu_kernel",
    "cfguard_checkcc",
    "anyregcc",
    "webkit_jscc",
    "hhvmcc",
];

impl Parser<'_> {
    /// Skips linkage, visibility and calling convention; says whether the function is local, and whether it is replaceable.
    fn linkage(&mut self) -> (bool, bool) {
        let (mut local, mut replaceable) = (false, false);
        loop {
            if LINKAGE.contains(&self.word()) {
                local |= matches!(self.word(), "internal" | "private");
                replaceable |= matches!(self.word(), "weak" | "linkonce" | "extern_weak");
                self.bump();
            } else if self.word() == "cc" && self.peek_at(1).kind == Kind::Integer {
                self.bump();
                self.bump();
            } else {
                return (local, replaceable);
            }
        }
    }

    pub(super) fn declaration(&mut self) -> Result<(), IrError> {
        self.bump();
        while self.peek().kind == Kind::Metadata {
            self.bump();
            self.bump();
        }
        self.linkage();
        let result_attributes = self.parameter_attributes()?;
        let result = self.type_name()?;
        let token = self.bump();
        if token.kind != Kind::Global {
            return Err(self.error_at(token, "expected the name of a function".into()));
        }
        let name = lexer::name_of(self.text, token);
        self.expect(b'(')?;
        let (mut parameters, mut parameter_attributes) = (Vec::new(), Vec::new());
        let mut variadic = false;
        if !self.accept(b')') {
            loop {
                if self.accept(b'.') {
                    variadic = true;
                } else {
                    parameters.push(self.type_name()?);
                    parameter_attributes.push(self.parameter_attributes()?);
                    if self.peek().kind == Kind::Local {
                        self.bump();
                    }
                }
                if self.accept(b')') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        let mut attributes = FunctionAttributes::default();
        while !self.on_new_line() && self.peek().kind != Kind::End {
            self.function_attribute(&mut attributes);
        }
        self.module.declarations.insert(
            name,
            Declaration {
                result,
                result_attributes,
                parameter_attributes,
                effects: attributes.effects(),
                parameters,
                variadic,
            },
        );
        Ok(())
    }

    pub(super) fn function(&mut self) -> Result<Function, IrError> {
        self.bump();
        let (local, replaceable) = self.linkage();
        let result_attributes = self.parameter_attributes()?;
        let result = self.type_name()?;
        let name_token = self.bump();
        if name_token.kind != Kind::Global {
            return Err(self.error_at(name_token, "expected the name of a function".into()));
        }
        let mut body = Body {
            function: Function {
                name: lexer::name_of(self.text, name_token),
                local,
                replaceable,
                result,
                result_attributes,
                parameters: Vec::new(),
                values: Vec::new(),
                blocks: Vec::new(),
                memory: crate::module::MemoryEffects::Any,
                must_return: false,
                no_return: false,
                null_is_valid: false,
                loops_must_progress: self.loops_must_progress,
                variadic: false,
                unsupported: Vec::new(),
            },
            locals: HashMap::default(),
            constants: HashMap::default(),
            block_names: HashMap::default(),
            order: Vec::new(),
            defined: Vec::new(),
            next_number: 0,
        };
        self.parameters(&mut body)?;
        let mut attributes = FunctionAttributes::default();
        while !self.is_punct(b'{') {
            match self.peek().kind {
                Kind::End => return Err(self.wanted("`{`")),
                // `personality ptr @f`, `prefix T c`, `!dbg !1`: whatever it is, its tokens are skipped one by one.
                Kind::Word if matches!(self.word(), "personality" | "prefix" | "prologue") => {
                    self.bump();
                    while !self.is_punct(b'{')
                        && self.peek().kind != Kind::End
                        && !self.on_new_line()
                    {
                        self.bump();
                    }
                }
                _ => self.function_attribute(&mut attributes),
            }
        }
        self.expect(b'{')?;
        body.function.memory = attributes.memory;
        body.function.must_return = attributes.must_return;
        body.function.no_return = attributes.no_return;
        body.function.null_is_valid = attributes.null_is_valid;
        body.function.unsupported = attributes.unsupported;
        self.blocks(&mut body)?;
        self.finish(body, name_token)
    }

    fn parameters(&mut self, body: &mut Body) -> Result<(), IrError> {
        self.expect(b'(')?;
        if self.accept(b')') {
            return Ok(());
        }
        loop {
            if self.accept(b'.') {
                body.function.variadic = true;
            } else {
                let ty = self.type_name()?;
                let attributes = self.parameter_attributes()?;
                let token = self.peek();
                let index = body.function.parameters.len() as u32;
                let name = if token.kind == Kind::Local {
                    self.bump();
                    Some(lexer::name_of(self.text, token))
                } else {
                    None
                };
                let value = self.define(body, token, name, ty, ValueKind::Argument(index))?;
                body.function
                    .parameters
                    .push(Parameter { value, attributes });
            }
            if self.accept(b')') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn blocks(&mut self, body: &mut Body) -> Result<(), IrError> {
        let mut open: Option<BlockId> = None;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Punct(b'}') if open.is_none() && !body.order.is_empty() => {
                    self.bump();
                    return Ok(());
                }
                Kind::Label => {
                    if open.is_some() {
                        return Err(self.error_at(
                            token,
                            "this block starts before the one above has a terminator".into(),
                        ));
                    }
                    self.bump();
                    let name = lexer::name_of(self.text, token);
                    open = Some(self.start_block(body, token, &name)?);
                }
                Kind::Word if matches!(self.word(), "uselistorder" | "uselistorder_bb") => {
                    self.skip_line_from_here();
                }
                // Debug records of LLVM 19 and later: `#dbg_value(...)`.
                Kind::Group => self.skip_line_from_here(),
                Kind::Word | Kind::Local => {
                    let block = if let Some(block) = open {
                        block
                    } else {
                        let name = body.next_number.to_string();
                        let block = self.start_block(body, token, &name)?;
                        open = Some(block);
                        block
                    };
                    let id = self.instruction(body)?;
                    if let Some(id) = id {
                        body.function.blocks[block.0 as usize].instructions.push(id);
                        if body
                            .function
                            .op(id)
                            .is_some_and(crate::instruction::Op::is_terminator)
                        {
                            open = None;
                        }
                    }
                }
                _ => return Err(self.wanted("an instruction, a label or `}`")),
            }
        }
    }

    fn skip_line_from_here(&mut self) {
        self.bump();
        self.skip_line();
    }

    fn start_block(
        &mut self,
        body: &mut Body,
        token: Token,
        name: &str,
    ) -> Result<BlockId, IrError> {
        if let Ok(number) = name.parse::<u64>() {
            body.next_number = body.next_number.max(number.saturating_add(1));
        }
        let id = body.block(name);
        if std::mem::replace(&mut body.defined[id.0 as usize], true) {
            return Err(self.error_at(token, format!("block %{name} is defined twice")));
        }
        body.order.push(id);
        if body.order.len() > BLOCK_LIMIT {
            return Err(IrError {
                code: "too-large",
                ..self.error_at(token, format!("more than {BLOCK_LIMIT} blocks"))
            });
        }
        Ok(id)
    }

    /// Gives a value its definition; fills a forward reference if there is one.
    pub(super) fn define(
        &self,
        body: &mut Body,
        token: Token,
        name: Option<String>,
        ty: Type,
        kind: ValueKind,
    ) -> Result<ValueId, IrError> {
        if ty == Type::Void {
            return match name {
                None => Ok(body.function.add_value(ty, kind, "")),
                Some(_) => Err(self.error_at(
                    token,
                    "an instruction without a value cannot be named".into(),
                )),
            };
        }
        let name = name.unwrap_or_else(|| body.next_number.to_string());
        if let Ok(number) = name.parse::<u64>() {
            body.next_number = body.next_number.max(number.saturating_add(1));
        }
        if let Some(&id) = body.locals.get(&name) {
            let old = body.function.value(id);
            if old.kind != ValueKind::Forward {
                return Err(self.error_at(token, format!("%{name} is defined twice")));
            }
            if old.ty != ty {
                return Err(self.error_at(
                    token,
                    format!("%{name} has type {ty} but is used with type {}", old.ty),
                ));
            }
            body.function.values[id.0 as usize] = Value {
                ty,
                kind,
                name: name.into(),
                line: 0,
            };
            return Ok(id);
        }
        let id = body.function.add_value(ty, kind, &name);
        body.locals.insert(name, id);
        Ok(id)
    }

    /// Reads an operand of a known type.
    pub(super) fn operand(&mut self, body: &mut Body, ty: &Type) -> Result<ValueId, IrError> {
        let token = self.peek();
        if token.kind == Kind::Local {
            self.bump();
            let name = lexer::name_of(self.text, token);
            if let Some(&id) = body.locals.get(&name) {
                let found = body.function.ty(id);
                if found != ty {
                    return Err(
                        self.error_at(token, format!("%{name} has type {found}, expected {ty}"))
                    );
                }
                return Ok(id);
            }
            let id = body
                .function
                .add_value(ty.clone(), ValueKind::Forward, &name);
            body.locals.insert(name, id);
            return Ok(id);
        }
        let constant = match ty {
            // `metadata ...` operands of debug intrinsics have their own grammar.
            Type::Opaque(name) if &**name == "metadata" => {
                self.skip_metadata_operand();
                Constant::Unsupported("metadata".into())
            }
            _ => self.constant(ty)?,
        };
        Ok(body.constant(ty.clone(), constant))
    }

    fn skip_metadata_operand(&mut self) {
        let mut depth = 0;
        loop {
            match self.peek().kind {
                Kind::End => return,
                Kind::Punct(b'(' | b'{') => depth += 1,
                Kind::Punct(b',' | b')') if depth == 0 => return,
                Kind::Punct(b')' | b'}') => depth -= 1,
                _ => {}
            }
            self.bump();
        }
    }

    /// Reads `type operand`.
    pub(super) fn typed_operand(&mut self, body: &mut Body) -> Result<ValueId, IrError> {
        let ty = self.type_name()?;
        self.operand(body, &ty)
    }

    /// Reads `label %name`.
    pub(super) fn label(&mut self, body: &mut Body) -> Result<BlockId, IrError> {
        self.expect_word("label")?;
        self.block_name(body)
    }

    /// Reads `%name` of a block.
    pub(super) fn block_name(&mut self, body: &mut Body) -> Result<BlockId, IrError> {
        let token = self.peek();
        if token.kind != Kind::Local {
            return Err(self.wanted("the name of a block"));
        }
        self.bump();
        Ok(body.block(&lexer::name_of(self.text, token)))
    }

    fn finish(&mut self, body: Body, name_token: Token) -> Result<Function, IrError> {
        let Body {
            mut function,
            order,
            defined,
            block_names,
            ..
        } = body;
        if order.len() != function.blocks.len() {
            let missing = block_names
                .iter()
                .filter(|(_, id)| !defined[id.0 as usize])
                .map(|(name, _)| name)
                .min();
            let name = missing.cloned().unwrap_or_default();
            return Err(self.error_at(
                name_token,
                format!(
                    "block %{name} is used in @{} but not defined",
                    function.name
                ),
            ));
        }
        if let Some(value) = function
            .values
            .iter()
            .find(|v| v.kind == ValueKind::Forward)
        {
            let message = format!(
                "%{} is used in @{} but not defined",
                value.name, function.name
            );
            return Err(self.error_at(name_token, message));
        }
        let mut new_ids = vec![BlockId(0); order.len()];
        let mut blocks = Vec::with_capacity(order.len());
        for (new, old) in order.iter().enumerate() {
            new_ids[old.0 as usize] = BlockId(new as u32);
            blocks.push(std::mem::take(&mut function.blocks[old.0 as usize]));
        }
        function.blocks = blocks;
        for value in &mut function.values {
            if let ValueKind::Instruction(op) = &mut value.kind {
                op.each_block_mut(|b| *b = new_ids[b.0 as usize]);
            }
        }
        crate::verifier::verify(&function).map_err(|mut e| {
            (e.line, e.column) = lexer::place(self.text, name_token.start);
            e
        })?;
        Ok(function)
    }

    /// Reads a parameter or argument list entry's attributes.
    pub(super) fn argument(
        &mut self,
        body: &mut Body,
    ) -> Result<(ValueId, ParameterAttributes), IrError> {
        let ty = self.type_name()?;
        let attributes = self.parameter_attributes()?;
        let value = self.operand(body, &ty)?;
        Ok((value, attributes))
    }
}

impl Body {
    fn block(&mut self, name: &str) -> BlockId {
        if let Some(&id) = self.block_names.get(name) {
            return id;
        }
        let id = BlockId(self.function.blocks.len() as u32);
        self.function.blocks.push(Block {
            instructions: Vec::new(),
            name: Rc::from(name),
        });
        self.defined.push(false);
        self.block_names.insert(name.into(), id);
        id
    }

    pub(super) fn constant(&mut self, ty: Type, constant: Constant) -> ValueId {
        // Each undef is its own: two uses of one `undef` may differ, so it is not shared.
        if constant == Constant::Undef {
            return self
                .function
                .add_value(ty, ValueKind::Constant(constant), "");
        }
        let key = (ty, constant);
        if let Some(&id) = self.constants.get(&key) {
            return id;
        }
        let id = self
            .function
            .add_value(key.0.clone(), ValueKind::Constant(key.1.clone()), "");
        self.constants.insert(key, id);
        id
    }
}
