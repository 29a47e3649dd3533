//! Interfaces from a netlink dump. Where a sandbox refuses netlink, from `/proc/net/route` and
//! `/sys/class/net`: then only those with a connected IPv4 network.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;

use super::interfaces::{Link, written_mac};
use super::netlink_linux::{self as netlink, attributes, number, short, text};

/// `struct ifinfomsg`
const LINK_HEAD: usize = 16;
/// `struct ifaddrmsg`
const ADDRESS_HEAD: usize = 8;
/// `ARPHRD_ETHER`
const ETHERNET: u16 = 1;
/// `IFF_LOOPBACK`
const LOOPBACK: u32 = 0x8;
/// `IFF_POINTOPOINT`
const POINT_TO_POINT: u32 = 0x10;
/// `IFF_UP | IFF_RUNNING`: switched on, and a carrier is there.
const UP_AND_RUNNING: u32 = 0x41;
/// `IFF_NOARP`
const NO_ARP: u32 = 0x80;

/// All interfaces with their IPv4 addresses.
pub(super) fn links() -> io::Result<Vec<Link>> {
    from_netlink().or_else(|refused| {
        let links = from_files(Path::new("/proc/net/route"), Path::new("/sys/class/net"));
        if links.is_empty() {
            Err(refused)
        } else {
            Ok(links)
        }
    })
}

fn from_netlink() -> io::Result<Vec<Link>> {
    let mut links: BTreeMap<u32, Link> = netlink::dump(netlink::LINKS, LINK_HEAD)?
        .iter()
        .filter_map(|row| link(row))
        .map(|link| (link.index, link))
        .collect();
    for row in netlink::dump(netlink::ADDRESSES, ADDRESS_HEAD)? {
        if let Some((index, address, prefix)) = address(&row)
            && let Some(link) = links.get_mut(&index)
        {
            link.addresses.push((address, prefix));
        }
    }
    Ok(links.into_values().collect())
}

fn link(row: &[u8]) -> Option<Link> {
    let hardware = short(row, 2)?;
    let flags = number(row, 8)?;
    let mut link = Link {
        index: number(row, 4)?,
        is_up: flags & UP_AND_RUNNING == UP_AND_RUNNING,
        resolves: hardware == ETHERNET && flags & (NO_ARP | POINT_TO_POINT) == 0,
        is_loopback: flags & LOOPBACK != 0,
        ..Link::default()
    };
    for (attribute, value) in attributes(row.get(LINK_HEAD..)?) {
        match attribute {
            1 => link.mac = written_mac(value), // IFLA_ADDRESS
            3 => link.name = text(value),       // IFLA_IFNAME
            10 => link.master = number(value, 0).filter(|master| *master != 0), // IFLA_MASTER
            // IFLA_LINKINFO, in it IFLA_INFO_KIND
            18 => {
                link.kind = attributes(value)
                    .find(|(kind, _)| *kind == 1)
                    .map(|(_, value)| text(value));
            }
            _ => {}
        }
    }
    Some(link)
}

/// The interface's number, its own address there, and the prefix.
fn address(row: &[u8]) -> Option<(u32, Ipv4Addr, u8)> {
    let prefix = *row.get(1)?;
    let index = number(row, 4)?;
    let (mut local, mut other) = (None, None);
    for (attribute, value) in attributes(row.get(ADDRESS_HEAD..)?) {
        let address = <[u8; 4]>::try_from(value).ok().map(Ipv4Addr::from);
        match attribute {
            1 => other = address, // IFA_ADDRESS: on a point-to-point link the far end's
            2 => local = address, // IFA_LOCAL
            _ => {}
        }
    }
    Some((index, local.or(other)?, prefix))
}

