//! Floating point as bits. What is exact on bits (`fneg`, `fcmp`, classes, signs) is a formula; other operations are functions without an
//! interpretation, the same on both sides, folded where their operands are constant.
//!
//! A NaN that arithmetic makes has any sign and payload, anew at each operation. It is a variable that belongs to the operation and its
//! operands: of the target each further operation with the same operands has one of its own, the source takes the first, as its
//! choice. The sign of a zero under `nsz` is treated alike.

use calque_ir::float::{self, FastMath};
use calque_ir::fold::{Folded, mask};
use calque_ir::{Flags, FloatKind, Type, ValueId};

use super::casts::width_of;
use super::machine::{Machine, State};
use super::{Lane, Lanes, Role, Stop, World};
use crate::graph::{Graph, Node, Symbol};

/// The part of a result that only operations have: a function of any name is another.
const NUMBER: u8 = 4;

/// A format's predicates as formulas.
struct Format {
    kind: FloatKind,
    width: u32,
    fraction: u32,
}

impl Format {
    fn of(ty: &Type) -> Result<Self, Stop> {
        match ty.scalar() {
            Type::Float(kind) => match float::fields(*kind) {
                Some((_, fraction)) => Ok(Self {
                    kind: *kind,
                    width: kind.bits(),
                    fraction,
                }),
                None => Stop::because("floating-point", kind.name()),
            },
            _ => Stop::because("floating-point", format!("floating point at {ty}")),
        }
    }

    fn magnitude(&self, g: &mut Graph, x: Node) -> Node {
        g.extract(x, 0, self.width - 1)
    }

    fn sign(&self, g: &mut Graph, x: Node) -> Node {
        g.extract(x, self.width - 1, 1)
    }

    fn infinity(&self, g: &mut Graph) -> Node {
        let bits = mask(self.width - 1) & !mask(self.fraction);
        g.constant(bits, self.width - 1)
    }

    fn is_nan(&self, g: &mut Graph, x: Node) -> Node {
        let (infinity, magnitude) = (self.infinity(g), self.magnitude(g, x));
        g.unsigned_less(infinity, magnitude)
    }

    fn is_infinite(&self, g: &mut Graph, x: Node) -> Node {
        let (infinity, magnitude) = (self.infinity(g), self.magnitude(g, x));
        g.equal(infinity, magnitude)
    }

    fn is_zero(&self, g: &mut Graph, x: Node) -> Node {
        let (zero, magnitude) = (g.constant(0, self.width - 1), self.magnitude(g, x));
        g.equal(zero, magnitude)
    }

    /// `a < b` of numbers that are no NaN.
    fn less(&self, g: &mut Graph, a: Node, b: Node) -> Node {
        let (x, y) = (self.magnitude(g, a), self.magnitude(g, b));
        let (minus_a, minus_b) = (self.sign(g, a), self.sign(g, b));
        let (up, down) = (g.unsigned_less(x, y), g.unsigned_less(y, x));
        let (zero_a, zero_b) = (self.is_zero(g, a), self.is_zero(g, b));
        let zeros = g.all(&[zero_a, zero_b]);
        let apart = g.not(zeros);
        let positive_b = g.not(minus_b);
        let crosses = g.all(&[minus_a, positive_b, apart]);
        let inside = g.choose(minus_a, down, up);
        let differ = g.xor(minus_a, minus_b);
        g.choose(differ, crosses, inside)
    }

    fn compare(&self, g: &mut Graph, predicate: &str, a: Node, b: Node) -> Option<Node> {
        let (nan_a, nan_b) = (self.is_nan(g, a), self.is_nan(g, b));
        let unordered = g.any(&[nan_a, nan_b]);
        let ordered = g.not(unordered);
        match predicate {
            "true" => return Some(g.truth(true)),
            "false" => return Some(g.truth(false)),
            "uno" => return Some(unordered),
            "ord" => return Some(ordered),
            _ => {}
        }
        let same = {
            let bits = g.equal(a, b);
            let (zero_a, zero_b) = (self.is_zero(g, a), self.is_zero(g, b));
            let zeros = g.all(&[zero_a, zero_b]);
            g.any(&[bits, zeros])
        };
        let holds = match predicate.get(1..)? {
            "eq" => same,
            "ne" => g.not(same),
            "lt" => self.less(g, a, b),
            "gt" => self.less(g, b, a),
            "le" => {
                let more = self.less(g, b, a);
                g.not(more)
            }
            "ge" => {
                let less = self.less(g, a, b);
                g.not(less)
            }
            _ => return None,
        };
        Some(if predicate.starts_with('u') {
            g.any(&[unordered, holds])
        } else {
            g.all(&[ordered, holds])
        })
    }

