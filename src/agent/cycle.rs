//! One observation of this host: what is looked at, what the looks that ended show, what the report
//! says of it, and which of the agent's own troubles a person should hear of. Nothing is sent or
//! written here.

mod judging;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::checks::docker::view::Look;
use super::checks::docker::{self, SeenEndpoint};
use super::checks::{self, Change, Check, Observer, Seen};
use super::client;
use super::looks::Looks;
use super::state::State;
use super::sys::{self, Measured, Senses};
use crate::config::agent::AgentConfig;
use crate::config::agent::checks::network::GatewayChecks;
use crate::domain::agent::{Facts, Report, UnknownCheck};
use crate::domain::docker_endpoint::DockerEndpoint;
use crate::domain::integration::IntegrationReport;
use crate::domain::timestamp::Timestamp;

/// The hint for a socket that may not be opened.
const SOCKET_HINT: &str = "membership of the docker group is root: better run a GET-only socket proxy and set its tcp://HOST:2375 as endpoint";

/// The hint for an engine or proxy that forbids the requests.
const PROXY_HINT: &str =
    "it must allow GET /version and GET /containers (docker-socket-proxy: VERSION=1 CONTAINERS=1)";

/// Longest look at a Docker endpoint.
const DOCKER_LIMIT: Duration = Duration::from_secs(10);
/// A look that keeps a limit by itself gets this much more, for being scheduled.
const SCHEDULING: Duration = Duration::from_millis(500);
/// Longest look at the host's own facts: a file system may hang.
const FACTS_LIMIT: Duration = Duration::from_secs(3);
/// Longest look at the gateways.
const GATEWAYS_LIMIT: Duration = Duration::from_secs(4);
/// Ids of the two looks that every report is made of.
const FACTS: &str = "facts";
const GATEWAYS: &str = "gateways";

/// What one look showed.
#[derive(Debug)]
pub enum Shown {
    /// Facts about the host.
    Facts(Box<Facts>),
    /// Its gateways.
    Gateways(Measured),
    /// A Docker endpoint.
    Docker(SeenEndpoint),
    /// What a check looked at.
    Check(Box<dyn Seen>),
}

/// What the newest looks showed, for the report: a look that is late leaves what was known.
#[derive(Debug, Default)]
pub struct Known {
    /// Facts about the host.
    pub facts: Facts,
    /// Its gateways.
    pub measured: Measured,
    /// Its Docker endpoints, by the endpoint as configured.
    pub integrations: BTreeMap<String, IntegrationReport>,
    /// Troubles of its Docker endpoints, by the endpoint as configured.
    docker_troubles: BTreeMap<String, Vec<Trouble>>,
}

/// What ended since the last observation.
#[derive(Debug, Default)]
pub struct Observation {
    /// What each look showed, by its id.
    pub shown: Vec<(String, Shown)>,
    /// Ids of the looks that take longer than they may, or broke off.
    pub late: Vec<String>,
}

/// What is made of an observation.
#[derive(Debug, Default)]
pub struct Judged {
    /// What changed.
    pub changes: Vec<Change>,
    /// Checks that could not be made.
    pub unknown: Vec<UnknownCheck>,
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
    endpoint: String,
    restart_threshold: u32,
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
                endpoint: host.endpoint.clone(),
                restart_threshold: host.restart_threshold,
                address,
            });
        }
    }
    Ok(watched)
}

/// Looks at the host: what is looked at, what is under way, and what was seen last.
pub struct Eyes {
    senses: Senses,
    looks: Looks<Shown>,
    watched: Vec<Watched>,
    checks: Vec<Box<dyn Check>>,
    gateway: GatewayChecks,
    /// What the newest looks showed.
    pub known: Known,
}

impl Eyes {
    /// Eyes that have not looked yet.
    ///
    /// # Errors
    /// No descriptors or threads are left.
    pub fn new(config: &AgentConfig, watched: Vec<Watched>) -> io::Result<Self> {
        Ok(Self {
            senses: Senses::new()?,
            looks: Looks::default(),
            watched,
            checks: checks::all(&config.checks),
            gateway: config.checks.gateway,
            known: Known::default(),
        })
    }

