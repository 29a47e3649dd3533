//! MCP over stdio, by the official SDK: a client of the server by address and token, like the
//! agent. stdout carries the protocol and nothing else.
//!
//! The server is asked for the first time when a tool, a resource or a prompt needs it, so that an
//! assistant can start while the server is away. Whatever is wrong then is said in the answer,
//! with what to do about it; nothing of it ends the process, which ends with its stdin.
//!
//! Everything that senders or people wrote stands behind a fence with a random boundary, and the
//! part of the answer that holds it bears a mark. Runbooks are the operator's own words.

mod arguments;
mod backend;
mod board;
mod fault;
mod gate;
mod handler;
mod incident;
mod outside;
mod prompts;
mod resources;
mod runbook;
mod stop;
mod tools;
mod transport;

use std::path::PathBuf;
use std::time::Duration;

use rmcp::service::{ServerInitializeError, serve_server};

use crate::config::secret::Secret;
use crate::error::Error;

use self::backend::Backend;
use self::gate::{CALLS_AT_ONCE, Gate};
use self::handler::Handler;

/// stdin and stdout each take a thread where they are no pipes.
const STDIO_THREADS: usize = 2;

/// Whom to ask, and what is offered.
#[derive(Debug)]
pub struct Settings {
    /// `http://` or `https://` address of the server, without a slash at the end.
    pub url: String,
    /// A token of the server.
    pub token: Secret,
    /// A private certificate authority for https, as PEM.
    pub ca_file: Option<PathBuf>,
    /// For each request to the server, from the name lookup to the last byte of the answer.
    pub time_limit: Duration,
    /// Whether the tool `add_note` is offered.
    pub add_note: bool,
    /// Whether the tool `acknowledge` is offered.
    pub acknowledge: bool,
}

/// Serves until stdin ends or the process is asked to stop.
///
/// # Errors
/// The certificate authority cannot be read, or the system gives no runtime.
pub fn serve(settings: &Settings) -> Result<(), Error> {
    let backend = Backend::new(settings)?;
    let handler = Handler::new(Gate::new(backend), settings.add_note, settings.acknowledge);
    // One thread speaks the protocol; what blocks has its own few.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(CALLS_AT_ONCE + STDIO_THREADS)
        .build()
        .map_err(|error| Error::new("start the MCP server", error))?;
    let ended = runtime.block_on(until_the_end(handler));
    // A thread that waits for stdin or for a server that hangs is left behind.
    runtime.shutdown_timeout(Duration::ZERO);
    ended
}

async fn until_the_end(handler: Handler) -> Result<(), Error> {
    let session = async {
        match serve_server(handler, transport::stdio()).await {
            Ok(running) => running
                .waiting()
                .await
                .map(drop)
                .map_err(|error| error.to_string()),
            // stdin ended before anybody introduced themselves: nothing is wrong with that.
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    };
    tokio::select! {
        ended = session => ended.map_err(|reason| {
            Error::new("speak MCP", reason)
                .hint("an MCP client starts this, speaks on its stdin and listens on its stdout")
        }),
        asked = stop::asked() => asked.map_err(|error| Error::new("hear signals", error)),
    }
}
