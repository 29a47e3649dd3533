//! A server that does what a test tells it, over TCP or a unix socket, and remembers what it was
//! asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use atlas_ops::domain::signal::NewSignal;
use serde_json::{Value, json};

/// What a server was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn is_batch(&self) -> bool {
        self.path.ends_with("/api/signals/batch")
    }
}

/// What a server does about it.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Status, content type, further headers, body.
    With(u16, &'static str, Vec<(&'static str, String)>, String),
    /// Says nothing for this long, then closes.
    Hang(Duration),
    /// Closes at once.
    Close,
    /// Bytes that are no HTTP.
    Raw(Vec<u8>),
    /// A head, then these bytes again and again with a pause between, for as long as they are taken.
    Endless(String, Vec<u8>, Duration),
}

impl Answer {
    pub fn json(code: u16, body: &Value) -> Self {
        Self::With(code, "application/json", Vec::new(), body.to_string())
    }

    pub fn problem(code: u16) -> Self {
        let body = problem(code).to_string();
        Self::With(code, "application/problem+json", Vec::new(), body)
    }
}

pub fn problem(code: u16) -> Value {
    json!({"type": "about:blank", "title": "Refused", "status": code, "detail": "by the test"})
}

type Behaviour = Arc<Mutex<Box<dyn FnMut(&Asked) -> Answer + Send>>>;

/// A server on a free port or a unix socket that does what it is told and remembers what it was
/// asked. Its threads end with the test process.
#[derive(Clone)]
pub struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    behaviour: Behaviour,
}

impl Server {
    /// A backend that takes everything.
    pub fn backend() -> Self {
        Self::tcp("http", accept)
    }

    pub fn tcp(scheme: &str, behave: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let server = Self::new(address, behave);
        let other = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let writer = stream.try_clone().unwrap();
                other.serve(stream, writer);
            }
        });
        server
    }

    pub fn unix(path: &Path, behave: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let server = Self::new(format!("unix://{}", path.display()), behave);
        let other = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let writer = stream.try_clone().unwrap();
                other.serve(stream, writer);
            }
        });
        server
    }

    fn new(address: String, behave: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        Self {
            address,
            asked: Arc::default(),
            behaviour: Arc::new(Mutex::new(Box::new(behave))),
        }
    }

    /// From now on it does something else.
    pub fn behave(&self, behave: impl FnMut(&Asked) -> Answer + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behave);
    }

    /// What it was asked since the last time.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// Uids of the signals it was sent since the last time.
    pub fn take_uids(&self) -> Vec<String> {
        self.take_asked()
            .iter()
            .filter(|asked| asked.is_batch())
            .flat_map(|asked| uids(&asked.json()))
            .collect()
    }

    /// Signals it was sent since the last time.
    pub fn take_signals(&self) -> Vec<NewSignal> {
        self.take_asked()
            .iter()
            .filter(|asked| asked.is_batch())
            .flat_map(|asked| serde_json::from_slice::<Vec<NewSignal>>(&asked.body).unwrap())
            .collect()
    }

    fn serve(&self, reader: impl Read + Send + 'static, mut writer: impl Write + Send + 'static) {
        let server = self.clone();
        thread::spawn(move || {
            let Some(asked) = read_request(reader) else {
                return;
            };
            server.asked.lock().unwrap().push(asked.clone());
            let answer = (server.behaviour.lock().unwrap())(&asked);
            let _ = match answer {
                Answer::With(code, media_type, headers, body) => {
                    let mut head = format!(
                        "HTTP/1.1 {code} Test\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n",
                        body.len()
                    );
                    for (name, value) in headers {
                        head += &[name, ": ", &value, "\r\n"].concat();
                    }
                    writer.write_all(format!("{head}\r\n{body}").as_bytes())
                }
                Answer::Raw(bytes) => writer.write_all(&bytes),
                Answer::Hang(time) => {
                    thread::sleep(time);
                    Ok(())
                }
                Answer::Close => Ok(()),
                Answer::Endless(head, bytes, pause) => {
                    let mut written = writer.write_all(head.as_bytes());
                    while written.is_ok() {
                        thread::sleep(pause);
                        written = writer.write_all(&bytes).and_then(|()| writer.flush());
                    }
                    written
                }
            };
        });
    }
}

fn read_request(reader: impl Read) -> Option<Asked> {
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        method,
        path,
        headers,
        body,
    })
}

/// What a healthy backend answers.
pub fn accept(asked: &Asked) -> Answer {
    if asked.is_batch() {
        let results: Vec<Value> = uids(&asked.json())
            .into_iter()
            .enumerate()
            .map(|(id, uid)| json!({"status": 201, "id": id, "uid": uid}))
            .collect();
        return Answer::json(200, &results.into());
    }
    Answer::json(
        201,
        &json!({"signal_id": 7, "received_at": atlas_ops::clock::now()}),
    )
}

/// Keys of the signals in a JSON array.
pub fn uids(signals: &Value) -> Vec<String> {
    signals
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| signal["uid"].as_str().unwrap().to_owned())
        .collect()
}
