//! What discovery and the Docker check can see from here.

use std::path::Path;
use std::time::Duration;

use super::{Finding, Verdict};
use crate::agent::checks::docker::view::Look;
use crate::agent::discovery::networks::{How, Network, not_looked_through, plan};
use crate::agent::sys::echo::Echo;
use crate::agent::sys::interfaces::{Link, links};
use crate::agent::sys::neighbours::neighbours;
use crate::agent::sys::resolvers::resolvers;
use crate::agent::sys::{Senses, default_routes, poke};
use crate::config::agent::AgentConfig;
use crate::config::agent::discovery::DiscoveryConfig;
use crate::domain::docker_endpoint::DockerEndpoint;

/// How long a Docker endpoint may take.
const LOOK: Duration = Duration::from_secs(5);
/// Where Docker listens, where nothing else is told.
const USUAL_SOCKET: &str = "/var/run/docker.sock";
/// Lets everybody ping; the second way is for this program alone.
const PING: &str = "as root: sysctl -w net.ipv4.ping_group_range='0 2147483647' (and keep it in /etc/sysctl.d); or: setcap cap_net_raw+ep /usr/local/bin/atlas-ops";

/// Whether any network can be seen, and everything that was tried.
pub(super) fn findings(config: &DiscoveryConfig) -> (bool, Vec<Finding>) {
    if !config.enabled {
        let off = Finding::new("discovery", Verdict::Off, "discovery.enabled is false");
        return (true, vec![off]);
    }
    let mut findings = Vec::new();
    let interfaces = match links() {
        Ok(links) => links,
        Err(error) => {
            findings.push(Finding::new(
                "interfaces",
                Verdict::Refused,
                error.to_string(),
            ));
            Vec::new()
        }
    };
    let networks = plan(&interfaces, &default_routes(), config);
    findings.extend(networks.iter().map(network));
    findings.extend(interfaces.iter().filter_map(left_out));
    let (can_read, table) = table();
    findings.push(table);
    findings.push(icmp());
    findings.push(multicast(&networks));
    let servers: Vec<String> = resolvers().iter().map(ToString::to_string).collect();
    findings.push(if servers.is_empty() {
        Finding::new("DNS servers", Verdict::Unknown, "none in /etc/resolv.conf")
    } else {
        Finding::new("DNS servers", Verdict::Works, servers.join(", "))
    });
    (can_read && !networks.is_empty(), findings)
}

fn network(network: &Network) -> Finding {
    let what = format!("network {}", network.cidr);
    let dev = network.via.as_ref().map_or("a router", |via| &via.dev);
    let count = network.addresses().len();
    match &network.how {
        How::Swept => Finding::new(
            what,
            Verdict::Works,
            format!("every address is asked through {dev}: {count}"),
        ),
        How::Routed => Finding::new(
            what,
            Verdict::Works,
            format!("every address is asked over {dev}: {count}; hardware addresses are not seen"),
        ),
        How::Passive(reason) => Finding::new(
            what,
            Verdict::Works,
            format!("through {dev}, passively: {reason}"),
        ),
    }
}

/// An interface with an address that is left out, and why.
fn left_out(link: &Link) -> Option<Finding> {
    let reason = not_looked_through(link)?;
    (!link.is_loopback && !link.addresses.is_empty())
        .then(|| Finding::new(format!("interface {}", link.name), Verdict::Off, reason))
}

fn table() -> (bool, Finding) {
    const WHAT: &str = "neighbour table";
    const HINT: &str =
        "in the unit of the agent: RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK";
    match neighbours() {
        Ok(table) => {
            let count = table.rows.len();
            let finding = match table.without_states {
                None => Finding::new(WHAT, Verdict::Works, format!("over netlink, {count} rows")),
                Some(reason) => Finding::new(
                    WHAT,
                    Verdict::Works,
                    format!("from /proc/net/arp, without states: netlink is refused ({reason})"),
                )
                .hint(HINT),
            };
            (true, finding)
        }
        Err(error) => (
            false,
            Finding::new(WHAT, Verdict::Refused, error.to_string()).hint(HINT),
        ),
    }
}

/// Opens the socket and sends nothing.
fn icmp() -> Finding {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let opened = match runtime {
        Ok(runtime) => runtime.block_on(async { Echo::open().map(drop) }),
        Err(error) => Err(error.to_string()),
    };
    match opened {
        Ok(()) => Finding::new("ICMP", Verdict::Works, "this user may ping"),
        Err(reason) => Finding::new(
            "ICMP",
            Verdict::Refused,
            format!("{reason}; the poke and TCP do its work"),
        )
        .hint(PING),
    }
}

fn multicast(networks: &[Network]) -> Finding {
    const WHAT: &str = "multicast (mDNS, SSDP)";
    let swept = networks.iter().filter(|network| network.how == How::Swept);
    let ways: Vec<_> = swept.filter_map(|network| network.via.as_ref()).collect();
    if ways.is_empty() {
        return Finding::new(WHAT, Verdict::Off, "there is no network to ask");
    }
    for via in ways {
        if let Err(error) = poke::can_multicast(via.own) {
            return Finding::new(WHAT, Verdict::Refused, format!("on {}: {error}", via.dev));
        }
    }
    Finding::new(WHAT, Verdict::Works, "a socket opens on every network")
}

/// The configured endpoints; without any, whether there is a Docker that could be watched.
pub(super) fn docker(config: Option<&AgentConfig>) -> Vec<Finding> {
    let configured: Vec<String> = config.map_or_else(Vec::new, |config| {
        let hosts = config.docker_hosts.iter();
        hosts.map(|host| host.endpoint.clone()).collect()
    });
    if configured.is_empty() {
        let there = Path::new(USUAL_SOCKET).exists();
        return there
            .then(|| {
                Finding::new(
                    "Docker",
                    Verdict::Off,
                    "there is one, and it is not watched",
                )
                .hint(format!(
                    "add agent.docker_hosts: [{{endpoint: unix://{USUAL_SOCKET}}}]"
                ))
            })
            .into_iter()
            .collect();
    }
    let mut findings = Vec::new();
    for endpoint in configured {
        let what = format!("Docker {endpoint}");
        findings.push(match look(&endpoint) {
            Ok(Look::Answered(engine)) => Finding::new(
                what,
                Verdict::Works,
                format!(
                    "engine {}, {} containers",
                    engine.version,
                    engine.containers.len()
                ),
            ),
            Ok(Look::NotAllowed(reason)) => Finding::new(what, Verdict::Refused, reason).hint(
                "run a GET-only socket proxy and set its tcp://HOST:2375 as endpoint; membership of the docker group (usermod -aG docker USER) is root",
            ),
            Ok(Look::Unreachable(reason)) => Finding::new(what, Verdict::Refused, reason)
                .hint("systemctl status docker"),
            Err(reason) => Finding::new(what, Verdict::Refused, reason),
        });
    }
    findings
}

fn look(endpoint: &str) -> Result<Look, String> {
    let address = DockerEndpoint::parse(endpoint)?;
    let senses = Senses::new().map_err(|error| error.to_string())?;
    let mut sight = senses.look(&[address], &[], LOOK);
    sight.docker.pop().ok_or_else(|| "not looked at".to_owned())
}
