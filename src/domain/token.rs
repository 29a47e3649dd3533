//! Access tokens: what they may do, what they look like. The tokens themselves are never kept,
//! only their hashes.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::hash;
use crate::domain::timestamp::Timestamp;

/// Every token we make starts with this, so that secret scanners and our own redaction know it.
pub const PREFIX: &str = "atl_";

/// Values that stand in our own examples; a token that is one of them is no secret.
const PLACEHOLDERS: [&str; 6] = [
    "YOUR_TOKEN",
    "YOUR_SHARED_TOKEN",
    "CHANGE_ME",
    "CHANGEME",
    "TOKEN",
    "<TOKEN>",
];

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Send signals and reports; read nothing.
    Ingest,
    /// Read everything; change nothing.
    Read,
    /// Read, and change what people declare.
    Operate,
    /// Everything.
    Admin,
}

impl Scope {
    /// Whether a holder of this scope may do what `needed` asks for.
    pub fn grants(self, needed: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Operate => matches!(needed, Self::Operate | Self::Read),
            Self::Ingest | Self::Read => self == needed,
        }
    }

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Scope::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Ingest, Self::Read, Self::Operate, Self::Admin]
            .into_iter()
            .find(|scope| scope.as_str() == word)
    }
}

/// A stored token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// Number to revoke it by.
    pub id: i64,
    /// A name to know it by.
    pub label: String,
    /// What it may do.
    pub scope: Scope,
    /// The one site it may send for.
    pub site_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is worthless.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl TokenInfo {
    /// Whether it still opens anything at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Makes a token out of 24 random bytes (192 bits).
pub fn from_random(bytes: [u8; 24]) -> String {
    format!("{PREFIX}{}", hash::hex(&bytes))
}

/// Makes the last part of a one-time address out of 24 random bytes.
pub fn one_time_code(bytes: [u8; 24]) -> String {
    hash::hex(&bytes)
}

/// What is stored and looked up in place of a token.
pub fn digest(token: &str) -> [u8; 32] {
    hash::sha256(token)
}

/// Whether this is one of the placeholders of our own examples.
pub fn is_placeholder(token: &str) -> bool {
    PLACEHOLDERS
        .iter()
        .any(|word| token.eq_ignore_ascii_case(word))
}

/// Longest token that is taken from a person, in bytes.
pub const MAX_LENGTH: usize = 512;

/// Why `token` cannot be one, if it cannot. It stands in an HTTP header, and so holds neither
/// spaces nor line breaks.
pub fn objection(token: &str) -> Option<&'static str> {
    if token.is_empty() {
        Some("it is empty")
    } else if is_placeholder(token) {
        Some("it is the placeholder of an example, not a secret")
    } else if token.len() > MAX_LENGTH {
        Some("it is longer than 512 characters")
    } else if !token.chars().all(|c| c.is_ascii_graphic()) {
        Some("it holds spaces or characters that an HTTP header cannot carry")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_grant_no_more_than_they_say() {
        use Scope::{Admin, Ingest, Operate, Read};
        let granted = |scope: Scope| {
            [Ingest, Read, Operate, Admin]
                .into_iter()
                .filter(|needed| scope.grants(*needed))
                .collect::<Vec<_>>()
        };
        assert_eq!(granted(Ingest), [Ingest]);
        assert_eq!(granted(Read), [Read]);
        assert_eq!(granted(Operate), [Read, Operate]);
        assert_eq!(granted(Admin), [Ingest, Read, Operate, Admin]);
    }

    #[test]
    fn our_own_examples_are_no_secrets() {
        assert!(is_placeholder("YOUR_TOKEN") && is_placeholder("your_shared_token"));
        assert!(!is_placeholder(&from_random([7; 24])));
    }
    #[test]
    fn what_a_header_cannot_carry_is_no_token() {
        assert_eq!(objection("a-legacy.token=="), None);
        for token in [
            "",
            "CHANGE_ME",
            "two words",
            "a\nb",
            "tök",
            &"x".repeat(513),
        ] {
            assert!(objection(token).is_some(), "{token:?}");
        }
    }
}
