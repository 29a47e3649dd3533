//! A day of the calendar in a time zone: from its first moment to the first of the next, which is
//! 23 or 25 hours where the clocks are changed.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::timestamp::Timestamp;

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Its date.
    pub date: Date,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment of the next.
    pub to: Timestamp,
}

impl Day {
    /// The day of this date. `None` at the ends of the calendar.
    pub fn of(date: Date, zone: &TimeZone) -> Option<Self> {
        Some(Self {
            date,
            from: first_moment(date, zone)?,
            to: first_moment(date.tomorrow().ok()?, zone)?,
        })
    }

    /// Whether it is over at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.to <= now
    }
}

/// Where the clocks skip midnight, the day begins after the gap.
fn first_moment(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let first = date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?;
    Some(Timestamp::from_millis(first.timestamp().as_millisecond()))
}

/// The date of a moment. Beyond the calendar's ends it is the end.
pub fn date_of(moment: Timestamp, zone: &TimeZone) -> Date {
    jiff::Timestamp::from_millisecond(moment.as_millis()).map_or_else(
        |_| {
            if moment.as_millis() < 0 {
                Date::MIN
            } else {
                Date::MAX
            }
        },
        |moment| zone.to_datetime(moment).date(),
    )
}

/// Reads `today`, `yesterday` or `2026-11-23`. `None` for anything else.
pub fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Date> {
    let today = date_of(now, zone);
    match text {
        "today" => return Some(today),
        "yesterday" => return today.yesterday().ok(),
        _ => {}
    }
    // The calendar's package reads more than one way of writing a date.
    let plain = text.len() == 10
        && text.char_indices().all(|(position, c)| match position {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        });
    if plain { text.parse().ok() } else { None }
}

/// The name of a zone, as the configuration takes it.
pub fn name_of(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::zone;

    fn hours(date: &str, zone: &str) -> i64 {
        let zone = zone::named(zone).unwrap();
        let day = Day::of(date.parse().unwrap(), &zone).unwrap();
        assert_eq!(date_of(day.from, &zone).to_string(), date);
        assert_eq!(date_of(day.to.plus_millis(-1), &zone).to_string(), date);
        assert_ne!(date_of(day.to, &zone).to_string(), date);
        day.to.millis_since(day.from) / 3_600_000
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        for (date, zone, expected) in [
            ("2026-11-22", "UTC", 24),
            ("2026-03-29", "Europe/Berlin", 23),
            ("2026-10-25", "Europe/Berlin", 25),
            ("2026-03-08", "America/New_York", 23),
            ("2026-11-01", "America/New_York", 25),
            ("2026-04-05", "Pacific/Auckland", 25),
            ("2026-09-27", "Pacific/Auckland", 23),
            // The clocks skip midnight: the day begins at one.
            ("2026-09-06", "America/Santiago", 23),
        ] {
            assert_eq!(hours(date, zone), expected, "{date} {zone}");
        }
    }

    #[test]
    fn days_follow_each_other_without_gap_or_overlap() {
        for zone in ["Pacific/Auckland", "America/New_York", "America/Santiago"] {
            let zone = zone::named(zone).unwrap();
            let mut date: Date = "2026-01-01".parse().unwrap();
            for _ in 0..365 {
                let next = date.tomorrow().unwrap();
                let (day, after) = (Day::of(date, &zone), Day::of(next, &zone));
                assert_eq!(day.unwrap().to, after.unwrap().from, "{date}");
                date = next;
            }
        }
    }

    #[test]
    fn today_is_the_zones_and_not_the_servers() {
        let now = Timestamp::parse("2026-11-22T23:30:00Z").unwrap();
        let read_in = |text: &str, zone: &str| {
            read(text, now, &zone::named(zone).unwrap()).map(|date| date.to_string())
        };
        let some = |date: &str| Some(date.to_owned());
        assert_eq!(read_in("today", "UTC"), some("2026-11-22"));
        assert_eq!(read_in("today", "Pacific/Auckland"), some("2026-11-23"));
        assert_eq!(read_in("yesterday", "America/New_York"), some("2026-11-21"));
        assert_eq!(read_in("2026-02-28", "UTC"), some("2026-02-28"));
        for text in [
            "",
            "tomorrow",
            "2026-2-28",
            "2026-02-30",
            "20260228",
            "2026-02-28T00:00",
            "+002026-02",
            "2026-02-2\u{661}",
        ] {
            assert_eq!(read_in(text, "UTC"), None, "{text}");
        }
    }

    #[test]
    fn the_calendars_ends_have_no_next_day() {
        assert_eq!(Day::of(Date::MAX, &TimeZone::UTC), None);
        assert_eq!(
            date_of(Timestamp::from_millis(i64::MAX), &TimeZone::UTC),
            Date::MAX
        );
    }
}
