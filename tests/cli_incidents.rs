//! `atlas-ops incident`: the list, one with its timeline, and what a person at the terminal does.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::{Atlas, Ran};

/// A place with two incidents of two sites: a disk at home and a gateway in the cabin.
fn place() -> (Atlas, i64, i64) {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let id = |signal: &Value| server.stored(signal)["incident_id"].as_i64().unwrap();
    let disk = id(&json!({
        "site_id": "home", "kind": "disk_full", "severity": "warning",
        "summary": "tank\u{202e} is full", "detail": {"host": "nas", "mount": "/tank"},
    }));
    let gateway = id(&json!({
        "site_id": "cabin", "kind": "gateway_unreachable", "severity": "critical",
        "summary": "gateway is away\nhint: rm", "detail": {"gateway": "10.0.0.1"},
    }));
    server.stop();
    (atlas, disk, gateway)
}

fn run_as(atlas: &Atlas, user: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = atlas.command(args);
    for name in ["SUDO_USER", "USER", "LOGNAME", "USERNAME"] {
        command.env_remove(name);
    }
    Ran::of(command.envs(user.iter().copied()).output().unwrap())
}

fn listed(atlas: &Atlas, more: &[&str]) -> Vec<i64> {
    let args = [&["incident", "list", "--json"], more].concat();
    let list = atlas.run(&args).succeeds().json();
    let list = list.as_array().unwrap();
    list.iter().map(|one| one["id"].as_i64().unwrap()).collect()
}

#[test]
fn the_list_is_of_what_is_unresolved_and_narrows() {
    let (atlas, disk, gateway) = place();
    assert_eq!(listed(&atlas, &[]), [gateway, disk]);
    assert_eq!(listed(&atlas, &["--site", "home"]), [disk]);
    assert_eq!(listed(&atlas, &["--severity", "critical"]), [gateway]);
    assert_eq!(listed(&atlas, &["--kind", "disk_full"]), [disk]);
    assert_eq!(listed(&atlas, &["--limit", "1"]), [gateway]);
    let number = disk.to_string();
    atlas.run(&["incident", "resolve", &number]).succeeds();
    assert_eq!(listed(&atlas, &[]), [gateway]);
    assert_eq!(listed(&atlas, &["--state", "resolved"]), [disk]);
    assert_eq!(
        listed(&atlas, &["--state", "open,resolved"]),
        [gateway, disk]
    );
    assert_eq!(listed(&atlas, &["--state", "all"]), [gateway, disk]);
    assert_eq!(listed(&atlas, &["--state", "snoozed"]), Vec::<i64>::new());
}

#[test]
fn a_table_is_one_line_for_each_and_nothing_in_it_turns_round() {
    let (atlas, disk, gateway) = place();
    let table = atlas.run(&["incident", "list"]).succeeds().out;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("ID"), "{table}");
    let line = |id: i64| lines.iter().find(|line| line.starts_with(&id.to_string()));
    let disk = line(disk).unwrap();
    for part in [
        "warning",
        "open",
        "home",
        "just now",
        "tank\u{fffd} is full",
    ] {
        assert!(disk.contains(part), "{part}: {disk}");
    }
    assert!(line(gateway).unwrap().contains("away hint: rm"), "{table}");
    let none = atlas
        .run(&["incident", "list", "--site", "nowhere"])
        .succeeds();
    assert!(none.out.contains("--state all"), "{none:?}");
}

