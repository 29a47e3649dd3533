//! What happened on a day, and how things stood at its end.
//!
//! Owns the shapes. How an incident stood at a moment of the past is `standing`'s, adding
//! everything up is `builder`'s, the form for mail and terminals is `text`'s. Every list is
//! bounded; what it leaves out is counted.

mod builder;
mod standing;
pub mod text;
mod wrap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::actor::Actor;
use crate::domain::incident::{Resolution, State};
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

pub use self::builder::{Builder, Sighting, Span};
pub use self::standing::{Standing, standing};

/// Most entries of one list.
pub const LIMIT: usize = 100;
/// How far back the episodes of a recurring problem are counted: 30 days.
pub const EPISODES_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// Kinds of signals that tell of hosts and services that come and go.
pub const DEVICE_KINDS: [&str; 4] = ["host_new", "host_gone", "service_new", "service_gone"];
/// Longest summary and note, in characters.
pub const MAX_TEXT: usize = 300;

/// A day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Digest {
    /// `2026-11-22`.
    pub date: String,
    /// The zone that the day is one of: `Europe/Berlin`.
    pub timezone: String,
    /// First moment of what is told.
    #[schema(value_type = String)]
    pub from: Timestamp,
    /// The moment after the last; things stand as they stood then.
    #[schema(value_type = String)]
    pub to: Timestamp,
    /// When this was put together.
    #[schema(value_type = String)]
    pub generated_at: Timestamp,
    /// Whether the day is over: nothing will be added.
    pub complete: bool,
    /// How many of each.
    pub headline: Headline,
    /// Problems that opened, the worst first.
    pub opened: Vec<Opened>,
    /// Problems that were resolved and stayed so, the last first.
    pub resolved: Vec<Closed>,
    /// Of those that opened, the ones that had opened before in the last 30 days, the most
    /// frequent first.
    pub recurring: Vec<Recurring>,
    /// Problems that stood unresolved at the end, the worst first.
    pub still_open: Vec<StillOpen>,
    /// Hosts and services that were seen for the first time.
    pub new_devices: Vec<Device>,
    /// Hosts and services that went away and had not come back.
    pub gone_devices: Vec<Device>,
    /// Agents that were silent at the end.
    pub silent_agents: Vec<SilentAgent>,
    /// The newest backup at the end; none was known where it is null.
    pub backup: Option<Backup>,
    /// How many entries each list leaves out.
    pub left_out: LeftOut,
}

/// How many of each, listed or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Headline {
    /// Problems that opened.
    pub opened: u64,
    /// Problems that were resolved and stayed so.
    pub resolved: u64,
    /// Problems that opened again.
    pub recurring: u64,
    /// Problems that stood unresolved at the end.
    pub still_open: u64,
    /// Of those, critical ones.
    pub critical: u64,
    /// Of those, warnings.
    pub warning: u64,
    /// Of those, ones that had eased to info.
    pub info: u64,
    /// Of those, ones that somebody had taken on.
    pub acknowledged: u64,
    /// Of those, ones that somebody had put off.
    pub snoozed: u64,
    /// Hosts and services that were seen for the first time.
    pub new_devices: u64,
    /// Hosts and services that went away and had not come back.
    pub gone_devices: u64,
    /// Agents that were known.
    pub agents: u64,
    /// Of those, silent ones.
    pub silent_agents: u64,
}

/// How many entries each list leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[allow(missing_docs)] // each is named for its list
pub struct LeftOut {
    pub opened: u64,
    pub resolved: u64,
    pub recurring: u64,
    pub still_open: u64,
    pub new_devices: u64,
    pub gone_devices: u64,
    pub silent_agents: u64,
}

/// What every list says of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Its number.
    pub id: i64,
    /// The site it is at.
    pub site_id: String,
    /// Kind of its signals.
    pub kind: String,
    /// Of its newest signal. From outside; at most 300 characters.
    pub summary: String,
    /// How bad it was at the end.
    pub severity: Severity,
}

/// A problem that opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Opened {
    /// Which.
    #[serde(flatten)]
    pub problem: Problem,
    /// When it first did on that day.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// How often it did on that day.
    pub times: u32,
    /// Where it stood at the end.
    pub state: State,
}

/// A problem that was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Closed {
    /// Which.
    #[serde(flatten)]
    pub problem: Problem,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Why.
    pub reason: Resolution,
    /// Who says so.
    pub by: Actor,
    /// What a person said. At most 300 characters.
    pub note: Option<String>,
    /// Who had taken it on.
    pub acknowledged_by: Option<Actor>,
    /// Whole minutes since it had opened last.
    pub minutes: u64,
}

/// A problem that opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recurring {
    /// Which: the newest incident of the problem.
    #[serde(flatten)]
    pub problem: Problem,
    /// How often it opened in the 30 days up to the end.
    pub episodes: u64,
    /// Whether it opens and resolves again and again.
    pub flapping: bool,
}

/// A problem that stood unresolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StillOpen {
    /// Which.
    #[serde(flatten)]
    pub problem: Problem,
    /// Since when: its last opening.
    #[schema(value_type = String)]
    pub since: Timestamp,
    /// Where it stood.
    pub state: State,
    /// Who had taken it on.
    pub acknowledged: Option<Mark>,
    /// Who had put it off.
    pub snoozed: Option<Mark>,
    /// Until when it was put off.
    #[schema(value_type = Option<String>)]
    pub snoozed_until: Option<Timestamp>,
    /// The runbook that fitted best.
    pub runbook_id: Option<String>,
    /// Whether it opens and resolves again and again.
    pub flapping: bool,
}

/// Who did something when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mark {
    /// Who.
    pub by: Actor,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What they said. At most 300 characters.
    pub note: Option<String>,
}

/// A host or a service that came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// The signal that told.
    pub signal_id: i64,
    /// The site it is at.
    pub site_id: String,
    /// `host_new`, `host_gone`, `service_new` or `service_gone`.
    pub kind: String,
    /// Of the signal. From outside; at most 300 characters.
    pub summary: String,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
}

/// An agent that nothing was heard of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SilentAgent {
    /// Its id.
    pub id: String,
    /// The site it reported for.
    pub site_id: String,
    /// Name of its host.
    pub hostname: String,
    /// When it was heard last.
    #[schema(value_type = String)]
    pub last_seen: Timestamp,
}

/// A backup of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    /// The moment whose data it holds.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// How old it was at the end, in seconds.
    pub age_seconds: i64,
}

/// A digest with what is to be done about what is open.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Board {
    /// The day.
    #[serde(flatten)]
    pub digest: Digest,
    /// What stood unresolved, the worst first, each with its runbook.
    pub open: Vec<OpenIncident>,
}

/// One that is open, and the runbook for it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OpenIncident {
    /// Which, since when, and who has it.
    #[serde(flatten)]
    pub incident: StillOpen,
    /// The runbook that fits best now.
    pub runbook: Option<Offer>,
}

/// A runbook, with the reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Offer {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why it fits, in words.
    pub reason: String,
}

/// A day that was kept, for the strip that leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Kept {
    /// `2026-11-22`.
    pub date: String,
    /// How many of each.
    pub headline: Headline,
}

/// What the head of the board says since yesterday.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SinceYesterday {
    /// How many of each. `recurring` and agents are not counted here.
    pub headline: Headline,
    /// The newest backup.
    pub backup: Option<Backup>,
    /// Whether yesterday has a page.
    pub has_yesterday: bool,
}

/// `text` cut to [`MAX_TEXT`] characters.
pub(crate) fn clipped(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