    /// Whether `llvm.is.fpclass` with a constant test holds.
    fn class(&self, g: &mut Graph, x: Node, test: u128) -> Node {
        let magnitude = self.magnitude(g, x);
        let minus = self.sign(g, x);
        let quiet = g.extract(x, self.fraction - 1, 1);
        let (nan, infinite, zero) = (
            self.is_nan(g, x),
            self.is_infinite(g, x),
            self.is_zero(g, x),
        );
        let smallest = g.constant(1 << self.fraction, self.width - 1);
        let below = g.unsigned_less(magnitude, smallest);
        let not_zero = g.not(zero);
        let subnormal = g.all(&[below, not_zero]);
        let special = g.any(&[nan, infinite, below]);
        let normal = g.not(special);
        let (signaling, plus) = (g.not(quiet), g.not(minus));
        let mut any = Vec::new();
        for (bit, parts) in [
            [nan, signaling],
            [nan, quiet],
            [infinite, minus],
            [normal, minus],
            [subnormal, minus],
            [zero, minus],
            [zero, plus],
            [subnormal, plus],
            [normal, plus],
            [infinite, plus],
        ]
        .iter()
        .enumerate()
        {
            if test >> bit & 1 == 1 {
                any.push(g.all(parts));
            }
        }
        g.any(&any)
    }

    /// When a flag makes a value poison.
    fn excluded(&self, g: &mut Graph, flags: FastMath, x: Node) -> Vec<Node> {
        let mut out = Vec::new();
        if flags.no_nan {
            out.push(self.is_nan(g, x));
        }
        if flags.no_infinity {
            out.push(self.is_infinite(g, x));
        }
        out
    }
}

impl World {
    fn choice(&mut self, g: &mut Graph, operation: Node, instance: usize, width: u32) -> Node {
        *self
            .choices
            .entry((operation, instance))
            .or_insert_with(|| g.variable(width))
    }
}

