//! The server dies in mid-load, or is told to stop: what it had answered is there, once.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use support::atlas::{Atlas, SHARED};
use support::http::Call;

/// Threads that post until the server is gone.
const SENDERS: usize = 8;
/// Answers before the blow falls.
const ANSWERS: usize = 400;

/// Posts from several threads; when enough was answered `blow` falls. The summaries of what was
/// answered 201.
fn load(address: &str, blow: impl FnOnce() + Send) -> Vec<String> {
    let answered = Mutex::new(Vec::new());
    let count = AtomicUsize::new(0);
    let blow = Mutex::new(Some(blow));
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (answered, count, blow) = (&answered, &count, &blow);
            scope.spawn(move || {
                for number in 0.. {
                    let summary = format!("signal {number} of sender {sender}");
                    let body = json!({"site_id": "s", "kind": "k", "summary": summary,
                        "detail": {"pad": "x".repeat(500)}});
                    let call = Call::new("POST", format!("{address}/api/signals"));
                    // Gone, or going: nothing was promised for this one.
                    match call
                        .json(&body)
                        .with(SHARED)
                        .header("idempotency-key", &summary)
                        .try_send()
                    {
                        Ok(answer) if answer.status == 201 => {
                            answered.lock().unwrap().push(summary);
                        }
                        Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                        Err(_) => return,
                    }
                    if count.fetch_add(1, Ordering::Relaxed) == ANSWERS {
                        let blow = blow.lock().unwrap().take();
                        if let Some(blow) = blow {
                            blow();
                        }
                    }
                }
            });
        }
    });
    answered.into_inner().unwrap()
}

/// Everything answered is stored exactly once.
fn assert_kept(atlas: &Atlas, answered: &[String]) {
    assert!(answered.len() >= ANSWERS, "{}", answered.len());
    let sql = atlas.sql();
    let verdict: String = sql
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let mut statement = sql.prepare("SELECT summary FROM signals").unwrap();
    let stored: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let distinct: BTreeSet<&String> = stored.iter().collect();
    assert_eq!(distinct.len(), stored.len(), "something was stored twice");
    let lost: Vec<&String> = answered
        .iter()
        .filter(|summary| !distinct.contains(summary))
        .collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
}

#[test]
fn kill_9_loses_nothing_that_was_answered() {
    let atlas = Atlas::new();
    let mut server = atlas.serve();
    let address = server.address.clone();
    let answered = load(&address, || {
        server.kill();
    });
    // It comes back by itself, and what is sent again is known.
    let server = atlas.serve();
    let body = json!({"site_id": "s", "kind": "k", "summary": answered[0], "detail": {"pad": "x".repeat(500)}});
    let again = server.post("/api/signals", &body).with(SHARED);
    again.header("idempotency-key", &answered[0]).send().is(200);
    atlas.run(&["db", "check"]).succeeds();
    assert_kept(&atlas, &answered);
}

#[test]
fn a_stop_in_mid_load_answers_what_is_in_flight_and_closes_cleanly() {
    let atlas = Atlas::new();
    let mut server = atlas.serve();
    let address = server.address.clone();
    let mut ended = None;
    let answered = load(&address, || {
        server.terminate();
        ended = Some(server.wait());
    });
    let ended = ended.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(
        !ended.log.contains("ERROR") && !ended.log.contains("panicked"),
        "{}",
        ended.log
    );
    assert_eq!(atlas.files(), ["atlas_ops.config.yaml", "atlas_ops.db"]);
    assert_kept(&atlas, &answered);
}

#[test]
fn a_request_that_is_half_sent_when_the_stop_comes_is_answered() {
    let atlas = Atlas::new();
    let mut server = atlas.serve();
    let body = json!({"site_id": "s", "kind": "k", "summary": "x"}).to_string();
    let mut stream = server.connect();
    let head = format!(
        "POST /api/signals HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {SHARED}\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server says so when it waits for the body: from here on the request is in flight.
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "HTTP/1.1 100 Continue");
    assert_eq!(lines.next().unwrap().unwrap(), "");
    server.terminate();
    // Nobody is let in any more once the stop was heard.
    while std::net::TcpStream::connect(stream.peer_addr().unwrap()).is_ok() {}
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "HTTP/1.1 201 Created");
    assert_eq!(server.wait().status.code(), Some(0));
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}

#[test]
fn an_idle_server_stops_at_once_and_leaves_one_file() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    server.stored(&json!({"site_id": "s", "kind": "k", "summary": "x"}));
    // A connection that is kept open and says nothing does not hold it up for long.
    let _idle = server.connect();
    let started = std::time::Instant::now();
    let ended = server.stop();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
    assert_eq!(atlas.files(), ["atlas_ops.config.yaml", "atlas_ops.db"]);
}

#[test]
fn while_another_program_holds_the_database_senders_are_told_to_come_again() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let holder = atlas.sql();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let signal = json!({"site_id": "s", "kind": "k", "summary": "x"});
    let answer = server.signal(&signal);
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    answer.problem(503);
    let token_free = server.get("/api/health").send();
    token_free.is(200);
    holder.execute_batch("ROLLBACK").unwrap();
    server.stored(&signal);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 1);
}
