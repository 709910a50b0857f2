//! A function refines itself, whatever in it is undefined or unknown; a function with another meaning is not taken for it.

use calque_equivalence::{Decision, Options, check};

fn method(source: &str, target: &str) -> Option<&'static str> {
    let verdict = check(source, target, &Options::default());
    (verdict.decision == Decision::Proved)
        .then_some(verdict.method)
        .flatten()
}

const BODIES: [&str; 6] = [
    "define i32 @f(i32 %x) { %a = add i32 %x, %x ret i32 %a }",
    "define i32 @f(i32 %x) { %a = freeze i32 undef %b = mul i32 %a, %a ret i32 %b }",
    "define i32 @f(ptr %p) { %a = load i32, ptr %p store i32 undef, ptr %p ret i32 %a }",
    "declare i32 @g(i32)\ndefine i32 @f(i32 %x) { %a = call i32 @g(i32 %x) ret i32 %a }",
    "define i32 @f(i32 %n) {\nentry:\n br label %l\nl:\n %i = phi i32 [ 0, %entry ], [ %j, %l ]\n %j = add i32 %i, 1\n %c = icmp eq i32 %j, %n\n br i1 %c, label %e, label %l\ne:\n ret i32 %j\n}",
    "define float @f(float %x) { %a = fadd float %x, %x ret float %a }",
];

#[test]
fn one_text_is_one_function() {
    for body in BODIES {
        assert_eq!(method(body, body), Some("structural"), "{body}");
    }
}

#[test]
fn names_do_not_matter() {
    for (a, b) in [
        (
            BODIES[0],
            "define i32 @g(i32) { %2 = add i32 %0, %0\n ret i32 %2 }",
        ),
        (
            BODIES[1],
            "define i32 @h(i32 %y) { %n = freeze i32 undef %m = mul i32 %n, %n ret i32 %m }",
        ),
        (
            BODIES[5],
            "define float @h(float %y) { %n = fadd float %y, %y ret float %n }",
        ),
    ] {
        assert_eq!(method(a, b), Some("structural"), "{a}\n{b}");
    }
}

#[test]
fn what_differs_is_not_identical() {
    for (a, b) in [
        (
            "define i32 @f(i32 %x) { ret i32 %x }",
            "define i32 @f(i32 noundef %x) { ret i32 %x }",
        ),
        (
            "define i32 @f(ptr %p) { %a = load i32, ptr %p, align 1 ret i32 %a }",
            "define i32 @f(ptr %p) { %a = load i32, ptr %p, align 4 ret i32 %a }",
        ),
        (
            "@a = constant i32 1\ndefine i32 @f() { %a = load i32, ptr @a ret i32 %a }",
            "@a = constant i32 2\ndefine i32 @f() { %a = load i32, ptr @a ret i32 %a }",
        ),
        (
            "%t = type { i32, i32 }\ndefine ptr @f(ptr %p) { %a = getelementptr %t, ptr %p, i64 1 ret ptr %a }",
            "%t = type { i32, i64 }\ndefine ptr @f(ptr %p) { %a = getelementptr %t, ptr %p, i64 1 ret ptr %a }",
        ),
        (
            "declare i32 @g(i32)\ndefine i32 @f(i32 %x) { %a = call i32 @g(i32 %x) ret i32 %a }",
            "declare i32 @g(i32) memory(none)\ndefine i32 @f(i32 %x) { %a = call i32 @g(i32 %x) ret i32 %a }",
        ),
    ] {
        assert_eq!(method(a, b), None, "{a}\n{b}");
    }
}
