//! A pass of discovery comes in with an agent's report: it is taken into what is remembered of its
//! networks, and what changed becomes signals of the server's own. What is shown is [`view`]'s,
//! what people say [`marks`]'s and [`suggestions`]'s.

pub mod marks;
pub mod suggestions;
pub mod view;

use crate::catalog::services;
use crate::domain::agent::Report;
use crate::domain::inventory::change::{self, Change, Seat};
use crate::domain::inventory::judge::{self, Look};
use crate::domain::inventory::pass::{Fared, Pass, Policy, SenseReport, WatchedAddress};
use crate::domain::inventory::state::{NetworkRow, NetworkState};
use crate::domain::inventory::suggestion;
use crate::domain::inventory::tidy::{self, Looked};
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::text;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::ingest;
use crate::flow::lifecycle;
use crate::flow::silence::OWN_SOURCE;
use crate::store::networks::{self, Which};
use crate::store::passes::{self, LastPass};
use crate::store::{Db, StoreError, hosts, integration_suggestions};

/// An agent is blind after so many passes in a row that saw no usable network.
const BLIND_PASSES: u32 = 2;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A device that makes its hardware address up is forgotten after so long ...
const ROAMING_KEPT_MS: i64 = 30 * DAY_MS;
/// ... and any other host after so long.
const HOST_KEPT_MS: i64 = 365 * DAY_MS;
/// Hosts that are forgotten with one pass, at most.
const FORGOTTEN_AT_ONCE: usize = 100;
/// Most addresses that an agent is asked to ask directly, and ports of each.
const MOST_WATCHED: usize = 256;
const MOST_PORTS: usize = 8;
/// What has not been seen for so long is not asked after any more.
const ASKED_FOR_MS: i64 = 14 * DAY_MS;

/// Where signals go, and whose they are.
#[derive(Debug, Clone, Copy)]
struct Desk<'a> {
    db: &'a Db,
    catalogue: &'a Catalogue,
    seat: Seat<'a>,
}

impl Desk<'_> {
    fn say(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        for change in changes {
            let signal = change.into_signal(self.seat);
            let received = ingest::receive(signal, self.catalogue, self.seat.now);
            lifecycle::store(self.db, received)?;
        }
        Ok(())
    }
}

/// Takes the pass of a report in, within the caller's transaction, and answers the networks that it
/// was about as they are then. One that was taken in before is left alone.
///
/// # Errors
/// The database refuses.
pub fn take(
    db: &Db,
    catalogue: &Catalogue,
    report: &Report,
    now: Timestamp,
) -> Result<Vec<NetworkState>, StoreError> {
    let Some(pass) = &report.inventory else {
        return Ok(Vec::new());
    };
    let last = passes::of_agent(db, &report.agent_id)?;
    if last
        .as_ref()
        .is_some_and(|last| last.started_at == pass.started_at)
    {
        return Ok(Vec::new());
    }
    let desk = Desk {
        db,
        catalogue,
        seat: Seat {
            site_id: &report.site_id,
            agent_id: Some(&report.agent_id),
            source: OWN_SOURCE,
            now,
        },
    };
    let networks = tidy::networks(pass);
    let mut taken = Vec::new();
    for looked in &networks {
        taken.push(take_network(desk, report, looked)?);
    }
    blind(desk, report, (pass, &networks), last)?;
    let kept = |millis: i64| now.plus_millis(-millis);
    let before = (kept(ROAMING_KEPT_MS), kept(HOST_KEPT_MS));
    hosts::remove_unseen(db, before, FORGOTTEN_AT_ONCE)?;
    Ok(taken)
}

