//! One function in several languages, by a signature. The texts are what clang 19, rustc 1.95 and ldc2 1.30 make of the sources named.

use calque_equivalence::{Decision, Options, Relation, Signature, Verdict, check};

fn agrees(signature: &str, source: &str, target: &str) -> Verdict {
    let options = Options {
        relation: Relation::Agrees,
        signature: Some(Signature::parse(signature).expect("a signature")),
        ..Options::default()
    };
    check(source, target, &options)
}

fn expect(wanted: Decision, signature: &str, source: &str, target: &str) {
    for (a, b) in [(source, target), (target, source)] {
        let verdict = agrees(signature, a, b);
        assert_eq!(verdict.decision, wanted, "{}\n{a}\n{b}", verdict.to_json());
        assert!(verdict.assumptions.contains(&"signature".to_string()));
    }
}

/// `if (i < 0 || i >= n) return -1; return xs[i];`
const AT_C: &str =
    "define i32 @at(ptr nocapture noundef readonly %0, i32 noundef %1, i32 noundef %2) {
  %4 = icmp sgt i32 %2, -1
  %5 = icmp slt i32 %2, %1
  %6 = and i1 %4, %5
  br i1 %6, label %7, label %11
7:
  %8 = zext nneg i32 %2 to i64
  %9 = getelementptr inbounds i32, ptr %0, i64 %8
  %10 = load i32, ptr %9, align 4
  br label %11
11:
  %12 = phi i32 [ %10, %7 ], [ -1, %3 ]
  ret i32 %12
}";

const AT_RUST: &str = "define noundef i32 @at(ptr noalias noundef nonnull readonly align 4 captures(none) %xs.0, i64 noundef range(i64 0, 2305843009213693952) %xs.1, i32 noundef %i) {
start:
  %_3 = icmp slt i32 %i, 0
  br i1 %_3, label %bb5, label %bb1
bb1:
  %_5 = zext nneg i32 %i to i64
  %_4.not = icmp samesign ugt i64 %xs.1, %_5
  br i1 %_4.not, label %bb4, label %bb5
bb4:
  %0 = getelementptr inbounds nuw i32, ptr %xs.0, i64 %_5
  %1 = load i32, ptr %0, align 4, !noundef !3
  br label %bb5
bb5:
  %r = phi i32 [ %1, %bb4 ], [ -1, %bb1 ], [ -1, %start ]
  ret i32 %r
}
!3 = !{}";

/// `return xs[i];` without and with a check of its bounds.
const INDEX_C: &str = "define i32 @f(ptr %xs, i64 %n, i64 %i) {
  %p = getelementptr inbounds i32, ptr %xs, i64 %i
  %r = load i32, ptr %p, align 4
  ret i32 %r
}";

const INDEX_RUST: &str = "define noundef i32 @f(ptr noalias noundef nonnull readonly align 4 captures(none) %xs.0, i64 noundef range(i64 0, 2305843009213693952) %xs.1, i64 noundef %i) {
start:
  %_4 = icmp ult i64 %i, %xs.1
  br i1 %_4, label %bb1, label %panic
bb1:
  %0 = getelementptr inbounds nuw i32, ptr %xs.0, i64 %i
  %_0 = load i32, ptr %0, align 4
  ret i32 %_0
panic:
  tail call void @_RNvNtCsgEmfK2I1SDS_4core9panicking18panic_bounds_check(i64 noundef %i, i64 noundef %xs.1, ptr noalias noundef readonly align 8 captures(address, read_provenance) dereferenceable(24) @where) #7
  unreachable
}
@where = private unnamed_addr constant <{ ptr, [16 x i8] }> <{ ptr null, [16 x i8] zeroinitializer }>, align 8";

const INDEX_D: &str = "define i32 @f({ i64, i32* } %xs_arg, i64 %i_arg) {
  %xs_arg.fca.0.extract = extractvalue { i64, i32* } %xs_arg, 0
  %bounds.cmp = icmp ugt i64 %xs_arg.fca.0.extract, %i_arg
  br i1 %bounds.cmp, label %bounds.ok, label %bounds.fail
