//! The agent's eyes: which looks are begun, which ended, what they showed, and how it is judged.
//! What a look is and what it means is said by `checks`; that it goes on beside the cycle is
//! `looks`' work.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::Time;
use super::checks::docker::ask::Ask;
use super::checks::docker::{self, SeenEndpoint};
use super::checks::{self, Change, Check, Observer, Seen, reading};
use super::client;
use super::cycle::{Trouble, Watched, troubles_of_docker};
use super::discovery;
use super::looks::Looks;
use super::state::State;
use super::sys::volumes::Volumes;
use super::sys::{self, Host, Measured, Senses};
use crate::config::agent::AgentConfig;
use crate::config::agent::checks::host::HostChecks;
use crate::config::agent::checks::network::GatewayChecks;
use crate::config::agent::discovery::DiscoveryConfig;
use crate::domain::agent::{Facts, UnknownCheck};
use crate::domain::integration::IntegrationReport;
use crate::domain::inventory::pass::{Pass, Policy};
use crate::domain::kind;
use crate::domain::order;
use crate::domain::timestamp::Timestamp;

/// A look that keeps a limit by itself gets this much more, for being scheduled.
const SCHEDULING: Duration = Duration::from_millis(500);
/// Longest look at the host's own facts: a file system may hang.
const FACTS_LIMIT: Duration = Duration::from_secs(3);
/// Longest look at the gateways.
const GATEWAYS_LIMIT: Duration = Duration::from_secs(4);
/// Longest pass of discovery.
const PASS_LIMIT: Duration = Duration::from_secs(30);
/// Ids of the two looks that every report is made of, and of the one around.
const FACTS: &str = "facts";
const GATEWAYS: &str = "gateways";
const PASS: &str = "discovery";

/// What one look showed.
#[derive(Debug)]
pub enum Shown {
    /// The host itself.
    Facts(Box<Host>),
    /// Its gateways.
    Gateways(Measured),
    /// A Docker endpoint.
    Docker(SeenEndpoint),
    /// What a check looked at.
    Check(Box<dyn Seen>),
    /// The networks around.
    Pass(Box<Pass>),
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
    /// What a pass of discovery saw, until the server has it.
    pub pass: Option<Pass>,
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

/// Looks at the host: what is looked at, what is under way, and what was seen last.
pub struct Eyes {
    senses: Senses,
    looks: Looks<Shown>,
    watched: Vec<Watched>,
    checks: Vec<Box<dyn Check>>,
    discovery: DiscoveryConfig,
    gateway: GatewayChecks,
    host: HostChecks,
    volumes: Volumes,
    /// What the newest looks showed.
    pub known: Known,
}

impl Eyes {
    /// Eyes that have not looked yet.
    ///
    /// # Errors
    /// No descriptors or threads are left.
    pub fn new(config: &AgentConfig, watched: Vec<Watched>) -> io::Result<Self> {
        let mut known = Known::default();
        known.facts.hostname = sys::hostname();
        Ok(Self {
            senses: Senses::new()?,
            looks: Looks::default(),
            watched,
            checks: checks::all(&config.checks),
            discovery: config.discovery.clone(),
            gateway: config.checks.gateway,
            host: config.checks.host.clone(),
            volumes: Volumes::default(),
            known,
        })
    }

    /// From now on looks at what another configuration asks for. What is no longer asked for is
    /// forgotten by the next judgement, and its look, if one is under way, is not taken in.
    pub fn watch(&mut self, config: &AgentConfig, watched: Vec<Watched>) {
        let stays = |endpoint: &String| watched.iter().any(|one| one.host.endpoint == *endpoint);
        self.known
            .integrations
            .retain(|endpoint, _| stays(endpoint));
        self.known
            .docker_troubles
            .retain(|endpoint, _| stays(endpoint));
        self.watched = watched;
        self.checks = checks::all(&config.checks);
        self.discovery = config.discovery.clone();
        self.gateway = config.checks.gateway;
        self.host = config.checks.host.clone();
    }

    /// The runtime that looks run on.
    pub fn senses(&mut self) -> &mut Senses {
        &mut self.senses
    }

    /// Looks at everything that is not being looked at already. Answers with what ended once
    /// all of it has ended or is late, or after `time.patience`. No engine or target is
    /// waited for longer than `time.longest`: a single run has no later cycle that could take its look in.
    pub fn observe(&mut self, time: &Time, state: &State, now: Timestamp) -> Observation {
        self.begin(time.longest, &state.docker);
        if discovery::is_due(&state.discovery, &self.discovery, now) {
            self.look_around(state.policy.clone(), now);
        }
        let mut observation = Observation::default();
        for done in self.looks.gather(time.patience) {
            if !self.asks_for(&done.id) {
                continue;
            }
            match done.shown {
                Some(shown) => observation.shown.push((done.id, shown)),
                None => observation.late.push(done.id),
            }
        }
        // The same looks are judged in the same order, however they ended.
        order::sort_by(&mut observation.shown, |one, other| one.0.cmp(&other.0));
        let late = self.looks.late().filter(|id| self.asks_for(id));
        observation.late.extend(late.map(str::to_owned));
        self.learn(&observation);
        observation
    }