fn take_network(
    desk: Desk<'_>,
    report: &Report,
    looked: &Looked,
) -> Result<NetworkState, StoreError> {
    let (db, now, site) = (desk.db, desk.seat.now, report.site_id.as_str());
    let cidr = looked.cidr.to_string();
    let mut candidates = networks::states(db, Which::Prefix(site, &cidr), now)?;
    let mut state = match judge::belongs(&candidates, looked, &report.agent_id) {
        Some(place) => candidates.swap_remove(place),
        None => new_network(db, report, looked, now)?,
    };
    for orphan in candidates {
        // Its own, from before the gateway was known by its hardware address.
        let was_own = orphan.row.agent_id.as_ref() == Some(&report.agent_id);
        if was_own && orphan.row.gateway_mac.is_none() && looked.gateway_mac.is_some() {
            absorb(desk, orphan)?;
        }
    }
    let before = state.clone();
    let changes = judge::judge(
        &mut state,
        Look {
            agent_id: &report.agent_id,
            looked,
            fingerprints: services::fingerprints(),
            now,
        },
    );
    networks::save(db, &before, &state)?;
    desk.say(changes)?;
    for host in state.hosts.iter().filter(|host| host.last_seen == now) {
        for found in suggestion::of_host(host) {
            integration_suggestions::suggest(db, site, &found, now)?;
        }
    }
    Ok(state)
}

fn new_network(
    db: &Db,
    report: &Report,
    looked: &Looked,
    now: Timestamp,
) -> Result<NetworkState, StoreError> {
    let gateway_mac = looked.gateway_mac.map(|mac| mac.to_string());
    let row = NetworkRow {
        id: 0,
        site_id: report.site_id.clone(),
        cidr: looked.cidr.to_string(),
        gateway: looked.gateway.map(|address| address.to_string()),
        agent_id: gateway_mac.is_none().then(|| report.agent_id.clone()),
        gateway_mac,
        gateway_before: None,
        full_passes: 0,
        baseline_at: None,
        first_seen: now,
        last_seen: now,
        name: None,
        no_guests: false,
    };
    let id = networks::insert(db, &row)?;
    let mut found = networks::states(db, Which::One(id), now)?;
    found.pop().ok_or(StoreError::Panicked)
}

/// Ends what was said of a network that turned out to be another, and removes it.
fn absorb(desk: Desk<'_>, mut orphan: NetworkState) -> Result<(), StoreError> {
    let because = "its network is known by its gateway now";
    let row = orphan.row.clone();
    let mut ended = Vec::new();
    for host in &mut orphan.hosts {
        ended.extend(change::end_all(&row, host, because));
    }
    for conflict in orphan.conflicts {
        ended.push(Change::ends(
            kind::ADDRESS_CONFLICT,
            conflict.key,
            because.to_owned(),
        ));
    }
    networks::remove(desk.db, row.id)?;
    desk.say(ended)
}

/// Notes the pass, and whether its agent sees anything at all. A blind one is told once, and once
/// when it sees again.
fn blind(
    desk: Desk<'_>,
    report: &Report,
    (pass, networks): (&Pass, &[Looked]),
    last: Option<LastPass>,
) -> Result<(), StoreError> {
    let usable = networks.iter().any(|looked| looked.unusable.is_none());
    let mut senses = pass.senses.clone();
    for sense in &mut senses {
        if let Some(reason) = &mut sense.reason {
            *reason = text::shown(reason).chars().take(300).collect();
        }
    }
    let mut now = LastPass {
        agent_id: report.agent_id.clone(),
        started_at: pass.started_at,
        received_at: desk.seat.now,
        took_ms: pass.took_ms,
        blind_passes: last.as_ref().map_or(0, |last| last.blind_passes),
        said_blind: last.and_then(|last| last.said_blind),
        senses,
    };
    let key = format!("{}:{}", kind::DISCOVERY_BLIND, report.agent_id);
    if usable {
        now.blind_passes = 0;
        if let Some(site) = now.said_blind.take() {
            let summary = "Discovery sees the network again".to_owned();
            let seat = Seat {
                site_id: &site,
                ..desk.seat
            };
            let there = Desk { seat, ..desk };
            there.say(vec![Change::ends(kind::DISCOVERY_BLIND, key, summary)])?;
        }
    } else {
        now.blind_passes = now.blind_passes.saturating_add(1);
        if now.blind_passes >= BLIND_PASSES && now.said_blind.is_none() {
            now.said_blind = Some(report.site_id.clone());
            let place = match networks.first() {
                Some(looked) => Some((looked.cidr.to_string(), looked.dev.clone())),
                None => seen_last(desk, &report.agent_id)?,
            };
            desk.say(vec![is_blind(report, (networks, place), &now.senses, key)])?;
        }
    }
    passes::save(desk.db, &now)
}

