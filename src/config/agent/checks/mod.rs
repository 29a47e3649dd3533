//! What the checks are told: the `checks:` section below `agent:`. Without it the agent watches its
//! gateways, its resolvers and its host; targets are watched where they are named.

pub mod host;
pub mod network;
pub mod web;

use std::ops::RangeInclusive;

use self::host::HostChecks;
use self::network::{CertificateTarget, DnsChecks, Expiry, GatewayChecks, PingTarget, TcpTarget};
use self::web::HttpTarget;
use crate::config::section::Section;

/// Most targets of one kind.
const MOST: usize = 200;
/// Longest name of a target, in characters.
const MAX_NAME: usize = 128;

/// What the checks are told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChecksConfig {
    /// `gateway:`, of the default gateways.
    pub gateway: GatewayChecks,
    /// `dns:`, of the resolvers.
    pub dns: DnsChecks,
    /// `ping:`, addresses that have to answer.
    pub ping: Vec<PingTarget>,
    /// `tcp:`, ports that have to take connections.
    pub tcp: Vec<TcpTarget>,
    /// `http:`, pages that have to answer as they should.
    pub http: Vec<HttpTarget>,
    /// Services whose certificates are watched: `certificates:`, and every https page.
    pub certificates: Vec<CertificateTarget>,
    /// What is watched of the host itself.
    pub host: HostChecks,
}

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> ChecksConfig {
    let expiry = Expiry::read(section, Expiry::default(), network::EXPIRY_KEYS);
    let http = named(
        section,
        "http",
        |page| web::read(page, expiry),
        |page| &page.name,
    );
    let certificates = network::certificates(section, expiry, &http);
    ChecksConfig {
        gateway: section.child("gateway", network::gateway),
        dns: section.child("dns", network::dns),
        ping: named(section, "ping", network::ping, |target| &target.name),
        tcp: named(section, "tcp", network::tcp, |target| &target.name),
        http,
        certificates,
        host: host::read(section),
    }
}

/// A list of targets, each with a name of its own: it tells their conditions apart.
fn named<T>(
    section: &mut Section<'_>,
    key: &'static str,
    read: impl Fn(&mut Section<'_>) -> Option<T>,
    name: impl Fn(&T) -> &String,
) -> Vec<T> {
    let targets = section.children(key, read);
    let twice = targets.iter().enumerate().find_map(|(position, target)| {
        let is_known = |earlier| name(earlier) == name(target);
        targets[..position]
            .iter()
            .any(is_known)
            .then(|| name(target))
    });
    if let Some(twice) = twice {
        let message =
            format!("two of them are called {twice:?}; give each a name of its own with name:");
        section.complain(key, None, message);
    }
    if targets.len() > MOST {
        let message = format!(
            "expected at most {MOST}, found {}; let another agent watch the rest",
            targets.len()
        );
        section.complain(key, None, message);
    }
    targets
}

/// A whole number within a range, or what is usual.
fn number(
    section: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<u32>,
    usual: u32,
) -> u32 {
    let range = i64::from(*range.start())..=i64::from(*range.end());
    section
        .number(key, None, range)
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(usual)
}

/// The name of a target; what it is called otherwise is `usual`.
fn name(section: &mut Section<'_>, usual: &str) -> String {
    section
        .parsed("name", None, |text| {
            crate::config::one_line(text)?;
            match text.trim().chars().count() {
                1..=MAX_NAME => Ok(text.trim().to_owned()),
                _ => Err(format!("expected 1 to {MAX_NAME} characters")),
            }
        })
        .unwrap_or_else(|| usual.to_owned())
}

/// Looks in a row until it is complained about.
fn after(section: &mut Section<'_>) -> u32 {
    number(section, "after", 1..=100, network::DEFAULT_AFTER)
}
