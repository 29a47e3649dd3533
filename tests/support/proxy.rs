//! A way to the server on which things go wrong: requests arrive twice, late or in half, answers get
//! lost, a proxy between answers for itself, or nothing answers at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    Nothing,
    ArrivesTwice,
    AnswerIsLost,
    AnswerIsCut,
    RequestIsCut,
    /// Refused here, and delivered all the same once others have overtaken it.
    ArrivesLate,
    BadGateway,
}

const MISHAPS: [Mishap; 7] = [
    Mishap::Nothing,
    Mishap::ArrivesTwice,
    Mishap::AnswerIsLost,
    Mishap::AnswerIsCut,
    Mishap::RequestIsCut,
    Mishap::ArrivesLate,
    Mishap::BadGateway,
];

/// A small generator: the same seed gives the same storm.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Below `bound`.
    pub fn roll(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// The way to the server. Its threads end with the test process.
pub struct Proxy {
    pub address: String,
    server: Arc<Mutex<String>>,
    calm: Arc<AtomicBool>,
    counts: Arc<[AtomicUsize; MISHAPS.len()]>,
    late: Arc<AtomicUsize>,
}

impl Proxy {
    pub fn to(server: &str, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            server: Arc::new(Mutex::new(host_of(server))),
            calm: Arc::default(),
            counts: Arc::default(),
            late: Arc::default(),
        };
        let (server, calm) = (Arc::clone(&proxy.server), Arc::clone(&proxy.calm));
        let (counts, late) = (Arc::clone(&proxy.counts), Arc::clone(&proxy.late));
        let dice = Arc::new(Mutex::new(Dice::new(seed)));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let server = server.lock().unwrap().clone();
                // Half of all requests have no mishap.
                let roll = dice.lock().unwrap().roll(2 * MISHAPS.len() as u64 - 2);
                let roll = usize::try_from(roll).unwrap();
                let number = if calm.load(Ordering::SeqCst) || roll >= MISHAPS.len() {
                    0
                } else {
                    roll
                };
                counts[number].fetch_add(1, Ordering::SeqCst);
                let late = Arc::clone(&late);
                thread::spawn(move || pass(&stream, &server, MISHAPS[number], &late));
            }
        });
        proxy
    }

    /// The server stands somewhere else now.
    pub fn leads_to(&self, server: &str) {
        *self.server.lock().unwrap() = host_of(server);
    }

    /// From now on nothing goes wrong; returns when nothing is under way any more.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
        while self.late.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
    }

    /// How often each mishap happened.
    pub fn mishaps(&self) -> Vec<(Mishap, usize)> {
        let counts = self.counts.iter().map(|count| count.load(Ordering::SeqCst));
        MISHAPS.into_iter().zip(counts).collect()
    }
}

fn host_of(address: &str) -> String {
    let host = address.strip_prefix("http://").unwrap();
    host.split('/').next().unwrap().to_owned()
}

/// Passes one request on. Whoever hangs up early is no fault of the proxy's.
fn pass(client: &TcpStream, server: &str, mishap: Mishap, late: &Arc<AtomicUsize>) {
    let Some(request) = read_request(client) else {
        return;
    };
    let reply = |answer: &[u8]| {
        let mut client = client;
        let _ = client.write_all(answer);
        let _ = client.shutdown(Shutdown::Both);
    };
    match mishap {
        Mishap::Nothing => reply(&forward(server, &request)),
        Mishap::ArrivesTwice => {
            forward(server, &request);
            reply(&forward(server, &request));
        }
        Mishap::AnswerIsLost => {
            forward(server, &request);
            reply(b"");
        }
        Mishap::AnswerIsCut => {
            let answer = forward(server, &request);
            reply(&answer[..answer.len() / 2]);
        }
        Mishap::RequestIsCut => {
            if let Ok(mut stream) = TcpStream::connect(server) {
                let _ = stream.write_all(&request[..request.len() / 2]);
            }
            reply(b"");
        }
        Mishap::ArrivesLate => {
            late.fetch_add(1, Ordering::SeqCst);
            reply(BAD_GATEWAY);
            // Lateness is the point: the next requests overtake this one.
            thread::sleep(Duration::from_millis(150));
            forward(server, &request);
            late.fetch_sub(1, Ordering::SeqCst);
        }
        Mishap::BadGateway => reply(BAD_GATEWAY),
    }
}

const BAD_GATEWAY: &[u8] =
    b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 12\r\nconnection: close\r\n\r\n<h1>502</h1>";

/// One request with `connection: close`.
fn read_request(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if !lower.starts_with("connection:") {
            head.extend(line.into_bytes());
        }
    }
    head.extend(b"connection: close\r\n\r\n");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    head.extend(body);
    Some(head)
}

/// The server's whole answer; nothing where it is down.
fn forward(server: &str, request: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(server)
        && stream.write_all(request).is_ok()
    {
        let _ = stream.read_to_end(&mut answer);
    }
    answer
}
