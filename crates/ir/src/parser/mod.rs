//! Recursive descent over the tokens of a module.
//!
//! The grammar is LLVM's `LLParser`, read tolerantly: what cannot change the meaning of an integer function is skipped, the rest is
//! kept by name.

mod attributes;
mod constants;
mod function;
mod instructions;
mod memory_and_flow;
mod type_names;

use crate::collections::HashMap;

use crate::error::IrError;
use crate::lexer::{self, Kind, Token};
use crate::module::{Global, MemoryEffects, Module};
use crate::types::Type;

/// Reads a module.
///
/// Errors carry line and column. Functions that are only declared, globals and named types are kept; metadata is not.
pub fn parse(text: &str) -> Result<Module, IrError> {
    let mut parser = Parser::new(text.as_bytes())?;
    parser.collect_attribute_groups()?;
    parser.module()?;
    Ok(parser.module)
}

/// What an attribute group says about the function that names it.
#[derive(Clone, Debug, Default)]
struct FunctionAttributes {
    memory: MemoryEffects,
    must_return: bool,
    no_return: bool,
    null_is_valid: bool,
    unsupported: Vec<String>,
    words: Vec<String>,
}

impl FunctionAttributes {
    fn effects(mut self) -> crate::module::CallEffects {
        crate::collections::sort(&mut self.words);
        self.words.dedup();
        crate::module::CallEffects {
            memory: self.memory,
            words: self.words,
        }
    }
}

struct Parser<'t> {
    text: &'t [u8],
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    groups: HashMap<String, FunctionAttributes>,
    /// Where each metadata node is defined: the token after `=`.
    metadata: HashMap<String, usize>,
    /// The last place whose line was asked for, and that line.
    place: (usize, u32),
    loops_must_progress: bool,
    /// Result type of the function type read last.
    function_result: Type,
    module: Module,
}

/// Types and constants nest at most this deep.
const DEPTH_LIMIT: u32 = 48;

impl<'t> Parser<'t> {
    fn new(text: &'t [u8]) -> Result<Self, IrError> {
        Ok(Self {
            text,
            tokens: lexer::tokenize(text)?,
            at: 0,
            depth: 0,
            groups: HashMap::default(),
            metadata: HashMap::default(),
            place: (0, 1),
            loops_must_progress: false,
            function_result: Type::Void,
            module: Module::default(),
        })
    }

    // Tokens.

