//! Who did something: every change that is not a sender's observation carries one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of being acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// Somebody with an account.
    Person,
    /// Somebody at the machine's own command line; the name is the system's.
    Cli,
    /// A program with an access token; the name is the token's label.
    Token,
    /// The sender of signals; the name is its source, or the agent's id.
    Source,
    /// Atlas Ops itself: time passed, or a rule applied.
    Program,
    /// A language model. What it says changes no state.
    Model,
}

impl ActorKind {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Cli => "cli",
            Self::Token => "token",
            Self::Source => "source",
            Self::Program => "program",
            Self::Model => "model",
        }
    }

    /// Reads what [`ActorKind::as_str`] wrote; anything else was the program.
    pub fn parse_stored(word: &str) -> Self {
        [
            Self::Person,
            Self::Cli,
            Self::Token,
            Self::Source,
            Self::Model,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .unwrap_or(Self::Program)
    }
}

/// Who did something. The name is kept as it was then: an account may go, the fact stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// What kind of being.
    pub kind: ActorKind,
    /// `anna`, `ci`, `agent`, `atlas-ops`, `llama3`.
    pub name: String,
}

impl Actor {
    /// Somebody or something by name.
    pub fn new(kind: ActorKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }

    /// Atlas Ops itself.
    pub fn program() -> Self {
        Self::new(ActorKind::Program, "atlas-ops")
    }
}
