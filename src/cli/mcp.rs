//! `atlas-ops mcp`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `atlas-ops mcp`
#[derive(Debug, Args)]
pub struct Mcp {
    /// Address of the server.
    #[arg(long)]
    pub url: String,
    /// File that holds a token of the server: scope read, or operate where writes are allowed.
    #[arg(long, value_name = "FILE")]
    pub token_file: PathBuf,
    /// A private certificate authority for https, as PEM.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Seconds after which a request to the server is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub time_limit: u64,
    /// Tools that change something and are offered all the same; none by default.
    #[arg(long, value_name = "TOOLS", value_delimiter = ',')]
    pub allow: Vec<McpWrite>,
    /// Offer every tool that changes something.
    #[arg(long, conflicts_with = "allow")]
    pub allow_writes: bool,
}

/// A tool that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum McpWrite {
    /// Write a note on an incident.
    AddNote,
    /// Acknowledge an incident.
    Acknowledge,
}
