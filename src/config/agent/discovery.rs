//! What discovery may do: the `discovery:` section below `agent:`. Without it the agent looks
//! passively and lightly, at the private networks of /23 or smaller that it is attached to.

use crate::config::secret::Secret;
use crate::config::section::Section;
use crate::domain::cidr::Cidr;

/// Seconds between two passes, where nothing else is told.
pub const DEFAULT_INTERVAL_SECONDS: u32 = 900;

/// What discovery may do.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of the file
pub struct DiscoveryConfig {
    /// Whether there is any.
    pub enabled: bool,
    /// Seconds between two passes.
    pub interval_seconds: u32,
    /// Tier 1: asks every address of the attached networks. Off: only what shows itself.
    pub light: bool,
    /// Tier 2: further networks to ask, not larger than /22.
    pub networks: Vec<Cidr>,
    /// Addresses and networks that nothing is ever sent to.
    pub exclude: Vec<Cidr>,
    /// Tier 2: one GET for each open port that may speak HTTP, certificates recorded.
    pub http: bool,
    /// Tier 2: the resolver's name of every address that is there.
    pub reverse_dns: bool,
    /// Tier 2: NetBIOS name queries.
    pub netbios: bool,
    /// Tier 2: the community that sysName is asked with over SNMP v2c; empty for never.
    pub snmp_community: Secret,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            interval_seconds: DEFAULT_INTERVAL_SECONDS,
            light: true,
            networks: Vec::new(),
            exclude: Vec::new(),
            http: false,
            reverse_dns: false,
            netbios: false,
            snmp_community: Secret::default(),
        }
    }
}

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> DiscoveryConfig {
    let usual = DiscoveryConfig::default();
    DiscoveryConfig {
        enabled: section.flag("enabled", None).unwrap_or(usual.enabled),
        interval_seconds: section
            .number("interval_seconds", None, 60..=86_400)
            .and_then(|seconds| u32::try_from(seconds).ok())
            .unwrap_or(usual.interval_seconds),
        light: section.flag("light", None).unwrap_or(usual.light),
        networks: section.list("networks", None, network).unwrap_or_default(),
        exclude: section
            .list("exclude", None, str::parse)
            .unwrap_or_default(),
        http: section.flag("http", None).unwrap_or(usual.http),
        reverse_dns: section
            .flag("reverse_dns", None)
            .unwrap_or(usual.reverse_dns),
        netbios: section.flag("netbios", None).unwrap_or(usual.netbios),
        snmp_community: section.file_secret("snmp_community"),
    }
}

/// A further network: private, IPv4, and small enough to be asked address by address.
///
/// # Errors
/// What is expected instead.
fn network(text: &str) -> Result<Cidr, String> {
    let cidr: Cidr = text.parse()?;
    match (cidr.address(), cidr.prefix()) {
        (std::net::IpAddr::V4(address), 22..) if address.is_private() => Ok(cidr),
        (std::net::IpAddr::V4(address), _) if address.is_private() => Err(format!(
            "{text} is larger than /22, which is the most that is asked address by address; name smaller networks"
        )),
        _ => Err(format!(
            "{text} is no private IPv4 network such as 192.168.20.0/24"
        )),
    }
}
