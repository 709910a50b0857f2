//! A JSON reader (RFC 8259) for tokenizer files: small in the module, linear, with a depth limit.

use crate::Error;

/// A JSON value; objects keep the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// A number below 2^32 without sign, fraction or exponent.
    Whole(u32),
    /// Any other number.
    Number {
        zero: bool,
    },
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

const MAX_DEPTH: usize = 64;

/// Reads one value that fills the whole text.
pub fn parse(bytes: &[u8]) -> Result<Json, Error> {
    let mut reader = Reader {
        bytes,
        at: 0,
        values: 0,
    };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    if reader.at == bytes.len() {
        Ok(value)
    } else {
        Err(reader.expected("the end of the file"))
    }
}

impl Json {
    /// The value at `key`; `Null` where it is absent.
    pub fn get(&self, key: &str) -> &Json {
        match self {
            Self::Object(entries) => entries
                .iter()
                .find_map(|(name, value)| (name == key).then_some(value))
                .unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Json]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A token id.
    pub fn id(&self) -> Option<u32> {
        match self {
            Self::Whole(id) => Some(*id),
            _ => None,
        }
    }
}

/// `text` as a JSON string, quotes included.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let code = c as usize;
                out.push_str("\\u00");
                out.push(HEX[code >> 4] as char);
                out.push(HEX[code & 15] as char);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &mut &[u8]| {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *text = &text[count..];
        count
    };
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let zero = rest.first() == Some(&b'0');
    let whole = digits(&mut rest);
    if whole == 0 || zero && whole > 1 {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = fraction;
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    if let Some(b'e' | b'E') = rest.first() {
        rest = &rest[1..];
        if let Some(b'+' | b'-') = rest.first() {
            rest = &rest[1..];
        }
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

/// More values than this are damage: vocabularies hold a hundredth of them, and each takes memory.
const MAX_VALUES: usize = 1 << 23;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn expected(&self, expected: &'static str) -> Error {
        Error::Json {
            offset: self.at,
            expected,
        }
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') && self.at < self.bytes.len() {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &'static str, value: Json) -> Result<Json, Error> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.expected("a JSON value"))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Error> {
        if depth > MAX_DEPTH {
            return Err(self.expected("no deeper nesting"));
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.expected("fewer than 8388608 values"));
        }
        match self.peek() {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => self.text().map(Json::Text),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.expected("a JSON value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Error> {
        let mut entries = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(Json::Object(entries));
        }
        loop {
            self.space();
            if self.peek() != b'"' {
                return Err(self.expected("a key"));
            }
            let key = self.text()?;
            self.space();
            if self.peek() != b':' {
                return Err(self.expected("\":\""));
            }
            self.at += 1;
            self.space();
            entries.push((key, self.value(depth + 1)?));
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Json::Object(entries));
                }
                _ => return Err(self.expected("\",\" or \"}\"")),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, Error> {
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Json::List(items));
                }
                _ => return Err(self.expected("\",\" or \"]\"")),
            }
        }
    }

    fn number(&mut self) -> Result<Json, Error> {
        let start = self.at;
        while matches!(self.peek(), b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
            self.at += 1;
        }
        let text = &self.bytes[start..self.at];
        let whole = text.iter().try_fold(0_u32, |value, &byte| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let shifted = value.checked_mul(10).filter(|_| digit < 10);
            shifted?.checked_add(digit)
        });
        match whole {
            _ if !is_number(text) => Err(Error::Json {
                offset: start,
                expected: "a number",
            }),
            Some(value) => Ok(Json::Whole(value)),
            None => Ok(Json::Number {
                zero: text
                    .iter()
                    .take_while(|byte| !matches!(byte, b'e' | b'E'))
                    .all(|byte| !(b'1'..=b'9').contains(byte)),
            }),
        }
    }

    fn text(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let run = self.bytes[self.at..]
                .iter()
                .position(|&b| b == b'"' || b == b'\\' || b < b' ')
                .ok_or(self.expected("the end of a string"))?;
            out.extend_from_slice(&self.bytes[self.at..self.at + run]);
            self.at += run;
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return String::from_utf8(out).map_err(|_| self.expected("UTF-8"));
                }
                b'\\' => {
                    let c = self.escape()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return Err(self.expected("no control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        self.at += 1;
        let c = self.peek();
        self.at += 1;
        Ok(match c {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex()?;
                if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
                    let before = self.at;
                    self.at += 2;
                    let low = self.hex()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return char::from_u32(code).ok_or(self.expected("a character"));
                    }
                    self.at = before;
                }
                char::from_u32(high).ok_or(self.expected("a surrogate pair"))?
            }
            _ => return Err(self.expected("an escape")),
        })
    }

    fn hex(&mut self) -> Result<u32, Error> {
        let digits = self
            .bytes
            .get(self.at..self.at + 4)
            .and_then(|d| std::str::from_utf8(d).ok())
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
            .ok_or(self.expected("four hexadecimal digits"))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.expected("four hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_value() {
        let json = parse(
            r#" {"a": [1, -0.0e1, true, null, 4294967296], "b\n\u00e9\ud83d\ude00": "x/\/"} "#
                .as_bytes(),
        );
        let json = json.expect("valid");
        let list = json.get("a").list().expect("list");
        assert_eq!(list[0], Json::Whole(1));
        assert_eq!(list[1], Json::Number { zero: true });
        assert_eq!(list[4], Json::Number { zero: false });
        assert_eq!(json.get("b\n\u{e9}\u{1f600}").text(), Some("x//"));
    }

    #[test]
    fn numbers_are_those_of_the_standard() {
        for text in ["0", "-1", "10.5", "1e9", "1E+2", "0.0e-0"] {
            assert!(parse(text.as_bytes()).is_ok(), "{text}");
        }
        for text in ["01", "-", "1.", ".5", "1e", "+1", "1-2", "--1"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn every_cut_of_a_valid_text_is_an_error_and_never_a_panic() {
        let text = br#"{"a": [1, "x\u00e9", {"b": false}], "c": null}"#;
        for end in 0..text.len() {
            assert!(parse(&text[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        let text: String = (0..0x250).filter_map(char::from_u32).collect();
        let mut out = String::new();
        quote(&text, &mut out);
        assert_eq!(parse(out.as_bytes()), Ok(Json::Text(text)));
    }
}
