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

/// Symbols of a long piece that are merged at a time.
const WINDOW: usize = 32;

/// The merge table: `(left, right) -> (rank, merged)`, in open addressing.
#[derive(Debug)]
pub struct Merges {
    slots: Vec<(u64, Merge)>,
    filled: usize,
    /// Four bits a slot, each set where a pair's hash points to it: most pairs that are asked for do not merge, and
    /// this fits into a nearer cache than the table.
    hints: Vec<u64>,
}

impl Merges {
    pub fn with_capacity(merges: usize) -> Self {
        Self::with_slots((merges * 2).next_power_of_two().max(64))
    }

    fn with_slots(slots: usize) -> Self {
        Self {
            slots: vec![(NO_PAIR, NO_MERGE); slots],
            filled: 0,
            hints: vec![0; slots / 16],
        }
    }

    /// Adds a merge; a pair that is listed twice keeps its last rank, as in the reference.
    pub fn add(&mut self, left: u32, right: u32, rank: u32, merged: u32) {
        if self.filled * 2 >= self.slots.len() {
            self.grow();
        }
        self.put(
            u64::from(left) << 32 | u64::from(right),
            u64::from(rank) << 32 | u64::from(merged),
        );
    }

    fn put(&mut self, pair: u64, merge: Merge) {
        let hash = hash::pair(pair, 0);
        let slot = self.slot(pair, hash);
        self.filled += usize::from(self.slots[slot].0 == NO_PAIR);
        self.slots[slot] = (pair, merge);
        let (word, bit) = self.hint(hash);
        self.hints[word] |= bit;
    }

    #[inline]
    fn slot(&self, pair: u64, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at].0 != pair && self.slots[at].0 != NO_PAIR {
            at = (at + 1) & mask;
        }
        at
    }

    /// Word and bit in `hints`, by other bits of the hash than those that the slot goes by.
    #[inline]
    fn hint(&self, hash: u64) -> (usize, u64) {
        let word = (hash >> 38) as usize & (self.hints.len() - 1);
        (word, 1 << (hash >> 32 & 63))
    }

    #[inline]
    fn get(&self, left: u32, right: u32) -> Merge {
        let pair = u64::from(left) << 32 | u64::from(right);
        let hash = hash::pair(pair, 0);
        let (word, bit) = self.hint(hash);
        if self.hints[word] & bit == 0 {
            return NO_MERGE;
        }
        self.slots[self.slot(pair, hash)].1
    }

    fn grow(&mut self) {
        let old = std::mem::replace(self, Self::with_slots(self.slots.len() * 2));
        for (pair, merge) in old.slots {
            if pair != NO_PAIR {
                self.put(pair, merge);
            }
        }
    }
}

/// Buffers that are kept from piece to piece.
#[derive(Debug, Default)]
pub struct Scratch {
    pub symbols: Vec<u32>,
    candidates: Vec<Merge>,
    /// A long piece as it was, and what its start became.
    piece: Vec<u32>,
    done: Vec<u32>,
    window: Vec<u32>,
}

/// Merges `scratch.symbols` in place; `length` tells how many symbols went into an id.
pub fn merge(scratch: &mut Scratch, merges: &Merges, length: impl Fn(u32) -> usize) {
    if scratch.symbols.len() <= SCAN_LIMIT {
        merge_scanning(&mut scratch.symbols, &mut scratch.candidates, merges);
    } else {
        merge_in_windows(scratch, merges, length);
    }
}

