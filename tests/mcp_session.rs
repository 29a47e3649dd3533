//! A session of `atlas-ops mcp`: servers that are away, lines that no client would send, and its end.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::atlas::{Atlas, tool};
use support::mcp::{PATIENCE, Session, arguments, client, complaint, signal, text, token_file};
use support::server::{Answer, Server};

#[test]
fn the_server_is_asked_when_it_is_needed_and_not_before() {
    let atlas = Atlas::new();
    let away = Server::tcp("http", |_| Answer::Hang(PATIENCE));
    let mut session = Session::introduced(&arguments(
        &atlas,
        &away.address,
        "atl_test",
        &["--time-limit", "1"],
    ));
    session.ask(1, "tools/list", &json!({}));
    session.ask(2, "prompts/list", &json!({}));
    session.ask(3, "resources/templates/list", &json!({}));
    for id in 1..=3 {
        let answer = session.hear();
        assert!(
            answer["result"].is_object() && answer["id"] == id,
            "{answer}"
        );
    }
    assert!(away.take_asked().is_empty());

    // A server that hangs is given up, and does not hold up who wants nothing of it.
    session.call(4, "list_sites", &json!({}));
    session.ask(5, "tools/list", &json!({}));
    assert_eq!(session.hear()["id"], 5);
    let answer = session.hear();
    assert_eq!(answer["id"], 4);
    assert!(complaint(&answer["result"]).contains("no answer in time"));
    let asked = away.take_asked();
    assert_eq!(asked[0].path, "/api/sites");
    assert_eq!(asked[0].header("authorization"), Some("Bearer atl_test"));

    for (behaviour, words) in [
        (Answer::Close, "is away"),
        (Answer::Raw(b"SSH-2.0-x\r\n\r\n".to_vec()), "something else"),
        (
            Answer::With(200, "text/html", Vec::new(), "<html>".to_owned()),
            "something else",
        ),
        (Answer::json(200, &json!({"sites": 1})), "something else"),
        (
            Answer::With(404, "text/html", Vec::new(), String::new()),
            "--url",
        ),
        (
            Answer::With(
                302,
                "text/html",
                vec![("location", "/login".to_owned())],
                String::new(),
            ),
            "redirects",
        ),
        (Answer::problem(503), "busy"),
        (Answer::problem(500), "log"),
    ] {
        away.behave(move |_| behaviour.clone());
        session.call(6, "list_sites", &json!({}));
        let answer = session.hear();
        let said = complaint(&answer["result"]);
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert!(session.end().success());
}

#[test]
fn no_line_ends_the_session() {
    let atlas = Atlas::new();
    let arguments = arguments(&atlas, "http://127.0.0.1:9", "atl_test", &[]);
    let mut session = Session::start(&arguments);
    // Before anybody is introduced.
    session.raw(b"GET / HTTP/1.1");
    session.raw(b"\xff\xfe\x00");
    session.raw(b"[]");
    session.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    session.say(&json!({"jsonrpc": "2.0", "id": 9, "result": {}}));
    session.ask(1, "tools/list", &json!({}));
    let mut answer = session.hear();
    while answer["id"] != 1 {
        assert!(
            answer["id"].is_null() && answer["error"].is_object(),
            "{answer}"
        );
        answer = session.hear();
    }
    assert!(answer["error"].is_object(), "{answer}");
    session.ask(
        2,
        "initialize",
        &json!({"protocolVersion": "1999-01-01", "capabilities": {},
        "clientInfo": {"name": "old", "version": "1"}}),
    );
    let answer = session.hear();
    assert!(
        answer["result"]["protocolVersion"].as_str() >= Some("2024-11-05"),
        "{answer}"
    );

    session.raw(b"");
    session.raw(b"{\"jsonrpc\": \"2.0\", \"id\": 3, ");
    session.raw(&vec![b'x'; 3 << 20]);
    let nested = "[".repeat(100_000);
    session.raw(nested.as_bytes());
    let long = json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call",
        "params": {"name": "get_runbook", "arguments": {"id": "y".repeat(2 << 20)}}});
    session.say(&long);
    session.ask(5, "no/such/method", &json!({}));
    let answer = session.hear();
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!(5), &json!(-32601))
    );
    for (id, params) in [
        (6, json!({})),
        (7, json!({"name": 5})),
        (8, json!({"name": "list_sites", "arguments": []})),
        (9, json!([1, 2])),
        (
            10,
            json!({"name": "list_sites", "arguments": {"x": "\u{0}"}}),
        ),
        (
            11,
            json!({"name": "get_runbook", "arguments": {"id": "z".repeat(500_000)}}),
        ),
    ] {
        session.ask(id, "tools/call", &params);
        let answer = session.hear();
        let said = &answer["result"]["isError"] == true || answer["error"].is_object();
        assert!(said, "{answer}");
        assert!(answer.to_string().len() < 2000);
    }
    session.ask(12, "ping", &json!({}));
    assert_eq!(session.hear()["id"], 12);
    assert!(session.end().success());
}

