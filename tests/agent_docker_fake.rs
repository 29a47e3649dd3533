//! The agent and Docker Engines that are slow, talk garbage, or may not be looked into: nothing
//! is called down or healthy that was not seen.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::slice::from_ref;
use std::time::{Duration, Instant};

use atlas_ops::agent::{self, Preview};
use atlas_ops::domain::signal::{NewSignal, Status};
use serde_json::{Value, json};
use support::agent::{Fake, Hand, Place, cycle, cycle_within, engine};
use support::server::{Answer, Asked, Server};

/// `kind container status` of each signal.
fn told(signals: &[NewSignal]) -> Vec<String> {
    signals
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

fn preview(place: &Place, endpoints: &[String], limit: Duration) -> Preview {
    let config = place.config("http://127.0.0.1:9", endpoints);
    agent::preview(&config, Instant::now() + limit, &atlas_ops::clock::now).unwrap()
}

#[test]
fn only_get_requests_are_made_under_a_version_both_sides_know() {
    let place = Place::new();
    let docker = Server::unix(
        &place.join("d.sock"),
        engine(vec![Fake::new("web", "exited"), Fake::new("db", "running")]),
    );
    let preview = preview(&place, from_ref(&docker.address), Duration::from_secs(10));
    assert_eq!(told(&preview.signals), ["container_down web firing"]);
    let asked = docker.take_asked();
    assert_eq!(asked.len(), 5);
    assert!(asked.iter().all(|asked| asked.method == "GET"));
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths[..2], ["/version", "/v1.44/containers/json?all=true"]);
    assert!(paths[2].starts_with("/v1.44/events?since="), "{}", paths[2]);
}

#[test]
fn a_tcp_endpoint_is_watched_as_well() {
    let place = Place::new();
    for scheme in ["tcp", "http"] {
        let docker = Server::tcp(scheme, engine(vec![Fake::new("web", "exited")]));
        let preview = preview(&place, from_ref(&docker.address), Duration::from_secs(10));
        assert_eq!(told(&preview.signals), ["container_down web firing"]);
        let integration = &preview.report.integrations[0];
        assert_eq!(integration.endpoint, docker.address);
        assert!(integration.name.starts_with("docker on 127.0.0.1:"));
    }
}

#[test]
fn an_engine_that_hangs_does_not_hide_another() {
    let place = Place::new();
    let hung = Server::unix(&place.join("hung.sock"), |_| {
        Answer::Hang(Duration::from_mins(1))
    });
    let well = Server::unix(
        &place.join("well.sock"),
        engine(vec![Fake::new("web", "exited")]),
    );
    let backend = Server::backend();
    let config = place.config(
        &backend.address,
        &[hung.address.clone(), well.address.clone()],
    );
    let begin = Instant::now();
    cycle_within(&config, &Hand::new(), Duration::from_secs(6));
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(
        told(&backend.take_signals()),
        ["docker_unreachable - firing", "container_down web firing"]
    );
}

/// Answers each request.
type Misbehaviour = Box<dyn FnMut(&Asked) -> Answer + Send>;

#[test]
fn garbage_is_unreachable_once_and_resolves_nothing() {
    let html = |code| move |_: &Asked| Answer::With(code, "text/html", Vec::new(), "<html>".into());
    let misbehaviours: Vec<(&str, Misbehaviour)> = vec![
        ("HTML", Box::new(html(200))),
        ("500", Box::new(html(500))),
        (
            "bytes",
            Box::new(|_| Answer::Raw(b"\x00\x01\x02 garbage\r\n".to_vec())),
        ),
        ("silence", Box::new(|_| Answer::Close)),
        (
            "JSON of another kind",
            Box::new(|_| Answer::json(200, &json!([1, 2]))),
        ),
        ("no version", Box::new(|_| Answer::json(200, &json!({})))),
    ];
    std::thread::scope(|scope| {
        for (name, behaviour) in misbehaviours {
            scope.spawn(move || is_unreachable_once(name, behaviour));
        }
    });
}

