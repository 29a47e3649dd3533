//! A TCP connection that is opened to see whether somebody is there, and closed at once.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::poke::Via;

/// How a knock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knock {
    /// Accepted.
    Open,
    /// Refused: somebody is there, but nothing at this port.
    Refused,
    /// Nothing came back in time, or the kernel could not resolve the address.
    Silent,
    /// Nothing was sent: no descriptor, no port, no route, or a firewall of this host.
    NotTried,
}

impl Knock {
    /// Whether somebody is there.
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Open | Self::Refused)
    }
}

/// Opens a connection through one interface, or, where none is named, as the routing table says.
///
/// # Errors
/// It was refused, or nothing was sent, or nothing came back in time.
pub async fn connect(
    (to, port): (Ipv4Addr, u16),
    via: Option<&Via>,
    limit: Duration,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(via) = via {
        bind_to_device(&socket, via)?;
    }
    timeout(limit, socket.connect(SocketAddr::from((to, port))))
        .await
        .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

/// Knocks once.
pub async fn knock(to: (Ipv4Addr, u16), via: Option<&Via>, limit: Duration) -> Knock {
    match connect(to, via, limit).await {
        Ok(_) => Knock::Open,
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Knock::Refused,
            ErrorKind::TimedOut | ErrorKind::HostUnreachable => Knock::Silent,
            _ => Knock::NotTried,
        },
    }
}

#[cfg(target_os = "linux")]
fn bind_to_device(socket: &TcpSocket, via: &Via) -> io::Result<()> {
    match socket.bind_device(Some(via.dev.as_bytes())) {
        // Kernels before 5.7 ask a privilege for it; the routing table decides then.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

#[cfg(not(target_os = "linux"))]
fn bind_to_device(socket: &TcpSocket, via: &Via) -> io::Result<()> {
    socket.bind(SocketAddr::from((via.own, 0)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn open_refused_and_not_tried_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = (Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port());
        let limit = Duration::from_secs(2);
        let via = Via {
            dev: "lo".to_owned(),
            own: Ipv4Addr::LOCALHOST,
        };
        assert_eq!(run(knock(to, Some(&via), limit)), Knock::Open);
        drop(listener);
        assert_eq!(run(knock(to, None, limit)), Knock::Refused);
        let gone = Via {
            dev: "gone0".to_owned(),
            own: Ipv4Addr::LOCALHOST,
        };
        assert_eq!(run(knock(to, Some(&gone), limit)), Knock::NotTried);
    }
}
