//! `/api/agents`: a report is a heartbeat, an agent and its integrations in one call; what agents
//! of 0.4 post counts the same.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::running::Running;

fn report() -> Value {
    json!({
        "agent_id": "0123abcd", "site_id": "site-homelab", "version": "0.5.0",
        "interval_seconds": 300, "observed_at": "2026-11-23T04:45:12Z",
        "facts": {"hostname": "nas-01", "platform": "Linux-6.1", "uptime_seconds": 7,
            "load": [0.1, 0.2, 0.3], "memory": {"total_bytes": 8, "available_bytes": 4},
            "disks": [{"mount": "/", "file_system": "ext4", "total_bytes": 9, "available_bytes": 3}]},
        "gateways": [{"gateway": "192.168.10.1", "dev": "eth0", "latency_ms": 1.5, "probe": "icmp"}],
        "gateway_latency_ms": 1.5,
        "conditions": [{"dedup_key": "docker/x", "kind": "container_down", "severity": "warning",
            "since": "2026-11-23T04:00:00Z"}],
        "integrations": [{"type": "docker", "endpoint": "unix:///var/run/docker.sock",
            "status": "ok", "name": "Docker on nas-01", "config": {"containers": 3}}],
        "backlog": 2
    })
}

fn send(server: &Running, report: &Value) -> Answer {
    server
        .post("/api/agents/report", report)
        .with(SHARED)
        .send()
}

fn read(server: &Running, token: &str, path: &str) -> Value {
    server.get(path).with(token).send().is(200).json()
}

#[test]
fn a_report_is_a_heartbeat_an_agent_and_its_integrations() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let answer = send(&server, &report()).is(201).json();
    assert!(answer["received_at"].is_string());

    let heartbeat = read(
        &server,
        &token,
        &format!("/api/signals/{}", answer["signal_id"]),
    );
    assert_eq!(heartbeat["kind"], "agent_facts");
    assert_eq!(heartbeat["severity"], "info");
    assert_eq!(heartbeat["detail"]["facts"], report()["facts"]);
    assert_eq!(heartbeat["detail"]["gateways"], report()["gateways"]);
    assert_eq!(heartbeat["detail"]["gateway_latency_ms"], 1.5);
    assert_eq!(heartbeat["incident_id"], Value::Null);

    let agents = read(&server, &token, "/api/agents");
    assert_eq!(agents.as_array().unwrap().len(), 1);
    let agent = &agents[0];
    for (field, value) in [
        ("id", json!("0123abcd")),
        ("site_id", json!("site-homelab")),
        ("hostname", json!("nas-01")),
        ("version", json!("0.5.0")),
        ("interval_seconds", json!(300)),
        ("silent", json!(false)),
        ("backlog", json!(2)),
        ("gateway_latency_ms", json!(1.5)),
        ("first_seen", answer["received_at"].clone()),
        ("last_seen", answer["received_at"].clone()),
    ] {
        assert_eq!(agent[field], value, "{field}");
    }
    assert_eq!(agent["facts"], report()["facts"]);
    assert_eq!(agent["conditions"][0]["dedup_key"], "docker/x");

    let integrations = read(&server, &token, "/api/integrations");
    assert_eq!(integrations[0]["type"], "docker");
    assert_eq!(integrations[0]["status"], "ok");
    assert_eq!(integrations[0]["last_contact"], answer["received_at"]);
    assert_eq!(
        read(&server, &token, "/api/sites/site-homelab")["integrations"],
        integrations
    );
}

#[test]
fn the_next_report_updates_what_the_one_before_said() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    send(&server, &report()).is(201);
    let mut next = report();
    next["integrations"][0]["status"] = json!("unreachable");
    next["conditions"] = json!([]);
    next["backlog"] = json!(0);
    send(&server, &next).is(201);
    let agents = read(&server, &token, "/api/agents");
    assert_eq!(
        (agents.as_array().unwrap().len(), &agents[0]["backlog"]),
        (1, &json!(0))
    );
    assert_eq!(agents[0]["conditions"], json!([]));
    let integrations = read(&server, &token, "/api/integrations");
    assert_eq!(integrations.as_array().unwrap().len(), 1);
    assert_eq!(integrations[0]["status"], "unreachable");
    // Another agent's socket of the same name is another integration.
    next["agent_id"] = json!("another");
    send(&server, &next).is(201);
    assert_eq!(
        read(&server, &token, "/api/integrations")
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        read(&server, &token, "/api/agents")
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_slow_gateway_makes_the_heartbeat_a_warning_from_100_ms_on() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    for (latency, severity) in [
        (json!(99.9), "info"),
        (json!(100), "warning"),
        (Value::Null, "info"),
    ] {
        let mut report = report();
        report["gateway_latency_ms"] = latency;
        let id = send(&server, &report).is(201).json()["signal_id"].clone();
        let heartbeat = read(&server, &token, &format!("/api/signals/{id}"));
        assert_eq!(heartbeat["severity"], severity);
    }
}

