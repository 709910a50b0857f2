//! Classes of every character against the pattern engine of Hugging Face's `tokenizers`.

use calque_tokenizer::{PreTokenizer, Tokenizer, TrainOptions, train};

#[test]
fn every_character_is_in_the_references_classes() {
    let options = TrainOptions {
        vocab_size: 256,
        min_frequency: 2,
        pre_tokenizer: PreTokenizer::Gpt2,
        special: Vec::new(),
    };
    let file = train([], &options).expect("trains");
    let step = file
        .lines()
        .find(|line| line.contains("pre_tokenizer"))
        .expect("a step");
    let every: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
    for class in [
        r"\\s",
        r"\\d",
        r"\\p{L}",
        r"\\p{N}",
        r"\\p{M}",
        r"\\p{P}",
        r"\\p{S}",
        r"\\p{Lu}",
        r"\\p{Ll}",
        r"\\p{Lt}",
        r"\\p{Lm}",
        r"\\p{Lo}",
        r"\\p{Nd}",
        r"\\p{Z}",
        r"\\P{C}",
        r"[^\\p{L}\\s]",
    ] {
        let split = format!(
            r#""pre_tokenizer": {{"type": "Sequence", "pretokenizers": [{{"type": "Split", "pattern": {{"Regex": "{class}"}}, "behavior": "Removed", "invert": false}}, {{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}}]}},"#
        );
        let changed = file.replacen(step.trim(), &split, 1);
        assert_ne!(changed, file);
        let theirs = tokenizers::Tokenizer::from_bytes(&changed).expect("the reference loads it");
        let ours = Tokenizer::from_json(changed.as_bytes()).expect("loads");
        let mut wrong = Vec::new();
        // In parts, so that a difference is found near its characters.
        let chars: Vec<char> = every.chars().collect();
        for part in chars.chunks(4096) {
            let part: String = part.iter().collect();
            let expected = theirs.encode(part.as_str(), false).expect("encodes");
            let ids = ours.encode(&part, false);
            if ids != expected.get_ids() {
                let kept = ours.decode(&ids, false).expect("decodes");
                let wanted = ours.decode(expected.get_ids(), false).expect("decodes");
                wrong.extend(kept.chars().filter(|&c| !wanted.contains(c)));
                wrong.extend(wanted.chars().filter(|&c| !kept.contains(c)));
            }
        }
        assert!(wrong.is_empty(), "{class}: {wrong:x?}");
    }
}
