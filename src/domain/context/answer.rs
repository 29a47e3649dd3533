//! What a model answered: its words made fit to be kept, and what it cites held against what it
//! was given.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::redact;

/// Longest answer that is kept, in characters.
pub const MAX_ANSWER: usize = 8000;
/// Most citations that are kept of one answer.
const MAX_CITED: usize = 50;

/// What an answer may cite: the ids that its pack held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Citable {
    /// Numbers of signals.
    pub signals: Vec<i64>,
    /// Numbers of incidents.
    pub incidents: Vec<i64>,
    /// Ids of runbooks.
    pub runbooks: Vec<String>,
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// The words. From outside, and never more than text.
    pub text: String,
    /// What it cites that it was given: `signal 12`, `incident 3`, `rb-disk-full`.
    pub cited: Vec<String>,
    /// What it cites that it was not given: made up, or from elsewhere.
    pub unknown: Vec<String>,
}

impl Answer {
    /// Makes the words fit to be kept and checks what they cite.
    pub fn new(words: &str, citable: &Citable) -> Self {
        let text = clean(words);
        let (mut cited, mut unknown) = (Vec::new(), Vec::new());
        for (name, known) in citations(&text, citable) {
            let list = if known { &mut cited } else { &mut unknown };
            if !list.contains(&name) && list.len() < MAX_CITED {
                list.push(name);
            }
        }
        Self {
            text,
            cited,
            unknown,
        }
    }
}

/// The words without what hides or steers, without secrets, and no longer than [`MAX_ANSWER`].
fn clean(words: &str) -> String {
    let mut text: String = words
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
        .filter(|c| {
            !matches!(*c,
                '\u{ad}' | '\u{61c}' | '\u{feff}'
                | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        })
        .collect();
    redact::redact_string(&mut text);
    let mut text = text.trim().to_owned();
    if let Some((end, _)) = text.char_indices().nth(MAX_ANSWER) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[expect(
    clippy::expect_used,
    reason = "a constant pattern, which every test of this file compiles"
)]
static CITATION: LazyLock<Regex> = LazyLock::new(|| {
    // `signals 12, 13 and 14` cites three.
    Regex::new(
        r"(?i)\b(?P<what>signal|incident)(?:s|_id)?\s*[:#=]?\s*(?P<ids>#?[0-9]{1,18}(?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+|\s+or\s+)#?[0-9]{1,18})*)\b|\b(?P<runbook>rb-[a-z0-9][a-z0-9_-]*)",
    )
    .expect("a constant pattern")
});

/// What a text cites, in its order, and whether it can be.
fn citations(text: &str, citable: &Citable) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for citation in CITATION.captures_iter(text) {
        if let Some(runbook) = citation.name("runbook") {
            let id = runbook.as_str().to_ascii_lowercase();
            let id = id.trim_end_matches(['-', '_']);
            found.push((
                id.to_owned(),
                citable.runbooks.iter().any(|known| known == id),
            ));
            continue;
        }
        let signals = citation["what"].eq_ignore_ascii_case("signal");
        let (what, known) = if signals {
            ("signal", &citable.signals)
        } else {
            ("incident", &citable.incidents)
        };
        let ids = citation["ids"].split(|c: char| !c.is_ascii_digit());
        for id in ids.filter_map(|id| id.parse::<i64>().ok()) {
            found.push((format!("{what} {id}"), known.contains(&id)));
        }
    }
    // Ids of own runbooks may begin with anything.
    for id in citable.runbooks.iter().filter(|id| !id.starts_with("rb-")) {
        let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        if text.split(|c| !part(c)).any(|word| word == id) {
            found.push((id.clone(), true));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citable() -> Citable {
        Citable {
            signals: vec![12, 13],
            incidents: vec![3],
            runbooks: vec!["rb-disk-full".to_owned(), "nas-cleanup".to_owned()],
        }
    }

    #[test]
    fn what_is_cited_is_held_against_what_was_given() {
        let answer = Answer::new(
            "See signals 12, 13 and 99 and Incident #3; incident 4 is old. Follow rb-disk-full, \
             nas-cleanup or rb-made-up. Signal: 12 again.",
            &citable(),
        );
        assert_eq!(
            answer.cited,
            [
                "signal 12",
                "signal 13",
                "incident 3",
                "rb-disk-full",
                "nas-cleanup"
            ]
        );
        assert_eq!(answer.unknown, ["signal 99", "incident 4", "rb-made-up"]);
    }

    #[test]
    fn nothing_that_hides_or_steers_is_kept() {
        let answer = Answer::new(
            "a\u{202e}b\u{0}c\u{1b}[31m\r\nline\u{200b} password=hunter2x\n",
            &Citable::default(),
        );
        assert_eq!(answer.text, "abc[31m\nline password=[redacted]");
        let long = Answer::new(&"ü".repeat(100_000), &Citable::default());
        assert_eq!(long.text.chars().count(), MAX_ANSWER + 1);
    }

    #[test]
    fn citations_are_bounded() {
        let many: Vec<String> = (100..1000).map(|id| format!("signal {id}")).collect();
        assert_eq!(
            Answer::new(&many.join(" "), &citable()).unknown.len(),
            MAX_CITED
        );
    }
}
