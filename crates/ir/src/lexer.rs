//! Bytes to tokens. One pass, no allocation per token but the token itself.

use crate::error::IrError;

/// Texts beyond this are refused before any work is done.
pub const TEXT_LIMIT_BYTES: usize = 64 << 20;

/// What a token is; its text is `Token::start..Token::end` of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Keyword, type name, opcode, number-like word of letters.
    Word,
    /// `%name` or `%"name"`.
    Local,
    /// `@name` or `@"name"`.
    Global,
    /// `$name`.
    Comdat,
    /// `!name`, `!0`, or a lone `!`.
    Metadata,
    /// `#0`.
    Group,
    /// Decimal integer, possibly negative.
    Integer,
    /// Decimal or hexadecimal floating-point literal.
    Float,
    /// `"..."`.
    Text,
    /// `c"..."`.
    Bytes,
    /// `name:`, a block label or a key inside metadata.
    Label,
    /// One byte of punctuation, or `...`.
    Punct(u8),
    /// End of text.
    End,
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A text of more tokens is refused: what is made of them would not fit into memory.
pub const TOKEN_LIMIT: usize = 16 << 20;

/// Splits a text; the last token is always `Kind::End`.
pub fn tokenize(text: &[u8]) -> Result<Vec<Token>, IrError> {
    if text.len() > TEXT_LIMIT_BYTES {
        return Err(IrError::new(
            "too-large",
            format!(
                "{} bytes of IR; at most {TEXT_LIMIT_BYTES} are read",
                text.len()
            ),
        ));
    }
    let mut tokens = Vec::with_capacity((text.len() / 4 + 1).min(TOKEN_LIMIT));
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b';' => at = end_of_line(text, at),
            b'/' if text.get(at + 1) == Some(&b'*') => at = end_of_comment(text, at),
            _ => {
                let token = next(text, at)?;
                if tokens.len() >= TOKEN_LIMIT {
                    let (line, column) = place(text, at);
                    return Err(IrError {
                        code: "too-large",
                        message: format!("more than {TOKEN_LIMIT} tokens"),
                        line,
                        column,
                    });
                }
                at = token.end;
                tokens.push(token);
            }
        }
    }
    tokens.push(Token {
        kind: Kind::End,
        start: text.len(),
        end: text.len(),
    });
    Ok(tokens)
}

/// The text of a name token without sigil, quotes or colon; `\xx` escapes decoded.
pub fn name_of(text: &[u8], token: Token) -> String {
    let mut raw = text.get(token.start..token.end).unwrap_or_default();
    if matches!(
        token.kind,
        Kind::Local | Kind::Global | Kind::Comdat | Kind::Metadata | Kind::Bytes
    ) {
        raw = raw.get(1..).unwrap_or_default();
    }
    if token.kind == Kind::Label {
        raw = raw.strip_suffix(b":").unwrap_or(raw);
    }
    match raw.strip_prefix(b"\"").and_then(|r| r.strip_suffix(b"\"")) {
        Some(quoted) => String::from_utf8_lossy(&unescape(quoted)).into_owned(),
        None => String::from_utf8_lossy(raw).into_owned(),
    }
}

/// The bytes of a `c"..."` or `"..."` token, escapes decoded.
pub fn bytes_of(text: &[u8], token: Token) -> Vec<u8> {
    let raw = text.get(token.start..token.end).unwrap_or_default();
    let raw = raw.strip_prefix(b"c").unwrap_or(raw);
    unescape(
        raw.strip_prefix(b"\"")
            .and_then(|r| r.strip_suffix(b"\""))
            .unwrap_or_default(),
    )
}

/// One-based line and column of a byte.
pub fn place(text: &[u8], at: usize) -> (u32, u32) {
    let before = text.get(..at.min(text.len())).unwrap_or_default();
    let line = before.split(|&b| b == b'\n').count();
    let column = before.iter().rev().take_while(|&&b| b != b'\n').count() + 1;
    (line as u32, column as u32)
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    let hex = |b: Option<&u8>| b.and_then(|&b| char::from(b).to_digit(16));
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        if byte == b'\\' {
            if raw.get(at + 1) == Some(&b'\\') {
                out.push(b'\\');
                at += 2;
                continue;
            }
            if let (Some(high), Some(low)) = (hex(raw.get(at + 1)), hex(raw.get(at + 2))) {
                out.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
        }
        out.push(byte);
        at += 1;
    }
    out
}

