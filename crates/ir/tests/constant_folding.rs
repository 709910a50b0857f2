//! The interpreter against LLVM's own constant folding. Skipped loudly where opt 19 is not on PATH.

use std::fmt::Write;
use std::process::Command;

use calque_ir::interpreter::{Choice, Input, Outcome, Scalar, run};
use calque_ir::{BinaryOp, Memory, Predicate, fold, parse};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bits(&mut self, width: u32) -> i128 {
        let corners = [
            0,
            1,
            2,
            -1,
            -2,
            1i128 << (width - 1),
            (1i128 << (width - 1)) - 1,
            i128::from(width),
        ];
        let raw = match self.next() % 3 {
            0 => corners[(self.next() % 8) as usize],
            1 => i128::from(self.next() % 17) - 8,
            _ => i128::from(self.next()) << (self.next() % 64),
        };
        fold::signed(raw as u128 & fold::mask(width), width)
    }
}

fn expressions(random: &mut Random, out: &mut Vec<(u32, String)>) {
    for width in [1u32, 3, 8, 13, 32, 64, 100] {
        for (op, name) in BinaryOp::ALL {
            let flags: &[&str] = match op {
                BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Shl => {
                    &["", "nuw ", "nsw ", "nuw nsw "]
                }
                BinaryOp::UDiv | BinaryOp::SDiv | BinaryOp::LShr | BinaryOp::AShr => {
                    &["", "exact "]
                }
                _ => &[""],
            };
            for flag in flags {
                for _ in 0..6 {
                    out.push((
                        width,
                        format!(
                            "{name} {flag}i{width} {}, {}",
                            random.bits(width),
                            random.bits(width)
                        ),
                    ));
                }
            }
        }
        for (_, name) in Predicate::ALL {
            for _ in 0..3 {
                out.push((
                    1,
                    format!(
                        "icmp {name} i{width} {}, {}",
                        random.bits(width),
                        random.bits(width)
                    ),
                ));
            }
        }
        for name in [
            "smax", "smin", "umax", "umin", "uadd.sat", "sadd.sat", "usub.sat", "ssub.sat",
        ] {
            for _ in 0..4 {
                let (a, b) = (random.bits(width), random.bits(width));
                out.push((
                    width,
                    format!("call i{width} @llvm.{name}.i{width}(i{width} {a}, i{width} {b})"),
                ));
            }
        }
        if width > 1 {
            for name in ["ctlz", "cttz", "abs"] {
                for flag in ["true", "false"] {
                    let a = random.bits(width);
                    out.push((
                        width,
                        format!("call i{width} @llvm.{name}.i{width}(i{width} {a}, i1 {flag})"),
                    ));
                }
            }
            for name in ["fshl", "fshr"] {
                let (a, b, c) = (random.bits(width), random.bits(width), random.bits(width));
                out.push((width, format!("call i{width} @llvm.{name}.i{width}(i{width} {a}, i{width} {b}, i{width} {c})")));
            }
            out.push((
                width,
                format!(
                    "call i{width} @llvm.ctpop.i{width}(i{width} {})",
                    random.bits(width)
                ),
            ));
            out.push((
                width,
                format!(
                    "call i{width} @llvm.bitreverse.i{width}(i{width} {})",
                    random.bits(width)
                ),
            ));
            out.push((
                width + 5,
                format!("sext i{width} {} to i{}", random.bits(width), width + 5),
            ));
            out.push((
                width + 5,
                format!("zext i{width} {} to i{}", random.bits(width), width + 5),
            ));
            out.push((
                width - 1,
                format!("trunc i{width} {} to i{}", random.bits(width), width - 1),
            ));
        }
        if width % 16 == 0 {
            out.push((
                width,
                format!(
                    "call i{width} @llvm.bswap.i{width}(i{width} {})",
                    random.bits(width)
                ),
            ));
        }
    }
}

#[test]
fn interpreter_folds_as_llvm_does() {
    let Ok(version) = Command::new("opt-19").arg("--version").output() else {
        eprintln!("SKIPPED: opt-19 is not on PATH");
        return;
    };
    assert!(version.status.success());
    let mut list = Vec::new();
    expressions(&mut Random(11), &mut list);
    let mut text = String::new();
    for (i, (width, expression)) in list.iter().enumerate() {
        let _ = writeln!(
            text,
            "define i{width} @f{i}() {{\n  %r = {expression}\n  ret i{width} %r\n}}"
        );
        if let Some(call) = expression.strip_prefix("call ") {
            let callee = call
                .split('@')
                .nth(1)
                .and_then(|c| c.split('(').next())
                .expect("a callee");
            let operands = call
                .split('(')
                .nth(1)
                .expect("operands")
                .trim_end_matches(')');
            let types: Vec<&str> = operands
                .split(", ")
                .filter_map(|o| o.split(' ').next())
                .collect();
            let line = format!("declare i{width} @{callee}({})\n", types.join(", "));
            if !text.contains(&line) {
                text.insert_str(0, &line);
            }
        }
    }
    let path = std::env::temp_dir().join(format!("calque-fold-{}.ll", std::process::id()));
    std::fs::write(&path, &text).expect("a temporary file");
    let output = Command::new("opt-19")
        .args(["-S", "-passes=instsimplify"])
        .arg(&path)
        .output()
        .expect("opt runs");
    std::fs::remove_file(&path).expect("the temporary file");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let folded = String::from_utf8(output.stdout).expect("IR is text");
    let (module, answers) = (
        parse(&text).expect("our own text"),
        parse(&folded).expect("opt's text"),
    );
    let mut compared = 0;
    for (i, (width, expression)) in list.iter().enumerate() {
        let name = format!("f{i}");
        let outcome = |module: &calque_ir::Module| {
            let input = Input {
                strangers: None,
                arguments: Vec::new(),
                memory: Memory::default(),
            };
            run(
                module,
                module.function(&name).expect("the function"),
                &input,
                100,
                Choice::Refuse,
                &mut |_, _| {},
            )
        };
        let theirs = match outcome(&answers) {
            Outcome::Return { value, .. } => value[0],
            other => panic!("{expression}: {other:?}"),
        };
        match outcome(&module) {
            Outcome::Return { value, .. } => {
                // Where LLVM left the instruction alone both sides are this interpreter, which says nothing.
                compared += usize::from(!folded.contains(&format!("@{name}() {{\n  %r")));
                // LLVM may fold poison to anything, and its folding of `nuw` and `nsw` does.
                if value[0] != Scalar::Poison {
                    assert_eq!(value[0], theirs, "{expression} at i{width}");
                }
            }
            // Undefined behaviour may be folded to anything.
            Outcome::Undefined(_) => {}
            other => panic!("{expression}: {other:?}"),
        }
    }
    assert!(
        compared * 10 > list.len() * 8,
        "LLVM folded only {compared} of {}",
        list.len()
    );
}
