//! Who gets in: tokens of every sort, and what the configuration says about hosts and networks.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::running::Running;

fn signal() -> Value {
    json!({"site_id": "s", "kind": "k", "summary": "x"})
}

fn post(server: &Running, token: &str) -> Answer {
    server.post("/api/signals", &signal()).with(token).send()
}

fn read(server: &Running, token: &str) -> Answer {
    server.get("/api/signals").with(token).send()
}

#[test]
fn the_shared_token_sends_and_does_not_read() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    post(&server, SHARED).is(201);
    read(&server, SHARED).problem(403);
}

#[test]
fn the_previous_shared_token_sends_while_it_is_set_and_counts_as_the_same_sender() {
    let atlas = Atlas::with("shared_token: new-secret\nprevious_shared_token: old-secret");
    let server = atlas.serve();
    let send = |token: &str| {
        let call = server.post("/api/signals", &signal()).with(token);
        call.header("Idempotency-Key", "spooled-before-the-rotation")
            .send()
    };
    let first = send("old-secret").is(201).json();
    assert_eq!(send("new-secret").is(200).json(), first);
    post(&server, "older-secret").problem(401);
}

#[test]
fn an_empty_shared_token_opens_nothing() {
    let atlas = Atlas::with("shared_token: ''");
    let server = atlas.serve();
    for header in ["Bearer ", "Bearer", "Bearer  ", "", "bearer \t"] {
        let call = server.post("/api/signals", &signal());
        call.header("authorization", header).send().problem(401);
    }
}

#[test]
fn the_scheme_is_read_in_any_case() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let call = server.post("/api/signals", &signal());
    call.header("authorization", &format!("bEARER {SHARED}"))
        .send()
        .is(201);
}

#[test]
fn a_revoked_token_opens_nothing_at_once_while_the_server_runs() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("ingest");
    post(&server, &token.secret).is(201);
    atlas
        .run(&["token", "revoke", &token.id.to_string()])
        .succeeds();
    let problem = post(&server, &token.secret).problem(401);
    assert!(problem["detail"].as_str().unwrap().contains("revoked"));
}

#[test]
fn an_expired_token_opens_nothing() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token_with(&["--scope", "read", "--expires-in-days", "1"]);
    read(&server, &token.secret).is(200);
    atlas
        .sql()
        .execute("UPDATE agent_tokens SET expires_at = created_at", [])
        .unwrap();
    let problem = read(&server, &token.secret).problem(401);
    assert!(problem["detail"].as_str().unwrap().contains("expired"));
}

#[test]
fn a_token_of_one_site_sends_for_no_other() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas
        .token_with(&["--scope", "ingest", "--site", "s"])
        .secret;
    post(&server, &token).is(201);
    let foreign = json!({"site_id": "other", "kind": "k", "summary": "x"});
    server
        .post("/api/signals", &foreign)
        .with(&token)
        .send()
        .problem(403);
    assert_eq!(atlas.count("SELECT count(*) FROM sites"), 1);
}

#[test]
fn tokens_are_stored_as_hashes_and_their_use_is_remembered() {
    let atlas = Atlas::new();
    let mut server = atlas.serve();
    let token = atlas.token("read");
    assert!(token.secret.starts_with("atl_"));
    read(&server, &token.secret).is(200);
    server.terminate();
    server.wait();
    assert_eq!(
        atlas.count("SELECT count(*) FROM agent_tokens WHERE last_used_at IS NOT NULL"),
        1
    );
    let bytes = std::fs::read(&atlas.database).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(!holds(&token.secret) && !holds(SHARED));
}

#[test]
fn open_lets_anybody_read_and_nobody_write() {
    let atlas = Atlas::with("auth: open");
    let server = atlas.serve();
    assert_eq!(server.welcome, None);
    for path in [
        "/",
        "/api/signals",
        "/api/sites",
        "/api/agents",
        "/api/openapi.json",
    ] {
        server.get(path).send().is(200);
    }
    server.post("/api/signals", &signal()).send().problem(401);
    server
        .post("/api/sites", &json!({"id": "s"}))
        .send()
        .problem(401);
    // A bad token is not taken for none.
    read(&server, "atl_wrong").problem(401);
    post(&server, SHARED).is(201);
}

