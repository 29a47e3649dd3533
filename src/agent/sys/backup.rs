//! The newest file of a folder and of the folders in it. Bounded: a folder may be huge, and links
//! are not followed.

use std::fs::{self, DirEntry, ReadDir};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Most entries that are looked at.
const MOST: usize = 50_000;
/// Folders below the one that is named.
const DEPTH: usize = 2;
/// A file dated later than this from now on is no measure; less than that is a clock that was
/// set meanwhile.
const FUTURE: Duration = Duration::from_hours(2);

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newest {
    /// There is no such folder.
    Missing,
    /// No file in it counts.
    Empty,
    /// The newest that counts.
    File {
        /// Where it is, below the folder.
        path: PathBuf,
        /// When it was last written.
        modified: SystemTime,
        /// The folder holds too much to look at all of it: there may be a newer one.
        in_part: bool,
    },
    /// It could not be found out: why, and what would help.
    Unknown(String),
}

/// Looks for the newest file whose name `counts`.
pub fn newest(folder: &Path, counts: impl Fn(&str) -> bool) -> Newest {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Newest::Missing,
        Err(error) => return Newest::Unknown(say(folder, &error)),
    };
    let mut walk = Walk {
        latest: SystemTime::now() + FUTURE,
        left: MOST,
        newest: None,
        refused: None,
    };
    walk.through(entries, DEPTH, &counts);
    let in_part = walk.left == 0;
    match (walk.newest, walk.refused) {
        (Some((modified, path)), None) => Newest::File {
            path: path
                .strip_prefix(folder)
                .map_or(path.clone(), Path::to_owned),
            modified,
            in_part,
        },
        (_, Some(reason)) => Newest::Unknown(reason),
        (None, None) if in_part => Newest::Unknown(format!(
            "{} holds more than {MOST} entries; hint: name a smaller folder",
            folder.display()
        )),
        (None, None) => Newest::Empty,
    }
}

struct Walk {
    latest: SystemTime,
    left: usize,
    newest: Option<(SystemTime, PathBuf)>,
    refused: Option<String>,
}

impl Walk {
    fn through(&mut self, entries: ReadDir, depth: usize, counts: &impl Fn(&str) -> bool) {
        for entry in entries {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            // What vanishes while it is looked at is no backup.
            let Ok(entry) = entry else { continue };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth > 0 => match fs::read_dir(entry.path()) {
                    Ok(entries) => self.through(entries, depth - 1, counts),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) if is_aside(&entry) => drop(error),
                    Err(error) => self.refused = Some(say(&entry.path(), &error)),
                },
                Ok(kind) if kind.is_file() && counts(&entry.file_name().to_string_lossy()) => {
                    self.take(&entry);
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, entry: &DirEntry) {
        let Ok(modified) = entry.metadata().and_then(|file| file.modified()) else {
            return;
        };
        let is_newer = |(known, _): &(SystemTime, PathBuf)| modified > *known;
        if modified <= self.latest && self.newest.as_ref().is_none_or(is_newer) {
            self.newest = Some((modified, entry.path()));
        }
    }
}

/// A folder of the file system's own, which only root may read.
fn is_aside(entry: &DirEntry) -> bool {
    entry.file_name() == "lost+found"
}

fn say(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => format!(
            "this process may not read {}; hint: let the agent's user read it: setfacl -m u:USER:rx {0}",
            path.display()
        ),
        ErrorKind::NotADirectory => {
            format!(
                "{} is no folder; hint: name the folder it is in",
                path.display()
            )
        }
        _ => format!("cannot read {}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests;
