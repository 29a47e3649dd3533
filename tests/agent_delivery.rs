//! The agent and backends that refuse, hang, redirect, answer HTML or crash: nothing is lost,
//! nothing is sent twice under another key, and a person is told what to do.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use atlas_ops::agent::{self, client};
use atlas_ops::http::Error;
use serde_json::{Value, json};
use support::agent::{Fake, Hand, Place, cycle, cycle_within, engine};
use support::server::{Answer, Asked, Server, accept, problem};

/// A host with `count` containers that should run and do not.
struct Host {
    place: Place,
    docker: Server,
    clock: Hand,
}

impl Host {
    fn with_down(count: usize) -> Self {
        let place = Place::new();
        let containers = (0..count)
            .map(|number| Fake::new(&format!("web{number}"), "exited"))
            .collect();
        let docker = Server::unix(&place.join("docker.sock"), engine(containers));
        Self {
            place,
            docker,
            clock: Hand::new(),
        }
    }

    fn config(&self, backend: &str) -> atlas_ops::config::agent::AgentConfig {
        self.place
            .config(backend, std::slice::from_ref(&self.docker.address))
    }
}

#[test]
fn a_condition_is_sent_once_and_reported_while_it_lasts() {
    let host = Host::with_down(2);
    let backend = Server::backend();
    let config = host.config(&backend.address);

    let first = cycle(&config, &host.clock);
    assert_eq!((first.changes, first.open, first.waiting), (2, 2, 0));
    let asked = backend.take_asked();
    assert_eq!(asked.len(), 2, "one batch, one report");
    assert!(asked.iter().all(|asked| {
        asked.method == "POST" && asked.header("authorization") == Some("Bearer atl_test")
    }));
    let signal = &asked[0].json()[0];
    assert_eq!(signal["kind"], "container_down");
    assert_eq!(signal["site_id"], "site-test");
    assert_eq!(signal["detail"]["container"], "web0");
    assert!(signal["agent_id"].as_str().is_some_and(|id| id.len() == 32));
    let report = asked[1].json();
    assert!(asked[1].header("idempotency-key").is_some());
    assert_eq!(report["backlog"], 0);
    assert_eq!(report["conditions"][0]["dedup_key"], signal["dedup_key"]);
    assert_eq!(report["integrations"][0]["status"], "ok");
    assert_eq!(report["integrations"][0]["config"]["containers"], 2);

    let written = std::fs::metadata(host.place.state_path())
        .unwrap()
        .modified()
        .unwrap();
    let second = cycle(&config, &host.clock);
    assert_eq!((second.changes, second.open), (0, 2));
    let asked = backend.take_asked();
    assert_eq!(asked.len(), 1, "only the report");
    assert_eq!(asked[0].json()["conditions"].as_array().unwrap().len(), 2);
    assert_eq!(
        std::fs::metadata(host.place.state_path())
            .unwrap()
            .modified()
            .unwrap(),
        written,
        "nothing changed, nothing is written"
    );
}

/// Makes an answer for each request.
type Misbehaviour = Box<dyn Fn() -> Answer + Send>;

#[test]
fn whatever_the_backend_does_the_signals_wait_under_their_keys() {
    let html = || {
        Answer::With(
            200,
            "text/html",
            Vec::new(),
            "<html>Welcome to nginx!</html>".into(),
        )
    };
    let with = |code, answer: fn(u16) -> Answer| move || answer(code);
    let plain = |code| Answer::With(code, "text/plain", Vec::new(), "no".into());
    let cases: Vec<(&str, Misbehaviour, &str)> = vec![
        (
            "401",
            Box::new(with(401, Answer::problem)),
            "token create --scope ingest",
        ),
        ("403", Box::new(with(403, Answer::problem)), "site_id"),
        ("404", Box::new(with(404, plain)), "base_path"),
        ("408", Box::new(with(408, plain)), "too slow"),
        ("413 for one", Box::new(with(413, plain)), "body limit"),
        (
            "422 for the whole",
            Box::new(with(422, Answer::problem)),
            "version",
        ),
        ("429", Box::new(with(429, Answer::problem)), "busy"),
        ("500", Box::new(with(500, plain)), "log"),
        ("503", Box::new(with(503, Answer::problem)), "busy"),
        ("HTML", Box::new(html), "something else answers"),
        (
            "garbage",
            Box::new(|| Answer::Raw(b"\x15\x03\x01\x00\x02".to_vec())),
            "something else answers",
        ),
        (
            "JSON of another kind",
            Box::new(|| Answer::json(200, &json!({"ok": true}))),
            "something else answers",
        ),
        (
            "too few results",
            Box::new(|| Answer::json(200, &json!([]))),
            "something else answers",
        ),
        ("closes", Box::new(|| Answer::Close), "atlas-ops health"),
    ];
    std::thread::scope(|scope| {
        for (name, answer, hint) in cases {
            scope.spawn(move || waits_under_its_key(name, answer, hint));
        }
    });
}

