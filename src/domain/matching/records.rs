//! How runbooks did before, and what that is worth: at most [`MOST`] points either way. It orders
//! what fits; it makes nothing fit.

use std::collections::HashMap;

use super::words::kind_words;

/// Most points that a record adds or takes away.
pub(super) const MOST: i32 = 15;

/// How one runbook did for one kind of signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrackRecord {
    /// Runs whose person said that it helped.
    pub helped: u32,
    /// Runs whose person said whether it helped.
    pub runs: u32,
    /// Median minutes to the end of the problem in the runs that helped.
    pub median_minutes: Option<u32>,
}

impl TrackRecord {
    /// What it is worth. One run says little, ten say much: 1 of 1 is 5, 3 of 4 is 5, 10 of 10 is 12,
    /// 0 of 3 is -9.
    pub fn points(self) -> i32 {
        let runs = i64::from(self.runs);
        let helped = i64::from(self.helped).min(runs);
        let points = i64::from(MOST) * (2 * helped - runs) / (runs + 2);
        i32::try_from(points).unwrap_or(MOST)
    }

    /// In words: `helped 3 of 4 times, median 6 minutes`.
    pub fn words(self) -> String {
        let helped = self.helped.min(self.runs);
        let times = if self.runs == 1 { "time" } else { "times" };
        let words = format!("helped {helped} of {} {times}", self.runs);
        match self.median_minutes {
            Some(0) if helped > 0 => format!("{words}, median under a minute"),
            Some(1) if helped > 0 => format!("{words}, median 1 minute"),
            Some(minutes) if helped > 0 => format!("{words}, median {minutes} minutes"),
            _ => words,
        }
    }
}

/// The records of all runbooks, by kind of signal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records(HashMap<String, HashMap<String, TrackRecord>>);

impl Records {
    /// Notes how a runbook did for a kind, however the kind is spelled.
    pub fn insert(&mut self, runbook_id: impl Into<String>, kind: &str, record: TrackRecord) {
        let kind = kind_words(kind).join("_");
        let of_kind = self.0.entry(kind).or_default();
        of_kind.insert(runbook_id.into(), record);
    }

    /// How a runbook did for a kind, given in words; `None` where it was never walked for it.
    pub(super) fn get(&self, runbook_id: &str, kind: &[String]) -> Option<TrackRecord> {
        if self.0.is_empty() {
            return None;
        }
        let record = self.0.get(&kind.join("_"))?.get(runbook_id)?;
        (record.runs > 0).then_some(*record)
    }
}

/// A runbook that fits, before and after its record was weighed.
pub(super) struct Weighed {
    pub(super) index: usize,
    /// Points without the record.
    pub(super) fits: u32,
    /// Whether it was written for the kind.
    pub(super) kind_equal: bool,
    pub(super) record: Option<TrackRecord>,
    /// What the record adds or takes away.
    pub(super) moved: i32,
}

impl Weighed {
    /// The sum.
    pub(super) fn points(&self) -> u32 {
        self.fits.saturating_add_signed(self.moved)
    }
}

/// Lets the records move those that fit. None falls below `least`. Where one that was written for
/// the kind stood before one that was not, it stays there: neither is lifted nor sinks past the other.
pub(super) fn weigh(found: &mut [Weighed], least: u32) {
    for one in found.iter_mut() {
        let moved = one.record.map_or(0, TrackRecord::points);
        one.moved = down_to(one.fits, moved, least);
    }
    let others: Vec<u32> = found
        .iter()
        .filter(|one| !one.kind_equal)
        .map(|one| one.fits)
        .collect();
    for one in found.iter_mut().filter(|one| one.kind_equal) {
        let behind = others.iter().filter(|fits| **fits <= one.fits).max();
        one.moved = down_to(one.fits, one.moved, behind.copied().unwrap_or(0));
    }
    let equal: Vec<(u32, u32)> = found
        .iter()
        .filter(|one| one.kind_equal)
        .map(|one| (one.fits, one.points()))
        .collect();
    for one in found.iter_mut().filter(|one| !one.kind_equal) {
        let before = equal.iter().filter(|(fits, _)| *fits >= one.fits);
        if let Some((_, most)) = before.min_by_key(|(_, points)| *points)
            && one.points() > *most
        {
            one.moved = i32::try_from(*most).unwrap_or(0) - i32::try_from(one.fits).unwrap_or(0);
        }
    }
}

/// `moved`, no further down than from `fits` to `floor`.
fn down_to(fits: u32, moved: i32, floor: u32) -> i32 {
    let room = i32::try_from(fits.saturating_sub(floor)).unwrap_or(i32::MAX);
    moved.max(-room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(helped: u32, runs: u32) -> TrackRecord {
        TrackRecord {
            helped,
            runs,
            median_minutes: None,
        }
    }

    #[test]
    fn a_record_is_worth_at_most_15_points_either_way() {
        let points = |helped, runs| record(helped, runs).points();
        assert_eq!((points(0, 0), points(1, 1), points(3, 4)), (0, 5, 5));
        assert_eq!((points(10, 10), points(0, 3), points(1, 2)), (12, -9, 0));
        for (helped, runs) in [(u32::MAX, u32::MAX), (0, u32::MAX), (9, 3), (1_000, 1_000)] {
            assert!(points(helped, runs).abs() <= MOST, "{helped} of {runs}");
        }
    }

    #[test]
    fn a_record_reads_as_a_sentence() {
        assert_eq!(record(0, 1).words(), "helped 0 of 1 time");
        let with_median = TrackRecord {
            median_minutes: Some(6),
            ..record(3, 4)
        };
        assert_eq!(with_median.words(), "helped 3 of 4 times, median 6 minutes");
    }

    fn weighed(rows: &[(u32, bool, (u32, u32))]) -> Vec<u32> {
        let mut found: Vec<Weighed> = rows
            .iter()
            .enumerate()
            .map(|(index, &(fits, kind_equal, (helped, runs)))| Weighed {
                index,
                fits,
                kind_equal,
                record: Some(record(helped, runs)),
                moved: 0,
            })
            .collect();
        weigh(&mut found, 30);
        found.iter().map(Weighed::points).collect()
    }

    #[test]
    fn a_poor_record_does_not_sink_a_runbook_below_the_threshold() {
        assert_eq!(weighed(&[(32, false, (0, 90))]), [30]);
        assert_eq!(weighed(&[(60, false, (0, 90))]), [46]);
    }

    #[test]
    fn no_record_lifts_a_runbook_over_one_written_for_the_kind() {
        // 95 + 14 would beat 100, and 100 - 14 would fall behind 95.
        assert_eq!(
            weighed(&[(95, false, (90, 90)), (100, true, (0, 90))]),
            [95, 95]
        );
        assert_eq!(
            weighed(&[(95, false, (90, 90)), (100, true, (0, 0))]),
            [100, 100]
        );
        // What was stronger before may stay so, and two of a sort are ordered by their records.
        assert_eq!(
            weighed(&[(140, false, (0, 0)), (130, true, (90, 90))]),
            [140, 144]
        );
        assert_eq!(
            weighed(&[(100, true, (0, 90)), (100, true, (90, 90))]),
            [86, 114]
        );
    }
}
