//! Memory operations of the interpreter.

use super::evaluate::Frame;
use super::{Scalar, Stop};
use crate::fold;
use crate::instruction::{Callee, Flags, Op};
use crate::memory::{Byte, Pointer};
use crate::module::{Module, ValueId, ValueKind};
use crate::types::Type;

/// A local larger than this is not modelled.
const ALLOCA_LIMIT_BYTES: u64 = 1 << 20;

/// Byte offset and type of each scalar of a type in memory. `None` where scalars do not start at whole bytes.
fn places(module: &Module, ty: &Type) -> Option<Vec<(u64, Type)>> {
    fn walk(module: &Module, ty: &Type, at: u64, out: &mut Vec<(u64, Type)>) -> Option<()> {
        let count = match module.resolve(ty) {
            Type::Vector(n, _) => u64::from(*n),
            Type::Array(n, _) => *n,
            Type::Struct(fields, _) => fields.len() as u64,
            scalar => {
                module.store_size(scalar)?;
                out.push((at, scalar.clone()));
                return Some(());
            }
        };
        if count > 4096 || out.len() > 4096 {
            return None;
        }
        for i in 0..count {
            let (offset, field) = module.field(ty, i)?;
            walk(module, &field, at.checked_add(offset)?, out)?;
        }
        Some(())
    }
    module.lanes(ty)?;
    let mut out = Vec::new();
    walk(module, ty, 0, &mut out)?;
    Some(out)
}

