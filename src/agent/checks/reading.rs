//! What a simple check finds of one subject in one look, and the patience it is judged with. A
//! check says "bad", "good" or "in between"; how often in a row that has to be seen before it is
//! news is ruled here, once for all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Change, Finding, Open, Scope, settle_one};
use crate::domain::agent::UnknownCheck;
use crate::domain::severity::Severity;
use crate::domain::signal::Status;
use crate::domain::timestamp::Timestamp;

/// What one look says of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// One of [`crate::domain::kind`].
    pub kind: &'static str,
    /// What it is about: `disk:/tank`. Unique within its kind and scope.
    pub subject: String,
    /// Who else would see the same.
    pub scope: Scope,
    /// What was found.
    pub verdict: Verdict,
    /// One sentence for while it is bad.
    pub summary: String,
    /// One sentence for when it is over.
    pub over: String,
    /// The facts.
    pub detail: Map<String, Value>,
    /// How often it has to be seen.
    pub patience: Patience,
}

impl Reading {
    /// One of this host's own that could not be found out.
    pub fn unknown(kind: &'static str, subject: String, reason: &str) -> Self {
        Self {
            kind,
            subject,
            scope: Scope::Host,
            verdict: Verdict::Unknown(reason.to_owned()),
            summary: String::new(),
            over: String::new(),
            detail: Map::new(),
            patience: Patience::default(),
        }
    }
}

/// What was found of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is wrong.
    Bad(Severity),
    /// It is wrong at least this much; one that was worse before is not better yet.
    AtLeast(Severity),
    /// Neither bad enough to complain nor good enough to stop: it stays as it was.
    Between,
    /// It is as it should be.
    Good,
    /// It could not be found out: why, and what would help. Neither healthy nor down.
    Unknown(String),
}

/// How many looks in a row it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Bad ones before it is complained about.
    pub after: u32,
    /// Good ones before it is over.
    pub clear_after: u32,
}

impl Default for Patience {
    /// The first look decides.
    fn default() -> Self {
        Self {
            after: 1,
            clear_after: 1,
        }
    }
}

/// What is remembered of a subject that is not simply good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// One of [`crate::domain::kind`].
    pub kind: String,
    /// See [`Reading::subject`].
    pub subject: String,
    /// See [`Reading::scope`].
    #[serde(default, skip_serializing_if = "Scope::is_host")]
    pub scope: Scope,
    /// The condition, once it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Open>,
    /// Bad looks in a row, up to what it takes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bad: u32,
    /// Good looks in a row while it is open.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub good: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks it
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The watches of all checks: by the id of the look, then by kind and subject.
pub type Watches = BTreeMap<String, BTreeMap<String, Watch>>;

/// Judges what one look showed. `watches` are that look's own; a subject that it no longer speaks
/// of is forgotten, and what was wrong with it is over. What could not be found out is added to
/// `unknown` and changes nothing.
pub fn judge(
    readings: Vec<Reading>,
    watches: &mut BTreeMap<String, Watch>,
    unknown: &mut Vec<UnknownCheck>,
    now: Timestamp,
) -> Vec<Change> {
    let mut before = std::mem::take(watches);
    let mut changes = Vec::new();
    for reading in readings {
        let key = key_of(reading.kind, &reading.subject);
        let mut watch = before.remove(&key).unwrap_or_default();
        if let Verdict::Unknown(reason) = &reading.verdict {
            unknown.push(UnknownCheck {
                kind: reading.kind.to_owned(),
                subject: reading.subject.clone(),
                reason: reason.clone(),
            });
        }
        changes.extend(judge_one(&reading, &mut watch, now));
        if watch.open.is_some() || watch.bad > 0 {
            reading.kind.clone_into(&mut watch.kind);
            watch.subject = reading.subject;
            watch.scope = reading.scope;
            watches.insert(key, watch);
        }
    }
    changes.extend(before.into_values().filter_map(forget));
    changes
}

fn key_of(kind: &str, subject: &str) -> String {
    format!("{kind} {subject}")
}

fn judge_one(reading: &Reading, watch: &mut Watch, now: Timestamp) -> Option<Change> {
    let patience = reading.patience;
    let finding = match reading.verdict {
        Verdict::Bad(severity) | Verdict::AtLeast(severity) => {
            let before = watch
                .open
                .filter(|_| reading.verdict != Verdict::Bad(severity));
            let severity = before.map_or(severity, |open| open.severity.max(severity));
            watch.good = 0;
            watch.bad = (watch.bad + 1).min(patience.after.max(1));
            if watch.open.is_some() || watch.bad >= patience.after {
                Finding::Holds(severity)
            } else {
                Finding::NoNews
            }
        }
        Verdict::Good => {
            watch.bad = 0;
            watch.good = (watch.good + 1).min(patience.clear_after.max(1));
            if watch.good >= patience.clear_after {
                Finding::Over
            } else {
                Finding::NoNews
            }
        }
        Verdict::Between => {
            watch.bad = 0;
            watch.good = 0;
            Finding::NoNews
        }
        Verdict::Unknown(_) => Finding::NoNews,
    };
    let (status, severity) = settle_one(&mut watch.open, finding, now)?;
    let summary = match status {
        Status::Firing => reading.summary.clone(),
        Status::Resolved => reading.over.clone(),
    };
    Some(Change {
        kind: reading.kind.into(),
        subject: reading.subject.clone(),
        scope: reading.scope.clone(),
        status,
        severity,
        summary,
        detail: reading.detail.clone(),
        at: None,
    })
}

