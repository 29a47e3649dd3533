//! The one-time address that `serve` prints: it logs the admin in once.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::atlas::Atlas;
use support::http::{Answer, Call};
use support::running::Running;

fn open(server: &Running) -> Answer {
    Call::new("GET", server.welcome.clone().unwrap()).send()
}

/// The cookie as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn it_opens_the_board_and_the_cookie_reads() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let answer = open(&server).is(303);
    assert_eq!(answer.header("location"), "/");
    assert_eq!(answer.header("cache-control"), "no-store");
    let cookie = cookie(&answer);
    for path in ["/", "/frontend/index.html", "/api/signals", "/api/sites"] {
        server.get(path).header("cookie", &cookie).send().is(200);
    }
}

#[test]
fn the_cookie_is_kept_from_scripts_and_other_sites() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let answer = open(&server);
    let flags: Vec<&str> = answer.header("set-cookie").split("; ").skip(1).collect();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(flags.contains(&flag), "{flag} in {flags:?}");
    }
    assert!(
        !flags.contains(&"Secure"),
        "plain http would lose it: {flags:?}"
    );
}

#[test]
fn behind_https_the_cookie_never_goes_over_plain_http() {
    let atlas = Atlas::with("public_url: https://atlas.example.com/board\nbase_path: /board");
    let server = atlas.serve();
    // The printed address is the public one.
    let code = server.welcome.clone().unwrap();
    assert!(
        code.starts_with("https://atlas.example.com/board/welcome/"),
        "{code}"
    );
}

#[test]
fn the_cookie_alone_writes_nothing() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    // An admin's, but no page of ours asks: there is no origin, and no token of a form.
    let cookie = cookie(&open(&server));
    let signal = json!({"site_id": "s", "kind": "k", "summary": "x"});
    for (method, path, body) in [
        ("POST", "/api/signals", &signal),
        ("POST", "/api/signals/batch", &json!([signal])),
        ("POST", "/api/sites", &json!({"id": "s"})),
        ("PUT", "/api/sites/s", &json!({})),
        ("POST", "/api/integrations", &json!({})),
    ] {
        let call = server.call(method, path).header("cookie", &cookie);
        call.json(body).send().problem(403);
    }
    server
        .call("DELETE", "/api/sites/s")
        .header("cookie", &cookie)
        .send()
        .problem(403);
    assert_eq!(atlas.count("SELECT count(*) FROM sites"), 0);
}

#[test]
fn it_opens_once_only() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    open(&server).is(303);
    let again = open(&server).is(401);
    assert_eq!(again.header("set-cookie"), "");
    assert!(again.body.contains("used already"), "{}", again.body);
}

#[test]
fn two_who_come_together_are_not_both_let_in() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| open(&server).status))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
}

#[test]
fn a_look_at_the_head_takes_nothing() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    // Chat programs and mail scanners look before the person does.
    let head = Call::new("HEAD", server.welcome.clone().unwrap())
        .send()
        .is(200);
    assert_eq!(head.header("set-cookie"), "");
    open(&server).is(303);
}

#[test]
fn it_is_worthless_after_its_day_and_a_session_after_its_time() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    atlas
        .sql()
        .execute("UPDATE welcome_codes SET expires_at = created_at", [])
        .unwrap();
    open(&server).is(401);
    drop(server);
    let server = atlas.serve();
    let cookie = cookie(&open(&server).is(303));
    server.get("/").header("cookie", &cookie).send().is(200);
    atlas
        .sql()
        .execute("UPDATE sessions SET expires_at = created_at", [])
        .unwrap();
    server.get("/").header("cookie", &cookie).send().is(401);
}

#[test]
fn a_session_outlives_a_restart_and_a_made_up_one_opens_nothing() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let cookie = cookie(&open(&server));
    server.stop();
    let server = atlas.serve();
    server.get("/").header("cookie", &cookie).send().is(200);
    for made_up in ["atlas_session=", "atlas_session=x", "atlas_session=atl_0"] {
        server.get("/").header("cookie", made_up).send().is(401);
    }
}

#[test]
fn whoever_is_locked_out_is_told_the_way_in() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let page = server.get("/").send().is(401);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains("private"), "{}", page.body);
}