/// For long pieces: window by window, so that the work is linear and stays in the processor's caches.
///
/// Ids are what the whole becomes if every two neighbours stay apart when they are merged by themselves. For as long
/// as no merge crosses the joints around a pair, the pair is merged as it would be alone; so the first merge to cross
/// a joint in the whole would cross it in the pair too. Hence a window's last id, whose neighbour is not known yet, is
/// left to the next window, and then the joint is tried; if it does not hold, the window grows to both sides until it
/// has taken the joint's place in: so every joint that fails lies further on than the one before, and the walk ends.
fn merge_in_windows(scratch: &mut Scratch, merges: &Merges, length: impl Fn(u32) -> usize) {
    let Scratch {
        symbols,
        candidates,
        piece,
        done,
        window,
    } = scratch;
    std::mem::swap(symbols, piece);
    done.clear();
    let (mut at, mut size) = (0, WINDOW);
    // The window must reach beyond the last joint that did not hold.
    let mut failed = 0;
    // Runs of one unit give the same windows and joints again.
    let (mut before, mut held) = (0..0, (NONE, NONE));
    while at < piece.len() {
        let here = at..(at + size).min(piece.len());
        if piece[here.clone()] != piece[before.clone()] {
            window.clear();
            window.extend(&piece[here.clone()]);
            merge_any(window, candidates, merges);
            before = here.clone();
        }
        let joint = (done.last().copied(), window[0]);
        if let (Some(left), right) = joint
            && held != (left, right)
        {
            symbols.clear();
            symbols.extend(&piece[at - length(left)..at + length(right)]);
            merge_any(symbols, candidates, merges);
            if symbols[..] != [left, right] {
                failed = failed.max(at);
                let floor = at.saturating_sub(size / 2);
                while at > floor
                    && let Some(last) = done.pop()
                {
                    at -= length(last);
                }
                size *= 2;
                continue;
            }
            held = (left, right);
        }
        if here.end == piece.len() {
            done.append(window);
            break;
        }
        let (last, known) = window.split_last().expect("a window becomes an id or more");
        let end = here.end - length(*last);
        if (end - at) * 4 < size * 3 || end <= failed {
            size *= 2;
            continue;
        }
        done.extend(known);
        at = end;
        // Room for some more like it: so a run of one unit comes in windows of one size.
        size = (length(*last) * 4).next_power_of_two().max(WINDOW);
    }
    std::mem::swap(symbols, done);
}

fn merge_any(symbols: &mut Vec<u32>, candidates: &mut Vec<Merge>, merges: &Merges) {
    if symbols.len() <= SCAN_LIMIT {
        merge_scanning(symbols, candidates, merges);
    } else {
        merge_by_rank(symbols, merges);
    }
}

