//! A web page on a host of the LAN, which can be closed again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::support::lan::Lan;

/// Answers whoever asks, until it is closed or the test ends.
pub(crate) struct Page<'a> {
    lan: &'a Lan,
    which: &'a str,
    port: u16,
    is_over: Arc<AtomicBool>,
    serving: JoinHandle<()>,
}

impl<'a> Page<'a> {
    /// A page with a title, on a port of one of the hosts.
    pub(crate) fn open(lan: &'a Lan, which: &'a str, port: u16, title: &str) -> Self {
        let place = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let listener = lan.within(which, || TcpListener::bind(place).unwrap());
        let is_over = Arc::new(AtomicBool::new(false));
        let body = format!("<!doctype html><title>{title}</title>");
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let ends = Arc::clone(&is_over);
        let serving = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                // Who merely knocks sends nothing.
                let mut stream = stream.unwrap();
                let asked = stream.read(&mut [0; 2048]);
                if asked.is_ok_and(|length| length > 0) {
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self {
            lan,
            which,
            port,
            is_over,
            serving,
        }
    }

    /// Nobody listens there any more.
    pub(crate) fn close(self) {
        self.is_over.store(true, Ordering::SeqCst);
        let place = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        self.lan
            .within(self.which, || TcpStream::connect(place).unwrap());
        self.serving.join().unwrap();
    }
}
