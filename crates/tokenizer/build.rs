//! Writes the tables that the sources include, each of the Unicode version that Hugging Face's `tokenizers` goes
//! by: general categories of version 16 (Oniguruma's, with which it splits; `tests/categories.rs` compares every
//! character), decompositions and combining classes of version 9 (with which it normalises).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use unicode_normalization_alignments::char as unicode;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

const BLOCK: usize = 128;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let write = |file: &str, text: String| {
        fs::write(folder.join(file), text).expect("OUT_DIR can be written");
    };
    write("categories.rs", categories());
    write("normalization.rs", normalization());
}

/// Two levels, blocks shared.
fn categories() -> String {
    let mut index = Vec::new();
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    for start in (0..0x11_0000).step_by(BLOCK) {
        let block: Vec<u8> = (start..start + BLOCK as u32).map(category).collect();
        let at = *known.entry(block.clone()).or_insert_with(|| {
            blocks.push(block);
            blocks.len() - 1
        });
        index.push(u16::try_from(at).expect("fewer blocks than there are code points"));
    }
    let mut out = format!("static INDEX: [u16; {}] = {index:?};\n", index.len());
    let _ = write!(
        out,
        "static BLOCKS: [[u8; {BLOCK}]; {}] = {blocks:?};",
        blocks.len()
    );
    out
}

/// Numbers of seven bits a byte, the high bit set where more follow. Characters are counted from the one before:
/// a decomposition is that count, twice the number of its parts (one more where they compose again), and the
/// parts; a range of one combining class is the count to its start, the count to its last, and the class.
fn normalization() -> String {
    let mut decompositions = Vec::new();
    let mut classes = Vec::new();
    let (mut last, mut last_of_range) = (0, 0);
    let mut range: Option<(u32, u32, u8)> = None;
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        let code = u32::from(c);
        let class = unicode::canonical_combining_class(c);
        match &mut range {
            Some((_, end, of)) if *of == class && *end + 1 == code => *end = code,
            _ => {
                if let Some((start, end, class)) = range.take() {
                    pack(start - last_of_range, &mut classes);
                    pack(end - start, &mut classes);
                    pack(u32::from(class), &mut classes);
                    last_of_range = end;
                }
                if class != 0 {
                    range = Some((code, code, class));
                }
            }
        }
        let mut parts = Vec::new();
        unicode::decompose_canonical(c, |part| parts.push(part));
        if parts == [c] || (0xac00..0xd7a4).contains(&code) {
            continue;
        }
        let whole = parts
            .iter()
            .copied()
            .map(Some)
            .reduce(|first, second| unicode::compose(first?, second?))
            .flatten()
            == Some(c);
        pack(code - last, &mut decompositions);
        pack(
            parts.len() as u32 * 2 + u32::from(whole && parts.len() > 1),
            &mut decompositions,
        );
        for part in parts {
            pack(u32::from(part), &mut decompositions);
        }
        last = code;
    }
    format!(
        "static DECOMPOSITIONS: &[u8] = &{decompositions:?};\nstatic CLASSES: &[u8] = &{classes:?};\n"
    )
}

fn pack(value: u32, out: &mut Vec<u8>) {
    let groups = (32 - value.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let more = if group > 0 { 0x80 } else { 0 };
        out.push((value >> (7 * group)) as u8 & 0x7f | more);
    }
}

/// The numbers of `src/categories.rs`.
fn category(code: u32) -> u8 {
    if matches!(code, 9..=13 | 0x85) {
        return 30;
    }
    let Some(c) = char::from_u32(code) else {
        return 27;
    };
    match c.general_category() {
        GeneralCategory::UppercaseLetter => 0,
        GeneralCategory::LowercaseLetter => 1,
        GeneralCategory::TitlecaseLetter => 2,
        GeneralCategory::ModifierLetter => 3,
        GeneralCategory::OtherLetter => 4,
        GeneralCategory::NonspacingMark => 5,
        GeneralCategory::SpacingMark => 6,
        GeneralCategory::EnclosingMark => 7,
        GeneralCategory::DecimalNumber => 8,
        GeneralCategory::LetterNumber => 9,
        GeneralCategory::OtherNumber => 10,
        GeneralCategory::ConnectorPunctuation => 11,
        GeneralCategory::DashPunctuation => 12,
        GeneralCategory::OpenPunctuation => 13,
        GeneralCategory::ClosePunctuation => 14,
        GeneralCategory::InitialPunctuation => 15,
        GeneralCategory::FinalPunctuation => 16,
        GeneralCategory::OtherPunctuation => 17,
        GeneralCategory::MathSymbol => 18,
        GeneralCategory::CurrencySymbol => 19,
        GeneralCategory::ModifierSymbol => 20,
        GeneralCategory::OtherSymbol => 21,
        GeneralCategory::SpaceSeparator => 22,
        GeneralCategory::LineSeparator => 23,
        GeneralCategory::ParagraphSeparator => 24,
        GeneralCategory::Control => 25,
        GeneralCategory::Format => 26,
        GeneralCategory::Surrogate => 27,
        GeneralCategory::PrivateUse => 28,
        GeneralCategory::Unassigned => 29,
    }
}
