//! `atlas-ops agent`.

use clap::{Args, Subcommand};

use super::ConfigFile;

/// `atlas-ops agent ...`
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// Watch this host and report to the backend, in a loop or once.
    #[command(
        after_help = "Example, from cron:\n  */5 * * * * atlas-ops agent run --once --config /etc/atlas-ops/agent_config.yaml"
    )]
    Run(AgentRun),
    /// Say what the agent can and cannot see from here, each with the command that would enable it.
    #[command(after_help = "Example:\n  sudo -u atlas-ops atlas-ops agent doctor")]
    Doctor(AgentDoctor),
}

/// `atlas-ops agent doctor`
#[derive(Debug, Args)]
pub struct AgentDoctor {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops agent run`
#[derive(Debug, Args)]
pub struct AgentRun {
    #[command(flatten)]
    pub file: ConfigFile,
    /// One cycle, then end: quiet on success, never two at a time, never longer than the time limit.
    #[arg(long)]
    pub once: bool,
    /// Print what would be sent as JSON; send nothing and remember nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds after which a single cycle is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub time_limit: u64,
}
