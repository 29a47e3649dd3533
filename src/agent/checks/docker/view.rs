//! What one look at a Docker endpoint showed. Filled by `agent::sys::docker`, judged next door.
//! Times are the engine's own.

pub mod words;

pub use self::words::{Health, RestartPolicy, State, least_age};
use super::events::Events;
use crate::domain::timestamp::Timestamp;

/// How a look at an endpoint ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// The engine answered.
    Answered(Engine),
    /// It did not, or not as an engine does: why.
    Unreachable(String),
    /// The agent may not look: why. This says nothing of the engine or its containers.
    NotAllowed(String),
}

/// Which program answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Product {
    /// Docker Engine, and whatever does not say otherwise.
    #[default]
    Docker,
    /// Podman's service, whose events differ.
    Podman,
}

/// An engine and its containers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Engine {
    /// Which program it is.
    pub product: Product,
    /// Version of the engine, for example `20.10.24`.
    pub version: String,
    /// Version of the API that was spoken.
    pub api_version: String,
    /// All containers, stopped ones too.
    pub containers: Vec<Container>,
    /// Whether that is really all: rows that could not be read are missing, not removed.
    pub whole: bool,
    /// What happened since the last look.
    pub events: Events,
    /// How far the engine's clock is ahead of this host's, in milliseconds.
    pub skew_ms: i64,
}

/// One container.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Hexadecimal, 12 to 64 digits.
    pub id: String,
    /// Without the leading slash, tame and bounded.
    pub name: String,
    /// The image as the list shows it.
    pub image: String,
    /// The id of the image: a tag may be moved, this may not.
    pub image_id: String,
    /// The compose project it belongs to.
    pub project: Option<String>,
    /// The compose service that it is.
    pub service: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// What it does.
    pub state: State,
    /// The engine's words for it: `Exited (137) 2 hours ago`.
    pub status: String,
    /// State, health and exit code of the row, without what changes by the clock alone.
    pub mark: String,
    /// What only an inspection tells.
    pub inspected: Inspection,
}

/// How the inspection of a container ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Inspection {
    /// It told.
    Done(Inspected),
    /// It was left out: the row shows the container as it was, and nothing happened to it.
    Unneeded,
    /// It failed for this container: why.
    Failed(String),
}

/// What only an inspection tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inspected {
    /// Of the last run; 0 for one that runs.
    pub exit_code: Option<i64>,
    /// How often the engine started it again.
    pub restart_count: u64,
    /// Its own health check.
    pub health: Health,
    /// The kernel killed a process of it for want of memory.
    pub oom_killed: bool,
    /// Start of the last run.
    pub started_at: Option<Timestamp>,
    /// End of the last run.
    pub finished_at: Option<Timestamp>,
    /// When the engine starts it again.
    pub restart_policy: RestartPolicy,
}

impl Container {
    /// What the inspection told, where there was one.
    pub fn inspected(&self) -> Option<&Inspected> {
        match &self.inspected {
            Inspection::Done(inspected) => Some(inspected),
            Inspection::Unneeded | Inspection::Failed(_) => None,
        }
    }

    /// Exit code of a container that ended, from the inspection or else from the engine's words.
    pub fn exit_code(&self) -> Option<i64> {
        match self.inspected() {
            Some(inspected) => inspected.exit_code,
            None => self.row_exit_code(),
        }
    }

    /// Health, from the inspection or else from the engine's words: `Up 2 minutes (unhealthy)`.
    pub fn health(&self) -> Health {
        self.inspected()
            .map_or_else(|| self.row_health(), |inspected| inspected.health)
    }

    /// What of the row stays the same while nothing happens.
    pub fn row_mark(&self) -> String {
        let state = self.state.as_str();
        match self.row_exit_code() {
            Some(code) if !self.state.is_up() => format!("{state} {code}"),
            _ if self.state == State::Running => {
                format!("{state} {}", self.row_health().as_str())
            }
            _ => state.to_owned(),
        }
    }

    fn row_exit_code(&self) -> Option<i64> {
        let rest = self.status.split_once('(')?.1;
        rest.split_once(')')?.0.parse().ok()
    }

    fn row_health(&self) -> Health {
        for (words, health) in [
            ("(unhealthy)", Health::Unhealthy),
            ("(healthy)", Health::Healthy),
            ("(health: starting)", Health::Starting),
        ] {
            if self.status.contains(words) {
                return health;
            }
        }
        Health::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blind(status: &str) -> Container {
        Container {
            id: "0123456789ab".into(),
            name: "web".into(),
            image: "nginx".into(),
            image_id: String::new(),
            project: None,
            service: None,
            created: None,
            state: State::Exited,
            status: status.into(),
            mark: String::new(),
            inspected: Inspection::Failed("missing field".into()),
        }
    }

    #[test]
    fn the_list_row_stands_in_for_an_inspection_that_failed() {
        assert_eq!(blind("Exited (137) 2 hours ago").exit_code(), Some(137));
        assert_eq!(blind("Up 2 minutes").exit_code(), None);
        assert_eq!(
            blind("Up 2 minutes (unhealthy)").health(),
            Health::Unhealthy
        );
        assert_eq!(blind("Up 2 minutes (healthy)").health(), Health::Healthy);
        assert_eq!(
            blind("Up 1 second (health: starting)").health(),
            Health::Starting
        );
        assert_eq!(blind("Up 2 minutes").health(), Health::None);
    }
}
