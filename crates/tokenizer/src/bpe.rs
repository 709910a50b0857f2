//! Byte pair encoding of one piece: of all adjacent pairs, merge the one of lowest rank, leftmost first,
//! until none is left.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::hash::{self, Fast};

/// A pair's rank in the upper half, the id that it becomes in the lower: the least is merged first.
type Merge = u64;
const NO_MERGE: Merge = u64::MAX;
const NO_PAIR: u64 = u64::MAX;
const NONE: u32 = u32::MAX;

/// Up to this many symbols a linear scan per merge beats sorting by rank.
const SCAN_LIMIT: usize = 64;

/// The merge table: `(left, right) -> (rank, merged)`, in open addressing.
#[derive(Debug)]
pub struct Merges {
    slots: Vec<(u64, Merge)>,
    filled: usize,
    /// Whether every merge ranks after those that make its two sides, as in every trained file. Only then
    /// does a merge never give rise to one that should have come before it.
    ordered: bool,
    /// By id, one more than the largest rank that makes it.
    made: Vec<u32>,
}

impl Merges {
    pub fn with_capacity(merges: usize) -> Self {
        Self {
            slots: vec![(NO_PAIR, NO_MERGE); (merges * 2).next_power_of_two().max(64)],
            filled: 0,
            ordered: false,
            made: Vec::new(),
        }
    }

    /// Adds a merge; a pair that is listed twice keeps its last rank, as in the reference.
    pub fn add(&mut self, left: u32, right: u32, rank: u32, merged: u32) {
        if self.filled * 2 >= self.slots.len() {
            self.grow();
        }
        let pair = u64::from(left) << 32 | u64::from(right);
        let slot = self.slot(pair);
        self.filled += usize::from(self.slots[slot].0 == NO_PAIR);
        self.slots[slot] = (pair, u64::from(rank) << 32 | u64::from(merged));
        let largest = left.max(right).max(merged) as usize;
        if self.made.len() <= largest {
            self.made.resize(largest + 1, 0);
        }
        self.made[merged as usize] = self.made[merged as usize].max(rank + 1);
    }

    /// To be called when all merges are there.
    pub fn finish(&mut self) {
        self.ordered = self.slots.iter().all(|&(pair, merge)| {
            pair == NO_PAIR || {
                let rank = (merge >> 32) as u32;
                self.made[(pair >> 32) as usize] <= rank && self.made[pair as u32 as usize] <= rank
            }
        });
    }

    #[inline]
    fn slot(&self, pair: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash::pair(pair, 0) as usize & mask;
        while self.slots[at].0 != pair && self.slots[at].0 != NO_PAIR {
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    fn get(&self, left: u32, right: u32) -> Merge {
        self.slots[self.slot(u64::from(left) << 32 | u64::from(right))].1
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![(NO_PAIR, NO_MERGE); size]);
        for (pair, merge) in old {
            if pair != NO_PAIR {
                let slot = self.slot(pair);
                self.slots[slot] = (pair, merge);
            }
        }
    }
}

/// Buffers that are kept from piece to piece.
#[derive(Debug, Default)]
pub struct Scratch {
    pub symbols: Vec<u32>,
    candidates: Vec<Merge>,
}

/// Merges `scratch.symbols` in place.
pub fn merge(scratch: &mut Scratch, merges: &Merges) {
    if scratch.symbols.len() <= SCAN_LIMIT {
        merge_scanning(scratch, merges);
    } else if merges.ordered {
        merge_by_rank(&mut scratch.symbols, merges);
    } else {
        merge_with_heap(&mut scratch.symbols, merges);
    }
}

/// For short pieces: the merge of every adjacent pair in a row, the least of them again and again.
fn merge_scanning(scratch: &mut Scratch, merges: &Merges) {
    let Scratch {
        symbols,
        candidates,
    } = scratch;
    candidates.clear();
    candidates.extend(symbols.windows(2).map(|pair| merges.get(pair[0], pair[1])));
    loop {
        let mut best = NO_MERGE;
        let mut at = 0;
        for (i, &candidate) in candidates.iter().enumerate() {
            if candidate < best {
                (best, at) = (candidate, i);
            }
        }
        if best == NO_MERGE {
            return;
        }
        symbols[at] = best as u32;
        symbols.remove(at + 1);
        candidates.remove(at);
        if at > 0 {
            candidates[at - 1] = merges.get(symbols[at - 1], symbols[at]);
        }
        if at < candidates.len() {
            candidates[at] = merges.get(symbols[at], symbols[at + 1]);
        }
    }
}

/// A linked list over the symbols of a long piece.
struct List<'a> {
    symbols: &'a mut Vec<u32>,
    next: Vec<u32>,
    previous: Vec<u32>,
}

impl<'a> List<'a> {
    fn new(symbols: &'a mut Vec<u32>) -> Self {
        let count = symbols.len() as u32;
        Self {
            symbols,
            next: (1..count).chain([NONE]).collect(),
            previous: (0..count).map(|i| i.wrapping_sub(1)).collect(),
        }
    }

    /// Merges at `at` if the pair there still becomes `id`; true if it did.
    fn merge(&mut self, at: u32, merge: Merge, merges: &Merges) -> bool {
        let here = at as usize;
        let after = self.next[here];
        if self.symbols[here] == NONE || after == NONE {
            return false;
        }
        if merges.get(self.symbols[here], self.symbols[after as usize]) != merge {
            return false;
        }
        self.symbols[here] = merge as u32;
        self.symbols[after as usize] = NONE;
        let beyond = self.next[after as usize];
        self.next[here] = beyond;
        if beyond != NONE {
            self.previous[beyond as usize] = at;
        }
        true
    }

