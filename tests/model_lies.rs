//! A model's endpoint that hangs, lies, streams for ever or sends its clients elsewhere: a clear word
//! for the person, nothing kept, and nobody else waits.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::model::{KEY, World, says};
use support::server::{Answer, Server};

#[test]
fn whatever_an_endpoint_does_instead_of_answering_is_said_and_not_kept() {
    let html = |code| Answer::With(code, "text/html", Vec::new(), "<h1>hi</h1>".to_owned());
    let huge = json!({"choices": [{"message": {"content": "x".repeat(400_000)}}]});
    let lies: Vec<(&str, Answer, &str)> = vec![
        ("closes", Answer::Close, "cannot be reached"),
        (
            "no HTTP",
            Answer::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            "chat endpoint",
        ),
        ("HTML", html(200), "text/html"),
        ("HTML with an error", html(500), "answered 500"),
        ("busy", Answer::problem(429), "ask again later"),
        (
            "wrong key",
            Answer::json(401, &json!({"error": {"message": "no"}})),
            "api_key_file",
        ),
        ("no model", Answer::json(404, &json!({})), "does not know"),
        (
            "wrong JSON",
            Answer::With(
                200,
                "application/json",
                Vec::new(),
                "{\"choices\": [".to_owned(),
            ),
            "unexpected JSON",
        ),
        ("a list", Answer::json(200, &json!([1])), "chat endpoint"),
        (
            "no choices",
            Answer::json(200, &json!({"id": "x"})),
            "no message",
        ),
        (
            "null",
            Answer::json(200, &json!({"choices": [{"message": {"content": null}}]})),
            "no message",
        ),
        (
            "another type",
            Answer::json(
                200,
                &json!({"choices": {"0": {"message": {"content": ["x"]}}}}),
            ),
            "no message",
        ),
        ("without a word", says(" \n ", &json!(5)), "without a word"),
        (
            "200 with an error",
            Answer::json(
                200,
                &json!({"error": {"message": "quota\u{1b}[31m\nexceeded"}}),
            ),
            "quota",
        ),
        ("huge", Answer::json(200, &huge), "too long"),
    ];
    let world = World::new("  time_limit_seconds: 5", Answer::Close);
    for (name, answer, words) in lies {
        world.model.behave(move |_| answer.clone());
        let problem = world.ask().problem(502);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{name}: {detail}");
        assert!(
            !detail.contains(['\n', '\u{1b}']) && !detail.contains(KEY),
            "{detail}"
        );
        world.nothing_is_kept(name);
    }
    // It was asked each time: nothing of a failure is remembered.
    assert_eq!(world.model.take_asked().len(), 15);
    world.model.behave(|_| says("fine", &json!(900)));
    world.ask().is(200);
}

#[test]
fn an_endpoint_that_hangs_or_never_ends_costs_the_time_limit_and_nobody_else() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_owned();
    let long =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n";
    let pause = Duration::from_millis(100);
    let world = World::new("  time_limit_seconds: 1", Answer::Close);
    for (name, answer) in [
        ("hangs", Answer::Hang(Duration::from_secs(30))),
        (
            "trickles",
            Answer::Endless(long.to_owned(), b" ".to_vec(), pause),
        ),
        (
            "streams slowly",
            Answer::Endless(head.clone(), b"data: {}\n\n".to_vec(), pause),
        ),
    ] {
        world.model.behave(move |_| answer.clone());
        let began = Instant::now();
        let answered = std::thread::scope(|scope| {
            let asking = scope.spawn(|| world.ask());
            // The server goes on for everybody else, and asks one thing at a time.
            while world.model.take_asked().is_empty() {
                std::thread::sleep(Duration::from_millis(5));
            }
            world.ask().problem(503);
            world.server.get("/api/health").send().is(200);
            asking.join().unwrap()
        });
        let problem = answered.problem(504);
        assert!(
            problem["detail"].as_str().unwrap().contains("within 1 s"),
            "{problem}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{name}: {:?}",
            began.elapsed()
        );
        world.nothing_is_kept(name);
    }
    // As fast as it can, and for ever: cut at the bound.
    let flood = Answer::Endless(head, vec![b'x'; 65_536], Duration::ZERO);
    world.model.behave(move |_| flood.clone());
    world.ask().problem(502);
    world.nothing_is_kept("streams for ever");
}

#[test]
fn a_redirect_takes_neither_question_nor_key_along() {
    let other = Server::tcp("http", |_| says("caught", &json!(1)));
    let to = other.address.clone();
    let away = Answer::With(307, "text/plain", vec![("location", to)], String::new());
    let world = World::new("", away);
    let problem = world.ask().problem(502);
    assert!(
        problem["detail"].as_str().unwrap().contains("redirects"),
        "{problem}"
    );
    assert!(other.take_asked().is_empty());
    world.nothing_is_kept("redirected");
}