fn end_of_line(text: &[u8], from: usize) -> usize {
    text[from..]
        .iter()
        .position(|&b| b == b'\n')
        .map_or(text.len(), |n| from + n)
}

fn end_of_comment(text: &[u8], from: usize) -> usize {
    text[from + 2..]
        .windows(2)
        .position(|w| w == b"*/")
        .map_or(text.len(), |n| from + n + 4)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'$' | b'.' | b'_') || byte >= 0x80
}

fn run_of(text: &[u8], from: usize, fits: impl Fn(u8) -> bool) -> usize {
    text[from..]
        .iter()
        .position(|&b| !fits(b))
        .map_or(text.len(), |n| from + n)
}

fn quoted_end(text: &[u8], from: usize) -> Result<usize, IrError> {
    // `from` is the opening quote; LLVM has no escaped quote, `\22` stands for it.
    text[from + 1..]
        .iter()
        .position(|&b| b == b'"')
        .map(|n| from + n + 2)
        .ok_or_else(|| {
            let (line, column) = place(text, from);
            IrError {
                code: "parse-error",
                message: "string without a closing quote".into(),
                line,
                column,
            }
        })
}

fn next(text: &[u8], at: usize) -> Result<Token, IrError> {
    let byte = text[at];
    let token = |kind, end| Token {
        kind,
        start: at,
        end,
    };
    let with_label = |kind, end: usize| {
        if text.get(end) == Some(&b':') {
            token(Kind::Label, end + 1)
        } else {
            token(kind, end)
        }
    };
    let after = text.get(at + 1).copied();
    Ok(match byte {
        b'"' => with_label(Kind::Text, quoted_end(text, at)?),
        b'c' if after == Some(b'"') => token(Kind::Bytes, quoted_end(text, at + 1)?),
        b'%' | b'@' | b'$' | b'!' | b'#' | b'^' => {
            let kind = match byte {
                b'%' => Kind::Local,
                b'@' => Kind::Global,
                b'$' => Kind::Comdat,
                b'!' => Kind::Metadata,
                b'#' => Kind::Group,
                _ => Kind::Punct(b'^'),
            };
            if after == Some(b'"') {
                token(kind, quoted_end(text, at + 1)?)
            } else {
                token(
                    kind,
                    run_of(text, at + 1, |b| is_name(b) || (byte == b'!' && b == b'\\')),
                )
            }
        }
        b'.' if text[at..].starts_with(b"...") => token(Kind::Punct(b'.'), at + 3),
        b'+' if after.is_some_and(|b| b.is_ascii_digit()) => number(text, at, at + 1),
        b'-' | b'0'..=b'9' => {
            let end = run_of(text, at + 1, is_name);
            if text.get(end) == Some(&b':') {
                token(Kind::Label, end + 1)
            } else if byte == b'-' && !after.is_some_and(|b| b.is_ascii_digit()) {
                token(Kind::Word, end)
            } else {
                number(text, at, at + 1)
            }
        }
        _ if is_name(byte) => with_label(Kind::Word, run_of(text, at, is_name)),
        _ => token(Kind::Punct(byte), at + 1),
    })
}

fn number(text: &[u8], start: usize, from: usize) -> Token {
    if text[start] == b'0' && text.get(from) == Some(&b'x') {
        return Token {
            kind: Kind::Float,
            start,
            end: run_of(text, from + 1, |b| b.is_ascii_alphanumeric()),
        };
    }
    let mut end = run_of(text, from, |b| b.is_ascii_digit());
    let mut kind = Kind::Integer;
    if text.get(end) == Some(&b'.') {
        kind = Kind::Float;
        end = run_of(text, end + 1, |b| b.is_ascii_digit());
        if matches!(text.get(end), Some(b'e' | b'E')) {
            end = run_of(text, end + 1, |b| {
                b.is_ascii_digit() || b == b'-' || b == b'+'
            });
        }
    }
    Token { kind, start, end }
}