/// Ends what was wrong with a subject that is not looked at any more.
pub fn forget(watch: Watch) -> Option<Change> {
    watch.open?;
    Some(Change {
        summary: format!("No longer watched: {}", watch.subject),
        kind: watch.kind.into(),
        subject: watch.subject,
        scope: watch.scope,
        status: Status::Resolved,
        severity: Severity::Info,
        detail: Map::new(),
        at: None,
    })
}

/// The facts of a reading; those that are not known are left out.
pub fn detail<const N: usize>(facts: [(&str, Value); N]) -> Map<String, Value> {
    known(&mut facts.into_iter())
}

/// Apart, so that it is made once and not for each number of facts.
fn known(facts: &mut dyn Iterator<Item = (&str, Value)>) -> Map<String, Value> {
    facts
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(verdict: Verdict) -> Reading {
        Reading {
            kind: "disk_full",
            subject: "disk:/".into(),
            scope: Scope::Host,
            verdict,
            summary: "full".into(),
            over: "room again".into(),
            detail: Map::new(),
            patience: Patience {
                after: 2,
                clear_after: 2,
            },
        }
    }

    /// What the verdicts lead to, one look after the other.
    fn story(verdicts: &[Verdict]) -> Vec<Option<(Status, Severity)>> {
        let mut watches = BTreeMap::new();
        let mut unknown = Vec::new();
        verdicts
            .iter()
            .map(|verdict| {
                judge(
                    vec![reading(verdict.clone())],
                    &mut watches,
                    &mut unknown,
                    Timestamp::from_millis(1),
                )
                .pop()
                .map(|change| (change.status, change.severity))
            })
            .collect()
    }

    const BAD: Verdict = Verdict::Bad(Severity::Warning);

    #[test]
    fn it_takes_as_many_looks_in_a_row_as_patience_says() {
        let firing = Some((Status::Firing, Severity::Warning));
        let over = Some((Status::Resolved, Severity::Info));
        assert_eq!(
            story(&[BAD, Verdict::Good, BAD, BAD, BAD]),
            [None, None, None, firing, None]
        );
        assert_eq!(
            story(&[BAD, BAD, Verdict::Good, BAD, Verdict::Good, Verdict::Good]),
            [None, firing, None, None, None, over]
        );
    }

    #[test]
    fn worse_is_news_at_once() {
        let worse = Verdict::Bad(Severity::Critical);
        assert_eq!(
            story(&[BAD, BAD, worse]).pop().flatten(),
            Some((Status::Firing, Severity::Critical))
        );
    }

    #[test]
    fn at_least_opens_and_takes_nothing_back() {
        let (worse, least) = (
            Verdict::Bad(Severity::Critical),
            Verdict::AtLeast(Severity::Warning),
        );
        assert_eq!(
            story(&[least.clone(), least.clone()]).pop().flatten(),
            Some((Status::Firing, Severity::Warning))
        );
        assert_eq!(
            story(&[BAD, worse, least, BAD])[1..],
            [
                Some((Status::Firing, Severity::Critical)),
                None,
                Some((Status::Firing, Severity::Warning))
            ]
        );
    }

    #[test]
    fn between_and_unknown_change_nothing_that_is_open() {
        let unknown = Verdict::Unknown("no right to look".into());
        let told = story(&[BAD, BAD, Verdict::Between, unknown, Verdict::Good]);
        assert_eq!(told[2..], [None, None, None]);
    }

    #[test]
    fn good_leaves_no_memory_and_unknown_is_told() {
        let mut watches = BTreeMap::new();
        let mut unknown = Vec::new();
        let now = Timestamp::from_millis(1);
        judge(
            vec![reading(Verdict::Good)],
            &mut watches,
            &mut unknown,
            now,
        );
        judge(
            vec![reading(Verdict::Unknown("why".into()))],
            &mut watches,
            &mut unknown,
            now,
        );
        assert!(watches.is_empty());
        assert_eq!(unknown[0].reason, "why");
    }

    #[test]
    fn a_subject_that_is_gone_is_over() {
        let mut watches = BTreeMap::new();
        let now = Timestamp::from_millis(1);
        for _ in 0..2 {
            judge(vec![reading(BAD)], &mut watches, &mut Vec::new(), now);
        }
        let changes = judge(Vec::new(), &mut watches, &mut Vec::new(), now);
        assert_eq!(changes[0].status, Status::Resolved);
        assert!(watches.is_empty());
    }
}
