//! What people do to an incident. Each act changes it and answers the entry for its timeline;
//! doing again what is done already changes nothing and answers none.

use std::fmt;

use serde_json::json;

use super::{Acknowledged, Event, EventKind, Incident, Resolution, Resolved, Snoozed, State};
use crate::domain::actor::Actor;
use crate::domain::timestamp::Timestamp;

/// Longest note, in characters.
pub const MAX_NOTE: usize = 10_000;
/// Longest snooze: 30 days.
pub const MAX_SNOOZE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Why an act is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is over: only a note may be added.
    IsResolved,
    /// Another incident of the same problem is unresolved: there may be only one.
    Superseded(i64),
    /// The end of the snooze is not ahead.
    SnoozeOver,
    /// The end of the snooze is further ahead than [`MAX_SNOOZE_MS`].
    SnoozeTooLong,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IsResolved => {
                out.write_str("the incident is resolved; reopen it first, or add a note")
            }
            Self::Superseded(id) => write!(
                out,
                "incident {id} is the same problem and is unresolved: go on there"
            ),
            Self::SnoozeOver => out.write_str("the end of a snooze must lie ahead"),
            Self::SnoozeTooLong => out.write_str("a snooze lasts at most 30 days"),
        }
    }
}

impl std::error::Error for Refusal {}

impl Incident {
    /// Somebody takes it on, until it is resolved or gets worse. A snooze ends with it.
    ///
    /// # Errors
    /// It is over.
    pub fn acknowledge(
        &mut self,
        by: &Actor,
        note: Option<String>,
        at: Timestamp,
    ) -> Result<Option<Event>, Refusal> {
        self.must_be_unresolved()?;
        if self.state == State::Acknowledged && note.is_none() {
            return Ok(None);
        }
        let event = Event {
            note: note.clone(),
            ..Event::new(EventKind::Acknowledged, by.clone(), at)
        };
        self.state = State::Acknowledged;
        self.snoozed = None;
        self.acknowledged = Some(Acknowledged {
            by: by.clone(),
            at,
            note,
            severity: self.severity,
        });
        Ok(Some(event))
    }

    /// Somebody puts it off until a time. An acknowledgement ends with it.
    ///
    /// # Errors
    /// It is over, or `until` is not ahead or too far.
    pub fn snooze(
        &mut self,
        by: &Actor,
        (until, note): (Timestamp, Option<String>),
        at: Timestamp,
    ) -> Result<Option<Event>, Refusal> {
        self.must_be_unresolved()?;
        let length = until.millis_since(at);
        if length <= 0 {
            return Err(Refusal::SnoozeOver);
        }
        if length > MAX_SNOOZE_MS {
            return Err(Refusal::SnoozeTooLong);
        }
        let event = Event {
            note: note.clone(),
            data: Some(json!({ "until": until })),
            ..Event::new(EventKind::Snoozed, by.clone(), at)
        };
        self.state = State::Snoozed;
        self.acknowledged = None;
        self.snoozed = Some(Snoozed {
            by: by.clone(),
            at,
            until,
            note,
            severity: self.severity,
        });
        Ok(Some(event))
    }

    /// Ends a snooze whose time has come.
    pub fn wake(&mut self, now: Timestamp) -> Option<Event> {
        let until = self.snoozed.as_ref()?.until;
        if self.state != State::Snoozed || now < until {
            return None;
        }
        self.state = State::Open;
        self.snoozed = None;
        Some(Event::new(EventKind::Woke, Actor::program(), now))
    }

    /// It is over.
    pub fn resolve(&mut self, resolved: Resolved) -> Option<Event> {
        if !self.is_unresolved() {
            return None;
        }
        let event = Event {
            note: resolved.note.clone(),
            data: Some(json!({ "reason": resolved.reason })),
            ..Event::new(EventKind::Resolved, resolved.by.clone(), resolved.at)
        };
        self.state = State::Resolved;
        self.acknowledged = None;
        self.snoozed = None;
        self.resolved = Some(resolved);
        Some(event)
    }

    /// A person says that it is over.
    pub fn resolve_by(&mut self, by: &Actor, note: Option<String>, at: Timestamp) -> Option<Event> {
        self.resolve(Resolved {
            at,
            reason: Resolution::ByPerson,
            by: by.clone(),
            note,
        })
    }

    /// Opens it again.
    pub fn reopen(&mut self, by: &Actor, note: Option<String>, at: Timestamp) -> Option<Event> {
        if self.is_unresolved() {
            return None;
        }
        self.state = State::Open;
        self.resolved = None;
        self.openings += 1;
        Some(Event {
            note,
            ..Event::new(EventKind::Reopened, by.clone(), at)
        })
    }

    fn must_be_unresolved(&self) -> Result<(), Refusal> {
        if self.is_unresolved() {
            Ok(())
        } else {
            Err(Refusal::IsResolved)
        }
    }
}