impl Machine<'_> {
    /// What an operation may choose, as wide as its result.
    fn any_of(&mut self, state: &mut State<'_>, operation: Node) -> Node {
        let instance = if self.role == Role::Source {
            0
        } else {
            let count = self.choices.entry(operation).or_insert(0);
            *count += 1;
            *count - 1
        };
        let width = state.graph.width(operation);
        state.world.choice(state.graph, operation, instance, width)
    }

    /// A function that both sides know by name only.
    fn named(&mut self, state: &mut State<'_>, name: &str, operands: &[Node], width: u32) -> Node {
        let key = state.world.callee(name);
        state
            .graph
            .apply(Symbol::Result(key, 0, NUMBER), operands, width)
    }

    pub(super) fn float_arithmetic(
        &mut self,
        state: &mut State<'_>,
        mnemonic: &str,
        operands: &[ValueId],
    ) -> Result<Lanes, Stop> {
        let (name, flags, predicate) = float::mnemonic(mnemonic);
        let format = Format::of(self.function.ty(operands[0]))?;
        let mut columns = Vec::new();
        for operand in operands {
            columns.push(self.operand(state, *operand)?);
        }
        let count = columns.iter().map(Vec::len).min().unwrap_or(0);
        let mut out = Lanes::new();
        for lane in 0..count {
            let row: Vec<Lane> = columns.iter().map(|c| c[lane]).collect();
            let values: Vec<Node> = row.iter().map(|l| l.value).collect();
            let g = &mut *state.graph;
            let mut poison = self.poison_of(g, &row, flags != FastMath::default());
            for value in &values {
                poison.extend(format.excluded(g, flags, *value));
            }
            let value = if let ("fcmp", [a, b]) = (name, values.as_slice()) {
                match format.compare(g, predicate, *a, *b) {
                    Some(value) => value,
                    None => return Stop::because("floating-point", mnemonic),
                }
            } else {
                let value = self.rounded(state, &format, (name, flags), mnemonic, &values);
                poison.extend(format.excluded(state.graph, flags, value));
                value
            };
            let poison = state.graph.any(&poison);
            let undef = self.undef_of(state.graph, &row);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(state.graph, value)
            });
        }
        Ok(out)
    }

    fn rounded(
        &mut self,
        state: &mut State<'_>,
        format: &Format,
        (name, flags): (&str, FastMath),
        mnemonic: &str,
        values: &[Node],
    ) -> Node {
        let g = &mut *state.graph;
        let mut key = values.to_vec();
        if matches!(name, "fadd" | "fmul") && !flags.loose {
            calque_ir::collections::sort(&mut key);
        }
        let constants = match values {
            [a, b] => g.as_constant(*a).zip(g.as_constant(*b)),
            _ => None,
        };
        let folded = constants
            .and_then(|(a, b)| float::arithmetic(name, format.kind, a, b))
            .filter(|bits| !float::is_nan(format.kind, *bits));
        let loose = flags.loose || (flags.no_signed_zero && name == "fdiv");
        let what = [if loose { mnemonic } else { name }, " ", format.kind.name()].concat();
        let operation = self.named(state, &what, &key, format.width);
        if loose {
            return self.any_of(state, operation);
        }
        let value = if let ("fneg", [a]) = (name, values) {
            let g = &mut *state.graph;
            let sign = g.constant(1 << (format.width - 1), format.width);
            g.xor(*a, sign)
        } else if let Some(bits) = folded {
            state.graph.constant(bits, format.width)
        } else {
            self.with_any_nan(state, format, operation)
        };
        if !flags.no_signed_zero {
            return value;
        }
        let operation = self.named(state, &[&what, " nsz"].concat(), &key, format.width);
        let any = self.any_of(state, operation);
        let g = &mut *state.graph;
        let zero = format.is_zero(g, value);
        let (nothing, sign) = (g.constant(0, format.width - 1), format.sign(g, any));
        let signed = g.concat(&[nothing, sign]);
        g.choose(zero, signed, value)
    }

    fn with_any_nan(&mut self, state: &mut State<'_>, format: &Format, value: Node) -> Node {
        let any = self.any_of(state, value);
        let g = &mut *state.graph;
        let nan = format.is_nan(g, value);
        // Any sign and any payload but zero.
        let (payload, sign) = (g.extract(any, 0, format.fraction), format.sign(g, any));
        let (zero, quiet) = (
            g.constant(0, format.fraction),
            g.constant(1 << (format.fraction - 1), format.fraction),
        );
        let none = g.equal(payload, zero);
        let payload = g.choose(none, quiet, payload);
        let exponent = g.constant(u128::MAX, format.width - 1 - format.fraction);
        let any = g.concat(&[payload, exponent, sign]);
        g.choose(nan, any, value)
    }

    pub(super) fn float_cast(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        name: &'static str,
        flags: Flags,
        value: ValueId,
    ) -> Result<Lanes, Stop> {
        if name == "addrspacecast" {
            return Stop::because("memory-model", name);
        }
        let (from, to) = (
            self.function.ty(value).scalar().clone(),
            self.function.ty(id).scalar().clone(),
        );
        let (narrow, wide) = (width_of(&from)?, width_of(&to)?);
        let mut out = Lanes::new();
        for lane in self.operand(state, value)? {
            let g = &mut *state.graph;
            let bits = g.as_constant(lane.value);
            let mut poison = self.poison_of(g, &[lane], flags.nneg || name.starts_with("fpto"));
            let result = match (name, &from, &to) {
                ("uitofp" | "sitofp", Type::Int(_), Type::Float(kind)) if narrow < 128 => {
                    let is_signed = name == "sitofp";
                    if flags.nneg {
                        poison.push(g.extract(lane.value, narrow - 1, 1));
                    }
                    // Both are functions of the number, whatever its type says of its sign.
                    let number = if is_signed {
                        g.sign_extend(lane.value, 128)
                    } else {
                        g.zero_extend(lane.value, 128)
                    };
                    let folded =
                        bits.and_then(|b| float::from_integer(*kind, narrow, is_signed, b));
                    if let Some(bits) = folded {
                        g.constant(bits, wide)
                    } else {
                        self.named(state, &["itofp ", kind.name()].concat(), &[number], wide)
                    }
                }
                ("fptoui" | "fptosi", Type::Float(kind), Type::Int(_)) => {
                    let folded =
                        bits.and_then(|b| float::to_integer(*kind, wide, name == "fptosi", b));
                    match folded {
                        Some(Folded::Bits(bits)) => g.constant(bits, wide),
                        Some(_) => {
                            poison.push(g.truth(true));
                            g.constant(0, wide)
                        }
                        None => {
                            let key = [name, " ", kind.name()].concat();
                            let lost = [&key, " poison"].concat();
                            // What a wider integer holds is another question.
                            let operands = [lane.value, g.constant(wide.into(), 8)];
                            poison.push(self.named(state, &lost, &operands, 1));
                            self.named(state, &key, &operands, wide)
                        }
                    }
                }
                ("fpext" | "fptrunc", Type::Float(kind), Type::Float(other)) => {
                    let format = Format::of(&to)?;
                    let folded = bits
                        .and_then(|b| float::convert(*kind, *other, b))
                        .filter(|b| !float::is_nan(*other, *b));
                    if let Some(bits) = folded {
                        g.constant(bits, wide)
                    } else {
                        let key = [kind.name(), " to ", other.name()].concat();
                        let value = self.named(state, &key, &[lane.value], wide);
                        self.with_any_nan(state, &format, value)
                    }
                }
                _ => return Stop::because("floating-point", name),
            };
            let poison = state.graph.any(&poison);
            let undef = self.undef_of(state.graph, &[lane]);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(state.graph, result)
            });
        }
        Ok(out)
    }

    pub(super) fn float_intrinsic(
        &mut self,
        state: &mut State<'_>,
        first: ValueId,
        name: &str,
        arguments: &[Lanes],
    ) -> Result<Lanes, Stop> {
        let format = Format::of(self.function.ty(first))?;
        let g = &mut *state.graph;
        let mut out = Lanes::new();
        let Some((values, rest)) = arguments.split_first() else {
            return Stop::because("floating-point", name);
        };
        for (i, a) in values.iter().enumerate() {
            let second = rest
                .first()
                .and_then(|list| list.get(i).or(list.first()))
                .copied();
            let magnitude = format.magnitude(g, a.value);
            let mut row = vec![*a];
            let value = match second {
                None if name.starts_with("llvm.fabs.") => {
                    let plus = g.truth(false);
                    g.concat(&[magnitude, plus])
                }
                Some(b) if name.starts_with("llvm.copysign.") => {
                    row.push(b);
                    let sign = format.sign(g, b.value);
                    g.concat(&[magnitude, sign])
                }
                Some(b) if name.starts_with("llvm.is.fpclass") => match g.as_constant(b.value) {
                    Some(test) => format.class(g, a.value, test),
                    None => return Stop::because("floating-point", name),
                },
                _ => return Stop::because("floating-point", name),
            };
            let poison = self.poison_of(g, &row, false);
            let poison = g.any(&poison);
            let undef = self.undef_of(g, &row);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
        }
        Ok(out)
    }
}