bounds.ok:
  %xs_arg.fca.1.extract = extractvalue { i64, i32* } %xs_arg, 1
  %1 = getelementptr inbounds i32, i32* %xs_arg.fca.1.extract, i64 %i_arg
  %2 = load i32, i32* %1, align 4
  ret i32 %2
bounds.fail:
  call void @_d_arraybounds_index({ i64, i8* } zeroinitializer, i32 2, i64 %i_arg, i64 %xs_arg.fca.0.extract)
  unreachable
}
declare void @_d_arraybounds_index({ i64, i8* }, i32, i64, i64)";

#[test]
fn slices() {
    let signature = "slice<i32>, i32 -> i32";
    expect(Decision::Proved, signature, AT_C, AT_RUST);
    let wrong = AT_RUST.replace("[ -1, %start ]", "[ 0, %start ]");
    expect(Decision::Refuted, signature, AT_C, &wrong);
}

#[test]
fn a_failed_check_of_bounds_is_one_outcome() {
    let signature = "slice<i32>, i64 -> i32";
    expect(Decision::Proved, signature, INDEX_RUST, INDEX_D);
    // A check that lets the element behind the slice pass is none there, as in C: undefined behaviour, which is no disagreement.
    let loose = INDEX_D.replace("icmp ugt", "icmp uge");
    expect(Decision::Proved, signature, INDEX_RUST, &loose);
    // One that stops before the last element ends where the other returns.
    let strict = INDEX_D.replace(
        "%bounds.cmp = icmp ugt i64 %xs_arg.fca.0.extract, %i_arg",
        "%next = add i64 %i_arg, 1\n  %bounds.cmp = icmp ugt i64 %xs_arg.fca.0.extract, %next",
    );
    expect(Decision::Refuted, signature, INDEX_RUST, &strict);
}

#[test]
fn a_panic_is_a_result() {
    // One ends where the other returns.
    let panics = "define i32 @f(i32 %a) {
  %z = icmp eq i32 %a, 0
  br i1 %z, label %p, label %r
p:
  call void @_RNvNtNtCs_4core9panicking11panic_const23panic_const_div_by_zero(ptr null)
  unreachable
r:
  %q = udiv i32 6, %a
  ret i32 %q
}";
    let returns = panics.replace(
        "call void @_RNvNtNtCs_4core9panicking11panic_const23panic_const_div_by_zero(ptr null)\n  unreachable",
        "ret i32 0",
    );
    expect(Decision::Refuted, "i32 -> i32", panics, &returns);
    // Dividing by zero is undefined, and agrees with anything.
    let undefined = "define i32 @f(i32 %a) { %q = udiv i32 6, %a ret i32 %q }";
    expect(Decision::Proved, "i32 -> i32", undefined, panics);
    expect(Decision::Proved, "i32 -> i32", undefined, &returns);
}

#[test]
fn unchecked_and_checked_agree() {
    let verdict = agrees("slice<i32>, i64 -> i32", INDEX_C, INDEX_RUST);
    assert_ne!(verdict.decision, Decision::Refuted, "{}", verdict.to_json());
}

#[test]
fn booleans_and_options() {
    let c = "define i32 @even(i32 %x) { %b = and i32 %x, 1 %r = xor i32 %b, 1 ret i32 %r }";
    let rust = "define noundef zeroext i1 @even(i32 noundef %x) { %b = and i32 %x, 1 %r = icmp eq i32 %b, 0 ret i1 %r }";
    expect(Decision::Proved, "i32 -> bool", c, rust);
    let c = "define zeroext i1 @half(i32 noundef %x, ptr noundef writeonly %out) {
  %b = and i32 %x, 1
  %odd = icmp ne i32 %b, 0
  br i1 %odd, label %no, label %yes
yes:
  %h = ashr exact i32 %x, 1
  store i32 %h, ptr %out, align 4
  ret i1 true
no:
  ret i1 false
}";
    let rust = "define { i32, i32 } @half(i32 noundef %x) {
  %b = and i32 %x, 1
  %tag = xor i32 %b, 1
  %h = sdiv i32 %x, 2
  %0 = insertvalue { i32, i32 } poison, i32 %tag, 0
  %1 = insertvalue { i32, i32 } %0, i32 %h, 1
  ret { i32, i32 } %1
}";
    expect(Decision::Proved, "i32 -> option<i32>", c, rust);
    expect(
        Decision::Refuted,
        "i32 -> option<i32>",
        c,
        &rust.replace("sdiv i32 %x, 2", "sdiv i32 %x, 4"),
    );
}