/// For short pieces: the merge of every adjacent pair in a row, the least of them again and again.
fn merge_scanning(symbols: &mut Vec<u32>, candidates: &mut Vec<Merge>, merges: &Merges) {
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

/// A linked list over the symbols of a long window.
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

/// Where each merge is possible, and the least of them first.
struct Places {
    lists: HashMap<Merge, usize, Fast>,
    found: Vec<Vec<u32>>,
    queue: BinaryHeap<Reverse<Merge>>,
    /// The merge that was noted last and its list: in a run of one letter it is always the same.
    last: (Merge, usize),
}

impl Places {
    fn new() -> Self {
        Self {
            lists: HashMap::default(),
            found: Vec::new(),
            queue: BinaryHeap::new(),
            last: (NO_MERGE, 0),
        }
    }

    fn list(&mut self, merge: Merge) -> &mut Vec<u32> {
        if self.last.0 != merge {
            let fresh = self.found.len();
            let list = *self.lists.entry(merge).or_insert(fresh);
            if list == fresh {
                self.queue.push(Reverse(merge));
                self.found.push(Vec::new());
            }
            self.last = (merge, list);
        }
        &mut self.found[self.last.1]
    }

    #[inline]
    fn add(&mut self, merge: Merge, at: u32) {
        if merge != NO_MERGE {
            self.list(merge).push(at);
        }
    }

    /// The merge to do next, with its places from right to left.
    fn pop(&mut self) -> Option<(Merge, Vec<u32>)> {
        let Reverse(merge) = self.queue.pop()?;
        let list = self.lists.remove(&merge);
        self.last = (NO_MERGE, 0);
        let mut places = list.map_or_else(Vec::new, |list| std::mem::take(&mut self.found[list]));
        if places.is_sorted() {
            places.reverse();
        } else if !places.is_sorted_by(|a, b| a >= b) {
            places.sort_unstable_by(|a, b| b.cmp(a));
        }
        Some((merge, places))
    }

    fn put_back(&mut self, merge: Merge, places: Vec<u32>) {
        if !places.is_empty() {
            self.list(merge).extend(places);
        }
    }
}

/// For long windows: all places of one merge at a time, from left to right, so that the work is linear but for
/// the number of distinct merges. Ranks of a trained table rise from a merge to those that it makes possible;
/// where they do not, as in rank files, the rest of the places waits.
fn merge_by_rank(symbols: &mut Vec<u32>, merges: &Merges) {
    let mut places = Places::new();
    for (at, pair) in symbols.windows(2).enumerate() {
        places.add(merges.get(pair[0], pair[1]), at as u32);
    }
    let mut list = List::new(symbols);
    while let Some((merge, mut found)) = places.pop() {
        while let Some(at) = found.pop() {
            if !list.merge(at, merge, merges) {
                continue;
            }
            let offers = list.around(at, merges);
            let earlier = offers.iter().any(|offer| offer.0 < merge);
            for (offer, at) in offers {
                places.add(offer, at);
            }
            if earlier {
                break;
            }
        }
        places.put_back(merge, found);
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
    /// Beside it the length of each id.
    fn table(draw: &mut Draw, shuffled: bool) -> (Merges, Vec<usize>) {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let mut lengths = vec![1; 4];
        for made in 0..40 {
            let (left, right) = (draw.below(4 + made), draw.below(4 + made));
            pairs.push((left, right));
            lengths.push(lengths[left as usize] + lengths[right as usize]);
        }
        let mut ranks: Vec<u32> = (0..40).collect();
        if shuffled {
            ranks.sort_by_cached_key(|_| draw.below(1000));
        }
        let mut merges = Merges::with_capacity(4);
        for (made, ((left, right), rank)) in pairs.into_iter().zip(ranks).enumerate() {
            if merges.get(left, right) == NO_MERGE {
                merges.add(left, right, rank, 4 + made as u32);
            }
        }
        (merges, lengths)
    }

    fn symbols(draw: &mut Draw, most: u32) -> Vec<u32> {
        let few = 1 + draw.below(4);
        (0..draw.below(most)).map(|_| draw.below(few)).collect()
    }

    /// Runs that become ids longer than a window, with other symbols between them.
    #[test]
    fn long_ids_merge_alike() {
        let mut draw = Draw(99);
        for _ in 0..400 {
            // 0 doubles up to 2^7 or 2^8 symbols, and some of those ids merge with 1 and 2.
            let mut merges = Merges::with_capacity(64);
            let mut lengths = vec![1, 1, 1];
            let mut add = |left: u32, right: u32| {
                let id = lengths.len() as u32;
                merges.add(left, right, id, id);
                lengths.push(lengths[left as usize] + lengths[right as usize]);
                id
            };
            let mut runs = vec![0];
            for _ in 0..7 + draw.below(2) {
                let last = *runs.last().unwrap();
                runs.push(add(last, last));
            }
            for _ in 0..draw.below(12) {
                let run = runs[draw.below(runs.len() as u32) as usize];
                let other = 1 + draw.below(2);
                let made = if draw.below(2) == 0 {
                    add(run, other)
                } else {
                    add(other, run)
                };
                if draw.below(3) == 0 {
                    runs.push(made);
                }
            }
            let mut piece = Vec::new();
            while piece.len() < 1500 {
                piece.extend(std::iter::repeat_n(0, draw.below(300) as usize));
                piece.extend((0..draw.below(4)).map(|_| draw.below(3)));
            }
            let mut ranked = piece.clone();
            merge_by_rank(&mut ranked, &merges);
            let mut scratch = Scratch {
                symbols: piece,
                ..Scratch::default()
            };
            merge_in_windows(&mut scratch, &merges, |id| lengths[id as usize]);
            assert_eq!(scratch.symbols, ranked);
        }
    }

    #[test]
    fn all_ways_merge_alike() {
        let mut draw = Draw(12345);
        let (mut long, mut waited) = (0, 0);
        for round in 0..4000 {
            let (merges, lengths) = table(&mut draw, round % 2 == 0);
            let mut ranked = symbols(&mut draw, 400);
            let mut scanned = ranked.clone();
            let mut scratch = Scratch {
                symbols: ranked.clone(),
                ..Scratch::default()
            };
            merge_scanning(&mut scanned, &mut Vec::new(), &merges);
            merge_by_rank(&mut ranked, &merges);
            assert_eq!(scanned, ranked);
            merge_in_windows(&mut scratch, &merges, |id| lengths[id as usize]);
            assert_eq!(scratch.symbols, ranked);
            long += usize::from(ranked.len() > 3);
            waited += usize::from(round % 2 == 0 && ranked.len() > 3);
        }
        assert!(
            long > 600 && waited > 300,
            "{long} long pieces, {waited} under unordered tables"
        );
    }
}
