//! One line of the journal: a check sum, what it is, its number, and for an observation what has to
//! be known of it without reading it.
//!
//! ```text
//! 1c291ca3 p 17 w 1795000000000 9f86d081884c7d65 {"site_id":"site-homelab", ...}
//! 5e884898 x 18 3-9 12
//! 2bd806c9 d 10-11
//! 84983e44 l 18
//! ```

use std::ops::RangeInclusive;

use crate::domain::hash;
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;

/// Digits of the check sum, and the space behind it.
const SUM: usize = 9;

/// In which order observations are given up where not all can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Info,
    Warning,
    Critical,
    /// What the agent says of itself: that something was given up, or damaged. Never given up.
    Notice,
}

impl Rank {
    /// Those that may be given up, least first.
    pub(super) const GIVEN_UP: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    fn of(signal: &NewSignal) -> Self {
        match (signal.kind.as_str(), signal.severity) {
            (kind::OBSERVATIONS_DROPPED | kind::AGENT_STATE_DAMAGED, _) => Self::Notice,
            (_, Severity::Info) => Self::Info,
            (_, Severity::Warning) => Self::Warning,
            (_, Severity::Critical) => Self::Critical,
        }
    }

    fn letter(self) -> &'static str {
        match self {
            Self::Info => "i",
            Self::Warning => "w",
            Self::Critical => "c",
            Self::Notice => "n",
        }
    }

    fn parse(letter: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Critical, Self::Notice]
            .into_iter()
            .find(|rank| rank.letter() == letter)
    }
}

/// What has to be known of an observation without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub rank: Rank,
    /// When it was seen, in milliseconds.
    pub at: i64,
    /// What it is about; see [`subject`].
    pub subject: u64,
}

/// An observation on its way into the journal.
#[derive(Debug)]
pub struct Prepared {
    pub(super) label: Label,
    pub(super) json: Vec<u8>,
}

impl Prepared {
    /// # Errors
    /// A signal that cannot be written as JSON; there is none.
    pub fn of(signal: &NewSignal, now: Timestamp) -> serde_json::Result<Self> {
        let key = signal.dedup_key.as_deref().or(signal.uid.as_deref());
        Ok(Self {
            label: Label {
                rank: Rank::of(signal),
                at: signal.observed_at.unwrap_or(now).as_millis(),
                subject: subject(key.unwrap_or_default()),
            },
            json: serde_json::to_vec(signal)?,
        })
    }
}

/// Stands for a `dedup_key`: what has the same is about the same thing, and stays in order.
pub(super) fn subject(dedup_key: &str) -> u64 {
    hash::sha256(dedup_key)
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Numbers of frames.
pub(super) type Numbers = Vec<RangeInclusive<u64>>;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// An observation waits.
    Put(u64, Label, &'a [u8]),
    /// These were given up. It has a number of its own, since it counts only once it is committed.
    Dropped(u64, Numbers),
    /// The server has answered for these.
    Done(Numbers),
    /// The highest number so far, where the frames that had it are no longer there.
    Last(u64),
}

impl<'a> Frame<'a> {
    /// As it stands in the file.
    pub(super) fn line(&self) -> Vec<u8> {
        let (head, json) = match self {
            Self::Put(number, label, json) => (
                format!(
                    "p {number} {} {} {:016x} ",
                    label.rank.letter(),
                    label.at,
                    label.subject
                ),
                *json,
            ),
            Self::Dropped(number, gone) => (format!("x {number} {}", list(gone)), [].as_slice()),
            Self::Done(done) => (format!("d {}", list(done)), [].as_slice()),
            Self::Last(number) => (format!("l {number}"), [].as_slice()),
        };
        let mut sum = crc32fast::Hasher::new();
        sum.update(head.as_bytes());
        sum.update(json);
        let mut line = format!("{:08x} {head}", sum.finalize()).into_bytes();
        line.extend_from_slice(json);
        line.push(b'\n');
        line
    }

    /// Reads a line with its end; nothing where it is not as it was written.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n")?;
        let (sum, body) = line.split_at_checked(SUM)?;
        let sum = std::str::from_utf8(sum).ok()?.strip_suffix(' ')?;
        if u32::from_str_radix(sum, 16).ok()? != crc32fast::hash(body) {
            return None;
        }
        let mut words = body.splitn(6, |byte| *byte == b' ');
        let mut word = || std::str::from_utf8(words.next()?).ok();
        match word()? {
            "p" => {
                let number = word()?.parse().ok()?;
                let label = Label {
                    rank: Rank::parse(word()?)?,
                    at: word()?.parse().ok()?,
                    subject: u64::from_str_radix(word()?, 16).ok()?,
                };
                Some(Self::Put(number, label, words.next()?))
            }
            "x" => {
                let (number, rest) = split(body.get(2..)?)?;
                Some(Self::Dropped(number.parse().ok()?, numbers(rest)?))
            }
            "d" => Some(Self::Done(numbers(
                std::str::from_utf8(body.get(2..)?).ok()?,
            )?)),
            "l" => Some(Self::Last(word()?.parse().ok()?)),
            _ => None,
        }
    }

    /// The number that the state file commits it by.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Put(number, ..) | Self::Dropped(number, _) => Some(*number),
            Self::Done(_) | Self::Last(_) => None,
        }
    }
}

