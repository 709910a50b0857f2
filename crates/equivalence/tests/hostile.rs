//! Checks of what is large, wide or circular end with a verdict.

use std::fmt::Write;

use calque_equivalence::{Decision, Options, check};

/// The reason of a verdict that decides nothing.
fn unknown(source: &str, target: &str) -> &'static str {
    let verdict = check(source, target, &Options::default());
    assert_eq!(verdict.decision, Decision::Unknown, "{}", verdict.to_json());
    verdict.reason.expect("unknown has a reason")
}

fn not_refuted(source: &str, target: &str) {
    let verdict = check(source, target, &Options::default());
    assert_ne!(verdict.decision, Decision::Refuted, "{}", verdict.to_json());
}

/// Another text of the same function.
fn other(text: &str) -> String {
    text.replace("ret ", "br label %end\nend:\n  ret ")
}

#[test]
fn a_text_that_is_too_large_is_not_read() {
    let text = "define void @f() {\n  ret void\n}\n";
    let large = text.to_string() + &" ".repeat(100 << 20);
    assert_eq!(unknown(&large, text), "parse-error");
    assert_eq!(unknown(text, &large), "parse-error");
}

#[test]
fn wide_integers_and_large_arrays_end_in_a_verdict() {
    for ty in [
        "i8388608",
        "[1000000 x i64]",
        "<100000 x i8>",
        "{ [4096 x i8], i8 }",
    ] {
        let text = format!("define {ty} @f({ty} %x) {{\n  ret {ty} %x\n}}\n");
        not_refuted(&text, &other(&text));
        let loads = format!(
            "define void @f(ptr %p, ptr %q) {{\n  %x = load {ty}, ptr %p\n  store {ty} %x, ptr %q\n  ret void\n}}\n"
        );
        not_refuted(&loads, &other(&loads));
    }
}

#[test]
fn a_long_function_is_not_looked_into() {
    let mut text = "define i32 @f(i32 %x0) {\n".to_string();
    for n in 0..200_000 {
        let _ = writeln!(text, "  %x{} = add i32 %x{n}, {n}", n + 1);
    }
    text += "  ret i32 %x200000\n}\n";
    assert_eq!(unknown(&text, &other(&text)), "budget");
}

#[test]
fn helpers_that_multiply_are_not_all_put_in_place() {
    // Sixty helpers, each calling the one before it twice.
    let mut text = "define i32 @h0(i32 %x) {\n  %r = add i32 %x, 1\n  ret i32 %r\n}\n".to_string();
    for n in 1..60 {
        let m = n - 1;
        let _ = writeln!(
            text,
            "define i32 @h{n}(i32 %x) {{\n  %a = call i32 @h{m}(i32 %x)\n  %b = call i32 @h{m}(i32 %a)\n  ret i32 %b\n}}"
        );
    }
    text += "define i32 @f(i32 %x) {\n  %r = call i32 @h59(i32 %x)\n  ret i32 %r\n}\n";
    let options = Options {
        function: Some("f".into()),
        ..Options::default()
    };
    let verdict = check(
        &text,
        &text.replace("@f(i32 %x) {\n", "@f(i32 %x) {\n  %z = add i32 %x, 0\n"),
        &options,
    );
    assert_ne!(verdict.decision, Decision::Refuted, "{}", verdict.to_json());
    let verdict = check(
        &text,
        &text.replace("add i32 %x, 1", "add i32 1, %x"),
        &options,
    );
    assert_eq!(verdict.decision, Decision::Unknown, "{}", verdict.to_json());
}

#[test]
fn chains_and_circles_of_constants_are_followed_as_far_as_they_are_used() {
    let mut text = String::new();
    for n in 0..100_000 {
        let _ = writeln!(text, "@c{n} = constant ptr @c{}", (n + 1) % 100_000);
    }
    // None of them is used.
    let unused =
        format!("{text}define i32 @f(i32 %x) {{\n  %r = add i32 %x, 1\n  ret i32 %r\n}}\n");
    let verdict = check(
        &unused,
        &unused.replace("%x, 1", "1, %x"),
        &Options::default(),
    );
    assert_eq!(verdict.decision, Decision::Proved, "{}", verdict.to_json());
    let mut small = String::new();
    for n in 0..2_000 {
        let _ = writeln!(small, "@c{n} = constant ptr @c{}", (n + 1) % 2_000);
    }
    small += "define ptr @f() {\n  %p = load ptr, ptr @c0\n  ret ptr %p\n}\n";
    not_refuted(&small, &other(&small));
}
