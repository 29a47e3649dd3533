//! What is remembered of a Docker endpoint between two looks. Part of the agent's state file, so
//! nothing here may change while nothing happens (no "seen at", no "Up 3 minutes").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::view::{Container, RestartPolicy};
use crate::agent::checks::Open;

/// One endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EndpointMemory {
    /// Its containers by name.
    #[serde(default)]
    pub containers: BTreeMap<String, ContainerMemory>,
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

impl ContainerMemory {
    /// The memory that a container that is seen now starts from: what was remembered of it, or
    /// only the open conditions where another container has taken the name.
    pub fn for_container(seen: &Container, before: Option<&Self>) -> Self {
        match before {
            Some(before) if before.id == seen.id => before.clone(),
            other => Self {
                id: seen.id.clone(),
                image: seen.image.clone(),
                open: other.map(|before| before.open.clone()).unwrap_or_default(),
                ..Self::default()
            },
        }
    }
}
