//! Signals, entries of a timeline, incidents and earlier episodes, each as a value and as one line
//! of text: redacted and neutralised.

use std::fmt::Write;

use serde_json::{Value, json};

use super::render::{Piece, quoted};
use crate::domain::incident::Incident;
use crate::domain::incident::timeline::Entry;
use crate::domain::redact;
use crate::domain::run::Episode;
use crate::domain::signal::Signal;

/// Another signal.
pub(super) fn signal(signal: &Signal, boundary: &str, redactions: &mut u32) -> Piece {
    let mut value = json!({
        "id": signal.id,
        "kind": signal.kind,
        "summary": signal.summary,
        "severity": signal.severity,
        "status": signal.status,
        "source": signal.source,
        "observed_at": signal.observed_at,
        "received_at": signal.received_at,
    });
    *redactions += redact::redact_value(&mut value);
    let line = format!(
        "- signal {} {} {} {} {} {}",
        signal.id,
        signal.happened_at(),
        signal.severity,
        signal.status.as_str(),
        quoted(&value["kind"]),
        quoted(&value["summary"]),
    );
    Piece::new(value, &line, boundary).citing("signal", signal.id)
}

/// An entry of a timeline: a signal, or what somebody did.
pub(super) fn entry(entry: &Entry, boundary: &str, redactions: &mut u32) -> Piece {
    let mut value = serde_json::to_value(entry).unwrap_or_default();
    *redactions += redact::redact_value(&mut value);
    let mut line = format!("- {}", entry.at);
    if let Some(said) = &entry.signal {
        let id = entry.signal_id.unwrap_or_default();
        let _ = write!(
            line,
            " signal {id} {} {} {}",
            said.severity,
            said.status.as_str(),
            quoted(&value["signal"]["summary"])
        );
    }
    if entry.kind != "signal" {
        let _ = write!(
            line,
            " {} by {} {}",
            entry.kind,
            entry.actor.kind.as_str(),
            quoted(&value["actor"]["name"])
        );
        for part in ["data", "note"] {
            if !value[part].is_null() {
                let _ = write!(line, " {part} {}", quoted(&value[part]));
            }
        }
    }
    let piece = Piece::new(value, &line, boundary);
    match entry.signal_id {
        Some(id) => piece.citing("signal", id),
        None => piece,
    }
}

/// The incident in question.
pub(super) fn incident(incident: &Incident, boundary: &str, redactions: &mut u32) -> Piece {
    let mut value = serde_json::to_value(incident).unwrap_or_default();
    *redactions += redact::redact_value(&mut value);
    let mut line = format!(
        "incident {} {} {} (at worst {}) opened {} last news {} signals {} openings {}",
        incident.id,
        incident.state.as_str(),
        incident.severity,
        incident.worst_severity,
        incident.opened_at,
        incident.news_at(),
        incident.count,
        incident.openings,
    );
    if incident.flapping {
        line.push_str(" flapping");
    }
    for part in ["acknowledged", "snoozed", "resolved"] {
        if !value[part].is_null() {
            let _ = write!(line, " {part} {}", quoted(&value[part]));
        }
    }
    let piece = Piece::new(value, &line, boundary).citing("incident", incident.id);
    match incident.previous_id {
        Some(id) => piece.citing("incident", id),
        None => piece,
    }
}

/// An earlier episode and what fixed it.
pub(super) fn episode(episode: &Episode, boundary: &str, redactions: &mut u32) -> Piece {
    let resolved = &episode.resolved;
    let mut value = json!({
        "incident_id": episode.incident_id,
        "opened_at": episode.opened_at,
        "worst_severity": episode.worst_severity,
        "resolved_at": resolved.at,
        "resolution": resolved.reason,
        "resolved_by": resolved.by,
        "note": resolved.note,
        "minutes": episode.minutes,
        "runs": episode.runs,
        "what_fixed_it": episode.what_fixed_it(),
    });
    *redactions += redact::redact_value(&mut value);
    let mut line = format!(
        "- incident {} opened {} at worst {} {} after {} min",
        episode.incident_id,
        episode.opened_at,
        episode.worst_severity,
        resolved.reason.in_words(),
        episode.minutes
    );
    for run in value["runs"].as_array().into_iter().flatten() {
        let (id, outcome) = (quoted(&run["runbook_id"]), quoted(&run["outcome"]));
        let _ = write!(line, " run of {id}: {outcome}");
    }
    if value["what_fixed_it"] != Value::Null {
        let _ = write!(line, " what fixed it: {}", quoted(&value["what_fixed_it"]));
    }
    Piece::new(value, &line, boundary).citing("incident", episode.incident_id)
}
