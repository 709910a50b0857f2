//! Which cuts of the two sides belong together.

use calque_ir::collections::HashMap;

use calque_ir::BlockId;

use super::loops::Loop;
use super::trace::Trace;

/// Pairings tried before giving up.
const PAIRING_LIMIT: usize = 8;

/// A cut for every loop: source block, target block.
pub(super) type Pairing = Vec<(BlockId, BlockId)>;

/// Pairings under which both sides pass their cuts in the same order in every run, best first.
pub(super) fn pairings(source: &[Loop], target: &[Loop], runs: &[(Trace, Trace)]) -> Vec<Pairing> {
    let mut out = Vec::new();
    if source.len() != target.len() {
        return out;
    }
    let count = |trace: &Trace, block: BlockId| trace.iter().filter(|v| v.block == block).count();
    let mut choices: Vec<Vec<(usize, BlockId, BlockId)>> = Vec::new();
    for t in target {
        let mut fitting = Vec::new();
        for (index, s) in source.iter().enumerate() {
            for &a in &s.cuts {
                for &b in &t.cuts {
                    if runs.iter().all(|(x, y)| count(x, a) == count(y, b)) {
                        fitting.push((index, a, b));
                    }
                }
            }
        }
        choices.push(fitting);
    }
    extend(&choices, &mut Vec::new(), &mut out, runs);
    out
}

fn extend(
    choices: &[Vec<(usize, BlockId, BlockId)>],
    chosen: &mut Vec<(usize, BlockId, BlockId)>,
    out: &mut Vec<Pairing>,
    runs: &[(Trace, Trace)],
) {
    if out.len() >= PAIRING_LIMIT {
        return;
    }
    let Some((first, rest)) = choices.split_first() else {
        let pairing: Pairing = chosen.iter().map(|(_, a, b)| (*a, *b)).collect();
        if in_step(&pairing, runs) {
            out.push(pairing);
        }
        return;
    };
    for choice in first {
        if chosen.iter().any(|(index, ..)| *index == choice.0) {
            continue;
        }
        chosen.push(*choice);
        extend(rest, chosen, out, runs);
        chosen.pop();
    }
}

fn in_step(pairing: &Pairing, runs: &[(Trace, Trace)]) -> bool {
    let left: HashMap<BlockId, usize> = pairing
        .iter()
        .enumerate()
        .map(|(i, (a, _))| (*a, i))
        .collect();
    let right: HashMap<BlockId, usize> = pairing
        .iter()
        .enumerate()
        .map(|(i, (_, b))| (*b, i))
        .collect();
    runs.iter().all(|(x, y)| {
        x.iter()
            .filter_map(|v| left.get(&v.block))
            .eq(y.iter().filter_map(|v| right.get(&v.block)))
    })
}
