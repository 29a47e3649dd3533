//! A server that runs: known by the address it printed, stopped by a signal, killed when the test
//! lets go of it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use super::atlas::SHARED;
use super::http::{Answer, Call};

/// How long a start may take on a busy machine before the test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Running {
    child: Child,
    log: Option<JoinHandle<String>>,
    /// Address without a slash at the end, the base path included.
    pub address: String,
    /// The one-time address, where there is one.
    pub welcome: Option<String>,
    /// What it said before the address: of the first account, where it made one.
    pub said: Vec<String>,
}

/// How it ended and what it had logged.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub log: String,
}

impl Running {
    /// Starts it, and waits for the line that names its address.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = Vec::new();
            errors.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        let out = BufReader::new(child.stdout.take().unwrap());
        let (heard, line) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // Nobody listens after the address; reading on keeps the pipe from filling.
                let _ = heard.send(line);
            }
        });
        let mut running = Self {
            child,
            log: Some(log),
            address: String::new(),
            welcome: None,
            said: Vec::new(),
        };
        let url = loop {
            let Ok(line) = line.recv_timeout(PATIENCE) else {
                panic!("the server did not start: {}", running.kill().log);
            };
            match line.strip_prefix("open the board: ") {
                Some(url) => break url.to_owned(),
                None => running.said.push(line),
            }
        };
        running.address = match url.split_once("/welcome/") {
            Some((address, _)) => {
                let address = address.to_owned();
                running.welcome = Some(url);
                address
            }
            None => url.trim_end_matches('/').to_owned(),
        };
        running
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(method, format!("{}{path}", self.address))
    }

    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call("POST", path).json(body)
    }

    /// Posts a signal with the shared token.
    pub fn signal(&self, body: &Value) -> Answer {
        self.post("/api/signals", body).with(SHARED).send()
    }

    /// Posts a signal with the shared token, which must be stored; answers it.
    #[track_caller]
    pub fn stored(&self, body: &Value) -> Value {
        self.signal(body).is(201).json()
    }

    /// A connection to say anything on.
    pub fn connect(&self) -> TcpStream {
        let host = self.address.strip_prefix("http://").unwrap();
        let host = host.split('/').next().unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and does not wait.
    pub fn terminate(&self) {
        // The shell's own `kill`: no package is needed, and only our child is meant.
        let status = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.pid())])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> Ended {
        self.terminate();
        self.wait()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) -> Ended {
        self.child.kill().unwrap();
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Ended {
        let status = self.child.wait().unwrap();
        let log = self.log.take().map(|log| log.join().unwrap());
        Ended {
            status,
            log: log.unwrap_or_default(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its end may have been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
