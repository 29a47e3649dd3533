//! People log in, stay logged in, and are logged out for good.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::atlas::Atlas;
use support::http::Answer;
use support::people::{Browser, PASSWORD, add, cookie, log_in, origin, post_form};
use support::running::Running;

/// A server with `anna`, an operator.
fn stage(more: &str) -> (Atlas, Running) {
    let atlas = Atlas::with(more);
    let server = atlas.serve();
    add(&atlas, "anna", "operator");
    (atlas, server)
}

/// What a browser without a session gets.
fn look(server: &Running, path: &str) -> Answer {
    let call = server.get(path);
    call.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .send()
}

#[test]
fn a_browser_is_led_to_the_login_and_back_to_where_it_wanted() {
    let (_atlas, server) = stage("");
    let sent = look(&server, "/runbooks/rb-disk-full?signal=3&x=%26").is(303);
    assert_eq!(sent.header("cache-control"), "no-store");
    let login = sent.header("location");
    assert_eq!(
        login,
        "/login?next=%2Frunbooks%2Frb-disk-full%3Fsignal%3D3%26x%3D%2526"
    );
    let page = look(&server, login).is(200);
    let next = "/runbooks/rb-disk-full?signal=3&#38;x=%26";
    assert!(page.body.contains(next), "{}", page.body);
    let form = [
        ("name", " ANNA "),
        ("password", PASSWORD),
        ("next", "/runbooks/rb-disk-full?signal=3&x=%26"),
    ];
    let entered = post_form(server.call("POST", "/login"), &form);
    let entered = entered.header("origin", &origin(&server)).send().is(303);
    assert_eq!(
        entered.header("location"),
        "/runbooks/rb-disk-full?signal=3&x=%26"
    );
    let anna = Browser::with(&server, &entered);
    let board = anna.get(&server, "/").is(200).body;
    assert!(
        board.contains(">anna</a>") && board.contains("Log out"),
        "{board}"
    );
    // Whoever is logged in already is led on.
    let again = anna.get(&server, "/login?next=/account").is(303);
    assert_eq!(again.header("location"), "/account");
}

#[test]
fn programs_are_told_so_and_led_nowhere() {
    let (_atlas, server) = stage("");
    look(&server, "/api/signals").problem(401);
    server.get("/").send().is(401);
    let with_token = server.get("/").with("atl_0").header("accept", "text/html");
    with_token.send().is(401);
    let posted = server
        .call("POST", "/logout")
        .header("accept", "text/html")
        .send();
    posted.is(401);
}

#[test]
fn the_cookie_is_kept_from_scripts_and_other_sites_and_is_new_each_time() {
    let (atlas, server) = stage("");
    let answer = log_in(&server, "anna", PASSWORD).is(303);
    assert_eq!(answer.header("location"), "/");
    let flags: Vec<&str> = answer.header("set-cookie").split("; ").skip(1).collect();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(flags.contains(&flag), "{flag} in {flags:?}");
    }
    assert!(!flags.contains(&"Secure"), "{flags:?}");
    // A cookie that somebody put there before is not made a session.
    let planted = "atlas_session=atl_planted";
    let form = [("name", "anna"), ("password", PASSWORD)];
    let second = post_form(server.call("POST", "/login"), &form)
        .header("origin", &origin(&server))
        .header("cookie", planted)
        .send()
        .is(303);
    assert_ne!(cookie(&second), planted);
    assert_ne!(cookie(&second), cookie(&answer));
    server.get("/").header("cookie", planted).send().is(401);
    // The database knows hashes only.
    assert_eq!(atlas.count("SELECT count(*) FROM sessions"), 2);
    let secret = cookie(&answer).split_once('=').unwrap().1.to_owned();
    server.stop();
    let bytes = std::fs::read(&atlas.database).unwrap();
    for hidden in [secret.as_str(), PASSWORD] {
        let found = bytes.windows(hidden.len()).any(|w| w == hidden.as_bytes());
        assert!(!found, "{hidden}");
    }
}

#[test]
fn a_wrong_password_and_a_name_that_nobody_has_are_answered_alike() {
    let (_atlas, server) = stage("");
    let told = |name: &str, password: &str| {
        let answer = log_in(&server, name, password).is(401);
        assert_eq!(answer.header("set-cookie"), "");
        assert!(!answer.body.contains(password), "{}", answer.body);
        answer.body.replace(&format!("value=\"{name}\""), "")
    };
    let wrong = told("anna", "wrong horse battery");
    assert!(wrong.contains("Name or password is wrong."), "{wrong}");
    assert_eq!(told("berta", PASSWORD), wrong);
    assert_eq!(told("no name!", PASSWORD), wrong);
    assert_eq!(told("anna", &"x".repeat(5000)), wrong);
}

