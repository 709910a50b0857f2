//! Reads a pattern. What is outside the supported part is named, never taken for something else.

use super::{CharSet, Node};
use crate::categories::{self, SPACE};

/// A pattern this long, or nested this deep, is damage.
const MAX_LENGTH: usize = 10_000;
const MAX_DEPTH: usize = 16;

pub fn parse(regex: &str) -> Result<Vec<Vec<Node>>, String> {
    if regex.len() > MAX_LENGTH {
        return Err("a pattern of more than 10000 bytes".into());
    }
    let mut reader = Reader {
        chars: regex.chars().collect(),
        at: 0,
    };
    let choices = reader.choices(false, 0)?;
    if reader.peek().is_some() {
        return Err("a closing bracket without its opening one".into());
    }
    Ok(choices)
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self) -> Result<char, String> {
        let c = self.peek().ok_or("a pattern that ends too early")?;
        self.at += 1;
        Ok(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = text
            .chars()
            .enumerate()
            .all(|(i, c)| self.chars.get(self.at + i) == Some(&c));
        if found {
            self.at += text.chars().count();
        }
        found
    }

    fn choices(&mut self, fold: bool, depth: usize) -> Result<Vec<Vec<Node>>, String> {
        if depth > MAX_DEPTH {
            return Err("groups nested too deep".into());
        }
        let mut choices = vec![Vec::new()];
        // The letter before, under (?i): some pairs fold to one character.
        let mut before = None;
        while let Some(c) = self.peek() {
            if c == ')' {
                break;
            }
            if self.eat("|") {
                choices.push(Vec::new());
                before = None;
                continue;
            }
            if fold {
                let pair = (before, c.to_ascii_lowercase());
                if matches!(pair, (Some('s'), 's' | 't') | (Some('f'), 'f' | 'i' | 'l')) {
                    return Err("letters under (?i) that a ligature folds to".into());
                }
                before = Some(c.to_ascii_lowercase());
            }
            let node = self.node(fold, depth)?;
            choices.last_mut().expect("never empty").push(node);
        }
        Ok(choices)
    }

    fn node(&mut self, fold: bool, depth: usize) -> Result<Node, String> {
        if self.eat("(") {
            let ahead = if self.eat("?=") {
                Some(true)
            } else if self.eat("?!") {
                Some(false)
            } else {
                None
            };
            let inner_fold = if ahead.is_some() || self.eat("?:") {
                fold
            } else if self.eat("?i:") {
                true
            } else if self.peek() == Some('?') {
                return Err("a group other than (?:…), (?i:…), (?=…) and (?!…)".into());
            } else {
                fold
            };
            let choices = self.choices(inner_fold, depth + 1)?;
            if !self.eat(")") {
                return Err("a group that does not end".into());
            }
            let optional = ahead.is_none() && self.eat("?");
            if matches!(self.peek(), Some('?' | '*' | '+' | '{')) {
                return Err("a group that repeats".into());
            }
            return Ok(match ahead {
                Some(wanted) => Node::Ahead { choices, wanted },
                None => Node::Group { choices, optional },
            });
        }
        if self.eat("$") {
            if matches!(self.peek(), Some('?' | '*' | '+' | '{')) {
                return Err("an end of line that repeats".into());
            }
            return Ok(Node::LineEnd);
        }
        let set = self.set(fold)?;
        let (least, most) = match self.peek() {
            Some('?') => (0, 1),
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('{') => return self.counted(set),
            _ => {
                return Ok(Node::Repeat {
                    set,
                    least: 1,
                    most: 1,
                    possessive: false,
                });
            }
        };
        self.at += 1;
        let possessive = self.eat("+");
        if matches!(self.peek(), Some('?' | '*' | '+' | '{')) {
            return Err("a lazy or repeated repetition".into());
        }
        Ok(Node::Repeat {
            set,
            least,
            most,
            possessive,
        })
    }

    /// `{n}` or `{n,m}` or `{n,}`.
    fn counted(&mut self, set: CharSet) -> Result<Node, String> {
        self.at += 1;
        let least = self.number().ok_or("a brace that is no repetition")?;
        let most = if self.eat(",") {
            self.number().unwrap_or(usize::MAX)
        } else {
            least
        };
        if !self.eat("}") || most < least {
            return Err("a brace that is no repetition".into());
        }
        if matches!(self.peek(), Some('?' | '*' | '+' | '{')) {
            return Err("a lazy or repeated repetition".into());
        }
        Ok(Node::Repeat {
            set,
            least,
            most,
            possessive: false,
        })
    }

    fn number(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) && self.at < start + 6 {
            self.at += 1;
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        digits.parse().ok()
    }

    fn set(&mut self, fold: bool) -> Result<CharSet, String> {
        let mut set = CharSet::default();
        match self.take()? {
            '[' => self.class(&mut set)?,
            '\\' => self.escape(&mut set)?,
            c @ ('.' | '^' | '*' | '+' | '?' | '{' | '}' | ']') => {
                return Err(format!("the bare character {c}"));
            }
            c => set.ranges.push((u32::from(c), u32::from(c))),
        }
        if fold {
            fold_case(&mut set)?;
        }
        Ok(set)
    }

    /// What follows `[`.
    fn class(&mut self, set: &mut CharSet) -> Result<(), String> {
        set.negated = self.eat("^");
        let mut first = true;
        loop {
            let start = self.at;
            match self.take()? {
                ']' if !first => return Ok(()),
                '[' => return Err("a class inside a class".into()),
                '&' if self.peek() == Some('&') => return Err("an intersection of classes".into()),
                '\\' => self.escape(set)?,
                c => set.ranges.push((u32::from(c), u32::from(c))),
            }
            first = false;
            // A range needs single characters on both sides, and a "-" at the end is itself.
            if self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|&c| c != ']') {
                self.at += 1;
                let low = self.single(set, start)?;
                let start = self.at;
                match self.take()? {
                    '\\' => self.escape(set)?,
                    '[' => return Err("a class inside a class".into()),
                    c => set.ranges.push((u32::from(c), u32::from(c))),
                }
                let high = self.single(set, start)?;
                if low > high {
                    return Err("a range from high to low".into());
                }
                set.ranges.push((low, high));
            }
        }
    }

    /// Takes back the one character that was just added to the set.
    fn single(&self, set: &mut CharSet, start: usize) -> Result<u32, String> {
        let escaped = self.chars.get(start) == Some(&'\\');
        let letter = self.chars.get(start + 1);
        if escaped && matches!(letter, Some('p' | 'P' | 's' | 'S' | 'd' | 'D')) {
            return Err("a range between sets".into());
        }
        match set.ranges.pop() {
            Some((low, _)) => Ok(low),
            None => Err("a range between sets".into()),
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, set: &mut CharSet) -> Result<(), String> {
        let c = self.take()?;
        match c {
            's' => set.categories |= SPACE,
            'S' => set.categories |= categories::ALL & !SPACE,
            'd' => set.categories |= categories::DECIMAL,
            'D' => set.categories |= categories::ALL & !categories::DECIMAL,
            'p' | 'P' => {
                if !self.eat("{") {
                    return Err(format!("\\{c} without braces"));
                }
                let negated = self.eat("^") != (c == 'P');
                let mut name = String::new();
                while !self.eat("}") {
                    name.push(self.take()?);
                }
                let found = categories::named(&name).ok_or(format!("the property {name}"))?;
                set.categories |= if negated {
                    categories::ALL & !found
                } else {
                    found
                };
            }
            'n' | 'r' | 't' | 'f' | 'v' => {
                let code = match c {
                    'n' => 10,
                    'r' => 13,
                    't' => 9,
                    'f' => 12,
                    _ => 11,
                };
                set.ranges.push((code, code));
            }
            'x' | 'u' => {
                let code = if self.eat("{") {
                    self.hex(|reader| !reader.eat("}"))?
                } else {
                    let end = self.at + if c == 'x' { 2 } else { 4 };
                    self.hex(|reader| reader.at < end)?
                };
                set.ranges.push((code, code));
            }
            c if c.is_ascii_alphanumeric() => return Err(format!("the escape \\{c}")),
            c => set.ranges.push((u32::from(c), u32::from(c))),
        }
        Ok(())
    }

    fn hex(&mut self, more: impl Fn(&mut Self) -> bool) -> Result<u32, String> {
        let mut code = 0;
        while more(self) {
            let digit = self
                .take()?
                .to_digit(16)
                .ok_or("a code that is not hexadecimal")?;
            code = code * 16 + digit;
            if code > 0x10_ffff {
                return Err("a code beyond Unicode".into());
            }
        }
        Ok(code)
    }
}

