use super::*;
use crate::agent::checks::Change;
use crate::agent::checks::reading::{self, Watch};
use crate::agent::sys::Pinged;
use crate::domain::signal::Status;
use std::collections::BTreeMap;

/// An agent that looks at gateways every five minutes.
struct Agent {
    learned: Learned,
    watches: BTreeMap<String, Watch>,
    now: Timestamp,
    unknown: usize,
}

impl Agent {
    fn new() -> Self {
        Self {
            learned: Learned::default(),
            watches: BTreeMap::new(),
            now: Timestamp::from_millis(1_790_000_000_000),
            unknown: 0,
        }
    }

    fn look(&mut self, measured: &Measured) -> Vec<Change> {
        self.now = self.now.plus_millis(300_000);
        let config = GatewayChecks::default();
        let readings = judge(measured, config, &mut self.learned, self.now);
        let mut unknown = Vec::new();
        let changes = reading::judge(readings, &mut self.watches, &mut unknown, self.now);
        self.unknown = unknown.len();
        changes
    }

    fn told(&mut self, measured: &Measured) -> Vec<String> {
        let word = |change: &Change| {
            let status = change.status.as_str();
            match change.status {
                Status::Firing => format!("{} {status} {}", change.kind, change.severity.as_str()),
                Status::Resolved => format!("{} {status}", change.kind),
            }
        };
        self.look(measured).iter().map(word).collect()
    }
}

fn row(address: &str, probe: Probe, latency_ms: Option<f64>, mac: Option<&str>) -> (Gateway, Wire) {
    let gateway = Gateway {
        gateway: address.to_owned(),
        dev: "eth0".to_owned(),
        latency_ms,
        probe,
    };
    let answered = if probe == Probe::Icmp { 5 } else { 0 };
    let pinged = Pinged {
        sent: 5,
        answered,
        latency_ms,
    };
    let mac = mac.map(str::to_owned);
    (gateway, Wire { pinged, mac })
}

fn table(rows: Vec<(Gateway, Wire)>) -> Measured {
    let (gateways, wires) = rows.into_iter().unzip();
    Measured {
        gateways,
        wires,
        ping_refused: None,
    }
}

const MAC: &str = "02:00:00:00:00:01";

fn well(latency: f64) -> Measured {
    table(vec![row("10.0.0.1", Probe::Icmp, Some(latency), Some(MAC))])
}

fn silent(mac: Option<&str>) -> Measured {
    table(vec![row("10.0.0.1", Probe::Silent, None, mac)])
}

#[test]
fn two_silent_looks_are_an_outage_and_one_answer_ends_it() {
    let mut agent = Agent::new();
    assert!(agent.look(&well(1.0)).is_empty());
    assert!(agent.look(&silent(None)).is_empty());
    let changes = agent.look(&silent(None));
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].severity, Severity::Critical);
    assert_eq!(changes[0].scope, Scope::Network(format!("10.0.0.1@{MAC}")));
    assert_eq!(changes[0].detail["interface"], "eth0");
    // It comes back as another device: the incident that ends is the one that began.
    let other = table(vec![row(
        "10.0.0.1",
        Probe::Icmp,
        Some(1.0),
        Some("02:00:00:00:00:02"),
    )]);
    let changes = agent.look(&other);
    assert_eq!(changes[0].status, Status::Resolved);
    assert_eq!(changes[0].scope, Scope::Network(format!("10.0.0.1@{MAC}")));
}

#[test]
fn what_could_not_be_tried_is_no_outage() {
    let mut agent = Agent::new();
    agent.look(&well(1.0));
    let untried = table(vec![row("10.0.0.1", Probe::Unknown, None, None)]);
    for _ in 0..5 {
        assert!(agent.look(&untried).is_empty());
        assert_eq!(agent.unknown, 1);
    }
}

#[test]
fn a_gateway_that_never_answers_anybody_is_unknown_while_it_is_there() {
    let mut agent = Agent::new();
    for _ in 0..5 {
        assert!(agent.look(&silent(Some(MAC))).is_empty());
        assert_eq!(agent.unknown, 1);
    }
    agent.look(&silent(None));
    assert_eq!(
        agent.told(&silent(None)),
        ["gateway_unreachable firing critical"],
        "nobody is there"
    );
}

