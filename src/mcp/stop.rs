//! Requests to end.

use std::io;

/// Ends when the process is asked to: SIGTERM or SIGINT, and Ctrl-C where there are no signals.
///
/// # Errors
/// The system does not let them be heard.
#[cfg(unix)]
pub(super) async fn asked() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Ends when the process is asked to.
///
/// # Errors
/// The system does not let it be heard.
#[cfg(not(unix))]
pub(super) async fn asked() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
