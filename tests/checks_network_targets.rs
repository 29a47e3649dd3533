//! Targets that the configuration names: ports, pages and resolvers really fail, each in its ways,
//! are told apart, and are well again.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::agent::Place;
use support::network::{Agent, Answering, Resolver, response, said, told, until, write_config};
use support::server::{Answer, Asked, Server};

/// Answers each request.
type Behaviour = Box<dyn FnMut(&Asked) -> Answer + Send>;

#[test]
fn a_port_that_refuses_is_told_with_its_reason_and_is_well_again() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let agent = Agent::new(
        &place,
        &format!("tcp: [{{address: '{address}', name: files}}]"),
    );
    assert!(agent.look().is_empty());
    drop(listener);
    let signal = agent.fails();
    assert_eq!(
        told(std::slice::from_ref(&signal)),
        ["tcp_check_failed warning"]
    );
    assert_eq!(
        (said(&signal, "target"), said(&signal, "failure")),
        ("127.0.0.1", "refused")
    );
    assert_eq!(signal.detail["port"], address.port());
    assert!(signal.detail["host"].is_string(), "who looked");
    let _back = TcpListener::bind(address).unwrap();
    agent.is_well_again("tcp_check_failed");
}

#[test]
fn a_name_without_an_address_fails_the_port_and_leaves_the_ping_unknown() {
    let place = Place::new();
    let checks = "tcp: [{address: 'nobody.invalid:1', after: 1}]\nping: [{target: nobody.invalid, after: 1}]";
    let agent = Agent::new(&place, checks);
    let signals = agent.look();
    assert_eq!(told(&signals), ["tcp_check_failed warning"]);
    assert_eq!(said(&signals[0], "failure"), "name");
    let unknown = agent.unknown();
    assert!(
        unknown
            .iter()
            .any(|one| one.starts_with("ping_target_unreachable its name has no address")),
        "{unknown:?}"
    );
}

#[test]
fn a_page_fails_by_status_text_redirect_silence_and_garbage() {
    let place = Place::new();
    let page = |code, body: &str| Answer::With(code, "text/html", Vec::new(), body.to_owned());
    let server = Server::tcp("http", move |_| page(200, "<p>all is well</p>"));
    let url = format!("{}/health", server.address);
    let checks = format!(
        "http: [{{url: '{url}', name: page, body: all is well, not_body: maintenance, timeout_seconds: 1, after: 1}}]"
    );
    let agent = Agent::new(&place, &checks);
    assert!(agent.look().is_empty());
    let redirect = |_: &_| {
        Answer::With(
            302,
            "text/html",
            vec![("location", "/login".to_owned())],
            String::new(),
        )
    };
    let long = format!("{}all is well", " ".repeat(300_000));
    let behaviours: Vec<(&str, Behaviour)> = vec![
        ("status", Box::new(move |_| page(503, "all is well"))),
        ("status", Box::new(redirect)),
        ("body", Box::new(move |_| page(200, "something else"))),
        (
            "body",
            Box::new(move |_| page(200, "all is well after maintenance")),
        ),
        ("body", Box::new(move |_| page(200, &long))),
        (
            "timeout",
            Box::new(|_| Answer::Hang(Duration::from_mins(1))),
        ),
        (
            "protocol",
            Box::new(|_| Answer::Raw(b"\0\0 nonsense \r\n\r\n".to_vec())),
        ),
        ("connection", Box::new(|_| Answer::Close)),
    ];
    for (failure, behaviour) in behaviours {
        server.behave(behaviour);
        let signals = agent.look();
        assert_eq!(told(&signals), ["http_check_failed warning"], "{failure}");
        assert_eq!(said(&signals[0], "failure"), failure, "{signals:?}");
        assert_eq!(said(&signals[0], "url"), url);
        assert_eq!(said(&signals[0], "expected"), "200-299");
        server.behave(move |_| page(200, "all is well"));
        agent.is_well_again("http_check_failed");
    }
    for asked in server.take_asked() {
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str()),
            ("GET", "/health")
        );
        assert!(
            asked.header("authorization").is_none(),
            "no token goes there"
        );
    }
}

#[test]
fn redirects_are_followed_within_the_host_where_that_is_wanted() {
    let place = Place::new();
    let other = Server::tcp("http", |_| Answer::json(200, &json!({})));
    // Another name for loopback: another host.
    let elsewhere = other.address.replace("127.0.0.1", "localhost");
    let server = Server::tcp("http", move |asked| {
        let to = match asked.path.as_str() {
            "/inside" => "there".to_owned(),
            "/outside" => elsewhere.clone(),
            "/round" => "/round".to_owned(),
            _ => return Answer::json(200, &json!({})),
        };
        Answer::With(302, "text/html", vec![("location", to)], String::new())
    });
    let at = |path: &str| {
        format!(
            "{{url: '{}{path}', name: {path}, follow: true, after: 1}}",
            server.address
        )
    };
    let checks = format!(
        "http: [{}, {}, {}]",
        at("/inside"),
        at("/outside"),
        at("/round")
    );
    let agent = Agent::new(&place, &checks);
    let mut failures: Vec<(String, String)> = agent
        .look()
        .iter()
        .map(|signal| {
            (
                said(signal, "name").to_owned(),
                said(signal, "failure").to_owned(),
            )
        })
        .collect();
    failures.sort();
    let expected = [("/outside", "status"), ("/round", "redirect")];
    assert_eq!(
        failures,
        expected.map(|(name, failure)| (name.to_owned(), failure.to_owned()))
    );
    assert!(
        other.take_asked().is_empty(),
        "nothing goes to another host"
    );
}