#[test]
fn many_calls_at_once_are_all_answered() {
    let atlas = Atlas::initialised();
    let server = atlas.serve();
    server.stored(&signal("web"));
    let read = atlas.token("read").secret;
    let arguments = arguments(&atlas, &server.address, &read, &[]);
    let heard = client(&arguments, &json!([["at_once", 200, "list_sites", {}]]));
    let answers = heard.answers[0].as_array().unwrap();
    assert_eq!(answers.len(), 200);
    for answer in answers {
        assert!(text(answer).contains("site-test"));
    }

    // Calls that were under way when stdin ended are answered before the end.
    let mut session = Session::introduced(&arguments);
    for id in 1..=50 {
        session.call(id, "get_context", &json!({"signal_id": 1}));
    }
    drop(session.input.take());
    let mut ids: Vec<u64> = (0..50)
        .map(|_| {
            let answer = session.hear();
            assert_ne!(answer["result"]["isError"], true, "{answer}");
            answer["id"].as_u64().unwrap()
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=50).collect::<Vec<u64>>());
    assert!(session.child.wait().unwrap().success());
}

#[test]
fn the_end_of_stdin_and_sigterm_end_it_at_once_and_well() {
    let atlas = Atlas::new();
    let away = Server::tcp("http", |_| Answer::Hang(PATIENCE));
    let arguments = arguments(&atlas, &away.address, "atl_test", &[]);
    assert!(Session::start(&arguments).end().success());
    assert!(Session::introduced(&arguments).end().success());

    // Even while a call hangs.
    let mut session = Session::introduced(&arguments);
    session.call(1, "list_sites", &json!({}));
    while away.take_asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let begin = Instant::now();
    tool("sh", &["-c", &format!("kill -TERM {}", session.child.id())]);
    let status = session.child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_wrong_command_line_is_2_with_a_hint_and_nothing_on_stdout() {
    let atlas = Atlas::new();
    let file = token_file(&atlas, "atl_test");
    let (file, folder) = (
        file.to_str().unwrap(),
        atlas.folder.path().to_str().unwrap(),
    );
    let url = "http://127.0.0.1:9";
    for (flags, words) in [
        (
            vec!["--url", url, "--token-file", "nowhere"],
            "read the token from nowhere",
        ),
        (vec!["--url", url, "--token-file", folder], "read the token"),
        (
            vec!["--url", "127.0.0.1:9", "--token-file", file],
            "use --url",
        ),
        (
            vec![
                "--url",
                url,
                "--token-file",
                file,
                "--ca-file",
                "nowhere.pem",
            ],
            "nowhere.pem",
        ),
    ] {
        let ran = atlas.run(&[vec!["mcp"], flags].concat()).fails(2, words);
        assert_eq!(ran.out, "");
    }
    std::fs::write(file, "YOUR_TOKEN\n").unwrap();
    atlas
        .run(&["mcp", "--url", url, "--token-file", file])
        .fails(2, "use the token in");
    let ran = atlas.run(&[
        "mcp",
        "--url",
        url,
        "--token-file",
        file,
        "--allow",
        "reboot",
    ]);
    assert!(ran.code == 2 && ran.err.contains("add_note"), "{ran:?}");
}
