//! `atlas-ops db init|migrate|backup|check`

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::{database, output};
use crate::cli::{ConfigFile, Db, DbBackup, DbCheck};
use crate::clock;
use crate::config::backend::{self, BackendConfig};
use crate::error::{Error, Exit};
use crate::flow::seed;
use crate::store::backup::{self, BackupError, Order};
use crate::store::migrate::{self, Migrated};
use crate::store::{self, check, digests};

/// Runs what was asked for. `verbose` makes a command that is made for cron say what it did.
///
/// # Errors
/// The configuration or the database cannot be used.
pub fn run(args: &Db, verbose: bool) -> Result<ExitCode, Error> {
    match args {
        Db::Init(file) => init(file),
        Db::Migrate(file) => migrate(file),
        Db::Backup(args) => back_up(args, verbose || std::io::stdout().is_terminal()),
        Db::Check(args) => check(args),
    }
}

/// Brings the database to this program's schema and its built-in runbooks up to date.
///
/// # Errors
/// See [`migrate::migrate`].
pub fn prepare(config: &BackendConfig) -> Result<Migrated, Error> {
    let path = &config.database;
    let attempt = format!("migrate the database {}", path.display());
    let failed = |error: &_| database::failure(&attempt, path, error);
    let migrated = migrate::migrate(path, clock::now()).map_err(|error| failed(&error))?;
    let mut db = database::open(path)?;
    let runbooks = seed::builtin().map_err(|error| Error::new("load the runbooks", error))?;
    store::in_transaction(&mut db, |db| seed::runbooks(db, &runbooks, clock::now()))
        .map_err(|error| failed(&error))?;
    Ok(migrated)
}

fn init(file: &ConfigFile) -> Result<ExitCode, Error> {
    let config = backend::load(file.config.as_deref())?;
    let migrated = prepare(&config)?;
    tell(&config.database, &migrated);
    Ok(ExitCode::SUCCESS)
}

fn migrate(file: &ConfigFile) -> Result<ExitCode, Error> {
    let config = backend::load(file.config.as_deref())?;
    if !config.database.exists() {
        let missing = store::StoreError::Missing(config.database.clone());
        return Err(database::failure("migrate", &config.database, &missing));
    }
    let migrated = prepare(&config)?;
    tell(&config.database, &migrated);
    Ok(ExitCode::SUCCESS)
}

fn tell(path: &Path, migrated: &Migrated) {
    let path = path.display();
    match (migrated.from, migrated.to) {
        (0, to) => output::note(format!("Created {path} with schema {to}.")),
        (from, to) if from == to => output::note(format!("{path} has schema {to} already.")),
        (from, to) => output::note(format!("Migrated {path} from schema {from} to {to}.")),
    }
    if let Some(backup) = &migrated.backup {
        output::note(format!("The copy from before: {}", backup.display()));
    }
}

fn back_up(args: &DbBackup, talk: bool) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let order = Order {
        to: args.to.clone(),
        keep: args.keep,
        time_limit: Duration::from_secs(args.time_limit),
    };
    let mut progress = Progress::new("backup");
    let now = clock::now();
    let made = backup::run(&config.database, &order, now, &mut |done| {
        progress.show(done);
    });
    progress.end();
    let made = made.map_err(|error| backup_failure(&config.database, args, &error))?;
    // The board tells how old the newest backup is. A copy is as good without that, which a database
    // that is read-only, held or of another schema does not take.
    if let Err(error) = digests::backed_up(&config.database, now, made.bytes) {
        tracing::debug!(%error, "the backup could not be noted in the database");
    }
    if args.json {
        output::json(&made);
    } else if talk {
        output::note(format!(
            "Backed up to {} ({} bytes).",
            made.path.display(),
            made.bytes
        ));
        for path in &made.deleted {
            output::note(format!("Deleted {}.", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn backup_failure(path: &Path, args: &DbBackup, error: &BackupError) -> Error {
    let attempt = format!("back up {} to {}", path.display(), args.to.display());
    let failure = Error::new(&attempt, error);
    match error {
        BackupError::Store(error) => {
            // The database is only read: the disk that is full is the target's.
            let at_fault = if matches!(error, store::StoreError::Full) {
                &args.to
            } else {
                path
            };
            database::failure(&attempt, at_fault, error)
        }
        BackupError::TimeLimit => failure
            .hint("another backup may be running; give more time with --time-limit SECONDS")
            .exit(Exit::TryAgain),
        BackupError::OntoItself | BackupError::ForeignTarget(_) => {
            failure.hint("give another file name with --to")
        }
        BackupError::Folder(folder) => failure.hint(format!(
            "name a file in it: --to {}",
            folder.join("atlas_ops.db").display()
        )),
        BackupError::NotSound(_) => failure.hint("see: atlas-ops db check"),
    }
}

fn check(args: &DbCheck) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let path = &config.database;
    let attempt = format!("check the database {}", path.display());
    let verdict = check::check(path).map_err(|error| database::failure(&attempt, path, &error))?;
    if args.json {
        output::json(&verdict);
    } else if verdict.ok {
        output::line(format!("{}: sound", path.display()));
    } else {
        for line in verdict.integrity.iter().chain(&verdict.foreign_keys) {
            output::line(line);
        }
    }
    if verdict.ok {
        Ok(ExitCode::SUCCESS)
    } else {
        let faults = verdict.integrity.len() + verdict.foreign_keys.len();
        Err(Error::new(attempt, format!("{faults} faults found"))
            .hint("stop the server, keep the file aside, and put the last backup in its place"))
    }
}

/// A percentage on the terminal; nothing where stderr is none.
struct Progress {
    what: &'static str,
    shown: Option<u8>,
    on_terminal: bool,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        Self {
            what,
            shown: None,
            on_terminal: std::io::stderr().is_terminal(),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=100
    fn show(&mut self, done: f64) {
        let percent = (done.clamp(0.0, 1.0) * 100.0) as u8;
        if self.on_terminal && self.shown != Some(percent) {
            let _ = write!(std::io::stderr(), "\r{} {percent:3} %", self.what);
            self.shown = Some(percent);
        }
    }

    fn end(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
