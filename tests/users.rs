//! `atlas-ops user`: accounts are made, changed and removed at the command line, with or without a
//! server.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};
use support::atlas::{Atlas, Ran};
use support::http::Call;
use support::install::{Run, TERMINAL};
use support::people::{Browser, PASSWORD, add, log_in};
use support::schema;

fn names(atlas: &Atlas) -> Vec<(String, String)> {
    let list = atlas.run(&["user", "list", "--json"]).succeeds().json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    list.as_array()
        .unwrap()
        .iter()
        .map(|user| (text(&user["name"]), text(&user["role"])))
        .collect()
}

/// Runs a command with something on its standard input.
fn run_with_input(atlas: &Atlas, args: &[&str], input: &str) -> Ran {
    let mut command = atlas.command(args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ran::of(child.wait_with_output().unwrap())
}

/// Runs a command on a pseudo terminal; see `support::install`.
fn guided(atlas: &Atlas, args: &[&str], steps: &[(&str, &str, bool)]) -> Run {
    let mut line = vec![support::atlas::BINARY];
    line.extend(args);
    let spec = json!({"argv": line, "steps": steps}).to_string();
    let output = std::process::Command::new("python3")
        .args(["-c", TERMINAL, &spec])
        .current_dir(atlas.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run::of(&output)
}

#[test]
fn an_account_is_made_listed_changed_and_removed() {
    let atlas = Atlas::initialised();
    let none = atlas.run(&["user", "list"]).succeeds();
    assert!(none.out.contains("atlas-ops user add"), "{none:?}");
    add(&atlas, "root", "admin");
    add(&atlas, " Anna ", "viewer");
    let pair = |name: &str, role: &str| (name.to_owned(), role.to_owned());
    assert_eq!(
        names(&atlas),
        [pair("anna", "viewer"), pair("root", "admin")]
    );
    let list = atlas.run(&["user", "list"]).succeeds();
    assert!(
        list.out.starts_with("NAME") && list.out.contains("never"),
        "{list:?}"
    );
    let json = atlas.run(&["user", "list", "--json"]).succeeds();
    assert!(
        !json.out.contains("argon2") && !json.out.contains("hash"),
        "{json:?}"
    );

    atlas.run(&["user", "role", "ANNA", "operator"]).succeeds();
    assert_eq!(names(&atlas)[0], pair("anna", "operator"));
    atlas.run(&["user", "remove", "anna"]).succeeds();
    assert_eq!(names(&atlas), [pair("root", "admin")]);
}

#[test]
fn the_last_admin_stays_one() {
    let atlas = Atlas::initialised();
    add(&atlas, "root", "admin");
    add(&atlas, "anna", "operator");
    for args in [
        &["user", "remove", "root"][..],
        &["user", "role", "root", "viewer"],
    ] {
        let ran = atlas.run(args).fails(1, "this is the last admin");
        assert!(ran.err.contains("user add NAME --role admin"), "{ran:?}");
    }
    atlas.run(&["user", "role", "root", "admin"]).succeeds();
    atlas.run(&["user", "role", "anna", "admin"]).succeeds();
    atlas.run(&["user", "remove", "root"]).succeeds();
    atlas
        .run(&["user", "remove", "anna"])
        .fails(1, "last admin");
}

#[test]
fn wrong_use_is_told_apart() {
    let atlas = Atlas::initialised();
    add(&atlas, "anna", "viewer");
    let file = ["--password-file", "password.txt"];
    let taken = [&["user", "add", "anna", "--role", "admin"], &file[..]].concat();
    atlas.run(&taken).fails(1, "the name is taken");
    let name = [&["user", "add", "a b", "--role", "admin"], &file[..]].concat();
    atlas.run(&name).fails(2, "1 to 64 letters");
    for args in [
        &["user", "remove", "berta"][..],
        &["user", "role", "berta", "admin"],
        &["user", "login-link", "berta"],
        &["user", "passwd", "berta", "--generate"],
    ] {
        atlas.run(args).fails(1, "nobody has this name");
    }
    // Nobody to ask, and nothing said.
    atlas
        .run(&["user", "passwd", "anna"])
        .fails(2, "not a terminal");
    let both = [
        "user",
        "passwd",
        "anna",
        "--generate",
        "--password-file",
        "-",
    ];
    assert_eq!(atlas.run(&both).code, 2);
    for (text, words) in [
        ("short\n", "shorter than 10"),
        ("", "shorter than 10"),
        ("two lines of it\nand more\n", "more than one line"),
        (&"x".repeat(3000), "longer than 1024"),
    ] {
        let args = ["user", "passwd", "anna", "--password-file", "-"];
        run_with_input(&atlas, &args, text).fails(2, words);
    }
    let missing = ["user", "passwd", "anna", "--password-file", "none.txt"];
    atlas.run(&missing).fails(2, "none.txt");
}

#[test]
fn a_password_comes_from_standard_input_or_is_made() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let args = [
        "user",
        "add",
        "anna",
        "--role",
        "viewer",
        "--password-file",
        "-",
    ];
    // Windows' line end is not part of it; a space is.
    run_with_input(&atlas, &args, "pass phrase of anna \r\n").succeeds();
    log_in(&server, "anna", "pass phrase of anna ").is(303);
    log_in(&server, "anna", "pass phrase of anna").is(401);
    let made = atlas
        .run(&["user", "add", "berta", "--role", "viewer", "--generate"])
        .succeeds();
    let password = made.out.trim_end();
    assert_eq!(password.len(), 23, "{made:?}");
    assert!(!made.err.contains(password), "{made:?}");
    log_in(&server, "berta", password).is(303);
}

#[test]
fn a_password_is_asked_for_twice_and_never_shown() {
    let atlas = Atlas::initialised();
    let run = guided(
        &atlas,
        &["user", "add", "anna", "--role", "viewer"],
        &[
            ("New password of anna", "few", true),
            ("New password of anna", PASSWORD, true),
            ("The same again: ", "another horse battery", true),
            ("The two differ", PASSWORD, true),
            ("The same again: ", PASSWORD, true),
        ],
    )
    .ok();
    run.hides(PASSWORD);
    run.hides("another horse");
    let server = atlas.serve();
    log_in(&server, "anna", PASSWORD).is(303);
}

#[test]
fn every_change_to_an_account_ends_its_sessions_while_the_server_runs() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    for name in ["anna", "berta", "carla", "dora"] {
        add(&atlas, name, "operator");
    }
    let [anna, berta, carla, dora] =
        ["anna", "berta", "carla", "dora"].map(|name| Browser::of(&server, name));
    for (args, ended) in [
        (&["user", "passwd", "anna", "--generate"][..], &anna),
        (&["user", "role", "berta", "viewer"], &berta),
        (&["user", "remove", "carla"], &carla),
    ] {
        ended.get(&server, "/").is(200);
        atlas.run(args).succeeds();
        let read = server.get("/api/signals").header("cookie", &ended.cookie);
        read.send().problem(401);
    }
    dora.get(&server, "/").is(200);
    log_in(&server, "anna", PASSWORD).is(401);
    log_in(&server, "carla", PASSWORD).is(401);
}

