//! A host as it is shown.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::judge::{Standing, standing};
use super::pass::{SeenCertificate, Sense};
use super::product::Confidence;
use super::state::{HostState, Marks, NetworkRow, NetworkState, ServiceState};
use super::vendor::vendor;
use crate::domain::fields::{FieldError, Fields, MAX_ID};
use crate::domain::order;
use crate::domain::timestamp::Timestamp;

/// A host that came so lately and is not marked as known is shown as new.
const NEW_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// A host as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[allow(clippy::struct_excessive_bools)] // the API's shape: each is a fact of its own
pub struct Host {
    /// Number of the row.
    pub id: i64,
    /// The site.
    pub site_id: String,
    /// Number of the network.
    pub network_id: i64,
    /// Its prefix: `192.168.1.0/24`.
    pub network: String,
    /// The strongest of what it is known by: `agent:`, `id:`, `mac:` or `ip:` and the value.
    pub identity: String,
    /// What to call it: people's name, else one of its own, else its address.
    pub name: String,
    /// Names it goes by.
    pub names: Vec<String>,
    /// Its hardware address, as last seen.
    pub mac: Option<String>,
    /// Who made its network card.
    pub vendor: Option<String>,
    /// It makes its hardware address up: a phone, mostly.
    pub roaming: bool,
    /// Its addresses, the one that was seen last first.
    pub addresses: Vec<Address>,
    /// What answers there.
    pub services: Vec<Service>,
    /// When it was first seen.
    #[schema(value_type = String)]
    pub first_seen: Timestamp,
    /// When it was last seen.
    #[schema(value_type = String)]
    pub last_seen: Timestamp,
    /// Whether it is there.
    pub state: Standing,
    /// It came since the baseline, within a week, and is not marked as known.
    pub new: bool,
    /// Its absence would be complained about.
    pub watched: bool,
    /// People say that it belongs here.
    pub known: bool,
    /// People say that its absence is always worth a warning.
    pub pinned: bool,
    /// Nothing is told about it.
    pub ignored: bool,
    /// The agent that runs on it.
    pub agent_id: Option<String>,
}

/// An address of a host.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Address {
    /// The address.
    pub address: String,
    /// When the host was first seen there.
    #[schema(value_type = String)]
    pub first_seen: Timestamp,
    /// When it was last seen there.
    #[schema(value_type = String)]
    pub last_seen: Timestamp,
    /// Every sense that ever saw it there.
    pub senses: Vec<Sense>,
}

/// A service of a host.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Service {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The port.
    pub port: u16,
    /// A connection was accepted there; else it is only announced.
    pub open: bool,
    /// Which product answers; nothing for a bare port.
    pub product: Option<String>,
    /// How sure that is.
    pub confidence: Confidence,
    /// What told, by where it was read.
    pub evidence: BTreeMap<String, String>,
    /// The certificate it showed; recorded, not verified.
    pub certificate: Option<SeenCertificate>,
    /// It no longer answers, while its host does.
    pub gone: bool,
    /// When it was first seen.
    #[schema(value_type = String)]
    pub first_seen: Timestamp,
    /// When it was last seen.
    #[schema(value_type = String)]
    pub last_seen: Timestamp,
}

impl Host {
    /// One host of a network at `now`.
    pub fn of(state: &NetworkState, host: &HostState, now: Timestamp) -> Self {
        let mut addresses: Vec<Address> = host
            .addresses
            .iter()
            .map(|known| Address {
                address: known.address.to_string(),
                first_seen: known.first_seen,
                last_seen: known.last_seen,
                senses: known.senses.clone(),
            })
            .collect();
        order::sort_by_key(&mut addresses, |known| std::cmp::Reverse(known.last_seen));
        let mut names: Vec<String> = Vec::new();
        for seen in &host.names {
            if !names.contains(&seen.name) {
                names.push(seen.name.clone());
            }
        }
        Self {
            id: host.id,
            site_id: state.row.site_id.clone(),
            network_id: state.row.id,
            network: state.row.cidr.clone(),
            identity: host.identity.clone(),
            name: host.called(),
            names,
            vendor: host.mac.as_deref().and_then(vendor).map(str::to_owned),
            mac: host.mac.clone(),
            roaming: host.roaming,
            addresses,
            services: host.services.iter().map(Service::of).collect(),
            first_seen: host.first_seen,
            last_seen: host.last_seen,
            state: standing(host, &state.reporters, now),
            new: is_new(&state.row, host, now),
            watched: host.is_watched(),
            known: host.marks.known,
            pinned: host.marks.pinned,
            ignored: host.marks.ignored,
            agent_id: host.agent_id.clone(),
        }
    }

    /// Whether each word stands somewhere in what names it, in any case.
    pub fn holds_all(&self, words: &[String]) -> bool {
        let addresses = self.addresses.iter().map(|known| known.address.as_str());
        let products = self.services.iter().filter_map(|s| s.product.as_deref());
        let ports = self.services.iter().map(|s| s.port.to_string());
        let text = [self.name.as_str(), &self.identity, &self.network]
            .into_iter()
            .chain(self.names.iter().map(String::as_str))
            .chain(self.mac.as_deref())
            .chain(self.vendor.as_deref())
            .chain(addresses)
            .chain(products)
            .map(str::to_lowercase)
            .chain(ports)
            .collect::<Vec<_>>()
            .join("\n");
        words.iter().all(|word| text.contains(&word.to_lowercase()))
    }
}

fn is_new(row: &NetworkRow, host: &HostState, now: Timestamp) -> bool {
    let expected = host.marks.known || host.marks.ignored || host.agent_id.is_some();
    let since = row.baseline_at.is_some_and(|done| host.first_seen > done);
    since && !expected && !host.roaming && now.millis_since(host.first_seen) <= NEW_MS
}

impl Service {
    fn of(service: &ServiceState) -> Self {
        Self {
            protocol: service.protocol.clone(),
            port: service.port,
            open: service.open,
            product: service.product.clone(),
            confidence: service.confidence,
            evidence: service.evidence.clone(),
            certificate: service.certificate.clone(),
            gone: service.said.contains_key(crate::domain::kind::SERVICE_GONE),
            first_seen: service.first_seen,
            last_seen: service.last_seen,
        }
    }
}

/// What people change about a host; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marking {
    /// See [`Marks::known`].
    pub known: Option<bool>,
    /// See [`Marks::pinned`].
    pub pinned: Option<bool>,
    /// See [`Marks::ignored`].
    pub ignored: Option<bool>,
    /// See [`Marks::name`]; `Some(None)` takes the name back.
    pub name: Option<Option<String>>,
}

impl Marking {
    /// Reads a body: `{"known", "pinned", "ignored", "name"}`, each of which may be missing.
    ///
    /// # Errors
    /// One [`FieldError`] for each field that is wrong.
    pub fn from_json(body: Value) -> Result<Self, Vec<FieldError>> {
        let names = body.get("name").is_some();
        let mut fields = Fields::of(body)?;
        let name = fields.optional("name", MAX_ID);
        let marking = Self {
            known: fields.value("known"),
            pinned: fields.value("pinned"),
            ignored: fields.value("ignored"),
            name: names.then_some(name),
        };
        fields.finish(marking)
    }

    /// What is said after the change.
    pub fn apply(&self, marks: &Marks) -> Marks {
        Marks {
            known: self.known.unwrap_or(marks.known),
            pinned: self.pinned.unwrap_or(marks.pinned),
            ignored: self.ignored.unwrap_or(marks.ignored),
            name: self.name.clone().unwrap_or_else(|| marks.name.clone()),
        }
    }
}
