use serde_json::Map;

use super::lifecycle::{After, Observation, Step, flaps, late, step};
use super::*;
use crate::domain::actor::ActorKind;
use crate::domain::fingerprint::Rule;
use crate::domain::kind;
use crate::domain::signal::{NewSignal, ReceivedSignal, Signal, Status};

const MINUTE: i64 = 60_000;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_763_000_000_000 + minute * MINUTE)
}

fn anna() -> Actor {
    Actor::new(ActorKind::Person, "anna")
}

fn incident() -> Incident {
    Incident {
        id: 7,
        site_id: "s".to_owned(),
        kind: "container_down".to_owned(),
        summary: "web is down".to_owned(),
        source: "agent".to_owned(),
        agent_id: Some("a1".to_owned()),
        dedup_key: None,
        fingerprint: "f".to_owned(),
        fingerprint_of: Fingerprint {
            rule: Rule::Summary,
            fields: Vec::new(),
        },
        severity: Severity::Warning,
        worst_severity: Severity::Warning,
        state: State::Open,
        opened_at: at(0),
        last_seen_at: at(0),
        confirmed_at: None,
        expires_at: None,
        count: 1,
        openings: 1,
        flapping: false,
        previous_id: None,
        runbook_id: None,
        first_signal_id: Some(1),
        last_signal_id: Some(1),
        acknowledged: None,
        snoozed: None,
        resolved: None,
        folded_under: None,
        folds: Vec::new(),
        demo: false,
    }
}

fn resolved_at(minute: i64) -> Incident {
    let mut incident = incident();
    incident.resolve_by(&anna(), None, at(minute));
    incident
}

fn seen(minute: i64, status: Status, severity: Severity) -> Observation {
    Observation {
        at: at(minute),
        status,
        severity,
    }
}

fn signal(minute: i64, severity: Severity) -> Signal {
    let signal: NewSignal = serde_json::from_value(serde_json::json!({
        "site_id": "s", "kind": "container_down", "summary": "web is down", "severity": severity,
        "observed_at": at(minute), "detail": Map::new(),
    }))
    .unwrap();
    ReceivedSignal {
        fingerprint: signal.fingerprint(),
        signal,
        received_at: at(minute),
        runbook_id: None,
        redactions: 0,
        demo: false,
    }
    .stored_as(minute)
}

#[test]
fn a_problem_opens_and_a_note_does_not() {
    let new = |severity| step(None, None, seen(1, Status::Firing, severity));
    assert_eq!(new(Severity::Critical), Step::Open);
    assert_eq!(new(Severity::Warning), Step::Open);
    assert_eq!(new(Severity::Info), Step::Pass);
    let end = seen(1, Status::Resolved, Severity::Info);
    assert_eq!(step(None, None, end), Step::Pass);
}

#[test]
fn within_thirty_minutes_it_is_the_same_incident() {
    let incident = resolved_at(10);
    let again = |minute| {
        step(
            Some(&incident),
            None,
            seen(minute, Status::Firing, Severity::Warning),
        )
    };
    assert_eq!(again(9), Step::Attach, "older than the resolution");
    assert_eq!(again(10), Step::Attach);
    assert_eq!(again(11), Step::Reopen);
    assert_eq!(again(40), Step::Reopen);
    assert_eq!(again(41), Step::Open);
}

#[test]
fn something_newer_decides() {
    let newest = Some(seen(20, Status::Resolved, Severity::Info));
    let firing = seen(19, Status::Firing, Severity::Critical);
    assert_eq!(step(None, newest, firing), Step::Late);
    let after = After {
        problem: false,
        resolved: true,
    };
    assert_eq!(late(None, after, firing), Step::Pass);
    let open = incident();
    let end = seen(1, Status::Resolved, Severity::Info);
    let problem_since = After {
        problem: true,
        resolved: false,
    };
    assert_eq!(late(Some(&open), problem_since, end), Step::Attach);
}

#[test]
fn three_openings_in_ten_minutes_or_five_in_a_day_are_flapping() {
    assert!(!flaps(&[at(0)], at(9)));
    assert!(flaps(&[at(0), at(5)], at(9)));
    assert!(!flaps(&[at(0), at(5)], at(11)));
    assert!(!flaps(&[at(0), at(100), at(200)], at(300)));
    assert!(flaps(&[at(0), at(100), at(200), at(300)], at(400)));
}

