//! Constants as lanes: globals by address and provenance, with what is known of their bytes.

use calque_ir::{Constant, Type};

use super::casts::width_of;
use super::machine::Machine;
use super::{Lane, Lanes, Stop, World};
use crate::graph::Graph;
use crate::image::{ImageByte, image};

impl Machine<'_> {
    pub(super) fn constant(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        constant: &Constant,
        ty: &Type,
    ) -> Result<Lanes, Stop> {
        let Some(types) = self.module.lanes(ty) else {
            return Stop::because("unsupported-instruction", format!("constant of type {ty}"));
        };
        let mut widths = Vec::new();
        for lane in &types {
            widths.push(width_of(lane)?);
        }
        let fill = |graph: &mut Graph, poison: bool, undef: bool| {
            widths
                .iter()
                .map(|w| {
                    let zero = graph.constant(0, *w);
                    let lane = Lane::plain(graph, zero);
                    Lane {
                        poison: graph.truth(poison),
                        undef: graph.truth(undef),
                        ..lane
                    }
                })
                .collect::<Lanes>()
        };
        match constant {
            Constant::Int(bits) => {
                let value = graph.constant(*bits, widths.first().copied().unwrap_or(1));
                Ok(vec![Lane::plain(graph, value)])
            }
            Constant::Zero | Constant::Null => Ok(fill(graph, false, false)),
            Constant::Poison => Ok(fill(graph, true, false)),
            Constant::Undef => Ok(fill(graph, false, true)),
            Constant::Aggregate(fields) => {
                let mut out = Vec::new();
                for (ty, field) in fields.iter() {
                    out.extend(self.constant(graph, world, field, ty)?);
                }
                Ok(out)
            }
            Constant::Global(name) => Ok(vec![self.global(graph, world, name, 0)?]),
            Constant::Offset(base, offset, _) => match &**base {
                Constant::Global(name) => Ok(vec![self.global(graph, world, name, *offset)?]),
                _ => Stop::because("memory-model", "constant address"),
            },
            Constant::Float(text) => Ok(vec![super::float::literal(graph, ty, text)?]),
            Constant::Wide(_) => {
                Stop::because("unsupported-instruction", "an integer wider than 128 bits")
            }
            Constant::Unsupported(text) => {
                Stop::because("unsupported-instruction", text.to_string())
            }
        }
    }

    /// Notes what a constant global holds, and the globals whose addresses it holds.
    fn read_image(&mut self, graph: &mut Graph, world: &mut World, id: u128, name: &str) {
        let module = self.module;
        let constant = module
            .globals
            .get(name)
            .filter(|g| g.constant && g.initializer.is_some());
        let Some(bytes) = constant.and_then(|g| image(module, g)) else {
            return;
        };
        for byte in &bytes {
            if let ImageByte::Address(other, _, 0) = byte {
                // One without a meaning here is no part of what is known.
                let _ = self.global(graph, world, other, 0);
            }
        }
        self.images.insert(id, bytes);
    }

    fn global(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        name: &str,
        offset: i64,
    ) -> Result<Lane, Stop> {
        if self.module.globals.get(name).is_none_or(|g| g.unsupported) {
            return Stop::because("memory-model", format!("address of @{name}"));
        }
        self.names_globals = true;
        let (address, provenance) = world.global(graph, name);
        if let Some(id) = graph.as_constant(provenance) {
            let known = self.globals.insert(id, (name.to_string(), address));
            if known.is_none() {
                self.read_image(graph, world, id, name);
            }
        }
        let value = graph.add_constant(address, offset as u128);
        Ok(Lane {
            provenance,
            ..Lane::plain(graph, value)
        })
    }
}
