//! From a model of the difference to an input, and that input run on both sides: only what replays is a refutation.

use calque_ir::collections::HashMap;

use calque_ir::interpreter::{Input, STRANGER_COUNT, Scalar};
use calque_ir::{Byte, Memory, MemoryBlock, Pointer, fold};

use crate::callees::{chooses, with_callees};
use crate::concrete::{Comparison, Side, compare};
use crate::graph::{Evaluator, Graph, Kind, Node, Symbol};
use crate::inputs::Inputs;
use crate::options::Options;
use crate::prove::Entry;
use crate::solver::FoundBlock;
use crate::symbolic::{Extent, World};
use crate::verdict::Verdict;

/// Bytes of an allocation that are made; a larger one is cut.
const SIZE_LIMIT_BYTES: u64 = 4_096;
/// Above this address a model is not run.
const ADDRESS_LIMIT: u64 = 1 << 46;

/// A model's surroundings.
pub(crate) struct Attempt<'a, 'm> {
    pub(crate) source: Side<'m>,
    pub(crate) target: Side<'m>,
    pub(crate) options: &'a Options,
    pub(crate) graph: &'a Graph,
    pub(crate) world: &'a World,
    pub(crate) entry: &'a Entry,
    pub(crate) found: &'a [FoundBlock],
    pub(crate) extents: &'a [Extent],
}

impl Attempt<'_, '_> {
    /// Runs the model's input on both sides.
    pub(crate) fn replay(&self, model: HashMap<Node, u128>) -> Verdict {
        let leaves: Vec<Node> = model.keys().copied().collect();
        let mut values = Evaluator::new(self.graph, model);
        let mut loose = false;
        let mut places = Places::new(self, &mut values);
        let mut arguments = Vec::new();
        for (parameter, lanes) in self
            .source
            .function
            .parameters
            .iter()
            .zip(&self.entry.arguments)
        {
            let name = format!("%{}", self.source.function.value(parameter.value).name);
            let mut out = Vec::new();
            for lane in lanes {
                out.push(if values.value(lane.poison) == 1 {
                    Scalar::Poison
                } else if values.value(lane.undef) == 1 {
                    loose = true;
                    Scalar::Undef
                } else if self.graph.as_constant(lane.provenance).is_some() {
                    Scalar::Int(values.value(lane.value))
                } else {
                    let (block, address) =
                        (values.value(lane.provenance), values.value(lane.value));
                    Scalar::Pointer(places.pointer(block, address as u64, &name))
                });
            }
            arguments.push(out);
        }
        let mut leaves = leaves;
        calque_ir::collections::sort(&mut leaves);
        places.fill(self, &leaves, &mut values);
        if places.too_high {
            return Verdict::unknown(
                "memory-model",
                "the difference found needs memory at addresses that no run has",
            );
        }
        let strangers = Inputs::new([self.source, self.target], Vec::new()).strangers();
        if strangers {
            let bytes = vec![Byte::Bits(0x11); 64];
            places.memory.allocate("elsewhere", bytes, 16, false);
        }
        let styles = if strangers { STRANGER_COUNT } else { 1 };
        let mut open = None;
        for style in 0..styles {
            let mut input = Input {
                arguments: arguments.clone(),
                memory: places.memory.clone(),
                strangers: strangers.then_some(style),
            };
            let signature = self.options.signature.as_ref();
            if signature.is_some_and(|s| !s.shape(&mut input)) {
                open = Some((
                    "memory-model",
                    "the difference found is on no input of the signature".into(),
                ));
                continue;
            }
            let (comparison, counterexample) =
                compare(self.source, self.target, &input, self.options.relation);
            match comparison {
                Comparison::Differs(how) => return Verdict::refuted("sat", counterexample, how),
                Comparison::Open(code, what) => open = Some((code, what)),
                Comparison::Fits => {}
            }
        }
        if let Some((code, what)) = open {
            return Verdict::unknown(code, what);
        }
        let choice =
            loose || chooses(&with_callees(self.source)) || chooses(&with_callees(self.target));
        let memory = leaves
            .iter()
            .any(|n| matches!(self.graph.kind(*n), Kind::Apply(..)));
        if choice {
            Verdict::unknown(
                "undef",
                "the difference found depends on freeze or undef and did not replay",
            )
        } else if strangers {
            Verdict::unknown(
                "external-call",
                "the difference found depends on what a called function does and did not replay",
            )
        } else if memory {
            Verdict::unknown(
                "memory-model",
                "the difference found depends on memory and did not replay",
            )
        } else {
            Verdict::unknown(
                "internal-disagreement",
                "a model of the difference did not replay",
            )
        }
    }
}