#[test]
fn what_does_not_fit_is_said() {
    let verdict = agrees("slice<i32>, i32, i32 -> i32", AT_C, AT_RUST);
    assert_eq!(verdict.reason, Some("signature-mismatch"));
    let verdict = agrees("slice<i32> -> i32", AT_C, AT_RUST);
    assert_eq!(verdict.reason, Some("signature-mismatch"));
    assert_eq!(
        verdict.detail.as_deref(),
        Some("@at: the signature has no counterpart of its parameter of type i32")
    );
}

/// `r = 3; for x in xs { r = x - r }`: by an index from C, by a pointer that runs to the end from Rust.
const FOLD_C: &str = "define dso_local i32 @f(ptr noundef %0, i32 noundef %1) {
  %3 = icmp slt i32 0, %1
  br i1 %3, label %4, label %11
4:
  %5 = phi i32 [ %9, %4 ], [ 0, %2 ]
  %6 = phi i32 [ %8, %4 ], [ 3, %2 ]
  %wide = sext i32 %5 to i64
  %q = getelementptr inbounds i32, ptr %0, i64 %wide
  %7 = load i32, ptr %q, align 4
  %8 = sub nsw i32 %7, %6
  %9 = add nsw i32 %5, 1
  %10 = icmp slt i32 %9, %1
  br i1 %10, label %4, label %11
11:
  %12 = phi i32 [ 3, %2 ], [ %8, %4 ]
  ret i32 %12
}";

const FOLD_RUST: &str = "define noundef i32 @f(ptr noalias noundef nonnull readonly align 4 captures(address) %xs.0, i64 noundef range(i64 0, 2305843009213693952) %xs.1) {
start:
  %idx = shl nuw nsw i64 %xs.1, 2
  %end = getelementptr inbounds nuw i8, ptr %xs.0, i64 %idx
  %none = icmp eq i64 %xs.1, 0
  br i1 %none, label %bb2, label %bb3
bb3:
  %r = phi i32 [ %0, %bb3 ], [ 3, %start ]
  %at = phi ptr [ %next, %bb3 ], [ %xs.0, %start ]
  %next = getelementptr inbounds nuw i8, ptr %at, i64 4
  %x = load i32, ptr %at, align 4, !noundef !3
  %0 = sub i32 %x, %r
  %done = icmp eq ptr %next, %end
  br i1 %done, label %bb2, label %bb3
bb2:
  %out = phi i32 [ 3, %start ], [ %0, %bb3 ]
  ret i32 %out
}
!3 = !{}";

#[test]
fn an_index_and_a_pointer_run_through_a_slice_alike() {
    let signature = "slice<i32> -> i32";
    expect(Decision::Proved, signature, FOLD_C, FOLD_RUST);
    let verdict = agrees(signature, FOLD_C, FOLD_RUST);
    assert_eq!(verdict.method, Some("loop-bisimulation"));
    assert!(verdict.bounds.is_empty());
    for (old, new) in [
        ("[ 3, %start ]\n  %at", "[ 4, %start ]\n  %at"),
        ("sub i32 %x, %r", "sub i32 %r, %x"),
        ("ptr %at, i64 4", "ptr %at, i64 8"),
        ("shl nuw nsw i64 %xs.1, 2", "shl nuw nsw i64 %xs.1, 1"),
    ] {
        assert!(FOLD_RUST.contains(old), "{old}");
        let wrong = FOLD_RUST.replace(old, new);
        for (a, b) in [(FOLD_C, &*wrong), (&*wrong, FOLD_C)] {
            let verdict = agrees(signature, a, b);
            assert_ne!(
                verdict.decision,
                Decision::Proved,
                "{new}: {}",
                verdict.to_json()
            );
        }
    }
}
