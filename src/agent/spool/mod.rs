//! Observations that wait to be sent: an append-only journal beside the state file, of which only an
//! index is in memory.
//!
//! An observation is staged (written and synced), committed when the state file holds its number,
//! sent only then, and marked as done once the server has answered for it. What was staged and never
//! committed is cut off: memory and observations never come apart. The marks are not synced: one that
//! is lost sends an observation again, under the same key.

mod batch;
mod bounds;
mod frame;
mod journal;
mod scan;
mod uids;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

pub use self::batch::{Batch, Portion, Settled};
pub use self::bounds::Dropped;
pub use self::frame::Prepared;
pub use self::uids::Uids;

use self::frame::Frame;
use self::journal::Journal;
use self::scan::{Entry, Index};
use super::disk::{self, Damage, Error};
use crate::config::agent::spool::SpoolConfig;
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;

/// A journal shorter than this is not worth being written anew.
const WORTHWHILE: u64 = 1024 * 1024;

/// The journal, and what waits in it.
#[derive(Debug)]
pub struct Spool {
    journal: Journal,
    index: Index,
    /// Bytes of what waits.
    live: u64,
    /// Highest number ever given.
    last: u64,
    staged: Option<Staged>,
}

/// Written and synced, and not committed.
#[derive(Debug)]
struct Staged {
    /// Where the journal ended before.
    from: u64,
    entries: Vec<(u64, Entry)>,
    gone: Vec<u64>,
    last: u64,
}

impl Spool {
    /// Opens the journal beside a state file that committed up to `committed`; where the state does
    /// not know (`None`), all that is there counts. A torn tail is cut off. A damaged journal is kept
    /// aside, and what can be read of it is saved into a new one.
    ///
    /// # Errors
    /// It cannot be opened, read, or mended.
    pub fn open(
        state_path: &Path,
        committed: Option<u64>,
        now: Timestamp,
    ) -> Result<(Self, Option<Damage>), Error> {
        let path = disk::beside(state_path, ".spool");
        let open = || -> io::Result<_> {
            let journal = Journal::open(&path)?;
            let found = scan::scan(journal.rewound()?, committed)?;
            Ok((journal, found))
        };
        let (journal, found) = open().map_err(Error::on("open", &path))?;
        let mut spool = Self {
            live: found.index.values().map(|e| u64::from(e.length)).sum(),
            last: found.last.max(committed.unwrap_or_default()),
            index: found.index,
            journal,
            staged: None,
        };
        let Some(reason) = found.damage else {
            if found.end < spool.journal.len() {
                tracing::debug!(
                    bytes = spool.journal.len() - found.end, file = %path.display(),
                    "what was never committed is cut off"
                );
                let cut = spool.journal.cut(found.end);
                cut.map_err(Error::on("shorten", &path))?;
            }
            return Ok((spool, None));
        };
        let aside = disk::aside(&path, now);
        disk::keep_as(&path, &aside).map_err(Error::on("keep aside", &path))?;
        spool.compact().map_err(Error::on("mend", &path))?;
        let damage = Damage {
            recovered: Some(spool.len()),
            file: path,
            kept_as: aside,
            reason,
        };
        Ok((spool, Some(damage)))
    }

    /// How many observations wait.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Whether something waits behind the number `after`.
    pub fn has_behind(&self, after: u64) -> bool {
        let last = self.index.last_key_value();
        last.is_some_and(|(&last, _)| last > after)
    }

    /// Whether something of this condition waits.
    pub fn waits(&self, dedup_key: &str) -> bool {
        let subject = frame::subject(dedup_key);
        self.index
            .values()
            .any(|entry| entry.label.subject == subject)
    }

    /// Leaves those conditions of which nothing waits.
    pub fn without_waiting(&self, mut dedup_keys: Vec<String>) -> Vec<String> {
        if !dedup_keys.is_empty() && !self.is_empty() {
            let entries = self.index.values();
            let waiting: HashSet<u64> = entries.map(|entry| entry.label.subject).collect();
            dedup_keys.retain(|key| !waiting.contains(&frame::subject(key)));
        }
        dedup_keys
    }

    /// Which of those that wait must go so that what is `new` keeps within the bounds; takes out of
    /// `new` what does not fit either, and counts both.
    pub fn make_room(
        &self,
        new: &mut Vec<Prepared>,
        bounds: &SpoolConfig,
        now: Timestamp,
    ) -> (Vec<u64>, Dropped) {
        bounds::make_room((&self.index, self.live), new, bounds, now)
    }

    /// Writes observations, and that those with the numbers `gone` are given up, and syncs. Answers
    /// with the number by which the state commits both.
    ///
    /// # Errors
    /// The disk is full, for example. The journal is as it was then.
    pub fn stage(&mut self, new: &[Prepared], gone: Vec<u64>) -> Result<u64, Error> {
        if new.is_empty() && gone.is_empty() {
            return Ok(self.last);
        }
        let mut staged = Staged {
            from: self.journal.len(),
            entries: Vec::with_capacity(new.len()),
            gone,
            last: self.last,
        };
        let mut bytes = Vec::new();
        for prepared in new {
            staged.last += 1;
            let line = Frame::Put(staged.last, prepared.label, &prepared.json).line();
            let entry = Entry {
                offset: staged.from + bytes.len() as u64,
                length: u32::try_from(line.len()).unwrap_or(u32::MAX),
                label: prepared.label,
            };
            staged.entries.push((staged.last, entry));
            bytes.extend(line);
        }
        if !staged.gone.is_empty() {
            staged.last += 1;
            bytes.extend(Frame::Dropped(staged.last, frame::runs(&staged.gone)).line());
        }
        let written = self.journal.append(&bytes).and_then(|()| {
            self.journal.sync().inspect_err(|_| {
                let _ = self.journal.cut(staged.from);
            })
        });
        written.map_err(Error::on("write", &self.journal.path))?;
        let last = staged.last;
        self.staged = Some(staged);
        Ok(last)
    }

