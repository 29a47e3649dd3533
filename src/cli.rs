//! The whole command line, top to bottom. Shapes and help texts only; what a command does is in
//! the file of the same name under `commands/`.

#![allow(missing_docs)] // every field has a help text, or is a flattened group, which must have none

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::domain::token::Scope;

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
    /// Run the agent that watches this host.
    #[command(subcommand, after_help = "Example:\n  atlas-ops agent run --once")]
    Agent(Agent),
    /// Create, migrate, back up and check the database.
    #[command(subcommand, after_help = "Example:\n  atlas-ops db check")]
    Db(Db),
    /// Add or remove the demonstration data.
    #[command(subcommand, after_help = "Example:\n  atlas-ops demo seed")]
    Demo(Demo),
    /// Create, list and revoke access tokens.
    #[command(subcommand, after_help = "Example:\n  atlas-ops token list")]
    Token(Token),
    /// List, show and lint runbooks.
    #[command(subcommand, after_help = "Example:\n  atlas-ops runbook list")]
    Runbook(Runbook),
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

/// `atlas-ops agent ...`
#[derive(Debug, Subcommand)]
pub enum Agent {
    /// Watch this host and report to the backend, in a loop or once.
    #[command(
        after_help = "Example, from cron:\n  */5 * * * * atlas-ops agent run --once --config /etc/atlas-ops/agent_config.yaml"
    )]
    Run(AgentRun),
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

/// `atlas-ops runbook ...`
#[derive(Debug, Subcommand)]
pub enum Runbook {
    /// List the runbooks of the database, or the built-in ones where there is none yet.
    #[command(after_help = "Example:\n  atlas-ops runbook list --json")]
    List(RunbookList),
    /// Print one runbook as Markdown.
    #[command(after_help = "Example:\n  atlas-ops runbook show rb-disk-full")]
    Show(RunbookShow),
    /// Check runbook files and say, line by line, what is wrong.
    #[command(after_help = "Example:\n  atlas-ops runbook lint runbooks/*.md")]
    Lint(RunbookLint),
}

/// `atlas-ops runbook list`
#[derive(Debug, Args)]
pub struct RunbookList {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops runbook show`
#[derive(Debug, Args)]
pub struct RunbookShow {
    #[command(flatten)]
    pub file: ConfigFile,
    /// Id of the runbook.
    pub id: String,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `atlas-ops runbook lint`
#[derive(Debug, Args)]
pub struct RunbookLint {
    /// Markdown files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
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
