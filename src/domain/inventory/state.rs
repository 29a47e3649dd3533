//! What is remembered of a network between two passes: its hosts, what each agent saw of them, and
//! what was said about them. Read and written as a whole with each pass.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::pass::{SeenCertificate, SeenName, Sense};
use super::product::Confidence;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// Full passes of a network, and of an agent on it, from which nothing is told (rule 5).
pub const BASELINE_PASSES: u32 = 3;
/// An agent that has made no pass of a network for so long has no say there; longer where its
/// passes are further apart.
const HAS_A_SAY_MS: i64 = 60 * 60 * 1000;
/// A sense that has not seen a host for so long is no longer waited for.
const SENSE_FORGOTTEN_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// Addresses at which a host was seen so shortly before it was seen last are its current ones.
const CURRENT_MS: i64 = 60 * 60 * 1000;
/// A service that was not seen for so long while its host was is history.
const SERVICE_FORGOTTEN_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// All that is remembered of one network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkState {
    /// The network itself.
    pub row: NetworkRow,
    /// Every agent that ever looked at it.
    pub reporters: Vec<Reporter>,
    /// Its hosts.
    pub hosts: Vec<HostState>,
    /// Addresses that two hosts use at once, as far as that was said and is not over.
    pub conflicts: Vec<Conflict>,
    /// What people said of hosts of this site, by identity, whether there is a row or not.
    pub kept_marks: BTreeMap<String, Marks>,
    /// Numbers of hosts that turned out to be another's: they go.
    pub merged: Vec<i64>,
}

/// A network: site, gateway and prefix.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkRow {
    /// Number of the row.
    pub id: i64,
    /// The site it is at.
    pub site_id: String,
    /// `192.168.1.0/24`
    pub cidr: String,
    /// Address of its gateway.
    pub gateway: Option<String>,
    /// Hardware address of its gateway.
    pub gateway_mac: Option<String>,
    /// The gateway's hardware address before the change that was told last, while that holds.
    pub gateway_before: Option<String>,
    /// The agent it belongs to while no gateway's hardware address is known.
    pub agent_id: Option<String>,
    /// Usable passes that asked every address.
    pub full_passes: u32,
    /// When its baseline was done.
    pub baseline_at: Option<Timestamp>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// What people call it.
    pub name: Option<String>,
    /// People say that nobody new has any business there.
    pub no_guests: bool,
}

/// An agent that looks at a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Reporter {
    /// The agent.
    pub agent_id: String,
    /// Its interface there; empty where it is not attached.
    pub dev: String,
    /// Its gateway there.
    pub gateway: Option<String>,
    /// The hardware address of that.
    pub gateway_mac: Option<String>,
    /// Its usable passes that asked every address.
    pub full_passes: u32,
    /// When its last usable pass came in.
    pub last_pass_at: Option<Timestamp>,
    /// Time between its last two passes.
    pub gap_ms: i64,
    /// Why its last pass could not be used, where it could not.
    pub unusable: Option<String>,
    /// Whether its last usable pass asked every address.
    pub swept: bool,
    /// Why that did not, where it did not.
    pub not_swept: Option<String>,
    /// It is unheard for three of its intervals.
    pub silent: bool,
    /// Its discovery sees no network at all.
    pub blind: bool,
}

impl Reporter {
    /// Whether its view of the network is fresh enough to count at `now`.
    pub fn has_a_say(&self, now: Timestamp) -> bool {
        let patience = HAS_A_SAY_MS.max(self.gap_ms.saturating_mul(4));
        !self.silent
            && self
                .last_pass_at
                .is_some_and(|last| now.millis_since(last) <= patience)
    }
}

/// One host on one network.
#[derive(Debug, Clone, PartialEq)]
pub struct HostState {
    /// Number of the row; 0 for one that is not stored yet.
    pub id: i64,
    /// The strongest of what it is known by: `agent:`, `id:`, `mac:` or `ip:`.
    pub identity: String,
    /// The agent that runs on it.
    pub agent_id: Option<String>,
    /// The stable id that it announces.
    pub announced_id: Option<String>,
    /// Its hardware address, as last seen.
    pub mac: Option<String>,
    /// It makes its hardware address up: grouped and quiet.
    pub roaming: bool,
    /// Names it goes by.
    pub names: Vec<SeenName>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// Passes that saw it with the same hardware address, up to two.
    pub stable_passes: u32,
    /// Its being new was told, or is not worth telling.
    pub told: bool,
    /// When it was last back after a pass that missed it.
    pub came_back_at: Option<Timestamp>,
    /// Keys of what was said of it and is not over: by kind.
    pub said: BTreeMap<String, String>,
    /// Its addresses.
    pub addresses: Vec<AddressState>,
    /// What answers there.
    pub services: Vec<ServiceState>,
    /// What each agent saw of it.
    pub views: BTreeMap<String, View>,
    /// What people say of it.
    pub marks: Marks,
}

/// What people say of a host. Kept by identity, apart from the host's row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// It belongs here.
    pub known: bool,
    /// Its absence is always worth a warning.
    pub pinned: bool,
    /// Nothing is told about it.
    pub ignored: bool,
    /// What they call it.
    pub name: Option<String>,
}

/// An address of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct AddressState {
    /// The address.
    pub address: IpAddr,
    /// The hardware address that was last seen there with this host.
    pub mac: Option<String>,
    /// When it was first seen there.
    pub first_seen: Timestamp,
    /// When it was last seen there.
    pub last_seen: Timestamp,
    /// Every sense that ever saw it there.
    pub senses: Vec<Sense>,
    /// When it was seen there before it was seen last. Of use within a pass only: not stored.
    pub seen_before: Option<Timestamp>,
}

