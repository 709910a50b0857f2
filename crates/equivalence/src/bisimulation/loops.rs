//! Natural loops and the blocks at which they can be cut.

use calque_ir::collections::HashSet;

use calque_ir::{BlockId, ControlFlow};

use crate::symbolic::Stop;

/// A natural loop.
pub(super) struct Loop {
    pub(super) header: BlockId,
    /// Blocks through which every iteration passes, outside inner loops, in reverse post-order.
    pub(super) cuts: Vec<BlockId>,
}

/// The loops of a function, outer before inner. Cycles with two entries are refused.
pub(super) fn loops(flow: &ControlFlow) -> Result<Vec<Loop>, Stop> {
    let mut headers: Vec<(BlockId, Vec<BlockId>)> = Vec::new();
    for (from, to) in flow.back_edges() {
        if !flow.dominates(to, from) {
            return Stop::because("loop-bound", "a cycle with two entries");
        }
        match headers.iter_mut().find(|(h, _)| *h == to) {
            Some((_, latches)) => latches.push(from),
            None => headers.push((to, vec![from])),
        }
    }
    let bodies: Vec<HashSet<BlockId>> = headers
        .iter()
        .map(|(h, latches)| body(flow, *h, latches))
        .collect();
    let mut out = Vec::new();
    for (i, (header, latches)) in headers.iter().enumerate() {
        let inner: Vec<&HashSet<BlockId>> = headers
            .iter()
            .zip(&bodies)
            .filter(|((h, _), _)| h != header && bodies[i].contains(h))
            .map(|(_, b)| b)
            .collect();
        let cuts = flow
            .order
            .iter()
            .copied()
            .filter(|b| bodies[i].contains(b) && !inner.iter().any(|body| body.contains(b)))
            .filter(|b| latches.iter().all(|latch| flow.dominates(*b, *latch)))
            .collect();
        out.push(Loop {
            header: *header,
            cuts,
        });
    }
    let place = |l: &Loop| flow.position[l.header.0 as usize];
    calque_ir::collections::sort_by(&mut out, |a, b| place(a) < place(b));
    Ok(out)
}

fn body(flow: &ControlFlow, header: BlockId, latches: &[BlockId]) -> HashSet<BlockId> {
    let mut seen = HashSet::from_iter([header]);
    let mut stack = latches.to_vec();
    while let Some(block) = stack.pop() {
        if seen.insert(block) {
            stack.extend(flow.predecessors[block.0 as usize].iter().copied());
        }
    }
    seen
}
