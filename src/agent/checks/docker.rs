//! The Docker check: containers that are down, restart, fail their health check or run out of
//! memory, and endpoints that do not answer.
//!
//! Owns the endpoint's side of the judgement: reachability, containers that came and went, the
//! integration's status. The rules for one container are in [`container`]; looking is done by
//! `agent::sys::docker`.

pub mod container;
pub mod memory;
pub mod view;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::container::{End, News};
use self::memory::EndpointMemory;
use self::view::{Engine, Look, State};
use super::{Change, Finding, Observer, Open, Scope, settle};
use crate::agent::inert;
use crate::domain::docker_endpoint::DockerEndpoint;
use crate::domain::integration::IntegrationReport;
use crate::domain::kind::DOCKER_UNREACHABLE;
use crate::domain::severity::Severity;
use crate::domain::signal::Status;
use crate::domain::timestamp::Timestamp;

/// Longest reason of a failed look that is passed on, in characters.
const MAX_REASON: usize = 300;

/// What one look at one configured endpoint showed.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenEndpoint {
    /// The endpoint as it is configured.
    pub endpoint: String,
    /// From this restart count on a container is complained about.
    pub restart_threshold: u32,
    /// What was seen.
    pub look: Look,
}

/// The memory of all endpoints, by the endpoint as configured.
pub type Memory = BTreeMap<String, EndpointMemory>;

/// Judges one look at one endpoint.
pub fn judge(
    seen: &SeenEndpoint,
    memory: &mut Memory,
    who: &Observer,
    now: Timestamp,
) -> Vec<Change> {
    let before = memory.remove(&seen.endpoint).unwrap_or_default();
    let (after, changes) = judge_endpoint(seen, before, who, now);
    memory.insert(seen.endpoint.clone(), after);
    changes
}

/// Forgets the endpoints that are not configured any more; what was wrong there is over.
pub fn keep_only(configured: &[&str], memory: &mut Memory, who: &Observer) -> Vec<Change> {
    let mut changes = Vec::new();
    memory.retain(|endpoint, before| {
        let stays = configured.contains(&endpoint.as_str());
        if !stays {
            changes.extend(forget(endpoint, before, who));
        }
        stays
    });
    changes
}

fn judge_endpoint(
    seen: &SeenEndpoint,
    mut memory: EndpointMemory,
    who: &Observer,
    now: Timestamp,
) -> (EndpointMemory, Vec<Change>) {
    let mut changes = Vec::new();
    let (finding, reason) = match &seen.look {
        Look::Answered(_) => (Finding::Over, None),
        Look::Unreachable(reason) => (Finding::Holds(Severity::Warning), Some(reason)),
        Look::NotAllowed(_) => (Finding::NoNews, None),
    };
    if let Some((status, severity)) = settle(&mut memory.open, DOCKER_UNREACHABLE, finding, now) {
        let news = endpoint_news(&seen.endpoint, status, severity, reason.map(String::as_str));
        changes.push(about(&seen.endpoint, None, news, who));
    }
    // While nothing is seen of the containers, nothing is said of them.
    if let Look::Answered(engine) = &seen.look {
        changes.extend(judge_containers(seen, engine, &mut memory, who, now));
    }
    (memory, changes)
}

fn judge_containers(
    seen: &SeenEndpoint,
    engine: &Engine,
    memory: &mut EndpointMemory,
    who: &Observer,
    now: Timestamp,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut before = std::mem::take(&mut memory.containers);
    for container in &engine.containers {
        let remembered = before.remove(&container.name);
        let (after, news) =
            container::judge(container, remembered.as_ref(), seen.restart_threshold, now);
        memory.containers.insert(container.name.clone(), after);
        for news in news {
            changes.push(about(&seen.endpoint, Some(&container.name), news, who));
        }
    }
    for (name, remembered) in before {
        for news in container::gone(&name, &remembered, End::Removed) {
            changes.push(about(&seen.endpoint, Some(&name), news, who));
        }
    }
    changes
}

