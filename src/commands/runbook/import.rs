//! `atlas-ops runbook import|remove`

use std::process::ExitCode;

use serde_json::json;

use super::files::{self, Found};
use crate::cli::{RunbookImport, RunbookRemove};
use crate::clock;
use crate::commands::{database, output};
use crate::config::backend;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::runbook::{Origin, Runbook};
use crate::error::Error;
use crate::flow::runbooks as flow;
use crate::store::runbooks::{self, Put};
use crate::store::{self, Db, StoreError};

/// Keeps all runbooks of the files, or none where anything is wrong with any of them.
///
/// # Errors
/// A file cannot be read or is no runbook, two have one id, or the database cannot be used.
pub(super) fn run(args: &RunbookImport) -> Result<ExitCode, Error> {
    let read = files::read(&args.from)?;
    if !read.problems.is_empty() {
        if args.json {
            output::json(&json!({"imported": [], "skipped": [], "problems": read.problems}));
        } else {
            for problem in &read.problems {
                output::line(problem.to_string());
            }
        }
        return Err(Error::new(
            "import the runbooks",
            format!("{} problems; nothing was changed", read.problems.len()),
        )
        .hint("see how a good one looks: atlas-ops runbook show rb-disk-full"));
    }
    let (skipped, taken): (Vec<Found>, Vec<Found>) =
        read.found.into_iter().partition(|found| found.stock);
    let config = backend::load(args.file.config.as_deref())?;
    let mut db = database::open(&config.database)?;
    let own: Vec<Runbook> = taken.iter().map(|found| found.runbook.clone()).collect();
    let (by, now) = (who(), clock::now());
    let failed =
        |error: &StoreError| database::failure("keep the runbooks", &config.database, error);
    let done = if args.dry_run {
        would_be(&db, &own).map_err(|error| failed(&error))?
    } else {
        store::in_transaction(&mut db, |db| flow::import(db, &own, &by, now))
            .map_err(|error| failed(&error))?
    };
    let builtin: Vec<String> = runbooks::all(&db)
        .map_err(|error| failed(&error))?
        .into_iter()
        .filter(|stored| stored.origin == Origin::Builtin)
        .map(|stored| stored.id)
        .collect();
    tell(args, &taken, &done, (&skipped, &builtin));
    Ok(ExitCode::SUCCESS)
}

/// What an import would do.
fn would_be(db: &Db, own: &[Runbook]) -> Result<Vec<Put>, StoreError> {
    let stored = runbooks::all(db)?;
    let put = |runbook: &Runbook| {
        let known = stored
            .iter()
            .find(|known| known.id == runbook.id && known.origin == Origin::Own);
        match known {
            None => Put::Added,
            Some(known) if known.content_hash == runbook.content_hash => Put::Same,
            Some(_) => Put::Changed,
        }
    };
    Ok(own.iter().map(put).collect())
}

fn tell(
    args: &RunbookImport,
    taken: &[Found],
    done: &[Put],
    (skipped, builtin): (&[Found], &[String]),
) {
    let word = |put: &Put| match put {
        Put::Added => "added",
        Put::Changed => "changed",
        Put::Same => "unchanged",
    };
    if args.json {
        let imported: Vec<_> = taken
            .iter()
            .zip(done)
            .map(|(found, put)| {
                json!({"id": found.runbook.id, "file": found.file, "result": word(put),
                    "content_hash": found.runbook.content_hash, "notes": found.notes,
                    "overrides_builtin": builtin.contains(&found.runbook.id)})
            })
            .collect();
        let skipped: Vec<_> = skipped
            .iter()
            .map(|found| json!({"id": found.runbook.id, "file": found.file, "reason": STOCK}))
            .collect();
        output::json(
            &json!({"dry_run": args.dry_run, "imported": imported, "skipped": skipped, "problems": []}),
        );
        return;
    }
    for (found, put) in taken.iter().zip(done) {
        let id = &found.runbook.id;
        let over = if builtin.contains(id) {
            ", in place of the built-in one"
        } else {
            ""
        };
        output::line(format!("{id}: {}{over}", word(put)));
        for note in &found.notes {
            output::line(format!("{id}: {note}"));
        }
    }
    for found in skipped {
        output::line(format!("{}: skipped, {STOCK}", found.runbook.id));
    }
    if args.dry_run {
        output::note("This was a dry run: nothing was changed.");
    }
}

const STOCK: &str = "since it came with version 0.4 and the built-in one has taken its place";

/// Removes an own runbook.
///
/// # Errors
/// There is none of this id, or the database cannot be used.
pub(super) fn remove(args: &RunbookRemove) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let (db, catalogue) = super::open(&config)?;
    let failed =
        |error: &StoreError| database::failure("remove the runbook", &config.database, error);
    let attempt = format!("remove the runbook {}", args.id);
    if runbooks::remove_own(&db, &args.id).map_err(|error| failed(&error))? {
        let left = super::open(&config)?.1;
        output::note(match left.get(&args.id) {
            Some(left) => format!(
                "{} is removed; the {} one of this id is in force.",
                args.id,
                left.origin.as_str()
            ),
            None => format!("{} is removed.", args.id),
        });
        return Ok(ExitCode::SUCCESS);
    }
    Err(match catalogue.get(&args.id).map(|found| found.origin) {
        None => super::none_of(&args.id, "remove"),
        Some(Origin::File) => {
            Error::new(attempt, "it is a file of runbooks_dir").hint("remove the file")
        }
        Some(_) => Error::new(attempt, "it came with the program")
            .hint("an own one of the same id takes its place: atlas-ops runbook import FILE"),
    })
}

/// Whoever the system says is at the command line.
fn who() -> Actor {
    let name = ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|variable| std::env::var(variable).ok())
        .filter(|name| !name.is_empty());
    Actor::new(ActorKind::Cli, name.as_deref().unwrap_or("unknown"))
}