/// Without netlink: the connected networks of the routing table, and what `/sys` says of their
/// interfaces.
fn from_files(routes: &Path, devices: &Path) -> Vec<Link> {
    let table = std::fs::read_to_string(routes).unwrap_or_default();
    let mut links: Vec<Link> = Vec::new();
    for (dev, network, prefix) in table.lines().filter_map(connected) {
        let Some(own) = own_address(network) else {
            continue;
        };
        if let Some(known) = links.iter_mut().find(|link| link.name == dev) {
            known.addresses.push((own, prefix));
        } else if let Some(mut link) = from_sys(&devices.join(dev), dev) {
            link.addresses.push((own, prefix));
            links.push(link);
        }
    }
    links
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask ...`: a network without a gateway.
fn connected(line: &str) -> Option<(&str, Ipv4Addr, u8)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [dev, destination, gateway, _, _, _, _, mask, ..] = fields[..] else {
        return None;
    };
    let address = |field| {
        let bits = u32::from_str_radix(field, 16).ok()?;
        Some(Ipv4Addr::from(bits.to_ne_bytes()))
    };
    let prefix = u8::try_from(address(mask)?.to_bits().leading_ones()).ok()?;
    (address(gateway)?.is_unspecified() && prefix > 0).then_some((
        dev,
        address(destination)?,
        prefix,
    ))
}

/// The address that this host would use towards a network. Nothing is sent.
fn own_address(network: Ipv4Addr) -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    let within = Ipv4Addr::from(network.to_bits().checked_add(1)?);
    socket.connect((within, 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        std::net::IpAddr::V4(own) => Some(own),
        std::net::IpAddr::V6(_) => None,
    }
}

fn from_sys(folder: &Path, name: &str) -> Option<Link> {
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
    let flags = read("flags").and_then(|text| {
        let text = text.trim().trim_start_matches("0x").to_owned();
        u32::from_str_radix(&text, 16).ok()
    })?;
    let is_there = |file: &str| folder.join(file).exists();
    let kind = if is_there("tun_flags") {
        Some("tun".to_owned())
    } else if is_there("bridge") {
        Some("bridge".to_owned())
    } else {
        read("uevent").and_then(|text| {
            let kind = text
                .lines()
                .find_map(|line| line.strip_prefix("DEVTYPE="))
                .map(str::to_owned);
            kind.filter(|kind| kind != "wlan")
        })
    };
    let digits = read("address").unwrap_or_default();
    let mac: Vec<u8> = digits
        .trim()
        .split(':')
        .filter_map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect();
    Some(Link {
        index: read("ifindex")?.trim().parse().ok()?,
        name: name.to_owned(),
        kind,
        mac: written_mac(&mac),
        is_up: read("operstate").is_some_and(|state| ["up", "unknown"].contains(&state.trim())),
        resolves: read("type").is_some_and(|text| text.trim() == ETHERNET.to_string())
            && flags & (NO_ARP | POINT_TO_POINT) == 0,
        is_loopback: flags & LOOPBACK != 0,
        master: None,
        addresses: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_know_the_loopback_interface() {
        let links = from_netlink().unwrap();
        let lo = links.iter().find(|link| link.name == "lo").unwrap();
        assert!(lo.is_loopback && !lo.resolves);
        if lo.is_up {
            assert!(lo.addresses.contains(&(Ipv4Addr::LOCALHOST, 8)), "{lo:?}");
        }
        let by_file = from_sys(Path::new("/sys/class/net/lo"), "lo").unwrap();
        assert_eq!((by_file.index, by_file.is_loopback), (lo.index, true));
        assert_eq!(by_file.mac, None);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn connected_networks_are_read_from_the_routing_table() {
        let table = include_str!("../../../tests/fixtures/agent/route-two.txt");
        let found: Vec<_> = table.lines().filter_map(connected).collect();
        let shown: Vec<String> = found
            .iter()
            .map(|(dev, network, prefix)| format!("{dev} {network}/{prefix}"))
            .collect();
        assert!(
            shown.contains(&"enp3s0 192.168.1.0/24".to_owned()),
            "{shown:?}"
        );
        assert_eq!(connected("Iface Destination Gateway"), None);
        assert_eq!(
            connected("eth0 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0"),
            None
        );
    }
}
