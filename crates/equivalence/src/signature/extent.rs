//! Slices end where they say: what lies behind is no function's to touch.

use calque_ir::interpreter::{Input, Scalar};
use calque_ir::{Byte, Type};

use super::{Abstract, Signature};
use crate::graph::Graph;
use crate::symbolic::{Extent, Lanes};

/// Bytes of a slice that are made.
const SIZE_LIMIT_BYTES: u128 = 4_096;

impl Signature {
    /// The memory behind each slice of the plain form's arguments.
    pub(crate) fn extents(&self, g: &mut Graph, arguments: &[Lanes]) -> Vec<Extent> {
        let mut out = Vec::new();
        let mut at = 0;
        for parameter in &self.parameters {
            let Abstract::Slice(ty) = parameter else {
                at += 1;
                continue;
            };
            let found = (arguments.get(at), arguments.get(at + 1));
            if let ((Some([pointer]), Some([length])), Some(size)) = (
                (found.0.map(Vec::as_slice), found.1.map(Vec::as_slice)),
                size_of(ty),
            ) {
                out.push(Extent {
                    provenance: pointer.provenance,
                    start: pointer.value,
                    bytes: g.scale(length.value, size),
                });
            }
            at += 2;
        }
        out
    }

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
            let Some(size) = size_of(ty) else {
                return false;
            };
            let (Ok(offset), bytes) = (usize::try_from(pointer.offset), count.saturating_mul(size))
            else {
                return false;
            };
            // A slice begins where its memory does. Two arguments of one block would have to agree on its end.
            if pointer.block == 0
                || bytes > SIZE_LIMIT_BYTES
                || offset != 0
                || shaped.contains(&pointer.block)
            {
                return false;
            }
            shaped.push(pointer.block);
            let block = &mut input.memory.blocks[pointer.block as usize];
            if block.name.starts_with('@') {
                return false;
            }
            block.bytes.resize(bytes as usize, Byte::Bits(0));
            if !block.bytes.iter().all(|b| matches!(b, Byte::Bits(_))) {
                return false;
            }
        }
        true
    }
}

fn size_of(ty: &Type) -> Option<u128> {
    match ty {
        Type::Int(bits) => Some(u128::from(bits / 8)),
        Type::Float(kind) => Some(u128::from(kind.bits() / 8)),
        _ => None,
    }
}
