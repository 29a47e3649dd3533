//! Discovery on a network of sixty hosts in namespaces, by the real binary as nobody: who is
//! found, what is left alone, what is no news, and what makes a pass unusable.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::lan::{self, AGENT, Host, Lan, senses, sighting};

fn host(number: u8) -> Host {
    Host {
        number,
        ..Host::default()
    }
}

fn sense<'p>(pass: &'p Value, name: &str) -> &'p Value {
    let senses = pass["senses"].as_array().unwrap();
    senses.iter().find(|one| one["sense"] == name).unwrap()
}

/// A configuration that nobody may read, and its path.
fn config(discovery: &str) -> tempfile::NamedTempFile {
    use std::os::unix::fs::PermissionsExt;
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    let text = format!("agent:\n  token: atl_test\n  discovery:\n{discovery}");
    std::fs::write(file.path(), text).unwrap();
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(file.path(), open).unwrap();
    file
}

#[test]
fn all_sixty_are_found_with_their_hardware_addresses_and_without_a_privilege() {
    let lan = Lan::new();
    let hosts: Vec<Host> = (1..=60)
        .map(|number| Host {
            number,
            ignores_ping: number % 3 == 0,
            proxmox: (number % 4 == 0).then_some(number),
        })
        .collect();
    lan.add(&hosts);
    let macs: BTreeMap<u8, String> = (1..=60)
        .map(|number| (number, lan.mac(&format!("h{number}"))))
        .collect();

    let pass = lan.discover();
    for (number, mac) in &macs {
        let address = format!("192.168.77.{number}");
        assert_eq!(sighting(&pass, &address)["mac"], **mac, "{address}");
        let senses = senses(&pass, &address);
        assert!(senses.contains(&"neighbour".to_owned()), "{address}");
    }
    let network = &pass["networks"][0];
    assert_eq!(network["sightings"].as_array().unwrap().len(), 61);
    assert_eq!(network["gateway_mac"], *macs[&1]);
    assert_eq!(network["unusable"], Value::Null);
    assert_eq!(
        (&network["swept"], &network["cidr"]),
        (&json!(true), &json!("192.168.77.0/24"))
    );
    assert_eq!(senses(&pass, AGENT), ["own"]);
    assert!(
        pass["took_ms"].as_u64().unwrap() < 20_000,
        "{}",
        pass["took_ms"]
    );
    let icmp = sense(&pass, "icmp");
    assert_eq!(icmp["fared"], "refused");
    assert!(
        icmp["reason"]
            .as_str()
            .unwrap()
            .contains("ping_group_range")
    );

    // One moves, one leaves, one comes.
    lan.ip("h7", "addr del 192.168.77.7/24 dev eth0");
    lan.ip("h7", "addr add 192.168.77.107/24 dev eth0");
    lan.ip("h8", "link set eth0 down");
    lan.add(&[host(61)]);
    let pass = lan.discover();
    assert_eq!(sighting(&pass, "192.168.77.107")["mac"], *macs[&7]);
    assert!(!senses(&pass, "192.168.77.61").is_empty());
    for gone in ["192.168.77.7", "192.168.77.8"] {
        assert_eq!(senses(&pass, gone), [""; 0], "{gone}");
    }
    let there = |number: &u8| !senses(&pass, &format!("192.168.77.{number}")).is_empty();
    let count = macs.keys().filter(|number| there(number)).count();
    assert_eq!(
        count, 58,
        "all the others, though the kernel had just met them"
    );
}

#[test]
fn a_table_names_vendors_and_says_what_could_not_be_done() {
    let lan = Lan::new();
    lan.add(&[
        host(1),
        Host {
            number: 2,
            proxmox: Some(2),
            ignores_ping: true,
        },
    ]);
    let ran = lan.run(&["discover"]);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{text}");
    let line = text.lines().find(|line| line.starts_with("192.168.77.2 "));
    assert!(line.unwrap().contains("Proxmox Server Solutions"), "{text}");
    assert!(text.contains("icmp: refused: "), "{text}");
    assert!(
        ran.stderr.is_empty(),
        "no progress where there is no terminal"
    );
}

