//! `atlas-ops token`.

use clap::{Args, Subcommand};

use super::ConfigFile;
use crate::domain::token::Scope;

/// `atlas-ops token ...`
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token and print it once.
    #[command(
        after_help = "Example:\n  atlas-ops token create --scope ingest --site site-homelab --label rack1"
    )]
    Create(TokenCreate),
    /// List tokens; the tokens themselves are not kept and cannot be shown.
    #[command(after_help = "Example:\n  atlas-ops token list --json")]
    List(TokenList),
    /// Make a token worthless at once.
    #[command(after_help = "Example:\n  atlas-ops token revoke 3")]
    Revoke(TokenRevoke),
}

/// `atlas-ops token create`
#[derive(Debug, Args)]
pub struct TokenCreate {
    #[command(flatten)]
    pub file: ConfigFile,
    /// What the token may do.
    #[arg(long, value_enum, default_value_t = Scope::Ingest)]
    pub scope: Scope,
    /// Bind an ingest token to one site: signals for any other are refused.
    #[arg(long, value_name = "SITE_ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub site: Option<String>,
    /// A name to know it by.
    #[arg(long, default_value = "")]
    pub label: String,
    /// Days after which it expires [default: never].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub expires_in_days: Option<u16>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops token list`
#[derive(Debug, Args)]
pub struct TokenList {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops token revoke`
#[derive(Debug, Args)]
pub struct TokenRevoke {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Number of the token, as `token list` shows it.
    pub id: i64,
}
