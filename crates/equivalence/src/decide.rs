//! The pipeline of a check.

use calque_ir::{Callee, Function, IrError, Module, Op, Type, ValueKind, parse};

use crate::callees::{size, with_callees};
use crate::concrete::{Comparison, Side, compare};
use crate::identical::identical;
use crate::inputs::{INPUT_COUNT, Inputs};
use crate::options::{Options, Relation};
use crate::pieces::{finish, rest};
use crate::signature::adapt;
use crate::verdict::{Decision, Verdict};

/// Checks `target` against `source`. With an empty `target`, `source` holds both, named `@src` and `@tgt`.
///
/// Where several functions are meant (no name is given, and the texts define more than one, or `@src1`, `@tgt1`, `@src2`, ...), the
/// relation must hold for each pair: one refutation refutes.
///
/// Never fails: what cannot be read or decided is a verdict of `unknown` with the reason. The same arguments always give the same
/// verdict: all budgets are counts, not times.
#[must_use]
pub fn check(source: &str, target: &str, options: &Options) -> Verdict {
    finish(answer(source, target, options))
}

/// `check` in pieces.
pub(crate) async fn answer(source: &str, target: &str, options: &Options) -> Verdict {
    let mut options = options.clone();
    let mut signature_assumed = false;
    let mut verdict =
        match read(source, target, &options).and_then(|read| adapted(read, &mut options)) {
            Ok((first, second, pairs)) => {
                signature_assumed = options.signature.is_some();
                let options = &options;
                let same = second.is_some() && source == target;
                let second = second.as_ref().unwrap_or(&first);
                all_of(&first, second, &pairs, same, options).await
            }
            Err(error) if error.code == "signature-mismatch" => {
                Verdict::unknown("signature-mismatch", error.message)
            }
            Err(error) => Verdict::unknown("parse-error", error.to_string()),
        };
    if let Some(found) = &mut verdict.counterexample {
        let target = if second_text(target) { target } else { source };
        for (place, text) in found.parts_at.iter_mut().zip([source, target]) {
            if let Some(place) = place {
                place.instruction = line_of(text, place.line);
            }
        }
    }
    verdict.assumptions = options.assumptions();
    if signature_assumed {
        verdict.assumptions.push("signature".into());
    }
    verdict
}

/// Whether the target has a text of its own.
fn second_text(target: &str) -> bool {
    !target.trim().is_empty()
}

/// Characters of an instruction that are shown.
const SHOWN: usize = 300;

fn line_of(text: &str, line: u32) -> String {
    let found = text.lines().nth(line.saturating_sub(1) as usize);
    found
        .unwrap_or_default()
        .trim()
        .chars()
        .take(SHOWN)
        .collect()
}

/// Both sides in the plain form of the signature, if one is asked for.
fn adapted((first, second, pairs): Read, options: &mut Options) -> Result<Read, IrError> {
    let Some(signature) = options.signature.clone() else {
        return Ok((first, second, pairs));
    };
    let plain = |module: &Module, name: &str| {
        adapt(module, name, &signature).map_err(|e| IrError::new("signature-mismatch", e))
    };
    let (mut first, mut second) = (first, second);
    for [f, g] in &pairs {
        let (module, noalias) = plain(&first, f)?;
        first = module;
        let (module, other) = plain(second.as_ref().unwrap_or(&first), g)?;
        match &mut second {
            Some(second) => *second = module,
            None => first = module,
        }
        options.disjoint_arguments |= noalias || other;
    }
    Ok((first, second, pairs))
}