#[test]
fn a_further_gateway_is_a_warning() {
    let mut agent = Agent::new();
    let both = |probe, latency| {
        table(vec![
            row("10.0.0.1", Probe::Icmp, Some(1.0), Some(MAC)),
            row("10.0.0.2", probe, latency, None),
        ])
    };
    agent.look(&both(Probe::Icmp, Some(1.0)));
    agent.look(&both(Probe::Silent, None));
    assert_eq!(
        agent.told(&both(Probe::Silent, None)),
        ["gateway_unreachable firing warning"]
    );
}

#[test]
fn a_lost_default_route_is_an_outage_and_keeps_what_was_wrong_before() {
    let mut agent = Agent::new();
    let none = table(Vec::new());
    for _ in 0..3 {
        assert!(agent.look(&none).is_empty(), "a host that never had one");
    }
    agent.look(&well(1.0));
    agent.look(&silent(None));
    agent.look(&silent(None));
    assert!(agent.look(&none).is_empty());
    assert_eq!(agent.told(&none), ["gateway_unreachable firing critical"]);
    assert_eq!(
        agent.told(&well(1.0)),
        [
            "gateway_unreachable resolved",
            "gateway_unreachable resolved"
        ]
    );
}

#[test]
fn latency_is_held_against_what_is_usual_and_ends_at_half_the_limit() {
    let mut agent = Agent::new();
    // Nothing is known yet: 60 ms may be usual here.
    for _ in 0..12 {
        assert!(agent.look(&well(8.0)).is_empty());
    }
    assert!(agent.look(&well(60.0)).is_empty());
    assert!(agent.look(&well(60.0)).is_empty());
    for _ in 0..12 * 7 {
        assert!(agent.look(&well(8.0)).is_empty());
    }
    // 4 x 8 ms is more than 20 ms.
    assert!(agent.look(&well(31.0)).is_empty());
    assert!(agent.look(&well(31.0)).is_empty());
    assert!(agent.look(&well(33.0)).is_empty(), "once");
    let changes = agent.look(&well(33.0));
    assert_eq!(changes[0].kind, GATEWAY_LATENCY_HIGH);
    assert_eq!(changes[0].detail["limit_ms"], 32.0);
    assert_eq!(changes[0].detail["baseline_ms"], 8.0);
    assert!(agent.look(&well(17.0)).is_empty(), "not yet half of it");
    assert_eq!(agent.told(&well(15.0)), ["gateway_latency_high resolved"]);
}

#[test]
fn loss_rises_and_clears_at_different_places_and_silence_is_no_loss() {
    let mut agent = Agent::new();
    let lossy = |answered| {
        let (gateway, mut wire) = row("10.0.0.1", Probe::Icmp, Some(1.0), Some(MAC));
        wire.pinged.answered = answered;
        table(vec![(gateway, wire)])
    };
    agent.look(&well(1.0));
    let told: Vec<String> = (0..6).flat_map(|_| agent.told(&lossy(3))).collect();
    assert_eq!(told, ["packet_loss_high firing warning"], "after 10 of 50");
    let told: Vec<String> = (0..8).flat_map(|_| agent.told(&well(1.0))).collect();
    assert!(told.is_empty(), "8 percent are not yet well: {told:?}");
    assert_eq!(agent.told(&well(1.0)), ["packet_loss_high resolved"]);
    let before = agent.learned.losses.clone();
    agent.look(&silent(None));
    assert_eq!(agent.learned.losses, before);
}

#[test]
fn nothing_is_written_while_nothing_happens() {
    let mut agent = Agent::new();
    agent.look(&well(1.0));
    let before = agent.learned.clone();
    for _ in 0..5 {
        agent.look(&well(1.0));
    }
    assert_eq!(agent.learned, before, "within an hour");
    assert!(agent.watches.is_empty());
}

#[test]
fn switched_off_it_says_nothing_and_what_was_open_ends() {
    let mut agent = Agent::new();
    agent.look(&well(1.0));
    agent.look(&silent(None));
    agent.look(&silent(None));
    let off = GatewayChecks {
        enabled: false,
        ..GatewayChecks::default()
    };
    let readings = judge(&silent(None), off, &mut agent.learned, agent.now);
    let changes = reading::judge(readings, &mut agent.watches, &mut Vec::new(), agent.now);
    assert_eq!(changes[0].status, Status::Resolved);
}
