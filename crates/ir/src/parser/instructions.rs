//! Instructions, one per call.

use super::Parser;
use super::function::Body;
use crate::error::IrError;
use crate::instruction::{BinaryOp, Callee, CastOp, Flags, FloatOp, Op, Predicate};
use crate::lexer::{self, Kind, Token};
use crate::module::{Constant, ParameterAttributes, ValueId, ValueKind};
use crate::types::Type;

const FLOAT_BINARY: &[&str] = &["fadd", "fsub", "fmul", "fdiv", "frem"];
const FAST_MATH: &[&str] = &[
    "fast", "nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc",
];
const FLOAT_CASTS: &[&str] = &[
    "fptrunc",
    "fpext",
    "fptoui",
    "fptosi",
    "uitofp",
    "sitofp",
    "addrspacecast",
];
const UNSUPPORTED: &[(&str, bool)] = &[
    ("invoke", true),
    ("indirectbr", true),
    ("resume", true),
    ("catchswitch", true),
    ("catchret", true),
    ("cleanupret", true),
    ("callbr", true),
    ("fence", false),
    ("cmpxchg", false),
    ("atomicrmw", false),
    ("va_arg", false),
    ("landingpad", false),
    ("catchpad", false),
    ("cleanuppad", false),
    ("ptrtoaddr", false),
];

