//! ICMP echo as a sense of discovery: whether an address answers at all. Round-trip times of
//! gateways are measured in `ping`.

use std::net::Ipv4Addr;
use std::time::Duration;

use surge_ping::{Client, Config, ICMP, PingIdentifier, PingSequence};
use tokio::time::timeout;

/// An open ICMP socket.
pub struct Echo {
    client: Client,
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
        Client::new(&Config::builder().kind(ICMP::V4).build())
            .map(|client| Self { client })
            .map_err(|error| {
                // surge-ping adds advice in further lines; ours stands beside the reason.
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                first.split(". ").next().unwrap_or(first).to_owned()
            })
    }

    /// Whether an echo comes back within `limit`. What could not be sent counts as silence, which
    /// proves nothing.
    pub async fn answers(&self, to: Ipv4Addr, number: u16, limit: Duration) -> bool {
        // Tells our own replies apart from those of other programs on a raw socket.
        let ident = PingIdentifier((std::process::id() & 0xffff) as u16);
        let mut pinger = self.client.pinger(to.into(), ident).await;
        pinger.timeout(limit);
        let payload = [0x61; 32];
        timeout(limit, pinger.ping(PingSequence(number), &payload))
            .await
            .is_ok_and(|answer| answer.is_ok())
    }
}
