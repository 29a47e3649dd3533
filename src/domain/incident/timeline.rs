//! The timeline as it is read: what happened to an incident and the signals that belong to it, in
//! one order.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Event;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::order;
use crate::domain::severity::Severity;
use crate::domain::signal::{Signal, Status};
use crate::domain::timestamp::Timestamp;

/// What a signal said, in a timeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Said {
    /// Its summary. From outside.
    pub summary: String,
    /// How bad it was.
    pub severity: Severity,
    /// Whether it held.
    pub status: Status,
}

/// One entry: an event, a signal, or a signal with the event that it brought about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Entry {
    /// Number of the event; null for a signal that changed nothing.
    pub id: Option<i64>,
    /// When it happened.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// `signal`, or the kind of event.
    pub kind: &'static str,
    /// Who did it.
    pub actor: Actor,
    /// The signal.
    pub signal_id: Option<i64>,
    /// What the signal said.
    pub signal: Option<Said>,
    /// What was written. From outside.
    pub note: Option<String>,
    /// What else is known, by kind of event.
    #[schema(value_type = Option<Object>)]
    pub data: Option<Value>,
}

/// Puts events and signals into one order, oldest first.
pub fn weave(events: Vec<Event>, signals: &[Signal]) -> Vec<Entry> {
    let said = |signal: &Signal| Said {
        summary: signal.summary.clone(),
        severity: signal.severity,
        status: signal.status,
    };
    let mut entries: Vec<Entry> = signals
        .iter()
        .filter(|signal| !events.iter().any(|e| e.signal_id == Some(signal.id)))
        .map(|signal| Entry {
            id: None,
            at: signal.happened_at(),
            kind: "signal",
            actor: Actor::new(ActorKind::Source, signal.source.clone()),
            signal_id: Some(signal.id),
            signal: Some(said(signal)),
            note: None,
            data: None,
        })
        .collect();
    entries.extend(events.into_iter().map(|event| {
        let signal = signals.iter().find(|s| Some(s.id) == event.signal_id);
        Entry {
            id: Some(event.id),
            at: event.at,
            kind: event.kind.as_str(),
            actor: event.actor,
            signal_id: event.signal_id,
            signal: signal.map(said),
            note: event.note,
            data: event.data,
        }
    }));
    order::sort_by_key(&mut entries, |entry| {
        (entry.at, entry.id.is_some(), entry.id, entry.signal_id)
    });
    entries
}
