//! How the agent's files are kept: readable by their owner only, beside one another, and on disk
//! before anybody relies on them. What stands in them is `state`'s and `spool`'s.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;

/// Something about a file of the agent that could not be done.
#[derive(Debug)]
pub struct Error {
    /// What was attempted: `write`, `read`, ...
    pub attempt: &'static str,
    /// On which file.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl Error {
    /// For `map_err`.
    pub(super) fn on(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            attempt,
            path,
            source,
        }
    }
}

/// A file that could not be understood and was kept aside. Remembered until it was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// Where it stands now.
    pub kept_as: PathBuf,
    /// What is wrong with it.
    pub reason: String,
    /// Observations that could be read all the same; nothing where the file holds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<usize>,
}

impl Damage {
    /// Says so in the log; the server hears of it with the next cycle.
    pub(super) fn log(&self) {
        tracing::error!(
            file = %self.file.display(), kept_as = %self.kept_as.display(), reason = self.reason,
            recovered = self.recovered, "a file of the agent is damaged: it is kept aside and work goes on"
        );
    }
}

/// `NAME` + `suffix` in the same directory.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// A name for a damaged file that no other has.
pub(super) fn aside(path: &Path, now: Timestamp) -> PathBuf {
    let first = beside(path, &format!(".corrupt-{}", now.compact()));
    if !first.exists() {
        return first;
    }
    // Twice within a second: what was kept first is not written over.
    (2..=1000_u32)
        .map(|number| beside(&first, &format!("-{number}")))
        .find(|path| !path.exists())
        .unwrap_or(first)
}

/// Readable by its owner only, where the system knows owners.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A file with these contents, on disk.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file =
        private(OpenOptions::new().create(true).truncate(true).write(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A second name for a file, or a copy where the file system knows no second names.
pub(super) fn keep_as(path: &Path, other: &Path) -> io::Result<()> {
    match fs::hard_link(path, other) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(path, other).map(|_| ()),
    }
}

/// A rename is on disk once its directory is.
#[cfg(unix)]
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

/// Elsewhere a directory cannot be synced.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // nothing fails there
pub(super) fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}
