//! Asks those directly whose absence would be complained about, before anything is reported: three
//! tries over ten seconds by every sense there is.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until, timeout};

use super::Stage;
use super::round::Round;
use super::sweep;
use crate::agent::sys::poke::{Poked, Poker};
use crate::agent::sys::tcp_probe::knock;
use crate::domain::inventory::pass::Sense;

/// Tries.
const TRIES: u32 = 3;
/// From the beginning of one to the beginning of the next.
const APART: Duration = Duration::from_millis(4_300);
/// What one try takes at most; the last one ends ten seconds after the first began.
const TRY: Duration = Duration::from_millis(1_400);
/// Ports that are tried of a host of which none is known.
const PORTS: [u16; 3] = [22, 80, 443];
/// Most ports that are tried of one.
const MOST_PORTS: usize = 4;
/// Most hosts that are asked so; the server has no more that it watches.
const MOST: usize = 128;

/// Asks the watched hosts that were not seen. Answers those that stayed silent, each with its
/// network's place.
pub(super) async fn ask(round: &Round<'_>) -> Vec<(usize, Ipv4Addr)> {
    let mut missing: Vec<(usize, Ipv4Addr)> = Vec::new();
    for watched in &round.policy.watched {
        let Some((network, address)) = round.place_of(&watched.address) else {
            continue;
        };
        let is_new = !missing.contains(&(network, address));
        if is_new && !round.found[network].borrow().is_alive(address) && missing.len() < MOST {
            missing.push((network, address));
        }
    }
    let of = missing.len();
    let began = Instant::now();
    let mut was_tried = vec![true; round.networks.len()];
    for number in 0..TRIES {
        if missing.is_empty() {
            break;
        }
        sleep_until(began + APART * number).await;
        round.tell(Stage::Missing, of - missing.len(), of);
        poke_all(round, &missing, &mut was_tried);
        let tries = missing.iter().map(|one| timeout(TRY, try_one(round, *one)));
        join_all(tries).await;
        round.read_neighbours(&sweep::table());
        missing.retain(|(network, address)| !round.found[*network].borrow().is_alive(*address));
    }
    // What could not be sent to was not asked.
    missing.retain(|(network, _)| was_tried[*network]);
    missing
}

fn poke_all(round: &Round<'_>, missing: &[(usize, Ipv4Addr)], was_tried: &mut [bool]) {
    for (place, network) in round.networks.iter().enumerate() {
        let Some(via) = &network.via else {
            continue;
        };
        let mut poker = Poker::new(via.clone());
        for (_, address) in missing.iter().filter(|(one, _)| *one == place) {
            was_tried[place] &= poker.poke(*address) == Poked::Sent;
        }
    }
}

/// One try of one host, by ICMP where it is allowed and at the ports that were open last.
async fn try_one(round: &Round<'_>, (network, address): (usize, Ipv4Addr)) {
    let via = round.networks[network].via.as_ref();
    let mut ports = round.watched_ports(address);
    ports.truncate(MOST_PORTS);
    if ports.is_empty() {
        ports.extend(PORTS);
    }
    let knocks = join_all(ports.iter().map(|port| knock((address, *port), via, TRY)));
    let echo = async {
        match &round.echo {
            Some(echo) => echo.answers(address, 1, TRY).await,
            None => false,
        }
    };
    // Waits for both, so that a try takes its time: the kernel asks for an address three times, a
    // second apart, and hosts that sleep answer late.
    let (knocks, echoed) = futures_util::future::join(knocks, echo).await;
    let mut found = round.found[network].borrow_mut();
    if knocks.iter().any(|knock| knock.is_alive()) {
        found.saw(address, Sense::Tcp);
    }
    if echoed {
        found.saw(address, Sense::Icmp);
    }
}
