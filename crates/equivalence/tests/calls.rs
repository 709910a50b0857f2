//! Calls of functions that the text defines.

use calque_equivalence::{Decision, Options, Relation, Verdict, check};
use calque_ir::strip;

fn of(source: &str, target: &str) -> Verdict {
    let options = Options {
        function: Some("f".into()),
        noundef_arguments: true,
        ..Options::default()
    };
    check(source, target, &options)
}

fn expect(wanted: Decision, source: &str, target: &str) {
    let verdict = of(source, target);
    assert_eq!(
        verdict.decision,
        wanted,
        "{}\n{source}\n{target}",
        verdict.to_json()
    );
}

fn never_proved(source: &str, target: &str) {
    let verdict = of(source, target);
    let json = verdict.to_json();
    assert_ne!(
        verdict.decision,
        Decision::Proved,
        "{json}\n{source}\n{target}"
    );
}

/// A caller of `@h` beside its definition.
fn with(helper: &str) -> String {
    format!(
        "define i32 @f(i32 %x) {{\n  %r = call noundef i32 @h(i32 %x)\n  %s = add i32 %r, 1\n  ret i32 %s\n}}\n{helper}"
    )
}

/// `x == 771234567 ? 1 : x`: no guessed input finds the difference from `x`.
const NEEDLE: &str = "define i32 @h(i32 %x) {
  %c = icmp eq i32 %x, 771234567
  %r = select i1 %c, i32 1, i32 %x
  ret i32 %r
}
";
const IDENTITY: &str = "define i32 @h(i32 %x) {\n  ret i32 %x\n}\n";

#[test]
fn helpers_of_one_name_may_differ() {
    expect(Decision::Refuted, &with(IDENTITY), &with(NEEDLE));
    expect(Decision::Refuted, &with(NEEDLE), &with(IDENTITY));
    expect(
        Decision::Proved,
        &with(NEEDLE),
        &with(NEEDLE.replace("%c", "%d").as_str()),
    );
}

#[test]
fn a_helper_called_is_the_helper_inlined() {
    let inlined = "define i32 @f(i32 %x) {
  %c = icmp eq i32 %x, 771234567
  %s = add i32 %x, 1
  %r = select i1 %c, i32 2, i32 %s
  ret i32 %r
}
";
    expect(Decision::Proved, &with(NEEDLE), inlined);
    expect(Decision::Proved, inlined, &with(NEEDLE));
    expect(
        Decision::Refuted,
        &with(NEEDLE),
        &inlined.replace("i32 2,", "i32 3,"),
    );
}

/// As clang -O0 leaves it: locals, several returns, a helper that gives through a pointer, a helper of the helper.
const PLAIN: &str = "define i32 @f(i32 noundef %x) {
  %a = alloca i32, align 4
  %out = alloca i32, align 4
  store i32 %x, ptr %a, align 4
  %v = load i32, ptr %a, align 4
  call void @twice(i32 noundef %v, ptr noundef %out)
  %r = load i32, ptr %out, align 4
  ret i32 %r
}
define internal void @twice(i32 noundef %x, ptr noundef %out) {
  %a = alloca i32, align 4
  %p = alloca ptr, align 8
  store i32 %x, ptr %a, align 4
  store ptr %out, ptr %p, align 8
  %v = load i32, ptr %a, align 4
  %m = call i32 @magnitude(i32 noundef %v)
  %d = shl i32 %m, 1
  %q = load ptr, ptr %p, align 8
  store i32 %d, ptr %q, align 4
  ret void
}
define internal i32 @magnitude(i32 noundef %x) {
  %c = icmp slt i32 %x, 0
  br i1 %c, label %yes, label %no
yes:
  %n = sub i32 0, %x
  ret i32 %n
no:
  ret i32 %x
}
";

#[test]
fn unoptimised_helpers_meet_optimised_code() {
    let tight = "declare i32 @llvm.abs.i32(i32, i1)
define i32 @f(i32 %x) {
  %m = call i32 @llvm.abs.i32(i32 %x, i1 false)
  %r = mul i32 %m, 2
  ret i32 %r
}
";
    expect(Decision::Proved, PLAIN, tight);
    expect(Decision::Refuted, PLAIN, &tight.replace("mul", "add"));
    // noundef of the helper is the caller's undefined behaviour, which this target does not have.
    let loose = "define i32 @f(i32 %x) {\n  %r = call i32 @h(i32 %x)\n  ret i32 %r\n}\n";
    let strict = "define i32 @h(i32 noundef %x) {\n  ret i32 %x\n}\n";
    let source = "define i32 @f(i32 %x) {\n  ret i32 %x\n}\n";
    let verdict = check(source, &format!("{loose}{strict}"), &Options::default());
    assert_eq!(verdict.decision, Decision::Refuted, "{}", verdict.to_json());
    expect(Decision::Proved, source, &format!("{loose}{strict}"));
}

