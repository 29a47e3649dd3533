//! `/api/runbooks`, `/api/suggestions` and `/api/health`: what is offered, and whether the server
//! is well.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::running::Running;

fn read(server: &Running, token: &str, path: &str) -> Value {
    server.get(path).with(token).send().is(200).json()
}

#[test]
fn every_runbook_of_the_program_is_listed_whole_and_found_by_its_id() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let runbooks = read(&server, &token, "/api/runbooks");
    let runbooks = runbooks.as_array().unwrap();
    assert!(runbooks.len() >= 32, "{}", runbooks.len());
    for runbook in runbooks {
        let id = runbook["id"].as_str().unwrap();
        assert!(
            runbook["title"].is_string() && runbook["tags"].is_array(),
            "{id}"
        );
        assert!(runbook["prompt_template"].is_string(), "{id}");
        let steps = runbook["steps"].as_array().unwrap();
        assert!(!steps.is_empty(), "{id}");
        for step in steps {
            assert!(
                step["title"].is_string()
                    && step.get("kind").is_some()
                    && step.get("detail").is_some(),
                "{id}: {step}"
            );
        }
        assert_eq!(
            read(&server, &token, &format!("/api/runbooks/{id}")),
            *runbook
        );
    }
    for id in [
        "rb-docker-container-down",
        "rb-docker-restart-count",
        "rb-wifi-saturation",
        "rb-proxmox-cluster-health",
    ] {
        read(&server, &token, &format!("/api/runbooks/{id}"));
    }
}

#[test]
fn a_problem_that_still_fires_is_offered_its_runbook_with_the_reason() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let down = json!({"site_id": "s", "kind": "container_down", "severity": "critical",
        "summary": "Docker container stopped: jellyfin", "detail": {"container": "jellyfin"},
        "dedup_key": "docker/jellyfin"});
    server.stored(&down);
    // The same problem again is one suggestion, for the newest signal.
    let signal = server.stored(&down);
    let suggestions = read(&server, &token, "/api/suggestions");
    assert_eq!(suggestions.as_array().unwrap().len(), 1);
    let offer = &suggestions[0];
    assert_eq!(offer["signal_id"], signal["id"]);
    assert_eq!(offer["severity"], "critical");
    assert_eq!(offer["summary"], "Bring a stopped container back: jellyfin");
    assert_eq!(offer["related_runbook_ids"][0], "rb-docker-container-down");
    assert!(offer["reason"].as_str().unwrap().contains("container_down"));
    // Over is over.
    let mut over = down.clone();
    over["status"] = json!("resolved");
    server.stored(&over);
    assert_eq!(read(&server, &token, "/api/suggestions"), json!([]));
}

#[test]
fn where_no_runbook_fits_it_says_so() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    server.stored(
        &json!({"site_id": "s", "kind": "zebra", "summary": "stripes", "severity": "warning"}),
    );
    let offer = &read(&server, &token, "/api/suggestions")[0];
    assert_eq!(offer["related_runbook_ids"], json!([]));
    assert!(
        offer["reason"]
            .as_str()
            .unwrap()
            .contains("no runbook fits")
    );
}

#[test]
fn what_has_expired_is_not_suggested() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let until = |hours: i64, kind: &str| {
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        server.stored(&json!({"site_id": "s", "kind": kind, "summary": "x",
            "severity": "warning", "expires_at": end.to_string()}))
    };
    until(-1, "disk_full");
    let lasting = until(1, "smart");
    let suggestions = read(&server, &token, "/api/suggestions");
    assert_eq!(suggestions.as_array().unwrap().len(), 1);
    assert_eq!(suggestions[0]["signal_id"], lasting["id"]);
}

#[test]
fn what_is_older_than_a_day_is_not_suggested() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let old = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(25);
    server.stored(&json!({"site_id": "s", "kind": "disk_full", "summary": "x",
        "severity": "warning", "observed_at": old.to_string()}));
    assert_eq!(read(&server, &token, "/api/suggestions"), json!([]));
}

#[test]
fn health_is_open_and_names_the_version() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let health = server.get("/api/health").send().is(200).json();
    assert_eq!(
        health,
        json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})
    );
}

#[test]
fn health_is_503_when_the_database_does_not_answer() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    server.get("/api/health").send().is(200);
    // A table that is gone: whatever it is, the database does not answer.
    atlas
        .sql()
        .execute_batch("ALTER TABLE signals RENAME TO gone")
        .unwrap();
    let answer = server.get("/api/health").send();
    assert!(!answer.header("retry-after").is_empty());
    let problem = answer.problem(503);
    assert!(problem["detail"].as_str().unwrap().contains("database"));
    atlas
        .sql()
        .execute_batch("ALTER TABLE gone RENAME TO signals")
        .unwrap();
    server.get("/api/health").send().is(200);
}
