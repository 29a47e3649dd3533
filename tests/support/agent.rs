//! What the agent's tests need: a place of their own, a Docker Engine that answers as it is told,
//! and a clock that can be turned.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use atlas_ops::agent::{self, Cycle, Outcome};
use atlas_ops::config::agent::checks::ChecksConfig;
use atlas_ops::config::agent::checks::network::{DnsChecks, GatewayChecks};
use atlas_ops::config::agent::{AgentConfig, DockerHost};
use atlas_ops::config::secret::Secret;
use atlas_ops::domain::hash;
use atlas_ops::domain::timestamp::Timestamp;
use serde_json::{Value, json};

use super::server::{Answer, Asked, uids};

static PLACES: AtomicUsize = AtomicUsize::new(0);

/// No check of the machine that the tests run on: what is wrong there is not theirs.
pub const QUIET: &str = "  checks: {gateway: {enabled: false}, dns: {enabled: false}}\n";

/// A directory that is removed when the test ends.
#[derive(Debug)]
pub struct Place(pub PathBuf);

impl Place {
    pub fn new() -> Self {
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("atlas-agent-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn state_path(&self) -> PathBuf {
        self.join("agent_state.json")
    }

    /// Uids of the signals that wait on disk.
    pub fn waiting(&self) -> Vec<String> {
        let bytes = std::fs::read(self.state_path()).unwrap();
        let state: Value = serde_json::from_slice(&bytes).unwrap();
        uids(&state["pending"])
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn config(&self, backend_url: &str, endpoints: &[String]) -> AgentConfig {
        AgentConfig {
            backend_url: backend_url.to_owned(),
            site_id: "site-test".to_owned(),
            token: Secret::new("atl_test"),
            ca_file: None,
            interval_seconds: 300,
            state_path: self.state_path(),
            docker_hosts: endpoints
                .iter()
                .map(|endpoint| DockerHost {
                    endpoint: endpoint.clone(),
                    restart_threshold: 3,
                })
                .collect(),
            checks: ChecksConfig {
                gateway: GatewayChecks {
                    enabled: false,
                    ..GatewayChecks::default()
                },
                dns: DnsChecks {
                    enabled: false,
                    ..DnsChecks::default()
                },
                ..ChecksConfig::default()
            },
            spool: atlas_ops::config::agent::spool::SpoolConfig::default(),
            discovery: atlas_ops::config::agent::discovery::DiscoveryConfig {
                enabled: false,
                ..Default::default()
            },
            warnings: Vec::new(),
        }
    }

    /// A configuration file for the real binary.
    pub fn write_config(&self, backend_url: &str, endpoint: Option<&str>) -> PathBuf {
        let path = self.join("agent_config.yaml");
        let docker = endpoint.map_or_else(String::new, |endpoint| {
            format!("  docker_hosts:\n    - endpoint: {endpoint}\n")
        });
        let text = format!(
            "agent:\n  backend_url: {backend_url}\n  site_id: site-test\n  token: atl_test\n  interval_seconds: 5\n{QUIET}{docker}"
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A clock that starts now and is turned by hand.
#[derive(Debug)]
pub struct Hand(Cell<Timestamp>);

impl Hand {
    pub fn new() -> Self {
        Self(Cell::new(atlas_ops::clock::now()))
    }

    pub fn turn_minutes(&self, minutes: i64) {
        self.0.set(self.0.get().plus_millis(minutes * 60_000));
    }
}

/// One cycle, which must not be turned away.
pub fn cycle(config: &AgentConfig, clock: &Hand) -> Cycle {
    cycle_within(config, clock, Duration::from_secs(20))
}

pub fn cycle_within(config: &AgentConfig, clock: &Hand, limit: Duration) -> Cycle {
    match agent::run_once(config, Instant::now() + limit, &|| clock.0.get()).unwrap() {
        Outcome::Done(cycle) => cycle,
        Outcome::Busy => panic!("another agent holds the state"),
    }
}

/// A container of the fake engine.
#[derive(Debug, Clone)]
pub struct Fake {
    pub id: String,
    pub name: String,
    /// `running`, `exited`, ...
    pub state: &'static str,
    pub exit_code: i64,
    pub policy: &'static str,
}

impl Fake {
    pub fn new(name: &str, state: &'static str) -> Self {
        let id = hash::hex(name.as_bytes());
        Self {
            id: format!("{id:0<64}")[..64].to_owned(),
            name: name.to_owned(),
            state,
            exit_code: i64::from(state == "exited"),
            policy: "always",
        }
    }

    fn row(&self) -> Value {
        let status = match self.state {
            "exited" => format!("Exited ({}) 2 hours ago", self.exit_code),
            _ => "Up 2 hours".to_owned(),
        };
        json!({"Id": self.id, "Names": [format!("/{}", self.name)], "Image": "test:1",
            "State": self.state, "Status": status})
    }

    fn inspection(&self) -> Value {
        json!({"Id": self.id, "Name": format!("/{}", self.name), "RestartCount": 0,
            "State": {"Status": self.state, "Running": self.state == "running",
                "OOMKilled": false, "ExitCode": self.exit_code,
                "StartedAt": "2026-11-22T00:00:00.123456789Z",
                "FinishedAt": "0001-01-01T00:00:00Z"},
            "HostConfig": {"RestartPolicy": {"Name": self.policy, "MaximumRetryCount": 0}}})
    }
}

/// What a healthy engine with these containers answers.
pub fn engine(containers: Vec<Fake>) -> impl FnMut(&Asked) -> Answer + Send + 'static {
    move |asked| {
        let path = asked.path.split('?').next().unwrap_or_default();
        if path.ends_with("/version") {
            return Answer::json(
                200,
                &json!({"Version": "28.0.0", "ApiVersion": "1.47", "MinAPIVersion": "1.24"}),
            );
        }
        if path.ends_with("/containers/json") {
            let rows: Vec<Value> = containers.iter().map(Fake::row).collect();
            return Answer::json(200, &rows.into());
        }
        containers
            .iter()
            .find(|fake| path.ends_with(&format!("/containers/{}/json", fake.id)))
            .map_or_else(
                || Answer::json(404, &json!({"message": "No such container"})),
                |fake| Answer::json(200, &fake.inspection()),
            )
    }
}
