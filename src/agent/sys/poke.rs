//! The poke: an empty datagram to the discard port. It asks nothing of the host, but before the
//! kernel can send it, it has to resolve the host's hardware address, which the neighbour table
//! then shows. It needs no privilege, and a host that drops everything still answers ARP.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// The discard port (RFC 863).
const DISCARD: u16 = 9;
/// The kernel charges datagrams that wait for an address to their socket, and lets about 256 wait:
/// beyond that a socket answers EAGAIN. Far below it, the next socket is taken.
const PER_SOCKET: usize = 64;

/// The interface that things are sent through, and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// Its name.
    pub dev: String,
    /// This host's address there.
    pub own: Ipv4Addr,
}

/// What became of one poke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poked {
    /// The kernel took it.
    Sent,
    /// The kernel had no room, or a firewall of this host forbids it: not tried.
    NotTried,
    /// The interface, or its address, is gone.
    LinkLost,
}

/// Pokes through one interface.
#[derive(Debug)]
pub struct Poker {
    via: Via,
    /// Kept until the end: what a closed socket had waiting would be lost.
    sockets: Vec<Socket>,
    sent: usize,
}

impl Poker {
    /// Sends nothing yet.
    pub fn new(via: Via) -> Self {
        Self {
            via,
            sockets: Vec::new(),
            sent: 0,
        }
    }

    /// Pokes one address. Never waits.
    pub fn poke(&mut self, to: Ipv4Addr) -> Poked {
        if self.sent >= self.sockets.len() * PER_SOCKET {
            match open(&self.via) {
                Ok(socket) => self.sockets.push(socket),
                Err(error) => return poked(&error),
            }
        }
        let Some(socket) = self.sockets.last() else {
            return Poked::NotTried;
        };
        match socket.send_to(&[], &SocketAddrV4::new(to, DISCARD).into()) {
            Ok(_) => {
                self.sent += 1;
                Poked::Sent
            }
            Err(error) => poked(&error),
        }
    }
}

fn poked(error: &io::Error) -> Poked {
    match error.kind() {
        ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::NotFound => Poked::LinkLost,
        _ if is_no_device(error) => Poked::LinkLost,
        _ => Poked::NotTried,
    }
}

/// The interface is no longer there: ENODEV and ENXIO, which the standard library has no word for.
fn is_no_device(error: &io::Error) -> bool {
    cfg!(target_os = "linux") && matches!(error.raw_os_error(), Some(19 | 6))
}

/// A datagram socket that sends through one interface only.
fn open(via: &Via) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    bind_to_device(&socket, via)?;
    socket.bind(&SocketAddrV4::new(via.own, 0).into())?;
    Ok(socket)
}

/// Routes and VPNs that would lead elsewhere do not count.
#[cfg(target_os = "linux")]
fn bind_to_device(socket: &Socket, via: &Via) -> io::Result<()> {
    match socket.bind_device(Some(via.dev.as_bytes())) {
        // Kernels before 5.7 ask a privilege for it; the routing table decides then.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)] // nothing fails there
fn bind_to_device(_socket: &Socket, _via: &Via) -> io::Result<()> {
    Ok(())
}

/// Pokes one address with a socket of its own and answers whether something came back: where the
/// discard port is closed, a host says so by ICMP. Silence proves nothing.
pub async fn answers(via: &Via, to: Ipv4Addr, limit: Duration) -> bool {
    let asked = async {
        let socket = UdpSocket::from_std(open(via)?.into())?;
        socket.connect((to, DISCARD)).await?;
        socket.send(&[]).await?;
        socket.recv(&mut [0; 16]).await
    };
    match timeout(limit, asked).await {
        Ok(Err(error)) => error.kind() == ErrorKind::ConnectionRefused,
        Ok(Ok(_)) => true,
        Err(_) => false,
    }
}

/// A socket for multicast questions that go out through one interface; answers come to its port.
///
/// # Errors
/// The interface or its address is gone, or sending multicast is refused.
pub fn multicast(own: Ipv4Addr, hops: u32) -> io::Result<UdpSocket> {
    UdpSocket::from_std(open_multicast(own, hops)?.into())
}

/// Whether a socket for multicast opens there. Sends nothing.
///
/// # Errors
/// As [`multicast`].
pub fn can_multicast(own: Ipv4Addr) -> io::Result<()> {
    open_multicast(own, 1).map(drop)
}

fn open_multicast(own: Ipv4Addr, hops: u32) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_multicast_if_v4(&own)?;
    socket.set_multicast_ttl_v4(hops)?;
    socket.bind(&SocketAddrV4::new(own, 0).into())?;
    Ok(socket)
}

/// Asks one question by a datagram and waits for the answer of that very address and port.
///
/// # Errors
/// Nothing could be sent, the port is closed, or no answer came in time.
pub async fn ask(
    to: std::net::SocketAddr,
    question: &[u8],
    limit: Duration,
) -> io::Result<Vec<u8>> {
    let any: std::net::SocketAddr = if to.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let asked = async {
        let socket = UdpSocket::bind(any).await?;
        socket.connect(to).await?;
        socket.send(question).await?;
        let mut answer = vec![0; 4096];
        let length = socket.recv(&mut answer).await?;
        answer.truncate(length);
        Ok(answer)
    };
    timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn loopback() -> Via {
        Via {
            dev: "lo".to_owned(),
            own: Ipv4Addr::LOCALHOST,
        }
    }

    #[test]
    fn a_closed_port_answers() {
        let limit = Duration::from_secs(2);
        assert!(run(answers(&loopback(), Ipv4Addr::LOCALHOST, limit)));
    }

    #[test]
    fn an_interface_that_is_not_there_is_told_from_a_full_one() {
        let mut poker = Poker::new(loopback());
        assert_eq!(poker.poke(Ipv4Addr::LOCALHOST), Poked::Sent);
        for via in [
            Via {
                dev: "gone0".to_owned(),
                own: Ipv4Addr::LOCALHOST,
            },
            Via {
                dev: "lo".to_owned(),
                own: Ipv4Addr::new(192, 0, 2, 77),
            },
        ] {
            assert_eq!(Poker::new(via).poke(Ipv4Addr::LOCALHOST), Poked::LinkLost);
        }
    }

    #[test]
    fn an_answer_of_somebody_else_is_no_answer() {
        let server = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = server.local_addr().unwrap();
        let answering = std::thread::spawn(move || {
            let (_, from) = server.recv_from(&mut [0; 16]).unwrap();
            let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            stranger.send_to(b"lie", from).unwrap();
            server.send_to(b"truth", from).unwrap();
        });
        let answer = run(ask(to, b"?", Duration::from_secs(5))).unwrap();
        answering.join().unwrap();
        assert_eq!(answer, b"truth");
    }
}
