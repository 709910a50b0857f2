//! Normalisation form C (Unicode Standard Annex 15), with the place that every byte of the result came from.
//!
//! The tables are those of Unicode 9, which Hugging Face's `tokenizers` normalises by; with later ones the ids
//! of some texts would be others. They lie packed in the module and are unpacked for a tokenizer that needs them.

include!(concat!(env!("OUT_DIR"), "/normalization.rs"));

/// For every byte of a normalised text the range of the original that its character came from.
pub type Places = Vec<(usize, usize)>;

/// The unpacked tables, each sorted.
#[derive(Debug)]
pub struct Nfc {
    /// Character, and where its decomposition starts in `parts`; it ends where the next one starts.
    decomposed: Vec<(u32, u16)>,
    parts: Vec<u32>,
    /// First and second character, and what they compose to.
    composed: Vec<(u64, u32)>,
    /// Ranges of characters with a combining class other than 0.
    classes: Vec<(u32, u32, u8)>,
    /// Ranges of characters that form C may not leave alone.
    suspect: Vec<(u32, u32)>,
}

// Hangul syllables are computed (section 3.12 of the Unicode Standard).
const SYLLABLES: u32 = 0xac00;
const LEADING: u32 = 0x1100;
const VOWELS: u32 = 0x1161;
const TRAILING: u32 = 0x11a7;
const LEADING_COUNT: u32 = 19;
const VOWEL_COUNT: u32 = 21;
const TRAILING_COUNT: u32 = 28;
const SYLLABLE_COUNT: u32 = LEADING_COUNT * VOWEL_COUNT * TRAILING_COUNT;

