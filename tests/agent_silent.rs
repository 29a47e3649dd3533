//! An agent that is unheard for three of its own intervals is an incident, which ends when it
//! reports again; a snooze and an announced end need no signal either.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use atlas_ops::clock;
use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::running::Running;

fn report(server: &Running) {
    let body = json!({
        "agent_id": "one", "site_id": "site-homelab", "version": "0.5.0", "interval_seconds": 1,
        "observed_at": clock::now(), "facts": {"hostname": "nas-01", "platform": "Linux",
        "disks": []}, "conditions": [],
    });
    let call = server.post("/api/agents/report", &body).with(SHARED);
    call.send().is(201);
}

/// Asks until the answer is as it should be. The server looks every few seconds.
fn until(what: &str, mut ask: impl FnMut() -> Value, good: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let answer = ask();
        if good(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: {answer}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn silence_opens_an_incident_and_a_report_ends_it() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let list = |query: &str| -> Value {
        let path = format!("/api/incidents?kind=agent_silent{query}");
        server.get(&path).with(&token).send().is(200).json()
    };
    let strip = || {
        let board = server.get("/").with(&token).send().is(200).body;
        let (_, words) = board.split_once("class=\"strip\"").unwrap();
        let (_, words) = words.split_once("aria-label=\"").unwrap();
        words.split_once('"').unwrap().0.to_owned()
    };
    report(&server);
    let heard = "heard in 1 of the last 24 hours, the latest in the last hour";
    assert_eq!(strip(), heard, "the board's strip of the agent");
    assert_eq!(list(""), json!([]));
    let open = until(
        "an incident opens",
        || list("&state=open"),
        |list| list.as_array().unwrap().len() == 1,
    );
    let incident = &open[0];
    assert_eq!(incident["severity"], "warning");
    assert_eq!(incident["agent_id"], "one");
    assert_eq!(incident["runbook_id"], "rb-agent-silent");
    assert!(
        incident["summary"]
            .as_str()
            .unwrap()
            .starts_with("Agent nas-01 is silent")
    );
    report(&server);
    let over = until(
        "it resolves",
        || list("&state=resolved"),
        |list| list.as_array().unwrap().len() == 1,
    );
    assert_eq!(over[0]["id"], incident["id"]);
    assert_eq!(over[0]["resolved"]["reason"], "by_source");
}

#[test]
fn an_announced_end_and_the_end_of_a_snooze_come_by_themselves() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("operate").secret;
    let send = |name: &str, expires: Option<i64>| -> Value {
        let end = expires.map(|ms| clock::now().plus_millis(ms));
        server.stored(
            &json!({"site_id": "s", "kind": "odd", "severity": "warning",
            "summary": name, "dedup_key": name, "expires_at": end}),
        )["incident_id"]
            .clone()
    };
    let show = |id: &Value| -> Value {
        let path = format!("/api/incidents/{id}");
        server.get(&path).with(&token).send().is(200).json()
    };
    let ends = send("ends", Some(2_000));
    let wakes = send("wakes", None);
    let soon = json!({"until": clock::now().plus_millis(3_000)});
    let path = format!("/api/incidents/{wakes}/snooze");
    server.post(&path, &soon).with(&token).send().is(200);

    let over = until("it expires", || show(&ends), |i| i["state"] == "resolved");
    assert_eq!(over["resolved"]["reason"], "expired");
    let awake = until("it wakes", || show(&wakes), |i| i["state"] == "open");
    let last = awake["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["kind"], "woke");
    assert_eq!(last["actor"]["kind"], "program");
}
