//! Predecessors, dominators, natural loops.

use crate::module::{BlockId, Function};

/// The shape of a function's control flow. Blocks that the entry does not reach have no place in it.
#[derive(Clone, Debug)]
pub struct ControlFlow {
    /// Reachable blocks in reverse post-order.
    pub order: Vec<BlockId>,
    /// Position in `order`, or `None` for unreachable blocks; by block.
    pub position: Vec<Option<u32>>,
    /// Reachable predecessors, without repetition; by block.
    pub predecessors: Vec<Vec<BlockId>>,
    /// Immediate dominator; by block. The entry has none.
    pub immediate_dominator: Vec<Option<BlockId>>,
    /// When a walk through the tree of dominators enters and leaves a block; by block.
    spans: Vec<(u32, u32)>,
}

impl ControlFlow {
    /// Looks at a function.
    #[must_use]
    pub fn of(function: &Function) -> Self {
        let count = function.blocks.len();
        let successors: Vec<Vec<BlockId>> = (0..count)
            .map(|b| function.successors(BlockId(b as u32)))
            .collect();
        let order = reverse_post_order(&successors);
        let mut position = vec![None; count];
        for (i, block) in order.iter().enumerate() {
            position[block.0 as usize] = Some(i as u32);
        }
        let mut predecessors = vec![Vec::new(); count];
        for &block in &order {
            for next in &successors[block.0 as usize] {
                let list: &mut Vec<BlockId> = &mut predecessors[next.0 as usize];
                // All edges of one block come one after the other.
                if list.last() != Some(&block) {
                    list.push(block);
                }
            }
        }
        let immediate_dominator = dominators(&order, &position, &predecessors);
        Self {
            spans: spans(&order, &immediate_dominator),
            order,
            position,
            predecessors,
            immediate_dominator,
        }
    }

    /// Whether every path from the entry to `below` passes `above`; both reachable.
    #[must_use]
    pub fn dominates(&self, above: BlockId, below: BlockId) -> bool {
        let (a, b) = (self.spans[above.0 as usize], self.spans[below.0 as usize]);
        above == below || (a.0 < b.0 && b.1 < a.1)
    }

    /// Whether the entry reaches a block.
    #[must_use]
    pub fn reaches(&self, block: BlockId) -> bool {
        self.position[block.0 as usize].is_some()
    }

    /// Edges `(from, to)` that close a cycle in reverse post-order.
    #[must_use]
    pub fn back_edges(&self) -> Vec<(BlockId, BlockId)> {
        let mut out = Vec::new();
        for &to in &self.order {
            for &from in &self.predecessors[to.0 as usize] {
                if self.position[from.0 as usize] >= self.position[to.0 as usize] {
                    out.push((from, to));
                }
            }
        }
        out
    }
}

fn reverse_post_order(successors: &[Vec<BlockId>]) -> Vec<BlockId> {
    let mut seen = vec![false; successors.len()];
    let mut order = Vec::new();
    if successors.is_empty() {
        return order;
    }
    let mut stack = vec![(BlockId(0), 0usize)];
    seen[0] = true;
    while let Some((block, next)) = stack.pop() {
        if let Some(&successor) = successors[block.0 as usize].get(next) {
            stack.push((block, next + 1));
            if !seen[successor.0 as usize] {
                seen[successor.0 as usize] = true;
                stack.push((successor, 0));
            }
        } else {
            order.push(block);
        }
    }
    order.reverse();
    order
}

fn spans(order: &[BlockId], immediate_dominator: &[Option<BlockId>]) -> Vec<(u32, u32)> {
    let mut below: Vec<Vec<BlockId>> = vec![Vec::new(); immediate_dominator.len()];
    for &block in order {
        if let Some(above) = immediate_dominator[block.0 as usize] {
            below[above.0 as usize].push(block);
        }
    }
    // Blocks that the entry does not reach contain nothing and lie in nothing.
    let mut out = vec![(0, 0); immediate_dominator.len()];
    let mut clock = 0;
    let mut stack: Vec<(BlockId, usize)> = order.iter().take(1).map(|b| (*b, 0)).collect();
    while let Some((block, next)) = stack.pop() {
        clock += 1;
        if next == 0 {
            out[block.0 as usize].0 = clock;
        }
        if let Some(&child) = below[block.0 as usize].get(next) {
            stack.push((block, next + 1));
            stack.push((child, 0));
        } else {
            out[block.0 as usize].1 = clock + 1;
            clock += 1;
        }
    }
    out
}

/// Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
fn dominators(
    order: &[BlockId],
    position: &[Option<u32>],
    predecessors: &[Vec<BlockId>],
) -> Vec<Option<BlockId>> {
    let mut idom: Vec<Option<BlockId>> = vec![None; position.len()];
    let Some(&entry) = order.first() else {
        return idom;
    };
    idom[entry.0 as usize] = Some(entry);
    let at = |b: BlockId| position[b.0 as usize].unwrap_or(u32::MAX);
    let mut changed = true;
    while changed {
        changed = false;
        for &block in &order[1..] {
            let mut new: Option<BlockId> = None;
            for &p in &predecessors[block.0 as usize] {
                if idom[p.0 as usize].is_none() {
                    continue;
                }
                new = Some(match new {
                    None => p,
                    Some(mut a) => {
                        let mut b = p;
                        while a != b {
                            while at(a) > at(b) {
                                a = idom[a.0 as usize].unwrap_or(entry);
                            }
                            while at(b) > at(a) {
                                b = idom[b.0 as usize].unwrap_or(entry);
                            }
                        }
                        a
                    }
                });
            }
            if idom[block.0 as usize] != new {
                idom[block.0 as usize] = new;
                changed = true;
            }
        }
    }
    idom[entry.0 as usize] = None;
    idom
}
