//! A runbook: steps for a kind of problem, in words and commands.
//!
//! Owns the values, their JSON shape (version 0.4's keys stay as they are, others are added) and
//! the reading of the Markdown they are written in ([`parse`], strict). YAML is read elsewhere:
//! the front matter comes in as values. Filling `{{variables}}` is `domain::variables`.

mod draft;
mod front;
mod legacy;
mod markdown;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::timestamp::Timestamp;

pub use draft::{Draft, draft};
pub use front::{FrontMatter, KEYS, Source, find_reference, split_front_matter};
pub use legacy::{Legacy, LegacyStep, step_markdown};
pub use markdown::parse;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Most steps of one runbook.
pub const MAX_STEPS: usize = 200;
/// After so many days without a review a runbook counts as stale.
pub const STALE_DAYS: i64 = 365;

/// Where a runbook comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Shipped inside the program.
    Builtin,
    /// Written by the people here, and kept in the database.
    #[default]
    Own,
    /// Written by the people here, and read from a file of `runbooks_dir`.
    File,
    /// Made by `demo seed`.
    Demo,
}

impl Origin {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Builtin => "builtin",
            Self::Own => "own",
            Self::File => "file",
            Self::Demo => "demo",
        }
    }

    /// Reads what [`Origin::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Builtin, Self::Own, Self::File, Self::Demo]
            .into_iter()
            .find(|origin| origin.as_str() == word)
    }
}

/// What a command can do to the system it is run on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Looks only.
    Read,
    /// Changes something that can be changed back.
    Change,
    /// Can lose data or cut people off.
    Danger,
}

impl Risk {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Change => "change",
            Self::Danger => "danger",
        }
    }

    /// Reads what [`Risk::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Read, Self::Change, Self::Danger]
            .into_iter()
            .find(|risk| risk.as_str() == word)
    }
}

/// Whether a step is done by commands or by hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// It has at least one command.
    Command,
    /// It is done by hand.
    #[default]
    Manual,
}

/// One fenced block of shell commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Command {
    /// A name, unique in the runbook, for Runme and for reports.
    pub name: Option<String>,
    /// What it can do. `change` where the block does not say: the careful reading.
    pub risk: Risk,
    /// `sh`, `bash`, `powershell`, ...
    pub language: String,
    /// The lines, with their `{{variables}}` unfilled and without the last newline.
    pub text: String,
}

/// One step of a runbook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// The heading.
    pub title: String,
    /// By command or by hand.
    pub kind: StepKind,
    /// As version 0.4 had it: of a command step its commands, joined by newlines; of a manual
    /// step its prose as plain text.
    pub detail: String,
    /// A question to ask of a person or a model after this step (`**Ask:**`).
    pub prompt: Option<String>,
    /// The commands, in order.
    #[serde(default)]
    pub commands: Vec<Command>,
    /// What good looks like (`**Good:**`), as inline Markdown.
    #[serde(default)]
    pub good: Option<String>,
    /// What to do when it does not (`**Otherwise:**`), as inline Markdown.
    #[serde(default)]
    pub otherwise: Option<String>,
    /// The Markdown source under the heading, all of it.
    #[serde(default)]
    pub body: String,
}

/// A runbook as the API shows it and the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Runbook {
    /// For example `rb-disk-full`: lower-case letters, digits and hyphens.
    pub id: String,
    /// What it achieves, in the imperative.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// Lower-case words it is found by.
    pub tags: Vec<String>,
    /// The kinds of signal it was written for.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// A question for a model about such a signal, with `{{variables}}`.
    pub prompt_template: Option<String>,
    /// What comes before the first step, as Markdown.
    #[serde(default)]
    pub intro: Option<String>,
    /// Who keeps it up to date.
    #[serde(default)]
    pub owner: Option<String>,
    /// When somebody last read it with care: a date, as written.
    #[serde(default)]
    pub reviewed_at: Option<String>,
    /// Where it comes from.
    #[serde(default)]
    pub origin: Origin,
    /// Whether a built-in one of the same id is hidden by it.
    #[serde(default)]
    pub overrides_builtin: bool,
    /// Names this version: 32 hexadecimal digits of the source's SHA-256.
    #[serde(default)]
    pub content_hash: String,
    /// The whole file as it was written, front matter included. Not part of the JSON.
    #[serde(skip)]
    pub markdown: String,
}

impl Runbook {
    /// Days since somebody last read it with care; `None` where nobody said when.
    pub fn days_since_review(&self, now: Timestamp) -> Option<i64> {
        let reviewed = Timestamp::parse(&format!("{}T00:00:00Z", self.reviewed_at.as_deref()?))?;
        Some(now.millis_since(reviewed) / DAY_MS)
    }

    /// Whether its last review is longer ago than [`STALE_DAYS`], or is not known.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.days_since_review(now)
            .is_none_or(|days| days > STALE_DAYS)
    }
}

/// One thing wrong with a runbook's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Lint {
    /// Line of the file, from 1.
    pub line: usize,
    /// Column of the line, in characters, from 1.
    pub column: usize,
    /// What is wrong and what is expected.
    pub message: String,
}

impl Lint {
    /// One complaint about one line.
    pub fn new(line: usize, message: impl Into<String>) -> Self {
        Self::at(line, 1, message)
    }

    /// One complaint about one place.
    pub fn at(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            column,
            message: message.into(),
        }
    }
}

impl std::fmt::Display for Lint {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "line {}: {}", self.line, self.message)
    }
}

/// One thing wrong with one file: a [`Lint`] that knows whose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = RunbookProblem)]
pub struct Problem {
    /// Name of the file.
    pub file: String,
    /// Line of the file, from 1.
    pub line: usize,
    /// Column of the line, from 1.
    pub column: usize,
    /// What is wrong and what is expected.
    pub message: String,
}

impl Problem {
    /// A lint of a file.
    pub fn new(file: impl Into<String>, lint: Lint) -> Self {
        Self {
            file: file.into(),
            line: lint.line,
            column: lint.column,
            message: lint.message,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (file, line, column) = (&self.file, self.line, self.column);
        write!(out, "{file}:{line}:{column}: {}", self.message)
    }
}

#[cfg(test)]
mod tests;
