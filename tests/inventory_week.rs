//! A week of passes over a LAN of 60 hosts through the real flow and store, the clock handed in:
//! what really goes is reported in time, and nothing else is.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

#[path = "inventory_week/lan.rs"]
mod lan;

use std::sync::Arc;

use atlas_ops::domain::agent::{Facts, Report};
use atlas_ops::domain::inventory::host::{Host, Marking};
use atlas_ops::domain::inventory::pass::{Pass, Policy};
use atlas_ops::domain::signal::{Signal, Status};
use atlas_ops::domain::timestamp::Timestamp;
use atlas_ops::domain::{actor::Actor, kind};
use atlas_ops::flow::catalogue::Catalogue;
use atlas_ops::flow::ingest::{Delivery, Sender};
use atlas_ops::flow::inventory::{marks, view};
use atlas_ops::flow::report::deliver;
use atlas_ops::store::signals::{self, Filter};
use atlas_ops::store::{Store, migrate};
use lan::{Lan, PRINTER, Random};

/// A Monday, 18:00 UTC: everybody is at home.
const START: i64 = 1_763_402_400_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
const PASS: i64 = 15;
/// Passes of a week.
const WEEK: i64 = 672;
/// What is gone is reported within so many minutes of passes that could be used: three passes of
/// each of two agents, doubled where it had just been back.
const IN_TIME: i64 = 2 * HOUR;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(START + minute * MINUTE)
}

/// The server, and what its agents were last told.
struct Server {
    store: Store,
    catalogue: Arc<Catalogue>,
    policies: [Policy; 2],
}

impl Server {
    async fn report(&mut self, agent: usize, minute: i64, pass: Pass) {
        let report = Report {
            agent_id: lan::AGENTS[agent].to_owned(),
            site_id: "home".to_owned(),
            version: "0.5.0".to_owned(),
            interval_seconds: 900,
            observed_at: at(minute),
            facts: Facts {
                hostname: lan::AGENTS[agent].to_owned(),
                ..Facts::default()
            },
            gateways: Vec::new(),
            gateway_latency_ms: None,
            conditions_omitted: 0,
            conditions: Vec::new(),
            integrations: Vec::new(),
            backlog: 0,
            unknown: Vec::new(),
            inventory: Some(pass),
        };
        let delivery = Delivery {
            items: vec![(report, None)],
            sender: Sender {
                credential: "week".to_owned(),
                site_id: None,
            },
            received_at: at(minute),
        };
        let answered = deliver(&self.store, &self.catalogue, delivery).await;
        let answered = answered.unwrap().remove(0);
        self.policies[agent] = answered.policy;
    }

    /// Somebody pins the host at an address.
    async fn pin(&self, address: String, minute: i64) {
        let catalogue = Arc::clone(&self.catalogue);
        let pinned = self.store.write(move |db| {
            let all = view::hosts(db, &view::Filter::default(), at(minute))?;
            let here = |host: &&Host| host.addresses[0].address == address;
            let id = all.iter().find(here).map(|host| host.id).unwrap();
            let marking = Marking {
                pinned: Some(true),
                ..Marking::default()
            };
            marks::mark_host(
                (db, &catalogue),
                id,
                &marking,
                &Actor::program(),
                at(minute),
            )
        });
        assert!(pinned.await.unwrap().unwrap().pinned);
    }

    /// Everything that was said of a kind, oldest first.
    async fn said(&self, kind: &str) -> Vec<Signal> {
        let filter = Filter {
            kind: Some(kind.to_owned()),
            ..Filter::default()
        };
        let read = self
            .store
            .read(move |db| signals::newest(db, &filter, 1000));
        let mut said = read.await.unwrap();
        said.reverse();
        said
    }
}

fn minute_of(signal: &Signal) -> i64 {
    signal.received_at.millis_since(at(0)) / MINUTE
}

/// What was said, in a line each, for a test that fails.
fn listed(said: &[Signal]) -> String {
    let line = |signal: &Signal| {
        let minute = minute_of(signal);
        let (day, hour) = (minute / DAY, minute % DAY / HOUR);
        format!(
            "{} day {day} +{hour} h: {}",
            signal.status.as_str(),
            signal.summary
        )
    };
    said.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A folder whose files are in memory, where the system has one: each of 1300 reports is synced,
/// and a busy disk takes a tenth of a second for that.
fn in_memory() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
    made.unwrap()
}

