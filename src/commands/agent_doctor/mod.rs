//! `atlas-ops agent doctor`
//!
//! Tries everything that the agent wants to do here, as the user it is called by, and says of each
//! whether it works, with the one command that would enable it. It reports nothing and changes
//! nothing; the backend is only asked whether it is well and whether it knows the token.

mod backend;
mod sight;

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::output;
use crate::cli::AgentDoctor;
use crate::config::agent::{AgentConfig, FILE_NAME, load_from};
use crate::config::env::Environment;
use crate::config::paths;
use crate::error::Error;

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// It works.
    Works,
    /// It does not.
    Refused,
    /// The configuration leaves it out, or it is not needed.
    Off,
    /// It could not be found out.
    Unknown,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Refused => "refused",
            Self::Off => "off",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    what: String,
    verdict: Verdict,
    /// What was found, in one sentence.
    detail: String,
    /// The command that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Finding {
    fn new(what: impl Into<String>, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            verdict,
            detail: detail.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct Report {
    /// The agent can see at least one network.
    sees: bool,
    findings: Vec<Finding>,
}

/// Tries everything. Ends with 1 where the agent would be blind.
///
/// # Errors
/// None: what fails is a finding.
pub fn run(args: &AgentDoctor) -> Result<ExitCode, Error> {
    let (config, finding) = configuration(args.file.config.as_deref());
    let mut findings = vec![finding];
    let discovery = config
        .as_ref()
        .map(|config| config.discovery.clone())
        .unwrap_or_default();
    if let Some(config) = &config {
        findings.push(state_directory(&config.state_path));
        findings.extend(backend::findings(config));
    }
    let (sees, sight) = sight::findings(&discovery);
    findings.extend(sight);
    findings.extend(sight::docker(config.as_ref()));
    let report = Report { sees, findings };
    if args.json {
        output::json(&report);
    } else {
        print(&report);
    }
    Ok(if report.sees {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(report: &Report) {
    let rows: Vec<Vec<String>> = report
        .findings
        .iter()
        .map(|one| {
            vec![
                one.what.clone(),
                one.verdict.as_str().to_owned(),
                crate::domain::text::shown(&one.detail),
            ]
        })
        .collect();
    output::table(&["WHAT", "", "FOUND"], &rows);
    for one in &report.findings {
        if let Some(hint) = &one.hint {
            output::line(format!("hint for {}: {hint}", one.what));
        }
    }
    if !report.sees {
        output::line("The agent is blind here: there is no network that it can see.");
    }
}

fn configuration(explicit: Option<&Path>) -> (Option<AgentConfig>, Finding) {
    const WHAT: &str = "configuration";
    let environment = Environment::of_process();
    let path = paths::find(explicit, FILE_NAME, &environment);
    let place = path
        .as_ref()
        .map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    match load_from(path, environment) {
        Ok(config) => {
            let mut finding = Finding::new(WHAT, Verdict::Works, place);
            finding.hint = config.warnings.first().cloned();
            (Some(config), finding)
        }
        Err(error) => {
            let text = error.to_string();
            let (detail, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
            let finding = Finding::new(WHAT, Verdict::Refused, detail);
            (
                None,
                match hint {
                    "" => finding,
                    hint => finding.hint(hint),
                },
            )
        }
    }
}

/// The directory must take the lock, the state and the temporary file beside it.
fn state_directory(state_path: &Path) -> Finding {
    const WHAT: &str = "state directory";
    let folder = match state_path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let tried = if folder.exists() {
        // It has no name, or goes with its handle: nothing is left behind.
        tempfile::tempfile_in(folder).map(drop)
    } else {
        Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "there is no such directory yet",
        ))
    };
    let place = folder.display();
    match tried {
        Ok(()) => Finding::new(WHAT, Verdict::Works, format!("{place} can be written")),
        Err(error) => Finding::new(WHAT, Verdict::Refused, format!("{place}: {error}")).hint(
            format!("as root: install -d -m 700 -o \"$(id -un)\" {place}; or set agent.state_path"),
        ),
    }
}
