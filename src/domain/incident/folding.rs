//! Which open incident hangs on which other: so that one cause is one line, and nothing is hidden.
//!
//! A relation that is worked out anew from what is open; it is kept nowhere and stops nothing.

use super::Incident;
use crate::domain::kind;

/// What was open this long before its cause showed may hang on it: the cause is noticed later
/// than its first effects.
const BEFORE_MS: i64 = 10 * 60 * 1000;

/// Kinds that others may hang on.
const CAUSES: [&str; 3] = [
    kind::AGENT_SILENT,
    kind::DISCOVERY_BLIND,
    kind::GATEWAY_UNREACHABLE,
];

/// Kinds that need the network between the agent and what it looks at.
const OVER_THE_NETWORK: [&str; 19] = [
    kind::ADDRESS_CONFLICT,
    "certificate_expiring",
    "discovery_blind",
    "dns_failing",
    "docker_unreachable",
    kind::GATEWAY_CHANGED,
    "gateway_latency_high",
    "host_gone",
    kind::HOST_NEW,
    "http_check_failed",
    "integration",
    "packet_loss_high",
    "ping_target_unreachable",
    "proxmox",
    "service_gone",
    kind::SERVICE_NEW,
    "tcp_check_failed",
    "wifi",
    kind::AGENT_SILENT,
];

/// Notes in every incident which other one it hangs on, and which hang on it. Those that are over
/// hang on nothing.
pub fn fold(incidents: &mut [Incident]) {
    // Few kinds hold others: only those are compared with all.
    let causes: Vec<Incident> = incidents
        .iter()
        .filter(|incident| CAUSES.contains(&incident.kind.as_str()))
        .cloned()
        .collect();
    let under: Vec<Option<i64>> = incidents
        .iter()
        .map(|incident| cause(incident, &causes))
        .collect();
    for (index, under) in under.into_iter().enumerate() {
        incidents[index].folded_under = under;
        let id = incidents[index].id;
        let cause = under.and_then(|cause| incidents.iter_mut().find(|known| known.id == cause));
        if let Some(cause) = cause {
            cause.folds.push(id);
        }
    }
}

/// The open incident that `incident` hangs on. One that hangs on another holds nothing itself, so
/// that there is one level only.
fn cause(incident: &Incident, causes: &[Incident]) -> Option<i64> {
    let first = causes.iter().find(|cause| holds(cause, incident))?;
    let root = causes.iter().find(|other| holds(other, first));
    Some(root.unwrap_or(first).id)
}

/// Whether `cause` explains `effect`.
fn holds(cause: &Incident, effect: &Incident) -> bool {
    let fits = match cause.kind.as_str() {
        kind::GATEWAY_UNREACHABLE => OVER_THE_NETWORK.contains(&effect.kind.as_str()),
        // The agent's own conditions are as old as its last report.
        kind::AGENT_SILENT => {
            effect.kind != kind::AGENT_SILENT
                && effect.kind != kind::GATEWAY_UNREACHABLE
                && effect.agent_id.is_some()
                && effect.agent_id == cause.agent_id
        }
        kind::DISCOVERY_BLIND => {
            [kind::HOST_GONE, kind::SERVICE_GONE].contains(&effect.kind.as_str())
        }
        _ => false,
    };
    let same_time = cause.kind == kind::AGENT_SILENT
        || effect.opened_at.millis_since(cause.opened_at) >= -BEFORE_MS;
    fits && same_time
        && cause.id != effect.id
        && cause.site_id == effect.site_id
        && cause.is_unresolved()
        && effect.is_unresolved()
}
