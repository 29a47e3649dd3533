//! Brings a database to this program's schema: whose file it is, whether there is room, a backup
//! beside it, then all migrations in one transaction.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::error::StoreError;
use super::open::{self, Owner};
use super::{backup, open::folder_of};
use crate::domain::timestamp::Timestamp;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// What [`migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Schema before; 0 for a new database.
    pub from: i64,
    /// Schema now.
    pub to: i64,
    /// The copy that was made first; none for a new database or where there was nothing to do.
    pub backup: Option<PathBuf>,
}

/// The newest schema this program knows.
pub fn newest() -> i64 {
    embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|migration| i64::from(migration.version()))
        .max()
        .unwrap_or(0)
}

/// Creates the database where there is none, and migrates it otherwise. `now` names the backup.
///
/// # Errors
/// The file is not ours, newer than this program, cannot be written, or there is no room. A
/// migration that fails is undone as a whole.
pub fn migrate(path: &Path, now: Timestamp) -> Result<Migrated, StoreError> {
    refuse_strangers(path)?;
    let mut connection = open::create(path)?;
    let from = schema_of(&connection)?;
    let to = newest();
    if from > to {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found: from,
            known: to,
        });
    }
    if from == to {
        return Ok(Migrated {
            from,
            to,
            backup: None,
        });
    }
    let backup = if from == 0 {
        None
    } else {
        check_free_disk(path)?;
        Some(back_up_beside(path, from, now)?)
    };
    connection.pragma_update(None, "application_id", open::APPLICATION_ID)?;
    if let Err(error) = embedded::migrations::runner()
        .set_grouped(true)
        .run(&mut connection)
        && schema_of(&connection)? != to
    {
        return Err(failure(&error));
    }
    // Either it ran, or another process was quicker with the same.
    Ok(Migrated { from, to, backup })
}

/// Refuses a file that is not ours before anything is written to it; says whether there is a
/// database of ours.
pub(super) fn refuse_strangers(path: &Path) -> Result<bool, StoreError> {
    match open::owner_of(path)? {
        Owner::Nobody => Ok(false),
        Owner::Ours => Ok(true),
        Owner::NoDatabase => Err(StoreError::NotADatabase(path.to_owned())),
        Owner::OtherSqlite => {
            let connection = open::connect_read_only(path)?;
            // Our mark may still be in the log alone, where another process has just set it.
            if application_of(&connection)? == open::APPLICATION_ID {
                Ok(true)
            } else if is_blank(&connection)? {
                Ok(false)
            } else {
                Err(stranger(&connection, path))
            }
        }
    }
}

/// What stopped a migration: what SQLite said, where that is a case of its own.
fn failure(error: &refinery::Error) -> StoreError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(known) = error.downcast_ref().and_then(StoreError::of_code) {
            return known;
        }
        cause = error.source();
    }
    StoreError::Migration(error.to_string())
}

fn application_of(connection: &Connection) -> Result<i32, StoreError> {
    Ok(connection.pragma_query_value(None, "application_id", |row| row.get(0))?)
}

/// Refuses a database that is not ours, or whose schema is not this program's.
///
/// # Errors
/// What it is instead.
pub fn verify(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if application_of(connection)? != open::APPLICATION_ID {
        return Err(if is_blank(connection)? {
            StoreError::Missing(path.to_owned())
        } else {
            stranger(connection, path)
        });
    }
    let (found, known) = (schema_of(connection)?, newest());
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::Older(path.to_owned())),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
    }
}

/// Schema of a database; 0 where no migration has run.
fn schema_of(connection: &Connection) -> Result<i64, StoreError> {
    if !has_table(connection, "refinery_schema_history")? {
        return Ok(0);
    }
    let version: Option<i64> = connection.query_row(
        "SELECT max(version) FROM refinery_schema_history",
        [],
        |row| row.get(0),
    )?;
    Ok(version.unwrap_or(0))
}

fn stranger(connection: &Connection, path: &Path) -> StoreError {
    let legacy = ["schema_version", "signals", "agent_tokens"]
        .iter()
        .all(|table| has_table(connection, table).unwrap_or(false));
    if legacy {
        StoreError::Legacy(path.to_owned())
    } else {
        StoreError::Foreign(path.to_owned())
    }
}

fn is_blank(connection: &Connection) -> Result<bool, StoreError> {
    let count: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(count == 0)
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, StoreError> {
    let count: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
        [name],
        |row| row.get(0),
    )?;
    Ok(count > 0)
}

/// Room for the backup, and for a table to be written anew: twice the file.
fn check_free_disk(path: &Path) -> Result<(), StoreError> {
    let io = |error| StoreError::Io(path.to_owned(), error);
    let needed = std::fs::metadata(path).map_err(io)?.len().saturating_mul(2);
    let free = fs4::available_space(folder_of(path)).map_err(io)?;
    if free < needed {
        return Err(StoreError::Full);
    }
    Ok(())
}

fn back_up_beside(path: &Path, from: i64, now: Timestamp) -> Result<PathBuf, StoreError> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let target = folder_of(path).join(format!(
        "{name}-before-migration-of-v{from}-{}.db",
        now.compact()
    ));
    let hour = Duration::from_hours(1);
    backup::copy_to(path, &target, hour, &mut |_| {})?;
    Ok(target)
}
