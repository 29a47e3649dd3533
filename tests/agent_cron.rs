//! The real binary as cron and systemd start it: quiet, one at a time, bounded, and ended when asked.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::agent::Place;
use support::server::{Answer, Server};

/// The real binary, as cron starts it.
fn atlas(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas-ops"));
    command
        .args(["agent", "run", "--config"])
        .arg(place.join("agent_config.yaml"))
        .args(arguments)
        .env_remove("ATLAS_OPS_LOG")
        .stdin(Stdio::null());
    command
}

#[test]
fn cron_hears_nothing_of_success_and_a_hint_of_failure() {
    let place = Place::new();
    let backend = Server::backend();
    place.write_config(&backend.address, None);
    let output = atlas(&place, &["--once"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = atlas(&place, &["--once", "-v"]).output().unwrap();
    assert!(String::from_utf8_lossy(&said.stdout).contains("reported to"));

    backend.behave(|_| Answer::problem(401));
    let output = atlas(&place, &["--once"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(said.contains("hint: ") && said.contains("token"), "{said}");
    assert!(!said.contains("atl_test"), "{said}");
}

#[test]
fn two_runs_never_overlap_and_none_outlives_its_limit() {
    let place = Place::new();
    let backend = Server::tcp("http", |_| Answer::Hang(Duration::from_mins(1)));
    place.write_config(&backend.address, None);
    let begin = Instant::now();
    let mut first = atlas(&place, &["--once", "--time-limit", "4"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while backend.take_asked().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = atlas(&place, &["--once", "-v"]).output().unwrap();
    assert_eq!(second.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another agent"));
    assert_eq!(first.wait().unwrap().code(), Some(75));
    assert!(begin.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_system_call_that_never_returns_does_not_hold_cron_up() {
    let place = Place::new();
    place.write_config("http://127.0.0.1:9", None);
    // Reading a pipe that nobody writes to hangs as a dead network mount does.
    let made = Command::new("mkfifo").arg(place.state_path()).status();
    assert!(made.unwrap().success());
    let begin = Instant::now();
    let output = atlas(&place, &["--once", "--time-limit", "1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(75));
    assert!(begin.elapsed() < Duration::from_secs(4));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("within 1 seconds") && said.contains("hint: "),
        "{said}"
    );
}

#[test]
fn the_loop_goes_on_when_the_backend_fails_and_ends_when_asked() {
    let place = Place::new();
    let backend = Server::tcp("http", |_| Answer::problem(503));
    place.write_config(&backend.address, None);
    let child = atlas(&place, &["-v"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while backend.take_asked().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(20));
    }
    let asked_at = Instant::now();
    let killed = Command::new("/bin/kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(asked_at.elapsed() < Duration::from_secs(3));
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        log.contains("cycle done") && log.contains("cannot deliver"),
        "{log}"
    );
}
