//! The real binary in its loop, as systemd runs it: what it tells the service manager, how it takes
//! another configuration over, and that a loop that hangs is noticed.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::io::{BufRead, BufReader};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use support::agent::{Fake, Place, engine};
use support::atlas::{BINARY, tool};
use support::server::{Answer, Server};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn command(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(["agent", "run", "--config"])
        .arg(place.join("agent_config.yaml"))
        .args(arguments)
        .env_remove("ATLAS_OPS_LOG")
        .env_remove("JOURNAL_STREAM")
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// An agent that runs, killed when the test lets go of it.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for a line with these words; answers everything up to it.
    fn says(&self, words: &str) -> String {
        let mut said = String::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            said += &line;
            said.push('\n');
            if line.contains(words) {
                return said;
            }
        }
        panic!("{words:?} was not said in: {said}");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        tool("/bin/kill", &[&format!("-{name}"), &pid]);
    }

    fn ends(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its end may have been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The service manager.
struct Manager(UnixDatagram);

impl Manager {
    fn at(address: &SocketAddr) -> Self {
        let socket = UnixDatagram::bind_addr(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn hears(&self) -> Option<String> {
        let mut bytes = [0; 4096];
        let length = self.0.recv(&mut bytes).ok()?;
        Some(String::from_utf8(bytes[..length].to_vec()).unwrap())
    }

    fn waits_for(&self, start: &str) -> String {
        loop {
            let told = self
                .hears()
                .unwrap_or_else(|| panic!("{start} was not told"));
            if told.starts_with(start) {
                return told;
            }
        }
    }
}

fn asked(backend: &Server, what: impl Fn(&support::server::Asked) -> bool) {
    let begin = Instant::now();
    while !backend.take_asked().iter().any(&what) {
        assert!(begin.elapsed() < PATIENCE, "the backend was not asked");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_service_manager_is_told_what_goes_on() {
    let place = Place::new();
    let backend = Server::backend();
    place.write_config(&backend.address, None);
    let path = place.join("notify.sock");
    let hidden = format!("atlas-ops-test-{}", std::process::id());
    for (name, address) in [
        (
            path.to_str().unwrap().to_owned(),
            SocketAddr::from_pathname(&path).unwrap(),
        ),
        (
            format!("@{hidden}"),
            SocketAddr::from_abstract_name(&hidden).unwrap(),
        ),
    ] {
        let manager = Manager::at(&address);
        let mut command = command(&place, &[]);
        command.env("NOTIFY_SOCKET", name);
        let mut agent = Running::start(command);
        manager.waits_for("READY=1");
        let status = manager.waits_for("STATUS=");
        assert!(
            status.contains("0 conditions open") && status.contains("reports to"),
            "{status}"
        );
        agent.signal("HUP");
        let reloading = manager.waits_for("RELOADING=1");
        let micros = reloading
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .unwrap();
        assert!(micros.parse::<u64>().unwrap() > 0);
        manager.waits_for("READY=1");
        agent.signal("TERM");
        manager.waits_for("STOPPING=1");
        assert_eq!(agent.ends(), 0);
    }
}

#[test]
fn a_good_configuration_is_taken_over_at_once_and_a_wrong_one_is_not() {
    let place = Place::new();
    let (first, second) = (Server::backend(), Server::backend());
    let write = |backend: &Server, more: &str| {
        let path = place.write_config(&backend.address, None);
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("interval_seconds: 5", "interval_seconds: 3600");
        std::fs::write(path, text + more).unwrap();
    };
    write(&first, "");
    let agent = Running::start(command(&place, &[]));
    asked(&first, |_| true);
    agent.says("cycle done");

    write(&second, "  spool: {max_age_days: 0}\n  docker_hots: []\n");
    agent.signal("HUP");
    let said = agent.says("config check");
    assert!(said.contains("the old one stays in force"), "{said}");
    for complaint in [
        "line 7, column 11: agent.spool.max_age_days",
        "line 8, column 3: agent.docker_hots",
    ] {
        assert!(said.contains(complaint), "{complaint} in {said}");
    }
    asked(&first, |_| true);
    assert!(second.take_asked().is_empty());

    write(&second, "  state_path: elsewhere.json\n");
    agent.signal("HUP");
    let said = agent.says("hint: restart it");
    assert!(said.contains("agent.state_path"), "{said}");
    asked(&first, |_| true);

    write(&second, "");
    let path = place.join("agent_config.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("atl_test", "atl_other")).unwrap();
    first.take_asked();
    agent.signal("HUP");
    agent.says("is in force");
    asked(&second, |asked| {
        asked.header("authorization") == Some("Bearer atl_other")
    });
    assert!(first.take_asked().is_empty());
}

/// An agent whose next cycle hangs in a system call, as on a dead disk.
fn hanging(place: &Place, mut command: Command) -> Running {
    let docker = Server::unix(&place.join("docker.sock"), engine(Vec::new()));
    let backend = Server::backend();
    place.write_config(&backend.address, Some(&docker.address));
    command.args(["--time-limit", "1"]);
    let agent = Running::start(command);
    agent.says("cycle done");
    docker.behave(engine(vec![Fake::new("web", "exited")]));
    // Opening a pipe that nobody reads from does not come back.
    let pipe = place.join("agent_state.json.tmp");
    tool("mkfifo", &[pipe.to_str().unwrap()]);
    agent.signal("HUP");
    agent
}

#[test]
fn a_loop_that_hangs_starves_the_watchdog() {
    let place = Place::new();
    let path = place.join("notify.sock");
    let manager = Manager::at(&SocketAddr::from_pathname(&path).unwrap());
    let mut command = command(&place, &[]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "400000");
    let mut agent = hanging(&place, command);
    manager.waits_for("WATCHDOG=1");
    let said = agent.says("the agent hangs");
    assert!(said.contains("hint: "), "{said}");
    // Nothing that was told before the hang is left unread; then nothing more comes.
    let limit = Duration::from_millis(1500);
    manager
        .0
        .set_read_timeout(Some(Duration::from_millis(10)))
        .unwrap();
    while manager.hears().is_some() {}
    manager.0.set_read_timeout(Some(limit)).unwrap();
    assert_eq!(manager.hears(), None);
    assert!(
        agent.child.try_wait().unwrap().is_none(),
        "the manager ends it"
    );
}

#[test]
fn a_loop_that_hangs_ends_itself_where_nobody_watches() {
    let place = Place::new();
    let mut command = command(&place, &[]);
    command.env_remove("NOTIFY_SOCKET");
    let mut agent = hanging(&place, command);
    agent.says("the agent hangs");
    assert_eq!(agent.ends(), 75);
}

#[test]
fn a_backend_that_accepts_and_hangs_costs_one_bounded_request() {
    let place = Place::new();
    let backend = Server::tcp("http", |_| Answer::Hang(Duration::from_mins(1)));
    place.write_config(&backend.address, None);
    let mut agent = Running::start(command(&place, &["--time-limit", "2"]));
    let begin = Instant::now();
    let said = agent.says("cannot deliver");
    assert!(said.contains("no answer in time"), "{said}");
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert_eq!(backend.take_asked().len(), 1);
    agent.signal("TERM");
    assert_eq!(agent.ends(), 0);
}

#[test]
fn cron_keeps_away_while_the_server_asks_for_it() {
    let place = Place::new();
    let busy = |_: &support::server::Asked| {
        let headers = vec![("retry-after", "600".to_owned())];
        let body = support::server::problem(503).to_string();
        Answer::With(503, "application/problem+json", headers, body)
    };
    let backend = Server::tcp("http", busy);
    place.write_config(&backend.address, None);
    let run = || command(&place, &["--once"]).output().unwrap();
    assert_eq!(run().status.code(), Some(75));
    assert_eq!(backend.take_asked().len(), 1);
    backend.behave(support::server::accept);
    let output = run();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(
        said.contains("left alone until") && said.contains("hint: "),
        "{said}"
    );
    assert!(backend.take_asked().is_empty());
    // A loop that starts meanwhile keeps away as well.
    let agent = Running::start(command(&place, &[]));
    agent.says("cycle done");
    assert!(backend.take_asked().is_empty());
    // A person may try, and then all is forgotten.
    drop(agent);
    let config = place.config(&backend.address, &[]);
    let deadline = Instant::now() + PATIENCE;
    atlas_ops::agent::run_now(&config, deadline, &atlas_ops::clock::now).unwrap();
    assert_eq!(backend.take_asked().len(), 1);
    assert_eq!(run().status.code(), Some(0));
}

#[test]
fn the_journal_gets_levels_and_no_time() {
    let place = Place::new();
    place.write_config("http://127.0.0.1:9", None);
    let path = place.join("journal");
    let file = std::fs::File::create(&path).unwrap();
    let metadata = file.metadata().unwrap();
    let mut command = command(&place, &[]);
    command.stderr(file).env(
        "JOURNAL_STREAM",
        format!("{}:{}", metadata.dev(), metadata.ino()),
    );
    let mut child = command.spawn().unwrap();
    let begin = Instant::now();
    let text = loop {
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("cannot deliver") {
            break text;
        }
        assert!(begin.elapsed() < PATIENCE, "{text}");
        std::thread::sleep(Duration::from_millis(10));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(text.contains("<6>agent started "), "{text}");
    assert!(text.contains("<4>cannot deliver to "), "{text}");
    assert!(text.lines().all(|line| line.starts_with('<')), "{text}");
}

#[test]
fn a_log_file_takes_the_place_of_stderr() {
    let place = Place::new();
    let path = place.write_config("http://127.0.0.1:9", None);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "  log_file: logs/agent.log\n").unwrap();
    let output = command(&place, &["--once"]).output().unwrap();
    assert_eq!(output.status.code(), Some(75));
    let read = || std::fs::read_to_string(place.join("logs").join("agent.log")).unwrap();
    let said = read();
    assert!(
        said.contains("ERROR cannot deliver to http://127.0.0.1:9"),
        "{said}"
    );
    assert!(
        said.contains("hint: ") && !said.contains("atl_test"),
        "{said}"
    );
    let mut child = command(&place, &[]).spawn().unwrap();
    let begin = Instant::now();
    while !read().contains("cycle done") {
        assert!(begin.elapsed() < PATIENCE, "{}", read());
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_check_that_cannot_be_made_is_said_once() {
    let place = Place::new();
    let backend = Server::backend();
    let config = format!(
        "agent:\n  backend_url: {}\n  site_id: site-test\n  token: atl_test\n  interval_seconds: 5\n  discovery: {{enabled: false}}\n  checks: {{units: {{bus: /nowhere/bus}}}}\n",
        backend.address
    );
    std::fs::write(place.join("agent_config.yaml"), config).unwrap();
    let agent = Running::start(command(&place, &[]));
    let words = "cannot tell systemd_unit_failed of units";
    let first = agent.says("cycle done");
    assert_eq!(first.matches(words).count(), 1, "{first}");
    // Five seconds apart.
    let second = agent.says("cycle done");
    assert_eq!(second.matches(words).count(), 0, "{second}");
}
