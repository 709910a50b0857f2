//! Textual LLVM IR for small functions: read it, print it short, run it.
//!
//! * [`parse`] reads a module: LLVM 14's typed pointers up to current opaque ones.
//! * [`strip`] prints one function in its canonical short form.
//! * [`interpreter`] runs a function on concrete input and says *return*, *undefined behaviour* or *out of fuel*, with poison and
//!   memory tracked byte by byte.
//!
//! What the reader meets but cannot give a meaning to is kept by name (`Op::Unsupported`, `Function::unsupported`), never dropped.

pub mod collections;
mod control_flow;
mod error;
pub mod float;
pub mod fold;
mod instruction;
pub mod interpreter;
mod lexer;
mod memory;
mod module;
mod parser;
mod printer;
mod types;
mod verifier;

pub use control_flow::ControlFlow;
pub use error::IrError;
pub use instruction::{BinaryOp, Callee, CastOp, Flags, FloatOp, Op, Predicate};
pub use memory::{Byte, Memory, MemoryBlock, Pointer};
pub use module::{
    Block, BlockId, CallEffects, Constant, Declaration, Function, Global, MemoryEffects, Module,
    Parameter, ParameterAttributes, Value, ValueId, ValueKind,
};
pub use parser::parse;
pub use printer::{print_function, strip};
pub use types::{FloatKind, Layout, Type};
