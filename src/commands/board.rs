//! `atlas-ops board`

use std::io::IsTerminal;
use std::process::ExitCode;

use super::{database, output};
use crate::cli::Board;
use crate::clock;
use crate::config::backend;
use crate::domain::day;
use crate::domain::digest::text;
use crate::error::{Error, Exit};
use crate::flow::catalogue::Catalogue;
use crate::flow::digest;

/// Prints how things stand, or how they stood at the end of a day.
///
/// # Errors
/// The configuration or the database cannot be used, or nothing is known of the day.
pub fn run(args: &Board) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let (zone, path, now) = (&config.timezone, &config.database, clock::now());
    let attempt = "show the board";
    let date = match args.date.as_deref() {
        None => None,
        Some(text) => Some(day::read(text, now, zone).ok_or_else(|| {
            Error::new(attempt, format!("{text:?} is no date"))
                .hint("name a day as 2026-11-22, today or yesterday")
                .exit(Exit::Usage)
        })?),
    };
    let db = database::open(path)?;
    let failed = |error: &_| database::failure(attempt, path, error);
    let digest = match date {
        None => Some(digest::since_yesterday(&db, zone, now).map_err(|error| failed(&error))?),
        Some(date) => digest::for_day(&db, date, zone, now).map_err(|error| failed(&error))?,
    };
    let digest = digest.ok_or_else(|| {
        Error::new(attempt, "nothing is known of that day")
            .hint("days are kept from the first signal on; today's is: atlas-ops board")
    })?;
    let board = Catalogue::load(&db)
        .and_then(|catalogue| digest::board(&db, &catalogue, digest))
        .map_err(|error| failed(&error))?;
    if args.json {
        output::json(&board);
    } else {
        output::raw(&text::render(&board, zone, is_painted()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Colour is for eyes alone, and for those that want it: <https://no-color.org>.
fn is_painted() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !refused
}
