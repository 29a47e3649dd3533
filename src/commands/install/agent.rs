//! `atlas-ops install agent`

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use askama::Template;

use super::ask::{Answers, Question};
use super::files::{self, Place, Staged};
use super::systemd::{self, AgentUnit, Sandbox};
use super::task::{self, Task};
use super::{next, not_as_meant, program, render, yaml_text};
use crate::cli::InstallAgent;
use crate::commands::output;
use crate::config::agent::{self, DEFAULT_RESTART_THRESHOLD, INTERVALS};
use crate::config::env::{self, Environment};
use crate::config::secret::Secret;
use crate::domain::agent::DEFAULT_INTERVAL_SECONDS;
use crate::error::Error;

const UNIT: &str = "atlas-ops-agent.service";
const DOCKER_SOCKET: &str = "/var/run/docker.sock";
const NO_DOCKER: &str = "none";

/// `agent_config.yaml`
#[derive(Template)]
#[template(path = "install/agent_config.yaml", escape = "none")]
struct ConfigFile {
    backend_url: String,
    site_id: String,
    token: String,
    interval_seconds: u32,
    docker_hosts: Vec<String>,
    restart_threshold: u32,
}

/// What was asked for.
struct Wanted {
    backend_url: String,
    site_id: String,
    token: Secret,
    interval_seconds: u32,
    docker_hosts: Vec<String>,
}

/// The files that are written.
struct Files {
    place: Place,
    unit: PathBuf,
    task: PathBuf,
}

impl Files {
    fn at(place: Place) -> Self {
        Self {
            unit: place.beside(UNIT),
            task: place.beside(task::FILE_NAME),
            place,
        }
    }

    /// Beside the configuration: a task wherever this is, for Windows hosts to come, and a unit
    /// but on Windows, whose paths no other system knows.
    fn services(&self) -> Vec<&Path> {
        let unit = (!cfg!(windows)).then_some(self.unit.as_path());
        unit.into_iter().chain([self.task.as_path()]).collect()
    }
}

