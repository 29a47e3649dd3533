//! How much may wait to be sent: the `spool:` section below `agent:`.

use crate::config::section::Section;

/// Bytes that the spool may take on disk, where nothing else is told.
pub const DEFAULT_MAX_MEGABYTES: u32 = 64;
/// Days that an observation waits at most, where nothing else is told.
pub const DEFAULT_MAX_AGE_DAYS: u32 = 14;

/// Bounds of the spool. Beyond either the oldest of the least severity go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolConfig {
    /// Most bytes on disk that wait.
    pub max_bytes: u64,
    /// An observation older than this is given up. Shorter than the server keeps its keys.
    pub max_age_days: u32,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self {
            max_bytes: megabytes(DEFAULT_MAX_MEGABYTES),
            max_age_days: DEFAULT_MAX_AGE_DAYS,
        }
    }
}

fn megabytes(count: u32) -> u64 {
    u64::from(count) * 1_000_000
}

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> SpoolConfig {
    let mut number = |key, range| {
        section
            .number(key, None, range)
            .and_then(|number| u32::try_from(number).ok())
    };
    SpoolConfig {
        max_bytes: megabytes(number("max_megabytes", 1..=10_000).unwrap_or(DEFAULT_MAX_MEGABYTES)),
        max_age_days: number("max_age_days", 1..=60).unwrap_or(DEFAULT_MAX_AGE_DAYS),
    }
}