/// Ends what was wrong at an endpoint that is not watched any more.
fn forget(endpoint: &str, memory: &EndpointMemory, who: &Observer) -> Vec<Change> {
    let mut changes = Vec::new();
    if memory.open.contains_key(DOCKER_UNREACHABLE) {
        let mut news = endpoint_news(endpoint, Status::Resolved, Severity::Info, None);
        news.summary = format!("Docker is no longer watched: {endpoint}");
        changes.push(about(endpoint, None, news, who));
    }
    for (name, remembered) in &memory.containers {
        for news in container::gone(name, remembered, End::Unwatched) {
            changes.push(about(endpoint, Some(name), news, who));
        }
    }
    changes
}

fn endpoint_news(endpoint: &str, status: Status, severity: Severity, reason: Option<&str>) -> News {
    let reason = reason.map(|reason| inert::line(reason, MAX_REASON));
    let summary = match (status, &reason) {
        (Status::Resolved, _) => format!("Docker answers again: {endpoint}"),
        (Status::Firing, None) => format!("Docker does not answer: {endpoint}"),
        (Status::Firing, Some(reason)) => format!("Docker does not answer: {endpoint} ({reason})"),
    };
    let mut detail = Map::new();
    if let Some(reason) = reason {
        detail.insert("reason".to_owned(), reason.into());
    }
    News {
        kind: DOCKER_UNREACHABLE,
        status,
        severity,
        summary,
        detail,
    }
}

/// Adds where it was seen.
fn about(endpoint: &str, container: Option<&str>, mut news: News, who: &Observer) -> Change {
    news.detail.insert("endpoint".to_owned(), endpoint.into());
    news.detail
        .insert("host".to_owned(), who.hostname.as_str().into());
    Change {
        kind: news.kind.into(),
        subject: subject(endpoint, container),
        scope: Scope::Host,
        status: news.status,
        severity: news.severity,
        summary: news.summary,
        detail: news.detail,
        at: None,
    }
}

fn subject(endpoint: &str, container: Option<&str>) -> String {
    match container {
        Some(container) => format!("docker:{endpoint}:{container}"),
        None => format!("docker:{endpoint}"),
    }
}

/// Calls `visit` with kind, subject and condition for everything that is wrong.
pub fn each_open(memory: &Memory, visit: &mut dyn FnMut(&str, &str, &Open)) {
    for (endpoint, remembered) in memory {
        for (kind, open) in &remembered.open {
            visit(kind, &subject(endpoint, None), open);
        }
        for (name, container) in &remembered.containers {
            for (kind, open) in &container.open {
                visit(kind, &subject(endpoint, Some(name)), open);
            }
        }
    }
}

/// As [`each_open`], for one that changes them.
pub fn each_open_mut(memory: &mut Memory, visit: &mut dyn FnMut(&str, &str, &mut Open)) {
    for (endpoint, remembered) in memory {
        for (kind, open) in &mut remembered.open {
            visit(kind, &subject(endpoint, None), open);
        }
        for (name, container) in &mut remembered.containers {
            for (kind, open) in &mut container.open {
                visit(kind, &subject(endpoint, Some(name)), open);
            }
        }
    }
}

/// What the report says of an endpoint.
pub fn integration(seen: &SeenEndpoint, hostname: &str) -> IntegrationReport {
    let host = match DockerEndpoint::parse(&seen.endpoint) {
        Ok(DockerEndpoint::Tcp(authority)) => authority,
        _ => hostname.to_owned(),
    };
    let mut config: Map<String, Value> = Map::new();
    let mut put = |key: &str, value: Value| config.insert(key.to_owned(), value);
    let status = match &seen.look {
        Look::Answered(engine) => {
            let running = engine
                .containers
                .iter()
                .filter(|container| container.state == State::Running)
                .count();
            put("engine_version", engine.version.as_str().into());
            put("api_version", engine.api_version.as_str().into());
            put("containers", engine.containers.len().into());
            put("running", running.into());
            "ok"
        }
        Look::Unreachable(reason) => {
            put("reason", inert::line(reason, MAX_REASON).into());
            "unreachable"
        }
        Look::NotAllowed(reason) => {
            put("reason", inert::line(reason, MAX_REASON).into());
            "unknown"
        }
    };
    IntegrationReport {
        kind: "docker".to_owned(),
        endpoint: seen.endpoint.clone(),
        status: status.to_owned(),
        name: format!("docker on {host}"),
        config,
    }
}

#[cfg(test)]
mod tests;
