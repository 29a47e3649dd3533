//! The access log: one JSON object for each request, and nothing secret in it.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::Call;

#[test]
fn every_request_is_a_line_of_json_without_secrets() {
    let atlas = Atlas::with("base_path: /atlas");
    let server = atlas.serve_with(
        &[],
        &[("ATLAS_OPS_LOG_FORMAT", "json"), ("ATLAS_OPS_LOG", "debug")],
    );
    let welcome = server.welcome.clone().unwrap();
    let code = welcome.rsplit('/').next().unwrap().to_owned();
    let entered = Call::new("GET", &welcome).send().is(303);
    let cookie = entered
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    Call::new("HEAD", &welcome).send();
    server
        .get("/api/signals?q=asked-for-this")
        .header("cookie", &cookie)
        .send()
        .is(200);
    server
        .get("/api/signals")
        .with("atl_wrong-token")
        .send()
        .is(401);
    let signal = json!({"site_id": "s", "kind": "k", "summary": "said-in-summary",
        "detail": {"x": "said-in-detail"}});
    server
        .post("/api/signals", &signal)
        .with(SHARED)
        .header("x-forwarded-for", "10.9.9.9")
        .send()
        .is(201);
    server
        .call("POST", "/api/signals")
        .with(SHARED)
        .bytes("{broken-body")
        .send()
        .is(400);
    let ended = server.stop();
    assert!(ended.status.success());

    let secret = cookie.split('=').nth(1).unwrap();
    for hidden in [
        &code,
        SHARED,
        secret,
        "wrong-token",
        "asked-for-this",
        "said-in-summary",
        "said-in-detail",
        "broken-body",
    ] {
        assert!(!ended.log.contains(hidden), "{hidden} in {}", ended.log);
    }
    let lines: Vec<Value> = ended
        .log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let access: Vec<&Value> = lines
        .iter()
        .filter(|line| line["target"] == "atlas_ops::access")
        .collect();
    let told: Vec<(&str, &str, u64)> = access
        .iter()
        .map(|line| {
            assert!(
                line["micros"].is_u64() && line["timestamp"].is_string(),
                "{line}"
            );
            assert_eq!(
                line["client"], "127.0.0.1",
                "a stranger's header is not believed: {line}"
            );
            (
                line["method"].as_str().unwrap(),
                line["path"].as_str().unwrap(),
                line["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("GET", "/atlas/welcome/***", 303),
            ("HEAD", "/atlas/welcome/***", 200),
            ("GET", "/atlas/api/signals", 200),
            ("GET", "/atlas/api/signals", 401),
            ("POST", "/atlas/api/signals", 201),
            ("POST", "/atlas/api/signals", 400),
        ]
    );
}