fn waits_under_its_key(name: &str, answer: Misbehaviour, hint: &str) {
    let host = Host::with_down(1);
    let backend = Server::tcp("http", move |_| answer());
    let config = host.config(&backend.address);
    let failed = cycle(&config, &host.clock);
    let error = failed.delivery.unwrap().trouble().cloned().unwrap();
    let said = client::hint(&error, &config);
    assert!(said.contains(hint), "{name}: {said}");
    assert_eq!(failed.waiting, 1, "{name}");
    let waiting = host.place.waiting();
    backend.behave(accept);
    backend.take_asked();
    let healed = cycle(&config, &host.clock);
    assert_eq!((healed.changes, healed.waiting), (0, 0), "{name}");
    assert_eq!(backend.take_uids(), waiting, "{name}: the same key again");
}

#[test]
fn a_backend_that_is_down_costs_nothing() {
    let host = Host::with_down(3);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let failed = cycle(&host.config(&address), &host.clock);
    assert!(matches!(
        failed.delivery.unwrap().stopped,
        Some(Error::Unreachable(_))
    ));
    let waiting = host.place.waiting();
    assert_eq!(waiting.len(), 3);
    host.clock.turn_minutes(5);
    // The container comes back meanwhile: both stories are told, in order.
    host.docker
        .behave(engine(vec![Fake::new("web0", "running")]));
    cycle(&host.config(&address), &host.clock);
    let backend = Server::backend();
    cycle(&host.config(&backend.address), &host.clock);
    let sent = backend.take_signals();
    assert_eq!(sent.len(), 6);
    let uids: Vec<_> = sent
        .iter()
        .filter_map(|signal| signal.uid.clone())
        .collect();
    assert_eq!(uids[..3], waiting);
    assert!(uids.is_sorted());
    assert_eq!(sent[3].summary, "Docker container runs again: web0");
    assert_eq!(sent[4].summary, "Docker container was removed: web1");
}

#[test]
fn a_crash_between_sending_and_the_answer_sends_the_same_again() {
    let host = Host::with_down(2);
    // The backend stores and dies before it answers.
    let backend = Server::tcp("http", |_| Answer::Close);
    let config = host.config(&backend.address);
    cycle(&config, &host.clock);
    let first = backend.take_uids();
    backend.behave(accept);
    cycle(&config, &host.clock);
    assert_eq!(first.len(), 2);
    assert_eq!(backend.take_uids(), first);
}

#[test]
fn no_redirect_is_followed() {
    let elsewhere = Server::backend();
    let to = format!("{}/login", elsewhere.address);
    let host = Host::with_down(1);
    for code in [301, 302, 303, 307, 308] {
        let location = to.clone();
        let backend = Server::tcp("http", move |_| {
            Answer::With(
                code,
                "text/html",
                vec![("location", location.clone())],
                String::new(),
            )
        });
        let config = host.config(&backend.address);
        let stopped = cycle(&config, &host.clock)
            .delivery
            .unwrap()
            .stopped
            .unwrap();
        assert_eq!(stopped, Error::Redirects { to: to.clone() }, "{code}");
        assert!(client::hint(&stopped, &config).contains("backend_url"));
    }
    assert!(elsewhere.take_asked().is_empty(), "the token stayed here");
    assert_eq!(host.place.waiting().len(), 1);
}

#[test]
fn a_backend_that_hangs_is_left_in_time() {
    let host = Host::with_down(1);
    let backend = Server::tcp("http", |_| Answer::Hang(Duration::from_mins(1)));
    let begin = Instant::now();
    let limit = Duration::from_secs(3);
    let failed = cycle_within(&host.config(&backend.address), &host.clock, limit);
    assert_eq!(failed.delivery.unwrap().stopped, Some(Error::TimedOut));
    assert!(begin.elapsed() < limit + Duration::from_secs(1));
    assert_eq!(host.place.waiting().len(), 1);
}

#[test]
fn a_body_that_is_too_long_is_sent_in_parts() {
    let host = Host::with_down(7);
    let backend = Server::tcp("http", |asked: &Asked| {
        let too_many = asked.is_batch() && asked.json().as_array().unwrap().len() > 2;
        if too_many {
            Answer::With(413, "text/html", Vec::new(), "<h1>413</h1>".into())
        } else {
            accept(asked)
        }
    });
    let done = cycle(&host.config(&backend.address), &host.clock);
    assert_eq!((done.waiting, done.delivery.unwrap().sent), (0, 7));
}

