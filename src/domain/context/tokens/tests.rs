//! The estimate against the real tokenizers: what it knows of them, and what it says of any text.

use proptest::prelude::*;
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

use super::*;
use crate::catalog;

fn real_ones() -> [&'static CoreBPE; 2] {
    [cl100k_base_singleton(), o200k_base_singleton()]
}

/// The tokens of the tokenizer that makes more of them.
fn real(text: &str) -> usize {
    let counts = real_ones().map(|tokenizer| tokenizer.encode_ordinary(text).len());
    counts[0].max(counts[1])
}

fn tokens_of_length(length: usize) -> Vec<Vec<u8>> {
    let [first, second] = real_ones().map(|tokenizer| {
        let all = (0..200_000).filter_map(|rank| tokenizer.decode_bytes(&[rank]).ok());
        all.filter(|token| token.len() == length)
            .collect::<std::collections::BTreeSet<_>>()
    });
    first.intersection(&second).cloned().collect()
}

#[test]
fn the_pairs_and_triples_are_those_of_both_vocabularies() {
    let (pairs, triples) = (tokens_of_length(2), tokens_of_length(3));
    assert!(pairs.len() > 3000 && triples.len() > 10_000);
    let known: Vec<Vec<u8>> = (0..=u16::MAX)
        .map(|number| number.to_be_bytes().to_vec())
        .filter(|pair| vocabulary::is_pair(pair))
        .collect();
    assert_eq!(known, pairs);
    for triple in &triples {
        assert!(vocabulary::is_triple(triple), "{triple:?}");
    }
    assert_eq!(vocabulary::triples().len(), triples.len());
}

#[test]
fn the_words_cost_what_the_list_says_with_any_sign_before_them() {
    let signs: Vec<char> = (0..128_u8)
        .map(char::from)
        .filter(|c| !c.is_ascii_alphanumeric() && !matches!(c, '\r' | '\n' | '\''))
        .collect();
    let mut count = 0;
    for (word, cost) in vocabulary::words() {
        assert_eq!(real(word).max(real(&format!(" {word}"))), cost, "{word}");
        for sign in &signs {
            assert!(real(&format!("{sign}{word}")) <= cost + 1, "{sign:?}{word}");
        }
        assert_eq!(vocabulary::cost_of_word(word.as_bytes()), Some(cost));
        count += 1;
    }
    assert!(count > 5000);
}

#[test]
fn digits_and_spaces_cost_what_is_said() {
    for number in 0..1000 {
        for text in [
            format!("{number}"),
            format!("{number:03}"),
            format!("{number:02}"),
        ] {
            assert!(real(&text) <= text.len().div_ceil(3), "{text}");
        }
    }
    for spaces in 1..=KNOWN_SPACES {
        // The last one stands before a digit, to which it does not belong.
        let text = format!("{}1", " ".repeat(spaces + 1));
        assert!(real(&text) <= spaces.div_ceil(16) + 2, "{spaces}");
        assert!(real(&text) <= estimate(&text), "{spaces}");
    }
}

#[test]
fn ordinary_text_is_overestimated_by_less_than_a_fifth() {
    let runbooks = catalog::builtin_runbooks().unwrap();
    let (mut said, mut counted) = (0, 0);
    for runbook in &runbooks {
        said += estimate(&runbook.markdown);
        counted += real(&runbook.markdown);
    }
    let over = (said - counted) * 100 / counted;
    assert!(over < 20, "{over} % over: {said} for {counted}");
}

#[test]
fn hostile_texts_are_not_underestimated() {
    for text in [
        "it's the server's 'server' they'll they'LL x'server ''ve'we're",
        "4c01db0b339c7d7ab0d5a4b5b2e8a2a5f9b1c3d4e5f60718293a4b5c6d7e8f90",
        "bWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu+/9aZ0Xq",
        "Größe „tank“ bei 92 % – löschen <b>jetzt</b>?",
        "Привет, сервер не отвечает",
        "服务器磁盘已满，请立即处理",
        "🔥🚨👩\u{200d}💻 fire",
        "ሰላም ለዓለም",
        "\u{a0}  x\u{3000} \u{a0}",
        "²3456 1²34567",
        "xqzjkvbwxqzjkvbwxqzjkvbw HIDZTFLJCFFIQFVIUWJOWKPPDAJMKNZG",
        "\n\n\n   \t  x \n \n\t\n  \r\n.\n//path\n/path\r\r/",
        "a\u{301}b e\u{301}\u{301}x",
        "\u{0}\u{1}\u{7f}container\u{1c}container\tcontainer",
    ] {
        assert!(real(text) <= estimate(text), "{text:?}");
    }
}

/// Texts of many alphabets, ordinary words among them.
fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-z]{1,12}",
        "[A-Za-z]{1,16}",
        "[A-Za-z0-9+/]{4,60}={0,2}",
        "[0-9]{1,9}",
        "[ \t\r\n]{1,6}",
        "[!-/:-@\\[-`{-~]{1,6}",
        "['’s]{1,3}(s|t|re|ve|ll|d|m)?",
        "[äöüßéñçøå]{1,4}",
        "[а-я]{1,8}",
        "[一-龥]{1,4}",
        "[\\u{1f300}-\\u{1f6ff}]{1,3}",
        "\\PC{1,6}",
        "[\\u{0}-\\u{ffff}]{1,4}",
        "( ?(container|restart|signal|the|server|disk|gateway|Otherwise|count|'s)){1,5}",
    ];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_is_underestimated(text in any_text()) {
        prop_assert!(real(&text) <= estimate(&text), "{} > {}", real(&text), estimate(&text));
    }

    #[test]
    fn lines_add_up(first in "[a-zé ,.'0-9-]{0,30}\n", second in "[a-z0-9,.'-][a-zé ,.'0-9-]{0,30}\n") {
        prop_assert_eq!(estimate(&[first.as_str(), &second].concat()), estimate(&first) + estimate(&second));
    }
}
