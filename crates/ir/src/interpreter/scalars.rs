//! Operations on scalars: arithmetic, comparisons, choices, conversions.

use super::evaluate::Frame;
use super::{Scalar, Stop};
use crate::fold::{self, Folded};
use crate::instruction::{CastOp, Flags};
use crate::memory::Pointer;
use crate::module::ValueId;
use crate::types::Type;

type Lanes = Vec<Scalar>;

/// Undef in, undef out: where one operand gives every result, whatever the other is.
fn stays_undef(op: crate::BinaryOp, flags: Flags, a: Scalar, b: Scalar) -> Option<Scalar> {
    use crate::BinaryOp::{AShr, Add, LShr, Shl, Sub, Xor};
    if flags.nsw || flags.nuw || flags.exact {
        return None;
    }
    let every = match op {
        Add | Sub | Xor => {
            let known = |s: Scalar| matches!(s, Scalar::Int(_) | Scalar::Undef);
            (a == Scalar::Undef && known(b)) || (b == Scalar::Undef && known(a))
        }
        Shl | LShr | AShr => a == Scalar::Undef && b == Scalar::Int(0),
        _ => false,
    };
    every.then_some(Scalar::Undef)
}

impl Frame<'_> {
    pub(super) fn binary(
        &self,
        op: crate::BinaryOp,
        flags: Flags,
        width: u32,
        a: Scalar,
        b: Scalar,
    ) -> Result<Scalar, Stop> {
        use crate::BinaryOp::{SDiv, SRem, UDiv, URem};
        let divides = matches!(op, UDiv | SDiv | URem | SRem);
        if divides && b == Scalar::Undef {
            return Stop::undefined("division by undef");
        }
        if let Some(undef) = stays_undef(op, flags, a, b) {
            return Ok(undef);
        }
        let (a, b) = (self.need(a, width)?, self.need(b, width)?);
        let folded = match (a, b) {
            (Some(a), Some(b)) => fold::binary(op, flags, width, a, b),
            (_, None) if divides => return Stop::undefined("division by poison"),
            (None, Some(0)) if divides => return Stop::undefined("division by zero"),
            (None, Some(b)) if matches!(op, SDiv | SRem) && b == fold::mask(width) => {
                return Stop::undefined("signed division of poison by -1");
            }
            _ => Folded::Poison,
        };
        match folded {
            Folded::Bits(bits) => Ok(Scalar::Int(bits)),
            Folded::Poison => Ok(Scalar::Poison),
            Folded::Undefined => Stop::undefined(if b == Some(0) {
                "division by zero"
            } else {
                "signed division overflow"
            }),
        }
    }

    pub(super) fn compare(
        &self,
        predicate: crate::Predicate,
        flags: Flags,
        width: u32,
        a: Scalar,
        b: Scalar,
    ) -> Result<Scalar, Stop> {
        let truth = |b: bool| Ok(Scalar::Int(u128::from(b)));
        if let (Scalar::Pointer(p), Scalar::Pointer(q)) = (a, b) {
            return truth(self.compare_pointers(predicate, p, q)?);
        }
        if matches!((a, b), (Scalar::Poison, _) | (_, Scalar::Poison)) {
            return Ok(Scalar::Poison);
        }
        match (self.need(a, width)?, self.need(b, width)?) {
            (Some(a), Some(b)) if flags.samesign && (a ^ b) >> (width - 1) != 0 => {
                Ok(Scalar::Poison)
            }
            (Some(a), Some(b)) => truth(fold::compare(predicate, width, a, b)),
            _ => Ok(Scalar::Poison),
        }
    }

    fn compare_pointers(
        &self,
        predicate: crate::Predicate,
        p: Pointer,
        q: Pointer,
    ) -> Result<bool, Stop> {
        use crate::Predicate::{Eq, Ne};
        if p.block == q.block {
            return Ok(fold::compare(
                predicate,
                64,
                u128::from(self.memory.address(p)),
                u128::from(self.memory.address(q)),
            ));
        }
        let hidden = |x: Pointer| self.memory.block(x).is_some_and(|b| b.hidden);
        if !hidden(p) && !hidden(q) {
            return Ok(fold::compare(
                predicate,
                64,
                u128::from(self.memory.address(p)),
                u128::from(self.memory.address(q)),
            ));
        }
        if self.function.null_is_valid {
            return Stop::stuck("memory-model", "an address that null may be");
        }
        // A local's address is unknown, but two pointers into different live blocks differ; so does null.
        let inside = |x: Pointer| x.block == 0 && x.offset == 0 || self.memory.span(x, 1).is_some();
        match predicate {
            Eq | Ne if inside(p) && inside(q) => Ok(predicate == Ne),
            _ => Stop::stuck(
                "memory-model",
                "comparison that depends on the address of a local",
            ),
        }
    }

    pub(super) fn select(
        &self,
        condition: ValueId,
        yes: ValueId,
        no: ValueId,
    ) -> Result<Lanes, Stop> {
        let condition = self.lanes(condition)?;
        let (yes, no) = (self.lanes(yes)?, self.lanes(no)?);
        let pick = |c: Scalar, y: Scalar, n: Scalar| {
            Ok(match self.need(c, 1)? {
                None => Scalar::Poison,
                Some(0) => n,
                Some(_) => y,
            })
        };
        if let [one] = condition.as_slice() {
            return yes
                .into_iter()
                .zip(no)
                .map(|(y, n)| pick(*one, y, n))
                .collect();
        }
        condition
            .into_iter()
            .zip(yes)
            .zip(no)
            .map(|((c, y), n)| pick(c, y, n))
            .collect()
    }

    pub(super) fn cast(
        &self,
        id: ValueId,
        op: CastOp,
        flags: Flags,
        value: ValueId,
    ) -> Result<Lanes, Stop> {
        let (from, to) = (
            self.function.ty(value).clone(),
            self.function.ty(id).clone(),
        );
        if let CastOp::Float(name) = op {
            return self.float_cast(id, name.0, flags, value);
        }
        let lanes = self.lanes(value)?;
        if op == CastOp::BitCast {
            return self.bitcast(lanes, &from, &to);
        }
        if op == CastOp::IntToPtr {
            return Stop::stuck("memory-model", "inttoptr");
        }
        let (narrow, wide) = (self.width(value)?, self.width(id)?);
        lanes
            .into_iter()
            .map(|lane| {
                if let Scalar::Pointer(p) = lane {
                    if self.memory.block(p).is_some_and(|b| b.hidden) {
                        return Stop::stuck("memory-model", "address of a local");
                    }
                    return Ok(Scalar::Int(
                        u128::from(self.memory.address(p)) & fold::mask(wide),
                    ));
                }
                if lane == Scalar::Undef && op == CastOp::Trunc && !flags.nuw && !flags.nsw {
                    return Ok(Scalar::Undef);
                }
                let Some(bits) = self.need(lane, narrow)? else {
                    return Ok(Scalar::Poison);
                };
                Ok(match op {
                    CastOp::ZExt if flags.nneg && bits >> (narrow - 1) != 0 => Scalar::Poison,
                    CastOp::SExt => {
                        Scalar::Int(fold::signed(bits, narrow) as u128 & fold::mask(wide))
                    }
                    CastOp::Trunc => {
                        let cut = bits & fold::mask(wide);
                        let lost = (flags.nuw && cut != bits)
                            || (flags.nsw && fold::signed(cut, wide) != fold::signed(bits, narrow));
                        if lost {
                            Scalar::Poison
                        } else {
                            Scalar::Int(cut)
                        }
                    }
                    _ => Scalar::Int(bits),
                })
            })
            .collect()
    }

    pub(super) fn bitcast(&self, lanes: Lanes, from: &Type, to: &Type) -> Result<Lanes, Stop> {
        if from == to {
            return Ok(lanes);
        }
        let width = |ty: &Type| match ty.scalar() {
            Type::Float(kind) => Some(kind.bits()),
            ty => ty.int_bits().filter(|bits| *bits <= 128),
        };
        let (Some(a), Some(b)) = (width(from), width(to)) else {
            return Stop::stuck(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        };
        let Some(count) = self.module.lanes(to).map(|l| l.len() as u32) else {
            return Stop::stuck("unsupported-instruction", format!("bitcast to {to}"));
        };
        if a * lanes.len() as u32 != b * count {
            return Stop::stuck(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        }
        // Lane 0 holds the low bits, or on a big-endian machine the high ones. A result with one poison bit is poison.
        let mut bits: Vec<Option<bool>> = Vec::new();
        let mut lanes = lanes;
        let big = self.module.layout.big_endian;
        if big {
            lanes.reverse();
        }
        for lane in lanes {
            let value = self.need(lane, a)?;
            bits.extend((0..a).map(|i| value.map(|v| v >> i & 1 == 1)));
        }
        let mut out: Lanes = bits
            .chunks(b as usize)
            .map(|chunk| {
                chunk
                    .iter()
                    .enumerate()
                    .try_fold(0u128, |acc, (i, bit)| {
                        bit.map(|bit| acc | u128::from(bit) << i)
                    })
                    .map_or(Scalar::Poison, Scalar::Int)
            })
            .collect();
        if big {
            out.reverse();
        }
        Ok(out)
    }
}
