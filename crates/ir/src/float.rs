//! Floating point by its bits, by IEEE 754: literals, conversions, arithmetic that rounds to nearest, ties to even.
//!
//! Formats narrower than `double` are computed in `double` and rounded once more, which gives the same as rounding once: its fraction
//! is more than twice as long as theirs (Figueroa, "When is double rounding innocuous?", 1995).

use crate::fold::{Folded, mask, signed};
use crate::types::FloatKind;

/// A number taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Nan,
    /// Negative or not.
    Infinite(bool),
    /// Negative or not; an integer times a power of two.
    Finite(bool, u128, i32),
}

/// Bits of the exponent and of the fraction; `None` for formats that are not IEEE's.
#[must_use]
pub fn fields(kind: FloatKind) -> Option<(u32, u32)> {
    match kind {
        FloatKind::Half => Some((5, 10)),
        FloatKind::Bfloat => Some((8, 7)),
        FloatKind::Float => Some((8, 23)),
        FloatKind::Double => Some((11, 52)),
        FloatKind::Fp128 => Some((15, 112)),
        FloatKind::X86Fp80 | FloatKind::PpcFp128 => None,
    }
}

fn bias(exponent_bits: u32) -> i32 {
    (1 << (exponent_bits - 1)) - 1
}

fn take_apart(kind: FloatKind, bits: u128) -> Option<Number> {
    let (e, f) = fields(kind)?;
    let negative = bits >> (e + f) & 1 == 1;
    let (exponent, fraction) = (bits >> f & mask(e), bits & mask(f));
    Some(if exponent == mask(e) {
        if fraction == 0 {
            Number::Infinite(negative)
        } else {
            Number::Nan
        }
    } else {
        let lowest = 1 - bias(e) - f as i32;
        if exponent == 0 {
            Number::Finite(negative, fraction, lowest)
        } else {
            Number::Finite(negative, fraction | 1 << f, lowest + exponent as i32 - 1)
        }
    })
}

/// The nearest value of a format, and whether it is the number itself. A NaN becomes the quiet one without a payload.
fn put_together(kind: FloatKind, number: Number) -> Option<(u128, bool)> {
    let (e, f) = fields(kind)?;
    let infinity = mask(e) << f;
    let signed = |negative: bool, bits: u128| bits | u128::from(negative) << (e + f);
    Some(match number {
        Number::Nan => (infinity | 1 << (f - 1), true),
        Number::Infinite(negative) => (signed(negative, infinity), true),
        Number::Finite(negative, 0, _) => (signed(negative, 0), true),
        Number::Finite(negative, integer, power) => {
            let lowest = 1 - bias(e) - f as i32;
            // The place of the last bit that is kept.
            let length = 128 - integer.leading_zeros() as i32;
            let last = (power + length - 1 - f as i32).max(lowest);
            let drop = last - power;
            let (mut kept, exact) = if drop <= 0 {
                (integer << -drop, true)
            } else if drop > 128 {
                (0, false)
            } else {
                let kept = integer.checked_shr(drop as u32).unwrap_or(0);
                let rest = integer & mask(drop as u32);
                let half = 1u128 << (drop - 1);
                let up = rest > half || (rest == half && kept & 1 == 1);
                (kept + u128::from(up), rest == 0)
            };
            let mut last = last;
            if kept >> (f + 1) != 0 {
                kept >>= 1;
                last += 1;
            }
            // A fraction without its leading one is below the normal range.
            let exponent = if kept >> f == 0 { 0 } else { last - lowest + 1 };
            if exponent >= mask(e) as i32 {
                (signed(negative, infinity), false)
            } else {
                let bits = (exponent as u128) << f | kept & mask(f);
                (signed(negative, bits), exact)
            }
        }
    })
}

