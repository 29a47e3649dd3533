//! What speaks for which runbook, gathered, summed and put in order. How many points a thing is
//! worth, and why, is the parent's.

use std::cmp::Reverse;

use super::words::{each_word, kind_words};
use super::{Known, MAX_MATCHES, Match, Reason, SignalView, THRESHOLD};

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

    pub(super) fn best(mut self, runbooks: &[Known], signal: &SignalView<'_>) -> Vec<Match> {
        let kind = kind_words(signal.kind);
        let mut summary: Vec<String> = Vec::new();
        each_word(signal.summary, |word| summary.push(word.to_owned()));
        let mut best: Vec<(u32, usize)> = Vec::new();
        for (index, evidence) in self.evidence.iter_mut().enumerate() {
            let points = evidence.points();
            if points >= THRESHOLD {
                best.push((points, index));
            }
        }
        best.sort_by_cached_key(|&(points, index)| {
            let known = &runbooks[index];
            let words = (known.words_of_kind(&kind), known.words_of_summary(&summary));
            (Reverse((points, words)), known.id.clone())
        });
        best.truncate(MAX_MATCHES);
        let to_match = |(points, index): (u32, usize)| {
            let mut reasons = self.evidence[index].reasons.clone();
            reasons.sort_by(|a, b| (b.0.cmp(&a.0)).then(a.1.cmp(&b.1)));
            Match {
                runbook_id: runbooks[index].id.clone(),
                points,
                reasons: reasons
                    .into_iter()
                    .map(|(points, _, text)| Reason {
                        points,
                        text: self.texts[text].clone(),
                    })
                    .collect(),
            }
        };
        best.into_iter().map(to_match).collect()
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
    details: usize,
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
