//! Conversions between integers, pointers and vectors.

use calque_ir::{CastOp, Flags, Type, ValueId};

use super::machine::{Machine, State};
use super::{Lane, Lanes, Role, Stop};
use crate::graph::Graph;

impl Machine<'_> {
    pub(super) fn cast(
        &mut self,
        state: &mut State<'_>,
        id: ValueId,
        op: CastOp,
        flags: Flags,
        value: ValueId,
    ) -> Result<Lanes, Stop> {
        if let CastOp::Float(name) = op {
            return self.float_cast(state, id, name.0, flags, value);
        }
        let (from, to) = (
            self.function.ty(value).clone(),
            self.function.ty(id).clone(),
        );
        let lanes = self.operand(state, value)?;
        if op == CastOp::BitCast {
            return self.bitcast(state.graph, lanes, &from, &to);
        }
        if op == CastOp::IntToPtr {
            return Stop::because("memory-model", "inttoptr");
        }
        let (narrow, wide) = (width_of(from.scalar())?, width_of(to.scalar())?);
        let g = &mut *state.graph;
        let mut out = Vec::new();
        for lane in lanes {
            let mut poison = self.poison_of(g, &[lane], flags != Flags::default());
            let value = match op {
                CastOp::SExt => g.sign_extend(lane.value, wide),
                _ if wide >= narrow => {
                    if flags.nneg {
                        poison.push(g.extract(lane.value, narrow - 1, 1));
                    }
                    g.zero_extend(lane.value, wide)
                }
                _ => {
                    let cut = g.extract(lane.value, 0, wide);
                    if flags.nuw {
                        let back = g.zero_extend(cut, narrow);
                        let same = g.equal(back, lane.value);
                        poison.push(g.not(same));
                    }
                    if flags.nsw {
                        let back = g.sign_extend(cut, narrow);
                        let same = g.equal(back, lane.value);
                        poison.push(g.not(same));
                    }
                    cut
                }
            };
            let undef =
                if self.role == Role::Source && op == CastOp::Trunc && flags == Flags::default() {
                    lane.undef
                } else {
                    self.undef_of(g, &[lane])
                };
            let poison = g.any(&poison);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
        }
        Ok(out)
    }

    pub(super) fn bitcast(
        &self,
        g: &mut Graph,
        lanes: Lanes,
        from: &Type,
        to: &Type,
    ) -> Result<Lanes, Stop> {
        if from == to {
            return Ok(lanes);
        }
        let width = |ty: &Type| match ty.scalar() {
            Type::Int(_) | Type::Float(_) => width_of(ty.scalar()).ok(),
            _ => None,
        };
        let (Some(a), Some(b), Some(types)) = (width(from), width(to), self.module.lanes(to))
        else {
            return Stop::because(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        };
        let bits = a as usize * lanes.len();
        if b > 128 || bits > 1024 || bits != b as usize * types.len() {
            return Stop::because(
                "unsupported-instruction",
                format!("bitcast of {from} to {to}"),
            );
        }
        let (mut lanes, mut out) = (lanes, Vec::new());
        let big = self.module.layout.big_endian;
        if big {
            lanes.reverse();
        }
        for i in 0..types.len() as u32 {
            let (from_bit, to_bit) = (i * b, (i + 1) * b);
            let mut parts = Vec::new();
            let mut sources = Vec::new();
            for (k, lane) in lanes.iter().enumerate() {
                let start = k as u32 * a;
                let (low, high) = (from_bit.max(start), to_bit.min(start + a));
                if low < high {
                    parts.push(g.extract(lane.value, low - start, high - low));
                    sources.push(*lane);
                }
            }
            let poison = self.poison_of(g, &sources, false);
            let poison = g.any(&poison);
            let undef = self.undef_of(g, &sources);
            let value = g.concat(&parts);
            out.push(Lane {
                poison,
                undef,
                ..Lane::plain(g, value)
            });
        }
        if big {
            out.reverse();
        }
        Ok(out)
    }
}

/// Width of a scalar type as a bit vector.
pub(crate) fn width_of(ty: &Type) -> Result<u32, Stop> {
    match ty {
        Type::Int(bits) if *bits <= 128 => Ok(*bits),
        Type::Pointer => Ok(64),
        Type::Float(kind) if calque_ir::float::fields(*kind).is_some() => Ok(kind.bits()),
        Type::Float(kind) => Stop::because("floating-point", kind.name()),
        _ => Stop::because("unsupported-instruction", format!("type {ty}")),
    }
}