#[test]
fn only_the_allowed_host_names_are_answered_to() {
    let atlas = Atlas::with("allowed_hosts: [Atlas.example.com]");
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let ask = |headers: &[(&str, &str)]| {
        let call = server.get("/api/signals").with(&token);
        headers
            .iter()
            .fold(call, |call, (name, value)| call.header(name, value))
            .send()
    };
    ask(&[("host", "atlas.example.com")]).is(200);
    ask(&[("host", "ATLAS.example.com:8000")]).is(200);
    ask(&[("host", "evil.example.com")]).problem(403);
    ask(&[]).problem(403);
    // A page that was rebound to our address may set any header but this one.
    ask(&[
        ("host", "evil.example.com"),
        ("x-forwarded-host", "atlas.example.com"),
    ])
    .problem(403);
    ask(&[
        ("host", "evil.example.com"),
        ("forwarded", "host=atlas.example.com"),
    ])
    .problem(403);
    server.get("/api/health").send().is(200);
}

#[test]
fn a_trusted_proxy_is_believed_about_the_host_name() {
    let atlas = Atlas::with("allowed_hosts: [atlas.example.com]\ntrusted_proxies: [127.0.0.1]");
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let ask = |forwarded: &str| {
        let call = server.get("/api/signals").with(&token);
        call.header("x-forwarded-host", forwarded).send()
    };
    ask("atlas.example.com").is(200);
    ask("evil.example.com").problem(403);
}

#[test]
fn signals_come_from_the_allowed_networks_only() {
    let atlas = Atlas::with("ingest_allow: [10.0.0.0/8]");
    let server = atlas.serve();
    post(&server, SHARED).problem(403);
    let forged = server.post("/api/signals", &signal()).with(SHARED);
    forged
        .header("x-forwarded-for", "10.1.2.3")
        .send()
        .problem(403);
    read(&server, &atlas.token("read").secret).is(200);
}

#[test]
fn behind_a_trusted_proxy_the_clients_own_network_counts() {
    let atlas = Atlas::with("ingest_allow: [10.0.0.0/8]\ntrusted_proxies: [127.0.0.0/8]");
    let server = atlas.serve();
    let from = |forwarded: &str| {
        let call = server.post("/api/signals", &signal()).with(SHARED);
        call.header("x-forwarded-for", forwarded).send()
    };
    from("10.1.2.3").is(201);
    from("10.1.2.3, 192.0.2.1").problem(403);
    from("garbage").problem(403);
}

#[test]
fn everything_lives_under_the_base_path() {
    let atlas = Atlas::with("base_path: /atlas/");
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    assert!(server.address.ends_with("/atlas"), "{}", server.address);
    for path in ["/", "/api/signals", "/frontend/index.html", "/api/health"] {
        server.get(path).with(&token).send().is(200);
    }
    let to_home = server.get("").send();
    assert!(
        matches!(to_home.status, 301 | 302 | 307 | 308),
        "{to_home:?}"
    );
    assert_eq!(to_home.header("location"), "/atlas/");
    let stored = server.signal(&signal()).is(201);
    assert_eq!(stored.header("location"), "/atlas/api/signals/1");
    let page = server.get("/").with(&token).send().body;
    assert!(page.contains("/atlas/static/style-"), "{page}");
    let outside = server.address.trim_end_matches("/atlas");
    let call = support::http::Call::new("GET", format!("{outside}/api/signals"));
    call.with(&token).send().is(404);
    let document = server.get("/api/openapi.json").with(&token).send().json();
    assert_eq!(document["servers"][0]["url"], "/atlas");
}