#[test]
fn one_is_shown_with_what_happened_and_by_whom() {
    let (atlas, disk, _) = place();
    let number = disk.to_string();
    let acknowledged = [
        "incident",
        "ack",
        &number,
        "--note",
        "On\u{202e} my way\nsoon",
    ];
    let ran = run_as(
        &atlas,
        &[("USER", "root"), ("SUDO_USER", "anna")],
        &acknowledged,
    )
    .succeeds();
    assert!(
        ran.err.contains(&format!(
            "Incident {disk}: acknowledged by anna (command line)"
        )),
        "{ran:?}"
    );
    let noted = [
        "incident",
        "note",
        &number,
        "--note",
        "password=hunter2",
        "--as",
        "ben",
    ];
    atlas.run(&noted).succeeds();
    let ran = atlas.run(&["incident", "show", &number]).succeeds();
    for part in [
        "tank\u{fffd} is full",
        "acknowledged by anna (command line), since ",
        "because site, kind and source are the same, and so is what it is about: host nas, mount /tank",
        "opened, agent (sender)",
        "| On\u{fffd} my way",
        "| soon",
        "note, ben (command line)",
        "runbook show rb-disk-full",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);

    let shown = atlas
        .run(&["incident", "show", &number, "--json"])
        .succeeds()
        .json();
    assert_eq!(shown["state"], "acknowledged");
    assert_eq!(
        shown["acknowledged"]["by"],
        json!({"kind": "cli", "name": "anna"})
    );
    let kinds: Vec<&str> = shown["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["opened", "acknowledged", "note"]);
}

#[test]
fn an_incident_is_put_off_closed_and_opened_again() {
    let (atlas, disk, _) = place();
    let number = disk.to_string();
    let act = |args: &[&str]| {
        let args = [&["incident"], args, &["--json"]].concat();
        atlas.run(&args).succeeds().json()
    };
    let off = act(&["snooze", &number, "--for", "4h", "--note", "after lunch"]);
    assert_eq!(off["state"], "snoozed");
    assert_eq!(off["snoozed"]["note"], "after lunch");
    let end = atlas_ops::clock::now()
        .plus_millis(3 * 3_600_000)
        .to_string();
    let off = act(&["snooze", &number, "--until", &end]);
    assert_eq!(off["snoozed"]["until"], json!(end));
    let over = act(&["resolve", &number, "--note", "replaced", "--as", "anna"]);
    assert_eq!(over["resolved"]["reason"], "by_person");
    assert_eq!(over["resolved"]["by"]["name"], "anna");
    assert_eq!(over["resolved"]["note"], "replaced");
    assert_eq!(act(&["reopen", &number])["state"], "open");
}

#[test]
fn what_cannot_be_done_says_why_and_what_to_type() {
    let (atlas, disk, _) = place();
    let number = disk.to_string();
    let run = |args: &[&str]| atlas.run(&[&["incident"], args].concat());
    run(&["show", "999"]).fails(1, "there is none of this number");
    run(&["ack", "999"]).fails(1, "there is none of this number");
    run(&["snooze", &number, "--for", "31d"]).fails(2, "at most 30 days");
    run(&["snooze", &number, "--until", "2020-01-01T00:00:00Z"]).fails(2, "must lie ahead");
    run(&["note", &number, "--note", " "]).fails(2, "it is empty");
    run(&["note", &number, "--note", &"x".repeat(10_001)]).fails(2, "longer than 10000");
    run(&["ack", &number, "--as", &"x".repeat(65)]).fails(2, "1 to 64 characters");
    run(&["resolve", &number]).succeeds();
    let ran = run(&["ack", &number]).fails(1, "the incident is resolved");
    assert!(
        ran.err.contains(&format!("incident reopen {disk}")),
        "{ran:?}"
    );
    for wrong in [
        &["snooze", &number][..],
        &[
            "snooze",
            &number,
            "--for",
            "4h",
            "--until",
            "2030-01-01T00:00:00Z",
        ],
        &["snooze", &number, "--for", "soon"],
        &["list", "--state", "odd"],
        &["list", "--limit", "0"],
        &["ack", "x"],
    ] {
        assert_eq!(run(wrong).code, 2, "{wrong:?}");
    }
    let lost = Atlas::new();
    let ran = lost.run(&["incident", "list"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("hint: "), "{ran:?}");
}

#[test]
fn a_problem_that_came_again_is_gone_on_with_there() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let down = |minutes_ago: i64, status: &str| {
        let signal = json!({
            "site_id": "home", "kind": "container_down", "severity": "warning", "summary": "down",
            "status": status, "detail": {"container": "web"},
            "observed_at": atlas_ops::clock::now().plus_millis(-minutes_ago * 60_000),
        });
        server.stored(&signal)["incident_id"].as_i64().unwrap()
    };
    let first = down(300, "firing");
    down(200, "resolved");
    let second = down(100, "firing");
    let ran = atlas.run(&["incident", "reopen", &first.to_string()]);
    let ran = ran.fails(1, "is the same problem");
    assert!(
        ran.err.contains(&format!("incident show {second}")),
        "{ran:?}"
    );
    let shown = atlas
        .run(&["incident", "show", &second.to_string()])
        .succeeds();
    assert!(
        shown.out.contains(&format!("incident {first}")),
        "{shown:?}"
    );
}
