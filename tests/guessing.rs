//! Whoever guesses is slowed down, and nobody else is.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use support::atlas::Atlas;
use support::http::Answer;
use support::people::{Browser, PASSWORD, add, log_in, origin, post_form};
use support::running::Running;

/// A login from an address that a proxy names.
fn log_in_from(server: &Running, address: &str, name: &str, password: &str) -> Answer {
    let form = [("name", name), ("password", password)];
    post_form(server.call("POST", "/login"), &form)
        .header("origin", &origin(server))
        .header("x-forwarded-for", address)
        .send()
}

/// The seconds that a refusal asks to wait.
fn wait(answer: &Answer) -> u64 {
    answer.header("retry-after").parse().unwrap()
}

#[test]
fn passwords_cannot_be_guessed_quickly() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    add(&atlas, "anna", "viewer");
    let before = Browser::of(&server, "anna");
    for number in 0..10 {
        // A stranger's header does not make them another.
        let address = format!("10.0.0.{number}");
        log_in_from(&server, &address, "anna", "a wrong password").is(401);
    }
    // Refused before it is looked at: the right one would tell.
    let refused = log_in(&server, "anna", PASSWORD).is(429);
    assert_eq!(refused.header("set-cookie"), "");
    assert!((1..=30).contains(&wait(&refused)), "{refused:?}");
    assert!(refused.body.contains("Too many tries"), "{}", refused.body);
    log_in(&server, "berta", PASSWORD).is(429);
    // A session finds it out no sooner; what is logged in stays so; tokens are another matter.
    let form = [
        ("current", PASSWORD),
        ("new", "another horse battery"),
        ("again", "another horse battery"),
    ];
    before.post(&server, "/account/password", &form).is(429);
    before.get(&server, "/").is(200);
    let token = atlas.token("read").secret;
    server.get("/api/signals").with(&token).send().is(200);
}

#[test]
fn a_neighbour_who_guesses_locks_nobody_out() {
    let atlas = Atlas::with("trusted_proxies: [127.0.0.0/8]");
    let server = atlas.serve();
    add(&atlas, "anna", "viewer");
    for _ in 0..10 {
        log_in_from(&server, "192.0.2.7", "anna", "a wrong password").is(401);
    }
    log_in_from(&server, "192.0.2.7", "anna", PASSWORD).is(429);
    log_in_from(&server, "192.0.2.8", "anna", PASSWORD).is(303);
}

#[test]
fn many_addresses_guess_one_name_no_faster() {
    let atlas = Atlas::with("trusted_proxies: [127.0.0.0/8]");
    let server = atlas.serve();
    add(&atlas, "anna", "viewer");
    add(&atlas, "berta", "viewer");
    let first_refused = (0..60).position(|number| {
        let address = format!("2001:db8:0:{number:x}::1");
        log_in_from(&server, &address, "anna", "a wrong password").status == 429
    });
    // Thirty, and one more for each ten seconds that the hashing takes.
    let first_refused = first_refused.unwrap();
    assert!((30..50).contains(&first_refused), "{first_refused}");
    log_in_from(&server, "2001:db8:1::1", "berta", PASSWORD).is(303);
}

#[test]
fn tokens_cannot_be_guessed_quickly_and_a_good_one_always_opens() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let read = |token: &str| server.get("/api/signals").with(token).send();
    let good = atlas.token("read").secret;
    let revoked = atlas.token("read");
    let id = revoked.id.to_string();
    atlas.run(&["token", "revoke", &id]).succeeds();
    for number in 0..10 {
        read(&format!("atl_{number}")).problem(401);
    }
    let refused = read("atl_10");
    assert!((1..=30).contains(&wait(&refused)), "{refused:?}");
    refused.problem(429);
    read(&good).is(200);
    // Somebody had this one: it is no guess, and is told why.
    let problem = read(&revoked.secret).problem(401);
    assert!(problem["detail"].as_str().unwrap().contains("revoked"));
    add(&atlas, "anna", "viewer");
    log_in(&server, "anna", PASSWORD).is(303);
}

#[test]
fn a_flood_of_logins_does_not_keep_signals_out() {
    let atlas = Atlas::with("trusted_proxies: [127.0.0.0/8]");
    let server = atlas.serve();
    add(&atlas, "anna", "viewer");
    let over = AtomicBool::new(false);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let flood: Vec<_> = (0..48_u32)
            .map(|number| {
                let server = &server;
                scope.spawn(move || {
                    let mut statuses = Vec::new();
                    for round in 0..4 {
                        let address = format!("10.{round}.0.{number}");
                        let name = format!("name-{round}-{number}");
                        let answer = log_in_from(server, &address, &name, "a wrong password");
                        if answer.status == 503 {
                            assert!(wait(&answer) > 0);
                        }
                        statuses.push(answer.status);
                    }
                    statuses
                })
            })
            .collect();
        let (server, over) = (&server, &over);
        let sender = scope.spawn(move || {
            let mut stored = 0;
            while stored == 0 || !over.load(Ordering::Relaxed) {
                server.stored(&json!({"site_id": "s", "kind": "k", "summary": "x"}));
                stored += 1;
            }
            stored
        });
        let statuses = flood.into_iter().flat_map(|t| t.join().unwrap()).collect();
        over.store(true, Ordering::Relaxed);
        assert!(sender.join().unwrap() > 0);
        statuses
    });
    let count = |status: u16| statuses.iter().filter(|found| **found == status).count();
    assert_eq!(count(401) + count(503), statuses.len(), "{statuses:?}");
    assert!(count(503) > 0 && count(401) > 0, "{statuses:?}");
    log_in_from(&server, "192.0.2.1", "anna", PASSWORD).is(303);
}
