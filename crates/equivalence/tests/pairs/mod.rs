//! Expected verdicts on pairs of small functions.

#![allow(dead_code, reason = "each test file uses the verdicts it needs")]

use calque_equivalence::{Decision, Options, check};

fn expect(wanted: Decision, source: &str, target: &str) {
    let verdict = check(source, target, &Options::default());
    assert_eq!(
        verdict.decision,
        wanted,
        "{}\n--- source\n{source}\n--- target\n{target}",
        verdict.to_json()
    );
}

pub fn proved(source: &str, target: &str) {
    expect(Decision::Proved, source, target);
}

pub fn refuted(source: &str, target: &str) {
    expect(Decision::Refuted, source, target);
}

pub fn unknown(source: &str, target: &str) {
    expect(Decision::Unknown, source, target);
}

pub fn not_refuted(source: &str, target: &str) {
    let verdict = check(source, target, &Options::default());
    assert_ne!(
        verdict.decision,
        Decision::Refuted,
        "{}\n--- source\n{source}\n--- target\n{target}",
        verdict.to_json()
    );
}
