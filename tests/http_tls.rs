//! The HTTP client and https: a private authority is believed where it is named, and only there.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use atlas_ops::http::{Client, Error, Options};
use serde_json::Value;
use support::agent::Place;

/// `openssl s_server` with a certificate of our own authority.
struct Secure {
    place: Place,
    server: Child,
    url: String,
}

impl Secure {
    fn start() -> Self {
        let place = Place::new();
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl")
                .args(arguments)
                .current_dir(&place.0)
                .output()
                .unwrap();
            assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
        };
        std::fs::write(place.join("leaf.cnf"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        let key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ];
        let ca = [
            "req",
            "-x509",
            "-subj",
            "/CN=Test CA",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ];
        openssl(&[&ca[..], &key[..]].concat());
        let request = [
            "req", "-subj", "/CN=leaf", "-keyout", "leaf.key", "-out", "leaf.csr",
        ];
        openssl(&[&request[..], &key[..]].concat());
        openssl(&[
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-out",
            "leaf.pem",
            "-extfile",
            "leaf.cnf",
            "-set_serial",
            "2",
        ]);
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let server = Command::new("openssl")
            .args([
                "s_server", "-quiet", "-www", "-cert", "leaf.pem", "-key", "leaf.key",
            ])
            .args(["-accept", &address])
            .current_dir(&place.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while TcpStream::connect(&address).is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "openssl does not listen"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Self {
            place,
            server,
            url: format!("https://{address}/"),
        }
    }

    fn ask(&self, ca_file: Option<PathBuf>) -> Error {
        let options = Options {
            ca_file,
            ..Options::default()
        };
        Client::new(&options)
            .unwrap()
            .get_json::<Value>(&self.url, &[])
            .unwrap_err()
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_private_authority_is_believed_only_where_it_is_named() {
    let secure = Secure::start();
    // openssl's page is HTML: whoever gets as far as that has a secure connection.
    let answer = secure.ask(Some(secure.place.join("ca.pem")));
    assert!(matches!(answer, Error::NotOurs(_)), "{answer:?}");
    let stranger = secure.ask(None);
    assert!(matches!(stranger, Error::Tls(_)), "{stranger:?}");
    let plain = Client::new(&Options::default())
        .unwrap()
        .get_json::<Value>(&secure.url.replace("https", "http"), &[])
        .unwrap_err();
    assert!(
        matches!(plain, Error::NotOurs(_) | Error::Unreachable(_)),
        "{plain:?}"
    );
}
