//! What is known of the vocabularies of cl100k and o200k: the tokens of two and of three bytes
//! that both have, and words with the tokens they cost. The tests beside this hold every entry
//! against the real tokenizers.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A bit for each of the 65536 pairs, the lowest of each byte first.
static PAIRS: &[u8; 8192] = include_bytes!("pairs.bin");
/// Three bytes each, in order.
static TRIPLES: &[u8] = include_bytes!("triples.bin");
/// A word on each line, with its tokens behind it where it costs more than one. They cost no more
/// with a space before them, and at most one more with any other sign but a quote.
static WORDS: &str = include_str!("words.txt");

/// Longest word of the list, in letters.
const LONGEST: usize = 16;

static COSTS: LazyLock<HashMap<&str, usize>> = LazyLock::new(|| words().collect());
/// Where the triples begin whose first byte is this or a later one.
static STARTS: LazyLock<Vec<usize>> = LazyLock::new(|| {
    (0..=256)
        .map(|first| triples().partition_point(|triple| usize::from(triple[0]) < first))
        .collect()
});

pub(super) fn triples() -> &'static [[u8; 3]] {
    TRIPLES.as_chunks().0
}

/// Words of the list and what they cost.
pub(super) fn words() -> impl Iterator<Item = (&'static str, usize)> {
    WORDS.lines().map(|line| {
        let word = line.trim_end_matches(|c: char| c.is_ascii_digit());
        (word, line[word.len()..].parse().unwrap_or(1))
    })
}

/// What a word costs, a space before it included, where it is known.
pub(super) fn cost_of_word(word: &[u8]) -> Option<usize> {
    if word.len() > LONGEST {
        return None;
    }
    COSTS.get(std::str::from_utf8(word).ok()?).copied()
}

/// Whether both vocabularies have these two bytes as a token.
pub(super) fn is_pair(pair: &[u8]) -> bool {
    let number = usize::from(pair[0]) << 8 | usize::from(pair[1]);
    PAIRS[number / 8] >> (number % 8) & 1 == 1
}

/// Whether both vocabularies have these three bytes as a token.
pub(super) fn is_triple(triple: &[u8]) -> bool {
    let first = usize::from(triple[0]);
    let same_start = &triples()[STARTS[first]..STARTS[first + 1]];
    same_start
        .binary_search_by(|known| known[..].cmp(triple))
        .is_ok()
}
