//! One card for one site: what is there, and whether anybody there still reports.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::domain::agent::Agent;
use crate::domain::integration;
use crate::domain::text::shown;
use crate::domain::ticks::Ticks;
use crate::domain::timestamp::Timestamp;
use crate::flow::board::SiteCard;
use crate::server::pages::When;
use crate::server::pages::inventory::network::{NetworkView, SuggestionView};
use crate::server::pages::strip::Strip;

pub(super) struct Site {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) demo: bool,
    pub(super) networks: Vec<Network>,
    /// Networks that discovery found.
    pub(super) found: Vec<NetworkView>,
    /// Integrations that discovery suggests.
    pub(super) suggestions: Vec<SuggestionView>,
    pub(super) integrations: Vec<Integration>,
    pub(super) agents: Vec<AgentLine>,
    /// Everybody who reports from here is silent.
    pub(super) cannot_know: bool,
}

pub(super) struct Network {
    pub(super) name: String,
    pub(super) cidr: String,
    pub(super) gateway: String,
}

pub(super) struct Integration {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) endpoint: String,
    pub(super) status: Status,
    pub(super) contact: Option<When>,
}

/// A status in the integration's own word, and how it is shown.
pub(super) struct Status {
    pub(super) word: String,
    pub(super) look: &'static str,
    pub(super) icon: &'static str,
}

impl Status {
    /// Nobody said, or it cannot be known: neither healthy nor broken.
    fn of(word: Option<&str>) -> Self {
        let word = word.unwrap_or("unknown");
        let (look, icon) = match word.to_ascii_lowercase().as_str() {
            "ok" | "healthy" | "online" | "up" => ("ok", "✓"),
            "unknown" | "" => ("unknown", "?"),
            "down" | "offline" | "error" | "critical" => ("critical", "▲"),
            _ => ("warning", "◆"),
        };
        Self {
            word: shown(word),
            look,
            icon,
        }
    }
}

pub(super) struct AgentLine {
    pub(super) hostname: String,
    pub(super) when: When,
    pub(super) silent: bool,
    pub(super) latency: String,
    pub(super) backlog: u64,
    pub(super) strip: Strip,
}

pub(super) fn site(card: SiteCard, now: Timestamp, zone: &TimeZone) -> Site {
    let SiteCard {
        site,
        agents,
        networks,
        suggestions,
    } = card;
    let text = |value: Option<&Value>| shown(value.and_then(Value::as_str).unwrap_or_default());
    Site {
        cannot_know: !agents.is_empty() && agents.iter().all(|(agent, _)| agent.silent),
        id: shown(&site.id),
        name: shown(&site.name),
        description: shown(site.description.as_deref().unwrap_or_default()),
        demo: site.demo,
        networks: site
            .networks
            .iter()
            .map(|(name, network)| Network {
                name: shown(name),
                cidr: text(network.get("cidr")),
                gateway: text(network.get("gateway")),
            })
            .collect(),
        found: networks
            .iter()
            .map(|found| NetworkView::of(found, now, zone))
            .collect(),
        suggestions: suggestions.iter().map(SuggestionView::of).collect(),
        integrations: site
            .integrations
            .iter()
            .map(|found| integration_line(found, now, zone))
            .collect(),
        agents: agents
            .iter()
            .map(|found| agent_line(found, now, zone))
            .collect(),
    }
}

fn integration_line(
    found: &integration::Integration,
    now: Timestamp,
    zone: &TimeZone,
) -> Integration {
    Integration {
        id: found.id,
        kind: shown(&found.kind),
        name: shown(found.name.as_deref().unwrap_or(&found.kind)),
        endpoint: shown(found.endpoint.as_deref().unwrap_or_default()),
        status: Status::of(found.status.as_deref()),
        contact: found
            .last_contact
            .map(|moment| When::new(moment, now, zone)),
    }
}

fn agent_line((found, ticks): &(Agent, Ticks), now: Timestamp, zone: &TimeZone) -> AgentLine {
    AgentLine {
        hostname: shown(&found.hostname),
        when: When::new(found.last_seen, now, zone),
        silent: found.silent,
        latency: found.gateway_latency_ms.map_or_else(
            || "unknown".to_owned(),
            |latency| format!("{latency:.1}\u{a0}ms"),
        ),
        backlog: found.backlog,
        strip: Strip::of_reports(ticks),
    }
}
