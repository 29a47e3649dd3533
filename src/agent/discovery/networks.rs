//! Which networks a pass looks at, and how: the rules that keep it off Docker's bridges, tunnels,
//! public and large networks. Pure: interfaces and routes are handed in.

use std::net::{IpAddr, Ipv4Addr};

use crate::agent::sys::Route;
use crate::agent::sys::interfaces::Link;
use crate::agent::sys::poke::Via;
use crate::config::agent::discovery::DiscoveryConfig;
use crate::domain::cidr::Cidr;
use crate::domain::inventory::pass::MAX_NETWORKS;
use crate::domain::order;

/// The largest attached network whose addresses are all asked.
const LARGEST_SWEPT: u8 = 23;
/// Most addresses of all networks together that are asked: the kernel's neighbour table holds
/// 1024 rows by default (`gc_thresh3`).
const MOST_ASKED: usize = 1000;
/// Interfaces of container engines, by the start of their names.
const CONTAINERS: [&str; 6] = ["docker", "veth", "podman", "cni", "cali", "flannel"];
/// Devices that lead into tunnels or nowhere, in the kernel's words.
const TUNNELS: [&str; 13] = [
    "tun",
    "wireguard",
    "vxlan",
    "geneve",
    "gre",
    "gretap",
    "ipip",
    "sit",
    "vti",
    "xfrm",
    "ppp",
    "dummy",
    "ifb",
];

/// How a network is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Every address is poked.
    Swept,
    /// Only what shows itself is listed, for this reason; nothing is sent.
    Passive(String),
    /// It lies behind a router: every address is asked over TCP and ICMP.
    Routed,
}

/// A network that a pass looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Its address and prefix.
    pub cidr: Cidr,
    /// The interface that leads there; none for a routed one.
    pub via: Option<Via>,
    /// The number of that interface.
    pub link: u32,
    /// This host's own addresses in it.
    pub own: Vec<Ipv4Addr>,
    /// The hardware address of the interface.
    pub own_mac: Option<String>,
    /// The default gateway in it.
    pub gateway: Option<Ipv4Addr>,
    /// How it is looked at.
    pub how: How,
    /// What nothing is ever sent to.
    exclude: Vec<Cidr>,
}

impl Network {
    /// Whether an address lies in it.
    pub fn holds(&self, address: Ipv4Addr) -> bool {
        self.cidr.contains(address.into())
    }

    /// Whether anything may be sent to an address of it.
    pub fn may_ask(&self, address: Ipv4Addr) -> bool {
        !matches!(self.how, How::Passive(_))
            && self.holds(address)
            && self.exclude.iter().all(|one| !one.contains(address.into()))
    }

    /// Every address that is to be asked: neither the network's own and its broadcast address, nor
    /// this host's, nor what is excluded.
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        if matches!(self.how, How::Passive(_)) {
            return Vec::new();
        }
        let IpAddr::V4(first) = self.cidr.address() else {
            return Vec::new();
        };
        let (first, count) = (first.to_bits(), size(self.cidr.prefix()));
        let last = first.saturating_add(count - 1);
        let ends = count > 2;
        (first..=last)
            .filter(|bits| !ends || (*bits != first && *bits != last))
            .map(Ipv4Addr::from_bits)
            .filter(|address| !self.own.contains(address) && self.may_ask(*address))
            .collect()
    }
}

/// Addresses of a network.
fn size(prefix: u8) -> u32 {
    1u32.checked_shl(32 - u32::from(prefix)).unwrap_or(u32::MAX)
}

/// Why an interface is not looked through at all; `None` for one that leads into a network of
/// machines. A *veth* is looked through where it is not called one: inside a container or a
/// namespace it is the machine's only card (an LXC guest's `eth0`), and its far end, on the host,
/// is called `veth...` or is a port of a bridge. Docker's own containers are told by the hardware
/// address that Docker makes from their IP address.
pub fn not_looked_through(link: &Link) -> Option<&'static str> {
    let starts = |names: &[&str]| names.iter().any(|name| link.name.starts_with(name));
    let kind = link.kind.as_deref().unwrap_or_default();
    if link.is_loopback {
        return Some("it is the loopback interface");
    }
    if !link.is_up {
        return Some("it is down");
    }
    if starts(&CONTAINERS) || is_docker_bridge(&link.name) {
        return Some("it belongs to a container engine");
    }
    if TUNNELS.contains(&kind) || starts(&["tun", "tap", "wg"]) || !link.resolves {
        return Some("it is a tunnel");
    }
    if link.master.is_some() {
        return Some("it is a port of a bridge or a bond");
    }
    let made_by_docker = |(address, _): &(Ipv4Addr, u8)| {
        let [a, b, c, d] = address.octets();
        let mac = format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}");
        link.mac.as_deref() == Some(&mac)
    };
    if kind == "veth" && link.addresses.iter().any(made_by_docker) {
        return Some("it is a container's on Docker's bridge");
    }
    None
}