/// Bits of a literal as the language writes it; `None` where the format does not hold exactly what is written.
#[must_use]
pub fn literal(kind: FloatKind, text: &str) -> Option<u128> {
    let hex = |digits: &str| u128::from_str_radix(digits, 16).ok();
    if let Some(rest) = text.strip_prefix("0x") {
        let (format, digits) = match rest.as_bytes().first()? {
            b'H' => (FloatKind::Half, &rest[1..]),
            b'R' => (FloatKind::Bfloat, &rest[1..]),
            b'L' => (FloatKind::Fp128, &rest[1..]),
            b'K' | b'M' => return None,
            _ => (FloatKind::Double, rest),
        };
        let bits = hex(digits)? & mask(format.bits());
        if format == FloatKind::Fp128 {
            // The low half stands first.
            return (kind == format).then_some(bits.rotate_left(64));
        }
        return if format == kind {
            Some(bits)
        } else {
            match take_apart(format, bits)? {
                Number::Nan => narrow_nan(kind, bits),
                number => put_together(kind, number)
                    .filter(|(_, exact)| *exact)
                    .map(|(bits, _)| bits),
            }
        };
    }
    decimal(text).and_then(|number| {
        put_together(kind, number)
            .filter(|(_, exact)| *exact)
            .map(|(bits, _)| bits)
    })
}

/// A NaN that is written as a double keeps the upper bits of its payload.
fn narrow_nan(kind: FloatKind, double: u128) -> Option<u128> {
    let (e, f) = fields(kind)?;
    if f > 52 || double & mask(52 - f) != 0 {
        return None;
    }
    let payload = (double & mask(52)) >> (52 - f);
    Some((double >> 63) << (e + f) | mask(e) << f | payload)
}

fn decimal(text: &str) -> Option<Number> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let mut integer = 0u128;
    let mut ten = exponent;
    for (i, digit) in whole.chars().chain(part.chars()).enumerate() {
        integer = integer
            .checked_mul(10)?
            .checked_add(u128::from(digit.to_digit(10)?))?;
        ten = ten.checked_sub(i32::from(i >= whole.len()))?;
    }
    if integer == 0 {
        return Some(Number::Finite(negative, 0, 0));
    }
    // 10^n is 5^n times 2^n.
    let mut five = ten;
    while five > 0 {
        integer = integer.checked_mul(5)?;
        five -= 1;
    }
    while five < 0 {
        if !integer.is_multiple_of(5) {
            return None;
        }
        integer /= 5;
        five += 1;
    }
    Some(Number::Finite(negative, integer, ten))
}

