//! A network and a suggested integration, as the board's site cards and the inventory show them.

use jiff::tz::TimeZone;

use crate::domain::inventory::network::{Network, NetworkAgent};
use crate::domain::inventory::pass::Fared;
use crate::domain::inventory::suggestion::SuggestedIntegration;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::server::pages::When;

pub(in crate::server::pages) struct NetworkView {
    pub(in crate::server::pages) id: i64,
    /// What people call it; the prefix where they do not.
    pub(in crate::server::pages) name: String,
    /// As people typed it, for the form.
    pub(in crate::server::pages) own_name: String,
    pub(in crate::server::pages) cidr: String,
    pub(in crate::server::pages) gateway: String,
    pub(in crate::server::pages) no_guests: bool,
    pub(in crate::server::pages) baseline_done: bool,
    pub(in crate::server::pages) cannot_know: bool,
    pub(in crate::server::pages) hosts: usize,
    pub(in crate::server::pages) new: usize,
    pub(in crate::server::pages) roaming: usize,
    pub(in crate::server::pages) last: When,
    /// What discovery could not do there, and what would help.
    pub(in crate::server::pages) limits: Vec<String>,
}

impl NetworkView {
    pub(in crate::server::pages) fn of(network: &Network, now: Timestamp, zone: &TimeZone) -> Self {
        let own_name = shown(network.name.as_deref().unwrap_or_default());
        Self {
            id: network.id,
            name: if own_name.is_empty() {
                shown(&network.cidr)
            } else {
                own_name.clone()
            },
            own_name,
            cidr: shown(&network.cidr),
            gateway: shown(network.gateway.as_deref().unwrap_or_default()),
            no_guests: network.no_guests,
            baseline_done: network.baseline_done,
            cannot_know: network.cannot_know,
            hosts: network.hosts,
            new: network.new,
            roaming: network.roaming,
            last: When::new(network.last_seen, now, zone),
            limits: network.agents.iter().flat_map(limits).collect(),
        }
    }
}

/// What one agent's discovery could not do.
fn limits(agent: &NetworkAgent) -> Vec<String> {
    let name = shown(&agent.hostname);
    let mut limits = Vec::new();
    if agent.silent {
        return vec![format!("{name} is silent")];
    }
    if agent.blind {
        limits.push(format!("{name} sees no network"));
    }
    if let Some(why) = &agent.unusable {
        limits.push(format!(
            "the last pass of {name} was not used: {}",
            shown(why)
        ));
    } else if !agent.swept {
        let why = agent.not_swept.as_deref().unwrap_or("it only listens");
        limits.push(format!(
            "{name} does not ask every address, and cannot tell what is gone: {}",
            shown(why)
        ));
    }
    for sense in agent
        .senses
        .iter()
        .filter(|sense| sense.fared == Fared::Refused)
    {
        let why = sense
            .reason
            .as_deref()
            .unwrap_or("the system does not let it");
        limits.push(format!(
            "{name} cannot use {}: {}",
            sense.sense.as_str(),
            shown(why)
        ));
    }
    limits
}

/// A suggested integration.
pub(in crate::server::pages) struct SuggestionView {
    pub(in crate::server::pages) id: i64,
    pub(in crate::server::pages) kind: String,
    pub(in crate::server::pages) name: String,
    pub(in crate::server::pages) endpoint: String,
    pub(in crate::server::pages) why: String,
}

impl SuggestionView {
    pub(in crate::server::pages) fn of(found: &SuggestedIntegration) -> Self {
        let why: Vec<String> = found
            .evidence
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        Self {
            id: found.id,
            kind: shown(&found.kind),
            name: shown(&found.name),
            endpoint: shown(&found.endpoint),
            why: shown(&why.join("; ")),
        }
    }
}
