//! What speaks for which runbook, gathered, summed and put in order. How many points a thing is
//! worth, and why, is the parent's.

use std::cmp::Reverse;

use super::records::{Records, Weighed, weigh};
use super::words::each_word;
use super::{Known, MAX_MATCHES, Match, Reason, THRESHOLD};
use crate::domain::order;

/// The evidence by runbook. A text stands once, however many runbooks it speaks for.
pub(super) struct Found {
    pub(super) evidence: Vec<Evidence>,
    texts: Vec<String>,
}

impl Found {
    pub(super) fn over(runbooks: usize) -> Self {
        Self {
            evidence: vec![Evidence::default(); runbooks],
            texts: Vec::new(),
        }
    }

    /// Keeps a text; its place.
    pub(super) fn text(&mut self, text: String) -> usize {
        self.texts.push(text);
        self.texts.len() - 1
    }

    /// The best of `runbooks` for a signal of this kind, in words, and this summary.
    pub(super) fn best(
        mut self,
        runbooks: &[Known],
        (kind, summary): (&[String], &str),
        records: &Records,
    ) -> Vec<Match> {
        let mut best: Vec<Weighed> = Vec::new();
        for (index, evidence) in self.evidence.iter_mut().enumerate() {
            let fits = evidence.points();
            if fits >= THRESHOLD {
                best.push(Weighed {
                    index,
                    fits,
                    kind_equal: evidence.kind_equal,
                    record: records.get(&runbooks[index].id, kind),
                    moved: 0,
                });
            }
        }
        weigh(&mut best, THRESHOLD);
        if best.len() > 1 {
            let mut said: Vec<String> = Vec::new();
            each_word(summary, |word| said.push(word.to_owned()));
            order::sort_by_cached_key(&mut best, |one| {
                let known = &runbooks[one.index];
                let words = (known.words_of_kind(kind), known.words_of_summary(&said));
                let strength = (one.points(), one.kind_equal, words);
                (Reverse(strength), known.id.clone())
            });
        }
        best.truncate(MAX_MATCHES);
        let to_match = |one: Weighed| Match {
            runbook_id: runbooks[one.index].id.clone(),
            points: one.points(),
            reasons: self.reasons(&one),
            track_record: one.record.map(super::records::TrackRecord::words),
        };
        best.into_iter().map(to_match).collect()
    }

    /// Strongest first.
    fn reasons(&self, one: &Weighed) -> Vec<Reason> {
        let mut reasons = self.evidence[one.index].reasons.clone();
        order::sort_by(&mut reasons, |a, b| (b.0.cmp(&a.0)).then(a.1.cmp(&b.1)));
        let mut reasons: Vec<Reason> = reasons
            .into_iter()
            .map(|(points, _, text)| Reason {
                points: i32::try_from(points).unwrap_or(i32::MAX),
                text: self.texts[text].clone(),
            })
            .collect();
        if let Some(record) = one.record {
            let place = reasons.partition_point(|reason| reason.points >= one.moved);
            let reason = Reason {
                points: one.moved,
                text: record.words(),
            };
            reasons.insert(place, reason);
        }
        reasons
    }
}

/// What speaks for one runbook.
#[derive(Clone, Default)]
pub(super) struct Evidence {
    pub(super) kind_equal: bool,
    /// Place of the text that says which kind is held.
    pub(super) kind_held: Option<usize>,
    pub(super) named: bool,
    pub(super) kind_tags: usize,
    kind_phrases: usize,
    details: usize,
    phrases: usize,
    words: usize,
    /// Points, rank among equal points, place of the text.
    reasons: Vec<(u32, u8, usize)>,
}

impl Evidence {
    pub(super) fn reason(&mut self, points: u32, rank: u8, text: usize) {
        self.reasons.push((points, rank, text));
    }

    pub(super) fn kind_tag(&mut self, text: usize) {
        let points = if self.kind_tags == 0 { 30 } else { 10 };
        self.kind_tags += 1;
        self.reason(points, 1, text);
    }

    /// It is in the name as a rule, which then adds nothing.
    pub(super) fn broad_kind_tag(&mut self, text: usize) {
        self.named = true;
        self.reason(15, 1, text);
    }

    pub(super) fn kind_phrase(&mut self, text: usize) {
        let points = if self.kind_phrases == 0 { 45 } else { 10 };
        self.kind_phrases += 1;
        self.reason(points, 1, text);
    }

    pub(super) fn phrase(&mut self, text: usize) {
        if self.phrases < 3 {
            let points = if self.phrases == 0 { 30 } else { 10 };
            self.phrases += 1;
            self.reason(points, 4, text);
        }
    }

    pub(super) fn detail(&mut self, text: usize) {
        if self.details < 2 {
            self.details += 1;
            self.reason(15, 3, text);
        }
    }

    pub(super) fn summary(&mut self, text: usize) {
        if self.words < 3 {
            self.words += 1;
            self.reason(10, 4, text);
        }
    }

    /// The sum. Where only the detail speaks, its second reason adds nothing.
    pub(super) fn points(&mut self) -> u32 {
        if let Some(text) = self.kind_held.take().filter(|_| !self.kind_equal) {
            self.reason(60, 0, text);
        }
        if self.reasons.len() == self.details {
            self.reasons.truncate(1);
        }
        self.reasons.iter().map(|(points, ..)| points).sum()
    }
}
