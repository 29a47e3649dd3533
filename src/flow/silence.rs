//! An agent that is unheard for three of its own intervals is a problem, which the server itself
//! says by a signal; when the agent is heard again, another ends it.

use serde_json::{Map, Value, json};

use crate::domain::agent::{Agent, is_silent};
use crate::domain::fingerprint;
use crate::domain::incident::Incident;
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::signal::{NewSignal, Status};
use crate::domain::text;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::ingest;
use crate::flow::lifecycle;
use crate::store::incidents::{self, Filter};
use crate::store::{Db, StoreError, agents, signals};

/// From this silence on it is critical.
const CRITICAL_MS: i64 = 60 * 60 * 1000;
/// What sends the signals that the server itself makes.
pub const OWN_SOURCE: &str = "atlas-ops";
/// Unresolved silences of one agent: one for each site it was at.
const MOST: usize = 10;

/// The signals that silences are worth now; none for what was said before. An agent that was
/// silent already when the server began to listen may have spoken while nobody did.
///
/// # Errors
/// The database refuses.
pub fn due(
    db: &Db,
    now: Timestamp,
    listening_since: Timestamp,
) -> Result<Vec<NewSignal>, StoreError> {
    let mut news = Vec::new();
    for agent in agents::all(db, now)? {
        let heard = agent.last_seen.max(listening_since);
        // The demo's agents never spoke.
        if agent.demo || !is_silent(heard, agent.interval_seconds, now) {
            continue;
        }
        let severity = if now.millis_since(heard) >= CRITICAL_MS {
            Severity::Critical
        } else {
            Severity::Warning
        };
        let fingerprint = fingerprint::of_key(&agent.site_id, &key(&agent.id));
        let said = signals::newest_observation(db, &fingerprint)?;
        let said_before =
            said.is_some_and(|said| said.status == Status::Firing && said.severity >= severity);
        if !said_before {
            news.push(falls_silent(&agent, severity, now));
        }
    }
    Ok(news)
}

/// An agent is heard: ends its silence, within the caller's transaction.
///
/// # Errors
/// The database refuses.
pub fn over(
    db: &Db,
    catalogue: &Catalogue,
    agent_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let filter = Filter {
        agent: Some(agent_id.to_owned()),
        kind: Some(kind::AGENT_SILENT.to_owned()),
        ..Filter::unresolved()
    };
    for incident in incidents::newest(db, &filter, MOST)? {
        if incident.source == OWN_SOURCE {
            let received = ingest::receive(speaks_again(incident, now), catalogue, now);
            lifecycle::store(db, received)?;
        }
    }
    Ok(())
}

fn key(agent_id: &str) -> String {
    format!("{}:{agent_id}", kind::AGENT_SILENT)
}

fn falls_silent(agent: &Agent, severity: Severity, now: Timestamp) -> NewSignal {
    let detail: Map<String, Value> = Map::from_iter([
        ("agent".to_owned(), json!(agent.hostname)),
        ("last_seen".to_owned(), json!(agent.last_seen)),
        ("interval_seconds".to_owned(), json!(agent.interval_seconds)),
    ]);
    NewSignal {
        site_id: agent.site_id.clone(),
        kind: kind::AGENT_SILENT.to_owned(),
        summary: format!(
            "Agent {} is silent, last heard {}",
            text::shown(&agent.hostname),
            agent.last_seen
        ),
        detail,
        severity,
        source: OWN_SOURCE.to_owned(),
        observed_at: Some(now),
        status: Status::Firing,
        dedup_key: Some(key(&agent.id)),
        expires_at: None,
        agent_id: Some(agent.id.clone()),
        uid: None,
    }
}

fn speaks_again(silence: Incident, now: Timestamp) -> NewSignal {
    NewSignal {
        site_id: silence.site_id,
        kind: silence.kind,
        summary: "The agent reports again".to_owned(),
        detail: Map::new(),
        severity: Severity::Info,
        source: silence.source,
        observed_at: Some(now),
        status: Status::Resolved,
        dedup_key: silence.dedup_key,
        expires_at: None,
        agent_id: silence.agent_id,
        uid: None,
    }
}
