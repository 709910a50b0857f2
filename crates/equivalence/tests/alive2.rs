//! Alive2's own cases: no verdict may contradict their markers. Skipped loudly where the data is not beside the project.

mod cases;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use calque_equivalence::{Decision, Options, check};
use cases::Case;

/// Cases whose marker this checker argues with, by id, and why.
const ARGUED: &[(&str, &str)] = &[];

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
    for case in text.lines().filter_map(Case::read) {
        let options = Options {
            unroll: case.unroll,
            ..Options::default()
        };
        let verdict = check(&case.source, &case.target, &options);
        let class = format!("{} {}", case.marker(), verdict.decision.name());
        *counts.entry(class).or_default() += 1;
        let bad = match verdict.decision {
            Decision::Proved => case.marker() == "incorrect",
            Decision::Refuted => case.marker() == "correct",
            Decision::Unknown => false,
        };
        if bad && !ARGUED.iter().any(|(a, _)| *a == case.id) {
            wrong.push(format!(
                "{}: marker {:?}, verdict {}",
                case.id,
                case.error,
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
