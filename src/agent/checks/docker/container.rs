//! The rules for one container. Pure: what was seen, what is remembered, the time.

use serde_json::{Map, Value};

use super::memory::ContainerMemory;
use super::view::{Container, Health, Inspected, RestartPolicy, State};
use crate::agent::checks::{Finding, settle};
use crate::domain::kind::{
    CONTAINER_DOWN, CONTAINER_OOM_KILLED, CONTAINER_RESTART_COUNT_HIGH, CONTAINER_UNHEALTHY,
};
use crate::domain::severity::Severity;
use crate::domain::signal::Status;
use crate::domain::timestamp::Timestamp;

/// A container that ran this long without a restart runs steadily.
pub const STEADY_MS: i64 = 10 * 60 * 1000;

/// News of one container.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// One of [`crate::domain::kind`].
    pub kind: &'static str,
    /// Whether it holds or is over.
    pub status: Status,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// The facts of the container.
    pub detail: Map<String, Value>,
}

/// Judges one container that is there.
pub fn judge(
    seen: &Container,
    before: Option<&ContainerMemory>,
    threshold: u32,
    now: Timestamp,
) -> (ContainerMemory, Vec<News>) {
    let recreated = before.is_some_and(|before| before.id != seen.id);
    let is_new = before.is_none() || recreated;
    let mut memory = ContainerMemory::for_container(seen, before);
    if seen.state.is_up() || seen.state == State::Restarting {
        memory.ran = true;
    }
    if let Ok(inspected) = &seen.inspected {
        memory.policy = Some(inspected.restart_policy);
    }
    let findings = [
        (CONTAINER_DOWN, down(seen, &memory)),
        (
            CONTAINER_OOM_KILLED,
            oom_killed(seen, &mut memory, is_new, now),
        ),
        (
            CONTAINER_RESTART_COUNT_HIGH,
            restarts(seen, &mut memory, recreated, threshold, now),
        ),
        (CONTAINER_UNHEALTHY, unhealthy(seen)),
    ];
    let mut news = Vec::new();
    for (kind, finding) in findings {
        if let Some((status, severity)) = settle(&mut memory.open, kind, finding, now) {
            let summary = match status {
                Status::Firing => firing_summary(kind, seen, threshold),
                Status::Resolved => over_summary(kind, seen, recreated),
            };
            news.push(News {
                kind,
                status,
                severity,
                summary,
                detail: detail_of(seen, &memory, threshold),
            });
        }
    }
    (memory, news)
}

/// Why a container is not looked at any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The engine does not list it any more.
    Removed,
    /// Its endpoint is not configured any more.
    Unwatched,
}

/// Ends everything that was wrong with a container that is gone, or no longer looked at.
pub fn gone(name: &str, before: &ContainerMemory, end: End) -> Vec<News> {
    let (status, how) = match end {
        End::Removed => ("removed", "was removed"),
        End::Unwatched => ("unknown", "is no longer watched"),
    };
    let kinds = [
        CONTAINER_DOWN,
        CONTAINER_OOM_KILLED,
        CONTAINER_RESTART_COUNT_HIGH,
        CONTAINER_UNHEALTHY,
    ];
    kinds
        .into_iter()
        .filter(|kind| before.open.contains_key(*kind))
        .map(|kind| News {
            kind,
            status: Status::Resolved,
            severity: Severity::Info,
            summary: format!("Docker container {how}: {name}"),
            detail: Map::from_iter([
                ("container".to_owned(), name.into()),
                ("container_id".to_owned(), before.id.as_str().into()),
                ("image".to_owned(), before.image.as_str().into()),
                ("status".to_owned(), status.into()),
            ]),
        })
        .collect()
}

fn down(seen: &Container, memory: &ContainerMemory) -> Finding {
    if seen.state.is_up() {
        return Finding::Over;
    }
    if !seen.state.is_stopped() {
        return Finding::NoNews;
    }
    let exit_code = seen.exit_code();
    let wanted = memory
        .policy
        .is_some_and(|policy| policy.wants_it_running(exit_code));
    if !memory.ran && !wanted {
        return Finding::NoNews;
    }
    // A job that did its work and is not meant to be started again by itself.
    let finished = exit_code == Some(0) && memory.policy == Some(RestartPolicy::No);
    let open = memory.open.get(CONTAINER_DOWN);
    match (&seen.inspected, open) {
        // Half a look is enough to complain, not to change one's mind.
        (Err(_), Some(open)) => Finding::Holds(open.severity),
        _ if finished => Finding::Holds(Severity::Info),
        _ => Finding::Holds(Severity::Warning),
    }
}