fn is_unreachable_once(name: &str, behaviour: Misbehaviour) {
    let place = Place::new();
    let docker = Server::unix(
        &place.join("d.sock"),
        engine(vec![Fake::new("web", "exited")]),
    );
    let backend = Server::backend();
    let config = place.config(&backend.address, from_ref(&docker.address));
    let clock = Hand::new();
    cycle(&config, &clock);
    assert_eq!(told(&backend.take_signals()), ["container_down web firing"]);
    docker.behave(behaviour);
    let blind = cycle(&config, &clock);
    assert_eq!(
        blind.open, 2,
        "{name}: the container counts as down all the while"
    );
    let signals = backend.take_signals();
    assert_eq!(told(&signals), ["docker_unreachable - firing"], "{name}");
    assert_eq!(signals[0].detail["endpoint"], docker.address.as_str());
    assert!(signals[0].detail["reason"].is_string(), "{name}");
    assert_eq!(cycle(&config, &clock).changes, 0, "{name}: said once");
    docker.behave(engine(vec![Fake::new("web", "running")]));
    backend.take_asked();
    cycle(&config, &clock);
    let signals = backend.take_signals();
    assert_eq!(
        told(&signals),
        [
            "docker_unreachable - resolved",
            "container_down web resolved"
        ],
        "{name}"
    );
    assert!(
        signals
            .iter()
            .all(|signal| signal.status == Status::Resolved)
    );
}

#[test]
fn a_missing_or_dead_socket_is_unreachable() {
    let place = Place::new();
    let missing = format!("unix://{}", place.join("nothing.sock").display());
    let dead = place.join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let dead = format!("unix://{}", dead.display());
    let preview = preview(&place, &[missing, dead], Duration::from_secs(10));
    let mut reasons: Vec<&str> = preview
        .signals
        .iter()
        .filter_map(|signal| signal.detail["reason"].as_str())
        .collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["refused", "there is no such socket"]);
    assert!(
        preview
            .report
            .integrations
            .iter()
            .all(|integration| integration.status == "unreachable")
    );
}

#[test]
fn one_container_that_cannot_be_inspected_blinds_nobody() {
    let place = Place::new();
    let (bad, slow) = (Fake::new("bad", "exited"), Fake::new("slow", "running"));
    let mut well = engine(vec![
        Fake::new("db", "exited"),
        bad.clone(),
        slow.clone(),
        Fake::new("web", "exited"),
    ]);
    let running = [Fake::new("bad", "running"), Fake::new("slow", "paused")];
    let docker = Server::unix(&place.join("d.sock"), engine(running.to_vec()));
    let backend = Server::backend();
    let config = place.config(&backend.address, from_ref(&docker.address));
    let clock = Hand::new();
    cycle(&config, &clock);
    docker.behave(move |asked| {
        if asked.path.contains(&bad.id) {
            return Answer::json(200, &json!({"Id": bad.id, "State": "gone mad"}));
        }
        if asked.path.contains(&slow.id) {
            return Answer::Close;
        }
        well(asked)
    });
    cycle(&config, &clock);
    assert_eq!(
        told(&backend.take_signals()),
        [
            "container_down db firing",
            "container_down bad firing",
            "container_down web firing"
        ]
    );
    assert_eq!(cycle(&config, &clock).changes, 0);
}

