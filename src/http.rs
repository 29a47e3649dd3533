//! The one HTTP client: timeouts, certificate authorities, bounds, and what can go wrong in words.
//!
//! It knows nothing of signals or agents. It never follows a redirect, since a token would go
//! along, and takes no proxy from the environment, since a token would pass through it. Pages that
//! are only watched are asked for by [`probe`].

pub mod probe;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::wire::{PROBLEM_JSON, Problem};

/// Longest wait that a server may ask for with `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
/// Longest piece of an answer that is quoted in an error.
const MAX_QUOTE: usize = 200;

/// How to talk.
#[derive(Debug, Clone)]
pub struct Options {
    /// For finding and reaching the server.
    pub connect_timeout: Duration,
    /// For everything together, from the name lookup to the last byte of the answer.
    pub total_timeout: Duration,
    /// A private certificate authority for https, as PEM; the system's own where there is none.
    pub ca_file: Option<PathBuf>,
    /// Longest answer that is read, in bytes.
    pub max_answer: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(30),
            ca_file: None,
            max_answer: 4 * 1024 * 1024,
        }
    }
}

/// What went wrong, by what a person can do about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// No connection: refused, no such name, no route, or closed before an answer.
    Unreachable(String),
    /// No whole answer in the time given.
    TimedOut,
    /// The server sends its clients elsewhere; that is never followed.
    Redirects {
        /// Where to, as the server said.
        to: String,
    },
    /// An answer with an error status.
    Status {
        /// The HTTP status.
        code: u16,
        /// How long the server asks to be left alone.
        retry_after: Option<Duration>,
        /// What it says is wrong, where it says so in our own form.
        problem: Option<Box<Problem>>,
    },
    /// An answer, but not from our server: not JSON, or not the JSON that was asked for.
    NotOurs(String),
    /// The two ends do not agree on certificates or encryption.
    Tls(String),
    /// Anything else, such as an address that is none.
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) => write!(out, "no connection ({reason})"),
            Self::TimedOut => out.write_str("no answer in time"),
            Self::Redirects { to } => write!(
                out,
                "it redirects to {to}, and redirects are not followed: a token would go along"
            ),
            Self::Status { code, problem, .. } => {
                write!(out, "it answered {code}")?;
                match problem.as_deref() {
                    Some(problem) if problem.detail.is_empty() => {
                        write!(out, " ({})", problem.title)
                    }
                    Some(problem) => write!(out, " ({}: {})", problem.title, problem.detail),
                    None => Ok(()),
                }
            }
            Self::NotOurs(what) => write!(out, "the answer is not one of Atlas Ops: {what}"),
            Self::Tls(reason) => write!(out, "no secure connection ({reason})"),
            Self::Other(reason) => out.write_str(reason),
        }
    }
}

impl std::error::Error for Error {}

/// A client that keeps its connections between calls.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    max_answer: u64,
}

impl Client {
    /// Makes a client. Nothing is sent, and nothing of https is set up before it is needed.
    ///
    /// # Errors
    /// [`Error::Tls`] where `ca_file` cannot be read or holds no certificate.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let roots = match &options.ca_file {
            Some(path) => authority_of(path)?,
            None if system_has_authorities() => RootCerts::PlatformVerifier,
            None => RootCerts::WebPki,
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("atlas-ops/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_connect(Some(options.connect_timeout))
            .timeout_global(Some(options.total_timeout))
            .build();
        Ok(Self {
            agent: config.new_agent(),
            max_answer: options.max_answer,
        })
    }

