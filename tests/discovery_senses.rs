//! The senses beyond the neighbour table, each against a thing that really answers in a namespace:
//! mDNS with garbage beside it, SSDP, open ports, pages and certificates, names; and the direct
//! questions to those who are missing.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::time::Duration;

use atlas_ops::agent::discovery;
use atlas_ops::agent::sys::tls;
use atlas_ops::clock;
use atlas_ops::config::agent::discovery::DiscoveryConfig;
use atlas_ops::config::secret::Secret;
use atlas_ops::domain::inventory::pass::{Pass, Policy, Sense, Sighting, WatchedAddress};
use support::lan::{self, Host, Lan};

fn host(number: u8) -> Host {
    Host {
        number,
        ..Host::default()
    }
}

/// A pass in the agent's namespace, within this process.
fn pass(lan: &Lan, config: &DiscoveryConfig, policy: &Policy) -> Pass {
    lan.within("agent", || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(discovery::pass(config, policy, clock::now(), &|_| {}))
    })
}

fn of(pass: &Pass, number: u8) -> &Sighting {
    let address = format!("192.168.77.{number}");
    let mut all = pass.networks.iter().flat_map(|one| &one.sightings);
    all.find(|one| one.address == address)
        .unwrap_or_else(|| panic!("{address} is not in {pass:#?}"))
}

/// Answers every datagram that comes to a socket, until the test ends.
fn responder(socket: UdpSocket, answers: Vec<Vec<u8>>) {
    std::thread::spawn(move || {
        let mut question = [0; 2048];
        while let Ok((_, from)) = socket.recv_from(&mut question) {
            for answer in &answers {
                let _ = socket.send_to(answer, from);
            }
        }
    });
}

/// A socket of a multicast group in a host's namespace.
fn group(lan: &Lan, number: u8, group: Ipv4Addr, port: u16) -> UdpSocket {
    lan.within(&format!("h{number}"), || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
        let own = Ipv4Addr::new(192, 168, 77, number);
        socket.join_multicast_v4(&group, &own).unwrap();
        socket
    })
}

/// A record of an mDNS answer.
fn record(name: &[&str], kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = labels(name);
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0x80, 1, 0, 0, 0, 10]);
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn labels(name: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}

fn answer(records: &[Vec<u8>]) -> Vec<u8> {
    let count = u8::try_from(records.len()).unwrap();
    let mut message = vec![0, 0, 0x84, 0, 0, 0, 0, count, 0, 0, 0, 0];
    message.extend(records.concat());
    message
}

fn home_assistant(number: u8) -> Vec<u8> {
    let kind = ["_home-assistant", "_tcp", "local"];
    let instance = ["Our. home", "_home-assistant", "_tcp", "local"];
    let place = [&[0, 0, 0, 0, 0x1f, 0xbb][..], &labels(&["ha", "local"])].concat();
    answer(&[
        record(&kind, 12, &labels(&instance)),
        record(&instance, 33, &place),
        record(&instance, 16, b"\x09uuid=AB-1\x0dversion=2026\n"),
        record(&["ha", "local"], 1, &[192, 168, 77, number]),
    ])
}

