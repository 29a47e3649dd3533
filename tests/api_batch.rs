//! `POST /api/signals/batch`: one result per item, in order, each item for itself.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::running::Running;

fn signal(summary: &str) -> Value {
    json!({"site_id": "s", "kind": "k", "summary": summary})
}

fn send(server: &Running, body: impl Into<Vec<u8>>) -> Answer {
    server
        .call("POST", "/api/signals/batch")
        .with(SHARED)
        .bytes(body)
        .send()
}

fn statuses(results: &Value) -> Vec<u64> {
    let results = results.as_array().unwrap();
    results
        .iter()
        .map(|result| result["status"].as_u64().unwrap())
        .collect()
}

#[test]
fn what_is_wrong_with_one_item_is_told_for_that_item_alone() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let mut with_uid = signal("b");
    with_uid["uid"] = json!("u-2");
    let body = json!([signal("a"), with_uid, {"kind": "k", "uid": "u-3"}, 7, signal("c")]);
    let results = send(&server, body.to_string()).is(200).json();
    assert_eq!(statuses(&results), [201, 201, 422, 422, 201]);
    assert_eq!(
        (&results[1]["uid"], &results[2]["uid"]),
        (&json!("u-2"), &json!("u-3"))
    );
    assert_eq!(results[2]["problem"]["errors"][0]["field"], "site_id");
    let stored: Vec<i64> = [0, 1, 4]
        .map(|n: usize| results[n]["id"].as_i64().unwrap())
        .into();
    assert!(stored.is_sorted());
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 3);
}

#[test]
fn one_signal_a_line_is_a_batch_too() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let mut body = format!("{}\r\n\n{{broken\n", signal("a")).into_bytes();
    body.extend(b"{\"site_id\": \"\xff\xfe\"}\n");
    body.extend(signal("b").to_string().into_bytes());
    let results = send(&server, body).is(200).json();
    assert_eq!(statuses(&results), [201, 400, 400, 201]);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 2);
}

#[test]
fn an_item_with_a_uid_that_was_seen_is_answered_and_not_stored() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let item = |uid: &str, summary: &str| {
        let mut item = signal(summary);
        item["uid"] = json!(uid);
        item
    };
    let first = send(
        &server,
        json!([item("u1", "a"), item("u2", "b")]).to_string(),
    )
    .json();
    // The same key twice in one batch counts once too.
    let again = json!([
        item("u2", "b"),
        item("u1", "a"),
        item("u3", "c"),
        item("u3", "c"),
        item("u1", "other")
    ]);
    let again = send(&server, again.to_string()).json();
    assert_eq!(statuses(&again), [200, 200, 201, 200, 422]);
    assert_eq!(
        (&again[0]["id"], &again[1]["id"]),
        (&first[1]["id"], &first[0]["id"])
    );
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 3);
}

#[test]
fn a_token_of_one_site_gets_no_other_sites_items_in() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas
        .token_with(&["--scope", "ingest", "--site", "s"])
        .secret;
    let body = json!([signal("a"), {"site_id": "other", "kind": "k", "summary": "x"}]);
    let results = server
        .post("/api/signals/batch", &body)
        .with(&token)
        .send()
        .is(200)
        .json();
    assert_eq!(statuses(&results), [201, 403]);
    assert_eq!(atlas.count("SELECT count(*) FROM sites"), 1);
}

#[test]
fn a_body_that_is_no_batch_is_refused_whole() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    for body in ["", " \n ", "[{]", "[1"] {
        send(&server, body).problem(400);
    }
    // No item, no result: that is a batch.
    assert_eq!(send(&server, "[]").is(200).json(), json!([]));
    let many: Vec<Value> = (0..1001).map(|n| signal(&n.to_string())).collect();
    send(&server, json!(many).to_string()).problem(413);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 0);
}

#[test]
fn heartbeats_in_a_batch_are_heard() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let body = json!([{"site_id": "s", "kind": "agent_facts", "summary": "Host snapshot + gateway probe",
        "detail": {"facts": {"hostname": "nas"}}}]);
    send(&server, body.to_string()).is(200);
    assert_eq!(
        atlas.count("SELECT count(*) FROM agents WHERE hostname = 'nas'"),
        1
    );
}
