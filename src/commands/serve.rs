//! `atlas-ops serve`

use std::process::ExitCode;

use super::{database, db, first_admin, output};
use crate::cli::Serve;
use crate::clock;
use crate::config::backend::{self, BackendConfig};
use crate::error::Error;
use crate::flow::catalogue::Catalogue;
use crate::flow::runbooks::Sources;
use crate::flow::seed;
use crate::server;
use crate::store::{self, Store};

/// Brings the database up to date, then serves until told to stop.
///
/// # Errors
/// The configuration, the database or the port cannot be used.
pub fn run(args: &Serve) -> Result<ExitCode, Error> {
    let mut config = backend::load(args.file.config.as_deref())?;
    if let Some(host) = &args.host {
        config.host.clone_from(host);
    }
    if let Some(port) = args.port {
        config.port = port;
    }
    config.load_demo |= args.demo;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    db::prepare(&config)?;
    first_admin::make(&config, &output::announce)?;
    let catalogue = load_catalogue(&config)?;
    let path = config.database.clone();
    let store = Store::open(&path).map_err(|error| {
        database::failure(
            &format!("open the database {}", path.display()),
            &path,
            &error,
        )
    })?;
    server::run(config, store, catalogue, &output::announce)?;
    Ok(ExitCode::SUCCESS)
}

fn load_catalogue(config: &BackendConfig) -> Result<Catalogue, Error> {
    let path = &config.database;
    let mut db = database::open(path)?;
    let failed = |error: &_| database::failure("read the runbooks", path, error);
    let catalogue = Sources::new(config.runbooks_dir.clone())
        .load(&db)
        .map_err(|error| failed(&error))?;
    if config.load_demo {
        let seeded = store::in_transaction(&mut db, |db| {
            seed::demo_if_empty(db, &catalogue, clock::now())
        })
        .map_err(|error| failed(&error))?;
        if seeded {
            tracing::info!(
                "demo data was added to the empty database; remove it with: atlas-ops demo clear"
            );
        }
    }
    Ok(catalogue)
}
