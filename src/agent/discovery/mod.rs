//! Discovery: what is on the networks around this host. One file per technique, `merge` puts
//! together what they found, `round` runs them in their order, `networks` rules what may be looked
//! at. The agent observes; presence, change and absence are judged by the server.
//!
//! A *pass* is one round of it, at most twenty seconds long. It runs on the agent's one runtime
//! and never holds up its thread for longer than a read of the neighbour table.

pub mod formats;
pub mod networks;

mod http;
mod mdns;
mod merge;
mod names;
mod ports;
mod reprobe;
mod round;
mod routed;
mod second_look;
mod senses;
mod ssdp;
mod sweep;
mod verdict;

use serde::{Deserialize, Serialize};

use crate::config::agent::discovery::DiscoveryConfig;
use crate::domain::inventory::pass::{Pass, Policy};
use crate::domain::timestamp::Timestamp;

/// A pass that is this near counts as due, so that a timer that fires every 300 seconds, give or
/// take, keeps a rhythm of 900.
const EARLY_MS: i64 = 15_000;

/// What is remembered from pass to pass. It changes by a pass only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// When the last pass began, by this host's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_began: Option<Timestamp>,
}

impl Memory {
    /// Notes that a pass was made.
    pub fn remember(&mut self, pass: &Pass) {
        self.last_began = Some(pass.started_at);
    }
}

/// Whether a pass is due. A clock that was set back makes one due at once, instead of none for as
/// long as it was wrong.
pub fn is_due(memory: &Memory, config: &DiscoveryConfig, now: Timestamp) -> bool {
    let Some(last) = memory.last_began else {
        return config.enabled;
    };
    let since = now.millis_since(last);
    let interval = i64::from(config.interval_seconds) * 1000;
    config.enabled && (since < 0 || since >= interval - EARLY_MS)
}

/// What a pass is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Every address is asked.
    Sweep,
    /// Those that are there are asked at well-known ports.
    Ports,
    /// Those that are missing are asked again.
    Missing,
    /// Those that are there are asked who they are.
    Identity,
}

/// How far a pass is. `of` may grow meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// What is done.
    pub done: usize,
    /// Of how much.
    pub of: usize,
}

/// Makes one pass. Nothing is an error: what could not be looked at is told in the pass, and a
/// pass that saw nothing says so. Has to be awaited on a runtime with time and network.
pub async fn pass(
    config: &DiscoveryConfig,
    policy: &Policy,
    now: Timestamp,
    progress: &dyn Fn(Progress),
) -> Pass {
    round::run(config, policy, now, progress).await
}

/// Makes one pass by hand, on a runtime of its own.
///
/// # Errors
/// No descriptors are left for a runtime.
pub fn pass_by_hand(
    config: &DiscoveryConfig,
    now: Timestamp,
    progress: &dyn Fn(Progress),
) -> std::io::Result<Pass> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    Ok(runtime.block_on(pass(config, &Policy::default(), now, progress)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_due_by_its_interval_and_after_any_jump_of_the_clock() {
        let at = |seconds: i64| Timestamp::from_millis(1_800_000_000_000 + seconds * 1000);
        let memory = Memory {
            last_began: Some(at(0)),
        };
        let config = DiscoveryConfig::default();
        assert!(is_due(&Memory::default(), &config, at(0)), "the first");
        for (seconds, due) in [
            (0, false),
            (300, false),
            (600, false),
            (884, false),
            (890, true),
            (901, true),
            (3600 + 300, true),
            (-3600, true),
        ] {
            assert_eq!(is_due(&memory, &config, at(seconds)), due, "{seconds}");
        }
        let off = DiscoveryConfig {
            enabled: false,
            ..config
        };
        assert!(!is_due(&memory, &off, at(9000)) && !is_due(&Memory::default(), &off, at(0)));
    }

    #[test]
    fn memory_survives_the_disk_and_older_files_have_none() {
        let memory = Memory {
            last_began: Some(Timestamp::from_millis(1_800_000_000_000)),
        };
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), memory);
        assert_eq!(
            serde_json::from_str::<Memory>("{}").unwrap(),
            Memory::default()
        );
    }
}
