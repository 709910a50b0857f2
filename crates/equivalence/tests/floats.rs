//! Floating point: what is exact on bits is decided, what a NaN may look like is left open.

mod pairs;

use pairs::{proved, refuted, unknown};

fn float(body: &str) -> String {
    format!(
        "declare float @llvm.fabs.f32(float)\ndeclare i1 @llvm.is.fpclass.f32(float, i32)\ndefine float @f(float %x, float %y) {{ {body} }}"
    )
}

fn bit(body: &str) -> String {
    float(body).replace("define float", "define i1")
}

#[test]
fn bits_of_a_value_are_kept() {
    let cast = "%i = bitcast float %x to i32 %m = and i32 %i, 2147483647 %r = bitcast i32 %m to float ret float %r";
    proved(
        &float(cast),
        &float("%r = call float @llvm.fabs.f32(float %x) ret float %r"),
    );
    proved(
        &float("%a = fneg float %x %r = fneg float %a ret float %r"),
        &float("ret float %x"),
    );
    proved(
        &float("%p = alloca float store float %x, ptr %p %r = load float, ptr %p ret float %r"),
        &float("ret float %x"),
    );
}

#[test]
fn the_same_operation_is_the_same_function() {
    let sum = "%r = fadd float %x, %y ret float %r";
    proved(&float(sum), &float("%r = fadd float %y, %x ret float %r"));
    refuted(&float(sum), &float("%r = fsub float %x, %y ret float %r"));
    // Not so with a constant zero: -0.0 + 0.0 is 0.0.
    refuted(
        &float("%r = fadd float %x, 0.0 ret float %r"),
        &float("ret float %x"),
    );
    refuted(
        &float("%a = fsub float %x, %y %r = fsub float -0.0, %a ret float %r"),
        &float("%r = fsub float %y, %x ret float %r"),
    );
}

#[test]
fn each_operation_makes_a_nan_of_its_own() {
    let bit = |body: &str| {
        bit(body).replace("float %x, float %y)", "float noundef %x, float noundef %y)")
    };
    let twice = "%a = fadd float %x, %y %b = fadd float %x, %y %i = bitcast float %a to i32 %j = bitcast float %b to i32 %r = icmp eq i32 %i, %j ret i1 %r";
    // The source may make the same twice; the target may not.
    proved(&bit(twice), &bit("ret i1 true"));
    unknown(&bit("ret i1 true"), &bit(twice));
    let beside = "%a = fadd float %x, %y %z = fneg float %x %w = fneg float %z %b = fadd float %w, %y %i = bitcast float %a to i32 %j = bitcast float %b to i32 %r = icmp eq i32 %i, %j ret i1 %r";
    unknown(&bit("ret i1 true"), &bit(beside));
    let known = "%a = fadd float %x, %y %b = fadd float %x, %y %n = fcmp ord float %a, %a %i = bitcast float %a to i32 %j = bitcast float %b to i32 %c = icmp eq i32 %i, %j %r = select i1 %n, i1 %c, i1 true ret i1 %r";
    proved(&bit("ret i1 true"), &bit(known));
}

#[test]
fn flags_add_poison() {
    let plain = "%r = fcmp oge float %x, %y ret i1 %r";
    let flagged = "%r = fcmp nnan uge float %x, %y ret i1 %r";
    proved(&bit(flagged), &bit(plain));
    refuted(&bit(plain), &bit(flagged));
    proved(
        &float("%r = fadd nnan ninf float %x, %y ret float %r"),
        &float("%r = fadd float %x, %y ret float %r"),
    );
    unknown(
        &float("%r = fadd float %x, %y ret float %r"),
        &float("%r = fadd reassoc float %x, %y ret float %r"),
    );
    unknown(
        &bit("%r = fcmp oge float %x, %y %s = select nnan i1 %r, float %x, float %y ret i1 %r"),
        &bit(plain),
    );
}

#[test]
fn comparisons_and_classes() {
    proved(
        &bit("%a = fcmp olt float %x, %y %r = xor i1 %a, true ret i1 %r"),
        &bit("%r = fcmp uge float %x, %y ret i1 %r"),
    );
    refuted(
        &bit("%a = fcmp olt float %x, %y %r = xor i1 %a, true ret i1 %r"),
        &bit("%r = fcmp oge float %x, %y ret i1 %r"),
    );
    proved(
        &bit("%r = call i1 @llvm.is.fpclass.f32(float %x, i32 3) ret i1 %r"),
        &bit("%r = fcmp uno float %x, 0.0 ret i1 %r"),
    );
}

#[test]
fn conversions() {
    proved(
        "define float @f(i8 %x) { %r = uitofp nneg i8 %x to float ret float %r }",
        "define float @f(i8 %x) { %r = sitofp i8 %x to float ret float %r }",
    );
    refuted(
        "define float @f(i8 %x) { %r = uitofp i8 %x to float ret float %r }",
        "define float @f(i8 %x) { %r = sitofp i8 %x to float ret float %r }",
    );
    proved(
        "define i16 @f() { ret i16 0 }",
        "define i16 @f() { %r = fptoui half -0.25 to i16 ret i16 %r }",
    );
    refuted(
        "define i8 @f() { ret i8 0 }",
        "define i8 @f() { %r = fptosi float 300.0 to i8 ret i8 %r }",
    );
}
