//! Which host an address that was seen belongs to. In this order: the agent's own host, the stable
//! id that the thing announces, a hardware address that tells a device, and the address while no
//! hardware address contradicts it.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::change::{self, Change};
use super::state::{AddressState, HostState, Marks, NetworkState};
use super::tidy::{Looked, Seen};
use crate::domain::timestamp::Timestamp;

/// Most hosts of one network that are remembered: whoever makes hardware addresses up by the
/// thousand fills no disk.
const MAX_HOSTS: usize = 4096;

/// Which host each thing that was seen belongs to, by places in the state's list.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// For each entry of `Looked::seen` that proves presence.
    pub(super) hosts: Vec<(usize, usize)>,
    /// What has to be said of hosts that turned out to be another's.
    pub(super) changes: Vec<Change>,
}

/// The hosts of a network by what they are known by.
#[derive(Default)]
struct Index {
    agents: HashMap<String, usize>,
    ids: HashMap<String, usize>,
    macs: HashMap<String, usize>,
    addresses: HashMap<IpAddr, usize>,
}

impl Index {
    fn of(hosts: &[HostState]) -> Self {
        let mut index = Self::default();
        for (place, host) in hosts.iter().enumerate() {
            index.add(place, host);
        }
        // An address belongs to the one that was seen there last.
        let mut newest: HashMap<IpAddr, Timestamp> = HashMap::new();
        for (place, host) in hosts.iter().enumerate() {
            for known in &host.addresses {
                let last = newest.entry(known.address).or_insert(known.last_seen);
                if known.last_seen >= *last {
                    *last = known.last_seen;
                    index.addresses.insert(known.address, place);
                }
            }
        }
        index
    }

    fn add(&mut self, place: usize, host: &HostState) {
        if let Some(agent) = &host.agent_id {
            self.agents.insert(agent.clone(), place);
        }
        if let Some(id) = &host.announced_id {
            self.ids.insert(id.clone(), place);
        }
        let macs = host
            .addresses
            .iter()
            .filter_map(|known| known.mac.as_deref());
        let name = host.identity.strip_prefix("mac:");
        for mac in macs.chain(host.mac.as_deref()).chain(name) {
            self.macs.insert(mac.to_owned(), place);
        }
    }
}

/// Finds or makes the host of everything that is present.
pub(super) fn place(
    state: &mut NetworkState,
    looked: &Looked,
    agent_id: &str,
    now: Timestamp,
) -> Placed {
    let mut index = Index::of(&state.hosts);
    let mut placed = Placed::default();
    for (number, seen) in looked.seen.iter().enumerate() {
        if !seen.is_present() {
            continue;
        }
        let agent = seen.is_own().then_some(agent_id);
        let Some(found) = find(state, &index, seen, agent) else {
            if state.hosts.len() < MAX_HOSTS {
                let place = state.hosts.len();
                state.hosts.push(new_host(seen, now));
                learn(state, place, seen, agent, now);
                index.add(place, &state.hosts[place]);
                index.addresses.insert(seen.address, place);
                placed.hosts.push((number, place));
            }
            continue;
        };
        for other in twins(&index, seen, found) {
            placed.changes.extend(merge(state, found, other));
            index = Index::of(&state.hosts);
        }
        learn(state, found, seen, agent, now);
        index.add(found, &state.hosts[found]);
        index.addresses.insert(seen.address, found);
        placed.hosts.push((number, found));
    }
    placed
}

fn find(state: &NetworkState, index: &Index, seen: &Seen, agent: Option<&str>) -> Option<usize> {
    let by_agent = agent.and_then(|agent| index.agents.get(agent));
    let by_id = seen.announced_id.as_ref().and_then(|id| index.ids.get(id));
    let mac = seen.device.or(seen.roaming).map(|mac| mac.to_string());
    let by_mac = mac.as_ref().and_then(|mac| index.macs.get(mac));
    let by_address = index.addresses.get(&seen.address).filter(|place| {
        let host = &state.hosts[**place];
        // Another device has the address now, unless nothing says so.
        let contradicts = mac.is_some() && host.mac.is_some();
        // One that is known by a stronger name is not taken over by whoever has its address.
        let stranger = seen.announced_id.is_some() && host.announced_id.is_some();
        !contradicts && !stranger
    });
    by_agent.or(by_id).or(by_mac).or(by_address).copied()
}

/// Other hosts that this one turns out to be too: the agent's host was known by its hardware
/// address before, a thing with two network cards announces one id at both.
fn twins(index: &Index, seen: &Seen, found: usize) -> Vec<usize> {
    let mac = seen.device.map(|mac| mac.to_string());
    let mut twins: Vec<usize> = [
        seen.announced_id.as_ref().and_then(|id| index.ids.get(id)),
        mac.as_ref().and_then(|mac| index.macs.get(mac)),
    ]
    .into_iter()
    .flatten()
    .copied()
    .filter(|place| *place != found)
    .collect();
    twins.dedup();
    twins
}

