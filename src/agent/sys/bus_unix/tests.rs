use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;

use super::*;
use crate::agent::sys::units::{FailedUnit, failed_units};

const LIMIT: Duration = Duration::from_secs(5);

/// A socket in a folder of its own, gone with the test.
fn socket() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    (folder, path)
}

/// Listens, takes one conversation up to the calls, and says `words` there.
fn says(path: &Path, words: Vec<u8>) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        let mut byte = [0];
        while !heard.ends_with(b"DATA\r\n") {
            stream.read_exact(&mut byte).unwrap();
            heard.push(byte[0]);
        }
        let _ = stream.write_all(b"DATA\r\nOK 0123456789abcdef\r\n");
        let _ = stream.write_all(&words);
        // Keeps listening until the other side has had enough.
        let _ = io::copy(&mut stream, &mut io::sink());
    });
}

/// An answer of `kind` to the call `serial`, as dbus-daemon writes it.
fn answer(kind: u8, serial: u32, body: &[u8]) -> Vec<u8> {
    let mut message = vec![b'l', kind, 1, 1];
    message.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    message.extend(7_u32.to_le_bytes());
    message.extend(8_u32.to_le_bytes());
    message.extend([5, 1, b'u', 0]);
    message.extend(serial.to_le_bytes());
    message.extend(body);
    message
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

/// The body of systemd's answer.
fn list(units: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    for unit in units {
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        for word in [
            unit,
            "What it does",
            "loaded",
            "failed",
            "failed",
            "",
            "/unit",
        ] {
            text(&mut bytes, word);
        }
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(0_u32.to_le_bytes());
        text(&mut bytes, "");
        text(&mut bytes, "/");
    }
    let length = u32::try_from(bytes.len() - 8).unwrap();
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// What comes of a bus that says `words` after who we are is settled.
fn asked(words: Vec<u8>) -> Result<Vec<FailedUnit>, String> {
    let (_folder, path) = socket();
    says(&path, words);
    failed_units(Some(&path), LIMIT)
}

/// Greeted, a signal that is nobody's answer, then `message`.
fn after_hello(message: Vec<u8>) -> Vec<u8> {
    let mut greeting = Vec::new();
    text(&mut greeting, ":1.5");
    [answer(2, 1, &greeting), answer(4, 1, &greeting), message].concat()
}

#[test]
fn failed_units_are_listed() {
    let units = asked(after_hello(answer(2, 2, &list(&["a.service", "b.mount"])))).unwrap();
    let names: Vec<&str> = units.iter().map(|unit| unit.unit.as_str()).collect();
    assert_eq!(names, ["a.service", "b.mount"]);
    assert_eq!(units[1].description, "What it does");
    assert_eq!(units[1].load_state, "loaded");
    assert_eq!(asked(after_hello(answer(2, 2, &list(&[])))), Ok(Vec::new()));
}

#[test]
fn a_call_is_written_as_the_specification_says() {
    let message = bus_wire::LIST_FAILED.message(2, true);
    let head = Head::parse(&message[..16]).unwrap();
    assert_eq!(head.kind, Kind::Other);
    assert_eq!(head.body, 4 + 4 + "failed".len() + 1);
    assert_eq!(message.len(), 16 + head.fields + head.body);
    assert_eq!(
        bus_wire::reply_serial(&message[16..16 + head.fields]),
        Ok(None)
    );
}

#[test]
fn what_is_refused_is_told_with_the_reason() {
    let mut reason = Vec::new();
    text(&mut reason, "Access denied by policy");
    let error = asked(after_hello(answer(3, 2, &reason))).unwrap_err();
    assert!(error.ends_with("Access denied by policy"), "{error}");
}

#[test]
fn garbage_is_an_error_and_never_more() {
    let huge = [vec![b'l', 2, 1, 1], vec![0xff; 12]].concat();
    let cut = list(&["a.service"])[..30].to_vec();
    for words in [
        vec![0; 64],
        huge,
        after_hello(answer(2, 2, &cut)),
        after_hello(answer(2, 2, &[0xff; 8])),
        after_hello(answer(2, 2, &[])),
    ] {
        assert!(asked(words.clone()).is_err(), "{words:?}");
    }
}

#[test]
fn silence_is_not_waited_for() {
    let (_folder, path) = socket();
    says(&path, Vec::new());
    let begin = Instant::now();
    let error = failed_units(Some(&path), Duration::from_millis(200)).unwrap_err();
    assert!(error.ends_with("did not answer in time"), "{error}");
    assert!(begin.elapsed() < LIMIT);
}

#[test]
fn no_socket_is_told() {
    let (_folder, path) = socket();
    let error = failed_units(Some(&path), LIMIT).unwrap_err();
    assert!(error.ends_with("there is no such socket"), "{error}");
}