/// Adds the other case of ASCII letters, and the two characters beyond ASCII that fold to one.
fn fold_case(set: &mut CharSet) -> Result<(), String> {
    if set.categories != 0 || set.negated {
        return Err("a set of categories under (?i)".into());
    }
    let mut more = Vec::new();
    for &(low, high) in &set.ranges {
        if high >= 0x80 {
            return Err("a character beyond ASCII under (?i)".into());
        }
        for code in low..=high {
            let c = code as u8;
            if c.is_ascii_alphabetic() {
                let other = u32::from(c ^ 0x20);
                more.push((other, other));
            }
            match c.to_ascii_lowercase() {
                b's' => more.push((0x17f, 0x17f)),
                b'k' => more.push((0x212a, 0x212a)),
                _ => {}
            }
        }
    }
    set.ranges.extend(more);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_supported_is_named() {
        for (regex, named) in [
            (".", "bare character ."),
            ("^a", "bare character ^"),
            (r"\w+", r"the escape \w"),
            (r"\p{Han}", "the property Han"),
            (r"[\p{L}&&[^a]]", "intersection"),
            ("(?<=a)b", "a group other than"),
            ("(ab)+", "a group that repeats"),
            ("a+?", "lazy"),
            ("a{1,3}+", "repeated repetition"),
            ("(?i:é)", "beyond ASCII"),
            ("(?i:st)", "ligature"),
            ("(a", "does not end"),
            ("a)", "closing bracket"),
            ("[a", "ends too early"),
            (r"[\d-z]", "range between sets"),
        ] {
            let error = parse(regex).expect_err(regex);
            assert!(error.contains(named), "{regex}: {error}");
        }
    }

    #[test]
    fn any_text_is_read_or_refused() {
        const PARTS: [&str; 20] = [
            "(", ")", "[", "]", "|", "?", "*", "+", "{", "}", "1,", "\\", "p{L}", "^", "-", "a",
            "(?i:", "(?!", "\\s", "é",
        ];
        let mut state = 9_u64;
        for _ in 0..20_000 {
            let mut draw = |n: usize| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 33) as usize % n
            };
            let regex: String = (0..draw(12)).map(|_| PARTS[draw(PARTS.len())]).collect();
            if let Ok(pattern) = crate::pattern::Pattern::new(&regex) {
                pattern.end("aé p{L}11".as_bytes(), 0);
            }
        }
    }
}
