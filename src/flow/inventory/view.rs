//! What is shown of networks and hosts: a fixed number of questions, whatever there is.

use std::collections::HashMap;

use crate::domain::inventory::host::Host;
use crate::domain::inventory::judge::Standing;
use crate::domain::inventory::network::{Network, NetworkAgent};
use crate::domain::inventory::state::NetworkState;
use crate::domain::order;
use crate::domain::timestamp::Timestamp;
use crate::store::networks::{self, Which};
use crate::store::passes::{self, LastPass};
use crate::store::{Db, StoreError, agents};

/// Networks, and the hosts on them.
#[derive(Debug, Default)]
pub struct Overview {
    /// By site and prefix.
    pub networks: Vec<Network>,
    /// In the order of their networks, by address.
    pub hosts: Vec<Host>,
}

/// Which hosts are asked for. Everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// At this site.
    pub site: Option<String>,
    /// On the network of this number.
    pub network: Option<i64>,
    /// Present, absent or unknown.
    pub state: Option<Standing>,
    /// Words that must all stand in what names it.
    pub words: Vec<String>,
    /// Whether it is new.
    pub new: Option<bool>,
    /// Whether it makes its hardware address up.
    pub roaming: Option<bool>,
    /// Whether people know it.
    pub known: Option<bool>,
    /// Whether it is pinned.
    pub pinned: Option<bool>,
    /// Whether it is ignored.
    pub ignored: Option<bool>,
}

impl Filter {
    fn passes(&self, host: &Host) -> bool {
        let agrees = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        self.network
            .is_none_or(|network| network == host.network_id)
            && self.state.is_none_or(|state| state == host.state)
            && agrees(self.new, host.new)
            && agrees(self.roaming, host.roaming)
            && agrees(self.known, host.known)
            && agrees(self.pinned, host.pinned)
            && agrees(self.ignored, host.ignored)
            && host.holds_all(&self.words)
    }
}

/// Networks of a site, or all, with their hosts.
///
/// # Errors
/// The database refuses.
pub fn overview(db: &Db, site: Option<&str>, now: Timestamp) -> Result<Overview, StoreError> {
    show(db, site.map_or(Which::All, Which::Site), now)
}

/// The hosts that pass.
///
/// # Errors
/// The database refuses.
pub fn hosts(db: &Db, filter: &Filter, now: Timestamp) -> Result<Vec<Host>, StoreError> {
    let mut hosts = overview(db, filter.site.as_deref(), now)?.hosts;
    hosts.retain(|host| filter.passes(host));
    Ok(hosts)
}

/// One host.
///
/// # Errors
/// The database refuses.
pub fn host(db: &Db, id: i64, now: Timestamp) -> Result<Option<Host>, StoreError> {
    let states = networks::states(db, Which::OfHost(id), now)?;
    Ok(states.iter().find_map(|state| {
        let found = state.hosts.iter().find(|host| host.id == id)?;
        Some(Host::of(state, found, now))
    }))
}

/// One network.
///
/// # Errors
/// The database refuses.
pub fn network(db: &Db, id: i64, now: Timestamp) -> Result<Option<Network>, StoreError> {
    Ok(show(db, Which::One(id), now)?.networks.pop())
}

fn show(db: &Db, which: Which<'_>, now: Timestamp) -> Result<Overview, StoreError> {
    let states = networks::states(db, which, now)?;
    if states.is_empty() {
        return Ok(Overview::default());
    }
    let names: HashMap<String, String> = agents::all(db, now)?
        .into_iter()
        .map(|agent| (agent.id, agent.hostname))
        .collect();
    let last = passes::all(db)?;
    let mut overview = Overview::default();
    for state in states {
        let mut hosts: Vec<Host> = state
            .hosts
            .iter()
            .map(|host| Host::of(&state, host, now))
            .collect();
        order::sort_by_cached_key(&mut hosts, |host| {
            let first = host
                .addresses
                .first()
                .and_then(|known| known.address.parse().ok());
            (first.map(|address: std::net::IpAddr| address), host.id)
        });
        overview
            .networks
            .push(network_of(&state, &hosts, (&names, &last), now));
        overview.hosts.extend(hosts);
    }
    Ok(overview)
}

fn network_of(
    state: &NetworkState,
    hosts: &[Host],
    (names, last): (&HashMap<String, String>, &HashMap<String, LastPass>),
    now: Timestamp,
) -> Network {
    let row = &state.row;
    let shown = || hosts.iter().filter(|host| !host.ignored);
    let standing = |wanted| shown().filter(|host| host.state == wanted).count();
    let agents: Vec<NetworkAgent> = state
        .reporters
        .iter()
        .map(|reporter| NetworkAgent {
            agent_id: reporter.agent_id.clone(),
            hostname: names.get(&reporter.agent_id).cloned().unwrap_or_default(),
            dev: reporter.dev.clone(),
            last_pass_at: reporter.last_pass_at,
            unusable: reporter.unusable.clone(),
            swept: reporter.swept,
            not_swept: reporter.not_swept.clone(),
            silent: reporter.silent,
            blind: reporter.blind,
            senses: last
                .get(&reporter.agent_id)
                .map_or_else(Vec::new, |pass| pass.senses.clone()),
        })
        .collect();
    Network {
        id: row.id,
        site_id: row.site_id.clone(),
        cidr: row.cidr.clone(),
        name: row.name.clone(),
        gateway: row.gateway.clone(),
        gateway_mac: row.gateway_mac.clone(),
        no_guests: row.no_guests,
        first_seen: row.first_seen,
        last_seen: row.last_seen,
        baseline_done: row.baseline_at.is_some(),
        cannot_know: !state
            .reporters
            .iter()
            .any(|reporter| reporter.has_a_say(now) && !reporter.blind),
        hosts: shown().count(),
        present: standing(Standing::Present),
        absent: standing(Standing::Absent),
        new: shown().filter(|host| host.new).count(),
        roaming: shown().filter(|host| host.roaming).count(),
        agents,
    }
}
