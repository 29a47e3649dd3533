//! Which runbooks fit a signal, and why: deterministic, and explained in words.
//!
//! | reason | points |
//! | --- | --- |
//! | the runbook was written for this kind | 100 |
//! | the kind holds all words of a kind that the runbook was written for, two at least | 60 |
//! | a tag of several words is in the kind, in any order | 45, each further one 10 |
//! | a tag is the kind or one of its words | 30, each further one 10; 20 for a generic kind, 15 for a [`BROAD`] word |
//! | a word of the kind is in this runbook's id and in no other's, and no tag was in the kind | 20 |
//! | a tag is the site | 20 |
//! | a tag is a key or a whole value of the detail, or a word of its kinds is such a key | 15 each, at most 30 |
//! | a tag of several words is in the summary, word by word | 30, each further one 10 |
//! | a tag is a whole word of the summary, or the one of its plural | 10 each, at most 30 |
//! | a tag is `systemd` and the summary names a unit, as `nginx.service` | 30 |
//!
//! [`THRESHOLD`] is 30: the kind alone carries a match, and so does a tag of several words, such as
//! `connection_refused`; a single word of the summary never does.
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
mod look;
mod records;
mod words;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

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
pub const GENERIC: [&str; 52] = [
    "address",
    "adguard",
    "agent",
    "alert",
    "changed",
    "check",
    "closed",
    "count",
    "critical",
    "detail",
    "device",
    "dhcp",
    "dnsmasq",
    "down",
    "endpoint",
    "error",
    "event",
    "failed",
    "failing",
    "failure",
    "full",
    "gone",
    "health",
    "healthchecks",
    "high",
    "homeassistant",
    "host",
    "info",
    "lan",
    "low",
    "name",
    "network",
    "new",
    "node",
    "ok",
    "pihole",
    "port",
    "ports",
    "problem",
    "server",
    "service",
    "state",
    "status",
    "storage",
    "synology",
    "system",
    "target",
    "truenas",
    "unbound",
    "unit",
    "up",
    "warning",
];

/// Words that are about many problems at once: within a kind they need another reason.
pub const BROAD: [&str; 8] = [
    "clock", "disk", "docker", "gateway", "ha", "memory", "router", "smart",
];

/// Last words of a kind that tells of something that went well: only a runbook that names such a
/// kind itself fits it.
const GOOD_NEWS: [&str; 9] = [
    "completed",
    "finished",
    "ok",
    "passed",
    "recovered",
    "renewed",
    "restored",
    "succeeded",
    "success",
];

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
    /// How often it helped, in words; nothing where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_record: Option<String>,
}

impl Match {
    /// The three strongest reasons in one line. How often it helped is one of them wherever it is
    /// known: it is what people ask first.
    pub fn reason_line(&self) -> String {
        let record = self.track_record.as_deref();
        let others = self.reasons.iter().map(|reason| reason.text.as_str());
        let texts: Vec<&str> = others
            .filter(|text| Some(*text) != record)
            .take(if record.is_some() { 2 } else { 3 })
            .chain(record)
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

/// A tag of several words.
#[derive(Debug, Clone)]
struct Phrase {
    words: Vec<String>,
    /// Place of the runbook.
    index: usize,
}

/// Runbooks, indexed once for many signals.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    runbooks: Vec<Known>,
    by_kind: HashMap<String, Vec<usize>>,
    by_tag: HashMap<String, Vec<usize>>,
    /// Words of the kinds.
    by_kind_word: HashMap<String, Vec<usize>>,
    /// Tags of several words, by their first.
    by_phrase: HashMap<String, Vec<Phrase>>,
    /// Words of ids that only one runbook has.
    by_name: HashMap<String, Option<usize>>,
    /// How the runbooks did before.
    records: Arc<Records>,
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
            for words in phrases(runbook) {
                let of_first = matcher.by_phrase.entry(words[0].clone()).or_default();
                of_first.push(Phrase { words, index });
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

    /// How many runbooks it knows.
    pub fn len(&self) -> usize {
        self.runbooks.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.runbooks.is_empty()
    }

    /// The title of a runbook by id.
    pub fn title(&self, runbook_id: &str) -> Option<&str> {
        let known = self.runbooks.iter().find(|known| known.id == runbook_id)?;
        Some(&known.title)
    }

    /// The same with how the runbooks did before.
    #[must_use]
    pub fn weighed_by(mut self, records: Arc<Records>) -> Self {
        self.records = records;
        self
    }

    /// How the runbooks did before, as far as it was handed in.
    pub fn records(&self) -> &Arc<Records> {
        &self.records
    }

    /// The runbooks that fit, best first; none where none reaches [`THRESHOLD`].
    pub fn match_signal(&self, signal: &SignalView<'_>) -> Vec<Match> {
        self.match_signal_with(signal, &self.records)
    }

    /// As [`Matcher::match_signal`], and how the runbooks did before weighs in: among those that
    /// fit without it, and never over one that was written for the kind.
    pub fn match_signal_with(&self, signal: &SignalView<'_>, records: &Records) -> Vec<Match> {
        let mut found = Found::over(self.runbooks.len());
        let words = kind_words(signal.kind);
        let good_news = words.len() > 1
            && words
                .last()
                .is_some_and(|word| GOOD_NEWS.contains(&word.as_str()));
        if good_news && !self.by_kind.contains_key(&words.join("_")) {
            return Vec::new();
        }
        self.look_for_held_kinds(&words, &mut found);
        self.look_at_kind(&words, &mut found);
        self.look_for_phrases_of_kind(&words, &mut found);
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
}

/// The tags of several words; a kind of its own is looked for as such.
fn phrases(runbook: &Runbook) -> Vec<Vec<String>> {
    let kinds: Vec<Vec<String>> = runbook.kinds.iter().map(|kind| kind_words(kind)).collect();
    let tags = runbook.tags.iter().map(|tag| kind_words(tag));
    tags.filter(|words| words.len() > 1 && !kinds.contains(words))
        .collect()
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
