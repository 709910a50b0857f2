//! What LLVM's passes make of random functions is never refuted. Skipped loudly where opt is not on PATH.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::generate::{Profile, generate};
use crate::inputs::Random;
use crate::{Decision, Options, check};

const ALL: Profile = Profile {
    widths: &[1, 3, 8, 16, 32, 33, 64],
    input_bits: 1000,
    vectors: false,
    floats: false,
    memory: false,
    undef: false,
    branches: true,
    loops: false,
    length: 9,
};

const PROFILES: [Profile; 6] = [
    ALL,
    Profile {
        vectors: true,
        widths: &[4, 8, 16, 32],
        ..ALL
    },
    Profile {
        loops: true,
        widths: &[4, 8, 32],
        length: 6,
        ..ALL
    },
    Profile {
        undef: true,
        widths: &[2, 7, 8, 32],
        ..ALL
    },
    Profile {
        floats: true,
        widths: &[8, 32, 64],
        ..ALL
    },
    Profile {
        memory: true,
        widths: &[8, 16, 32, 64],
        ..ALL
    },
];

const PIPELINES: [&str; 16] = [
    "instcombine<no-verify-fixpoint>",
    "gvn",
    "sroa,instcombine<no-verify-fixpoint>,simplifycfg",
    "early-cse,reassociate",
    "newgvn",
    "loop-simplify,lcssa,loop(loop-rotate,indvars,loop-unroll-full),loop-mssa(licm,simple-loop-unswitch<nontrivial>)",
    "default<O2>",
    "default<O3>",
    "aggressive-instcombine,correlated-propagation,constraint-elimination",
    "sccp,bdce,dce",
    "dse,memcpyopt",
    "jump-threading,simplifycfg<switch-range-to-icmp;switch-to-lookup>",
    "vector-combine,instcombine<no-verify-fixpoint>",
    "float2int,div-rem-pairs,speculative-execution",
    "loop-vectorize,slp-vectorizer",
    "scalarizer,instsimplify",
];

fn opt(module: &str, pipeline: &str) -> String {
    use std::io::Write as _;
    let mut child = Command::new("opt-19")
        .args(["-S", &format!("-passes={pipeline}"), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("opt starts");
    let mut input = child.stdin.take().expect("a pipe");
    let text = module.to_string();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let out = child.wait_with_output().expect("opt ends");
    let _ = writer.join();
    assert!(
        out.status.success(),
        "{pipeline}: {}\n{module}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).expect("IR is text")
}

/// Texts of the functions, in order, each with the module's declarations and attributes.
fn functions(module: &str) -> Vec<String> {
    let rest: Vec<&str> = module
        .lines()
        .filter(|l| l.starts_with("declare") || l.starts_with("attributes") || l.starts_with('@'))
        .collect();
    let mut out = Vec::new();
    let mut current = String::new();
    for line in module.lines() {
        if line.starts_with("define") {
            current.clear();
        }
        current.push_str(line);
        current.push('\n');
        if line == "}" {
            out.push(format!("{current}{}\n", rest.join("\n")));
        }
    }
    out
}

#[test]
fn passes_are_never_refuted() {
    if !Command::new("opt-19")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        eprintln!("SKIPPED: opt-19 is not on PATH");
        return;
    }
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut random = Random::new(super::seed());
    let only: Option<usize> = std::env::var("CALQUE_PROFILE")
        .ok()
        .and_then(|p| p.parse().ok());
    for round in 0..3 * super::rounds() {
        for (p, profile) in PROFILES.into_iter().enumerate() {
            if only.is_some_and(|wanted| wanted != p) {
                continue;
            }
            let sources: Vec<String> = (0..12)
                .map(|i| generate(profile, &format!("f{i}"), &mut random))
                .collect();
            let mut lines: Vec<&str> = Vec::new();
            let mut declared: Vec<&str> = Vec::new();
            for line in sources.iter().flat_map(|s| s.lines()) {
                match line.starts_with("declare") {
                    true if !declared.contains(&line) => declared.push(line),
                    true => {}
                    false => lines.push(line),
                }
            }
            let module = [lines, declared].concat().join("\n");
            let pipeline = PIPELINES[((round + p as u64) % PIPELINES.len() as u64) as usize];
            for (i, (source, target)) in sources
                .iter()
                .zip(functions(&opt(&module, pipeline)))
                .enumerate()
            {
                let options = Options {
                    function: Some(format!("f{i}")),
                    unroll: if profile.loops { 4 } else { 0 },
                    conflicts: 4_000,
                    ..Options::default()
                };
                let verdict = check(source, &target, &options);
                let class = verdict.reason.or(verdict.method).unwrap_or("");
                *counts
                    .entry(format!("{p} {} {class}", verdict.decision.name()))
                    .or_default() += 1;
                if std::env::var("CALQUE_SHOW").is_ok_and(|wanted| wanted == class) {
                    println!("{pipeline}: {}\n{source}\n{target}", verdict.to_json());
                }
                if verdict.decision == Decision::Refuted {
                    wrong.push(format!(
                        "{pipeline}: {}\n{source}\n{target}",
                        verdict.to_json()
                    ));
                }
            }
        }
    }
    println!("{counts:#?}");
    assert!(
        wrong.is_empty(),
        "{} refuted:\n{}",
        wrong.len(),
        wrong.join("\n---\n")
    );
}
