//! What can go wrong between the program and its database, in words and with the way out.

use std::fmt;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the store could not do what it was asked.
#[derive(Debug)]
pub enum StoreError {
    /// There is no file.
    Missing(PathBuf),
    /// There is a file, and it is no SQLite database.
    NotADatabase(PathBuf),
    /// It is a SQLite database of some other program.
    Foreign(PathBuf),
    /// It was written by version 0.4.
    Legacy(PathBuf),
    /// Its schema is newer than this program.
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema it has.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// Its schema is older than this program.
    Older(PathBuf),
    /// Another program holds it.
    Locked,
    /// It, or its folder, cannot be written.
    ReadOnly,
    /// No space is left.
    Full,
    /// Its pages contradict each other.
    Corrupt(String),
    /// More work is queued than the disk takes.
    Busy,
    /// The writer has ended.
    Stopped,
    /// The work itself panicked; what it had done was undone.
    Panicked,
    /// A file beside the database.
    Io(PathBuf, std::io::Error),
    /// A migration failed and was undone.
    Migration(String),
    /// The transaction that this was part of failed.
    Failed(String),
    /// Anything else SQLite says.
    Sqlite(rusqlite::Error),
}

impl StoreError {
    /// The same complaint for the next one who waits for an answer.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            Self::Locked => Self::Locked,
            Self::ReadOnly => Self::ReadOnly,
            Self::Full => Self::Full,
            Self::Busy => Self::Busy,
            Self::Corrupt(what) => Self::Corrupt(what.clone()),
            Self::Stopped => Self::Stopped,
            other => Self::Failed(other.to_string()),
        }
    }

    /// What SQLite complains of, where it is one of ours.
    pub(super) fn of_code(error: &rusqlite::Error) -> Option<Self> {
        Some(match error.sqlite_error_code()? {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked,
            // A reader, too, must be able to write the log's index beside the file.
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                Self::ReadOnly
            }
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::DatabaseCorrupt => Self::Corrupt(error.to_string()),
            _ => return None,
        })
    }

    /// The next thing to type or to look at, where there is one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing(_) => "create it with: atlas-ops db init".to_owned(),
            Self::NotADatabase(path) | Self::Foreign(path) => format!(
                "point backend.db_url at another file; this one is left as it is: {}",
                path.display()
            ),
            Self::Legacy(_) => {
                "this version does not take over databases of 0.4 yet; the file is left as it is. Point backend.db_url at a new file".to_owned()
            }
            Self::Newer { .. } => {
                "use the newer atlas-ops, or the backup that the newer one made before its migration".to_owned()
            }
            Self::Older(_) => "bring it up to date with: atlas-ops db migrate".to_owned(),
            Self::Locked => {
                "see which program holds it: fuser -v FILE; then try again".to_owned()
            }
            Self::ReadOnly => {
                "the file and its folder must be writable for the user that runs atlas-ops: ls -ld FOLDER FILE".to_owned()
            }
            Self::Full => "make room: df -h FOLDER; nothing that was answered is lost".to_owned(),
            Self::Corrupt(_) => {
                "stop the server, keep the file aside, and put the last backup in its place; see: atlas-ops db check".to_owned()
            }
            Self::Io(path, _) => format!("look at: ls -ld {}", path.display()),
            Self::Migration(_) | Self::Failed(_) | Self::Sqlite(_) => {
                "see whether the file is sound: atlas-ops db check".to_owned()
            }
            Self::Busy | Self::Stopped | Self::Panicked => return None,
        })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(out, "there is no database {}", path.display()),
            Self::NotADatabase(path) => write!(out, "{} is not a database", path.display()),
            Self::Foreign(path) => {
                write!(out, "{} is the database of another program", path.display())
            }
            Self::Legacy(path) => {
                write!(out, "{} is a database of version 0.4", path.display())
            }
            Self::Newer { path, found, known } => write!(
                out,
                "{} has schema {found}, this program knows schemas up to {known}",
                path.display()
            ),
            Self::Older(path) => write!(out, "{} has an older schema", path.display()),
            Self::Locked => out.write_str("the database is locked by another program"),
            Self::ReadOnly => out.write_str("the database cannot be written"),
            Self::Full => out.write_str("the disk is full"),
            Self::Corrupt(what) => write!(out, "the database is damaged: {what}"),
            Self::Busy => out.write_str("the database is busy: too much waits to be written"),
            Self::Stopped => out.write_str("the server is stopping"),
            Self::Panicked => out.write_str("the operation failed unexpectedly and was undone"),
            Self::Io(path, error) => write!(out, "{}: {error}", path.display()),
            Self::Migration(what) => write!(out, "the migration was undone: {what}"),
            Self::Failed(what) => write!(out, "the transaction was undone: {what}"),
            Self::Sqlite(error) => write!(out, "{error}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::of_code(&error).unwrap_or(Self::Sqlite(error))
    }
}
