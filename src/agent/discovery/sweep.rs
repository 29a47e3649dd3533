//! The sweep: pokes every address of an attached network and waits until the neighbour table has
//! settled. And the second look at those that the table merely remembers.
//!
//! For an address that it remembers (STALE), the kernel sends at once and verifies only five
//! seconds later (`delay_first_probe_time`), by three questions a second apart. Most hosts give
//! themselves away before, by refusing the datagram; for the others the pass waits.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until};

use super::networks::Network;
use crate::agent::sys::neighbours::{Certainty, Neighbour, neighbours};
use crate::agent::sys::poke::{self, Poked, Poker};

/// Addresses that are poked at once.
const BURST: usize = 8;
/// From one burst to the next: on the average about a millisecond from poke to poke.
const APART: Duration = Duration::from_millis(10);
/// What could not be sent is tried so often.
const TRIES: usize = 3;
/// What waits before it is tried again.
const AGAIN: Duration = Duration::from_millis(50);
/// How often the table is read.
const LOOK: Duration = Duration::from_millis(50);
/// The table has settled when nobody new has answered for this long.
const QUIET: Duration = Duration::from_millis(250);
/// It is waited for no longer than this.
const LONGEST: Duration = Duration::from_millis(900);
/// A remembered host is given this long to refuse a datagram.
const REFUSAL: Duration = Duration::from_millis(600);
/// As many are asked so at once: each takes a descriptor.
const AT_ONCE: usize = 128;
/// The kernel's verification takes five seconds before it begins and three when it is in vain.
const VERIFIED: Duration = Duration::from_millis(8_700);

/// The neighbour table by interface and address.
pub(super) type Table = BTreeMap<(u32, Ipv4Addr), Neighbour>;

/// How a sweep went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Swept {
    /// Addresses that were to be asked.
    pub(super) of: usize,
    /// Those that could not be asked.
    pub(super) not_tried: usize,
    /// The interface went away.
    pub(super) link_lost: bool,
    /// How long it took.
    pub(super) took: Duration,
}

/// The table as it is now; empty where it cannot be read, which the pass says elsewhere.
pub(super) fn table() -> Table {
    let rows = neighbours().map(|table| table.rows).unwrap_or_default();
    rows.into_iter()
        .map(|row| ((row.link, row.address), row))
        .collect()
}

/// Pokes addresses of a network. What was found stands in the neighbour table afterwards. `tell` is
/// called with the count of each burst.
pub(super) async fn sweep(
    network: &Network,
    addresses: Vec<Ipv4Addr>,
    tell: &dyn Fn(usize),
) -> Swept {
    let began = Instant::now();
    let mut waiting = addresses;
    let mut swept = Swept {
        of: waiting.len(),
        ..Swept::default()
    };
    let Some(via) = &network.via else {
        return swept;
    };
    let mut poker = Poker::new(via.clone());
    for number in 0..TRIES {
        if number > 0 {
            sleep(AGAIN).await;
        }
        let mut left = Vec::new();
        for burst in waiting.chunks(BURST) {
            for address in burst {
                match poker.poke(*address) {
                    Poked::Sent => {}
                    Poked::NotTried => left.push(*address),
                    Poked::LinkLost => {
                        swept.link_lost = true;
                        swept.took = began.elapsed();
                        return swept;
                    }
                }
            }
            tell(burst.len());
            sleep(APART).await;
        }
        waiting = left;
        if waiting.is_empty() {
            break;
        }
    }
    swept.not_tried = waiting.len();
    settle(network).await;
    swept.took = began.elapsed();
    swept
}

/// Waits until nobody new answers.
async fn settle(network: &Network) {
    let began = Instant::now();
    let (mut known, mut since) = (0, began);
    while began.elapsed() < LONGEST {
        sleep(LOOK).await;
        let table = table();
        let rows = || {
            table
                .values()
                .filter(|row| row.link == network.link && network.holds(row.address))
        };
        let now = rows().filter(|row| row.mac.is_some()).count();
        if now > known {
            (known, since) = (now, Instant::now());
        }
        let all_answered = rows().all(|row| row.certainty != Certainty::Asked);
        if all_answered || since.elapsed() >= QUIET {
            return;
        }
    }
}

/// Asks hosts that are merely remembered with a socket each: those that refuse are there.
pub(super) async fn refusing(network: &Network, hosts: &[Ipv4Addr]) -> Vec<Ipv4Addr> {
    let Some(via) = &network.via else {
        return Vec::new();
    };
    let mut there = Vec::new();
    for some in hosts.chunks(AT_ONCE) {
        let asked = some
            .iter()
            .map(|address| poke::answers(via, *address, REFUSAL));
        let answers = join_all(asked).await;
        let refused = some.iter().zip(answers).filter(|(_, answered)| *answered);
        there.extend(refused.map(|(address, _)| *address));
    }
    there
}

/// Waits for the kernel to verify `hosts`, which were sent to at `since`. Calls `look` with the
/// table each time it is read; its answer says whether anybody is still waited for.
pub(super) async fn verified(since: Instant, look: &dyn Fn(&Table) -> bool) {
    /// Before that the kernel has not even begun.
    const BEGINS: Duration = Duration::from_secs(5);
    sleep_until(since + BEGINS).await;
    loop {
        if !look(&table()) || since.elapsed() >= VERIFIED {
            return;
        }
        sleep(Duration::from_millis(300)).await;
    }
}

/// Whether the kernel is about to find out.
pub(super) fn is_being_verified(row: &Neighbour) -> bool {
    matches!(row.certainty, Certainty::Checking | Certainty::Asked)
}

/// Whether the kernel has found nobody.
pub(super) fn is_in_vain(row: &Neighbour) -> bool {
    row.mac.is_none() || row.certainty == Certainty::Failed
}
