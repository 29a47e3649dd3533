//! What the network's checks meet: their configuration, and resolvers that behave as a test tells
//! them.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atlas_ops::config::agent::{self, AgentConfig};
use atlas_ops::config::env::Environment;
use atlas_ops::domain::signal::{NewSignal, Status};
use serde_json::Value;

use super::agent::{Hand, Place, cycle};
use super::server::Server;

/// A configuration whose `checks:` section is `checks`, in YAML of one line; the gateways and
/// resolvers of this machine are none of a test's business unless it says so.
pub fn config(place: &Place, backend: &str, checks: &str) -> AgentConfig {
    let path = write_config(place, backend, checks);
    agent::load_from(Some(path), Environment::default()).unwrap()
}

/// As [`config`], as a file for the real binary.
pub fn write_config(place: &Place, backend: &str, checks: &str) -> std::path::PathBuf {
    let path = place.join("agent_config.yaml");
    let mut text = format!(
        "agent:\n  backend_url: {backend}\n  site_id: site-test\n  token: {}\n  interval_seconds: 5\n  discovery: {{enabled: false}}\n  checks:\n",
        super::atlas::SHARED
    );
    for (key, quiet) in [("gateway", "{enabled: false}"), ("dns", "{enabled: false}")] {
        if !checks.contains(&format!("{key}:")) {
            text += &["    ", key, ": ", quiet, "\n"].concat();
        }
    }
    for line in checks.lines() {
        text += &["    ", line.trim(), "\n"].concat();
    }
    std::fs::write(&path, text).unwrap();
    path
}

/// `kind severity` of what fires and `kind resolved` of what ends, in their order.
pub fn told(signals: &[NewSignal]) -> Vec<String> {
    let word = |signal: &NewSignal| match signal.status {
        Status::Firing => signal.severity.as_str(),
        Status::Resolved => "resolved",
    };
    let one = |signal: &NewSignal| format!("{} {}", signal.kind, word(signal));
    signals.iter().map(one).collect()
}

/// A text of a signal's detail.
pub fn said<'a>(signal: &'a NewSignal, key: &str) -> &'a str {
    signal
        .detail
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Asks until the answer is as it should be.
pub fn until<T: std::fmt::Debug>(
    what: &str,
    mut ask: impl FnMut() -> T,
    good: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let answer = ask();
        if good(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: {answer:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Makes an answer, or several, of a question.
pub type Answering = Box<dyn FnMut(&[u8]) -> Vec<Vec<u8>> + Send>;

/// A DNS server on loopback that does what it is told.
pub struct Resolver {
    pub address: SocketAddr,
    answering: Arc<Mutex<Answering>>,
}

impl Resolver {
    /// Answers every question with a response code.
    pub fn new(code: u8) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let first: Answering = Box::new(move |question| vec![response(question, code)]);
        let answering = Arc::new(Mutex::new(first));
        let told = Arc::clone(&answering);
        std::thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                for answer in (told.lock().unwrap())(&question[..length]) {
                    socket.send_to(&answer, from).unwrap();
                }
            }
        });
        Self { address, answering }
    }

    /// From now on it does something else.
    pub fn behave(&self, answering: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) {
        *self.answering.lock().unwrap() = Box::new(answering);
    }
}

/// An answer without records.
pub fn response(question: &[u8], code: u8) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2] |= 0x80;
    answer[3] = code;
    answer
}

/// One cycle after the other, and what each sends.
pub struct Agent {
    config: AgentConfig,
    pub backend: Server,
    pub clock: Hand,
}

impl Agent {
    pub fn new(place: &Place, checks: &str) -> Self {
        let backend = Server::backend();
        Self {
            config: config(place, &backend.address, checks),
            backend,
            clock: Hand::new(),
        }
    }

    pub fn look(&self) -> Vec<NewSignal> {
        cycle(&self.config, &self.clock);
        self.backend.take_signals()
    }

    /// Looks twice: the second tells of what the first saw too. Answers with the one signal.
    pub fn fails(&self) -> NewSignal {
        assert_eq!(
            told(&self.look()),
            Vec::<String>::new(),
            "once is no complaint"
        );
        let mut signals = self.look();
        assert_eq!(signals.len(), 1, "{signals:?}");
        signals.remove(0)
    }

    pub fn is_well_again(&self, kind: &str) {
        assert_eq!(told(&self.look()), [format!("{kind} resolved")]);
        assert!(self.look().is_empty());
    }

    /// What the last report says is unknown: `kind reason`.
    pub fn unknown(&self) -> Vec<String> {
        cycle(&self.config, &self.clock);
        let report = self.backend.take_asked().remove(0).json();
        let unknown = report["unknown"].as_array().cloned().unwrap_or_default();
        let words = |one: &Value| {
            format!(
                "{} {}",
                one["kind"].as_str().unwrap(),
                one["reason"].as_str().unwrap()
            )
        };
        unknown.iter().map(words).collect()
    }
}
