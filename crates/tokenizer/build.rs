//! Writes the table of general categories that `src/categories.rs` includes: two levels, blocks shared.
//!
//! Unicode 16, pinned: Hugging Face's `tokenizers` splits by Oniguruma's tables of that version, and
//! `tests/categories.rs` compares every character.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

const BLOCK: usize = 128;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
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
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join("categories.rs"), out).expect("OUT_DIR can be written");
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
