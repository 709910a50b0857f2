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

    /// Notes what a constant global holds, and the globals whose addresses it holds, and so on.
    fn read_images(&mut self, graph: &mut Graph, world: &mut World, id: u128, name: &str) {
        let mut open = vec![(id, name.to_string())];
        while let Some((id, name)) = open.pop() {
            self.read_image(graph, world, id, &name, &mut open);
        }
    }

    fn read_image(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        id: u128,
        name: &str,
        open: &mut Vec<(u128, String)>,
    ) {
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
                if let Ok((lane, true)) = self.address_of(graph, world, other, 0)
                    && let Some(id) = graph.as_constant(lane.provenance)
                {
                    open.push((id, other.clone()));
                }
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
        let (lane, new) = self.address_of(graph, world, name, offset)?;
        if let (true, Some(id)) = (new, graph.as_constant(lane.provenance)) {
            self.read_images(graph, world, id, name);
        }
        Ok(lane)
    }

    /// The address of a global, and whether it is named for the first time.
    fn address_of(
        &mut self,
        graph: &mut Graph,
        world: &mut World,
        name: &str,
        offset: i64,
    ) -> Result<(Lane, bool), Stop> {
        if self.module.globals.get(name).is_none_or(|g| g.unsupported) {
            return Stop::because("memory-model", format!("address of @{name}"));
        }
        self.names_globals = true;
        let (address, provenance) = world.global(graph, name);
        let new = graph.as_constant(provenance).is_some_and(|id| {
            let known = self.globals.insert(id, (name.to_string(), address));
            known.is_none()
        });
        let value = graph.add_constant(address, offset as u128);
        let lane = Lane {
            provenance,
            ..Lane::plain(graph, value)
        };
        Ok((lane, new))
    }
}
