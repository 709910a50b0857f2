//! Undef is another value at each use, of the target's any, of the source's one that suits.

mod pairs;

use pairs::{proved, refuted};

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
        &function("%r = shl i8 %x, 1 ret i8 %r"),
        &function("%r = add i8 %x, %x ret i8 %r"),
    );
    refuted(
        &function("ret i8 0"),
        &function("%r = xor i8 %x, %x ret i8 %r"),
    );
    refuted(
        &function("%r = and i8 undef, 3 ret i8 %r"),
        &function("%r = and i8 undef, 7 ret i8 %r"),
    );
    refuted(
        &function("ret i8 4"),
        &function(
            "%a = and i8 undef, 1 %b = and i8 undef, 1 %c = xor i8 %a, %b %r = or i8 4, %c ret i8 %r",
        ),
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
