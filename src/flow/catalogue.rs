//! The runbooks in force, read from the database, with the matcher made from them.

use std::sync::{Arc, PoisonError, RwLock};

use crate::catalog;
use crate::domain::matching::Matcher;
use crate::domain::runbook::{Origin, Runbook};
use crate::store::{Db, StoreError, runbooks};

/// All runbooks, and what finds them.
#[derive(Debug)]
pub struct Catalogue {
    runbooks: Vec<Runbook>,
    matcher: Matcher,
}

impl Catalogue {
    /// Reads the database's runbooks. One that can no longer be read is left out and said so.
    ///
    /// # Errors
    /// The database refuses.
    pub fn load(db: &Db) -> Result<Self, StoreError> {
        let mut read = Vec::new();
        for stored in runbooks::all(db)? {
            let origin = if stored.builtin {
                Origin::Builtin
            } else {
                Origin::Own
            };
            match catalog::read_runbook(&stored.markdown, origin) {
                Ok(runbook) => read.push(runbook),
                Err(lints) => tracing::warn!(
                    runbook = stored.id,
                    problems = lints.len(),
                    "a stored runbook cannot be read and is left out"
                ),
            }
        }
        Ok(Self::new(read))
    }

    /// A catalogue of these runbooks.
    pub fn new(runbooks: Vec<Runbook>) -> Self {
        let matcher = Matcher::new(&runbooks);
        Self { runbooks, matcher }
    }

    /// All of them, by id.
    pub fn all(&self) -> &[Runbook] {
        &self.runbooks
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Runbook> {
        self.runbooks.iter().find(|runbook| runbook.id == id)
    }

    /// What finds them.
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

/// The catalogue that is in force now; another takes its place when runbooks change.
#[derive(Debug)]
pub struct InForce(RwLock<Arc<Catalogue>>);

impl InForce {
    /// Starts with this one.
    pub fn new(catalogue: Catalogue) -> Self {
        Self(RwLock::new(Arc::new(catalogue)))
    }

    /// The one that is in force now. Whoever holds it keeps it, whatever comes after.
    pub fn get(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another in its place.
    pub fn replace(&self, catalogue: Catalogue) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalogue);
    }
}
