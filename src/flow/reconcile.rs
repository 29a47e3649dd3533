//! An agent says what is still wrong, and the server's incidents are brought in line: what it no
//! longer lists is closed, what the server does not know it is asked to send again. Only that
//! agent's own conditions, never another sender's.

use std::collections::HashSet;

use crate::domain::actor::{Actor, ActorKind};
use crate::domain::agent::Report;
use crate::domain::fingerprint;
use crate::domain::incident::{Incident, Resolution, Resolved};
use crate::domain::redact;
use crate::domain::severity::Severity;
use crate::domain::signal::TimeFlag;
use crate::domain::timestamp::Timestamp;
use crate::flow::silence::OWN_SOURCE;
use crate::store::incidents::Filter;
use crate::store::{Db, StoreError, incident_events, incidents};

/// What an agent still lists is noted this often, in milliseconds: enough for expiry in days.
const CONFIRM_MS: i64 = 60 * 60 * 1000;
/// Most incidents of one agent that are looked at.
const MOST: usize = 10_000;

/// Brings the incidents of the report's agent in line with it.
///
/// # Errors
/// The database refuses.
pub fn reconcile(db: &Db, report: &Report, received_at: Timestamp) -> Result<(), StoreError> {
    let listed: HashSet<String> = report
        .conditions
        .iter()
        .map(|condition| as_stored(&condition.dedup_key))
        .collect();
    let (still, gone): (Vec<Incident>, Vec<Incident>) =
        conditions_of(db, report)?.into_iter().partition(|i| {
            i.dedup_key
                .as_deref()
                .is_some_and(|key| listed.contains(key))
        });
    // A clock that is far off says nothing about what came after what.
    let at = match TimeFlag::judge(report.observed_at, received_at) {
        Some(_) => received_at,
        None => report.observed_at,
    };
    for incident in gone {
        if incident.last_seen_at < at && report.conditions_omitted == 0 {
            close(db, incident, at)?;
        }
    }
    let stale: Vec<i64> = still
        .iter()
        .filter(|incident| received_at.millis_since(incident.news_at()) > CONFIRM_MS)
        .map(|incident| incident.id)
        .collect();
    incidents::confirm(db, &stale, received_at)
}

/// The unresolved incidents of the report's agent that its checks made.
fn conditions_of(db: &Db, report: &Report) -> Result<Vec<Incident>, StoreError> {
    let filter = Filter {
        agent: Some(report.agent_id.clone()),
        site: Some(report.site_id.clone()),
        ..Filter::unresolved()
    };
    let mut known = incidents::newest(db, &filter, MOST)?;
    known.retain(is_a_condition);
    Ok(known)
}

/// Whether it came from a check of an agent: those have a key, and the server's own signals about
/// an agent are not the agent's. What says itself when it ends is listed by no report.
fn is_a_condition(incident: &Incident) -> bool {
    incident.dedup_key.is_some() && incident.source != OWN_SOURCE && incident.expires_at.is_none()
}

/// A key as its signals are stored with it: without secrets.
fn as_stored(key: &str) -> String {
    let mut key = key.to_owned();
    redact::redact_string(&mut key);
    key
}

fn close(db: &Db, mut incident: Incident, at: Timestamp) -> Result<(), StoreError> {
    let event = incident.resolve(Resolved {
        at,
        reason: Resolution::NoLongerReported,
        by: Actor::new(ActorKind::Source, incident.source.clone()),
        note: None,
    });
    if let Some(event) = event {
        incidents::save(db, &incident)?;
        incident_events::add(db, incident.id, &event)?;
    }
    Ok(())
}

/// Keys of the conditions that should be an incident of that severity, and are not: the agent
/// should send them again.
///
/// # Errors
/// The database refuses.
pub fn unknown(db: &Db, report: &Report) -> Result<Vec<String>, StoreError> {
    let still = conditions_of(db, report)?;
    let mut again = Vec::new();
    for condition in &report.conditions {
        let key = as_stored(&condition.dedup_key);
        let known = still.iter().find(|i| i.dedup_key.as_ref() == Some(&key));
        let agrees = match known {
            Some(incident) => incident.severity == condition.severity,
            None if condition.severity == Severity::Info => true,
            // It may be known from before its host moved to another agent id.
            None => {
                let fingerprint = fingerprint::of_key(&report.site_id, &key);
                let latest = incidents::latest_of(db, &fingerprint)?;
                latest.is_some_and(|latest| latest.is_unresolved())
            }
        };
        if !agrees {
            again.push(condition.dedup_key.clone());
        }
    }
    Ok(again)
}
