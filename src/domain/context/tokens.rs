//! How many tokens a text costs a model, estimated from above.
//!
//! Not a tokenizer: the estimate is to be over what cl100k counts, on real packs and on hostile
//! text alike, so it errs upwards (packs by 50 to 100 percent, measured against the real one).
//! Letters cost a token for each three of a run whose neighbours are pairs that words are made of,
//! so that what no person would pronounce costs more; capital letters two for each three; digits
//! one for each three; punctuation and line ends one each; blanks one for each 64 of a run, none
//! where a single one stands before a letter; anything beyond ASCII one for each byte, which is
//! the most that any byte-level tokenizer can make of it. A word of letters at random can come out
//! a token or two too low; a pack never did.

/// Estimated tokens of `text`. Lines count apart: the estimate of two texts that end in newlines
/// is the sum of theirs.
pub fn estimate(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut tokens) = (0, 0);
    while at < bytes.len() {
        let length = match bytes[at] {
            b if b.is_ascii_alphabetic() => {
                let length = word_length(&bytes[at..]);
                tokens += word_cost(&bytes[at..at + length]);
                length
            }
            b if b.is_ascii_digit() => {
                let length = run(&bytes[at..], |b| b.is_ascii_digit());
                tokens += length.div_ceil(3);
                length
            }
            b' ' => {
                let length = run(&bytes[at..], |b| b == b' ');
                let before_letter = bytes.get(at + length).is_some_and(u8::is_ascii_alphabetic);
                let run = if length > 1 { length.div_ceil(64) } else { 0 };
                tokens += run + usize::from(!before_letter);
                length
            }
            _ => {
                tokens += 1;
                1
            }
        };
        at += length;
    }
    tokens
}

fn run(bytes: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    bytes
        .iter()
        .position(|b| !is_part(*b))
        .unwrap_or(bytes.len())
}

/// A word ends where a small letter is followed by a capital one: `RestartCount` is two.
fn word_length(bytes: &[u8]) -> usize {
    let mut length = 1;
    while length < bytes.len()
        && bytes[length].is_ascii_alphabetic()
        && !(bytes[length].is_ascii_uppercase() && bytes[length - 1].is_ascii_lowercase())
    {
        length += 1;
    }
    length
}

/// Capital letters are rarely merged; small ones are merged along pairs that words are made of.
fn word_cost(word: &[u8]) -> usize {
    if word.len() > 1 && word.iter().all(u8::is_ascii_uppercase) {
        return (word.len() * 2).div_ceil(3);
    }
    let (mut tokens, mut length) = (0, 1_usize);
    for pair in word.windows(2) {
        if is_common(pair[0], pair[1]) {
            length += 1;
        } else {
            tokens += length.div_ceil(3);
            length = 1;
        }
    }
    tokens + length.div_ceil(3)
}

fn is_common(first: u8, second: u8) -> bool {
    let row = usize::from(first.to_ascii_lowercase() - b'a');
    FOLLOWERS[row]
        .as_bytes()
        .contains(&second.to_ascii_lowercase())
}

/// For each letter the ones that follow it in a dozen or more words of the built-in runbooks.
#[rustfmt::skip]
const FOLLOWERS: [&str; 26] = [
    "bcdgiklmnprstuvy", // a
    "aelou", // b
    "aehklortu", // c
    "adeiorsu", // d
    "acdeflmnprstvwx", // e
    "aefiortu", // f
    "ehiru", // g
    "aeiot", // h
    "cdefglmnoprstv", // i
    "", // j
    "eis", // k
    "adeilostuvy", // l
    "abeiop", // m
    "acdefginostu", // n
    "abcdfgklmnoprstuvw", // o
    "aeiloprstu", // p
    "u", // q
    "acdegikmnorstuvy", // r
    "acehikopstuwy", // s
    "acehilorstuy", // t
    "deglmnprst", // u
    "aei", // v
    "aehio", // w
    "p", // x
    "ns", // y
    "", // z
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts with the count of a real cl100k tokenizer.
    #[test]
    fn the_estimate_is_never_under_the_real_count() {
        for (text, real) in COUNTED {
            assert!(estimate(text) >= *real, "{} for {text:?}", estimate(text));
        }
    }

    #[test]
    fn lines_add_up() {
        let (a, b) = ("- one: {\"a\": 1}\n", "  two  \n");
        assert_eq!(estimate(&format!("{a}{b}")), estimate(a) + estimate(b));
    }

    const COUNTED: &[(&str, usize)] = &[
        ("tiktoken is great!", 6),
        (
            "Container jellyfin on unix:///var/run/docker.sock has exited with code 137.",
            17,
        ),
        (
            "docker inspect --type container --format 'exit={{.State.ExitCode}} oom={{.State.OOMKilled}}' -- 'jellyfin'",
            32,
        ),
        (
            "4c01db0b339c7d7ab0d5a4b5b2e8a2a5f9b1c3d4e5f60718293a4b5c6d7e8f90",
            53,
        ),
        ("550e8400-e29b-41d4-a716-446655440000", 18),
        ("bWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu+/9aZ0Xq", 31),
        ("Größe „tank“ bei 92 % – löschen <b>jetzt</b>?", 21),
        ("Привет, сервер не отвечает", 10),
        ("服务器磁盘已满，请立即处理", 13),
        ("🔥🚨👩‍💻 fire", 14),
        ("ሰላም ለዓለም", 21),
        ("aa:bb:cc:dd:ee:ff 2001:db8::8a2e:370:7334", 27),
        ("xqzjkvbwxqzjkvbwxqzjkvbw", 16),
        ("HIDZTFLJCFFIQFVIUWJOWKPPDAJMKNZG", 21),
        ("KIhDrgYcsaNQafAhYcmpYLAkhCkRpkVg", 21),
        ("eszycidpyopumzgdpamntyyawoixzhsd", 18),
        ("{\"a\":[1,2,{\"b\":null}],\"c\":\"d\\n\\te\"}", 19),
        ("\n\n\n   \t  x", 4),
        ("~~~~ q7w2e9r4t1y8u3i6", 17),
        ("2026-11-18T11:06:40.000Z warning firing", 17),
    ];
}
