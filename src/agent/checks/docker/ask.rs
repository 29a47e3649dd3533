//! What a look at an endpoint is to find out: built from what is remembered before it, so that a
//! look inspects no container of which nothing new can be known.

use std::collections::BTreeMap;
use std::time::Duration;

use super::events::{Event, Nanos};
use super::memory::EndpointMemory;
use super::view::{Container, State, least_age};
use crate::config::agent::DockerHost;
use crate::domain::docker_endpoint::DockerEndpoint;

/// An agent that was away for longer asks for no older events.
const LONGEST_BACK: Nanos = 24 * 3_600 * 1_000_000_000;
/// Events may be written down a little later than the time they carry.
const OVERLAP: Nanos = 2_000_000_000;

/// What a look is to find out.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Where.
    pub address: DockerEndpoint,
    /// In at most this time.
    pub timeout: Duration,
    /// Everything up to this moment of the engine's clock was judged; nothing before the first look.
    pub cursor: Option<Nanos>,
    /// Marks of the rows, by id, of the containers about which nothing is left to be found out.
    pub calm: BTreeMap<String, String>,
}

impl Ask {
    /// What is to be found out at an endpoint of which this is remembered.
    pub fn new(
        host: &DockerHost,
        address: DockerEndpoint,
        memory: Option<&EndpointMemory>,
    ) -> Self {
        let calm = memory.map_or_else(BTreeMap::new, |memory| {
            memory
                .containers
                .values()
                .filter(|container| container.calm)
                .map(|container| (container.id.clone(), container.mark.clone()))
                .collect()
        });
        Self {
            address,
            timeout: Duration::from_secs(host.timeout_seconds.into()),
            cursor: memory.and_then(|memory| memory.cursor),
            calm,
        }
    }

    /// From which moment on events are asked for, where it is `now` by the engine's clock.
    pub fn since(&self, now: Nanos) -> Nanos {
        // A cursor in the future is one of a clock that was set back since.
        let known = self.cursor.filter(|cursor| *cursor <= now);
        known
            .unwrap_or(now.saturating_sub(LONGEST_BACK))
            .saturating_sub(OVERLAP)
            .max(now.saturating_sub(LONGEST_BACK))
    }

    /// Whether only an inspection tells how this container is, where it is `now` by the engine's
    /// clock and these events were heard of it.
    pub fn needs_inspection(&self, row: &Container, events: &[Event], now: Nanos) -> bool {
        let Some(cursor) = self.cursor else {
            return true;
        };
        let is_calm = self.calm.get(&row.id).is_some_and(|mark| *mark == row.mark);
        if !is_calm || !events.is_empty() {
            return true;
        }
        // Engines forget events. What has been like this for longer than the time that is asked
        // about did not end and begin in it.
        let asked_about = now.saturating_sub(cursor).saturating_add(OVERLAP) / 1_000_000_000;
        let asked_about = u64::try_from(asked_about).unwrap_or(u64::MAX);
        row.state != State::Created && least_age(&row.status).is_none_or(|age| age <= asked_about)
    }
}
