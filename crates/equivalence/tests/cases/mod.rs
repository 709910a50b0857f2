//! Alive2's cases: one flat JSON object a line.

/// Complaints that say something about refinement; others are about what Alive2 supports or how far it unrolls.
const REFUTES: [&str; 9] = [
    "Value mismatch",
    "Source is more defined",
    "Mismatch in memory",
    "Target is more poisonous",
    "Target's return value",
    "Source and target don't have",
    "Parameter attributes not",
    "Function attributes not",
    "Transformation is incorrect",
];

/// A case and its markers.
pub struct Case {
    pub id: String,
    pub source: String,
    /// Empty where `source` holds `@src` and `@tgt`.
    pub target: String,
    /// The largest unroll factor that the case asks for.
    pub unroll: u32,
    /// The complaint that is expected; `None` where the target must refine the source.
    pub error: Option<String>,
    /// Neither a failure that is expected nor one that is judged by other output.
    pub judged: bool,
    /// Settings that ask another question than refinement of LLVM functions.
    pub other_question: bool,
}

impl Case {
    /// From a line of the file.
    pub fn read(line: &str) -> Option<Self> {
        let arguments = field(line, "args").unwrap_or_default();
        let (source, target) = match (
            field(line, "ir"),
            field(line, "source"),
            field(line, "target"),
        ) {
            (Some(ir), _, _) if line.contains("\"kind\": \"ident\"") => (ir.clone(), ir),
            (Some(ir), _, _) => (ir, String::new()),
            (_, Some(source), Some(target)) => (source, target),
            _ => return None,
        };
        let unroll = arguments
            .split_whitespace()
            .filter_map(|a| {
                a.trim_start_matches('-')
                    .strip_prefix("src-unroll=")
                    .or(a.trim_start_matches('-').strip_prefix("tgt-unroll="))
            })
            .filter_map(|n| n.parse().ok())
            .max()
            .unwrap_or(0);
        Some(Self {
            id: field(line, "id")?,
            source,
            target,
            unroll,
            error: field(line, "error"),
            judged: line.contains("\"checks\": []") && !line.contains("\"xfail\": true"),
            other_question: ["-tgt-is-asm", "-disable", "-disallow"]
                .iter()
                .any(|a| arguments.contains(a)),
        })
    }

    /// `correct`, `incorrect`, or `other` where the markers say neither.
    pub fn marker(&self) -> &'static str {
        match (&self.error, self.judged && !self.other_question) {
            (_, false) => "other",
            (Some(error), _) if REFUTES.iter().any(|r| error.starts_with(r)) => "incorrect",
            (Some(_), _) => "other",
            (None, _) => "correct",
        }
    }
}

/// One string of the object: enough for this file's own lines.
fn field(line: &str, key: &str) -> Option<String> {
    let start = line.find(&format!("\"{key}\": \""))? + key.len() + 5;
    let mut out = String::new();
    let mut chars = line[start..].chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'u' => {
                    let code: String = chars.by_ref().take(4).collect();
                    out.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?).unwrap_or('?'));
                }
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}
