//! A clock that is off against the server's. The server tells its time with the answer to each
//! report; the difference is learned then and judged by the next cycle.

use std::time::Duration;

use serde_json::Map;

use super::reading::{Patience, Reading};
use super::{Check, Learned, Scope, Seen, threshold};
use crate::agent::sys::{self, Task};
use crate::config::agent::checks::host::ClockChecks;
use crate::domain::kind::CLOCK_SKEW;
use crate::domain::timestamp::Timestamp;

/// The host has one clock.
const SUBJECT: &str = "clock";
/// An answer that took longer says too little: the server's time is somewhere within it.
const LONGEST_ROUND_TRIP_MS: i64 = 5000;
/// A difference that changed by less is the same one, in milliseconds: it is written to disk.
const STEP_MS: i64 = 5000;

/// How far this clock is ahead of the server's, in milliseconds, from the times at which the
/// report was sent and answered (by this clock) and received (by the server's). Nothing where
/// the answer took too long to tell, or this clock was set meanwhile.
pub fn offset(sent: Timestamp, answered: Timestamp, received: Timestamp) -> Option<i64> {
    let round_trip = answered.millis_since(sent);
    (0..=LONGEST_ROUND_TRIP_MS)
        .contains(&round_trip)
        .then(|| sent.plus_millis(round_trip / 2).millis_since(received))
}

/// Takes in what the answer to a report tells, by the times of [`offset`]. What was learned stays
/// while it tells nothing, or nothing new; answers whether it changed.
pub fn learn(
    learned: &mut Learned,
    (sent, answered, received): (Timestamp, Timestamp, Timestamp),
) -> bool {
    let Some(offset) = offset(sent, answered, received) else {
        return false;
    };
    let is_known = learned
        .clock_offset_seconds
        .is_some_and(|known| (offset - known.saturating_mul(1000)).abs() < STEP_MS);
    if !is_known {
        learned.clock_offset_seconds = Some((offset + offset.signum() * 500) / 1000);
    }
    !is_known
}

/// The check, where it is asked for.
pub fn checks(config: &ClockChecks) -> Option<Box<dyn Check>> {
    config
        .enabled
        .then(|| Box::new(Clock(*config)) as Box<dyn Check>)
}

struct Clock(ClockChecks);

impl Check for Clock {
    fn id(&self) -> String {
        SUBJECT.to_owned()
    }

    fn kind(&self) -> &'static str {
        CLOCK_SKEW
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let seen = SeenClock {
            config: self.0,
            host: sys::hostname(),
        };
        Box::pin(async { Box::new(seen) as Box<dyn Seen> })
    }
}

#[derive(Debug)]
struct SeenClock {
    config: ClockChecks,
    host: String,
}

impl Seen for SeenClock {
    fn judge(&self, learned: &mut Learned, _now: Timestamp) -> Vec<Reading> {
        let Some(offset) = learned.clock_offset_seconds else {
            let reason = "not compared yet: the server tells its time when it takes a report";
            return vec![Reading::unknown(CLOCK_SKEW, SUBJECT.to_owned(), reason)];
        };
        let host = &self.host;
        let off = offset.unsigned_abs();
        let direction = if offset < 0 { "behind" } else { "ahead of" };
        let mut detail = Map::new();
        detail.insert("host".to_owned(), host.as_str().into());
        detail.insert("skew_seconds".to_owned(), offset.into());
        vec![Reading {
            kind: CLOCK_SKEW,
            subject: SUBJECT.to_owned(),
            scope: Scope::Host,
            verdict: threshold::above(&self.config.levels, off as f64),
            summary: format!("The clock of {host} is {off} s {direction} the server's"),
            over: format!("The clock of {host} agrees with the server's again"),
            detail,
            patience: Patience::default(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::reading::Verdict;
    use crate::domain::severity::Severity;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).plus_millis(seconds * 1000)
    }

    #[test]
    fn the_middle_of_the_round_trip_counts() {
        assert_eq!(offset(at(0), at(2), at(1)), Some(0));
        assert_eq!(offset(at(3600), at(3602), at(1)), Some(3_600_000));
        assert_eq!(offset(at(0), at(2), at(61)), Some(-60_000));
        assert_eq!(offset(at(0), at(6), at(3)), None, "too long to tell");
        assert_eq!(offset(at(0), at(-3600), at(0)), None, "set meanwhile");
    }

    #[test]
    fn what_hardly_changes_is_not_learned_anew() {
        let mut learned = Learned::default();
        for (ahead, known) in [
            (0, 0),
            (4, 0),
            (-4, 0),
            (40, 40),
            (44, 40),
            (45, 45),
            (3, 3),
        ] {
            learn(&mut learned, (at(ahead), at(ahead), at(0)));
            assert_eq!(learned.clock_offset_seconds, Some(known), "{ahead}");
        }
        assert!(!learn(&mut learned, (at(0), at(9), at(500))));
        assert_eq!(learned.clock_offset_seconds, Some(3), "it tells nothing");
    }

    #[test]
    fn a_clock_that_is_off_either_way_is_told() {
        let seen = SeenClock {
            config: ClockChecks::default(),
            host: "nas".into(),
        };
        for (offset, verdict) in [
            (15, Verdict::Good),
            (-29, Verdict::Between),
            (30, Verdict::Bad(Severity::Warning)),
            (-151, Verdict::AtLeast(Severity::Warning)),
            (-3600, Verdict::Bad(Severity::Critical)),
        ] {
            let mut learned = Learned {
                clock_offset_seconds: Some(offset),
                ..Learned::default()
            };
            assert_eq!(seen.judge(&mut learned, at(0))[0].verdict, verdict);
        }
        let mut learned = Learned {
            clock_offset_seconds: Some(-90),
            ..Learned::default()
        };
        let reading = &seen.judge(&mut learned, at(0))[0];
        assert_eq!(
            reading.summary,
            "The clock of nas is 90 s behind the server's"
        );
        assert_eq!(reading.detail["skew_seconds"], -90);
    }
}
