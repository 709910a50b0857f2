//! Split patterns that have no scanner of their own: the part of Oniguruma's syntax that byte-level
//! tokenizers use, matched by backtracking over characters.
//!
//! Only single characters and sets repeat, groups may at most be optional, and the nodes that may be tried again are
//! counted, so that recursion stays shallow whatever the pattern and the text.

mod parse;

use crate::categories::{self, Set as Categories};

/// A pattern in which more nodes than this may be tried again is damage: published ones have some thirty.
const MAX_BRANCHES: usize = 256;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    choices: Vec<Vec<Node>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    /// A character of the set, `least..=most` times, as many as possible.
    Repeat {
        set: CharSet,
        least: usize,
        most: usize,
        /// Gives nothing back once matched.
        possessive: bool,
    },
    Group {
        choices: Vec<Vec<Node>>,
        optional: bool,
    },
    /// `(?=…)`, or `(?!…)` when not wanted.
    Ahead {
        choices: Vec<Vec<Node>>,
        wanted: bool,
    },
    /// `$`: before a line feed or at the end, as in Ruby's syntax, which the reference's engine reads.
    LineEnd,
}

/// A set of characters: whole categories and ranges of code points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct CharSet {
    categories: Categories,
    ranges: Vec<(u32, u32)>,
    negated: bool,
}

impl CharSet {
    fn holds(&self, code: u32) -> bool {
        let inside = self
            .ranges
            .iter()
            .any(|&(low, high)| low <= code && code <= high)
            || categories::of(code) & self.categories != 0;
        inside != self.negated
    }
}

/// What has to match after the nodes at hand.
struct Rest<'a> {
    nodes: &'a [Node],
    then: Option<&'a Rest<'a>>,
}

impl Pattern {
    /// Reads a pattern; `Err` names what is not supported.
    pub fn new(regex: &str) -> Result<Self, String> {
        let choices = parse::parse(regex)?;
        if may_be_empty(&choices) {
            return Err("a pattern that matches no characters".into());
        }
        if branches(&choices) > MAX_BRANCHES {
            return Err("more than 256 repetitions and groups".into());
        }
        Ok(Self { choices })
    }

    /// A pattern that matches a text itself.
    pub fn literal(text: &str) -> Self {
        Self {
            choices: vec![text.chars().map(|c| Node::one(u32::from(c))).collect()],
        }
    }

    /// Where to look for a match after none was found at `at`. A pattern that starts with `x+` has none further
    /// on in the same run of `x` either: what could follow later was tried already. So `\s+$` stays linear.
    pub fn next_start(&self, text: &[u8], at: usize) -> usize {
        let (code, length) = categories::decode(text, at);
        let mut next = at + length;
        if let [nodes] = &self.choices[..]
            && let Some(Node::Repeat {
                set,
                least: 1,
                most: usize::MAX,
                ..
            }) = nodes.first()
            && set.holds(code)
        {
            while next < text.len() {
                let (code, length) = categories::decode(text, next);
                if !set.holds(code) {
                    break;
                }
                next += length;
            }
        }
        next
    }

    /// Where the match that starts at `at` ends.
    pub fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        any(&self.choices, None, text, at)
    }
}

impl Node {
    fn one(code: u32) -> Self {
        let set = CharSet {
            ranges: vec![(code, code)],
            ..CharSet::default()
        };
        Self::Repeat {
            set,
            least: 1,
            most: 1,
            possessive: false,
        }
    }
}

fn may_be_empty(choices: &[Vec<Node>]) -> bool {
    choices.iter().any(|nodes| {
        nodes.iter().all(|node| match node {
            Node::Repeat { least, .. } => *least == 0,
            Node::Group { choices, optional } => *optional || may_be_empty(choices),
            Node::Ahead { .. } | Node::LineEnd => true,
        })
    })
}

/// Nodes that matching recurses at.
fn branches(choices: &[Vec<Node>]) -> usize {
    let nodes = choices.iter().flatten();
    nodes
        .map(|node| match node {
            Node::Repeat { least, most, .. } => usize::from(least != most),
            Node::Group { choices, .. } | Node::Ahead { choices, .. } => 1 + branches(choices),
            Node::LineEnd => 0,
        })
        .sum()
}

fn any(choices: &[Vec<Node>], then: Option<&Rest>, text: &[u8], at: usize) -> Option<usize> {
    choices
        .iter()
        .find_map(|nodes| sequence(nodes, then, text, at))
}

