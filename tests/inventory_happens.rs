//! What discovery tells, each really happening once: cables are pulled, addresses change, services
//! end on a LAN of namespaces; the real agent looks as nobody, the real server judges, and hours
//! go by on a clock that both live by. Seen is the incident, the runbook that it is met with, and
//! how it ends.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

#[path = "inventory_happens/certificate.rs"]
mod certificate;
#[path = "inventory_happens/page.rs"]
mod page;
mod support;
#[path = "inventory_happens/world.rs"]
mod world;

use certificate::Service;
use page::Page;
use serde_json::{Value, json};
use support::lan::Host;
use support::network::until;
use world::{World, host};

const NONE: [&str; 0] = [];
/// In minutes.
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

#[test]
fn a_host_that_is_watched_goes_and_comes_back() {
    let world = World::known(&[host(2), host(3)], "");
    world.mark("192.168.77.2", &json!({"pinned": true}));
    // With the next report the agent is told to ask after it.
    world.pass();
    world.lan.ip("h2", "link set eth0 down");
    world.lan.ip("h3", "link set eth0 down");
    for _ in 0..3 {
        assert_eq!(world.open(), NONE);
        world.pass();
    }
    let signal = world.is_open("host_gone");
    assert_eq!(signal["detail"]["address"], "192.168.77.2");
    assert_eq!(signal["detail"]["watched_because"], "pinned");
    assert_eq!(world.open(), ["host_gone"], "the other is not watched");

    world.lan.ip("h2", "link set eth0 up");
    world.pass();
    world.is_over("host_gone", "by_source");
    assert_eq!(world.host("192.168.77.2")["state"], "present");
}

#[test]
fn a_host_comes_where_guests_may_be_and_another_where_they_may_not() {
    let world = World::known(&[], "");
    world.lan.add(&[host(4)]);
    // A phone, with a hardware address that it made up.
    world.lan.add(&[Host {
        number: 5,
        ..Host::default()
    }]);
    world.pass();
    assert_eq!(world.signals("host_new").len(), 0, "once is none");
    world.pass();
    let signal = world.is_told("host_new");
    assert_eq!(signal["detail"]["address"], "192.168.77.4");
    assert_eq!(signal["detail"]["mac"], world.lan.mac("h4"));
    assert_eq!(signal["detail"]["vendor"], "Proxmox Server Solutions");

    world.closes();
    world.lan.add(&[host(6)]);
    world.pass();
    assert_eq!(world.open(), NONE);
    world.pass();
    let signal = world.is_open("host_new");
    assert_eq!(signal["detail"]["address"], "192.168.77.6");
    assert_eq!(world.open(), ["host_new"]);
    world.mark("192.168.77.6", &json!({"known": true}));
    world.is_over("host_new", "by_source");
}

#[test]
fn a_host_moves_to_another_address() {
    let world = World::known(&[host(3)], "");
    world.lan.ip("h3", "addr del 192.168.77.3/24 dev eth0");
    world.lan.ip("h3", "addr add 192.168.77.103/24 dev eth0");
    world.pass();
    let detail = &world.is_told("host_address_changed")["detail"];
    assert_eq!(detail["address_before"], "192.168.77.3");
    assert_eq!(detail["address"], "192.168.77.103");
    assert_eq!(detail["mac"], world.lan.mac("h3"));
    // Nor is it gone from where it was, nor new where it is.
    world.pass();
    assert_eq!(world.signals("host_address_changed").len(), 1);
    assert_eq!(world.signals("host_new").len(), 0);
    assert_eq!(world.open(), NONE);
}

#[test]
fn two_hosts_have_one_address() {
    let world = World::known(&[host(2)], "");
    world.lan.add(&[host(9)]);
    world.lan.ip("h9", "addr del 192.168.77.9/24 dev eth0");
    world.lan.ip("h9", "addr add 192.168.77.2/24 dev eth0");
    // Both are there all the time: who spoke last is whom the others reach.
    world.speaks("h9");
    world.pass();
    assert_eq!(world.open(), NONE, "a lease that went to another");
    world.speaks("h2");
    world.pass();
    let detail = &world.is_open("address_conflict")["detail"];
    assert_eq!(detail["address"], "192.168.77.2");
    let mut macs = [&detail["mac"], &detail["mac_other"]].map(|mac| mac.as_str().unwrap());
    macs.sort_unstable();
    assert_eq!(macs, [world.lan.mac("h2"), world.lan.mac("h9")]);

    world.lan.ip("h9", "link set eth0 down");
    for _ in 0..3 {
        assert_eq!(world.open(), ["address_conflict"]);
        world.pass_after(25);
    }
    world.is_over("address_conflict", "by_source");
    assert_eq!(world.open(), NONE);
}