impl Frame<'_> {
    pub(super) fn alloca(
        &mut self,
        id: ValueId,
        element: &Type,
        count: Option<ValueId>,
        align: u64,
    ) -> Result<Vec<Scalar>, Stop> {
        let count = match count {
            None => 1,
            Some(value) => match self.scalar(value)? {
                Scalar::Int(n) => n,
                _ => return Stop::undefined("alloca of a poison or undef count"),
            },
        };
        let size = self
            .module
            .alloc_size(element)
            .and_then(|s| u64::try_from(count).ok()?.checked_mul(s));
        let own = self.module.abi_align(element).unwrap_or(1);
        match size.filter(|s| *s <= ALLOCA_LIMIT_BYTES) {
            Some(size) => {
                let name = format!("%{}", self.function.value(id).name);
                let align = if align == 0 { own } else { align };
                let bytes = vec![Byte::Undef; size as usize];
                let block = self.memory.allocate(&name, bytes, align, true);
                self.memory.blocks[block as usize].asleep = self.has_lifetime(id);
                Ok(vec![Scalar::Pointer(Pointer { block, offset: 0 })])
            }
            None => Stop::stuck("memory-model", format!("alloca of {element}")),
        }
    }

    /// Whether a marker starts the lifetime of a local: it does not live before.
    fn has_lifetime(&self, local: ValueId) -> bool {
        self.function.values.iter().any(|v| {
            matches!(&v.kind, ValueKind::Instruction(Op::Call { callee: Callee::Named(name), arguments, .. })
                if name.starts_with("llvm.lifetime.start") && arguments.last().is_some_and(|(a, _)| *a == local))
        })
    }

    fn access(
        &mut self,
        writes: bool,
        pointer: ValueId,
        size: u64,
        align: u64,
        ty: &Type,
    ) -> Result<(usize, std::ops::Range<usize>), Stop> {
        let pointer = match self.scalar(pointer)? {
            Scalar::Pointer(p) => p,
            Scalar::Poison | Scalar::Undef => {
                return Stop::undefined("access through poison or undef");
            }
            Scalar::Int(_) => return Stop::stuck("memory-model", "access through an integer"),
        };
        let Some(span) = self.span(pointer, size)? else {
            return Stop::undefined(if pointer.block == 0 {
                "access through null"
            } else {
                "access out of bounds"
            });
        };
        let align = if align == 0 {
            self.module.abi_align(ty).unwrap_or(1)
        } else {
            align
        };
        if !self.memory.address(pointer).is_multiple_of(align) {
            return Stop::undefined("misaligned access");
        }
        if writes && self.memory.blocks[span.0].asleep {
            return Stop::undefined("store to a local outside its lifetime");
        }
        if !self.memory.blocks[span.0].hidden {
            self.touched.0 |= !writes;
            self.touched.1 |= writes;
        }
        Ok(span)
    }

    /// `Memory::span`; what lies at null is not modelled where something may.
    pub(super) fn span(
        &self,
        pointer: Pointer,
        size: u64,
    ) -> Result<Option<(usize, std::ops::Range<usize>)>, Stop> {
        if pointer.block == 0 && self.function.null_is_valid {
            return Stop::stuck("memory-model", "memory at null");
        }
        Ok(self.memory.span(pointer, size))
    }

    /// The place of byte `i` of a value of `size` bytes.
    fn shift(&self, i: usize, size: usize) -> usize {
        8 * if self.module.layout.big_endian {
            size - 1 - i
        } else {
            i
        }
    }

    fn layout(&self, ty: &Type) -> Result<(u64, Vec<(u64, Type)>), Stop> {
        match (self.module.store_size(ty), places(self.module, ty)) {
            (Some(size), Some(places)) => Ok((size, places)),
            _ => Stop::stuck("memory-model", format!("{ty} in memory")),
        }
    }

    pub(super) fn load(
        &mut self,
        id: ValueId,
        pointer: ValueId,
        align: u64,
    ) -> Result<Vec<Scalar>, Stop> {
        let own = self.function.ty(id).clone();
        let ty = own.packed().unwrap_or_else(|| own.clone());
        let (size, places) = self.layout(&ty)?;
        let (block, range) = self.access(false, pointer, size, align, &own)?;
        if self.memory.blocks[block].asleep {
            return Ok(vec![
                Scalar::Poison;
                self.module.lanes(&own).map_or(0, |l| l.len())
            ]);
        }
        let bytes = &self.memory.blocks[block].bytes[range];
        let lanes = places
            .iter()
            .map(|(at, ty)| self.decode(bytes, *at as usize, ty))
            .collect::<Result<_, Stop>>()?;
        self.bitcast(lanes, &ty, &own)
    }

    fn decode(&self, bytes: &[Byte], at: usize, ty: &Type) -> Result<Scalar, Stop> {
        let size = self.module.store_size(ty).unwrap_or(0) as usize;
        let bytes = &bytes[at..at + size];
        if bytes.contains(&Byte::Poison) {
            return Ok(Scalar::Poison);
        }
        if bytes.contains(&Byte::Undef) {
            return if bytes.iter().all(|b| *b == Byte::Undef) {
                Ok(Scalar::Undef)
            } else {
                Stop::stuck("undef", "load of a value with some undef bytes")
            };
        }
        match ty {
            Type::Int(_) | Type::Float(_) => {
                let bits = match ty {
                    Type::Int(bits) if *bits <= 128 => *bits,
                    Type::Float(kind) if crate::float::fields(*kind).is_some() => kind.bits(),
                    _ => return Stop::stuck("unsupported-instruction", format!("load of {ty}")),
                };
                let mut value = 0u128;
                for (i, byte) in bytes.iter().enumerate() {
                    match byte {
                        Byte::Bits(b) => value |= u128::from(*b) << self.shift(i, bytes.len()),
                        _ => return Stop::stuck("memory-model", "load of a pointer as an integer"),
                    }
                }
                if value & !fold::mask(bits) != 0 {
                    return Stop::stuck(
                        "memory-model",
                        format!("load of {ty} from bytes with more bits"),
                    );
                }
                Ok(Scalar::Int(value))
            }
            Type::Pointer => {
                if bytes.iter().all(|b| *b == Byte::Bits(0)) {
                    return Ok(Scalar::Pointer(Pointer {
                        block: 0,
                        offset: 0,
                    }));
                }
                let Some(Byte::Pointer(first, 0)) = bytes.first() else {
                    return Stop::stuck("memory-model", "load of an integer as a pointer");
                };
                let whole = bytes
                    .iter()
                    .enumerate()
                    .all(|(i, b)| *b == Byte::Pointer(*first, i as u8));
                if whole {
                    Ok(Scalar::Pointer(*first))
                } else {
                    Stop::stuck("memory-model", "load of a mixed pointer")
                }
            }
            _ => Stop::stuck("unsupported-instruction", format!("load of {ty}")),
        }
    }

    pub(super) fn store(
        &mut self,
        value: ValueId,
        pointer: ValueId,
        align: u64,
    ) -> Result<Vec<Scalar>, Stop> {
        let own = self.function.ty(value).clone();
        let ty = own.packed().unwrap_or_else(|| own.clone());
        let (size, places) = self.layout(&ty)?;
        let mut lanes = self.lanes(value)?;
        if ty != own {
            if lanes.iter().any(|l| !matches!(l, Scalar::Int(_))) {
                return Stop::stuck(
                    "memory-model",
                    "a packed vector that is partly poison or undef",
                );
            }
            lanes = self.bitcast(lanes, &own, &ty)?;
        }
        let (block, range) = self.access(true, pointer, size, align, &own)?;
        if self.memory.blocks[block].constant {
            return Stop::undefined("store to constant memory");
        }
        // Padding between fields is left undefined.
        if !matches!(self.module.resolve(&ty), Type::Int(_) | Type::Pointer) {
            self.memory.blocks[block].bytes[range.clone()].fill(Byte::Undef);
        }
        for ((at, ty), lane) in places.iter().zip(lanes) {
            let size = self.module.store_size(ty).unwrap_or(0) as usize;
            let start = range.start + *at as usize;
            for i in 0..size {
                let byte = match lane {
                    Scalar::Int(bits) => Byte::Bits((bits >> self.shift(i, size)) as u8),
                    Scalar::Pointer(p) if p.block == 0 && p.offset == 0 => Byte::Bits(0),
                    Scalar::Pointer(p) => Byte::Pointer(p, i as u8),
                    Scalar::Poison => Byte::Poison,
                    Scalar::Undef => Byte::Undef,
                };
                self.memory.blocks[block].bytes[start + i] = byte;
            }
        }
        Ok(Vec::new())
    }

    pub(super) fn element_pointer(
        &mut self,
        element: &Type,
        flags: Flags,
        base: ValueId,
        indices: &[ValueId],
    ) -> Result<Vec<Scalar>, Stop> {
        let bases = self.lanes(base)?;
        let mut columns = Vec::new();
        for &index in indices {
            columns.push((
                self.lanes(index)?,
                self.function.ty(index).scalar().int_bits().unwrap_or(64),
            ));
        }
        let count = columns
            .iter()
            .map(|(c, _)| c.len())
            .chain([bases.len()])
            .max()
            .unwrap_or(1);
        (0..count)
            .map(|lane| {
                let pick = |lanes: &[Scalar]| {
                    if lanes.len() == 1 {
                        lanes[0]
                    } else {
                        lanes.get(lane).copied().unwrap_or(Scalar::Poison)
                    }
                };
                let row: Vec<(Scalar, u32)> =
                    columns.iter().map(|(c, bits)| (pick(c), *bits)).collect();
                self.one_element_pointer(element, flags, pick(&bases), &row)
            })
            .collect()
    }

    fn one_element_pointer(
        &self,
        element: &Type,
        flags: Flags,
        base: Scalar,
        row: &[(Scalar, u32)],
    ) -> Result<Scalar, Stop> {
        let mut offset = 0i128;
        let mut nuw_lost = false;
        let mut ty = element.clone();
        for (i, (index, bits)) in row.iter().enumerate() {
            let Some(raw) = self.need(*index, *bits)? else {
                return Ok(Scalar::Poison);
            };
            let index = fold::signed(raw, *bits);
            let step = if i == 0 {
                self.module.alloc_size(&ty)
            } else if let Type::Struct(..) = self.module.resolve(&ty) {
                match u64::try_from(index)
                    .ok()
                    .and_then(|n| self.module.field(&ty, n))
                {
                    Some((at, inner)) => {
                        offset += i128::from(at);
                        ty = inner;
                        continue;
                    }
                    None => return Stop::stuck("memory-model", "getelementptr into a struct"),
                }
            } else {
                match self.module.field(&ty, 0) {
                    Some((_, inner)) => {
                        ty = inner;
                        self.module.alloc_size(&ty)
                    }
                    None => return Stop::stuck("memory-model", format!("getelementptr into {ty}")),
                }
            };
            let Some(step) = step else {
                return Stop::stuck("memory-model", format!("getelementptr into {ty}"));
            };
            // The index is sign-extended or truncated to 64 bits, then scaled.
            let cut = i128::from(index as i64);
            if flags.nusw && cut != index {
                return Ok(Scalar::Poison);
            }
            let part = cut * i128::from(step);
            nuw_lost |= index < 0 && part != 0;
            let leaves = [part, offset + part]
                .iter()
                .any(|o| i64::try_from(*o).is_err());
            if flags.nusw && leaves {
                return Ok(Scalar::Poison);
            }
            offset += part;
            if !flags.nusw {
                offset = i128::from(offset as i64);
            }
        }
        let pointer = match base {
            Scalar::Pointer(p) => p,
            Scalar::Poison => return Ok(Scalar::Poison),
            _ => return Stop::stuck("undef", "getelementptr on undef or an integer"),
        };
        let result = Pointer {
            block: pointer.block,
            offset: pointer.offset.wrapping_add(offset as i64),
        };
        if flags.nuw
            && (nuw_lost
                || i128::from(self.memory.address(pointer)) + offset > i128::from(u64::MAX))
        {
            return Ok(Scalar::Poison);
        }
        if flags.nusw {
            let there = i128::from(self.memory.address(pointer)) + offset;
            if there < 0 || there > i128::from(u64::MAX) {
                return Ok(Scalar::Poison);
            }
        }
        if flags.inbounds
            && offset != 0
            && (self.span(pointer, 0)?.is_none() || self.span(result, 0)?.is_none())
        {
            return Ok(Scalar::Poison);
        }
        Ok(Scalar::Pointer(result))
    }
}
