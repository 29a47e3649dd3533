//! An incident: one problem, from opening to resolution, with what people did about it.
//!
//! Owns the shape and what people may do to it. What a signal does to it is `lifecycle`'s; which
//! hangs on which is `folding`'s. Knows no clock: times are handed in.

mod acts;
pub mod folding;
pub mod lifecycle;
pub mod timeline;
pub mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::actor::Actor;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

pub use self::acts::{MAX_NOTE, MAX_SNOOZE_MS, Refusal};

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody has taken it on.
    Open,
    /// Somebody has; until it is resolved or gets worse.
    Acknowledged,
    /// Put off until a time, or until it gets worse.
    Snoozed,
    /// Over.
    Resolved,
}

impl State {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 4] = [
        Self::Open,
        Self::Acknowledged,
        Self::Snoozed,
        Self::Resolved,
    ];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }

    /// Reads what [`State::as_str`] wrote, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(word.trim()))
    }
}

/// Why an incident is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// The sender said so.
    BySource,
    /// A person said so.
    ByPerson,
    /// There was no news for too long, or it expired as its sender had announced.
    Expired,
    /// Its agent reports, and no longer lists it.
    NoLongerReported,
}

impl Resolution {
    const ALL: [Self; 4] = [
        Self::BySource,
        Self::ByPerson,
        Self::Expired,
        Self::NoLongerReported,
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BySource => "by_source",
            Self::ByPerson => "by_person",
            Self::Expired => "expired",
            Self::NoLongerReported => "no_longer_reported",
        }
    }

    /// The words that are shown.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::BySource => "resolved by its source",
            Self::ByPerson => "resolved by a person",
            Self::Expired => "expired without news",
            Self::NoLongerReported => "no longer reported",
        }
    }

    /// Reads what [`Resolution::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|resolution| resolution.as_str() == word)
    }
}

/// That somebody has taken it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Acknowledged {
    /// Who.
    pub by: Actor,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What they said.
    pub note: Option<String>,
    /// How bad it was then: only worse than this undoes it.
    pub severity: Severity,
}

/// That it was put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snoozed {
    /// Who did.
    pub by: Actor,
    /// When they did.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Until when.
    #[schema(value_type = String)]
    pub until: Timestamp,
    /// What they said.
    pub note: Option<String>,
    /// How bad it was then: only worse than this undoes it.
    pub severity: Severity,
}

/// That it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Resolved {
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Why.
    pub reason: Resolution,
    /// Who says so.
    pub by: Actor,
    /// What a person said.
    pub note: Option<String>,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Incident {
    /// Its number.
    pub id: i64,
    /// The site it is at.
    pub site_id: String,
    /// Kind of its signals.
    pub kind: String,
    /// Of its newest signal. From outside.
    pub summary: String,
    /// What sent its first signal.
    pub source: String,
    /// The agent it comes from.
    pub agent_id: Option<String>,
    /// The sender's own name for the condition.
    pub dedup_key: Option<String>,
    /// Names the problem.
    pub fingerprint: String,
    /// Why its signals are about one problem.
    pub fingerprint_of: Fingerprint,
    /// Of the newest observation.
    pub severity: Severity,
    /// The worst it has been.
    pub worst_severity: Severity,
    /// Where it stands.
    pub state: State,
    /// When it opened.
    #[schema(value_type = String)]
    pub opened_at: Timestamp,
    /// When its newest observation happened.
    #[schema(value_type = String)]
    pub last_seen_at: Timestamp,
    /// When its agent last listed it as still open.
    #[schema(value_type = Option<String>)]
    pub confirmed_at: Option<Timestamp>,
    /// When its sender said that it would end without news.
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<Timestamp>,
    /// Signals that belong to it.
    pub count: u64,
    /// How often it opened, the first time included.
    pub openings: u32,
    /// It opens and resolves again and again.
    pub flapping: bool,
    /// The earlier incident of the same problem.
    pub previous_id: Option<i64>,
    /// The runbook that fits best.
    pub runbook_id: Option<String>,
    /// Its first signal.
    pub first_signal_id: Option<i64>,
    /// Its newest signal.
    pub last_signal_id: Option<i64>,
    /// Who has taken it on, while that holds.
    pub acknowledged: Option<Acknowledged>,
    /// Who put it off, while that holds.
    pub snoozed: Option<Snoozed>,
    /// How it ended, when it has.
    pub resolved: Option<Resolved>,
    /// The open incident it hangs on.
    pub folded_under: Option<i64>,
    /// The incidents that hang on it.
    pub folds: Vec<i64>,
    /// Made by `demo seed`.
    pub demo: bool,
}

impl Incident {
    /// Whether it is not over.
    pub fn is_unresolved(&self) -> bool {
        self.state != State::Resolved
    }

    /// When there was last news of it: a signal, or that its agent still lists it.
    pub fn news_at(&self) -> Timestamp {
        self.confirmed_at
            .map_or(self.last_seen_at, |at| at.max(self.last_seen_at))
    }
}

/// What happened to an incident besides its signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It opened.
    Opened,
    /// It opened again, soon after it was resolved or because it flaps.
    Reopened,
    /// It got worse.
    Worsened,
    /// It got less bad.
    Eased,
    /// Somebody took it on.
    Acknowledged,
    /// Somebody put it off.
    Snoozed,
    /// The time it was put off until has come.
    Woke,
    /// It is over.
    Resolved,
    /// It was marked as flapping.
    Flapping,
    /// Somebody wrote something.
    Note,
    /// A model wrote something.
    Answer,
    /// Somebody began to walk through a runbook.
    RunStarted,
    /// Somebody finished walking through a runbook.
    RunFinished,
}

impl EventKind {
    const ALL: [Self; 13] = [
        Self::Opened,
        Self::Reopened,
        Self::Worsened,
        Self::Eased,
        Self::Acknowledged,
        Self::Snoozed,
        Self::Woke,
        Self::Resolved,
        Self::Flapping,
        Self::Note,
        Self::Answer,
        Self::RunStarted,
        Self::RunFinished,
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Worsened => "worsened",
            Self::Eased => "eased",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Woke => "woke",
            Self::Resolved => "resolved",
            Self::Flapping => "flapping",
            Self::Note => "note",
            Self::Answer => "answer",
            Self::RunStarted => "run_started",
            Self::RunFinished => "run_finished",
        }
    }

    /// Reads what [`EventKind::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One entry of a timeline. Once written it is never changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Event {
    /// Its number; 0 before it is stored.
    pub id: i64,
    /// When it happened.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: Actor,
    /// The signal that brought it about.
    pub signal_id: Option<i64>,
    /// What was written. From outside.
    pub note: Option<String>,
    /// What else is known, by kind of event: `{"from": "warning", "to": "critical"}`.
    #[schema(value_type = Option<Object>)]
    pub data: Option<Value>,
}

impl Event {
    /// An entry without note and data.
    pub fn new(kind: EventKind, actor: Actor, at: Timestamp) -> Self {
        Self {
            id: 0,
            at,
            kind,
            actor,
            signal_id: None,
            note: None,
            data: None,
        }
    }
}

#[cfg(test)]
mod tests;