#[test]
fn loops_of_helpers_are_loops() {
    let called = "define i32 @f(ptr %p, i32 %n) {
  %r = call i32 @sum(ptr %p, i32 %n)
  ret i32 %r
}
define i32 @sum(ptr %p, i32 %n) {
entry:
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %j, %body ]
  %s = phi i32 [ 0, %entry ], [ %t, %body ]
  %c = icmp slt i32 %i, %n
  br i1 %c, label %body, label %out
body:
  %w = sext i32 %i to i64
  %q = getelementptr inbounds i32, ptr %p, i64 %w
  %v = load i32, ptr %q, align 4
  %t = add i32 %s, %v
  %j = add nsw i32 %i, 1
  br label %head
out:
  ret i32 %s
}
";
    let own = called
        .replace("define i32 @f(ptr %p, i32 %n) {\n  %r = call i32 @sum(ptr %p, i32 %n)\n  ret i32 %r\n}\n", "")
        .replace("@sum", "@f")
        .replace("add i32 %s, %v", "add i32 %v, %s");
    expect(Decision::Proved, called, &own);
    expect(
        Decision::Refuted,
        called,
        &own.replace("add i32 %v, %s", "sub i32 %s, %v"),
    );
}

#[test]
fn a_target_that_breaks_its_helpers_promises_is_not_proved() {
    let source = "define void @f(ptr %p) {\n  store i32 1, ptr %p\n  ret void\n}\n";
    let target = |attributes: &str, parameter: &str| {
        format!(
            "define void @f(ptr %p) {{\n  call void @h(ptr %p)\n  ret void\n}}\ndefine void @h(ptr {parameter} %p) {attributes} {{\n  store i32 1, ptr %p\n  ret void\n}}\n"
        )
    };
    expect(Decision::Proved, source, &target("", ""));
    expect(
        Decision::Proved,
        source,
        &target("memory(argmem: readwrite)", "nocapture noalias"),
    );
    never_proved(source, &target("memory(none)", ""));
    never_proved(source, &target("memory(read)", ""));
    never_proved(source, &target("", "readonly"));
    never_proved(source, &target("noreturn", ""));
    // Two pointers of which one is alone: they may be one.
    let two = "define void @f(ptr %p) {\n  call void @h(ptr %p, ptr %p)\n  ret void\n}\ndefine void @h(ptr noalias %p, ptr %q) {\n  store i32 1, ptr %p\n  store i32 1, ptr %q\n  ret void\n}\n";
    never_proved(source, two);
    // As a source they are all refined by what does the store.
    expect(Decision::Proved, &target("memory(none)", ""), source);
    expect(Decision::Proved, two, source);
}

#[test]
fn locals_of_helpers_end_with_them() {
    let dangling = "define i32 @f() {
  %p = call ptr @h()
  %v = load i32, ptr %p
  ret i32 %v
}
define ptr @h() {
  %a = alloca i32
  store i32 7, ptr %a
  ret ptr %a
}
";
    never_proved("define i32 @f() {\n  ret i32 7\n}\n", dangling);
    // A buffer of the helper in a loop of the caller is a new one each time.
    let buffers = "define i32 @f(i32 %n) {
entry:
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %j, %head ]
  %s = phi i32 [ 0, %entry ], [ %t, %head ]
  %v = call i32 @h(i32 %i)
  %t = add i32 %s, %v
  %j = add i32 %i, 1
  %c = icmp ult i32 %j, %n
  br i1 %c, label %head, label %out
out:
  ret i32 %t
}
define i32 @h(i32 %i) {
  %a = alloca [2 x i32]
  %q = getelementptr [2 x i32], ptr %a, i32 0, i32 1
  %z = icmp eq i32 %i, 0
  br i1 %z, label %set, label %get
set:
  store i32 5, ptr %q
  br label %get
get:
  %v = load i32, ptr %q
  ret i32 %v
}
";
    never_proved(buffers, &buffers.replace("store i32 5", "store i32 6"));
    let keeps = "define i32 @f(i32 %n) {
entry:
  br label %head
head:
  %i = phi i32 [ 0, %entry ], [ %j, %head ]
  %s = phi i32 [ 0, %entry ], [ %t, %head ]
  %t = add i32 %s, 5
  %j = add i32 %i, 1
  %c = icmp ult i32 %j, %n
  br i1 %c, label %head, label %out
