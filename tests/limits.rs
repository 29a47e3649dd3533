//! Bodies beyond every bound, and bodies that are none: one clear answer, nothing stored, and the
//! server goes on.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::io::{Read, Write};

use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::running::Running;

const BOUND: usize = 512 * 1024;

fn send(server: &Running, body: impl Into<Vec<u8>>) -> Answer {
    server
        .call("POST", "/api/signals")
        .with(SHARED)
        .bytes(body)
        .send()
}

/// A body of exactly so many bytes.
fn sized(bytes: usize) -> String {
    let shell =
        json!({"site_id": "s", "kind": "k", "summary": "x", "detail": {"a": ""}}).to_string();
    shell.replace("\"\"", &format!("\"{}\"", "y".repeat(bytes - shell.len())))
}

/// Says a request in pieces and answers the first line that comes back.
fn say(server: &Running, head: &str, pieces: &[&[u8]]) -> String {
    let mut stream = server.connect();
    let head = format!(
        "{head}\r\nHost: localhost\r\nAuthorization: Bearer {SHARED}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for piece in pieces {
        // The server may have answered and closed already: its answer is what counts.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_body_at_the_bound_is_taken_and_one_byte_more_is_413() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    send(&server, sized(BOUND)).is(201);
    for path in ["/api/signals", "/api/signals/batch", "/api/agents/report"] {
        let call = server
            .call("POST", path)
            .with(SHARED)
            .bytes(sized(BOUND + 1));
        let problem = call.send().problem(413);
        assert!(problem["detail"].as_str().unwrap().contains("512 KiB"));
    }
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}

#[test]
fn a_body_that_does_not_tell_its_length_is_bounded_too() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    let pieces: Vec<&[u8]> = std::iter::repeat_n(chunk.as_bytes(), 9)
        .chain([&b"0\r\n\r\n"[..]])
        .collect();
    let status = say(
        &server,
        "POST /api/signals HTTP/1.1\r\nTransfer-Encoding: chunked",
        &pieces,
    );
    assert_eq!(status, "HTTP/1.1 413 Payload Too Large");
    let good = json!({"site_id": "s", "kind": "k", "summary": "x"}).to_string();
    let good = format!("{:x}\r\n{good}\r\n0\r\n\r\n", good.len());
    let status = say(
        &server,
        "POST /api/signals HTTP/1.1\r\nTransfer-Encoding: chunked",
        &[good.as_bytes()],
    );
    assert_eq!(status, "HTTP/1.1 201 Created");
}

#[test]
fn who_announces_too_much_is_answered_before_it_is_sent() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let head = format!("POST /api/signals HTTP/1.1\r\nContent-Length: {}", u64::MAX);
    let status = say(&server, &head, &[]);
    assert!(
        status.contains(" 413 ") || status.contains(" 400 "),
        "{status}"
    );
    let head = format!(
        "POST /api/signals HTTP/1.1\r\nContent-Length: {}",
        BOUND + 1
    );
    assert_eq!(say(&server, &head, &[]), "HTTP/1.1 413 Payload Too Large");
}

#[test]
fn a_huge_head_and_no_http_at_all_are_refused_and_the_server_goes_on() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let status = say(
        &server,
        &format!("GET /{} HTTP/1.1", "a".repeat(200_000)),
        &[],
    );
    assert!(status.is_empty() || status.contains(" 4"), "{status}");
    let mut stream = server.connect();
    stream
        .write_all(b"\x16\x03\x01\x02\x00hello\r\n\r\n")
        .unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    server.get("/api/health").send().is(200);
}

#[test]
fn depth_bombs_are_refused_without_a_trace() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let nested = |open: &str, close: &str, levels: usize| {
        format!(
            "{{\"site_id\": \"s\", \"kind\": \"k\", \"summary\": \"x\", \"detail\": {{\"a\": {}1{}}}}}",
            open.repeat(levels),
            close.repeat(levels)
        )
    };
    // The detail itself is the first level.
    send(&server, nested("{\"a\":", "}", 15)).is(201);
    assert_eq!(
        send(&server, nested("{\"a\":", "}", 16)).faults(),
        ["detail"]
    );
    assert_eq!(send(&server, nested("[", "]", 16)).faults(), ["detail"]);
    send(&server, nested("[", "]", 200_000)).problem(400);
    send(&server, nested("{\"a\":", "}", 70_000)).problem(400);
    for path in ["/api/signals/batch", "/api/agents/report"] {
        let call = server.call("POST", path).with(SHARED);
        call.bytes("[".repeat(400_000)).send().problem(400);
    }
    server.get("/api/health").send().is(200);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}

