//! `atlas-ops runbook`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigFile;

/// `atlas-ops runbook ...`
#[derive(Debug, Subcommand)]
pub enum Runbook {
    /// List the runbooks of the database, or the built-in ones where there is none yet.
    #[command(after_help = "Example:\n  atlas-ops runbook list --json")]
    List(RunbookList),
    /// Print one runbook as Markdown.
    #[command(after_help = "Example:\n  atlas-ops runbook show rb-disk-full")]
    Show(RunbookShow),
    /// Check runbook files and say, line by line, what is wrong.
    #[command(after_help = "Example:\n  atlas-ops runbook lint runbooks/*.md")]
    Lint(RunbookLint),
}

/// `atlas-ops runbook list`
#[derive(Debug, Args)]
pub struct RunbookList {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops runbook show`
#[derive(Debug, Args)]
pub struct RunbookShow {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Id of the runbook.
    pub id: String,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops runbook lint`
#[derive(Debug, Args)]
pub struct RunbookLint {
    /// Markdown files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}
