//! The LAN that is played: hosts that move, sleep, drop pings, make their hardware address up, go;
//! agents that restart, are blind, or lose their link.

use std::collections::{BTreeMap, BTreeSet};

use atlas_ops::domain::inventory::pass::{
    Fared, NetworkPass, Pass, Policy, SeenService, Sense, SenseReport, Sighting,
};
use atlas_ops::domain::timestamp::Timestamp;

/// The agents; the second joins on the second day, may not ping and opens no connection.
pub(crate) const AGENTS: [&str; 2] = ["agent-one", "agent-two"];
/// Hosts by their places in the list.
const GATEWAY: usize = 0;
const REMOVED: usize = 1;
const OUTAGE: usize = 2;
const BLINKS: usize = 3;
const NO_PING: usize = 4;
const STOPS: usize = 5;
const MOVES: usize = 6;
const REPLACED: usize = 7;
const SERVERS: std::ops::Range<usize> = 1..11;
const AGENT_HOSTS: [usize; 2] = [11, 12];
const LAPTOPS: std::ops::Range<usize> = 13..23;
const PHONES: std::ops::Range<usize> = 23..43;
pub(crate) const PRINTER: usize = 53;
const NEWCOMER: usize = 54;
const HOSTS: usize = 60;

const DAY: i64 = 24 * 60;
/// The network itself is away then, for four hours: nobody sees anything.
const BLACKOUT: std::ops::Range<i64> = 6 * DAY..6 * DAY + 240;

/// Numbers from a seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True in so many of a hundred cases.
    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// A watched host that really went.
#[derive(Debug)]
pub(crate) struct Loss {
    pub(crate) mac: String,
    pub(crate) from: i64,
    /// Back then; after the week where it never is.
    pub(crate) until: i64,
}

struct Thing {
    mac: String,
    address: u8,
    on: bool,
    services: Vec<SeenService>,
}

/// All of it.
pub(crate) struct Lan {
    things: Vec<Thing>,
    random: Random,
    minute: i64,
    pub(crate) losses: Vec<Loss>,
    /// Minutes at which an agent restarts, and is away for so long.
    restarts: [BTreeMap<i64, i64>; 2],
    /// Times of passes that could not be used, by any agent.
    unusable: BTreeSet<i64>,
    /// Passes in a row of each agent that could not be used.
    blind_run: [u32; 2],
    /// How often two in a row could not.
    pub(crate) blind: usize,
}

fn web(port: u16, title: &str) -> SeenService {
    SeenService {
        protocol: "tcp".to_owned(),
        port,
        open: true,
        evidence: BTreeMap::from([("http_title".to_owned(), title.to_owned())]),
        certificate: None,
    }
}

fn services_of(place: usize) -> Vec<SeenService> {
    let titles = ["Grafana", "Jellyfin", "TrueNAS", "Pi-hole", "Portainer"];
    if SERVERS.contains(&place) {
        vec![web(8080, titles[place % titles.len()])]
    } else if LAPTOPS.contains(&place) {
        // A laptop has a shell; that is no service that others depend on.
        let banner = "SSH-2.0-OpenSSH_9.2p1".to_owned();
        vec![SeenService {
            evidence: BTreeMap::from([("banner".to_owned(), banner)]),
            ..web(22, "")
        }]
    } else {
        Vec::new()
    }
}

impl Lan {
    pub(crate) fn new(mut random: Random) -> Self {
        let things = (0..HOSTS)
            .map(|place| Thing {
                mac: format!("00:11:32:00:01:{place:02x}"),
                address: u8::try_from(place + 1).unwrap(),
                on: place != NEWCOMER,
                services: services_of(place),
            })
            .collect();
        let mut moment = |day: i64| day * DAY + i64::try_from(random.below(80)).unwrap() * 15;
        let (removed, outage, replaced) = (moment(1), moment(3), moment(4));
        let printer = moment(2);
        let restarts = [
            BTreeMap::from([(moment(1), 60), (moment(4), 120), (moment(5), 30)]),
            BTreeMap::from([(moment(3), 180)]),
        ];
        let mut lan = Self {
            things,
            random,
            minute: 0,
            losses: Vec::new(),
            restarts,
            unusable: BTreeSet::new(),
            blind_run: [0, 0],
            blind: 0,
        };
        for (place, from, until) in [
            (REMOVED, removed, i64::MAX),
            (OUTAGE, outage, outage + 180),
            (REPLACED, replaced, i64::MAX),
            (PRINTER, printer, i64::MAX),
        ] {
            let mac = lan.things[place].mac.clone();
            lan.losses.push(Loss { mac, from, until });
        }
        for place in PHONES {
            lan.new_mac(place);
        }
        lan
    }

