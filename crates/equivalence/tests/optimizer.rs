//! What a compiler makes of C functions: each member of a group against its -O0 form. Never refuted; mostly proved. One-edit mutants
//! are never proved. Skipped loudly where clang and opt 19 are not on PATH.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use calque_equivalence::{Decision, Options, check};

const LEVELS: [&str; 6] = ["-O0", "-O1", "-O2", "-O3", "-Os", "-Oz"];
const PIPELINES: [&str; 5] = [
    "mem2reg",
    "mem2reg,simplifycfg",
    "mem2reg,instcombine",
    "mem2reg,reassociate",
    "mem2reg,early-cse",
];

fn tool(name: &str) -> Option<&'static str> {
    let found = Command::new(name)
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success());
    if !found {
        eprintln!("SKIPPED: {name} is not on PATH");
    }
    found.then_some("")
}

fn output(command: &mut Command) -> String {
    let out = command.output().expect("the tool starts");
    assert!(
        out.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).expect("IR is text")
}

fn clang(file: &Path, level: &str, plain: bool) -> String {
    let mut command = Command::new("clang-19");
    command.args([
        "-S",
        "-emit-llvm",
        level,
        "-fno-discard-value-names",
        "-fno-vectorize",
        "-fno-slp-vectorize",
        "-fno-unroll-loops",
    ]);
    if plain {
        command.args(["-Xclang", "-disable-O0-optnone"]);
    }
    output(command.arg("-o").arg("-").arg(file))
}

fn opt(ir: &str, pipeline: &str) -> String {
    // Tests run beside each other in one process.
    static FILES: AtomicU32 = AtomicU32::new(0);
    let path = std::env::temp_dir().join(format!(
        "calque-{}-{}.ll",
        std::process::id(),
        FILES.fetch_add(1, Ordering::Relaxed)
    ));
    std::fs::write(&path, ir).expect("a temporary file");
    let out = output(
        Command::new("opt-19")
            .args(["-S", &format!("-passes={pipeline}")])
            .arg(&path),
    );
    std::fs::remove_file(&path).expect("the temporary file");
    out
}

fn functions(ir: &str) -> Vec<String> {
    ir.lines()
        .filter(|l| l.starts_with("define "))
        .filter_map(|l| l.split('@').nth(1)?.split('(').next().map(String::from))
        .collect()
}

fn corpus(file: &str) -> Option<Vec<(String, String)>> {
    tool("clang-19")?;
    tool("opt-19")?;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(file);
    let mut members: Vec<(String, String)> = LEVELS
        .iter()
        .map(|level| ((*level).to_string(), clang(&path, level, false)))
        .collect();
    let plain = clang(&path, "-O0", true);
    members.extend(PIPELINES.iter().map(|p| ((*p).to_string(), opt(&plain, p))));
    Some(members)
}

struct Shares {
    proved: usize,
    all: usize,
}

/// Checks every member of every function against the first, stripped as groups store them.
fn measure(file: &str) -> Option<Shares> {
    let members = corpus(file)?;
    let mut counts: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut total = Shares { proved: 0, all: 0 };
    let mut options = Options::default();
    options.assume("noundef-arguments");
    let verbose = std::env::var("SUITE_VERBOSE").is_ok();
    for name in functions(&members[0].1) {
        let stripped: Vec<String> = members
            .iter()
            .map(|(_, ir)| calque_ir::strip(ir, Some(&name)).expect("clang's output is read"))
            .collect();
        for ((label, _), text) in members.iter().zip(&stripped).skip(1) {
            let started = std::time::Instant::now();
            let verdict = check(&stripped[0], text, &options);
            let slot = counts.entry(label.clone()).or_default();
            total.all += 1;
            match verdict.decision {
                Decision::Proved => {
                    total.proved += 1;
                    slot[0] += 1;
                }
                Decision::Refuted => panic!(
                    "{name} {label}: {}\n{}\n{text}",
                    verdict.to_json(),
                    stripped[0]
                ),
                Decision::Unknown => slot[2] += 1,
            }
            if verdict.decision == Decision::Unknown {
                *reasons
                    .entry(verdict.reason.unwrap_or("none").to_string())
                    .or_default() += 1;
            }
            if verbose {
                let detail = verdict.detail.as_deref().unwrap_or("");
                let how = verdict.reason.or(verdict.method).unwrap_or("");
                println!(
                    "{name}\t{label}\t{}\t{how}\t{detail}\t{} ms",
                    verdict.decision.name(),
                    started.elapsed().as_millis()
                );
            }
        }
    }
    for (label, [proved, _, unknown]) in &counts {
        println!("{file} {label:24} proved {proved:3} unknown {unknown:3}");
    }
    println!(
        "{file}: proved {} of {}; unknown by reason {reasons:?}",
        total.proved, total.all
    );
    Some(total)
}

#[test]
fn loop_free_members_are_proved() {
    if let Some(shares) = measure("scalars.c") {
        assert!(
            shares.proved * 100 >= shares.all * 90,
            "{} of {}",
            shares.proved,
            shares.all
        );
    }
}

#[test]
fn loops_are_mostly_proved() {
    if let Some(shares) = measure("loops.c") {
        assert!(
            shares.proved * 100 >= shares.all * 60,
            "{} of {}",
            shares.proved,
            shares.all
        );
    }
}