/// Whether a function is one of the intrinsics on floating point that are modelled: exact ones, on bits alone.
#[must_use]
pub fn is_intrinsic(name: &str) -> bool {
    ["llvm.fabs.", "llvm.copysign.", "llvm.is.fpclass"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Fast-math flags of a mnemonic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FastMath {
    /// A NaN operand or result is poison.
    pub no_nan: bool,
    /// An infinite operand or result is poison.
    pub no_infinity: bool,
    /// The sign of a zero may be either.
    pub no_signed_zero: bool,
    /// The result may be that of another formula.
    pub loose: bool,
}

/// The instruction, its flags, and the predicate of an `fcmp`.
#[must_use]
pub fn mnemonic(text: &str) -> (&str, FastMath, &str) {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or("");
    let (mut flags, mut predicate) = (FastMath::default(), "");
    for word in words {
        match word {
            "nnan" => flags.no_nan = true,
            "ninf" => flags.no_infinity = true,
            "nsz" => flags.no_signed_zero = true,
            "arcp" | "contract" | "afn" | "reassoc" => flags.loose = true,
            "fast" => {
                flags = FastMath {
                    no_nan: true,
                    no_infinity: true,
                    no_signed_zero: true,
                    loose: true,
                }
            }
            _ => predicate = word,
        }
    }
    (name, flags, predicate)
}

/// Whether bits are a NaN.
#[must_use]
pub fn is_nan(kind: FloatKind, bits: u128) -> bool {
    take_apart(kind, bits) == Some(Number::Nan)
}

fn as_double(kind: FloatKind, bits: u128) -> Option<f64> {
    if kind == FloatKind::Fp128 {
        return None;
    }
    let (bits, _) = put_together(FloatKind::Double, take_apart(kind, bits)?)?;
    Some(f64::from_bits(bits as u64))
}

/// `fadd`, `fsub`, `fmul` or `fdiv`; of a NaN the bits mean nothing but that it is one.
#[must_use]
pub fn arithmetic(name: &str, kind: FloatKind, a: u128, b: u128) -> Option<u128> {
    let (x, y) = (as_double(kind, a)?, as_double(kind, b)?);
    let result = match name {
        "fadd" => x + y,
        "fsub" => x - y,
        "fmul" => x * y,
        "fdiv" => x / y,
        _ => return None,
    };
    convert(FloatKind::Double, kind, u128::from(result.to_bits()))
}

/// The value in another format, rounded.
#[must_use]
pub fn convert(from: FloatKind, to: FloatKind, bits: u128) -> Option<u128> {
    put_together(to, take_apart(from, bits)?).map(|(bits, _)| bits)
}

/// `fcmp` by its predicate.
#[must_use]
pub fn compare(predicate: &str, kind: FloatKind, a: u128, b: u128) -> Option<bool> {
    let (x, y) = (as_double(kind, a)?, as_double(kind, b)?);
    let order = x.partial_cmp(&y);
    Some(match (predicate, order) {
        ("true", _) | ("uno", None) => true,
        ("false", _) | ("uno", Some(_)) | ("ord", None) => false,
        ("ord", Some(_)) => true,
        (_, None) => predicate.starts_with('u'),
        (_, Some(order)) => match predicate.get(1..)? {
            "eq" => order.is_eq(),
            "ne" => order.is_ne(),
            "lt" => order.is_lt(),
            "le" => order.is_le(),
            "gt" => order.is_gt(),
            "ge" => order.is_ge(),
            _ => return None,
        },
    })
}

/// An integer as the nearest number of a format; `None` where that is infinite.
#[must_use]
pub fn from_integer(kind: FloatKind, width: u32, is_signed: bool, bits: u128) -> Option<u128> {
    let number = if is_signed {
        let value = signed(bits, width);
        Number::Finite(value < 0, value.unsigned_abs(), 0)
    } else {
        Number::Finite(false, bits, 0)
    };
    let (bits, _) = put_together(kind, number)?;
    matches!(take_apart(kind, bits), Some(Number::Finite(..))).then_some(bits)
}

/// The integer towards zero; poison where it does not fit.
#[must_use]
pub fn to_integer(kind: FloatKind, width: u32, is_signed: bool, bits: u128) -> Option<Folded> {
    let Number::Finite(negative, integer, power) = take_apart(kind, bits)? else {
        return Some(Folded::Poison);
    };
    let whole = if power >= 0 {
        if integer != 0 && integer.leading_zeros() < power as u32 {
            return Some(Folded::Poison);
        }
        integer.checked_shl(power as u32).unwrap_or(0)
    } else {
        integer.checked_shr(power.unsigned_abs()).unwrap_or(0)
    };
    let limit = match (is_signed, negative) {
        (true, true) => 1u128 << (width - 1),
        (true, false) => mask(width - 1),
        (false, true) => 0,
        (false, false) => mask(width),
    };
    Some(if whole > limit {
        Folded::Poison
    } else if negative {
        Folded::Bits(whole.wrapping_neg() & mask(width))
    } else {
        Folded::Bits(whole)
    })
}

/// The bit of `llvm.is.fpclass` that a value has.
#[must_use]
pub fn class(kind: FloatKind, bits: u128) -> Option<u32> {
    let (e, f) = fields(kind)?;
    let quiet = bits >> (f - 1) & 1 == 1;
    let (negative, distance) = match take_apart(kind, bits)? {
        Number::Nan => return Some(u32::from(quiet)),
        Number::Infinite(negative) => (negative, 3),
        Number::Finite(negative, 0, _) => (negative, 0),
        Number::Finite(negative, ..) => {
            let normal = bits >> f & mask(e) != 0;
            (negative, if normal { 2 } else { 1 })
        }
    };
    // From negative infinity at 2 to positive infinity at 9.
    Some(if negative { 5 - distance } else { 6 + distance })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(state: &mut u64) -> u64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Exponents near each other, so that sums are not one of their terms.
        let bits = *state ^ *state >> 29;
        let exponent = 0x3f8 + (*state >> 33) % 16;
        match *state >> 60 {
            0 => bits & 0x800f_ffff_ffff_ffff,
            1 => bits,
            2 => [0, 1 << 63, 0x7ff0 << 48, 0xfff0 << 48, 0x7ff8 << 48][bits as usize % 5],
            _ => bits & 0x800f_ffff_ffff_ffff | exponent << 52,
        }
    }

    #[test]
    fn single_precision_is_what_the_machine_computes() {
        let mut state = 7;
        for _ in 0..200_000 {
            let (a, b) = (
                f64::from_bits(draw(&mut state)) as f32,
                f64::from_bits(draw(&mut state)) as f32,
            );
            for (name, wanted) in [
                ("fadd", a + b),
                ("fsub", a - b),
                ("fmul", a * b),
                ("fdiv", a / b),
            ] {
                let found = arithmetic(
                    name,
                    FloatKind::Float,
                    u128::from(a.to_bits()),
                    u128::from(b.to_bits()),
                )
                .unwrap();
                let found = f32::from_bits(found as u32);
                assert!(
                    found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan()),
                    "{a} {name} {b}: {found}, not {wanted}"
                );
            }
        }
    }

    #[test]
    fn conversions_are_what_the_machine_computes() {
        let mut state = 11;
        for _ in 0..200_000 {
            let bits = draw(&mut state);
            let x = f64::from_bits(bits);
            if !x.is_nan() {
                let narrow = convert(FloatKind::Double, FloatKind::Float, u128::from(bits));
                assert_eq!(narrow, Some(u128::from((x as f32).to_bits())), "{x}");
            }
            let scaled = f64::from_bits(bits & !(0x7ff << 52) | (0x3ff + bits % 70) << 52);
            let cut = scaled.trunc();
            let fits = (-2_147_483_648.0..2_147_483_648.0).contains(&cut);
            let found = to_integer(FloatKind::Double, 32, true, u128::from(scaled.to_bits()));
            let wanted = if fits {
                Folded::Bits(u128::from(scaled as i32 as u32))
            } else {
                Folded::Poison
            };
            assert_eq!(found, Some(wanted), "{scaled}");
            let integer = bits as i64 >> (bits % 60);
            assert_eq!(
                from_integer(FloatKind::Float, 64, true, u128::from(integer as u64)),
                Some(u128::from((integer as f32).to_bits()))
            );
            assert_eq!(
                from_integer(FloatKind::Double, 64, false, u128::from(integer as u64)),
                Some(u128::from((integer as u64 as f64).to_bits()))
            );
        }
    }

    #[test]
    fn literals() {
        for (kind, text, bits) in [
            (FloatKind::Double, "1.000000e+01", 10.0f64.to_bits().into()),
            (FloatKind::Double, "-0.0", 1 << 63),
            (
                FloatKind::Double,
                "0x7ff0000000000001",
                0x7ff0_0000_0000_0001,
            ),
            (
                FloatKind::Float,
                "0x3FB99999A0000000",
                0.1f32.to_bits().into(),
            ),
            (
                FloatKind::Float,
                "-3.000000e+00",
                (-3.0f32).to_bits().into(),
            ),
            (FloatKind::Half, "-0.25", 0xb400),
            (FloatKind::Half, "0xH3C00", 0x3c00),
            (FloatKind::Bfloat, "3.0", 16448),
            (
                FloatKind::Fp128,
                "0xL0000000000000000C000000000000000",
                0xc000 << 112,
            ),
        ] {
            assert_eq!(literal(kind, text), Some(bits), "{text}");
        }
        for (kind, text) in [
            (FloatKind::Float, "0.1"),
            (FloatKind::Half, "65536.0"),
            (FloatKind::Double, "1e400"),
            (FloatKind::Double, "x"),
        ] {
            assert_eq!(literal(kind, text), None, "{text}");
        }
    }

    #[test]
    fn classes_and_orders() {
        for (text, bit) in [
            ("0x7FF8000000000000", 1),
            ("0x7ff0000000000001", 0),
            ("-1.0", 3),
            ("-0.0", 5),
            ("0.0", 6),
            ("0x0000000000000001", 7),
            ("0xFFF0000000000000", 2),
            ("0x7FF0000000000000", 9),
        ] {
            let bits = literal(FloatKind::Double, text).unwrap();
            assert_eq!(class(FloatKind::Double, bits), Some(bit), "{text}");
        }
        let (one, nan) = (0x3c00, 0x7e00);
        let holds = |predicate, a, b| compare(predicate, FloatKind::Half, a, b).unwrap();
        assert!(holds("oeq", 0, 0x8000) && holds("ult", nan, one) && !holds("olt", nan, one));
        assert!(holds("one", one, 0) && !holds("one", nan, 0) && holds("une", nan, nan));
    }
}
