//! Reading and printing: canonical text is a fixed point, and no bytes make the reader panic.

use calque_ir::{parse, strip};

const SAMPLES: [&str; 6] = [
    r#"
; a comment
source_filename = "a.c"
target datalayout = "e-m:e-i64:64-i128:128-n8:16:32:64-S128"
@.table = private unnamed_addr constant [3 x i32] [i32 1, i32 -2, i32 3], align 4
@str = constant [3 x i8] c"a\22\00"
define dso_local noundef range(i32 0, 33) i32 @f(ptr noundef nonnull align 4 %p, i32 noundef %n) local_unnamed_addr #0 {
entry:
  %cmp = icmp sgt i32 %n, 0
  br i1 %cmp, label %loop, label %"the end", !dbg !3

loop:                                             ; preds = %entry, %loop
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %next = add nuw nsw i32 %i, 1
  %wide = zext nneg i32 %i to i64
  %q = getelementptr inbounds nuw i32, ptr %p, i64 %wide
  %v = load i32, ptr %q, align 4, !tbaa !5
  store i32 %v, ptr getelementptr inbounds (i8, ptr @.table, i64 4), align 4
  %m = tail call i32 @llvm.smax.i32(i32 %v, i32 0)
  %done = icmp samesign ult i32 %next, %n
  br i1 %done, label %loop, label %"the end", !llvm.loop !7

"the end":
  ret i32 7
}
declare i32 @llvm.smax.i32(i32, i32) #1
attributes #0 = { nofree nounwind memory(argmem: read) "target-cpu"="x86-64" }
attributes #1 = { nocallback speculatable willreturn memory(none) }
!3 = !{}
!5 = !{!3, i64 0}
!7 = distinct !{!7, !8}
!8 = !{!"llvm.loop.mustprogress"}
"#,
    "define i32 @old(i32* %p, i8** %q) {\n  %1 = getelementptr inbounds i32, i32* %p, i64 1\n  %2 = load i32, i32* %1, align 4\n  %3 = bitcast i32* %p to i8*\n  store i8* %3, i8** %q\n  ret i32 %2\n}\n",
    "define <4 x i32> @v(<4 x i32> %a, <4 x i1> %c) {\n  %b = add <4 x i32> %a, <i32 1, i32 undef, i32 poison, i32 -1>\n  %s = shufflevector <4 x i32> %a, <4 x i32> %b, <4 x i32> <i32 0, i32 poison, i32 7, i32 2>\n  %r = select <4 x i1> %c, <4 x i32> %s, <4 x i32> zeroinitializer\n  %e = extractelement <4 x i32> %r, i64 2\n  %i = insertelement <4 x i32> %r, i32 %e, i32 0\n  ret <4 x i32> %i\n}\n",
    "%pair = type { i32, %pair2 }\n%pair2 = type { i8, [2 x i16] }\ndefine i16 @agg(%pair %p) {\n  %x = extractvalue %pair %p, 1, 1, 0\n  %y = insertvalue %pair %p, i8 3, 1, 0\n  %z = extractvalue %pair %y, 1, 1, 1\n  %s = add i16 %x, %z\n  ret i16 %s\n}\n",
    "define i8 @sw(i8 %x) {\n  switch i8 %x, label %d [\n    i8 1, label %a\n    i8 -3, label %b\n  ]\na:\n  br label %d\nb:\n  %f = freeze i8 %x\n  br label %d\nd:\n  %r = phi i8 [ 0, %0 ], [ 4, %a ], [ %f, %b ]\n  %t = call { i8, i1 } @llvm.sadd.with.overflow.i8(i8 %r, i8 1)\n  %v = extractvalue { i8, i1 } %t, 0\n  ret i8 %v\n}\ndeclare { i8, i1 } @llvm.sadd.with.overflow.i8(i8, i8)\n",
    "define i64 @m(ptr %p) {\n  %a = alloca [4 x i16], align 8\n  call void @llvm.memset.p0.i64(ptr align 8 %a, i8 0, i64 8, i1 false)\n  %g = getelementptr [4 x i16], ptr %a, i64 0, i64 2\n  store i16 -1, ptr %g\n  %v = load i64, ptr %a\n  %t = trunc nuw nsw i64 %v to i33\n  %o = or disjoint i33 %t, 1\n  %w = sext i33 %o to i64\n  unreachable\n}\ndeclare void @llvm.memset.p0.i64(ptr writeonly, i8, i64, i1 immarg)\n",
];