    /// The runtime that looks run on.
    pub fn senses(&mut self) -> &mut Senses {
        &mut self.senses
    }

    /// Looks at everything that is not being looked at already. Answers with what ended once
    /// all of it has ended or is late, or after `patience`. No engine or target is waited
    /// for longer than `longest`: a single run has no later cycle that could take its look in.
    pub fn observe(&mut self, patience: Duration, longest: Duration) -> Observation {
        self.begin(longest);
        let mut observation = Observation::default();
        for done in self.looks.gather(patience) {
            match done.shown {
                Some(shown) => observation.shown.push((done.id, shown)),
                None => observation.late.push(done.id),
            }
        }
        observation
            .late
            .extend(self.looks.late().map(str::to_owned));
        self.learn(&observation);
        observation
    }

    fn begin(&mut self, longest: Duration) {
        let docker_limit = DOCKER_LIMIT.min(longest);
        let (senses, looks) = (&self.senses, &mut self.looks);
        looks.begin(
            senses,
            FACTS,
            FACTS_LIMIT,
            Box::pin(async {
                let facts = sys::blocking(sys::facts).await.unwrap_or_default();
                Shown::Facts(Box::new(facts))
            }),
        );
        looks.begin(
            senses,
            GATEWAYS,
            GATEWAYS_LIMIT,
            Box::pin(async {
                Shown::Gateways(sys::measure_gateways(&sys::default_routes()).await)
            }),
        );
        for watched in &self.watched {
            let one = watched.clone();
            let look = Box::pin(async move {
                Shown::Docker(SeenEndpoint {
                    look: sys::look_at_docker(&one.address, docker_limit).await,
                    endpoint: one.endpoint,
                    restart_threshold: one.restart_threshold,
                })
            });
            let limit = docker_limit + SCHEDULING;
            looks.begin(senses, &docker_id(&watched.endpoint), limit, look);
        }
        for check in &self.checks {
            let look = check.look();
            let shown = Box::pin(async { Shown::Check(look.await) });
            looks.begin(senses, &check.id(), check.limit().min(longest), shown);
        }
    }

    /// Keeps what the report tells.
    fn learn(&mut self, observation: &Observation) {
        for (_, shown) in &observation.shown {
            match shown {
                Shown::Facts(facts) => self.known.facts.clone_from(facts),
                Shown::Gateways(measured) => self.known.measured.clone_from(measured),
                Shown::Docker(seen) => {
                    let integration = docker::integration(seen, &self.known.facts.hostname);
                    let name = seen.endpoint.clone();
                    self.known.integrations.insert(name.clone(), integration);
                    self.known
                        .docker_troubles
                        .insert(name, troubles_of_docker(seen));
                }
                Shown::Check(_) => {}
            }
        }
    }

    /// What a person should hear of, once.
    pub fn troubles(&self, config: &AgentConfig) -> Vec<Trouble> {
        let mut troubles: Vec<Trouble> = self
            .known
            .docker_troubles
            .values()
            .flatten()
            .cloned()
            .collect();
        if let Some(reason) = &self.known.measured.ping_refused {
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
        troubles
    }
}

fn docker_id(endpoint: &str) -> String {
    format!("docker:{endpoint}")
}

fn troubles_of_docker(seen: &SeenEndpoint) -> Vec<Trouble> {
    let SeenEndpoint { endpoint, look, .. } = seen;
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
        Look::Answered(engine) => {
            let mut failed = engine.containers.iter().filter_map(|container| {
                let reason = container.inspected.as_ref().err()?;
                Some((&container.name, reason))
            });
            let Some((name, reason)) = failed.next() else {
                return Vec::new();
            };
            let others = failed.count();
            vec![Trouble {
                name: format!("inspect {endpoint}"),
                message: format!(
                    "container {name} at {endpoint} cannot be inspected ({reason}), {others} others neither; they are judged by the list alone"
                ),
            }]
        }
    }
}

/// Who observes.
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
        integrations: known.integrations.values().cloned().collect(),
        backlog: state.pending.len() as u64,
        unknown,
        inventory: None,
    }
}
