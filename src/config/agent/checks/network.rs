//! What the network's checks are told: `gateway:`, `dns:`, `ping:`, `tcp:` and the certificates.

use std::net::{IpAddr, SocketAddr};

use super::web::HttpTarget;
use super::{after, name, number};
use crate::config::section::Section;

/// Looks in a row until something is complained about, where nothing else is told.
pub const DEFAULT_AFTER: u32 = 2;
/// Seconds that a connection may take, where nothing else is told.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 10;
/// Where loss is complained about, in percent, where nothing else is told.
pub const DEFAULT_LOSS_PERCENT: u32 = 20;
/// Longest name of a host in the DNS.
const MAX_HOST: usize = 253;
/// Longest label of a name in the DNS.
const MAX_LABEL: usize = 63;
/// The port of DNS.
const DNS_PORT: u16 = 53;

/// What is told of the default gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayChecks {
    /// Whether they are judged; they are measured in any case.
    pub enabled: bool,
    /// Looks in a row without an answer, or too slow, until it is complained about.
    pub after: u32,
    /// No round trip below this is too slow, in milliseconds.
    pub latency_ms: u32,
    /// Nor one below this many times the median of the last seven days.
    pub latency_factor: u32,
    /// Loss that is too much.
    pub loss: Loss,
}

impl Default for GatewayChecks {
    fn default() -> Self {
        Self {
            enabled: true,
            after: DEFAULT_AFTER,
            latency_ms: 20,
            latency_factor: 4,
            loss: Loss::default(),
        }
    }
}

/// Loss that is too much, in percent of the last probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// From here on it is complained about.
    pub percent: u32,
    /// At or below it the complaint is over.
    pub clear_percent: u32,
}

impl Default for Loss {
    fn default() -> Self {
        Self {
            percent: DEFAULT_LOSS_PERCENT,
            clear_percent: DEFAULT_LOSS_PERCENT / 4,
        }
    }
}

impl Loss {
    /// `loss_percent` and `loss_clear_percent`, which is a quarter of it where it is not told.
    fn read(section: &mut Section<'_>) -> Self {
        let percent = number(section, "loss_percent", 1..=100, DEFAULT_LOSS_PERCENT);
        let clear_percent = number(section, "loss_clear_percent", 0..=99, percent / 4);
        if clear_percent >= percent {
            let message = format!("expected less than loss_percent, which is {percent}");
            section.complain("loss_clear_percent", None, message);
        }
        Self {
            percent,
            clear_percent,
        }
    }
}

/// Reads `gateway:`.
pub(super) fn gateway(section: &mut Section<'_>) -> GatewayChecks {
    let usual = GatewayChecks::default();
    GatewayChecks {
        enabled: section.flag("enabled", None).unwrap_or(usual.enabled),
        after: after(section),
        latency_ms: number(section, "latency_ms", 1..=10_000, usual.latency_ms),
        latency_factor: number(section, "latency_factor", 2..=100, usual.latency_factor),
        loss: Loss::read(section),
    }
}

/// What is told of the resolvers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsChecks {
    /// Whether they are asked at all.
    pub enabled: bool,
    /// The name that is asked for, without a dot at the end; empty for the root, which every
    /// resolver knows.
    pub name: String,
    /// Who is asked; empty for those that the system asks.
    pub servers: Vec<SocketAddr>,
    /// Whether one that fails is complained about while another answers.
    pub each: bool,
    /// Looks in a row without an answer until it is complained about.
    pub after: u32,
}

impl Default for DnsChecks {
    fn default() -> Self {
        Self {
            enabled: true,
            name: String::new(),
            servers: Vec::new(),
            each: false,
            after: DEFAULT_AFTER,
        }
    }
}

/// Reads `dns:`.
pub(super) fn dns(section: &mut Section<'_>) -> DnsChecks {
    let usual = DnsChecks::default();
    DnsChecks {
        enabled: section.flag("enabled", None).unwrap_or(usual.enabled),
        name: section.parsed("name", None, dns_name).unwrap_or(usual.name),
        servers: section.list("servers", None, server).unwrap_or_default(),
        each: section.flag("each", None).unwrap_or(usual.each),
        after: after(section),
    }
}

/// A name that can stand in a question.
fn dns_name(text: &str) -> Result<String, String> {
    let name = text.trim().trim_end_matches('.');
    let fits = |label: &str| (1..=MAX_LABEL).contains(&label.len());
    let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    if name.is_empty() || (name.len() <= MAX_HOST && is_plain && name.split('.').all(fits)) {
        return Ok(name.to_owned());
    }
    Err("expected a name such as example.org, in ASCII, or . for the root".to_owned())
}

/// A resolver: an address, with a port where it is not 53.
fn server(text: &str) -> Result<SocketAddr, String> {
    text.parse::<IpAddr>()
        .map(|address| SocketAddr::new(address, DNS_PORT))
        .or_else(|_| text.parse())
        .map_err(|_| "expected an address such as 192.168.1.1 or 192.168.1.1:5353".to_owned())
}

/// An address that has to answer pings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingTarget {
    /// Name or address.
    pub target: String,
    /// What it is called.
    pub name: String,
    /// Loss that is too much.
    pub loss: Loss,
    /// Looks in a row without an answer until it is complained about.
    pub after: u32,
}

/// Reads one of `ping:`.
pub(super) fn ping(section: &mut Section<'_>) -> Option<PingTarget> {
    let target = section.parsed("target", None, host);
    if target.is_none() {
        section.require("target", "a name or an address, such as 192.168.1.10");
    }
    let name = name(section, target.as_deref().unwrap_or_default());
    let (loss, after) = (Loss::read(section), after(section));
    Some(PingTarget {
        target: target?,
        name,
        loss,
        after,
    })
}

