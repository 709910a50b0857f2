//! Ids against the reference's, family by family, over as much text as asked.
//!
//! Part of every test run with 5 MB a family. The long run:
//!
//! ```sh
//! CALQUE_PARITY_MB=100 cargo test --release -p calque-tokenizer --test parity -- --nocapture
//! ```
//!
//! `CALQUE_PARITY=llama3,qwen2` names some families, `CALQUE_TOKENIZERS` a folder of real `tokenizer.json` files.

mod corpus;
mod families;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{env, thread};

use calque_tokenizer::{PreTokenizer, TrainOptions, train};
use corpus::{Draw, document};
use families::{Family, LEARNED, all, in_folder, learned, texts};

const DOCUMENT: usize = 16_000;

#[derive(Default)]
struct Count {
    bytes: AtomicUsize,
    ids: AtomicUsize,
    differing: AtomicUsize,
}

/// Compares documents, shared between threads; the first difference is printed.
fn compare(family: &Family, documents: usize) -> Count {
    let count = Count::default();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= documents {
                        return;
                    }
                    let text = document(&mut Draw::new(1000 + seed as u64), DOCUMENT);
                    let (ours, theirs) =
                        (family.ours.encode(&text, true), family.oracle.encode(&text));
                    count.bytes.fetch_add(text.len(), Ordering::Relaxed);
                    count.ids.fetch_add(theirs.len(), Ordering::Relaxed);
                    if ours != theirs {
                        let differing = differing(&ours, &theirs);
                        if count.differing.fetch_add(differing, Ordering::Relaxed) == 0 {
                            show(family, seed, &ours, &theirs);
                        }
                    }
                }
            });
        }
    });
    count
}

/// Ids between the common start and the common end.
fn differing(ours: &[u32], theirs: &[u32]) -> usize {
    let (mut a, mut b) = (ours, theirs);
    while let (Some((x, left)), Some((y, right))) = (a.split_first(), b.split_first())
        && x == y
    {
        (a, b) = (left, right);
    }
    while let (Some((x, left)), Some((y, right))) = (a.split_last(), b.split_last())
        && x == y
    {
        (a, b) = (left, right);
    }
    a.len().max(b.len())
}

fn show(family: &Family, seed: usize, ours: &[u32], theirs: &[u32]) {
    let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let near = |ids: &[u32]| {
        let ids = &ids[at.saturating_sub(3)..(at + 5).min(ids.len())];
        format!("{ids:?} {:?}", family.ours.decode(ids, false))
    };
    println!(
        "{}, document {seed}, id {at}:\n  ours   {}\n  theirs {}",
        family.name,
        near(ours),
        near(theirs)
    );
}

#[test]
fn no_id_differs_from_the_references() {
    let megabytes: usize =
        env::var("CALQUE_PARITY_MB").map_or(5, |text| text.parse().expect("a number"));
    let wanted = env::var("CALQUE_PARITY").unwrap_or_default();
    let mut wrong = Vec::new();
    let mut check = |family: &Family| {
        let start = Instant::now();
        let count = compare(family, (megabytes * 1_000_000).div_ceil(DOCUMENT));
        let differing = count.differing.into_inner();
        println!(
            "{:<22} {:>6.1} MB {:>11} ids {differing:>4} differing  {:.1} s",
            family.name,
            count.bytes.into_inner() as f64 / 1e6,
            count.ids.into_inner(),
            start.elapsed().as_secs_f64(),
        );
        if differing > 0 {
            wrong.push(family.name.clone());
        }
    };
    for (name, family) in all() {
        if wanted.is_empty() || wanted.split(',').any(|wanted| wanted == name) {
            check(&family());
        }
    }
    match env::var_os("CALQUE_TOKENIZERS") {
        Some(folder) => in_folder(folder.as_ref()).iter().for_each(check),
        None => println!("SKIPPED: CALQUE_TOKENIZERS names no folder of real tokenizer.json files"),
    }
    assert!(wrong.is_empty(), "ids differ: {wrong:?}");
}

#[test]
fn the_trainer_learns_the_references_merges() {
    let texts = texts();
    for name in PreTokenizer::NAMES {
        let options = TrainOptions {
            vocab_size: LEARNED,
            min_frequency: 0,
            pre_tokenizer: PreTokenizer::from_name(name).expect("is known"),
            special: Vec::new(),
        };
        let file = train(texts.iter().map(String::as_str), &options).expect("trains");
        let file: serde_json::Value = serde_json::from_str(&file).expect("JSON");
        let theirs = learned(&file["pre_tokenizer"]);
        assert_eq!(file["model"]["vocab"], theirs["vocab"], "{name}");
        assert_eq!(file["model"]["merges"], theirs["merges"], "{name}");
        println!(
            "{name}: {} merges alike",
            theirs["merges"].as_array().map_or(0, Vec::len)
        );
    }
}
