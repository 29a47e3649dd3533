//! One pass from its beginning to its end: which technique runs when, how long each may take, and
//! what makes a pass unusable. It draws no other conclusion.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use futures_util::future::{join, join_all, join4};
use tokio::time::Instant;

use super::merge::Found;
use super::networks::{How, Network, plan};
use super::ports::Host;
use super::routed::Asked;
use super::senses::Senses;
use super::sweep::{Swept, Table};
use super::verdict::{self, Outcome};
use super::{Progress, Stage, http, mdns, names, ports, reprobe, routed, second_look, ssdp, sweep};
use crate::agent::sys;
use crate::agent::sys::echo::Echo;
use crate::agent::sys::interfaces::links;
use crate::agent::sys::neighbours::neighbours;
use crate::agent::sys::resolvers::resolvers;
use crate::config::agent::discovery::DiscoveryConfig;
use crate::domain::inventory::pass::{MAX_SIGHTINGS, Pass, Policy, Sense};
use crate::domain::timestamp::Timestamp;

/// What opens ICMP to everybody.
const PING_HINT: &str = "sysctl -w net.ipv4.ping_group_range='0 2147483647'";
/// From its beginning on, until when: routed networks are asked.
const ROUTED_UNTIL: Duration = Duration::from_secs(11);
/// Ports are asked.
const PORTS_UNTIL: Duration = Duration::from_secs(9);
/// Ports of those who answered late are asked.
const LATE_UNTIL: Duration = Duration::from_secs(14);
/// Names and pages are asked; what has begun then ends within three seconds.
const IDENTITY_UNTIL: Duration = Duration::from_secs(16);

/// A pass that is being made.
pub(super) struct Round<'a> {
    pub(super) config: &'a DiscoveryConfig,
    pub(super) policy: &'a Policy,
    pub(super) networks: Vec<Network>,
    /// What was found, in the order of the networks.
    pub(super) found: Vec<RefCell<Found>>,
    /// The neighbour table before anything was sent.
    pub(super) before: Table,
    /// Where ICMP is allowed.
    pub(super) echo: Option<Echo>,
    pub(super) resolvers: Vec<IpAddr>,
    pub(super) began: Instant,
    progress: &'a dyn Fn(Progress),
}

impl Round<'_> {
    /// Tells how far it is.
    pub(super) fn tell(&self, stage: Stage, done: usize, of: usize) {
        (self.progress)(Progress { stage, done, of });
    }

    /// The network that an address may be asked in, by its place.
    pub(super) fn place_of(&self, address: &str) -> Option<(usize, Ipv4Addr)> {
        let address: Ipv4Addr = address.parse().ok()?;
        let place = self.networks.iter().position(|one| one.may_ask(address))?;
        (!self.networks[place].own.contains(&address)).then_some((place, address))
    }

    /// Ports that the server saw open at an address.
    pub(super) fn watched_ports(&self, address: Ipv4Addr) -> Vec<u16> {
        let text = address.to_string();
        let watched = self.policy.watched.iter();
        let mut ports: Vec<u16> = watched
            .filter(|one| one.address == text)
            .flat_map(|one| one.ports.iter().copied().filter(|port| *port != 0))
            .collect();
        ports.dedup();
        ports
    }

    /// Notes what the neighbour table tells. Answers those that it merely remembers.
    pub(super) fn read_neighbours(&self, table: &Table) -> Vec<(usize, Ipv4Addr)> {
        let mut remembered = Vec::new();
        for (place, network) in self.networks.iter().enumerate() {
            if network.via.is_none() {
                continue;
            }
            let mut found = self.found[place].borrow_mut();
            for (key, row) in table {
                if row.link != network.link
                    || !network.holds(row.address)
                    || network.own.contains(&row.address)
                {
                    continue;
                }
                let since = self.began.elapsed();
                if found.neighbour(self.before.get(key), row, since) {
                    remembered.push((place, row.address));
                }
            }
        }
        remembered
    }

    /// Those that are there and may be asked.
    fn hosts(&self, wanted: impl Fn(&Found, Ipv4Addr) -> bool) -> Vec<Host> {
        let mut hosts = Vec::new();
        for (place, found) in self.found.iter().enumerate() {
            let found = found.borrow();
            for address in found.alive() {
                if self.networks[place].may_ask(address) && wanted(&found, address) {
                    hosts.push(Host {
                        network: place,
                        address,
                    });
                }
            }
        }
        hosts
    }
}

/// Makes a pass.
pub(super) async fn run(
    config: &DiscoveryConfig,
    policy: &Policy,
    now: Timestamp,
    progress: &dyn Fn(Progress),
) -> Pass {
    let began = Instant::now();
    let interfaces = links();
    let table = neighbours();
    let mut fared = Senses::of(config, &interfaces, &table);
    let echo = if config.light {
        Some(Echo::open())
    } else {
        None
    };
    if let Some(Err(reason)) = &echo {
        fared.refuse(Sense::Icmp, format!("{reason}; hint: {PING_HINT}"));
    }
    let networks = plan(
        interfaces.as_deref().unwrap_or_default(),
        &sys::default_routes(),
        config,
    );
    let round = Round {
        config,
        policy,
        found: networks.iter().map(own_addresses).collect(),
        networks,
        before: sweep::table(),
        echo: echo.and_then(Result::ok),
        resolvers: resolvers(),
        began,
        progress,
    };
    let went = look(&round, &mut fared).await;
    finish(round, &went, fared, now)
}

