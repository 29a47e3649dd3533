//! Containers that are down, that were and are back, and those that somebody stopped.

use serde_json::Value;

use super::News;
use super::sight::{Failures, Sight, Times};
use super::words;
use crate::agent::checks::docker::events::{Nanos, Tale, moment};
use crate::agent::checks::docker::memory::ContainerMemory;
use crate::agent::checks::docker::view::{Inspection, Product, RestartPolicy, State};
use crate::agent::checks::{Finding, settle};
use crate::domain::kind::CONTAINER_DOWN;
use crate::domain::severity::Severity;
use crate::domain::signal::Status;
use crate::domain::timestamp::Timestamp;

/// An end that came this much after the last event that was asked for is judged at the next look,
/// when its events are heard too.
const TOO_NEW_MS: i64 = 30_000;

/// Brings up to date whether the container is down because somebody stopped it.
pub(super) fn remember_who_asked(sight: &Sight<'_>, memory: &mut ContainerMemory) {
    if let Some(end) = sight.tale.end() {
        let planned = end.was_planned(sight.product, memory.policy);
        memory.planned_at = planned.then(|| moment(end.at));
    } else if let (Some(stopped), true) = (sight.tale.stopped_late, memory.planned_at.is_none()) {
        memory.planned_at = Some(moment(stopped));
    }
    if sight.container.state.is_up() || sight.container.state == State::Restarting {
        memory.planned_at = None;
    }
}

/// What is to be said of the container being down or up.
pub(super) fn judge(
    sight: &Sight<'_>,
    memory: &mut ContainerMemory,
    failures: &Failures,
) -> Vec<News> {
    let is_open = memory.open.contains_key(CONTAINER_DOWN);
    let is_news = failures.count > 0 && !is_open && !Sight::is_in_a_known_loop(memory);
    if is_news && sight.container.state.is_up() {
        return came_back(sight, memory, failures);
    }
    let finding = match sight.container.state {
        State::Restarting if is_news => Finding::Holds(Severity::Warning),
        _ => finding(sight, memory),
    };
    let at = match finding {
        // A start before the end that was told is of another clock: the look itself counts.
        Finding::Over => back_at(sight).filter(|at| {
            let open = memory.open.get(CONTAINER_DOWN);
            open.is_some_and(|open| *at >= open.since)
        }),
        _ if is_open => None,
        _ => down_at(sight, failures),
    };
    let moment = not_before(at, memory);
    let since = moment.unwrap_or(sight.times.now);
    let Some((status, severity)) = settle(&mut memory.open, CONTAINER_DOWN, finding, since) else {
        return Vec::new();
    };
    if status == Status::Resolved {
        memory.over_at = Some(since);
    }
    vec![news(sight, memory, failures, (status, severity, moment))]
}

/// Down and up again between two looks: both are told, each at its own time.
fn came_back(sight: &Sight<'_>, memory: &mut ContainerMemory, failures: &Failures) -> Vec<News> {
    let times = sight.times;
    let down = failures.first.map(|at| times.local(at));
    let down = not_before(down, memory).unwrap_or(times.now);
    let up = back_at(sight).unwrap_or(times.now).max(down);
    memory.over_at = Some(up);
    let firing = (Status::Firing, Severity::Warning, Some(down));
    let resolved = (Status::Resolved, Severity::Info, Some(up));
    vec![
        news(sight, memory, failures, firing),
        news(sight, memory, failures, resolved),
    ]
}

fn news(
    sight: &Sight<'_>,
    memory: &ContainerMemory,
    failures: &Failures,
    (status, severity, at): (Status, Severity, Option<Timestamp>),
) -> News {
    let mut detail = words::detail(sight, memory);
    if failures.count > 0 {
        detail.insert("deaths".to_owned(), failures.count.into());
        if let (Status::Firing, Some(code)) = (status, failures.code) {
            detail.insert("exit_code".to_owned(), code.into());
        }
    }
    if let Some(at) = memory.planned_at {
        detail.insert("planned".to_owned(), true.into());
        let at = sight.times.local(at).to_string();
        detail.insert("stopped_at".to_owned(), Value::from(at));
    }
    News {
        kind: CONTAINER_DOWN,
        status,
        severity,
        summary: match status {
            Status::Firing => words::down(sight, memory, failures),
            Status::Resolved => words::over(CONTAINER_DOWN, sight.container, false),
        },
        detail,
        at,
    }
}

