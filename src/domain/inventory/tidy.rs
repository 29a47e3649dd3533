//! A pass as it may be used: addresses that are some, text that is bounded and steers nothing, one
//! entry for each network. Whoever has a token may send anything; what cannot be read is left out.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::mac::{Bearer, Mac};
use super::pass::{
    Fared, MAX_TEXT, NetworkPass, Pass, SeenCertificate, SeenName, SeenService, Sense, Sighting,
};
use crate::domain::cidr::Cidr;
use crate::domain::text;

/// Evidence of one service.
const MAX_EVIDENCE: usize = 16;
/// One hardware address at more addresses than this is a router that answers for others (proxy
/// ARP): it tells no device.
const PROXY_ARP: usize = 8;

/// What one agent saw of one network, readable.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// The network, without bits beyond its prefix.
    pub cidr: Cidr,
    /// See [`NetworkPass::dev`].
    pub dev: String,
    /// See [`NetworkPass::gateway`].
    pub gateway: Option<IpAddr>,
    /// See [`NetworkPass::gateway_mac`].
    pub gateway_mac: Option<Mac>,
    /// See [`NetworkPass::swept`].
    pub swept: bool,
    /// See [`NetworkPass::not_swept`].
    pub not_swept: Option<String>,
    /// See [`NetworkPass::unusable`].
    pub unusable: Option<String>,
    /// What was seen.
    pub seen: Vec<Seen>,
    /// See [`NetworkPass::asked_in_vain`].
    pub asked_in_vain: Vec<IpAddr>,
    /// Senses that looked in this pass.
    pub working: Vec<Sense>,
}

/// What was seen of one address.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The address.
    pub address: IpAddr,
    /// Its hardware address, whoever bears it.
    pub mac: Option<Mac>,
    /// The hardware address, where it tells a device for good.
    pub device: Option<Mac>,
    /// The hardware address, where it is made up.
    pub roaming: Option<Mac>,
    /// See [`Sighting::senses`].
    pub senses: Vec<Sense>,
    /// See [`Sighting::names`].
    pub names: Vec<SeenName>,
    /// See [`Sighting::announced_id`].
    pub announced_id: Option<String>,
    /// See [`Sighting::services`].
    pub services: Vec<SeenService>,
    /// See [`Sighting::ports_asked`].
    pub ports_asked: Vec<u16>,
}

impl Seen {
    /// Whether something proves that it is there now. A stale neighbour, or a name that the
    /// resolver knows, does not (rule 1).
    pub fn is_present(&self) -> bool {
        self.senses.iter().any(|sense| sense.proves_presence())
    }

    /// Whether it is an address of the agent's own host.
    pub fn is_own(&self) -> bool {
        self.senses.contains(&Sense::Own)
    }
}

/// The networks of a pass, each once. A host that is attached to one network twice looked at it
/// once, by two ways.
pub fn networks(pass: &Pass) -> Vec<Looked> {
    let working: Vec<Sense> = pass
        .senses
        .iter()
        .filter(|report| report.fared == Fared::Works)
        .map(|report| report.sense)
        .collect();
    let mut networks: Vec<Looked> = Vec::new();
    for network in &pass.networks {
        let Some(mut looked) = looked(network) else {
            continue;
        };
        looked.working.clone_from(&working);
        let twin = networks.iter_mut().find(|known| {
            let gateways = known.gateway_mac.zip(looked.gateway_mac);
            known.cidr == looked.cidr && gateways.is_none_or(|(one, other)| one == other)
        });
        match twin {
            None => networks.push(looked),
            Some(twin) => join(twin, looked),
        }
    }
    for looked in &mut networks {
        forget_proxies(looked);
        // Rule 4, whatever the agent made of it: not even the gateway was seen.
        let anybody = looked
            .seen
            .iter()
            .any(|seen| seen.is_present() && !seen.is_own());
        if !anybody && (looked.gateway.is_some() || looked.seen.is_empty()) {
            looked
                .unusable
                .get_or_insert_with(|| "nobody was seen".to_owned());
        }
    }
    networks
}

