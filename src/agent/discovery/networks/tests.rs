use super::*;

fn card(index: u32, name: &str, address: &str) -> Link {
    let (own, prefix) = address.split_once('/').unwrap();
    Link {
        index,
        name: name.to_owned(),
        mac: Some("78:8a:20:00:00:01".to_owned()),
        is_up: true,
        resolves: true,
        addresses: vec![(own.parse().unwrap(), prefix.parse().unwrap())],
        ..Link::default()
    }
}

fn of_kind(mut link: Link, kind: &str) -> Link {
    link.kind = Some(kind.to_owned());
    link
}

fn shown(networks: &[Network]) -> Vec<String> {
    networks
        .iter()
        .map(|network| {
            let how = match &network.how {
                How::Swept => "swept",
                How::Passive(_) => "passive",
                How::Routed => "routed",
            };
            format!("{} {how} {}", network.cidr, network.addresses().len())
        })
        .collect()
}

#[test]
fn only_private_attached_networks_of_23_or_smaller_are_asked() {
    for (address, expected) in [
        ("192.168.1.7/24", "192.168.1.0/24 swept 253"),
        ("10.1.3.9/23", "10.1.2.0/23 swept 509"),
        ("10.1.3.9/22", "10.1.0.0/22 passive 0"),
        ("172.16.5.4/16", "172.16.0.0/16 passive 0"),
        ("10.0.0.1/8", "10.0.0.0/8 passive 0"),
        ("203.0.113.9/24", "203.0.113.0/24 passive 0"),
        ("100.64.0.9/24", "100.64.0.0/24 passive 0"),
        ("169.254.7.7/16", "169.254.0.0/16 passive 0"),
        ("192.168.1.6/31", "192.168.1.6/31 swept 1"),
    ] {
        let planned = plan(
            &[card(2, "eth0", address)],
            &[],
            &DiscoveryConfig::default(),
        );
        assert_eq!(shown(&planned), [expected], "{address}");
    }
    let alone = card(2, "eth0", "192.168.1.7/32");
    assert!(plan(&[alone], &[], &DiscoveryConfig::default()).is_empty());
}

#[test]
fn nothing_goes_through_containers_tunnels_or_what_is_down() {
    let eth = |name: &str| card(3, name, "192.168.9.1/24");
    let mut down = eth("eth1");
    down.is_up = false;
    let mut loopback = eth("lo");
    loopback.is_loopback = true;
    let mut point = eth("ppp0");
    point.resolves = false;
    let mut port = eth("eth2");
    port.master = Some(7);
    let mut in_docker = of_kind(eth("eth0"), "veth");
    in_docker.mac = Some("02:42:c0:a8:09:01".to_owned());
    for link in [
        eth("docker0"),
        eth("docker_gwbridge"),
        of_kind(eth("br-0123456789ab"), "bridge"),
        of_kind(eth("veth12ab"), "veth"),
        of_kind(eth("home"), "wireguard"),
        of_kind(eth("vpn"), "tun"),
        eth("tun0"),
        eth("wg0"),
        in_docker,
        down,
        loopback,
        point,
        port,
    ] {
        assert!(not_looked_through(&link).is_some(), "{link:?}");
        assert!(plan(&[link], &[], &DiscoveryConfig::default()).is_empty());
    }
}

#[test]
fn bridges_bonds_vlans_and_the_card_of_a_guest_are_looked_through() {
    for link in [
        of_kind(card(3, "vmbr0", "192.168.9.1/24"), "bridge"),
        of_kind(card(3, "br-lan", "192.168.9.1/24"), "bridge"),
        of_kind(card(3, "bond0", "192.168.9.1/24"), "bond"),
        of_kind(card(3, "eth0.20", "192.168.9.1/24"), "vlan"),
        of_kind(card(3, "eth0", "192.168.9.1/24"), "veth"),
        card(3, "wlp2s0", "192.168.9.1/24"),
    ] {
        assert_eq!(not_looked_through(&link), None, "{link:?}");
    }
}

#[test]
fn cable_and_wireless_in_one_network_are_one_network_seen_by_cable() {
    let route = |dev: &str, metric| Route {
        gateway: "192.168.1.1".parse().unwrap(),
        dev: dev.to_owned(),
        metric,
    };
    let planned = plan(
        &[
            card(2, "wlan0", "192.168.1.9/24"),
            card(3, "eth0", "192.168.1.8/24"),
        ],
        &[route("eth0", 100), route("wlan0", 600)],
        &DiscoveryConfig::default(),
    );
    assert_eq!(shown(&planned), ["192.168.1.0/24 swept 252"]);
    assert_eq!(planned[0].via.as_ref().unwrap().dev, "eth0");
    assert_eq!(planned[0].gateway, Some(Ipv4Addr::new(192, 168, 1, 1)));
}

#[test]
fn the_configuration_adds_networks_and_takes_addresses_out() {
    let config = DiscoveryConfig {
        networks: vec![
            "192.168.20.0/24".parse().unwrap(),
            "10.1.0.0/22".parse().unwrap(),
        ],
        exclude: vec![
            "192.168.20.128/25".parse().unwrap(),
            "10.1.0.99".parse().unwrap(),
        ],
        ..DiscoveryConfig::default()
    };
    let planned = plan(&[card(2, "eth0", "10.1.3.9/22")], &[], &config);
    assert_eq!(
        shown(&planned),
        ["10.1.0.0/22 swept 1020", "192.168.20.0/24 routed 127"]
    );
    assert!(!planned[0].may_ask("10.1.0.99".parse().unwrap()));
    assert!(!planned[0].may_ask("10.9.0.1".parse().unwrap()));
}

#[test]
fn more_than_the_kernels_table_holds_is_not_asked() {
    let links: Vec<Link> = (0..5u32)
        .map(|one| card(one + 2, &format!("eth{one}"), &format!("10.{one}.0.1/23")))
        .collect();
    let planned = plan(&links, &[], &DiscoveryConfig::default());
    let asked: usize = planned.iter().map(|one| one.addresses().len()).sum();
    assert!((500..=MOST_ASKED).contains(&asked), "{asked}");
    assert_eq!(planned.len(), 5, "the others are listed, as not swept");
}

#[test]
fn with_light_off_nothing_is_sent() {
    let config = DiscoveryConfig {
        light: false,
        ..DiscoveryConfig::default()
    };
    let planned = plan(&[card(2, "eth0", "192.168.1.7/24")], &[], &config);
    assert_eq!(shown(&planned), ["192.168.1.0/24 passive 0"]);
}
