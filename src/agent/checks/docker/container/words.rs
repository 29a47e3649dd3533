//! What is said of a container: the sentence and the facts.

use serde_json::{Map, Value};

use super::sight::{Failures, Sight};
use crate::agent::checks::docker::memory::ContainerMemory;
use crate::agent::checks::docker::view::{Container, Health, State};
use crate::domain::kind::{CONTAINER_DOWN, CONTAINER_RESTART_COUNT_HIGH, CONTAINER_UNHEALTHY};
use crate::domain::timestamp::Timestamp;

/// The sentence for a container that is down, or was.
pub(super) fn down(sight: &Sight<'_>, memory: &ContainerMemory, failures: &Failures) -> String {
    let seen = sight.container;
    let name = &seen.name;
    if memory.planned_at.is_some() {
        return format!("Docker container was stopped on purpose: {name}");
    }
    if !seen.state.is_stopped() {
        let code = failures
            .code
            .map_or_else(String::new, |code| format!(" (exit code {code})"));
        return match failures.count {
            1 if seen.state.is_up() => {
                format!("Docker container died and was started again: {name}{code}")
            }
            1 => format!("Docker container died: {name}{code}"),
            count => format!("Docker container died {count} times: {name}{code}"),
        };
    }
    match (seen.state, seen.exit_code()) {
        (State::Dead, _) => format!("Docker container is dead: {name}"),
        (_, Some(code)) => format!("Docker container stopped: {name} (exit code {code})"),
        (_, None) => format!("Docker container stopped: {name}"),
    }
}

/// The sentence for any other condition that holds.
pub(super) fn firing(kind: &str, sight: &Sight<'_>, memory: &ContainerMemory) -> String {
    let name = &sight.container.name;
    match kind {
        CONTAINER_RESTART_COUNT_HIGH => {
            let inspected = sight.container.inspected();
            let count = inspected.map_or(0, |inspected| inspected.restart_count);
            let threshold = sight.host.restart_threshold;
            let rate = memory.starts.len();
            if count.saturating_sub(memory.baseline) < u64::from(threshold) {
                let threshold = sight.host.restart_rate_threshold;
                return format!(
                    "Docker container keeps restarting: {name} ({rate} restarts within an hour, threshold {threshold})"
                );
            }
            format!(
                "Docker container keeps restarting: {name} ({count} restarts, threshold {threshold})"
            )
        }
        CONTAINER_UNHEALTHY => format!("Docker container is unhealthy: {name}"),
        _ => format!("Docker container ran out of memory: {name}"),
    }
}

/// The sentence for a condition that is over.
pub(super) fn over(kind: &str, seen: &Container, recreated: bool) -> String {
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
pub(super) fn detail(sight: &Sight<'_>, memory: &ContainerMemory) -> Map<String, Value> {
    let seen = sight.container;
    let mut detail = images(&seen.image, &seen.image_id, sight, memory);
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            detail.insert(key.to_owned(), value);
        }
    };
    put("container", Some(seen.name.as_str().into()));
    put("container_id", Some(seen.id.as_str().into()));
    put("compose_project", seen.project.as_deref().map(Into::into));
    put("compose_service", seen.service.as_deref().map(Into::into));
    put("status", Some(seen.state.as_str().into()));
    put("threshold", Some(sight.host.restart_threshold.into()));
    put("restart_rate_per_hour", Some(memory.starts.len().into()));
    put(
        "restart_policy",
        memory.policy.map(|policy| policy.as_str().into()),
    );
    // A running container reports the exit code 0 of nothing.
    if !seen.state.is_up() {
        put("exit_code", seen.exit_code().map(Into::into));
    }
    if let Some(inspected) = seen.inspected() {
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

/// The image, and the one before it: "changed six minutes before" is a cause to look at first.
fn images(
    image: &str,
    image_id: &str,
    sight: &Sight<'_>,
    memory: &ContainerMemory,
) -> Map<String, Value> {
    let mut detail = Map::new();
    detail.insert("image".to_owned(), image.into());
    if !image_id.is_empty() {
        detail.insert("image_id".to_owned(), image_id.into());
    }
    if let Some(previous) = &memory.previous {
        let at = sight.times.local(previous.changed_at).to_string();
        detail.insert("image_changed_at".to_owned(), at.into());
        detail.insert("previous_image".to_owned(), previous.image.as_str().into());
        detail.insert(
            "previous_image_id".to_owned(),
            previous.image_id.as_str().into(),
        );
    }
    detail
}

/// The facts of a container that cannot be looked at any more.
pub(super) fn detail_of_gone(
    name: &str,
    before: &ContainerMemory,
    status: &str,
) -> Map<String, Value> {
    let mut detail = Map::from_iter([
        ("container".to_owned(), name.into()),
        ("container_id".to_owned(), before.id.as_str().into()),
        ("image".to_owned(), before.image.as_str().into()),
        ("status".to_owned(), status.into()),
    ]);
    if !before.image_id.is_empty() {
        detail.insert("image_id".to_owned(), before.image_id.as_str().into());
    }
    detail
}
