//! How often a runbook helped, and what helped in earlier episodes of a problem.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use utoipa::ToSchema;

use super::Outcome;
use crate::domain::actor::Actor;
use crate::domain::incident::Resolved;
use crate::domain::matching::{self, TrackRecord};
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// What became of a runbook with incidents of one kind, or of all kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Record {
    /// Incidents whose best runbook it was.
    pub matched: u64,
    /// Runs that were begun.
    pub runs: u64,
    /// Runs that ended with "it helped".
    pub helped: u64,
    /// Runs that ended with "it did not help".
    pub did_not_help: u64,
    /// Median of the minutes from opening to resolution of the incidents where it helped.
    pub median_minutes: Option<u64>,
}

impl Record {
    /// Runs whose end says something about the runbook.
    pub fn answered(&self) -> u64 {
        self.helped + self.did_not_help
    }

    /// What it says for a match; `None` before the first answer.
    pub fn track(&self) -> Option<TrackRecord> {
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        (self.answered() > 0).then(|| TrackRecord {
            helped: small(self.helped),
            runs: small(self.answered()),
            median_minutes: self.median_minutes.map(small),
        })
    }

    /// `helped 3 of 4 times, median 6 minutes`; `None` before the first answer.
    pub fn in_words(&self) -> Option<String> {
        self.track().map(TrackRecord::words)
    }
}

/// What became of each runbook, with incidents of each kind and over all kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    by_kind: HashMap<String, BTreeMap<String, Record>>,
    whole: HashMap<String, Record>,
}

impl Records {
    /// Of a runbook over all kinds; empty where it was never used.
    pub fn of(&self, runbook_id: &str) -> Record {
        self.whole.get(runbook_id).copied().unwrap_or_default()
    }

    /// Of a runbook with incidents of one kind; empty where there was none.
    pub fn of_kind(&self, runbook_id: &str, kind: &str) -> Record {
        let kinds = self.by_kind.get(runbook_id);
        kinds
            .and_then(|kinds| kinds.get(kind))
            .copied()
            .unwrap_or_default()
    }

    /// Of a runbook, kind by kind.
    pub fn kinds_of(&self, runbook_id: &str) -> Vec<(&str, Record)> {
        let kinds = self.by_kind.get(runbook_id).into_iter().flatten();
        kinds
            .map(|(kind, record)| (kind.as_str(), *record))
            .collect()
    }

    /// What they say for matches.
    pub fn for_matching(&self) -> matching::Records {
        let mut records = matching::Records::default();
        for (runbook_id, kinds) in &self.by_kind {
            for (kind, record) in kinds {
                if let Some(track) = record.track() {
                    records.insert(runbook_id.as_str(), kind, track);
                }
            }
        }
        records
    }

    /// Of a runbook over all kinds, to be filled.
    pub fn of_mut(&mut self, runbook_id: String) -> &mut Record {
        self.whole.entry(runbook_id).or_default()
    }

    /// Of a runbook with incidents of one kind, to be filled.
    pub fn of_kind_mut(&mut self, runbook_id: String, kind: String) -> &mut Record {
        let kinds = self.by_kind.entry(runbook_id).or_default();
        kinds.entry(kind).or_default()
    }

    /// Counts something for a kind, and for the runbook as a whole.
    pub fn count(&mut self, runbook_id: String, kind: String, add: impl Fn(&mut Record)) {
        add(self.of_mut(runbook_id.clone()));
        add(self.of_kind_mut(runbook_id, kind));
    }
}

/// The median of some durations in milliseconds, as whole minutes, rounded; `None` of none.
pub fn median(durations: &mut [i64]) -> Option<u64> {
    durations.sort_unstable();
    let middle = durations.len() / 2;
    let upper = *durations.get(middle)?;
    let millis = if durations.len().is_multiple_of(2) {
        upper.midpoint(durations[middle - 1])
    } else {
        upper
    };
    Some((millis.max(0).unsigned_abs() + 30_000) / 60_000)
}

/// A run in an episode that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EpisodeRun {
    /// The run's number.
    pub run_id: i64,
    /// The runbook's id.
    pub runbook_id: String,
    /// The runbook's title.
    pub title: String,
    /// What it came to.
    pub outcome: Outcome,
    /// In the words of whoever ended it. From outside.
    pub what_fixed_it: Option<String>,
    /// Who ended it.
    pub by: Actor,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
}

/// An earlier incident of the same problem, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Episode {
    /// The incident's number.
    pub incident_id: i64,
    /// The worst it had been.
    pub worst_severity: Severity,
    /// When it opened.
    #[schema(value_type = String)]
    pub opened_at: Timestamp,
    /// How it ended.
    pub resolved: Resolved,
    /// Whole minutes from opening to resolution, rounded.
    pub minutes: u64,
    /// The runs that were walked to their end, those that helped first.
    pub runs: Vec<EpisodeRun>,
}

impl Episode {
    /// What fixed it, where somebody said so: of a run that helped, or what a person said when
    /// they resolved it. From outside.
    pub fn what_fixed_it(&self) -> Option<&str> {
        self.runs
            .iter()
            .filter(|run| run.outcome == Outcome::Helped)
            .find_map(|run| run.what_fixed_it.as_deref())
            .or(self.resolved.note.as_deref())
    }
}