    /// Brings what was staged in line with the number that the state file holds now: it waits from
    /// here on, or it was never there.
    pub fn settle(&mut self, committed: u64) {
        let Some(staged) = self.staged.take() else {
            return;
        };
        if committed < staged.last {
            // Where this fails it is shortened before the next write, or at the next start.
            let _ = self.journal.cut(staged.from);
            return;
        }
        self.last = staged.last;
        for (number, entry) in staged.entries {
            self.live += u64::from(entry.length);
            self.index.insert(number, entry);
        }
        self.forget(&staged.gone);
    }

    /// The next observations behind the number `after`, none of a subject that is `blocked`.
    ///
    /// # Errors
    /// The journal cannot be read; with `InvalidData` where what stands there is not what was
    /// written: it has to be opened anew.
    pub fn batch(
        &self,
        after: u64,
        portion: Portion,
        blocked: &HashSet<u64>,
    ) -> Result<Batch, Error> {
        let mut batch = Batch::default();
        let behind = self.index.range(after.saturating_add(1)..);
        for (&number, entry) in behind {
            let subject = entry.label.subject;
            if blocked.contains(&subject) {
                continue;
            }
            if !batch.has_room_for(entry.length as usize, portion) {
                break;
            }
            let added = self
                .read(entry)
                .and_then(|line| match Frame::parse(&line) {
                    Some(Frame::Put(found, _, json)) if found == number => {
                        Ok(batch.add((number, subject), json)?)
                    }
                    _ => Err(ErrorKind::InvalidData.into()),
                })
                .map_err(Error::on("read", &self.journal.path))?;
            if !added {
                break;
            }
        }
        batch.close();
        Ok(batch)
    }

    fn read(&self, entry: &Entry) -> io::Result<Vec<u8>> {
        self.journal.read(entry.offset, entry.length)
    }

    /// The server has answered for these.
    pub fn done(&mut self, numbers: &[u64]) {
        if numbers.is_empty() {
            return;
        }
        self.forget(numbers);
        let marked = if self.index.is_empty() {
            self.journal.cut(0)
        } else {
            self.journal
                .append(&Frame::Done(frame::runs(numbers)).line())
        };
        if let Err(error) = marked {
            tracing::debug!(%error, "sent observations could not be marked; they count once all the same");
        }
    }

    fn forget(&mut self, numbers: &[u64]) {
        for number in numbers {
            if let Some(entry) = self.index.remove(number) {
                self.live -= u64::from(entry.length);
            }
        }
    }

    /// Writes the journal anew where most of it is dead, or where it would not keep within
    /// `max_bytes` otherwise.
    pub fn tidy(&mut self, max_bytes: u64) {
        let len = self.journal.len();
        let dead = len.saturating_sub(self.live);
        let is_mostly_dead = len > WORTHWHILE && dead > len / 2;
        let is_in_the_way = len > max_bytes && dead > len / 10;
        if self.staged.is_some() || !(is_mostly_dead || is_in_the_way) {
            return;
        }
        if let Err(error) = self.compact() {
            tracing::warn!(
                %error, file = %self.journal.path.display(), bytes = len, dead,
                "the spool cannot be written anew; it goes on as it is. hint: is there room on its disk?"
            );
        }
    }

    fn compact(&mut self) -> io::Result<()> {
        let mut index = Index::new();
        let (old, last) = (&self.index, self.last);
        self.journal.replace(|journal, out| {
            let mut offset = 0;
            for (number, entry) in old {
                out.write_all(&journal.read(entry.offset, entry.length)?)?;
                index.insert(*number, Entry { offset, ..*entry });
                offset += u64::from(entry.length);
            }
            let end = Frame::Last(last).line();
            out.write_all(&end)?;
            Ok(offset + end.len() as u64)
        })?;
        self.index = index;
        Ok(())
    }
}

/// What waits, for a look that changes nothing.
///
/// # Errors
/// The journal is there but cannot be read.
pub fn peek(state_path: &Path, committed: Option<u64>) -> Result<Vec<NewSignal>, Error> {
    let path = disk::beside(state_path, ".spool");
    let read = || -> io::Result<Vec<NewSignal>> {
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened?,
        };
        let found = scan::scan(&file, committed)?;
        let mut signals = Vec::new();
        for entry in found.index.values() {
            let line = journal::read_at(&file, entry.offset, entry.length)?;
            if let Some(Frame::Put(_, _, json)) = Frame::parse(&line) {
                signals.push(serde_json::from_slice(json)?);
            }
        }
        Ok(signals)
    };
    read().map_err(Error::on("read", &path))
}

#[cfg(test)]
mod tests;