    fn new_mac(&mut self, place: usize) {
        let part = self.random.below(0xffff_ffff);
        let bytes = part.to_be_bytes();
        self.things[place].mac = format!(
            "da:a1:{:02x}:{:02x}:{:02x}:{:02x}",
            bytes[4], bytes[5], bytes[6], bytes[7]
        );
    }

    /// An address that nobody has.
    fn new_address(&mut self, place: usize) {
        let taken: BTreeSet<u8> = self.things.iter().map(|thing| thing.address).collect();
        let free: Vec<u8> = (100..250)
            .filter(|number| !taken.contains(number))
            .collect();
        let count = u64::try_from(free.len()).unwrap();
        let number = usize::try_from(self.random.below(count)).unwrap();
        self.things[place].address = free[number];
    }

    pub(crate) fn address_of(&self, place: usize) -> String {
        format!("192.168.1.{}", self.things[place].address)
    }

    pub(crate) fn newcomer(&self) -> &str {
        &self.things[NEWCOMER].mac
    }

    /// The host whose service stopped.
    pub(crate) fn stopped(&self) -> &str {
        &self.things[STOPS].mac
    }

    /// Minutes that were of no use to anybody within a day after.
    pub(crate) fn unusable_after(&self, minute: i64) -> i64 {
        let away = |restarts: &BTreeMap<i64, i64>| {
            let near = restarts.range(minute - 200..minute + DAY);
            near.map(|(_, length)| *length).sum::<i64>()
        };
        let lost = self.unusable.range(minute..minute + DAY).count();
        15 * i64::try_from(lost).unwrap() + self.restarts.iter().map(away).sum::<i64>()
    }

    /// A quarter of an hour of life.
    pub(crate) fn live(&mut self, minute: i64) {
        self.minute = minute;
        // It is 18:00 at the beginning.
        let hour = (18 * 60 + minute) % DAY / 60;
        let new_day = hour == 0 && minute % 60 == 0;
        for place in LAPTOPS {
            let night = !(8..23).contains(&hour);
            let was = self.things[place].on;
            let flips = self.random.percent(4);
            self.things[place].on = if night || minute < 60 {
                minute < 60
            } else {
                was != flips
            };
            if self.things[place].on && !was && self.random.percent(30) {
                self.new_address(place);
            }
        }
        for place in PHONES {
            if self.random.percent(15) {
                self.things[place].on = !self.things[place].on;
            }
            if new_day && self.random.percent(50) {
                self.new_mac(place);
                self.new_address(place);
            }
        }
        // Plain things come and go now and then: nobody asked to be told.
        for place in 43..53 {
            if minute > 60 && self.random.percent(2) {
                self.things[place].on = !self.things[place].on;
            }
        }
        self.events(minute);
    }

    fn events(&mut self, minute: i64) {
        for (place, loss) in [(REMOVED, 0), (OUTAGE, 1), (REPLACED, 2), (PRINTER, 3)] {
            let loss = &self.losses[loss];
            self.things[place].on = !(loss.from..loss.until).contains(&minute);
        }
        // Its lease goes to a phone at once.
        if minute == self.losses[2].from {
            self.things[PHONES.start].address = self.things[REPLACED].address;
        }
        // One pass in twenty misses it, never two in a row.
        let was = self.things[BLINKS].on;
        self.things[BLINKS].on = !was || minute < 60 || !self.random.percent(5);
        if minute == 5 * DAY {
            self.things[STOPS].services.clear();
        }
        if minute == DAY + 90 {
            self.new_address(MOVES);
        }
        if minute == 3 * DAY {
            self.things[NEWCOMER].on = true;
        }
    }

