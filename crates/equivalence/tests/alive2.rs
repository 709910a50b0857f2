//! Alive2's own cases: no verdict may contradict their markers. Skipped loudly where the data is not beside the project.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use calque_equivalence::{Decision, Options, check};

/// Cases whose marker this checker argues with, by id, and why.
const ARGUED: &[(&str, &str)] = &[];

/// One field of a flat JSON object with string values: enough for this file's own lines.
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

#[test]
fn no_verdict_contradicts_a_marker() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/alive2/cases.jsonl.gz");
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("SKIPPED: {} is not there", path.display());
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("a gzipped text");
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    let verbose = std::env::var("ALIVE2_VERBOSE").is_ok();
    for line in text.lines() {
        let id = field(line, "id").expect("an id");
        let arguments = field(line, "args").unwrap_or_default();
        // Assembly semantics and other modes ask another question.
        if arguments.contains("-tgt-is-asm")
            || arguments.contains("-disable")
            || arguments.contains("-disallow")
        {
            continue;
        }
        let error = field(line, "error");
        let checked = line.contains("\"checks\": []");
        let expected_fail = line.contains("\"xfail\": true");
        let (source, target) = match (
            field(line, "ir"),
            field(line, "source"),
            field(line, "target"),
        ) {
            (Some(ir), _, _) if line.contains("\"kind\": \"ident\"") => (ir.clone(), ir),
            (Some(ir), _, _) => (ir, String::new()),
            (_, Some(source), Some(target)) => (source, target),
            _ => continue,
        };
        let started = std::time::Instant::now();
        let verdict = check(&source, &target, &Options::default());
        let took = started.elapsed().as_millis();
        let judged = checked && !expected_fail;
        let class = format!(
            "{} {}",
            if error.is_some() {
                "incorrect"
            } else {
                "correct"
            },
            verdict.decision.name()
        );
        *counts.entry(class).or_default() += 1;
        if verdict.decision == Decision::Unknown {
            *counts
                .entry(format!("reason {}", verdict.reason.unwrap_or("none")))
                .or_default() += 1;
        }
        let bad = match verdict.decision {
            Decision::Proved => error.is_some(),
            Decision::Refuted => error.is_none(),
            Decision::Unknown => false,
        };
        if verbose {
            println!(
                "{id}\t{}\t{took} ms\t{}\t{:?}",
                verdict.decision.name(),
                verdict.reason.or(verdict.method).unwrap_or(""),
                verdict.detail
            );
        }
        if bad && judged && !ARGUED.iter().any(|(a, _)| *a == id) {
            wrong.push(format!(
                "{id}: marker {error:?}, verdict {}",
                verdict.to_json()
            ));
        }
    }
    for (class, count) in &counts {
        println!("{count:4} {class}");
    }
    assert!(
        wrong.is_empty(),
        "{} wrong verdicts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