#[test]
fn a_service_is_heard_among_garbage() {
    let lan = Lan::new();
    lan.add(&[host(1), host(5), host(6)]);
    let good = home_assistant(5);
    let mut cut = good.clone();
    cut.truncate(60);
    let mut looped = good.clone();
    looped[12] = 0xc0;
    looped[13] = 12;
    let garbage = vec![
        Vec::new(),
        vec![0xff; 1400],
        looped,
        cut,
        answer(&[record(&["\u{1b}[31m", "_http", "_tcp", "local"], 33, &[0])]),
        vec![
            0, 0, 0x84, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ],
    ];
    let mdns = Ipv4Addr::new(224, 0, 0, 251);
    let mut both = garbage.clone();
    both.push(good);
    responder(group(&lan, 5, mdns, 5353), both);
    responder(group(&lan, 6, mdns, 5353), garbage);
    let device = "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.77.6:49152/d.xml\r\nSERVER: Linux UPnP/1.0 Nas/7\r\nST: upnp:rootdevice\r\nUSN: uuid:9A-7::upnp:rootdevice\r\n\r\n";
    let ssdp = group(&lan, 6, Ipv4Addr::new(239, 255, 255, 250), 1900);
    responder(ssdp, vec![b"\xff\xfe nonsense".to_vec(), device.into()]);

    let pass = pass(&lan, &DiscoveryConfig::default(), &Policy::default());
    let ha = of(&pass, 5);
    assert!(ha.senses.contains(&Sense::Mdns), "{ha:?}");
    assert_eq!(ha.announced_id.as_deref(), Some("home-assistant:ab-1"));
    assert_eq!(ha.names[0].name, "ha.local");
    let service = ha.services.iter().find(|one| one.port == 8123).unwrap();
    assert_eq!(service.evidence["mdns_name"], "Our. home");
    assert!(!service.open, "announced, but nothing listens there");
    let nas = of(&pass, 6);
    assert!(nas.senses.contains(&Sense::Ssdp), "{nas:?}");
    assert_eq!(nas.announced_id.as_deref(), Some("upnp:9a-7"));
    let service = nas.services.iter().find(|one| one.port == 49152).unwrap();
    assert_eq!(service.evidence["ssdp_server"], "Linux UPnP/1.0 Nas/7");
}

/// Answers every connection with a page.
fn web(listener: TcpListener, page: &'static str) {
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 2048]);
            let _ = stream.write_all(page.as_bytes());
        }
    });
}

fn listen(lan: &Lan, number: u8, port: u16) -> TcpListener {
    lan.within(&format!("h{number}"), || {
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap()
    })
}

#[test]
fn open_ports_pages_and_names_are_learned_where_they_are_switched_on() {
    let lan = Lan::new();
    lan.add(&[host(1), host(9)]);
    web(
        listen(&lan, 9, 8096),
        "HTTP/1.1 200 OK\r\nServer: Kestrel\r\n\r\n<html><title>Jelly\u{1b}fin</title>",
    );
    let _ssh = listen(&lan, 9, 22);
    let _watched = listen(&lan, 9, 7777);
    let datagrams = |port| {
        lan.within("h9", || {
            UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap()
        })
    };
    let node = datagrams(137);
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = node.recv_from(&mut question) {
            let mut answer = question[..length].to_vec();
            answer[2] = 0x84;
            answer.extend([0, 0, 0, 0, 0, 19, 1]);
            answer.extend(b"NAS            \x00\x04\x00");
            let _ = node.send_to(&answer, from);
        }
    });

    let quiet = pass(&lan, &DiscoveryConfig::default(), &Policy::default());
    let seen = of(&quiet, 9);
    let ports: Vec<u16> = seen.services.iter().map(|one| one.port).collect();
    assert_eq!(ports, [22, 8096]);
    assert!(
        seen.services
            .iter()
            .all(|one| one.open && one.evidence.is_empty())
    );
    assert!(seen.ports_asked.contains(&443) && !seen.ports_asked.contains(&7777));
    assert!(seen.names.is_empty() && !seen.senses.contains(&Sense::Http));

    let config = DiscoveryConfig {
        http: true,
        netbios: true,
        snmp_community: Secret::new("public"),
        ..DiscoveryConfig::default()
    };
    let policy = Policy {
        watched: vec![WatchedAddress {
            address: "192.168.77.9".to_owned(),
            mac: None,
            ports: vec![7777],
        }],
    };
    let curious = pass(&lan, &config, &policy);
    let seen = of(&curious, 9);
    let jellyfin = seen.services.iter().find(|one| one.port == 8096).unwrap();
    assert_eq!(jellyfin.evidence["http_title"], "Jelly\u{fffd}fin");
    assert_eq!(jellyfin.evidence["http_server"], "Kestrel");
    assert!(seen.services.iter().any(|one| one.port == 7777 && one.open));
    assert_eq!(seen.names[0].name, "NAS");
    for sense in [Sense::Http, Sense::Netbios] {
        assert!(seen.senses.contains(&sense), "{seen:?}");
    }
    assert!(!seen.senses.contains(&Sense::Snmp), "nothing answers there");
}

