//! The server's configuration: the `backend:` section of `atlas_ops.config.yaml`. Each key has
//! its name, variable, default and rule on one line of [`load_from`].

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::config::env::{self, Environment};
use crate::config::llm::{self, LlmConfig};
use crate::config::paths;
use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::config::source::Source;
use crate::domain::cidr::Cidr;
use crate::error::Error;
use crate::packed::zone;

/// The name the file has by default.
pub const FILE_NAME: &str = "atlas_ops.config.yaml";

/// The address to listen on, where nothing else is told: this machine alone.
pub const DEFAULT_HOST: &str = "127.0.0.1";
/// The port to listen on, where nothing else is told.
pub const DEFAULT_PORT: u16 = 8000;
/// The database, where nothing else is told.
pub const DEFAULT_DB_URL: &str = "sqlite:///atlas_ops.db";

/// Days without news after which an incident is over, where nothing else is told.
const DEFAULT_INCIDENT_EXPIRY_DAYS: u16 = 7;

/// Everything the server is told.
#[derive(Debug, Clone)]
pub struct BackendConfig {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// The database file.
    pub database: PathBuf,
    /// Ingest token; empty for none.
    pub shared_token: Secret,
    /// Ingest token that is being replaced; empty for none.
    pub previous_shared_token: Secret,
    /// Whether an empty database is filled with demonstration data.
    pub load_demo: bool,
    /// Origins that a browser may call the API from.
    pub allowed_origins: Vec<String>,
    /// Path that everything lives under, without a slash at the end; empty for the root.
    pub base_path: String,
    /// The address people use; empty where it was not told.
    pub public_url: String,
    /// Host names the server answers to; empty for any.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Networks that may send signals; empty for any.
    pub ingest_allow: Vec<Cidr>,
    /// Folder of own runbooks, one Markdown file each.
    pub runbooks_dir: Option<PathBuf>,
    /// The zone of "today".
    pub timezone: TimeZone,
    /// Days after which an incident without news is over.
    pub incident_expiry_days: u16,
    /// Who may read.
    pub auth: Auth,
    /// Password of the first admin, for a database without people; empty for a random one.
    pub dashboard_password: Secret,
    /// The model that may be asked; none where nothing is told.
    pub llm: Option<LlmConfig>,
    /// What the program wants its user to know.
    pub warnings: Vec<String>,
}

impl BackendConfig {
    /// The address that people on this machine use, or the public one; without a slash at the end.
    /// `port` is the one that is listened on.
    pub fn address(&self, port: u16) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.clone();
        }
        let host = match self.host.as_str() {
            "0.0.0.0" | "::" | "" => "127.0.0.1".to_owned(),
            host if host.contains(':') => format!("[{host}]"),
            host => host.to_owned(),
        };
        format!("http://{host}:{port}{}", self.base_path)
    }
}

/// Who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Whoever has a credential.
    Password,
    /// Whoever reaches the port. Nobody writes without a token all the same.
    Open,
}

/// Finds and reads the configuration; embedded defaults where there is no file.
///
/// # Errors
/// The file cannot be read, or everything wrong with it.
pub fn load(explicit: Option<&Path>) -> Result<BackendConfig, Error> {
    let environment = Environment::of_process();
    let path = paths::find(explicit, FILE_NAME, &environment);
    load_from(path, environment)
}

