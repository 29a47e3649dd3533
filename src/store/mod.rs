//! The only place with SQL. One file for opening, migrating, writing, reading, backing up; then
//! one file a table, whose functions are named for the question or deed.

pub mod agents;
pub mod backup;
pub mod check;
pub mod demo;
pub mod digests;
mod error;
pub mod hosts;
pub mod idempotency;
pub mod incident_events;
pub mod incident_lists;
pub mod incidents;
pub mod integration_suggestions;
pub mod integrations;
pub mod migrate;
pub mod model_answers;
pub mod networks;
pub mod open;
pub mod passes;
mod readers;
pub mod runbooks;
pub mod runs;
mod services;
pub mod sessions;
pub mod signals;
pub mod sites;
pub mod ticks;
pub mod tokens;
pub mod users;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

pub use self::error::StoreError;
use self::readers::Readers;
use self::writer::Writer;
use crate::aside;

/// A connection, as the functions of the tables take it. Rooms above hand it on unread.
pub type Db = Connection;

/// An open database: one writer, many readers.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

impl Store {
    /// Opens a database that has this program's schema.
    ///
    /// # Errors
    /// There is none, it is not ours, of another schema, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open_verified(path)?;
        let writer =
            Writer::start(connection).map_err(|error| StoreError::Io(path.to_owned(), error))?;
        Ok(Self {
            path: path.to_owned(),
            writer: Arc::new(writer),
            readers: Arc::new(Readers::new(path.to_owned())),
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes: `work` shares a transaction with what else arrives, and the answer comes when
    /// that is synced to disk. It may be called a second time, where a neighbour's work made the
    /// first transaction come to nothing.
    ///
    /// # Errors
    /// What `work` answers; or that the queue is full, the transaction failed, the writer ended.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&Db) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.submit(work).await
    }

    /// Reads on a thread made for waiting.
    ///
    /// # Errors
    /// No connection can be opened, or what `question` answers.
    pub async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Db) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        aside::run(move || readers.ask(question))
            .await
            .unwrap_or(Err(StoreError::Panicked))
    }

    /// Reads on the calling thread: for look-ups by key, which take microseconds.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn look_up<T>(
        &self,
        question: impl FnOnce(&Db) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.readers.ask(question)
    }

    /// Finishes what is queued, writes the log back and closes.
    pub fn close(&self) {
        self.readers.close();
        self.writer.stop();
    }
}

/// A connection for a command that does one thing and ends.
///
/// # Errors
/// There is no database, it is not ours or of another schema.
pub fn open_verified(path: &Path) -> Result<Db, StoreError> {
    migrate::refuse_strangers(path)?;
    let connection = open::connect_read_only(path)?;
    migrate::verify(&connection, path)?;
    drop(connection);
    open::connect(path)
}

/// Runs `work` in one transaction on a command's own connection.
///
/// # Errors
/// What `work` answers, and then nothing of it stays.
pub fn in_transaction<T>(
    connection: &mut Db,
    work: impl FnOnce(&Db) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
