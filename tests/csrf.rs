//! A change by cookie is taken from our own pages alone; a token needs none of that.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::net::TcpListener;

use serde_json::json;
use support::atlas::Atlas;
use support::http::{Answer, Call};
use support::people::{Browser, PASSWORD, add, log_in, origin, post_form};
use support::running::Running;

/// A server with `anna`, an operator, logged in.
fn stage(more: &str) -> (Atlas, Running, Browser) {
    let atlas = Atlas::with(more);
    let server = atlas.serve();
    add(&atlas, "anna", "operator");
    let anna = Browser::of(&server, "anna");
    (atlas, server, anna)
}

/// Declares a site by script, with the session's token and these headers.
fn declare(server: &Running, anna: &Browser, headers: &[(&str, &str)]) -> Answer {
    let call = server
        .post("/api/sites", &json!({"id": "s"}))
        .header("cookie", &anna.cookie)
        .header("x-csrf-token", &anna.csrf);
    with(call, headers).send()
}

fn with(call: Call, headers: &[(&str, &str)]) -> Call {
    let add = |call: Call, (name, value): &(&str, &str)| call.header(name, value);
    headers.iter().fold(call, add)
}

/// Whether a password form, which is wrong in itself, came through to its handler.
fn through(answer: &Answer) -> bool {
    match answer.status {
        422 => true,
        403 => false,
        _ => panic!("{answer:?}"),
    }
}

#[test]
fn the_form_of_another_session_is_refused() {
    let (atlas, server, anna) = stage("");
    add(&atlas, "berta", "operator");
    let berta = Browser::of(&server, "berta");
    let same_owner = Browser::of(&server, "anna");
    let fields = [("current", "x"), ("new", "x"), ("again", "y")];
    let send = |token: &[(&str, &str)]| {
        let call = anna.call(&server, "POST", "/account/password");
        through(&post_form(call, &[token, &fields].concat()).send())
    };
    assert!(send(&[("csrf", anna.csrf.as_str())]));
    for token in [berta.csrf.as_str(), &same_owner.csrf, "", "0", &anna.cookie] {
        assert!(!send(&[("csrf", token)]), "{token}");
    }
    assert!(!send(&[]));
}

#[test]
fn a_form_is_taken_from_our_own_origin_alone() {
    let (_atlas, server, anna) = stage("");
    let own = origin(&server);
    let port = own.rsplit(':').next().unwrap();
    let other_port = format!("http://127.0.0.1:1{port}");
    let other_name = format!("http://evil.example:{port}");
    let longer = format!("{own}.evil.example");
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", &other_port)],
        &[("origin", &other_name)],
        &[("origin", &longer)],
        &[("referer", "https://evil.example/page")],
        &[("referer", ""), ("origin", "")],
        // What an attacker's page may send along does not help.
        &[
            ("origin", "https://evil.example"),
            ("x-forwarded-host", "evil.example"),
        ],
        &[
            ("origin", "https://evil.example"),
            ("forwarded", "host=evil.example"),
        ],
        // The origin counts, whatever the referrer says.
        &[("origin", "https://evil.example"), ("referer", &own)],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[],
    ] {
        declare(&server, &anna, headers).problem(403);
    }
    declare(
        &server,
        &anna,
        &[("origin", &own), ("sec-fetch-site", "same-origin")],
    )
    .is(201);
    let referer = format!("{own}/incidents/3?x");
    declare(&server, &anna, &[("referer", &referer)]).problem(409);
}

#[test]
fn behind_a_proxy_the_public_address_is_ours() {
    let atlas = Atlas::with("public_url: https://atlas.example.com/board\nbase_path: /board");
    // What it prints is the public address: where it listens has to be known beforehand.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut server = Running::start(atlas.command(&["serve", "--port", &port.to_string()]));
    server.address = format!("http://127.0.0.1:{port}/board");
    add(&atlas, "anna", "operator");
    let entered = log_in(&server, "anna", PASSWORD).is(303);
    assert!(entered.header("set-cookie").contains("; Secure"));
    let anna = Browser::with(&server, &entered);
    // A proxy that passes the name on, and one that does not.
    for host in ["atlas.example.com", "127.0.0.1:8000"] {
        let send = |origin: &str| declare(&server, &anna, &[("host", host), ("origin", origin)]);
        let own = send("https://atlas.example.com");
        assert!(matches!(own.status, 201 | 409), "{own:?}");
        // Plain http may be spoken by anybody on the way.
        send("http://atlas.example.com").problem(403);
        send("https://atlas.example.com:8443").problem(403);
        send("https://evil.example").problem(403);
    }
}

#[test]
fn a_trusted_proxy_is_believed_about_name_and_scheme() {
    let (_atlas, server, anna) = stage("trusted_proxies: [127.0.0.0/8]");
    let send = |origin: &str| {
        let headers = [
            ("x-forwarded-host", "atlas.lan"),
            ("x-forwarded-proto", "https"),
            ("origin", origin),
        ];
        declare(&server, &anna, &headers)
    };
    send("http://atlas.lan").problem(403);
    send("https://evil.lan").problem(403);
    send("https://atlas.lan").is(201);
}

#[test]
fn a_name_that_is_not_ours_logs_nobody_in() {
    let (_atlas, server, _) = stage("allowed_hosts: [127.0.0.1]");
    let evil = [("host", "evil.example"), ("origin", "http://evil.example")];
    let form = [("name", "anna"), ("password", PASSWORD)];
    let call = post_form(server.call("POST", "/login"), &form);
    with(call, &evil).send().is(403);
    with(server.get("/login"), &evil).send().is(403);
}

#[test]
fn nobody_is_logged_in_by_another_sites_form() {
    let (_atlas, server, _) = stage("");
    let form = [("name", "anna"), ("password", PASSWORD)];
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[],
    ] {
        let call = post_form(server.call("POST", "/login"), &form);
        let refused = with(call, headers).send().is(403);
        assert_eq!(refused.header("set-cookie"), "");
    }
}

#[test]
fn a_token_needs_no_origin_and_no_form() {
    let (atlas, server, anna) = stage("");
    let token = atlas.token("operate").secret;
    let site = |id: &str| server.post("/api/sites", &json!({"id": id})).with(&token);
    site("a").send().is(201);
    site("b")
        .header("origin", "https://evil.example")
        .send()
        .is(201);
    // Beside a cookie the token is the credential.
    site("c").header("cookie", &anna.cookie).send().is(201);
}

#[test]
fn what_a_form_may_hold_is_bounded() {
    let (_atlas, server, anna) = stage("");
    let endless = "x".repeat(600 * 1024);
    let fields = [("current", endless.as_str()), ("new", "x"), ("again", "y")];
    anna.post(&server, "/account/password", &fields).is(413);
    let torn = anna.call(&server, "POST", "/account/password");
    let torn = torn.header("content-type", "application/x-www-form-urlencoded");
    let torn = torn.bytes(format!("csrf={}&current=%", anna.csrf)).send();
    assert!(matches!(torn.status, 400 | 422), "{torn:?}");
    let short = anna.post(&server, "/account/password", &[("current", "x")]);
    short.is(400);
    let no_form = anna.call(&server, "POST", "/account/password");
    let no_form = no_form.header("x-csrf-token", &anna.csrf);
    no_form.json(&json!({"current": "x"})).send().is(400);
}