/// The verdict on all pairs together: a refutation, else what is unknown, else the weakest proof.
async fn all_of(
    first: &Module,
    second: &Module,
    pairs: &[[String; 2]],
    same: bool,
    options: &Options,
) -> Verdict {
    let mut out: Option<Verdict> = None;
    for [name, other] in pairs {
        let (Some(f), Some(g)) = (first.function(name), second.function(other)) else {
            return Verdict::unknown("parse-error", "a function vanished");
        };
        let (f, g) = (
            Side {
                module: first,
                function: f,
            },
            Side {
                module: second,
                function: g,
            },
        );
        // One text is one function, whatever in it has no model here.
        let mut verdict = if same && name == other {
            Verdict::proved("structural")
        } else {
            decide(f, g, options).await
        };
        if pairs.len() > 1 {
            verdict.detail = verdict.detail.map(|d| format!("@{name}: {d}"));
        }
        if verdict.decision == Decision::Refuted {
            return verdict;
        }
        out = Some(match out {
            None => verdict,
            Some(old) if old.decision == Decision::Unknown => old,
            Some(_) if verdict.decision == Decision::Unknown => verdict,
            Some(old) if strength(&old) <= strength(&verdict) => Verdict {
                bounds: weakest(&old.bounds, &verdict.bounds),
                ..old
            },
            Some(old) => Verdict {
                bounds: weakest(&old.bounds, &verdict.bounds),
                ..verdict
            },
        });
    }
    out.unwrap_or_else(|| Verdict::unknown("parse-error", "no function to compare"))
}

fn strength(verdict: &Verdict) -> u32 {
    match verdict.method {
        Some("structural") => 3,
        Some("sat") => 2,
        Some("loop-bisimulation") => 1,
        _ => 0,
    }
}

fn weakest(a: &[(&'static str, u64)], b: &[(&'static str, u64)]) -> Vec<(&'static str, u64)> {
    let mut out = a.to_vec();
    for (name, value) in b {
        match out.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = (*old).min(*value),
            None => out.push((name, *value)),
        }
    }
    out
}

type Read = (Module, Option<Module>, Vec<[String; 2]>);

fn read(source: &str, target: &str, options: &Options) -> Result<Read, IrError> {
    let first = parse(source).map_err(|e| side_error("source", e))?;
    if !second_text(target) {
        let pairs = numbered(&first);
        if pairs.is_empty() {
            return Err(IrError::new(
                "no-function",
                "one text must define @src and @tgt, or @src1, @tgt1 and so on".to_string(),
            ));
        }
        return Ok((first, None, pairs));
    }
    let second = parse(target).map_err(|e| side_error("target", e))?;
    if options.function.is_none() && first.functions.len() > 1 {
        // What no other module sees need not be kept, if anything is seen.
        let all = first.functions.iter().all(|f| f.local);
        let counts = |f: &Function| all || !f.local;
        let pairs: Vec<[String; 2]> = first
            .functions
            .iter()
            .filter(|f| counts(f) && second.function(&f.name).is_some_and(counts))
            .map(|f| [f.name.clone(), f.name.clone()])
            .collect();
        if !pairs.is_empty() {
            return Ok((first, Some(second), pairs));
        }
    }
    let name = pick(&first, options, "src", "source")?;
    let other = match pick(&second, options, "tgt", "target") {
        Err(_) if options.function.is_none() && second.function(&name).is_some() => name.clone(),
        found => found?,
    };
    Ok((first, Some(second), vec![[name, other]]))
}

