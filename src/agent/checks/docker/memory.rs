//! What is remembered of a Docker endpoint between two looks. Part of the agent's state file, so
//! nothing here may change while nothing happens (no "seen at", no "Up 3 minutes").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::events::Nanos;
use super::view::{Container, RestartPolicy};
use crate::agent::checks::Open;
use crate::domain::timestamp::Timestamp;

/// Starts that are remembered of one container.
pub const MAX_STARTS: usize = 64;
/// For how long they are, in milliseconds.
pub const STARTS_MS: i64 = 60 * 60 * 1000;
/// The cursor may fall this far behind before it is moved without need.
pub const CURSOR_LAG: Nanos = 15 * 60 * 1_000_000_000;

/// One endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EndpointMemory {
    /// Its containers by name.
    #[serde(default)]
    pub containers: BTreeMap<String, ContainerMemory>,
    /// Everything up to this moment of the engine's clock was judged. It may fall behind: what is
    /// heard twice is known by [`ContainerMemory::heard`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Nanos>,
    /// Conditions of the endpoint itself, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open: BTreeMap<String, Open>,
}

/// One container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerMemory {
    /// Id of the container that has the name now.
    pub id: String,
    /// Its image.
    pub image: String,
    /// The image's id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub image_id: String,
    /// The image that the name stood for before, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousImage>,
    /// Its row in the list without what changes by the clock alone.
    #[serde(default)]
    pub mark: String,
    /// An inspection would tell nothing new as long as the row stays the same.
    #[serde(default)]
    pub calm: bool,
    /// Its last event that was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Nanos>,
    /// When somebody stopped it, while it is down for that reason; by the engine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_at: Option<Timestamp>,
    /// Starts after ends that nobody asked for, of the last hour, by the engine's clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Timestamp>,
    /// When its last `container_down` was said to be over: nothing older may be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_at: Option<Timestamp>,
    /// It was seen running.
    #[serde(default)]
    pub ran: bool,
    /// Its restart count when it was last inspected; nothing before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u64>,
    /// Restarts up to this count are forgiven.
    #[serde(default)]
    pub baseline: u64,
    /// End of the run before the one that was last found out of memory, in milliseconds; 0 where
    /// no run had ended. Tells a new kill from the engine's memory of an old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub killed_at: Option<i64>,
    /// Its restart policy when it was last inspected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<RestartPolicy>,
    /// What is wrong with it, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open: BTreeMap<String, Open>,
}

/// An image that another took the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousImage {
    /// Its name.
    pub image: String,
    /// Its id.
    pub image_id: String,
    /// When the container with the other image was made; by the engine's clock.
    pub changed_at: Timestamp,
}

impl ContainerMemory {
    /// The memory that a container that is seen now starts from: what was remembered of it, or
    /// only the open conditions and images where another container has taken the name.
    pub fn for_container(seen: &Container, before: Option<&Self>, now: Timestamp) -> Self {
        let mut memory = match before {
            Some(before) if before.id == seen.id => before.clone(),
            other => Self {
                id: seen.id.clone(),
                image: seen.image.clone(),
                image_id: seen.image_id.clone(),
                previous: other.and_then(|before| before.image_before(seen, now)),
                over_at: other.and_then(|before| before.over_at),
                open: other.map(|before| before.open.clone()).unwrap_or_default(),
                ..Self::default()
            },
        };
        memory.mark.clone_from(&seen.mark);
        memory
    }

    /// What a container that takes this one's name is to remember of images.
    fn image_before(&self, seen: &Container, now: Timestamp) -> Option<PreviousImage> {
        if self.image_id == seen.image_id || self.image_id.is_empty() {
            return self.previous.clone();
        }
        Some(PreviousImage {
            image: self.image.clone(),
            image_id: self.image_id.clone(),
            changed_at: seen.created.unwrap_or(now),
        })
    }
}