out:
  ret i32 %t
}
";
    // After the first time the buffer of the target holds nothing in particular.
    never_proved(keeps, buffers);
}

/// Fibonacci by recursion; `base` is what it starts from.
fn recursive(base: u32) -> String {
    with(&format!(
        "define i32 @h(i32 %n) {{
  %c = icmp ult i32 %n, 2
  br i1 %c, label %small, label %large
small:
  ret i32 {base}
large:
  %a = sub i32 %n, 1
  %b = sub i32 %n, 2
  %x = call i32 @h(i32 %a)
  %y = call i32 @h(i32 %b)
  %s = add i32 %x, %y
  ret i32 %s
}}
"
    ))
}

#[test]
fn recursive_helpers_are_left_where_they_are() {
    let other = recursive(1).replace("add i32 %r, 1", "sub i32 %r, -1");
    expect(Decision::Proved, &recursive(1), &other);
    expect(Decision::Refuted, &recursive(1), &recursive(2));
    // Equal but for small numbers' order, and not shown to be.
    let swapped = recursive(1).replace("add i32 %x, %y", "add i32 %y, %x");
    let verdict = of(&recursive(1), &swapped);
    assert_eq!(verdict.decision, Decision::Unknown, "{}", verdict.to_json());
    assert_eq!(verdict.reason, Some("external-call"));
}

#[test]
fn a_definition_that_may_be_replaced_is_not_looked_into() {
    let weak = NEEDLE.replace("define", "define weak");
    never_proved(&with(&weak), &with(IDENTITY));
    never_proved(&with(IDENTITY), &with(&weak));
}

#[test]
fn stripped_text_means_what_the_module_means() {
    let stripped = strip(PLAIN, Some("f")).expect("a function");
    assert!(stripped.starts_with("define i32 @f("), "{stripped}");
    let places: Vec<_> = ["@twice(i32, ptr) {", "@magnitude(i32) {"]
        .iter()
        .map(|name| stripped.find(&format!(" {name}")))
        .collect();
    assert!(places[0].is_some() && places[0] < places[1], "{stripped}");
    assert!(!stripped.contains("declare"), "{stripped}");
    // Its own text is about one function, so no name is needed: again the same.
    assert_eq!(strip(&stripped, None).as_deref(), Ok(stripped.as_str()));
    for (source, target) in [(PLAIN, &*stripped), (&*stripped, PLAIN)] {
        for relation in [Relation::Refines, Relation::Agrees] {
            let options = Options {
                relation,
                noundef_arguments: true,
                ..Options::default()
            };
            let verdict = check(source, target, &options);
            assert_eq!(verdict.decision, Decision::Proved, "{}", verdict.to_json());
        }
    }
    // What a helper does is part of the text.
    let other = strip(&PLAIN.replace("shl i32 %m, 1", "shl i32 %m, 2"), Some("f"));
    expect(Decision::Refuted, &stripped, &other.expect("a function"));
}

#[test]
fn helpers_that_no_other_module_sees_may_change() {
    let text = |linkage: &str, constant: u32| {
        format!(
            "define i32 @f(i32 %x) {{\n  ret i32 %x\n}}\ndefine {linkage} i32 @h(i32 %x) {{\n  %r = add i32 %x, {constant}\n  ret i32 %r\n}}\n"
        )
    };
    let options = Options::default();
    let decision = |a: &str, b: &str| check(a, b, &options).decision;
    assert_eq!(
        decision(&text("internal", 1), &text("internal", 2)),
        Decision::Proved
    );
    assert_eq!(decision(&text("", 1), &text("", 2)), Decision::Refuted);
    let alone = |text: String| text.replace("define i32 @f", "define internal i32 @f");
    let (one, two) = (alone(text("internal", 1)), alone(text("internal", 2)));
    assert_eq!(decision(&one, &two), Decision::Refuted);
}

#[test]
fn memory_at_the_end_of_all_addresses_is_no_difference() {
    let caller = |more: &str| {
        format!(
            "declare void @llvm.assume(i1)\n\
             declare void @g(ptr noundef nonnull)\n\
             define void @f(ptr %p, ptr %q) {{\n  call void @g(ptr %p)\n  call void @g(ptr %q)\n{more}  ret void\n}}"
        )
    };
    let assumes =
        "  call void @llvm.assume(i1 true) [ \"nonnull\"(ptr %p), \"nonnull\"(ptr %q) ]\n";
    for (source, target) in [(caller(""), caller(assumes)), (caller(assumes), caller(""))] {
        let verdict = of(&source, &target);
        assert_ne!(verdict.decision, Decision::Refuted, "{}", verdict.to_json());
    }
}
