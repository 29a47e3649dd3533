//! What the agent remembers between two cycles, in one file that is replaced as a whole: the
//! memory of every check together with the signals that wait to be sent, so that a crash never
//! separates them. Which signals wait is ruled in `spool`; this file owns the disk.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checks::docker;
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;

/// Version of the file's shape.
const VERSION: u32 = 1;
/// When the file of refused signals is this long, in bytes, a new one is begun.
const MAX_REJECTED: u64 = 1024 * 1024;

/// The contents of the state file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`VERSION`] of the program that wrote it.
    pub version: u32,
    /// Identity of this agent on a host that has no machine id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random_id: Option<String>,
    /// Troubles of the agent itself that were said already, so that they are said once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told: BTreeSet<String>,
    /// Memory of the Docker check.
    #[serde(default)]
    pub docker: docker::Memory,
    /// Signals that wait to be sent, oldest first; each has a `uid`.
    #[serde(default)]
    pub pending: Vec<NewSignal>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: VERSION,
            random_id: None,
            told: BTreeSet::new(),
            docker: docker::Memory::new(),
            pending: Vec::new(),
        }
    }
}

/// Something about the state file that could not be done.
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
    fn on(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            attempt,
            path,
            source,
        }
    }
}

/// The state file, held against a second agent.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// What the file holds now, so that it is not written again without need.
    on_disk: Vec<u8>,
    /// Held open for its lock.
    _lock: File,
}

impl StateFile {
    /// Takes the lock beside the file. `None` where another agent holds it.
    ///
    /// # Errors
    /// The directory cannot be made or written.
    pub fn lock(path: &Path) -> Result<Option<Self>, Error> {
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            fs::create_dir_all(parent).map_err(Error::on("make the directory of", path))?;
        }
        let lock_path = beside(path, ".lock");
        let lock = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(&lock_path)
            .map_err(Error::on("open the lock", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self {
                path: path.to_owned(),
                on_disk: Vec::new(),
                _lock: lock,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::on("lock", &lock_path)(error)),
        }
    }

    /// Reads the state. One that cannot be understood is kept aside and work begins anew.
    ///
    /// # Errors
    /// The file is there but cannot be read or moved aside.
    pub fn load(&mut self, now: Timestamp) -> Result<State, Error> {
        let Some(bytes) = read(&self.path)? else {
            return Ok(State::default());
        };
        match parse(&bytes) {
            Ok(state) => {
                self.on_disk = bytes;
                Ok(state)
            }
            Err(reason) => {
                let aside = beside(&self.path, &format!(".corrupt-{}", now.compact()));
                fs::rename(&self.path, &aside).map_err(Error::on("move aside", &self.path))?;
                tracing::error!(
                    file = %self.path.display(), kept_as = %aside.display(), %reason,
                    "the state file cannot be understood: it is kept aside and the agent starts anew"
                );
                Ok(State::default())
            }
        }
    }

    /// Writes the state if it differs from what is on disk, and does not return before it would
    /// survive a power cut. Answers whether it had to be written.
    ///
    /// # Errors
    /// The disk is full, or the directory cannot be written. The old file is still whole then.
    pub fn save(&mut self, state: &State) -> Result<bool, Error> {
        let bytes = serde_json::to_vec(state)
            .map_err(|error| Error::on("write", &self.path)(error.into()))?;
        if bytes == self.on_disk {
            return Ok(false);
        }
        let temporary = beside(&self.path, ".tmp");
        let written = write_synced(&temporary, &bytes)
            .and_then(|()| fs::rename(&temporary, &self.path))
            .and_then(|()| sync_directory_of(&self.path));
        if let Err(error) = written {
            // What is left of it only takes room on a disk that may be full.
            let _ = fs::remove_file(&temporary);
            return Err(Error::on("write", &self.path)(error));
        }
        self.on_disk = bytes;
        Ok(true)
    }

    /// Keeps a signal that the server refused for good, with the reason, for a person to read.
    ///
    /// # Errors
    /// The file beside the state cannot be written.
    pub fn set_aside(&self, lines: &[String]) -> Result<PathBuf, Error> {
        let path = beside(&self.path, ".rejected.ndjson");
        if fs::metadata(&path).is_ok_and(|file| file.len() > MAX_REJECTED) {
            fs::rename(&path, beside(&self.path, ".rejected.ndjson.1"))
                .map_err(Error::on("move", &path))?;
        }
        let mut text = lines.join("\n");
        text.push('\n');
        private(OpenOptions::new().create(true).append(true))
            .open(&path)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
            })
            .map_err(Error::on("write", &path))?;
        Ok(path)
    }
}

/// The state as it is, for a look that changes nothing: no lock, nothing moved aside.
///
/// # Errors
/// The file is there but cannot be read.
pub fn peek(path: &Path) -> Result<State, Error> {
    let bytes = read(path)?;
    Ok(bytes
        .and_then(|bytes| parse(&bytes).ok())
        .unwrap_or_default())
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::on("read", path)(error)),
    }
}

fn parse(bytes: &[u8]) -> Result<State, String> {
    let state: State = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if state.version > VERSION {
        return Err(format!(
            "it was written by a newer agent (version {})",
            state.version
        ));
    }
    Ok(state)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file =
        private(OpenOptions::new().create(true).truncate(true).write(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// `NAME` + `suffix` in the same directory.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Readable by its owner only, where the system knows owners.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A rename is on disk once its directory is.
#[cfg(unix)]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Elsewhere a directory cannot be synced.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // nothing fails there
fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
