//! `atlas-ops runbook export`

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{RunbookExport, RunbookFormat};
use crate::commands::output;
use crate::domain::runbook::{Legacy, Runbook};
use crate::error::{Error, Exit};

/// Writes runbooks into a folder, or prints them.
///
/// # Errors
/// There is no such runbook, or the folder cannot be written.
pub(super) fn run(args: &RunbookExport) -> Result<ExitCode, Error> {
    let catalogue = super::load(args.file.config.as_deref())?;
    let chosen: Vec<&Runbook> = if args.ids.is_empty() {
        catalogue.all().iter().collect()
    } else {
        let find = |id: &String| {
            catalogue
                .get(id)
                .ok_or_else(|| super::none_of(id, "export"))
        };
        args.ids.iter().map(find).collect::<Result<_, _>>()?
    };
    match (args.format, &args.to) {
        (RunbookFormat::Json, folder) => {
            let legacy: Vec<Legacy> = chosen.into_iter().map(Legacy::from).collect();
            match folder {
                None => output::json(&legacy),
                Some(folder) => {
                    let text = serde_json::to_string_pretty(&legacy)
                        .map_err(|error| Error::new("write the runbooks as JSON", error))?;
                    write(folder, "runbooks.json", &(text + "\n"))?;
                    output::note(format!(
                        "{} runbooks are in {}.",
                        legacy.len(),
                        folder.join("runbooks.json").display()
                    ));
                }
            }
        }
        (RunbookFormat::Markdown, Some(folder)) => {
            for runbook in &chosen {
                write(folder, &format!("{}.md", runbook.id), &runbook.markdown)?;
            }
            let count = chosen.len();
            output::note(format!("{count} runbooks are in {}.", folder.display()));
        }
        (RunbookFormat::Markdown, None) => match chosen[..] {
            [one] => output::raw(&one.markdown),
            _ => {
                return Err(Error::new(
                    "export the runbooks",
                    "more than one Markdown file cannot be printed",
                )
                .hint("name a folder with --to, or one id")
                .exit(Exit::Usage));
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all, so that whoever watches the folder never reads half of one.
fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let target = folder.join(name);
    let beside = folder.join(format!(".{name}.new"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&beside, text))
        .and_then(|()| fs::rename(&beside, &target))
        .map_err(|error| Error::new(format!("write {}", target.display()), error))
}
