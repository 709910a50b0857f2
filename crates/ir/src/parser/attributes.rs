//! Attributes in three classes: ignorable, adding undefined behaviour or poison, unsupported.

use super::{FunctionAttributes, Parser};
use crate::error::IrError;
use crate::lexer::Kind;
use crate::module::{MemoryEffects, ParameterAttributes};

/// Attributes of parameters and results without a meaning for one function by itself.
const IGNORABLE_PARAMETER: &[&str] = &[
    "zeroext",
    "signext",
    "inreg",
    "nofree",
    "immarg",
    "noext",
    "swiftself",
    "nest",
    "dead_on_unwind",
    "allocptr",
    "allocalign",
    "dead_on_return",
];

/// Function attributes without a meaning for one function by itself.
const IGNORABLE_FUNCTION: &[&str] = &[
    "alwaysinline",
    "builtin",
    "cold",
    "convergent",
    "disable_sanitizer_instrumentation",
    "fn_ret_thunk_extern",
    "hot",
    "hybrid_patchable",
    "inlinehint",
    "jumptable",
    "minsize",
    "naked",
    "nobuiltin",
    "nocallback",
    "nocf_check",
    "nocreateundeforpoison",
    "noduplicate",
    "nofree",
    "noimplicitfloat",
    "noinline",
    "nomerge",
    "nonlazybind",
    "noprofile",
    "norecurse",
    "noredzone",
    "nosanitize_bounds",
    "nosanitize_coverage",
    "nosync",
    "nounwind",
    "optdebug",
    "optforfuzzing",
    "optnone",
    "optsize",
    "returns_twice",
    "safestack",
    "sanitize_address",
    "sanitize_hwaddress",
    "sanitize_memory",
    "sanitize_memtag",
    "sanitize_thread",
    "shadowcallstack",
    "skipprofile",
    "speculatable",
    "speculative_load_hardening",
    "ssp",
    "sspreq",
    "sspstrong",
    "uwtable",
    "local_unnamed_addr",
    "unnamed_addr",
    "vscale_range",
    "allocsize",
    "alignstack",
    "comdat",
    "section",
    "gc",
    "prefix",
    "prologue",
    "personality",
    "partition",
    "allockind",
    "presplitcoroutine",
];

