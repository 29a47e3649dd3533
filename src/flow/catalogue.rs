//! The runbooks in force, with the matcher made from them: the built-in ones, over them the own
//! ones of the database, over those the files of `runbooks_dir`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use crate::catalog;
use crate::domain::matching::{Matcher, Records};
use crate::domain::order;
use crate::domain::runbook::{Origin, Problem, Runbook};
use crate::store::{Db, StoreError, runbooks, runs};

/// All runbooks, and what finds them.
#[derive(Debug, Clone)]
pub struct Catalogue {
    runbooks: Vec<Runbook>,
    by_id: HashMap<String, usize>,
    matcher: Matcher,
    problems: Vec<Problem>,
}

impl Catalogue {
    /// Reads the database's runbooks. One that can no longer be read is left out and said so.
    ///
    /// # Errors
    /// The database refuses.
    pub fn load(db: &Db) -> Result<Self, StoreError> {
        Ok(Self::new(stored(db)?).weighed_by(track_records(db)?))
    }

    /// A catalogue of these runbooks.
    pub fn new(runbooks: Vec<Runbook>) -> Self {
        Self::with_files(runbooks, Vec::new(), Vec::new())
    }

    /// A catalogue of these runbooks, those of a folder over them, and what is wrong in it.
    pub fn with_files(stored: Vec<Runbook>, files: Vec<Runbook>, problems: Vec<Problem>) -> Self {
        let mut by_id: BTreeMap<String, Runbook> = BTreeMap::new();
        let rank = |runbook: &Runbook| match runbook.origin {
            Origin::Builtin => 0,
            Origin::Demo => 1,
            Origin::Own => 2,
            Origin::File => 3,
        };
        let mut all: Vec<Runbook> = stored.into_iter().chain(files).collect();
        order::sort_by_key(&mut all, rank);
        for mut runbook in all {
            let hidden = by_id.get(&runbook.id);
            runbook.overrides_builtin = runbook.origin != Origin::Builtin
                && hidden.is_some_and(|hidden| {
                    hidden.origin == Origin::Builtin || hidden.overrides_builtin
                });
            by_id.insert(runbook.id.clone(), runbook);
        }
        let runbooks: Vec<Runbook> = by_id.into_values().collect();
        Self {
            matcher: Matcher::new(&runbooks),
            by_id: runbooks
                .iter()
                .enumerate()
                .map(|(index, runbook)| (runbook.id.clone(), index))
                .collect(),
            runbooks,
            problems,
        }
    }

    /// The same, with how its runbooks did before weighing in wherever it is asked what fits.
    #[must_use]
    pub fn weighed_by(mut self, records: Arc<Records>) -> Self {
        self.matcher = self.matcher.weighed_by(records);
        self
    }

    /// All of them, by id.
    pub fn all(&self) -> &[Runbook] {
        &self.runbooks
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Runbook> {
        self.by_id.get(id).map(|index| &self.runbooks[*index])
    }

    /// What finds them.
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// What is wrong in `runbooks_dir`.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The same with one runbook more, or another in place of the one of its id.
    #[must_use]
    pub fn with(&self, runbook: Runbook) -> Self {
        let others = self.all().iter().filter(|known| known.id != runbook.id);
        let mut all: Vec<Runbook> = others.cloned().collect();
        all.push(runbook);
        Self::new(all).weighed_by(Arc::clone(self.matcher.records()))
    }

    /// The same without one runbook.
    #[must_use]
    pub fn without(&self, id: &str) -> Self {
        let others = self.all().iter().filter(|known| known.id != id);
        Self::new(others.cloned().collect()).weighed_by(Arc::clone(self.matcher.records()))
    }
}

/// The runbooks of the database, both of those that share an id.
pub(super) fn stored(db: &Db) -> Result<Vec<Runbook>, StoreError> {
    let mut read = Vec::new();
    for stored in runbooks::all(db)? {
        match catalog::read_runbook(&stored.markdown, stored.origin) {
            Ok(runbook) => read.push(runbook),
            Err(lints) => tracing::warn!(
                runbook = stored.id,
                problems = lints.len(),
                "a stored runbook cannot be read and is left out"
            ),
        }
    }
    Ok(read)
}

/// How the runbooks did before, for matches.
pub(super) fn track_records(db: &Db) -> Result<Arc<Records>, StoreError> {
    Ok(Arc::new(runs::track_records(db)?.for_matching()))
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

    /// Lets new records weigh in; nothing happens where they say the same as before.
    pub fn weigh(&self, records: Records) {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if **place.matcher().records() != records {
            let weighed = Catalogue::clone(&place).weighed_by(Arc::new(records));
            *place = Arc::new(weighed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runbook(id: &str, origin: Origin) -> Runbook {
        let text = format!(
            "---\nid: {id}\ntitle: {}\nsummary: S\n---\n## A\nx\n",
            origin.as_str()
        );
        catalog::read_runbook(&text, origin).unwrap()
    }

    #[test]
    fn a_file_hides_an_own_one_and_either_hides_the_built_in_one() {
        let stored = vec![
            runbook("rb-a", Origin::Builtin),
            runbook("rb-a", Origin::Own),
            runbook("rb-b", Origin::Builtin),
            runbook("rb-c", Origin::Own),
        ];
        let files = vec![runbook("rb-a", Origin::File), runbook("rb-d", Origin::File)];
        let catalogue = Catalogue::with_files(stored, files, Vec::new());
        let seen: Vec<_> = catalogue
            .all()
            .iter()
            .map(|runbook| {
                (
                    runbook.id.as_str(),
                    runbook.origin,
                    runbook.overrides_builtin,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("rb-a", Origin::File, true),
                ("rb-b", Origin::Builtin, false),
                ("rb-c", Origin::Own, false),
                ("rb-d", Origin::File, false),
            ]
        );
        assert_eq!(
            catalogue.get("rb-d").map(|found| found.title.as_str()),
            Some("file")
        );
        assert!(catalogue.without("rb-d").get("rb-d").is_none());
    }
}
