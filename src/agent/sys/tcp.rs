//! Whether a TCP port takes connections. What could not be tried is not "down".

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Most addresses of one name that are tried.
const MOST: usize = 4;

/// How trying to connect ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connected {
    /// It was accepted, after this long.
    Accepted(SocketAddr, Duration),
    /// Somebody is there, and takes no connections at this port.
    Refused(SocketAddr),
    /// Nobody answered in time.
    TimedOut,
    /// The network says that there is no way there.
    NoWay(String),
    /// Nothing was sent: this host has no descriptors or ports left, or forbids it.
    NotTried(String),
}

/// Connects to the first of `addresses` that accepts, and closes the connection again. The time
/// is shared among them.
pub async fn connect(addresses: &[SocketAddr], limit: Duration) -> Connected {
    let tried = &addresses[..addresses.len().min(MOST)];
    let share = limit / u32::try_from(tried.len().max(1)).unwrap_or(1);
    let mut ended = Connected::NotTried("it has no address".to_owned());
    for address in tried {
        let one = connect_one(*address, share).await;
        if matches!(one, Connected::Accepted(..)) {
            return one;
        }
        // A refusal says more than the silence of another address.
        if !matches!(ended, Connected::Refused(_)) {
            ended = one;
        }
    }
    ended
}

async fn connect_one(address: SocketAddr, limit: Duration) -> Connected {
    let begin = Instant::now();
    match timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Connected::Accepted(address, begin.elapsed()),
        Ok(Err(error)) => failed(address, &error),
        Err(_) => Connected::TimedOut,
    }
}

fn failed(address: SocketAddr, error: &io::Error) -> Connected {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Connected::Refused(address),
        ErrorKind::TimedOut => Connected::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Connected::NoWay(error.to_string())
        }
        _ => Connected::NotTried(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn run(addresses: &[SocketAddr]) -> Connected {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(connect(addresses, Duration::from_secs(4)))
    }

    #[test]
    fn the_first_that_accepts_is_enough_and_a_refusal_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let free = TcpListener::bind("127.0.0.2:0").unwrap();
        let closed = free.local_addr().unwrap();
        drop(free);
        assert!(matches!(run(&[closed, open]), Connected::Accepted(at, _) if at == open));
        assert_eq!(run(&[closed]), Connected::Refused(closed));
        assert!(matches!(run(&[]), Connected::NotTried(_)));
    }
}
