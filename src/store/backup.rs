//! Copies of the database, taken while others write to it, and put in place only when they are
//! whole.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::error::StoreError;
use super::migrate;
use super::open::{self, Owner, folder_of};
use crate::domain::timestamp::Timestamp;

/// Pages copied between two looks at the clock: 4 MiB of the usual 4 KiB pages.
const PAGES_A_STEP: i32 = 1024;
/// What the lock's name adds to the database's.
const LOCK: &str = ".backup.lock";

/// First and last part of the name of a copy that is not whole yet.
const TEMPORARY: (&str, &str) = (".atlas-ops-backup-", ".tmp");
/// A copy that was not written to for so long is nobody's any more.
const LEFT_AFTER: Duration = Duration::from_hours(25);

/// What a backup is to do.
#[derive(Debug, Clone)]
pub struct Order {
    /// The file to write, or with `keep` the name that its dated files are made from.
    pub to: PathBuf,
    /// How many dated files to keep.
    pub keep: Option<u16>,
    /// How long the copy may take.
    pub time_limit: Duration,
}

/// What a backup did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Made {
    /// The file that was written.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Older files that were deleted.
    pub deleted: Vec<PathBuf>,
}

/// Why a backup was not made.
#[derive(Debug)]
pub enum BackupError {
    /// The target is the database.
    OntoItself,
    /// The target is a file that no backup of ours wrote.
    ForeignTarget(PathBuf),
    /// The target is a folder.
    Folder(PathBuf),
    /// It took longer than allowed, or another backup did.
    TimeLimit,
    /// The copy is not sound.
    NotSound(String),
    /// Anything the store says.
    Store(StoreError),
}

impl std::fmt::Display for BackupError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OntoItself => out.write_str("the target is the database itself"),
            Self::ForeignTarget(path) => write!(
                out,
                "{} exists and is no backup of atlas-ops; it is left as it is",
                path.display()
            ),
            Self::Folder(path) => write!(out, "{} is a folder", path.display()),
            Self::TimeLimit => out.write_str("the time limit is over"),
            Self::NotSound(what) => write!(out, "the copy is not sound: {what}"),
            Self::Store(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<BackupError> for StoreError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error,
            other => Self::Migration(format!("no backup: {other}")),
        }
    }
}

/// Makes a backup as ordered. One at a time: waits for another one within the time limit.
/// `progress` hears how much is done, from 0 to 1.
///
/// # Errors
/// See [`BackupError`]. The target is untouched then.
pub fn run(
    database: &Path,
    order: &Order,
    now: Timestamp,
    progress: &mut dyn FnMut(f64),
) -> Result<Made, BackupError> {
    let started = Instant::now();
    if !migrate::refuse_strangers(database)? {
        return Err(StoreError::Missing(database.to_owned()).into());
    }
    let target = match order.keep {
        None => order.to.clone(),
        Some(_) => dated(&order.to, now),
    };
    check_target(database, &target)?;
    check_target(database, &order.to)?;
    let folder = folder_of(&target);
    std::fs::create_dir_all(&folder).map_err(|error| StoreError::Io(folder, error))?;
    let _lock = lock(database, started + order.time_limit)?;
    let left = order.time_limit.saturating_sub(started.elapsed());
    let bytes = copy_to(database, &target, left, progress)?;
    let deleted = match order.keep {
        None => Vec::new(),
        Some(keep) => delete_beyond(&order.to, usize::from(keep))?,
    };
    Ok(Made {
        path: target,
        bytes,
        deleted,
    })
}

/// Copies, checks, syncs and puts in place. Answers the size in bytes.
///
/// # Errors
/// See [`BackupError`]. The target is untouched then.
pub fn copy_to(
    database: &Path,
    target: &Path,
    time_limit: Duration,
    progress: &mut dyn FnMut(f64),
) -> Result<u64, BackupError> {
    let folder = folder_of(target);
    sweep(&folder);
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY.0)
        .suffix(TEMPORARY.1)
        .tempfile_in(&folder)
        .map_err(|error| StoreError::Io(folder.clone(), error))?;
    let io = |error| StoreError::Io(temporary.path().to_owned(), error);
    copy_pages(
        database,
        temporary.path(),
        Instant::now() + time_limit,
        progress,
    )?;
    temporary.as_file().sync_all().map_err(io)?;
    let bytes = temporary.as_file().metadata().map_err(io)?.len();
    temporary
        .persist(target)
        .map_err(|error| StoreError::Io(target.to_owned(), error.error))?;
    sync_folder(&folder)?;
    Ok(bytes)
}

/// Deletes copies that a backup left when it was killed. No backup may take longer than a day.
fn sweep(folder: &Path) {
    let is_left = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|written| written.elapsed().ok());
        name.starts_with(TEMPORARY.0)
            && name.ends_with(TEMPORARY.1)
            && age.is_some_and(|age| age > LEFT_AFTER)
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(is_left) {
        // One that cannot be deleted takes room; the backup is worth more than the complaint.
        let _ = std::fs::remove_file(entry.path());
    }
}

