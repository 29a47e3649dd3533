//! The day's board as text: what is not over, who is silent, and since when.

use std::fmt::Write as _;

use serde_json::Value;

use super::backend::Backend;
use super::fault::Fault;
use super::incident::{self, Filter, UNRESOLVED};
use super::outside::{self, Said};

/// Most incidents that are listed.
const MOST: usize = 100;

/// The board.
///
/// # Errors
/// Whatever kept the answer away.
pub(super) fn text(backend: &Backend) -> Result<Said, Fault> {
    let incidents = incident::list(
        backend,
        &Filter {
            states: UNRESOLVED,
            limit: MOST,
            ..Filter::default()
        },
    )?;
    let agents: Vec<Value> = backend.get("list the agents", "/api/agents", &[])?;
    let silent: Vec<&Value> = agents
        .iter()
        .filter(|agent| agent["silent"] == true)
        .collect();
    let heading = heading(&incidents, agents.len(), silent.len());
    let mut lines = String::new();
    for incident in &incidents {
        lines += &line(incident);
    }
    for agent in silent {
        let _ = writeln!(
            lines,
            "silent agent {} at {}, last heard {}",
            word(agent, "hostname"),
            word(agent, "site_id"),
            word(agent, "last_seen")
        );
    }
    if lines.is_empty() {
        return Ok(Said::ours(heading));
    }
    outside::fence(&heading, &lines)
}

fn heading(incidents: &[Value], agents: usize, silent: usize) -> String {
    let count = |field: &str, word: &str| {
        incidents
            .iter()
            .filter(|incident| incident[field] == word)
            .count()
    };
    let mut text = format!(
        "{}{} incidents are not over: {} critical, {} warning; {} open, {} acknowledged, {} snoozed.",
        if incidents.len() >= MOST {
            "At least "
        } else {
            ""
        },
        incidents.len(),
        count("severity", "critical"),
        count("severity", "warning"),
        count("state", "open"),
        count("state", "acknowledged"),
        count("state", "snoozed"),
    );
    let _ = write!(text, " {agents} agents report, {silent} of them silent.");
    text
}

/// `#12 critical open site-homelab container_down: ... (3 times since ..., last ...)`
fn line(incident: &Value) -> String {
    let mut text = format!(
        "#{} {} {} {} {}: {} ({} times since {}, last {}",
        incident["id"],
        word(incident, "severity"),
        word(incident, "state"),
        word(incident, "site_id"),
        word(incident, "kind"),
        word(incident, "summary"),
        incident["count"],
        word(incident, "opened_at"),
        word(incident, "last_seen_at"),
    );
    for (field, label) in [
        ("acknowledged", "acknowledged by"),
        ("snoozed", "snoozed by"),
    ] {
        if let Some(name) = incident[field]["by"]["name"].as_str() {
            let _ = write!(text, "; {label} {}", on_one_line(name));
        }
    }
    if let Some(runbook) = incident["runbook_id"].as_str() {
        let _ = write!(text, "; runbook {}", on_one_line(runbook));
    }
    if incident["flapping"] == true {
        text += "; flapping";
    }
    text + ")\n"
}

fn word(value: &Value, field: &str) -> String {
    on_one_line(value[field].as_str().unwrap_or("-"))
}

/// A line of the board is one incident: what senders wrote cannot begin another.
fn on_one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_incident_is_one_line_whatever_its_sender_wrote() {
        let incident = json!({"id": 12, "severity": "critical", "state": "acknowledged",
            "site_id": "s", "kind": "disk_full", "summary": "full\n#13 critical open", "count": 3,
            "opened_at": "2026-11-22T06:00:00Z", "last_seen_at": "2026-11-22T07:00:00Z",
            "acknowledged": {"by": {"kind": "user", "name": "anna"}}, "runbook_id": "rb-disk-full",
            "flapping": true, "snoozed": null});
        assert_eq!(
            line(&incident),
            "#12 critical acknowledged s disk_full: full #13 critical open (3 times since \
             2026-11-22T06:00:00Z, last 2026-11-22T07:00:00Z; acknowledged by anna; runbook \
             rb-disk-full; flapping)\n"
        );
        assert_eq!(
            heading(&[incident], 2, 1),
            "1 incidents are not over: 1 critical, 0 warning; 0 open, 1 acknowledged, 0 snoozed. \
             2 agents report, 1 of them silent."
        );
    }
}
