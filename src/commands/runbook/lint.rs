//! `atlas-ops runbook lint`

use std::process::ExitCode;

use super::files;
use crate::cli::RunbookLint;
use crate::commands::output;
use crate::error::Error;

/// Says what is wrong with files, and with them together.
///
/// # Errors
/// A file cannot be read, or is no runbook.
pub(super) fn run(args: &RunbookLint) -> Result<ExitCode, Error> {
    let read = files::read(&args.files)?;
    if args.json {
        output::json(&read.problems);
    } else {
        for found in &read.found {
            if !read
                .problems
                .iter()
                .any(|problem| problem.file == found.file)
            {
                let (file, runbook) = (&found.file, &found.runbook);
                let steps = runbook.steps.len();
                output::line(format!("{file}: fine ({}, {steps} steps)", runbook.id));
            }
        }
        for problem in &read.problems {
            output::line(problem.to_string());
        }
    }
    if read.problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::new(
        "accept the runbooks",
        format!("{} problems", read.problems.len()),
    )
    .hint("see how a good one looks: atlas-ops runbook show rb-disk-full"))
}
