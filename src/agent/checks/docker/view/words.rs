//! The engine's words: states, health, restart policies, and the sentence of a list's row.

use serde::{Deserialize, Serialize};

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
    /// Podman's word for one that ended and is not tidied up after yet: it may be started again.
    Stopped,
    /// Could not be removed.
    Dead,
    /// A word of a newer engine.
    Other,
}

impl State {
    pub(super) const ALL: [(Self, &'static str); 9] = [
        (Self::Created, "created"),
        (Self::Running, "running"),
        (Self::Paused, "paused"),
        (Self::Restarting, "restarting"),
        (Self::Removing, "removing"),
        (Self::Exited, "exited"),
        (Self::Stopped, "stopped"),
        (Self::Dead, "dead"),
        (Self::Other, "other"),
    ];

    /// Reads Docker's word, or Podman's own for the same.
    pub fn parse(word: &str) -> Self {
        let word = match word {
            "configured" | "initialized" => "created",
            word => word,
        };
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
        matches!(self, Self::Exited | Self::Stopped | Self::Dead)
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

/// Seconds for which a container has been what its row says, at least: the number in
/// `Up 5 minutes` or `Exited (1) About an hour ago`. Nothing where the row does not tell.
pub fn least_age(status: &str) -> Option<u64> {
    let words: Vec<&str> = status
        .split_whitespace()
        .filter(|word| !word.starts_with('(') && !word.ends_with(')'))
        .collect();
    let unit = |word: &str| match word.trim_end_matches('s') {
        "second" => Some((1, 0)),
        "minute" => Some((60, 0)),
        // Engines round hours: "3 hours" begins at two and a half.
        "hour" => Some((3_600, 1_800)),
        "day" => Some((86_400, 1_800)),
        "week" => Some((7 * 86_400, 1_800)),
        "month" => Some((30 * 86_400, 1_800)),
        "year" => Some((365 * 86_400, 1_800)),
        _ => None,
    };
    words.windows(2).find_map(|pair| match pair {
        ["About", "a"] => Some(60),
        ["About", "an"] => Some(3_600),
        ["a", "second"] => Some(0),
        [number, word] => {
            let (seconds, slack) = unit(word)?;
            let number: u64 = number.parse().ok()?;
            Some(number.saturating_mul(seconds).saturating_sub(slack))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for (state, word) in State::ALL {
            assert_eq!(State::parse(word), state);
        }
        assert_eq!(State::parse("hibernated"), State::Other);
        assert_eq!(State::parse("configured"), State::Created);
        for word in ["no", "always", "unless-stopped", "on-failure"] {
            assert_eq!(RestartPolicy::parse(word).as_str(), word);
        }
    }

    #[test]
    fn the_age_of_a_row_is_never_overstated() {
        for (row, seconds) in [
            ("Up Less than a second", Some(0)),
            ("Up 1 second", Some(1)),
            ("Up 45 seconds (healthy)", Some(45)),
            ("Up About a minute (health: starting)", Some(60)),
            ("Up 12 minutes (Paused)", Some(720)),
            ("Up About an hour", Some(3_600)),
            ("Exited (137) 2 hours ago", Some(5_400)),
            ("Exited (0) Less than a second ago", Some(0)),
            ("Restarting (1) 5 seconds ago", Some(5)),
            ("Up 3 days", Some(3 * 86_400 - 1_800)),
            ("Created", None),
            ("", None),
            ("Up since Tuesday", None),
        ] {
            assert_eq!(least_age(row), seconds, "{row}");
        }
    }
}
