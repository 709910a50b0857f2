//! The blocks of a walk, loops unrolled: each copy of a block is one place.

use calque_ir::collections::{HashMap, HashSet};

use calque_ir::BlockId;

use super::Stop;
use super::machine::Machine;

/// Copies of blocks in one walk.
const COPY_LIMIT: usize = 1_500;

/// Where an edge of a walk leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To a copy of a block.
    Go(usize),
    /// To a cut point.
    Cut,
    /// Around a loop once more than it is unrolled.
    Beyond,
}

/// The places of a walk.
pub(super) struct Region {
    /// The block of each copy.
    pub(super) blocks: Vec<BlockId>,
    /// Topologically sorted copies; the first is the start.
    pub(super) order: Vec<usize>,
    next: Vec<Vec<(BlockId, Step)>>,
}

impl Region {
    pub(super) fn step(&self, from: usize, to: BlockId) -> Step {
        self.next[from]
            .iter()
            .find(|(block, _)| *block == to)
            .map_or(Step::Beyond, |(_, step)| *step)
    }

    /// Position of each copy in the order.
    pub(super) fn rank(&self) -> Vec<usize> {
        let mut out = vec![0; self.blocks.len()];
        for (position, at) in self.order.iter().enumerate() {
            out[*at] = position;
        }
        out
    }
}

impl Machine<'_> {
    /// Places reachable from `start` without entering a cut. A copy is a block and, for each loop around it, how often that was taken
    /// again; without unrolling, a cycle without a cut is an error.
    pub(super) fn region(&self, start: BlockId, cuts: &[BlockId]) -> Result<Region, Stop> {
        let loops = if self.unroll.is_some() {
            self.loops()
        } else {
            Vec::new()
        };
        let mut ids: HashMap<(BlockId, Vec<u32>), usize> = HashMap::default();
        let mut region = Region {
            blocks: vec![start],
            order: Vec::new(),
            next: vec![Vec::new()],
        };
        let mut counts: Vec<Vec<u32>> = vec![vec![0; loops.len()]];
        ids.insert((start, counts[0].clone()), 0);
        // Depth first; a copy is done when all that follows it is.
        let mut done: Vec<bool> = vec![false];
        let mut stack: Vec<(usize, Vec<BlockId>)> = vec![(0, self.function.successors(start))];
        while let Some((at, rest)) = stack.last_mut() {
            let at = *at;
            let Some(to) = rest.pop() else {
                done[at] = true;
                region.order.push(at);
                stack.pop();
                continue;
            };
            if region.next[at].iter().any(|(b, _)| *b == to) {
                continue;
            }
            if cuts.contains(&to) {
                region.next[at].push((to, Step::Cut));
                continue;
            }
            let from = region.blocks[at];
            let taken: Vec<u32> = loops
                .iter()
                .zip(&counts[at])
                .map(|((header, body), count)| {
                    if !body.contains(&to) || !body.contains(&from) {
                        0
                    } else {
                        count + u32::from(to == *header)
                    }
                })
                .collect();
            if taken.iter().any(|count| Some(*count) > self.unroll) {
                region.next[at].push((to, Step::Beyond));
                continue;
            }
            let key = (to, taken);
            if let Some(&known) = ids.get(&key) {
                if !done[known] {
                    return Stop::because("loop-bound", "a loop without a cut point");
                }
                region.next[at].push((to, Step::Go(known)));
                continue;
            }
            let next = region.blocks.len();
            if next >= COPY_LIMIT {
                return Stop::because("budget", "the loops unroll to too many blocks");
            }
            region.next[at].push((to, Step::Go(next)));
            region.blocks.push(to);
            region.next.push(Vec::new());
            counts.push(key.1.clone());
            done.push(false);
            ids.insert(key, next);
            stack.push((next, self.function.successors(to)));
        }
        region.order.reverse();
        Ok(region)
    }

    /// Header and body for every edge that closes a cycle; bodies of one header together.
    fn loops(&self) -> Vec<(BlockId, HashSet<BlockId>)> {
        let mut out: Vec<(BlockId, HashSet<BlockId>)> = Vec::new();
        for (latch, header) in self.flow.back_edges() {
            let at = if let Some(at) = out.iter().position(|(h, _)| *h == header) {
                at
            } else {
                out.push((header, HashSet::from_iter([header])));
                out.len() - 1
            };
            let body = &mut out[at].1;
            let mut stack = vec![latch];
            while let Some(block) = stack.pop() {
                if body.insert(block) {
                    stack.extend(self.flow.predecessors[block.0 as usize].iter().copied());
                }
            }
        }
        out
    }
}
