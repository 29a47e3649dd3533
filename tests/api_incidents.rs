//! `/api/incidents`: problems open, repeat, worsen, end and come again; people take them on, put
//! them off, write about them and close them; everything is in the timeline with who did it.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use atlas_ops::clock;
use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED, Token};
use support::http::Answer;
use support::running::Running;

fn down(minutes_ago: i64, severity: &str, status: &str) -> Value {
    json!({
        "site_id": "site-homelab", "kind": "container_down", "severity": severity,
        "summary": format!("web is down, {minutes_ago}"), "status": status,
        "detail": {"container": "web", "endpoint": "unix:///var/run/docker.sock", "status": "exited"},
        "observed_at": clock::now().plus_millis(-minutes_ago * 60_000),
    })
}

struct World {
    _atlas: Atlas,
    server: Running,
    operator: Token,
}

impl World {
    fn new() -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        let operator = atlas.token_with(&["--scope", "operate", "--label", "anna"]);
        Self {
            _atlas: atlas,
            server,
            operator,
        }
    }

    fn list(&self, query: &str) -> Value {
        let path = format!("/api/incidents{query}");
        let call = self.server.get(&path).with(&self.operator.secret);
        call.send().is(200).json()
    }

    fn show(&self, id: &Value) -> Value {
        let path = format!("/api/incidents/{id}");
        let call = self.server.get(&path).with(&self.operator.secret);
        call.send().is(200).json()
    }

    fn act(&self, id: &Value, verb: &str, body: &Value) -> Answer {
        let path = format!("/api/incidents/{id}/{verb}");
        let call = self.server.post(&path, body).with(&self.operator.secret);
        call.send()
    }
}

fn kinds(incident: &Value) -> Vec<&str> {
    incident["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect()
}

#[test]
fn a_problem_is_one_incident_from_opening_to_the_end() {
    let world = World::new();
    let first = world.server.stored(&down(50, "warning", "firing"));
    let id = &first["incident_id"];
    assert!(id.is_i64(), "{first}");
    for (minutes, severity) in [(40, "warning"), (30, "critical"), (20, "warning")] {
        let again = world.server.stored(&down(minutes, severity, "firing"));
        assert_eq!(&again["incident_id"], id);
    }
    let open = world.list("?state=open");
    assert_eq!(open.as_array().unwrap().len(), 1);
    let incident = &open[0];
    assert_eq!(incident["count"], 4);
    assert_eq!(incident["severity"], "warning");
    assert_eq!(incident["worst_severity"], "critical");
    assert_eq!(incident["runbook_id"], "rb-docker-container-down");
    assert_eq!(incident["fingerprint_of"]["rule"], "identity");

    let end = world.server.stored(&down(10, "info", "resolved"));
    assert_eq!(&end["incident_id"], id);
    let incident = world.show(id);
    assert_eq!(incident["state"], "resolved");
    assert_eq!(incident["resolved"]["reason"], "by_source");
    assert_eq!(
        kinds(&incident),
        ["opened", "signal", "worsened", "eased", "resolved"]
    );
    assert_eq!(
        incident["timeline"][1]["signal"]["summary"],
        "web is down, 40"
    );
    assert_eq!(
        incident["suggestion"]["related_runbook_ids"][0],
        "rb-docker-container-down"
    );
    assert_eq!(world.list("?state=open"), json!([]));

    let soon = world.server.stored(&down(5, "warning", "firing"));
    assert_eq!(
        &soon["incident_id"], id,
        "within thirty minutes it is the same"
    );
    let late = world.server.stored(&down(12, "critical", "firing"));
    assert_eq!(&late["incident_id"], id);
    assert_eq!(world.show(id)["openings"], 2);
}

#[test]
fn what_was_before_the_end_does_not_open_it_again_and_what_comes_later_is_linked() {
    let world = World::new();
    let first = world.server.stored(&down(300, "warning", "firing"));
    world.server.stored(&down(200, "info", "resolved"));
    let late = world.server.stored(&down(250, "critical", "firing"));
    assert_eq!(late["incident_id"], first["incident_id"]);
    assert_eq!(world.show(&first["incident_id"])["state"], "resolved");

    let next = world.server.stored(&down(100, "warning", "firing"));
    assert_ne!(next["incident_id"], first["incident_id"]);
    let next = world.show(&next["incident_id"]);
    assert_eq!(next["previous_id"], first["incident_id"]);
}

#[test]
fn openings_again_and_again_are_one_incident_that_flaps() {
    let world = World::new();
    let mut ids = Vec::new();
    for hour in (0..5).rev() {
        let minutes = hour * 60 + 59;
        ids.push(world.server.stored(&down(minutes, "warning", "firing"))["incident_id"].clone());
        world.server.stored(&down(minutes - 1, "info", "resolved"));
    }
    assert_eq!(ids[4], ids[3], "the fifth of a day joins the fourth");
    assert_ne!(ids[3], ids[2]);
    let incident = world.show(&ids[4]);
    assert_eq!(incident["flapping"], true);
    assert!(kinds(&incident).contains(&"flapping"), "{incident}");
}

#[test]
fn people_take_it_on_put_it_off_and_close_it() {
    let world = World::new();
    let id = world.server.stored(&down(50, "warning", "firing"))["incident_id"].clone();
    let taken = world
        .act(&id, "ack", &json!({"note": "mine, password=hunter2"}))
        .is(200)
        .json();
    assert_eq!(taken["state"], "acknowledged");
    assert_eq!(taken["acknowledged"]["by"]["kind"], "token");
    assert_eq!(taken["acknowledged"]["by"]["name"], "anna");
    assert!(!taken.to_string().contains("hunter2"), "{taken}");

    world.server.stored(&down(40, "warning", "firing"));
    assert_eq!(world.show(&id)["state"], "acknowledged");
    world.server.stored(&down(30, "critical", "firing"));
    assert_eq!(world.show(&id)["state"], "open", "worse undoes it");

    let off = world
        .act(
            &id,
            "snooze",
            &json!({"minutes": 60, "note": "after lunch"}),
        )
        .is(200)
        .json();
    assert_eq!(off["state"], "snoozed");
    world
        .act(&id, "notes", &json!({"text": "<b>looked</b> at it"}))
        .is(200);
    let over = world.act(&id, "resolve", &json!({})).is(200).json();
    assert_eq!(over["resolved"]["reason"], "by_person");
    assert_eq!(over["resolved"]["by"]["name"], "anna");
    world.act(&id, "resolve", &json!({})).is(200);
    world.act(&id, "ack", &json!({})).problem(409);

    let again = world.act(&id, "reopen", &json!({})).is(200).json();
    assert_eq!(again["state"], "open");
    let timeline = kinds(&world.show(&id)).join(" ");
    assert_eq!(
        timeline,
        "opened signal worsened acknowledged snoozed note resolved reopened"
    );
}

#[test]
fn a_person_cannot_open_a_second_one_of_the_same_problem() {
    let world = World::new();
    let first = world.server.stored(&down(300, "warning", "firing"))["incident_id"].clone();
    world.server.stored(&down(200, "info", "resolved"));
    world.server.stored(&down(100, "warning", "firing"));
    let problem = world.act(&first, "reopen", &json!({})).problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("same problem"));
}