impl Parser<'_> {
    /// Reads `attributes #n = { ... }` wherever they stand, since functions come before them; and looks for loop metadata.
    pub(super) fn collect_attribute_groups(&mut self) -> Result<(), IrError> {
        let mut next = 0;
        while let Some(&token) = self.tokens.get(next) {
            let at = next;
            next += 1;
            if token.kind == Kind::Text && self.word_of(token) == "\"llvm.loop.mustprogress\"" {
                self.loops_must_progress = true;
            }
            if token.kind == Kind::Metadata
                && self
                    .tokens
                    .get(at + 1)
                    .is_some_and(|t| t.kind == Kind::Punct(b'='))
            {
                let name = crate::lexer::name_of(self.text, token);
                self.metadata.insert(name, at + 2);
            }
            let starts = token.kind == Kind::Word
                && self.word_of(token) == "attributes"
                && self
                    .tokens
                    .get(at + 1)
                    .is_some_and(|t| t.kind == Kind::Group);
            if !starts {
                continue;
            }
            self.at = at + 1;
            let group = self.bump();
            let name = self.word_of(group).to_string();
            self.expect(b'=')?;
            self.expect(b'{')?;
            let mut attributes = FunctionAttributes::default();
            while !self.accept(b'}') {
                if self.peek().kind == Kind::End {
                    return Err(self.wanted("`}`"));
                }
                self.function_attribute(&mut attributes);
            }
            self.groups.insert(name, attributes);
            // Nothing within a group starts another one.
            next = self.at;
        }
        self.at = 0;
        Ok(())
    }

    /// Reads one function attribute; anything that is no attribute is skipped as one token.
    pub(super) fn function_attribute(&mut self, into: &mut FunctionAttributes) {
        let token = self.bump();
        match token.kind {
            Kind::Group => {
                if let Some(group) = self.groups.get(self.word_of(token)) {
                    into.memory = into.memory.stricter(group.memory);
                    into.must_return |= group.must_return;
                    into.unsupported.extend(group.unsupported.iter().cloned());
                    into.no_return |= group.no_return;
                    into.null_is_valid |= group.null_is_valid;
                    into.words.extend(group.words.iter().cloned());
                }
            }
            Kind::Text => {
                // String attributes: `"key"` or `"key"="value"`.
                let name = self.word_of(token);
                let value = if self.accept(b'=') {
                    let value = self.bump();
                    self.word_of(value)
                } else {
                    ""
                };
                if name.starts_with("\"denormal-fp-math") && value != "\"ieee,ieee\"" {
                    into.unsupported.push("denormals other than IEEE's".into());
                }
                into.null_is_valid |= self.word_of(token) == "\"null-pointer-is-valid\"";
            }
            Kind::Word => {
                let word = self.word_of(token);
                let argument = if self.is_punct(b'(') {
                    self.skip_group()
                } else if self.accept(b'=') {
                    let value = self.bump();
                    self.word_of(value)
                } else {
                    ""
                };
                into.words.push(if argument.is_empty() {
                    word.to_string()
                } else {
                    format!("{word}({argument})")
                });
                self.function_word(word, argument, into);
            }
            _ => {}
        }
    }

    fn function_word(&mut self, word: &str, argument: &str, into: &mut FunctionAttributes) {
        match word {
            "memory" => into.memory = into.memory.stricter(memory_effects(argument)),
            "readnone" => into.memory = into.memory.stricter(MemoryEffects::None),
            "readonly" => into.memory = into.memory.stricter(MemoryEffects::Read),
            "argmemonly" => into.memory = into.memory.stricter(MemoryEffects::Argument),
            "writeonly" | "inaccessiblememonly" | "inaccessiblemem_or_argmemonly" => {
                into.memory = MemoryEffects::Other;
            }
            "willreturn" | "mustprogress" => into.must_return = true,
            "noreturn" => into.no_return = true,
            "denormal_fpenv" if argument.trim() == "ieee" => {}
            "null_pointer_is_valid" => into.null_is_valid = true,
            "align" => {
                if self.peek().kind == Kind::Integer {
                    self.bump();
                }
            }
            _ if IGNORABLE_FUNCTION.contains(&word) => {
                if matches!(word, "section" | "gc" | "partition") {
                    self.bump();
                }
            }
            _ => into.unsupported.push(format!("function attribute {word}")),
        }
    }

    /// Reads attributes of a parameter, an argument or a result, as far as they go.
    pub(super) fn parameter_attributes(&mut self) -> Result<ParameterAttributes, IrError> {
        let mut out = ParameterAttributes::default();
        loop {
            let token = self.peek();
            if token.kind == Kind::Text {
                self.bump();
                if self.accept(b'=') {
                    self.bump();
                }
                continue;
            }
            if token.kind != Kind::Word || self.at_type() {
                return Ok(out);
            }
            let word = self.word_of(token);
            match word {
                "noundef" => {
                    self.bump();
                    out.noundef = true;
                }
                "nonnull" => {
                    self.bump();
                    out.nonnull = true;
                }
                "noalias" => {
                    self.bump();
                    out.noalias = true;
                }
                "align" => {
                    self.bump();
                    let bracket = self.accept(b'(');
                    out.align = self.alignment()?;
                    if bracket {
                        self.expect(b')')?;
                    }
                }
                "readonly" | "readnone" | "writeonly" | "nocapture" | "captures" | "returned" => {
                    self.bump();
                    if self.is_punct(b'(') {
                        self.skip_group();
                    }
                    out.no_store |= matches!(word, "readonly" | "readnone");
                    out.no_load |= matches!(word, "writeonly" | "readnone");
                    out.no_capture |= matches!(word, "nocapture" | "captures");
                    out.returned |= word == "returned";
                }
                "dereferenceable" => {
                    self.bump();
                    self.expect(b'(')?;
                    out.dereferenceable = self.integer()?;
                    self.expect(b')')?;
                }
                "dereferenceable_or_null" => {
                    self.bump();
                    self.expect(b'(')?;
                    out.dereferenceable_or_null = self.integer()?;
                    self.expect(b')')?;
                }
                "range" => {
                    self.bump();
                    out.range = Some(self.range_attribute()?);
                }
                _ if IGNORABLE_PARAMETER.contains(&word) => {
                    self.bump();
                    if self.is_punct(b'(') {
                        self.skip_group();
                    }
                }
                "writable" => {
                    self.bump();
                    out.writable = true;
                }
                "byval" | "byref" | "preallocated" | "inalloca" | "sret" | "elementtype"
                | "nofpclass" | "initializes" | "swifterror" | "swiftasync" | "alignstack" => {
                    self.bump();
                    if self.is_punct(b'(') {
                        self.skip_group();
                    }
                    out.unsupported.push(format!("attribute {word}"));
                }
                _ => return Ok(out),
            }
        }
    }

    fn range_attribute(&mut self) -> Result<(u128, u128), IrError> {
        self.expect(b'(')?;
        let ty = self.type_name()?;
        let bits = ty.scalar().int_bits().unwrap_or(128).min(128);
        let low = self.integer_bits(bits)?;
        self.expect(b',')?;
        let high = self.integer_bits(bits)?;
        self.expect(b')')?;
        Ok((low, high))
    }

    /// Reads an integer literal modulo `2^bits`.
    pub(super) fn integer_bits(&mut self, bits: u32) -> Result<u128, IrError> {
        let token = self.peek();
        let word = self.word_of(token);
        let value = if token.kind == Kind::Integer {
            match word.strip_prefix('-') {
                Some(positive) => positive.parse::<u128>().ok().map(u128::wrapping_neg),
                None => word.strip_prefix('+').unwrap_or(word).parse::<u128>().ok(),
            }
        } else {
            None
        };
        let Some(value) = value else {
            return Err(self.wanted("an integer of at most 128 bits"));
        };
        self.bump();
        Ok(value & crate::fold::mask(bits))
    }
}

fn memory_effects(argument: &str) -> MemoryEffects {
    match argument.replace(' ', "").as_str() {
        "none" => MemoryEffects::None,
        "read" => MemoryEffects::Read,
        "readwrite" => MemoryEffects::Any,
        "argmem:read" => MemoryEffects::ArgumentRead,
        "argmem:readwrite" => MemoryEffects::Argument,
        _ => MemoryEffects::Other,
    }
}
