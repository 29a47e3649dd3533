//! What a signal does to the incident of its fingerprint.
//!
//! The newest observation decides: with it firing the incident is unresolved and of its severity,
//! with it resolved the incident is over. In whatever order, however late or often the signals
//! come, the end is as if they had come in the order in which they happened. Of two that happened
//! in the same millisecond the one that came later is the newer.
//!
//! `info` opens nothing; an incident that is open may ease to it. What happened before a person, or
//! the program, resolved the incident does not open it again.

use super::{Event, EventKind, Incident, State};
use crate::domain::actor::Actor;
use crate::domain::severity::Severity;
use crate::domain::signal::{Signal, Status};
use crate::domain::timestamp::Timestamp;
use serde_json::json;

/// An opening within this time of the resolution is the same incident.
pub const REOPEN_MS: i64 = 30 * 60 * 1000;
/// So many openings within so many milliseconds, the newest included, are flapping.
pub const FLAPPING: [(usize, i64); 2] = [(3, 10 * 60 * 1000), (5, DAY_MS)];
/// How far back openings are looked at: the longer of the two windows.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What a signal says about its problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// When it happened.
    pub at: Timestamp,
    /// Whether it holds.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
}

impl Observation {
    /// What this signal says.
    pub fn of(signal: &Signal) -> Self {
        Self {
            at: signal.happened_at(),
            status: signal.status,
            severity: signal.severity,
        }
    }

    /// Whether it alone would open an incident.
    pub fn is_problem(self) -> bool {
        self.status == Status::Firing && self.severity > Severity::Info
    }
}

/// What is to be done with a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It belongs to no incident.
    Pass,
    /// It belongs to the latest incident, and changes nothing there.
    Attach,
    /// It is the newest observation of the unresolved incident.
    Observe,
    /// It ends the unresolved incident.
    Resolve,
    /// It opens the latest incident again.
    Reopen,
    /// It opens a new one.
    Open,
    /// Something newer is known: [`late`] decides.
    Late,
}

/// Decides for a signal that may be the newest. `latest` is the newest incident of its
/// fingerprint, `newest` the newest observation known before.
pub fn step(latest: Option<&Incident>, newest: Option<Observation>, seen: Observation) -> Step {
    if newest.is_some_and(|newest| seen.at < newest.at) {
        return Step::Late;
    }
    match latest {
        Some(incident) if incident.is_unresolved() => match seen.status {
            Status::Resolved => Step::Resolve,
            Status::Firing => Step::Observe,
        },
        _ if seen.is_problem() => open_or_reopen(latest, seen.at),
        _ => Step::Pass,
    }
}

/// What is known to have happened after a late signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// Something that alone would open an incident.
    pub problem: bool,
    /// An end.
    pub resolved: bool,
}

/// Decides for a signal that something newer is known than.
pub fn late(latest: Option<&Incident>, after: After, seen: Observation) -> Step {
    let unresolved = latest.is_some_and(Incident::is_unresolved);
    if unresolved && seen.status == Status::Resolved && !after.problem {
        // Only notes of level info came after the end: they keep nothing open.
        return Step::Resolve;
    }
    if !unresolved && seen.is_problem() && !after.resolved {
        // Only notes of level info came after it, which opened nothing then.
        return open_or_reopen(latest, seen.at);
    }
    let within = latest.is_some_and(|incident| {
        let ended = incident.resolved.as_ref().map(|resolved| resolved.at);
        let still = unresolved && !after.resolved;
        (still || incident.opened_at <= seen.at) && ended.is_none_or(|end| seen.at <= end)
    });
    if within { Step::Attach } else { Step::Pass }
}

fn open_or_reopen(latest: Option<&Incident>, at: Timestamp) -> Step {
    let Some(resolved) = latest.and_then(|incident| incident.resolved.as_ref()) else {
        return Step::Open;
    };
    match at.millis_since(resolved.at) {
        ..=0 => Step::Attach,
        1..=REOPEN_MS => Step::Reopen,
        _ => Step::Open,
    }
}

/// Whether an opening at `at` is one too many. `earlier` are the openings of the day before.
pub fn flaps(earlier: &[Timestamp], at: Timestamp) -> bool {
    FLAPPING.iter().any(|&(most, window)| {
        let within = |earlier: &&Timestamp| (0..=window).contains(&at.millis_since(**earlier));
        earlier.iter().filter(within).count() + 1 >= most
    })
}

impl Incident {
    /// Takes in a signal that belongs to it, whatever else it does.
    pub fn count_in(&mut self, signal: &Signal) {
        let seen = Observation::of(signal);
        self.count += 1;
        if seen.status == Status::Firing {
            self.worst_severity = self.worst_severity.max(seen.severity);
        }
        if seen.at >= self.last_seen_at || self.last_signal_id.is_none() {
            self.last_seen_at = self.last_seen_at.max(seen.at);
            self.last_signal_id = Some(signal.id);
        } else if seen.is_problem() && seen.at < self.opened_at {
            self.opened_at = seen.at;
            self.first_signal_id = Some(signal.id);
        }
    }

    /// Takes what the newest observation says. Getting worse than when it was taken on or put
    /// off undoes that.
    pub fn observe(&mut self, signal: &Signal, by: &Actor) -> Option<Event> {
        let (before, now) = (self.severity, signal.severity);
        self.severity = now;
        self.summary.clone_from(&signal.summary);
        self.expires_at = signal.expires_at;
        if signal.runbook_id.is_some() {
            self.runbook_id.clone_from(&signal.runbook_id);
        }
        let handled = match self.state {
            State::Acknowledged => self.acknowledged.as_ref().map(|mark| mark.severity),
            State::Snoozed => self.snoozed.as_ref().map(|mark| mark.severity),
            State::Open | State::Resolved => None,
        };
        let undone = handled.is_some_and(|handled| now > handled);
        if undone {
            self.state = State::Open;
            self.acknowledged = None;
            self.snoozed = None;
        }
        if before == now {
            return None;
        }
        let kind = if now > before {
            EventKind::Worsened
        } else {
            EventKind::Eased
        };
        Some(Event {
            signal_id: Some(signal.id),
            data: Some(json!({"from": before, "to": now, "undone": undone})),
            ..Event::new(kind, by.clone(), signal.happened_at())
        })
    }
}
