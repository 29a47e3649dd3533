//! `atlas-ops incident`.

use clap::{ArgGroup, Args, Subcommand};

use super::ConfigFile;
use crate::domain::incident::State;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;

/// `atlas-ops incident ...`
#[derive(Debug, Subcommand)]
pub enum Incident {
    /// List incidents: those that are unresolved, unless states are named; the newest first.
    #[command(
        after_help = "Example:\n  atlas-ops incident list --state open,acknowledged --severity critical"
    )]
    List(IncidentList),
    /// Show one incident with its timeline.
    #[command(after_help = "Example:\n  atlas-ops incident show 12")]
    Show(IncidentShow),
    /// Take an incident on, until it is resolved or gets worse.
    #[command(after_help = "Example:\n  atlas-ops incident ack 12 --note 'On my way'")]
    Ack(IncidentAct),
    /// Put an incident off until a time, 30 days ahead at most.
    #[command(after_help = "Example:\n  atlas-ops incident snooze 12 --for 4h")]
    Snooze(IncidentSnooze),
    /// Say that an incident is over.
    #[command(after_help = "Example:\n  atlas-ops incident resolve 12 --note 'Replaced the disk'")]
    Resolve(IncidentAct),
    /// Open a resolved incident again.
    #[command(after_help = "Example:\n  atlas-ops incident reopen 12")]
    Reopen(IncidentAct),
    /// Write into an incident's timeline.
    #[command(after_help = "Example:\n  atlas-ops incident note 12 --note 'Vendor is informed'")]
    Note(IncidentNote),
}

/// `atlas-ops incident list`
#[derive(Debug, Args)]
pub struct IncidentList {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Only these states: open, acknowledged, snoozed, resolved, or all; commas between.
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = states)]
    pub state: Vec<Option<State>>,
    /// Only this site.
    #[arg(long, value_name = "SITE_ID")]
    pub site: Option<String>,
    /// Only this severity: critical or warning.
    #[arg(long, value_parser = severity)]
    pub severity: Option<Severity>,
    /// Only this kind.
    #[arg(long)]
    pub kind: Option<String>,
    /// How many at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops incident show`
#[derive(Debug, Args)]
pub struct IncidentShow {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Number of the incident, as `incident list` shows it.
    pub id: i64,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which incident, who acts, and what is printed.
#[derive(Debug, Args)]
pub struct Acting {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Number of the incident, as `incident list` shows it.
    pub id: i64,
    /// Who does it [default: who called sudo, or else the system's user].
    #[arg(long = "as", value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub name: Option<String>,
    /// Print the incident as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops incident ack`, `resolve` and `reopen`
#[derive(Debug, Args)]
pub struct IncidentAct {
    #[command(flatten)]
    pub acting: Acting,
    /// What to say about it.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// `atlas-ops incident snooze`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("end").required(true)))]
pub struct IncidentSnooze {
    #[command(flatten)]
    pub acting: Acting,
    /// How long: 30m, 4h, 2d, 1w.
    #[arg(long = "for", value_name = "LENGTH", value_parser = length, group = "end")]
    pub length: Option<i64>,
    /// Until when: 2026-11-24T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time, group = "end")]
    pub until: Option<Timestamp>,
    /// What to say about it.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// `atlas-ops incident note`
#[derive(Debug, Args)]
pub struct IncidentNote {
    #[command(flatten)]
    pub acting: Acting,
    /// What to write.
    #[arg(long, value_name = "TEXT", required = true)]
    pub note: String,
}

/// `None` stands for all.
fn states(word: &str) -> Result<Option<State>, String> {
    if word == "all" {
        return Ok(None);
    }
    State::parse(word)
        .map(Some)
        .ok_or_else(|| "expected open, acknowledged, snoozed, resolved or all".to_owned())
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::parse(word).ok_or_else(|| "expected critical or warning".to_owned())
}

/// Milliseconds.
fn length(text: &str) -> Result<i64, String> {
    match Window::parse(text) {
        Some(Window::Last(millis)) => Ok(millis),
        _ => Err("expected a length such as 30m, 4h, 2d or 1w".to_owned()),
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text)
        .ok_or_else(|| "expected a time such as 2026-11-24T08:00:00Z (RFC 3339)".to_owned())
}
