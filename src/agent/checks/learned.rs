//! What checks learn over time, besides conditions. It is written to disk when it changes, so it
//! stands still while nothing happens: a gateway's past grows once an hour, and a loss is kept
//! only while there is one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agent::sys::Pinged;
use crate::domain::timestamp::Timestamp;

const HOUR_MS: i64 = 3_600_000;
/// Hours that a latency is remembered.
const HOURS: i64 = 7 * 24;
/// Hours that have to be known before their median is believed.
const ENOUGH: usize = 6;
/// Looks that a loss is counted over.
const LOOKS: usize = 10;
/// Probes of a full count: looks from before the first loss count as without one.
const PROBES: u32 = 5 * 10;

/// What is known of a gateway's past.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GatewayPast {
    /// Its hardware address, when it last answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Whether it ever answered.
    #[serde(default)]
    pub answered: bool,
    /// The hour since the epoch in which it was last in the table.
    #[serde(default)]
    pub seen: i64,
    /// The first round trip of each of the last hours: the hour since the epoch, milliseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<(i64, f64)>,
}

impl GatewayPast {
    /// The median round trip of the last seven days, in milliseconds, once it can be told.
    pub fn usual_ms(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.hours.iter().map(|(_, ms)| *ms).collect();
        sorted.sort_by(f64::total_cmp);
        (sorted.len() >= ENOUGH).then(|| sorted[sorted.len() / 2])
    }

    /// Takes in that it is in the table, and how long it took to answer, where it did.
    pub fn saw(&mut self, latency_ms: Option<f64>, mac: Option<&str>, now: Timestamp) {
        let hour = hour_of(now);
        self.seen = hour;
        let Some(latency) = latency_ms else {
            return;
        };
        self.answered = true;
        if let Some(mac) = mac {
            self.mac = Some(mac.to_owned());
        }
        if self.hours.last().is_none_or(|(last, _)| *last != hour) {
            // Hours to come were written by a clock that was wrong.
            self.hours
                .retain(|(known, _)| *known < hour && *known > hour - HOURS);
            self.hours.push((hour, latency));
        }
    }

    /// Whether it was not in the table for as long as a latency is remembered.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        (hour_of(now) - self.seen).abs() > HOURS
    }
}

fn hour_of(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(HOUR_MS)
}

/// Probes that were lost, by what was probed: of the last looks, sent and answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Losses(BTreeMap<String, Vec<(u16, u16)>>);

impl Losses {
    /// Takes in a look, and answers with the loss over the last ones, in percent.
    pub fn percent(&mut self, probed: &str, pinged: &Pinged) -> u32 {
        let is_whole = pinged.sent == pinged.answered;
        if is_whole && !self.0.contains_key(probed) {
            return 0;
        }
        let looks = self.0.entry(probed.to_owned()).or_default();
        looks.push((pinged.sent, pinged.answered));
        let excess = looks.len().saturating_sub(LOOKS);
        looks.drain(..excess);
        let sent: u32 = looks.iter().map(|(sent, _)| u32::from(*sent)).sum();
        let lost: u32 = looks
            .iter()
            .map(|(sent, answered)| u32::from(sent.saturating_sub(*answered)))
            .sum();
        if lost == 0 {
            self.0.remove(probed);
        }
        lost * 100 / sent.max(PROBES)
    }

    /// Forgets what is not probed any more.
    pub fn keep(&mut self, is_probed: impl Fn(&str) -> bool) {
        self.0.retain(|probed, _| is_probed(probed));
    }

    /// Whether nothing was lost lately.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_millis(hour * HOUR_MS + 1)
    }

    fn pinged(sent: u16, answered: u16) -> Pinged {
        Pinged {
            sent,
            answered,
            latency_ms: None,
        }
    }

    #[test]
    fn a_past_changes_once_an_hour_and_is_bounded() {
        let mut past = GatewayPast::default();
        past.saw(Some(1.0), Some("aa"), at(0));
        let first = past.clone();
        past.saw(Some(50.0), Some("aa"), at(0));
        assert_eq!(past, first, "the first of an hour stands for it");
        for hour in 1..1000 {
            past.saw(Some(2.0), Some("aa"), at(hour));
        }
        assert_eq!(i64::try_from(past.hours.len()), Ok(HOURS));
        past.saw(Some(3.0), None, at(10));
        assert_eq!(
            past.hours,
            [(10, 3.0)],
            "a clock that was wrong taught nothing"
        );
        assert_eq!(past.mac.as_deref(), Some("aa"));
    }

    #[test]
    fn the_usual_is_a_median_of_enough_hours() {
        let mut past = GatewayPast::default();
        for hour in 0..5 {
            past.saw(Some(2.0), None, at(hour));
        }
        assert_eq!(past.usual_ms(), None);
        past.saw(Some(900.0), None, at(5));
        assert_eq!(past.usual_ms(), Some(2.0), "one slow hour changes nothing");
    }

    #[test]
    fn loss_is_counted_over_ten_looks_and_forgotten_when_it_is_over() {
        let mut losses = Losses::default();
        assert_eq!(losses.percent("a", &pinged(5, 5)), 0);
        assert!(losses.is_empty(), "nothing happened");
        let steps: Vec<u32> = (0..4).map(|_| losses.percent("a", &pinged(5, 2))).collect();
        assert_eq!(steps, [6, 12, 18, 24]);
        for _ in 0..6 {
            losses.percent("a", &pinged(5, 5));
        }
        assert_eq!(losses.percent("a", &pinged(5, 5)), 18);
        for _ in 0..3 {
            losses.percent("a", &pinged(5, 5));
        }
        assert!(losses.is_empty());
    }
}
