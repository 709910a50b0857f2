//! Types.

use std::rc::Rc;

use super::Parser;
use crate::error::IrError;
use crate::lexer::{self, Kind};
use crate::types::{FloatKind, Type};

/// Whether `any_type` read the type of a function.
pub(super) fn is_function(ty: &Type) -> bool {
    matches!(ty, Type::Opaque(name) if &**name == "function")
}

impl Parser<'_> {
    /// Reads the type of a value, which may be a pointer to a function but no function.
    pub(super) fn type_name(&mut self) -> Result<Type, IrError> {
        let token = self.peek();
        let ty = self.any_type()?;
        if is_function(&ty) {
            return Err(self.error_at(
                token,
                "expected the type of a value, found a function's".into(),
            ));
        }
        Ok(ty)
    }

    /// Reads a type; `T*` and `T addrspace(n)*` are pointers, a parameter list after a type makes it a function type.
    pub(super) fn any_type(&mut self) -> Result<Type, IrError> {
        self.nested(|p| {
            let mut ty = p.simple_type()?;
            loop {
                if p.accept(b'*') {
                    ty = Type::Pointer;
                } else if p.word() == "addrspace" && p.peek_at(4).kind == Kind::Punct(b'*') {
                    p.bump();
                    p.skip_group();
                    p.expect(b'*')?;
                    ty = Type::Opaque("ptr addrspace".into());
                } else if p.is_punct(b'(') {
                    p.skip_group();
                    p.function_result = ty;
                    ty = Type::Opaque("function".into());
                } else {
                    return Ok(ty);
                }
            }
        })
    }

    fn simple_type(&mut self) -> Result<Type, IrError> {
        let token = self.peek();
        match token.kind {
            Kind::Local => {
                self.bump();
                Ok(Type::Named(lexer::name_of(self.text, token).into()))
            }
            Kind::Punct(b'[') => {
                self.bump();
                let count = self.integer()?;
                self.expect_word("x")?;
                let element = self.type_name()?;
                self.expect(b']')?;
                Ok(Type::Array(count, Rc::new(element)))
            }
            Kind::Punct(b'{') => self.structure(false),
            Kind::Punct(b'<') => {
                self.bump();
                if self.is_punct(b'{') {
                    let body = self.structure(true)?;
                    self.expect(b'>')?;
                    return Ok(body);
                }
                let scalable = self.accept_word("vscale");
                if scalable {
                    self.expect_word("x")?;
                }
                let count = self.integer()?;
                self.expect_word("x")?;
                let element = self.type_name()?;
                self.expect(b'>')?;
                if scalable {
                    return Ok(Type::Opaque(
                        format!("<vscale x {count} x {element}>").into(),
                    ));
                }
                match u32::try_from(count) {
                    Ok(count) if count > 0 => Ok(Type::Vector(count, Rc::new(element))),
                    _ => Err(self.error_at(token, "a vector has 1 to 2^32-1 elements".into())),
                }
            }
            Kind::Word => self.named_type(),
            _ => Err(self.wanted("a type")),
        }
    }

    fn structure(&mut self, packed: bool) -> Result<Type, IrError> {
        self.expect(b'{')?;
        let mut fields = Vec::new();
        if !self.accept(b'}') {
            loop {
                fields.push(self.type_name()?);
                if self.accept(b'}') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        Ok(Type::Struct(fields.into(), packed))
    }

    fn named_type(&mut self) -> Result<Type, IrError> {
        let token = self.peek();
        let word = self.word_of(token);
        let float = match word {
            "half" => Some(FloatKind::Half),
            "bfloat" => Some(FloatKind::Bfloat),
            "float" => Some(FloatKind::Float),
            "double" => Some(FloatKind::Double),
            "x86_fp80" => Some(FloatKind::X86Fp80),
            "fp128" => Some(FloatKind::Fp128),
            "ppc_fp128" => Some(FloatKind::PpcFp128),
            _ => None,
        };
        let ty = match word {
            "void" => Type::Void,
            "label" | "metadata" | "token" | "x86_amx" | "x86_mmx" => Type::Opaque(word.into()),
            "opaque" => Type::Opaque("opaque".into()),
            "ptr" => {
                self.bump();
                if self.word() == "addrspace" {
                    self.bump();
                    let space = self.skip_group();
                    return Ok(if space.trim() == "0" {
                        Type::Pointer
                    } else {
                        Type::Opaque("ptr addrspace".into())
                    });
                }
                return Ok(Type::Pointer);
            }
            "target" => {
                self.bump();
                let text = self.skip_group();
                return Ok(Type::Opaque(format!("target({text})").into()));
            }
            _ => match (
                float,
                word.strip_prefix('i').and_then(|w| w.parse::<u32>().ok()),
            ) {
                (Some(kind), _) => Type::Float(kind),
                (None, Some(bits)) if (1..1 << 24).contains(&bits) => Type::Int(bits),
                // LLVM 23's byte types: read, not modelled.
                (None, None)
                    if word
                        .strip_prefix('b')
                        .is_some_and(|w| w.parse::<u32>().is_ok()) =>
                {
                    Type::Opaque(word.into())
                }
                _ => return Err(self.wanted("a type")),
            },
        };
        self.bump();
        Ok(ty)
    }

    /// Whether a type can start here.
    pub(super) fn at_type(&self) -> bool {
        match self.peek().kind {
            Kind::Local | Kind::Punct(b'[' | b'{' | b'<') => true,
            Kind::Word => {
                let word = self.word();
                matches!(
                    word,
                    "void"
                        | "label"
                        | "metadata"
                        | "token"
                        | "x86_amx"
                        | "x86_mmx"
                        | "ptr"
                        | "target"
                        | "half"
                        | "bfloat"
                        | "float"
                        | "double"
                        | "x86_fp80"
                        | "fp128"
                        | "ppc_fp128"
                ) || (word.starts_with(['i', 'b'])
                    && word.len() > 1
                    && word[1..].bytes().all(|b| b.is_ascii_digit()))
            }
            _ => false,
        }
    }
}
