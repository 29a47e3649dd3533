//! A moment in UTC, to the millisecond.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// No calendar that RFC 3339 knows has a moment before it.
const FIRST: DateTime = date(1, 1, 1).at(0, 0, 0, 0);
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// Milliseconds since 1970-01-01T00:00:00Z. Written and read as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch, as the database stores them.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339. A date and time without an offset is taken as UTC: version 0.4 wrote those.
    /// `None` for anything else, and for what is in no year of our era in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).filter(|moment| moment.unbounded() >= FIRST)
    }

    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(Self(moment.as_millisecond()));
        }
        // A bare date is not a moment.
        if !text.contains(':') {
            return None;
        }
        // What is left: no offset at all, or a moment in the last hours of the year 9999.
        let civil: DateTime = text.strip_suffix(['Z', 'z']).unwrap_or(text).parse().ok()?;
        i64::try_from(civil.duration_since(EPOCH).as_millis())
            .ok()
            .map(Self)
    }

    /// Reads the date of an HTTP answer (RFC 9110, 5.6.7): `Thu, 26 Nov 2026 07:48:00 GMT`.
    pub fn parse_http(text: &str) -> Option<Self> {
        let moment = jiff::fmt::rfc2822::parse(text).ok()?;
        Some(Self(moment.timestamp().as_millisecond()))
    }

    /// This moment moved by `millis`; saturates at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when it is the other way round.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `20261123T034512Z`: sorts by name, and stands in file names everywhere.
    pub fn compact(self) -> String {
        self.civil().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// As a person in `zone` reads it: `2026-11-23 04:45:12`.
    pub fn local(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// As the head of a page in `zone` shows it: `Mon 23 Nov, 04:45`.
    pub fn headline(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%a %-d %b, %H:%M").to_string()
    }

    /// The full hour `hour` of the day that is `days` after this moment's in `zone`; an hour that a
    /// change of clocks leaves out counts as the next one. This moment itself at the calendar's ends.
    #[must_use]
    pub fn at_hour(self, (days, hour): (i64, i8), zone: &TimeZone) -> Self {
        let day = self.zoned(zone).date();
        jiff::Span::new()
            .try_days(days)
            .and_then(|span| day.checked_add(span))
            .and_then(|day| zone.to_timestamp(day.at(hour, 0, 0, 0)))
            .map_or(self, |moment| Self(moment.as_millisecond()))
    }

    /// Date and time in UTC. Beyond the calendar's ends it is the end.
    fn civil(self) -> DateTime {
        self.unbounded().max(FIRST)
    }

    fn unbounded(self) -> DateTime {
        EPOCH.saturating_add(SignedDuration::from_millis(self.0))
    }

    fn zoned(self, zone: &TimeZone) -> DateTime {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| self.civil(), |moment| zone.to_datetime(moment))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.3}Z", self.civil())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not an RFC 3339 time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::zone;

    #[test]
    fn offsets_are_turned_into_utc() {
        let moment = Timestamp::parse("2026-11-23T04:45:12.5+01:00").unwrap();
        assert_eq!(moment.to_string(), "2026-11-23T03:45:12.500Z");
    }

    #[test]
    fn naive_times_of_0_4_are_utc() {
        for text in ["2026-11-01 06:00:00.000000", "2026-11-01T06:00:00"] {
            assert_eq!(
                Timestamp::parse(text).unwrap().to_string(),
                "2026-11-01T06:00:00.000Z"
            );
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-11-23",
            "12:00",
            "2026-13-01T00:00:00Z",
            "0000-01-01T00:00:00+23:00",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+01:00",
            "-000001-01-01T00:00:00Z",
            "0000-06-01 06:00:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_are_shown_without_panic() {
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
        assert!(
            Timestamp::from_millis(i64::MAX)
                .to_string()
                .starts_with("9999")
        );
        assert_eq!(
            Timestamp::from_millis(i64::MIN).to_string(),
            "0001-01-01T00:00:00.000Z"
        );
        let first = Timestamp::parse("0001-01-01T00:00:00Z").unwrap();
        assert_eq!(first.to_string(), "0001-01-01T00:00:00.000Z");
        let last = Timestamp::parse("9999-12-31T23:59:59Z").unwrap();
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.000Z");
    }

    #[test]
    fn an_hour_of_another_day_is_that_of_the_zone() {
        let zone = zone::named("Europe/Berlin").unwrap();
        let evening = Timestamp::parse("2026-11-23T23:30:00Z").unwrap();
        let at = |day, hour| evening.at_hour((day, hour), &zone).to_string();
        assert_eq!(at(1, 8), "2026-11-25T07:00:00.000Z", "it is the 24th there");
        assert_eq!(at(-1, 0), "2026-11-22T23:00:00.000Z");
        let spring = Timestamp::parse("2026-03-28T12:00:00Z").unwrap();
        let left_out = spring.at_hour((1, 2), &zone);
        assert_eq!(left_out.to_string(), "2026-03-29T01:00:00.000Z");
        let last = Timestamp::from_millis(i64::MAX);
        assert_eq!(last.at_hour((1, 8), &zone), last);
    }

    #[test]
    fn file_names_sort_by_time() {
        let moment = Timestamp::parse("2026-11-23T03:45:12Z").unwrap();
        assert_eq!(moment.compact(), "20261123T034512Z");
    }
}
