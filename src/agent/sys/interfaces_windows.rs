//! Interfaces of Windows, for discovery: what `adapters_windows` reads, in discovery's words.

use std::io;
use std::net::IpAddr;

use super::adapters_windows::{Adapter, Kind, adapters};
use super::interfaces::{Link, written_mac};

/// All interfaces that speak IPv4.
///
/// # Errors
/// The system does not tell.
pub(super) fn links() -> io::Result<Vec<Link>> {
    Ok(adapters()?.iter().filter_map(link).collect())
}

fn link(adapter: &Adapter) -> Option<Link> {
    let addresses = adapter.addresses.iter().filter_map(|(address, prefix)| {
        let IpAddr::V4(address) = address else {
            return None;
        };
        Some((*address, *prefix))
    });
    (adapter.index != 0).then(|| Link {
        index: adapter.index,
        name: adapter.name.clone(),
        kind: virtual_kind(adapter).map(str::to_owned),
        mac: written_mac(&adapter.mac),
        is_up: adapter.is_up,
        resolves: adapter.kind == Kind::Ethernet,
        is_loopback: adapter.kind == Kind::Loopback,
        // A port of a switch of Hyper-V has no addresses of its own: there is nothing to skip.
        master: None,
        addresses: addresses.collect(),
    })
}

/// In the words of Linux. Virtual switches and VPNs show themselves as Ethernet: what their makers
/// call them is all that tells them apart.
fn virtual_kind(adapter: &Adapter) -> Option<&'static str> {
    let made_as = adapter.description.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| made_as.contains(word));
    match adapter.kind {
        Kind::Tunnel => Some("tun"),
        _ if says(&["wireguard"]) => Some("wireguard"),
        _ if says(&["tap-windows", "wintun", "vpn", "tailscale", "zerotier"]) => Some("tun"),
        _ if says(&[
            "hyper-v virtual ethernet",
            "virtualbox host-only",
            "vmware virtual",
        ]) =>
        {
            Some("veth")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(kind: Kind, description: &str) -> Adapter {
        Adapter {
            name: "Ethernet".into(),
            description: description.into(),
            kind,
            index: 3,
            index_v6: 3,
            metric: 25,
            metric_v6: 25,
            mac: vec![0x02, 0, 0, 0, 0, 1],
            is_up: true,
            addresses: vec![
                ("fe80::2".parse().unwrap(), 64),
                ("192.168.1.2".parse().unwrap(), 24),
            ],
        }
    }

    #[test]
    fn a_card_is_told_from_what_only_looks_like_one() {
        let link_of = |kind, description| link(&adapter(kind, description)).unwrap();
        let card = link_of(Kind::Ethernet, "Intel(R) Ethernet Connection I219-V");
        assert_eq!(card.kind, None);
        assert_eq!(card.mac.as_deref(), Some("02:00:00:00:00:01"));
        assert_eq!(card.addresses, [("192.168.1.2".parse().unwrap(), 24)]);
        assert!(card.resolves && card.is_up && !card.is_loopback);
        for (kind, description, expected) in [
            (Kind::Tunnel, "Teredo", "tun"),
            (Kind::Other, "WireGuard Tunnel", "wireguard"),
            (Kind::Ethernet, "TAP-Windows Adapter V9", "tun"),
            (
                Kind::Ethernet,
                "Hyper-V Virtual Ethernet Adapter #2",
                "veth",
            ),
        ] {
            assert_eq!(link_of(kind, description).kind.as_deref(), Some(expected));
        }
    }

    #[test]
    fn this_host_has_an_interface_with_an_address() {
        let links = links().unwrap();
        assert!(
            links.iter().any(|link| !link.addresses.is_empty()),
            "{links:?}"
        );
    }
}