/// A port that has to take connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpTarget {
    /// Name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What it is called.
    pub name: String,
    /// Seconds that the connection may take, the lookup of the name included.
    pub timeout_seconds: u32,
    /// Looks in a row that fail until it is complained about.
    pub after: u32,
}

/// Reads one of `tcp:`.
pub(super) fn tcp(section: &mut Section<'_>) -> Option<TcpTarget> {
    let text = section.text("address", None).unwrap_or_default();
    let address = section.parsed("address", None, host_and_port);
    if address.is_none() {
        section.require("address", "host:port, such as nas.lan:445");
    }
    let name = name(section, text.trim());
    let timeout_seconds = timeout_seconds(section);
    let after = after(section);
    let (host, port) = address?;
    Some(TcpTarget {
        host,
        port,
        name,
        timeout_seconds,
        after,
    })
}

/// Seconds that a look may take.
pub(super) fn timeout_seconds(section: &mut Section<'_>) -> u32 {
    number(section, "timeout_seconds", 1..=60, DEFAULT_TIMEOUT_SECONDS)
}

/// A name or an address.
///
/// # Errors
/// What is expected instead.
pub(super) fn host(text: &str) -> Result<String, String> {
    let host = text.trim().trim_start_matches('[').trim_end_matches(']');
    let is_name = (1..=MAX_HOST).contains(&host.len())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && !host.starts_with(['-', '.']);
    if is_name || host.parse::<IpAddr>().is_ok() {
        return Ok(host.to_owned());
    }
    Err(format!(
        "{text:?} is neither a name such as nas.lan nor an address such as 192.168.1.10"
    ))
}

/// `host:port`; an IPv6 address stands in brackets.
///
/// # Errors
/// What is expected instead.
pub(super) fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let expected = || "expected host:port, such as nas.lan:445 or [fd00::10]:445".to_owned();
    let (name, port) = text.trim().rsplit_once(':').ok_or_else(expected)?;
    let port = port
        .parse()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(expected)?;
    if name.contains(':') && !name.starts_with('[') {
        return Err(expected());
    }
    Ok((host(name)?, port))
}

/// When a certificate that runs out is complained about, in days before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// A warning; for one that is made for a short time at most a third of that.
    pub warning_days: u32,
    /// Critical; for one that is made for a short time at most a tenth of that.
    pub critical_days: u32,
}

/// The keys of the section itself; those of a page are called otherwise.
pub(super) const EXPIRY_KEYS: [&str; 2] = ["certificate_warning_days", "certificate_critical_days"];

impl Default for Expiry {
    fn default() -> Self {
        Self {
            warning_days: 21,
            critical_days: 3,
        }
    }
}

impl Expiry {
    /// Reads both keys.
    pub(super) fn read(
        section: &mut Section<'_>,
        usual: Self,
        [warning, critical]: [&'static str; 2],
    ) -> Self {
        let warning_days = number(section, warning, 0..=1000, usual.warning_days);
        let usual_critical = usual.critical_days.min(warning_days);
        let critical_days = number(section, critical, 0..=1000, usual_critical);
        if critical_days > warning_days {
            let message = format!("expected at most {warning}, which is {warning_days}");
            section.complain(critical, None, message);
        }
        Self {
            warning_days,
            critical_days,
        }
    }
}

/// A service whose certificate is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateTarget {
    /// Name or address; it is the name that is asked for.
    pub host: String,
    /// The port.
    pub port: u16,
    /// When it is complained about.
    pub expiry: Expiry,
    /// The first page that is watched there, where one is.
    pub url: Option<String>,
}

/// Reads `certificates:`, and adds the services of the pages that go over TLS.
pub(super) fn certificates(
    section: &mut Section<'_>,
    expiry: Expiry,
    pages: &[HttpTarget],
) -> Vec<CertificateTarget> {
    let listed = section
        .list("certificates", None, host_and_port)
        .unwrap_or_default();
    let listed = listed.into_iter().map(|(host, port)| CertificateTarget {
        host,
        port,
        expiry,
        url: None,
    });
    let of_pages = pages
        .iter()
        .filter(|page| page.address.https)
        .map(|page| CertificateTarget {
            host: page.address.host.clone(),
            port: page.address.port,
            expiry: page.expiry,
            url: Some(page.url.clone()),
        });
    let mut targets: Vec<CertificateTarget> = Vec::new();
    for target in of_pages.chain(listed) {
        let same =
            |known: &CertificateTarget| known.host == target.host && known.port == target.port;
        if !targets.iter().any(same) {
            targets.push(target);
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read_and_anything_else_is_refused() {
        let read = |text| host_and_port(text).ok();
        assert_eq!(read("nas.lan:445"), Some(("nas.lan".to_owned(), 445)));
        assert_eq!(read("[fd00::1]:22"), Some(("fd00::1".to_owned(), 22)));
        for text in [
            "nas.lan",
            "fd00::1:22",
            "nas.lan:0",
            "nas.lan:65536",
            "-o:22",
            "a b:1",
            ":1",
            "x/y:1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn resolvers_and_names_are_read() {
        assert_eq!(server("192.168.1.1"), Ok("192.168.1.1:53".parse().unwrap()));
        assert_eq!(server("fd00::1"), Ok("[fd00::1]:53".parse().unwrap()));
        assert_eq!(
            server("127.0.0.1:5353"),
            Ok("127.0.0.1:5353".parse().unwrap())
        );
        assert!(server("pi.hole").is_err());
        assert_eq!(dns_name("."), Ok(String::new()));
        assert_eq!(dns_name("example.org."), Ok("example.org".to_owned()));
        for text in ["a..b", "bücher.example", &"x".repeat(64), "a b"] {
            assert!(dns_name(text).is_err(), "{text}");
        }
    }
}
