//! Texts that are large, deep or circular: read within bounds, or refused with a code. Each of these would take hours, or the stack, if
//! one step of the reader were quadratic or recursive in what the text can make long.

use std::fmt::Write;

use calque_ir::{Type, parse, strip};

fn code(text: &str) -> &'static str {
    parse(text).expect_err("too much").code
}

#[test]
fn a_hundred_megabytes_are_refused_by_their_size() {
    let text = "define void @f() {\n  ret void\n}\n".repeat(3_200_000);
    assert!(text.len() > 100_000_000);
    assert_eq!(code(&text), "too-large");
    assert_eq!(
        strip(&text, Some("f")).map_err(|e| e.code),
        Err("too-large")
    );
}

#[test]
fn more_tokens_than_fit_are_refused() {
    let error = parse(&",".repeat(60 << 20)).expect_err("too many");
    assert_eq!(error.code, "too-large");
    assert!(error.message.contains("tokens"), "{error}");
}

#[test]
fn fifty_megabytes_of_one_thing_end_in_an_error() {
    for piece in [
        "a",
        "%",
        "\"",
        "; comment\n",
        "!{",
        "attributes #0 = {",
        "<",
        "\n",
        "/*",
    ] {
        let text = piece.repeat((50 << 20) / piece.len());
        if let Err(error) = parse(&text) {
            assert!(
                ["parse-error", "too-large"].contains(&error.code),
                "{piece}: {error}"
            );
        }
    }
}

#[test]
fn groups_within_groups_are_read_once() {
    let text = "attributes #0 = { ".repeat(300_000) + "}";
    assert!(parse(&text).is_ok());
}

#[test]
fn depth_is_bounded() {
    for (open, inner, close) in [
        ("[1 x ", "i8", "]"),
        ("{ ", "i8", " }"),
        ("<{ ", "i8", " }>"),
        ("<2 x ", "i8", ">"),
    ] {
        let ty = open.repeat(100_000) + inner + &close.repeat(100_000);
        assert_eq!(
            code(&format!("@g = global {ty} zeroinitializer")),
            "parse-error"
        );
        assert_eq!(
            code(&format!("define void @f({ty} %x) {{ ret void }}")),
            "parse-error"
        );
    }
    for (open, close) in [
        ("[ [1 x i8] ", " ]"),
        ("{ i8 ", " }"),
        ("getelementptr (i8, ptr ", ", i64 1)"),
        ("bitcast (ptr ", " to ptr)"),
        ("inttoptr (i64 ptrtoint (ptr ", " to i64) to ptr)"),
    ] {
        let constant = open.repeat(100_000) + "null" + &close.repeat(100_000);
        assert_eq!(code(&format!("@g = global ptr {constant}")), "parse-error");
    }
    // Brackets that are skipped need no stack.
    let metadata = format!(
        "!0 = !{{{}null{}}}",
        "!{".repeat(200_000),
        "}".repeat(200_000)
    );
    assert!(parse(&metadata).is_ok());
}

#[test]
fn widths_up_to_llvms_are_read_and_measured() {
    let text = |n: u64| {
        format!(
            "define i{n} @f(ptr %p) {{\n  %x = load i{n}, ptr %p\n  %y = add i{n} %x, 1\n  ret i{n} %y\n}}\n"
        )
    };
    for width in [129, 8_388_608, 16_777_215] {
        let module = parse(&text(width)).expect("LLVM has it");
        let bytes = width.div_ceil(8);
        assert_eq!(module.store_size(&Type::Int(width as u32)), Some(bytes));
        assert!(strip(&text(width), None).is_ok());
    }
    for width in [0, 16_777_216, 4_294_967_296, u64::MAX] {
        assert_eq!(code(&text(width)), "parse-error");
    }
    for ty in [
        "[18446744073709551615 x i64]",
        "[4294967296 x [4294967296 x [4294967296 x i8]]]",
        "<4294967295 x i64>",
        "{ [1099511627776 x i8], [18446744073709551615 x i8] }",
    ] {
        let text = format!(
            "define void @f(ptr %p) {{\n  %x = load {ty}, ptr %p\n  %a = alloca {ty}\n  ret void\n}}\n"
        );
        let again = strip(&text, None).expect("it is IR");
        assert_eq!(strip(&again, None), Ok(again));
    }
}

