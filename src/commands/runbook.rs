//! `atlas-ops runbook list|show|lint`

use std::path::Path;
use std::process::ExitCode;

use super::{database, output};
use crate::catalog;
use crate::cli::{Runbook, RunbookLint, RunbookList, RunbookShow};
use crate::config::backend;
use crate::domain::runbook::Origin;
use crate::error::Error;
use crate::flow::catalogue::Catalogue;
use crate::flow::seed;

/// Runs what was asked for.
///
/// # Errors
/// The configuration or the database cannot be used, there is no such runbook, or a file is not one.
pub fn run(args: &Runbook) -> Result<ExitCode, Error> {
    match args {
        Runbook::List(args) => list(args),
        Runbook::Show(args) => show(args),
        Runbook::Lint(args) => lint(args),
    }
}

/// Those of the database; those of the program where there is no database yet.
fn load(explicit: Option<&Path>) -> Result<Catalogue, Error> {
    let config = backend::load(explicit)?;
    if !config.database.exists() {
        return seed::builtin()
            .map(Catalogue::new)
            .map_err(|error| Error::new("load the built-in runbooks", error));
    }
    let db = database::open(&config.database)?;
    Catalogue::load(&db)
        .map_err(|error| database::failure("load the runbooks", &config.database, &error))
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
                runbook.kinds.join(","),
                runbook.steps.len().to_string(),
                runbook.title.clone(),
            ]
        })
        .collect();
    output::table(&["ID", "KINDS", "STEPS", "TITLE"], &rows);
    Ok(ExitCode::SUCCESS)
}

fn show(args: &RunbookShow) -> Result<ExitCode, Error> {
    let catalogue = load(args.file.config.as_deref())?;
    let runbook = catalogue.get(&args.id).ok_or_else(|| {
        Error::new(
            format!("show the runbook {}", args.id),
            "there is none of this id",
        )
        .hint("see: atlas-ops runbook list")
    })?;
    if args.json {
        output::json(runbook);
    } else {
        output::raw(&runbook.markdown);
    }
    Ok(ExitCode::SUCCESS)
}

fn lint(args: &RunbookLint) -> Result<ExitCode, Error> {
    let mut faults = 0;
    for file in &args.files {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Error::new(format!("read the runbook {}", file.display()), error)
                .hint("name Markdown files, for example: atlas-ops runbook lint runbooks/*.md")
        })?;
        match catalog::read_runbook(&text, Origin::Own) {
            Ok(runbook) => output::line(format!(
                "{}: fine ({}, {} steps)",
                file.display(),
                runbook.id,
                runbook.steps.len()
            )),
            Err(lints) => {
                faults += lints.len();
                for lint in lints {
                    output::line(format!(
                        "{}:{}: {}",
                        file.display(),
                        lint.line,
                        lint.message
                    ));
                }
            }
        }
    }
    if faults == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    Err(
        Error::new("accept the runbooks", format!("{faults} problems"))
            .hint("see how a good one looks: atlas-ops runbook show rb-disk-full"),
    )
}
