//! What a look at Docker costs and what it can do without: only what may have changed is inspected,
//! events may be forbidden, endless or garbage, a list may be half.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::slice::from_ref;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::agent::{Fake, Hand, Place, cycle, engine, events};
use support::server::{Answer, Server};

#[test]
fn only_what_may_have_changed_is_inspected_again() {
    let place = Place::new();
    let fakes: Vec<Fake> = (0..600)
        .map(|number| Fake::new(&format!("c{number:03}"), "running"))
        .collect();
    let backend = Server::backend();
    let docker = Server::unix(&place.join("d.sock"), engine(fakes.clone()));
    let config = place.config(&backend.address, from_ref(&docker.address));
    let clock = Hand::new();
    cycle(&config, &clock);
    assert_eq!(docker.take_asked().len(), 603, "each once");
    let report = backend.take_asked().pop().unwrap().json();
    let counts = &report["integrations"][0]["config"];
    assert_eq!(
        (&counts["containers"], &counts["running"]),
        (&json!(600), &json!(600))
    );
    let state = std::fs::read(place.state_path()).unwrap();
    clock.turn_minutes(5);
    cycle(&config, &clock);
    assert_eq!(docker.take_asked().len(), 3, "nothing happened");
    assert_eq!(
        std::fs::read(place.state_path()).unwrap(),
        state,
        "and nothing is written"
    );
    // One ended, of another something was heard, and a third began anew without being heard.
    let mut changed = fakes;
    (changed[7].state, changed[7].exit_code) = ("exited", 1);
    changed[9].status = Some("Up 3 seconds");
    let told = die(&changed[8], 1);
    let mut answers = engine(changed);
    docker.behave(move |asked| {
        if asked.path.contains("/events?") {
            return events(from_ref(&told));
        }
        answers(asked)
    });
    cycle(&config, &clock);
    assert_eq!(docker.take_asked().len(), 6);
    let mut told = told_by(&backend);
    told.sort();
    assert_eq!(
        told,
        [
            "container_down c007 firing",
            "container_down c008 firing",
            "container_down c008 resolved"
        ]
    );
}

/// `kind container status` of each signal, in their order.
fn told_by(backend: &Server) -> Vec<String> {
    backend
        .take_signals()
        .iter()
        .map(|signal| {
            let container = signal.detail.get("container").and_then(Value::as_str);
            format!(
                "{} {} {}",
                signal.kind,
                container.unwrap_or("-"),
                signal.status.as_str()
            )
        })
        .collect()
}

/// The event of an end that nobody asked for, a moment ago.
fn die(fake: &Fake, code: i64) -> Value {
    let nanos = (atlas_ops::clock::now().as_millis() - 100) * 1_000_000;
    json!({"status": "die", "id": fake.id, "Type": "container", "Action": "die",
        "Actor": {"ID": fake.id, "Attributes": {"exitCode": code.to_string(), "name": fake.name}},
        "time": nanos / 1_000_000_000, "timeNano": nanos})
}

#[test]
fn events_that_are_forbidden_hang_or_are_garbage_cost_only_what_they_tell() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_owned();
    let answers = [
        Answer::With(403, "text/html", Vec::new(), "Forbidden".into()),
        Answer::Hang(Duration::from_mins(1)),
        Answer::Endless(
            head.clone(),
            b"{\"status\": \"exec_start\"}\n".to_vec(),
            Duration::from_millis(20),
        ),
        Answer::Endless(head, vec![b'x'; 4096], Duration::from_millis(1)),
        Answer::Close,
        Answer::With(200, "text/html", Vec::new(), "<html>".into()),
    ];
    std::thread::scope(|scope| {
        for answer in answers {
            scope.spawn(move || sees_all_but_events(&answer));
        }
    });
}

fn sees_all_but_events(answer: &Answer) {
    let place = Place::new();
    let mut well = engine(vec![Fake::new("web", "exited"), Fake::new("db", "running")]);
    let events = answer.clone();
    let docker = Server::unix(&place.join("d.sock"), move |asked| {
        if asked.path.contains("/events?") {
            return events.clone();
        }
        well(asked)
    });
    let backend = Server::backend();
    let config = place.config(&backend.address, from_ref(&docker.address));
    let begin = Instant::now();
    cycle(&config, &Hand::new());
    assert!(
        begin.elapsed() < Duration::from_secs(9),
        "{answer:?}: {:?}",
        begin.elapsed()
    );
    assert_eq!(
        told_by(&backend),
        ["container_down web firing"],
        "{answer:?}"
    );
    let state: Value = serde_json::from_slice(&std::fs::read(place.state_path()).unwrap()).unwrap();
    let troubles = state["told"].to_string();
    assert!(
        troubles.contains("events unix:"),
        "it is said once: {answer:?}: {troubles}"
    );
}

