//! A network and passes over it, for the tests of the rules.

use std::collections::BTreeMap;

use super::change::Change;
use super::judge::{self, Look};
use super::pass::{
    Fared, NetworkPass, Pass, SeenCertificate, SeenService, Sense, SenseReport, Sighting,
};
use super::product::{Confidence, Fingerprint};
use super::state::{HostState, NetworkRow, NetworkState};
use super::tidy;
use crate::domain::timestamp::Timestamp;

pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const GATEWAY: &str = "00:11:22:00:00:01";

/// A network that is looked at, and the time.
pub(crate) struct Lan {
    pub(crate) state: NetworkState,
    pub(crate) minute: i64,
    pub(crate) refused: Vec<Sense>,
    fingerprints: Vec<Fingerprint>,
}

/// A hardware address that tells a device.
pub(crate) fn mac(number: u8) -> String {
    format!("00:11:32:00:00:{number:02x}")
}

/// Something at 192.168.1.`number`, seen by the neighbour table and by TCP.
pub(crate) fn there(number: u8) -> Sighting {
    Sighting {
        address: format!("192.168.1.{number}"),
        mac: Some(mac(number)),
        senses: vec![Sense::Neighbour, Sense::Tcp],
        ports_asked: vec![22, 80, 443, 8200, 4444],
        ..Sighting::default()
    }
}

/// The same with a web server that others depend on.
pub(crate) fn server(number: u8) -> Sighting {
    Sighting {
        services: vec![open(443, "Vault")],
        ..there(number)
    }
}

/// An open port with a page of that title.
pub(crate) fn open(port: u16, title: &str) -> SeenService {
    SeenService {
        protocol: "tcp".to_owned(),
        port,
        open: true,
        evidence: BTreeMap::from([("http_title".to_owned(), title.to_owned())]),
        certificate: None,
    }
}

/// A certificate that runs out so many days after the first pass.
pub(crate) fn certificate(days: i64) -> SeenCertificate {
    SeenCertificate {
        subject: "nas.lan".to_owned(),
        issuer: "Home".to_owned(),
        not_after: at(days * 24 * 60),
    }
}

pub(crate) fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_763_000_000_000 + minute * MINUTE)
}

/// A usable look at the whole network.
pub(crate) fn pass_of(sightings: Vec<Sighting>) -> NetworkPass {
    NetworkPass {
        cidr: "192.168.1.0/24".to_owned(),
        dev: "eth0".to_owned(),
        gateway: Some("192.168.1.1".to_owned()),
        gateway_mac: Some(GATEWAY.to_owned()),
        swept: true,
        unusable: None,
        sightings,
        asked_in_vain: Vec::new(),
        not_swept: None,
        sweep_ms: None,
    }
}

impl Lan {
    /// One that nobody has looked at.
    pub(crate) fn unknown() -> Self {
        let row = NetworkRow {
            id: 1,
            site_id: "home".to_owned(),
            cidr: "192.168.1.0/24".to_owned(),
            gateway: None,
            gateway_mac: None,
            gateway_before: None,
            agent_id: Some("one".to_owned()),
            full_passes: 0,
            baseline_at: None,
            first_seen: at(0),
            last_seen: at(0),
            name: None,
            no_guests: false,
        };
        Self {
            state: NetworkState {
                row,
                reporters: Vec::new(),
                hosts: Vec::new(),
                conflicts: Vec::new(),
                kept_marks: BTreeMap::new(),
                merged: Vec::new(),
            },
            minute: 0,
            refused: Vec::new(),
            fingerprints: vec![Fingerprint {
                product: "Vault".to_owned(),
                integration: Some("vault".to_owned()),
                confidence: Confidence::High,
                bears: true,
                ports: Vec::new(),
                evidence: BTreeMap::from([("http_title".to_owned(), "=vault".to_owned())]),
            }],
        }
    }

    /// One whose baseline is done, with these on it.
    pub(crate) fn with(sightings: &[Sighting]) -> Self {
        let mut lan = Self::unknown();
        for _ in 0..3 {
            lan.sees(sightings);
        }
        lan
    }

    /// A quarter of an hour later, agent `one` sees these.
    pub(crate) fn sees(&mut self, sightings: &[Sighting]) -> Vec<Change> {
        self.looks("one", pass_of(sightings.to_vec()))
    }

    /// The same, having asked some directly without an answer.
    pub(crate) fn misses(&mut self, sightings: &[Sighting], asked: &[u8]) -> Vec<Change> {
        let mut pass = pass_of(sightings.to_vec());
        pass.asked_in_vain = asked.iter().map(|n| format!("192.168.1.{n}")).collect();
        self.looks("one", pass)
    }

    /// A quarter of an hour later, an agent reports that.
    pub(crate) fn looks(&mut self, agent_id: &str, network: NetworkPass) -> Vec<Change> {
        self.minute += 15;
        self.looks_now(agent_id, network)
    }

    /// An agent reports that, and no time passes.
    pub(crate) fn looks_now(&mut self, agent_id: &str, network: NetworkPass) -> Vec<Change> {
        let senses = [
            Sense::Own,
            Sense::Neighbour,
            Sense::Tcp,
            Sense::Icmp,
            Sense::Mdns,
        ];
        let pass = Pass {
            started_at: at(self.minute),
            took_ms: 500,
            senses: senses
                .into_iter()
                .map(|sense| SenseReport {
                    sense,
                    fared: if self.refused.contains(&sense) {
                        Fared::Refused
                    } else {
                        Fared::Works
                    },
                    reason: None,
                })
                .collect(),
            networks: vec![network],
            resolvers: Vec::new(),
        };
        let looked = tidy::networks(&pass);
        judge::judge(
            &mut self.state,
            Look {
                agent_id,
                looked: &looked[0],
                fingerprints: &self.fingerprints,
                now: at(self.minute),
            },
        )
    }

    /// The host that was last at 192.168.1.`number`.
    pub(crate) fn host(&mut self, number: u8) -> &mut HostState {
        let address = format!("192.168.1.{number}").parse().unwrap();
        let last = |host: &&mut HostState| host.address(address).map(|known| known.last_seen);
        self.state
            .hosts
            .iter_mut()
            .filter(|host| host.address(address).is_some())
            .max_by_key(last)
            .unwrap()
    }
}

/// Kinds of changes, with a tick where they are over.
pub(crate) fn kinds(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| match change.status {
            crate::domain::signal::Status::Firing => change.kind.to_owned(),
            crate::domain::signal::Status::Resolved => format!("✓{}", change.kind),
        })
        .collect()
}
