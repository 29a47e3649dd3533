//! The one list of checks, and what every check speaks of: conditions that open, change and end.
//!
//! A check observes (through `agent::sys`), then judges: a pure function from what was seen, what
//! was remembered and the time to what is remembered now and what changed. It sends nothing and
//! writes nothing. A new check is a file here, a line in [`judge`] and a line in [`conditions`].

pub mod docker;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::agent::OpenCondition;
use crate::domain::hash;
use crate::domain::severity::Severity;
use crate::domain::signal::{MAX_DEDUP_KEY, MAX_SUMMARY, NewSignal, Status};
use crate::domain::timestamp::Timestamp;

use super::inert;
use super::state::State;

/// Who sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observer {
    /// Hash of the machine id.
    pub agent_id: String,
    /// The site of the host.
    pub site_id: String,
    /// Name of the host.
    pub hostname: String,
}

/// A condition that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// As last sent.
    pub severity: Severity,
    /// When it was first seen.
    pub since: Timestamp,
    /// The server asked for it: it is sent again though nothing changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// What a look says of one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Holds(Severity),
    /// It does not.
    Over,
    /// The look does not tell: it stays as it was.
    NoNews,
}

/// News of one condition, to be sent once.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// One of [`crate::domain::kind`].
    pub kind: &'static str,
    /// What it is about, unique on this host: `docker:ENDPOINT:CONTAINER`.
    pub subject: String,
    /// Whether it holds or is over.
    pub status: Status,
    /// How bad it is; `info` once it is over.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// The facts.
    pub detail: Map<String, Value>,
    /// When it happened, where that is known better than "now".
    pub at: Option<Timestamp>,
}

/// Conditions by kind, as a check's memory holds them.
pub type Conditions = BTreeMap<String, Open>;

/// Brings `open` in line with a finding. Answers with the status and severity to send where
/// something changed: opened, another severity, or over.
pub fn settle(
    open: &mut Conditions,
    kind: &str,
    finding: Finding,
    now: Timestamp,
) -> Option<(Status, Severity)> {
    match (finding, open.get_mut(kind)) {
        (Finding::Holds(severity), None) => {
            open.insert(
                kind.to_owned(),
                Open {
                    severity,
                    since: now,
                    again: false,
                },
            );
            Some((Status::Firing, severity))
        }
        (Finding::Holds(severity), Some(before)) if before.severity != severity || before.again => {
            before.severity = severity;
            before.again = false;
            Some((Status::Firing, severity))
        }
        (Finding::Over, Some(_)) => {
            open.remove(kind);
            Some((Status::Resolved, Severity::Info))
        }
        (Finding::Holds(_) | Finding::NoNews, _) | (Finding::Over, None) => None,
    }
}

/// Everything that was seen in one cycle and that a check judges.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// One for each configured Docker endpoint.
    pub docker: Vec<docker::SeenEndpoint>,
}

/// Judges what was seen: brings the memory of every check in `state` up to date and answers with
/// what changed.
pub fn judge(seen: &Seen, state: &mut State, who: &Observer, now: Timestamp) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(docker::judge(&seen.docker, &mut state.docker, who, now));
    changes
}

/// Everything that is wrong now, as the report lists it.
pub fn conditions(state: &State, who: &Observer) -> Vec<OpenCondition> {
    let mut conditions = Vec::new();
    docker::each_open(&state.docker, &mut |kind, subject, open| {
        conditions.push(OpenCondition {
            dedup_key: dedup_key(who, kind, subject),
            kind: kind.to_owned(),
            severity: open.severity,
            since: open.since,
        });
    });
    conditions
}

/// Marks the conditions with these keys to be sent again by the next look that sees them.
pub fn send_again(state: &mut State, who: &Observer, keys: &[String]) {
    docker::each_open_mut(&mut state.docker, &mut |kind, subject, open| {
        open.again |= keys.contains(&dedup_key(who, kind, subject));
    });
}

/// Names a condition: this host, the kind, the subject. Bounded; what is cut off is hashed in.
pub fn dedup_key(who: &Observer, kind: &str, subject: &str) -> String {
    let key = format!("{}:{kind}:{subject}", who.agent_id);
    if key.chars().count() <= MAX_DEDUP_KEY {
        return key;
    }
    let mark = hash::name_of(&[&key]);
    let head: String = key.chars().take(MAX_DEDUP_KEY - mark.len() - 1).collect();
    format!("{head}~{mark}")
}

impl Change {
    /// The signal that carries it.
    pub fn into_signal(self, who: &Observer, now: Timestamp, uid: String) -> NewSignal {
        NewSignal {
            site_id: who.site_id.clone(),
            kind: self.kind.to_owned(),
            summary: inert::line(&self.summary, MAX_SUMMARY),
            detail: self.detail,
            severity: self.severity,
            source: "agent".to_owned(),
            observed_at: Some(self.at.unwrap_or(now)),
            status: self.status,
            dedup_key: Some(dedup_key(who, self.kind, &self.subject)),
            expires_at: None,
            agent_id: Some(who.agent_id.clone()),
            uid: Some(uid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Observer {
        Observer {
            agent_id: "a".repeat(32),
            site_id: "site".into(),
            hostname: "host".into(),
        }
    }

    #[test]
    fn keys_are_bounded_and_stay_different() {
        let long = "x".repeat(2000);
        let first = dedup_key(&who(), "container_down", &format!("{long}1"));
        let second = dedup_key(&who(), "container_down", &format!("{long}2"));
        assert_eq!(first.chars().count(), MAX_DEDUP_KEY);
        assert_ne!(first, second);
        assert_ne!(
            dedup_key(&who(), "container_down", "docker:unix:///a:web"),
            dedup_key(&who(), "container_down", "docker:unix:///b:web")
        );
    }

    #[test]
    fn a_condition_is_news_once() {
        let now = Timestamp::from_millis(1);
        let later = Timestamp::from_millis(2);
        let mut open = Conditions::new();
        let warning = Finding::Holds(Severity::Warning);
        assert_eq!(
            settle(&mut open, "k", warning, now),
            Some((Status::Firing, Severity::Warning))
        );
        assert_eq!(settle(&mut open, "k", warning, later), None);
        assert_eq!(settle(&mut open, "k", Finding::NoNews, later), None);
        open.get_mut("k").unwrap().again = true;
        assert_eq!(settle(&mut open, "k", Finding::NoNews, later), None);
        assert_eq!(
            settle(&mut open, "k", warning, later),
            Some((Status::Firing, Severity::Warning)),
            "asked for, it is news once more"
        );
        assert_eq!(settle(&mut open, "k", warning, later), None);
        assert_eq!(
            settle(&mut open, "k", Finding::Holds(Severity::Info), later),
            Some((Status::Firing, Severity::Info)),
            "another severity is news"
        );
        assert_eq!(open["k"].since, now, "and the same condition");
        assert_eq!(
            settle(&mut open, "k", Finding::Over, later),
            Some((Status::Resolved, Severity::Info))
        );
        assert_eq!(settle(&mut open, "k", Finding::Over, later), None);
    }
}
