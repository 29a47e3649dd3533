//! The rules for one container. Pure: what was seen, what is remembered, the time.

mod down;
mod restarts;
mod sight;
mod words;

use serde_json::{Map, Value};

pub use self::sight::{Sight, Times};
use super::memory::ContainerMemory;
use super::view::{Health, Inspected, Inspection, Product, State};
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
    /// When it happened, by this host's clock, where that is known better than "now".
    pub at: Option<Timestamp>,
}

/// Judges one container that is there.
pub fn judge(sight: &Sight<'_>, before: Option<&ContainerMemory>) -> (ContainerMemory, Vec<News>) {
    let seen = sight.container;
    let recreated = before.is_some_and(|before| before.id != seen.id);
    let is_new = before.is_none() || recreated;
    let mut memory = ContainerMemory::for_container(seen, before, sight.times.now);
    if seen.state.is_up() || seen.state == State::Restarting {
        memory.ran = true;
    }
    if let Some(inspected) = seen.inspected() {
        memory.policy = Some(inspected.restart_policy);
    }
    let failures = sight.failures(&memory);
    down::remember_who_asked(sight, &mut memory);
    let mut news = down::judge(sight, &mut memory, &failures);
    let findings = [
        (
            CONTAINER_OOM_KILLED,
            oom_killed(sight, &mut memory, is_new),
            sight.tale.oom.map(|at| sight.times.local_nanos(at)),
        ),
        (
            CONTAINER_RESTART_COUNT_HIGH,
            restarts::judge(sight, &mut memory, &failures, recreated),
            None,
        ),
        (CONTAINER_UNHEALTHY, unhealthy(sight), None),
    ];
    for (kind, finding, at) in findings {
        let moment = at.unwrap_or(sight.times.now);
        if let Some((status, severity)) = settle(&mut memory.open, kind, finding, moment) {
            let summary = match status {
                Status::Firing => words::firing(kind, sight, &memory),
                Status::Resolved => words::over(kind, seen, recreated),
            };
            news.push(News {
                kind,
                status,
                severity,
                summary,
                detail: words::detail(sight, &memory),
                at: at.filter(|_| status == Status::Firing),
            });
        }
    }
    memory.heard = sight.heard(&memory, &failures);
    memory.calm = is_calm(sight, &memory);
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
            detail: words::detail_of_gone(name, before, status),
            at: None,
        })
        .collect()
}

pub use self::down::died_and_was_removed;

/// Engines keep the flag through the next run (20.10 does): on a running container it may be the
/// memory of an old kill. A kill is known by its event, or by the end of the run before it, and an
/// old one is over when the container runs steadily.
fn oom_killed(sight: &Sight<'_>, memory: &mut ContainerMemory, is_new: bool) -> Finding {
    let warning = Finding::Holds(Severity::Warning);
    let heard = sight.tale.oom.is_some();
    let Some(inspected) = sight.container.inspected() else {
        return if heard { warning } else { Finding::NoNews };
    };
    if !inspected.oom_killed {
        return match sight.container.state {
            _ if heard => warning,
            State::Running => Finding::Over,
            _ => Finding::NoNews,
        };
    }
    let kill = inspected.finished_at.map_or(0, Timestamp::as_millis);
    let is_known = memory.killed_at.replace(kill) == Some(kill);
    let is_up = sight.container.state.is_up();
    match (is_up, is_young(inspected, sight.times)) {
        _ if heard => warning,
        (true, true) if is_known => Finding::NoNews,
        (true, false) if is_known || is_new => Finding::Over,
        _ => warning,
    }
}

/// Whether the current run is too young to be called steady.
fn is_young(inspected: &Inspected, times: Times) -> bool {
    inspected
        .started_at
        .is_some_and(|start| times.age_ms(start) < STEADY_MS)
}

/// Only a running container has a health: Docker calls every stopped or paused one with a health
/// check unhealthy.
fn unhealthy(sight: &Sight<'_>) -> Finding {
    if sight.container.state != State::Running {
        return Finding::NoNews;
    }
    match sight.container.health() {
        Health::Unhealthy => Finding::Holds(Severity::Warning),
        Health::Healthy | Health::None => Finding::Over,
        Health::Starting => Finding::NoNews,
    }
}

/// Whether the next look can do without an inspection while the row stays the same.
fn is_calm(sight: &Sight<'_>, memory: &ContainerMemory) -> bool {
    let Inspection::Done(inspected) = &sight.container.inspected else {
        return false;
    };
    // Podman's rows do not tell the health.
    let is_seen_in_row = sight.product == Product::Docker || inspected.health == Health::None;
    let settled = match sight.container.state {
        State::Running => !is_young(inspected, sight.times),
        State::Created | State::Paused | State::Exited | State::Dead => true,
        _ => false,
    };
    settled && is_seen_in_row && memory.open.is_empty() && memory.starts.is_empty()
}

#[cfg(test)]
mod tests;
