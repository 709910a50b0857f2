//! What each integer operation does to concrete bits: the one table that the interpreter runs on and the bit-blaster is tested against.
//!
//! Values are held in the low `width` bits of a `u128`, zero above. Source: the LLVM Language Reference.

use crate::instruction::{BinaryOp, Flags, Predicate};

/// Ones in the low `width` bits; at most 128.
#[must_use]
pub fn mask(width: u32) -> u128 {
    if width >= 128 {
        u128::MAX
    } else {
        (1u128 << width) - 1
    }
}

/// The bits read as two's complement.
#[must_use]
pub fn signed(bits: u128, width: u32) -> i128 {
    if width == 0 || width >= 128 {
        return bits as i128;
    }
    let shift = 128 - width;
    ((bits << shift) as i128) >> shift
}

/// Result of an operation on values that are neither poison nor undef.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// These bits.
    Bits(u128),
    /// A flag or a shift amount made it poison.
    Poison,
    /// Division by zero, or signed division that overflows.
    Undefined,
}

/// `op flags a, b` at a width.
#[must_use]
pub fn binary(op: BinaryOp, flags: Flags, width: u32, a: u128, b: u128) -> Folded {
    let full = mask(width);
    let (sa, sb) = (signed(a, width), signed(b, width));
    let fits = |wide: Option<i128>, bits: u128| wide == Some(signed(bits, width));
    let poison_if = |poison: bool, bits: u128| {
        if poison {
            Folded::Poison
        } else {
            Folded::Bits(bits & full)
        }
    };
    match op {
        BinaryOp::Add => {
            let r = a.wrapping_add(b) & full;
            poison_if(
                (flags.nuw && a.checked_add(b) != Some(r))
                    || (flags.nsw && !fits(sa.checked_add(sb), r)),
                r,
            )
        }
        BinaryOp::Sub => {
            let r = a.wrapping_sub(b) & full;
            poison_if(
                (flags.nuw && a < b) || (flags.nsw && !fits(sa.checked_sub(sb), r)),
                r,
            )
        }
        BinaryOp::Mul => {
            let r = a.wrapping_mul(b) & full;
            poison_if(
                (flags.nuw && a.checked_mul(b) != Some(r))
                    || (flags.nsw && !fits(sa.checked_mul(sb), r)),
                r,
            )
        }
        BinaryOp::UDiv | BinaryOp::URem if b == 0 => Folded::Undefined,
        BinaryOp::UDiv => poison_if(flags.exact && !a.is_multiple_of(b), a / b),
        BinaryOp::URem => Folded::Bits(a % b),
        BinaryOp::SDiv | BinaryOp::SRem if b == 0 || (sb == -1 && a == 1u128 << (width - 1)) => {
            Folded::Undefined
        }
        BinaryOp::SDiv => poison_if(
            flags.exact && sa.wrapping_rem(sb) != 0,
            sa.wrapping_div(sb) as u128,
        ),
        BinaryOp::SRem => Folded::Bits(sa.wrapping_rem(sb) as u128 & full),
        BinaryOp::Shl | BinaryOp::LShr | BinaryOp::AShr if b >= u128::from(width) => Folded::Poison,
        BinaryOp::Shl => {
            let r = (a << b) & full;
            poison_if(
                (flags.nuw && r >> b != a) || (flags.nsw && signed(r, width) >> b != sa),
                r,
            )
        }
        BinaryOp::LShr => poison_if(flags.exact && (a >> b) << b != a, a >> b),
        BinaryOp::AShr => poison_if(flags.exact && (a >> b) << b != a, (sa >> b) as u128),
        BinaryOp::And => Folded::Bits(a & b),
        BinaryOp::Or => poison_if(flags.disjoint && a & b != 0, a | b),
        BinaryOp::Xor => Folded::Bits(a ^ b),
    }
}

/// `icmp predicate a, b` at a width.
#[must_use]
pub fn compare(predicate: Predicate, width: u32, a: u128, b: u128) -> bool {
    let (sa, sb) = (signed(a, width), signed(b, width));
    match predicate {
        Predicate::Eq => a == b,
        Predicate::Ne => a != b,
        Predicate::Ugt => a > b,
        Predicate::Uge => a >= b,
        Predicate::Ult => a < b,
        Predicate::Ule => a <= b,
        Predicate::Sgt => sa > sb,
        Predicate::Sge => sa >= sb,
        Predicate::Slt => sa < sb,
        Predicate::Sle => sa <= sb,
    }
}

/// Intrinsics on integers without memory; operands of one width unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum Intrinsic {
    SMax,
    SMin,
    UMax,
    UMin,
    /// Second operand: the smallest value is poison.
    Abs,
    CtPop,
    /// Second operand: zero is poison.
    CtLz,
    /// Second operand: zero is poison.
    CtTz,
    BSwap,
    BitReverse,
    FShl,
    FShr,
    SAddSat,
    UAddSat,
    SSubSat,
    USubSat,
    SShlSat,
    UShlSat,
    /// Result of any width: -1, 0, 1.
    SCmp,
    /// Result of any width: -1, 0, 1.
    UCmp,
}

