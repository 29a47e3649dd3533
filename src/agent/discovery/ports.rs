//! TCP connections to well-known ports of hosts that are there. Open or refused, both are proof of
//! life; what is open is a service, and nothing more is said of it here.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::Stage;
use super::round::Round;
use crate::agent::sys::tcp_probe::{Knock, knock};
use crate::domain::inventory::pass::Sense;

/// What a homelab's services listen on: SSH, DNS, web, SMB, printing, MQTT, Docker, DSM, Proxmox,
/// web and Jellyfin and Home Assistant, UniFi, Portainer, Plex.
pub(super) const WELL_KNOWN: [u16; 16] = [
    22, 53, 80, 443, 445, 631, 1883, 2375, 5001, 8006, 8080, 8096, 8123, 8443, 9443, 32400,
];
/// Most ports of one host, those that the server asks for included.
const MOST: usize = 48;
/// Connections that are open at the same time.
const OVERALL: usize = 64;
/// From one connection to the next of the same host.
const APART: Duration = Duration::from_millis(50);
/// A neighbour answers within this, or its firewall never does.
const ATTACHED: Duration = Duration::from_millis(500);
/// A host behind a router is given longer.
const ROUTED: Duration = Duration::from_secs(1);

/// One host to ask.
pub(super) struct Host {
    /// Its network's place in the round.
    pub(super) network: usize,
    /// Its address.
    pub(super) address: Ipv4Addr,
}

/// Asks hosts, until a time: what is not asked by then is not told as asked.
pub(super) async fn ask(round: &Round<'_>, hosts: &[Host], until: Instant) {
    let overall = Semaphore::new(OVERALL);
    let done = Cell::new(0);
    join_all(hosts.iter().map(async |host| {
        ask_host(round, host, &overall, until).await;
        done.set(done.get() + 1);
        round.tell(Stage::Ports, done.get(), hosts.len());
    }))
    .await;
}

/// Two connections at a time, by two lanes that share the host's ports and its pace.
async fn ask_host(round: &Round<'_>, host: &Host, overall: &Semaphore, until: Instant) {
    let ports = wanted(round, host.address);
    let next = Mutex::new((ports.into_iter(), Instant::now()));
    let lane = async || {
        loop {
            let Ok(_place) = overall.acquire().await else {
                return;
            };
            let mut turn = next.lock().await;
            sleep_until(turn.1).await;
            let Some(port) = turn.0.next().filter(|_| Instant::now() < until) else {
                return;
            };
            turn.1 = Instant::now() + APART;
            drop(turn);
            ask_port(round, host, port).await;
        }
    };
    join(lane(), lane()).await;
}

async fn ask_port(round: &Round<'_>, host: &Host, port: u16) {
    let network = &round.networks[host.network];
    let limit = if network.via.is_some() {
        ATTACHED
    } else {
        ROUTED
    };
    let knock = knock((host.address, port), network.via.as_ref(), limit).await;
    if knock == Knock::NotTried {
        return;
    }
    let mut found = round.found[host.network].borrow_mut();
    found.asked(host.address, port);
    if knock.is_alive() {
        found.saw(host.address, Sense::Tcp);
    }
    if knock == Knock::Open {
        found.open(host.address, port);
    }
}

/// The well-known ports, and those that the server saw open there.
fn wanted(round: &Round<'_>, address: Ipv4Addr) -> Vec<u16> {
    let mut ports = WELL_KNOWN.to_vec();
    for port in round.watched_ports(address) {
        if !ports.contains(&port) && ports.len() < MOST {
            ports.push(port);
        }
    }
    ports
}