#[test]
fn a_name_that_nobody_has_takes_as_long() {
    let (_atlas, server) = stage("");
    let quickest = |name: &str| -> Duration {
        (0..4)
            .map(|_| {
                let start = Instant::now();
                log_in(&server, name, "wrong horse battery").is(401);
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    let (known, unknown) = (quickest("anna"), quickest("berta"));
    // Without the hash it would be a thirtieth.
    assert!(unknown * 3 > known, "{unknown:?} against {known:?}");
}

#[test]
fn a_login_leads_to_no_other_site() {
    let (_atlas, server) = stage("");
    for next in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let form = [("name", "anna"), ("password", PASSWORD), ("next", next)];
        let entered = post_form(server.call("POST", "/login"), &form);
        let entered = entered.header("origin", &origin(&server)).send().is(303);
        assert_eq!(entered.header("location"), "/", "{next}");
        let page = server.get(&format!("/login?next={next}")).send().is(200);
        assert!(!page.body.contains("evil"), "{}", page.body);
    }
}

#[test]
fn a_stolen_cookie_opens_nothing_after_the_logout() {
    let (_atlas, server) = stage("");
    let anna = Browser::of(&server, "anna");
    let other = Browser::of(&server, "anna");
    let left = anna.post(&server, "/logout", &[]).is(303);
    assert_eq!(left.header("location"), "/login");
    let taken_back = left.header("set-cookie");
    assert!(
        taken_back.starts_with("atlas_session=;") && taken_back.contains("Max-Age=0"),
        "{taken_back}"
    );
    anna.get(&server, "/").is(303);
    let read = server.get("/api/signals").header("cookie", &anna.cookie);
    read.send().problem(401);
    // Nobody can be logged out by a link, and another browser of hers is still logged in.
    other.get(&server, "/logout").is(405);
    other.get(&server, "/").is(200);
}

#[test]
fn another_password_ends_all_other_sessions() {
    let (_atlas, server) = stage("");
    let here = Browser::of(&server, "anna");
    let elsewhere = Browser::of(&server, "anna");
    let page = here.get(&server, "/account").is(200).body;
    assert!(page.contains("in one other browser"), "{page}");
    let change = |current: &str, new: &str, again: &str| {
        let form = [("current", current), ("new", new), ("again", again)];
        here.post(&server, "/account/password", &form)
    };
    let new = "another horse battery";
    for (current, new, again, words) in [
        ("wrong horse battery", new, new, "current password is wrong"),
        (PASSWORD, "too-few", "too-few", "shorter than 10"),
        (PASSWORD, new, "other horse battery", "differ"),
    ] {
        let refused = change(current, new, again).is(422);
        assert!(refused.body.contains(words), "{}", refused.body);
        assert!(!refused.body.contains(new), "{}", refused.body);
    }
    elsewhere.get(&server, "/").is(200);
    let changed = change(PASSWORD, new, new).is(303);
    let renewed = Browser::with(&server, &changed);
    assert_ne!(renewed.cookie, here.cookie);
    let page = renewed.get(&server, changed.header("location")).is(200);
    assert!(
        page.body.contains("The password is changed"),
        "{}",
        page.body
    );
    for ended in [&here, &elsewhere] {
        ended.get(&server, "/").is(303);
    }
    log_in(&server, "anna", PASSWORD).is(401);
    log_in(&server, "anna", new).is(303);
}

#[test]
fn an_operator_changes_what_is_declared_and_an_agents_work_is_not_theirs() {
    let (_atlas, server) = stage("");
    let anna = Browser::of(&server, "anna");
    let post = |path: &str, body: serde_json::Value| {
        let call = anna.call(&server, "POST", path);
        call.header("x-csrf-token", &anna.csrf).json(&body).send()
    };
    post("/api/sites", json!({"id": "s"})).is(201);
    let signal = json!({"site_id": "s", "kind": "k", "summary": "x"});
    let problem = post("/api/signals", signal).problem(403);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("role operator"), "{detail}");
}

#[test]
fn who_is_logged_in_has_their_role_where_reading_is_open_too() {
    let (_atlas, server) = stage("auth: open");
    assert_eq!(server.welcome, None);
    let board = look(&server, "/").is(200).body;
    assert!(board.contains("/login\">Log in</a>"), "{board}");
    let sent = look(&server, "/account").is(303);
    assert_eq!(sent.header("location"), "/login?next=%2Faccount");
    let anna = Browser::of(&server, "anna");
    let site = anna.call(&server, "POST", "/api/sites");
    let site = site.header("x-csrf-token", &anna.csrf);
    site.json(&json!({"id": "s"})).send().is(201);
    let left = anna.post(&server, "/logout", &[]).is(303);
    assert_eq!(left.header("location"), "/");
    let board = anna.get(&server, "/").is(200).body;
    assert!(!board.contains("Log out"), "{board}");
}

#[test]
fn the_first_start_prints_the_admins_password_once() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let said = server.said.join("\n");
    let words = "made the first account: name admin, password ";
    let password = said.strip_prefix(words).unwrap().lines().next().unwrap();
    assert_eq!(password.len(), 23, "{said}");
    log_in(&server, "admin", password).is(303);
    let admin = Browser::with(&server, &log_in(&server, "admin", password));
    assert!(
        admin
            .get(&server, "/account")
            .body
            .contains("admin: reads and")
    );
    let ended = server.stop();
    assert!(!ended.log.contains(password), "{}", ended.log);
    let again = atlas.serve();
    assert_eq!(again.said, [""; 0]);
    log_in(&again, "admin", password).is(303);
}