    fn peek(&self) -> Token {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + ahead).min(last)]
    }

    fn bump(&mut self) -> Token {
        let token = self.peek();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    fn word_of(&self, token: Token) -> &'t str {
        std::str::from_utf8(&self.text[token.start..token.end]).unwrap_or("")
    }

    fn word(&self) -> &'t str {
        let token = self.peek();
        if token.kind == Kind::Word {
            self.word_of(token)
        } else {
            ""
        }
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        if found {
            self.at += 1;
        }
        found
    }

    fn is_punct(&self, byte: u8) -> bool {
        self.peek().kind == Kind::Punct(byte)
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.is_punct(byte);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), IrError> {
        if self.accept(byte) {
            Ok(())
        } else {
            Err(self.wanted(&format!("`{}`", char::from(byte))))
        }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), IrError> {
        if self.accept_word(word) {
            Ok(())
        } else {
            Err(self.wanted(&format!("`{word}`")))
        }
    }

    fn wanted(&self, what: &str) -> IrError {
        let token = self.peek();
        let found = if token.kind == Kind::End {
            "the end of the text".to_string()
        } else {
            let bytes = &self.text[token.start..token.end.min(token.start + 40)];
            format!("`{}`", String::from_utf8_lossy(bytes))
        };
        self.error_at(token, format!("expected {what}, found {found}"))
    }

    fn error_at(&self, token: Token, message: String) -> IrError {
        let (line, column) = lexer::place(self.text, token.start);
        IrError {
            code: "parse-error",
            message,
            line,
            column,
        }
    }

    /// The line of a token that stands behind all tokens asked for so far.
    fn line(&mut self, token: Token) -> u32 {
        let (at, line) = self.place;
        let passed = self.text.get(at..token.start).unwrap_or_default();
        let breaks = passed.split(|b| *b == b'\n').count() - 1;
        self.place = (token.start.max(at), line + breaks as u32);
        self.place.1
    }

    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, IrError>,
    ) -> Result<T, IrError> {
        if self.depth >= DEPTH_LIMIT {
            return Err(self.error_at(self.peek(), format!("nested deeper than {DEPTH_LIMIT}")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn integer(&mut self) -> Result<u64, IrError> {
        let token = self.peek();
        let value = if token.kind == Kind::Integer {
            self.word_of(token).parse().ok()
        } else {
            None
        };
        match value {
            Some(value) => {
                self.bump();
                Ok(value)
            }
            None => Err(self.wanted("an unsigned integer")),
        }
    }

    /// A power of two of bytes, to 2^32, as LLVM's own parser wants it.
    fn alignment(&mut self) -> Result<u64, IrError> {
        let token = self.peek();
        let bytes = self.integer()?;
        if bytes.is_power_of_two() && bytes <= 1 << 32 {
            return Ok(bytes);
        }
        let message = format!("an alignment of {bytes}; expected a power of two, 2^32 at most");
        Err(self.error_at(token, message))
    }

    fn on_new_line(&self) -> bool {
        let Some(previous) = self.at.checked_sub(1) else {
            return true;
        };
        self.text[self.tokens[previous].end..self.peek().start].contains(&b'\n')
    }

    /// Skips the rest of a construct: to the first token on a new line outside all brackets.
    fn skip_line(&mut self) {
        let mut depth = 0i32;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::End => return,
                _ if depth <= 0 && self.on_new_line() => return,
                Kind::Punct(b'(' | b'[' | b'{') => depth += 1,
                Kind::Punct(b')' | b']') => depth -= 1,
                Kind::Punct(b'}') => {
                    if depth <= 0 {
                        return;
                    }
                    depth -= 1;
                }
                _ => {}
            }
            self.bump();
        }
    }

    /// Skips a bracketed group that starts here; gives its text without the brackets, nothing where a bracket closes instead.
    fn skip_group(&mut self) -> &'t str {
        let start = self.peek().end;
        let mut depth = 0i32;
        loop {
            let token = self.bump();
            match token.kind {
                Kind::End => return "",
                Kind::Punct(b'(' | b'[' | b'{') => depth += 1,
                Kind::Punct(b')' | b']' | b'}') => {
                    depth -= 1;
                    if depth <= 0 {
                        let text = self.text.get(start..token.start).unwrap_or_default();
                        return std::str::from_utf8(text).unwrap_or("");
                    }
                }
                _ => {}
            }
        }
    }

    // The module.

    fn module(&mut self) -> Result<(), IrError> {
        loop {
            let token = self.peek();
            match token.kind {
                Kind::End => return Ok(()),
                Kind::Word => self.header(token)?,
                Kind::Local => self.type_definition()?,
                Kind::Global => self.global()?,
                Kind::Metadata | Kind::Comdat | Kind::Punct(b'^') => {
                    self.bump();
                    self.skip_line();
                }
                _ => return Err(self.wanted("a definition")),
            }
        }
    }

    fn header(&mut self, token: Token) -> Result<(), IrError> {
        match self.word_of(token) {
            "define" => {
                let function = self.function()?;
                let place = self.module.functions.len();
                let known = self.module.places.insert(function.name.clone(), place);
                if known.is_some() {
                    let message = format!("@{} is defined twice", function.name);
                    return Err(self.error_at(token, message));
                }
                self.module.functions.push(function);
            }
            "declare" => self.declaration()?,
            "target" => {
                self.bump();
                let layout = self.word() == "datalayout";
                self.bump();
                self.expect(b'=')?;
                let text = self.bump();
                if text.kind != Kind::Text {
                    return Err(self.error_at(text, "expected a quoted string".into()));
                }
                if layout {
                    let bytes = lexer::bytes_of(self.text, text);
                    self.data_layout(&String::from_utf8_lossy(&bytes));
                }
            }
            "source_filename" | "attributes" | "uselistorder" | "uselistorder_bb" | "deplibs" => {
                self.bump();
                self.skip_line();
            }
            "module" => {
                self.module.unsupported.push("module asm".into());
                self.bump();
                self.skip_line();
            }
            _ => return Err(self.wanted("`define`, `declare`, a global, a type or metadata")),
        }
        Ok(())
    }

    fn data_layout(&mut self, text: &str) {
        for part in text.split('-') {
            let mut fields = part.split(':');
            let bits = |field: Option<&str>| {
                field
                    .and_then(|f| f.parse::<u64>().ok())
                    .map(|b| (b / 8).clamp(1, 64))
            };
            match fields.next() {
                Some("E") => self.module.layout.big_endian = true,
                Some("i64") => self.module.layout.i64_align = bits(fields.next()).unwrap_or(8),
                Some("i128") => self.module.layout.i128_align = bits(fields.next()).unwrap_or(16),
                Some("p" | "p0") if fields.next() != Some("64") => {
                    self.module
                        .unsupported
                        .push("pointers that are not 64 bits wide".into());
                }
                _ => {}
            }
        }
    }

    fn type_definition(&mut self) -> Result<(), IrError> {
        let name = lexer::name_of(self.text, self.bump());
        self.expect(b'=')?;
        self.expect_word("type")?;
        if self.accept_word("opaque") {
            return Ok(());
        }
        let body = self.any_type()?;
        self.module.types.insert(name.into(), body);
        Ok(())
    }

    fn global(&mut self) -> Result<(), IrError> {
        let name = lexer::name_of(self.text, self.bump());
        self.expect(b'=')?;
        let mut unsupported = false;
        let mut interposable = false;
        let constant = loop {
            match self.word() {
                "global" => break false,
                "constant" => break true,
                "alias" | "ifunc" => {
                    self.skip_line();
                    let ty = Type::Opaque("alias".into());
                    let global = Global {
                        ty,
                        constant: false,
                        initializer: None,
                        align: 0,
                        unsupported: true,
                    };
                    self.module.globals.insert(name, global);
                    return Ok(());
                }
                "weak"
                | "linkonce"
                | "common"
                | "extern_weak"
                | "available_externally"
                | "weak_odr" => {
                    interposable = true;
                    self.bump();
                }
                "thread_local" | "addrspace" => {
                    unsupported = true;
                    self.bump();
                    if self.is_punct(b'(') {
                        self.skip_group();
                    }
                }
                "" => return Err(self.wanted("`global` or `constant`")),
                _ => {
                    self.bump();
                }
            }
        };
        self.bump();
        let ty = self.type_name()?;
        let initializer =
            if self.on_new_line() || self.is_punct(b',') || self.peek().kind == Kind::End {
                None
            } else {
                Some(self.constant(&ty)?)
            };
        let mut align = 0;
        while self.accept(b',') {
            if self.accept_word("align") {
                align = self.alignment()?;
            } else {
                while !self.is_punct(b',') && !self.on_new_line() && self.peek().kind != Kind::End {
                    self.bump();
                }
            }
        }
        self.skip_line();
        let initializer = initializer.filter(|_| !interposable);
        self.module.globals.insert(
            name,
            Global {
                ty,
                constant,
                initializer,
                align,
                unsupported,
            },
        );
        Ok(())
    }
}
