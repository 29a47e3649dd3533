//! What is refused alone holds up nothing but its own subject, nothing of a subject goes past what
//! waits of it, and the heartbeat does not wait for a long backlog.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use atlas_ops::http::Error;
use serde_json::{Value, json};
use support::agent::{Fake, Hand, Place, cycle, engine};
use support::server::{Answer, Asked, Server, accept};

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

/// A way that lets only one signal through at a time.
fn one_at_a_time(asked: &Asked) -> Answer {
    if asked.is_batch() && asked.json().as_array().unwrap().len() > 1 {
        return Answer::With(413, "text/html", Vec::new(), "<h1>413</h1>".into());
    }
    accept(asked)
}

#[test]
fn the_heartbeat_does_not_wait_for_a_long_backlog() {
    let host = Host::with_down(30);
    let backend = Server::tcp("http", one_at_a_time);
    let done = cycle(&host.config(&backend.address), &host.clock);
    assert_eq!((done.waiting, done.delivery.unwrap().sent), (0, 30));
    let asked = backend.take_asked();
    let report = asked.iter().position(|asked| !asked.is_batch()).unwrap();
    assert!(report < asked.len() / 2, "{report} of {}", asked.len());
    assert!(asked[report].json()["backlog"].as_u64().unwrap() > 15);
}

#[test]
fn one_signal_that_is_too_long_for_the_way_holds_up_no_other() {
    let host = Host::with_down(9);
    let backend = Server::tcp("http", |asked: &Asked| {
        if asked.is_batch() && asked.body.windows(6).any(|word| word == b"\"web3\"") {
            return Answer::With(413, "text/html", Vec::new(), "<h1>413</h1>".into());
        }
        accept(asked)
    });
    let config = host.config(&backend.address);
    for _ in 0..2 {
        let done = cycle(&config, &host.clock);
        let delivery = done.delivery.unwrap();
        assert_eq!((done.waiting, delivery.stopped), (1, None));
        assert!(matches!(
            delivery.held,
            Some(Error::Status { code: 413, .. })
        ));
    }
    // What is new goes past it.
    let mut containers: Vec<Fake> = (0..9)
        .map(|number| Fake::new(&format!("web{number}"), "exited"))
        .collect();
    containers.push(Fake::new("late", "exited"));
    host.docker.behave(engine(containers));
    let done = cycle(&config, &host.clock);
    assert_eq!((done.waiting, done.delivery.unwrap().sent), (1, 1));
}

#[test]
fn nothing_of_a_subject_goes_past_what_waits_of_it() {
    let host = Host::with_down(2);
    let backend = Server::tcp("http", |asked: &Asked| match one_at_a_time(asked) {
        Answer::With(200, ..) if asked.is_batch() => {
            let held = asked.json()[0]["detail"]["container"] == "web0"
                && asked.json()[0]["status"] == "firing";
            Answer::json(200, &json!([{"status": if held { 503 } else { 201 }}]))
        }
        answer => answer,
    });
    let config = host.config(&backend.address);
    assert_eq!(cycle(&config, &host.clock).waiting, 1);
    host.docker.behave(engine(vec![
        Fake::new("web0", "running"),
        Fake::new("web1", "running"),
    ]));
    host.clock.turn_minutes(5);
    backend.take_asked();
    let done = cycle(&config, &host.clock);
    assert_eq!((done.waiting, done.delivery.unwrap().sent), (2, 1));
    let alone: Vec<Value> = backend
        .take_asked()
        .iter()
        .filter(|asked| asked.is_batch() && asked.json().as_array().unwrap().len() == 1)
        .map(|asked| asked.json()[0]["summary"].clone())
        .collect();
    assert_eq!(alone.len(), 2, "{alone:?}");
    assert_eq!(alone[1], "Docker container runs again: web1");
    backend.behave(accept);
    cycle(&config, &host.clock);
    let sent = backend.take_signals();
    assert_eq!(sent[sent.len() - 2].status.as_str(), "firing");
    assert_eq!(sent[sent.len() - 1].status.as_str(), "resolved");
}
