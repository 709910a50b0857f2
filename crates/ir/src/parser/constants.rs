//! Constants and constant expressions.

use std::rc::Rc;

use super::Parser;
use crate::error::IrError;
use crate::lexer::{self, Kind};
use crate::module::Constant;
use crate::types::Type;

impl Parser<'_> {
    /// Reads a constant of a type.
    pub(super) fn constant(&mut self, ty: &Type) -> Result<Constant, IrError> {
        self.nested(|p| p.constant_here(ty))
    }

    fn constant_here(&mut self, ty: &Type) -> Result<Constant, IrError> {
        let token = self.peek();
        match token.kind {
            Kind::Integer => match ty {
                Type::Int(bits) if *bits > 128 => {
                    self.bump();
                    Ok(Constant::Wide(self.word_of(token).into()))
                }
                Type::Int(bits) => Ok(Constant::Int(self.integer_bits(*bits)?)),
                Type::Float(_) | Type::Opaque(_) => {
                    self.bump();
                    Ok(Constant::Float(self.word_of(token).into()))
                }
                _ => Err(self.error_at(
                    token,
                    format!("an integer cannot be a constant of type {ty}"),
                )),
            },
            Kind::Float => {
                self.bump();
                match ty {
                    Type::Float(_) => Ok(Constant::Float(self.word_of(token).into())),
                    _ => Err(self.error_at(token, format!("expected a constant of type {ty}"))),
                }
            }
            Kind::Bytes => {
                self.bump();
                let bytes = lexer::bytes_of(self.text, token);
                let fields: Vec<_> = bytes
                    .iter()
                    .map(|&b| (Type::Int(8), Constant::Int(u128::from(b))))
                    .collect();
                self.fitting(token, ty, fields)
            }
            Kind::Global => {
                self.bump();
                Ok(Constant::Global(lexer::name_of(self.text, token).into()))
            }
            Kind::Punct(open @ (b'[' | b'{')) => {
                // In ASCII, a bracket closes two after it opens.
                let fields = self.aggregate(open + 2)?;
                self.fitting(token, ty, fields)
            }
            Kind::Punct(b'<') => {
                self.bump();
                let fields = if self.is_punct(b'{') {
                    let body = self.aggregate(b'}')?;
                    self.expect(b'>')?;
                    body
                } else {
                    self.aggregate_rest(b'>')?
                };
                self.fitting(token, ty, fields)
            }
            Kind::Word => self.constant_word(ty),
            _ => Err(self.wanted(&format!("a constant of type {ty}"))),
        }
    }

    fn aggregate(&mut self, close: u8) -> Result<Vec<(Type, Constant)>, IrError> {
        self.bump();
        self.aggregate_rest(close)
    }

    fn aggregate_rest(&mut self, close: u8) -> Result<Vec<(Type, Constant)>, IrError> {
        let mut fields = Vec::new();
        if !self.accept(close) {
            loop {
                let ty = self.type_name()?;
                let value = self.constant(&ty)?;
                fields.push((ty, value));
                if self.accept(close) {
                    break;
                }
                self.expect(b',')?;
            }
        }
        Ok(fields)
    }

    /// Fields as a constant of a type that has such fields.
    fn fitting(
        &self,
        start: lexer::Token,
        ty: &Type,
        fields: Vec<(Type, Constant)>,
    ) -> Result<Constant, IrError> {
        let count = fields.len() as u64;
        let mut types = fields.iter().map(|(ty, _)| ty);
        let fits = match self.module.resolve(ty) {
            Type::Vector(length, element) => {
                u64::from(*length) == count && types.all(|t| t == &**element)
            }
            Type::Array(length, element) => *length == count && types.all(|t| t == &**element),
            Type::Struct(wanted, _) => types.eq(wanted.iter()),
            // Defined further down, or never.
            Type::Named(_) => {
                return Ok(Constant::Unsupported(
                    format!("constant of type {ty}").into(),
                ));
            }
            Type::Opaque(_) => true,
            _ => false,
        };
        if fits {
            Ok(Constant::Aggregate(fields.into()))
        } else {
            let message = format!("expected a constant of type {ty}, found one of other elements");
            Err(self.error_at(start, message))
        }
    }

    fn constant_word(&mut self, ty: &Type) -> Result<Constant, IrError> {
        let token = self.bump();
        let simple = match self.word_of(token) {
            "true" => Some(Constant::Int(1)),
            "false" => Some(Constant::Int(0)),
            "null" => Some(Constant::Null),
            "none" => Some(Constant::Unsupported("none".into())),
            "undef" => Some(Constant::Undef),
            "poison" => Some(Constant::Poison),
            "zeroinitializer" => Some(Constant::Zero),
            _ => None,
        };
        if let Some(constant) = simple {
            let fits = match &constant {
                Constant::Int(_) => *ty == Type::Int(1),
                Constant::Null => !matches!(ty, Type::Int(_) | Type::Float(_)),
                _ => *ty != Type::Void,
            };
            return if fits {
                Ok(constant)
            } else {
                Err(self.error_at(
                    token,
                    format!(
                        "`{}` cannot be a constant of type {ty}",
                        self.word_of(token)
                    ),
                ))
            };
        }
        match self.word_of(token) {
            "getelementptr" => self.constant_gep(token),
            "bitcast" | "addrspacecast" | "inttoptr" | "ptrtoint" | "trunc" | "zext" | "sext" => {
                self.constant_cast(token, ty)
            }
            "splat" => {
                self.expect(b'(')?;
                let element_ty = self.type_name()?;
                let element = self.constant(&element_ty)?;
                self.expect(b')')?;
                match ty {
                    Type::Vector(n, _) if *n <= 4096 => {
                        self.fitting(token, ty, vec![(element_ty, element); *n as usize])
                    }
                    _ => Err(self.error_at(token, "splat makes a vector".into())),
                }
            }
            "asm" => {
                while !self.is_punct(b'(') && self.peek().kind != Kind::End && !self.on_new_line() {
                    self.bump();
                }
                Ok(Constant::Unsupported("asm".into()))
            }
            "dso_local_equivalent" | "no_cfi" => {
                self.bump();
                Ok(Constant::Unsupported(self.word_of(token).into()))
            }
            _ => {
                // Constant expressions (`add (...)`, `icmp eq (...)`, `blockaddress(...)`, `ptrauth (...)`): kept as text.
                let known = [
                    "add",
                    "sub",
                    "mul",
                    "xor",
                    "and",
                    "or",
                    "shl",
                    "lshr",
                    "ashr",
                    "udiv",
                    "sdiv",
                    "urem",
                    "srem",
                    "icmp",
                    "fcmp",
                    "select",
                    "blockaddress",
                    "ptrauth",
                    "extractelement",
                    "insertelement",
                    "shufflevector",
                    "extractvalue",
                    "insertvalue",
                    "fneg",
                    "fptrunc",
                    "fpext",
                    "uitofp",
                    "sitofp",
                    "fptoui",
                    "fptosi",
                ];
                if !known.contains(&self.word_of(token)) {
                    self.at -= 1;
                    return Err(self.wanted(&format!("a constant of type {ty}")));
                }
                while self.peek().kind == Kind::Word {
                    self.bump();
                }
                if !self.is_punct(b'(') {
                    return Err(self.wanted("`(` of a constant expression"));
                }
                self.skip_group();
                Ok(self.unsupported_from(token.start))
            }
        }
    }

    fn unsupported_from(&self, start: usize) -> Constant {
        let end = self.tokens[self.at.saturating_sub(1)].end;
        let text = String::from_utf8_lossy(&self.text[start..end]).into_owned();
        Constant::Unsupported(text.into())
    }

    fn constant_cast(&mut self, token: lexer::Token, _ty: &Type) -> Result<Constant, IrError> {
        while matches!(self.word(), "nuw" | "nsw" | "nneg") {
            self.bump();
        }
        self.expect(b'(')?;
        let from = self.type_name()?;
        let inner = self.constant(&from)?;
        self.expect_word("to")?;
        let to = self.type_name()?;
        self.expect(b')')?;
        match (self.word_of(token), &from, &to, inner) {
            ("bitcast", a, b, inner) if a == b => Ok(inner),
            ("inttoptr", _, Type::Pointer, Constant::Int(0)) => Ok(Constant::Null),
            _ => Ok(self.unsupported_from(token.start)),
        }
    }

    fn constant_gep(&mut self, token: lexer::Token) -> Result<Constant, IrError> {
        let mut inbounds = false;
        loop {
            match self.word() {
                "inbounds" => {
                    inbounds = true;
                    self.bump();
                }
                "nuw" | "nusw" => {
                    self.bump();
                }
                "inrange" => {
                    self.bump();
                    if self.is_punct(b'(') {
                        self.skip_group();
                    }
                }
                _ => break,
            }
        }
        self.expect(b'(')?;
        let element = self.type_name()?;
        self.expect(b',')?;
        let base_ty = self.type_name()?;
        let base = self.constant(&base_ty)?;
        let mut indices = Vec::new();
        while self.accept(b',') {
            self.accept_word("inrange");
            let ty = self.type_name()?;
            let index = self.constant(&ty)?;
            indices.push(match (index, ty.int_bits()) {
                (Constant::Int(bits), Some(width)) => {
                    i64::try_from(crate::fold::signed(bits, width)).ok()
                }
                (Constant::Zero, _) => Some(0),
                _ => None,
            });
        }
        self.expect(b')')?;
        let offset = self.constant_offset(&element, &indices);
        match (offset, base) {
            (Some(0), base @ Constant::Global(_)) => Ok(base),
            (Some(offset), base @ Constant::Global(_)) => {
                Ok(Constant::Offset(Rc::new(base), offset, inbounds))
            }
            (Some(offset), Constant::Offset(base, more, both)) => match offset.checked_add(more) {
                Some(sum) => Ok(Constant::Offset(base, sum, both && inbounds)),
                None => Ok(self.unsupported_from(token.start)),
            },
            _ => Ok(self.unsupported_from(token.start)),
        }
    }

    fn constant_offset(&self, element: &Type, indices: &[Option<i64>]) -> Option<i64> {
        let mut ty = element.clone();
        let mut offset = 0i64;
        for (i, index) in indices.iter().enumerate() {
            let index = (*index)?;
            if i == 0 {
                offset = i64::try_from(self.module.alloc_size(&ty)?)
                    .ok()?
                    .checked_mul(index)?;
            } else if matches!(self.module.resolve(&ty), Type::Struct(..)) {
                let (more, inner) = self.module.field(&ty, u64::try_from(index).ok()?)?;
                offset = offset.checked_add(i64::try_from(more).ok()?)?;
                ty = inner;
            } else {
                let (_, inner) = self.module.field(&ty, 0)?;
                let step = i64::try_from(self.module.alloc_size(&inner)?).ok()?;
                offset = offset.checked_add(step.checked_mul(index)?)?;
                ty = inner;
            }
        }
        Some(offset)
    }
}
