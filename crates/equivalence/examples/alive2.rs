//! `alive2 CASES.jsonl [PART-OF-ID]`: the verdict of every case of Alive2's suite, one line each: id, marker, verdict, method or reason, ms, detail.
//! What `just bench equivalence` does in WebAssembly, natively, for work on the checker.

use std::time::Instant;

use calque_equivalence::{Options, check};

#[path = "../tests/cases/mod.rs"]
mod cases;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("a file of cases");
    let part = arguments.next().unwrap_or_default();
    let text = std::fs::read_to_string(&path).expect("the file of cases");
    for case in text.lines().filter_map(cases::Case::read) {
        if !case.id.contains(&part) {
            continue;
        }
        let options = Options {
            unroll: case.unroll,
            ..Options::default()
        };
        let started = Instant::now();
        let verdict = check(&case.source, &case.target, &options);
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            case.id,
            case.marker(),
            verdict.decision.name(),
            verdict.reason.or(verdict.method).unwrap_or(""),
            started.elapsed().as_millis(),
            verdict.detail.unwrap_or_default().replace('\n', " ")
        );
    }
}
