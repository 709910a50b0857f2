//! A refutation names the first instruction at which the two runs part.

use calque_equivalence::{Decision, Options, Place, Relation, check};

fn places(source: &str, target: &str, relation: Relation) -> [Option<Place>; 2] {
    let options = Options {
        relation,
        noundef_arguments: true,
        ..Options::default()
    };
    let verdict = check(source, target, &options);
    let json = verdict.to_json();
    assert_eq!(verdict.decision, Decision::Refuted, "{json}");
    assert_eq!(
        json.contains("\"parts_at\":{\""),
        verdict
            .counterexample
            .as_ref()
            .is_some_and(|c| c.parts_at.iter().any(Option::is_some))
    );
    verdict.counterexample.expect("an input").parts_at
}

/// The instructions named, empty where a side has none.
fn parts(source: &str, target: &str) -> [String; 2] {
    places(source, target, Relation::Refines).map(|p| p.map(|p| p.instruction).unwrap_or_default())
}

const CHAIN: &str = "; a comment
define i32 @f(i32 %x) {
  %a = mul i32 %x, 3

  %b = xor i32 %a, 5
  %c = add i32 %b, 7
  %d = shl i32 %c, 1
  ret i32 %d
}
";

#[test]
fn of_one_shape_it_is_the_first_step_that_differs() {
    let [source, target] = places(CHAIN, &CHAIN.replace("%b, 7", "%b, 8"), Relation::Refines);
    let (source, target) = (source.expect("a place"), target.expect("a place"));
    assert_eq!(
        (source.line, &*source.instruction),
        (6, "%c = add i32 %b, 7")
    );
    assert_eq!(
        (target.line, &*target.instruction),
        (6, "%c = add i32 %b, 8")
    );
    assert_ne!(source.value, target.value);
    assert!(source.value.is_some_and(|v| v.starts_with("i32 ")));
}

#[test]
fn of_other_shapes_it_is_the_first_part_of_the_result_that_the_other_never_has() {
    let target = "define i32 @f(i32 %y) {
  %t = shl i32 %y, 1
  %a = add i32 %t, %y
  %b = xor i32 %a, 5
  %c = add i32 %b, 9
  %d = add i32 %c, %c
  ret i32 %d
}
";
    let found = parts(CHAIN, target);
    assert_eq!(found, ["%c = add i32 %b, 7", "%c = add i32 %b, 9"]);
}

#[test]
fn values_are_followed_through_memory_and_calls() {
    let target = "define i32 @f(i32 %x) {
  %p = alloca i32
  %a = mul i32 %x, 3
  store i32 %a, ptr %p
  %v = load i32, ptr %p
  %r = call i32 @h(i32 %v)
  %d = shl i32 %r, 1
  ret i32 %d
}
define i32 @h(i32 %v) {
  %b = xor i32 %v, 5
  %w = add i32 %b, 11
  ret i32 %w
}
";
    assert_eq!(
        parts(CHAIN, target),
        ["%c = add i32 %b, 7", "%w = add i32 %b, 11"]
    );
}

#[test]
fn undefined_behaviour_is_where_it_arises() {
    let source = "define i32 @f(i32 %x) {\n  ret i32 0\n}\n";
    let target = "define i32 @f(i32 %x) {
  %q = udiv i32 0, %x
  ret i32 %q
}
";
    assert_eq!(parts(source, target), ["", "%q = udiv i32 0, %x"]);
    // The poison that leads to it.
    let branch = "define i32 @f(i32 %x) {
  %y = add nuw i32 %x, 1
  %c = icmp eq i32 %y, 0
  br i1 %c, label %a, label %a
a:
  ret i32 0
}
";
    assert_eq!(parts(source, branch)[1], "%y = add nuw i32 %x, 1");
}

#[test]
fn of_memory_it_is_the_store() {
    let source = "define void @f(ptr %p, i32 %x) {
  store i32 %x, ptr %p
  ret void
}
";
    let target = "define void @f(ptr %p, i32 %x) {
  %q = getelementptr i8, ptr %p, i64 0
  store i32 %x, ptr %q
  store i8 77, ptr %q
  ret void
}
";
    assert_eq!(
        parts(source, target),
        ["store i32 %x, ptr %p", "store i8 77, ptr %q"]
    );
}

#[test]
fn of_calls_it_is_the_call() {
    let source = "declare void @out(i32)
define void @f(i32 %x) {
  call void @out(i32 1)
  call void @out(i32 %x)
  ret void
}
";
    let target = &source.replace(
        "call void @out(i32 %x)\n",
        "%y = and i32 %x, 254\n  call void @out(i32 %y)\n",
    );
    assert_eq!(
        parts(source, target),
        ["call void @out(i32 %x)", "%y = and i32 %x, 254"]
    );
}

#[test]
fn branches_that_lead_elsewhere_are_named() {
    let source = "define i32 @f(i32 %x) {
  %c = icmp sgt i32 %x, 3
  br i1 %c, label %a, label %b
a:
  ret i32 1
b:
  ret i32 2
}
";
    let found = parts(
        source,
        &source.replace(
            "br i1 %c, label %a, label %b",
            "br i1 %c, label %b, label %a",
        ),
    );
    assert_eq!(
        found,
        [
            "br i1 %c, label %a, label %b",
            "br i1 %c, label %b, label %a"
        ]
    );
}

#[test]
fn in_the_second_direction_the_sides_stay_what_they_are() {
    let more = "define i32 @f(i32 %x) {\n  %y = add nsw i32 %x, 1\n  ret i32 %y\n}\n";
    let less = "define i32 @f(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n";
    let [source, target] = places(more, less, Relation::Equivalent);
    assert_eq!(
        source.expect("a place").instruction,
        "%y = add nsw i32 %x, 1"
    );
    assert_eq!(target.expect("a place").instruction, "%y = add i32 %x, 1");
}