/// Names in a chain.
const LONG: usize = 200_000;

/// Sixty types, each holding the one before it three times: 3^60 scalars.
#[test]
fn types_that_multiply_have_no_size() {
    let mut text = "%t0 = type { i8, i8, i8 }\n".to_string();
    for n in 1..60 {
        let _ = writeln!(text, "%t{n} = type {{ %t{0}, [2 x %t{0}], %t{0} }}", n - 1);
    }
    text += "define void @f(ptr %p) {\n  %x = load %t59, ptr %p\n  %q = getelementptr %t59, ptr %p, i64 1\n  ret void\n}\n";
    let module = parse(&text).expect("it is IR");
    assert_eq!(module.store_size(&Type::Named("t59".into())), None);
    assert_eq!(module.lanes(&Type::Named("t59".into())), None);
    assert!(module.store_size(&Type::Named("t5".into())).is_some());
    assert!(strip(&text, None).is_ok());
}

#[test]
fn circles_and_long_chains_of_names_are_followed_without_a_stack() {
    let types = "%a = type { %b }\n%b = type { i32, %a }\ndefine void @f(%a %x) {\n  ret void\n}\n";
    let module = parse(types).expect("it is IR");
    assert_eq!(module.store_size(&Type::Named("a".into())), None);
    let printed = strip(types, None).expect("a function");
    assert!(
        printed.contains("%a = type { %b }") && printed.contains("%b = type"),
        "{printed}"
    );
    // Constants that hold each other's addresses, and an alias of itself.
    let constants = "@a = constant ptr @b\n@b = constant ptr getelementptr (i8, ptr @a, i64 1)\n@c = alias ptr, ptr @c\ndefine ptr @f() {\n  %x = load ptr, ptr @a\n  %y = load ptr, ptr @c\n  ret ptr %x\n}\n";
    let printed = strip(constants, None).expect("a function");
    assert!(
        printed.contains("@a = constant") && printed.contains("@b = constant"),
        "{printed}"
    );

    let (mut types, mut constants, mut calls) = (String::new(), String::new(), String::new());
    for n in 0..LONG {
        let next = (n + 1) % LONG;
        let _ = writeln!(types, "%t{n} = type {{ %t{next} }}");
        let _ = writeln!(constants, "@c{n} = constant ptr @c{next}");
        let _ = writeln!(
            calls,
            "define void @f{n}() {{\n  call void @f{next}()\n  ret void\n}}"
        );
    }
    types += "define void @f(%t0 %x) {\n  ret void\n}\n";
    constants += "define ptr @f() {\n  ret ptr @c0\n}\n";
    for (text, name) in [(types, "f"), (constants, "f"), (calls, "f0")] {
        let printed = strip(&text, Some(name)).expect("a function");
        assert!(printed.lines().count() >= LONG);
    }
}

#[test]
fn functions_of_many_blocks_are_verified() {
    // A chain whose last block uses the first one's value, and a block that all others lead to.
    let chain = |many: usize| {
        let mut text = "define i32 @f(i1 %c) {\n  %x = add i32 1, 2\n  br label %b0\n".to_string();
        for n in 0..many {
            let _ = writeln!(
                text,
                "b{n}:\n  %v{n} = add i32 %x, {n}\n  br i1 %c, label %b{}, label %end",
                n + 1
            );
        }
        text + &format!("b{many}:\n  br label %end\nend:\n  ret i32 %x\n}}\n")
    };
    let text = chain(15_000);
    let module = parse(&text).expect("it is IR");
    assert_eq!(module.functions[0].blocks.len(), 15_003);
    let wrong = text.replace("ret i32 %x", "ret i32 %v7");
    assert_eq!(code(&wrong), "ill-formed");
    assert_eq!(code(&chain(100_000)), "too-large");
}
