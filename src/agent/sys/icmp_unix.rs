//! ICMP echo through surge-ping: an unprivileged socket where the system allows it, else a raw
//! one where this process may.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use surge_ping::{Client, Config, ICMP, PingIdentifier, PingSequence, SurgeError};
use tokio::time::timeout;

use super::ping::Ended;

/// What sending may take on top: a socket that cannot send now is "not tried".
const SEND: Duration = Duration::from_millis(200);
/// What is sent along.
const PAYLOAD: [u8; 32] = [0x61; 32];

/// Sends echo requests of one family.
pub(super) struct Echo {
    client: Client,
}

impl Echo {
    /// For IPv4.
    ///
    /// # Errors
    /// This process may not ping.
    pub(super) fn v4() -> io::Result<Self> {
        Self::of(ICMP::V4)
    }

    /// For IPv6.
    ///
    /// # Errors
    /// This process may not ping.
    pub(super) fn v6() -> io::Result<Self> {
        Self::of(ICMP::V6)
    }

    fn of(kind: ICMP) -> io::Result<Self> {
        let client = Client::new(&Config::builder().kind(kind).build())?;
        Ok(Self { client })
    }

    /// One request and the wait for its reply, for at most `limit`.
    pub(super) async fn send(&self, to: IpAddr, scope: u32, number: u16, limit: Duration) -> Ended {
        // The identifier tells our own replies apart from those of other programs on a raw socket.
        let ident = PingIdentifier((std::process::id() & 0xffff) as u16);
        let mut pinger = self.client.pinger(to, ident).await;
        pinger.scope_id(scope).timeout(limit);
        match timeout(limit + SEND, pinger.ping(PingSequence(number), &PAYLOAD)).await {
            Ok(Ok((_, took))) => Ended::Answered(took),
            Ok(Err(SurgeError::Timeout { .. })) => Ended::NoAnswer,
            // The kernel asked the neighbour for its address, in vain.
            Ok(Err(SurgeError::IOError(error)))
                if error.kind() == io::ErrorKind::HostUnreachable =>
            {
                Ended::NoAnswer
            }
            // EAGAIN, a firewall of this host, an interface that is down: nothing went out.
            Ok(Err(_)) | Err(_) => Ended::NotTried,
        }
    }
}