/// `@src` and `@tgt`; where they are not there, every `@src...` with its `@tgt...`.
fn numbered(module: &Module) -> Vec<[String; 2]> {
    let pair = |suffix: &str| {
        let names = [format!("src{suffix}"), format!("tgt{suffix}")];
        names
            .iter()
            .all(|n| module.function(n).is_some())
            .then_some(names)
    };
    match pair("") {
        Some(names) => vec![names],
        None => module
            .functions
            .iter()
            .filter_map(|f| pair(f.name.strip_prefix("src")?))
            .collect(),
    }
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
        _ => match module.function(special).or(module.only_function()) {
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

/// A type that is stored and does not fill its bytes, where something else is accessed too: what the rest of the last byte holds is
/// unspecified.
fn ragged(source: Side<'_>, target: Side<'_>) -> Option<Type> {
    let (mut stored, mut accessed) = (None, Vec::new());
    let functions = [source, target].map(with_callees);
    for function in functions.into_iter().flatten() {
        for value in &function.values {
            let (ty, stores) = match &value.kind {
                ValueKind::Instruction(Op::Load { .. }) => (&value.ty, false),
                ValueKind::Instruction(Op::Store { value, .. }) => (function.ty(*value), true),
                ValueKind::Instruction(Op::Call {
                    callee: Callee::Named(name),
                    ..
                }) if name.starts_with("llvm.mem") => (&Type::Int(8), false),
                _ => continue,
            };
            let bits = match ty.packed().as_ref().unwrap_or(ty) {
                Type::Int(bits) => *bits,
                _ => 0,
            };
            if stores && bits % 8 != 0 {
                stored = Some(ty.clone());
            }
            if !accessed.contains(ty) {
                accessed.push(ty.clone());
            }
        }
    }
    stored.filter(|_| accessed.len() > 1)
}

/// A function of more instructions, its callees counted, is not looked into.
const SIZE_LIMIT: usize = 30_000;

async fn decide(source: Side<'_>, target: Side<'_>, options: &Options) -> Verdict {
    if let Err(message) = same_signature(source, target) {
        return Verdict::unknown("signature-mismatch", message);
    }
    if source.module.layout.big_endian != target.module.layout.big_endian {
        return Verdict::unknown("memory-model", "data layouts of both byte orders");
    }
    if size(&with_callees(source)).max(size(&with_callees(target))) > SIZE_LIMIT {
        let detail = format!("more than {SIZE_LIMIT} instructions with all that is called");
        return Verdict::unknown("budget", detail);
    }
    if let Some(ty) = ragged(source, target) {
        return Verdict::unknown("memory-model", format!("{ty} in memory beside other types"));
    }
    let first = one_way(source, target, options).await;
    if options.relation != Relation::Equivalent || first.decision != Decision::Proved {
        return first;
    }
    let mut back = one_way(target, source, options).await;
    if let Some(c) = &mut back.counterexample {
        std::mem::swap(&mut c.source, &mut c.target);
        c.parts_at.reverse();
    }
    if back.decision == Decision::Proved && back.method == Some("structural") {
        first
    } else {
        back
    }
}

async fn one_way(source: Side<'_>, target: Side<'_>, options: &Options) -> Verdict {
    if identical(source, target) {
        return Verdict::proved("structural");
    }
    if let Some(verdict) = concrete_search(source, target, options).await {
        return verdict;
    }
    if options.relation == Relation::Agrees {
        return agrees(source, target, options).await;
    }
    crate::argue::argue(source, target, options, &noundef(source, options)).await
}

/// Refinement in either direction is agreement.
async fn agrees(source: Side<'_>, target: Side<'_>, options: &Options) -> Verdict {
    let strict = Options {
        relation: Relation::Refines,
        ..options.clone()
    };
    let mut last = Verdict::unknown("budget", "no proof was found");
    for (a, b) in [(source, target), (target, source)] {
        let verdict = crate::argue::argue(a, b, &strict, &noundef(a, options)).await;
        match verdict.decision {
            Decision::Proved => return verdict,
            Decision::Unknown => last = verdict,
            Decision::Refuted => {
                last = Verdict::unknown(
                    "budget",
                    "neither refines the other; agreement was not decided",
                );
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

/// Inputs that are run in one piece.
const PIECE_INPUTS: usize = 8;

async fn concrete_search(source: Side<'_>, target: Side<'_>, options: &Options) -> Option<Verdict> {
    let mut inputs = Inputs::new([source, target], noundef(source, options));
    if inputs.unsupported().is_some() {
        return None;
    }
    for n in 0..INPUT_COUNT {
        if n % PIECE_INPUTS == PIECE_INPUTS - 1 {
            rest().await;
        }
        let mut input = inputs.input(n);
        if options
            .signature
            .as_ref()
            .is_some_and(|s| !s.shape(&mut input))
        {
            continue;
        }
        let (comparison, counterexample) = compare(source, target, &input, options.relation);
        if let Comparison::Differs(how) = comparison {
            return Some(Verdict::refuted("concrete", counterexample, how));
        }
    }
    None
}
