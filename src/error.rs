//! The program's error, as a person at a terminal sees it: what was attempted, why it failed,
//! what to type next, and the exit code.
//!
//! Areas have their own small error enums; they become this one in `commands`. Nothing here
//! reaches an HTTP client: `server::error` owns that face.

use std::fmt::{self, Display};
use std::process::ExitCode;

/// How a command ended when it did not succeed. The numbers are part of the contract with cron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 1: it was tried and failed.
    Failed,
    /// 2: the command line or the configuration is wrong.
    Usage,
    /// 75 (`EX_TEMPFAIL` of sysexits.h): nothing is lost, run it again later.
    TryAgain,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::TryAgain => 75,
        })
    }
}

/// What a command answers when it could not do its work.
#[derive(Debug)]
pub struct Error {
    attempt: String,
    cause: String,
    hint: Option<String>,
    exit: Exit,
}

impl Error {
    /// `attempt` completes "cannot ...": a verb and its object, with the path or address in it.
    pub fn new(attempt: impl Into<String>, cause: impl Display) -> Self {
        Self {
            attempt: attempt.into(),
            cause: cause.to_string(),
            hint: None,
            exit: Exit::Failed,
        }
    }

    /// The next thing to type or to look at.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Another exit code than 1.
    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The code this error ends the process with.
    pub fn exit_code(&self) -> ExitCode {
        self.exit.into()
    }
}

impl Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot {}: {}", self.attempt, self.cause)?;
        if let Some(hint) = &self.hint {
            write!(out, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_attempted_why_it_failed_and_what_to_type() {
        let error =
            Error::new("open the database a.db", "it is a directory").hint("give --to a file name");
        assert_eq!(
            error.to_string(),
            "cannot open the database a.db: it is a directory\nhint: give --to a file name"
        );
    }
}
