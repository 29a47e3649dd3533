//! The most pieces that a byte pair tokenizer can leave of a text, told by some of its tokens.

use super::vocabulary::{is_pair, is_triple};

/// The most pieces of all bytes up to one, by the length of the last of them: a piece of three
/// bytes and more is joined with nothing that is known here, so they are all alike.
#[derive(Debug, Clone, Copy)]
struct Most {
    one: i64,
    two: i64,
    more: i64,
}

/// There is no such last piece.
const NONE: i64 = i64::MIN / 2;

impl Most {
    const NOTHING: Self = Self {
        one: NONE,
        two: NONE,
        more: NONE,
    };

    fn best(self) -> i64 {
        self.one.max(self.two).max(self.more)
    }
}

/// The most pieces that can be left of `bytes`, if no two neighbours together are a token of two
/// or three bytes, unless the text may be cut between them.
pub(super) fn most(bytes: &[u8], may_be_cut: impl Fn(usize) -> bool) -> usize {
    // By how far back they end. Five is as far as a piece is worth trying: one of six bytes is
    // never better than two of three. No piece at all is like a long one: it joins with nothing.
    let start = Most {
        more: 0,
        ..Most::NOTHING
    };
    let mut back = [
        start,
        Most::NOTHING,
        Most::NOTHING,
        Most::NOTHING,
        Most::NOTHING,
    ];
    let mut cut_before = true;
    for at in 0..bytes.len() {
        let cut = may_be_cut(at);
        let pair = at >= 1 && is_pair(&bytes[at - 1..=at]);
        let triple = at >= 2 && (!cut || !cut_before) && is_triple(&bytes[at - 2..=at]);
        let unless = |joined: bool, pieces: i64| if joined { NONE } else { pieces };
        let here = Most {
            one: 1 + back[0]
                .more
                .max(unless(pair && !cut, back[0].one))
                .max(unless(triple && !cut, back[0].two)),
            two: 1 + back[1]
                .more
                .max(back[1].two)
                .max(unless(triple && !cut_before, back[1].one)),
            more: 1 + back[2].best().max(back[3].best()).max(back[4].best()),
        };
        back = [here, back[0], back[1], back[2], back[3]];
        cut_before = cut;
    }
    usize::try_from(back[0].best()).unwrap_or(bytes.len())
}
