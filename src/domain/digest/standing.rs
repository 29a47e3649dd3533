//! How an incident stood at a moment of the past. Its row tells the present; what has happened
//! since is told by its timeline, which is read up to that moment.

use serde_json::Value;

use super::{Mark, clipped};
use crate::domain::incident::{Event, EventKind, Incident, Resolution, State};
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// How it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where.
    pub state: State,
    /// How bad.
    pub severity: Severity,
    /// Its last opening before that moment.
    pub since: Timestamp,
    /// Who had taken it on; for one that is over, who had before it was.
    pub acknowledged: Option<Mark>,
    /// Who had put it off.
    pub snoozed: Option<Mark>,
    /// Until when.
    pub snoozed_until: Option<Timestamp>,
    /// Why it was over, and who had said so.
    pub closed: Option<(Resolution, Mark)>,
    /// Whether it had been marked as flapping.
    pub flapping: bool,
}

/// How `incident` stood just before `to`. `events` is its timeline, oldest first. `None` where it
/// had not opened yet.
pub fn standing(incident: &Incident, events: &[Event], to: Timestamp) -> Option<Standing> {
    let split = events.partition_point(|event| event.at < to);
    let (before, after) = events.split_at(split);
    if incident.opened_at >= to && before.is_empty() {
        return None;
    }
    let mut stood = Standing {
        state: State::Open,
        severity: severity_at(incident, before, after),
        since: incident.opened_at,
        acknowledged: None,
        snoozed: None,
        snoozed_until: None,
        closed: None,
        flapping: false,
    };
    for event in before {
        stood.take(event);
    }
    // A snooze ends by itself, whenever the program came to write that down.
    if stood.state == State::Snoozed && stood.snoozed_until.is_some_and(|until| until <= to) {
        stood.open();
    }
    if after.is_empty() {
        stood.agree_with(incident, to);
    }
    Some(stood)
}

/// How bad it was: what the next change of it says it changed from.
fn severity_at(incident: &Incident, before: &[Event], after: &[Event]) -> Severity {
    let of = |event: &Event, field: &str| {
        let word = event.data.as_ref()?.get(field)?.as_str()?;
        Some(Severity::parse_stored(word))
    };
    let changes = |event: &&Event| matches!(event.kind, EventKind::Worsened | EventKind::Eased);
    let next = after
        .iter()
        .find(|event| changes(event) || event.kind == EventKind::Reopened);
    let said = match next {
        Some(event) if event.kind != EventKind::Reopened => of(event, "from"),
        // Another episode has a severity of its own: only what came before counts.
        Some(_) => before
            .iter()
            .rev()
            .find(changes)
            .and_then(|event| of(event, "to")),
        None => None,
    };
    said.unwrap_or(incident.severity)
}

impl Standing {
    fn take(&mut self, event: &Event) {
        match event.kind {
            EventKind::Opened => self.since = event.at.min(self.since),
            EventKind::Reopened => {
                self.open();
                self.acknowledged = None;
                self.closed = None;
                self.since = event.at;
            }
            EventKind::Resolved => {
                self.state = State::Resolved;
                self.forget_snooze();
                let reason = event
                    .data
                    .as_ref()
                    .and_then(|data| data.get("reason"))
                    .and_then(Value::as_str)
                    .and_then(Resolution::parse)
                    .unwrap_or(Resolution::BySource);
                self.closed = Some((reason, mark(event)));
            }
            EventKind::Flapping => self.flapping = true,
            // A late signal may have ended it before a person took it on.
            _ if self.state == State::Resolved => {}
            EventKind::Acknowledged => {
                self.state = State::Acknowledged;
                self.forget_snooze();
                self.acknowledged = Some(mark(event));
            }
            EventKind::Snoozed => {
                self.state = State::Snoozed;
                self.acknowledged = None;
                self.snoozed = Some(mark(event));
                self.snoozed_until = event
                    .data
                    .as_ref()
                    .and_then(|data| data.get("until"))
                    .and_then(Value::as_str)
                    .and_then(Timestamp::parse);
            }
            EventKind::Woke => self.open(),
            EventKind::Worsened => {
                let data = event.data.as_ref();
                if data.and_then(|data| data.get("undone")) == Some(&Value::Bool(true)) {
                    self.open();
                }
            }
            _ => {}
        }
    }

    /// Nobody has it.
    fn open(&mut self) {
        self.state = State::Open;
        self.acknowledged = None;
        self.forget_snooze();
    }

    fn forget_snooze(&mut self) {
        self.snoozed = None;
        self.snoozed_until = None;
    }

    /// Where nothing has happened since, the row has the last word: it may have been written by a
    /// way that left no entry.
    fn agree_with(&mut self, incident: &Incident, to: Timestamp) {
        self.severity = incident.severity;
        self.flapping = incident.flapping;
        match &incident.resolved {
            Some(resolved) if resolved.at < to => {
                self.state = State::Resolved;
                self.forget_snooze();
                let (by, note) = (resolved.by.clone(), resolved.note.as_deref().map(clipped));
                let at = resolved.at;
                self.closed = Some((resolved.reason, Mark { by, at, note }));
            }
            None if self.state == State::Resolved => {
                self.open();
                self.closed = None;
            }
            _ => {}
        }
    }
}

fn mark(event: &Event) -> Mark {
    Mark {
        by: event.actor.clone(),
        at: event.at,
        note: event.note.as_deref().map(clipped),
    }
}