#[test]
fn an_inspection_that_hangs_is_given_up_alone() {
    let place = Place::new();
    let stuck = Fake::new("stuck", "running");
    let mut well = engine(vec![stuck.clone(), Fake::new("web", "exited")]);
    let docker = Server::unix(&place.join("d.sock"), move |asked| {
        if asked.path.contains(&stuck.id) {
            Answer::Hang(Duration::from_mins(1))
        } else {
            well(asked)
        }
    });
    let begin = Instant::now();
    let preview = preview(&place, from_ref(&docker.address), Duration::from_secs(20));
    assert!(
        begin.elapsed() < Duration::from_secs(6),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(told(&preview.signals), ["container_down web firing"]);
    assert_eq!(preview.report.integrations[0].status, "ok");
}

#[test]
fn hostile_ids_never_stand_in_a_path_and_hostile_names_are_tame() {
    let place = Place::new();
    let docker = Server::unix(&place.join("d.sock"), |asked| {
        if asked.path.ends_with("/version") {
            return Answer::json(200, &json!({"Version": "1\u{1b}[2J", "ApiVersion": "1.41"}));
        }
        let row = |id: &str, name: &str| json!({"Id": id, "Names": [name], "Image": "i".repeat(5000), "State": "exited", "Status": "x"});
        let rows = json!([
            row("../../images/json?x=", "/up"),
            row(
                "0123456789ab",
                &format!("/$(rm -rf ~)\n\u{202e}{}", "z".repeat(3000))
            ),
        ]);
        if asked.path.contains("/containers/json") {
            return Answer::json(200, &rows);
        }
        Answer::json(
            200,
            &json!({"RestartCount": -4, "State": {"Status": "exited", "ExitCode": 1},
            "HostConfig": {"RestartPolicy": {"Name": "always"}}}),
        )
    });
    let preview = preview(&place, from_ref(&docker.address), Duration::from_secs(10));
    for asked in docker.take_asked() {
        assert!(!asked.path.contains("images"), "{}", asked.path);
    }
    assert_eq!(
        preview.signals.len(),
        1,
        "the first was never seen running and cannot be inspected"
    );
    let text = serde_json::to_string(&preview).unwrap();
    assert!(!text.contains('\u{202e}') && !text.contains("\\u001b"));
    let signal = serde_json::to_value(&preview.signals[0]).unwrap();
    assert!(NewSignal::from_json(signal.clone()).is_ok(), "{signal}");
    assert!(signal["detail"]["image"].as_str().unwrap().chars().count() <= 256);
}

#[test]
fn a_proxy_that_forbids_is_unknown_and_never_down() {
    let place = Place::new();
    let docker = Server::tcp("tcp", |_| {
        Answer::With(403, "text/html", Vec::new(), "<h1>Forbidden</h1>".into())
    });
    let preview = preview(&place, from_ref(&docker.address), Duration::from_secs(10));
    assert!(preview.signals.is_empty() && preview.report.conditions.is_empty());
    assert_eq!(preview.report.integrations[0].status, "unknown");
}

#[test]
fn a_socket_that_may_not_be_opened_is_unknown_and_said_once() {
    let place = Place::new();
    let socket = place.join("d.sock");
    let docker = Server::unix(&socket, engine(vec![Fake::new("web", "exited")]));
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o600)).unwrap();
    let backend = Server::backend();
    let config = place.write_config(&backend.address, Some(&docker.address));
    // Root may open everything: the binary runs as nobody, from where nobody may read.
    let binary = place.join("atlas-ops");
    std::fs::copy(env!("CARGO_BIN_EXE_atlas-ops"), &binary).unwrap();
    std::fs::set_permissions(&place.0, PermissionsExt::from_mode(0o777)).unwrap();
    let run = || {
        let mut command = Command::new(&binary);
        command
            .args(["agent", "run", "--once", "--config"])
            .arg(&config)
            .env_remove("ATLAS_OPS_LOG")
            .current_dir("/");
        if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap()) == 0 {
            command.uid(65534).gid(65534);
        } else {
            std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o000)).unwrap();
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        said
    };
    let first = run();
    assert!(
        first.contains("permission denied") && first.contains("socket proxy"),
        "{first}"
    );
    let asked = backend.take_asked();
    assert_eq!(asked.len(), 1, "no signal, only the report");
    let report = asked[0].json();
    assert_eq!(report["integrations"][0]["status"], "unknown");
    assert_eq!(report["conditions"], json!([]));
    let second = run();
    assert!(!second.contains("permission denied"), "said once: {second}");
}
