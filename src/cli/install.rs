//! `atlas-ops install`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What every `install` takes.
#[derive(Debug, Args)]
pub struct InstallFlags {
    /// Configuration file to write; the others stand beside it [default: $ATLAS_OPS_CONFIG, then the working directory].
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Ask nothing: take the flags, and the defaults for the rest.
    #[arg(long)]
    pub yes: bool,
    /// Overwrite files that exist. A database is kept and migrated all the same.
    #[arg(long)]
    pub force: bool,
}

/// `atlas-ops install ...`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  atlas-ops install backend     (asks; with --yes it takes flags and defaults)"
)]
pub enum Install {
    /// Write atlas_ops.config.yaml with a fresh token, the database and atlas-ops-backend.service.
    #[command(
        after_help = "Example:\n  atlas-ops install backend --config /etc/atlas-ops/atlas_ops.config.yaml --yes --port 8000"
    )]
    Backend(InstallBackend),
    /// Write agent_config.yaml, atlas-ops-agent.service and atlas-ops-agent.xml (Task Scheduler).
    #[command(
        after_help = "Example:\n  atlas-ops install agent --yes --backend-url http://192.168.10.5:8000 --site-id site-homelab --token-file token.txt"
    )]
    Agent(InstallAgent),
}

/// `atlas-ops install backend`
#[derive(Debug, Args)]
pub struct InstallBackend {
    #[command(flatten)]
    pub common: InstallFlags,
    /// Address to listen on [default: $ATLAS_OPS_HOST, then 127.0.0.1].
    #[arg(long)]
    pub host: Option<String>,
    /// Port to listen on [default: $ATLAS_OPS_PORT, then 8000].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Database: sqlite:///file.db beside the configuration, or sqlite:////absolute.db [default: $ATLAS_OPS_DB_URL, then sqlite:///atlas_ops.db].
    #[arg(long)]
    pub db_url: Option<String>,
}

/// `atlas-ops install agent`
#[derive(Debug, Args)]
pub struct InstallAgent {
    #[command(flatten)]
    pub common: InstallFlags,
    /// Address of the backend [default: $ATLAS_OPS_BACKEND_URL, then http://127.0.0.1:8000].
    #[arg(long)]
    pub backend_url: Option<String>,
    /// Site this host belongs to [default: $ATLAS_OPS_SITE_ID, then site-homelab].
    #[arg(long)]
    pub site_id: Option<String>,
    /// Ingest token. On the command line other users see it: prefer --token-file, $ATLAS_OPS_TOKEN_FILE or $ATLAS_OPS_TOKEN.
    #[arg(long, conflicts_with = "token_file")]
    pub token: Option<String>,
    /// File with the ingest token; - reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Seconds between two cycles [default: $ATLAS_OPS_INTERVAL_SECONDS, then 300].
    #[arg(long, value_parser = clap::value_parser!(u32).range(5..=86_400))]
    pub interval_seconds: Option<u32>,
    /// Docker endpoint to watch; may be given more than once; `none` for none [default: the local socket, if there is one].
    #[arg(long = "docker", value_name = "ENDPOINT")]
    pub docker: Vec<String>,
}
