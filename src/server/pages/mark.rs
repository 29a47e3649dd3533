//! A severity as pages show it.

use crate::domain::severity::Severity;

/// A word and a sign: never colour alone.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) word: &'static str,
    pub(super) icon: &'static str,
}

impl Mark {
    /// The signal says that its problem is over.
    pub(super) const RESOLVED: Self = Self {
        word: "resolved",
        icon: "✓",
    };
    /// A later signal says so.
    pub(super) const OVER: Self = Self {
        word: "over",
        icon: "✓",
    };

    pub(super) fn of(severity: Severity) -> Self {
        Self {
            word: severity.as_str(),
            icon: match severity {
                Severity::Critical => "▲",
                Severity::Warning => "◆",
                Severity::Info => "●",
            },
        }
    }
}
