//! The agent whose files were damaged, or come from an earlier version, or would not fit: what can be
//! read is kept, the server is told, and work goes on.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use atlas_ops::agent::Cycle;
use atlas_ops::config::agent::AgentConfig;
use atlas_ops::domain::signal::NewSignal;
use serde_json::json;
use support::agent::{Fake, Hand, Place, cycle, engine};
use support::server::{Answer, Server};

/// A host whose containers a test can flip, and a backend.
struct Host {
    place: Place,
    docker: Server,
    backend: Server,
    clock: Hand,
}

impl Host {
    fn new() -> Self {
        let place = Place::new();
        let docker = Server::unix(&place.join("docker.sock"), engine(Vec::new()));
        let host = Self {
            place,
            docker,
            backend: Server::backend(),
            clock: Hand::new(),
        };
        host.containers(3, "exited");
        host
    }

    fn containers(&self, count: usize, state: &'static str) {
        let fakes = (0..count).map(|n| Fake::new(&format!("web{n}"), state));
        self.docker.behave(engine(fakes.collect()));
    }

    fn config(&self) -> AgentConfig {
        self.place.config(
            &self.backend.address,
            std::slice::from_ref(&self.docker.address),
        )
    }

    fn cycle(&self) -> Cycle {
        cycle(&self.config(), &self.clock)
    }

    fn goes_down(&self) {
        self.backend.behave(|_| Answer::Close);
    }

    fn comes_back(&self) -> Vec<NewSignal> {
        self.backend.take_asked();
        self.backend.behave(support::server::accept);
        assert_eq!(self.cycle().waiting, 0);
        self.backend.take_signals()
    }

    fn spool(&self) -> std::path::PathBuf {
        self.place.join("agent_state.json.spool")
    }

    fn kept_aside(&self) -> Vec<String> {
        let mut names = self.place.names();
        names.retain(|name| name.contains(".corrupt-"));
        names
    }
}

fn of_kind<'a>(signals: &'a [NewSignal], kind: &str) -> Vec<&'a NewSignal> {
    signals
        .iter()
        .filter(|signal| signal.kind == kind)
        .collect()
}

#[test]
fn a_corrupt_state_is_kept_aside_told_and_work_goes_on() {
    let host = Host::new();
    std::fs::write(host.place.state_path(), "{\"version\":2,\"dock").unwrap();
    let done = host.cycle();
    assert_eq!((done.changes, done.delivery.unwrap().sent), (3, 4));
    let sent = host.backend.take_signals();
    let told = of_kind(&sent, "agent_state_damaged");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].severity.as_str(), "warning");
    let detail = &told[0].detail;
    assert!(
        detail["file"]
            .as_str()
            .unwrap()
            .ends_with("agent_state.json")
    );
    assert!(detail["reason"].as_str().unwrap().contains("EOF"));
    let kept = host.kept_aside();
    assert!(
        detail["kept_as"].as_str().unwrap().ends_with(&kept[0]),
        "{kept:?}"
    );
    host.cycle();
    assert!(host.backend.take_signals().is_empty(), "it is told once");
}

