//! File systems that are nearly full, in bytes or in inodes, or will be soon. Looked at together
//! with the host's facts; how a trend is read is `trend`'s.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::reading::{Patience, Reading, Verdict};
use super::trend::Trend;
use super::{Learned, MAX_REASON, Scope, rounded, threshold};
use crate::agent::inert;
use crate::agent::sys::Host;
use crate::agent::sys::volumes::{Mount, Room, Volume};
use crate::config::agent::checks::host::DiskChecks;
use crate::domain::kind::DISK_FULL;
use crate::domain::severity::Severity;
use crate::domain::size;
use crate::domain::timestamp::Timestamp;
use crate::domain::wildcard;

/// A trend is kept from this many points below where it may be complained about.
const FORESIGHT: f64 = 20.0;
/// A forecast is over once it is this much longer than what is complained about.
const RELIEF: f64 = 1.5;
/// Good looks that end a complaint about a file system that still grows now and then.
const CLEAR_AFTER: u32 = 3;
/// Longest mount point in a key, in characters.
const MAX_MOUNT: usize = 256;

/// Judges every file system of the host.
pub fn judge(
    checks: &DiskChecks,
    host: &Host,
    learned: &mut Learned,
    now: Timestamp,
) -> Vec<Reading> {
    if !checks.enabled {
        learned.disks.clear();
        return Vec::new();
    }
    let volumes = match &host.volumes {
        Ok(volumes) => volumes,
        Err(reason) => return blind(learned, reason),
    };
    let watched: Vec<&Volume> = volumes
        .iter()
        .filter(|volume| is_watched(checks, volume))
        .collect();
    let mounts: BTreeSet<String> = watched.iter().map(|volume| name(&volume.at)).collect();
    learned.disks.retain(|mount, _| mounts.contains(mount));
    watched
        .into_iter()
        .map(|volume| judge_one(checks, host, volume, learned, now))
        .collect()
}

/// What cannot be written to cannot fill up.
fn is_watched(checks: &DiskChecks, volume: &Volume) -> bool {
    let is_excluded = |pattern: &String| wildcard::matches(pattern, &volume.at.mount);
    if checks.exclude.iter().any(is_excluded) {
        return false;
    }
    match &volume.room {
        Ok(room) => room.total_bytes > 0 && !room.read_only,
        Err(_) => true,
    }
}

/// Nothing could be listed: whatever was open stays so.
fn blind(learned: &Learned, reason: &str) -> Vec<Reading> {
    let known = learned.disks.keys().map(|mount| format!("disk:{mount}"));
    std::iter::once("disks".to_owned())
        .chain(known)
        .map(|subject| Reading::unknown(DISK_FULL, subject, reason))
        .collect()
}

fn judge_one(
    checks: &DiskChecks,
    host: &Host,
    volume: &Volume,
    learned: &mut Learned,
    now: Timestamp,
) -> Reading {
    let mount = name(&volume.at);
    let subject = format!("disk:{mount}");
    let room = match &volume.room {
        Ok(room) => room,
        Err(reason) => {
            let reason = inert::line(reason, MAX_REASON);
            return Reading::unknown(DISK_FULL, subject, &reason);
        }
    };
    let percent = percent(room.used_bytes, room.available_bytes);
    let trend = if percent >= f64::from(checks.forecast_from_percent) - FORESIGHT {
        let trend = learned.disks.entry(mount.clone()).or_default();
        trend.learn(room.used_bytes, now);
        Some(&*trend)
    } else {
        learned.disks.remove(&mount);
        None
    };
    let full_in = trend
        .filter(|_| percent >= f64::from(checks.forecast_from_percent))
        .and_then(|trend| trend.full_in_hours(room.used_bytes, room.available_bytes, now));
    let inodes = room.inodes.map(|inodes| {
        let used = inodes.total.saturating_sub(inodes.available);
        self::percent(used, inodes.available)
    });
    let forecast = foretell(checks, full_in);
    let is_forecast = matches!(forecast, Verdict::Bad(_));
    let fullest = percent.max(inodes.unwrap_or(0.0));
    let verdict = threshold::worse(threshold::above(&checks.levels, fullest), forecast);
    let told = Told {
        mount: &mount,
        host: &host.facts.hostname,
        percent,
        inodes: inodes.filter(|inodes| *inodes > percent),
        full_in: full_in.filter(|_| is_forecast),
    };
    Reading {
        kind: DISK_FULL,
        subject,
        scope: Scope::Host,
        verdict,
        summary: told.summary(room),
        over: format!(
            "{mount} on {} has room again: {} available",
            told.host,
            size::in_words(room.available_bytes)
        ),
        detail: told.detail(&volume.at, room),
        patience: Patience {
            after: checks.after,
            clear_after: if trend.is_some_and(Trend::has_grown) {
                CLEAR_AFTER
            } else {
                1
            },
        },
    }
}

/// What a forecast alone says.
fn foretell(checks: &DiskChecks, full_in: Option<f64>) -> Verdict {
    let limit = f64::from(checks.forecast_hours);
    match full_in {
        Some(hours) if hours <= limit => Verdict::Bad(Severity::Warning),
        Some(hours) if hours <= limit * RELIEF => Verdict::Between,
        _ => Verdict::Good,
    }
}

/// Of what users may use.
fn percent(used: u64, available: u64) -> f64 {
    match used.saturating_add(available) {
        0 => 0.0,
        usable => used as f64 / usable as f64 * 100.0,
    }
}

/// The mount point, tame.
fn name(at: &Mount) -> String {
    inert::name(&at.mount, MAX_MOUNT)
}

/// What is said of a file system.
struct Told<'a> {
    mount: &'a str,
    host: &'a str,
    percent: f64,
    /// Percent of the inodes that are used, where they are scarcer than room.
    inodes: Option<f64>,
    full_in: Option<f64>,
}

impl Told<'_> {
    fn summary(&self, room: &Room) -> String {
        let Self { mount, host, .. } = self;
        let mut summary = match self.inodes {
            Some(inodes) => format!(
                "{mount} on {host} runs out of inodes: {inodes:.0} % used, room for files {:.0} % used",
                self.percent
            ),
            None => format!(
                "{mount} on {host} is {:.0} % full: {} of {} available",
                self.percent,
                size::in_words(room.available_bytes),
                size::in_words(room.total_bytes)
            ),
        };
        if let Some(hours) = self.full_in {
            let soon = match hours {
                ..1.0 => "less than an hour".to_owned(),
                _ => format!("about {hours:.0} h"),
            };
            summary += ", full in ";
            summary += &soon;
        }
        summary
    }

    fn detail(&self, at: &Mount, room: &Room) -> Map<String, Value> {
        let mut detail = Map::new();
        let mut put = |key: &str, value: Value| detail.insert(key.to_owned(), value);
        put("host", self.host.into());
        put("mount", self.mount.into());
        put("device", inert::line(&at.device, MAX_MOUNT).into());
        put("file_system", inert::line(&at.file_system, 64).into());
        put("used_percent", rounded(self.percent).into());
        put("available_bytes", room.available_bytes.into());
        put("total_bytes", room.total_bytes.into());
        if let Some(inodes) = self.inodes {
            put("inodes_used_percent", rounded(inodes).into());
        }
        if let Some(hours) = self.full_in {
            put("full_in_hours", rounded(hours).into());
        }
        detail
    }
}

#[cfg(test)]
mod tests;