/// Bits of a literal.
pub(super) fn literal(g: &mut Graph, ty: &Type, text: &str) -> Result<Lane, Stop> {
    let format = Format::of(ty)?;
    match float::literal(format.kind, text) {
        Some(bits) => {
            let value = g.constant(bits, format.width);
            Ok(Lane::plain(g, value))
        }
        None => Stop::because("floating-point", format!("{ty} {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Random;

    #[test]
    fn formulas_say_of_constants_what_the_interpreter_computes() {
        let mut random = Random::new(5);
        let kind = FloatKind::Half;
        let format = Format::of(&Type::Float(kind)).unwrap();
        for _ in 0..4_000 {
            let mut g = Graph::new();
            let special = [0, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x7d01, 1, 0x3c00];
            let draw = |random: &mut Random| match random.below(3) {
                0 => special[random.below(8) as usize],
                _ => u128::from(random.below(1 << 16)),
            };
            let (a, b) = (draw(&mut random), draw(&mut random));
            let (x, y) = (g.constant(a, 16), g.constant(b, 16));
            for predicate in [
                "true", "false", "ord", "uno", "oeq", "ueq", "one", "une", "olt", "ult", "ole",
                "ule", "ogt", "ugt", "oge", "uge",
            ] {
                let node = format.compare(&mut g, predicate, x, y).unwrap();
                let wanted = float::compare(predicate, kind, a, b).map(u128::from);
                assert_eq!(g.as_constant(node), wanted, "{a:x} {predicate} {b:x}");
            }
            let test = u128::from(random.below(1 << 10));
            let node = format.class(&mut g, x, test);
            let class = float::class(kind, a).unwrap();
            assert_eq!(
                g.as_constant(node),
                Some(test >> class & 1),
                "{a:x} {test:x}"
            );
            assert_eq!(
                {
                    let nan = format.is_nan(&mut g, x);
                    g.as_constant(nan)
                },
                Some(u128::from(float::is_nan(kind, a)))
            );
        }
    }
}
