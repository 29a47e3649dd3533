//! Who is who: which network was looked at, and which host an address belongs to.

use super::NONE;
use crate::domain::inventory::example::{GATEWAY, Lan, kinds, mac, pass_of, server, there};
use crate::domain::inventory::judge::belongs;
use crate::domain::inventory::pass::{NetworkPass, Pass, Sense, Sighting};
use crate::domain::inventory::tidy::{self, Looked};
use crate::domain::timestamp::Timestamp;

fn lan() -> Lan {
    Lan::with(&[server(5), there(9)])
}

fn looked(network: NetworkPass) -> Looked {
    let pass = Pass {
        started_at: Timestamp::from_millis(0),
        took_ms: 0,
        senses: Vec::new(),
        networks: vec![network],
        resolvers: Vec::new(),
    };
    tidy::networks(&pass).remove(0)
}

fn by_gateway(mac: Option<&str>, sightings: Vec<Sighting>) -> Looked {
    let mut pass = pass_of(sightings);
    pass.gateway_mac = mac.map(str::to_owned);
    looked(pass)
}

#[test]
fn a_network_is_known_by_its_gateway_and_two_agents_report_into_one() {
    let known = [lan().state];
    let here = by_gateway(Some(GATEWAY), vec![there(9)]);
    assert_eq!(belongs(&known, &here, "one"), Some(0));
    assert_eq!(belongs(&known, &here, "two"), Some(0));
    // Everybody has 192.168.1.0/24.
    let elsewhere = by_gateway(Some("00:99:99:00:00:01"), vec![there(200)]);
    assert_eq!(belongs(&known, &elsewhere, "two"), None);
    assert_eq!(
        belongs(&known, &elsewhere, "one"),
        None,
        "a laptop that moved"
    );
    // The gateway was replaced, its neighbours are the same.
    let replaced = by_gateway(Some("00:99:99:00:00:01"), vec![there(9), there(200)]);
    assert_eq!(belongs(&known, &replaced, "one"), Some(0));
    // The gateway did not answer this time.
    assert_eq!(
        belongs(&known, &by_gateway(None, vec![there(9)]), "one"),
        Some(0)
    );
    // An agent on the gateway itself has none, and sees its own hardware address.
    let own = Sighting {
        mac: Some(GATEWAY.to_owned()),
        senses: vec![Sense::Own],
        ..there(1)
    };
    let from_within = by_gateway(None, vec![own, there(9)]);
    assert_eq!(belongs(&known, &from_within, "router"), Some(0));
    assert_eq!(
        belongs(&known, &by_gateway(None, vec![there(9)]), "three"),
        None
    );
}

#[test]
fn a_hardware_address_tells_a_host_whatever_address_it_has() {
    let mut lan = lan();
    lan.sees(&[
        server(5),
        Sighting {
            address: "192.168.1.70".to_owned(),
            ..there(9)
        },
    ]);
    assert_eq!(lan.state.hosts.len(), 2);
    assert_eq!(lan.host(70).identity, format!("mac:{}", mac(9)));
    assert_eq!(lan.host(70).addresses.len(), 2);
}

#[test]
fn the_same_address_with_another_hardware_address_is_another_host() {
    let mut lan = lan();
    let other = Sighting {
        mac: Some(mac(99)),
        ..there(9)
    };
    lan.sees(&[server(5), other]);
    assert_eq!(lan.state.hosts.len(), 3);
    assert_eq!(lan.host(9).identity, format!("mac:{}", mac(99)));
}

#[test]
fn without_a_hardware_address_the_address_tells_until_one_contradicts() {
    let bare = Sighting {
        mac: None,
        senses: vec![Sense::Icmp],
        ..there(20)
    };
    let mut lan = Lan::with(&[server(5), bare.clone()]);
    assert_eq!(lan.host(20).identity, "ip:192.168.1.20");
    // A stronger name of the same host.
    lan.sees(&[server(5), there(20)]);
    assert_eq!(lan.state.hosts.len(), 2);
    assert_eq!(lan.host(20).identity, format!("mac:{}", mac(20)));
    // And no weaker one after that.
    lan.sees(&[server(5), bare]);
    assert_eq!(lan.host(20).identity, format!("mac:{}", mac(20)));
}

