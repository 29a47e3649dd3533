//! How commands open the database, and what they say when they cannot.

use std::path::Path;

use crate::error::{Error, Exit};
use crate::store::{self, Db, StoreError};

/// Opens a database that has this program's schema.
///
/// # Errors
/// There is none, or it cannot be used.
pub fn open(path: &Path) -> Result<Db, Error> {
    store::open_verified(path).map_err(|error| {
        failure(
            &format!("open the database {}", path.display()),
            path,
            &error,
        )
    })
}

/// The store's error as the program's, with its hint made concrete.
pub fn failure(attempt: &str, path: &Path, error: &StoreError) -> Error {
    let failure = Error::new(attempt, error);
    let failure = match error.hint() {
        None => failure,
        Some(hint) => {
            let folder = store::open::folder_of(path);
            failure.hint(
                hint.replace("FILE", &path.display().to_string())
                    .replace("FOLDER", &folder.display().to_string()),
            )
        }
    };
    match error {
        StoreError::Locked | StoreError::Busy => failure.exit(Exit::TryAgain),
        _ => failure,
    }
}
