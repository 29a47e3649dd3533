//! The Docker check: containers that are down, restart, fail their health check or run out of
//! memory, and endpoints that do not answer.
//!
//! Owns the endpoint's side of the judgement: reachability, containers that came and went, the
//! integration's status. The rules for one container are in [`container`]; looking is done by
//! `agent::sys::docker`.

pub mod ask;
pub mod container;
pub mod events;
pub mod memory;
pub mod view;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::container::{End, News, Sight, Times};
use self::events::{Nanos, Tale};
use self::memory::{CURSOR_LAG, ContainerMemory, EndpointMemory};
use self::view::{Container, Engine, Inspection, Look, Product, State};
use super::{Change, Finding, Observer, Open, Scope, settle};
use crate::agent::inert;
use crate::config::agent::DockerHost;
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
    /// The endpoint as it is configured, and its rules.
    pub host: DockerHost,
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
    let name = &seen.host.endpoint;
    let before = memory.remove(name).unwrap_or_default();
    let (after, changes) = judge_endpoint(seen, before, who, now);
    memory.insert(name.clone(), after);
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
        let endpoint = &seen.host.endpoint;
        let news = endpoint_news(endpoint, status, severity, reason.map(String::as_str));
        changes.push(about(endpoint, None, news, who));
    }
    // While nothing is seen of the containers, nothing is said of them.
    if let Look::Answered(engine) = &seen.look {
        let round = Round::of(&seen.host, engine, memory.cursor, now);
        for (name, news) in round.judge(&mut memory) {
            changes.push(about(&seen.host.endpoint, Some(&name), news, who));
        }
    }
    (memory, changes)
}

/// One look at an engine that answered.
struct Round<'a> {
    host: &'a DockerHost,
    engine: &'a Engine,
    times: Times,
    /// Up to where its events were judged before.
    cursor: Option<Nanos>,
}

impl<'a> Round<'a> {
    fn of(host: &'a DockerHost, engine: &'a Engine, cursor: Option<Nanos>, now: Timestamp) -> Self {
        let skew_ms = engine.skew_ms;
        Self {
            host,
            engine,
            times: Times { now, skew_ms },
            cursor,
        }
    }

    /// News of all containers by their names; the memory is up to date afterwards.
    fn judge(&self, memory: &mut EndpointMemory) -> Vec<(String, News)> {
        let mut all = Vec::new();
        let mut before = std::mem::take(&mut memory.containers);
        for container in &self.engine.containers {
            let name = &container.name;
            let remembered = before.remove(name);
            let (after, news) = self.judge_one(container, remembered);
            memory.containers.insert(name.clone(), after);
            all.extend(news.into_iter().map(|news| (name.clone(), news)));
        }
        for (name, remembered) in before {
            if !self.engine.whole {
                // It may be one of the rows that could not be read.
                memory.containers.insert(name, remembered);
                continue;
            }
            let mut news = self.last_words(&name, &remembered);
            news.extend(container::gone(&name, &remembered, End::Removed));
            all.extend(news.into_iter().map(|news| (name.clone(), news)));
        }
        self.move_cursor(memory);
        all
    }

    fn judge_one(
        &self,
        container: &Container,
        mut before: Option<ContainerMemory>,
    ) -> (ContainerMemory, Vec<News>) {
        let mut all = Vec::new();
        if let Some(before) = &mut before {
            if before.id != container.id {
                all = self.last_words(&container.name, before);
                let over = all.iter().filter_map(|news| news.at).max();
                before.over_at = before.over_at.max(over);
            } else if container.inspected == Inspection::Unneeded {
                return (before.clone(), all);
            }
        }
        let same = before.as_ref().filter(|before| before.id == container.id);
        let heard = same.and_then(|before| before.heard);
        let until = match &self.engine.events {
            events::Events::Heard { until, .. } => Some(*until),
            _ => None,
        };
        let sight = Sight {
            container,
            tale: self.tale(&container.id, heard),
            host: self.host,
            product: self.engine.product,
            times: self.times,
            window: (self.cursor, until),
        };
        let (after, news) = container::judge(&sight, before.as_ref());
        all.extend(news);
        (after, all)
    }

    /// What happened to a container that is not there any more before it was removed.
    fn last_words(&self, name: &str, before: &ContainerMemory) -> Vec<News> {
        if self.cursor.is_none() {
            return Vec::new();
        }
        let tale = self.tale(&before.id, before.heard);
        container::died_and_was_removed(name, before, &tale, self.engine.product, self.times)
    }

    /// At the first look the events only tell why containers are down: all else is history.
    fn tale(&self, id: &str, heard: Option<Nanos>) -> Tale {
        let events = &self.engine.events;
        // An event in the future was heard before the engine's clock was set back.
        let heard = heard.filter(|heard| events.until().is_none_or(|until| *heard <= until));
        let mut tale = Tale::of(
            events.of(id),
            heard.unwrap_or(Nanos::MIN),
            self.engine.product,
        );
        if self.cursor.is_none() {
            tale.oom = None;
        }
        tale
    }

    /// Where nothing happened it stays, so that the state file is not written again for it.
    fn move_cursor(&self, memory: &mut EndpointMemory) {
        let Some(until) = self.engine.events.until() else {
            return;
        };
        let is_quiet = match &self.engine.events {
            events::Events::Heard { by_id, .. } => by_id
                .values()
                .flatten()
                .all(|event| self.cursor.is_some_and(|cursor| event.at <= cursor)),
            _ => true,
        };
        let lag = self.cursor.map(|cursor| until.saturating_sub(cursor));
        if !is_quiet || lag.is_none_or(|lag| !(0..CURSOR_LAG).contains(&lag)) {
            memory.cursor = Some(until);
        }
    }
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
        at: None,
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
        at: news.at,
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
    let host = match DockerEndpoint::parse(&seen.host.endpoint) {
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
            if engine.product == Product::Podman {
                put("product", "podman".into());
            }
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
        endpoint: seen.host.endpoint.clone(),
        status: status.to_owned(),
        name: format!("docker on {host}"),
        config,
    }
}

#[cfg(test)]
mod tests;
