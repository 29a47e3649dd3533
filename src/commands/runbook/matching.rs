//! `atlas-ops runbook match|draft`

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value};

use super::files;
use crate::cli::{RunbookDraft, RunbookMatch};
use crate::commands::{database, output};
use crate::config::backend::{self, BackendConfig};
use crate::domain::matching::{NO_FIT, SignalView};
use crate::domain::runbook::Runbook;
use crate::domain::text::shown;
use crate::error::Error;
use crate::flow::matching::{self, Fit};
use crate::store::StoreError;

/// Says what fits.
///
/// # Errors
/// There is no such signal or runbook, a file is no runbook, or the database cannot be used.
pub(super) fn run(args: &RunbookMatch) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let failed =
        |error: &StoreError| database::failure("read the signals", &config.database, error);
    if let Some(named) = &args.dry_run {
        return dry_run(args, named, &config);
    }
    let fits = if let Some(id) = args.signal {
        let (db, catalogue) = super::open(&config)?;
        matching::fits_of(&db, &catalogue, id)
            .map_err(|error| failed(&error))?
            .ok_or_else(|| no_signal(id, "match"))?
    } else {
        let catalogue = super::load(args.file.config.as_deref())?;
        let pairs = args.detail.iter();
        let detail: Map<String, Value> = pairs
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
            .collect();
        let view = SignalView {
            kind: args.kind.as_deref().unwrap_or_default(),
            summary: args.summary.as_deref().unwrap_or_default(),
            detail: &detail,
            site_id: args.site.as_deref().unwrap_or_default(),
        };
        matching::fits(&catalogue, &view)
    };
    tell(&fits, args.json);
    Ok(ExitCode::SUCCESS)
}

fn no_signal(id: i64, attempt: &str) -> Error {
    Error::new(
        format!("{attempt} signal {id}"),
        "there is no signal of this number",
    )
    .hint("numbers of signals are on the board, and in GET /api/signals")
}

fn tell(fits: &[Fit], json: bool) {
    if json {
        output::json(&fits);
        return;
    }
    if fits.is_empty() {
        output::line(NO_FIT);
        output::note("Draft one from a stored signal: atlas-ops runbook draft --signal NUMBER");
        return;
    }
    let rows: Vec<Vec<String>> = fits
        .iter()
        .map(|fit| {
            let reasons: Vec<String> = fit
                .matched
                .reasons
                .iter()
                .map(|reason| format!("{} ({:+})", shown(&reason.text), reason.points))
                .collect();
            vec![
                fit.matched.runbook_id.clone(),
                fit.matched.points.to_string(),
                reasons.join(", "),
            ]
        })
        .collect();
    output::table(&["RUNBOOK", "POINTS", "REASONS"], &rows);
}

/// Which past signals a runbook in force, or a file that is not in force yet, would fit.
fn dry_run(args: &RunbookMatch, named: &str, config: &BackendConfig) -> Result<ExitCode, Error> {
    let (db, catalogue) = super::open(config)?;
    let looked_at = usize::from(args.limit);
    let (id, past) = if catalogue.get(named).is_some() {
        let without = catalogue.without(named);
        let past = matching::past(&db, (&without, &catalogue), named, looked_at);
        (named.to_owned(), past)
    } else {
        let runbook = of_file(named)?;
        let id = runbook.id.clone();
        let with = catalogue.with(runbook);
        let past = matching::past(&db, (&catalogue, &with), &id, looked_at);
        (id, past)
    };
    let past =
        past.map_err(|error| database::failure("read the signals", &config.database, &error))?;
    if args.json {
        output::json(&past);
        return Ok(ExitCode::SUCCESS);
    }
    if past.is_empty() {
        output::line(format!("{id} fits none of the newest {looked_at} signals."));
        return Ok(ExitCode::SUCCESS);
    }
    let best = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
    let rows: Vec<Vec<String>> = past
        .iter()
        .map(|one| {
            vec![
                one.signal_id.to_string(),
                shown(&one.kind),
                one.points.to_string(),
                best(&one.best_before),
                best(&one.best_after),
                shown(&one.reason),
            ]
        })
        .collect();
    output::table(
        &[
            "SIGNAL",
            "KIND",
            "POINTS",
            "BEST BEFORE",
            "BEST AFTER",
            "REASON",
        ],
        &rows,
    );
    Ok(ExitCode::SUCCESS)
}

/// The first runbook of a file.
fn of_file(named: &str) -> Result<Runbook, Error> {
    if !Path::new(named).is_file() {
        return Err(Error::new(
            format!("find the runbook {named}"),
            "it is neither an id in force nor a file",
        )
        .hint("see: atlas-ops runbook list"));
    }
    let read = files::read(&[named.into()])?;
    for problem in &read.problems {
        output::line(problem.to_string());
    }
    let first = read.found.into_iter().next();
    first.filter(|_| read.problems.is_empty()).map_or_else(
        || {
            let attempt = format!("read the runbook {named}");
            Err(Error::new(
                attempt,
                format!("{} problems", read.problems.len()),
            ))
        },
        |found| Ok(found.runbook),
    )
}

/// Prints a draft.
///
/// # Errors
/// There is no such signal, or the database cannot be used.
pub(super) fn draft(args: &RunbookDraft) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let (db, catalogue) = super::open(&config)?;
    let text = matching::draft(&db, &catalogue, args.signal)
        .map_err(|error| database::failure("read the signal", &config.database, &error))?
        .ok_or_else(|| no_signal(args.signal, "draft a runbook for"))?;
    output::raw(&text);
    Ok(ExitCode::SUCCESS)
}
