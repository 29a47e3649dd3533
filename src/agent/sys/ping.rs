//! Round trips: to gateways by ICMP echo where this process may, else by a TCP connection, where
//! "refused" is proof of life; to other targets by ICMP echo alone. What could not be tried is never
//! "no answer".

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

#[cfg(unix)]
use super::icmp_unix::Echo;
#[cfg(windows)]
use super::icmp_windows::Echo;
use super::neighbours::{Standing, standing_of};
use super::{Route, interface_index};
use crate::domain::agent::{Gateway, Probe};
use crate::domain::order;

/// Probes of one gateway; their median counts.
const PROBES: u16 = 5;
/// From one probe to the next.
const APART: Duration = Duration::from_millis(20);
/// How long a reply may take.
const REPLY: Duration = Duration::from_secs(1);
/// How long a TCP connection may take.
const CONNECT: Duration = Duration::from_millis(500);
/// Ports that a gateway is likely to answer on, open or closed.
const PORTS: [u16; 4] = [80, 443, 53, 22];
/// More gateways than this are listed but not measured.
const MOST: usize = 8;

/// How one probe ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ended {
    /// After this long.
    Answered(Duration),
    /// It was asked in vain.
    NoAnswer,
    /// Nothing went out.
    NotTried,
}

/// What the echo requests to one address came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pinged {
    /// Requests that went out.
    pub sent: u16,
    /// Requests that were answered.
    pub answered: u16,
    /// Median round trip of those.
    pub latency_ms: Option<f64>,
}

impl Pinged {
    fn of(ended: &[Ended]) -> Self {
        let count = |wanted: fn(&Ended) -> bool| {
            u16::try_from(ended.iter().filter(|one| wanted(one)).count()).unwrap_or(u16::MAX)
        };
        Self {
            sent: count(|one| *one != Ended::NotTried),
            answered: count(|one| matches!(one, Ended::Answered(_))),
            latency_ms: median_ms(ended),
        }
    }
}

/// What else measuring a gateway showed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wire {
    /// Its echo requests.
    pub pinged: Pinged,
    /// Its hardware address, where the kernel knows it.
    pub mac: Option<String>,
}

/// What measuring the gateways showed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// One for each route, in their order.
    pub gateways: Vec<Gateway>,
    /// One for each of them.
    pub wires: Vec<Wire>,
    /// Why this process may not ping, where it may not.
    pub ping_refused: Option<String>,
}

/// Measures all gateways at once, in under two seconds.
pub async fn measure(routes: &[Route]) -> Measured {
    let measured = &routes[..routes.len().min(MOST)];
    let wants = |family: fn(&IpAddr) -> bool| measured.iter().any(|route| family(&route.gateway));
    let v4 = wants(IpAddr::is_ipv4).then(Echo::v4);
    let v6 = wants(IpAddr::is_ipv6).then(Echo::v6);
    let refused = [&v4, &v6]
        .into_iter()
        .flatten()
        .find_map(|client| client.as_ref().err().map(first_line));
    let rows = join_all(measured.iter().map(|route| {
        let client = if route.gateway.is_ipv4() { &v4 } else { &v6 };
        measure_one(
            route,
            client.as_ref().and_then(|client| client.as_ref().ok()),
        )
    }))
    .await;
    let rest = routes[measured.len()..]
        .iter()
        .map(|route| (row(route, None, Probe::Unknown), Wire::default()));
    let (gateways, wires) = rows.into_iter().chain(rest).unzip();
    Measured {
        gateways,
        wires,
        ping_refused: refused,
    }
}

/// surge-ping adds advice in further lines; ours is in the log message.
fn first_line(error: &io::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned()
}

fn row(route: &Route, latency_ms: Option<f64>, probe: Probe) -> Gateway {
    Gateway {
        gateway: route.gateway.to_string(),
        dev: route.dev.clone(),
        latency_ms,
        probe,
    }
}

async fn measure_one(route: &Route, client: Option<&Echo>) -> (Gateway, Wire) {
    let scope = scope_of(route);
    let pings = match client {
        Some(client) => {
            let probe = |number| echo(client, (route.gateway, scope), number);
            join_all((0..PROBES).map(probe)).await
        }
        None => Vec::new(),
    };
    let pinged = Pinged::of(&pings);
    let (latency, probe) = match pinged.latency_ms {
        Some(latency) => (Some(latency), Probe::Icmp),
        None => connect_instead(route.gateway, scope, pinged.sent > 0).await,
    };
    let mac = match standing_of(route.gateway) {
        Standing::Known(mac) => Some(mac),
        Standing::Unresolved | Standing::NotListed => None,
    };
    (row(route, latency, probe), Wire { pinged, mac })
}

/// Measures by TCP what gave no answer to pings, or could not be pinged. Nothing came back: it is
/// silent where a ping had gone out, or where the kernel asked the wire for it in vain.
async fn connect_instead(to: IpAddr, scope: u32, was_pinged: bool) -> (Option<f64>, Probe) {
    let tries = PORTS.map(|port| connect(to, scope, port));
    let connections = join_all(tries).await;
    if let Some(latency) = median_ms(&connections) {
        return (Some(latency), Probe::Tcp);
    }
    let is_silent = was_pinged || standing_of(to) == Standing::Unresolved;
    let probe = if is_silent {
        Probe::Silent
    } else {
        Probe::Unknown
    };
    (None, probe)
}