/// Reads a file, or none, under an environment.
///
/// # Errors
/// As [`load`].
pub fn load_from(path: Option<PathBuf>, environment: Environment) -> Result<BackendConfig, Error> {
    let mut warnings = environment.warnings();
    let mut source = Source::load(path, environment)?;
    let folder = source.folder();
    let mut backend = Section::of(&mut source, "backend");
    let config = BackendConfig {
        host: backend
            .parsed("host", Some(env::HOST), host)
            .unwrap_or_else(|| DEFAULT_HOST.to_owned()),
        port: port(&mut backend).unwrap_or(DEFAULT_PORT),
        database: backend
            .parsed("db_url", Some(env::DB_URL), database_path)
            .map_or_else(|| folder.join("atlas_ops.db"), |path| folder.join(path)),
        shared_token: backend.secret("shared_token", env::SHARED_TOKEN),
        previous_shared_token: backend.file_secret("previous_shared_token"),
        load_demo: backend
            .flag("load_demo", Some(env::LOAD_DEMO))
            .unwrap_or(false),
        allowed_origins: backend
            .list("allowed_origins", Some(env::ALLOWED_ORIGINS), origin)
            .unwrap_or_else(|| {
                vec![
                    "http://localhost".to_owned(),
                    "http://localhost:8000".to_owned(),
                ]
            }),
        base_path: backend
            .parsed("base_path", Some(env::BASE_PATH), base_path)
            .unwrap_or_default(),
        public_url: backend
            .parsed("public_url", Some(env::PUBLIC_URL), url)
            .unwrap_or_default(),
        allowed_hosts: backend
            .list("allowed_hosts", None, word)
            .unwrap_or_default(),
        trusted_proxies: backend
            .list("trusted_proxies", Some(env::TRUSTED_PROXIES), str::parse)
            .unwrap_or_default(),
        ingest_allow: backend
            .list("ingest_allow", None, str::parse)
            .unwrap_or_default(),
        runbooks_dir: backend.path("runbooks_dir", None),
        timezone: backend
            .parsed("timezone", Some(env::TIMEZONE), timezone)
            .unwrap_or(TimeZone::UTC),
        incident_expiry_days: backend
            .number("incident_expiry_days", None, 1..=365)
            .and_then(|days| u16::try_from(days).ok())
            .unwrap_or(DEFAULT_INCIDENT_EXPIRY_DAYS),
        auth: backend
            .parsed("auth", Some(env::AUTH), auth)
            .unwrap_or(Auth::Password),
        dashboard_password: backend.secret("dashboard_password", env::DASHBOARD_PASSWORD),
        llm: backend.child("llm", llm::read),
        warnings: Vec::new(),
    };
    if config
        .llm
        .as_ref()
        .is_some_and(LlmConfig::key_is_in_the_clear)
    {
        warnings.push(
            "backend.llm.url is http to another host: the key and what is asked cross the network unencrypted"
                .to_owned(),
        );
    }
    warnings.extend(read_but_not_used(&mut backend));
    // Version 0.4 had it; the pages are in the binary now.
    backend.ignored("frontend_dir");
    backend.finish();
    source.finish(BackendConfig { warnings, ..config })
}

/// Keys of the contract whose capability this version does not have yet: their values are
/// checked, and their user is told.
fn read_but_not_used(backend: &mut Section<'_>) -> Vec<String> {
    let mut used = Vec::new();
    let days = backend.child("retention", |retention| {
        [
            retention.number("signals_days", None, 1..=36_500),
            retention.number("resolved_incidents_days", None, 1..=36_500),
        ]
    });
    if days.iter().any(Option::is_some) {
        used.push("retention");
    }
    used.into_iter()
        .map(|key| format!("backend.{key} is understood, but has no effect in this version yet"))
        .collect()
}

fn port(backend: &mut Section<'_>) -> Option<u16> {
    let number = backend.number("port", Some(env::PORT), 0..=65_535)?;
    u16::try_from(number).ok()
}

/// An address or name to listen on, without a port.
///
/// # Errors
/// What is expected instead.
pub fn host(text: &str) -> Result<String, String> {
    super::one_line(text)?;
    if text.is_empty() || text.contains([' ', '/', '[', ']']) {
        return Err("expected an address such as 127.0.0.1, 0.0.0.0 or ::".to_owned());
    }
    Ok(text.to_owned())
}

/// `sqlite:///relative.db` or `sqlite:////absolute.db`, as SQLAlchemy writes them and 0.4 did.
///
/// # Errors
/// What is expected instead.
pub fn database_path(url: &str) -> Result<PathBuf, String> {
    let expected =
        "expected sqlite:///file.db (beside the configuration) or sqlite:////path/file.db";
    super::one_line(url)?;
    let path = url.strip_prefix("sqlite:///").ok_or(expected)?;
    if path.is_empty() || path.ends_with('/') || path == ":memory:" {
        return Err(expected.to_owned());
    }
    Ok(paths::expand(path, &Environment::of_process()))
}

fn origin(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => Ok(text.to_owned()),
        _ => Err("expected an origin such as http://localhost:8000, without a path".to_owned()),
    }
}

fn base_path(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    if path.is_empty() || (path.starts_with('/') && path.chars().all(plain)) {
        Ok(path.to_owned())
    } else {
        Err("expected a path such as /atlas".to_owned())
    }
}

fn url(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with("http://") || text.starts_with("https://") {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("expected an address such as https://atlas.example.com".to_owned())
    }
}

#[allow(clippy::unnecessary_wraps)] // the shape that `Section::list` takes
fn word(text: &str) -> Result<String, String> {
    Ok(text.to_ascii_lowercase())
}

fn timezone(name: &str) -> Result<TimeZone, String> {
    zone::named(name).ok_or_else(|| {
        format!("{name:?} is no name of a time zone; expected one such as Europe/Berlin or UTC")
    })
}

fn auth(word: &str) -> Result<Auth, String> {
    match word {
        "password" => Ok(Auth::Password),
        "open" => Ok(Auth::Open),
        _ => Err(format!("expected password or open, found {word:?}")),
    }
}
