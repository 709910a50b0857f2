//! What the bytes of a global are at entry.

use calque_ir::{Constant, Global, Module, Type};

/// Larger globals have no image.
const SIZE_LIMIT_BYTES: u64 = 1 << 16;

/// One byte of a global.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImageByte {
    Bits(u8),
    /// Byte n of the address of a global, with an offset.
    Address(String, i64, u8),
    Poison,
    /// Padding, and what is initialised with `undef`.
    Undef,
}

/// The bytes of a global; `None` where a part of the initializer has no meaning here. What another module defines may hold anything:
/// zeros are something.
pub(crate) fn image(module: &Module, global: &Global) -> Option<Vec<ImageByte>> {
    let size = module
        .alloc_size(&global.ty)
        .filter(|s| *s <= SIZE_LIMIT_BYTES)? as usize;
    let Some(initializer) = &global.initializer else {
        return Some(vec![ImageByte::Bits(0); size]);
    };
    let mut bytes = vec![ImageByte::Undef; size];
    write(module, initializer, &global.ty, 0, &mut bytes)?;
    Some(bytes)
}

fn write(
    module: &Module,
    constant: &Constant,
    ty: &Type,
    at: usize,
    bytes: &mut [ImageByte],
) -> Option<()> {
    let size = module.store_size(ty)? as usize;
    let place = bytes.get_mut(at..at.checked_add(size)?)?;
    match constant {
        Constant::Zero | Constant::Null => place.fill(ImageByte::Bits(0)),
        Constant::Poison => place.fill(ImageByte::Poison),
        Constant::Undef => place.fill(ImageByte::Undef),
        Constant::Float(text) => {
            let bits = Constant::Int(module.float_bits(ty, text)?);
            write(module, &bits, ty, at, bytes)?;
        }
        Constant::Int(bits) => {
            for (i, byte) in place.iter_mut().enumerate() {
                *byte = ImageByte::Bits((bits.checked_shr(8 * i as u32).unwrap_or(0)) as u8);
            }
            if module.layout.big_endian {
                place.reverse();
            }
        }
        Constant::Aggregate(fields) => {
            for (i, (field_ty, field)) in fields.iter().enumerate() {
                let (offset, _) = module.field(ty, i as u64)?;
                write(module, field, field_ty, at + offset as usize, bytes)?;
            }
        }
        Constant::Global(name) => address(name, 0, place),
        Constant::Offset(base, offset, _) => match &**base {
            Constant::Global(name) => address(name, *offset, place),
            _ => return None,
        },
        Constant::Wide(_) | Constant::Unsupported(_) => return None,
    }
    Some(())
}

fn address(name: &str, offset: i64, place: &mut [ImageByte]) {
    for (i, byte) in place.iter_mut().enumerate() {
        *byte = ImageByte::Address(name.to_string(), offset, i as u8);
    }
}
