//! `llvm.*` calls of the interpreter.

use super::callees::CallRecord;
use super::evaluate::Frame;
use super::{Scalar, Stop};
use crate::fold::{self, Folded, Intrinsic};
use crate::instruction::Flags;
use crate::memory::{Byte, Memory};
use crate::module::ValueId;
use crate::types::Type;

impl Frame<'_> {
    pub(super) fn intrinsic(
        &mut self,
        id: ValueId,
        name: &str,
        arguments: &[Vec<Scalar>],
    ) -> Result<Vec<Scalar>, Stop> {
        if let Some((which, operands)) = Intrinsic::from_callee(name) {
            return self.pointwise(id, which, operands, arguments);
        }
        if let Some((op, is_signed)) = fold::overflow_intrinsic(name) {
            return self.with_overflow(id, op, is_signed, arguments);
        }
        let first = arguments.first().and_then(|a| a.first()).copied();
        match name {
            "llvm.trap" => {
                self.calls.push(CallRecord {
                    callee: name.into(),
                    arguments: Vec::new(),
                    memory: Memory { blocks: Vec::new() },
                });
                Err(Stop::Exit)
            }
            "llvm.assume" => match first {
                Some(Scalar::Int(bits)) if bits != 0 => Ok(Vec::new()),
                _ => Stop::undefined("assume of something that does not hold"),
            },
            _ if name.starts_with("llvm.lifetime.") => self.lifetime(name, arguments),
            _ if name.starts_with("llvm.expect.") || name.starts_with("llvm.ssa.copy.") => {
                arguments
                    .first()
                    .cloned()
                    .ok_or(Stop::Stuck("external-call", name.into()))
            }
            _ if name.starts_with("llvm.memset.")
                || name.starts_with("llvm.memcpy.")
                || name.starts_with("llvm.memmove.") =>
            {
                self.block_operation(name, arguments)
            }
            _ if crate::float::is_intrinsic(name) => self.float_intrinsic(id, name, arguments),
            _ if name.starts_with("llvm.vector.reduce.") => self.reduce(id, name, arguments),
            _ => Stop::stuck("external-call", format!("@{name}")),
        }
    }

    /// The start of a lifetime forgets the contents; after its end the block sleeps.
    fn lifetime(&mut self, name: &str, arguments: &[Vec<Scalar>]) -> Result<Vec<Scalar>, Stop> {
        let pointer = match arguments.last().and_then(|a| a.first()) {
            Some(Scalar::Pointer(pointer)) => *pointer,
            // Of no local, a marker does nothing.
            Some(Scalar::Poison) => return Ok(Vec::new()),
            _ => return Stop::stuck("memory-model", name),
        };
        let Some(block) = self
            .memory
            .blocks
            .get_mut(pointer.block as usize)
            .filter(|b| b.hidden)
        else {
            return Stop::stuck("memory-model", name);
        };
        if pointer.offset == 0 {
            block.asleep = !name.starts_with("llvm.lifetime.start");
            block.bytes.fill(Byte::Undef);
        }
        Ok(Vec::new())
    }

    fn pointwise(
        &self,
        id: ValueId,
        which: Intrinsic,
        operands: usize,
        arguments: &[Vec<Scalar>],
    ) -> Result<Vec<Scalar>, Stop> {
        let Some(width) = self.argument_width(id).filter(|w| *w <= 128) else {
            return Stop::stuck("unsupported-instruction", "intrinsic at this width");
        };
        let out = self.function.ty(id).scalar().int_bits().unwrap_or(width);
        if arguments.len() != operands {
            return Stop::stuck(
                "unsupported-instruction",
                "intrinsic with another number of operands",
            );
        }
        let count = arguments.first().map_or(0, Vec::len);
        (0..count)
            .map(|lane| {
                let mut bits = Vec::new();
                for argument in arguments {
                    let scalar = if argument.len() == 1 {
                        argument[0]
                    } else {
                        argument[lane]
                    };
                    match self.need(scalar, width)? {
                        Some(value) => bits.push(value),
                        None => return Ok(Scalar::Poison),
                    }
                }
                Ok(match fold::intrinsic(which, width, out, &bits) {
                    Folded::Bits(bits) => Scalar::Int(bits),
                    _ => Scalar::Poison,
                })
            })
            .collect()
    }

    /// Width of the first argument of the call `id`.
    fn argument_width(&self, id: ValueId) -> Option<u32> {
        let first = self.function.op(id)?.operands().first().copied()?;
        self.function.ty(first).scalar().int_bits()
    }

    fn with_overflow(
        &self,
        id: ValueId,
        op: crate::BinaryOp,
        is_signed: bool,
        arguments: &[Vec<Scalar>],
    ) -> Result<Vec<Scalar>, Stop> {
        let (Some(width), [a, b]) = (self.argument_width(id).filter(|w| *w <= 128), arguments)
        else {
            return Stop::stuck("unsupported-instruction", "overflow intrinsic at this type");
        };
        let strict = Flags {
            nsw: is_signed,
            nuw: !is_signed,
            ..Flags::default()
        };
        let mut values = Vec::new();
        let mut overflows = Vec::new();
        for (a, b) in a.iter().zip(b) {
            if let (Some(a), Some(b)) = (self.need(*a, width)?, self.need(*b, width)?) {
                let value = match fold::binary(op, Flags::default(), width, a, b) {
                    Folded::Bits(bits) => Scalar::Int(bits),
                    _ => Scalar::Poison,
                };
                values.push(value);
                overflows.push(Scalar::Int(u128::from(
                    fold::binary(op, strict, width, a, b) == Folded::Poison,
                )));
            } else {
                values.push(Scalar::Poison);
                overflows.push(Scalar::Poison);
            }
        }
        values.extend(overflows);
        Ok(values)
    }

    fn block_operation(
        &mut self,
        name: &str,
        arguments: &[Vec<Scalar>],
    ) -> Result<Vec<Scalar>, Stop> {
        let [to, from, length, ..] = arguments else {
            return Stop::stuck("external-call", name);
        };
        let (Some(Scalar::Pointer(to)), Some(from)) = (to.first(), from.first()) else {
            return Stop::stuck("memory-model", name);
        };
        let length = match length.first() {
            Some(Scalar::Int(n)) => u64::try_from(*n).unwrap_or(u64::MAX),
            _ => return Stop::undefined("length of a block operation is poison or undef"),
        };
        if length == 0 {
            return Ok(Vec::new());
        }
        let Some((block, range)) = self.span(*to, length)? else {
            return Stop::undefined("access out of bounds");
        };
        if self.memory.blocks[block].constant {
            return Stop::undefined("store to constant memory");
        }
        if self.memory.blocks[block].asleep {
            return Stop::undefined("store to a local outside its lifetime");
        }
        if !self.memory.blocks[block].hidden {
            self.touched.1 = true;
        }
        let bytes = if name.starts_with("llvm.memset.") {
            let byte = match from {
                Scalar::Int(bits) => Byte::Bits(*bits as u8),
                Scalar::Poison => Byte::Poison,
                Scalar::Undef => Byte::Undef,
                Scalar::Pointer(_) => return Stop::stuck("memory-model", name),
            };
            vec![byte; length as usize]
        } else {
            let Scalar::Pointer(from) = from else {
                return Stop::stuck("memory-model", name);
            };
            let Some((source, there)) = self.span(*from, length)? else {
                return Stop::undefined("access out of bounds");
            };
            let overlaps = source == block
                && there.start < range.end
                && range.start < there.end
                && there != range;
            if overlaps && name.starts_with("llvm.memcpy.") {
                return Stop::undefined("memcpy between overlapping ranges");
            }
            if !self.memory.blocks[source].hidden {
                self.touched.0 = true;
            }
            if self.memory.blocks[source].asleep {
                vec![Byte::Poison; length as usize]
            } else {
                self.memory.blocks[source].bytes[there].to_vec()
            }
        };
        self.memory.blocks[block].bytes[range].copy_from_slice(&bytes);
        Ok(Vec::new())
    }

    fn reduce(
        &self,
        id: ValueId,
        name: &str,
        arguments: &[Vec<Scalar>],
    ) -> Result<Vec<Scalar>, Stop> {
        let (Some(lanes), Type::Int(width)) = (arguments.first(), self.function.ty(id)) else {
            return Stop::stuck("floating-point", name);
        };
        let kind = name
            .trim_start_matches("llvm.vector.reduce.")
            .split('.')
            .next()
            .unwrap_or("");
        let step = |a: u128, b: u128| -> Option<u128> {
            let folded = match kind {
                "smax" => fold::intrinsic(Intrinsic::SMax, *width, *width, &[a, b]),
                "smin" => fold::intrinsic(Intrinsic::SMin, *width, *width, &[a, b]),
                "umax" => fold::intrinsic(Intrinsic::UMax, *width, *width, &[a, b]),
                "umin" => fold::intrinsic(Intrinsic::UMin, *width, *width, &[a, b]),
                "add" | "mul" | "and" | "or" | "xor" => fold::binary(
                    crate::BinaryOp::from_name(kind)?,
                    Flags::default(),
                    *width,
                    a,
                    b,
                ),
                _ => return None,
            };
            if let Folded::Bits(bits) = folded {
                Some(bits)
            } else {
                None
            }
        };
        let mut total: Option<u128> = None;
        for lane in lanes {
            let Some(bits) = self.need(*lane, *width)? else {
                return Ok(vec![Scalar::Poison]);
            };
            total = Some(match total {
                None => bits,
                Some(total) => match step(total, bits) {
                    Some(next) => next,
                    None => return Stop::stuck("external-call", name),
                },
            });
        }
        match total {
            Some(bits) => Ok(vec![Scalar::Int(bits)]),
            None => Stop::stuck("unsupported-instruction", name),
        }
    }
}