impl Parser<'_> {
    /// Reads one instruction into the body; `None` for those that mean nothing (debug intrinsics).
    pub(super) fn instruction(&mut self, body: &mut Body) -> Result<Option<ValueId>, IrError> {
        let token = self.peek();
        let name = if token.kind == Kind::Local {
            self.bump();
            self.expect(b'=')?;
            Some(lexer::name_of(self.text, token))
        } else {
            None
        };
        let start = self.peek();
        let (ty, op) = self.operation(body)?;
        let mut op = op;
        self.trailing_metadata(&mut op, &ty, body)?;
        if let Op::Call {
            callee: Callee::Named(callee),
            ..
        } = &op
        {
            let marker = callee.starts_with("llvm.dbg.")
                || callee.starts_with("llvm.experimental.noalias.scope")
                || callee == "llvm.donothing"
                || callee == "llvm.pseudoprobe";
            if marker {
                return Ok(None);
            }
        }
        let id = self.define(body, start, name, ty, ValueKind::Instruction(op))?;
        body.function.values[id.0 as usize].line = self.line(token);
        Ok(Some(id))
    }

    fn trailing_metadata(
        &mut self,
        op: &mut Op,
        ty: &Type,
        body: &mut Body,
    ) -> Result<(), IrError> {
        while self.is_punct(b',') {
            self.bump();
            let token = self.peek();
            if token.kind != Kind::Metadata {
                return Err(self.wanted("metadata"));
            }
            self.bump();
            let kind = lexer::name_of(self.text, token);
            // `!0`, `!{...}` or `!DIExpression(...)`.
            let node = self.at;
            self.bump();
            if !self.on_new_line() && (self.is_punct(b'{') || self.is_punct(b'(')) {
                self.skip_group();
            }
            let known = match op {
                Op::Load { result, .. } | Op::Call { result, .. } => {
                    self.value_metadata(&kind, node, ty, result)
                }
                _ => true,
            };
            let name = format!("metadata !{kind}");
            if !known && !body.function.unsupported.contains(&name) {
                body.function.unsupported.push(name);
            }
        }
        Ok(())
    }

    /// What metadata says of a loaded or returned value; false where it has a meaning that is not modelled. What has none here
    /// (aliasing classes and scopes, as for Alive2, and debug information) is dropped.
    fn value_metadata(
        &self,
        kind: &str,
        node: usize,
        ty: &Type,
        result: &mut ParameterAttributes,
    ) -> bool {
        let numbers = |count: usize| {
            self.metadata_integers(node)
                .filter(|list| list.len() == count)
        };
        match kind {
            "noundef" => result.noundef = true,
            "nonnull" => result.nonnull = true,
            "align" | "dereferenceable" | "dereferenceable_or_null" => {
                let Some(bytes) = numbers(1).and_then(|list| u64::try_from(list[0]).ok()) else {
                    return false;
                };
                match kind {
                    "align" if !bytes.is_power_of_two() => return false,
                    "align" => result.align = bytes,
                    "dereferenceable" => result.dereferenceable = bytes,
                    _ => result.dereferenceable_or_null = bytes,
                }
            }
            "range" => {
                let (Some(list), Some(bits)) = (numbers(2), ty.scalar().int_bits()) else {
                    return false;
                };
                let cut = |value: i128| value as u128 & crate::fold::mask(bits);
                result.range = Some((cut(list[0]), cut(list[1])));
            }
            "absolute_symbol" | "invariant.load" | "nofpclass" => return false,
            _ => {}
        }
        true
    }

    /// The integers of a metadata node: of `!{...}` itself, or of what `!0` is defined as.
    fn metadata_integers(&self, node: usize) -> Option<Vec<i128>> {
        let token = *self.tokens.get(node)?;
        let name = lexer::name_of(self.text, token);
        let open = if name.is_empty() {
            node + 1
        } else {
            let definition = *self.metadata.get(&name)?;
            // `!{`, or `distinct !{`.
            (definition..definition + 3).find(|at| {
                self.tokens
                    .get(*at)
                    .is_some_and(|t| t.kind == Kind::Punct(b'{'))
            })?
        };
        let inside = self.tokens.get(open + 1..)?;
        let mut out = Vec::new();
        for token in inside {
            match token.kind {
                Kind::Punct(b'}') => return Some(out),
                Kind::Integer => out.push(self.word_of(*token).parse().ok()?),
                Kind::Word | Kind::Punct(b',') => {}
                _ => return None,
            }
        }
        None
    }

    fn operation(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        let token = self.peek();
        if token.kind != Kind::Word {
            return Err(self.wanted("an instruction"));
        }
        self.bump();
        let word = self.word_of(token);
        if let Some(op) = BinaryOp::from_name(word) {
            let flags = self.flags();
            let ty = self.type_name()?;
            let lhs = self.operand(body, &ty)?;
            self.expect(b',')?;
            let rhs = self.operand(body, &ty)?;
            self.integer_type(token, &ty)?;
            return Ok((
                ty,
                Op::Binary {
                    op,
                    flags,
                    lhs,
                    rhs,
                },
            ));
        }
        if FLOAT_BINARY.contains(&word) || word == "fneg" || word == "fcmp" {
            return self.float_arithmetic(body, word);
        }
        if let Some(&name) = FLOAT_CASTS.iter().find(|&&c| c == word) {
            return self.cast(body, token, CastOp::Float(FloatOp(name)));
        }
        match word {
            "icmp" => self.compare(body, token),
            "select" => self.select(body, token),
            "phi" => self.phi(body),
            "freeze" => {
                let value = self.typed_operand(body)?;
                Ok((body.function.ty(value).clone(), Op::Freeze { value }))
            }
            "zext" => self.cast(body, token, CastOp::ZExt),
            "sext" => self.cast(body, token, CastOp::SExt),
            "trunc" => self.cast(body, token, CastOp::Trunc),
            "bitcast" => self.cast(body, token, CastOp::BitCast),
            "ptrtoint" => self.cast(body, token, CastOp::PtrToInt),
            "inttoptr" => self.cast(body, token, CastOp::IntToPtr),
            "alloca" => self.alloca(body),
            "load" => self.load(body),
            "store" => self.store(body),
            "getelementptr" => self.element_pointer(body),
            "extractelement" => self.extract_element(body, token),
            "insertelement" => self.insert_element(body, token),
            "shufflevector" => self.shuffle(body, token),
            "extractvalue" => self.extract_value(body, token),
            "insertvalue" => self.insert_value(body, token),
            "call" => self.call(body),
            "tail" | "musttail" | "notail" => {
                self.expect_word("call")?;
                self.call(body)
            }
            "ret" => self.ret(body, token),
            "br" => self.branch(body),
            "switch" => self.switch(body),
            "unreachable" => Ok((Type::Void, Op::Unreachable)),
            _ => {
                if let Some(&(name, terminator)) =
                    UNSUPPORTED.iter().find(|(name, _)| *name == word)
                {
                    self.unsupported(name, terminator)
                } else {
                    self.at -= 1;
                    Err(self.wanted("an instruction"))
                }
            }
        }
    }

    /// Keeps the mnemonic of an instruction that has no meaning here; its result, if any, has an opaque type.
    fn unsupported(&mut self, mnemonic: &str, terminator: bool) -> Result<(Type, Op), IrError> {
        // A name in front means a result; its type stays unknown and any use of it is of the same unknown kind.
        let named = self.at >= 2 && self.tokens[self.at - 2].kind == Kind::Punct(b'=');
        self.skip_line();
        if mnemonic == "invoke"
            || mnemonic == "landingpad"
            || mnemonic == "callbr"
            || mnemonic == "catchswitch"
        {
            // These continue on the lines that follow with a keyword of their own.
            while matches!(
                self.word(),
                "to" | "unwind" | "cleanup" | "catch" | "filter"
            ) {
                self.bump();
                self.skip_line();
            }
        }
        if named {
            return Err(self.error_at(
                self.peek(),
                format!("`{mnemonic}` with a result is not supported"),
            ));
        }
        Ok((
            Type::Void,
            Op::Unsupported {
                mnemonic: mnemonic.into(),
                terminator,
            },
        ))
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.word() {
                "nuw" => flags.nuw = true,
                "nsw" => flags.nsw = true,
                "exact" => flags.exact = true,
                "disjoint" => flags.disjoint = true,
                "nneg" => flags.nneg = true,
                "samesign" => flags.samesign = true,
                "inbounds" => flags.inbounds = true,
                "nusw" => flags.nusw = true,
                _ => return flags,
            }
            self.bump();
        }
    }

    fn integer_type(&self, token: Token, ty: &Type) -> Result<(), IrError> {
        match ty.scalar() {
            Type::Int(_) | Type::Opaque(_) => Ok(()),
            _ => Err(self.error_at(
                token,
                format!("`{}` works on integers, not on {ty}", self.word_of(token)),
            )),
        }
    }

    /// Skips fast-math flags where they have no meaning here.
    fn fast_math(&mut self, body: &mut Body) {
        while FAST_MATH.contains(&self.word()) {
            let name = format!("fast-math flag {}", self.word());
            self.bump();
            if !body.function.unsupported.contains(&name) {
                body.function.unsupported.push(name);
            }
        }
    }

    fn float_arithmetic(&mut self, body: &mut Body, word: &str) -> Result<(Type, Op), IrError> {
        let mut mnemonic = word.to_string();
        let compares = word == "fcmp";
        while FAST_MATH.contains(&self.word()) {
            mnemonic.push(' ');
            mnemonic.push_str(self.word());
            self.bump();
        }
        if compares {
            mnemonic.push(' ');
            mnemonic.push_str(self.word());
            self.bump();
        }
        let ty = self.type_name()?;
        let mut operands = vec![self.operand(body, &ty)?];
        if word != "fneg" {
            self.expect(b',')?;
            operands.push(self.operand(body, &ty)?);
        }
        let result = if compares { truth_of(&ty) } else { ty };
        Ok((result, Op::FloatArithmetic { mnemonic, operands }))
    }

    fn compare(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        let flags = self.flags();
        let Some(predicate) = Predicate::from_name(self.word()) else {
            return Err(self.wanted("a comparison such as `slt`"));
        };
        self.bump();
        let ty = self.type_name()?;
        let lhs = self.operand(body, &ty)?;
        self.expect(b',')?;
        let rhs = self.operand(body, &ty)?;
        if !matches!(ty.scalar(), Type::Int(_) | Type::Pointer | Type::Opaque(_)) {
            return Err(self.error_at(
                token,
                format!("icmp compares integers or pointers, not {ty}"),
            ));
        }
        Ok((
            truth_of(&ty),
            Op::Compare {
                predicate,
                flags,
                lhs,
                rhs,
            },
        ))
    }

    fn select(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        self.fast_math(body);
        let condition = self.typed_operand(body)?;
        self.expect(b',')?;
        let yes = self.typed_operand(body)?;
        self.expect(b',')?;
        let no = self.typed_operand(body)?;
        let ty = body.function.ty(yes).clone();
        if *body.function.ty(no) != ty {
            return Err(self.error_at(
                token,
                "the two values of a select have different types".into(),
            ));
        }
        let fits = match (body.function.ty(condition), &ty) {
            (Type::Int(1), _) => true,
            (Type::Vector(n, e), Type::Vector(m, _)) => n == m && **e == Type::Int(1),
            _ => false,
        };
        if !fits {
            return Err(self.error_at(
                token,
                "the condition of a select is i1, or a vector of i1 of the same length".into(),
            ));
        }
        Ok((ty, Op::Select { condition, yes, no }))
    }

    fn phi(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        self.fast_math(body);
        let ty = self.type_name()?;
        let mut incoming = Vec::new();
        loop {
            self.expect(b'[')?;
            let value = self.operand(body, &ty)?;
            self.expect(b',')?;
            let block = self.block_name(body)?;
            self.expect(b']')?;
            incoming.push((value, block));
            if !(self.is_punct(b',') && self.peek_at(1).kind == Kind::Punct(b'[')) {
                return Ok((ty, Op::Phi { incoming }));
            }
            self.bump();
        }
    }

    fn cast(&mut self, body: &mut Body, token: Token, op: CastOp) -> Result<(Type, Op), IrError> {
        self.fast_math(body);
        let flags = self.flags();
        let value = self.typed_operand(body)?;
        self.expect_word("to")?;
        let ty = self.type_name()?;
        let from = body.function.ty(value);
        let bits = |t: &Type| t.scalar().int_bits();
        let fits = match op {
            CastOp::ZExt | CastOp::SExt => {
                matches!((bits(from), bits(&ty)), (Some(a), Some(b)) if a < b)
            }
            CastOp::Trunc => matches!((bits(from), bits(&ty)), (Some(a), Some(b)) if a > b),
            _ => true,
        };
        let lanes = |t: &Type| if let Type::Vector(n, _) = t { *n } else { 0 };
        if !fits
            || (matches!(op, CastOp::ZExt | CastOp::SExt | CastOp::Trunc)
                && lanes(from) != lanes(&ty))
        {
            return Err(self.error_at(
                token,
                format!("cannot {} {from} to {ty}", self.word_of(token)),
            ));
        }
        Ok((ty, Op::Cast { op, flags, value }))
    }

    fn extract_element(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        let vector = self.typed_operand(body)?;
        self.expect(b',')?;
        let index = self.typed_operand(body)?;
        match body.function.ty(vector) {
            Type::Vector(_, element) => {
                Ok(((**element).clone(), Op::ExtractElement { vector, index }))
            }
            _ => Err(self.error_at(token, "extractelement takes a vector".into())),
        }
    }

    fn insert_element(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        let vector = self.typed_operand(body)?;
        self.expect(b',')?;
        let element = self.typed_operand(body)?;
        self.expect(b',')?;
        let index = self.typed_operand(body)?;
        let ty = body.function.ty(vector).clone();
        match &ty {
            Type::Vector(_, inner) if **inner == *body.function.ty(element) => Ok((
                ty,
                Op::InsertElement {
                    vector,
                    element,
                    index,
                },
            )),
            _ => Err(self.error_at(
                token,
                "insertelement takes a vector and one of its elements".into(),
            )),
        }
    }

    fn shuffle(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        let first = self.typed_operand(body)?;
        self.expect(b',')?;
        let second = self.typed_operand(body)?;
        self.expect(b',')?;
        let mask_ty = self.type_name()?;
        let mask = self.constant(&mask_ty)?;
        let (Type::Vector(_, element), Type::Vector(n, _)) = (body.function.ty(first), &mask_ty)
        else {
            return Err(self.error_at(token, "shufflevector takes two vectors and a mask".into()));
        };
        let ty = Type::Vector(*n, element.clone());
        let mask = match mask {
            Constant::Zero => vec![Some(0); (*n).min(4096) as usize],
            Constant::Undef | Constant::Poison => vec![None; (*n).min(4096) as usize],
            Constant::Aggregate(fields) => fields
                .iter()
                .map(|(_, c)| {
                    if let Constant::Int(bits) = c {
                        Some(*bits as u32)
                    } else {
                        None
                    }
                })
                .collect(),
            _ => return Err(self.error_at(token, "the mask of shufflevector is a constant".into())),
        };
        if mask.len() != *n as usize {
            return Err(self.error_at(
                token,
                "the mask of shufflevector has another length than its type".into(),
            ));
        }
        Ok((
            ty,
            Op::ShuffleVector {
                first,
                second,
                mask,
            },
        ))
    }

    fn index_path(&mut self) -> Result<Vec<u32>, IrError> {
        let mut path = Vec::new();
        while self.is_punct(b',') && self.peek_at(1).kind == Kind::Integer {
            self.bump();
            path.push(self.integer()? as u32);
        }
        Ok(path)
    }

    fn extract_value(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        let aggregate = self.typed_operand(body)?;
        let indices = self.index_path()?;
        match self.module.lane_path(body.function.ty(aggregate), &indices) {
            Some((_, ty)) => Ok((ty, Op::ExtractValue { aggregate, indices })),
            None => {
                Err(self.error_at(token, "extractvalue names a field that is not there".into()))
            }
        }
    }

    fn insert_value(&mut self, body: &mut Body, token: Token) -> Result<(Type, Op), IrError> {
        let aggregate = self.typed_operand(body)?;
        self.expect(b',')?;
        let element = self.typed_operand(body)?;
        let indices = self.index_path()?;
        let ty = body.function.ty(aggregate).clone();
        if self.module.lane_path(&ty, &indices).is_none() {
            return Err(self.error_at(token, "insertvalue names a field that is not there".into()));
        }
        Ok((
            ty,
            Op::InsertValue {
                aggregate,
                element,
                indices,
            },
        ))
    }

    /// Operand bundles of `llvm.assume`, each an argument more with the attribute that it stands for. False, and nothing read but the
    /// brackets, where one has no meaning here.
    fn assumptions(
        &mut self,
        body: &mut Body,
        arguments: &mut Vec<(ValueId, ParameterAttributes)>,
    ) -> Result<bool, IrError> {
        let start = self.at;
        let mut found = Vec::new();
        self.expect(b'[')?;
        loop {
            let token = self.bump();
            let tag = self.word_of(token).trim_matches('"');
            let mut attributes = ParameterAttributes {
                noundef: true,
                ..ParameterAttributes::default()
            };
            self.expect(b'(')?;
            let value = if self.is_punct(b')') {
                None
            } else {
                Some(self.typed_operand(body)?)
            };
            let mut numbers = Vec::new();
            while self.accept(b',') {
                let number = self.typed_operand(body)?;
                numbers.push(match &body.function.value(number).kind {
                    ValueKind::Constant(Constant::Int(bits)) => *bits as u64,
                    _ => 0,
                });
            }
            let known = match (tag, value, numbers.as_slice()) {
                ("ignore", ..) | ("noundef", Some(_), []) => true,
                ("nonnull", Some(_), []) => {
                    attributes.nonnull = true;
                    true
                }
                ("align", Some(_), [bytes, rest @ ..])
                    if bytes.is_power_of_two() && rest.len() < 2 =>
                {
                    attributes.align = *bytes;
                    attributes.align_offset = rest.first().copied().unwrap_or(0);
                    true
                }
                ("dereferenceable", Some(_), [bytes]) if *bytes > 0 => {
                    attributes.dereferenceable = *bytes;
                    true
                }
                _ => false,
            };
            if !known || !self.accept(b')') {
                self.at = start;
                self.skip_group();
                return Ok(false);
            }
            if let (Some(value), false) = (value, tag == "ignore") {
                found.push((value, attributes));
            }
            if self.accept(b']') {
                arguments.append(&mut found);
                return Ok(true);
            }
            self.expect(b',')?;
        }
    }

    fn call(&mut self, body: &mut Body) -> Result<(Type, Op), IrError> {
        self.fast_math(body);
        while self.word().ends_with("cc") {
            self.bump();
        }
        if self.accept_word("cc") {
            self.integer()?;
        }
        let result = self.parameter_attributes()?;
        let mut ty = self.any_type()?;
        if super::type_names::is_function(&ty) {
            ty = self.function_result.clone();
        }
        let token = self.peek();
        let callee = match token.kind {
            Kind::Global => {
                self.bump();
                let name = lexer::name_of(self.text, token);
                // As the reductions were called before LLVM 12.
                Callee::Named(name.replacen(
                    "llvm.experimental.vector.reduce.",
                    "llvm.vector.reduce.",
                    1,
                ))
            }
            Kind::Local => Callee::Indirect(self.operand(body, &Type::Pointer)?),
            _ => {
                let constant = self.constant(&Type::Pointer)?;
                Callee::Indirect(body.constant(Type::Pointer, constant))
            }
        };
        self.expect(b'(')?;
        let mut arguments: Vec<(ValueId, ParameterAttributes)> = Vec::new();
        if !self.accept(b')') {
            loop {
                if self.accept(b'.') {
                    self.expect(b')')?;
                    break;
                }
                arguments.push(self.argument(body)?);
                if self.accept(b')') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        // Attributes of the call site and operand bundles.
        let mut site = super::FunctionAttributes::default();
        while !self.on_new_line()
            && !self.is_punct(b',')
            && !self.is_punct(b'}')
            && !matches!(self.peek().kind, Kind::End | Kind::Local)
            && !STATEMENTS.contains(&self.word())
        {
            if self.is_punct(b'[') {
                let assumes = matches!(&callee, Callee::Named(name) if name == "llvm.assume");
                let known = if assumes {
                    self.assumptions(body, &mut arguments)?
                } else {
                    self.skip_group();
                    false
                };
                if !known {
                    site.unsupported.push("operand bundle".into());
                }
            } else {
                self.function_attribute(&mut site);
            }
        }
        body.function.unsupported.append(&mut site.unsupported);
        Ok((
            ty,
            Op::Call {
                callee,
                arguments,
                result,
                site: site.effects(),
            },
        ))
    }
}

/// What can follow a call on its line, as instructions without a result begin so.
const STATEMENTS: &[&str] = &[
    "br",
    "call",
    "callbr",
    "catchret",
    "catchswitch",
    "cleanupret",
    "fence",
    "indirectbr",
    "invoke",
    "musttail",
    "notail",
    "resume",
    "ret",
    "store",
    "switch",
    "tail",
    "unreachable",
];

/// `i1`, or a vector of it as long as the operands.
pub(super) fn truth_of(ty: &Type) -> Type {
    match ty {
        Type::Vector(n, _) => Type::Vector(*n, std::rc::Rc::new(Type::Int(1))),
        _ => Type::Int(1),
    }
}
