//! `atlas-ops runbook list|show|lint|import|export|remove|match|draft`

mod export;
mod files;
mod import;
mod lint;
mod matching;

use std::path::Path;
use std::process::ExitCode;

use super::{database, output};
use crate::cli::{Runbook, RunbookList, RunbookShow};
use crate::config::backend::{self, BackendConfig};
use crate::error::Error;
use crate::flow::catalogue::Catalogue;
use crate::flow::runbooks::Sources;
use crate::flow::seed;
use crate::store::{Db, runbooks};

/// Runs what was asked for.
///
/// # Errors
/// The configuration or the database cannot be used, there is no such runbook, or a file is not one.
pub fn run(args: &Runbook) -> Result<ExitCode, Error> {
    match args {
        Runbook::List(args) => list(args),
        Runbook::Show(args) => show(args),
        Runbook::Lint(args) => lint::run(args),
        Runbook::Import(args) => import::run(args),
        Runbook::Export(args) => export::run(args),
        Runbook::Remove(args) => import::remove(args),
        Runbook::Match(args) => matching::run(args),
        Runbook::Draft(args) => matching::draft(args),
    }
}

/// The runbooks in force: those of the database, or of the program where there is no database yet,
/// with the files of `runbooks_dir` over them.
fn load(explicit: Option<&Path>) -> Result<Catalogue, Error> {
    let config = backend::load(explicit)?;
    if config.database.exists() {
        return open(&config).map(|(_, catalogue)| catalogue);
    }
    let builtin =
        seed::builtin().map_err(|error| Error::new("load the built-in runbooks", error))?;
    let catalogue = Sources::new(config.runbooks_dir).over(builtin);
    tell_problems(&catalogue);
    Ok(catalogue)
}

/// The database, and the runbooks in force.
fn open(config: &BackendConfig) -> Result<(Db, Catalogue), Error> {
    let db = database::open(&config.database)?;
    let catalogue = Sources::new(config.runbooks_dir.clone())
        .load(&db)
        .map_err(|error| database::failure("load the runbooks", &config.database, &error))?;
    tell_problems(&catalogue);
    Ok((db, catalogue))
}

fn tell_problems(catalogue: &Catalogue) {
    for problem in catalogue.problems() {
        output::note(format!("runbooks_dir: {problem}"));
    }
}

fn none_of(id: &str, attempt: &str) -> Error {
    Error::new(
        format!("{attempt} the runbook {id}"),
        "there is none of this id",
    )
    .hint("see: atlas-ops runbook list")
}

fn list(args: &RunbookList) -> Result<ExitCode, Error> {
    let catalogue = load(args.file.config.as_deref())?;
    if args.json {
        output::json(&catalogue.all());
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = catalogue
        .all()
        .iter()
        .map(|runbook| {
            vec![
                runbook.id.clone(),
                runbook.origin.as_str().to_owned(),
                runbook.kinds.join(","),
                runbook.steps.len().to_string(),
                runbook.title.clone(),
            ]
        })
        .collect();
    output::table(&["ID", "ORIGIN", "KINDS", "STEPS", "TITLE"], &rows);
    Ok(ExitCode::SUCCESS)
}

fn show(args: &RunbookShow) -> Result<ExitCode, Error> {
    if let Some(hash) = &args.version {
        return show_version(args, hash);
    }
    let catalogue = load(args.file.config.as_deref())?;
    let runbook = catalogue
        .get(&args.id)
        .ok_or_else(|| none_of(&args.id, "show"))?;
    if args.json {
        output::json(runbook);
    } else {
        output::raw(&runbook.markdown);
    }
    Ok(ExitCode::SUCCESS)
}

fn show_version(args: &RunbookShow, hash: &str) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let db = database::open(&config.database)?;
    let failed = |error: &_| database::failure("read the versions", &config.database, error);
    let version = runbooks::version(&db, &args.id, hash).map_err(|error| failed(&error))?;
    if let Some(version) = version {
        output::raw(&version.markdown);
        return Ok(ExitCode::SUCCESS);
    }
    let known = runbooks::versions(&db, &args.id).map_err(|error| failed(&error))?;
    let known: Vec<String> = known
        .iter()
        .map(|version| format!("{} ({})", version.content_hash, version.first_seen))
        .collect();
    let known = if known.is_empty() {
        "there is no version of it at all".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    };
    Err(Error::new(
        format!("show version {hash} of the runbook {}", args.id),
        known,
    )
    .hint(
        "name one of these; the one in force is content_hash of: atlas-ops runbook show ID --json",
    ))
}