/// Memory in the making: which block stands for which provenance.
struct Places {
    memory: Memory,
    /// By provenance: index of the block.
    blocks: HashMap<u128, u32>,
    found: HashMap<u128, FoundBlock>,
    too_high: bool,
}

impl Places {
    fn new(attempt: &Attempt<'_, '_>, values: &mut Evaluator<'_>) -> Self {
        let inputs = Inputs::new([attempt.source, attempt.target], Vec::new());
        let mut out = Self {
            memory: inputs.globals(),
            blocks: HashMap::default(),
            found: HashMap::default(),
            too_high: false,
        };
        for (name, (address, provenance)) in attempt.world.known_globals() {
            let label = format!("@{name}");
            let index = out.memory.blocks.iter().position(|b| b.name == label);
            if let (Some(index), Some(id)) = (index, attempt.graph.as_constant(*provenance)) {
                out.blocks.insert(id, index as u32);
                let at = values.value(*address) as u64;
                if at != 0 && at < ADDRESS_LIMIT {
                    out.memory.blocks[index].address = at;
                }
            }
        }
        for block in attempt.found {
            let id = values.value(block.provenance);
            out.found.insert(id, block.clone());
        }
        for extent in attempt.extents {
            let block = FoundBlock {
                provenance: extent.provenance,
                base: values.value(extent.start) as u64,
                size: values.value(extent.bytes) as u64,
                constant: false,
                live: true,
            };
            out.found.insert(values.value(extent.provenance), block);
        }
        out
    }

    fn pointer(&mut self, provenance: u128, address: u64, name: &str) -> Pointer {
        if provenance == 0 {
            return Pointer {
                block: 0,
                offset: address as i64,
            };
        }
        let block = if let Some(block) = self.blocks.get(&provenance) {
            *block
        } else {
            let (base, size, constant, live) = match self.found.get(&provenance) {
                Some(f) => (f.base, f.size.min(SIZE_LIMIT_BYTES), f.constant, f.live),
                None => (address.max(1), 0, false, true),
            };
            self.too_high |= base > ADDRESS_LIMIT;
            self.memory.blocks.push(MemoryBlock {
                name: name.into(),
                bytes: vec![Byte::Bits(0); size as usize],
                address: base,
                hidden: false,
                constant,
                live,
                asleep: false,
            });
            let index = self.memory.blocks.len() as u32 - 1;
            self.blocks.insert(provenance, index);
            index
        };
        let base = self.memory.blocks[block as usize].address;
        Pointer {
            block,
            offset: address.wrapping_sub(base) as i64,
        }
    }

    /// Writes what the model's loads found at entry.
    fn fill(&mut self, attempt: &Attempt<'_, '_>, leaves: &[Node], values: &mut Evaluator<'_>) {
        let graph = attempt.graph;
        for wanted in [Symbol::Load, Symbol::LoadPoison] {
            for &node in leaves {
                let Kind::Apply(symbol, list) = graph.kind(node) else {
                    continue;
                };
                if *symbol != wanted || list[0] != attempt.entry.memory {
                    continue;
                }
                let (id, address) = (values.value(list[1]), values.value(list[2]) as u64);
                let poison = wanted == Symbol::LoadPoison;
                let bytes = if poison {
                    values.value(list[3]) as u32 / 8
                } else {
                    graph.width(node) / 8
                };
                if id == 0 || (poison && values.value(node) == 0) {
                    continue;
                }
                let place = self.pointer(id, address, "memory");
                let found = values.value(node);
                let target = leaves
                    .iter()
                    .find(|n| {
                        matches!(graph.kind(**n), Kind::Apply(Symbol::LoadProvenance, other) if other == list)
                    })
                    .map(|n| values.value(*n))
                    .filter(|id| *id != 0 && !poison && bytes == 8);
                let held = target.map(|id| self.pointer(id, found as u64, "memory"));
                let block = &mut self.memory.blocks[place.block as usize];
                if block.constant && block.name.starts_with('@') {
                    continue;
                }
                for i in 0..bytes {
                    let at = place.offset.wrapping_add(i64::from(i));
                    let Some(slot) = usize::try_from(at)
                        .ok()
                        .and_then(|i| block.bytes.get_mut(i))
                    else {
                        continue;
                    };
                    *slot = match held {
                        _ if poison => Byte::Poison,
                        Some(pointer) => Byte::Pointer(pointer, i as u8),
                        None => {
                            let big = attempt.source.module.layout.big_endian;
                            let at = if big { bytes - 1 - i } else { i };
                            Byte::Bits((found >> (8 * at) & fold::mask(8)) as u8)
                        }
                    };
                }
            }
        }
    }
}
