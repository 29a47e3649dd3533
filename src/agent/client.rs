//! What the agent says to the server, and what to do when the server does not take it. Which
//! signals are sent is `delivery`'s; the transport is `http`'s.

use std::time::Duration;

use crate::config::agent::AgentConfig;
use crate::domain::agent::Report;
use crate::http::{self, Error};
use crate::wire::{AGENTS_REPORT, BatchResult, IDEMPOTENCY_KEY, ReportAnswer, SIGNALS_BATCH};

/// Longest single request.
const LONGEST: Duration = Duration::from_secs(30);
/// What any request is given.
const SHORTEST: Duration = Duration::from_millis(100);

/// The server, as this agent talks to it.
#[derive(Debug)]
pub struct Client<'a> {
    config: &'a AgentConfig,
    http: http::Client,
    /// Longest single request, as `http` keeps to it.
    limit: Duration,
    authorization: String,
}

impl<'a> Client<'a> {
    /// For requests that take no longer than `limit` each.
    ///
    /// # Errors
    /// The certificate authority cannot be read.
    pub fn new(config: &'a AgentConfig, limit: Duration) -> Result<Self, Error> {
        let limit = limit.clamp(SHORTEST, LONGEST);
        Ok(Self {
            config,
            http: connect(config, limit)?,
            limit,
            authorization: format!("Bearer {}", config.token.reveal()),
        })
    }

    /// From here on requests take no longer than `left`, where that is less than before.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn limit(&mut self, left: Duration) -> Result<(), Error> {
        let left = left.max(SHORTEST);
        if left < self.limit {
            // Half at a time: each change costs a new connection.
            self.limit = (self.limit / 2).min(left).max(SHORTEST);
            self.http = connect(self.config, self.limit)?;
        }
        Ok(())
    }

    /// Sends a batch, a JSON array of signals.
    ///
    /// # Errors
    /// The server did not answer for each signal.
    pub fn send_batch(&self, body: &[u8]) -> Result<Vec<BatchResult>, Error> {
        let headers = [("Authorization", self.authorization.as_str())];
        self.http
            .post_bytes(&self.address(SIGNALS_BATCH), &headers, body)
    }

    /// Sends a report. The same `key` again counts once.
    ///
    /// # Errors
    /// The server did not take it.
    pub fn send_report(&self, report: &Report, key: &str) -> Result<ReportAnswer, Error> {
        let headers = [
            ("Authorization", self.authorization.as_str()),
            (IDEMPOTENCY_KEY, key),
        ];
        self.http
            .post_json(&self.address(AGENTS_REPORT), &headers, report)
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.config.backend_url.trim_end_matches('/'))
    }
}

/// The next thing to type, by what went wrong. Nothing is lost in any of these cases.
pub fn hint(error: &Error, config: &AgentConfig) -> String {
    let (url, site) = (&config.backend_url, &config.site_id);
    match error {
        Error::Unreachable(_) | Error::TimedOut => {
            format!("is the backend running and reachable? try `atlas-ops health --url {url}`")
        }
        Error::Redirects { to } => format!(
            "backend_url is {url}: if the new address ({to}) is yours, put it there without the /api part"
        ),
        Error::NotOurs(_) => format!(
            "something else answers at {url}: check host, port and base path of backend_url, and any proxy between"
        ),
        Error::Tls(_) => {
            "for a private certificate authority set ca_file to its certificate (PEM)".to_owned()
        }
        Error::Status { code, .. } => match code {
            401 => format!(
                "the token is unknown, expired or revoked: on the backend run `atlas-ops token create --scope ingest --site {site}` and put it into the agent's configuration"
            ),
            403 => format!(
                "the token may not send for {site}: check site_id, or make a token bound to it with `atlas-ops token create --scope ingest --site {site}`"
            ),
            404 | 405 => format!(
                "{url} has no API of Atlas Ops: backend_url must be the backend's address with its base_path, if it has one"
            ),
            413 => "a proxy between allows too little: raise its body limit to 1 MB (nginx: client_max_body_size 1m)".to_owned(),
            429 | 503 => "the backend is busy: it is sent again at the next run".to_owned(),
            408 | 504 => format!("is the backend too slow, or a proxy before it? try `atlas-ops health --url {url}`"),
            500..=599 => format!("look at the backend's log, and try `atlas-ops health --url {url}`"),
            _ => "check that agent and backend have the same version: `atlas-ops --version`".to_owned(),
        },
        Error::Other(_) => format!("check backend_url: {url}"),
    }
}

fn connect(config: &AgentConfig, limit: Duration) -> Result<http::Client, Error> {
    http::Client::new(&http::Options {
        total_timeout: limit,
        ca_file: config.ca_file.clone(),
        ..http::Options::default()
    })
}

/// Whether the token would go over the network in the clear.
pub fn is_in_the_clear(backend_url: &str) -> bool {
    let Some(rest) = backend_url.strip_prefix("http://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_local = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    !is_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_to_another_host_is_in_the_clear() {
        for url in [
            "http://atlas:8000",
            "http://10.0.0.5:8000/atlas",
            "http://[fd00::1]:8000",
        ] {
            assert!(is_in_the_clear(url), "{url}");
        }
        for url in [
            "https://atlas",
            "http://localhost:8000",
            "http://127.0.0.1:8000",
            "http://[::1]:8000/x",
        ] {
            assert!(!is_in_the_clear(url), "{url}");
        }
    }
}
