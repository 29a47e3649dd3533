//! Asks hosts, and the resolver, for names: reverse DNS, NetBIOS, SNMP. Each only where the
//! configuration switches it on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::formats::dns::{self, Data, Name};
use super::formats::{netbios, snmp};
use super::ports::Host;
use super::round::Round;
use crate::agent::sys::poke;
use crate::domain::inventory::pass::Sense;

/// How long a resolver or a host may take.
const LIMIT: Duration = Duration::from_millis(500);
/// Questions that are open at the same time.
const AT_ONCE: usize = 32;

/// Asks all that is switched on, of every host, until a time.
pub(super) async fn ask(round: &Round<'_>, hosts: &[Host], until: Instant) {
    stream::iter(hosts)
        .for_each_concurrent(AT_ONCE, async |host| {
            for (sense, is_on) in [
                (Sense::ReverseDns, round.config.reverse_dns),
                (Sense::Netbios, round.config.netbios),
                (Sense::Snmp, !round.config.snmp_community.is_empty()),
            ] {
                if !is_on || Instant::now() >= until {
                    continue;
                }
                if let Some(name) = name(round, host.address, sense).await {
                    let mut found = round.found[host.network].borrow_mut();
                    found.saw(host.address, sense);
                    found.named(host.address, &name, sense);
                }
            }
        })
        .await;
}

async fn name(round: &Round<'_>, address: Ipv4Addr, sense: Sense) -> Option<String> {
    let id = number();
    let (to, question) = match sense {
        Sense::ReverseDns => return reverse(&round.resolvers, address, id).await,
        Sense::Netbios => (netbios::PORT, netbios::question(id)),
        Sense::Snmp => (
            snmp::PORT,
            snmp::question(id, round.config.snmp_community.reveal()),
        ),
        _ => return None,
    };
    let to = SocketAddr::from((address, to));
    let answer = poke::ask(to, &question, LIMIT).await.ok()?;
    match sense {
        Sense::Netbios => netbios::name(&answer, id),
        _ => snmp::name(&answer, id),
    }
}

/// The first resolver that answers has said it, with a name or without.
async fn reverse(resolvers: &[IpAddr], address: Ipv4Addr, id: u16) -> Option<String> {
    let [a, b, c, d] = address.octets();
    let asked = Name::of(&format!("{d}.{c}.{b}.{a}.in-addr.arpa"));
    let question = dns::question(id, &[(asked.clone(), dns::PTR)], false, true);
    for resolver in resolvers {
        let Ok(answer) = poke::ask((*resolver, 53).into(), &question, LIMIT).await else {
            continue;
        };
        let Some(answer) = dns::answer(&answer).filter(|answer| answer.id == id) else {
            continue;
        };
        return answer
            .records
            .into_iter()
            .find_map(|record| match record.data {
                Data::Pointer(name) if record.name.folded() == asked => Some(name.to_string()),
                _ => None,
            });
    }
    None
}

/// A number that strangers cannot guess: an answer has to carry it.
fn number() -> u16 {
    crate::clock::random::<2>().map_or(0, u16::from_ne_bytes)
}
