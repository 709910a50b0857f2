//! Values that many ways lead to: each is looked at once, not once for every way.

use std::fmt::Write;

use calque_equivalence::{Decision, Options, check};

/// `%a40` and `%b40` depend on both values of the step before, which makes 2^40 ways down to the arguments.
fn diamonds(use_of_a: &str) -> String {
    let mut text = String::from("define i64 @f(i64 %a0, i64 %b0, i64 %c) {\n");
    for k in 0..40 {
        let next = k + 1;
        let _ = write!(
            text,
            "%m{k} = lshr i64 %c, {k}\n%p{k} = trunc i64 %m{k} to i1\n\
             %a{next} = select i1 %p{k}, i64 %a{k}, i64 %b{k}\n\
             %b{next} = select i1 %p{k}, i64 %b{k}, i64 %a{k}\n"
        );
    }
    text + use_of_a + "ret i64 %r\n}\n"
}

#[test]
fn values_that_many_ways_lead_to_are_looked_at_once() {
    for (one, other) in [
        (
            "%n = trunc i64 %a40 to i8\n%r = zext i8 %n to i64\n",
            "%r = and i64 %a40, 255\n",
        ),
        (
            "%n = trunc i64 %a40 to i8\n%r = sext i8 %n to i64\n",
            "%n = shl i64 %a40, 56\n%r = ashr i64 %n, 56\n",
        ),
        (
            "%n = lshr i64 %a40, 32\n%m = trunc i64 %n to i32\n%r = sext i32 %m to i64\n",
            "%r = ashr i64 %a40, 32\n",
        ),
        (
            "%n = add i64 %a40, %b40\n%r = add i64 %n, %n\n",
            "%n = add i64 %b40, %a40\n%r = shl i64 %n, 1\n",
        ),
        (
            "%n = icmp slt i64 %a40, 5\n%r = select i1 %n, i64 5, i64 %a40\n",
            "%n = icmp sgt i64 %a40, 5\n%r = select i1 %n, i64 %a40, i64 5\n",
        ),
        (
            "%n = xor i64 %a40, -1\n%r = xor i64 %n, -1\n",
            "%r = add i64 %a40, 0\n",
        ),
        (
            "%n = and i64 %a40, %b40\n%r = or i64 %n, %a40\n",
            "%r = or i64 %a40, 0\n",
        ),
        (
            "%n = call i64 @llvm.bswap.i64(i64 %a40)\n%r = call i64 @llvm.bswap.i64(i64 %n)\n",
            "%r = add i64 %a40, 0\n",
        ),
    ] {
        let verdict = check(
            &(diamonds(one) + "declare i64 @llvm.bswap.i64(i64)\n"),
            &diamonds(other),
            &Options {
                noundef_arguments: true,
                ..Options::default()
            },
        );
        // That it ends is the test; which side a budget falls on is the checker's own matter.
        assert_ne!(verdict.decision, Decision::Refuted, "{one} {verdict:?}");
    }
}
