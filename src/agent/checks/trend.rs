//! How what is used of a file system grew of late, and when it will be full at that rate. Samples
//! are few and only kept while something grows, since they are written to disk.

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;

/// No two samples are nearer to each other, in milliseconds.
const SPACING_MS: i64 = 10 * 60 * 1000;
/// Samples older than this say nothing of what happens now.
const HISTORY_MS: i64 = 4 * 60 * 60 * 1000;
/// Nothing is foretold from less.
const LEAST_MS: i64 = 30 * 60 * 1000;
/// Most samples that are kept.
const MOST: usize = 24;
/// The last points have to grow too: what grew an hour ago and stopped is no trend.
const RECENT: usize = 3;
/// A drop of more than this part of what was used was a deletion: what was before it is no
/// measure any more.
const DELETION: u64 = 100;
/// Growth slower than this many bytes an hour is none.
const NOISE: f64 = 4096.0;

/// What was used at some times, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trend {
    samples: Vec<(Timestamp, u64)>,
}

impl Trend {
    /// Takes a measurement in. The samples stay as they are while nothing changes.
    pub fn learn(&mut self, used_bytes: u64, now: Timestamp) {
        let is_stale = |(at, used): &(Timestamp, u64)| {
            // A clock that was set back leaves samples of a time to come.
            *at > now || used_bytes < used.saturating_sub(used / DELETION)
        };
        if self.samples.iter().any(is_stale) {
            self.samples.clear();
        }
        match self.samples.last() {
            Some((_, used)) if *used == used_bytes => return,
            Some((at, _)) if now.millis_since(*at) < SPACING_MS => return,
            _ => {}
        }
        // The newest of the old ones stays: it tells since when nothing had changed.
        while self.samples.len() >= MOST
            || matches!(self.samples.get(1), Some((at, _)) if now.millis_since(*at) > HISTORY_MS)
        {
            self.samples.remove(0);
        }
        self.samples.push((now, used_bytes));
    }

    /// Whether it grew at all of late.
    pub fn has_grown(&self) -> bool {
        self.samples.len() > 1
    }

    /// Hours until `available_bytes` more are used, where it has grown steadily for half an hour
    /// or more.
    pub fn full_in_hours(
        &self,
        used_bytes: u64,
        available_bytes: u64,
        now: Timestamp,
    ) -> Option<f64> {
        let (last, used) = self.samples.last()?;
        if used_bytes <= *used && now.millis_since(*last) >= 2 * SPACING_MS {
            return None; // It stands still.
        }
        let mut points: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter(|(at, _)| now.millis_since(*at) <= HISTORY_MS)
            .map(|(at, used)| (hours(now.millis_since(*at)), *used as f64))
            .map(|(ago, used)| (-ago, used))
            .collect();
        if points.last().is_none_or(|(at, _)| *at < 0.0) {
            points.push((0.0, used_bytes as f64));
        }
        let first = points.first()?.0;
        if points.len() <= RECENT || -first < hours(LEAST_MS) {
            return None;
        }
        let steps = points.windows(2);
        let growing = steps.clone().filter(|pair| pair[1].1 > pair[0].1).count();
        if growing * 3 < steps.len() * 2 {
            return None;
        }
        let rate = slope(&points)?.min(slope(&points[points.len() - RECENT..])?);
        (rate > NOISE).then(|| available_bytes as f64 / rate)
    }
}

/// The median of the slopes between all pairs of points (Theil and Sen): one burst or one
/// clean-up among them does not move it.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let mut slopes: Vec<f64> = points
        .iter()
        .enumerate()
        .flat_map(|(position, from)| {
            points[position + 1..]
                .iter()
                .filter(|to| to.0 > from.0)
                .map(|to| (to.1 - from.1) / (to.0 - from.0))
        })
        .collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied()
}

fn hours(millis: i64) -> f64 {
    millis as f64 / 3_600_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).plus_millis(minutes * 60_000)
    }

    /// Looks every five minutes until `minutes`; what is foretold at the end, with 100 GB left.
    fn foretold(minutes: i64, used: impl Fn(i64) -> u64) -> Option<f64> {
        let mut trend = Trend::default();
        for minute in (0..=minutes).step_by(5) {
            trend.learn(used(minute), at(minute));
        }
        trend.full_in_hours(used(minutes), 100 * GB, at(minutes))
    }

    fn minutes(minute: i64) -> u64 {
        u64::try_from(minute).unwrap()
    }

    #[test]
    fn steady_growth_is_foretold_after_half_an_hour() {
        let growing = |minute| 500 * GB + minutes(minute) * GB / 6;
        assert_eq!(foretold(25, growing), None);
        let hours = foretold(40, growing).unwrap();
        assert!((hours - 10.0).abs() < 0.01, "{hours}");
    }

    #[test]
    fn what_stands_still_bursts_or_breathes_is_not() {
        assert_eq!(foretold(300, |_| 500 * GB), None);
        let burst = |minute| if minute < 200 { 500 * GB } else { 560 * GB };
        assert_eq!(foretold(240, burst), None);
        let breathing = |minute: i64| 500 * GB + minutes(minute / 10 % 2) * GB;
        assert_eq!(foretold(240, breathing), None);
        let stopped = |minute: i64| 500 * GB + minutes(minute.min(120)) * GB;
        assert!(foretold(120, stopped).is_some());
        assert_eq!(foretold(180, stopped), None);
    }

    #[test]
    fn a_deletion_begins_anew() {
        let cleaned = |minute: i64| {
            let base = if minute < 100 { 500 } else { 300 };
            base * GB + minutes(minute) * GB / 6
        };
        assert_eq!(foretold(120, cleaned), None);
        assert!(foretold(140, cleaned).is_some());
    }

    #[test]
    fn a_clock_that_jumps_foretells_nothing_false() {
        let mut trend = Trend::default();
        for minute in (0..=60).step_by(5) {
            trend.learn(500 * GB + minutes(minute) * GB, at(minute));
        }
        let mut back = trend.clone();
        back.learn(561 * GB, at(5));
        assert_eq!(back.full_in_hours(561 * GB, 100 * GB, at(5)), None);
        trend.learn(561 * GB, at(125));
        let hours = trend.full_in_hours(561 * GB, 100 * GB, at(125));
        assert!(hours.is_none_or(|hours| hours > 1.6), "{hours:?}");
    }

    #[test]
    fn it_is_bounded_and_still_while_nothing_grows() {
        let mut trend = Trend::default();
        for minute in (0..5000).step_by(5) {
            trend.learn(500 * GB + minutes(minute), at(minute));
        }
        assert!(trend.samples.len() <= MOST, "{}", trend.samples.len());
        let before = trend.clone();
        let used = trend.samples.last().unwrap().1;
        trend.learn(used, at(6000));
        assert_eq!(trend, before);
    }
}