#[test]
fn worse_than_when_it_was_taken_on_undoes_that() {
    let mut incident = incident();
    incident.severity = Severity::Critical;
    incident.acknowledge(&anna(), None, at(1)).unwrap();
    let sender = Actor::new(ActorKind::Source, "agent");
    let eased = incident.observe(&signal(2, Severity::Warning), &sender);
    assert_eq!(eased.unwrap().kind, EventKind::Eased);
    incident.observe(&signal(3, Severity::Critical), &sender);
    assert_eq!(incident.state, State::Acknowledged, "no worse than then");

    incident.severity = Severity::Warning;
    incident
        .snooze(&anna(), (at(60), None), at(4))
        .unwrap()
        .unwrap();
    assert!(incident.acknowledged.is_none());
    let worse = incident.observe(&signal(5, Severity::Critical), &sender);
    assert_eq!(worse.unwrap().kind, EventKind::Worsened);
    assert_eq!((incident.state, &incident.snoozed), (State::Open, &None));
}

#[test]
fn a_snooze_has_an_end_ahead_and_within_thirty_days() {
    let mut incident = incident();
    let mut until = |minute| incident.snooze(&anna(), (at(minute), None), at(0));
    assert_eq!(until(0), Err(Refusal::SnoozeOver));
    assert_eq!(until(30 * 24 * 60 + 1), Err(Refusal::SnoozeTooLong));
    assert!(until(30 * 24 * 60).is_ok());
    assert!(until(10).is_ok());
    assert_eq!(incident.wake(at(9)), None);
    assert_eq!(incident.wake(at(10)).unwrap().kind, EventKind::Woke);
    assert_eq!(incident.state, State::Open);
}

#[test]
fn what_is_done_already_is_not_done_again() {
    let mut incident = incident();
    assert!(
        incident
            .acknowledge(&anna(), None, at(1))
            .unwrap()
            .is_some()
    );
    assert_eq!(incident.acknowledge(&anna(), None, at(2)), Ok(None));
    assert!(incident.resolve_by(&anna(), None, at(3)).is_some());
    assert!(incident.resolve_by(&anna(), None, at(4)).is_none());
    assert_eq!(
        incident.acknowledge(&anna(), None, at(5)),
        Err(Refusal::IsResolved)
    );
    assert!(incident.reopen(&anna(), None, at(6)).is_some());
    assert!(incident.reopen(&anna(), None, at(7)).is_none());
    assert_eq!((incident.openings, incident.resolved), (2, None));
}

fn of_kind(id: i64, kind: &str, minute: i64) -> Incident {
    Incident {
        id,
        kind: kind.to_owned(),
        opened_at: at(minute),
        ..incident()
    }
}

#[test]
fn what_hangs_on_a_cause_folds_under_it_and_stays_listed() {
    let mut all = [
        of_kind(1, kind::GATEWAY_UNREACHABLE, 100),
        of_kind(2, "dns_failing", 95),
        of_kind(3, "http_check_failed", 10),
        of_kind(4, "disk_full", 101),
        of_kind(5, kind::HOST_GONE, 102),
        of_kind(6, kind::DISCOVERY_BLIND, 101),
    ];
    folding::fold(&mut all);
    let under: Vec<Option<i64>> = all.iter().map(|incident| incident.folded_under).collect();
    assert_eq!(
        under,
        [None, Some(1), None, None, Some(1), Some(1)],
        "old ones and those that need no network stand alone; one level only"
    );
    assert_eq!(all[0].folds, [2, 5, 6]);
}

#[test]
fn what_a_silent_agent_found_hangs_on_its_silence() {
    let mut silent = of_kind(1, kind::AGENT_SILENT, 100);
    silent.agent_id = Some("a1".to_owned());
    let mut other = of_kind(3, "disk_full", 0);
    other.agent_id = Some("a2".to_owned());
    let mut all = [silent, of_kind(2, "disk_full", 0), other];
    folding::fold(&mut all);
    assert_eq!(all[1].folded_under, Some(1));
    assert_eq!(all[2].folded_under, None);
    all[0].resolve_by(&anna(), None, at(200));
    for incident in &mut all {
        (incident.folded_under, incident.folds) = (None, Vec::new());
    }
    folding::fold(&mut all);
    assert_eq!(
        all[1].folded_under, None,
        "a cause that is over holds nothing"
    );
}