#[test]
fn what_cannot_be_done_says_why() {
    let world = World::new();
    let id = world.server.stored(&down(50, "warning", "firing"))["incident_id"].clone();
    let faults = |verb: &str, body: &Value| world.act(&id, verb, body).faults();
    assert_eq!(faults("snooze", &json!({})), ["until"]);
    assert_eq!(faults("snooze", &json!({"minutes": "soon"})), ["minutes"]);
    assert_eq!(faults("notes", &json!({"text": ""})), ["text"]);
    assert_eq!(
        faults("ack", &json!({"note": "x".repeat(10_001)})),
        ["note"]
    );
    world
        .act(&id, "snooze", &json!({"minutes": 43_201}))
        .problem(409);
    world.act(&json!(999), "ack", &json!({})).problem(404);
    world.act(&json!("x"), "ack", &json!({})).problem(404);
    let list = world.server.get("/api/incidents?state=odd&limit=0");
    let faults = list.with(&world.operator.secret).send().faults();
    assert_eq!(faults, ["state", "limit"]);
    let shared = world
        .server
        .post(&format!("/api/incidents/{id}/ack"), &json!({}));
    shared.with(SHARED).send().problem(403);
}

#[test]
fn info_and_heartbeats_open_nothing() {
    let world = World::new();
    let note = world.server.stored(&down(5, "info", "firing"));
    assert_eq!(note["incident_id"], Value::Null);
    let slow = json!({"site_id": "site-homelab", "kind": "agent_facts", "severity": "warning",
        "summary": "x", "detail": {"facts": {"hostname": "h"}, "gateway_latency_ms": 400.0}});
    assert_eq!(world.server.stored(&slow)["incident_id"], Value::Null);
    assert_eq!(world.list(""), json!([]));
}

#[test]
fn what_hangs_on_the_gateway_folds_under_it_and_stays_listed() {
    let world = World::new();
    let odd = |kind: &str, host: &str| {
        json!({"site_id": "site-homelab", "kind": kind, "severity": "critical",
            "summary": kind, "detail": {"host": host}})
    };
    let dns = world.server.stored(&odd("dns_failing", "r"))["incident_id"].clone();
    let gateway = world.server.stored(&odd("gateway_unreachable", "gw"))["incident_id"].clone();
    let disk = world.server.stored(&odd("disk_full", "nas"))["incident_id"].clone();
    assert_eq!(world.list("?state=open").as_array().unwrap().len(), 3);
    assert_eq!(world.show(&dns)["folded_under"], gateway);
    assert_eq!(world.show(&gateway)["folds"], json!([dns]));
    assert_eq!(world.show(&disk)["folded_under"], Value::Null);
    world
        .server
        .stored(&json!({"site_id": "site-homelab", "kind": "dns_failing",
        "summary": "over", "status": "resolved", "detail": {"host": "r"}}));
    assert_eq!(
        world.show(&dns)["state"],
        "resolved",
        "folding stops nothing"
    );
}
