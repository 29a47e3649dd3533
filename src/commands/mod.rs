//! One file per subcommand, each with one `run`. This file only says which is which.

pub mod agent;
pub mod agent_doctor;
pub mod board;
pub mod completions;
pub mod config;
pub mod database;
pub mod db;
pub mod demo;
pub mod discover;
pub mod first_admin;
pub mod health;
pub mod incident;
pub mod install;
pub mod mcp;
pub mod output;
pub mod runbook;
pub mod serve;
pub mod token;
pub mod user;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::error::Error;

/// Runs what was asked for.
///
/// # Errors
/// What the command could not do, ready to be shown.
pub fn run(cli: Cli) -> Result<ExitCode, Error> {
    match cli.command {
        Command::Install(args) => install::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Board(args) => board::run(&args),
        Command::Discover(args) => discover::run(&args),
        Command::Db(args) => db::run(&args, cli.verbose > 0),
        Command::Demo(args) => demo::run(&args),
        Command::Token(args) => token::run(&args),
        Command::User(args) => user::run(&args),
        Command::Incident(args) => incident::run(&args),
        Command::Runbook(args) => runbook::run(&args),
        Command::Mcp(args) => mcp::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Agent(args) => agent::run(&args, cli.verbose),
        Command::Completions(args) => completions::run(&args),
    }
}
