//! Connections: the pragmas every one gets first, and whose file it is.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;

/// `PRAGMA application_id` of our databases and backups: "AtOp".
pub const APPLICATION_ID: i32 = 0x4174_4f70;

/// How long a statement waits for another program that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long between two tries of what does not wait by itself.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Whose file stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// No file, or an empty one.
    Nobody,
    /// One of our databases or backups.
    Ours,
    /// SQLite, but not marked as ours.
    OtherSqlite,
    /// No SQLite database.
    NoDatabase,
}

/// Looks at a file's first bytes, without opening it as a database.
///
/// # Errors
/// The file is there and cannot be read.
pub fn owner_of(path: &Path) -> Result<Owner, StoreError> {
    // A pipe or a device would be waited for, or never end.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Ok(Owner::NoDatabase);
    }
    let mut header = [0; 72];
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Owner::Nobody),
        Err(error) => return Err(StoreError::Io(path.to_owned(), error)),
    };
    let mut length = 0;
    while length < header.len() {
        match file.read(&mut header[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) => return Err(StoreError::Io(path.to_owned(), error)),
        }
    }
    Ok(if length == 0 {
        Owner::Nobody
    } else if length < header.len() || !header.starts_with(b"SQLite format 3\0") {
        Owner::NoDatabase
    } else if header[68..72] == APPLICATION_ID.to_be_bytes() {
        // The application id's place in the file: SQLite's file format, section 1.3.
        Owner::Ours
    } else {
        Owner::OtherSqlite
    })
}

/// Opens a database that exists, for reading and writing.
///
/// # Errors
/// There is none, or it cannot be opened and written.
pub fn connect(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens a database, and makes an empty one where there is none, readable by its owner alone.
///
/// # Errors
/// It cannot be made, opened or written.
pub fn create(path: &Path) -> Result<Connection, StoreError> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Io(folder.to_owned(), error))?;
    }
    create_private(path).map_err(|error| StoreError::Io(path.to_owned(), error))?;
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens a database that exists, for reading alone.
///
/// # Errors
/// There is none, or it cannot be opened.
pub fn connect_read_only(path: &Path) -> Result<Connection, StoreError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, StoreError> {
    if path.is_dir() {
        return Err(StoreError::NotADatabase(path.to_owned()));
    }
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // A plan is kept whatever is bound to it. Otherwise SQLite plans statements that have partial
    // indexes to choose from anew for each value: an eighth of what storing a signal costs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let set = |pragma: &str| -> Result<(), StoreError> {
        connection
            .execute_batch(pragma)
            .map_err(|error| match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::NotADatabase) => {
                    StoreError::NotADatabase(path.to_owned())
                }
                _ => StoreError::from(error),
            })
    };
    if mode.contains(OpenFlags::SQLITE_OPEN_READ_WRITE) {
        let deadline = Instant::now() + BUSY_TIMEOUT;
        // Where two make the same new database this one statement does not wait by itself.
        while let Err(error) = set("PRAGMA journal_mode = WAL") {
            if !matches!(error, StoreError::Locked) || Instant::now() > deadline {
                return Err(error);
            }
            std::thread::sleep(BUSY_PAUSE);
        }
        // An answered signal survives power loss: each commit is synced. A full batch and the
        // indexes it changes stay in memory until then, and are not copied back after each.
        set(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864; \
             PRAGMA cache_size = -6000; PRAGMA wal_autocheckpoint = 4000",
        )?;
    }
    // The last one reads the first page: what is no database is found out here.
    set("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA schema_version")?;
    Ok(connection)
}

fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// The folder a file stands in.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
