//! Browsers may call from the allowed origins only, and every answer carries the safe headers.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::atlas::{Atlas, SHARED};

const MINE: &str = "https://dash.example.com";

fn atlas() -> Atlas {
    Atlas::with(&format!("allowed_origins: ['{MINE}']"))
}

#[test]
fn an_allowed_origin_may_ask_and_read() {
    let atlas = atlas();
    let server = atlas.serve();
    let preflight = server
        .call("OPTIONS", "/api/signals")
        .header("origin", MINE)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization, content-type, idempotency-key",
        )
        .send()
        .is(200);
    assert_eq!(preflight.header("access-control-allow-origin"), MINE);
    assert!(
        preflight
            .header("access-control-allow-methods")
            .contains("POST")
    );
    let token = atlas.token("read").secret;
    let answer = server
        .get("/api/signals")
        .with(&token)
        .header("origin", MINE)
        .send()
        .is(200);
    assert_eq!(answer.header("access-control-allow-origin"), MINE);
    assert!(
        answer.header("vary").to_lowercase().contains("origin"),
        "{answer:?}"
    );
    // A session cookie is never meant for another origin's script.
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[test]
fn another_origin_is_told_nothing() {
    let atlas = atlas();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    for origin in [
        "https://evil.example.com",
        "http://dash.example.com",
        "null",
        "https://dash.example.com.evil.com",
    ] {
        let preflight = server
            .call("OPTIONS", "/api/signals")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .send();
        assert_eq!(
            preflight.header("access-control-allow-origin"),
            "",
            "{origin}"
        );
        let answer = server
            .get("/api/signals")
            .with(&token)
            .header("origin", origin)
            .send();
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[test]
fn localhost_is_allowed_by_default() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let signal = json!({"site_id": "s", "kind": "k", "summary": "x"});
    for origin in ["http://localhost", "http://localhost:8000"] {
        let call = server
            .post("/api/signals", &signal)
            .with(SHARED)
            .header("origin", origin);
        assert_eq!(
            call.send().is(201).header("access-control-allow-origin"),
            origin
        );
    }
}

#[test]
fn every_answer_carries_the_safe_headers() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    for path in [
        "/",
        "/api/signals",
        "/api/nothing",
        "/nothing",
        "/api/health",
        "/static/x",
        "/api/signals/x",
    ] {
        for call in [
            server.get(path),
            server.get(path).with(&token),
            server.call("DELETE", path),
        ] {
            let answer = call.send();
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("default-src 'none'") && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        }
    }
}
