//! Puts together what the techniques found of one network, address by address, and keeps the
//! bounds of a pass. Text from outside is made harmless here.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::agent::inert;
use crate::agent::sys::neighbours::{Certainty, Neighbour};
use crate::domain::inventory::pass::{
    MAX_SERVICES, MAX_TEXT, SeenCertificate, SeenName, SeenService, Sense, Sighting,
};
use crate::domain::order;

/// The kernel tells ages in hundredths of a second.
const TICKS: Duration = Duration::from_millis(30);

/// What was found of one network.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Found {
    hosts: BTreeMap<Ipv4Addr, Sighting>,
}

impl Found {
    fn at(&mut self, address: Ipv4Addr) -> &mut Sighting {
        self.hosts.entry(address).or_insert_with(|| Sighting {
            address: address.to_string(),
            ..Sighting::default()
        })
    }

    /// A sense saw somebody there.
    pub(super) fn saw(&mut self, address: Ipv4Addr, sense: Sense) {
        let senses = &mut self.at(address).senses;
        if let Err(place) = senses.binary_search(&sense) {
            senses.insert(place, sense);
        }
    }

    /// Its hardware address.
    pub(super) fn mac(&mut self, address: Ipv4Addr, mac: &str) {
        self.at(address).mac = Some(mac.to_owned());
    }

    /// A name of it.
    pub(super) fn named(&mut self, address: Ipv4Addr, name: &str, sense: Sense) {
        let name = inert::line(name.trim_end_matches('.').trim(), MAX_TEXT);
        let names = &mut self.at(address).names;
        let is_known = names
            .iter()
            .any(|known| known.name == name && known.sense == sense);
        if !name.is_empty() && !is_known && names.len() < MAX_SERVICES {
            names.push(SeenName { name, sense });
        }
    }

    /// A stable id that it announces, the first counts.
    pub(super) fn announced(&mut self, address: Ipv4Addr, kind: &str, id: &str) {
        let id = inert::name(&format!("{kind}:{}", id.to_lowercase()), MAX_TEXT);
        self.at(address).announced_id.get_or_insert(id);
    }

    /// These ports were asked.
    pub(super) fn asked(&mut self, address: Ipv4Addr, port: u16) {
        let ports = &mut self.at(address).ports_asked;
        if let Err(place) = ports.binary_search(&port)
            && ports.len() < MAX_SERVICES
        {
            ports.insert(place, port);
        }
    }

    /// Whether any port of it was asked.
    pub(super) fn was_asked(&self, address: Ipv4Addr) -> bool {
        self.hosts
            .get(&address)
            .is_some_and(|one| !one.ports_asked.is_empty())
    }

    /// A port of it, which is made known by this. `None` where it has too many.
    fn service(
        &mut self,
        address: Ipv4Addr,
        (protocol, port): (&str, u16),
    ) -> Option<&mut SeenService> {
        let services = &mut self.at(address).services;
        let place = services
            .iter()
            .position(|known| known.protocol == protocol && known.port == port);
        if place.is_none() && services.len() >= MAX_SERVICES {
            return None;
        }
        let place = place.unwrap_or_else(|| {
            services.push(SeenService {
                protocol: protocol.to_owned(),
                port,
                ..SeenService::default()
            });
            services.len() - 1
        });
        services.get_mut(place)
    }

    /// A connection to a TCP port was accepted.
    pub(super) fn open(&mut self, address: Ipv4Addr, port: u16) {
        if let Some(service) = self.service(address, ("tcp", port)) {
            service.open = true;
        }
    }

    /// What tells which product is at a port. The first to tell a thing counts.
    pub(super) fn evidence(
        &mut self,
        address: Ipv4Addr,
        port: (&str, u16),
        (key, value): (&str, &str),
    ) {
        let value = inert::line(value.trim(), MAX_TEXT);
        if value.is_empty() {
            return;
        }
        if let Some(service) = self.service(address, port) {
            service.evidence.entry(key.to_owned()).or_insert(value);
        }
    }

    /// The certificate that a port showed.
    pub(super) fn certificate(
        &mut self,
        address: Ipv4Addr,
        port: u16,
        certificate: SeenCertificate,
    ) {
        if let Some(service) = self.service(address, ("tcp", port)) {
            service.certificate = Some(certificate);
        }
    }

    /// Whether any sense proved it there.
    pub(super) fn is_alive(&self, address: Ipv4Addr) -> bool {
        self.hosts
            .get(&address)
            .is_some_and(|one| one.senses.iter().any(|sense| sense.proves_presence()))
    }

    /// The addresses that were proved to be there, this host's own left out.
    pub(super) fn alive(&self) -> Vec<Ipv4Addr> {
        let is_other = |one: &Sighting| {
            let proof = |sense: &Sense| sense.proves_presence() && *sense != Sense::Own;
            one.senses.iter().any(proof)
        };
        self.hosts
            .iter()
            .filter(|(_, one)| is_other(one))
            .map(|(address, _)| *address)
            .collect()
    }

    /// Ports that accepted a connection.
    pub(super) fn open_ports(&self) -> Vec<(Ipv4Addr, u16)> {
        let mut open = Vec::new();
        for (address, one) in &self.hosts {
            let ports = one.services.iter().filter(|service| service.open);
            open.extend(ports.map(|service| (*address, service.port)));
        }
        open
    }

    /// The hardware address of one.
    pub(super) fn mac_of(&self, address: Ipv4Addr) -> Option<String> {
        self.hosts.get(&address)?.mac.clone()
    }

