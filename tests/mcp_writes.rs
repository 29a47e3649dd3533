//! The tools of `atlas-ops mcp` that change something: by flag, and by the token's scope.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::mcp::{Session, arguments, client, complaint, signal, text};

#[test]
fn writing_tools_are_offered_by_flag_only() {
    let atlas = Atlas::new();
    let names = |more: &[&str]| {
        let mut session =
            Session::introduced(&arguments(&atlas, "http://127.0.0.1:9", "atl_test", more));
        session.ask(1, "tools/list", &json!({}));
        let tools = session.hear()["result"]["tools"].clone();
        let writing: Vec<Value> = tools
            .as_array()
            .unwrap()
            .iter()
            .filter(|tool| tool["annotations"]["readOnlyHint"] == false)
            .map(|tool| tool["name"].clone())
            .collect();
        json!(writing)
    };
    assert_eq!(names(&[]), json!([]));
    assert_eq!(names(&["--allow", "acknowledge"]), json!(["acknowledge"]));
    let both = json!(["add_note", "acknowledge"]);
    assert_eq!(names(&["--allow", "acknowledge,add_note"]), both);
    assert_eq!(names(&["--allow-writes"]), both);
}

#[test]
fn who_wrote_is_the_token_and_the_server_decides_whether_it_may() {
    let atlas = Atlas::initialised();
    let server = atlas.serve();
    let id = server.stored(&signal("web"))["incident_id"]
        .as_i64()
        .unwrap();
    let steps = json!([
        ["call", "add_note", {"incident_id": id, "text": "Seen it.\nLooking."}],
        ["call", "acknowledge", {"incident_id": id, "note": "on it"}],
    ]);
    // The flag alone is not enough.
    let read = atlas.token("read").secret;
    let refused = client(
        &arguments(&atlas, &server.address, &read, &["--allow-writes"]),
        &steps,
    );
    for answer in &refused.answers {
        assert!(complaint(answer).contains("scope operate"), "{answer}");
    }
    let path = format!("/api/incidents/{id}");
    let untouched = server.get(&path).with(&read).send().json();
    assert_eq!(untouched["state"], "open");

    let operate = atlas.token_with(&["--scope", "operate", "--label", "assistant"]);
    let arguments = arguments(
        &atlas,
        &server.address,
        &operate.secret,
        &["--allow-writes"],
    );
    let done = client(&arguments, &steps).answers;
    assert!(text(&done[0]).contains("The note stands"), "{}", done[0]);
    assert!(text(&done[1]).contains("is acknowledged"), "{}", done[1]);
    let incident = server.get(&path).with(&read).send().json();
    assert_eq!(incident["state"], "acknowledged");
    assert_eq!(incident["acknowledged"]["note"], "on it");
    assert_eq!(incident["acknowledged"]["by"]["name"], "assistant");
    let notes: Vec<&Value> = incident["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["note"] == "Seen it.\nLooking.")
        .collect();
    assert_eq!(notes.len(), 1, "{incident}");

    let wrong = client(
        &arguments,
        &json!([
            ["call", "acknowledge", {"incident_id": 99}],
            ["call", "add_note", {"incident_id": id, "text": "  "}],
            ["call", "add_note", {"incident_id": id, "text": "x".repeat(20_000)}],
        ]),
    )
    .answers;
    assert!(complaint(&wrong[0]).contains("there is no incident 99"));
    assert!(complaint(&wrong[1]).contains("text: expected 1 to"));
    assert!(complaint(&wrong[2]).contains("text: expected 1 to"));
}