/// Engines keep the flag through the next run (20.10 does): on a running container it may be the
/// memory of an old kill. A kill is known by the end of the run before it, and an old one is over
/// when the container runs steadily.
fn oom_killed(
    seen: &Container,
    memory: &mut ContainerMemory,
    is_new: bool,
    now: Timestamp,
) -> Finding {
    let Ok(inspected) = &seen.inspected else {
        return Finding::NoNews;
    };
    if !inspected.oom_killed {
        return if seen.state == State::Running {
            Finding::Over
        } else {
            Finding::NoNews
        };
    }
    let kill = inspected.finished_at.map_or(0, Timestamp::as_millis);
    let is_known = memory.killed_at.replace(kill) == Some(kill);
    let warning = Finding::Holds(Severity::Warning);
    match (seen.state.is_up(), is_young(inspected, now)) {
        (true, true) if is_known => Finding::NoNews,
        (true, false) if is_known || is_new => Finding::Over,
        _ => warning,
    }
}

/// Whether the current run is too young to be called steady.
fn is_young(inspected: &Inspected, now: Timestamp) -> bool {
    inspected
        .started_at
        .is_some_and(|start| now.millis_since(start) < STEADY_MS)
}

/// Only a running container has a health: Docker calls every stopped or paused one with a health
/// check unhealthy.
fn unhealthy(seen: &Container) -> Finding {
    if seen.state != State::Running {
        return Finding::NoNews;
    }
    match seen.health() {
        Health::Unhealthy => Finding::Holds(Severity::Warning),
        Health::Healthy | Health::None => Finding::Over,
        Health::Starting => Finding::NoNews,
    }
}

fn restarts(
    seen: &Container,
    memory: &mut ContainerMemory,
    recreated: bool,
    threshold: u32,
    now: Timestamp,
) -> Finding {
    let Ok(inspected) = &seen.inspected else {
        // The open condition of another container of that name is over all the same.
        return if recreated {
            Finding::Over
        } else {
            Finding::NoNews
        };
    };
    let count = inspected.restart_count;
    let rose = memory.restarts.is_some_and(|last| count > last);
    memory.restarts = Some(count);
    if count < memory.baseline {
        memory.baseline = 0;
    }
    let young = is_young(inspected, now);
    let steady = seen.state == State::Running && !young && !rose;
    if steady {
        memory.baseline = count;
        return Finding::Over;
    }
    if count - memory.baseline >= u64::from(threshold.max(1)) && (rose || young) {
        return Finding::Holds(Severity::Warning);
    }
    if recreated {
        Finding::Over
    } else {
        Finding::NoNews
    }
}

fn firing_summary(kind: &str, seen: &Container, threshold: u32) -> String {
    let name = &seen.name;
    match kind {
        CONTAINER_DOWN => match (seen.state, seen.exit_code()) {
            (State::Dead, _) => format!("Docker container is dead: {name}"),
            (_, Some(code)) => format!("Docker container stopped: {name} (exit code {code})"),
            (_, None) => format!("Docker container stopped: {name}"),
        },
        CONTAINER_RESTART_COUNT_HIGH => {
            let count = seen
                .inspected
                .as_ref()
                .map_or(0, |inspected| inspected.restart_count);
            format!(
                "Docker container keeps restarting: {name} ({count} restarts, threshold {threshold})"
            )
        }
        CONTAINER_UNHEALTHY => format!("Docker container is unhealthy: {name}"),
        _ => format!("Docker container ran out of memory: {name}"),
    }
}

fn over_summary(kind: &str, seen: &Container, recreated: bool) -> String {
    let name = &seen.name;
    match kind {
        CONTAINER_DOWN => format!("Docker container runs again: {name}"),
        CONTAINER_RESTART_COUNT_HIGH if recreated => {
            format!("Docker container was recreated: {name}")
        }
        CONTAINER_RESTART_COUNT_HIGH => format!("Docker container runs steadily again: {name}"),
        CONTAINER_UNHEALTHY if seen.health() == Health::None => {
            format!("Docker container has no health check any more: {name}")
        }
        CONTAINER_UNHEALTHY => format!("Docker container is healthy again: {name}"),
        _ => format!("Docker container runs again with enough memory: {name}"),
    }
}

/// The facts that every signal about a container carries. What is not known is left out.
fn detail_of(seen: &Container, memory: &ContainerMemory, threshold: u32) -> Map<String, Value> {
    let mut detail = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            detail.insert(key.to_owned(), value);
        }
    };
    put("container", Some(seen.name.as_str().into()));
    put("container_id", Some(seen.id.as_str().into()));
    put("image", Some(seen.image.as_str().into()));
    put("status", Some(seen.state.as_str().into()));
    put("threshold", Some(threshold.into()));
    put(
        "restart_policy",
        memory.policy.map(|policy| policy.as_str().into()),
    );
    // A running container reports the exit code 0 of nothing.
    if !seen.state.is_up() {
        put("exit_code", seen.exit_code().map(Into::into));
    }
    if let Ok(inspected) = &seen.inspected {
        put("restart_count", Some(inspected.restart_count.into()));
        put("health", Some(inspected.health.as_str().into()));
        put("oom_killed", Some(inspected.oom_killed.into()));
        let time = |at: Option<Timestamp>| at.map(|at| Value::from(at.to_string()));
        put("started_at", time(inspected.started_at));
        if !seen.state.is_up() {
            put("finished_at", time(inspected.finished_at));
        }
    }
    detail
}

#[cfg(test)]
mod tests;
