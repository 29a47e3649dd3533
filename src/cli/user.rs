//! `atlas-ops user`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigFile;
use crate::domain::user::Role;

/// `atlas-ops user ...`
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make an account; the password is asked for, read from a file or generated.
    #[command(after_help = "Example:\n  atlas-ops user add anna --role operator")]
    Add(UserAdd),
    /// Set another password and end all sessions of its owner; also after a lost one.
    #[command(after_help = "Example:\n  atlas-ops user passwd admin --generate")]
    Passwd(UserPasswd),
    /// List the accounts.
    #[command(after_help = "Example:\n  atlas-ops user list --json")]
    List(UserList),
    /// Give somebody another role and end their sessions.
    #[command(after_help = "Example:\n  atlas-ops user role anna admin")]
    Role(UserRole),
    /// Remove an account and its sessions.
    #[command(after_help = "Example:\n  atlas-ops user remove anna")]
    Remove(UserRemove),
    /// Print an address that logs somebody in once, within a day.
    #[command(after_help = "Example:\n  atlas-ops user login-link anna")]
    LoginLink(UserLoginLink),
}

/// Where a password comes from.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct PasswordSource {
    /// File that holds the password on one line; - is standard input.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Make a random password and print it once.
    #[arg(long)]
    pub generate: bool,
}

/// `atlas-ops user add`
#[derive(Debug, Args)]
pub struct UserAdd {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Name to log in by: letters from a to z, digits, dots, dashes, underscores.
    pub name: String,
    /// What they may do.
    #[arg(long, value_enum)]
    pub role: Role,
    #[command(flatten)]
    pub password: PasswordSource,
}

/// `atlas-ops user passwd`
#[derive(Debug, Args)]
pub struct UserPasswd {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Whose password.
    pub name: String,
    #[command(flatten)]
    pub password: PasswordSource,
}

/// `atlas-ops user list`
#[derive(Debug, Args)]
pub struct UserList {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops user role`
#[derive(Debug, Args)]
pub struct UserRole {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Whose role.
    pub name: String,
    /// What they may do from now on.
    #[arg(value_enum)]
    pub role: Role,
}

/// `atlas-ops user remove`
#[derive(Debug, Args)]
pub struct UserRemove {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Whose account.
    pub name: String,
}

/// `atlas-ops user login-link`
#[derive(Debug, Args)]
pub struct UserLoginLink {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Whom it logs in.
    pub name: String,
}
