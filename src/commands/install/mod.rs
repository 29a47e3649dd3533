//! `atlas-ops install backend|agent`: a configuration, the service files beside it, and the next
//! command to type. What is in the files is decided in `templates/install/`.

mod agent;
mod ask;
mod backend;
mod files;
mod next;
mod systemd;
mod task;

use std::path::PathBuf;
use std::process::ExitCode;

use askama::Template;

use crate::cli::Install;
use crate::error::Error;

/// Runs what was asked for.
///
/// # Errors
/// A value is wrong, a file exists, or something cannot be written. Nothing was then.
pub fn run(args: &Install) -> Result<ExitCode, Error> {
    match args {
        Install::Backend(args) => backend::run(args),
        Install::Agent(args) => agent::run(args),
    }
}

/// The program's own file, for the services that are to start it.
fn program() -> Result<PathBuf, Error> {
    let program = std::env::current_exe()
        .map_err(|error| Error::new("find this program's own file", error))?;
    let text = program.to_string_lossy();
    if !cfg!(windows) && text.contains(|c: char| c.is_control() || "\"'\\".contains(c)) {
        return Err(Error::new(
            format!("write a unit that starts {text:?}"),
            "systemd takes no program whose path holds quotes or backslashes",
        )
        .hint("put the program somewhere else, for example into /usr/local/bin"));
    }
    Ok(program)
}

fn render(file: &impl Template) -> Result<String, Error> {
    // The engine takes a template's last line end away.
    file.render()
        .map(|text| text + "\n")
        .map_err(|error| Error::new("fill in a template", error))
}

/// A text as YAML takes it for what it is: JSON's quotes are YAML's too.
fn yaml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What was written does not say what was meant; nobody is to find out when the service starts.
fn not_as_meant(key: &str) -> Error {
    Error::new(
        "use the configuration as it was to be written",
        format!("{key} does not read back as it was given"),
    )
    .hint("nothing was written; give it without unusual characters, then write it into the file by hand")
}
