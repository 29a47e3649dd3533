//! The whole command line, top to bottom. Shapes and help texts only; what a command does is in
//! the file of the same name under `commands/`. A command with subcommands has its file here, too.

#![allow(missing_docs)] // every field has a help text, or is a flattened group, which must have none

use std::path::PathBuf;

mod agent;
mod board;
mod db;
mod discover;
mod incident;
mod install;
mod mcp;
mod runbook;
mod token;
mod user;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use self::agent::*;
pub use self::board::*;
pub use self::db::*;
pub use self::discover::*;
pub use self::incident::*;
pub use self::install::*;
pub use self::mcp::*;
pub use self::runbook::*;
pub use self::token::*;
pub use self::user::*;

const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("ATLAS_OPS_COMMIT"),
    ", ",
    env!("ATLAS_OPS_TARGET"),
    ")"
);

/// Local-first runbook copilot: signals come in, matching runbooks and one situation board come out.
#[derive(Debug, Parser)]
#[command(
    name = "atlas-ops",
    version = VERSION,
    arg_required_else_help = true,
    after_help = "Example:\n  atlas-ops install backend --yes && atlas-ops serve"
)]
pub struct Cli {
    /// Say more on stderr; a command made for cron also says what it did.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(subcommand)]
    pub command: Command,
}

/// One variant for each subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the configuration and service files of a backend or an agent.
    #[command(subcommand, after_help = "Example:\n  atlas-ops install backend --yes")]
    Install(Install),
    /// Run the server: API and situation board.
    #[command(after_help = "Example:\n  atlas-ops serve --config atlas_ops.config.yaml")]
    Serve(Serve),
    /// Print the day's board: what is open, what happened since yesterday, agents, backup.
    #[command(
        after_help = "Example, from cron:\n  0 7 * * * atlas-ops board --text | mail -s \"Atlas Ops\" root"
    )]
    Board(Board),
    /// Run the agent that watches this host.
    #[command(subcommand, after_help = "Example:\n  atlas-ops agent run --once")]
    Agent(Agent),
    /// Look around once on the networks of this host: who is there, and what answers.
    #[command(after_help = "Example:\n  atlas-ops discover")]
    Discover(Discover),
    /// Create, migrate, back up and check the database.
    #[command(subcommand, after_help = "Example:\n  atlas-ops db check")]
    Db(Db),
    /// Add or remove the demonstration data.
    #[command(subcommand, after_help = "Example:\n  atlas-ops demo seed")]
    Demo(Demo),
    /// Create, list and revoke access tokens.
    #[command(subcommand, after_help = "Example:\n  atlas-ops token list")]
    Token(Token),
    /// Make, list and change the accounts of people; also the way back in after a lost password.
    #[command(
        subcommand,
        after_help = "Example:\n  atlas-ops user add anna --role operator"
    )]
    User(User),
    /// List incidents, and do what people do to them.
    #[command(subcommand, after_help = "Example:\n  atlas-ops incident list")]
    Incident(Incident),
    /// List, show, lint, import, export and match runbooks.
    #[command(subcommand, after_help = "Example:\n  atlas-ops runbook list")]
    Runbook(Runbook),
    /// Let an assistant read incidents, contexts and runbooks of a server: MCP on stdin and stdout.
    #[command(
        after_help = "Example:\n  atlas-ops mcp --url http://192.168.10.5:8000 --token-file ~/.config/atlas-ops/token"
    )]
    Mcp(Mcp),
    /// Check a configuration file.
    #[command(subcommand, after_help = "Example:\n  atlas-ops config check")]
    Config(ConfigCommand),
    /// Ask a server whether it is well; exit code 0 means yes.
    #[command(after_help = "Example:\n  atlas-ops health --url http://127.0.0.1:8000")]
    Health(Health),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example:\n  atlas-ops completions bash > /etc/bash_completion.d/atlas-ops"
    )]
    Completions(Completions),
}

/// Where the configuration file is.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigFile {
    /// Configuration file [default: $ATLAS_OPS_CONFIG, then the working directory, then the system's place].
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

/// `atlas-ops serve`
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Fill an empty database with demonstration data.
    #[arg(long)]
    pub demo: bool,
    /// Address to listen on, instead of the configured one.
    #[arg(long)]
    pub host: Option<String>,
    /// Port to listen on, instead of the configured one; 0 takes a free one and prints it.
    #[arg(long)]
    pub port: Option<u16>,
}

/// `atlas-ops config ...`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read a configuration file as the program would and report everything wrong with it.
    #[command(after_help = "Example:\n  atlas-ops config check --config agent_config.yaml")]
    Check(ConfigCheck),
}

/// `atlas-ops config check`
#[derive(Debug, Args)]
pub struct ConfigCheck {
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `atlas-ops health`
#[derive(Debug, Args)]
pub struct Health {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Address of the server [default: the configured host and port].
    #[arg(long)]
    pub url: Option<String>,
}

/// `atlas-ops completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell to write for.
    pub shell: Shell,
}
