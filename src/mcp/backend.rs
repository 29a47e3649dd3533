//! The server, as this program asks it. Blocking; `gate` keeps it off the protocol's thread.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Settings;
use super::fault::Fault;
use crate::error::{Error, Exit};
use crate::http;

/// Largest answer, in bytes: all runbooks of a large installation.
const LARGEST: u64 = 8 * 1024 * 1024;

/// A server and the token for it.
#[derive(Debug)]
pub(super) struct Backend {
    url: String,
    authorization: String,
    http: http::Client,
}

impl Backend {
    /// Nothing is sent before something is asked.
    ///
    /// # Errors
    /// The certificate authority cannot be read.
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let http = http::Client::new(&http::Options {
            total_timeout: settings.time_limit,
            ca_file: settings.ca_file.clone(),
            max_answer: LARGEST,
            ..http::Options::default()
        })
        .map_err(|error| {
            Error::new("use --ca-file", error)
                .hint("name a file with the authority's certificate as PEM")
                .exit(Exit::Usage)
        })?;
        Ok(Self {
            url: settings.url.trim_end_matches('/').to_owned(),
            authorization: format!("Bearer {}", settings.token.reveal()),
            http,
        })
    }

    /// The server's address, for messages.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// `GET` of `path` with `query`. `attempt` completes "cannot ...".
    ///
    /// # Errors
    /// Whatever kept the answer away.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        attempt: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Fault> {
        let mut address = format!("{}{path}", self.url);
        if !query.is_empty() {
            let query = serde_urlencoded::to_string(query)
                .map_err(|error| Fault::Wrong(format!("cannot {attempt}: {error}")))?;
            address = format!("{address}?{query}");
        }
        let headers = [("Authorization", self.authorization.as_str())];
        self.http
            .get_json(&address, &headers)
            .map_err(|error| Fault::of(&error, attempt, &self.url))
    }

    /// `POST` of `body` to `path`.
    ///
    /// # Errors
    /// Whatever kept the answer away.
    pub(super) fn post(
        &self,
        attempt: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Value, Fault> {
        let headers = [("Authorization", self.authorization.as_str())];
        self.http
            .post_json(&format!("{}{path}", self.url), &headers, body)
            .map_err(|error| Fault::of(&error, attempt, &self.url))
    }
}
