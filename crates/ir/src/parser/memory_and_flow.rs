//! Instructions of memory and of control flow.

use super::Parser;
use super::function::Body;
use crate::error::IrError;
use crate::instruction::{Flags, Op};
use crate::lexer::{Kind, Token};
use crate::module::ParameterAttributes;
use crate::types::Type;

impl Parser<'_> {
    pub(super) fn alloca(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        let strange = self.accept_word("inalloca") || self.accept_word("swifterror");
        if strange {
            body.function
                .unsupported
                .push("alloca inalloca or swifterror".into());
        }
        let element = self.type_name()?;
        let (mut count, mut align) = (None, 0);
        let mut ty = Type::Pointer;
        while self.is_punct(b',') && self.peek_at(1).kind != Kind::Metadata {
            self.bump();
            if self.accept_word("align") {
                align = self.alignment()?;
            } else if self.word() == "addrspace" {
                self.bump();
                self.skip_group();
                ty = Type::Opaque("ptr addrspace".into());
            } else {
                count = Some(self.typed_operand(body)?);
            }
        }
        Ok((
            ty,
            Op::Alloca {
                element,
                count,
                align,
            },
        ))
    }

    fn align_suffix(&mut self) -> Result<u64, IrError> {
        if self.is_punct(b',')
            && self.peek_at(1).kind == Kind::Word
            && self.word_of(self.peek_at(1)) == "align"
        {
            self.bump();
            self.bump();
            return self.alignment();
        }
        Ok(0)
    }

    /// `volatile` and `atomic` accesses are read as plain ones and named unsupported.
    fn access_prefix(&mut self, body: &mut Body) {
        for word in ["atomic", "volatile"] {
            if self.accept_word(word) {
                body.function.unsupported.push(format!("{word} access"));
            }
        }
    }

    fn access_suffix(&mut self) {
        if self.accept_word("syncscope") && self.is_punct(b'(') {
            self.skip_group();
        }
        if matches!(
            self.word(),
            "unordered" | "monotonic" | "acquire" | "release" | "acq_rel" | "seq_cst"
        ) {
            self.bump();
        }
    }

    pub(super) fn load(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        self.access_prefix(body);
        let ty = self.type_name()?;
        self.expect(b',')?;
        let pointer = self.typed_operand(body)?;
        self.access_suffix();
        let align = self.align_suffix()?;
        let result = ParameterAttributes::default();
        Ok((
            ty,
            Op::Load {
                pointer,
                align,
                result,
            },
        ))
    }

    pub(super) fn store(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        self.access_prefix(body);
        let value = self.typed_operand(body)?;
        self.expect(b',')?;
        let pointer = self.typed_operand(body)?;
        self.access_suffix();
        let align = self.align_suffix()?;
        Ok((
            Type::Void,
            Op::Store {
                value,
                pointer,
                align,
            },
        ))
    }

    pub(super) fn element_pointer(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        let mut flags = self.gep_flags(body);
        if flags.inbounds {
            flags.nusw = true;
        }
        let element = self.type_name()?;
        self.expect(b',')?;
        let base = self.typed_operand(body)?;
        let mut indices = Vec::new();
        let mut ty = body.function.ty(base).clone();
        while self.is_punct(b',') && self.peek_at(1).kind != Kind::Metadata {
            self.bump();
            self.accept_word("inrange");
            let index = self.typed_operand(body)?;
            if let Type::Vector(n, _) = body.function.ty(index) {
                ty = Type::Vector(*n, std::rc::Rc::new(Type::Pointer));
            }
            indices.push(index);
        }
        Ok((
            ty,
            Op::GetElementPointer {
                element,
                flags,
                base,
                indices,
            },
        ))
    }

    fn gep_flags(&mut self, body: &mut Body) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.word() {
                "inbounds" => flags.inbounds = true,
                "nusw" => flags.nusw = true,
                "nuw" => flags.nuw = true,
                "inrange" => body
                    .function
                    .unsupported
                    .push("getelementptr inrange".into()),
                _ => return flags,
            }
            self.bump();
            if self.is_punct(b'(') {
                self.skip_group();
            }
        }
    }

    pub(super) fn ret(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        let ty = self.type_name()?;
        if ty != body.function.result {
            let message = format!(
                "returns {ty}, but @{} is declared to return {}",
                body.function.name, body.function.result
            );
            return Err(self.error_at(token, message));
        }
        let value = if ty == Type::Void {
            None
        } else {
            Some(self.operand(body, &ty)?)
        };
        Ok((Type::Void, Op::Return { value }))
    }

    pub(super) fn branch(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        if self.word() == "label" {
            return Ok((
                Type::Void,
                Op::Branch {
                    target: self.label(body)?,
                },
            ));
        }
        let ty = self.type_name()?;
        if ty != Type::Int(1) {
            return Err(self.wanted("a condition of type i1"));
        }
        let condition = self.operand(body, &ty)?;
        self.expect(b',')?;
        let yes = self.label(body)?;
        self.expect(b',')?;
        let no = self.label(body)?;
        Ok((Type::Void, Op::BranchIf { condition, yes, no }))
    }

    pub(super) fn switch(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        let ty = self.type_name()?;
        let value = self.operand(body, &ty)?;
        self.expect(b',')?;
        let default = self.label(body)?;
        self.expect(b'[')?;
        let mut cases = Vec::new();
        while !self.accept(b']') {
            let case_ty = self.type_name()?;
            if case_ty != ty {
                return Err(self.wanted(&format!("a case of type {ty}")));
            }
            let case = self.operand(body, &case_ty)?;
            if cases.iter().any(|(old, _)| *old == case) {
                return Err(self.wanted("a case that is not there yet"));
            }
            self.expect(b',')?;
            cases.push((case, self.label(body)?));
        }
        Ok((
            Type::Void,
            Op::Switch {
                value,
                default,
                cases,
            },
        ))
    }
}