/// A link-local address means something on one interface only.
fn scope_of(route: &Route) -> u32 {
    match route.gateway {
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            interface_index(&route.dev).unwrap_or(0)
        }
        _ => 0,
    }
}

async fn echo(client: &Echo, (to, scope): (IpAddr, u32), number: u16) -> Ended {
    sleep(APART * u32::from(number % PROBES)).await;
    client.send(to, scope, number, REPLY).await
}

/// Pings targets, with one socket of each family for all of them.
#[derive(Default)]
pub struct Pinger {
    v4: Mutex<Option<Arc<Echo>>>,
    v6: Mutex<Option<Arc<Echo>>>,
}

impl Pinger {
    /// Longest time that it takes.
    pub const LIMIT: Duration = Duration::from_millis(1500);

    /// Pings one address. `position` tells targets apart that are pinged at the same time.
    ///
    /// # Errors
    /// Why this process may not ping.
    pub async fn ping(&self, to: IpAddr, position: usize) -> Result<Pinged, String> {
        let (slot, open): (_, fn() -> io::Result<Echo>) = match to {
            IpAddr::V4(_) => (&self.v4, Echo::v4),
            IpAddr::V6(_) => (&self.v6, Echo::v6),
        };
        let client = shared(slot, open).map_err(|error| first_line(&error))?;
        let first = u16::try_from(position % 10_000).unwrap_or(0) * PROBES;
        let probe = |number| echo(&client, (to, 0), first + number);
        Ok(Pinged::of(&join_all((0..PROBES).map(probe)).await))
    }
}

/// Opens it once; where it is refused, it is tried again the next time.
fn shared(
    slot: &Mutex<Option<Arc<Echo>>>,
    open: fn() -> io::Result<Echo>,
) -> io::Result<Arc<Echo>> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = &*slot {
        return Ok(Arc::clone(client));
    }
    let client = Arc::new(open()?);
    *slot = Some(Arc::clone(&client));
    Ok(client)
}

async fn connect(to: IpAddr, scope: u32, port: u16) -> Ended {
    let address = match to {
        IpAddr::V4(_) => std::net::SocketAddr::new(to, port),
        IpAddr::V6(address) => std::net::SocketAddrV6::new(address, port, 0, scope).into(),
    };
    let begin = Instant::now();
    match timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ended::Answered(begin.elapsed()),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Ended::Answered(begin.elapsed())
        }
        Ok(Err(_)) | Err(_) => Ended::NoAnswer,
    }
}

/// Median of those that answered, in milliseconds to three digits.
fn median_ms(ended: &[Ended]) -> Option<f64> {
    let mut answered: Vec<Duration> = ended
        .iter()
        .filter_map(|ended| match ended {
            Ended::Answered(took) => Some(*took),
            Ended::NoAnswer | Ended::NotTried => None,
        })
        .collect();
    order::sort(&mut answered);
    let median = answered.get(answered.len().checked_sub(1)? / 2)?;
    Some((median.as_secs_f64() * 1_000_000.0).round() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn the_median_ignores_what_did_not_answer() {
        let ms = |n| Ended::Answered(Duration::from_millis(n));
        assert_eq!(
            median_ms(&[ms(9), Ended::NoAnswer, ms(1), ms(2)]),
            Some(2.0)
        );
        assert_eq!(median_ms(&[Ended::NotTried, Ended::NoAnswer]), None);
        assert_eq!(median_ms(&[]), None);
    }

    #[test]
    fn what_was_not_tried_counts_neither_as_sent_nor_as_lost() {
        let ms = |n| Ended::Answered(Duration::from_millis(n));
        let pinged = Pinged::of(&[ms(1), Ended::NoAnswer, Ended::NotTried]);
        assert_eq!((pinged.sent, pinged.answered), (2, 1));
        assert_eq!(Pinged::of(&[Ended::NotTried]), Pinged::default());
    }

    #[test]
    fn a_refused_connection_is_proof_of_life() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = run(connect(Ipv4Addr::LOCALHOST.into(), 0, port));
        drop(listener);
        let refused = run(connect(Ipv4Addr::LOCALHOST.into(), 0, port));
        for ended in [open, refused] {
            assert!(matches!(ended, Ended::Answered(_)), "{ended:?}");
        }
    }

    #[test]
    fn without_icmp_the_gateway_is_measured_over_tcp() {
        let route = Route {
            gateway: Ipv4Addr::LOCALHOST.into(),
            dev: "lo".into(),
            metric: 0,
        };
        let (gateway, wire) = run(measure_one(&route, None));
        assert_eq!(gateway.probe, Probe::Tcp, "{gateway:?}");
        assert_eq!(wire.pinged, Pinged::default());
        assert!(gateway.latency_ms.is_some());
    }

    #[test]
    fn what_could_not_be_tried_is_unknown_and_takes_under_two_seconds() {
        // A documentation address: nothing is there, and nothing refuses.
        let route = Route {
            gateway: "203.0.113.1".parse().unwrap(),
            dev: "none".into(),
            metric: 0,
        };
        let begin = std::time::Instant::now();
        let (gateway, _) = run(measure_one(&route, None));
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert!(
            matches!(gateway.probe, Probe::Unknown | Probe::Tcp),
            "{gateway:?}"
        );
        let measured = run(measure(&[route]));
        assert!(begin.elapsed() < Duration::from_secs(4));
        assert_eq!(measured.gateways.len(), 1);
    }
}