fn finding(sight: &Sight<'_>, memory: &ContainerMemory) -> Finding {
    let seen = sight.container;
    if seen.state.is_up() {
        return Finding::Over;
    }
    if !seen.state.is_stopped() || is_too_new(sight) {
        return Finding::NoNews;
    }
    let exit_code = seen.exit_code();
    let wanted = memory
        .policy
        .is_some_and(|policy| policy.wants_it_running(exit_code));
    if !memory.ran && !wanted {
        return Finding::NoNews;
    }
    if let Some(at) = memory.planned_at {
        let grace_ms = i64::from(sight.host.planned_stop_grace_minutes) * 60_000;
        return Finding::Holds(if sight.times.age_ms(at) < grace_ms {
            Severity::Info
        } else {
            Severity::Warning
        });
    }
    // A job that did its work and is not meant to be started again by itself.
    let finished = exit_code == Some(0) && memory.policy == Some(RestartPolicy::No);
    match (&seen.inspected, memory.open.get(CONTAINER_DOWN)) {
        // Half a look is enough to complain, not to change one's mind.
        (Inspection::Failed(_), Some(open)) => Finding::Holds(open.severity),
        _ if finished => Finding::Holds(Severity::Info),
        _ => Finding::Holds(Severity::Warning),
    }
}

/// It ended after the events that were heard: who asked for it is not known yet.
fn is_too_new(sight: &Sight<'_>) -> bool {
    let end = sight
        .container
        .inspected()
        .and_then(|inspected| inspected.finished_at);
    let (Some(heard), Some(end)) = (sight.window.1, end) else {
        return false;
    };
    let later = end.millis_since(moment(heard));
    sight.tale.end().is_none() && (1..TOO_NEW_MS).contains(&later)
}

/// When it went down, where that was since the last look.
fn down_at(sight: &Sight<'_>, failures: &Failures) -> Option<Timestamp> {
    let since = moment(sight.window.0?);
    let inspected = sight.container.inspected();
    let end = match (sight.container.state, sight.tale.end()) {
        (State::Restarting, _) => failures.first,
        (_, Some(end)) => Some(moment(end.at)),
        (_, None) => inspected.and_then(|inspected| inspected.finished_at),
    };
    end.filter(|end| *end >= since)
        .map(|end| sight.times.local(end))
}

/// When it came up, as the engine says.
fn back_at(sight: &Sight<'_>) -> Option<Timestamp> {
    let start = sight.tale.start().map(moment);
    let inspected = sight.container.inspected();
    start
        .or_else(|| inspected.and_then(|inspected| inspected.started_at))
        .map(|start| sight.times.local(start))
}

/// Keeps the story of a container in order, whatever the clocks did.
fn not_before(at: Option<Timestamp>, memory: &ContainerMemory) -> Option<Timestamp> {
    let open = memory.open.get(CONTAINER_DOWN).map(|open| open.since);
    let least = open.max(memory.over_at.map(|over| over.plus_millis(1)));
    let at = at?;
    Some(least.map_or(at, |least| at.max(least)))
}

/// A container that died, and was removed before it could be looked at: down, and over.
pub fn died_and_was_removed(
    name: &str,
    before: &ContainerMemory,
    tale: &Tale,
    product: Product,
    times: Times,
) -> Vec<News> {
    let removed: Option<Nanos> = tale.destroyed;
    let Some(first) = tale.failures(product, before.policy).next() else {
        return Vec::new();
    };
    if !before.ran || before.open.contains_key(CONTAINER_DOWN) || Sight::is_in_a_known_loop(before)
    {
        return Vec::new();
    }
    let down = times.local_nanos(first.at);
    let over = removed
        .map_or(times.now, |at| times.local_nanos(at))
        .max(down);
    let mut detail = words::detail_of_gone(name, before, "removed");
    if let Some(code) = first.code {
        detail.insert("exit_code".to_owned(), code.into());
    }
    let of = |status, severity, summary: String, at| News {
        kind: CONTAINER_DOWN,
        status,
        severity,
        summary,
        detail: detail.clone(),
        at: Some(at),
    };
    vec![
        of(
            Status::Firing,
            Severity::Warning,
            format!("Docker container stopped and was removed: {name}"),
            down,
        ),
        of(
            Status::Resolved,
            Severity::Info,
            format!("Docker container was removed: {name}"),
            over,
        ),
    ]
}
