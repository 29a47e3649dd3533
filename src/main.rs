//! Parse, start logging, run, and turn an error into a message, a hint and an exit code.

use std::process::ExitCode;

use atlas_ops::cli::Cli;
use atlas_ops::{commands, logging};
use clap::Parser;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start(&cli);
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            commands::output::complain(&error);
            error.exit_code()
        }
    }
}