#[test]
fn those_who_are_missing_are_asked_directly_before_they_count_as_missing() {
    let lan = Lan::new();
    let watched = |number: u8| WatchedAddress {
        address: format!("192.168.77.{number}"),
        mac: None,
        ports: vec![22],
    };
    let policy = Policy {
        watched: vec![watched(2), watched(3), watched(4), watched(250)],
    };
    lan.add(&[host(1), host(2)]);
    let (wake, woken) = std::sync::mpsc::channel();
    let pass = std::thread::scope(|scope| {
        // Host 3 sleeps through the sweep and wakes up while the missing are asked.
        let lan = &lan;
        scope.spawn(move || {
            woken.recv_timeout(Duration::from_secs(20)).unwrap();
            lan.add(&[host(3)]);
        });
        lan.within("agent", || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let told = std::cell::Cell::new(false);
            let progress = |progress: discovery::Progress| {
                if progress.stage == discovery::Stage::Missing && !told.replace(true) {
                    wake.send(()).unwrap();
                }
            };
            let config = DiscoveryConfig::default();
            runtime.block_on(discovery::pass(&config, &policy, clock::now(), &progress))
        })
    });
    let network = &pass.networks[0];
    assert_eq!(network.asked_in_vain, ["192.168.77.4"]);
    assert!(of(&pass, 3).senses.contains(&Sense::Neighbour));
    assert!(
        !of(&pass, 3).ports_asked.is_empty(),
        "late, but asked like the others"
    );
    assert_eq!(network.unusable, None);
    assert!((9_000..20_000).contains(&pass.took_ms), "{}", pass.took_ms);
}

/// A TLS server of OpenSSL in a host's namespace, and the folder of its certificate.
fn tls_server(lan: &Lan, number: u8, port: u16) -> (std::process::Child, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();
    lan::shell(&format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
         -keyout {at}/key -out {at}/certificate -subj '/O=Home/CN=pve.lan' 2>{at}/log"
    ));
    let there = lan.name(&format!("h{number}"));
    let child = std::process::Command::new("ip")
        .args([
            "netns", "exec", &there, "openssl", "s_server", "-www", "-quiet",
        ])
        .args(["-accept", &port.to_string()])
        .arg("-key")
        .arg(folder.path().join("key"))
        .arg("-cert")
        .arg(folder.path().join("certificate"))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let address = (Ipv4Addr::new(192, 168, 77, number), port);
    lan::until("the TLS server", || {
        lan.within("agent", || std::net::TcpStream::connect(address).is_ok())
    });
    (child, folder)
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_recorded() {
    let lan = Lan::new();
    lan.add(&[host(1), host(9)]);
    let (mut server, _folder) = tls_server(&lan, 9, 8006);
    let config = DiscoveryConfig {
        http: true,
        ..DiscoveryConfig::default()
    };
    let pass = pass(&lan, &config, &Policy::default());
    let address = std::net::SocketAddr::from(([192, 168, 77, 9], 8006));
    let (asked, not_tls) = lan.within("agent", || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let limit = Duration::from_secs(5);
        // It takes connections and says nothing.
        let mute = TcpListener::bind("192.168.77.250:0").unwrap();
        let plain = mute.local_addr().unwrap();
        runtime.block_on(async {
            (
                tls::certificate_of(address, "pve.lan", limit).await,
                tls::certificate_of(plain, "pve.lan", Duration::from_millis(300)).await,
            )
        })
    });
    let _ = server.kill();
    let _ = server.wait();
    let seen = of(&pass, 9);
    let service = seen.services.iter().find(|one| one.port == 8006).unwrap();
    let shown = service.certificate.as_ref().unwrap();
    assert_eq!((&*shown.subject, &*shown.issuer), ("pve.lan", "pve.lan"));
    let days = shown.not_after.millis_since(clock::now()) / 86_400_000;
    assert!((28..=30).contains(&days), "{days}");
    assert_eq!(service.evidence["http_status"], "200");
    assert_eq!(&asked.unwrap(), shown);
    assert!(not_tls.unwrap_err().contains("in time"));
}