    /// What an agent reports now; nothing where it is not running.
    pub(crate) fn pass(&mut self, agent: usize, policy: &Policy, now: Timestamp) -> Option<Pass> {
        let minute = self.minute;
        let joined = agent == 0 || minute >= DAY + 600;
        let away = self.restarts[agent]
            .iter()
            .any(|(from, length)| (*from..from + length).contains(&minute));
        if !joined || away {
            return None;
        }
        let works = |sense: Sense| match sense {
            Sense::Icmp | Sense::Tcp if agent == 1 => Fared::Refused,
            _ => Fared::Works,
        };
        let senses = [
            Sense::Own,
            Sense::Neighbour,
            Sense::Icmp,
            Sense::Tcp,
            Sense::Mdns,
        ];
        let mut pass = Pass {
            started_at: now,
            took_ms: 700,
            senses: senses
                .into_iter()
                .map(|sense| SenseReport {
                    sense,
                    fared: works(sense),
                    reason: None,
                })
                .collect(),
            networks: Vec::new(),
            resolvers: Vec::new(),
        };
        if BLACKOUT.contains(&minute) {
            // The first sees no network at all; the second lost its link.
            self.unusable.insert(minute);
            if agent == 1 {
                return None;
            }
            self.count_blind(agent, true);
            return Some(pass);
        }
        let mut network = self.look(agent, policy);
        if minute > 60 && self.random.percent(3) {
            // Too much could not be sent: half of it is missing.
            self.unusable.insert(minute);
            network.unusable = Some("more than 10 % could not be sent".to_owned());
            network.sightings.truncate(20);
            network.asked_in_vain = policy.watched.iter().map(|w| w.address.clone()).collect();
        }
        self.count_blind(agent, network.unusable.is_some());
        pass.networks.push(network);
        Some(pass)
    }

    fn count_blind(&mut self, agent: usize, unusable: bool) {
        let run = &mut self.blind_run[agent];
        *run = if unusable { *run + 1 } else { 0 };
        self.blind += usize::from(*run == 2);
    }

    fn look(&mut self, agent: usize, policy: &Policy) -> NetworkPass {
        let mut sightings = Vec::new();
        for place in 0..HOSTS {
            let senses = self.senses(agent, place);
            let thing = &self.things[place];
            if thing.on && !senses.is_empty() {
                let tcp = agent == 0;
                sightings.push(Sighting {
                    address: self.address_of(place),
                    mac: Some(thing.mac.clone()),
                    services: if tcp {
                        thing.services.clone()
                    } else {
                        Vec::new()
                    },
                    ports_asked: if tcp { vec![22, 8080] } else { Vec::new() },
                    senses,
                    ..Sighting::default()
                });
            }
        }
        let mut asked_in_vain = Vec::new();
        for watched in &policy.watched {
            let seen = |known: &Sighting| known.address == watched.address;
            if sightings.iter().any(seen) {
                continue;
            }
            let there = (0..HOSTS)
                .find(|place| self.things[*place].on && self.address_of(*place) == watched.address);
            match there {
                // It answers at the second try.
                Some(place) => sightings.push(Sighting {
                    address: watched.address.clone(),
                    mac: Some(self.things[place].mac.clone()),
                    senses: vec![Sense::Neighbour],
                    ..Sighting::default()
                }),
                None => asked_in_vain.push(watched.address.clone()),
            }
        }
        NetworkPass {
            cidr: "192.168.1.0/24".to_owned(),
            dev: "eth0".to_owned(),
            gateway: Some("192.168.1.1".to_owned()),
            gateway_mac: Some(self.things[GATEWAY].mac.clone()),
            swept: true,
            unusable: None,
            sightings,
            asked_in_vain,
            not_swept: None,
            sweep_ms: None,
        }
    }

    /// The senses that see a host that is on: each fails now and then.
    fn senses(&mut self, agent: usize, place: usize) -> Vec<Sense> {
        let mut senses = Vec::new();
        if AGENT_HOSTS[agent] == place {
            senses.push(Sense::Own);
        }
        if self.random.percent(97) {
            senses.push(Sense::Neighbour);
        }
        if agent == 0 && place != NO_PING && place % 5 != 4 && self.random.percent(95) {
            senses.push(Sense::Icmp);
        }
        if agent == 0 && !self.things[place].services.is_empty() {
            senses.push(Sense::Tcp);
        }
        if place.is_multiple_of(7) && self.random.percent(50) {
            senses.push(Sense::Mdns);
        }
        senses
    }
}