#[test]
fn the_hardware_address_of_a_virtual_router_or_of_proxy_arp_tells_nobody() {
    let vrrp = |number: u8| Sighting {
        mac: Some("00:00:5e:00:01:0a".to_owned()),
        ..there(number)
    };
    let proxied: Vec<Sighting> = (100..110)
        .map(|number| Sighting {
            mac: Some(mac(200)),
            ..there(number)
        })
        .collect();
    let mut all = vec![vrrp(2), vrrp(3), there(9)];
    all.extend(proxied);
    let mut lan = Lan::with(&all);
    assert_eq!(lan.state.hosts.len(), 13);
    assert_eq!(lan.host(2).identity, "ip:192.168.1.2");
    assert_eq!(lan.host(105).identity, "ip:192.168.1.105");
    // Eight addresses may be one host's.
    let eight: Vec<Sighting> = (100..108)
        .map(|number| Sighting {
            mac: Some(mac(200)),
            ..there(number)
        })
        .collect();
    assert_eq!(Lan::with(&eight).state.hosts.len(), 1);
}

#[test]
fn what_a_thing_announces_is_stronger_than_its_network_card() {
    let announced = |number: u8, by: u8| Sighting {
        announced_id: Some("_hap._tcp:aa".to_owned()),
        mac: Some(mac(by)),
        ..there(number)
    };
    let mut lan = Lan::with(&[server(5), announced(30, 30)]);
    assert_eq!(lan.host(30).identity, "id:_hap._tcp:aa");
    // From cable to radio: the same thing.
    assert_eq!(kinds(&lan.sees(&[server(5), announced(31, 31)])).len(), 1);
    assert_eq!(lan.state.hosts.len(), 2);
    // Two that were told apart turn out to be one: nothing is lost, and nothing goes missing.
    let mut lan = Lan::with(&[server(40), there(41), there(9)]);
    lan.host(41).marks.pinned = true;
    let both = [
        Sighting {
            services: server(40).services,
            ..announced(40, 40)
        },
        announced(41, 41),
        there(9),
    ];
    assert_eq!(kinds(&lan.sees(&both)), NONE);
    assert_eq!(lan.state.hosts.len(), 2);
    assert!(lan.host(41).marks.pinned && lan.host(41).bears_services());
    for _ in 0..4 {
        assert_eq!(kinds(&lan.sees(&both)), NONE);
    }
}

#[test]
fn the_agents_own_host_is_the_agents() {
    let own = Sighting {
        senses: vec![Sense::Own],
        ..there(9)
    };
    let mut lan = lan();
    lan.sees(&[server(5), own]);
    assert_eq!(lan.state.hosts.len(), 2);
    assert_eq!(lan.host(9).identity, "agent:one");
    assert_eq!(lan.host(9).agent_id.as_deref(), Some("one"));
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let odd = |address: &str, mac: &str| Sighting {
        address: address.to_owned(),
        mac: Some(mac.to_owned()),
        ..there(1)
    };
    let mut hostile = odd("192.168.1.80", "nonsense");
    hostile.names = vec![crate::domain::inventory::pass::SeenName {
        name: format!("a\u{202e}b\n{}", "x".repeat(5000)),
        sense: Sense::Mdns,
    }];
    let seen = looked(pass_of(vec![
        odd("10.0.0.1", &mac(1)),
        odd("not an address", &mac(2)),
        hostile,
    ]))
    .seen;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].mac, None);
    let name = &seen[0].names[0].name;
    assert!(
        name.chars().count() <= 256 && !name.contains(['\u{202e}', '\n']),
        "{name}"
    );
}