impl Intrinsic {
    /// Every intrinsic: name after `llvm.`, number of operands.
    pub const ALL: [(Self, &'static str, usize); 20] = [
        (Self::SMax, "smax", 2),
        (Self::SMin, "smin", 2),
        (Self::UMax, "umax", 2),
        (Self::UMin, "umin", 2),
        (Self::Abs, "abs", 2),
        (Self::CtPop, "ctpop", 1),
        (Self::CtLz, "ctlz", 2),
        (Self::CtTz, "cttz", 2),
        (Self::BSwap, "bswap", 1),
        (Self::BitReverse, "bitreverse", 1),
        (Self::FShl, "fshl", 3),
        (Self::FShr, "fshr", 3),
        (Self::SAddSat, "sadd.sat", 2),
        (Self::UAddSat, "uadd.sat", 2),
        (Self::SSubSat, "ssub.sat", 2),
        (Self::USubSat, "usub.sat", 2),
        (Self::SShlSat, "sshl.sat", 2),
        (Self::UShlSat, "ushl.sat", 2),
        (Self::SCmp, "scmp", 2),
        (Self::UCmp, "ucmp", 2),
    ];

    /// From a callee such as `llvm.smax.i32` or `llvm.smax.v4i32`.
    #[must_use]
    pub fn from_callee(callee: &str) -> Option<(Self, usize)> {
        let rest = callee.strip_prefix("llvm.")?;
        Self::ALL
            .iter()
            .find(|(_, name, _)| {
                rest.strip_prefix(name)
                    .is_some_and(|suffix| suffix.starts_with(".i") || suffix.starts_with(".v"))
            })
            .map(|(intrinsic, _, operands)| (*intrinsic, *operands))
    }
}

/// An intrinsic on concrete bits; `out` is the width of the result.
#[must_use]
pub fn intrinsic(which: Intrinsic, width: u32, out: u32, x: &[u128]) -> Folded {
    let get = |i: usize| x.get(i).copied().unwrap_or(0);
    let (a, b) = (get(0), get(1));
    let (sa, sb) = (signed(a, width), signed(b, width));
    let full = mask(width);
    let smallest = 1u128 << (width - 1);
    let largest = smallest - 1;
    let w = u128::from(width);
    let three_way = |order: std::cmp::Ordering| (order as i128 as u128) & mask(out);
    let clamp_signed = |value: Option<i128>, negative: bool| match value {
        Some(v) if v == signed(v as u128 & full, width) => v as u128 & full,
        _ => {
            if negative {
                smallest
            } else {
                largest
            }
        }
    };
    Folded::Bits(match which {
        Intrinsic::SMax => {
            if sa >= sb {
                a
            } else {
                b
            }
        }
        Intrinsic::SMin => {
            if sa <= sb {
                a
            } else {
                b
            }
        }
        Intrinsic::UMax => a.max(b),
        Intrinsic::UMin => a.min(b),
        Intrinsic::Abs => {
            if a == smallest && b != 0 {
                return Folded::Poison;
            }
            sa.wrapping_abs() as u128 & full
        }
        Intrinsic::CtPop => u128::from(a.count_ones()) & full,
        Intrinsic::CtLz | Intrinsic::CtTz if a == 0 => {
            if b != 0 {
                return Folded::Poison;
            }
            w & full
        }
        Intrinsic::CtLz => u128::from(a.leading_zeros() + width - 128) & full,
        Intrinsic::CtTz => u128::from(a.trailing_zeros()) & full,
        Intrinsic::BSwap => a.swap_bytes() >> (128 - width),
        Intrinsic::BitReverse => a.reverse_bits() >> (128 - width),
        Intrinsic::FShl | Intrinsic::FShr => {
            let shift = get(2) % w;
            let left = if which == Intrinsic::FShl {
                shift
            } else {
                w - shift
            };
            if left == 0 {
                a
            } else if left == w {
                b
            } else {
                ((a << left) | (b >> (w - left))) & full
            }
        }
        Intrinsic::SAddSat => clamp_signed(sa.checked_add(sb), sa < 0),
        Intrinsic::SSubSat => clamp_signed(sa.checked_sub(sb), sa < 0),
        Intrinsic::UAddSat => a.checked_add(b).map_or(full, |r| r.min(full)),
        Intrinsic::USubSat => a.saturating_sub(b),
        Intrinsic::SShlSat | Intrinsic::UShlSat if b >= w => return Folded::Poison,
        Intrinsic::SShlSat => {
            let r = (a << b) & full;
            if signed(r, width) >> b == sa {
                r
            } else if sa < 0 {
                smallest
            } else {
                largest
            }
        }
        Intrinsic::UShlSat => {
            let r = (a << b) & full;
            if r >> b == a { r } else { full }
        }
        Intrinsic::SCmp => three_way(sa.cmp(&sb)),
        Intrinsic::UCmp => three_way(a.cmp(&b)),
    })
}

/// `llvm.{s,u}{add,sub,mul}.with.overflow`: the operation and whether it is signed.
#[must_use]
pub fn overflow_intrinsic(callee: &str) -> Option<(BinaryOp, bool)> {
    let (name, _) = callee
        .strip_prefix("llvm.")?
        .split_once(".with.overflow.")?;
    let (sign, op) = name.split_at_checked(1)?;
    Some((
        BinaryOp::from_name(op)
            .filter(|op| matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul))?,
        match sign {
            "s" => true,
            "u" => false,
            _ => return None,
        },
    ))
}
