//! Main memory that runs short. Looked at together with the host's facts.

use serde_json::{Map, Value};

use super::reading::{Patience, Reading};
use super::{Scope, rounded, threshold};
use crate::agent::sys::Host;
use crate::config::agent::checks::host::MemoryChecks;
use crate::domain::kind::MEMORY_PRESSURE;
use crate::domain::size;

/// The host has one main memory.
const SUBJECT: &str = "memory";

/// Judges what is available: to a new program, and what the cache of ZFS would give back.
pub fn judge(checks: &MemoryChecks, host: &Host) -> Option<Reading> {
    if !checks.enabled {
        return None;
    }
    let Some(memory) = &host.facts.memory else {
        let reason = "the system does not tell how much memory there is";
        return Some(Reading::unknown(
            MEMORY_PRESSURE,
            SUBJECT.to_owned(),
            reason,
        ));
    };
    let squeeze = &host.squeeze;
    let available = memory
        .available_bytes
        .saturating_add(squeeze.zfs_cache_bytes)
        .min(memory.total_bytes);
    let percent = available as f64 / memory.total_bytes as f64 * 100.0;
    let name = &host.facts.hostname;
    let mut detail = Map::new();
    let mut put = |key: &str, value: Value| detail.insert(key.to_owned(), value);
    put("host", name.as_str().into());
    put("available_percent", rounded(percent).into());
    put("available_bytes", available.into());
    put("total_bytes", memory.total_bytes.into());
    put("swap_total_bytes", squeeze.swap_total_bytes.into());
    put("swap_used_bytes", squeeze.swap_used_bytes.into());
    if let Some(waiting) = squeeze.some_avg60 {
        put("pressure_some_avg60", waiting.into());
    }
    if squeeze.zfs_cache_bytes > 0 {
        put("zfs_cache_bytes", squeeze.zfs_cache_bytes.into());
    }
    let room = format!(
        "{} of {}",
        size::in_words(available),
        size::in_words(memory.total_bytes)
    );
    Some(Reading {
        kind: MEMORY_PRESSURE,
        subject: SUBJECT.to_owned(),
        scope: Scope::Host,
        verdict: threshold::below(&checks.levels, percent),
        summary: format!("{name} runs short of memory: {percent:.0} % available ({room})"),
        over: format!("{name} has memory again: {percent:.0} % available ({room})"),
        detail,
        patience: Patience {
            after: checks.after,
            clear_after: checks.after,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::reading::Verdict;
    use crate::agent::sys::Squeeze;
    use crate::domain::agent::{Facts, Memory};
    use crate::domain::severity::Severity;

    fn host(available: u64, zfs_cache_bytes: u64) -> Host {
        Host {
            facts: Facts {
                hostname: "nas".into(),
                memory: Some(Memory {
                    total_bytes: 100_000_000,
                    available_bytes: available * 1_000_000,
                }),
                ..Facts::default()
            },
            squeeze: Squeeze {
                some_avg60: Some(12.5),
                zfs_cache_bytes,
                ..Squeeze::default()
            },
            ..Host::default()
        }
    }

    #[test]
    fn little_is_complained_about_and_a_cache_is_no_use() {
        let checks = MemoryChecks::default();
        let reading = judge(&checks, &host(9, 0)).unwrap();
        assert_eq!(reading.verdict, Verdict::Bad(Severity::Warning));
        assert_eq!(reading.detail["pressure_some_avg60"], 12.5);
        assert_eq!(
            reading.summary,
            "nas runs short of memory: 9 % available (9.0 MB of 100 MB)"
        );
        assert_eq!(
            judge(&checks, &host(3, 0)).unwrap().verdict,
            Verdict::Bad(Severity::Critical)
        );
        assert_eq!(
            judge(&checks, &host(3, 50_000_000)).unwrap().verdict,
            Verdict::Good
        );
    }

    #[test]
    fn what_is_not_told_is_unknown() {
        let checks = MemoryChecks::default();
        let verdict = judge(&checks, &Host::default()).unwrap().verdict;
        assert!(matches!(verdict, Verdict::Unknown(_)));
        let off = MemoryChecks {
            enabled: false,
            ..checks
        };
        assert_eq!(judge(&off, &host(1, 0)), None);
    }
}
