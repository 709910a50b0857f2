//! Operands: constants, and what is done where undef must be a value.

use super::evaluate::Frame;
use super::{Choice, Scalar, Stop};
use crate::fold;
use crate::memory::Pointer;
use crate::module::{Constant, ValueId, ValueKind};
use crate::types::Type;

type Lanes = Vec<Scalar>;

impl Frame<'_> {
    /// The lanes of an operand.
    pub(super) fn lanes(&self, id: ValueId) -> Result<Lanes, Stop> {
        match &self.function.value(id).kind {
            ValueKind::Constant(constant) => self.constant(constant, &self.function.value(id).ty),
            _ => match &self.values[id.0 as usize] {
                Some(lanes) => Ok(lanes.clone()),
                None => Stop::stuck(
                    "unsupported-instruction",
                    format!("%{} has no value", self.function.value(id).name),
                ),
            },
        }
    }

    /// The single lane of an operand.
    pub(super) fn scalar(&self, id: ValueId) -> Result<Scalar, Stop> {
        match self.lanes(id)?.as_slice() {
            [one] => Ok(*one),
            _ => Stop::stuck(
                "unsupported-instruction",
                "a vector where a scalar is expected",
            ),
        }
    }

    /// Bits of a scalar that an operation needs to know; `None` is poison.
    pub(super) fn need(&self, scalar: Scalar, width: u32) -> Result<Option<u128>, Stop> {
        match (scalar, self.choice) {
            (Scalar::Int(bits), _) => Ok(Some(bits)),
            (Scalar::Poison, _) => Ok(None),
            (Scalar::Undef, choice) => {
                // Other choices stand for the target, which may make any.
                self.loosened.set(choice == Choice::Scripted);
                self.chosen(width, "an operation on undef").map(Some)
            }
            (Scalar::Pointer(_), _) => {
                Stop::stuck("memory-model", "a pointer where an integer is expected")
            }
        }
    }

    /// Any value of a width, as the choice says.
    pub(super) fn chosen(&self, width: u32, what: &str) -> Result<u128, Stop> {
        match self.choice {
            Choice::Refuse => Stop::stuck("undef", what),
            Choice::Zero => Ok(0),
            Choice::Ones => Ok(fold::mask(width)),
            Choice::Mixed(seed) => Ok(self.script.borrow_mut().mixed(seed) & fold::mask(width)),
            Choice::Scripted => match self.script.borrow_mut().next(width) {
                Some(bits) => Ok(bits),
                None => Stop::stuck("undef", what),
            },
        }
    }

    fn constant(&self, constant: &Constant, ty: &Type) -> Result<Lanes, Stop> {
        let fill = |scalar: Scalar| match self.module.lanes(ty) {
            Some(lanes) => Ok(vec![scalar; lanes.len()]),
            None => Stop::stuck("unsupported-instruction", format!("constant of type {ty}")),
        };
        match constant {
            Constant::Int(bits) => Ok(vec![Scalar::Int(*bits)]),
            Constant::Poison => fill(Scalar::Poison),
            Constant::Undef => fill(Scalar::Undef),
            Constant::Null => fill(Scalar::Pointer(Pointer {
                block: 0,
                offset: 0,
            })),
            Constant::Zero => match self.module.lanes(ty) {
                Some(lanes) => lanes
                    .iter()
                    .map(|lane| match lane {
                        Type::Int(_) | Type::Float(_) => Ok(Scalar::Int(0)),
                        Type::Pointer => Ok(Scalar::Pointer(Pointer {
                            block: 0,
                            offset: 0,
                        })),
                        _ => Stop::stuck("floating-point", format!("constant of type {ty}")),
                    })
                    .collect(),
                None => Stop::stuck("unsupported-instruction", format!("constant of type {ty}")),
            },
            Constant::Aggregate(fields) => {
                let mut out = Vec::new();
                for (ty, field) in fields.iter() {
                    out.extend(self.constant(field, ty)?);
                }
                Ok(out)
            }
            Constant::Global(name) => self.global(name, 0),
            Constant::Offset(base, offset, _) => match &**base {
                Constant::Global(name) => self.global(name, *offset),
                _ => Stop::stuck("memory-model", "constant address"),
            },
            Constant::Float(text) => match self.module.float_bits(ty, text) {
                Some(bits) => Ok(vec![Scalar::Int(bits)]),
                None => Stop::stuck("floating-point", format!("{ty} {text}")),
            },
            Constant::Wide(_) => {
                Stop::stuck("unsupported-instruction", "an integer wider than 128 bits")
            }
            Constant::Unsupported(text) => Stop::stuck("unsupported-instruction", text.to_string()),
        }
    }

    fn global(&self, name: &str, offset: i64) -> Result<Lanes, Stop> {
        let label = format!("@{name}");
        match self.memory.blocks.iter().position(|b| b.name == label) {
            Some(block) => Ok(vec![Scalar::Pointer(Pointer {
                block: block as u32,
                offset,
            })]),
            None => Stop::stuck("memory-model", format!("address of {label}")),
        }
    }

    pub(super) fn width(&self, id: ValueId) -> Result<u32, Stop> {
        match self.function.ty(id).scalar() {
            Type::Int(bits) if *bits <= 128 => Ok(*bits),
            Type::Pointer => Ok(64),
            Type::Float(kind) if crate::float::fields(*kind).is_some() => Ok(kind.bits()),
            Type::Float(kind) => Stop::stuck("floating-point", kind.name()),
            ty => Stop::stuck("unsupported-instruction", format!("type {ty}")),
        }
    }
}
