//! How bad a signal is.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ordered: `Info < Warning < Critical`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nobody needs to act.
    #[default]
    Info,
    /// Somebody should look today.
    Warning,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// All of them, worst first.
    pub const WORST_FIRST: [Self; 3] = [Self::Critical, Self::Warning, Self::Info];

    /// Reads a sender's word for it, the usual synonyms included, in any case. `None` for a word
    /// nobody agreed on: it is refused rather than guessed.
    pub fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "info" | "ok" | "notice" | "debug" => Some(Self::Info),
            "warning" | "warn" => Some(Self::Warning),
            "critical" | "error" | "err" | "fatal" => Some(Self::Critical),
            _ => None,
        }
    }

    /// Reads what [`Severity::as_str`] wrote.
    pub fn parse_stored(word: &str) -> Self {
        match word {
            "critical" => Self::Critical,
            "warning" => Self::Warning,
            _ => Self::Info,
        }
    }

    /// The one word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_mean_what_their_senders_mean() {
        for (word, severity) in [
            ("error", Severity::Critical),
            ("ERR", Severity::Critical),
            ("fatal", Severity::Critical),
            ("warn", Severity::Warning),
            ("ok", Severity::Info),
            ("notice", Severity::Info),
            ("debug", Severity::Info),
        ] {
            assert_eq!(Severity::parse(word), Some(severity), "{word}");
        }
        assert_eq!(Severity::parse("apocalyptic"), None);
    }

    #[test]
    fn critical_is_the_worst() {
        assert!(Severity::Critical > Severity::Warning && Severity::Warning > Severity::Info);
    }
}
