use std::collections::BTreeMap;

use super::*;
use crate::agent::checks::docker::events::{Ended, Tale};

fn row(json: &str) -> Option<Container> {
    match listed(json.as_bytes()) {
        Listed::Container(container) => Some(*container),
        Listed::Nameless | Listed::Broken => None,
    }
}

fn inspection(text: &str) -> Container {
    let mut container =
        row(r#"{"Id": "0123456789abcdef", "Names": ["/web"], "State": "running"}"#).unwrap();
    complete(&mut container, text.as_bytes());
    container
}

#[test]
fn recorded_inspections_are_read() {
    let container = inspection(include_str!(
        "../../../../tests/fixtures/agent/inspect-oom.json"
    ));
    assert_eq!(container.state, State::Exited);
    let seen = container.inspected().unwrap();
    assert_eq!((seen.exit_code, seen.oom_killed), (Some(137), true));
    assert!(seen.finished_at > seen.started_at && seen.started_at.is_some());

    let container = inspection(include_str!(
        "../../../../tests/fixtures/agent/inspect-loop.json"
    ));
    let seen = container.inspected().unwrap();
    assert!(seen.restart_count >= 3, "{seen:?}");
    assert_eq!(seen.restart_policy, RestartPolicy::Always);

    let container = inspection(include_str!(
        "../../../../tests/fixtures/agent/inspect-unhealthy.json"
    ));
    assert_eq!(container.state, State::Running);
    assert_eq!(container.inspected().unwrap().health, Health::Unhealthy);

    let container = inspection(include_str!(
        "../../../../tests/fixtures/agent/inspect-created.json"
    ));
    assert_eq!(container.state, State::Created);
    assert_eq!(container.inspected().unwrap().started_at, None);
}

#[test]
fn what_is_not_needed_may_be_missing() {
    let container = inspection(include_str!(
        "../../../../tests/fixtures/agent/inspect-no-driver-name.json"
    ));
    assert!(container.inspected().is_some(), "{container:?}");
    for text in ["{}", "[]", "<html>", r#"{"State": 7}"#] {
        let inspected = inspection(text).inspected;
        assert!(matches!(inspected, Inspection::Failed(_)), "{text}");
    }
}

#[test]
fn the_own_name_is_found_among_links_and_hostile_ones_are_tame() {
    let name = |names: &str| {
        row(&format!(
            r#"{{"Id": "0123456789abcdef", "Names": {names}}}"#
        ))
        .unwrap()
        .name
    };
    assert_eq!(name(r#"["/app/db", "/db"]"#), "db");
    assert_eq!(name("[]"), "0123456789ab");
    assert_eq!(name("null"), "0123456789ab");
    let hostile = name(&format!(r#"["/x\n\u001b[2J{}"]"#, "y".repeat(9000)));
    assert!(hostile.chars().count() <= MAX_NAME && !hostile.contains(['\n', '\u{1b}']));
    assert!(row("{}").is_none());
}

#[test]
fn only_hexadecimal_ids_stand_in_paths() {
    assert!(is_id("0123456789ab") && is_id(&"f".repeat(64)));
    for id in [
        "",
        "0123456789a",
        "../../images/json",
        "0123456789ab/../x",
        "0123456789ag",
    ] {
        assert!(!is_id(id), "{id}");
    }
    assert!(!is_id(&"f".repeat(65)));
}

const PODMAN_LIST: &[u8] = include_bytes!("../../../../tests/fixtures/agent/podman-list.json");

/// The events of a recording, by the id of the container.
fn told(recording: &str) -> Vec<(String, Event)> {
    recording
        .lines()
        .filter_map(|line| event(line.as_bytes()))
        .collect()
}

#[test]
fn recorded_events_of_docker_are_read() {
    let told = told(include_str!(
        "../../../../tests/fixtures/agent/docker-events.ndjson"
    ));
    let actions: Vec<Action> = told.iter().map(|(_, event)| event.action).collect();
    let (asked, shot) = (
        Action::Kill { gentle: true },
        Action::Kill { gentle: false },
    );
    let killed = Action::Die { code: Some(137) };
    let (start, stop) = (Action::Start, Action::Stop);
    assert_eq!(
        actions,
        [
            // started, stopped by hand, started
            start,
            asked,
            shot,
            killed,
            stop,
            start,
            // restarted by hand
            asked,
            shot,
            killed,
            stop,
            start,
            Action::Restart,
            // killed, started, removed by force
            shot,
            killed,
            start,
            shot,
            killed,
            Action::Destroy,
        ]
    );
    assert!(told.is_sorted_by_key(|(_, event)| event.at));
    assert_eq!(told[0].1.at, 1_795_678_666_860_682_184);
    assert!(is_id(&told[0].0));
}

#[test]
fn recorded_answers_of_podman_are_read() {
    let version: About = serde_json::from_str(include_str!(
        "../../../../tests/fixtures/agent/podman-version.json"
    ))
    .unwrap();
    assert_eq!(version.product(), Product::Podman);
    assert_eq!(version.api_version.as_deref(), Some("1.41"));

    let rows: Vec<serde_json::Value> = serde_json::from_slice(PODMAN_LIST).unwrap();
    let rows: Vec<Container> = rows
        .iter()
        .filter_map(|value| row(&value.to_string()))
        .collect();
    let seen: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row.name.as_str(), row.mark.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("fresh", "created"),
            ("web", "exited 137"),
            ("loop", "running none")
        ]
    );
    assert_eq!(rows[1].project.as_deref(), Some("p1"));

    let container = inspection(include_str!(
        "../../../../tests/fixtures/agent/podman-inspect.json"
    ));
    let seen = container.inspected().unwrap();
    assert_eq!(container.state, State::Exited);
    assert_eq!((seen.exit_code, seen.health), (Some(137), Health::None));
    assert_eq!(seen.restart_policy, RestartPolicy::Always);
    assert!(seen.finished_at > seen.started_at);
}

#[test]
fn recorded_events_of_podman_tell_who_asked() {
    let mut by_id: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for (id, event) in told(include_str!(
        "../../../../tests/fixtures/agent/podman-events.ndjson"
    )) {
        by_id.entry(id).or_default().push(event);
    }
    let planned = |id: &str, policy| {
        let (_, events) = by_id
            .iter()
            .find(|(known, _)| known.starts_with(id))
            .unwrap();
        let tale = Tale::of(events, 0, Product::Podman);
        let ends = tale.ends.iter();
        let planned = |end: &Ended| end.was_planned(Product::Podman, Some(policy));
        ends.map(planned).collect::<Vec<bool>>()
    };
    assert_eq!(
        planned("4cf0", RestartPolicy::Always),
        [true, false],
        "restarted by hand, then killed"
    );
    assert_eq!(
        planned("19b6", RestartPolicy::No),
        [true],
        "removed by force"
    );
    let looping = planned("9d54", RestartPolicy::Always);
    assert!(
        looping.len() >= 2 && !looping.contains(&true),
        "{looping:?}"
    );
}

#[test]
fn what_is_no_event_is_none() {
    let id = "f".repeat(64);
    for text in [
        String::new(),
        "<html>".to_owned(),
        "{}".to_owned(),
        format!(r#"{{"Action": "exec_start: sh", "Actor": {{"ID": "{id}"}}, "timeNano": 1}}"#),
        format!(r#"{{"Action": "die", "Actor": {{"ID": "{id}"}}}}"#),
        r#"{"Action": "die", "Actor": {"ID": "../x"}, "timeNano": 1}"#.to_owned(),
        format!(r#"{{"Action": "die", "Actor": {{"ID": "{id}"}}, "timeNano": -1}}"#),
    ] {
        assert_eq!(event(text.as_bytes()), None, "{text}");
    }
    let old = format!(r#"{{"status": "die", "id": "{id}", "timeNano": 5}}"#);
    let (_, event) = event(old.as_bytes()).unwrap();
    assert_eq!(event.action, Action::Die { code: None });
}
