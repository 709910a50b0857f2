//! A check in pieces is the check at once.

use calque_equivalence::{Check, Decision, Options, Relation, Verdict, check};

/// The verdict, and after how many pieces it came.
fn in_pieces(source: &str, target: &str, options: &Options) -> (Verdict, usize) {
    let mut running = Check::new(source.into(), target.into(), options.clone());
    let mut pieces = 1;
    loop {
        if let Some(verdict) = running.step() {
            let verdict = verdict.clone();
            assert_eq!(running.step(), Some(&verdict), "it stays what it is");
            return (verdict, pieces);
        }
        pieces += 1;
    }
}

fn same(source: &str, target: &str, options: &Options) -> usize {
    let (verdict, pieces) = in_pieces(source, target, options);
    assert_eq!(
        verdict,
        check(source, target, options),
        "{source}\n{target}"
    );
    pieces
}

#[test]
fn every_kind_of_verdict_is_the_same() {
    let f = |body: &str| format!("define i32 @f(i32 %x, i32 %y) {{\n{body}\n}}\n");
    let sum = f("  %r = add i32 %x, %y\n  ret i32 %r");
    let mus = f("  %r = add i32 %y, %x\n  ret i32 %r");
    let product = f("  %r = mul i32 %x, %y\n  ret i32 %r");
    let options = Options::default();
    for (source, target) in [(&sum, &mus), (&sum, &product)] {
        same(source, target, &options);
    }
    same(&sum, "no text of a function", &options);
    for relation in [Relation::Equivalent, Relation::Agrees] {
        let options = Options {
            relation,
            ..Options::default()
        };
        same(&sum, &mus, &options);
        same(&sum, &product, &options);
    }
}

/// A product, and the same from the bits that both factors have and those that one has: no search settles that.
#[test]
fn what_takes_long_comes_in_many_pieces() {
    let hard = "define i32 @f(i32 noundef %x, i32 noundef %y) {
  %r = mul i32 %x, %y
  ret i32 %r
}
";
    let other = "define i32 @f(i32 noundef %x, i32 noundef %y) {
  %any = or i32 %x, %y
  %both = and i32 %x, %y
  %p = mul i32 %any, %both
  %one = xor i32 %x, %both
  %two = xor i32 %y, %both
  %q = mul i32 %one, %two
  %r = add i32 %p, %q
  ret i32 %r
}
";
    let easy = same(
        hard,
        &hard.replace("%x, %y\n", "%y, %x\n"),
        &Options::default(),
    );
    let pieces = same(hard, other, &Options::default());
    assert!(pieces >= easy + 10, "{pieces} pieces beside {easy}");
}

#[test]
fn a_check_that_is_dropped_leaves_nothing_behind() {
    let text = "define i32 @f(i32 %x) {\n  ret i32 %x\n}\n".to_string();
    let mut running = Check::new(
        text.clone(),
        text.replace("ret i32 %x", "ret i32 0"),
        Options::default(),
    );
    let first = running.step().map(|v| v.decision);
    drop(running);
    assert!(first.is_none_or(|d| d == Decision::Refuted));
}
