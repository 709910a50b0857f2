//! Bytes in memory: their order, vectors whose elements are no whole bytes, integers and pointers in one place.

mod pairs;

use pairs::{proved, refuted, unknown};

/// A function that stores an integer and reads one of its bytes, and one that returns a constant.
fn byte(layout: &str, at: u32, value: u32) -> (String, String) {
    (
        format!(
            "target datalayout = \"{layout}\"\ndefine i8 @f(ptr %p) {{ %l = alloca i32 store i32 16909060, ptr %l %q = getelementptr i8, ptr %l, i64 {at} %r = load i8, ptr %q ret i8 %r }}"
        ),
        format!("target datalayout = \"{layout}\"\ndefine i8 @f(ptr %p) {{ ret i8 {value} }}"),
    )
}

#[test]
fn both_byte_orders() {
    for at in 0..4 {
        let (source, target) = byte("e", at, 4 - at);
        proved(&source, &target);
        let (source, target) = byte("E", at, 1 + at);
        proved(&source, &target);
    }
    let (source, target) = byte("E", 0, 4);
    refuted(&source, &target);
}

#[test]
fn bytes_put_together() {
    let word = |layout: &str| {
        format!(
            "target datalayout = \"{layout}\"\ndefine i32 @f(ptr dereferenceable(4) %p) {{ %q = getelementptr i8, ptr %p, i64 2 %a = load i16, ptr %p, align 2 %b = load i16, ptr %q, align 2 %c = zext i16 %a to i32 %d = zext i16 %b to i32 %e = shl i32 %d, 16 %r = or i32 %c, %e ret i32 %r }}"
        )
    };
    let whole = |layout: &str| {
        format!(
            "target datalayout = \"{layout}\"\ndefine i32 @f(ptr dereferenceable(4) %p) {{ %r = load i32, ptr %p, align 2 ret i32 %r }}"
        )
    };
    proved(&word("e"), &whole("e"));
    refuted(&word("E"), &whole("E"));
    unknown(&word("e"), &whole("E"));
}

#[test]
fn elements_are_packed() {
    let source = |layout: &str| {
        format!(
            "target datalayout = \"{layout}\"\ndefine i24 @f(ptr %p) {{ store <2 x i12> <i12 4094, i12 2050>, ptr %p %r = load i24, ptr %p ret i24 %r }}"
        )
    };
    let target = |layout: &str, value: u32| {
        format!(
            "target datalayout = \"{layout}\"\ndefine i24 @f(ptr %p) {{ store <2 x i12> <i12 4094, i12 2050>, ptr %p ret i24 {value} }}"
        )
    };
    proved(&source("e"), &target("e", 2050 * 4096 + 4094));
    proved(&source("E"), &target("E", 4094 * 4096 + 2050));
    refuted(&source("E"), &target("E", 2050 * 4096 + 4094));
}

#[test]
fn what_does_not_fill_its_bytes_is_not_mixed() {
    unknown(
        "define i8 @f(ptr %p) { store i6 57, ptr %p %r = load i8, ptr %p ret i8 %r }",
        "define i8 @f(ptr %p) { store i6 57, ptr %p ret i8 57 }",
    );
    proved(
        "define i6 @f(ptr %p) { store i6 57, ptr %p %r = load i6, ptr %p ret i6 %r }",
        "define i6 @f(ptr %p) { store i6 57, ptr %p ret i6 57 }",
    );
}

#[test]
fn a_vector_in_a_register_has_the_order_of_memory() {
    for layout in ["e", "E"] {
        proved(
            &format!(
                "target datalayout = \"{layout}\"\ndefine i32 @f(<2 x i16> %x) {{ %l = alloca <2 x i16> store <2 x i16> %x, ptr %l %r = load i32, ptr %l ret i32 %r }}"
            ),
            &format!(
                "target datalayout = \"{layout}\"\ndefine i32 @f(<2 x i16> %x) {{ %r = bitcast <2 x i16> %x to i32 ret i32 %r }}"
            ),
        );
    }
}

#[test]
fn reading_and_writing_back_changes_nothing() {
    for ty in ["i8", "i64", "ptr", "float", "<4 x i8>"] {
        proved(
            &format!(
                "define void @f(ptr %p) {{ %a = load {ty}, ptr %p store {ty} %a, ptr %p ret void }}"
            ),
            "define void @f(ptr %p) { ret void }",
        );
    }
}
