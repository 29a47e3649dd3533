//! `atlas-ops discover`.

use clap::Args;

use super::ConfigFile;

/// `atlas-ops discover`
#[derive(Debug, Args)]
pub struct Discover {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print the whole pass as JSON, as an agent would report it.
    #[arg(long)]
    pub json: bool,
}