    /// `GET`, and the JSON of the answer.
    ///
    /// # Errors
    /// Whatever kept the answer away, see [`Error`].
    pub fn get_json<T: DeserializeOwned>(
        &self,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<T, Error> {
        let mut request = self.agent.get(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(request.call())
    }

    /// The `Date` of a server's answer, whatever it answers; empty where it tells none.
    ///
    /// # Errors
    /// There is no answer.
    pub fn date_of(&self, url: &str) -> Result<String, Error> {
        let answer = self.agent.get(url).call().map_err(class_of)?;
        Ok(header(answer.headers(), "date"))
    }

    /// `POST` of a value as JSON, and the JSON of the answer.
    ///
    /// # Errors
    /// Whatever kept the answer away, see [`Error`].
    pub fn post_json<T: DeserializeOwned>(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Other(error.to_string()))?;
        self.post_bytes(url, headers, &body)
    }

    /// `POST` of JSON that is already text, and the JSON of the answer.
    ///
    /// # Errors
    /// Whatever kept the answer away, see [`Error`].
    pub fn post_bytes<T: DeserializeOwned>(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<T, Error> {
        let mut request = self.agent.post(url).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(request.send(body))
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, Error> {
        let mut answer = answer.map_err(class_of)?;
        let code = answer.status().as_u16();
        let media_type = header(answer.headers(), "content-type");
        if answer.status().is_redirection() {
            let to = quote(&header(answer.headers(), "location"));
            return Err(Error::Redirects { to });
        }
        let retry_after = retry_after(answer.headers());
        let body = answer
            .body_mut()
            .with_config()
            .limit(self.max_answer)
            .read_to_vec();
        if !(200..300).contains(&code) {
            let problem = media_type
                .starts_with(PROBLEM_JSON)
                .then_some(body.ok())
                .flatten()
                .and_then(|body| serde_json::from_slice(&body).ok());
            return Err(Error::Status {
                code,
                retry_after,
                problem,
            });
        }
        let body = body.map_err(class_of)?;
        if !media_type.contains("json") {
            let what = if media_type.is_empty() {
                "it has no content type".to_owned()
            } else {
                format!("it is {}", quote(&media_type))
            };
            return Err(Error::NotOurs(what));
        }
        serde_json::from_slice(&body)
            .map_err(|error| Error::NotOurs(quote(&format!("unexpected JSON, {error}"))))
    }
}

/// The certificates of a PEM file, as the only ones to believe.
fn authority_of(path: &Path) -> Result<RootCerts, Error> {
    let complain = |reason: String| Error::Tls(format!("ca_file {}: {reason}", path.display()));
    let pem = std::fs::read(path).map_err(|error| complain(error.to_string()))?;
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&pem) {
        match item.map_err(|error| complain(error.to_string()))? {
            PemItem::Certificate(certificate) => certificates.push(certificate),
            _ => return Err(complain("it holds more than certificates".to_owned())),
        }
    }
    if certificates.is_empty() {
        return Err(complain("there is no certificate in it".to_owned()));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

/// Whether the system brings certificate authorities: an empty container image does not, and
/// Mozilla's, compiled in, stand in for them. Looked up where OpenSSL looks.
fn system_has_authorities() -> bool {
    const PLACES: [&str; 7] = [
        "/etc/ssl/certs",
        "/etc/ssl/cert.pem",
        "/etc/pki/tls/certs",
        "/etc/pki/ca-trust/extracted/pem",
        "/etc/ca-certificates/extracted",
        "/usr/share/ca-certificates",
        "/usr/local/share/certs",
    ];
    if !cfg!(target_os = "linux") {
        return true;
    }
    ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .any(|name| std::env::var_os(name).is_some())
        || PLACES
            .into_iter()
            .any(|place| holds_something(Path::new(place)))
}

fn holds_something(place: &Path) -> bool {
    place.is_file() || std::fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some())
}

/// A header's text; empty where it is missing or no text.
fn header(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// Seconds only: the date form of `Retry-After` would have to trust two clocks.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = header(headers, "retry-after").trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// Outside text as it may stand in a message: short, and on one line.
fn quote(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_QUOTE)
        .collect()
}

fn class_of(error: ureq::Error) -> Error {
    use std::io::ErrorKind;
    match error {
        ureq::Error::Timeout(_) => Error::TimedOut,
        ureq::Error::HostNotFound => Error::Unreachable("no such host".to_owned()),
        ureq::Error::Io(error) => match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::TimedOut,
            ErrorKind::InvalidData => Error::Tls(quote(&error.to_string())),
            ErrorKind::ConnectionRefused => Error::Unreachable("refused".to_owned()),
            ErrorKind::UnexpectedEof => {
                Error::Unreachable("closed before the answer was complete".to_owned())
            }
            _ => Error::Unreachable(quote(&error.to_string())),
        },
        ureq::Error::ConnectionFailed => Error::Unreachable("failed".to_owned()),
        ureq::Error::Tls(reason) => Error::Tls(reason.to_owned()),
        ureq::Error::Pem(_) | ureq::Error::Rustls(_) => Error::Tls(quote(&error.to_string())),
        ureq::Error::Protocol(_) => Error::NotOurs("it is not HTTP".to_owned()),
        ureq::Error::LargeResponseHeader(..) | ureq::Error::BodyExceedsLimit(_) => {
            Error::NotOurs("it is too long".to_owned())
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Error::Other(format!("not an address that can be called: {error}"))
        }
        other => Error::Other(quote(&other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn retry_after_counts_in_seconds_and_is_bounded() {
        let after = |value| retry_after(&headers("retry-after", value));
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("999999999"), Some(MAX_RETRY_AFTER));
        assert_eq!(after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(after("-1"), None);
    }

    #[test]
    fn a_file_without_a_certificate_is_no_authority() {
        let options = Options {
            ca_file: Some(PathBuf::from("Cargo.toml")),
            ..Options::default()
        };
        let error = Client::new(&options).unwrap_err();
        assert!(matches!(&error, Error::Tls(_)), "{error}");
        assert!(error.to_string().contains("no certificate"), "{error}");
    }

    #[test]
    fn an_address_that_is_none_is_said_to_be_none() {
        let client = Client::new(&Options::default()).unwrap();
        let error = client
            .get_json::<serde_json::Value>("not an address", &[])
            .unwrap_err();
        assert!(matches!(error, Error::Other(_)), "{error:?}");
    }

    #[test]
    fn nobody_listening_is_unreachable() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let client = Client::new(&Options::default()).unwrap();
        let error = client
            .get_json::<serde_json::Value>(&format!("http://{address}/"), &[])
            .unwrap_err();
        assert_eq!(error, Error::Unreachable("refused".to_owned()));
    }
}
