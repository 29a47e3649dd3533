//! A real Docker Engine for one test: a dockerd of its own, with everything of it in a temporary
//! directory, and an image of one static program. Needs root; where it cannot start, the test fails.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::agent::Place;

/// Longest that anything here is waited for.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A Docker Engine of our own.
pub struct Engine {
    pub place: Place,
    daemon: Child,
}

impl Engine {
    pub fn start() -> Self {
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

    pub fn endpoint(&self) -> String {
        format!("unix://{}", self.place.join("docker.sock").display())
    }

    pub fn docker(&self, arguments: &[&str]) -> std::process::Output {
        Command::new("docker")
            .args(["--host", &self.endpoint()])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a docker command that must succeed and answers with what it printed.
    pub fn must(&self, arguments: &[&str]) -> String {
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
    pub fn run(&self, name: &str, flags: &[&str], command: &[&str]) {
        let mut arguments = vec!["run", "--detach", "--network", "none", "--name", name];
        arguments.extend(flags);
        arguments.push("box:1");
        arguments.extend(command);
        self.must(&arguments);
    }

    /// Waits until an inspection of the container shows something.
    pub fn wait_for(&self, name: &str, format: &str, wanted: impl Fn(&str) -> bool) {
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

    pub fn wait_for_status(&self, name: &str, status: &str) {
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