fn join(twin: &mut Looked, other: Looked) {
    match (&twin.unusable, &other.unusable) {
        (None, Some(_)) => return,
        (Some(_), None) => {
            let (gateway, mac) = (twin.gateway, twin.gateway_mac);
            *twin = other;
            twin.gateway = twin.gateway.or(gateway);
            twin.gateway_mac = twin.gateway_mac.or(mac);
            return;
        }
        _ => {}
    }
    twin.gateway = twin.gateway.or(other.gateway);
    twin.gateway_mac = twin.gateway_mac.or(other.gateway_mac);
    twin.swept |= other.swept;
    for seen in other.seen {
        let known = twin.seen.iter_mut().find(|known| {
            known.address == seen.address && (known.mac == seen.mac || seen.mac.is_none())
        });
        match known {
            None => twin.seen.push(seen),
            Some(known) => known.senses.extend(seen.senses),
        }
    }
    twin.asked_in_vain.extend(other.asked_in_vain);
}

fn looked(network: &NetworkPass) -> Option<Looked> {
    let cidr = without_host_bits(network.cidr.parse().ok()?)?;
    Some(Looked {
        dev: line(&network.dev),
        gateway: address(network.gateway.as_deref(), cidr),
        gateway_mac: network
            .gateway_mac
            .as_deref()
            .and_then(|text| text.parse::<Mac>().ok())
            .filter(|mac| mac.bearer() != Bearer::Nobody),
        swept: network.swept,
        not_swept: network.not_swept.as_deref().map(line),
        unusable: network.unusable.as_deref().map(line),
        seen: network
            .sightings
            .iter()
            .filter_map(|sighting| seen(sighting, cidr))
            .collect(),
        asked_in_vain: network
            .asked_in_vain
            .iter()
            .filter_map(|text| address(Some(text), cidr))
            .collect(),
        working: Vec::new(),
        cidr,
    })
}

fn seen(sighting: &Sighting, cidr: Cidr) -> Option<Seen> {
    let mac = sighting
        .mac
        .as_deref()
        .and_then(|text| text.parse::<Mac>().ok());
    let of = |bearer: Bearer| mac.filter(|mac| mac.bearer() == bearer);
    Some(Seen {
        address: address(Some(&sighting.address), cidr)?,
        mac: mac.filter(|mac| mac.bearer() != Bearer::Nobody),
        device: of(Bearer::Device),
        roaming: of(Bearer::Roaming),
        senses: sighting.senses.clone(),
        names: sighting
            .names
            .iter()
            .map(|seen| SeenName {
                name: line(seen.name.trim_end_matches('.')),
                sense: seen.sense,
            })
            .filter(|seen| !seen.name.is_empty())
            .collect(),
        announced_id: sighting
            .announced_id
            .as_deref()
            .map(line)
            .filter(|id| !id.is_empty()),
        services: sighting.services.iter().filter_map(service).collect(),
        ports_asked: sighting.ports_asked.clone(),
    })
}

fn service(seen: &SeenService) -> Option<SeenService> {
    let protocol = match seen.protocol.to_ascii_lowercase().as_str() {
        "tcp" => "tcp",
        "udp" => "udp",
        _ => return None,
    };
    Some(SeenService {
        protocol: protocol.to_owned(),
        port: seen.port,
        open: seen.open,
        evidence: seen
            .evidence
            .iter()
            .take(MAX_EVIDENCE)
            .map(|(key, value)| (line(key), line(value)))
            .collect(),
        certificate: seen.certificate.as_ref().map(|shown| SeenCertificate {
            subject: line(&shown.subject),
            issuer: line(&shown.issuer),
            not_after: shown.not_after,
        }),
    })
}

fn address(text: Option<&str>, cidr: Cidr) -> Option<IpAddr> {
    let address: IpAddr = text?.trim().parse().ok()?;
    cidr.contains(address).then(|| address.to_canonical())
}

fn line(text: &str) -> String {
    let line: String = text::shown(text).chars().take(MAX_TEXT).collect();
    line.trim().to_owned()
}

/// The network an address with a prefix lies in.
fn without_host_bits(cidr: Cidr) -> Option<Cidr> {
    let prefix = u32::from(cidr.prefix());
    let first = match cidr.address() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    };
    format!("{first}/{prefix}").parse().ok()
}

/// A hardware address that answers for many addresses tells none of them.
fn forget_proxies(looked: &mut Looked) {
    let mut bearing: HashMap<Mac, usize> = HashMap::new();
    for mac in looked.seen.iter().filter_map(|seen| seen.mac) {
        *bearing.entry(mac).or_default() += 1;
    }
    for seen in &mut looked.seen {
        let count = seen.mac.and_then(|mac| bearing.get(&mac));
        if count.is_some_and(|count| *count > PROXY_ARP) {
            seen.device = None;
            seen.roaming = None;
        }
    }
}
