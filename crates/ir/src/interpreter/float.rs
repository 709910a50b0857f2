//! Floating point in the interpreter: lanes are bits, arithmetic is `float`'s.
//!
//! A NaN that arithmetic makes may have any sign and payload: the target's is the quiet one without a payload, on the source's side a run
//! that makes one has no answer.

use super::evaluate::Frame;
use super::{Choice, Scalar, Stop};
use crate::float::{self, FastMath};
use crate::fold::{Folded, mask};
use crate::instruction::Flags;
use crate::module::ValueId;
use crate::types::{FloatKind, Type};

impl Frame<'_> {
    fn float_kind(&self, id: ValueId) -> Result<FloatKind, Stop> {
        match self.function.ty(id).scalar() {
            Type::Float(kind) => Ok(*kind),
            ty => Stop::stuck("floating-point", format!("floating point at {ty}")),
        }
    }

    pub(super) fn float_arithmetic(
        &self,
        mnemonic: &str,
        operands: &[ValueId],
    ) -> Result<Vec<Scalar>, Stop> {
        let (name, flags, predicate) = float::mnemonic(mnemonic);
        let kind = self.float_kind(operands[0])?;
        let width = self.width(operands[0])?;
        let mut columns = Vec::new();
        for operand in operands {
            columns.push(self.lanes(*operand)?);
        }
        let count = columns.iter().map(Vec::len).min().unwrap_or(0);
        (0..count)
            .map(|lane| {
                let mut bits = Vec::new();
                for column in &columns {
                    match self.need(column[lane], width)? {
                        Some(value) => bits.push(value),
                        None => return Ok(Scalar::Poison),
                    }
                }
                if bits.iter().any(|b| excluded(flags, kind, *b)) {
                    return Ok(Scalar::Poison);
                }
                let known = match (name, bits.as_slice()) {
                    ("fneg", [a]) if !flags.no_signed_zero => Some(a ^ 1 << (width - 1)),
                    ("fcmp", [a, b]) => float::compare(predicate, kind, *a, *b).map(u128::from),
                    (_, [a, b]) if !flags.loose => float::arithmetic(name, kind, *a, *b),
                    _ => None,
                };
                let Some(result) = known else {
                    return Stop::stuck("floating-point", mnemonic);
                };
                if name == "fcmp" || name == "fneg" {
                    return Ok(Scalar::Int(result));
                }
                let zero = result & mask(width - 1) == 0;
                let signless = flags.no_signed_zero && (zero || name == "fdiv");
                if excluded(flags, kind, result) {
                    return Ok(Scalar::Poison);
                }
                if signless {
                    return Stop::stuck("floating-point", "a zero of either sign");
                }
                self.any_nan(kind, result)
            })
            .collect()
    }

    fn any_nan(&self, kind: FloatKind, bits: u128) -> Result<Scalar, Stop> {
        if float::is_nan(kind, bits) && matches!(self.choice, Choice::Refuse | Choice::Scripted) {
            return Stop::stuck("floating-point", "a NaN of any payload");
        }
        Ok(Scalar::Int(bits))
    }

    pub(super) fn float_cast(
        &self,
        id: ValueId,
        name: &'static str,
        flags: Flags,
        value: ValueId,
    ) -> Result<Vec<Scalar>, Stop> {
        let (from, to) = (
            self.function.ty(value).scalar().clone(),
            self.function.ty(id).scalar().clone(),
        );
        let width = self.width(value)?;
        self.lanes(value)?
            .into_iter()
            .map(|lane| {
                let Some(bits) = self.need(lane, width)? else {
                    return Ok(Scalar::Poison);
                };
                let known = match (name, &from, &to) {
                    ("uitofp", Type::Int(_), _) if flags.nneg && bits >> (width - 1) != 0 => {
                        return Ok(Scalar::Poison);
                    }
                    ("uitofp" | "sitofp", Type::Int(width), Type::Float(kind)) => {
                        float::from_integer(*kind, *width, name == "sitofp", bits)
                    }
                    ("fptoui" | "fptosi", Type::Float(kind), Type::Int(width)) => {
                        match float::to_integer(*kind, *width, name == "fptosi", bits) {
                            Some(Folded::Bits(bits)) => Some(bits),
                            Some(_) => return Ok(Scalar::Poison),
                            None => None,
                        }
                    }
                    ("fpext" | "fptrunc", Type::Float(from), Type::Float(to)) => {
                        match float::convert(*from, *to, bits) {
                            Some(bits) => return self.any_nan(*to, bits),
                            None => None,
                        }
                    }
                    _ => None,
                };
                match known {
                    Some(bits) => Ok(Scalar::Int(bits)),
                    None => Stop::stuck("floating-point", name),
                }
            })
            .collect()
    }

    pub(super) fn float_intrinsic(
        &self,
        id: ValueId,
        name: &str,
        arguments: &[Vec<Scalar>],
    ) -> Result<Vec<Scalar>, Stop> {
        let stuck = || Stop::Stuck("floating-point", format!("@{name}"));
        let first = self.function.op(id).map(crate::Op::operands);
        let Some(&first) = first.as_ref().and_then(|list| list.first()) else {
            return Err(stuck());
        };
        let kind = self.float_kind(first)?;
        let width = self.width(first)?;
        let (Some(values), second) = (arguments.first(), arguments.get(1)) else {
            return Err(stuck());
        };
        values
            .iter()
            .enumerate()
            .map(|(i, lane)| {
                let Some(a) = self.need(*lane, width)? else {
                    return Ok(Scalar::Poison);
                };
                let second = second.and_then(|list| list.get(i).or(list.first()));
                let sign = 1u128 << (width - 1);
                Ok(Scalar::Int(if name.starts_with("llvm.fabs.") {
                    a & !sign
                } else if let Some(second) = second {
                    let Some(b) = self.need(*second, width)? else {
                        return Ok(Scalar::Poison);
                    };
                    if name.starts_with("llvm.copysign.") {
                        a & !sign | b & sign
                    } else {
                        match float::class(kind, a) {
                            Some(class) => b >> class & 1,
                            None => return Err(stuck()),
                        }
                    }
                } else {
                    return Err(stuck());
                }))
            })
            .collect()
    }
}

/// Whether a flag makes a value poison.
fn excluded(flags: FastMath, kind: FloatKind, bits: u128) -> bool {
    (flags.no_nan && float::is_nan(kind, bits))
        || (flags.no_infinity && matches!(float::class(kind, bits), Some(2 | 9)))
}
