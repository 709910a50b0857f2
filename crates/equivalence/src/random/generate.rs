//! Random functions as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::inputs::Random;

/// A type that values have here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Int(u32),
    Vector(u32, u32),
    Float,
    Double,
    Pointer,
}

impl Ty {
    fn text(self) -> String {
        match self {
            Self::Int(w) => format!("i{w}"),
            Self::Vector(n, w) => format!("<{n} x i{w}>"),
            Self::Float => "float".into(),
            Self::Double => "double".into(),
            Self::Pointer => "ptr".into(),
        }
    }

    /// As names of intrinsics spell it.
    fn mangled(self) -> String {
        match self {
            Self::Int(w) => format!("i{w}"),
            Self::Vector(n, w) => format!("v{n}i{w}"),
            Self::Float => "f32".into(),
            Self::Double => "f64".into(),
            Self::Pointer => "p0".into(),
        }
    }

    /// Width of an integer or of a lane.
    fn width(self) -> u32 {
        match self {
            Self::Int(w) | Self::Vector(_, w) => w,
            Self::Float => 32,
            Self::Double | Self::Pointer => 64,
        }
    }

    /// Another width, the same number of lanes.
    fn of_width(self, w: u32) -> Self {
        match self {
            Self::Vector(n, _) => Self::Vector(n, w),
            _ => Self::Int(w),
        }
    }

    fn integral(self) -> bool {
        matches!(self, Self::Int(_) | Self::Vector(..))
    }
}

/// What a function may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// Widths of integers.
    pub(super) widths: &'static [u32],
    /// Bits that all arguments have together, at most.
    pub(super) input_bits: u32,
    pub(super) vectors: bool,
    pub(super) floats: bool,
    pub(super) memory: bool,
    pub(super) undef: bool,
    pub(super) branches: bool,
    pub(super) loops: bool,
    /// Instructions, at most.
    pub(super) length: u64,
}

/// A random function.
pub(super) fn generate(profile: Profile, name: &str, random: &mut Random) -> String {
    Generator {
        profile,
        random,
        lines: Vec::new(),
        pool: Vec::new(),
        declared: BTreeSet::new(),
        next: 0,
        block: "entry".into(),
    }
    .function(name)
}

struct Generator<'r> {
    profile: Profile,
    random: &'r mut Random,
    lines: Vec<String>,
    /// Values in scope.
    pool: Vec<(Ty, String)>,
    declared: BTreeSet<String>,
    next: u32,
    /// Label of the current block.
    block: String,
}

