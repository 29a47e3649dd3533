//! The agent and a real Docker Engine: containers that exit, loop, fail their health check, run
//! out of memory, are stopped, started, recreated and removed. Signals are sent once and resolved.
//!
//! Starts its own dockerd with everything of it in a temporary directory, and needs root for
//! that. Where it cannot start, the test fails.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use atlas_ops::agent;
use atlas_ops::config::agent::AgentConfig;
use atlas_ops::domain::signal::NewSignal;
use serde_json::Value;
use support::agent::{Hand, Place, cycle};
use support::server::Server;

/// Longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(40);

/// A Docker Engine of our own.
struct Engine {
    place: Place,
    daemon: Child,
}

impl Engine {
    fn start() -> Self {
        let place = Place::new();
        // overlayfs cannot stand on overlayfs: where tests run in a container, vfs always works.
        let driver = if on_overlay(&place) {
            "vfs"
        } else {
            "overlay2"
        };
        let at = |name: &str| place.join(name).display().to_string();
        let log = fs::File::create(place.join("dockerd.log")).unwrap();
        let daemon = Command::new("dockerd")
            .args(["--data-root", &at("data"), "--exec-root", &at("exec")])
            .args(["--pidfile", &at("pid"), "--storage-driver", driver])
            .args(["--host", &format!("unix://{}", at("docker.sock"))])
            .args(["--bridge=none", "--iptables=false", "--ip6tables=false"])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let engine = Self { place, daemon };
        let begin = Instant::now();
        while !engine.docker(&["version"]).status.success() {
            let log = fs::read_to_string(engine.place.join("dockerd.log")).unwrap();
            assert!(
                begin.elapsed() < PATIENCE,
                "dockerd does not start (needs root):\n{log}"
            );
            sleep(Duration::from_millis(100));
        }
        engine.import_busybox();
        engine
    }

    fn endpoint(&self) -> String {
        format!("unix://{}", self.place.join("docker.sock").display())
    }