/// `br-` and twelve hexadecimal digits: a network that `docker network create` made.
fn is_docker_bridge(name: &str) -> bool {
    name.strip_prefix("br-")
        .is_some_and(|id| id.len() == 12 && id.chars().all(|digit| digit.is_ascii_hexdigit()))
}

/// The networks to look at: attached ones, those with a gateway first, then those that the
/// configuration names.
pub fn plan(links: &[Link], routes: &[Route], config: &DiscoveryConfig) -> Vec<Network> {
    let mut networks: Vec<Network> = Vec::new();
    for link in links
        .iter()
        .filter(|link| not_looked_through(link).is_none())
    {
        for (own, prefix) in &link.addresses {
            if let Some(network) = attached(link, (*own, *prefix), routes, config) {
                networks.push(network);
            }
        }
    }
    // Cable before wireless on the same network, as the kernel's routes rank them.
    order::sort_by_key(&mut networks, |network| {
        let dev = network.via.as_ref().map(|via| &via.dev);
        let rank = routes.iter().position(|route| Some(&route.dev) == dev);
        rank.unwrap_or(usize::MAX)
    });
    let mut each_once: Vec<Network> = Vec::new();
    for network in networks {
        match each_once
            .iter_mut()
            .find(|known| known.cidr == network.cidr)
        {
            Some(known) => known.own.extend(network.own),
            None => each_once.push(network),
        }
    }
    for cidr in &config.networks {
        let cidr = network_of(*cidr);
        if each_once.iter().all(|known| known.cidr != cidr) {
            each_once.push(Network {
                cidr,
                via: None,
                link: 0,
                own: Vec::new(),
                own_mac: None,
                gateway: None,
                how: How::Routed,
                exclude: config.exclude.clone(),
            });
        }
    }
    each_once.truncate(MAX_NETWORKS);
    bound(each_once)
}

fn attached(
    link: &Link,
    (own, prefix): (Ipv4Addr, u8),
    routes: &[Route],
    config: &DiscoveryConfig,
) -> Option<Network> {
    if prefix > 31 {
        return None; // an address alone
    }
    let cidr = network_of(format!("{own}/{prefix}").parse().ok()?);
    let gateway = routes.iter().find_map(|route| match route.gateway {
        IpAddr::V4(gateway) if route.dev == link.name && cidr.contains(route.gateway) => {
            Some(gateway)
        }
        _ => None,
    });
    let is_named = config.networks.iter().any(|one| network_of(*one) == cidr);
    let how = if !own.is_private() {
        How::Passive("its addresses are not private".to_owned())
    } else if !config.light {
        How::Passive("`light` is off".to_owned())
    } else if prefix < LARGEST_SWEPT && !is_named {
        How::Passive(format!(
            "it is larger than /{LARGEST_SWEPT}; a /22 is asked where discovery.networks names it"
        ))
    } else {
        How::Swept
    };
    Some(Network {
        cidr,
        via: Some(Via {
            dev: link.name.clone(),
            own,
        }),
        link: link.index,
        own: vec![own],
        own_mac: link.mac.clone(),
        gateway,
        how,
        exclude: config.exclude.clone(),
    })
}

/// The bits beyond the prefix cleared.
fn network_of(cidr: Cidr) -> Cidr {
    let IpAddr::V4(address) = cidr.address() else {
        return cidr;
    };
    let mask = u32::MAX
        .checked_shl(32 - u32::from(cidr.prefix()))
        .unwrap_or(0);
    let network = Ipv4Addr::from_bits(address.to_bits() & mask);
    format!("{network}/{}", cidr.prefix())
        .parse()
        .unwrap_or(cidr)
}

/// What would be too much for the kernel's table is looked at passively.
fn bound(mut networks: Vec<Network>) -> Vec<Network> {
    let mut left = MOST_ASKED;
    for network in &mut networks {
        let wanted = match network.how {
            How::Swept => network.addresses().len(),
            How::Passive(_) | How::Routed => 0,
        };
        if wanted > left && network.cidr.prefix() >= LARGEST_SWEPT {
            network.how = How::Passive(format!(
                "with it more than {MOST_ASKED} addresses would be asked in one pass"
            ));
        } else {
            left = left.saturating_sub(wanted);
        }
    }
    networks
}

#[cfg(test)]
mod tests;
