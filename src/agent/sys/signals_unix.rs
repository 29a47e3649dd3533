//! What a person or the service manager asks of a running agent, on systems with signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Wake;

/// Hears SIGTERM, SIGINT and SIGHUP.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// To be called inside the runtime.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Ends when one of them came; a request to end goes before one to read the configuration.
    pub(super) async fn heard(&mut self) -> Wake {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Wake::Stop,
            _ = self.interrupt.recv() => Wake::Stop,
            _ = self.hang_up.recv() => Wake::Reload,
        }
    }
}
