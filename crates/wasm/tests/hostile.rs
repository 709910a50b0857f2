//! The fuzz targets' properties on seeds that a counter mutates: the same inputs in every run.
//! `CALQUE_FUZZ_ROUNDS` makes it a long one.

use std::env;

#[path = "../fuzz/properties.rs"]
mod properties;

/// Numbers from a counter.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

const IR: [&str; 4] = [
    "define i32 @f(i32 %x, i1 %c) {\n  %y = add nsw i32 %x, 1\n  %z = select i1 %c, i32 %y, i32 undef\n  ret i32 %z\n}\n",
    "define i8 @f(ptr %p) {\n  %q = getelementptr inbounds i8, ptr %p, i64 1\n  store i8 3, ptr %q, align 1\n  %v = load i8, ptr %p\n  ret i8 %v\n}\n",
    "define i8 @f(i8 %n) {\nentry:\n  br label %loop\nloop:\n  %i = phi i8 [ 0, %entry ], [ %j, %loop ]\n  %j = add i8 %i, 1\n  %d = icmp eq i8 %j, %n\n  br i1 %d, label %out, label %loop\nout:\n  ret i8 %i\n}\n",
    "declare i32 @g(i32)\ndefine <2 x i32> @f(<2 x i32> %v) {\n  %a = shl <2 x i32> %v, <i32 1, i32 40>\n  %e = extractelement <2 x i32> %a, i32 0\n  %r = call i32 @g(i32 %e)\n  %w = insertelement <2 x i32> %a, i32 %r, i64 1\n  ret <2 x i32> %w\n}\n",
];

/// Cuts, doubles, swaps and overwrites some of the bytes.
fn mutate(draw: &mut Draw, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..draw.below(4) {
        let at = draw.below(bytes.len());
        let end = (at + 1 + draw.below(12)).min(bytes.len());
        match draw.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                let to = draw.below(bytes.len());
                bytes.splice(to..to, part);
            }
            3 if !bytes.is_empty() => bytes[at] = draw.below(256) as u8,
            4 if !bytes.is_empty() => bytes[at] ^= 1 << draw.below(8),
            _ => {
                let digits = draw.below(1 << 30).to_string();
                bytes.splice(at..at, digits.into_bytes());
            }
        }
    }
    bytes
}

fn run(seeds: &[Vec<u8>], rounds: usize, property: fn(&[u8])) {
    let rounds =
        env::var("CALQUE_FUZZ_ROUNDS").map_or(rounds, |text| text.parse().expect("a number"));
    let mut draw = Draw(1);
    for _ in 0..rounds {
        let seed = &seeds[draw.below(seeds.len())];
        property(&mutate(&mut draw, seed));
    }
}

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn any_tokenizer_file() {
    let files: Vec<&str> = properties::FILES.iter().map(String::as_str).collect();
    run(&bytes(&files), 300, properties::load);
}

#[test]
fn any_ranks() {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |i: usize| char::from(LETTERS[i & 63]);
    let lines: Vec<String> = (0..256)
        .map(|byte| format!("{}{}== {byte}\n", letter(byte >> 2), letter(byte << 4)))
        .collect();
    let mut file = lines.concat();
    file += "YWI= 256\nYWJj 257\nYmM= 258\n";
    run(&bytes(&[&file]), 1000, properties::ranks);
}

#[test]
fn any_text() {
    let texts = [
        "it's  12345 \r\n\u{a0}x",
        "e\u{301}\u{323}한국어漢字👩‍👩‍👧",
        "<|end|><|en <|end|>",
        "HTTPServer_x\t\t\n\n ",
    ];
    run(&bytes(&texts), 2000, properties::encode);
}

#[test]
fn any_ids() {
    let mut draw = Draw(5);
    let seed = |_| (0..64).map(|_| draw.below(256) as u8).collect();
    run(
        &(0..8).map(seed).collect::<Vec<_>>(),
        2000,
        properties::decode,
    );
}

#[test]
fn any_ir() {
    run(&bytes(&IR), 3000, properties::parse_ir);
}

#[test]
fn any_function_beside_itself() {
    run(&bytes(&IR), 150, properties::canonical);
}

#[test]
fn any_pair() {
    let pairs: Vec<Vec<u8>> = IR
        .iter()
        .map(|text| [text, "\0", text].concat().into_bytes())
        .collect();
    let mut seeds = pairs;
    seeds.extend(bytes(&IR));
    run(&seeds, 150, properties::check);
}
