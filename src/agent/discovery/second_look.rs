//! A second look at addresses that the sweep cannot tell about at once: those that the neighbour
//! table merely remembers, and those that somebody was asking for when the pass began.

use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::{Instant, sleep_until};

use super::round::Round;
use super::sweep;
use crate::agent::sys::neighbours::{Certainty, Neighbour};
use crate::domain::inventory::pass::Sense;

/// Somebody else's question for an address may have been open when the pass began: the kernel asks
/// nothing new before it has given that up, so those are poked once more then.
pub(super) async fn ask_anew(round: &Round<'_>) {
    /// Three questions, a second apart, and a little.
    const GIVEN_UP: Duration = Duration::from_millis(3_300);
    let is_open = |row: &Neighbour| row.certainty == Certainty::Asked;
    if !round.before.values().any(is_open) {
        return;
    }
    sleep_until(round.began + GIVEN_UP).await;
    join_all(round.networks.iter().map(async |network| {
        let rows = round.before.values().filter(|row| is_open(row));
        let open: Vec<Ipv4Addr> = rows
            .filter(|row| row.link == network.link && network.may_ask(row.address))
            .map(|row| row.address)
            .collect();
        if !open.is_empty() {
            sweep::sweep(network, open, &|_| {}).await;
        }
    }))
    .await;
    round.read_neighbours(&sweep::table());
}

/// Finds out about those that the neighbour table merely remembers: they refuse a datagram, answer
/// an echo, or the kernel verifies them. What is verified in vain was a memory and is not told;
/// what the kernel saw no need to verify (it had done so shortly before the pass) is no news.
pub(super) async fn verify(round: &Round<'_>, remembered: Vec<(usize, Ipv4Addr)>, since: Instant) {
    /// How long an echo may take.
    const ECHO: Duration = Duration::from_millis(800);
    let asked: Vec<(usize, Ipv4Addr)> = remembered
        .into_iter()
        .filter(|(place, address)| round.networks[*place].may_ask(*address))
        .collect();
    if asked.is_empty() {
        return;
    }
    let refusals = join_all(
        round
            .networks
            .iter()
            .enumerate()
            .map(async |(place, network)| {
                let of_it = asked.iter().filter(|(one, _)| *one == place);
                let of_it: Vec<Ipv4Addr> = of_it.map(|(_, address)| *address).collect();
                let there = sweep::refusing(network, &of_it).await;
                let mut found = round.found[place].borrow_mut();
                for address in there {
                    found.saw(address, Sense::Neighbour);
                }
            }),
    );
    let echoes = join_all(asked.iter().map(async |(place, address)| {
        if let Some(echo) = &round.echo
            && echo.answers(*address, 2, ECHO).await
        {
            round.found[*place].borrow_mut().saw(*address, Sense::Icmp);
        }
    }));
    join(refusals, echoes).await;
    let is_open =
        |(place, address): &(usize, Ipv4Addr)| !round.found[*place].borrow().is_alive(*address);
    if !asked.iter().any(is_open) {
        return;
    }
    sweep::verified(since, &|table| {
        round.read_neighbours(table);
        asked.iter().any(|one| {
            let key = (round.networks[one.0].link, one.1);
            let waits = table.get(&key).is_some_and(sweep::is_being_verified);
            is_open(one) && waits
        })
    })
    .await;
    let table = sweep::table();
    for (place, address) in asked {
        let row = table.get(&(round.networks[place].link, address));
        if row.is_none_or(sweep::is_in_vain) {
            round.found[place].borrow_mut().forget_unless_alive(address);
        }
    }
}