    /// The merges that the symbol at `at` now offers with its neighbours, with the place of each.
    fn around(&self, at: u32, merges: &Merges) -> [(Merge, u32); 2] {
        let here = self.symbols[at as usize];
        let (before, after) = (self.previous[at as usize], self.next[at as usize]);
        let offer = |left: u32, right: u32| merges.get(left, right);
        [
            if before == NONE {
                (NO_MERGE, 0)
            } else {
                (offer(self.symbols[before as usize], here), before)
            },
            if after == NONE {
                (NO_MERGE, 0)
            } else {
                (offer(here, self.symbols[after as usize]), at)
            },
        ]
    }
}

/// For long pieces: all places of one merge at a time, from left to right. Linear but for the number of
/// distinct merges, since in an ordered table a merge only gives rise to later ones.
fn merge_by_rank(symbols: &mut Vec<u32>, merges: &Merges) {
    let mut places: HashMap<Merge, Vec<u32>, Fast> = HashMap::default();
    let mut queue = BinaryHeap::new();
    let add = |merge: Merge,
               at: u32,
               queue: &mut BinaryHeap<Reverse<Merge>>,
               places: &mut HashMap<Merge, Vec<u32>, Fast>| {
        if merge != NO_MERGE {
            places
                .entry(merge)
                .or_insert_with(|| {
                    queue.push(Reverse(merge));
                    Vec::new()
                })
                .push(at);
        }
    };
    for (at, pair) in symbols.windows(2).enumerate() {
        add(
            merges.get(pair[0], pair[1]),
            at as u32,
            &mut queue,
            &mut places,
        );
    }
    let mut list = List::new(symbols);
    while let Some(Reverse(merge)) = queue.pop() {
        let mut found = places.remove(&merge).unwrap_or_default();
        if !found.is_sorted() {
            found.sort_unstable();
        }
        for at in found {
            if list.merge(at, merge, merges) {
                for (merge, at) in list.around(at, merges) {
                    add(merge, at, &mut queue, &mut places);
                }
            }
        }
    }
    symbols.retain(|&symbol| symbol != NONE);
}

/// For long pieces under merges in any order: a heap of candidates, O(n log n).
fn merge_with_heap(symbols: &mut Vec<u32>, merges: &Merges) {
    let offers = symbols.windows(2).enumerate();
    let mut heap: BinaryHeap<Reverse<(Merge, u32)>> = offers
        .map(|(at, pair)| Reverse((merges.get(pair[0], pair[1]), at as u32)))
        .filter(|offer| offer.0.0 != NO_MERGE)
        .collect();
    let mut list = List::new(symbols);
    while let Some(Reverse((merge, at))) = heap.pop() {
        if list.merge(at, merge, merges) {
            let offers = list.around(at, merges).into_iter();
            heap.extend(offers.filter(|offer| offer.0 != NO_MERGE).map(Reverse));
        }
    }
    symbols.retain(|&symbol| symbol != NONE);
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Draw(u32);

    impl Draw {
        fn below(&mut self, n: u32) -> u32 {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 16) % n
        }
    }

    /// Merges that overlap and chain; each makes an id of its own, from ids made before unless `shuffled`.
    fn table(draw: &mut Draw, shuffled: bool) -> Merges {
        let mut merges = Merges::with_capacity(4);
        for rank in 0..40 {
            let made = if shuffled { 40 } else { rank };
            let (left, right) = (draw.below(4 + made), draw.below(4 + made));
            if merges.get(left, right) == NO_MERGE {
                merges.add(left, right, rank, 4 + rank);
            }
        }
        merges.finish();
        merges
    }

    fn symbols(draw: &mut Draw, most: u32) -> Vec<u32> {
        let few = 1 + draw.below(4);
        (0..draw.below(most)).map(|_| draw.below(few)).collect()
    }

    #[test]
    fn every_way_merges_alike() {
        let mut draw = Draw(12345);
        let mut long = 0;
        for round in 0..2000 {
            let shuffled = round % 2 == 0;
            let merges = table(&mut draw, shuffled);
            assert!(shuffled || merges.ordered);
            let symbols = symbols(&mut draw, 200);
            let mut scratch = Scratch {
                symbols: symbols.clone(),
                candidates: Vec::new(),
            };
            merge_scanning(&mut scratch, &merges);
            let (mut heaped, mut ranked) = (symbols.clone(), symbols);
            merge_with_heap(&mut heaped, &merges);
            assert_eq!(scratch.symbols, heaped);
            if merges.ordered {
                merge_by_rank(&mut ranked, &merges);
                assert_eq!(scratch.symbols, ranked);
                long += usize::from(ranked.len() > 3);
            }
        }
        assert!(long > 300, "only {long} pieces tried merging by rank");
    }

    #[test]
    fn an_unordered_table_is_told_from_an_ordered_one() {
        let mut merges = Merges::with_capacity(4);
        merges.add(0, 1, 0, 4);
        merges.add(4, 2, 1, 5);
        merges.finish();
        assert!(merges.ordered);
        merges.add(0, 2, 2, 4);
        merges.finish();
        assert!(!merges.ordered);
    }
}
