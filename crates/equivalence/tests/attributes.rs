//! What attributes, metadata and assumptions add: each pair differs in one promise, and the promise decides.

mod pairs;

use pairs::{proved, refuted};

const ASSUME: &str = "declare void @llvm.assume(i1)\n";

#[test]
fn metadata_of_loads() {
    let load = |metadata: &str| {
        format!(
            "define i32 @f(ptr %p) {{ %a = load i32, ptr %p, align 4{metadata}\n %b = lshr i32 %a, 4\n ret i32 %b }}\n!0 = !{{i32 0, i32 16}}"
        )
    };
    let zero = "define i32 @f(ptr %p) { %a = load i32, ptr %p, align 4\n ret i32 0 }";
    proved(&load(", !range !0"), zero);
    proved(&load(", !range !{i32 0, i32 16}"), zero);
    refuted(&load(""), zero);
    refuted(zero, &load(", !range !0, !noundef !{}"));
    proved(&load(", !tbaa !0"), &load(""));
}

#[test]
fn a_pointer_that_is_null_or_dereferenceable() {
    let load = "define i32 @f(ptr align 4 dereferenceable_or_null(4) %p) {\n %n = icmp eq ptr %p, null\n br i1 %n, label %z, label %l\nz:\n ret i32 0\nl:\n %a = load i32, ptr %p, align 4\n ret i32 0\n}";
    let nothing = "define i32 @f(ptr align 4 dereferenceable_or_null(4) %p) { ret i32 0 }";
    proved(nothing, load);
    refuted(
        "define i32 @f(ptr align 4 %p) { ret i32 0 }",
        &load.replace("dereferenceable_or_null(4) ", ""),
    );
}

#[test]
fn bundles_of_assume() {
    let assume = |bundle: &str| {
        format!(
            "{ASSUME}define i1 @f(ptr %p) {{ call void @llvm.assume(i1 true) [ {bundle} ]\n %c = icmp eq ptr %p, null\n ret i1 %c }}"
        )
    };
    let never = "define i1 @f(ptr %p) { ret i1 false }";
    proved(&assume("\"nonnull\"(ptr %p)"), never);
    proved(&assume("\"align\"(ptr %p, i64 8, i64 4)"), never);
    refuted(&assume("\"align\"(ptr %p, i64 8)"), never);
    refuted(&assume("\"noundef\"(ptr %p)"), never);
    refuted(never, &assume("\"nonnull\"(ptr %p)"));
}

#[test]
fn memory_at_null() {
    let load = |valid: &str| {
        format!("define i8 @f() {valid} {{ %a = load i8, ptr null, align 4\n ret i8 %a }}")
    };
    let crash = "define i8 @f() null_pointer_is_valid { unreachable }";
    proved(&load(""), crash);
    proved(
        &load("null_pointer_is_valid"),
        &load("\"null-pointer-is-valid\"=\"true\"").replace("align 4", "align 8"),
    );
    pairs::unknown(&load("null_pointer_is_valid"), crash);
}

#[test]
fn writable_memory_can_be_written() {
    let source = |a: &str| {
        format!(
            "define void @f(ptr align 4 {a} %p) {{\n %v = load i32, ptr %p\n %c = icmp ne i32 %v, 42\n br i1 %c, label %t, label %e\nt:\n store i32 42, ptr %p\n ret void\ne:\n ret void\n}}"
        )
    };
    let target = |a: &str| {
        format!("define void @f(ptr align 4 {a} %p) {{ store i32 42, ptr %p\n ret void }}")
    };
    let words = "writable dereferenceable(4)";
    proved(&source(words), &target(words));
    let words = "dereferenceable(4)";
    refuted(&source(words), &target(words));
}

#[test]
fn a_bundle_of_any_other_call_is_named() {
    let verdict = calque_equivalence::check(
        "declare void @g()\ndefine void @f() { call void @g() [ \"x\"() ]\n ret void }",
        "define void @f() { ret void }",
        &calque_equivalence::Options::default(),
    );
    assert_eq!(verdict.reason, Some("unsupported-instruction"));
}