    fn begin(&mut self, longest: Duration, docker: &docker::Memory) {
        let (senses, looks) = (&self.senses, &mut self.looks);
        let volumes = self.volumes.clone();
        let host = async {
            let host = sys::look_at_host(volumes).await?;
            Some(Shown::Facts(Box::new(host)))
        };
        looks.begin(senses, FACTS, FACTS_LIMIT, Box::pin(host));
        looks.begin(
            senses,
            GATEWAYS,
            GATEWAYS_LIMIT,
            Box::pin(async {
                let measured = sys::measure_gateways(&sys::default_routes()).await;
                Some(Shown::Gateways(measured))
            }),
        );
        for Watched { host, address } in &self.watched {
            let ask = Ask::new(host, address.clone(), docker.get(&host.endpoint));
            let limit = ask.timeout.min(longest);
            let host = host.clone();
            let id = docker_id(&host.endpoint);
            let look = Box::pin(async move {
                let look = sys::look_at_docker(&ask, limit).await;
                Some(Shown::Docker(SeenEndpoint { host, look }))
            });
            looks.begin(senses, &id, limit + SCHEDULING, look);
        }
        for check in &self.checks {
            let look = check.look();
            let shown = Box::pin(async { Some(Shown::Check(look.await)) });
            looks.begin(senses, &check.id(), check.limit().min(longest), shown);
        }
    }

    /// Begins a pass of discovery.
    fn look_around(&mut self, policy: Policy, now: Timestamp) {
        let config = self.discovery.clone();
        let pass = async move {
            let pass = move || discovery::pass_here(&config, &policy, now, &|_| {}).ok();
            let pass = sys::blocking(pass).await.flatten()?;
            Some(Shown::Pass(Box::new(pass)))
        };
        let (senses, looks) = (&self.senses, &mut self.looks);
        looks.begin(senses, PASS, PASS_LIMIT, Box::pin(pass));
    }

    /// Whether anything is being looked at that may still end in time.
    pub fn are_looking(&self) -> bool {
        self.looks.are_under_way()
    }

    fn asks_for(&self, id: &str) -> bool {
        id == FACTS
            || id == GATEWAYS
            || (id == PASS && self.discovery.enabled)
            || self
                .watched
                .iter()
                .any(|one| docker_id(&one.host.endpoint) == id)
            || self.checks.iter().any(|check| check.id() == id)
    }

    /// Keeps what the report tells.
    fn learn(&mut self, observation: &Observation) {
        for (_, shown) in &observation.shown {
            match shown {
                Shown::Facts(host) => self.known.facts.clone_from(&host.facts),
                Shown::Gateways(measured) => self.known.measured.clone_from(measured),
                Shown::Docker(seen) => {
                    let integration = docker::integration(seen, &self.known.facts.hostname);
                    let name = seen.host.endpoint.clone();
                    self.known.integrations.insert(name.clone(), integration);
                    self.known
                        .docker_troubles
                        .insert(name, troubles_of_docker(seen));
                }
                Shown::Pass(pass) => self.known.pass = Some((**pass).clone()),
                Shown::Check(_) => {}
            }
        }
    }

    /// Judges what was observed: brings the memory of every check in `state` up to date.
    pub fn judge(
        &self,
        observation: &Observation,
        state: &mut State,
        who: &Observer,
        now: Timestamp,
    ) -> Judged {
        let mut judged = Judged::default();
        for (id, shown) in &observation.shown {
            let readings = match shown {
                Shown::Docker(seen) => {
                    let changes = docker::judge(seen, &mut state.docker, who, now);
                    judged.changes.extend(changes);
                    continue;
                }
                Shown::Pass(pass) => {
                    state.discovery.remember(pass);
                    continue;
                }
                Shown::Facts(host) => checks::of_host(&self.host, host, &mut state.learned, now),
                Shown::Gateways(measured) => {
                    checks::gateway::judge(measured, self.gateway, &mut state.learned, now)
                }
                Shown::Check(seen) => seen.judge(&mut state.learned, now),
            };
            let watches = state.watches.entry(id.clone()).or_default();
            let changes = reading::judge(readings, watches, &mut judged.unknown, now);
            judged.changes.extend(changes);
        }
        self.forget(state, who, &mut judged.changes);
        for change in &mut judged.changes {
            let host = || who.hostname.as_str().into();
            change.detail.entry("host").or_insert_with(host);
        }
        judged
            .unknown
            .extend(observation.late.iter().map(|id| self.late(id)));
        judged
    }

    /// A look that did not end in time, or broke off: what it watches stays as it was.
    fn late(&self, id: &str) -> UnknownCheck {
        let check = self.checks.iter().find(|check| check.id() == id);
        let kind = match check {
            Some(check) => check.kind(),
            None if id == FACTS => kind::AGENT_FACTS,
            None if id == GATEWAYS => kind::GATEWAY_UNREACHABLE,
            None if id == PASS => kind::DISCOVERY_BLIND,
            None => kind::DOCKER_UNREACHABLE,
        };
        UnknownCheck {
            kind: kind.to_owned(),
            subject: id.to_owned(),
            reason: "the look did not end in time, or broke off".to_owned(),
        }
    }

    /// Ends what was wrong with what is not looked at any more.
    fn forget(&self, state: &mut State, who: &Observer, changes: &mut Vec<Change>) {
        let endpoints: Vec<&str> = self
            .watched
            .iter()
            .map(|watched| watched.host.endpoint.as_str())
            .collect();
        changes.extend(docker::keep_only(&endpoints, &mut state.docker, who));
        let ids: Vec<String> = self.checks.iter().map(|check| check.id()).collect();
        let is_probed = |probed: &str| {
            probed.starts_with(checks::gateway::LOSS) || ids.iter().any(|id| id == probed)
        };
        state.learned.losses.keep(is_probed);
        state.watches.retain(|id, watches| {
            let stays = id == FACTS || id == GATEWAYS || ids.contains(id);
            if !stays {
                let gone = std::mem::take(watches).into_values();
                changes.extend(gone.filter_map(reading::forget));
            }
            stays && !watches.is_empty()
        });
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
