//! What happened in each of the last 24 hours: the trend of one problem, or of one agent, without a
//! chart.

use crate::domain::timestamp::Timestamp;

/// How many hours a strip looks back.
pub const HOURS: usize = 24;
/// One hour, in milliseconds.
pub const HOUR_MILLIS: i64 = 3_600_000;
/// All of them.
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;

/// How often something happened in each of the last [`HOURS`] hours that end now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ticks([u64; HOURS]);

impl Ticks {
    /// Since when what happened counts, seen from `now`.
    pub fn since(now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.as_millis() - DAY_MILLIS)
    }

    /// Adds what happened in the hour that began `hours_ago` + 1 hours ago. What is older than the
    /// strip is left out; a time still to come counts as now.
    pub fn add(&mut self, hours_ago: i64, count: u64) {
        let ago = usize::try_from(hours_ago.max(0)).unwrap_or(HOURS);
        if let Some(hour) = HOURS.checked_sub(ago + 1) {
            self.0[hour] += count;
        }
    }

    /// Sees to it that the hour of `moment` counts.
    pub fn mark(&mut self, moment: Timestamp, now: Timestamp) {
        let mut one = Self::default();
        one.add(now.millis_since(moment).div_euclid(HOUR_MILLIS), 1);
        for (hour, mark) in self.0.iter_mut().zip(one.0) {
            *hour = mark.max(*hour);
        }
    }

    /// The hours, oldest first.
    pub fn hours(&self) -> &[u64; HOURS] {
        &self.0
    }

    /// How often in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// In how many of the hours.
    pub fn busy_hours(&self) -> usize {
        self.0.iter().filter(|count| **count > 0).count()
    }

    /// How many hours ago it last happened, 0 for the last hour.
    pub fn last(&self) -> Option<usize> {
        self.0.iter().rev().position(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_lies_where_it_was() {
        let mut ticks = Ticks::default();
        ticks.add(0, 2);
        ticks.add(5, 1);
        ticks.add(23, 4);
        assert_eq!(ticks.hours()[23], 2);
        assert_eq!(ticks.hours()[18], 1);
        assert_eq!(ticks.hours()[0], 4);
        assert_eq!((ticks.total(), ticks.busy_hours()), (7, 3));
        assert_eq!(ticks.last(), Some(0));
    }

    #[test]
    fn what_is_too_old_is_left_out_and_what_is_to_come_is_now() {
        let mut ticks = Ticks::default();
        ticks.add(24, 9);
        ticks.add(i64::MAX, 9);
        assert_eq!((ticks.total(), ticks.last()), (0, None));
        ticks.add(-3, 1);
        assert_eq!(ticks.last(), Some(0));
    }

    #[test]
    fn an_hour_is_marked_once() {
        let now = Timestamp::from_millis(50 * HOUR_MILLIS);
        let mut ticks = Ticks::default();
        ticks.add(2, 3);
        ticks.mark(Timestamp::from_millis(48 * HOUR_MILLIS - 1), now);
        ticks.mark(Timestamp::from_millis(49 * HOUR_MILLIS), now);
        ticks.mark(Timestamp::from_millis(HOUR_MILLIS), now);
        assert_eq!((ticks.hours()[21], ticks.hours()[22]), (3, 1));
        assert_eq!(ticks.total(), 4);
    }
}
