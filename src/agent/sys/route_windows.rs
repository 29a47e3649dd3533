//! Default routes from the routing table of Windows.

// The table is a C structure that the system hands out and takes back.
#![allow(unsafe_code)]

use std::net::IpAddr;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GetIpForwardTable2, MIB_IPFORWARD_ROW2, MIB_IPFORWARD_TABLE2,
};
use windows_sys::Win32::Networking::WinSock::AF_UNSPEC;

use super::Route;
use super::adapters_windows::{Adapter, adapters, address_of};
use crate::domain::order;

/// A default route as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    gateway: IpAddr,
    interface: u32,
    metric: u32,
}

/// All default gateways: IPv4 before IPv6, within each the lowest metric first, which is the
/// route's and its adapter's together.
pub fn default_routes() -> Vec<Route> {
    named(rows(), &adapters().unwrap_or_default())
}

/// The number of the interface that a route names.
pub(super) fn interface_index(dev: &str) -> Option<u32> {
    adapters()
        .ok()?
        .into_iter()
        .find(|adapter| adapter.name == dev)
        .map(|adapter| adapter.index_v6)
        .filter(|index| *index != 0)
}

fn rows() -> Vec<Row> {
    let mut table: *mut MIB_IPFORWARD_TABLE2 = ptr::null_mut();
    // SAFETY: the call writes one pointer, to a table that is ours until it is given back.
    if unsafe { GetIpForwardTable2(AF_UNSPEC, &raw mut table) } != ERROR_SUCCESS || table.is_null()
    {
        return Vec::new();
    }
    // SAFETY: the table has as many rows as it says, one behind the other. The rows are reached
    // from the table's own pointer: the declared array has one.
    let rows = unsafe {
        let first: *const MIB_IPFORWARD_ROW2 = (&raw const (*table).Table).cast();
        std::slice::from_raw_parts(first, (*table).NumEntries as usize)
    };
    let found = rows.iter().filter_map(row).collect();
    // SAFETY: nothing refers to the table any more.
    unsafe { FreeMibTable(table.cast()) };
    found
}

fn row(row: &MIB_IPFORWARD_ROW2) -> Option<Row> {
    let gateway = address_of(&row.NextHop)?;
    let leads_out = row.DestinationPrefix.PrefixLength == 0 && !gateway.is_unspecified();
    leads_out.then_some(Row {
        gateway,
        interface: row.InterfaceIndex,
        metric: row.Metric,
    })
}

/// Puts names to the interfaces, and the routes in order.
fn named(mut rows: Vec<Row>, adapters: &[Adapter]) -> Vec<Route> {
    let mut routes: Vec<Route> = rows
        .drain(..)
        .map(|row| {
            let is_v4 = row.gateway.is_ipv4();
            let adapter = adapters.iter().find(|adapter| {
                row.interface
                    == if is_v4 {
                        adapter.index
                    } else {
                        adapter.index_v6
                    }
            });
            let of_adapter = adapter.map_or(0, |adapter| {
                if is_v4 {
                    adapter.metric
                } else {
                    adapter.metric_v6
                }
            });
            Route {
                gateway: row.gateway,
                dev: adapter.map_or_else(
                    || format!("interface {}", row.interface),
                    |adapter| adapter.name.clone(),
                ),
                metric: row.metric.saturating_add(of_adapter),
            }
        })
        .collect();
    order::sort_by_key(&mut routes, |route| (route.gateway.is_ipv6(), route.metric));
    let mut once: Vec<Route> = Vec::new();
    for route in routes {
        let is_known = |known: &Route| known.gateway == route.gateway && known.dev == route.dev;
        if !once.iter().any(is_known) {
            once.push(route);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::super::adapters_windows::Kind;
    use super::*;

    fn adapter(name: &str, index: u32, metric: u32) -> Adapter {
        Adapter {
            name: name.into(),
            index,
            index_v6: index,
            metric,
            metric_v6: metric,
            description: String::new(),
            kind: Kind::Ethernet,
            mac: Vec::new(),
            is_up: true,
            addresses: Vec::new(),
        }
    }

    fn row(gateway: &str, interface: u32, metric: u32) -> Row {
        Row {
            gateway: gateway.parse().unwrap(),
            interface,
            metric,
        }
    }

    #[test]
    fn the_adapters_metric_decides_with_the_routes() {
        let adapters = [adapter("Wi-Fi", 7, 50), adapter("Ethernet", 3, 25)];
        let rows = vec![
            row("fe80::1", 3, 0),
            row("192.168.1.1", 7, 0),
            row("192.168.1.1", 3, 0),
            row("192.168.1.1", 3, 9),
            row("10.0.0.1", 12, 5000),
        ];
        let shown: Vec<String> = named(rows, &adapters)
            .iter()
            .map(|route| format!("{} {} {}", route.gateway, route.dev, route.metric))
            .collect();
        assert_eq!(
            shown,
            [
                "192.168.1.1 Ethernet 25",
                "192.168.1.1 Wi-Fi 50",
                "10.0.0.1 interface 12 5000",
                "fe80::1 Ethernet 25",
            ]
        );
    }

    #[test]
    fn this_hosts_table_is_read() {
        for route in default_routes() {
            assert!(!route.gateway.is_unspecified(), "{route:?}");
            assert!(!route.dev.is_empty(), "{route:?}");
        }
    }
}