    fn docker(&self, arguments: &[&str]) -> std::process::Output {
        Command::new("docker")
            .args(["--host", &self.endpoint()])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a docker command that must succeed and answers with what it printed.
    fn must(&self, arguments: &[&str]) -> String {
        let output = self.docker(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// An image of one static program, busybox, and the names it goes by.
    fn import_busybox(&self) {
        let root = self.place.join("root");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        for name in ["sh", "sleep", "true", "false", "tail", "touch", "test"] {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
        }
        let tar = self.place.join("root.tar");
        let made = Command::new("tar")
            .args([
                "-C",
                root.to_str().unwrap(),
                "-cf",
                tar.to_str().unwrap(),
                ".",
            ])
            .status();
        assert!(made.unwrap().success());
        self.must(&["import", tar.to_str().unwrap(), "box:1"]);
    }

    /// Starts a container without network; `flags` before the image, `command` after it.
    fn run(&self, name: &str, flags: &[&str], command: &[&str]) {
        let mut arguments = vec!["run", "--detach", "--network", "none", "--name", name];
        arguments.extend(flags);
        arguments.push("box:1");
        arguments.extend(command);
        self.must(&arguments);
    }

    /// Waits until an inspection of the container shows something.
    fn wait_for(&self, name: &str, format: &str, wanted: impl Fn(&str) -> bool) {
        let begin = Instant::now();
        loop {
            let seen = self.must(&["inspect", "--format", format, name]);
            if wanted(&seen) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{name}: {format} is {seen}");
            sleep(Duration::from_millis(100));
        }
    }

    fn wait_for_status(&self, name: &str, status: &str) {
        self.wait_for(name, "{{.State.Status}}", |seen| seen == status);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let containers = self.docker(&["ps", "--all", "--quiet"]);
        let containers = String::from_utf8_lossy(&containers.stdout).into_owned();
        let mut remove = vec!["rm", "--force"];
        remove.extend(containers.split_whitespace());
        if remove.len() > 2 {
            self.docker(&remove);
        }
        // dockerd ends its own containerd when it is asked to end.
        let _ = Command::new("/bin/kill")
            .args(["-TERM", &self.daemon.id().to_string()])
            .status();
        let _ = self.daemon.wait();
        for mount in ["exec/netns/default", "data"] {
            // Left behind where the engine died; without it nothing is mounted and this fails.
            let _ = Command::new("umount")
                .arg(self.place.join(mount))
                .stderr(Stdio::null())
                .status();
        }
    }
}

fn on_overlay(place: &Place) -> bool {
    let output = Command::new("stat")
        .args(["--file-system", "--format", "%T"])
        .arg(&place.0)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains("overlay")
}

/// The agent that watches the engine, and the backend it sends to.
struct Watch<'a> {
    config: AgentConfig,
    backend: Server,
    clock: Hand,
    _place: &'a Place,
}

impl<'a> Watch<'a> {
    fn new(place: &'a Place, engine: &Engine) -> Self {
        let backend = Server::backend();
        Self {
            config: place.config(&backend.address, &[engine.endpoint()]),
            backend,
            clock: Hand::new(),
            _place: place,
        }
    }

    /// One cycle; `kind container status severity` of each signal, sorted.
    fn look(&self) -> Vec<String> {
        self.signals()
            .iter()
            .map(|signal| {
                let container = signal.detail.get("container").and_then(Value::as_str);
                format!(
                    "{} {} {} {}",
                    signal.kind.trim_start_matches("container_"),
                    container.unwrap_or("-"),
                    signal.status.as_str(),
                    signal.severity
                )
            })
            .collect()
    }

    fn signals(&self) -> Vec<NewSignal> {
        let cycle = cycle(&self.config, &self.clock);
        assert_eq!(cycle.delivery.unwrap().stopped, None);
        let mut signals = self.backend.take_signals();
        signals.sort_by_key(|signal| (signal.detail["container"].to_string(), signal.kind.clone()));
        signals
    }

    fn time_passes(&self) {
        self.clock.turn_minutes(15);
    }
}

#[test]
fn what_happens_in_a_real_engine_is_sent_once_and_resolved() {
    let engine = Engine::start();
    let place = Place::new();
    let watch = Watch::new(&place, &engine);

    first_sight(&engine, &watch);
    stopped_and_started(&engine, &watch);
    recreated_and_removed(&engine, &watch);
    engine_goes_away(engine, &watch);
}

/// Everything that is wrong when the agent comes, and what is none of its business.
fn first_sight(engine: &Engine, watch: &Watch<'_>) {
    let forever = ["sleep", "600"];
    engine.run("web", &["--restart", "unless-stopped"], &forever);
    engine.run("job", &[], &["sleep", "600"]);
    engine.run("old-job", &[], &["true"]);
    engine.run("old-failure", &[], &["sh", "-c", "exit 3"]);
    engine.must(&[
        "create",
        "--network",
        "none",
        "--name",
        "fresh",
        "box:1",
        "true",
    ]);
    engine.run("loop", &["--restart", "always"], &["false"]);
    let failing = [
        "--health-cmd",
        "test -f /well",
        "--health-interval",
        "1s",
        "--health-retries",
        "1",
    ];
    engine.run("sick", &failing, &forever);
    let once_greedy = "if test -f /fed; then exec sleep 600; fi; touch /fed; exec tail /dev/zero";
    let memory = ["--memory", "16m", "--memory-swap", "16m"];
    engine.run("greedy", &memory, &["sh", "-c", once_greedy]);
    engine.run("paused", &[], &forever);
    engine.must(&["pause", "paused"]);
    engine.wait_for("loop", "{{.RestartCount}}", |count| {
        count.parse::<u32>().unwrap() >= 3
    });
    engine.wait_for("sick", "{{.State.Health.Status}}", |health| {
        health == "unhealthy"
    });
    engine.wait_for_status("greedy", "exited");
    engine.wait_for_status("old-failure", "exited");

    let signals = watch.signals();
    let about = |kind: &str| signals.iter().find(|signal| signal.kind == kind).unwrap();
    assert_eq!(signals.len(), 3, "{signals:#?}");
    let oom = about("container_oom_killed");
    assert_eq!(oom.detail["container"], "greedy");
    assert_eq!(oom.detail["exit_code"], 137);
    let restarts = about("container_restart_count_high");
    assert_eq!(restarts.detail["container"], "loop");
    assert!(restarts.detail["restart_count"].as_u64().unwrap() >= 3);
    assert_eq!(restarts.detail["threshold"], 3);
    assert_eq!(restarts.detail["restart_policy"], "always");
    assert_eq!(about("container_unhealthy").detail["health"], "unhealthy");
    assert_eq!(watch.look(), [""; 0], "said once");

    let dry = agent::preview(
        &watch.config,
        Instant::now() + Duration::from_secs(10),
        &atlas_ops::clock::now,
    )
    .unwrap();
    assert_eq!(dry.report.conditions.len(), 3);
    let docker = &dry.report.integrations[0];
    assert_eq!(
        (docker.kind.as_str(), docker.status.as_str()),
        ("docker", "ok")
    );
    assert_eq!(docker.config["containers"], 9);
    assert!(
        docker.config["engine_version"]
            .as_str()
            .unwrap()
            .contains('.')
    );
}

fn stopped_and_started(engine: &Engine, watch: &Watch<'_>) {
    engine.must(&["stop", "--time", "0", "web", "job"]);
    engine.must(&["exec", "sick", "touch", "/well"]);
    engine.wait_for("sick", "{{.State.Health.Status}}", |health| {
        health == "healthy"
    });
    assert_eq!(
        watch.look(),
        [
            "down job firing warning",
            "unhealthy sick resolved info",
            "down web firing warning"
        ]
    );
    assert_eq!(watch.look(), [""; 0]);

    engine.must(&["start", "web", "greedy"]);
    engine.must(&["unpause", "paused"]);
    let news = watch.look();
    assert!(
        news.contains(&"down web resolved info".to_owned()),
        "{news:?}"
    );
    assert_eq!(
        news.iter().filter(|news| news.contains(" down ")).count(),
        0
    );
    // An engine may keep the memory of a kill while the container runs again.
    watch.time_passes();
    let mut oom = news;
    oom.extend(watch.look());
    oom.retain(|news| news.starts_with("oom_killed"));
    assert_eq!(oom, ["oom_killed greedy resolved info"]);
}

fn recreated_and_removed(engine: &Engine, watch: &Watch<'_>) {
    engine.must(&["rm", "--force", "loop", "job"]);
    engine.run("loop", &["--restart", "always"], &["sleep", "600"]);
    let signals = watch.signals();
    let told: Vec<&str> = signals
        .iter()
        .map(|signal| signal.summary.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "Docker container was removed: job",
            "Docker container was recreated: loop"
        ]
    );
    assert_eq!(signals[0].detail["status"], "removed");
    assert_eq!(watch.look(), [""; 0]);

    // A job that ends well is worth knowing, no more.
    engine.run(
        "backup",
        &[],
        &["sh", "-c", "while ! test -f /done; do sleep 0.1; done"],
    );
    assert_eq!(watch.look(), [""; 0]);
    engine.must(&["exec", "backup", "touch", "/done"]);
    engine.wait_for_status("backup", "exited");
    assert_eq!(watch.look(), ["down backup firing info"]);
    assert_eq!(watch.look(), [""; 0]);
}

fn engine_goes_away(engine: Engine, watch: &Watch<'_>) {
    engine.must(&["stop", "--time", "0", "web"]);
    assert_eq!(watch.look(), ["down web firing warning"]);
    drop(engine);
    assert_eq!(watch.look(), ["docker_unreachable - firing warning"]);
    assert_eq!(
        watch.look(),
        [""; 0],
        "what was down is not resolved by blindness"
    );
}
