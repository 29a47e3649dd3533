//! Reads a journal from its begin: what waits, where the good part ends, and whether it is damaged.
//!
//! Every frame with a number is on disk before the state file commits that number. So a file that
//! is not empty must show the committed number: where it does not, something was lost. Frames
//! beyond it were never committed, and so never sent: they end the good part, as a torn tail does.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::frame::{Frame, Label, Numbers};

/// Longest line that is looked at as one; a signal is far shorter.
const MAX_LINE: u64 = 4 * 1024 * 1024;

/// Where an observation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub offset: u64,
    /// Of the whole line.
    pub length: u32,
    pub label: Label,
}

/// What waits, by number.
pub(super) type Index = BTreeMap<u64, Entry>;

#[derive(Debug, Default)]
pub(super) struct Scan {
    pub index: Index,
    /// Highest number that was seen.
    pub last: u64,
    /// Where the good part ends.
    pub end: u64,
    /// What is wrong, other than a torn tail.
    pub damage: Option<String>,
}

/// Reads a journal whose frames count up to `committed`, or all where that is not known.
pub(super) fn scan(file: &File, committed: Option<u64>) -> io::Result<Scan> {
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let mut scan = Scan::default();
    let mut line = Vec::new();
    let (mut offset, mut bad) = (0_u64, 0_u64);
    loop {
        line.clear();
        let length = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            break;
        }
        let frame =
            Frame::parse(&line).filter(|frame| frame.number().is_none_or(|n| n > scan.last));
        match frame {
            None => bad += length,
            Some(frame) => {
                if bad > 0 {
                    scan.damage.get_or_insert_with(|| {
                        format!("{bad} bytes before byte {offset} are garbage")
                    });
                }
                let beyond = |number| committed.is_some_and(|committed| number > committed);
                if frame.number().is_some_and(beyond) {
                    break;
                }
                scan.take(&frame, offset, length);
                scan.end = offset + length;
            }
        }
        offset += length;
    }
    let is_short = match committed {
        Some(committed) => scan.end + bad > 0 && scan.last < committed,
        None => bad > 0 && scan.end == 0,
    };
    if is_short {
        scan.damage
            .get_or_insert_with(|| "its end is missing".to_owned());
    }
    Ok(scan)
}

impl Scan {
    fn take(&mut self, frame: &Frame<'_>, offset: u64, length: u64) {
        if let Some(number) = frame.number() {
            self.last = number;
        }
        match frame {
            Frame::Put(number, label, _) => {
                let length = u32::try_from(length).unwrap_or(u32::MAX);
                let label = *label;
                self.index.insert(
                    *number,
                    Entry {
                        offset,
                        length,
                        label,
                    },
                );
            }
            Frame::Dropped(_, numbers) | Frame::Done(numbers) => remove(&mut self.index, numbers),
            Frame::Last(number) => self.last = self.last.max(*number),
        }
    }
}

fn remove(index: &mut Index, numbers: &Numbers) {
    for run in numbers.iter().filter(|run| !run.is_empty()) {
        let there: Vec<u64> = index
            .range(run.clone())
            .map(|(number, _)| *number)
            .collect();
        for number in there {
            index.remove(&number);
        }
    }
}
