//! GET requests to an engine over docker-api's connection, and answers that are read piece by piece
//! under a bound. Nothing but GET is ever sent, and nothing here waits for ever: the caller stands
//! under a time limit. What an answer means is `docker`'s business.

use std::error::Error as _;
use std::io;

use containers_api::conn;
use containers_api::conn::hyper::{self, Body, Client, Request, Response, header};
use docker_api::conn::Transport;
use futures_util::StreamExt;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::de::DeserializeOwned;

use super::docker_cut::{Cutter, Form};
use crate::agent::inert;
use crate::domain::docker_endpoint::DockerEndpoint;

/// Longest reason that is passed on, in characters.
const MAX_REASON: usize = 200;
/// Longest answer that says why there is none, in bytes.
const MAX_FAULT: usize = 16 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The engine's answer was this status, with its reason.
    Status(u16, String),
    /// It could not be reached, or the connection broke.
    Io(io::ErrorKind, String),
    /// Its answer is not one of a Docker Engine.
    Garbage,
    /// Its answer is longer than any should be.
    TooLong,
}

/// A way to an engine.
pub(super) struct Connection {
    way: Way,
    /// `/v1.41`, once the version is known.
    version: String,
}

enum Way {
    #[cfg(unix)]
    Unix(Transport),
    Tcp(Client<hyper::client::HttpConnector>, String),
    /// There are no unix sockets on this system.
    #[cfg(not(unix))]
    None(std::marker::PhantomData<Transport>),
}

/// An answer that has begun.
pub(super) struct Answer {
    body: Body,
    /// When the engine says it answered, in milliseconds since the epoch; whole seconds.
    pub(super) date_ms: Option<i64>,
}

/// How far a list or a stream was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// To its end, with nothing left out.
    Whole,
    /// To its end; objects that were too long were left out.
    Thinned,
    /// Not to its end: there was enough.
    Cut,
}

impl Connection {
    /// Opens nothing yet.
    pub(super) fn new(endpoint: &DockerEndpoint) -> Self {
        let way = match endpoint {
            #[cfg(unix)]
            DockerEndpoint::Unix(path) => Way::Unix(Transport::Unix {
                client: Client::builder().build(conn::get_unix_connector()),
                path: path.into(),
            }),
            #[cfg(not(unix))]
            DockerEndpoint::Unix(_) => Way::None(std::marker::PhantomData),
            DockerEndpoint::Tcp(authority) => Way::Tcp(
                Client::builder().build(conn::get_http_connector()),
                authority.clone(),
            ),
        };
        Self {
            way,
            version: String::new(),
        }
    }

    /// From now on this version of the API is spoken.
    pub(super) fn speak(&mut self, version: &str) {
        self.version = format!("/v{version}");
    }

    /// Asks for a path below the version.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        let response = self.send(&format!("{}{path}", self.version)).await?;
        let date_ms = response
            .headers()
            .get(header::DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(|date| DateTimeParser::new().parse_timestamp(date).ok())
            .map(jiff::Timestamp::as_millisecond);
        let status = response.status();
        let answer = Answer {
            body: response.into_body(),
            date_ms,
        };
        if status.is_success() {
            return Ok(answer);
        }
        let reason = match answer.whole(MAX_FAULT).await {
            Ok(bytes) => reason_in(&bytes),
            Err(_) => String::new(),
        };
        Err(Failure::Status(status.as_u16(), reason))
    }

    async fn send(&self, path: &str) -> Result<Response<Body>, Failure> {
        match &self.way {
            #[cfg(unix)]
            Way::Unix(transport) => {
                let uri = transport.make_uri(path).map_err(of_connection)?;
                // The address of a socket is no name of a host.
                let request = Request::get(uri).header(header::HOST, "docker");
                let request = request.body(Body::empty()).map_err(|_| Failure::Garbage)?;
                transport.request(request).await.map_err(of_connection)
            }
            Way::Tcp(client, authority) => {
                let request = Request::get(format!("http://{authority}{path}"));
                let request = request.body(Body::empty()).map_err(|_| Failure::Garbage)?;
                client
                    .request(request)
                    .await
                    .map_err(|error| of_http(&error))
            }
            #[cfg(not(unix))]
            Way::None(_) => Err(Failure::Io(
                io::ErrorKind::Unsupported,
                "there are no unix sockets here".to_owned(),
            )),
        }
    }
}

impl Answer {
    /// All of it, if it is not longer than `most` bytes.
    pub(super) async fn whole(mut self, most: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.body.next().await {
            let piece = piece.map_err(|error| of_http(&error))?;
            if bytes.len() + piece.len() > most {
                return Err(Failure::TooLong);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// All of it, as JSON.
    pub(super) async fn json<T: DeserializeOwned>(self, most: usize) -> Result<T, Failure> {
        serde_json::from_slice(&self.whole(most).await?).map_err(|_| Failure::Garbage)
    }

    /// Its objects, one at a time, each at most `longest` bytes, until `visit` has enough.
    pub(super) async fn objects(
        mut self,
        form: Form,
        longest: usize,
        visit: &mut (dyn FnMut(&[u8]) -> Enough + Send),
    ) -> Result<Extent, Failure> {
        let mut cutter = Cutter::new(form, longest);
        let mut enough = Enough::No;
        while let Some(piece) = self.body.next().await {
            let piece = piece.map_err(|error| of_http(&error))?;
            cutter
                .feed(&piece, &mut |object| {
                    if enough == Enough::No {
                        enough = visit(object);
                    }
                })
                .map_err(|_| Failure::Garbage)?;
            if enough == Enough::Yes {
                return Ok(Extent::Cut);
            }
        }
        if !cutter.is_whole() {
            return Err(Failure::Garbage);
        }
        Ok(if cutter.too_long == 0 {
            Extent::Whole
        } else {
            Extent::Thinned
        })
    }
}

/// Whether more is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enough {
    Yes,
    No,
}

/// What the body of a refusal says.
fn reason_in(bytes: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Fault {
        message: String,
    }
    let text = serde_json::from_slice(bytes).map_or_else(
        |_| String::from_utf8_lossy(bytes).into_owned(),
        |fault: Fault| fault.message,
    );
    inert::line(text.trim(), MAX_REASON)
}

#[cfg(unix)]
fn of_connection(error: conn::Error) -> Failure {
    match error {
        conn::Error::Hyper(error) => of_http(&error),
        conn::Error::IO(error) => Failure::Io(error.kind(), error.to_string()),
        error => Failure::Io(io::ErrorKind::Other, error.to_string()),
    }
}

fn of_http(error: &hyper::Error) -> Failure {
    if error.is_parse() || error.is_incomplete_message() {
        return Failure::Garbage;
    }
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref::<io::Error>() {
            return Failure::Io(found.kind(), found.to_string());
        }
        source = inner.source();
    }
    Failure::Io(io::ErrorKind::Other, error.to_string())
}