#[test]
fn a_configured_password_is_the_first_admins_and_never_overwrites() {
    let atlas = Atlas::with("dashboard_password: from-the-file-1");
    let server = atlas.serve();
    let said = server.said.join("\n");
    assert!(said.contains("as in backend.dashboard_password"), "{said}");
    assert!(!said.contains("from-the-file-1"), "{said}");
    log_in(&server, "admin", "from-the-file-1").is(303);
    drop(server);
    let server = atlas.serve_with(&[], &[("ATLAS_OPS_DASHBOARD_PASSWORD", "of-the-variable")]);
    assert_eq!(server.said, [""; 0]);
    log_in(&server, "admin", "of-the-variable").is(401);
    log_in(&server, "admin", "from-the-file-1").is(303);
}

#[test]
fn a_configured_password_that_is_too_short_is_named() {
    let atlas = Atlas::with("dashboard_password: short");
    let ran = atlas.run(&["serve", "--port", "0"]);
    ran.fails(2, "dashboard_password: it is shorter than 10");
}

#[test]
fn only_a_trusted_proxy_says_that_it_is_https() {
    for (more, secure) in [
        ("", false),
        ("trusted_proxies: [127.0.0.0/8]", true),
        ("trusted_proxies: [10.0.0.0/8]", false),
    ] {
        let (_atlas, server) = stage(more);
        let form = [("name", "anna"), ("password", PASSWORD)];
        let scheme = if secure { "https" } else { "http" };
        let own = origin(&server).replace("http", scheme);
        let answer = post_form(server.call("POST", "/login"), &form)
            .header("origin", &own)
            .header("x-forwarded-proto", "https")
            .send()
            .is(303);
        let cookie = answer.header("set-cookie");
        assert_eq!(cookie.contains("; Secure"), secure, "{more}: {cookie}");
    }
}

#[test]
fn it_works_under_a_base_path() {
    let (_atlas, server) = stage("base_path: /atlas");
    let sent = look(&server, "/runbooks/rb-disk-full").is(303);
    let login = sent.header("location");
    assert_eq!(login, "/atlas/login?next=%2Frunbooks%2Frb-disk-full");
    let form = [
        ("name", "anna"),
        ("password", PASSWORD),
        ("next", "/runbooks/rb-disk-full"),
    ];
    let entered = post_form(server.call("POST", "/login"), &form);
    let entered = entered.header("origin", &origin(&server)).send().is(303);
    assert_eq!(entered.header("location"), "/atlas/runbooks/rb-disk-full");
    assert!(entered.header("set-cookie").contains("Path=/atlas"));
    let anna = Browser::with(&server, &entered);
    let left = anna.post(&server, "/logout", &[]).is(303);
    assert_eq!(left.header("location"), "/atlas/login");
}

#[test]
fn the_log_names_who_came_and_went_and_no_password() {
    let atlas = Atlas::new();
    let server = atlas.serve_with(&[], &[("ATLAS_OPS_LOG_FORMAT", "json")]);
    add(&atlas, "anna", "viewer");
    let anna = Browser::of(&server, "anna");
    log_in(&server, "anna", "a wrong password").is(401);
    log_in(&server, "my secret passphrase", "x").is(401);
    anna.post(&server, "/logout", &[]).is(303);
    let log = server.stop().log;
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let audit: Vec<String> = lines
        .iter()
        .filter(|line| line["fields"]["name"].is_string() || line["name"].is_string())
        .map(|line| {
            let field = |name: &str| {
                let fields = [&line["fields"][name], &line[name]];
                fields
                    .iter()
                    .find_map(|v| v.as_str())
                    .unwrap_or_default()
                    .to_owned()
            };
            format!("{} {}", field("message"), field("name"))
        })
        .collect();
    assert_eq!(
        audit,
        [
            "logged in anna",
            "login failed anna",
            "login failed (no name)",
            "logged out anna"
        ],
        "{log}"
    );
    for hidden in [
        PASSWORD,
        "a wrong password",
        "secret passphrase",
        anna.csrf.as_str(),
    ] {
        assert!(!log.contains(hidden), "{hidden} in {log}");
    }
}
