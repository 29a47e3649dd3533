//! Incidents as the server tells them, and the context of one.

use serde::Deserialize;
use serde_json::Value;

use super::backend::Backend;
use super::fault::Fault;
use super::outside::{self, Said};

/// What is not over.
pub(super) const UNRESOLVED: &str = "open,acknowledged,snoozed";
/// All there are.
pub(super) const ALL: &str = "open,acknowledged,snoozed,resolved";

/// What a list leaves out: how the server knows it again, and what its state says already.
const LEFT_OUT: [&str; 7] = [
    "agent_id",
    "confirmed_at",
    "dedup_key",
    "demo",
    "fingerprint",
    "fingerprint_of",
    "openings",
];

/// Which incidents are asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter<'a> {
    /// States, separated by commas.
    pub(super) states: &'a str,
    pub(super) site: Option<&'a str>,
    pub(super) severity: Option<&'a str>,
    pub(super) limit: usize,
}

/// The incidents that pass, as the server orders them.
///
/// # Errors
/// Whatever kept the answer away.
pub(super) fn list(backend: &Backend, filter: &Filter<'_>) -> Result<Vec<Value>, Fault> {
    let limit = filter.limit.to_string();
    let mut query = vec![("state", filter.states), ("limit", limit.as_str())];
    query.extend(filter.site.map(|site| ("site", site)));
    query.extend(filter.severity.map(|severity| ("severity", severity)));
    let mut incidents: Vec<Value> = backend.get("list the incidents", "/api/incidents", &query)?;
    for incident in incidents.iter_mut().filter_map(Value::as_object_mut) {
        incident.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    }
    Ok(incidents)
}

/// One incident with its timeline.
///
/// # Errors
/// There is none of this id, or whatever kept the answer away.
pub(super) fn get(backend: &Backend, id: i64) -> Result<Value, Fault> {
    backend.get(
        &format!("read the incident {id}"),
        &format!("/api/incidents/{id}"),
        &[],
    )
}

/// One incident with its timeline, to be read.
///
/// # Errors
/// As [`get`].
pub(super) fn show(backend: &Backend, id: i64) -> Result<Said, Fault> {
    let incident = outside::without_nulls(get(backend, id)?);
    let text = serde_json::to_string_pretty(&incident).unwrap_or_else(|_| incident.to_string());
    outside::fence(&format!("Incident {id} with its timeline, as JSON:"), &text)
}

/// The signal whose context is that of the incident: its newest.
///
/// # Errors
/// As [`get`], or its signals are gone.
pub(super) fn signal_of(backend: &Backend, id: i64) -> Result<i64, Fault> {
    let incident = get(backend, id)?;
    ["last_signal_id", "first_signal_id"]
        .into_iter()
        .find_map(|field| incident[field].as_i64())
        .ok_or_else(|| {
            Fault::Missing(format!(
                "the signals of the incident {id} are not kept any more\nhint: read the resource atlas://incident/{id} for its timeline"
            ))
        })
}

/// The context pack of a signal as text within a budget of tokens, by the server's own fence.
///
/// # Errors
/// There is no such signal, or whatever kept the answer away.
pub(super) fn context(backend: &Backend, signal: i64, budget: &str) -> Result<Said, Fault> {
    let mut pack = pack(backend, signal, budget)?;
    match pack["prompt"].take() {
        Value::String(prompt) => Ok(Said::fenced(prompt)),
        _ => Err(not_ours(backend)),
    }
}

/// The context pack of a signal as data within a budget of tokens, behind a fence of its own. The
/// text form is left out of it: it says the same again.
///
/// # Errors
/// As [`context`].
pub(super) fn context_as_json(backend: &Backend, signal: i64, budget: &str) -> Result<Said, Fault> {
    let mut pack = pack(backend, signal, budget)?;
    if let Value::Object(members) = &mut pack {
        members.remove("prompt");
    }
    outside::fence(
        &format!(
            "The context of signal {signal} as one line of JSON. Its member \"untrusted\" points to what came from outside."
        ),
        &outside::without_nulls(pack).to_string(),
    )
}

fn pack(backend: &Backend, signal: i64, budget: &str) -> Result<Value, Fault> {
    backend.get(
        &format!("read the context of signal {signal}"),
        &format!("/api/llm/context_for_signal/{signal}"),
        &[("budget", budget)],
    )
}

/// One turn of a conversation, as the server writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Turn {
    /// `system` or `user`.
    pub(super) role: String,
    pub(super) content: String,
}

/// The context pack of a signal as a conversation.
///
/// # Errors
/// As [`context`].
pub(super) fn conversation(backend: &Backend, signal: i64) -> Result<Vec<Turn>, Fault> {
    backend.get(
        &format!("read the context of signal {signal}"),
        &format!("/api/llm/context_for_signal/{signal}"),
        &[("format", "messages")],
    )
}

/// Acknowledges an incident, with a note where one is given.
///
/// # Errors
/// There is none of this id, the token may not, or whatever kept the answer away.
pub(super) fn acknowledge(backend: &Backend, id: i64, note: Option<&str>) -> Result<Said, Fault> {
    let mut body = serde_json::Map::new();
    body.extend(note.map(|note| ("note".to_owned(), note.into())));
    backend.post(
        &format!("acknowledge the incident {id}"),
        &format!("/api/incidents/{id}/ack"),
        &body,
    )?;
    Ok(Said::ours(format!("The incident {id} is acknowledged.")))
}

/// Writes a note on an incident.
///
/// # Errors
/// As [`acknowledge`].
pub(super) fn add_note(backend: &Backend, id: i64, text: &str) -> Result<Said, Fault> {
    backend.post(
        &format!("write a note on the incident {id}"),
        &format!("/api/incidents/{id}/notes"),
        &serde_json::json!({"text": text}),
    )?;
    Ok(Said::ours(format!(
        "The note stands in the timeline of the incident {id}."
    )))
}

fn not_ours(backend: &Backend) -> Fault {
    Fault::Server(format!(
        "the answer of {} is not one of this version\nhint: compare `atlas-ops --version` here and there",
        backend.url()
    ))
}