#[test]
fn what_is_no_json_is_400_and_what_is_no_signal_422() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    for body in [
        &b""[..],
        b"{",
        b"nonsense",
        b"{\"site_id\": \"s\",}",
        b"{} {}",
        b"{\"summary\": \"\xff\xfe\"}",
        b"{\"summary\": \"\xed\xa0\x80\"}",
        b"{\"summary\": \"\\ud800\"}",
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"{\"detail\": {\"a\": 1e999}}",
    ] {
        let answer = send(&server, body);
        assert_eq!(
            answer.status,
            400,
            "{}: {answer:?}",
            String::from_utf8_lossy(body)
        );
        answer.problem(400);
    }
    for body in ["null", "[]", "7", "\"x\"", "{}"] {
        send(&server, body).problem(422);
    }
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 0);
}

#[test]
fn bounds_of_fields_count_characters() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let with = |field: &str, text: String| {
        let mut body = json!({"site_id": "s", "kind": "k", "summary": "x"});
        body[field] = json!(text);
        server.signal(&body)
    };
    with("summary", "ü".repeat(1000)).is(201);
    assert_eq!(with("summary", "ü".repeat(1001)).faults(), ["summary"]);
    for field in ["site_id", "kind", "agent_id", "source"] {
        with(field, "ü".repeat(128)).is(201);
        assert_eq!(with(field, "ü".repeat(129)).faults(), [field]);
    }
}

#[test]
fn everything_wrong_is_named_together() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let bad = json!({"site_id": 7, "summary": "", "detail": [], "severity": "meh", "observed_at": "soon", "status": "x"});
    let mut faults = server.signal(&bad).faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "detail",
            "kind",
            "observed_at",
            "severity",
            "site_id",
            "status",
            "summary"
        ]
    );
}

#[test]
fn dates_far_off_are_kept_flagged_and_ordered_by_receipt() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let at = |moment: &str| {
        server
            .stored(&json!({"site_id": "s", "kind": "k", "summary": moment, "observed_at": moment}))
    };
    let stored: Vec<Value> = [
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ]
    .into_iter()
    .map(at)
    .collect();
    assert_eq!(stored[0]["observed_at"], "1970-01-01T00:00:00.000Z");
    assert_eq!(stored[1]["observed_at"], "9999-12-31T23:59:59.000Z");
    let flags: Vec<&Value> = stored.iter().map(|signal| &signal["time_flag"]).collect();
    assert_eq!(flags, ["past", "future", "past"]);
    let plain = server.stored(&json!({"site_id": "s", "kind": "k", "summary": "now"}));
    assert_eq!(plain["time_flag"], Value::Null);
    let token = atlas.token("read").secret;
    let list = server
        .get("/api/signals?window=1h")
        .with(&token)
        .send()
        .is(200)
        .json();
    assert_eq!(support::http::ids(&list), [4, 3, 2, 1]);
    server.get("/").with(&token).send().is(200);
}

#[test]
fn secrets_are_taken_out_before_they_are_stored() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let stored = server.stored(&json!({
        "site_id": "s", "kind": "http_check_failed",
        "summary": "GET https://admin:s3cr3t-1@nas/ failed",
        "detail": {"password": "s3cr3t-2", "headers": ["Authorization: Bearer s3cr3t-3-abcdefghijkl"],
            "deep": {"env": [{"name": "DB_PASSWORD", "value": "s3cr3t-4"}]}},
        "dedup_key": "http/https://admin:s3cr3t-5@nas/"
    }));
    assert!(stored["redactions"].as_u64().unwrap() >= 5, "{stored}");
    assert!(!stored.to_string().contains("s3cr3t"), "{stored}");
    server.stop();
    for name in atlas.files() {
        let bytes = std::fs::read(atlas.path(&name)).unwrap();
        let found = bytes.windows(6).any(|window| window == b"s3cr3t");
        assert!(!found, "a secret is in {name}");
    }
}
