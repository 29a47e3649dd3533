//! `atlas-ops board`: the day's board, for mail and terminals.

use clap::Args;

use super::ConfigFile;

/// `atlas-ops board`
#[derive(Debug, Args)]
pub struct Board {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print text of 80 columns; so it is without a flag, too.
    #[arg(long, conflicts_with = "json")]
    pub text: bool,
    /// Print JSON: the digest, and what is open with its runbooks.
    #[arg(long)]
    pub json: bool,
    /// A day as it stood at its end: YYYY-MM-DD, yesterday, or today so far [default: since yesterday].
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
}
