//! The pipeline of a check.

use calque_ir::{Function, IrError, Module, parse};

use crate::concrete::{Comparison, Side, compare};
use crate::inputs::{INPUT_COUNT, Inputs};
use crate::options::{Options, Relation};
use crate::verdict::{Decision, Verdict};

/// Checks `target` against `source`. With an empty `target`, `source` holds both, named `@src` and `@tgt`.
///
/// Never fails: what cannot be read or decided is a verdict of `unknown` with the reason. The same arguments always give the same
/// verdict: all budgets are counts, not times.
#[must_use]
pub fn check(source: &str, target: &str, options: &Options) -> Verdict {
    let mut verdict = match read(source, target, options) {
        Ok((first, second, names)) => {
            let second = second.as_ref().unwrap_or(&first);
            match (first.function(&names[0]), second.function(&names[1])) {
                (Some(f), Some(g)) => decide(
                    Side {
                        module: &first,
                        function: f,
                    },
                    Side {
                        module: second,
                        function: g,
                    },
                    options,
                ),
                _ => Verdict::unknown("parse-error", "a function vanished"),
            }
        }
        Err(error) => Verdict::unknown("parse-error", error.to_string()),
    };
    verdict.assumptions = options.assumptions();
    verdict
}

type Read = (Module, Option<Module>, [String; 2]);

fn read(source: &str, target: &str, options: &Options) -> Result<Read, IrError> {
    let first = parse(source).map_err(|e| side_error("source", e))?;
    if target.trim().is_empty() {
        let names = ["src".to_string(), "tgt".to_string()];
        for name in &names {
            if first.function(name).is_none() {
                let message = format!("one text must define @src and @tgt; @{name} is missing");
                return Err(IrError::new("no-function", message));
            }
        }
        return Ok((first, None, names));
    }
    let second = parse(target).map_err(|e| side_error("target", e))?;
    let names = [
        pick(&first, options, "src", "source")?,
        pick(&second, options, "tgt", "target")?,
    ];
    Ok((first, Some(second), names))
}

fn side_error(side: &str, mut error: IrError) -> IrError {
    error.message = format!("{side}: {}", error.message);
    error
}

fn pick(module: &Module, options: &Options, special: &str, side: &str) -> Result<String, IrError> {
    let missing = |message: String| IrError::new("no-function", format!("{side}: {message}"));
    if let Some(name) = &options.function {
        return match module.function(name) {
            Some(f) => Ok(f.name.clone()),
            None => Err(missing(format!("no function @{name} is defined"))),
        };
    }
    match module.functions.as_slice() {
        [one] => Ok(one.name.clone()),
        _ => match module.function(special) {
            Some(f) => Ok(f.name.clone()),
            None => Err(missing(format!(
                "{} functions are defined; name one",
                module.functions.len()
            ))),
        },
    }
}

fn same_signature(source: Side<'_>, target: Side<'_>) -> Result<(), String> {
    let (f, g) = (source.function, target.function);
    let shape = |side: Side<'_>, f: &Function| {
        let list: Vec<_> = f
            .parameters
            .iter()
            .map(|p| side.module.resolve(f.ty(p.value)).clone())
            .collect();
        (list, side.module.resolve(&f.result).clone(), f.variadic)
    };
    if shape(source, f) == shape(target, g) {
        return Ok(());
    }
    let text = |f: &Function| {
        let list: Vec<String> = f
            .parameters
            .iter()
            .map(|p| f.ty(p.value).to_string())
            .collect();
        format!("{} ({})", f.result, list.join(", "))
    };
    Err(format!("the source is {}, the target {}", text(f), text(g)))
}

fn decide(source: Side<'_>, target: Side<'_>, options: &Options) -> Verdict {
    if let Err(message) = same_signature(source, target) {
        return Verdict::unknown("signature-mismatch", message);
    }
    let first = one_way(source, target, options);
    if options.relation != Relation::Equivalent || first.decision != Decision::Proved {
        return first;
    }
    let mut back = one_way(target, source, options);
    if let Some(c) = &mut back.counterexample {
        std::mem::swap(&mut c.source, &mut c.target);
    }
    if back.decision == Decision::Proved && back.method == Some("structural") {
        first
    } else {
        back
    }
}

fn one_way(source: Side<'_>, target: Side<'_>, options: &Options) -> Verdict {
    if let Some(verdict) = concrete_search(source, target, options) {
        return verdict;
    }
    if options.relation == Relation::Agrees {
        return agrees(source, target, options);
    }
    crate::argue::argue(source, target, options, &noundef(source, options))
}

/// Refinement in either direction is agreement.
fn agrees(source: Side<'_>, target: Side<'_>, options: &Options) -> Verdict {
    let strict = Options {
        relation: Relation::Refines,
        ..options.clone()
    };
    let mut last = Verdict::unknown("budget", "no proof was found");
    for (a, b) in [(source, target), (target, source)] {
        let verdict = crate::argue::argue(a, b, &strict, &noundef(a, options));
        match verdict.decision {
            Decision::Proved => return verdict,
            Decision::Unknown => last = verdict,
            Decision::Refuted => {
                last = Verdict::unknown(
                    "budget",
                    "neither refines the other; agreement was not decided",
                )
            }
        }
    }
    last
}

/// Which arguments can be neither undef nor poison.
fn noundef(source: Side<'_>, options: &Options) -> Vec<bool> {
    source
        .function
        .parameters
        .iter()
        .map(|p| options.noundef_arguments || p.attributes.noundef)
        .collect()
}

fn concrete_search(source: Side<'_>, target: Side<'_>, options: &Options) -> Option<Verdict> {
    let mut inputs = Inputs::new(
        [source.module, target.module],
        [source.function, target.function],
        noundef(source, options),
    );
    if inputs.unsupported().is_some() {
        return None;
    }
    for n in 0..INPUT_COUNT {
        let input = inputs.input(n);
        let (comparison, counterexample) = compare(source, target, &input, options.relation);
        if let Comparison::Differs(how) = comparison {
            return Some(Verdict::refuted("concrete", counterexample, how));
        }
    }
    None
}
