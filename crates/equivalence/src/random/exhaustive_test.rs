//! What is proved of a random function and an edit of it holds on every input, poison included.

use std::collections::BTreeMap;

use calque_ir::interpreter::{Input, Scalar};
use calque_ir::{Memory, parse};

use super::edit::edit;
use super::generate::{Profile, generate};
use crate::argue::argue;
use crate::concrete::{Comparison, Side, compare};
use crate::inputs::Random;
use crate::options::Options;
use crate::pieces::finish;
use crate::verdict::Decision;

const PROFILES: [Profile; 3] = [
    Profile {
        widths: &[1, 2, 3, 4],
        input_bits: 9,
        vectors: false,
        floats: false,
        memory: false,
        undef: false,
        branches: true,
        loops: false,
        length: 7,
    },
    Profile {
        widths: &[1, 2, 3],
        input_bits: 8,
        vectors: true,
        floats: false,
        memory: false,
        undef: true,
        branches: true,
        loops: false,
        length: 6,
    },
    Profile {
        widths: &[2, 3, 4],
        input_bits: 8,
        vectors: false,
        floats: false,
        memory: false,
        undef: true,
        branches: true,
        loops: true,
        length: 5,
    },
];

/// Every tuple of arguments: all values, and poison where it is allowed.
fn inputs(side: Side<'_>) -> Vec<Vec<Vec<Scalar>>> {
    let mut all: Vec<Vec<Vec<Scalar>>> = vec![Vec::new()];
    for parameter in &side.function.parameters {
        let lanes = side
            .module
            .lanes(side.function.ty(parameter.value))
            .unwrap_or_default();
        let mut values: Vec<Vec<Scalar>> = vec![Vec::new()];
        for lane in &lanes {
            let width = match lane {
                calque_ir::Type::Int(w) => *w,
                other => panic!("{other} is not for this test"),
            };
            let mut own: Vec<Scalar> = (0..1u128 << width).map(Scalar::Int).collect();
            if !parameter.attributes.noundef {
                own.push(Scalar::Poison);
            }
            values = values
                .iter()
                .flat_map(|before| own.iter().map(move |v| [before.clone(), vec![*v]].concat()))
                .collect();
        }
        all = all
            .iter()
            .flat_map(|before| {
                values
                    .iter()
                    .map(move |v| [before.clone(), vec![v.clone()]].concat())
            })
            .collect();
    }
    all
}

/// The first input that refutes refinement.
fn refutation(source: Side<'_>, target: Side<'_>, options: &Options) -> Option<String> {
    for arguments in inputs(source) {
        let input = Input {
            arguments,
            memory: Memory::default(),
            strangers: None,
        };
        let (comparison, counterexample) = compare(source, target, &input, options.relation);
        if let Comparison::Differs(how) = comparison {
            return Some(format!("{how}: {counterexample:?}"));
        }
    }
    None
}

#[test]
fn proofs_hold_on_every_input() {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut random = Random::new(super::seed());
    for _ in 0..400 * super::rounds() {
        let profile = PROFILES[random.below(3) as usize];
        let source = generate(profile, "f", &mut random);
        let mut target = source.clone();
        for _ in 0..=random.below(2) {
            target = edit(&target, &mut random).unwrap_or(target);
        }
        let (Ok(first), Ok(second)) = (parse(&source), parse(&target)) else {
            *counts.entry("unreadable".into()).or_default() += 1;
            continue;
        };
        let (s, t) = (
            Side {
                module: &first,
                function: &first.functions[0],
            },
            Side {
                module: &second,
                function: &second.functions[0],
            },
        );
        let options = Options {
            unroll: 9,
            ..Options::default()
        };
        let noundef: Vec<bool> = s
            .function
            .parameters
            .iter()
            .map(|p| p.attributes.noundef)
            .collect();
        let verdict = finish(argue(s, t, &options, &noundef));
        let found = refutation(s, t, &options);
        let key = match (verdict.decision, &found) {
            (Decision::Proved, Some(how)) => {
                wrong.push(format!(
                    "{}\nbut {how}\n{source}\n{target}",
                    verdict.to_json()
                ));
                "WRONG".into()
            }
            (Decision::Proved, None) => format!("proved {}", verdict.method.unwrap_or("")),
            (Decision::Refuted, _) => "refuted".into(),
            (Decision::Unknown, other) => {
                let reason = verdict.reason.unwrap_or("");
                if std::env::var("CALQUE_SHOW").is_ok_and(|wanted| wanted == reason) {
                    println!("{}\n{source}\n{target}", verdict.to_json());
                }
                format!(
                    "unknown {reason}, {}",
                    if other.is_some() {
                        "refutable"
                    } else {
                        "nothing found"
                    }
                )
            }
        };
        *counts.entry(key).or_default() += 1;
    }
    println!("{counts:#?}");
    assert!(
        wrong.is_empty(),
        "{} wrong proofs:\n{}",
        wrong.len(),
        wrong.join("\n---\n")
    );
}
