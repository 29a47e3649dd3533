//! The real agent and an engine with five thousand containers: what a cycle costs in requests, time
//! and memory.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use support::agent::{Place, events};
use support::server::{Answer, Asked, Server};

const CONTAINERS: usize = 5_000;
/// Most memory that the agent may take, in kilobytes. A program that is not optimised is larger.
const MOST_MEMORY: u64 = if cfg!(debug_assertions) {
    55_000
} else {
    40_000
};

/// An engine with many containers, each with as many labels as compose gives them.
fn crowd(containers: usize) -> impl FnMut(&Asked) -> Answer + Send + 'static {
    let mut rows = Vec::new();
    let mut inspections = HashMap::new();
    for number in 0..containers {
        let id = format!("{number:064x}");
        rows.push(json!({"Id": id, "Names": [format!("/shop-front-{number}")],
            "Image": "registry.example.org/shop/front:1.27.3",
            "ImageID": format!("sha256:{number:064x}"), "Command": "/docker-entrypoint.sh nginx",
            "Created": 1_790_000_000, "State": "running", "Status": "Up 3 days (healthy)",
            "Ports": [{"PrivatePort": 80, "Type": "tcp"}, {"PrivatePort": 443, "Type": "tcp"}],
            "Labels": {"com.docker.compose.project": format!("shop-{}", number / 10),
                "com.docker.compose.service": "front",
                "com.docker.compose.config-hash": format!("{number:064x}"),
                "com.docker.compose.project.working_dir": "/srv/compose/shop",
                "org.opencontainers.image.description": "x".repeat(300)},
            "HostConfig": {"NetworkMode": "shop_default"},
            "NetworkSettings": {"Networks": {"shop_default": {"IPAddress": "172.20.0.7"}}},
            "Mounts": []}));
        let inspection = json!({"Id": id, "RestartCount": 0, "Args": "x".repeat(3_000),
            "State": {"Status": "running", "ExitCode": 0, "OOMKilled": false,
                "StartedAt": "2026-11-20T00:00:00.123456789Z",
                "FinishedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "healthy"}},
            "HostConfig": {"RestartPolicy": {"Name": "always"}}});
        inspections.insert(format!("/containers/{id}/json"), inspection.to_string());
    }
    let list = Value::from(rows).to_string();
    let plain = |body: &str| Answer::With(200, "application/json", Vec::new(), body.to_owned());
    move |asked| {
        let path = asked.path.split('?').next().unwrap();
        let path = path.strip_prefix("/v1.44").unwrap_or(path);
        match path {
            "/version" => plain(r#"{"Version": "28.0.0", "ApiVersion": "1.47"}"#),
            "/events" => events(&[]),
            "/containers/json" => plain(&list),
            _ => plain(&inspections[path]),
        }
    }
}

/// Ends the agent with the test.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The most memory that a process ever took, in kilobytes.
fn most_memory_of(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Processor time that a process has taken, in milliseconds.
fn spent_ms(process: &Child) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let nanos = text.split_whitespace().next().unwrap_or("0");
        nanos.parse::<u64>().unwrap()
    };
    tasks.map(|task| of_task(task.unwrap())).sum::<u64>() / 1_000_000
}

/// What two cycles of the agent cost.
#[derive(Debug)]
struct Cost {
    /// What it logged of them.
    said: String,
    /// Requests of the first cycle and of the second.
    requests: (usize, usize),
    /// Processor time of the process and the first cycle, and of the second, in milliseconds.
    spent_ms: (u64, u64),
    /// The most memory that it took, in kilobytes.
    memory: u64,
}

/// Runs the agent for two cycles; the second writes nothing.
fn two_cycles(containers: usize) -> Cost {
    let place = Place::new();
    let docker = Server::unix(&place.join("d.sock"), crowd(containers));
    let backend = Server::backend();
    let config = place.write_config(&backend.address, Some(&docker.address));
    // Another build of the program may be measured in place of this one.
    let binary = std::env::var("ATLAS_OPS_MEASURED")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_atlas-ops").to_owned());
    let child = Command::new(binary)
        .args(["agent", "run", "--config"])
        .arg(config)
        .env_remove("ATLAS_OPS_LOG")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut agent = Agent(child);
    let said = BufReader::new(agent.0.stderr.take().unwrap());
    let mut cycles = said
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.contains("cycle done"));
    let mut cycle = || {
        let line = cycles.next().unwrap();
        (line, docker.take_asked().len(), spent_ms(&agent.0))
    };
    let (first, begun, spent) = cycle();
    let state = std::fs::read(place.state_path()).unwrap();
    let (second, then, spent_then) = cycle();
    let said = format!("{first}\n{second}\nstate of {} bytes", state.len());
    let cost = Cost {
        said,
        requests: (begun, then),
        spent_ms: (spent, spent_then - spent),
        memory: most_memory_of(&agent.0),
    };
    assert_eq!(std::fs::read(place.state_path()).unwrap(), state);
    cost
}

#[test]
fn five_thousand_containers_are_inspected_once_and_fit_into_little_memory() {
    let cost = two_cycles(CONTAINERS);
    println!("{}\n{cost:?}", cost.said);
    assert_eq!(cost.requests, (CONTAINERS + 3, 3));
    assert!(cost.memory < MOST_MEMORY, "{} kB", cost.memory);
}

#[test]
fn a_few_containers_cost_next_to_nothing() {
    let cost = two_cycles(20);
    println!("{}\n{cost:?}", cost.said);
    assert_eq!(cost.requests, (23, 3));
    // An optimised program takes a tenth of this; the whole cycle is counted, with its report.
    assert!(cost.spent_ms.1 < 100, "{} ms", cost.spent_ms.1);
}
