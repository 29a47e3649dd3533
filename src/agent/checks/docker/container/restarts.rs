//! Restarts: how many since the container last ran steadily, and how many in the last hour.

use super::sight::{Failures, Sight};
use super::{STEADY_MS, is_young};
use crate::agent::checks::Finding;
use crate::agent::checks::docker::memory::{ContainerMemory, MAX_STARTS, STARTS_MS};
use crate::agent::checks::docker::view::State;
use crate::domain::severity::Severity;

/// Complains about a container that its engine started again too often, or that started too often
/// within an hour, whoever starts it. Over when it runs steadily, and then all is forgiven.
pub(super) fn judge(
    sight: &Sight<'_>,
    memory: &mut ContainerMemory,
    failures: &Failures,
    recreated: bool,
) -> Finding {
    let over = if recreated {
        // The open condition of another container of that name is over all the same.
        Finding::Over
    } else {
        Finding::NoNews
    };
    let Some(inspected) = sight.container.inspected() else {
        return over;
    };
    let count = inspected.restart_count;
    let rose = memory.restarts.is_some_and(|last| count > last);
    memory.restarts = Some(count);
    if count < memory.baseline {
        memory.baseline = 0;
    }
    remember(sight, memory, failures);
    let young = is_young(inspected, sight.times);
    let run_ms = inspected
        .started_at
        .map_or(i64::MAX, |start| sight.times.age_ms(start));
    if sight.container.state == State::Running
        && !rose
        && failures.count == 0
        && run_ms >= steady_after_ms(memory)
    {
        memory.baseline = count;
        memory.starts.clear();
        return Finding::Over;
    }
    let threshold = u64::from(sight.host.restart_threshold.max(1));
    let is_often = count - memory.baseline >= threshold && (rose || young);
    let rate = u64::from(sight.host.restart_rate_threshold);
    if is_often || memory.starts.len() as u64 >= rate {
        return Finding::Holds(Severity::Warning);
    }
    over
}

fn remember(sight: &Sight<'_>, memory: &mut ContainerMemory, failures: &Failures) {
    memory.starts.extend(&failures.starts);
    memory.starts.sort_unstable();
    memory
        .starts
        .retain(|start| sight.times.age_ms(*start) < STARTS_MS);
    let surplus = memory.starts.len().saturating_sub(MAX_STARTS);
    memory.starts.drain(..surplus);
}

/// For how long a container must run to be called steady: twice the time it usually lived.
fn steady_after_ms(memory: &ContainerMemory) -> i64 {
    let gap = match memory.starts.as_slice() {
        [first, .., last] => {
            let gaps = i64::try_from(memory.starts.len() - 1).unwrap_or(i64::MAX);
            last.millis_since(*first) / gaps
        }
        _ => 0,
    };
    gap.saturating_mul(2).clamp(STEADY_MS, STARTS_MS)
}
