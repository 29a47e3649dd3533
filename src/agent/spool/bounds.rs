//! Which observations are given up when too much waits, or for too long. Pure.

use serde::{Deserialize, Serialize};

use super::frame::{Label, Prepared, Rank};
use super::scan::{Entry, Index};
use crate::config::agent::spool::SpoolConfig;
use crate::domain::timestamp::Timestamp;

/// What a frame takes beside its signal: check sum, number, label. A little too much is fine.
pub(super) const FRAME: u64 = 64;
/// A clock may be off by this much, either way, and nothing is given up for it.
const CLOCK_SLACK_MS: i64 = 2 * 60 * 60 * 1000;
/// Before this (2024) no clock was right: a host without one started in 1970 until it was told the
/// time. How old such an observation is nobody knows.
const FIRST_PLAUSIBLE_MS: i64 = 1_704_067_200_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Observations that were given up and of which the server was not told yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// How many were `info`.
    pub info: u64,
    /// How many were `warning`.
    pub warning: u64,
    /// How many were `critical`.
    pub critical: u64,
    /// When the oldest of them was seen.
    pub oldest: Option<Timestamp>,
    /// When the newest was.
    pub newest: Option<Timestamp>,
}

impl Dropped {
    /// How many.
    pub fn count(&self) -> u64 {
        self.info + self.warning + self.critical
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.info += other.info;
        self.warning += other.warning;
        self.critical += other.critical;
        self.oldest = self.oldest.into_iter().chain(other.oldest).min();
        self.newest = self.newest.into_iter().chain(other.newest).max();
    }

    fn note(&mut self, label: &Label) {
        let at = Some(Timestamp::from_millis(label.at));
        let one = Self {
            info: u64::from(label.rank == Rank::Info),
            warning: u64::from(label.rank == Rank::Warning),
            critical: u64::from(label.rank == Rank::Critical),
            oldest: at,
            newest: at,
        };
        self.add(&one);
    }
}

/// Makes room for what is `new`: answers which of those that wait must go, takes out of `new` what
/// does not fit either, and counts both.
pub(super) fn make_room(
    (index, live): (&Index, u64),
    new: &mut Vec<Prepared>,
    bounds: &SpoolConfig,
    now: Timestamp,
) -> (Vec<u64>, Dropped) {
    let mut dropped = Dropped::default();
    let mut gone = Vec::new();
    let mut bytes = live + new.iter().map(size).sum::<u64>();
    let longest = i64::from(bounds.max_age_days) * DAY_MS + CLOCK_SLACK_MS;
    let is_too_old = |entry: &Entry| {
        let label = &entry.label;
        label.rank != Rank::Notice
            && label.at >= FIRST_PLAUSIBLE_MS
            && now.as_millis().saturating_sub(label.at) > longest
    };
    for (number, entry) in index.iter().filter(|(_, entry)| is_too_old(entry)) {
        gone.push(*number);
        bytes -= u64::from(entry.length);
        dropped.note(&entry.label);
    }
    for rank in Rank::GIVEN_UP {
        if bytes <= bounds.max_bytes {
            break;
        }
        for (number, entry) in index.iter().filter(|(_, entry)| entry.label.rank == rank) {
            if bytes <= bounds.max_bytes {
                break;
            }
            if !is_too_old(entry) {
                gone.push(*number);
                bytes -= u64::from(entry.length);
                dropped.note(&entry.label);
            }
        }
        new.retain(|prepared| {
            let stays = bytes <= bounds.max_bytes || prepared.label.rank != rank;
            if !stays {
                bytes -= size(prepared);
                dropped.note(&prepared.label);
            }
            stays
        });
    }
    gone.sort_unstable();
    (gone, dropped)
}

fn size(prepared: &Prepared) -> u64 {
    prepared.json.len() as u64 + FRAME
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn label(rank: Rank, minutes_ago: i64) -> Label {
        Label {
            rank,
            at: NOW.as_millis() - minutes_ago * 60_000,
            subject: 1,
        }
    }

    fn index(labels: &[Label]) -> (Index, u64) {
        let entries = (1..).zip(labels).map(|(number, label)| {
            let entry = Entry {
                offset: 0,
                length: 100,
                label: *label,
            };
            (number, entry)
        });
        (entries.collect(), 100 * labels.len() as u64)
    }

    fn gone(labels: &[Label], new: &mut Vec<Prepared>, max_bytes: u64) -> (Vec<u64>, Dropped) {
        let (index, live) = index(labels);
        let bounds = SpoolConfig {
            max_bytes,
            max_age_days: 14,
        };
        make_room((&index, live), new, &bounds, NOW)
    }

    #[test]
    fn the_oldest_of_the_least_severity_go_first_and_notices_never() {
        let labels = [
            label(Rank::Critical, 9),
            label(Rank::Notice, 8),
            label(Rank::Info, 7),
            label(Rank::Warning, 6),
            label(Rank::Info, 5),
            label(Rank::Info, 4),
        ];
        let mut none = Vec::new();
        assert_eq!(gone(&labels, &mut none, 600).0, [0; 0]);
        assert_eq!(gone(&labels, &mut none, 400).0, [3, 5]);
        let (all, dropped) = gone(&labels, &mut none, 0);
        assert_eq!(all, [1, 3, 4, 5, 6]);
        assert_eq!((dropped.info, dropped.warning, dropped.critical), (3, 1, 1));
        assert_eq!(dropped.oldest, Some(NOW.plus_millis(-9 * 60_000)));
        assert_eq!(dropped.newest, Some(NOW.plus_millis(-4 * 60_000)));
    }

    #[test]
    fn what_is_new_gives_way_to_what_is_worse() {
        let labels = [label(Rank::Critical, 9), label(Rank::Critical, 8)];
        let prepared = |rank| Prepared {
            label: label(rank, 0),
            json: vec![b'x'; 36],
        };
        let mut new = vec![prepared(Rank::Info), prepared(Rank::Critical)];
        let (gone, dropped) = gone(&labels, &mut new, 250);
        assert_eq!((gone, new.len()), (vec![1], 1));
        assert_eq!((dropped.info, dropped.critical), (1, 1));
        assert_eq!(new[0].label.rank, Rank::Critical);
    }

    #[test]
    fn what_is_too_old_goes_and_an_hour_either_way_is_no_age() {
        let days = |days: i64| days * 24 * 60;
        let labels = [
            label(Rank::Info, days(15)),
            label(Rank::Critical, days(14) + 60),
            label(Rank::Info, -60),
            label(Rank::Notice, days(40)),
            Label {
                at: 5_000,
                ..label(Rank::Info, 0)
            },
        ];
        let (gone, dropped) = gone(&labels, &mut Vec::new(), 10_000);
        assert_eq!((gone, dropped.count()), (vec![1], 1));
    }
}