#[test]
fn a_service_comes_goes_and_is_back() {
    let world = World::known(&[host(2)], "http: true");
    // An hour after its host was found it is news.
    world.pass_after(HOUR);
    let page = Page::open(&world.lan, "h2", 8123, "Home Assistant");
    world.pass();
    assert_eq!(world.signals("service_new").len(), 0, "once is none");
    world.pass();
    let detail = &world.is_told("service_new")["detail"];
    assert_eq!(detail["service"], "Home Assistant");
    assert_eq!(
        (&detail["address"], &detail["port"]),
        (&json!("192.168.77.2"), &json!(8123))
    );

    page.close();
    for _ in 0..3 {
        assert_eq!(world.open(), NONE);
        world.pass();
    }
    let detail = &world.is_open("service_gone")["detail"];
    assert_eq!(detail["service"], "Home Assistant");
    assert_eq!(world.open(), ["service_gone"], "its host is there");
    let _page = Page::open(&world.lan, "h2", 8123, "Home Assistant");
    world.pass();
    world.is_over("service_gone", "by_source");
}

#[test]
fn a_certificate_that_discovery_met_runs_out() {
    let world = World::unknown(&[host(2)], "http: true");
    let service = Service::start(&world.lan, "h2", 8443, 30);
    for _ in 0..4 {
        world.pass();
        assert_eq!(world.open(), NONE, "it holds for a month");
    }
    world.pass_after(15 * DAY);
    let detail = &world.is_open("certificate_expiring")["detail"];
    assert_eq!(detail["days_left"], 14);
    assert_eq!(detail["address"], "192.168.77.2");
    assert_eq!(detail["port"], 8443);
    world.pass_after(12 * DAY);
    let signal = world.is_critical("certificate_expiring");
    assert_eq!(signal["detail"]["days_left"], 2);

    drop(service);
    let _renewed = Service::start(&world.lan, "h2", 8443, 90);
    world.pass();
    world.is_over("certificate_expiring", "by_source");
    assert_eq!(world.open(), NONE);
}

#[test]
fn the_gateway_is_another_one() {
    let world = World::known(&[host(2), host(3)], "");
    let (old, new) = (world.lan.mac("h1"), world.lan.mac("h3"));
    // Somebody plugs another router in, which has the old one's address.
    let swap = |from: &str, to: &str| {
        world.lan.ip(from, "link set eth0 down");
        world.lan.ip(to, "addr flush dev eth0");
        world.lan.ip(to, "addr add 192.168.77.1/24 dev eth0");
        world.lan.ip(to, "link set eth0 up");
        world.speaks(to);
    };
    swap("h1", "h3");
    world.pass();
    let detail = &world.is_open("gateway_changed")["detail"];
    assert_eq!(detail["mac"], *new);
    assert_eq!(detail["gateway"], "192.168.77.1");
    assert_eq!(detail["gateway_before"], format!("192.168.77.1 {old}"));
    // It is the same network all the same, and what was known of it still is.
    assert_eq!(world.get("/api/networks").as_array().unwrap().len(), 1);

    // Back after hours: within two it would look like two that fight for the address.
    swap("h3", "h1");
    world.pass_after(3 * HOUR);
    world.is_over("gateway_changed", "by_source");
    assert_eq!(world.open(), NONE);

    // For good: it is over once there was no news of it for a week. The agent looks no more.
    swap("h1", "h3");
    world.pass_after(3 * HOUR);
    assert_eq!(world.open(), ["gateway_changed"]);
    world.wait(8 * DAY);
    let open = until(
        "the server's own clockwork",
        || world.open(),
        |open| *open != ["gateway_changed"] && !open.is_empty(),
    );
    assert_eq!(open, ["agent_silent"]);
    let all = world.get("/api/incidents?kind=gateway_changed");
    let reasons = all.as_array().unwrap().iter();
    let reasons: Vec<&Value> = reasons.map(|one| &one["resolved"]["reason"]).collect();
    assert_eq!(reasons, ["expired", "by_source"]);
    world.pass();
    assert_eq!(world.open(), NONE, "it is heard again");
}

#[test]
fn an_agent_whose_cable_is_pulled_sees_nothing_and_cries_no_wolf() {
    let world = World::known(&[host(2)], "");
    world.mark("192.168.77.2", &json!({"pinned": true}));
    world.pass();
    world.lan.ip("br", "link set pa down");
    world.pass();
    assert_eq!(world.open(), NONE, "once is none");
    for _ in 0..4 {
        world.pass();
        let detail = &world.is_open("discovery_blind")["detail"];
        assert_eq!(detail["network"], "192.168.77.0/24");
        assert_eq!(detail["interface"], "eth0");
        assert_eq!(world.open(), ["discovery_blind"], "nobody is gone");
    }
    world.lan.ip("br", "link set pa up");
    world.pass();
    world.is_over("discovery_blind", "by_source");
    assert_eq!(world.open(), NONE);
}
