//! One signature for functions of several languages, so that C's pointer and length, Rust's `&[T]` and D's `T[]` can be compared.
//!
//! Both functions are rewritten to take and give what the signature says, as plain values:
//!
//! | signature | as a parameter | what the languages make of it |
//! |---|---|---|
//! | `i8` ... `i128`, `f32`, `f64` | itself | itself |
//! | `bool` | `i1` | `i1`, or a wider integer of which 0 is false |
//! | `slice<T>` | `ptr`, `i64` elements | pointer and integer in either order (the integer of any width), or D's `{ i64, ptr }` |
//! | `out<T>` | `ptr` to one `T` | a pointer |
//! | `option<T>`, as a result | `{ i1, T }`, the value 0 where there is none | `{ iN, T }` as rustc has it, or C's `bool` beside a last `out<T>` |
//!
//! A panic, an abort and a failed bounds check are one outcome: `llvm.trap`, whatever they would print.
//!
//! The attributes of the parameters give way to what the signature promises, which is assumed of all inputs: arguments are values, slices
//! and outs are aligned and not null, a slice has fewer than 2^31 elements, all of them values and all of them its own memory, which
//! begins and ends with it and lies below address 2^62, and where one side says `noalias`, arguments are disjoint.

mod adapt;
mod extent;
mod panics;
mod parse;

pub(crate) use adapt::adapt;

/// A type of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Abstract {
    Scalar(calque_ir::Type),
    Bool,
    Slice(calque_ir::Type),
    Out(calque_ir::Type),
    /// Only as a result.
    Optional(calque_ir::Type),
    /// Only as a result.
    Nothing,
}

/// What a function takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub(crate) parameters: Vec<Abstract>,
    pub(crate) result: Abstract,
}
