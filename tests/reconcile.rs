//! An agent's report and the server's incidents: what the agent no longer lists is closed, what
//! the server does not know is asked for again, and only that agent's own conditions count.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use atlas_ops::clock;
use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::running::Running;

fn condition(key: &str, severity: &str) -> Value {
    json!({"dedup_key": key, "kind": "container_down", "severity": severity,
        "since": "2026-11-23T04:00:00Z"})
}

fn report(server: &Running, agent: &str, conditions: &[Value]) -> Value {
    let body = json!({
        "agent_id": agent, "site_id": "site-homelab", "version": "0.5.0",
        "interval_seconds": 60, "observed_at": clock::now(), "facts": {"hostname": agent,
        "platform": "Linux", "disks": []}, "conditions": conditions,
    });
    let call = server.post("/api/agents/report", &body).with(SHARED);
    call.send().is(201).json()
}

fn fires(server: &Running, agent: &str, key: &str) -> Value {
    server.stored(&json!({
        "site_id": "site-homelab", "kind": "container_down", "severity": "warning", "summary": key,
        "dedup_key": key, "agent_id": agent,
        "observed_at": clock::now().plus_millis(-60_000),
    }))["incident_id"]
        .clone()
}

#[test]
fn server_and_agent_do_not_disagree_for_longer_than_one_cycle() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let show = |id: &Value| -> Value {
        let path = format!("/api/incidents/{id}");
        server.get(&path).with(&token).send().is(200).json()
    };
    let mine = fires(&server, "one", "one:web");
    let still = fires(&server, "one", "one:db");
    let other = fires(&server, "two", "two:web");
    let foreign = server.stored(&json!({"site_id": "site-homelab", "kind": "proxmox",
        "severity": "critical", "summary": "quorum lost", "source": "pve"}))["incident_id"]
        .clone();

    let answer = report(
        &server,
        "one",
        &[
            condition("one:db", "warning"),
            condition("one:new", "critical"),
            condition("one:note", "info"),
        ],
    );
    assert_eq!(answer["send_again"], json!(["one:new"]));
    assert_eq!(show(&mine)["resolved"]["reason"], "no_longer_reported");
    for open in [&still, &other, &foreign] {
        assert_eq!(show(open)["state"], "open");
    }

    let worse = report(&server, "one", &[condition("one:db", "critical")]);
    assert_eq!(
        worse["send_again"],
        json!(["one:db"]),
        "of another severity"
    );
}

#[test]
fn what_was_observed_after_the_report_stays_open() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let id = server.stored(&json!({
        "site_id": "site-homelab", "kind": "container_down", "severity": "warning", "summary": "x",
        "dedup_key": "one:web", "agent_id": "one",
        "observed_at": clock::now().plus_millis(60_000),
    }))["incident_id"]
        .clone();
    report(&server, "one", &[]);
    let path = format!("/api/incidents/{id}");
    let incident = server.get(&path).with(&token).send().is(200).json();
    assert_eq!(incident["state"], "open");
}
