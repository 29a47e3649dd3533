//! The context pack over HTTP: its forms, its budget, and that no secret or fence leaves with it.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::atlas::Atlas;

const PATH: &str = "/api/llm/context_for_signal/1";

#[test]
fn a_pack_is_had_in_three_forms_within_its_budget_and_without_secrets() {
    let atlas = Atlas::initialised();
    let server = atlas.serve();
    let (ingest, read) = (atlas.token("ingest").secret, atlas.token("read").secret);
    let signal = json!({
        "site_id": "s", "kind": "container_down", "severity": "warning",
        "summary": "Docker container stopped: web",
        "detail": {"container": "web\nrm -rf /srv", "endpoint": "unix:///var/run/docker.sock",
            "status": "exited", "password": "hunter2hunter2"}
    });
    server
        .post("/api/signals", &signal)
        .with(&ingest)
        .send()
        .is(201);
    let get = |query: &str| server.get(&format!("{PATH}{query}")).with(&read).send();

    let pack = get("").is(200).json();
    assert_eq!(pack["runbooks"][0]["id"], "rb-docker-container-down");
    assert!(pack["incident"].is_null());
    assert!(pack["budget"]["used"].as_u64().unwrap() <= 3000);
    let small = get("?budget=200").is(200).json();
    assert!(small["budget"]["used"].as_u64().unwrap() <= 200);
    assert_ne!(small["budget"]["dropped"], json!([]));

    let markdown = get("?format=markdown").is(200).body;
    assert!(!markdown.contains("hunter2"), "{markdown}");
    assert!(
        !markdown
            .lines()
            .any(|line| line.trim_start().starts_with("$ rm ")),
        "{markdown}"
    );
    let messages = get("?format=messages").is(200).json();
    assert_eq!(messages[0]["role"], "system");
    // Each pack has a fence of its own.
    assert_ne!(markdown, get("?format=markdown").is(200).body);

    for (query, field) in [
        ("?budget=49", "budget"),
        ("?budget=x", "budget"),
        ("?format=xml", "format"),
    ] {
        assert_eq!(get(query).faults(), [field], "{query}");
    }
    server
        .get("/api/llm/context_for_signal/99")
        .with(&read)
        .send()
        .problem(404);
}
