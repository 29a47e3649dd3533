//! What the rules for one container are given, and how the engine's times are read on this host.

use crate::agent::checks::docker::events::{Nanos, Tale, moment};
use crate::agent::checks::docker::memory::ContainerMemory;
use crate::agent::checks::docker::view::{Container, Product};
use crate::config::agent::DockerHost;
use crate::domain::kind::CONTAINER_RESTART_COUNT_HIGH;
use crate::domain::timestamp::Timestamp;

/// The start event of a run comes a little after the start that an inspection tells.
const START_SLACK: Nanos = 1_000_000_000;

/// This host's clock and the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Now, by this host's clock.
    pub now: Timestamp,
    /// How far the engine's clock is ahead, in milliseconds.
    pub skew_ms: i64,
}

impl Times {
    /// A time of the engine by this host's clock; never in the future.
    pub fn local(self, engine: Timestamp) -> Timestamp {
        engine
            .plus_millis(self.skew_ms.saturating_neg())
            .min(self.now)
    }

    /// As [`Times::local`].
    pub fn local_nanos(self, engine: Nanos) -> Timestamp {
        self.local(moment(engine))
    }

    /// How long ago a time of the engine is, in milliseconds.
    pub fn age_ms(self, engine: Timestamp) -> i64 {
        self.now
            .millis_since(engine.plus_millis(self.skew_ms.saturating_neg()))
    }
}

/// One container in one look.
#[derive(Debug)]
pub struct Sight<'a> {
    /// What was seen of it.
    pub container: &'a Container,
    /// What was heard of it since the last look.
    pub tale: Tale,
    /// The rules of its endpoint.
    pub host: &'a DockerHost,
    /// What its engine is.
    pub product: Product,
    /// The clocks.
    pub times: Times,
    /// What this look is about: from the end of the last one, where there was one, to the end of
    /// what was heard, where it was heard.
    pub window: (Option<Nanos>, Option<Nanos>),
}

/// Ends since the last look that nobody asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Failures {
    /// How many.
    pub(super) count: u64,
    /// The first; by the engine's clock.
    pub(super) first: Option<Timestamp>,
    /// Exit code of the last.
    pub(super) code: Option<i64>,
    /// Starts after them; by the engine's clock.
    pub(super) starts: Vec<Timestamp>,
    /// They were not heard but are known from the engine's own count of restarts.
    pub(super) counted: bool,
}

impl Sight<'_> {
    /// Failures as the events tell them, or else as the count of restarts does. Nothing at the
    /// first look at an endpoint: that is history.
    pub(super) fn failures(&self, memory: &ContainerMemory) -> Failures {
        if self.window.0.is_none() {
            return Failures::default();
        }
        if self.tale.ends.is_empty() {
            return self.counted(memory).unwrap_or_default();
        }
        let mut failures = Failures::default();
        for end in self.tale.failures(self.product, memory.policy) {
            failures.count += 1;
            failures.first.get_or_insert(moment(end.at));
            failures.code = end.code;
            failures.starts.extend(end.back.map(moment));
        }
        // What the engine's ring had room for is not all that happened.
        let rise = self.rise(memory);
        if failures.count > 0 && rise > failures.starts.len() as u64 {
            failures.count = failures.count.max(rise);
        }
        failures
    }

    /// By how much the engine's count of restarts rose. It counts only its own: never a person's.
    fn rise(&self, memory: &ContainerMemory) -> u64 {
        let count = self
            .container
            .inspected()
            .map(|inspected| inspected.restart_count);
        match (memory.restarts, count) {
            (Some(last), Some(count)) => count.saturating_sub(last),
            _ => 0,
        }
    }

    fn counted(&self, memory: &ContainerMemory) -> Option<Failures> {
        let inspected = self.container.inspected()?;
        let count = self.rise(memory);
        if count == 0 {
            return None;
        }
        let starts = usize::try_from(count).map_or(usize::MAX, |count| {
            count.min(crate::agent::checks::docker::memory::MAX_STARTS)
        });
        Some(Failures {
            count,
            first: inspected.finished_at,
            code: None,
            starts: inspected
                .started_at
                .map_or_else(Vec::new, |start| vec![start; starts]),
            counted: true,
        })
    }

    /// Whether a loop was known before this look, so that each single end is no news.
    pub(super) fn is_in_a_known_loop(memory: &ContainerMemory) -> bool {
        memory.open.contains_key(CONTAINER_RESTART_COUNT_HIGH)
    }

    /// The last event that is judged now.
    pub(super) fn heard(&self, memory: &ContainerMemory, failures: &Failures) -> Option<Nanos> {
        let counted = failures
            .starts
            .last()
            .filter(|_| failures.counted)
            .map(|start| {
                let start = start.as_millis().saturating_mul(1_000_000);
                start.saturating_add(START_SLACK)
            });
        memory.heard.max(self.tale.last).max(counted)
    }
}
