//! What one look at a Docker endpoint showed. Filled by `agent::sys::docker`, judged next door.

use serde::{Deserialize, Serialize};

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

/// An engine and its containers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Engine {
    /// Version of the engine, for example `20.10.24`.
    pub version: String,
    /// Version of the API that was spoken.
    pub api_version: String,
    /// All containers, stopped ones too.
    pub containers: Vec<Container>,
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
    /// What it does.
    pub state: State,
    /// The engine's words for it: `Exited (137) 2 hours ago`.
    pub status: String,
    /// What only an inspection tells, or why it failed for this container.
    pub inspected: Result<Inspected, String>,
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

/// Docker's states of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Never started.
    Created,
    /// Runs.
    Running,
    /// Frozen by a person.
    Paused,
    /// Ended, and about to be started again by the engine.
    Restarting,
    /// Being deleted.
    Removing,
    /// Ended.
    Exited,
    /// Could not be removed.
    Dead,
    /// A word of a newer engine.
    Other,
}

impl State {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Created, "created"),
        (Self::Running, "running"),
        (Self::Paused, "paused"),
        (Self::Restarting, "restarting"),
        (Self::Removing, "removing"),
        (Self::Exited, "exited"),
        (Self::Dead, "dead"),
        (Self::Other, "other"),
    ];

    /// Reads Docker's word.
    pub fn parse(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|(_, name)| name.eq_ignore_ascii_case(word))
            .map_or(Self::Other, |(state, _)| state)
    }

    /// Docker's word.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(state, _)| *state == self)
            .map_or("other", |(_, name)| name)
    }

    /// Ended and not about to come back by itself.
    pub fn is_stopped(self) -> bool {
        matches!(self, Self::Exited | Self::Dead)
    }

    /// Has processes.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// Result of a container's own health check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Health {
    /// It has no check.
    #[default]
    None,
    /// Not decided yet.
    Starting,
    /// The last check succeeded.
    Healthy,
    /// The last checks failed.
    Unhealthy,
}

impl Health {
    /// Reads Docker's word; anything unknown is no check.
    pub fn parse(word: &str) -> Self {
        match word {
            "starting" => Self::Starting,
            "healthy" => Self::Healthy,
            "unhealthy" => Self::Unhealthy,
            _ => Self::None,
        }
    }

    /// Docker's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// When the engine starts a container again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// Never.
    #[default]
    No,
    /// After any end.
    Always,
    /// After any end that no person asked for.
    UnlessStopped,
    /// After an end with an error.
    OnFailure,
}

impl RestartPolicy {
    /// Reads Docker's word; an empty or unknown one is `no`.
    pub fn parse(word: &str) -> Self {
        match word {
            "always" => Self::Always,
            "unless-stopped" => Self::UnlessStopped,
            "on-failure" => Self::OnFailure,
            _ => Self::No,
        }
    }

    /// Docker's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Always => "always",
            Self::UnlessStopped => "unless-stopped",
            Self::OnFailure => "on-failure",
        }
    }

    /// Whether a container with this policy that ended with `exit_code` should be running.
    pub fn wants_it_running(self, exit_code: Option<i64>) -> bool {
        match self {
            Self::Always | Self::UnlessStopped => true,
            Self::OnFailure => exit_code.is_some_and(|code| code != 0),
            Self::No => false,
        }
    }
}

impl Container {
    /// Exit code of a container that ended, from the inspection or else from the engine's words.
    pub fn exit_code(&self) -> Option<i64> {
        if let Ok(inspected) = &self.inspected {
            return inspected.exit_code;
        }
        let rest = self.status.split_once('(')?.1;
        rest.split_once(')')?.0.parse().ok()
    }

    /// Health, from the inspection or else from the engine's words: `Up 2 minutes (unhealthy)`.
    pub fn health(&self) -> Health {
        match &self.inspected {
            Ok(inspected) => inspected.health,
            Err(_) if self.status.contains("(unhealthy)") => Health::Unhealthy,
            Err(_) if self.status.contains("(healthy)") => Health::Healthy,
            Err(_) if self.status.contains("(health: starting)") => Health::Starting,
            Err(_) => Health::None,
        }
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
            state: State::Exited,
            status: status.into(),
            inspected: Err("missing field".into()),
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

    #[test]
    fn words_are_read_as_they_are_written() {
        for (state, word) in State::ALL {
            assert_eq!(State::parse(word), state);
        }
        assert_eq!(State::parse("hibernated"), State::Other);
        for word in ["no", "always", "unless-stopped", "on-failure"] {
            assert_eq!(RestartPolicy::parse(word).as_str(), word);
        }
    }
}
