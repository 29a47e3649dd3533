//! A configuration file's text and tree, and everything that is wrong with it: collected, and
//! reported together with its places.

use std::fmt::{self, Write as _};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::config::env::Environment;
use crate::domain::order;
use crate::domain::redact;
use crate::error::{Error, Exit};
use crate::yaml::{self, Node, Place, Step};

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `backend.port`, or the name of the environment variable.
    pub subject: String,
    /// Where in the file, if it is there.
    pub place: Option<Place>,
    /// What is wrong, and what is expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(out, "line {}, column {}: ", place.line, place.column)?;
        }
        write!(out, "{}: {}", self.subject, self.message)
    }
}

/// A configuration file's text and tree; or, without a file, nothing but the environment.
#[derive(Debug)]
pub struct Source {
    path: Option<PathBuf>,
    text: String,
    root: Node,
    environment: Environment,
    problems: Vec<Problem>,
}

impl Source {
    /// Reads the file, if one was found.
    ///
    /// # Errors
    /// The file cannot be read or is no YAML.
    pub fn load(path: Option<PathBuf>, environment: Environment) -> Result<Self, Error> {
        let attempt = |path: &Path| format!("read the configuration {}", path.display());
        let text = match &path {
            None => String::new(),
            Some(path) => {
                let bytes = read_bounded(path).map_err(|error| {
                    let hint = match error.kind() {
                        std::io::ErrorKind::NotFound => format!(
                            "write one with: atlas-ops install backend --config {0}   (or: install agent)",
                            path.display()
                        ),
                        _ => format!("check who may read it: ls -l {}", path.display()),
                    };
                    Error::new(attempt(path), error).hint(hint).exit(Exit::Usage)
                })?;
                String::from_utf8(bytes).map_err(|error| {
                    Error::new(attempt(path), format!("not UTF-8: {error}"))
                        .hint("save it as UTF-8 text")
                        .exit(Exit::Usage)
                })?
            }
        };
        let root = yaml::parse(&text).map_err(|error| {
            Error::new(attempt(path.as_deref().unwrap_or(Path::new("-"))), error)
                .hint("YAML: two spaces a level, `key: value`, text with ': ' or '#' in quotes")
                .exit(Exit::Usage)
        })?;
        Ok(Self {
            path,
            text,
            root,
            environment,
            problems: Vec::new(),
        })
    }

    /// The folder that relative paths of the file count from; the working directory without one.
    pub fn folder(&self) -> PathBuf {
        match self.path.as_deref().and_then(Path::parent) {
            Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
            Some(folder) => folder.to_owned(),
            None => PathBuf::from("."),
        }
    }

    /// Whether the file has a section of this name.
    pub fn has(&self, section: &str) -> bool {
        matches!(&self.root, Node::Map(entries) if entries.iter().any(|(key, _)| key == section))
    }

    /// What stands at the top of the file; nothing, and a complaint, where that is no mapping.
    pub fn entries(&mut self) -> Vec<(String, Node)> {
        match &self.root {
            Node::Null => Vec::new(),
            Node::Map(entries) => entries.clone(),
            other => {
                let message = format!(
                    "expected `backend:` or `agent:`, found {}",
                    other.type_name()
                );
                self.problems.push(Problem {
                    subject: "the file".to_owned(),
                    place: None,
                    message,
                });
                Vec::new()
            }
        }
    }

    /// The environment that beats the file.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// One thing wrong at a place of the file.
    pub fn complain_at(&mut self, path: &[Step], message: impl Into<String>) {
        self.problems.push(Problem {
            subject: dotted(path),
            place: yaml::locate(&self.text, path),
            message: without_secrets(message.into()),
        });
    }

    /// One thing wrong with a variable of the environment.
    pub fn complain_of_variable(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            subject: name.to_owned(),
            place: None,
            message: without_secrets(message.into()),
        });
    }

    /// What was read, or everything that is wrong with it as one error.
    ///
    /// # Errors
    /// At least one problem was met.
    pub fn finish<T>(self, value: T) -> Result<T, Error> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        let mut problems = self.problems;
        order::sort_by_key(&mut problems, |problem| {
            problem.place.map(|place| (place.line, place.column))
        });
        let lines: Vec<String> = problems.iter().map(|p| format!("\n  {p}")).collect();
        let place = match &self.path {
            Some(path) => format!("the configuration {}", path.display()),
            None => "the configuration (environment only)".to_owned(),
        };
        let count = match lines.len() {
            1 => "1 problem".to_owned(),
            n => format!("{n} problems"),
        };
        Err(
            Error::new(format!("use {place}"), format!("{count}{}", lines.concat()))
                .hint("mend these, then: atlas-ops config check")
                .exit(Exit::Usage),
        )
    }
}

/// `backend.retention.signals_days`, `agent.docker_hosts[0].endpoint`
fn dotted(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(name, _) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(name);
            }
            Step::Item(position) => {
                let _ = write!(text, "[{position}]");
            }
        }
    }
    text
}

/// The file's bytes, and at most one more than is ever read as YAML, which refuses it then.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(yaml::MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A complaint quotes what it complains of, which may be an address with a password in it.
fn without_secrets(mut message: String) -> String {
    redact::redact_string(&mut message);
    message
}
