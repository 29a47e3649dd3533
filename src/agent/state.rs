//! What the agent remembers between two cycles, in one file that is replaced as a whole: the memory
//! of every check, and up to which number the spool's observations were judged from it. Saving it is
//! the moment at which both count; which observations wait is `spool`'s.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checks::reading::Watches;
use super::checks::{Learned, docker};
use super::disk::{self, Damage, beside, private, sync_directory_of};
use super::spool::Dropped;
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;

pub use super::disk::Error;

/// Version of the file's shape. Version 1 held the waiting signals themselves.
const VERSION: u32 = 2;
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
    /// What the other checks watch that is not simply good.
    #[serde(default, skip_serializing_if = "Watches::is_empty")]
    pub watches: Watches,
    /// What checks learned over time.
    #[serde(default)]
    pub learned: Learned,
    /// The spool's frames up to this number belong to this memory.
    #[serde(default)]
    pub committed: u64,
    /// The server asked not to be tried before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Given up, and the server was not told yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// Damaged files that the server was not told of yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<Damage>,
    /// Signals that waited in a file of version 1, oldest first; each has a `uid`.
    #[serde(default, skip_serializing)]
    pub pending: Vec<NewSignal>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: VERSION,
            random_id: None,
            told: BTreeSet::new(),
            docker: docker::Memory::new(),
            watches: Watches::new(),
            learned: Learned::default(),
            committed: 0,
            not_before: None,
            dropped: None,
            damaged: Vec::new(),
            pending: Vec::new(),
        }
    }
}

/// What a state file showed.
#[derive(Debug, Default, PartialEq)]
pub struct Loaded {
    /// The state; a new one where there was none.
    pub state: State,
    /// Up to which number the spool belongs to it. Nothing where the file cannot tell: it was not
    /// there, could not be understood, or is of version 1.
    pub committed: Option<u64>,
    /// It could not be understood.
    pub damage: Option<Damage>,
}

impl Loaded {
    fn of(state: State) -> Self {
        Self {
            committed: (state.version == VERSION).then_some(state.committed),
            state: State {
                version: VERSION,
                ..state
            },
            damage: None,
        }
    }
}

/// The state file, held against a second agent.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// What the file holds now, so that it is not written again without need.
    on_disk: Vec<u8>,
    /// The file was replaced, and a power cut may still bring the old one back.
    unnamed: bool,
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
                unnamed: false,
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
    pub fn load(&mut self, now: Timestamp) -> Result<Loaded, Error> {
        let Some(bytes) = read(&self.path)? else {
            return Ok(Loaded::default());
        };
        match parse(&bytes) {
            Ok(state) => {
                self.on_disk = bytes;
                Ok(Loaded::of(state))
            }
            Err(reason) => {
                let aside = disk::aside(&self.path, now);
                fs::rename(&self.path, &aside).map_err(Error::on("move aside", &self.path))?;
                let damage = Damage {
                    file: self.path.clone(),
                    kept_as: aside,
                    reason,
                    recovered: None,
                };
                Ok(Loaded {
                    damage: Some(damage),
                    ..Loaded::default()
                })
            }
        }
    }

    /// What the file holds now: what a cycle that could not be done falls back to.
    pub fn current(&self) -> State {
        parse(&self.on_disk).unwrap_or_default()
    }

    /// Writes the state if it differs from what is on disk, and does not return before it would
    /// survive a power cut. Answers whether it had to be written.
    ///
    /// # Errors
    /// The disk is full, or the directory cannot be written. [`StateFile::current`] tells which of
    /// the two states, each whole, the file holds then.
    pub fn save(&mut self, state: &State) -> Result<bool, Error> {
        let bytes = serde_json::to_vec(state)
            .map_err(|error| Error::on("write", &self.path)(error.into()))?;
        let is_new = bytes != self.on_disk;
        if is_new {
            let temporary = beside(&self.path, ".tmp");
            let written = disk::write_synced(&temporary, &bytes)
                .and_then(|()| fs::rename(&temporary, &self.path));
            if let Err(error) = written {
                // What is left of it only takes room on a disk that may be full.
                let _ = fs::remove_file(&temporary);
                return Err(Error::on("write", &self.path)(error));
            }
            self.on_disk = bytes;
            self.unnamed = true;
        }
        if self.unnamed {
            sync_directory_of(&self.path)
                .map_err(Error::on("sync the directory of", &self.path))?;
            self.unnamed = false;
        }
        Ok(is_new)
    }

    /// Keeps signals that the server refused for good, with the reason, for a person to read. Answers
    /// where; nowhere if there are none.
    ///
    /// # Errors
    /// The file beside the state cannot be written.
    pub fn set_aside(&self, lines: &[String]) -> Result<Option<PathBuf>, Error> {
        if lines.is_empty() {
            return Ok(None);
        }
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
        Ok(Some(path))
    }
}

/// The state as it is, for a look that changes nothing: no lock, nothing moved aside.
///
/// # Errors
/// The file is there but cannot be read.
pub fn peek(path: &Path) -> Result<Loaded, Error> {
    let bytes = read(path)?;
    Ok(bytes
        .and_then(|bytes| parse(&bytes).ok())
        .map(Loaded::of)
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

#[cfg(test)]
mod tests;