fn copy_pages(
    database: &Path,
    target: &Path,
    deadline: Instant,
    progress: &mut dyn FnMut(f64),
) -> Result<(), BackupError> {
    let source = open::connect_read_only(database)?;
    // A read transaction pins one state of the database. Without it each foreign commit starts
    // the copy anew, and under load it never ends.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
    let mut copy = Connection::open(target)?;
    // The copy is thrown away where anything fails: it needs no journal of its own beside it, and
    // is synced once, at the end.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    {
        let backup = Backup::new(&source, &mut copy)?;
        loop {
            match backup.step(PAGES_A_STEP)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
            let pages = backup.progress();
            progress(1.0 - f64::from(pages.remaining) / f64::from(pages.pagecount.max(1)));
            if Instant::now() > deadline {
                return Err(BackupError::TimeLimit);
            }
        }
    }
    // One file that needs no second one beside it.
    copy.execute_batch("PRAGMA journal_mode = MEMORY")?;
    let verdict: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(BackupError::NotSound(verdict));
    }
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn check_target(database: &Path, target: &Path) -> Result<(), BackupError> {
    if target.is_dir() {
        return Err(BackupError::Folder(target.to_owned()));
    }
    let same = |other: &Path| matches!((database.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(target) || is_same_file(database, target) || is_part_of(database, target) {
        return Err(BackupError::OntoItself);
    }
    match open::owner_of(target)? {
        Owner::Ours => Ok(()),
        Owner::Nobody if !target.exists() => Ok(()),
        _ => Err(BackupError::ForeignTarget(target.to_owned())),
    }
}

/// Whether a file that may not be there yet is one that SQLite or we keep beside the database.
fn is_part_of(database: &Path, target: &Path) -> bool {
    let in_place = |path: &Path| {
        let folder = folder_of(path);
        let folder = folder.canonicalize().unwrap_or(folder);
        folder.join(path.file_name().unwrap_or_default())
    };
    let database = database
        .canonicalize()
        .unwrap_or_else(|_| in_place(database));
    ["-wal", "-shm", "-journal", LOCK].iter().any(|suffix| {
        let mut part = database.clone().into_os_string();
        part.push(suffix);
        part == in_place(target).into_os_string()
    })
}

/// Whether two paths are one file by two hard links.
#[cfg(unix)]
fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((a.metadata(), b.metadata()), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
fn is_same_file(_: &Path, _: &Path) -> bool {
    false
}

/// `backups/atlas.db` at a moment is `backups/atlas-20261123T031500Z.db`.
fn dated(to: &Path, now: Timestamp) -> PathBuf {
    folder_of(to).join(format!("{}-{}.db", stem(to), now.compact()))
}

fn stem(to: &Path) -> String {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".db").unwrap_or(&name).to_owned()
}

/// Deletes the oldest dated backups of this name beyond `keep`; only files that are ours.
fn delete_beyond(to: &Path, keep: usize) -> Result<Vec<PathBuf>, StoreError> {
    let folder = folder_of(to);
    let io = |error| StoreError::Io(folder.clone(), error);
    let prefix = format!("{}-", stem(to));
    let mut dated: Vec<String> = std::fs::read_dir(&folder)
        .map_err(io)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            name.strip_prefix(&prefix)
                .and_then(|rest| rest.strip_suffix(".db"))
                .is_some_and(is_compact_time)
        })
        .collect();
    dated.sort_unstable_by(|a, b| b.cmp(a));
    let mut deleted = Vec::new();
    for name in dated.into_iter().skip(keep) {
        let path = folder.join(name);
        if open::owner_of(&path)? == Owner::Ours {
            std::fs::remove_file(&path).map_err(|error| StoreError::Io(path.clone(), error))?;
            deleted.push(path);
        }
    }
    Ok(deleted)
}

/// `20261123T031500Z`
fn is_compact_time(text: &str) -> bool {
    text.len() == 16
        && text.char_indices().all(|(position, c)| match position {
            8 => c == 'T',
            15 => c == 'Z',
            _ => c.is_ascii_digit(),
        })
}

/// Holds off a second backup of the same database until dropped.
fn lock(database: &Path, deadline: Instant) -> Result<File, BackupError> {
    let mut path = database.as_os_str().to_owned();
    path.push(LOCK);
    let path = PathBuf::from(path);
    let io = |error| StoreError::Io(path.clone(), error);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(std::fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(std::fs::TryLockError::WouldBlock) => return Err(BackupError::TimeLimit),
            Err(std::fs::TryLockError::Error(error)) => return Err(io(error).into()),
        }
    }
}

/// Makes a rename in `folder` survive power loss.
#[cfg_attr(not(unix), allow(clippy::unnecessary_wraps))] // nothing fails there
fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreError::Io(folder.to_owned(), error))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dated_names_are_told_from_others() {
        let now = Timestamp::parse("2026-11-23T03:15:00Z").unwrap();
        assert_eq!(
            dated(Path::new("b/atlas.db"), now),
            Path::new("b/atlas-20261123T031500Z.db")
        );
        assert!(is_compact_time("20261123T031500Z"));
        assert!(!is_compact_time("20261123-031500Z") && !is_compact_time("latest"));
    }
}