    /// What the neighbour table tells now of an address, against what it told `before` the pass,
    /// which began `since` ago. Answers whether it is only remembered: then whoever is there has
    /// to be asked otherwise.
    pub(super) fn neighbour(
        &mut self,
        before: Option<&Neighbour>,
        now: &Neighbour,
        since: Duration,
    ) -> bool {
        let Some(mac) = &now.mac else {
            return false;
        };
        if now.certainty == Certainty::Failed {
            return false;
        }
        let address = now.address;
        self.mac(address, mac);
        if is_news(before, now, since) {
            self.saw(address, Sense::Neighbour);
        }
        !self.is_alive(address)
    }

    /// What was remembered and turned out to be wrong is not told.
    pub(super) fn forget_unless_alive(&mut self, address: Ipv4Addr) {
        if !self.is_alive(address) {
            self.hosts.remove(&address);
        }
    }

    /// One sighting for each address, at most `most`: where there are more, those without proof
    /// of life are left out first.
    pub(super) fn into_sightings(self, most: usize) -> Vec<Sighting> {
        let mut sightings: Vec<Sighting> = self.hosts.into_values().collect();
        if sightings.len() > most {
            order::sort_by_key(&mut sightings, |one| one.senses.is_empty());
            sightings.truncate(most);
        }
        sightings
    }
}

/// Whether a row proves that somebody was there during the pass. A row that the kernel merely
/// remembers does not, and neither does one that it confirmed before; one that came to be or
/// changed since does, because somebody has spoken.
fn is_news(before: Option<&Neighbour>, now: &Neighbour, since: Duration) -> bool {
    let is_confirmed = now.certainty == Certainty::Reachable
        && now.confirmed_ago.is_none_or(|ago| ago <= since + TICKS);
    let is_fixed = now.certainty == Certainty::Fixed;
    let was_known = before.and_then(|row| row.mac.as_ref());
    is_confirmed || (!is_fixed && was_known != now.mac.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 9);

    fn row(certainty: Certainty, mac: Option<&str>, seconds_ago: u64) -> Neighbour {
        Neighbour {
            link: 2,
            address: HOST,
            mac: mac.map(str::to_owned),
            certainty,
            confirmed_ago: Some(Duration::from_secs(seconds_ago)),
        }
    }

    #[test]
    fn only_what_the_kernel_confirmed_or_learned_is_proof_of_life() {
        use Certainty::{Asked, Checking, Failed, Fixed, Reachable, Stale};
        let stale = row(Stale, Some("a"), 900);
        let failed = row(Failed, None, 900);
        for (name, before, now, proves, remembered) in [
            (
                "resolved now",
                None,
                row(Reachable, Some("a"), 0),
                true,
                false,
            ),
            (
                "was unknown, spoke first",
                Some(&failed),
                row(Stale, Some("a"), 0),
                true,
                false,
            ),
            (
                "remembered",
                Some(&stale),
                row(Stale, Some("a"), 900),
                false,
                true,
            ),
            (
                "being verified",
                Some(&stale),
                row(Checking, Some("a"), 900),
                false,
                true,
            ),
            (
                "verified",
                Some(&stale),
                row(Reachable, Some("a"), 0),
                true,
                false,
            ),
            (
                "verified in vain",
                Some(&stale),
                row(Failed, Some("a"), 900),
                false,
                false,
            ),
            (
                "another machine took it",
                Some(&stale),
                row(Stale, Some("b"), 0),
                true,
                false,
            ),
            (
                "confirmed before the pass",
                Some(&stale),
                row(Reachable, Some("a"), 20),
                false,
                true,
            ),
            (
                "entered by hand",
                None,
                row(Fixed, Some("a"), 900),
                false,
                true,
            ),
            ("nobody answers", None, row(Asked, None, 0), false, false),
        ] {
            let mut found = Found::default();
            assert_eq!(
                found.neighbour(before, &now, Duration::from_secs(9)),
                remembered,
                "{name}"
            );
            assert_eq!(found.is_alive(HOST), proves, "{name}");
        }
    }

    #[test]
    fn text_from_outside_is_tame_and_bounded() {
        let mut found = Found::default();
        for number in 0..200u16 {
            found.named(
                HOST,
                &format!("n{number}\n\u{1b}[31m{}", "x".repeat(999)),
                Sense::Mdns,
            );
            found.evidence(HOST, ("tcp", number), ("http_title", "a\u{202e}b"));
            found.asked(HOST, number);
        }
        found.named(HOST, "", Sense::Mdns);
        let sighting = &found.into_sightings(10)[0];
        assert_eq!(sighting.names.len(), MAX_SERVICES);
        assert_eq!(sighting.services.len(), MAX_SERVICES);
        for name in &sighting.names {
            assert!(name.name.chars().count() <= MAX_TEXT && !name.name.contains('\u{1b}'));
        }
        assert_eq!(sighting.services[0].evidence["http_title"], "a\u{fffd}b");
    }

    #[test]
    fn a_name_of_the_resolver_is_no_proof_of_life() {
        let mut found = Found::default();
        found.named(HOST, "old.lan.", Sense::ReverseDns);
        found.saw(HOST, Sense::ReverseDns);
        assert!(!found.is_alive(HOST) && found.alive().is_empty());
        found.saw(HOST, Sense::Own);
        assert!(
            found.is_alive(HOST) && found.alive().is_empty(),
            "it is oneself"
        );
        found.saw(HOST, Sense::Tcp);
        found.saw(HOST, Sense::Tcp);
        assert_eq!(found.alive(), [HOST]);
    }

    #[test]
    fn with_too_many_those_without_proof_go_first() {
        let mut found = Found::default();
        for last in 1..=9 {
            let address = Ipv4Addr::new(192, 168, 1, last);
            found.mac(address, "a");
            if last > 5 {
                found.saw(address, Sense::Tcp);
            }
        }
        let left = found.into_sightings(4);
        assert!(left.iter().all(|one| !one.senses.is_empty()));
    }
}
