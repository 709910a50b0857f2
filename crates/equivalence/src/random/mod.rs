//! Random functions, what LLVM's passes make of them, and what edits make of them: a pass is never refuted, and nothing is proved that
//! the interpreter refutes on all inputs.
//!
//! `CALQUE_ROUNDS=N` makes the hunt N times as long, `CALQUE_SEED=N` starts it elsewhere.

mod edit;
mod exhaustive_test;
mod generate;
mod passes_test;

/// How long the tests hunt.
fn rounds() -> u64 {
    number("CALQUE_ROUNDS").unwrap_or(1)
}

/// Where they start.
fn seed() -> u64 {
    number("CALQUE_SEED").unwrap_or(1)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
