//! Where runbooks come from, watched: the database, and the files of `runbooks_dir`. And what
//! people do with them: import, remove, write out.

use std::path::PathBuf;

use crate::catalog::{self, folder::Folder};
use crate::domain::actor::Actor;
use crate::domain::runbook::{Origin, Runbook};
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::{self, Catalogue};
use crate::store::runbooks::{self, Put, StoredRunbook};
use crate::store::{Db, StoreError};

/// The two places that runbooks come from, and what was seen there last.
#[derive(Debug)]
pub struct Sources {
    folder: Option<Folder>,
    /// See [`runbooks::state`].
    seen: Option<Vec<(String, String, String)>>,
}

impl Sources {
    /// The database and, where one is configured, a folder. Nothing is read yet.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder: folder.map(Folder::new),
            seen: None,
        }
    }

    /// The runbooks in force where anything changed since the last call; always so at the first.
    ///
    /// # Errors
    /// The database refuses.
    pub fn news(&mut self, db: &Db) -> Result<Option<Catalogue>, StoreError> {
        let files_changed = self.folder.as_mut().is_some_and(Folder::look);
        let state = runbooks::state(db)?;
        if !files_changed && self.seen.as_ref() == Some(&state) {
            return Ok(None);
        }
        let catalogue = self.catalogue(db)?;
        self.seen = Some(state);
        Ok(Some(catalogue))
    }

    /// The runbooks in force now.
    ///
    /// # Errors
    /// The database refuses.
    pub fn load(&mut self, db: &Db) -> Result<Catalogue, StoreError> {
        self.seen = None;
        Ok(self.news(db)?.unwrap_or_else(|| Catalogue::new(Vec::new())))
    }

    /// These runbooks with those of the folder over them, for want of a database.
    pub fn over(&mut self, builtin: Vec<Runbook>) -> Catalogue {
        let Some(folder) = &mut self.folder else {
            return Catalogue::new(builtin);
        };
        folder.look();
        Catalogue::with_files(builtin, folder.runbooks(), folder.problems())
    }

    fn catalogue(&mut self, db: &Db) -> Result<Catalogue, StoreError> {
        let (stored, records) = (catalogue::stored(db)?, catalogue::track_records(db)?);
        let Some(folder) = &mut self.folder else {
            return Ok(Catalogue::new(stored).weighed_by(records));
        };
        // A file that was broken when the program started: its last good version is in the
        // database, where it was in force before.
        for (name, id) in folder.lost() {
            let versions = runbooks::versions(db, &id)?;
            let last = versions.iter().find(|known| known.origin == Origin::File);
            if let Some(good) = last
                && let Ok(runbook) = catalog::read_runbook(&good.markdown, Origin::File)
            {
                folder.remember(&name, runbook);
            }
        }
        let catalogue = Catalogue::with_files(stored, folder.runbooks(), folder.problems());
        Ok(catalogue.weighed_by(records))
    }
}

/// The files' runbooks that are in force, to be noted as versions.
pub fn of_files(catalogue: &Catalogue) -> Vec<StoredRunbook> {
    let files = catalogue.all().iter();
    files
        .filter(|runbook| runbook.origin == Origin::File)
        .map(StoredRunbook::from)
        .collect()
}

/// Notes which texts of files are in force, so that a run can name its version.
///
/// # Errors
/// The database refuses.
pub fn note_files(db: &Db, files: &[StoredRunbook], now: Timestamp) -> Result<(), StoreError> {
    for file in files {
        runbooks::note_version(db, file, None, now)?;
    }
    Ok(())
}

/// Keeps own runbooks, all or none of them; what became of each, in order.
///
/// # Errors
/// The database refuses.
pub fn import(
    db: &Db,
    runbooks: &[Runbook],
    by: &Actor,
    now: Timestamp,
) -> Result<Vec<Put>, StoreError> {
    runbooks
        .iter()
        .map(|runbook| {
            let mut stored = StoredRunbook::from(runbook);
            stored.origin = Origin::Own;
            runbooks::put_own(db, &stored, by, now)
        })
        .collect()
}
