//! What the agent's tests need: a place of their own, a backend that misbehaves on request, a
//! Docker Engine that does, and a clock that can be turned.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use atlas_ops::agent::{self, Cycle, Outcome};
use atlas_ops::config::agent::{AgentConfig, DockerHost};
use atlas_ops::config::secret::Secret;
use atlas_ops::domain::hash;
use atlas_ops::domain::signal::NewSignal;
use atlas_ops::domain::timestamp::Timestamp;
use serde_json::{Value, json};

static PLACES: AtomicUsize = AtomicUsize::new(0);

/// A directory that is removed when the test ends.
#[derive(Debug)]
pub struct Place(pub PathBuf);

impl Place {
    pub fn new() -> Self {
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("atlas-agent-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn state_path(&self) -> PathBuf {
        self.join("agent_state.json")
    }

    /// Uids of the signals that wait on disk.
    pub fn waiting(&self) -> Vec<String> {
        let bytes = std::fs::read(self.state_path()).unwrap();
        let state: Value = serde_json::from_slice(&bytes).unwrap();
        uids(&state["pending"])
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn config(&self, backend_url: &str, endpoints: &[String]) -> AgentConfig {
        AgentConfig {
            backend_url: backend_url.to_owned(),
            site_id: "site-test".to_owned(),
            token: Secret::new("atl_test"),
            ca_file: None,
            interval_seconds: 300,
            state_path: self.state_path(),
            docker_hosts: endpoints
                .iter()
                .map(|endpoint| DockerHost {
                    endpoint: endpoint.clone(),
                    restart_threshold: 3,
                })
                .collect(),
            warnings: Vec::new(),
        }
    }

    /// A configuration file for the real binary.
    pub fn write_config(&self, backend_url: &str, endpoint: Option<&str>) -> PathBuf {
        let path = self.join("agent_config.yaml");
        let docker = endpoint.map_or_else(String::new, |endpoint| {
            format!("  docker_hosts:\n    - endpoint: {endpoint}\n")
        });
        let text = format!(
            "agent:\n  backend_url: {backend_url}\n  site_id: site-test\n  token: atl_test\n  interval_seconds: 5\n{docker}"
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn uids(signals: &Value) -> Vec<String> {
    signals
        .as_array()
        .unwrap()
        .iter()
        .map(|signal| signal["uid"].as_str().unwrap().to_owned())
        .collect()
}

/// A clock that starts now and is turned by hand.
#[derive(Debug)]
pub struct Hand(Cell<Timestamp>);

impl Hand {
    pub fn new() -> Self {
        Self(Cell::new(atlas_ops::clock::now()))
    }

    pub fn turn_minutes(&self, minutes: i64) {
        self.0.set(self.0.get().plus_millis(minutes * 60_000));
    }
}

/// One cycle, which must not be turned away.
pub fn cycle(config: &AgentConfig, clock: &Hand) -> Cycle {
    cycle_within(config, clock, Duration::from_secs(20))
}

pub fn cycle_within(config: &AgentConfig, clock: &Hand, limit: Duration) -> Cycle {
    match agent::run_once(config, Instant::now() + limit, &|| clock.0.get()).unwrap() {
        Outcome::Done(cycle) => cycle,
        Outcome::Busy => panic!("another agent holds the state"),
    }
}

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
        &json!({"signal_id": 7, "received_at": "2026-11-23T04:00:00Z"}),
    )
}

/// A container of the fake engine.
#[derive(Debug, Clone)]
pub struct Fake {
    pub id: String,
    pub name: String,
    /// `running`, `exited`, ...
    pub state: &'static str,
    pub exit_code: i64,
    pub policy: &'static str,
}

impl Fake {
    pub fn new(name: &str, state: &'static str) -> Self {
        let id = hash::hex(name.as_bytes());
        Self {
            id: format!("{id:0<64}")[..64].to_owned(),
            name: name.to_owned(),
            state,
            exit_code: i64::from(state == "exited"),
            policy: "always",
        }
    }

    fn row(&self) -> Value {
        let status = match self.state {
            "exited" => format!("Exited ({}) 2 hours ago", self.exit_code),
            _ => "Up 2 hours".to_owned(),
        };
        json!({"Id": self.id, "Names": [format!("/{}", self.name)], "Image": "test:1",
            "State": self.state, "Status": status})
    }

    fn inspection(&self) -> Value {
        json!({"Id": self.id, "Name": format!("/{}", self.name), "RestartCount": 0,
            "State": {"Status": self.state, "Running": self.state == "running",
                "OOMKilled": false, "ExitCode": self.exit_code,
                "StartedAt": "2026-11-22T00:00:00.123456789Z",
                "FinishedAt": "0001-01-01T00:00:00Z"},
            "HostConfig": {"RestartPolicy": {"Name": self.policy, "MaximumRetryCount": 0}}})
    }
}

/// What a healthy engine with these containers answers.
pub fn engine(containers: Vec<Fake>) -> impl FnMut(&Asked) -> Answer + Send + 'static {
    move |asked| {
        let path = asked.path.split('?').next().unwrap_or_default();
        if path.ends_with("/version") {
            return Answer::json(
                200,
                &json!({"Version": "28.0.0", "ApiVersion": "1.47", "MinAPIVersion": "1.24"}),
            );
        }
        if path.ends_with("/containers/json") {
            let rows: Vec<Value> = containers.iter().map(Fake::row).collect();
            return Answer::json(200, &rows.into());
        }
        containers
            .iter()
            .find(|fake| path.ends_with(&format!("/containers/{}/json", fake.id)))
            .map_or_else(
                || Answer::json(404, &json!({"message": "No such container"})),
                |fake| Answer::json(200, &fake.inspection()),
            )
    }
}
