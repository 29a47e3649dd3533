//! People: their names and what their role lets them do.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::timestamp::Timestamp;
use crate::domain::token::Scope;

/// The first admin, whom the program makes itself.
pub const FIRST_ADMIN: &str = "admin";

/// Longest name, in characters.
const MAX_NAME: usize = 64;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything, changes nothing.
    Viewer,
    /// Works with what comes in: incidents, runs, what is declared.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// The same as a token's scope.
    pub fn scope(self) -> Scope {
        match self {
            Self::Viewer => Scope::Read,
            Self::Operator => Scope::Operate,
            Self::Admin => Scope::Admin,
        }
    }

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Role::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

/// Somebody with an account, without the password's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Number in the table; of no use outside.
    #[serde(skip)]
    pub id: i64,
    /// See [`name`].
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the password was last set.
    pub password_changed_at: Timestamp,
    /// When they last logged in, by password or one-time address.
    pub last_login_at: Option<Timestamp>,
}

/// Reads a name as somebody types it: spaces round it and capital letters do not count.
///
/// # Errors
/// What a name is instead.
pub fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim().to_lowercase();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
        return Err("a name has 1 to 64 letters from a to z, digits, dots, dashes or underscores");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_word() {
        assert_eq!(name(" Anna.B-2_x "), Ok("anna.b-2_x".to_owned()));
        assert_eq!(name(&"x".repeat(64)), Ok("x".repeat(64)));
        for wrong in [
            "",
            "  ",
            "a b",
            "änna",
            "a/b",
            "a\nb",
            "\u{212a}a\u{0301}",
            &"x".repeat(65),
        ] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn no_role_grants_more_than_the_next() {
        use Scope::{Admin, Ingest, Operate, Read};
        let granted = |role: Role| {
            [Ingest, Read, Operate, Admin]
                .into_iter()
                .filter(|needed| role.scope().grants(*needed))
                .collect::<Vec<_>>()
        };
        assert_eq!(granted(Role::Viewer), [Read]);
        assert_eq!(granted(Role::Operator), [Read, Operate]);
        assert_eq!(granted(Role::Admin), [Ingest, Read, Operate, Admin]);
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