async fn week(seed: u64) {
    let folder = in_memory();
    let path = folder.path().join("week.db");
    migrate::migrate(&path, at(0)).unwrap();
    let mut server = Server {
        store: Store::open(&path).unwrap(),
        catalogue: Arc::new(Catalogue::new(Vec::new())),
        policies: [Policy::default(), Policy::default()],
    };
    let mut lan = Lan::new(Random::of(seed));
    for number in 0..WEEK {
        let minute = number * PASS;
        lan.live(minute);
        if number == 8 {
            server.pin(lan.address_of(PRINTER), minute).await;
        }
        for agent in [0, 1] {
            // The second looks seven minutes after the first.
            let minute = minute + 7 * i64::try_from(agent).unwrap();
            if let Some(pass) = lan.pass(agent, &server.policies[agent], at(minute)) {
                server.report(agent, minute, pass).await;
            }
        }
    }
    hold(&server, &lan, seed).await;
    server.store.close();
}

/// What was said against what really happened.
async fn hold(server: &Server, lan: &Lan, seed: u64) {
    let gone = server.said(kind::HOST_GONE).await;
    let context = || format!("seed {seed}\n{}\nreally: {:?}", listed(&gone), lan.losses);
    let begun: Vec<&Signal> = gone.iter().filter(|s| s.status == Status::Firing).collect();
    for signal in &begun {
        let real = lan.losses.iter().any(|loss| {
            signal.detail["mac"] == loss.mac.as_str()
                && (loss.from..loss.until).contains(&minute_of(signal))
        });
        assert!(real, "a false alarm: {}\n{}", signal.summary, context());
    }
    for loss in &lan.losses {
        let mut said = begun.iter().filter(|signal| {
            signal.detail["mac"] == loss.mac.as_str()
                && (loss.from..=loss.from + IN_TIME + lan.unusable_after(loss.from))
                    .contains(&minute_of(signal))
        });
        assert!(said.next().is_some(), "missed: {loss:?}\n{}", context());
        let ends = gone
            .iter()
            .any(|signal| signal.status == Status::Resolved && minute_of(signal) >= loss.until);
        assert!(
            ends || loss.until >= WEEK * PASS,
            "never over: {loss:?}\n{}",
            context()
        );
    }
    assert_eq!(
        begun.len(),
        lan.losses.len(),
        "each is said once: {}",
        context()
    );

    let new = server.said(kind::HOST_NEW).await;
    let macs: Vec<&str> = new
        .iter()
        .map(|s| s.detail["mac"].as_str().unwrap())
        .collect();
    assert_eq!(macs, [lan.newcomer()], "seed {seed}\n{}", listed(&new));
    let services = server.said(kind::SERVICE_GONE).await;
    assert_eq!(services.len(), 1, "seed {seed}\n{}", listed(&services));
    assert_eq!(services[0].detail["mac"], lan.stopped());
    let blind = server.said(kind::DISCOVERY_BLIND).await;
    let told = blind
        .iter()
        .filter(|signal| signal.status == Status::Firing)
        .count();
    assert_eq!(told, lan.blind, "seed {seed}\n{}", listed(&blind));
    assert_eq!(
        blind.len(),
        2 * told,
        "each is over: seed {seed}\n{}",
        listed(&blind)
    );
    for quiet in [
        kind::ADDRESS_CONFLICT,
        kind::GATEWAY_CHANGED,
        kind::SERVICE_NEW,
        kind::CERTIFICATE_EXPIRING,
    ] {
        let said = server.said(quiet).await;
        assert!(said.is_empty(), "seed {seed}\n{}", listed(&said));
    }
    assert_eq!(server.said(kind::INVENTORY_BASELINE).await.len(), 1);
    let moved = server.said(kind::HOST_ADDRESS_CHANGED).await;
    assert!(
        !moved.is_empty() && moved.len() <= 60,
        "seed {seed}\n{}",
        listed(&moved)
    );
}

fn play(seed: u64) {
    actix_web::rt::System::new().block_on(week(seed));
}

#[test]
fn a_week_has_no_false_alarm_and_misses_nothing() {
    play(1);
}

/// Another one each day, whose number is printed where it fails.
#[test]
fn a_week_that_was_never_played_has_none_either() {
    let seed = atlas_ops::clock::now().as_millis().unsigned_abs();
    println!("seed {seed}");
    play(seed);
}
