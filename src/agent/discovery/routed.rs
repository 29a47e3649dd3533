//! Networks behind a router, where the configuration names them: every address is asked by ICMP,
//! where that is allowed, and at three ports. There is no hardware address to learn.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::round::Round;
use crate::agent::sys::tcp_probe::{Knock, knock};
use crate::domain::inventory::pass::Sense;

/// The ports that most hosts accept or refuse.
const PORTS: [u16; 3] = [443, 22, 80];
/// Connections that are open at the same time.
const OVERALL: usize = 64;
/// How long one may take.
const CONNECT: Duration = Duration::from_millis(700);
/// How long an echo may take.
const ECHO: Duration = Duration::from_secs(1);
/// From one echo to the next.
const ECHO_APART: Duration = Duration::from_millis(2);
/// Where more addresses than this all refuse, and none accepts, a firewall speaks for them.
const FIREWALL: usize = 32;

/// How asking a network went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Addresses that were to be asked.
    pub(super) of: usize,
    /// Those that were asked.
    pub(super) done: usize,
    /// Every address refuses alike.
    pub(super) is_firewall: bool,
}

/// Asks every address of the network at `place`, until a time.
pub(super) async fn ask(round: &Round<'_>, place: usize, until: Instant) -> Asked {
    let addresses = round.networks[place].addresses();
    let overall = Semaphore::new(OVERALL);
    let outcomes =
        join_all(addresses.iter().enumerate().map(async |(number, address)| {
            ask_one(round, (*address, number), &overall, until).await
        }))
        .await;
    let refused = outcomes
        .iter()
        .filter(|one| one.knock == Some(Knock::Refused))
        .count();
    let is_firewall = refused > FIREWALL && refused == addresses.len();
    let mut found = round.found[place].borrow_mut();
    for (address, outcome) in addresses.iter().zip(&outcomes) {
        if outcome.echoed {
            found.saw(*address, Sense::Icmp);
        }
        if !is_firewall && outcome.knock.is_some_and(Knock::is_alive) {
            found.saw(*address, Sense::Tcp);
        }
    }
    let was_asked = |one: &&Outcome| one.echoed || one.knock.is_some();
    Asked {
        of: addresses.len(),
        done: outcomes.iter().filter(was_asked).count(),
        is_firewall,
    }
}

struct Outcome {
    echoed: bool,
    /// The last knock; none where there was no time left, or nothing could be sent.
    knock: Option<Knock>,
}

async fn ask_one(
    round: &Round<'_>,
    (address, number): (Ipv4Addr, usize),
    overall: &Semaphore,
    until: Instant,
) -> Outcome {
    let mut outcome = Outcome {
        echoed: false,
        knock: None,
    };
    let position = u16::try_from(number).unwrap_or(u16::MAX);
    if let Some(echo) = &round.echo {
        sleep(ECHO_APART * u32::from(position)).await;
        outcome.echoed = echo.answers(address, position, ECHO).await;
    }
    for port in PORTS {
        let Ok(_place) = overall.acquire().await else {
            break;
        };
        if Instant::now() >= until {
            break;
        }
        match knock((address, port), None, CONNECT).await {
            Knock::NotTried => {}
            knock => outcome.knock = Some(knock),
        }
        if outcome.echoed || outcome.knock.is_some_and(Knock::is_alive) {
            break;
        }
    }
    outcome
}