#[test]
fn resolvers_fail_by_code_silence_garbage_and_answers_to_other_questions() {
    let place = Place::new();
    let resolver = Resolver::new(0);
    let agent = Agent::new(
        &place,
        &format!(
            "dns: {{servers: ['{}'], name: example.org}}",
            resolver.address
        ),
    );
    assert!(agent.look().is_empty());
    let other_id = |question: &[u8]| {
        let mut answer = response(question, 0);
        answer[0] ^= 0xff;
        vec![answer]
    };
    let behaviours: Vec<(&str, Answering)> = vec![
        ("SERVFAIL", Box::new(|question| vec![response(question, 2)])),
        ("REFUSED", Box::new(|question| vec![response(question, 5)])),
        ("no answer in time", Box::new(|_| Vec::new())),
        ("something else", Box::new(other_id)),
        (
            "something else",
            Box::new(|_| vec![b"garbage".to_vec(), Vec::new()]),
        ),
    ];
    for (reason, behaviour) in behaviours {
        resolver.behave(behaviour);
        let signal = agent.fails();
        assert_eq!(told(std::slice::from_ref(&signal)), ["dns_failing warning"]);
        assert!(
            signal.summary.contains(reason),
            "{reason}: {}",
            signal.summary
        );
        assert_eq!(said(&signal, "name"), "example.org");
        assert_eq!(said(&signal, "resolver"), resolver.address.to_string());
        // A name that does not exist is an answer.
        resolver.behave(|question| vec![response(question, 3)]);
        agent.is_well_again("dns_failing");
    }
}

#[test]
fn one_resolver_that_answers_is_enough_unless_each_is_wanted() {
    let place = Place::new();
    let (well, failing) = (Resolver::new(0), Resolver::new(2));
    let servers = format!("servers: ['{}', '{}']", failing.address, well.address);
    let agent = Agent::new(&place, &format!("dns: {{{servers}, after: 1}}"));
    assert!(agent.look().is_empty());
    let strict = Place::new();
    let agent = Agent::new(
        &strict,
        &format!("dns: {{{servers}, after: 1, each: true}}"),
    );
    let signals = agent.look();
    assert_eq!(told(&signals), ["dns_failing warning"]);
    assert_eq!(said(&signals[0], "resolver"), failing.address.to_string());
}

#[test]
fn who_may_not_ping_knows_nothing_and_says_what_would_help() {
    let place = Place::new();
    let config = write_config(
        &place,
        "http://127.0.0.1:9",
        "ping: [{target: 127.0.0.1, after: 1}]",
    );
    let binary = place.join("atlas-ops");
    std::fs::copy(env!("CARGO_BIN_EXE_atlas-ops"), &binary).unwrap();
    for path in [&place.0, &config] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
    }
    let preview = |user: u32| -> Value {
        let mut command = Command::new(&binary);
        command
            .args(["agent", "run", "--once", "--dry-run", "--config"])
            .arg(&config);
        let output = command
            .uid(user)
            .gid(user)
            .current_dir("/")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let closed = std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap();
    let nobody = preview(65534);
    assert_eq!(nobody["signals"], json!([]));
    let not_pinged = |preview: &Value| {
        let unknown = preview["report"]["unknown"].as_array();
        unknown
            .into_iter()
            .flatten()
            .find(|one| one["kind"] == "ping_target_unreachable")
            .cloned()
    };
    if closed.split_whitespace().collect::<Vec<_>>() == ["1", "0"] {
        let unknown = not_pinged(&nobody).unwrap();
        assert!(
            unknown["reason"]
                .as_str()
                .unwrap()
                .contains("ping_group_range"),
            "{unknown}"
        );
    }
    assert_eq!(not_pinged(&preview(0)), None, "root may");
}

#[test]
fn targets_that_hang_delay_neither_the_heartbeat_nor_the_others() {
    let place = Place::new();
    let hung = Server::tcp("http", |_| Answer::Hang(Duration::from_mins(5)));
    let well = Server::tcp("http", |_| Answer::json(500, &json!({})));
    let backend = Server::backend();
    // More than there are threads for them.
    let hanging =
        (0..20).map(|number| format!("{{url: '{}/{number}', timeout_seconds: 60}}", hung.address));
    let all: Vec<String> = std::iter::once(format!("{{url: '{}/', name: other}}", well.address))
        .chain(hanging)
        .collect();
    let config = write_config(
        &place,
        &backend.address,
        &format!("http: [{}]", all.join(", ")),
    );
    let begin = Instant::now();
    let mut agent = Command::new(env!("CARGO_BIN_EXE_atlas-ops"))
        .args(["agent", "run", "--config"])
        .arg(&config)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut asked = Vec::new();
    let mut reports = 0;
    until(
        "four heartbeats and the complaint about the other page",
        || {
            asked.extend(backend.take_asked());
            reports = asked
                .iter()
                .filter(|asked| asked.path.ends_with("/report"))
                .count();
            let complaint = asked.iter().any(|asked| {
                asked.is_batch()
                    && String::from_utf8_lossy(&asked.body).contains("\"name\":\"other\"")
            });
            (reports, complaint)
        },
        |(reports, complaint)| *reports >= 4 && *complaint,
    );
    let took = begin.elapsed();
    let _ = agent.kill();
    let _ = agent.wait();
    assert!(
        took < Duration::from_secs(40),
        "4 heartbeats, 5 s apart, took {took:?}"
    );
    let report = asked
        .iter()
        .rfind(|asked| asked.path.ends_with("/report"))
        .unwrap()
        .json();
    assert!(
        report["facts"]["hostname"].is_string(),
        "the host itself was looked at"
    );
    let judged: Vec<&str> = report["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["dedup_key"].as_str()?.split_once(":http_check_failed:"))
        .map(|(_, subject)| subject)
        .collect();
    assert_eq!(judged, ["http:other"], "what hangs is not yet judged");
}
