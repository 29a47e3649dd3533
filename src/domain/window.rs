//! A stretch of time that ends now: `24h`, `7d`.

use std::fmt;

use crate::domain::timestamp::Timestamp;

/// How far back a list looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// So many milliseconds.
    Last(i64),
    /// To the beginning.
    All,
}

impl Window {
    /// A day.
    pub const DAY: Self = Self::Last(24 * 3_600_000);
    /// What a page offers, shortest first.
    pub const OFFERED: [(&'static str, &'static str); 5] = [
        ("1h", "1 hour"),
        ("24h", "24 hours"),
        ("7d", "7 days"),
        ("30d", "30 days"),
        ("all", "all time"),
    ];

    /// Reads `15m`, `24h`, `7d`, `2w` or `all`. `None` for anything else, and for more than ten
    /// years.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("all") {
            return Some(Self::All);
        }
        let split = text.find(|c: char| !c.is_ascii_digit())?;
        let (count, unit) = text.split_at(split);
        let unit = match unit {
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 24 * 3_600_000,
            "w" => 7 * 24 * 3_600_000,
            _ => return None,
        };
        let millis = count.parse::<i64>().ok()?.checked_mul(unit)?;
        (1..=3_660 * 24 * 3_600_000)
            .contains(&millis)
            .then_some(Self::Last(millis))
    }

    /// Where it begins; `None` where it has no beginning.
    pub fn start(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Last(millis) => Some(now.plus_millis(-millis)),
            Self::All => None,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::All => out.write_str("all"),
            Self::Last(millis) if millis % (24 * HOUR) == 0 && *millis > 24 * HOUR => {
                write!(out, "{}d", millis / (24 * HOUR))
            }
            Self::Last(millis) if millis % HOUR == 0 => write!(out, "{}h", millis / HOUR),
            Self::Last(millis) => write!(out, "{}m", millis / 60_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_reads_back_as_itself() {
        for (word, _) in Window::OFFERED {
            assert_eq!(
                Window::parse(word).map(|window| window.to_string()),
                Some(word.to_owned())
            );
        }
    }

    #[test]
    fn nonsense_is_no_window() {
        for text in [
            "",
            "h",
            "0h",
            "-1h",
            "24",
            "1y",
            "99999999999999999999d",
            "20000d",
        ] {
            assert_eq!(Window::parse(text), None, "{text}");
        }
    }
}