#[test]
fn large_public_container_and_tunnel_networks_get_no_packet() {
    let lan = Lan::new();
    lan.add(&[host(1)]);
    let cards = [
        ("eth1", "10.9.0.1/16"),
        ("eth2", "203.0.113.5/24"),
        ("docker0", "192.168.91.1/24"),
        ("veth9", "192.168.92.1/24"),
        ("wg0", "192.168.93.1/24"),
        ("eth3", "10.8.0.1/22"),
    ];
    for (card, address) in cards {
        lan.ip(
            "br",
            &format!(
                "link add far-{card} type veth peer name {card} netns {}",
                lan.name("agent")
            ),
        );
        lan.ip("br", &format!("link set far-{card} up"));
        lan.ip("agent", &format!("link set {card} up"));
        lan.ip("agent", &format!("addr add {address} dev {card}"));
    }
    let before: Vec<u64> = cards
        .iter()
        .map(|(card, _)| lan.received("br", &format!("far-{card}")))
        .collect();
    let asked = lan.received("br", "pa");
    let pass = lan.discover();
    for ((card, address), before) in cards.iter().zip(before) {
        let after = lan.received("br", &format!("far-{card}"));
        assert_eq!(after, before, "{card} {address}");
    }
    assert!(
        lan.received("br", "pa") > asked + 200,
        "the one that may be"
    );
    let networks = pass["networks"].as_array().unwrap();
    let shown: Vec<(&str, bool)> = networks
        .iter()
        .map(|one| {
            (
                one["cidr"].as_str().unwrap(),
                one["swept"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("192.168.77.0/24", true),
            ("10.9.0.0/16", false),
            ("203.0.113.0/24", false),
            ("10.8.0.0/22", false),
        ]
    );
    let why = networks[1]["not_swept"].as_str().unwrap();
    assert!(why.contains("larger than /23"), "{why}");
}

#[test]
fn an_interface_that_goes_away_meanwhile_makes_the_pass_unusable() {
    let lan = Lan::new();
    lan.add(&[host(1), host(2)]);
    let before = lan.received("br", "pa");
    let child = lan.start(&["discover", "--json"]);
    lan::until("the first pokes", || lan.received("br", "pa") > before + 20);
    lan.ip("agent", "link del eth0");
    let output = child.wait_with_output().unwrap();
    let pass = lan::pass_of(&output);
    let reason = pass["networks"][0]["unusable"].as_str().unwrap();
    assert!(reason.contains("went away"), "{reason}");
    assert_eq!(output.status.code(), Some(1), "the only network: blind");
}

#[test]
fn without_a_network_or_anybody_there_the_agent_says_that_it_is_blind() {
    let lan = Lan::new();
    let output = lan.run(&["discover", "--json"]);
    let pass = lan::pass_of(&output);
    let reason = pass["networks"][0]["unusable"].as_str().unwrap();
    assert!(reason.contains("nobody was seen"), "{reason}");
    assert_eq!(output.status.code(), Some(1));

    let doctor = lan.run(&["agent", "doctor", "--json"]);
    assert_eq!(
        doctor.status.code(),
        Some(0),
        "it can see, though nobody is there"
    );
    lan.ip("agent", "link set eth0 down");
    let doctor = lan.run(&["agent", "doctor", "--json"]);
    assert_eq!(doctor.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    assert_eq!(report["sees"], false);
    let findings = report["findings"].as_array().unwrap();
    let eth0 = findings.iter().find(|one| one["what"] == "interface eth0");
    assert_eq!(eth0.unwrap()["detail"], "it is down");
    let icmp = findings.iter().find(|one| one["what"] == "ICMP").unwrap();
    assert!(icmp["hint"].as_str().unwrap().contains("ping_group_range"));

    let output = lan.run(&["discover", "--json"]);
    assert_eq!(lan::pass_of(&output)["networks"], json!([]));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_pass_without_its_gateway_is_not_used() {
    let lan = Lan::new();
    lan.add(&[host(2), host(3)]);
    let pass = lan.discover();
    let reason = pass["networks"][0]["unusable"].as_str().unwrap();
    assert_eq!(reason, "the gateway 192.168.77.1 did not answer");
    assert!(
        !senses(&pass, "192.168.77.2").is_empty(),
        "who was seen is told"
    );
}

/// The kernel remembers a host that is there but answers nothing, one that is gone, and one that
/// answers.
fn with_memories() -> Lan {
    let lan = Lan::new();
    lan.add(&[host(1), host(2)]);
    lan.add_silent(3);
    let (answers, silent) = (lan.mac("h2"), lan.mac("h3"));
    for (number, mac) in [(2, &*answers), (3, &*silent), (4, "bc:24:11:00:00:04")] {
        let entry = format!("neigh replace 192.168.77.{number} lladdr {mac} dev eth0 nud stale");
        lan.ip("agent", &entry);
    }
    lan
}

#[test]
fn what_the_kernel_merely_remembers_is_no_news() {
    let lan = with_memories();
    let config = config("    light: false\n");
    let path = config.path().to_str().unwrap();
    let before = lan.received("br", "pa");
    let pass = lan::pass_of(&lan.run(&["discover", "--json", "--config", path]));
    assert_eq!(lan.received("br", "pa"), before, "nothing was sent");
    for number in [2, 3, 4] {
        let address = format!("192.168.77.{number}");
        let seen = sighting(&pass, &address);
        assert_eq!(seen["senses"], json!([]), "{address}");
        assert!(seen["mac"].is_string(), "{address}");
    }
    let network = &pass["networks"][0];
    assert_eq!(network["swept"], false);
    assert_eq!(sense(&pass, "tcp")["fared"], "off");
}

#[test]
fn what_the_kernel_remembers_is_found_out_about_in_the_same_pass() {
    let lan = with_memories();
    let pass = lan.discover();
    assert_eq!(senses(&pass, "192.168.77.2"), ["neighbour", "tcp"]);
    assert_eq!(
        senses(&pass, "192.168.77.3"),
        ["neighbour"],
        "it answered the kernel's own verification"
    );
    assert_eq!(sighting(&pass, "192.168.77.4"), &Value::Null, "a memory");
    let took = pass["took_ms"].as_u64().unwrap();
    assert!(took < 20_000, "{took}");
}
