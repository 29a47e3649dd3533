//! `atlas-ops runbook`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
    /// Keep own runbooks from Markdown files or from version 0.4's JSON: all of them or none.
    #[command(after_help = "Example:\n  atlas-ops runbook import runbooks/ --dry-run")]
    Import(RunbookImport),
    /// Write runbooks out, one Markdown file each, or as version 0.4's JSON.
    #[command(after_help = "Example:\n  atlas-ops runbook export --to runbooks/")]
    Export(RunbookExport),
    /// Remove an own runbook; a built-in one of its id is in force again.
    #[command(after_help = "Example:\n  atlas-ops runbook remove rb-own-router")]
    Remove(RunbookRemove),
    /// Say which runbooks fit a signal and why, or which past signals a runbook would fit.
    #[command(
        after_help = "Examples:\n  atlas-ops runbook match --signal 17\n  atlas-ops runbook match --kind disk_full --summary \"Disk 95 % full\" --detail mount=/\n  atlas-ops runbook match --dry-run mine.md"
    )]
    Match(RunbookMatch),
    /// Print the draft of a runbook for a signal that none fits.
    #[command(after_help = "Example:\n  atlas-ops runbook draft --signal 17 > rb-mine.md")]
    Draft(RunbookDraft),
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
    /// Print this version of it, named by its content hash, in force or not.
    #[arg(long, value_name = "HASH", conflicts_with = "json")]
    pub version: Option<String>,
}

/// `atlas-ops runbook lint`
#[derive(Debug, Args)]
pub struct RunbookLint {
    /// Markdown files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print what is wrong as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops runbook import`
#[derive(Debug, Args)]
pub struct RunbookImport {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Markdown or JSON files, or folders of them.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub from: Vec<PathBuf>,
    /// Check and say what would happen; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Print what happened as JSON.
    #[arg(long)]
    pub json: bool,
}

/// In which form runbooks are written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunbookFormat {
    /// Our own format, whole.
    Markdown,
    /// What version 0.4 knew of a runbook.
    Json,
}

/// `atlas-ops runbook export`
#[derive(Debug, Args)]
pub struct RunbookExport {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Ids of the runbooks [default: all].
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
    /// Folder to write to; made where it is missing. Without it one runbook, or the JSON, is printed.
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
    /// Form of the files.
    #[arg(long, value_enum, default_value = "markdown")]
    pub format: RunbookFormat,
}

/// `atlas-ops runbook remove`
#[derive(Debug, Args)]
pub struct RunbookRemove {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Id of the runbook.
    pub id: String,
}

/// `atlas-ops runbook match`
#[derive(Debug, Args)]
#[group(id = "asked", required = true, multiple = true)]
pub struct RunbookMatch {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Number of a stored signal.
    #[arg(long, value_name = "NUMBER", group = "asked", conflicts_with_all = ["kind", "summary", "site", "detail", "dry_run"])]
    pub signal: Option<i64>,
    /// Kind of a signal that is not stored.
    #[arg(long, group = "asked", conflicts_with = "dry_run")]
    pub kind: Option<String>,
    /// Its summary.
    #[arg(long, group = "asked", conflicts_with = "dry_run")]
    pub summary: Option<String>,
    /// A key of its detail and the value; may be given again.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub detail: Vec<(String, String)>,
    /// Its site.
    #[arg(long)]
    pub site: Option<String>,
    /// A runbook's file or id: which past signals would it fit, and what changes?
    #[arg(long, value_name = "FILE|ID", group = "asked")]
    pub dry_run: Option<String>,
    /// How many of the newest signals a dry run looks at.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub limit: u16,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops runbook draft`
#[derive(Debug, Args)]
pub struct RunbookDraft {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Number of the signal.
    #[arg(long, value_name = "NUMBER")]
    pub signal: i64,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as mount=/srv".to_owned()),
    }
}