/// Reads numbers of seven bits a byte.
fn number(packed: &mut &[u8]) -> u32 {
    let mut value = 0;
    while let Some((&byte, rest)) = packed.split_first() {
        *packed = rest;
        value = value << 7 | u32::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    value
}

impl Nfc {
    pub fn new() -> Self {
        let mut nfc = Self {
            decomposed: Vec::new(),
            parts: Vec::new(),
            composed: Vec::new(),
            classes: Vec::new(),
            suspect: vec![
                (VOWELS, VOWELS + VOWEL_COUNT - 1),
                (TRAILING + 1, TRAILING + TRAILING_COUNT - 1),
            ],
        };
        let mut packed = CLASSES;
        let mut code = 0;
        while !packed.is_empty() {
            let start = code + number(&mut packed);
            code = start + number(&mut packed);
            nfc.classes.push((start, code, number(&mut packed) as u8));
            nfc.suspect.push((start, code));
        }
        nfc.unpack();
        nfc.suspect.sort_unstable();
        nfc.suspect.dedup_by(|next, range| {
            let inside = next.0 <= range.1 + 1;
            if inside {
                range.1 = range.1.max(next.1);
            }
            inside
        });
        nfc
    }

    /// Decompositions, and the compositions that follow from them.
    fn unpack(&mut self) {
        let mut packed = DECOMPOSITIONS;
        let mut code = 0;
        let mut whole = Vec::new();
        while !packed.is_empty() {
            code += number(&mut packed);
            let kind = number(&mut packed);
            self.decomposed.push((code, self.parts.len() as u16));
            for _ in 0..kind >> 1 {
                let part = number(&mut packed);
                self.parts.push(part);
            }
            if kind & 1 == 1 {
                whole.push(code);
            } else {
                self.suspect.push((code, code));
            }
        }
        self.decomposed.push((u32::MAX, self.parts.len() as u16));
        // What a character of three parts composes from has two, so shorter ones come first.
        whole.sort_by_key(|&code| self.parts_of(code).len());
        for code in whole {
            let Some((&last, before)) = self.parts_of(code).split_last() else {
                continue;
            };
            let first = before
                .iter()
                .copied()
                .reduce(|first, second| self.pair(first, second).unwrap_or(first));
            let pair = u64::from(first.unwrap_or(0)) << 32 | u64::from(last);
            let at = self.composed.partition_point(|entry| entry.0 < pair);
            self.composed.insert(at, (pair, code));
            self.suspect.push((last, last));
        }
    }

    /// What a character is decomposed to; nothing for one that is not.
    fn parts_of(&self, code: u32) -> &[u32] {
        match self.decomposed.binary_search_by_key(&code, |entry| entry.0) {
            Ok(at) => {
                let (start, end) = (self.decomposed[at].1, self.decomposed[at + 1].1);
                &self.parts[usize::from(start)..usize::from(end)]
            }
            Err(_) => &[],
        }
    }

    fn pair(&self, first: u32, second: u32) -> Option<u32> {
        let pair = u64::from(first) << 32 | u64::from(second);
        let at = self.composed.binary_search_by_key(&pair, |entry| entry.0);
        at.ok().map(|at| self.composed[at].1)
    }

    fn compose(&self, first: u32, second: u32) -> Option<u32> {
        let leading = first.wrapping_sub(LEADING);
        let vowel = second.wrapping_sub(VOWELS);
        if leading < LEADING_COUNT && vowel < VOWEL_COUNT {
            return Some(SYLLABLES + (leading * VOWEL_COUNT + vowel) * TRAILING_COUNT);
        }
        let syllable = first.wrapping_sub(SYLLABLES);
        let trailing = second.wrapping_sub(TRAILING);
        if syllable < SYLLABLE_COUNT
            && syllable.is_multiple_of(TRAILING_COUNT)
            && (1..TRAILING_COUNT).contains(&trailing)
        {
            return Some(first + trailing);
        }
        self.pair(first, second)
    }

    fn class(&self, code: u32) -> u8 {
        let after = self.classes.partition_point(|range| range.0 <= code);
        let range = after.checked_sub(1).map(|at| self.classes[at]);
        range.map_or(0, |(_, end, class)| if code <= end { class } else { 0 })
    }

    /// Whether a text is in form C for certain.
    pub fn unchanged(&self, text: &str) -> bool {
        // Nothing below U+0300, where combining begins, is changed by what is below it too.
        text.bytes().all(|byte| byte < 0xcc)
            || text.chars().all(|c| {
                let code = u32::from(c);
                let after = self.suspect.partition_point(|range| range.0 <= code);
                code < 0x300 || after == 0 || self.suspect[after - 1].1 < code
            })
    }

    /// Calls `emit` on the characters of the text in form C, each with the number of characters that it has
    /// more of than the text: 1 for one that was added, -n for one that n others went into.
    fn run(&self, text: &str, emit: impl FnMut(u32, isize)) {
        let mut composing = Composing {
            nfc: self,
            emit,
            base: None,
            marks: Vec::new(),
            class: 0,
        };
        // Marks since the last character of class 0, to be put into the order of their classes.
        let mut waiting: Vec<(u8, u32, isize)> = Vec::new();
        let mut take = |code: u32, change: isize| {
            let class = self.class(code);
            if class == 0 {
                waiting.sort_by_key(|mark| mark.0);
                for (class, code, change) in waiting.drain(..) {
                    composing.feed(code, class, change);
                }
                composing.feed(code, 0, change);
            } else {
                waiting.push((class, code, change));
            }
        };
        for c in text.chars() {
            let code = u32::from(c);
            let syllable = code.wrapping_sub(SYLLABLES);
            if syllable < SYLLABLE_COUNT {
                let (lead, trail) = (syllable / TRAILING_COUNT, syllable % TRAILING_COUNT);
                take(LEADING + lead / VOWEL_COUNT, 0);
                take(VOWELS + lead % VOWEL_COUNT, 1);
                if trail > 0 {
                    take(TRAILING + trail, 1);
                }
                continue;
            }
            match self.parts_of(code) {
                [] => take(code, 0),
                parts => {
                    for (i, &part) in parts.iter().enumerate() {
                        take(part, isize::from(i > 0));
                    }
                }
            }
        }
        waiting.sort_by_key(|mark| mark.0);
        for (class, code, change) in waiting {
            composing.feed(code, class, change);
        }
        composing.end();
    }

    /// The text in form C.
    pub fn text(&self, text: &str) -> String {
        let mut normal = String::with_capacity(text.len());
        self.run(text, |code, _| normal.extend(char::from_u32(code)));
        normal
    }

    /// The text in form C and the places of its bytes, counted from `start`.
    ///
    /// A character that several became stands at the place of the first of them, one that was added at the
    /// place of that before it; an unchanged character's bytes stand each for itself.
    pub fn text_with_places(&self, text: &str, start: usize) -> (String, Places) {
        let mut normal = String::with_capacity(text.len());
        let mut places: Places = Vec::with_capacity(text.len());
        let mut original = text.char_indices();
        self.run(text, |code, change| {
            let Some(c) = char::from_u32(code) else {
                return;
            };
            let length = c.len_utf8();
            normal.push(c);
            if change > 0 {
                let place = places.last().map_or((start, start), |&(_, end)| {
                    // The whole of the character before, wherever its bytes stand.
                    let at = text[..end - start].char_indices().next_back();
                    (start + at.map_or(0, |(at, _)| at), end)
                });
                places.extend((0..length).map(|_| place));
                return;
            }
            let Some((at, replaced)) = original.next() else {
                places.extend((0..length).map(|_| (start + text.len(), start + text.len())));
                return;
            };
            let from = start + at;
            if replaced == c {
                places.extend((0..length).map(|i| (from + i, from + i + 1)));
            } else {
                places.extend((0..length).map(|_| (from, from + replaced.len_utf8())));
            }
            for _ in 0..change.unsigned_abs() {
                original.next();
            }
        });
        (normal, places)
    }
}

/// Puts decomposed characters together again.
struct Composing<'a, Emit> {
    nfc: &'a Nfc,
    emit: Emit,
    /// The last character of class 0, which marks may go into.
    base: Option<(u32, isize)>,
    /// Marks after it that did not.
    marks: Vec<(u32, isize)>,
    /// Class of the last of those.
    class: u8,
}