fn sequence<'a>(
    mut nodes: &'a [Node],
    mut then: Option<&'a Rest<'a>>,
    text: &[u8],
    mut at: usize,
) -> Option<usize> {
    loop {
        let Some((node, after)) = nodes.split_first() else {
            let Some(rest) = then else {
                return Some(at);
            };
            (nodes, then) = (rest.nodes, rest.then);
            continue;
        };
        nodes = after;
        match node {
            Node::Repeat {
                set,
                least,
                most,
                possessive,
            } => {
                let (mut end, mut count) = (at, 0);
                let mut floor = at;
                while count < *most && end < text.len() {
                    let (code, length) = categories::decode(text, end);
                    if !set.holds(code) {
                        break;
                    }
                    end += length;
                    count += 1;
                    if count == *least {
                        floor = end;
                    }
                }
                if count < *least {
                    return None;
                }
                while end > floor && !possessive {
                    let found = sequence(nodes, then, text, end);
                    if found.is_some() {
                        return found;
                    }
                    end = categories::decode_before(text, end).1;
                }
                at = end;
            }
            Node::Group { choices, optional } => {
                let rest = Rest { nodes, then };
                let found = any(choices, Some(&rest), text, at);
                if found.is_some() || !optional {
                    return found;
                }
            }
            Node::LineEnd => {
                if text.get(at).is_some_and(|&byte| byte != b'\n') {
                    return None;
                }
            }
            Node::Ahead { choices, wanted } => {
                if any(choices, None, text, at).is_some() != *wanted {
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{self, Scanner};

    fn pieces(text: &str, end: impl Fn(&[u8], usize) -> usize) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut at = 0;
        while at < text.len() {
            at = end(text.as_bytes(), at);
            ends.push(at);
        }
        ends
    }

    /// Texts over few characters of every class, so that rare neighbours meet.
    fn texts() -> impl Iterator<Item = String> {
        const CHARS: [char; 36] = [
            'a', 'b', 's', 'S', 't', 'r', 'e', 'L', 'l', 'Z', '\'', '\'', '0', '7', '٣', '½', ' ',
            ' ', ' ', '\n', '\r', '\t', '\u{a0}', '\u{3000}', '\u{301}', '\u{903}', 'é', 'ǅ', 'ʰ',
            '漢', 'ſ', '.', '/', '_', '😀', '\u{200b}',
        ];
        let mut state = 42_u64;
        (0..20_000).map(move |_| {
            let mut draw = |n: usize| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 33) as usize % n
            };
            (0..draw(24)).map(|_| CHARS[draw(CHARS.len())]).collect()
        })
    }

    #[test]
    fn the_scanners_split_as_their_patterns_do() {
        for regex in [
            scan::GPT2,
            scan::LLAMA3,
            scan::CL100K_TAIL,
            scan::QWEN2,
            scan::O200K,
        ] {
            let scanner = Scanner::from_regex(regex).expect("has a scanner");
            let pattern = Pattern::new(regex).expect("is supported");
            for text in texts() {
                let expected = pieces(&text, |text, at| pattern.end(text, at).expect("no gaps"));
                assert_eq!(
                    pieces(&text, |text, at| scanner.end(text, at)),
                    expected,
                    "{regex} on {text:?}"
                );
            }
        }
    }

    #[test]
    fn neither_long_texts_nor_long_patterns_exhaust_the_stack() {
        let branching = |count: usize| Pattern::new(&("a?".repeat(count) + "b"));
        assert!(branching(257).is_err());
        let small = std::thread::Builder::new().stack_size(256 << 10);
        let matched = small.spawn(move || {
            let text = "a".repeat(1 << 20);
            let literal = Pattern::literal(&text).end(text.as_bytes(), 0);
            let classes = Pattern::new(&"a".repeat(9000)).expect("is supported");
            let optional = branching(256).expect("is supported");
            let start = text.as_bytes()[..1].repeat(256);
            (
                literal,
                classes.end(text.as_bytes(), 0),
                optional.end(&[&start[..], b"b"].concat(), 0),
            )
        });
        let matched = matched.expect("starts").join();
        assert_eq!(
            matched.expect("ends"),
            (Some(1 << 20), Some(9000), Some(257))
        );
    }

    #[test]
    fn possessive_sets_give_nothing_back() {
        let end =
            |regex: &str, text: &str| Pattern::new(regex).expect("valid").end(text.as_bytes(), 0);
        assert_eq!(end("a*a", "aaa"), Some(3));
        assert_eq!(end("a*+a", "aaa"), None);
        assert_eq!(end("a{2}b?", "aab"), Some(3));
        assert_eq!(end("(?:ab|a)(?!c)", "abc"), Some(1));
        assert_eq!(end("x(?:y)?z", "xz"), Some(2));
        assert_eq!(end(r"[^\S\n]+", " \t\n"), Some(2));
        assert_eq!(end(r"\s+$", "  \n x"), Some(2));
        assert_eq!(end(r"\s++$", "  \n x"), None);
    }
}
