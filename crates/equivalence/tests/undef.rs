//! Undef is another value at each use, of the target's any, of the source's one that suits.

mod pairs;

use pairs::{not_refuted, proved, refuted, unknown};

fn function(body: &str) -> String {
    format!("define i8 @f(i8 %x, i8 %y) {{ {body} }}")
}

#[test]
fn the_source_chooses() {
    proved(
        &function("%r = add i8 %x, %x ret i8 %r"),
        &function("%r = shl i8 %x, 1 ret i8 %r"),
    );
    proved(
        &function("%r = xor i8 %x, %x ret i8 %r"),
        &function("ret i8 0"),
    );
    proved(
        &function("%a = add i8 %x, %x %b = add i8 %y, 0 %r = add i8 %a, %b ret i8 %r"),
        &function("%a = add i8 %x, %x %r = add i8 %a, %y ret i8 %r"),
    );
    proved(
        &function("%a = or i8 undef, 1 %r = mul i8 %a, %x ret i8 %r"),
        &function("ret i8 %x"),
    );
    proved(
        &function("%a = and i8 undef, 7 %r = add i8 %a, 0 ret i8 %r"),
        &function("%r = and i8 undef, 7 ret i8 %r"),
    );
}

#[test]
fn the_target_must_bear_every_choice() {
    refuted(
        &function("ret i8 0"),
        &function("%r = xor i8 %x, %x ret i8 %r"),
    );
    refuted(
        &function("ret i8 4"),
        &function(
            "%a = and i8 undef, 1 %b = and i8 undef, 1 %c = xor i8 %a, %b %r = or i8 4, %c ret i8 %r",
        ),
    );
}

#[test]
fn what_the_source_makes_of_undef_is_not_told_from_undef() {
    // The target's undef holds values that the source never gives; but a source such as `lshr i1 undef, false` may give
    // undef as a whole, and the two are not told apart yet.
    unknown(
        &function("%r = shl i8 %x, 1 ret i8 %r"),
        &function("%r = add i8 %x, %x ret i8 %r"),
    );
    refuted(
        &function("%r = and i8 undef, 3 ret i8 %r"),
        &function("%r = and i8 undef, 7 ret i8 %r"),
    );
}

#[test]
fn what_is_made_of_undef_is_undef_again() {
    // Each use of %a may see another value.
    refuted(
        &function("ret i8 0"),
        &function("%a = and i8 %x, 1 %r = xor i8 %a, %a ret i8 %r"),
    );
    proved(
        &function("%a = freeze i8 %x %b = and i8 %a, 1 %r = xor i8 %b, %b ret i8 %r"),
        &function("ret i8 0"),
    );
}

#[test]
fn an_operation_on_undef_is_no_single_value() {
    // The source may return undef too, and branches on it too.
    for (source, target) in [
        ("%r = lshr i1 %x, false ret i1 %r", "ret i1 %x"),
        (
            "%r = call i1 @llvm.fshr.i1(i1 %x, i1 %x, i1 false) ret i1 %r",
            "ret i1 %x",
        ),
        (
            "%c = add nuw nsw i1 %x, false br i1 %c, label %a, label %a a: ret i1 true",
            "br i1 %x, label %a, label %a a: ret i1 true",
        ),
        (
            "%c = or i1 %x, false %d = xor i1 %c, %c ret i1 %d",
            "%d = xor i1 %x, %x ret i1 %d",
        ),
    ] {
        let declared = "declare i1 @llvm.fshr.i1(i1, i1, i1)";
        let text = |body: &str| format!("define i1 @f(i1 %x) {{ {body} }} {declared}");
        not_refuted(&text(source), &text(target));
    }
}