#[test]
fn a_damaged_spool_costs_what_cannot_be_read_and_nothing_else() {
    let host = Host::new();
    host.goes_down();
    host.cycle();
    let waiting = host.place.waiting();
    let mut bytes = std::fs::read(host.spool()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(host.spool(), bytes).unwrap();
    let sent = host.comes_back();
    let uids: Vec<_> = sent
        .iter()
        .filter_map(|signal| signal.uid.clone())
        .collect();
    assert_eq!(uids[..2], [waiting[0].clone(), waiting[2].clone()]);
    assert_eq!(sent[2].kind, "agent_state_damaged");
    assert_eq!(sent[2].detail["recovered"], 2);
    assert_eq!((sent.len(), host.kept_aside().len()), (3, 1));
}

#[test]
fn a_spool_that_lost_its_end_is_told_of_and_a_torn_tail_is_not() {
    let host = Host::new();
    host.goes_down();
    host.cycle();
    let whole = std::fs::read(host.spool()).unwrap();
    std::fs::write(host.spool(), [&whole[..], b"0badc0de p 4 c 17"].concat()).unwrap();
    host.cycle();
    assert_eq!(host.place.waiting().len(), 3);
    assert!(host.kept_aside().is_empty());
    std::fs::write(host.spool(), &whole[..whole.len() - 9]).unwrap();
    let sent = host.comes_back();
    assert_eq!(of_kind(&sent, "container_down").len(), 2);
    assert_eq!(of_kind(&sent, "agent_state_damaged").len(), 1);
}

#[test]
fn a_state_of_version_1_hands_its_signals_over_under_their_keys() {
    let host = Host::new();
    host.cycle();
    let mut sent = host.backend.take_signals();
    // The file as version 1 wrote it: its memory, with the signals in it.
    let text = std::fs::read_to_string(host.place.state_path()).unwrap();
    let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
    state["version"] = 1.into();
    state.as_object_mut().unwrap().remove("committed");
    for (number, signal) in sent.iter_mut().enumerate() {
        signal.uid = Some(format!("0123456789ab-0000{number}-ff"));
    }
    state["pending"] = json!(sent);
    std::fs::write(host.place.state_path(), state.to_string()).unwrap();
    std::fs::remove_file(host.spool()).unwrap();
    assert_eq!(host.comes_back(), sent);
    host.cycle();
    assert!(host.backend.take_signals().is_empty());
    let text = std::fs::read_to_string(host.place.state_path()).unwrap();
    assert!(
        !text.contains("pending") && text.contains("\"version\":2"),
        "{text}"
    );
}

#[test]
fn a_full_spool_gives_up_the_oldest_info_first_and_says_so() {
    let host = Host::new();
    host.goes_down();
    let mut config = host.config();
    // Room for about eight signals.
    config.spool.max_bytes = 6_000;
    let mut told_of = 0;
    for round in 0..8 {
        // Down is a warning or worse, up again is information.
        let state = if round % 2 == 0 { "exited" } else { "running" };
        host.containers(3, state);
        host.clock.turn_minutes(5);
        told_of += cycle(&config, &host.clock).changes;
        let size = std::fs::metadata(host.spool()).unwrap().len();
        assert!(size < 9_000, "{size} bytes");
    }
    assert_eq!(told_of, 24);
    let waiting = host.place.waiting();
    host.backend.take_asked();
    host.backend.behave(support::server::accept);
    let mut sent = Vec::new();
    for _ in 0..3 {
        cycle(&config, &host.clock);
        sent.extend(host.backend.take_signals());
    }
    let notices = of_kind(&sent, "observations_dropped");
    let resolved = sent
        .iter()
        .filter(|s| s.status.as_str() == "resolved")
        .count();
    let lost: u64 = notices
        .iter()
        .map(|s| s.detail["dropped"].as_u64().unwrap())
        .sum();
    let lost_info: u64 = notices
        .iter()
        .map(|s| s.detail["dropped_info"].as_u64().unwrap())
        .sum();
    let observed = sent.len() - notices.len();
    assert_eq!(lost, 24 - observed as u64, "nothing is lost in silence");
    assert!(
        notices.len() <= 2 && waiting.len() <= sent.len(),
        "{}",
        notices.len()
    );
    assert_eq!(lost_info, 12 - resolved as u64);
    assert_eq!(
        lost_info,
        lost.min(12),
        "information goes before everything else"
    );
    let newest = notices[notices.len() - 1];
    assert!(notices[0].detail["oldest"].as_str() < newest.detail["newest"].as_str());
}

#[test]
fn a_clock_that_jumps_an_hour_costs_nothing_and_two_weeks_do() {
    let host = Host::new();
    host.goes_down();
    host.cycle();
    for minutes in [60, -120, 60, 14 * 24 * 60, 60, -60] {
        host.clock.turn_minutes(minutes);
        host.cycle();
        assert_eq!(host.place.waiting().len(), 3, "{minutes}");
    }
    host.containers(3, "running");
    host.clock.turn_minutes(24 * 60);
    let sent = host.comes_back();
    assert_eq!(
        of_kind(&sent, "container_down").len(),
        3,
        "only what is new"
    );
    assert!(sent.iter().all(
        |signal| signal.status.as_str() == "resolved" || signal.kind == "observations_dropped"
    ));
    let told = of_kind(&sent, "observations_dropped");
    assert_eq!((told.len(), &told[0].detail["dropped"]), (1, &json!(3)));
}

#[test]
fn a_crash_between_observation_and_memory_tells_nothing_twice_and_loses_nothing() {
    let host = Host::new();
    host.containers(3, "running");
    host.cycle();
    let before = std::fs::read(host.place.state_path()).unwrap();
    host.goes_down();
    host.containers(3, "exited");
    host.cycle();
    let never_committed = host.place.waiting();
    assert_eq!(never_committed.len(), 3);
    // The observations are on disk, and the power goes before the state that they belong to is.
    std::fs::write(host.place.state_path(), before).unwrap();
    assert!(host.place.waiting().is_empty());
    let sent = host.comes_back();
    assert_eq!(of_kind(&sent, "container_down").len(), 3, "{sent:?}");
    assert_eq!(sent.len(), 3, "nothing is called damaged");
    let again = sent.iter().filter_map(|signal| signal.uid.as_ref());
    assert!(!again.into_iter().any(|uid| never_committed.contains(uid)));
}
