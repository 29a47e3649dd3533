//! `atlas-ops install backend`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use askama::Template;

use super::ask::{Answers, Question};
use super::files::{self, Place, Staged};
use super::systemd::{self, BackendUnit, Sandbox};
use super::{next, not_as_meant, program, render, yaml_text};
use crate::cli::InstallBackend;
use crate::clock;
use crate::commands::{db, first_admin, output};
use crate::config::backend::{self, BackendConfig};
use crate::config::env::{self, Environment};
use crate::config::secret::Secret;
use crate::domain::token;
use crate::error::{Error, Exit};
use crate::store::migrate::Migrated;
use crate::store::open::folder_of;

const UNIT: &str = "atlas-ops-backend.service";

/// `atlas_ops.config.yaml`
#[derive(Template)]
#[template(path = "install/atlas_ops.config.yaml", escape = "none")]
struct ConfigFile {
    host: String,
    port: u16,
    db_url: String,
    shared_token: String,
}

/// What was asked for.
struct Wanted {
    host: String,
    port: u16,
    db_url: String,
    shared_token: Secret,
}

/// Writes the configuration and the unit, and makes the database.
pub(super) fn run(args: &InstallBackend) -> Result<ExitCode, Error> {
    let answers = Answers::new(&args.common, Environment::of_process())?;
    let place = Place::find(
        args.common.config.as_deref(),
        backend::FILE_NAME,
        answers.environment(),
    )?;
    let unit = place.beside(UNIT);
    files::refuse_existing(&[&place.config, &unit], args.common.force)?;
    files::refuse_other_section(&place.config, "agent")?;
    let (program, uid) = (program()?, systemd::own_uid()?);
    if answers.guided() {
        output::line(format!(
            "This writes {} and {UNIT} beside it. Enter takes what stands in brackets.",
            place.config.display()
        ));
    }
    let wanted = ask(args, &answers)?;
    let replaced = place.config.exists();
    let place = place.create()?;
    let unit = place.beside(UNIT);

    let config_file = Staged::secret(place.config.clone(), config_text(&wanted)?.as_bytes())?;
    let config = read_back(config_file.draft(), &wanted)?;
    if [&place.config, &unit].contains(&&config.database) {
        return Err(Error::new(
            format!("make the database {}", config.database.display()),
            "another file of the installation has this name",
        )
        .hint("give it another with --db-url")
        .exit(Exit::Usage));
    }
    let migrated = db::prepare(&config)?;
    make_first_admin(&config, config_file.draft(), answers.environment())?;
    let database_folder = folder_of(&config.database);
    let database_folder = files::own_name(&database_folder).unwrap_or(database_folder);
    let service = BackendUnit {
        command: systemd::command(&program, &["serve"], &place.config),
        sandbox: Sandbox::new(uid, &program, &place.folder, &database_folder),
        low_port: wanted.port < 1024,
    };
    let unit_file = Staged::public(unit.clone(), render(&service)?.as_bytes())?;
    files::put_in_place(vec![config_file, unit_file], args.common.force)?;

    let installed = Installed {
        program: next::program_word(&program, answers.environment()),
        place,
        unit,
        sandbox: service.sandbox,
        database: config.database,
        database_folder,
        uid,
    };
    installed.tell(&migrated, replaced);
    installed.tell_start();
    installed.tell_agents(&wanted);
    if answers.environment().get(env::SHARED_TOKEN).is_some() {
        output::note(format!(
            "warning: {} is set here and beats the token in the file",
            env::SHARED_TOKEN
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Its password is that of this moment's environment, or a random one: the file holds none.
fn make_first_admin(
    config: &BackendConfig,
    draft: &Path,
    environment: &Environment,
) -> Result<(), Error> {
    let here = backend::load_from(Some(draft.to_owned()), environment.clone())?;
    let config = BackendConfig {
        dashboard_password: here.dashboard_password,
        ..config.clone()
    };
    first_admin::make(&config, &|line: &str| output::line(line))
}

fn ask(args: &InstallBackend, answers: &Answers) -> Result<Wanted, Error> {
    let host = answers.value(
        Question {
            what: "Address to listen on",
            flag: "--host",
            variable: Some(env::HOST),
            given: args.host.clone(),
            default: backend::DEFAULT_HOST.to_owned(),
        },
        backend::host,
    )?;
    let port = answers.value(
        Question {
            what: "Port to listen on",
            flag: "--port",
            variable: Some(env::PORT),
            given: args.port.map(|port| port.to_string()),
            default: backend::DEFAULT_PORT.to_string(),
        },
        |text| match text.parse() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err("expected a number from 1 to 65535".to_owned()),
        },
    )?;
    let db_url = answers.value(
        Question {
            what: "Database",
            flag: "--db-url",
            variable: Some(env::DB_URL),
            given: args.db_url.clone(),
            default: backend::DEFAULT_DB_URL.to_owned(),
        },
        |text| backend::database_path(text).map(|_| text.to_owned()),
    )?;
    let random = clock::random().map_err(|error| Error::new("make a random token", error))?;
    Ok(Wanted {
        host,
        port,
        db_url,
        shared_token: Secret::new(token::from_random(random)),
    })
}

fn config_text(wanted: &Wanted) -> Result<String, Error> {
    render(&ConfigFile {
        host: yaml_text(&wanted.host),
        port: wanted.port,
        db_url: yaml_text(&wanted.db_url),
        shared_token: yaml_text(wanted.shared_token.reveal()),
    })
}

/// Reads the file as `serve` will, without the environment of this moment.
fn read_back(path: &Path, wanted: &Wanted) -> Result<BackendConfig, Error> {
    let config = backend::load_from(Some(path.to_owned()), Environment::default())?;
    let same = [
        ("host", config.host == wanted.host),
        ("port", config.port == wanted.port),
        (
            "db_url",
            backend::database_path(&wanted.db_url)
                .is_ok_and(|path| config.database.ends_with(path)),
        ),
        ("shared_token", config.shared_token == wanted.shared_token),
    ];
    match same.iter().find(|(_, same)| !same) {
        None => Ok(config),
        Some((key, _)) => Err(not_as_meant(key)),
    }
}

/// What there is now.
struct Installed {
    /// This program, as it is called in a shell.
    program: String,
    place: Place,
    unit: PathBuf,
    sandbox: Sandbox,
    database: PathBuf,
    database_folder: PathBuf,
    /// Whose files these are.
    uid: u32,
}

impl Installed {
    fn tell(&self, migrated: &Migrated, replaced: bool) {
        let config = self.place.config.display();
        output::line(format!(
            "Wrote {config} with a new shared token (mode 0600)."
        ));
        output::line(format!("Wrote {}", self.unit.display()));
        let path = self.database.display();
        output::line(match (migrated.from, migrated.to) {
            (0, to) => {
                format!("Made the database {path} with schema {to} and the built-in runbooks.")
            }
            (from, to) if from == to => {
                format!("Kept the database {path}; it has schema {to} already.")
            }
            (from, to) => {
                format!("Kept the database {path} and migrated it from schema {from} to {to}.")
            }
        });
        if let Some(backup) = &migrated.backup {
            output::line(format!("The copy from before: {}", backup.display()));
        }
        if replaced {
            output::line(
                "The shared token is new: agents that use the old one are refused until they have it.",
            );
        }
    }

    fn tell_start(&self) {
        output::line("\nNext, start it:");
        output::line(format!(
            "  {} serve --config {}",
            self.program,
            next::word(&self.place.config)
        ));
        if cfg!(windows) {
            return;
        }
        output::line(format!("Or let systemd run it, as {}:", self.sandbox.user));
        let mut folders = vec![self.place.folder.as_path(), self.database_folder.as_path()];
        folders.dedup();
        for line in next::systemd(&self.unit, &self.sandbox, &folders, self.uid) {
            output::line(format!("  {line}"));
        }
    }

    /// How an agent comes by a token that no terminal shows.
    fn tell_agents(&self, wanted: &Wanted) {
        let program = &self.program;
        let port = wanted.port;
        let local = match wanted.host.as_str() {
            "0.0.0.0" | "::" => "127.0.0.1".to_owned(),
            host if host.contains(':') => format!("[{host}]"),
            host => host.to_owned(),
        };
        let token = format!(
            "{program} token create --config {} --scope ingest --label",
            next::word(&self.place.config)
        );
        output::line("\nThen let it watch this machine, with a token of its own:");
        output::line(format!("  {token} this-machine |"));
        output::line(format!(
            "    {program} install agent --yes --backend-url http://{local}:{port} --token-file -"
        ));
        output::line("Or another: make its token here, take the file there, and install there:");
        output::line(format!("  (umask 077; {token} NAME > token.txt)"));
        output::line(format!(
            "  atlas-ops install agent --backend-url http://THIS-MACHINE:{port} --token-file token.txt"
        ));
        if matches!(wanted.host.as_str(), "127.0.0.1" | "::1" | "localhost") {
            output::line(
                "No other machine reaches it yet: for that, set host to 0.0.0.0, or put a reverse proxy before it.",
            );
        }
        output::line(
            "The shared token, which every agent may use too, is not shown: it is shared_token in the configuration.",
        );
    }
}
