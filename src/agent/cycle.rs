//! One observation of this host: what is looked at, what the report says of it, and which of the
//! agent's own troubles a person should hear of. Nothing is sent or written here.

use std::time::Duration;

use super::checks::docker::ask::Ask;
use super::checks::docker::events::Events;
use super::checks::docker::view::{Engine, Inspection, Look};
use super::checks::docker::{self, SeenEndpoint};
use super::checks::{self, Observer, Seen};
use super::client;
use super::state::State;
use super::sys::{self, Senses};
use crate::config::agent::{AgentConfig, DockerHost};
use crate::domain::agent::{Facts, Gateway, Report};
use crate::domain::docker_endpoint::DockerEndpoint;
use crate::domain::timestamp::Timestamp;

/// The hint for a socket that may not be opened.
const SOCKET_HINT: &str = "membership of the docker group is root: better run a GET-only socket proxy and set its tcp://HOST:2375 as endpoint";

/// The hint for an engine or proxy that forbids the requests.
const PROXY_HINT: &str =
    "it must allow GET /version and GET /containers (docker-socket-proxy: VERSION=1 CONTAINERS=1)";

/// The hint for an engine or proxy that forbids the events.
const EVENTS_HINT: &str = "let it allow GET /events (docker-socket-proxy: EVENTS=1)";

/// What was seen of this host.
#[derive(Debug)]
pub struct Observation {
    /// Facts for the report.
    pub facts: Facts,
    /// Gateways for the report.
    pub gateways: Vec<Gateway>,
    /// What the checks judge.
    pub seen: Seen,
    /// Troubles of the agent itself, each with a name.
    pub troubles: Vec<Trouble>,
}

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
    host: DockerHost,
    address: DockerEndpoint,
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

/// Looks at everything, for at most `limit`. What is remembered says what need not be looked at.
pub fn observe(
    config: &AgentConfig,
    watched: &[Watched],
    memory: &docker::Memory,
    senses: &Senses,
    limit: Duration,
) -> Observation {
    let facts = sys::facts();
    let routes = sys::default_routes();
    let asks: Vec<Ask> = watched
        .iter()
        .map(|Watched { host, address }| {
            Ask::new(host, address.clone(), memory.get(&host.endpoint))
        })
        .collect();
    let sight = senses.look(&asks, &routes, limit);
    let docker: Vec<SeenEndpoint> = watched
        .iter()
        .zip(sight.docker)
        .map(|(watched, look)| SeenEndpoint {
            host: watched.host.clone(),
            look,
        })
        .collect();
    let mut troubles = troubles_of_docker(&docker);
    if let Some(reason) = sight.ping_refused {
        troubles.push(Trouble {
            name: "ping".to_owned(),
            message: format!(
                "gateway latency is measured over TCP where it can be, since this process may not ping ({reason}); hint: sysctl -w net.ipv4.ping_group_range='0 2147483647', or setcap cap_net_raw+ep on atlas-ops"
            ),
        });
    }
    if !config.token.is_empty() && client::is_in_the_clear(&config.backend_url) {
        troubles.push(Trouble {
            name: "plain http".to_owned(),
            message: format!(
                "the token goes to {} unencrypted; hint: put https before the backend, or a VPN between",
                config.backend_url
            ),
        });
    }
    Observation {
        facts,
        gateways: sight.gateways,
        seen: Seen { docker },
        troubles,
    }
}

fn troubles_of_docker(seen: &[SeenEndpoint]) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for SeenEndpoint { host, look } in seen {
        let endpoint = &host.endpoint;
        let hint = if endpoint.starts_with("unix:") {
            SOCKET_HINT
        } else {
            PROXY_HINT
        };
        match look {
            Look::NotAllowed(reason) => troubles.push(Trouble {
                name: format!("docker {endpoint}"),
                message: format!(
                    "cannot look into Docker at {endpoint}: {reason}; its status is unknown. hint: {hint}"
                ),
            }),
            Look::Unreachable(_) => {}
            Look::Answered(engine) => troubles.extend(troubles_of_engine(endpoint, engine)),
        }
    }
    troubles
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

/// Who observes, once the host's name is known.
pub fn observer(config: &AgentConfig, agent_id: &str, facts: &Facts) -> Observer {
    Observer {
        agent_id: agent_id.to_owned(),
        site_id: config.site_id.clone(),
        hostname: facts.hostname.clone(),
    }
}

/// The report of this cycle. Its backlog is what waits in `state`.
pub fn report(
    config: &AgentConfig,
    observation: Observation,
    state: &State,
    who: &Observer,
    now: Timestamp,
) -> Report {
    let integrations = observation
        .seen
        .docker
        .iter()
        .map(|seen| docker::integration(seen, who))
        .collect();
    let gateway_latency_ms = observation
        .gateways
        .first()
        .and_then(|gateway| gateway.latency_ms);
    Report {
        agent_id: who.agent_id.clone(),
        site_id: who.site_id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        interval_seconds: config.interval_seconds,
        observed_at: now,
        facts: observation.facts,
        gateways: observation.gateways,
        gateway_latency_ms,
        conditions: checks::conditions(state, who),
        integrations,
        backlog: state.pending.len() as u64,
        unknown: Vec::new(),
        inventory: None,
    }
}