#[test]
fn canonical_text_is_a_fixed_point() {
    for sample in SAMPLES {
        let once = strip(sample, None).unwrap_or_else(|e| panic!("{e}\n{sample}"));
        let twice = strip(&once, None).unwrap_or_else(|e| panic!("{e}\n{once}"));
        assert_eq!(once, twice);
        let (a, b) = (
            parse(&once).expect("its own text"),
            parse(&twice).expect("its own text"),
        );
        assert_eq!(a, b);
        for dropped in [
            "align",
            "noundef",
            "!",
            "tail ",
            "dso_local",
            "#0",
            ";",
            "datalayout",
            "nonnull",
        ] {
            assert!(!once.contains(dropped), "{dropped} is still there:\n{once}");
        }
    }
    let first = strip(SAMPLES[0], Some("f")).expect("a sample");
    for kept in [
        "add nuw nsw i32",
        "getelementptr inbounds nuw i32",
        "icmp samesign ult",
        "zext nneg",
        "@.table = constant [3 x i32]",
    ] {
        assert!(first.contains(kept), "{kept} is gone:\n{first}");
    }
}

#[test]
fn errors_name_line_column_and_what_was_expected() {
    let error = parse("define i32 @f() {\n  %x = add i32 1 2\n  ret i32 %x\n}\n")
        .expect_err("a comma is missing");
    assert_eq!((error.line, error.column), (2, 18));
    assert!(error.message.contains("expected `,`, found `2`"), "{error}");
    for (text, words) in [
        ("define i32 @f() {\n ret i32 %x\n}", "not defined"),
        (
            "define void @f(ptr %p) {\n store i8 0, ptr %p, align 9\n ret void\n}",
            "an alignment of 9; expected a power of two",
        ),
        (
            "define void @f() {\n %p = alloca i8, align 8589934592\n ret void\n}",
            "expected a power of two, 2^32 at most",
        ),
        (
            "define i32 @f(i1 %c) {\n br i1 %c, label %a, label %b\na:\n %x = add i32 1, 2\n br label %b\nb:\n ret i32 %x\n}",
            "does not dominate",
        ),
        (
            "define i32 @f() {\n br label %a\na:\n %p = phi i32 [ 1, %b ]\n ret i32 %p\nb:\n ret i32 0\n}",
            "predecessors",
        ),
        (
            "define i32 @f() {\n %x = add i32 1, 2\n}",
            "expected an instruction, a label",
        ),
        ("define i32 @f() {\n ret i64 0\n}", "declared to return"),
        (
            "define void @f() {\n %x = zext i32 1 to i8\n ret void\n}",
            "cannot zext",
        ),
        (
            "define <2 x i4> @f() {\n ret <2 x i4> <i8 undef, i4 -1>\n}",
            "expected a constant of type <2 x i4>",
        ),
        (
            "@g = constant [3 x i8] c\"ab\"",
            "expected a constant of type [3 x i8]",
        ),
        (
            "%t = type { i8, i32 }\n@g = constant %t { i32 1, i8 2 }",
            "expected a constant of type %t",
        ),
        ("define void @f(target) {\n ret void\n}", "expected"),
        (
            "declare void @g(ptr, i32(float))\ndefine void @f() {\n ret void\n}",
            "line 1, column 22: expected the type of a value, found a function's",
        ),
        (&"[1 x ".repeat(100), "expected"),
        (
            &format!("@g = global {}", "[1 x ".repeat(100)),
            "nested deeper",
        ),
        (
            "define i32 @f() { ret i32 0 } define i32 @f() { ret i32 0 }",
            "twice",
        ),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// splitmix64, so that a failure can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

#[test]
fn damaged_text_is_an_error_or_ir_and_never_a_panic() {
    let mut random = Random(7);
    let pieces: Vec<&str> = SAMPLES
        .iter()
        .flat_map(|s| s.split_inclusive([' ', ',', '\n']))
        .collect();
    for round in 0..4000 {
        let mut text = SAMPLES[round % SAMPLES.len()].as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            match random.below(5) {
                0 => text[at] = b"%@!#{}[]()<>,=\"0x-i*:;\n"[random.below(23)],
                1 => {
                    text.remove(at);
                }
                2 => text.truncate(at),
                3 => {
                    let piece = pieces[random.below(pieces.len())].as_bytes();
                    text.splice(at..at, piece.iter().copied());
                }
                _ => {
                    let end = (at + random.below(30)).min(text.len());
                    text.drain(at..end);
                }
            }
            if text.is_empty() {
                text.push(b' ');
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        if let Ok(module) = parse(&text) {
            // What is read can be printed and read again, as the same text.
            for function in &module.functions {
                let printed = calque_ir::print_function(&module, function);
                if let Ok(again) = strip(&printed, Some(&function.name)) {
                    assert_eq!(printed, again, "round {round}:\n{text}");
                }
            }
        }
    }
}
