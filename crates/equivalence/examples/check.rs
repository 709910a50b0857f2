//! `check SOURCE.ll [TARGET.ll] [FUNCTION]`: prints the verdict; `check --strip FILE.ll [FUNCTION]` the canonical text.

use std::process::ExitCode;

use calque_equivalence::{Decision, Options, check};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let read =
        |path: &String| std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    if arguments.first().is_some_and(|a| a == "--strip") {
        match calque_ir::strip(&read(&arguments[1]), arguments.get(2).map(String::as_str)) {
            Ok(text) => print!("{text}"),
            Err(error) => eprintln!("{error}"),
        }
        return ExitCode::SUCCESS;
    }
    let Some(source) = arguments.first() else {
        return ExitCode::from(2);
    };
    let target = arguments.get(1).map(read).unwrap_or_default();
    let options = Options {
        function: arguments.get(2).cloned(),
        ..Options::default()
    };
    let verdict = check(&read(source), &target, &options);
    println!("{}", verdict.to_json());
    match verdict.decision {
        Decision::Proved => ExitCode::SUCCESS,
        Decision::Refuted => ExitCode::from(1),
        Decision::Unknown => ExitCode::from(3),
    }
}
