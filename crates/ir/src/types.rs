//! Types and the little of the data layout that programs can observe.

use std::fmt;
use std::rc::Rc;

/// A first-class type. Typed pointers of LLVM 14 and earlier are read as `Pointer`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// No value.
    Void,
    /// `iN`.
    Int(u32),
    /// `ptr` in the default address space.
    Pointer,
    /// `half`, `float`, `double`, ...: carried by name.
    Float(FloatKind),
    /// `<N x T>`.
    Vector(u32, Rc<Type>),
    /// `[N x T]`.
    Array(u64, Rc<Type>),
    /// `{ ... }`, or `<{ ... }>` when packed.
    Struct(Rc<[Type]>, bool),
    /// `%name`; `Module::resolve` gives the body.
    Named(Rc<str>),
    /// Types that are read but never given a meaning: `label`, `token`, `metadata`, scalable vectors, target types.
    Opaque(Rc<str>),
}

/// Floating-point formats by their LLVM name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatKind {
    /// 16 bits, IEEE.
    Half,
    /// 16 bits, brain.
    Bfloat,
    /// 32 bits.
    Float,
    /// 64 bits.
    Double,
    /// 80 bits.
    X86Fp80,
    /// 128 bits.
    Fp128,
    /// Two doubles.
    PpcFp128,
}

impl FloatKind {
    /// The keyword.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::Bfloat => "bfloat",
            Self::Float => "float",
            Self::Double => "double",
            Self::X86Fp80 => "x86_fp80",
            Self::Fp128 => "fp128",
            Self::PpcFp128 => "ppc_fp128",
        }
    }

    /// Bits of the format.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Half | Self::Bfloat => 16,
            Self::Float => 32,
            Self::Double => 64,
            Self::X86Fp80 => 80,
            Self::Fp128 | Self::PpcFp128 => 128,
        }
    }
}

impl Type {
    /// Width of an integer type.
    #[must_use]
    pub fn int_bits(&self) -> Option<u32> {
        if let Self::Int(bits) = self {
            Some(*bits)
        } else {
            None
        }
    }

    /// The integer that a vector is in memory whose elements are no whole bytes: they are packed bit by bit.
    #[must_use]
    pub fn packed(&self) -> Option<Type> {
        match self {
            Self::Vector(n, element) => match **element {
                Self::Int(bits) if bits % 8 != 0 => {
                    let bits = n.checked_mul(bits).filter(|bits| *bits <= 128)?;
                    Some(Self::Int(bits))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The element of a vector, else the type itself.
    #[must_use]
    pub fn scalar(&self) -> &Type {
        if let Self::Vector(_, element) = self {
            element
        } else {
            self
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Void => f.write_str("void"),
            Self::Int(bits) => write!(f, "i{bits}"),
            Self::Pointer => f.write_str("ptr"),
            Self::Float(kind) => f.write_str(kind.name()),
            Self::Vector(n, element) => write!(f, "<{n} x {element}>"),
            Self::Array(n, element) => write!(f, "[{n} x {element}]"),
            Self::Struct(fields, packed) => {
                f.write_str(if *packed { "<{" } else { "{" })?;
                for (i, field) in fields.iter().enumerate() {
                    write!(f, "{}{field}", if i == 0 { " " } else { ", " })?;
                }
                f.write_str(match (fields.is_empty(), packed) {
                    (true, false) => "}",
                    (true, true) => "}>",
                    (false, false) => " }",
                    (false, true) => " }>",
                })
            }
            Self::Named(name) => write!(f, "%{}", crate::printer::quoted(name)),
            Self::Opaque(text) => f.write_str(text),
        }
    }
}

/// Sizes and alignments; 64-bit pointers, or it is not modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// ABI alignment of `i64` in bytes: 4 where no data layout is given, 8 on the usual targets.
    pub i64_align: u64,
    /// ABI alignment of `i128` in bytes.
    pub i128_align: u64,
    /// The most significant byte stands first.
    pub big_endian: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            i64_align: 4,
            i128_align: 4,
            big_endian: false,
        }
    }
}