/// Writes the configuration, the unit and the task.
pub(super) fn run(args: &InstallAgent) -> Result<ExitCode, Error> {
    let answers = Answers::new(&args.common, Environment::of_process())?;
    let given = args.common.config.as_deref();
    let place = Place::find(given, agent::FILE_NAME, answers.environment())?;
    let wished = Files::at(place);
    let force = args.common.force;
    let mut wished_paths = wished.services();
    wished_paths.insert(0, &wished.place.config);
    files::refuse_existing(&wished_paths, force)?;
    files::refuse_other_section(&wished.place.config, "backend")?;
    let (program, uid) = (program()?, systemd::own_uid()?);
    if answers.guided() {
        let names: Vec<_> = wished
            .services()
            .into_iter()
            .filter_map(Path::file_name)
            .collect();
        output::line(format!(
            "This writes {}, and {} beside it. Enter takes what stands in brackets.",
            wished.place.config.display(),
            names.join(OsStr::new(" and ")).display()
        ));
    }
    let wanted = ask(args, &answers)?;
    let files = Files::at(wished.place.create()?);
    let config = &files.place.config;

    let config_file = Staged::secret(config.clone(), config_text(&wanted)?.as_bytes())?;
    read_back(config_file.draft(), &wanted)?;
    let service = AgentUnit {
        command: systemd::command(&program, &["agent", "run"], config),
        sandbox: Sandbox::new(uid, &program, &files.place.folder, &files.place.folder),
        docker_group: wanted
            .docker_hosts
            .iter()
            .find_map(|endpoint| systemd::docker_group(endpoint)),
    };
    let (task_program, task_config) = task::places(given, &program, config);
    let task = Task {
        site_id: &wanted.site_id,
        backend_url: &wanted.backend_url,
        interval_minutes: task::minutes(wanted.interval_seconds),
        command: task_program.clone(),
        arguments: task::arguments(&task_config),
    };
    let mut staged = vec![config_file];
    if !cfg!(windows) {
        let unit = render(&service)?;
        staged.push(Staged::public(files.unit.clone(), unit.as_bytes())?);
    }
    let task = task::encode(&render(&task)?);
    staged.push(Staged::public(files.task.clone(), &task)?);
    files::put_in_place(staged, force)?;

    let program = next::program_word(&program, answers.environment());
    tell_files(&files, &program);
    if cfg!(windows) {
        tell_windows(&files, None, &task_config);
    } else {
        tell_linux(&files, &program, &service, uid, wanted.interval_seconds);
        tell_windows(&files, Some(&task_program), &task_config);
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(args: &InstallAgent, answers: &Answers) -> Result<Wanted, Error> {
    let backend_url = answers.value(
        Question {
            what: "Address of the backend",
            flag: "--backend-url",
            variable: Some(env::BACKEND_URL),
            given: args.backend_url.clone(),
            default: agent::DEFAULT_BACKEND_URL.to_owned(),
        },
        agent::backend_url,
    )?;
    let site_id = answers.value(
        Question {
            what: "Site this host belongs to",
            flag: "--site-id",
            variable: Some(env::SITE_ID),
            given: args.site_id.clone(),
            default: agent::DEFAULT_SITE_ID.to_owned(),
        },
        agent::site_id,
    )?;
    let interval_seconds = answers.value(
        Question {
            what: "Seconds between two cycles",
            flag: "--interval-seconds",
            variable: Some(env::INTERVAL_SECONDS),
            given: args.interval_seconds.map(|seconds| seconds.to_string()),
            default: DEFAULT_INTERVAL_SECONDS.to_string(),
        },
        interval,
    )?;
    let local_socket = if systemd::is_socket(DOCKER_SOCKET) {
        format!("unix://{DOCKER_SOCKET}")
    } else {
        NO_DOCKER.to_owned()
    };
    let docker_hosts = answers.value(
        Question {
            what: "Docker endpoints to watch, with commas between, or none",
            flag: "--docker",
            variable: None,
            given: (!args.docker.is_empty()).then(|| args.docker.join(",")),
            default: local_socket,
        },
        docker_endpoints,
    )?;
    // Last: what is typed ahead of the question would be lost.
    let token = answers.token(args.token.as_deref(), args.token_file.as_deref())?;
    Ok(Wanted {
        backend_url,
        site_id,
        token,
        interval_seconds,
        docker_hosts,
    })
}

fn interval(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|seconds| INTERVALS.contains(&i64::from(*seconds)))
        .ok_or_else(|| {
            let (shortest, longest) = (INTERVALS.start(), INTERVALS.end());
            format!("expected a number from {shortest} to {longest}")
        })
}

fn docker_endpoints(text: &str) -> Result<Vec<String>, String> {
    let mut endpoints = Vec::new();
    if text == NO_DOCKER {
        return Ok(endpoints);
    }
    for endpoint in text.split(',').map(str::trim) {
        let endpoint = agent::docker_endpoint(endpoint)?;
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    Ok(endpoints)
}

fn config_text(wanted: &Wanted) -> Result<String, Error> {
    render(&ConfigFile {
        backend_url: yaml_text(&wanted.backend_url),
        site_id: yaml_text(&wanted.site_id),
        token: yaml_text(wanted.token.reveal()),
        interval_seconds: wanted.interval_seconds,
        docker_hosts: wanted
            .docker_hosts
            .iter()
            .map(|text| yaml_text(text))
            .collect(),
        restart_threshold: DEFAULT_RESTART_THRESHOLD,
    })
}

/// Reads the file as `agent run` will, without the environment of this moment.
fn read_back(path: &Path, wanted: &Wanted) -> Result<(), Error> {
    let config = agent::load_from(Some(path.to_owned()), Environment::default())?;
    let endpoints: Vec<&String> = config
        .docker_hosts
        .iter()
        .map(|host| &host.endpoint)
        .collect();
    let same = [
        ("backend_url", config.backend_url == wanted.backend_url),
        ("site_id", config.site_id == wanted.site_id),
        ("token", config.token == wanted.token),
        (
            "interval_seconds",
            config.interval_seconds == wanted.interval_seconds,
        ),
        (
            "docker_hosts",
            endpoints.into_iter().eq(&wanted.docker_hosts),
        ),
    ];
    match same.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((key, _)) => Err(not_as_meant(key)),
    }
}

fn tell_files(files: &Files, program: &str) {
    let modes = if cfg!(windows) { "" } else { " (mode 0600)" };
    output::line(format!(
        "Wrote {} with the token{modes}.",
        files.place.config.display()
    ));
    for service in files.services() {
        output::line(format!("Wrote {}", service.display()));
    }
    output::line("\nNext, try it:");
    output::line(format!(
        "  {program} agent run --once --config {}",
        next::word(&files.place.config)
    ));
}

fn tell_linux(files: &Files, program: &str, service: &AgentUnit, uid: u32, interval_seconds: u32) {
    let Files { place, unit, .. } = files;
    output::line(format!(
        "Then let systemd run it, as {}:",
        service.sandbox.user
    ));
    for line in next::systemd(unit, &service.sandbox, &[&place.folder], uid) {
        output::line(format!("  {line}"));
    }
    if let Some(group) = &service.docker_group {
        output::line(format!(
            "  (In the group {group}, which is as good as root here. Better is a socket proxy: see the unit.)"
        ));
    }
    output::line("Or cron, with this line in the crontab:");
    let command = format!(
        "{program} agent run --once --config {}",
        next::word(&place.config)
    );
    output::line(format!(
        "  {}",
        next::cron(task::minutes(interval_seconds), &command)
    ));
}

/// `elsewhere` is where the program has to be on the Windows host that this is not.
fn tell_windows(files: &Files, elsewhere: Option<&str>, config: &str) {
    let task = match elsewhere {
        None => {
            output::line("Then let the Task Scheduler run it, from an administrator's prompt:");
            files.task.display().to_string()
        }
        Some(program) => {
            output::line(format!("On a Windows host, with the program as {program}"));
            output::line(format!("and the configuration as {config}:"));
            task::FILE_NAME.to_owned()
        }
    };
    for line in next::windows(config, &task) {
        output::line(format!("  {line}"));
    }
}