fn split(body: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(body).ok()?.split_once(' ')
}

/// `3-9 12`
fn list(numbers: &Numbers) -> String {
    let words: Vec<String> = numbers
        .iter()
        .map(|range| match (range.start(), range.end()) {
            (start, end) if start == end => start.to_string(),
            (start, end) => format!("{start}-{end}"),
        })
        .collect();
    words.join(" ")
}

fn numbers(text: &str) -> Option<Numbers> {
    text.split(' ')
        .map(|word| {
            let (start, end) = word.split_once('-').unwrap_or((word, word));
            Some(start.parse().ok()?..=end.parse().ok()?)
        })
        .collect()
}

/// Numbers in their order as runs.
pub(super) fn runs(numbers: &[u64]) -> Numbers {
    let mut runs = Numbers::new();
    for &number in numbers {
        match runs.last_mut() {
            Some(run) if run.end().checked_add(1) == Some(number) => *run = *run.start()..=number,
            _ => runs.push(number..=number),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABEL: Label = Label {
        rank: Rank::Critical,
        at: -5,
        subject: 0x9f,
    };

    #[test]
    fn what_is_written_is_read() {
        let json = br#"{"summary":"a b  c"}"#;
        for frame in [
            Frame::Put(17, LABEL, json),
            Frame::Dropped(18, vec![3..=9, 12..=12]),
            Frame::Done(vec![1..=1]),
            Frame::Last(u64::MAX),
        ] {
            let line = frame.line();
            assert_eq!(Frame::parse(&line), Some(frame));
        }
    }

    #[test]
    fn one_changed_bit_is_noticed_anywhere() {
        let line = Frame::Put(17, LABEL, br#"{"a":1}"#).line();
        for place in 0..line.len() {
            for bit in 0..8 {
                let mut other = line.clone();
                other[place] ^= 1 << bit;
                let read = Frame::parse(&other);
                // The case of the sum's own hex digits is no content.
                let same = read == Frame::parse(&line) && other.eq_ignore_ascii_case(&line);
                assert!(read.is_none() || same, "byte {place} bit {bit}");
            }
            assert_eq!(Frame::parse(&line[..place]), None, "cut at {place}");
        }
    }

    #[test]
    fn neighbours_make_a_run() {
        assert_eq!(runs(&[1, 2, 3, 7, 9, 10]), [1..=3, 7..=7, 9..=10]);
        assert_eq!(list(&runs(&[1, 2, 3, 7])), "1-3 7");
    }
}
