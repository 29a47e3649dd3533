//! Runbooks out of files: Markdown or version 0.4's JSON, everything wrong with any of them told
//! together.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::catalog::{self, legacy};
use crate::domain::order;
use crate::domain::runbook::{Lint, MAX_BYTES, Origin, Problem, Runbook};
use crate::error::Error;

/// A runbook, and where it was read.
pub(super) struct Found {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) runbook: Runbook,
    /// It came with version 0.4: the built-in one of its id has taken its place.
    pub(super) stock: bool,
    /// What was spelled anew.
    pub(super) notes: Vec<String>,
}

/// What was read, and what is wrong.
#[derive(Default)]
pub(super) struct Read {
    pub(super) found: Vec<Found>,
    pub(super) problems: Vec<Problem>,
}

/// Reads files, and the files of folders, sorted by name.
///
/// # Errors
/// A name leads nowhere, or a file cannot be read.
pub(super) fn read(from: &[PathBuf]) -> Result<Read, Error> {
    let mut read = Read::default();
    for path in from {
        if path.is_dir() {
            for file in files_of(path)? {
                one(&file, &mut read)?;
            }
        } else {
            one(path, &mut read)?;
        }
    }
    doubles(&mut read);
    order::sort(&mut read.problems);
    Ok(read)
}

/// Markdown and JSON files of a folder itself.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::new(format!("read the folder {}", folder.display()), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let known = path.extension().is_some_and(|end| {
            ["md", "markdown", "json"]
                .iter()
                .any(|known| end.eq_ignore_ascii_case(known))
        });
        if known && path.is_file() {
            files.push(path);
        }
    }
    order::sort(&mut files);
    if files.is_empty() {
        return Err(Error::new(
            format!("read the folder {}", folder.display()),
            "it holds no Markdown or JSON file",
        ));
    }
    Ok(files)
}

fn one(path: &Path, read: &mut Read) -> Result<(), Error> {
    let file = path.display().to_string();
    let is_json = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let attempt = || format!("read the runbook {file}");
    let hint = "name Markdown files, for example: atlas-ops runbook lint runbooks/*.md";
    let size = fs::metadata(path)
        .map_err(|error| Error::new(attempt(), error).hint(hint))?
        .len();
    let most = if is_json {
        legacy::MAX_JSON_BYTES
    } else {
        MAX_BYTES
    };
    if size > most as u64 {
        let message = format!("the file is larger than {} KiB", most / 1024);
        read.problems
            .push(Problem::new(file, Lint::new(1, message)));
        return Ok(());
    }
    let text = fs::read_to_string(path).map_err(|error| Error::new(attempt(), error).hint(hint))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // A file without an ending says itself what it is.
    let is_json =
        is_json || (path.extension().is_none() && text.trim_start().starts_with(['{', '[']));
    let outcome = if is_json {
        legacy::read_json(text).map(|imported| {
            for one in imported {
                read.found.push(Found {
                    file: file.clone(),
                    line: one.place.0,
                    column: one.place.1,
                    runbook: one.runbook,
                    stock: one.stock,
                    notes: one.notes,
                });
            }
        })
    } else {
        catalog::read_runbook(text, Origin::Own).map(|runbook| {
            read.found.push(Found {
                file: file.clone(),
                line: 1,
                column: 1,
                runbook,
                stock: false,
                notes: Vec::new(),
            });
        })
    };
    let lints = outcome.err().unwrap_or_default().into_iter();
    read.problems
        .extend(lints.map(|lint| Problem::new(file.clone(), lint)));
    Ok(())
}

/// Two runbooks of one id: nobody could say which is meant.
fn doubles(read: &mut Read) {
    let mut first_of: BTreeMap<&str, &Found> = BTreeMap::new();
    for found in &read.found {
        match first_of.get(found.runbook.id.as_str()) {
            None => {
                first_of.insert(&found.runbook.id, found);
            }
            Some(first) => {
                let message = format!(
                    "a second runbook with the id {}; the first is {}:{}:{}",
                    found.runbook.id, first.file, first.line, first.column
                );
                let lint = Lint::at(found.line, found.column, message);
                read.problems.push(Problem::new(&found.file, lint));
            }
        }
    }
}
