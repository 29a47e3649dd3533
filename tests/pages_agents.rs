//! The page of agents and tokens: who reports, and what they report with.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::net::TcpListener;

use atlas_ops::clock;
use serde_json::json;
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::incident_pages::World;
use support::people::{self, Browser};
use support::running::Running;

/// A server with an admin logged in.
fn stage() -> (Atlas, Running, Browser) {
    let atlas = Atlas::new();
    let server = atlas.serve();
    people::add(&atlas, "root", "admin");
    let root = Browser::of(&server, "root");
    (atlas, server, root)
}

fn make(root: &Browser, server: &Running, fields: &[(&str, &str)]) -> Answer {
    root.post(server, "/agents/tokens", fields)
}

/// The token that a page shows.
fn secret(page: &str) -> String {
    let (_, rest) = page.split_once("<pre><code>").unwrap();
    let secret = rest.split_once('<').unwrap().0.to_owned();
    assert!(secret.starts_with("atl_"), "{page}");
    secret
}

fn signal(server: &Running, site: &str, token: &str) -> u16 {
    let body = json!({"site_id": site, "kind": "note", "severity": "info", "summary": "s"});
    let call = server.post("/api/signals", &body).with(token);
    call.send().status
}

#[test]
fn who_reports_is_told_with_what_waits_there_and_what_it_cannot_see() {
    let world = World::new();
    let page = world.page("/agents");
    assert!(page.contains("No agent has reported yet"), "{page}");
    let body = json!({
        "agent_id": "one", "site_id": "home", "version": "0.5.0", "interval_seconds": 120,
        "observed_at": clock::now(), "backlog": 17,
        "facts": {"hostname": "nas<b>", "platform": "Linux-6.1", "disks": []},
        "conditions": [{"dedup_key": "disk:/tank", "kind": "disk_full", "severity": "warning",
            "since": clock::now()}],
        "unknown": [{"kind": "smart", "subject": "disk:/dev/sda", "reason": "smartctl is missing"}],
    });
    let call = world.server.post("/api/agents/report", &body);
    call.with(SHARED).send().is(201);
    let page = world.page("/agents");
    for part in [
        "1 of 1 agent reporting",
        "nas&#60;b&#62;",
        "version 0.5.0, Linux-6.1",
        "reports every 2 minutes",
        "17 observations waiting there",
        "heard in 1 of the last 24 hours",
        "disk_full: disk:/tank",
        "disk:/dev/sda: smartctl is missing",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn a_token_is_shown_once_with_its_commands_works_and_is_revoked() {
    let (_atlas, server, root) = stage();
    let fields = [
        ("label", "nas-01"),
        ("scope", "ingest"),
        ("site", "it's home"),
        ("days", "30"),
    ];
    let made = make(&root, &server, &fields).is(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let token = secret(&made.body);
    let own = people::origin(&server);
    for part in [
        format!("printf '%s\\n' '{token}' | ./atlas-ops install agent --yes"),
        format!("--backend-url '{own}' --site-id 'it'\\''s home' --token-file -"),
        format!(
            "'{token}' | .\\atlas-ops.exe install agent --yes --backend-url '{own}' --site-id 'it''s home'"
        ),
        format!("curl '{own}/api/signals'"),
    ] {
        let text = part.replace('\'', "&#39;");
        assert!(made.body.contains(&text), "{text}: {}", made.body);
    }
    assert!(made.body.contains("which only this machine reaches"));
    assert_eq!(signal(&server, "it's home", &token), 201);
    assert_eq!(signal(&server, "elsewhere", &token), 403);

    let page = root.get(&server, "/agents").is(200).body;
    assert!(!page.contains(&token), "it is shown once");
    let (_, row) = page.split_once("<bdi>nas-01</bdi>").unwrap();
    assert!(row.contains("last used"), "{page}");
    let revoke = row.split_once("/agents/tokens/").unwrap().1;
    let id: i64 = revoke.split_once('/').unwrap().0.parse().unwrap();

    // The same form twice makes one token.
    let again = make(&root, &server, &fields).is(422).body;
    assert!(
        again.contains("A token of this name is live.") && again.contains("value=\"nas-01\""),
        "{again}"
    );
    let path = format!("/agents/tokens/{id}/revoke");
    for _ in 0..2 {
        root.post(&server, &path, &[]).is(303);
    }
    assert_eq!(signal(&server, "it's home", &token), 401);
    let page = root.get(&server, "/agents").is(200).body;
    assert!(page.contains("1 revoked or expired"), "{page}");
    root.post(&server, "/agents/tokens/999/revoke", &[]).is(404);
    make(&root, &server, &fields).is(201);
}

#[test]
fn what_is_wrong_with_the_form_is_told_and_what_was_typed_stays() {
    let (atlas, server, root) = stage();
    let long = "x".repeat(129);
    for (fields, part) in [
        (
            [
                ("label", " "),
                ("scope", "ingest"),
                ("site", ""),
                ("days", ""),
            ],
            "Give it a name",
        ),
        (
            [("label", "a"), ("scope", "all"), ("site", ""), ("days", "")],
            "Choose what it is for.",
        ),
        (
            [
                ("label", "a"),
                ("scope", "read"),
                ("site", "home"),
                ("days", ""),
            ],
            "only scope ingest sends",
        ),
        (
            [
                ("label", "a"),
                ("scope", "read"),
                ("site", ""),
                ("days", "9999999"),
            ],
            "Choose how long it is good for",
        ),
        (
            [
                ("label", &long),
                ("scope", "read"),
                ("site", ""),
                ("days", ""),
            ],
            "The name has at most 128 characters.",
        ),
        (
            [
                ("label", "a"),
                ("scope", "ingest"),
                ("site", "a\u{1b}b"),
                ("days", ""),
            ],
            "The site holds a control character.",
        ),
    ] {
        let page = make(&root, &server, &fields).is(422).body;
        assert!(page.contains(part), "{part}: {page}");
        let site = fields[2].1;
        assert!(
            page.contains(&format!("name=\"site\" value=\"{site}\"")),
            "{page}"
        );
    }
    let list = atlas.run(&["token", "list"]).succeeds().out;
    assert!(list.contains("No tokens"), "{list}");
}

#[test]
fn only_admins_see_and_make_tokens() {
    let (atlas, server, root) = stage();
    let fields = [
        ("label", "mine"),
        ("scope", "read"),
        ("site", ""),
        ("days", ""),
    ];
    let read = secret(&make(&root, &server, &fields).is(201).body);
    for role in ["operator", "viewer"] {
        people::add(&atlas, role, role);
        let person = Browser::of(&server, role);
        let page = person.get(&server, "/agents").is(200).body;
        assert!(
            page.contains("Admins see, make and revoke tokens here.") && !page.contains("mine"),
            "{page}"
        );
        make(&person, &server, &fields).is(403);
        person.post(&server, "/agents/tokens/1/revoke", &[]).is(403);
    }
    // Nor does whoever reads with a token.
    let page = server.get("/agents").with(&read).send().is(200).body;
    assert!(!page.contains("mine"), "{page}");
    assert_eq!(signal(&server, "home", &read), 403);
}

#[test]
fn a_configured_address_is_the_one_in_the_commands() {
    let atlas = Atlas::with("public_url: http://atlas.example.com:8000");
    // What it prints is that address: where it listens has to be known beforehand.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut server = Running::start(atlas.command(&["serve", "--port", &port.to_string()]));
    server.address = format!("http://127.0.0.1:{port}");
    people::add(&atlas, "root", "admin");
    let root = Browser::of(&server, "root");
    let fields = [
        ("label", "a"),
        ("scope", "read"),
        ("site", ""),
        ("days", ""),
    ];
    let page = make(&root, &server, &fields);
    let page = page.is(201).body;
    assert!(
        page.contains("curl &#39;http://atlas.example.com:8000/api/incidents"),
        "{page}"
    );
    assert!(!page.contains("install agent"), "it cannot send");
    assert!(!page.contains("which only this machine reaches"));
}