/// A service of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceState {
    /// Number of the row; 0 for one that is not stored yet.
    pub id: i64,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The port.
    pub port: u16,
    /// A connection was accepted there once.
    pub open: bool,
    /// What tells which product it is, by where it was read.
    pub evidence: BTreeMap<String, String>,
    /// Which product that is; nothing for a bare port.
    pub product: Option<String>,
    /// The type of integration that it would be.
    pub integration: Option<String>,
    /// How sure that is.
    pub confidence: Confidence,
    /// Others depend on a host that has it.
    pub bears: bool,
    /// The certificate it showed last.
    pub certificate: Option<SeenCertificate>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// Passes that saw it open, up to two.
    pub open_passes: u32,
    /// When it was last open again after a pass that missed it.
    pub came_back_at: Option<Timestamp>,
    /// Its being new was told, or is not worth telling.
    pub told: bool,
    /// Keys of what was said of it and is not over: by kind.
    pub said: BTreeMap<String, String>,
    /// How bad its certificate was said to be.
    pub said_certificate: Option<Severity>,
    /// What each agent saw of it.
    pub views: BTreeMap<String, View>,
}

/// What one agent saw of a host or of a service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// When each sense last saw it.
    #[serde(
        default,
        with = "super::millis::by_sense",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub senses: BTreeMap<Sense, Timestamp>,
    /// When it last saw it at all.
    #[serde(default, with = "super::millis::moment")]
    pub last_seen: Option<Timestamp>,
    /// Passes in a row that say it is not there.
    #[serde(default)]
    pub misses: u32,
    /// When the first of those came in.
    #[serde(
        default,
        with = "super::millis::moment",
        skip_serializing_if = "Option::is_none"
    )]
    pub missing_since: Option<Timestamp>,
    /// In the last of them it was asked directly, in vain.
    #[serde(default)]
    pub asked: bool,
}

/// Two hosts use one address.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The address.
    pub address: IpAddr,
    /// Key of the signal that said so.
    pub key: String,
    /// When it was last seen to be so.
    pub last_at: Timestamp,
    /// Passes since that saw nothing of it.
    pub quiet_passes: u32,
}

impl View {
    /// It was seen at `now`. Answers whether it had been missed.
    pub(super) fn saw(&mut self, senses: &[Sense], now: Timestamp) -> bool {
        for sense in senses.iter().filter(|sense| sense.proves_presence()) {
            self.senses.insert(*sense, now);
        }
        let missed = self.misses > 0;
        self.last_seen = Some(now);
        self.misses = 0;
        self.missing_since = None;
        self.asked = false;
        missed
    }

    /// It was not seen at `now`, though it would have been if it were there.
    pub(super) fn missed(&mut self, asked: bool, now: Timestamp) {
        self.misses = self.misses.saturating_add(1);
        self.missing_since.get_or_insert(now);
        self.asked = asked;
    }

    /// The senses that once saw it, and lately enough to be waited for.
    pub(super) fn senses_to_wait_for(&self, now: Timestamp) -> impl Iterator<Item = Sense> {
        self.senses
            .iter()
            .filter(move |(_, at)| now.millis_since(**at) <= SENSE_FORGOTTEN_MS)
            .map(|(sense, _)| *sense)
            // The agent's word for its own host: no sense that another host could be missed by.
            .filter(|sense| *sense != Sense::Own)
    }
}

impl HostState {
    /// The addresses it has now.
    pub fn current_addresses(&self) -> impl Iterator<Item = &AddressState> {
        let last = self.last_seen;
        self.addresses
            .iter()
            .filter(move |known| last.millis_since(known.last_seen) <= CURRENT_MS)
    }

    /// The address to show first: the one that was seen last.
    pub fn main_address(&self) -> Option<&AddressState> {
        let order = |known: &&AddressState| (known.last_seen, std::cmp::Reverse(known.address));
        self.addresses.iter().max_by_key(order)
    }

    /// Its row at an address.
    pub fn address(&self, address: IpAddr) -> Option<&AddressState> {
        self.addresses.iter().find(|known| known.address == address)
    }

    /// What to call it: people's name, else its own, else its address.
    pub fn called(&self) -> String {
        if let Some(name) = &self.marks.name {
            return name.clone();
        }
        if let Some(seen) = self.names.first() {
            return seen.name.clone();
        }
        match self.main_address() {
            Some(known) => known.address.to_string(),
            None => self.identity.clone(),
        }
    }

    /// Whether it has a service that others depend on.
    pub fn bears_services(&self) -> bool {
        self.services.iter().any(|service| {
            service.bears
                && service.open
                && self.last_seen.millis_since(service.last_seen) <= SERVICE_FORGOTTEN_MS
        })
    }

    /// Whether its absence is complained about: only of what is pinned, bears an agent or bears
    /// services. A roaming device comes and goes as it likes, unless somebody pinned it.
    pub fn is_watched(&self) -> bool {
        let matters = self.agent_id.is_some() || (self.bears_services() && !self.roaming);
        !self.marks.ignored && (self.marks.pinned || matters)
    }
}

impl ServiceState {
    /// How people write it: `tcp/443`.
    pub fn place(&self) -> String {
        format!("{}/{}", self.protocol, self.port)
    }

    /// What to call it.
    pub fn called(&self) -> String {
        self.product.clone().unwrap_or_else(|| self.place())
    }
}
