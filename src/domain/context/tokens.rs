//! How many tokens a text costs a model: never fewer than a real tokenizer counts.
//!
//! Not a tokenizer, whose vocabularies would not fit this program, but a proof from a part of
//! them. A byte pair tokenizer (cl100k, o200k) cuts a text at places known from its characters and
//! leaves, between two cuts, no two neighbours that are a token together. Given the tokens of two
//! and three bytes, the most pieces that can be left is a small dynamic programme (`pieces`).
//! Words that are common here cost what they are known to cost (`vocabulary`), digits one for each
//! three, spaces one for each 16 of a run. Measured against both tokenizers this is 15 to 20 percent too much
//! for our own packs and runbooks, about half too much for text that is mostly code and links, and up to
//! twice for scripts beyond Latin.

mod pieces;
mod vocabulary;

/// Longest run of spaces whose cost is known.
const KNOWN_SPACES: usize = 256;

/// What a byte is to those who cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    /// Any other character of ASCII, control characters among them.
    Sign,
    Space,
    LineEnd,
    /// Tabs and their like.
    Blank,
    /// Part of a character beyond ASCII: a letter, a digit, a sign or a blank.
    Foreign,
}

impl Class {
    fn of(byte: u8) -> Self {
        match byte {
            b'a'..=b'z' => Self::Lower,
            b'A'..=b'Z' => Self::Upper,
            b'0'..=b'9' => Self::Digit,
            b' ' => Self::Space,
            b'\r' | b'\n' => Self::LineEnd,
            b'\t' | b'\x0b' | b'\x0c' => Self::Blank,
            128.. => Self::Foreign,
            _ => Self::Sign,
        }
    }

    fn is_letter(self) -> bool {
        matches!(self, Self::Lower | Self::Upper)
    }
}

/// At least as many tokens as `text` has. Lines count apart: the estimate of two texts that end in
/// newlines is the sum of theirs, unless the second begins with a slash, a blank or a character
/// beyond ASCII.
pub fn estimate(text: &str) -> usize {
    let mut walk = Walk {
        bytes: text.as_bytes(),
        tokens: 0,
        counted: 0,
    };
    let mut at = 0;
    while at < walk.bytes.len() {
        let class = Class::of(walk.bytes[at]);
        let end = walk.end_of_run(at, class);
        match class {
            Class::Lower | Class::Upper => walk.word(at, end),
            Class::Digit => walk.digits(at, end),
            Class::Space => walk.spaces(at, end),
            Class::LineEnd => walk.line_end(end),
            Class::Sign | Class::Blank | Class::Foreign => {}
        }
        at = end;
    }
    walk.count_until(walk.bytes.len());
    walk.tokens
}

/// A walk over a text. What is not known to cost a certain number is left open, and counted as
/// one stretch when something known begins behind it.
struct Walk<'t> {
    bytes: &'t [u8],
    tokens: usize,
    /// Up to here it is counted.
    counted: usize,
}

impl Walk<'_> {
    fn class(&self, at: usize) -> Option<Class> {
        self.bytes.get(at).map(|byte| Class::of(*byte))
    }

    fn before(&self, at: usize) -> Option<Class> {
        at.checked_sub(1).and_then(|before| self.class(before))
    }

    fn end_of_run(&self, at: usize, class: Class) -> usize {
        let same = |byte: &u8| {
            let other = Class::of(*byte);
            other == class || (other.is_letter() && class.is_letter())
        };
        let rest = &self.bytes[at..];
        at + rest
            .iter()
            .position(|byte| !same(byte))
            .unwrap_or(rest.len())
    }

    /// Counts the open stretch up to `end`.
    fn count_until(&mut self, end: usize) {
        if end > self.counted {
            let start = self.counted;
            let is_cut = |at: usize| self.may_be_cut(start + at);
            self.tokens += pieces::most(&self.bytes[start..end], is_cut);
            self.counted = end;
        }
    }

    /// Takes what lies up to `end` as known.
    fn take(&mut self, end: usize, tokens: usize) {
        self.tokens += tokens;
        self.counted = end;
    }

    fn word(&mut self, at: usize, end: usize) {
        if !self.stands_alone(at, end) {
            return;
        }
        let Some(cost) = vocabulary::cost_of_word(&self.bytes[at..end]) else {
            return;
        };
        // A space before a word is part of it. Any other sign before it may be too, which is known
        // to cost no more than the two apart.
        let begins = at - usize::from(self.before(at) == Some(Class::Space));
        self.count_until(begins);
        self.take(end, cost);
    }

    /// Whether the letters are all that a word is made of, whoever cuts.
    fn stands_alone(&self, at: usize, end: usize) -> bool {
        let quote = |at: usize| self.bytes.get(at) == Some(&b'\'');
        if [self.before(at), self.class(end)].contains(&Some(Class::Foreign)) {
            return false;
        }
        // `it's`: the letters behind the quote may belong to those before it, and leave the rest alone.
        if at > 0 && quote(at - 1) {
            return matches!(self.before(at - 1), Some(Class::Space | Class::Sign));
        }
        let follows = self.class(end + 1);
        !(quote(end) && follows.is_some_and(|next| next.is_letter() || next == Class::Foreign))
    }

    fn digits(&mut self, at: usize, end: usize) {
        // Digits of another script may stand in one group with these.
        if ![self.before(at), self.class(end)].contains(&Some(Class::Foreign)) {
            self.count_until(at);
            self.take(end, (end - at).div_ceil(3));
        }
    }

    /// The last space of a run goes to what follows, the others are a token of their own.
    fn spaces(&mut self, at: usize, end: usize) {
        let among_blanks = matches!(self.before(at), Some(Class::Blank | Class::Foreign))
            || matches!(
                self.class(end),
                None | Some(Class::Blank | Class::LineEnd | Class::Foreign)
            );
        if among_blanks {
            return;
        }
        self.count_until(at);
        let others = end - at - 1;
        if others <= KNOWN_SPACES {
            self.take(end - 1, others.div_ceil(16));
        }
    }

    fn line_end(&mut self, end: usize) {
        let next = self.bytes.get(end).filter(|byte| **byte != b'/');
        let known = next.is_some_and(|byte| {
            let class = Class::of(*byte);
            class.is_letter() || matches!(class, Class::Sign | Class::Digit)
        });
        if known {
            self.count_until(end);
        }
    }

    /// Whether one of the tokenizers may cut between the byte before `at` and the one at it. Where
    /// it is not known, it may.
    fn may_be_cut(&self, at: usize) -> bool {
        use Class::{Foreign, LineEnd, Lower, Sign, Space, Upper};
        let (Some(before), Some(next)) = (self.before(at), self.class(at)) else {
            return true;
        };
        match (before, next) {
            (Foreign, Foreign) => self.bytes[at] & 0b1100_0000 != 0b1000_0000,
            (Lower, Upper) => true,
            // `it's|elf`, `we'll|ing`
            (Lower | Upper, Lower | Upper) => {
                let quote = |back: usize| at >= back && self.bytes[at - back] == b'\'';
                quote(2) || (quote(3) && self.before(at - 1).is_some_and(Class::is_letter))
            }
            (Sign, Sign | LineEnd) | (LineEnd, LineEnd) | (Space, Lower | Upper | Sign) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
