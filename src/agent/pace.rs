//! When the loop looks and when it sends. Looks keep their interval whatever the server does;
//! sending backs off. Pure: the time and the dice are handed in.

use std::time::{Duration, Instant};

use super::delivery::Delivery;

/// First wait after a failed delivery; doubled each time.
const FIRST_BACK_OFF: Duration = Duration::from_secs(15);
/// Longest wait between two attempts to deliver.
const LONGEST_BACK_OFF: Duration = Duration::from_mins(15);
/// Shortest sleep between two cycles.
const SHORTEST: Duration = Duration::from_secs(1);
/// The interval is shortened or lengthened by up to this fraction, so that many agents that
/// started together do not stay together.
const JITTER: f64 = 0.05;

/// The rhythm of one loop.
#[derive(Debug)]
pub struct Pace {
    /// Cycles that were waited for.
    pub cycles: u64,
    interval: Duration,
    failures: u32,
    not_before: Option<Instant>,
    /// More waits than could be sent in one cycle.
    hurry: bool,
}

impl Pace {
    /// A rhythm that has not begun.
    pub fn new(interval: Duration) -> Self {
        Self {
            cycles: 0,
            interval,
            failures: 0,
            not_before: None,
            hurry: false,
        }
    }

    /// The server asked, before this process began, not to be tried until then.
    pub fn wait_until(&mut self, moment: Instant) {
        self.not_before = Some(moment);
    }

    /// Another interval, and perhaps another server: it is tried at once.
    pub fn begin_anew(&mut self, interval: Duration) {
        *self = Self {
            cycles: self.cycles,
            ..Self::new(interval)
        };
    }

    /// Whether the server may be tried.
    pub fn delivery_is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|moment| now >= moment)
    }

    /// Takes note of an attempt to deliver. `dice` is between 0 and 1.
    pub fn delivered(&mut self, now: Instant, delivery: &Delivery, dice: f64) {
        self.hurry = delivery.unfinished;
        if delivery.stopped.is_none() {
            self.failures = 0;
            self.not_before = None;
            return;
        }
        let doubled = FIRST_BACK_OFF.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        let back_off = doubled.min(LONGEST_BACK_OFF).mul_f64(0.5 + dice / 2.0);
        let asked = delivery.retry_after().unwrap_or_default();
        self.not_before = Some(now + back_off.max(asked));
    }

    /// How long to wait after a cycle that began at `begin`: until the next look is due, or
    /// earlier where a delivery is to be tried again or to go on. `dice` is between 0 and 1.
    pub fn next_wait(&mut self, begin: Instant, now: Instant, dice: f64) -> Duration {
        self.cycles += 1;
        if std::mem::take(&mut self.hurry) {
            return SHORTEST;
        }
        let interval = self.interval.mul_f64(1.0 + JITTER * (2.0 * dice - 1.0));
        let look = begin + interval;
        let next = self.not_before.map_or(look, |moment| look.min(moment));
        next.saturating_duration_since(now).max(SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Error;

    const MINUTE: Duration = Duration::from_mins(1);

    fn failed(retry_after: Option<u64>) -> Delivery {
        Delivery {
            stopped: Some(Error::Status {
                code: 503,
                retry_after: retry_after.map(Duration::from_secs),
                problem: None,
            }),
            ..Delivery::default()
        }
    }

    #[test]
    fn looks_keep_their_interval_with_a_little_jitter() {
        let begin = Instant::now();
        let mut pace = Pace::new(5 * MINUTE);
        let late = begin + Duration::from_secs(20);
        assert_eq!(pace.next_wait(begin, late, 0.5), Duration::from_secs(280));
        assert_eq!(pace.next_wait(begin, late, 0.0), Duration::from_secs(265));
        assert_eq!(pace.next_wait(begin, late, 1.0), Duration::from_secs(295));
        let overdue = begin + 9 * MINUTE;
        assert_eq!(pace.next_wait(begin, overdue, 0.5), SHORTEST);
    }

    #[test]
    fn sending_backs_off_and_comes_back() {
        let begin = Instant::now();
        let mut pace = Pace::new(5 * MINUTE);
        assert!(pace.delivery_is_due(begin));
        let mut waits = Vec::new();
        for _ in 0..9 {
            pace.delivered(begin, &failed(None), 1.0);
            waits.push(pace.next_wait(begin, begin, 0.5).as_secs());
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 300, 300, 300, 300]);
        assert!(!pace.delivery_is_due(begin + 14 * MINUTE));
        assert!(pace.delivery_is_due(begin + 15 * MINUTE));
        pace.delivered(begin, &Delivery::default(), 1.0);
        assert!(pace.delivery_is_due(begin));
    }

    #[test]
    fn a_server_that_asks_for_more_time_gets_it() {
        let begin = Instant::now();
        let mut pace = Pace::new(MINUTE);
        pace.delivered(begin, &failed(Some(120)), 0.0);
        assert!(!pace.delivery_is_due(begin + Duration::from_secs(119)));
        assert!(pace.delivery_is_due(begin + Duration::from_mins(2)));
        assert_eq!(
            pace.next_wait(begin, begin, 0.5),
            MINUTE,
            "looks go on meanwhile"
        );
    }

    #[test]
    fn a_spool_that_was_not_emptied_in_time_is_gone_on_with() {
        let begin = Instant::now();
        let mut pace = Pace::new(5 * MINUTE);
        let unfinished = Delivery {
            unfinished: true,
            ..Delivery::default()
        };
        pace.delivered(begin, &unfinished, 0.5);
        assert_eq!(pace.next_wait(begin, begin, 0.5), SHORTEST);
        assert_eq!(pace.next_wait(begin, begin, 0.5), 5 * MINUTE);
    }

    #[test]
    fn a_new_configuration_is_tried_at_once() {
        let begin = Instant::now();
        let mut pace = Pace::new(5 * MINUTE);
        pace.delivered(begin, &failed(Some(600)), 1.0);
        assert!(!pace.delivery_is_due(begin));
        pace.begin_anew(MINUTE);
        assert!(pace.delivery_is_due(begin));
        assert_eq!(pace.next_wait(begin, begin, 0.5), MINUTE);
    }
}
