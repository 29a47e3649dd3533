//! One pass of an agent's discovery, as it travels in a report. It tells what was seen and by which
//! sense, and what could not be looked at; it draws no conclusion.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::timestamp::Timestamp;

/// Most networks of one pass.
pub const MAX_NETWORKS: usize = 32;
/// Most addresses of one pass, over all its networks.
pub const MAX_SIGHTINGS: usize = 1100;
/// Longest text from outside in a pass (a name, a title), in characters.
pub const MAX_TEXT: usize = 256;
/// Most services of one address.
pub const MAX_SERVICES: usize = 64;

/// A way of finding out that something is there.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// It is an address of the agent's own host.
    Own,
    /// The kernel resolved or confirmed its hardware address, or the host refused the datagram
    /// that was to make it do so.
    Neighbour,
    /// It answered an ICMP echo.
    Icmp,
    /// A TCP connection was accepted or refused: both are proof of life.
    Tcp,
    /// It answered or announced itself by multicast DNS.
    Mdns,
    /// It answered an SSDP search.
    Ssdp,
    /// It answered an HTTP request.
    Http,
    /// The resolver knows its address by a name; that is no proof of life.
    ReverseDns,
    /// It answered a NetBIOS name query.
    Netbios,
    /// It answered an SNMP request.
    Snmp,
}

impl Sense {
    /// Whether what this sense sees is there now.
    pub fn proves_presence(self) -> bool {
        self != Self::ReverseDns
    }

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Neighbour => "neighbour",
            Self::Icmp => "icmp",
            Self::Tcp => "tcp",
            Self::Mdns => "mdns",
            Self::Ssdp => "ssdp",
            Self::Http => "http",
            Self::ReverseDns => "reverse_dns",
            Self::Netbios => "netbios",
            Self::Snmp => "snmp",
        }
    }
}

/// How a sense fared in a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fared {
    /// It looked, whatever it saw.
    Works,
    /// The system does not let this process use it, or nothing could be sent.
    Refused,
    /// The configuration leaves it out.
    Off,
}

/// One sense and how it fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SenseReport {
    /// Which.
    pub sense: Sense,
    /// How.
    pub fared: Fared,
    /// Why it did not work, and what would help: one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What one pass saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Pass {
    /// When it began, by the agent's clock; names the pass among those of its agent.
    #[schema(value_type = String)]
    pub started_at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// Every sense, whether it was used or not.
    pub senses: Vec<SenseReport>,
    /// The networks this host is attached to that were looked at, and further ones that the
    /// configuration names. None: the agent found no network that it may look at.
    pub networks: Vec<NetworkPass>,
    /// The DNS servers that this host asks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolvers: Vec<String>,
}

/// What one pass saw of one network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NetworkPass {
    /// `192.168.1.0/24`
    pub cidr: String,
    /// The interface; empty for a network this host is not attached to.
    #[serde(default)]
    pub dev: String,
    /// The gateway of this network, if the kernel has one there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// Its hardware address, as `aa:bb:cc:dd:ee:ff`, where it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_mac: Option<String>,
    /// Whether every address was asked. Where not, only what showed itself is listed, and an
    /// address that is missing says nothing.
    pub swept: bool,
    /// Why it was not swept, where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_swept: Option<String>,
    /// How long it took to ask every address and to read the answers, where it was swept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep_ms: Option<u64>,
    /// Why nothing may be concluded from what is missing here: the link or the gateway was lost
    /// meanwhile, nobody was seen, or too much could not be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<String>,
    /// One for each address that is there, or of which there is something to tell.
    pub sightings: Vec<Sighting>,
    /// Addresses that the server's policy asked after, that were missing, and were asked again
    /// directly: three tries over ten seconds, without an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_in_vain: Vec<String>,
}

/// What was seen of one address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sighting {
    /// The IP address.
    pub address: String,
    /// Its hardware address, as `aa:bb:cc:dd:ee:ff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Every sense that saw it in this pass. None of them where the kernel only remembers it
    /// from before (a stale neighbour): that is no news, neither presence nor absence.
    #[serde(default)]
    pub senses: Vec<Sense>,
    /// Names it goes by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<SeenName>,
    /// A stable id that the thing announces of itself, as `TYPE:ID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_id: Option<String>,
    /// What answers there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<SeenService>,
    /// The TCP ports that were asked in this pass, ascending: of a port that is not among them
    /// nothing is known, open or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports_asked: Vec<u16>,
}

/// A name of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeenName {
    /// Without a dot at the end.
    pub name: String,
    /// Which sense learned it.
    pub sense: Sense,
}

/// A port that answers, or a service that is announced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeenService {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The port.
    pub port: u16,
    /// A connection to it was accepted in this pass. False for one that is only announced.
    #[serde(default)]
    pub open: bool,
    /// What tells which product it is, by where it was read: `mdns_type`, `mdns_name`, `mdns_model`,
    /// `ssdp_server`, `ssdp_type`, `http_title`, `http_server`, `http_status`, `banner`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, String>,
    /// The certificate it showed; recorded, not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<SeenCertificate>,
}

/// A certificate that was shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeenCertificate {
    /// Common name of its subject, or its first alternative name.
    pub subject: String,
    /// Common name of its issuer.
    pub issuer: String,
    /// From then on it is not valid.
    #[schema(value_type = String)]
    pub not_after: Timestamp,
}

/// What the server wants of an agent's next passes; it comes with the answer to a report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// Addresses whose absence would be complained about: where a pass does not see one, the
    /// agent asks it directly before it reports.
    #[serde(default)]
    pub watched: Vec<WatchedAddress>,
}

/// An address that is asked directly before it counts as missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WatchedAddress {
    /// The IP address.
    pub address: String,
    /// The hardware address it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// TCP ports that were open there last.
    #[serde(default)]
    pub ports: Vec<u16>,
}

impl Pass {
    /// Whether its bounds are kept.
    ///
    /// # Errors
    /// What is too much.
    pub fn check(&self) -> Result<(), String> {
        if self.networks.len() > MAX_NETWORKS {
            return Err(format!("expected at most {MAX_NETWORKS} networks"));
        }
        let sightings: usize = self.networks.iter().map(|one| one.sightings.len()).sum();
        if sightings > MAX_SIGHTINGS {
            return Err(format!("expected at most {MAX_SIGHTINGS} addresses"));
        }
        let most = self
            .networks
            .iter()
            .flat_map(|network| &network.sightings)
            .map(|sighting| sighting.services.len().max(sighting.names.len()))
            .max()
            .unwrap_or(0);
        if most > MAX_SERVICES {
            return Err(format!(
                "expected at most {MAX_SERVICES} services and names of an address"
            ));
        }
        Ok(())
    }
}
