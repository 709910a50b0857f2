//! Trains natively on text files, a thread for each core:
//!
//! ```sh
//! cargo run --release -p calque-tokenizer --example train -- 32000 llama3 tokenizer.json FILE...
//! ```

use std::time::Instant;
use std::{env, fs, process, thread};

use calque_tokenizer::{PreTokenizer, TrainOptions, Trainer};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [vocab_size, pre_tokenizer, out, files @ ..] = &arguments[..] else {
        fail("usage: train VOCAB-SIZE PRE-TOKENIZER OUT FILE...");
    };
    let options = TrainOptions {
        vocab_size: vocab_size
            .parse()
            .unwrap_or_else(|_| fail("VOCAB-SIZE is no number")),
        min_frequency: 2,
        pre_tokenizer: PreTokenizer::from_name(pre_tokenizer).unwrap_or_else(|| {
            fail(&format!(
                "PRE-TOKENIZER is none of {:?}",
                PreTokenizer::NAMES
            ))
        }),
        special: Vec::new(),
    };
    let start = Instant::now();
    let texts: Vec<String> = files
        .iter()
        .map(|path| fs::read(path).unwrap_or_else(|error| fail(&format!("{path}: {error}"))))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let trainer = count(&texts, &options);
    let counted = start.elapsed();
    let learning = Instant::now();
    let json = trainer.finish();
    eprintln!(
        "{:.1} MB: counted in {:.1} s, learned in {:.1} s",
        bytes as f64 / 1e6,
        counted.as_secs_f64(),
        learning.elapsed().as_secs_f64()
    );
    fs::write(out, json).unwrap_or_else(|error| fail(&format!("{out}: {error}")));
}

/// Every thread counts its share of all texts, which are cut after line breaks.
fn count(texts: &[String], options: &TrainOptions) -> Trainer {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let open = || Trainer::new(options.clone()).unwrap_or_else(|error| fail(&error.to_string()));
    let share = |text: &str, part: usize| {
        let middle = text.len() / threads * part;
        text.as_bytes()[middle..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(text.len(), |line| middle + line + 1)
    };
    let counted = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|part| {
                scope.spawn(move || {
                    let mut trainer = open();
                    for text in texts {
                        let from = if part == 0 { 0 } else { share(text, part) };
                        let to = if part + 1 == threads {
                            text.len()
                        } else {
                            share(text, part + 1)
                        };
                        trainer.feed(&text[from..to]);
                    }
                    trainer
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("counts"))
            .collect::<Vec<_>>()
    });
    counted
        .into_iter()
        .reduce(|mut all, one| {
            all.absorb(one);
            all
        })
        .unwrap_or_else(open)
}

fn fail(why: &str) -> ! {
    eprintln!("{why}");
    process::exit(2);
}
