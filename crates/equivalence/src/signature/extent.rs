//! Slices end where they say: what lies behind is no function's to touch.

use calque_ir::Byte;
use calque_ir::interpreter::{Input, Scalar};

use super::{Abstract, Signature};

/// Bytes of a slice that are made.
const SIZE_LIMIT_BYTES: u128 = 4_096;

impl Signature {
    /// Makes the memory behind each slice as long as the slice, and behind each out one element; false where no such input exists.
    pub(crate) fn shape(&self, input: &mut Input) -> bool {
        let mut at = 0;
        let mut shaped: Vec<u32> = Vec::new();
        for parameter in &self.parameters {
            let (count, ty) = match parameter {
                Abstract::Slice(ty) => {
                    let Some([Scalar::Int(count)]) = input.arguments.get(at + 1).map(Vec::as_slice)
                    else {
                        return false;
                    };
                    (*count, ty)
                }
                Abstract::Out(ty) => (1, ty),
                _ => {
                    at += 1;
                    continue;
                }
            };
            let Some([Scalar::Pointer(pointer)]) = input.arguments.get(at).map(Vec::as_slice)
            else {
                return false;
            };
            at += if matches!(parameter, Abstract::Slice(_)) {
                2
            } else {
                1
            };
            let size = match ty {
                calque_ir::Type::Int(bits) => u128::from(bits / 8),
                calque_ir::Type::Float(kind) => u128::from(kind.bits() / 8),
                _ => return false,
            };
            let (Ok(offset), bytes) = (usize::try_from(pointer.offset), count.saturating_mul(size))
            else {
                return false;
            };
            // Two arguments of one block would have to agree on its end.
            if pointer.block == 0
                || bytes > SIZE_LIMIT_BYTES
                || offset as u128 > SIZE_LIMIT_BYTES
                || shaped.contains(&pointer.block)
            {
                return false;
            }
            shaped.push(pointer.block);
            let block = &mut input.memory.blocks[pointer.block as usize];
            if block.name.starts_with('@') {
                return false;
            }
            block.bytes.resize(offset + bytes as usize, Byte::Bits(0));
        }
        true
    }
}
