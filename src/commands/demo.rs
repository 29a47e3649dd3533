//! `atlas-ops demo seed|clear`

use std::process::ExitCode;

use super::{database, output};
use crate::cli::Demo;
use crate::clock;
use crate::config::backend;
use crate::error::Error;
use crate::flow::catalogue::Catalogue;
use crate::flow::seed;
use crate::store;

/// Runs what was asked for.
///
/// # Errors
/// The configuration or the database cannot be used.
pub fn run(args: &Demo) -> Result<ExitCode, Error> {
    let (Demo::Seed(file) | Demo::Clear(file)) = args;
    let config = backend::load(file.config.as_deref())?;
    let path = &config.database;
    let mut db = database::open(path)?;
    match args {
        Demo::Seed(_) => {
            let seeded = store::in_transaction(&mut db, |db| {
                seed::demo(db, &Catalogue::load(db)?, clock::now())
            })
            .map_err(|error| database::failure("add the demo data", path, &error))?;
            output::note(format!(
                "Added {} demo sites and {} demo signals. Remove them with: atlas-ops demo clear",
                seeded.sites, seeded.signals
            ));
        }
        Demo::Clear(_) => {
            let cleared = store::in_transaction(&mut db, store::demo::clear)
                .map_err(|error| database::failure("remove the demo data", path, &error))?;
            output::note(format!(
                "Removed {} demo sites, {} integrations, {} agents and {} signals.",
                cleared.sites, cleared.integrations, cleared.agents, cleared.signals
            ));
            if cleared.sites_kept > 0 {
                output::note(format!(
                    "{} demo sites stay: data that is not the demo's came in for them.",
                    cleared.sites_kept
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
