//! Which runbooks fit a signal, and why: deterministic, and explained in words.
//!
//! | reason | points |
//! | --- | --- |
//! | the runbook was written for this kind | 100 |
//! | the kind holds all words of a kind that the runbook was written for, two at least | 60 |
//! | a tag is the kind or one of its words | 30, each further one 10; 20 for a generic kind |
//! | a word of the kind is in this runbook's id and in no other's, and no tag was in the kind | 20 |
//! | a tag is the site | 20 |
//! | a tag is a key or a whole value of the detail, or a word of its kinds is such a key | 15 each, at most 30 |
//! | a tag is a whole word of the summary | 10 each, at most 30 |
//! | a tag is `systemd` and the summary names a unit, as `nginx.service` | 30 |
//!
//! [`THRESHOLD`] is 30: the kind alone carries a match, a single word of the summary never does.
//! "Node pve2 left the Proxmox cluster" of kind `cluster` finds `rb-proxmox-cluster-health` by the
//! word of its id and the tag in the summary together. Detail alone counts at most 15, since every
//! heartbeat has keys such as `memory` and `swap`. Words that fit everything ([`GENERIC`]) count
//! only as the whole kind, and then for less than a match. The kind as a tag adds nothing where the kind itself is equal.
//!
//! Equal points are ordered by how many words of the runbook's kinds the signal's kind holds, then
//! by how many words of its title and summary the signal's summary has, then by id.
//!
//! How often a runbook helped is handed in ([`Records`]) and moves a match by 15 points at most;
//! who counts that is not known here, and no clock and no database is.

mod found;
mod records;
mod words;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::runbook::Runbook;
use crate::domain::signal::Signal;
use found::Found;
pub use records::{Records, TrackRecord};
use words::{each_word, folded, kind_words};

/// Fewest points of a match.
pub const THRESHOLD: u32 = 30;
/// Most runbooks that are offered for one signal.
pub const MAX_MATCHES: usize = 5;
/// What is said where nothing reaches the threshold.
pub const NO_FIT: &str = "no runbook fits this kind of signal yet";

/// Words that say nothing about which problem it is.
pub const GENERIC: [&str; 43] = [
    "address", "agent", "alert", "changed", "check", "closed", "count", "critical", "detail",
    "device", "down", "endpoint", "error", "event", "failed", "failing", "failure", "full", "gone",
    "health", "high", "host", "info", "lan", "low", "name", "network", "new", "node", "ok", "port",
    "ports", "problem", "server", "service", "state", "status", "storage", "system", "target",
    "unit", "up", "warning",
];

/// How names of systemd's units end that stand in a summary with them.
const UNITS: [&str; 3] = [".service", ".socket", ".timer"];

/// Most entries of a detail that are looked at, and longest value in bytes.
const MAX_DETAIL: (usize, usize) = (100, 64);

/// What a match looks at.
#[derive(Debug, Clone, Copy)]
pub struct SignalView<'a> {
    /// See [`Signal::kind`].
    pub kind: &'a str,
    /// See [`Signal::summary`].
    pub summary: &'a str,
    /// See [`Signal::detail`].
    pub detail: &'a Map<String, Value>,
    /// See [`Signal::site_id`].
    pub site_id: &'a str,
}

impl<'a> From<&'a Signal> for SignalView<'a> {
    fn from(signal: &'a Signal) -> Self {
        Self {
            kind: &signal.kind,
            summary: &signal.summary,
            detail: &signal.detail,
            site_id: &signal.site_id,
        }
    }
}

/// One reason for a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// What it adds; a poor record takes away.
    pub points: i32,
    /// In words, for example `kind is disk_full`. May quote the signal.
    pub text: String,
}

/// A runbook that fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Match {
    /// Its id.
    pub runbook_id: String,
    /// The sum, at least [`THRESHOLD`].
    pub points: u32,
    /// Strongest first.
    pub reasons: Vec<Reason>,
}

impl Match {
    /// The three strongest reasons in one line.
    pub fn reason_line(&self) -> String {
        let texts: Vec<_> = self
            .reasons
            .iter()
            .take(3)
            .map(|r| r.text.as_str())
            .collect();
        texts.join(", ")
    }
}