fn own_addresses(network: &Network) -> RefCell<Found> {
    let mut found = Found::default();
    for own in &network.own {
        found.saw(*own, Sense::Own);
        if let Some(mac) = &network.own_mac {
            found.mac(*own, mac);
        }
    }
    RefCell::new(found)
}

/// How it went, network by network.
#[derive(Debug, Default)]
struct Went {
    swept: Vec<Swept>,
    routed: Vec<Asked>,
    in_vain: Vec<(usize, Ipv4Addr)>,
}

/// Everything that is sent, in its order.
async fn look(round: &Round<'_>, fared: &mut Senses) -> Went {
    let until = |span: Duration| round.began + span;
    let attached = async {
        let sweeping = Instant::now();
        let swept = sweep_all(round).await;
        let remembered = round.read_neighbours(&sweep::table());
        let hosts = round.hosts(|_, _| true);
        let (in_vain, (), (), ()) = join4(
            reprobe::ask(round),
            ports::ask(round, &hosts, until(PORTS_UNTIL)),
            second_look::verify(round, remembered, sweeping),
            second_look::ask_anew(round),
        )
        .await;
        (swept, in_vain)
    };
    let places = 0..round.networks.len();
    let routed = join_all(places.map(async |place| {
        if round.networks[place].how == How::Routed {
            routed::ask(round, place, until(ROUTED_UNTIL)).await
        } else {
            Asked::default()
        }
    }));
    let ((swept, in_vain), routed, heard, found) = join4(
        attached,
        routed,
        multicast(round, mdns::ask),
        multicast(round, ssdp::search),
    )
    .await;
    note_multicast(round, fared, (heard, found));
    round.read_neighbours(&sweep::table());
    let late = round.hosts(|found, address| !found.was_asked(address));
    ports::ask(round, &late, until(LATE_UNTIL)).await;
    let everybody = round.hosts(|_, _| true);
    let pages = async {
        if round.config.http {
            http::ask(round, until(IDENTITY_UNTIL)).await;
        }
    };
    join(pages, names::ask(round, &everybody, until(IDENTITY_UNTIL))).await;
    let in_vain = in_vain
        .into_iter()
        .filter(|(place, address)| !round.found[*place].borrow().is_alive(*address))
        .collect();
    Went {
        swept,
        routed,
        in_vain,
    }
}

async fn sweep_all(round: &Round<'_>) -> Vec<Swept> {
    let of: usize = round
        .networks
        .iter()
        .filter(|network| network.how == How::Swept)
        .map(|network| network.addresses().len())
        .sum();
    let done = Cell::new(0);
    let tell = |more: usize| {
        done.set((done.get() + more).min(of));
        round.tell(Stage::Sweep, done.get(), of);
    };
    join_all(round.networks.iter().map(async |network| {
        if network.how == How::Swept {
            sweep::sweep(network, network.addresses(), &tell).await
        } else {
            Swept::default()
        }
    }))
    .await
}

/// Asks every network that may be asked by multicast; what came back, or why nothing could be sent.
async fn multicast<T>(
    round: &Round<'_>,
    ask: impl AsyncFn(&Network) -> Result<Vec<T>, String>,
) -> Vec<Result<Vec<T>, String>> {
    join_all(round.networks.iter().map(async |network| {
        if network.how == How::Swept {
            ask(network).await
        } else {
            Ok(Vec::new())
        }
    }))
    .await
}

type Heard<T> = Vec<Result<Vec<T>, String>>;

fn note_multicast(
    round: &Round<'_>,
    fared: &mut Senses,
    (heard, devices): (
        Heard<mdns::Heard>,
        Heard<(Ipv4Addr, super::formats::ssdp::Device)>,
    ),
) {
    for (place, (heard, devices)) in heard.into_iter().zip(devices).enumerate() {
        let network = &round.networks[place];
        let mut found = round.found[place].borrow_mut();
        match heard {
            Ok(heard) => mdns::note(&mut found, network, &heard),
            Err(reason) => fared.refuse(Sense::Mdns, reason),
        }
        match devices {
            Ok(devices) => {
                for (from, device) in &devices {
                    ssdp::note(&mut found, *from, device);
                }
            }
            Err(reason) => fared.refuse(Sense::Ssdp, reason),
        }
    }
}

/// The pass as it travels.
fn finish(round: Round<'_>, went: &Went, senses: Senses, now: Timestamp) -> Pass {
    let after = links();
    let each = MAX_SIGHTINGS / round.networks.len().max(1);
    let found = round.found.into_iter().map(RefCell::into_inner);
    let networks = round.networks.iter().zip(found).enumerate();
    let networks = networks
        .map(|(place, (network, found))| {
            let outcome = Outcome {
                swept: went.swept.get(place).cloned().unwrap_or_default(),
                routed: went.routed.get(place).cloned().unwrap_or_default(),
                link_is_there: after
                    .as_ref()
                    .map_or(true, |links| verdict::is_still_there(network, links)),
            };
            let mut pass = verdict::of(network, &found, &outcome);
            pass.sightings = found.into_sightings(each);
            let in_vain = went.in_vain.iter().filter(|(one, _)| *one == place);
            pass.asked_in_vain = in_vain.map(|(_, address)| address.to_string()).collect();
            pass
        })
        .collect();
    Pass {
        started_at: now,
        took_ms: u64::try_from(round.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        senses: senses.0,
        networks,
        resolvers: round.resolvers.iter().map(ToString::to_string).collect(),
    }
}
