//! The same thing sent twice counts once.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::running::Running;

fn signal(summary: &str) -> Value {
    json!({"site_id": "s", "kind": "k", "summary": summary})
}

fn send(server: &Running, token: &str, key: &str, body: &Value) -> Answer {
    let call = server.post("/api/signals", body).with(token);
    call.header("Idempotency-Key", key).send()
}

#[test]
fn the_same_key_again_is_answered_with_the_first_answer_and_stores_nothing() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let first = send(&server, SHARED, "k1", &signal("a")).is(201).json();
    for _ in 0..3 {
        assert_eq!(
            send(&server, SHARED, "k1", &signal("a")).is(200).json(),
            first
        );
    }
    // Spaces and the order of fields are not what was said.
    let call = server
        .call("POST", "/api/signals")
        .with(SHARED)
        .header("idempotency-key", "k1");
    let reordered = call
        .bytes("{ \"summary\":\"a\", \"kind\":\"k\",\n\"site_id\":\"s\" }")
        .send();
    assert_eq!(reordered.is(200).json(), first);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    send(&server, SHARED, "k1", &signal("a")).is(201);
    let problem = send(&server, SHARED, "k1", &signal("b")).problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("another body"));
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}

#[test]
fn keys_count_for_each_token_and_each_agent() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let (one, two) = (atlas.token("ingest").secret, atlas.token("ingest").secret);
    send(&server, &one, "k1", &signal("a")).is(201);
    send(&server, &two, "k1", &signal("a")).is(201);
    let mut of_agent = signal("a");
    of_agent["agent_id"] = json!("a1");
    send(&server, &one, "k1", &of_agent).is(201);
    send(&server, &one, "k1", &of_agent).is(200);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 3);
}

#[test]
fn a_key_is_remembered_over_a_restart_and_after_its_signal_is_gone() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let first = send(&server, SHARED, "k1", &signal("a")).is(201).json();
    server.stop();
    atlas.sql().execute("DELETE FROM signals", []).unwrap();
    let server = atlas.serve();
    let again = send(&server, SHARED, "k1", &signal("a")).is(200).json();
    assert_eq!(again["id"], first["id"]);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 0);
}

#[test]
fn many_who_send_the_same_at_once_get_one_signal() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let send = || send(&server, SHARED, "k1", &signal("a")).status;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 201]);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}

#[test]
fn a_refused_signal_does_not_use_its_key_up() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    send(&server, SHARED, "k1", &signal("")).problem(422);
    send(&server, SHARED, "k1", &signal("a")).is(201);
}

#[test]
fn a_uid_in_the_body_counts_where_there_is_no_header() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let mut body = signal("a");
    body["uid"] = json!("u1");
    let first = server.signal(&body).is(201).json();
    assert_eq!(server.signal(&body).is(200).json(), first);
    // The same key by the other road: a spool that is sent one by one, and then in a batch.
    let batch = server
        .post("/api/signals/batch", &json!([body]))
        .with(SHARED)
        .send();
    assert_eq!(batch.is(200).json()[0]["status"], 200);
    assert_eq!(send(&server, SHARED, "u1", &body).is(200).json(), first);
}

#[test]
fn a_key_that_is_none_is_refused() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    for key in ["", "   ", &"x".repeat(129)] {
        let fields = send(&server, SHARED, key, &signal("a")).faults();
        assert_eq!(fields, ["Idempotency-Key"], "{key:?}");
    }
    send(&server, SHARED, &"x".repeat(128), &signal("a")).is(201);
}
