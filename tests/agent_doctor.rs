//! `agent doctor`: what it says of the backend, the token, the clock and the state directory. What
//! it says of networks is in `discovery_lan.rs`.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::path::Path;

use serde_json::Value;
use support::atlas::Atlas;

fn write(atlas: &Atlas, backend: &str, token: &str, state: &Path) -> String {
    let path = atlas.path("agent_config.yaml");
    let text = format!(
        "agent:\n  backend_url: {backend}\n  token: {token}\n  state_path: {}\n",
        state.display()
    );
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What it found, as `works` or the like, with the detail.
fn finding(atlas: &Atlas, config: &str, what: &str) -> (String, Value) {
    let ran = atlas.run(&["agent", "doctor", "--json", "--config", config]);
    let report = ran.json();
    let findings = report["findings"].as_array().unwrap();
    let one = findings.iter().find(|one| one["what"] == what);
    let one = one.unwrap_or_else(|| panic!("{what} is not in {report:#}"));
    (one["verdict"].as_str().unwrap().to_owned(), one.clone())
}

#[test]
fn backend_token_clock_and_state_are_tried_and_nothing_is_changed() {
    let atlas = Atlas::initialised();
    let server = atlas.serve();
    let token = atlas.token("ingest");
    let state = atlas.path("agent_state.json");
    let signals = atlas.count("SELECT count(*) FROM signals");
    let good = write(&atlas, &server.address, &token.secret, &state);
    for what in [
        "configuration",
        "state directory",
        "backend",
        "token",
        "clock",
    ] {
        let (verdict, one) = finding(&atlas, &good, what);
        assert_eq!(verdict, "works", "{one}");
    }
    assert!(!state.exists(), "nothing is left behind");
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), signals);
    assert_eq!(atlas.count("SELECT count(*) FROM agents"), 0);

    let unknown = write(
        &atlas,
        &server.address,
        "atl_nobody-knows-this-one-at-all",
        &state,
    );
    let (verdict, one) = finding(&atlas, &unknown, "token");
    assert_eq!(verdict, "refused");
    assert!(
        one["hint"].as_str().unwrap().contains("token create"),
        "{one}"
    );

    let missing = atlas.path("nowhere").join("agent_state.json");
    let homeless = write(&atlas, &server.address, &token.secret, &missing);
    let (verdict, one) = finding(&atlas, &homeless, "state directory");
    assert_eq!(verdict, "refused");
    assert!(
        one["hint"].as_str().unwrap().contains("install -d"),
        "{one}"
    );
}

#[test]
fn a_backend_that_is_not_there_is_told_with_what_to_do() {
    let atlas = Atlas::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let config = write(&atlas, &url, "atl_test", &atlas.path("agent_state.json"));
    let (verdict, one) = finding(&atlas, &config, "backend");
    assert_eq!(verdict, "refused");
    assert!(
        one["detail"].as_str().unwrap().contains("no connection"),
        "{one}"
    );
    assert!(one["hint"].is_string(), "{one}");
    let ran = atlas.run(&["agent", "doctor", "--config", &config]);
    assert!(ran.out.contains("hint for backend: "), "{}", ran.out);
}
