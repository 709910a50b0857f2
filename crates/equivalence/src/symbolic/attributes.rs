//! What attributes and metadata say of a value.

use calque_ir::ParameterAttributes;

use super::machine::{Machine, State};
use super::{Lanes, Role, Stop};

impl Machine<'_> {
    /// Applies attributes of a parameter, an argument or a result.
    pub(crate) fn attributed(
        &mut self,
        state: &mut State<'_>,
        lanes: &mut Lanes,
        a: &ParameterAttributes,
    ) -> Result<(), Stop> {
        if let Some(what) = a.unsupported.first() {
            return Stop::because("unsupported-instruction", what.clone());
        }
        for lane in lanes {
            let g = &mut *state.graph;
            let width = g.width(lane.value);
            let mut poison = vec![lane.poison];
            if let Some((low, high)) = a.range
                && low != high
            {
                let (low_n, high_n) = (g.constant(low, width), g.constant(high, width));
                let (below, under) = (
                    g.unsigned_less(lane.value, low_n),
                    g.unsigned_less(lane.value, high_n),
                );
                let above = g.not(under);
                poison.push(if low < high {
                    g.any(&[below, above])
                } else {
                    g.all(&[below, above])
                });
            }
            if a.nonnull {
                let null = g.constant(0, width);
                poison.push(g.equal(lane.value, null));
            }
            if a.align > 1 && a.align.is_power_of_two() && width == 64 {
                let bits = a.align.trailing_zeros();
                let low = g.extract(lane.value, 0, bits);
                let wanted = g.constant(u128::from(a.align_offset), bits);
                let aligned = g.equal(low, wanted);
                poison.push(g.not(aligned));
            }
            if poison.len() > 1 && self.role == Role::Target {
                poison.push(lane.undef);
            }
            lane.poison = g.any(&poison);
            let mut wrong = Vec::new();
            if a.noundef {
                wrong.extend([lane.poison, lane.undef]);
            }
            if a.dereferenceable > 0 {
                wrong.push(self.not_accessible(state, *lane, a.dereferenceable, a.writable));
            }
            if a.dereferenceable_or_null > 0 {
                let out = self.not_accessible(state, *lane, a.dereferenceable_or_null, a.writable);
                let g = &mut *state.graph;
                let null = g.constant(0, 64);
                let here = g.equal(lane.value, null);
                let elsewhere = g.not(here);
                let counts = g.any(&[elsewhere, lane.poison, lane.undef]);
                wrong.push(g.all(&[out, counts]));
            }
            let wrong = state.graph.any(&wrong);
            state.undefined_if(wrong);
        }
        Ok(())
    }
}