/// Takes what is known of `other` over to `into`. The place of `other` stays, empty, until the
/// pass is done: places are used as names meanwhile.
fn merge(state: &mut NetworkState, into: usize, other: usize) -> Vec<Change> {
    let because = "it is a part of another host";
    let row = state.row.clone();
    let ended = change::end_all(&row, &mut state.hosts[other], because);
    let emptied = HostState {
        addresses: Vec::new(),
        services: Vec::new(),
        views: BTreeMap::new(),
        announced_id: None,
        agent_id: None,
        mac: None,
        identity: String::new(),
        ..state.hosts[other].clone()
    };
    let gone = std::mem::replace(&mut state.hosts[other], emptied);
    if gone.id != 0 {
        state.merged.push(gone.id);
    }
    let host = &mut state.hosts[into];
    host.first_seen = host.first_seen.min(gone.first_seen);
    host.told |= gone.told;
    if host.marks == Marks::default() {
        host.marks = gone.marks;
    }
    for address in gone.addresses {
        if host.address(address.address).is_none() {
            host.addresses.push(address);
        }
    }
    for mut service in gone.services {
        let known = host
            .services
            .iter()
            .any(|known| known.place() == service.place());
        if !known {
            service.id = 0;
            host.services.push(service);
        }
    }
    for (agent, view) in gone.views {
        host.views.entry(agent).or_insert(view);
    }
    ended
}

fn new_host(seen: &Seen, now: Timestamp) -> HostState {
    HostState {
        id: 0,
        identity: String::new(),
        agent_id: None,
        announced_id: None,
        mac: None,
        roaming: seen.roaming.is_some(),
        names: Vec::new(),
        first_seen: now,
        last_seen: now,
        stable_passes: 0,
        told: false,
        came_back_at: None,
        said: BTreeMap::new(),
        addresses: Vec::new(),
        services: Vec::new(),
        views: BTreeMap::new(),
        marks: Marks::default(),
    }
}

/// Takes what was seen into the host's row: what it is known by, its address, its names.
fn learn(state: &mut NetworkState, place: usize, seen: &Seen, agent: Option<&str>, now: Timestamp) {
    let host = &mut state.hosts[place];
    if let Some(agent) = agent {
        host.agent_id = Some(agent.to_owned());
    }
    if let Some(id) = &seen.announced_id {
        host.announced_id = Some(id.clone());
    }
    if let Some(mac) = seen.device.or(seen.roaming) {
        let mac = mac.to_string();
        let same = host.mac.as_ref().is_none_or(|known| *known == mac);
        // Two cards of one host do not make it unstable: what counts is that the host is told by it.
        if !same
            && !host
                .addresses
                .iter()
                .any(|known| known.mac.as_ref() == Some(&mac))
        {
            host.stable_passes = 0;
        }
        host.roaming = seen.roaming.is_some() && host.announced_id.is_none();
        host.mac = Some(mac);
    }
    host.last_seen = now;
    for seen_name in &seen.names {
        match host
            .names
            .iter_mut()
            .find(|known| known.sense == seen_name.sense)
        {
            Some(known) => known.name.clone_from(&seen_name.name),
            None => host.names.push(seen_name.clone()),
        }
    }
    let mac = seen.device.or(seen.roaming).map(|mac| mac.to_string());
    match host
        .addresses
        .iter_mut()
        .find(|known| known.address == seen.address)
    {
        Some(known) => {
            if known.last_seen != now {
                known.seen_before = Some(known.last_seen);
            }
            known.last_seen = now;
            known.mac = mac.or(known.mac.take());
            for sense in &seen.senses {
                if !known.senses.contains(sense) {
                    known.senses.push(*sense);
                }
            }
        }
        None => host.addresses.push(AddressState {
            address: seen.address,
            mac,
            first_seen: now,
            last_seen: now,
            senses: seen.senses.clone(),
            seen_before: None,
        }),
    }
    host.identity = identity(host);
    // What people said of it counts again when it comes back after its row was removed (rule 7).
    if host.marks == Marks::default()
        && let Some(kept) = state.kept_marks.get(&host.identity)
    {
        host.marks.clone_from(kept);
    }
}

/// The strongest of what a host is known by.
fn identity(host: &HostState) -> String {
    if let Some(agent) = &host.agent_id {
        return format!("agent:{agent}");
    }
    if let Some(id) = &host.announced_id {
        return format!("id:{id}");
    }
    if let Some(mac) = &host.mac {
        // The first card stays its name, whichever of them was seen last.
        let known = host.identity.strip_prefix("mac:").filter(|_| !host.roaming);
        return format!("mac:{}", known.unwrap_or(mac));
    }
    // As long as nothing else is known, the address it was first seen at.
    let first = host
        .addresses
        .iter()
        .min_by_key(|known| (known.first_seen, known.address));
    first.map_or_else(String::new, |known| format!("ip:{}", known.address))
}