#[test]
fn a_report_with_a_key_that_was_seen_is_answered_and_not_stored() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let send = |report: &Value| {
        let call = server.post("/api/agents/report", report).with(SHARED);
        call.header("idempotency-key", "cycle-7").send()
    };
    let first = send(&report()).is(201).json();
    assert_eq!(send(&report()).is(200).json(), first);
    let mut other = report();
    other["backlog"] = json!(9);
    send(&other).problem(422);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}

#[test]
fn a_heartbeat_of_0_4_counts_the_same() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    server.stored(&json!({
        "site_id": "site-homelab", "kind": "agent_facts", "summary": "Host snapshot + gateway probe",
        "severity": "warning", "source": "agent",
        "detail": {"facts": {"hostname": "old-nas", "platform": "Linux-5.10-x86_64", "version": "#1 SMP"},
            "gateways": [{"gateway": "192.168.10.1", "dev": "eth0"}], "gateway_latency_ms": 140.5}
    }));
    let agents = read(&server, &token, "/api/agents");
    assert_eq!(agents[0]["id"], "0.4:site-homelab:old-nas");
    assert_eq!(agents[0]["hostname"], "old-nas");
    assert_eq!(agents[0]["gateway_latency_ms"], 140.5);
    // Hidden on the board unless asked for, in the list all the same.
    assert_eq!(
        read(&server, &token, "/api/signals")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(read(&server, &token, "/api/suggestions"), json!([]));
    let board = server.get("/").with(&token).send().is(200).body;
    assert!(!board.contains("Host snapshot"), "{board}");
}

#[test]
fn odd_facts_are_kept_and_break_nothing() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    for detail in [
        json!({}),
        json!({"facts": null, "gateways": null}),
        json!({"facts": "x", "gateways": 7}),
        json!({"facts": {"hostname": ["a"]}, "gateway_latency_ms": "slow"}),
    ] {
        server.stored(
            &json!({"site_id": "s", "kind": "agent_facts", "summary": "x", "detail": detail}),
        );
    }
    read(&server, &token, "/api/agents");
    server.get("/").with(&token).send().is(200);
}

#[test]
fn a_report_that_is_none_is_refused() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    for field in [
        "agent_id",
        "site_id",
        "facts",
        "observed_at",
        "interval_seconds",
    ] {
        let mut report = report();
        report.as_object_mut().unwrap().remove(field);
        assert_eq!(send(&server, &report).faults(), [field]);
    }
    for (field, value) in [
        ("agent_id", ""),
        ("site_id", "a\nb"),
        ("agent_id", &"x".repeat(129)),
    ] {
        let mut report = report();
        report[field] = json!(value);
        assert_eq!(send(&server, &report).faults(), [field]);
    }
    let call = server.call("POST", "/api/agents/report").with(SHARED);
    call.bytes("{").send().problem(400);
    assert_eq!(atlas.count("SELECT count(*) FROM agents"), 0);
}

#[test]
fn a_token_of_one_site_reports_for_no_other() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas
        .token_with(&["--scope", "ingest", "--site", "site-cabin"])
        .secret;
    let call = server.post("/api/agents/report", &report()).with(&token);
    call.send().problem(403);
    assert_eq!(atlas.count("SELECT count(*) FROM agents"), 0);
    let mut own = report();
    own["site_id"] = json!("site-cabin");
    let call = server.post("/api/agents/report", &own).with(&token);
    call.send().is(201);
}

#[test]
fn secrets_in_a_report_are_shown_to_nobody() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let mut report = report();
    report["facts"]["platform"] = json!("Linux https://u:s3cr3t-1@h/");
    report["integrations"][0]["endpoint"] = json!("tcp://u:s3cr3t-2@nas:2375");
    report["integrations"][0]["config"] = json!({"token": "s3cr3t-3"});
    report["conditions"][0]["dedup_key"] = json!("http/https://u:s3cr3t-4@h/");
    send(&server, &report).is(201);
    send(&server, &report).is(201);
    for path in [
        "/api/agents",
        "/api/integrations",
        "/api/sites",
        "/api/signals",
        "/",
    ] {
        let text = server.get(path).with(&token).send().is(200).body;
        assert!(!text.contains("s3cr3t"), "{path}: {text}");
    }
    assert_eq!(atlas.count("SELECT count(*) FROM integrations"), 1);
}

#[test]
fn a_token_of_one_site_cannot_pose_as_another_sites_agent() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let other = atlas
        .token_with(&["--scope", "ingest", "--site", "site-other"])
        .secret;
    let pose = || {
        let mut posing = report();
        posing["site_id"] = json!("site-other");
        server
            .post("/api/agents/report", &posing)
            .with(&other)
            .send()
            .is(201);
        read(&server, &token, "/api/agents")[0]["site_id"].clone()
    };
    send(&server, &report()).is(201);
    assert_eq!(pose(), "site-homelab");
    // A host that moved is silent where it was.
    atlas
        .sql()
        .execute("UPDATE agents SET last_seen = 0", [])
        .unwrap();
    assert_eq!(pose(), "site-other");
}
