//! `atlas-ops db` and `atlas-ops demo`: the database and what is put in it for show.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ConfigFile;

/// `atlas-ops db ...`
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Create the database and load the built-in runbooks; harmless when it exists.
    #[command(after_help = "Example:\n  atlas-ops db init --config atlas_ops.config.yaml")]
    Init(ConfigFile),
    /// Bring the database to this program's schema, after a backup beside it.
    #[command(after_help = "Example:\n  atlas-ops db migrate --config atlas_ops.config.yaml")]
    Migrate(ConfigFile),
    /// Copy the database to a file while the server goes on writing.
    #[command(
        after_help = "Example, from cron:\n  15 3 * * * atlas-ops db backup --to /srv/backup/atlas_ops.db --keep 14 && rsync -a /srv/backup/ nas:/backup/"
    )]
    Backup(DbBackup),
    /// Run the integrity and foreign-key checks.
    #[command(after_help = "Example:\n  atlas-ops db check --json")]
    Check(DbCheck),
}

/// `atlas-ops db backup`
#[derive(Debug, Args)]
pub struct DbBackup {
    #[command(flatten)]
    pub file: ConfigFile,
    /// File to write. An earlier Atlas Ops backup there is replaced, any other file is refused.
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,
    /// Keep this many: write NAME-YYYYmmddTHHMMSSZ.db and delete the oldest beyond it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: Option<u16>,
    /// Seconds after which the copy is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub time_limit: u64,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops db check`
#[derive(Debug, Args)]
pub struct DbCheck {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops demo ...`
#[derive(Debug, Subcommand)]
pub enum Demo {
    /// Add sample sites, integrations and a day of signals, all marked as demo.
    #[command(after_help = "Example:\n  atlas-ops demo seed")]
    Seed(ConfigFile),
    /// Remove the demo's own rows and nothing else.
    #[command(after_help = "Example:\n  atlas-ops demo clear")]
    Clear(ConfigFile),
}
