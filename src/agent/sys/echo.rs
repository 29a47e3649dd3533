//! ICMP echo as a sense of discovery: whether an address answers at all. Round-trip times of
//! gateways are measured in `ping`.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::time::timeout;

#[cfg(unix)]
use super::icmp_unix::Echo as Icmp;
#[cfg(windows)]
use super::icmp_windows::Echo as Icmp;
use super::ping::Ended;

/// An open ICMP socket.
pub struct Echo {
    icmp: Icmp,
}

impl std::fmt::Debug for Echo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Echo")
    }
}

impl Echo {
    /// Opens the socket. Has to be called on the runtime.
    ///
    /// # Errors
    /// Why this process may not ping, in a few words.
    pub fn open() -> Result<Self, String> {
        Icmp::v4().map(|icmp| Self { icmp }).map_err(|error| {
            // surge-ping adds advice in further lines; ours stands beside the reason.
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            first.split(". ").next().unwrap_or(first).to_owned()
        })
    }

    /// Whether an echo comes back within `limit`. What could not be sent counts as silence, which
    /// proves nothing.
    pub async fn answers(&self, to: Ipv4Addr, number: u16, limit: Duration) -> bool {
        let ended = timeout(limit, self.icmp.send(to.into(), 0, number, limit)).await;
        matches!(ended, Ok(Ended::Answered(_)))
    }
}