#[test]
fn half_a_list_resolves_nothing_and_a_broken_row_blinds_nobody() {
    let place = Place::new();
    let web = Fake::new("web", "exited");
    let docker = Server::unix(&place.join("d.sock"), engine(vec![web.clone()]));
    let backend = Server::backend();
    let config = place.config(&backend.address, from_ref(&docker.address));
    let clock = Hand::new();
    cycle(&config, &clock);
    assert_eq!(told_by(&backend), ["container_down web firing"]);
    let mut well = engine(vec![Fake::new("db", "exited")]);
    docker.behave(move |asked| {
        let answer = well(asked);
        match answer {
            Answer::With(code, kind, headers, body) if asked.path.contains("/json?all") => {
                let body = body.replacen('[', "[{\"Id\": 7},", 1);
                Answer::With(code, kind, headers, body)
            }
            answer => answer,
        }
    });
    cycle(&config, &clock);
    assert_eq!(told_by(&backend), ["container_down db firing"]);
    docker.behave(|asked| {
        if asked.path.contains("/json?all") {
            return Answer::With(200, "application/json", Vec::new(), "[{\"Id\"".into());
        }
        engine(Vec::new())(asked)
    });
    cycle(&config, &clock);
    assert_eq!(
        told_by(&backend),
        ["docker_unreachable - firing"],
        "a list that is cut off is no list"
    );
}

#[test]
fn the_times_of_an_engine_whose_clock_is_wrong_are_told_by_ours() {
    let place = Place::new();
    let ahead_ms = 3_600_000;
    let engine_now = move || atlas_ops::clock::now().plus_millis(ahead_ms);
    let web = Fake::new("web", "running");
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let events_told = std::sync::Arc::clone(&told);
    let mut well = engine(vec![web.clone()]);
    let docker = Server::tcp("tcp", move |asked| {
        if asked.path.contains("/events?") {
            return events(&events_told.lock().unwrap());
        }
        let answer = well(asked);
        match answer {
            Answer::With(code, kind, mut headers, body) => {
                headers.push(("date", http_date(engine_now().as_millis())));
                Answer::With(code, kind, headers, body)
            }
            answer => answer,
        }
    });
    let backend = Server::backend();
    let config = place.config(&backend.address, from_ref(&docker.address));
    cycle(&config, &Hand::new());
    assert!(told_by(&backend).is_empty());
    let asked = docker.take_asked();
    let path = &asked.iter().find(|asked| asked.path.contains("/events?"));
    let until = path.unwrap().path.split("until=").nth(1).unwrap();
    let until: i64 = until.split('.').next().unwrap().parse().unwrap();
    let off = until - engine_now().as_millis() / 1000;
    assert!(
        (-3..=3).contains(&off),
        "asked by the engine's clock: {off}"
    );

    // It died and came back ten seconds ago.
    let before = atlas_ops::clock::now().plus_millis(-10_000);
    let nanos = |later: i64| (before.as_millis() + ahead_ms + later) * 1_000_000;
    let event = |action: &str, later| {
        json!({"Action": action, "timeNano": nanos(later),
        "Actor": {"ID": web.id, "Attributes": {"exitCode": "3"}}})
    };
    *told.lock().unwrap() = vec![event("die", 0), event("start", 500)];
    cycle(&config, &Hand::new());
    let signals = backend.take_signals();
    assert_eq!(signals.len(), 2, "{signals:#?}");
    let off = signals[0].observed_at.unwrap().millis_since(before);
    assert!((-2_000..=2_000).contains(&off), "{off} ms off");
    assert!(signals[0].observed_at < signals[1].observed_at);
}

/// As a server's `Date` tells it.
fn http_date(millis: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(millis).unwrap();
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[test]
fn an_endpoint_is_given_its_own_time_and_no_more() {
    let place = Place::new();
    let docker = Server::tcp("tcp", |_| Answer::Hang(Duration::from_mins(1)));
    let backend = Server::backend();
    let mut config = place.config(&backend.address, from_ref(&docker.address));
    config.docker_hosts[0].timeout_seconds = 1;
    let begin = Instant::now();
    cycle(&config, &Hand::new());
    let took = begin.elapsed();
    assert!(
        (Duration::from_millis(900)..Duration::from_secs(5)).contains(&took),
        "{took:?}"
    );
    assert_eq!(told_by(&backend), ["docker_unreachable - firing"]);
}