#[test]
fn a_login_link_logs_in_once_as_whom_it_was_made_for() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    add(&atlas, "anna", "viewer");
    let link = || {
        let made = atlas.run(&["user", "login-link", "anna"]).succeeds();
        let link = made.out.trim_end().to_owned();
        assert!(made.err.contains("logs in as anna once"), "{made:?}");
        // The configuration names port 8000; the test's server has another.
        let path = link.strip_prefix("http://127.0.0.1:8000").unwrap();
        format!("{}{path}", server.address)
    };
    let first = link();
    let entered = Call::new("GET", first.as_str()).send().is(303);
    let anna = Browser::with(&server, &entered);
    let page = anna.get(&server, "/account").is(200).body;
    assert!(page.contains("viewer: reads everything"), "{page}");
    Call::new("GET", first).send().is(401);
    // Another password makes an address worthless that was not used yet.
    let unused = link();
    atlas
        .run(&["user", "passwd", "anna", "--generate"])
        .succeeds();
    Call::new("GET", unused).send().is(401);
}

#[test]
fn the_first_admin_is_made_where_nobody_is_and_reading_is_not_open() {
    let atlas = Atlas::with("auth: open");
    let server = atlas.serve();
    assert_eq!((server.said.len(), names(&atlas).len()), (0, 0));
    drop(server);
    let atlas = Atlas::initialised();
    add(&atlas, "root", "admin");
    let server = atlas.serve();
    assert_eq!((server.said.len(), names(&atlas).len()), (0, 1));
    // The address logs in as an admin who is there.
    let entered = Call::new("GET", server.welcome.clone().unwrap()).send();
    let root = Browser::with(&server, &entered.is(303));
    let page = root.get(&server, "/account").is(200).body;
    assert!(page.contains("root") && page.contains("admin:"), "{page}");
}

#[test]
fn a_database_of_the_first_schema_is_brought_up_and_its_sessions_end() {
    let atlas = schema::of_version(1);
    atlas
        .sql()
        .execute_batch(
            "INSERT INTO sessions VALUES (x'00', 1, 9999999999999);
             INSERT INTO welcome_codes VALUES (x'00', 1, 9999999999999);",
        )
        .unwrap();
    let server = atlas.serve();
    assert!(server.said[0].starts_with("made the first account: name admin"));
    assert_eq!(atlas.count("SELECT count(*) FROM sessions"), 0);
    // The one that this start printed.
    assert_eq!(atlas.count("SELECT count(*) FROM welcome_codes"), 1);
    let copies = atlas.files();
    let copies = copies
        .iter()
        .filter(|name| name.contains("before-migration-of-v1-"));
    assert_eq!(copies.count(), 1);
    add(&atlas, "anna", "viewer");
    Browser::of(&server, "anna").get(&server, "/").is(200);
}