#[test]
fn what_is_refused_for_good_is_kept_aside_and_the_rest_goes_on() {
    let host = Host::with_down(3);
    let backend = Server::tcp("http", |asked: &Asked| {
        let Answer::With(code, media_type, headers, body) = accept(asked) else {
            return Answer::Close;
        };
        if !asked.is_batch() {
            return Answer::With(code, media_type, headers, body);
        }
        let mut results: Value = serde_json::from_str(&body).unwrap();
        results[1]["status"] = 422.into();
        results[1]["problem"] = problem(422);
        Answer::json(200, &results)
    });
    let config = host.config(&backend.address);
    let done = cycle(&config, &host.clock);
    let delivery = done.delivery.unwrap();
    assert_eq!((delivery.sent, delivery.rejected, done.waiting), (2, 1, 0));
    assert_eq!(delivery.stopped, None);
    let kept =
        std::fs::read_to_string(host.place.join("agent_state.json.rejected.ndjson")).unwrap();
    let line: Value = serde_json::from_str(kept.trim()).unwrap();
    assert_eq!(line["signal"]["detail"]["container"], "web1");
    assert_eq!(line["problem"]["detail"], "by the test");
    backend.take_asked();
    assert_eq!(
        cycle(&config, &host.clock).changes,
        0,
        "and it is not sent again"
    );
    assert!(backend.take_uids().is_empty());
}

#[test]
fn an_item_that_cannot_be_taken_now_waits_alone() {
    let host = Host::with_down(3);
    let backend = Server::tcp("http", |asked: &Asked| {
        if !asked.is_batch() {
            return accept(asked);
        }
        Answer::json(
            200,
            &json!([{"status": 201}, {"status": 503}, {"status": 201}]),
        )
    });
    let config = host.config(&backend.address);
    let done = cycle(&config, &host.clock);
    assert_eq!(done.waiting, 1);
    assert!(matches!(
        done.delivery.unwrap().held,
        Some(Error::Status { code: 503, .. })
    ));
    let report = backend.take_asked().pop().unwrap();
    assert_eq!(report.json()["backlog"], 1, "the report tells of it");
}

#[test]
fn a_report_that_is_not_taken_counts_as_not_delivered_and_retry_after_is_heard() {
    let host = Host::with_down(1);
    let backend = Server::tcp("http", |asked: &Asked| {
        if asked.is_batch() {
            return accept(asked);
        }
        let headers = vec![("retry-after", "90".to_owned())];
        Answer::With(
            503,
            "application/problem+json",
            headers,
            problem(503).to_string(),
        )
    });
    let done = cycle(&host.config(&backend.address), &host.clock);
    let delivery = done.delivery.unwrap();
    assert_eq!((done.waiting, delivery.sent), (0, 1));
    assert_eq!(delivery.retry_after(), Some(Duration::from_secs(90)));
}

#[test]
fn a_dry_run_needs_no_backend_and_leaves_no_trace() {
    let host = Host::with_down(1);
    let config = host.config("http://127.0.0.1:9");
    let deadline = Instant::now() + Duration::from_secs(10);
    let preview = agent::preview(&config, deadline, &atlas_ops::clock::now).unwrap();
    assert_eq!(preview.signals.len(), 1);
    assert_eq!(preview.report.conditions.len(), 1);
    assert_eq!(host.place.names(), ["docker.sock"]);
}

#[test]
fn a_state_that_cannot_be_written_stops_before_anything_is_sent() {
    let host = Host::with_down(1);
    let backend = Server::backend();
    let mut config = host.config(&backend.address);
    std::fs::write(host.place.join("file"), "").unwrap();
    config.state_path = host.place.join("file").join("state.json");
    let deadline = Instant::now() + Duration::from_secs(10);
    let error = agent::run_once(&config, deadline, &atlas_ops::clock::now).unwrap_err();
    assert!(matches!(error, agent::Error::State(_)), "{error}");
    assert!(backend.take_asked().is_empty());

    let config = host.config(&backend.address);
    std::fs::create_dir(host.place.join("agent_state.json.tmp")).unwrap();
    let error = agent::run_once(&config, deadline, &atlas_ops::clock::now).unwrap_err();
    assert!(matches!(error, agent::Error::State(_)), "{error}");
    assert!(backend.take_asked().is_empty());
}
