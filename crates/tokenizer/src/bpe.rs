//! Byte pair encoding of one piece: of all adjacent pairs, merge the one of lowest rank, leftmost first,
//! until none is left.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// The merge table: `(left, right) -> (rank, merged)`.
pub type Merges = HashMap<(u32, u32), (u32, u32), BuildHasherDefault<PairHasher>>;

/// Up to this many symbols a linear scan per merge beats a heap.
const SCAN_LIMIT: usize = 48;

/// Merges `symbols` in place.
pub fn merge(symbols: &mut Vec<u32>, merges: &Merges) {
    if symbols.len() <= SCAN_LIMIT {
        merge_scanning(symbols, merges);
    } else {
        merge_with_heap(symbols, merges);
    }
}

fn merge_scanning(symbols: &mut Vec<u32>, merges: &Merges) {
    loop {
        let best = symbols
            .windows(2)
            .enumerate()
            .filter_map(|(at, pair)| {
                let &(rank, id) = merges.get(&(pair[0], pair[1]))?;
                Some((rank, at, id))
            })
            .min();
        let Some((_, at, id)) = best else { return };
        symbols[at] = id;
        symbols.remove(at + 1);
    }
}

/// A linked list of symbols and a heap of candidate merges: O(n log n) on one long piece.
fn merge_with_heap(symbols: &mut Vec<u32>, merges: &Merges) {
    const NONE: u32 = u32::MAX;
    let count = symbols.len() as u32;
    let mut next: Vec<u32> = (1..=count)
        .map(|i| if i == count { NONE } else { i })
        .collect();
    let mut previous: Vec<u32> = (0..count).map(|i| i.wrapping_sub(1)).collect();
    let mut heap = BinaryHeap::new();
    let candidate = |left: u32, right: u32, at: u32| {
        let &(rank, id) = merges.get(&(left, right))?;
        Some(Reverse((rank, at, left, right, id)))
    };
    for (at, pair) in symbols.windows(2).enumerate() {
        heap.extend(candidate(pair[0], pair[1], at as u32));
    }
    let mut removed = vec![false; symbols.len()];
    while let Some(Reverse((_, at, left, right, id))) = heap.pop() {
        let here = at as usize;
        let after = next[here];
        // A candidate is stale once either side was merged into something else.
        if removed[here]
            || symbols[here] != left
            || after == NONE
            || symbols[after as usize] != right
        {
            continue;
        }
        symbols[here] = id;
        removed[after as usize] = true;
        let beyond = next[after as usize];
        next[here] = beyond;
        if beyond != NONE {
            previous[beyond as usize] = at;
            heap.extend(candidate(id, symbols[beyond as usize], at));
        }
        let before = previous[here];
        if before != NONE {
            heap.extend(candidate(symbols[before as usize], id, before));
        }
    }
    let mut keep = removed.iter().map(|gone| !gone);
    symbols.retain(|_| keep.next().unwrap_or(false));
}

/// A multiplicative hash of a pair of ids; ids come from the vocabulary, not from an adversary's text.
#[derive(Default)]
pub struct PairHasher(u64);

impl Hasher for PairHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(23) ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_merges_as_the_scan_does() {
        // Ranks drawn so that merges overlap, chain, and tie on rank at several places.
        let mut state = 12345_u32;
        let mut draw = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        for _ in 0..400 {
            let mut merges = Merges::default();
            for rank in 0..12 {
                let (left, right) = (draw(4 + rank), draw(4 + rank));
                merges.entry((left, right)).or_insert((rank, 4 + rank));
            }
            let symbols: Vec<u32> = (0..draw(60)).map(|_| draw(4)).collect();
            let (mut scanned, mut heaped) = (symbols.clone(), symbols);
            merge_scanning(&mut scanned, &merges);
            merge_with_heap(&mut heaped, &merges);
            assert_eq!(scanned, heaped);
        }
    }
}
