//! Default routes from the kernel's own tables, `/proc/net/route` and `/proc/net/ipv6_route`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Route;
use crate::domain::order;

/// The route is usable.
const UP: u32 = 0x1;
/// It leads over a gateway.
const GATEWAY: u32 = 0x2;
/// It is there to refuse.
const REJECT: u32 = 0x200;

/// All default gateways: IPv4 before IPv6, within each the lowest metric first.
pub fn default_routes() -> Vec<Route> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let mut routes = ipv4(&read("/proc/net/route"));
    routes.extend(ipv6(&read("/proc/net/ipv6_route")));
    routes
}

/// The number of the interface that a route names.
pub(super) fn interface_index(dev: &str) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/sys/class/net/{dev}/ifindex")).ok()?;
    text.trim().parse().ok()
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask ...`, addresses as the kernel has them
/// in memory. Lines that are none are passed over.
fn ipv4(table: &str) -> Vec<Route> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [dev, destination, gateway, flags, _, _, metric, mask, ..] = fields[..] else {
            return None;
        };
        let hex = |field| u32::from_str_radix(field, 16).ok();
        let leads_out = is_gateway(hex(flags)?) && hex(destination)? == 0 && hex(mask)? == 0;
        let gateway = Ipv4Addr::from(hex(gateway)?.to_ne_bytes());
        leads_out.then(|| Route {
            gateway: IpAddr::V4(gateway),
            dev: dev.to_owned(),
            metric: metric.parse().unwrap_or(u32::MAX),
        })
    };
    sorted(table.lines().filter_map(line))
}

/// `destination prefix source prefix gateway metric refcount use flags device`, all hexadecimal.
fn ipv6(table: &str) -> Vec<Route> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [destination, prefix, _, _, gateway, metric, _, _, flags, dev] = fields[..] else {
            return None;
        };
        let hex = |field| u32::from_str_radix(field, 16).ok();
        let wide = |field| u128::from_str_radix(field, 16).ok();
        let leads_out = is_gateway(hex(flags)?) && hex(prefix)? == 0 && wide(destination)? == 0;
        let gateway = wide(gateway).filter(|gateway| *gateway != 0)?;
        leads_out.then(|| Route {
            gateway: IpAddr::V6(Ipv6Addr::from_bits(gateway)),
            dev: dev.to_owned(),
            metric: hex(metric).unwrap_or(u32::MAX),
        })
    };
    sorted(table.lines().filter_map(line))
}

fn is_gateway(flags: u32) -> bool {
    flags & (UP | GATEWAY | REJECT) == (UP | GATEWAY)
}

/// By metric, each gateway of an interface once.
fn sorted(routes: impl Iterator<Item = Route>) -> Vec<Route> {
    let mut sorted: Vec<Route> = Vec::new();
    let mut routes: Vec<Route> = routes.collect();
    order::sort_by_key(&mut routes, |route| route.metric);
    for route in routes {
        let is_known = |known: &Route| known.gateway == route.gateway && known.dev == route.dev;
        if !sorted.iter().any(is_known) {
            sorted.push(route);
        }
    }
    sorted
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    fn shown(routes: &[Route]) -> Vec<String> {
        routes
            .iter()
            .map(|route| format!("{} {} {}", route.gateway, route.dev, route.metric))
            .collect()
    }

    #[test]
    fn recorded_tables_are_read() {
        for (name, table, expected) in [
            (
                "one gateway",
                include_str!("../../../tests/fixtures/agent/route-one.txt"),
                vec!["192.0.2.1 eth0 0"],
            ),
            (
                "cable before wireless, with a Docker bridge, a VPN and a blackhole",
                include_str!("../../../tests/fixtures/agent/route-two.txt"),
                vec!["192.168.1.1 enp3s0 100", "192.168.1.1 wlp2s0 600"],
            ),
            (
                "no gateway",
                include_str!("../../../tests/fixtures/agent/route-none.txt"),
                vec![],
            ),
            ("no table", "", vec![]),
            (
                "garbage",
                "Iface\n\u{0}\u{1}\nx y z\neth0 00 zz 3 0 0 0 0\n",
                vec![],
            ),
        ] {
            assert_eq!(shown(&ipv4(table)), expected, "{name}");
        }
    }

    #[test]
    fn recorded_ipv6_tables_are_read() {
        let table = include_str!("../../../tests/fixtures/agent/ipv6-route.txt");
        assert_eq!(
            shown(&ipv6(table)),
            ["fe80::1 enp3s0 100", "fd00::1 eth0 1024"]
        );
        assert!(ipv6("").is_empty() && ipv6("0 0 0\n").is_empty());
    }
}
