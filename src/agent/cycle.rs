//! What one cycle tells: the report, which Docker endpoints can be looked at, and which of the
//! agent's own troubles a person should hear of. Nothing is sent or written here.

use super::checks::docker::SeenEndpoint;
use super::checks::docker::events::Events;
use super::checks::docker::view::{Engine, Inspection, Look};
use super::checks::{self, Observer};
use super::eyes::Known;
use super::state::State;
use crate::config::agent::{AgentConfig, DockerHost};
use crate::domain::agent::{Facts, Report, UnknownCheck};
use crate::domain::docker_endpoint::DockerEndpoint;
use crate::domain::timestamp::Timestamp;

/// The hint for a socket that may not be opened.
const SOCKET_HINT: &str = "membership of the docker group is root: better run a GET-only socket proxy and set its tcp://HOST:2375 as endpoint";

/// The hint for an engine or proxy that forbids the requests.
const PROXY_HINT: &str =
    "it must allow GET /version and GET /containers (docker-socket-proxy: VERSION=1 CONTAINERS=1)";

/// The hint for an engine or proxy that forbids the events.
const EVENTS_HINT: &str = "let it allow GET /events (docker-socket-proxy: EVENTS=1)";

/// Something that keeps the agent from seeing or that endangers its token. Said once, until it
/// is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Names it among the agent's troubles.
    pub name: String,
    /// One sentence.
    pub message: String,
}

/// A configured endpoint that can be looked at.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The endpoint as it is configured.
    pub host: DockerHost,
    /// Where it is.
    pub address: DockerEndpoint,
}

/// The configured endpoints, each once.
///
/// # Errors
/// One that cannot be reached by this program, and what to write instead.
pub fn watched(config: &AgentConfig) -> Result<Vec<Watched>, String> {
    let mut watched: Vec<Watched> = Vec::new();
    for host in &config.docker_hosts {
        let address = DockerEndpoint::parse(&host.endpoint)?;
        if watched.iter().all(|known| known.address != address) {
            watched.push(Watched {
                host: host.clone(),
                address,
            });
        }
    }
    Ok(watched)
}

/// What a person should hear of an endpoint.
pub(super) fn troubles_of_docker(seen: &SeenEndpoint) -> Vec<Trouble> {
    let SeenEndpoint { host, look } = seen;
    let endpoint = &host.endpoint;
    let hint = if endpoint.starts_with("unix:") {
        SOCKET_HINT
    } else {
        PROXY_HINT
    };
    match look {
        Look::NotAllowed(reason) => vec![Trouble {
            name: format!("docker {endpoint}"),
            message: format!(
                "cannot look into Docker at {endpoint}: {reason}; its status is unknown. hint: {hint}"
            ),
        }],
        Look::Unreachable(_) => Vec::new(),
        Look::Answered(engine) => troubles_of_engine(endpoint, engine),
    }
}

/// What an engine that answers does not tell.
fn troubles_of_engine(endpoint: &str, engine: &Engine) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut trouble = |name: &str, message: String| {
        troubles.push(Trouble {
            name: format!("{name} {endpoint}"),
            message,
        });
    };
    let mut failed = engine
        .containers
        .iter()
        .filter_map(|container| match &container.inspected {
            Inspection::Failed(reason) => Some((&container.name, reason)),
            _ => None,
        });
    if let Some((name, reason)) = failed.next() {
        let others = failed.count();
        trouble(
            "inspect",
            format!(
                "container {name} at {endpoint} cannot be inspected ({reason}), {others} others neither; they are judged by the list alone"
            ),
        );
    }
    if !engine.whole {
        trouble(
            "list",
            format!(
                "the list of containers at {endpoint} could not be read as a whole; nothing that is missing in it counts as removed"
            ),
        );
    }
    match &engine.events {
        Events::Heard { .. } => {}
        Events::Refused { reason, .. } => trouble(
            "events",
            format!(
                "{endpoint} tells no events: {reason}; a planned stop cannot be told from a failure there. hint: {EVENTS_HINT}"
            ),
        ),
        Events::Failed(reason) => trouble(
            "events",
            format!(
                "the events at {endpoint} could not be read ({reason}); they are asked for again"
            ),
        ),
    }
    troubles
}

/// Who observes.
pub fn observer(config: &AgentConfig, agent_id: &str, facts: &Facts) -> Observer {
    Observer {
        agent_id: agent_id.to_owned(),
        site_id: config.site_id.clone(),
        hostname: facts.hostname.clone(),
    }
}

/// The report of this cycle. Its backlog is filled in when it is sent.
pub fn report(
    config: &AgentConfig,
    (known, unknown): (&Known, Vec<UnknownCheck>),
    state: &State,
    who: &Observer,
    now: Timestamp,
) -> Report {
    let gateways = known.measured.gateways.clone();
    let gateway_latency_ms = gateways.first().and_then(|gateway| gateway.latency_ms);
    Report {
        agent_id: who.agent_id.clone(),
        site_id: who.site_id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        interval_seconds: config.interval_seconds,
        observed_at: now,
        facts: known.facts.clone(),
        gateways,
        gateway_latency_ms,
        conditions: checks::conditions(state, who),
        conditions_omitted: 0,
        integrations: known.integrations.values().cloned().collect(),
        backlog: 0,
        unknown,
        inventory: known.pass.clone(),
    }
}