/// The network that an agent saw last, and by which interface: where it should see something.
fn seen_last(desk: Desk<'_>, agent_id: &str) -> Result<Option<(String, String)>, StoreError> {
    let states = networks::states(desk.db, Which::Agent(agent_id), desk.seat.now)?;
    let looks = states.iter().flat_map(|state| {
        let own = state.reporters.iter();
        own.filter(|reporter| reporter.agent_id == agent_id)
            .map(|reporter| (reporter, &state.row.cidr))
    });
    let last = looks.max_by_key(|(reporter, _)| reporter.last_pass_at);
    Ok(last.map(|(reporter, cidr)| (cidr.clone(), reporter.dev.clone())))
}

fn is_blind(
    report: &Report,
    (networks, place): (&[Looked], Option<(String, String)>),
    senses: &[SenseReport],
    key: String,
) -> Change {
    let host = change::short(&report.facts.hostname);
    let why = networks
        .iter()
        .find_map(|looked| Some(format!("{}: {}", looked.cidr, looked.unusable.as_ref()?)));
    let refused = senses
        .iter()
        .filter(|sense| sense.fared == Fared::Refused)
        .map(|sense| sense.sense.as_str());
    let why = why.unwrap_or_else(|| {
        let none = "it found no network that it may look at";
        match &place {
            Some((cidr, dev)) if !dev.is_empty() => format!("{none}; {cidr} was at {dev}"),
            _ => none.to_owned(),
        }
    });
    let summary = format!("Discovery of {host} sees nothing: {why}");
    let blind = Change::begins(kind::DISCOVERY_BLIND, Severity::Warning, key, summary)
        .with("host", host)
        .with("reason", why)
        .with("refused", refused.collect::<Vec<_>>());
    match place {
        Some((cidr, dev)) => blind.with("network", cidr).with("interface", dev),
        None => blind,
    }
}

/// What an agent should ask directly before it reports that it did not see it: everything whose
/// absence would be complained about, on the networks that it looks at. `taken` are those whose
/// state is known from its pass already.
///
/// # Errors
/// The database refuses.
pub fn policy(
    db: &Db,
    report: &Report,
    taken: &[NetworkState],
    now: Timestamp,
) -> Result<Policy, StoreError> {
    let mut watched = Vec::new();
    for row in networks::rows(db, Which::Agent(&report.agent_id))? {
        // Whoever may send for one site learns nothing of another.
        if row.site_id != report.site_id {
            continue;
        }
        match taken.iter().find(|state| state.row.id == row.id) {
            Some(state) => watched.extend(watched_on(state, &report.agent_id, now)),
            None => {
                for state in networks::states(db, Which::One(row.id), now)? {
                    watched.extend(watched_on(&state, &report.agent_id, now));
                }
            }
        }
    }
    watched.truncate(MOST_WATCHED);
    Ok(Policy { watched })
}

fn watched_on(state: &NetworkState, agent_id: &str, now: Timestamp) -> Vec<WatchedAddress> {
    let mut watched = Vec::new();
    for host in &state.hosts {
        let own = host.agent_id.as_deref() == Some(agent_id);
        let lately = now.millis_since(host.last_seen) <= ASKED_FOR_MS;
        if !host.is_watched() || own || !lately {
            continue;
        }
        let open = host
            .services
            .iter()
            .filter(|service| service.open && service.protocol == "tcp");
        let ports: Vec<u16> = open.map(|service| service.port).take(MOST_PORTS).collect();
        watched.extend(host.current_addresses().map(|known| WatchedAddress {
            address: known.address.to_string(),
            mac: known.mac.clone(),
            ports: ports.clone(),
        }));
    }
    watched
}
