//! An integration that discovery suggests, until somebody decides about it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::product::Confidence;
use super::state::{HostState, ServiceState};
use crate::domain::timestamp::Timestamp;

/// What was decided about a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// It became an integration.
    Accepted,
    /// It is not wanted, whatever address the host has later.
    Ignored,
}

impl Decision {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Ignored => "ignored",
        }
    }

    /// Reads what [`Decision::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Accepted, Self::Ignored]
            .into_iter()
            .find(|decision| decision.as_str() == word)
    }
}

/// A suggested integration as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SuggestedIntegration {
    /// Number of the row.
    pub id: i64,
    /// The site.
    pub site_id: String,
    /// Identity of the host that it runs on.
    pub identity: String,
    /// `proxmox`, `unifi`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// What to call it.
    pub name: String,
    /// Where it is reached.
    pub endpoint: String,
    /// What told which product it is, by where it was read.
    pub evidence: BTreeMap<String, String>,
    /// What was decided.
    pub state: Decision,
    /// When it was first suggested.
    #[schema(value_type = String)]
    pub first_seen: Timestamp,
    /// When it was last seen.
    #[schema(value_type = String)]
    pub last_seen: Timestamp,
    /// When that was decided.
    #[schema(value_type = Option<String>)]
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
    /// The integration that it became.
    pub integration_id: Option<i64>,
}

/// Something found that is worth a suggestion.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// See [`SuggestedIntegration::identity`].
    pub identity: String,
    /// See [`SuggestedIntegration::kind`].
    pub kind: String,
    /// See [`SuggestedIntegration::name`].
    pub name: String,
    /// See [`SuggestedIntegration::endpoint`].
    pub endpoint: String,
    /// See [`SuggestedIntegration::evidence`].
    pub evidence: BTreeMap<String, String>,
    /// The agent on that host, which may report the same by itself.
    pub agent_id: Option<String>,
    /// Address of the host.
    pub address: String,
}

/// Ports that speak TLS though nobody looked.
const TLS_PORTS: [u16; 5] = [443, 5001, 8006, 8443, 9443];

/// What a host offers at high confidence; each type once, at its lowest port.
pub fn of_host(host: &HostState) -> Vec<Found> {
    let Some(address) = host.main_address().filter(|_| !host.marks.ignored) else {
        return Vec::new();
    };
    let mut found: BTreeMap<&str, &ServiceState> = BTreeMap::new();
    for service in &host.services {
        let sure = service.confidence == Confidence::High && !service.port.eq(&0);
        if let Some(kind) = service.integration.as_deref().filter(|_| sure) {
            let best = found.entry(kind).or_insert(service);
            if service.port < best.port {
                *best = service;
            }
        }
    }
    found
        .into_iter()
        .map(|(kind, service)| {
            let secure = service.certificate.is_some() || TLS_PORTS.contains(&service.port);
            let scheme = match kind {
                "ipp" => "ipp",
                "docker" => "tcp",
                _ if secure => "https",
                _ => "http",
            };
            let ip = match address.address {
                std::net::IpAddr::V6(ip) => format!("[{ip}]"),
                std::net::IpAddr::V4(ip) => ip.to_string(),
            };
            Found {
                identity: host.identity.clone(),
                kind: kind.to_owned(),
                name: format!("{} on {}", service.called(), host.called()),
                endpoint: format!("{scheme}://{ip}:{}", service.port),
                evidence: service.evidence.clone(),
                agent_id: host.agent_id.clone(),
                address: address.address.to_string(),
            }
        })
        .collect()
}