/// What is kept of one runbook.
#[derive(Debug, Clone)]
struct Known {
    id: String,
    title: String,
    /// The words of its title and summary; short ones say nothing.
    words: Vec<String>,
    /// The words of each of its kinds.
    kinds: Vec<Vec<String>>,
}

impl Known {
    /// How many words of `kind` are in one of its kinds.
    fn words_of_kind(&self, kind: &[String]) -> usize {
        let held = |own: &Vec<String>| own.iter().filter(|word| kind.contains(word)).count();
        self.kinds.iter().map(held).max().unwrap_or_default()
    }

    /// How many words of its title and summary are in `summary`.
    fn words_of_summary(&self, summary: &[String]) -> usize {
        let said = |word: &&String| summary.contains(word);
        self.words.iter().filter(said).count()
    }
}

/// Runbooks, indexed once for many signals.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    runbooks: Vec<Known>,
    by_kind: HashMap<String, Vec<usize>>,
    by_tag: HashMap<String, Vec<usize>>,
    /// Words of the kinds.
    by_kind_word: HashMap<String, Vec<usize>>,
    /// Words of ids that only one runbook has.
    by_name: HashMap<String, Option<usize>>,
}

impl Matcher {
    /// Indexes `runbooks`.
    pub fn new(runbooks: &[Runbook]) -> Self {
        let mut matcher = Self::default();
        for (index, runbook) in runbooks.iter().enumerate() {
            matcher.runbooks.push(Known {
                id: runbook.id.clone(),
                title: runbook.title.clone(),
                words: telling_words(&[&runbook.title, &runbook.summary]),
                kinds: runbook.kinds.iter().map(|kind| kind_words(kind)).collect(),
            });
            for word in runbook.kinds.iter().flat_map(|kind| kind_words(kind)) {
                let indices = matcher.by_kind_word.entry(word).or_default();
                if indices.last() != Some(&index) {
                    indices.push(index);
                }
            }
            for (map, words) in [
                (&mut matcher.by_kind, &runbook.kinds),
                (&mut matcher.by_tag, &runbook.tags),
            ] {
                for word in words {
                    let indices = map.entry(folded(word)).or_default();
                    if indices.last() != Some(&index) {
                        indices.push(index);
                    }
                }
            }
            for word in runbook.id.split('-') {
                if word.len() < 3 || GENERIC.contains(&word) {
                    continue;
                }
                match matcher.by_name.entry(word.to_owned()) {
                    Entry::Vacant(place) => {
                        place.insert(Some(index));
                    }
                    Entry::Occupied(mut place) if *place.get() != Some(index) => {
                        place.insert(None);
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        matcher
    }

    /// The title of a runbook by id.
    pub fn title(&self, runbook_id: &str) -> Option<&str> {
        let known = self.runbooks.iter().find(|known| known.id == runbook_id)?;
        Some(&known.title)
    }

    /// The runbooks that fit, best first; none where none reaches [`THRESHOLD`].
    pub fn match_signal(&self, signal: &SignalView<'_>) -> Vec<Match> {
        self.match_signal_with(signal, &Records::default())
    }

    /// As [`Matcher::match_signal`], and how the runbooks did before weighs in: among those that
    /// fit without it, and never over one that was written for the kind.
    pub fn match_signal_with(&self, signal: &SignalView<'_>, records: &Records) -> Vec<Match> {
        let mut found = Found::over(self.runbooks.len());
        let words = kind_words(signal.kind);
        self.look_for_held_kinds(&words, &mut found);
        self.look_at_kind(&words, &mut found);
        self.look_at_detail(signal.detail, &mut found);
        self.look_at_summary(signal.summary, &mut found);
        let site = self.tagged(&folded(signal.site_id));
        if !site.is_empty() {
            let text = found.text(format!("tag {} is the site", signal.site_id));
            for &index in site {
                found.evidence[index].reason(20, 2, text);
            }
        }
        found.best(&self.runbooks, (&words, signal.summary), records)
    }

    fn tagged(&self, word: &str) -> &[usize] {
        self.by_tag.get(word).map_or(&[], Vec::as_slice)
    }

    /// `docker_container_down` holds `container_down`.
    fn look_for_held_kinds(&self, words: &[String], found: &mut Found) {
        if words.len() < 3 {
            return;
        }
        let candidates = words.iter().filter_map(|word| self.by_kind_word.get(word));
        for &index in candidates.flatten() {
            if found.evidence[index].kind_held.is_some() {
                continue;
            }
            let held = self.runbooks[index].kinds.iter().find(|own| {
                own.len() > 1 && own.len() < words.len() && own.iter().all(|w| words.contains(w))
            });
            if let Some(own) = held {
                let text = found.text(format!("kind holds {}", own.join("_")));
                found.evidence[index].kind_held = Some(text);
            }
        }
    }

    fn look_at_kind(&self, words: &[String], found: &mut Found) {
        let whole = words.join("_");
        if let Some(equal) = self.by_kind.get(&whole) {
            let text = found.text(format!("kind is {whole}"));
            for &index in equal {
                found.evidence[index].kind_equal = true;
                found.evidence[index].reason(100, 0, text);
            }
        }
        let text = found.text(format!("tag {whole} is the kind"));
        for &index in self.tagged(&whole) {
            if !found.evidence[index].kind_equal {
                if GENERIC.contains(&whole.as_str()) {
                    found.evidence[index].reason(20, 1, text);
                } else {
                    found.evidence[index].kind_tag(text);
                }
            }
        }
        let mut seen: Vec<&str> = vec![&whole];
        for word in words.iter().map(String::as_str) {
            let tagged = self.tagged(word);
            if tagged.is_empty() || seen.contains(&word) || GENERIC.contains(&word) {
                continue;
            }
            seen.push(word);
            let text = found.text(format!("tag {word} is part of the kind"));
            for &index in tagged {
                found.evidence[index].kind_tag(text);
            }
        }
        for word in words {
            if let Some(Some(index)) = self.by_name.get(word.as_str()) {
                let text = found.text(format!("its name has {word}, as the kind has"));
                let evidence = &mut found.evidence[*index];
                if !evidence.kind_equal && evidence.kind_tags == 0 && !evidence.named {
                    evidence.named = true;
                    evidence.reason(20, 2, text);
                }
            }
        }
    }

    fn look_at_detail(&self, detail: &Map<String, Value>, found: &mut Found) {
        let mut seen = Vec::new();
        for (key, value) in detail.iter().take(MAX_DETAIL.0) {
            let mut look_at = |word: String, more: &[usize], text: &dyn Fn() -> String| {
                let mut tagged = self.tagged(&word).to_vec();
                tagged.extend(
                    more.iter()
                        .filter(|more| !self.tagged(&word).contains(more)),
                );
                if tagged.is_empty() || seen.contains(&word) || GENERIC.contains(&word.as_str()) {
                    return;
                }
                let text = found.text(text());
                for index in tagged {
                    found.evidence[index].detail(text);
                }
                seen.push(word);
            };
            if key.len() <= MAX_DETAIL.1 {
                let key_word = folded(key);
                let named = self.by_kind_word.get(&key_word);
                look_at(key_word, named.map_or(&[], Vec::as_slice), &|| {
                    format!("detail has {key}")
                });
            }
            if let Value::String(text) = value
                && text.len() <= MAX_DETAIL.1
            {
                look_at(folded(text.trim()), &[], &|| format!("{key} is {text}"));
            }
        }
    }

    fn look_at_summary(&self, summary: &str, found: &mut Found) {
        let mut seen: Vec<String> = Vec::new();
        each_word(summary, |word| {
            let tagged = self.tagged(word);
            let known = seen.iter().any(|known| known == word);
            if tagged.is_empty() || known || GENERIC.contains(&word) {
                return;
            }
            seen.push(word.to_owned());
            let text = found.text(format!("summary says {word}"));
            for &index in tagged {
                found.evidence[index].summary(text);
            }
        });
        let unit = summary
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .find(|word| {
                UNITS
                    .iter()
                    .any(|end| word.len() > end.len() && word.ends_with(end))
            });
        if let Some(unit) = unit {
            let text = found.text(format!("summary names {unit}"));
            for &index in self.tagged("systemd") {
                found.evidence[index].reason(30, 4, text);
            }
        }
    }
}

/// The words of a signal's kind, in one spelling: what a runbook for it can call its kind.
pub fn words_of_kind(kind: &str) -> Vec<String> {
    kind_words(kind)
}

/// The words of `texts` that tell something, each once.
pub fn telling_words(texts: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for text in texts {
        each_word(text, |word| {
            if word.len() > 3 && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        });
    }
    words
}

#[cfg(test)]
mod tests;
