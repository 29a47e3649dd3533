//! What a pass changed, and the signal that says so. The server makes these signals, since only
//! it knows what every agent of a network saw.

use serde_json::{Map, Value, json};

use super::state::{HostState, NetworkRow, ServiceState};
use crate::domain::hash;
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::signal::{NewSignal, Status};
use crate::domain::text;
use crate::domain::timestamp::Timestamp;

/// Longest name in a summary, in characters.
const MAX_NAME: usize = 64;
/// Longest identity that stands in a key as it is, in characters.
const MAX_IDENTITY: usize = 96;

/// Something that is worth a signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// One of `domain::kind`.
    pub kind: &'static str,
    /// Whether it began or is over.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
    /// Names the condition: kind, network, and what it is about.
    pub key: String,
    /// One sentence.
    pub summary: String,
    /// The facts.
    pub detail: Map<String, Value>,
}

/// Where a change was seen, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Seat<'a> {
    /// The site.
    pub site_id: &'a str,
    /// The agent whose pass it was; nobody where a person brought it about.
    pub agent_id: Option<&'a str>,
    /// What sends it.
    pub source: &'a str,
    /// When.
    pub now: Timestamp,
}

impl Change {
    /// Something began.
    pub fn begins(kind: &'static str, severity: Severity, key: String, summary: String) -> Self {
        Self {
            kind,
            status: Status::Firing,
            severity,
            key,
            summary,
            detail: Map::new(),
        }
    }

    /// What was said under `key` is over.
    pub fn ends(kind: &'static str, key: String, summary: String) -> Self {
        Self {
            status: Status::Resolved,
            ..Self::begins(kind, Severity::Info, key, summary)
        }
    }

    /// With facts about a host.
    #[must_use]
    pub fn about(mut self, network: &NetworkRow, host: &HostState) -> Self {
        let mut put = |name: &str, value: Value| {
            self.detail.insert(name.to_owned(), value);
        };
        put("host", short(&host.called()).into());
        if let Some(known) = host.main_address() {
            put("address", known.address.to_string().into());
        }
        if let Some(mac) = &host.mac {
            put("mac", mac.clone().into());
        }
        put("network", network.cidr.clone().into());
        put("first_seen", json!(host.first_seen));
        put("last_seen", json!(host.last_seen));
        self
    }

    /// With one more fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// The signal that says so.
    pub fn into_signal(self, seat: Seat<'_>) -> NewSignal {
        NewSignal {
            site_id: seat.site_id.to_owned(),
            kind: self.kind.to_owned(),
            summary: self.summary,
            detail: self.detail,
            severity: self.severity,
            source: seat.source.to_owned(),
            observed_at: Some(seat.now),
            status: self.status,
            dedup_key: Some(self.key),
            expires_at: None,
            agent_id: seat.agent_id.map(str::to_owned),
            uid: None,
        }
    }
}

/// A name as it may stand in a summary: bounded, on one line.
pub fn short(name: &str) -> String {
    let shown = text::shown(name);
    if shown.chars().count() <= MAX_NAME {
        return shown;
    }
    let start: String = shown.chars().take(MAX_NAME - 1).collect();
    format!("{start}…")
}

/// Key of what is said of a network.
pub fn network_key(kind: &str, network: &NetworkRow) -> String {
    format!("{kind}:network-{}", network.id)
}

/// Key of what is said of a host: of its network and its identity, so that it stays the same
/// whatever address it has.
pub fn host_key(kind: &str, network: &NetworkRow, host: &HostState) -> String {
    let identity = if host.identity.chars().count() > MAX_IDENTITY {
        hash::name_of(&[&host.identity])
    } else {
        host.identity.clone()
    };
    format!("{kind}:network-{}:{identity}", network.id)
}

/// Key of what is said of a service of a host.
pub fn service_key(
    kind: &str,
    network: &NetworkRow,
    host: &HostState,
    service: &ServiceState,
) -> String {
    let host = host_key(kind, network, host);
    format!("{host}:{}-{}", service.protocol, service.port)
}

/// Ends everything that was said of a host and of its services.
pub fn end_all(network: &NetworkRow, host: &mut HostState, because: &str) -> Vec<Change> {
    let about = host.clone();
    let mut ended = Vec::new();
    let name = short(&about.called());
    for (kind, key) in std::mem::take(&mut host.said) {
        if let Some(kind) = kind_of(&kind) {
            let words = format!("{name}: {because}");
            ended.push(Change::ends(kind, key, words).about(network, &about));
        }
    }
    for service in &mut host.services {
        service.said_certificate = None;
        for (kind, key) in std::mem::take(&mut service.said) {
            if let Some(kind) = kind_of(&kind) {
                let words = format!("{name}, {}: {because}", service.place());
                ended.push(Change::ends(kind, key, words).about(network, &about));
            }
        }
    }
    ended
}

/// The kinds that are said of hosts and services and have an end.
fn kind_of(word: &str) -> Option<&'static str> {
    [
        kind::HOST_GONE,
        kind::HOST_NEW,
        kind::SERVICE_GONE,
        kind::CERTIFICATE_EXPIRING,
    ]
    .into_iter()
    .find(|kind| *kind == word)
}
