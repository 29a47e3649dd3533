//! Connections that read. A reader never waits for the writer, nor the writer for it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::error::StoreError;
use super::open;

/// Connections that are kept open when nobody reads.
const KEPT: usize = 4;

/// A pool of reading connections, opened as they are needed.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// A pool on one database. Opens nothing yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Runs `question` on the calling thread, all of it on one state of the database. For
    /// look-ups by key; whatever may take long goes through [`super::Store::read`].
    ///
    /// # Errors
    /// No connection can be opened, or what `question` answers.
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.begin()?;
        let answer = question(&connection);
        self.end(connection)?;
        answer
    }

    fn begin(&self) -> Result<Connection, StoreError> {
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::connect_read_only(&self.path)?,
        };
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(connection)
    }

    fn end(&self, connection: Connection) -> Result<(), StoreError> {
        connection.prepare_cached("COMMIT")?.execute([])?;
        let mut idle = self.lock();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(())
    }

    /// Closes what is idle.
    pub(super) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