impl<Emit: FnMut(u32, isize)> Composing<'_, Emit> {
    fn feed(&mut self, code: u32, class: u8, change: isize) {
        let Some((base, before)) = self.base else {
            if class == 0 {
                self.base = Some((code, change));
            } else {
                (self.emit)(code, change);
            }
            return;
        };
        // A mark with one of its class, or a higher one, before it is kept from the base.
        if (self.marks.is_empty() || self.class < class)
            && let Some(composed) = self.nfc.compose(base, code)
        {
            self.base = Some((composed, before + change - 1));
            return;
        }
        if class == 0 {
            self.end();
            self.base = Some((code, change));
        } else {
            self.marks.push((code, change));
            self.class = class;
        }
    }

    fn end(&mut self) {
        for (code, change) in self.base.take().into_iter().chain(self.marks.drain(..)) {
            (self.emit)(code, change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization_alignments::UnicodeNormalization;

    #[test]
    fn composed_characters_stand_where_their_base_was() {
        let nfc = Nfc::new();
        let (normal, places) = nfc.text_with_places("xe\u{301}y", 10);
        assert_eq!(normal, "xéy");
        assert_eq!(places, [(10, 11), (11, 12), (11, 12), (14, 15)]);
        assert_eq!(nfc.text("e\u{301}"), "é");
        assert!(nfc.unchanged("plain") && nfc.unchanged("naïve Ŀ йод 漢字 한국"));
        assert!(!nfc.unchanged("e\u{301}"));
    }

    fn theirs(text: &str) -> Vec<(u32, isize)> {
        text.nfc()
            .map(|(c, change)| (u32::from(c), change))
            .collect()
    }

    fn check(nfc: &Nfc, text: &str) {
        let mut ours = Vec::new();
        nfc.run(text, |code, change| ours.push((code, change)));
        assert_eq!(ours, theirs(text), "{text:?}");
        assert_eq!(nfc.text_with_places(text, 0).0, nfc.text(text));
        if nfc.unchanged(text) {
            assert_eq!(nfc.text(text), text);
        }
    }

    #[test]
    fn every_character_is_normalised_as_the_reference_does() {
        let nfc = Nfc::new();
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            check(&nfc, c.encode_utf8(&mut [0; 4]));
            // Apart and together again.
            let apart: String = c.to_string().nfd().map(|(c, _)| c).collect();
            check(&nfc, &apart);
            assert_eq!(
                nfc.class(u32::from(c)),
                unicode_normalization_alignments::char::canonical_combining_class(c)
            );
        }
    }

    #[test]
    fn texts_of_bases_and_marks_are_normalised_as_the_reference_does() {
        let nfc = Nfc::new();
        let mut state = 17_u64;
        let mut draw = |n: u32| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as u32 % n
        };
        // Ranges in which composition happens, and any character.
        let ranges = [
            (0x41, 58),
            (0x300, 112),
            (0x300, 20),
            (0xc0, 0x190),
            (0x1100, 256),
            (0xac00, 600),
            (0x915, 80),
            (0x9be, 30),
            (0xdcf, 20),
            (0x1e00, 512),
            (0x20d0, 32),
            (0x3046, 90),
            (0, 0x11_0000),
        ];
        for _ in 0..100_000 {
            let length = draw(12);
            let text: String = (0..length)
                .filter_map(|_| {
                    let (start, count) = ranges[draw(ranges.len() as u32) as usize];
                    char::from_u32(start + draw(count))
                })
                .collect();
            check(&nfc, &text);
        }
    }
}