impl Generator<'_> {
    fn chance(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.random.below(list.len() as u64) as usize]
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("%v{}", self.next)
    }

    fn label(&mut self) -> String {
        self.next += 1;
        format!("b{}", self.next)
    }

    fn ty(&mut self) -> Ty {
        let width = self.pick(self.profile.widths);
        match self.random.below(10) {
            0..=1 if self.profile.vectors => Ty::Vector(self.pick(&[2, 3, 4]), width),
            2..=3 if self.profile.floats => self.pick(&[Ty::Float, Ty::Double]),
            4 => Ty::Int(1),
            _ => Ty::Int(width),
        }
    }

    fn function(mut self, name: &str) -> String {
        let mut parameters = Vec::new();
        let mut bits = 0;
        for i in 0..=self.random.below(3) {
            let mut ty = self.ty();
            if self.profile.memory && (i == 0 || self.chance(30)) {
                ty = Ty::Pointer;
            }
            let size = match ty {
                Ty::Vector(n, w) => n * w,
                Ty::Pointer => 0,
                other => other.width(),
            };
            if bits + size > self.profile.input_bits {
                continue;
            }
            bits += size;
            let value = format!("%a{i}");
            let attribute = match ty {
                Ty::Pointer if self.chance(30) => " dereferenceable(16)",
                _ if self.chance(35) => " noundef",
                Ty::Int(w) if w > 2 && self.chance(15) => &format!(" range(i{w} 0, 3)"),
                _ => "",
            };
            parameters.push(format!("{}{attribute} {value}", ty.text()));
            self.pool.push((ty, value));
        }
        self.lines.push("entry:".into());
        let length = 2 + self.random.below(self.profile.length);
        self.body(length, 0);
        let scalar: Vec<(Ty, String)> = self.pool.iter().rev().take(4).cloned().collect();
        let (ty, value) = match scalar.len() {
            0 => (Ty::Int(1), "true".into()),
            n => scalar[self.random.below(n as u64) as usize].clone(),
        };
        let mut text = format!(
            "define {} @{name}({}) {{\n{}\n  ret {} {value}\n}}\n",
            ty.text(),
            parameters.join(", "),
            self.lines.join("\n"),
            ty.text(),
        );
        for line in &self.declared {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    fn body(&mut self, length: u64, depth: u32) {
        for _ in 0..length {
            match self.random.below(14) {
                0 if self.profile.branches && depth < 2 => self.branch(depth),
                1 if self.profile.loops && depth < 1 => self.turns(depth),
                _ => self.instruction(),
            }
        }
    }

    fn jump(&mut self, line: &str, label: &str) {
        self.lines.push(format!("  {line}"));
        self.lines.push(format!("{label}:"));
        self.block = label.into();
    }

    /// `if` with a phi, or a way that ends in `unreachable`, or a switch.
    fn branch(&mut self, depth: u32) {
        let (left, right, join) = (self.label(), self.label(), self.label());
        let scope = self.pool.len();
        let ty = self.ty();
        let switch = self.chance(25);
        let line = if switch {
            let on = Ty::Int(self.pick(self.profile.widths).max(2));
            let value = self.value(on);
            format!(
                "switch i{} {value}, label %{left} [ i{} 1, label %{right} i{} 0, label %{left} ]",
                on.width(),
                on.width(),
                on.width()
            )
        } else {
            let condition = self.value(Ty::Int(1));
            format!("br i1 {condition}, label %{left}, label %{right}")
        };
        // Two edges from one switch to one block need equal phi entries; the left way holds no phi of its own.
        self.jump(&line, &left);
        let length = 1 + self.random.below(3);
        self.body(length, depth + 1);
        let a = self.value(ty);
        let from = self.block.clone();
        self.pool.truncate(scope);
        self.jump(&format!("br label %{join}"), &right);
        let length = self.random.below(3);
        self.body(length, depth + 1);
        let b = self.value(ty);
        let other = self.block.clone();
        self.pool.truncate(scope);
        if self.chance(12) {
            self.jump("unreachable", &join);
            self.define(ty, &format!("phi {} [ {a}, %{from} ]", ty.text()));
        } else {
            self.jump(&format!("br label %{join}"), &join);
            let text = format!("phi {} [ {a}, %{from} ], [ {b}, %{other} ]", ty.text());
            self.define(ty, &text);
        }
    }

    /// A loop that turns a few times.
    fn turns(&mut self, depth: u32) {
        let (head, exit) = (self.label(), self.label());
        let counter = Ty::Int(self.pick(self.profile.widths).max(3));
        let ty = self.ty();
        let initial = self.value(ty);
        let limit = if self.chance(40) {
            let given = self.value(counter);
            let masked = self.fresh();
            self.lines
                .push(format!("  {masked} = and {} {given}, 3", counter.text()));
            masked
        } else {
            (1 + self.random.below(3)).to_string()
        };
        let from = self.block.clone();
        self.jump(&format!("br label %{head}"), &head);
        let (i, sum, after) = (self.fresh(), self.fresh(), self.fresh());
        let at = self.lines.len();
        let scope = self.pool.len();
        self.pool.push((counter, i.clone()));
        self.pool.push((ty, sum.clone()));
        let length = 1 + self.random.below(4);
        self.body(length, depth + 1);
        let next = self.value(ty);
        let flags = self.pick(&["", " nuw nsw", " nuw", " nsw"]);
        let width = counter.text();
        self.lines
            .push(format!("  {after} = add{flags} {width} {i}, 1"));
        let stop = self.fresh();
        let predicate = self.pick(&["ult", "slt", "ule"]);
        self.lines.push(format!(
            "  {stop} = icmp {predicate} {width} {after}, {limit}"
        ));
        let latch = self.block.clone();
        self.lines.insert(
            at,
            format!(
                "  {i} = phi {width} [ 0, %{from} ], [ {after}, %{latch} ]\n  {sum} = phi {} [ {initial}, %{from} ], [ {next}, %{latch} ]",
                ty.text()
            ),
        );
        self.jump(
            &format!("br i1 {stop}, label %{head}, label %{exit}"),
            &exit,
        );
        self.pool.truncate(scope + 2);
    }

    fn define(&mut self, ty: Ty, text: &str) {
        let name = self.fresh();
        self.lines.push(format!("  {name} = {text}"));
        self.pool.push((ty, name));
    }

    fn constant(&mut self, ty: Ty) -> String {
        if self.profile.undef && self.chance(4) {
            return self.pick(&["poison", "undef"]).into();
        }
        match ty {
            Ty::Int(1) => self.pick(&["true", "false"]).into(),
            Ty::Int(w) => {
                let top = 1i128 << (w - 1);
                let value = match self.random.below(9) {
                    0 => 0,
                    1 => -1,
                    2 => -top,
                    3 => top - 1,
                    4 => 2,
                    5 => 1 << self.random.below(u64::from(w) - 1),
                    6 => i128::from(w),
                    7 => i128::from(self.random.next()) & (top - 1),
                    _ => 1,
                };
                // The same bits, in range of the width.
                let value = value & ((top << 1) - 1);
                (if value >= top {
                    value - (top << 1)
                } else {
                    value
                })
                .to_string()
            }
            Ty::Vector(n, w) => {
                if self.chance(40) {
                    return "zeroinitializer".into();
                }
                let splat = self.chance(50);
                let first = self.constant(Ty::Int(w));
                let lanes: Vec<String> = (0..n)
                    .map(|_| {
                        let lane = if splat {
                            first.clone()
                        } else {
                            self.constant(Ty::Int(w))
                        };
                        format!("i{w} {lane}")
                    })
                    .collect();
                format!("<{}>", lanes.join(", "))
            }
            Ty::Float | Ty::Double => self
                .pick(&[
                    "0.0",
                    "-0.0",
                    "1.0",
                    "2.0",
                    "-1.0",
                    "0.5",
                    "0x7FF0000000000000",
                    "0x7FF8000000000000",
                    "16777216.0",
                ])
                .into(),
            Ty::Pointer => "null".into(),
        }
    }

    /// A value in scope, or a constant; it is made where none is.
    fn value(&mut self, ty: Ty) -> String {
        let fitting: Vec<&String> = self
            .pool
            .iter()
            .filter(|(t, _)| *t == ty)
            .map(|(_, v)| v)
            .collect();
        if fitting.is_empty() || self.random.below(100) < 22 {
            if fitting.is_empty() && ty == Ty::Int(1) && self.random.below(100) < 80 {
                return self.comparison();
            }
            if fitting.is_empty()
                && self.random.below(100) < 50
                && let Some(made) = self.converted(ty)
            {
                return made;
            }
            return self.constant(ty);
        }
        // The later ones more often.
        let n = fitting.len() as u64;
        let a = self.random.below(n).max(self.random.below(n));
        fitting[a as usize].clone()
    }

    fn comparison(&mut self) -> String {
        let ty = Ty::Int(self.pick(self.profile.widths));
        let (a, b) = (self.value(ty), self.constant(ty));
        let predicate = self.predicate();
        self.define(
            Ty::Int(1),
            &format!("icmp {predicate} {} {a}, {b}", ty.text()),
        );
        self.pool
            .last()
            .map_or_else(String::new, |(_, v)| v.clone())
    }

    fn predicate(&mut self) -> &'static str {
        self.pick(&[
            "eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge",
        ])
    }

    /// Some value in scope, cast to an integer type.
    fn converted(&mut self, ty: Ty) -> Option<String> {
        let Ty::Int(w) = ty else { return None };
        let found: Vec<(u32, String)> = self
            .pool
            .iter()
            .filter_map(|(t, v)| match t {
                Ty::Int(other) if *other != w => Some((*other, v.clone())),
                _ => None,
            })
            .collect();
        let (from, value) = found
            .get(self.random.below(found.len() as u64) as usize)?
            .clone();
        let text = self.cast(Ty::Int(from), &value, w);
        self.define(ty, &text);
        self.pool.last().map(|(_, v)| v.clone())
    }

    fn cast(&mut self, from: Ty, value: &str, to: u32) -> String {
        let target = from.of_width(to).text();
        let how = if to < from.width() {
            self.pick(&["trunc", "trunc", "trunc nuw", "trunc nsw"])
        } else {
            self.pick(&["zext", "sext", "zext nneg"])
        };
        format!("{how} {} {value} to {target}", from.text())
    }

    fn integral(&mut self) -> Ty {
        let known: Vec<Ty> = self
            .pool
            .iter()
            .map(|(t, _)| *t)
            .filter(|t| t.integral())
            .collect();
        if known.is_empty() || self.chance(20) {
            Ty::Int(self.pick(self.profile.widths))
        } else {
            known[self.random.below(known.len() as u64) as usize]
        }
    }

    fn instruction(&mut self) {
        match self.random.below(20) {
            0..=6 => self.binary(),
            7..=8 => {
                let ty = self.integral();
                let (a, b) = (self.value(ty), self.value(ty));
                let predicate = self.predicate();
                let to = match ty {
                    Ty::Vector(n, _) => Ty::Vector(n, 1),
                    _ => Ty::Int(1),
                };
                self.define(to, &format!("icmp {predicate} {} {a}, {b}", ty.text()));
            }
            9..=10 => self.select(),
            11 => {
                let ty = self.integral();
                let value = self.value(ty);
                let widths: Vec<u32> = self
                    .profile
                    .widths
                    .iter()
                    .copied()
                    .filter(|w| *w != ty.width())
                    .collect();
                if !widths.is_empty() {
                    let to = self.pick(&widths);
                    let text = self.cast(ty, &value, to);
                    self.define(ty.of_width(to), &text);
                }
            }
            12 if self.profile.undef => {
                let ty = self.ty();
                let value = self.value(ty);
                self.define(ty, &format!("freeze {} {value}", ty.text()));
            }
            13..=15 => self.intrinsic(),
            16 if self.profile.vectors => self.lane(),
            17..=18 if self.profile.floats => self.floating(),
            12..=19 if self.profile.memory => self.memory(),
            _ => self.binary(),
        }
    }

    fn binary(&mut self) {
        let ty = self.integral();
        let (a, b) = (self.value(ty), self.value(ty));
        let op = self.pick(&[
            "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "udiv", "sdiv", "urem",
            "srem", "add", "sub", "and", "xor",
        ]);
        let flags = match op {
            "add" | "sub" | "mul" | "shl" => self.pick(&["", "", " nsw", " nuw", " nuw nsw"]),
            "lshr" | "ashr" | "udiv" | "sdiv" => self.pick(&["", "", " exact"]),
            "or" => self.pick(&["", "", " disjoint"]),
            _ => "",
        };
        // Most shifts by less than the width, most divisions by a constant.
        let b = match op {
            "shl" | "lshr" | "ashr" if matches!(ty, Ty::Int(_)) && self.chance(60) => {
                self.random.below(u64::from(ty.width())).to_string()
            }
            "udiv" | "sdiv" | "urem" | "srem" if matches!(ty, Ty::Int(2..)) && self.chance(70) => {
                self.pick(&["1", "2", "3", "-1", "-2"]).into()
            }
            _ => b,
        };
        let b = if ty == Ty::Int(1) && b.parse::<u64>().is_ok() {
            "false".into()
        } else {
            b
        };
        let b = if ty == Ty::Int(2) && b == "3" {
            "1".into()
        } else {
            b
        };
        self.define(ty, &format!("{op}{flags} {} {a}, {b}", ty.text()));
    }

    fn select(&mut self) {
        let ty = self.ty();
        let (a, b) = (self.value(ty), self.value(ty));
        let condition = match ty {
            Ty::Vector(n, _) if self.chance(50) => {
                let lanes = Ty::Vector(n, 1);
                format!("{} {}", lanes.text(), self.value(lanes))
            }
            _ => format!("i1 {}", self.value(Ty::Int(1))),
        };
        let text = ty.text();
        self.define(ty, &format!("select {condition}, {text} {a}, {text} {b}"));
    }

    fn call(&mut self, to: Ty, result: &str, name: &str, arguments: &[String]) {
        let types: Vec<&str> = arguments
            .iter()
            .map(|a| {
                if a.starts_with('<') {
                    &a[..=a.find('>').unwrap_or(0)]
                } else {
                    a.split(' ').next().unwrap_or("")
                }
            })
            .collect();
        self.declared
            .insert(format!("declare {result} @{name}({})", types.join(", ")));
        let text = format!("call {result} @{name}({})", arguments.join(", "));
        self.define(to, &text);
    }

    fn intrinsic(&mut self) {
        let ty = self.integral();
        let text = ty.text();
        let (a, b, c) = (self.value(ty), self.value(ty), self.value(ty));
        let (a, b, c) = (
            format!("{text} {a}"),
            format!("{text} {b}"),
            format!("{text} {c}"),
        );
        let flag = format!("i1 {}", self.pick(&["true", "false"]));
        let name = self.pick(&[
            "smax",
            "smin",
            "umax",
            "umin",
            "abs",
            "ctpop",
            "ctlz",
            "cttz",
            "fshl",
            "fshr",
            "sadd.sat",
            "uadd.sat",
            "ssub.sat",
            "usub.sat",
            "sshl.sat",
            "ushl.sat",
            "bitreverse",
            "bswap",
            "overflow",
            "assume",
        ]);
        let full = format!("llvm.{name}.{}", ty.mangled());
        match name {
            "abs" | "ctlz" | "cttz" => self.call(ty, &text, &full, &[a, flag]),
            "ctpop" | "bitreverse" => self.call(ty, &text, &full, &[a]),
            "bswap" if ty.width().is_multiple_of(16) => self.call(ty, &text, &full, &[a]),
            "bswap" => self.binary(),
            "fshl" | "fshr" => self.call(ty, &text, &full, &[a, b, c]),
            "overflow" => {
                let Ty::Int(_) = ty else { return self.binary() };
                let op = self.pick(&["sadd", "uadd", "ssub", "usub", "smul", "umul"]);
                let name = format!("llvm.{op}.with.overflow.{}", ty.mangled());
                let pair = format!("{{ {text}, i1 }}");
                self.declared
                    .insert(format!("declare {pair} @{name}({text}, {text})"));
                let value = self.fresh();
                self.lines
                    .push(format!("  {value} = call {pair} @{name}({a}, {b})"));
                self.define(ty, &format!("extractvalue {pair} {value}, 0"));
                self.define(Ty::Int(1), &format!("extractvalue {pair} {value}, 1"));
            }
            "assume" => {
                if self.chance(40) {
                    let condition = self.value(Ty::Int(1));
                    self.declared.insert("declare void @llvm.assume(i1)".into());
                    self.lines
                        .push(format!("  call void @llvm.assume(i1 {condition})"));
                }
            }
            _ => self.call(ty, &text, &full, &[a, b]),
        }
    }

    fn lane(&mut self) {
        let known: Vec<Ty> = self
            .pool
            .iter()
            .map(|(t, _)| *t)
            .filter(|t| matches!(t, Ty::Vector(..)))
            .collect();
        let ty = if known.is_empty() {
            Ty::Vector(self.pick(&[2, 3, 4]), self.pick(self.profile.widths))
        } else {
            known[self.random.below(known.len() as u64) as usize]
        };
        let Ty::Vector(n, w) = ty else { return };
        let text = ty.text();
        let vector = self.value(ty);
        let index = self.random.below(u64::from(n));
        match self.random.below(3) {
            0 => self.define(
                Ty::Int(w),
                &format!("extractelement {text} {vector}, i32 {index}"),
            ),
            1 => {
                let lane = self.value(Ty::Int(w));
                self.define(
                    ty,
                    &format!("insertelement {text} {vector}, i{w} {lane}, i32 {index}"),
                );
            }
            _ => {
                let other = self.value(ty);
                let lanes: Vec<String> = (0..n)
                    .map(|_| match self.random.below(2 * u64::from(n) + 1) {
                        k if k < 2 * u64::from(n) => format!("i32 {k}"),
                        _ => "i32 poison".into(),
                    })
                    .collect();
                let mask = lanes.join(", ");
                self.define(
                    ty,
                    &format!("shufflevector {text} {vector}, {text} {other}, <{n} x i32> <{mask}>"),
                );
            }
        }
    }

    fn floating(&mut self) {
        let ty = self.pick(&[Ty::Float, Ty::Double]);
        let text = ty.text();
        let (a, b) = (self.value(ty), self.value(ty));
        let flags = self.pick(&["", "", "", " nnan", " ninf", " nsz", " nnan nsz"]);
        match self.random.below(10) {
            0..=4 => {
                let op = self.pick(&["fadd", "fsub", "fmul", "fdiv"]);
                self.define(ty, &format!("{op}{flags} {text} {a}, {b}"));
            }
            5 => self.define(ty, &format!("fneg {text} {a}")),
            6 => {
                let predicate = self.pick(&[
                    "oeq", "olt", "ogt", "ole", "uno", "ord", "une", "ueq", "ult", "uge", "one",
                ]);
                self.define(Ty::Int(1), &format!("fcmp {predicate} {text} {a}, {b}"));
            }
            7 => {
                let int = Ty::Int(self.pick(self.profile.widths));
                let op = self.pick(&["fptosi", "fptoui"]);
                self.define(int, &format!("{op} {text} {a} to {}", int.text()));
            }
            8 => {
                let int = Ty::Int(self.pick(self.profile.widths));
                let value = self.value(int);
                let op = self.pick(&["sitofp", "uitofp"]);
                self.define(ty, &format!("{op} {} {value} to {text}", int.text()));
            }
            _ => {
                let name =
                    self.pick(&["fabs", "copysign", "minnum", "maxnum", "minimum", "maximum"]);
                let full = format!("llvm.{name}.{}", ty.mangled());
                let (a, b) = (format!("{text} {a}"), format!("{text} {b}"));
                if name == "fabs" {
                    self.call(ty, &text, &full, &[a]);
                } else {
                    self.call(ty, &text, &full, &[a, b]);
                }
            }
        }
    }

    fn memory(&mut self) {
        // Types that fill their bytes.
        let ty = self.pick(&[Ty::Int(8), Ty::Int(16), Ty::Int(32), Ty::Int(64)]);
        let ty = if self.profile.vectors && self.chance(15) {
            Ty::Vector(2, 8)
        } else {
            ty
        };
        let text = ty.text();
        match self.random.below(8) {
            0 => {
                let size = self.pick(&["i32", "i64", "[4 x i8]", "[2 x i32]"]);
                self.define(Ty::Pointer, &format!("alloca {size}"));
            }
            1..=2 => {
                let pointer = self.value(Ty::Pointer);
                let flags = self.pick(&["", " inbounds", " nuw", " nusw"]);
                let index = if self.chance(70) {
                    format!("i64 {}", self.pick(&["0", "1", "2", "3", "4", "8", "-1"]))
                } else {
                    let ty = self.pick(&[Ty::Int(64), Ty::Int(32), Ty::Int(8)]);
                    format!("{} {}", ty.text(), self.value(ty))
                };
                let element = self.pick(&["i8", "i32", "[2 x i16]"]);
                self.define(
                    Ty::Pointer,
                    &format!("getelementptr{flags} {element}, ptr {pointer}, {index}"),
                );
            }
            3..=4 => {
                let pointer = self.value(Ty::Pointer);
                let align = self.pick(&["1", "1", "2", "4"]);
                self.define(ty, &format!("load {text}, ptr {pointer}, align {align}"));
            }
            5..=6 => {
                let (value, pointer) = (self.value(ty), self.value(Ty::Pointer));
                let align = self.pick(&["1", "1", "2", "4"]);
                self.lines.push(format!(
                    "  store {text} {value}, ptr {pointer}, align {align}"
                ));
            }
            _ => {
                let (a, b) = (self.value(Ty::Pointer), self.value(Ty::Pointer));
                let predicate = self.pick(&["eq", "ne", "ult"]);
                self.define(Ty::Int(1), &format!("icmp {predicate} ptr {a}, {b}"));
            }
        }
    }
}
