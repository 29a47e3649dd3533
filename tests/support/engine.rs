//! A real engine for one test, Docker's or Podman's: a service of its own, with everything of it in a
//! temporary directory, and an image of one static program. Needs root; where it cannot start, the
//! test fails.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::agent::Place;

/// Longest that anything here is waited for.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// What Podman is told: no more files than a test's machine allows, and no systemd.
const PODMAN: &str = r#"[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"#;

/// An engine of our own.
pub struct Engine {
    pub place: Place,
    daemon: Child,
    /// The name that the image of one program has there.
    image: &'static str,
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
        let image = "box:1";
        let engine = Self {
            place,
            daemon,
            image,
        };
        engine.wait_until_it_answers("dockerd.log");
        let tar = engine.pack_busybox();
        engine.must(&["import", &tar, image]);
        engine
    }

    /// Podman's service, which answers as Docker does.
    pub fn podman() -> Self {
        let place = Place::new();
        let at = |name: &str| place.join(name).display().to_string();
        fs::write(place.join("containers.conf"), PODMAN).unwrap();
        let podman = || {
            let mut command = Command::new("podman");
            command
                .env("CONTAINERS_CONF", at("containers.conf"))
                .args(["--root", &at("data"), "--runroot", &at("exec")])
                .args(["--tmpdir", &at("tmp"), "--storage-driver", "vfs"]);
            command
        };
        let log = fs::File::create(place.join("podman.log")).unwrap();
        let daemon = podman()
            .args(["system", "service", "--time=0"])
            .arg(format!("unix://{}", at("docker.sock")))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let import = |tar: &str| podman().args(["import", tar, "box:1"]).output().unwrap();
        let engine = Self {
            daemon,
            image: "localhost/box:1",
            place: Place(place.0.clone()),
        };
        engine.wait_until_it_answers("podman.log");
        let output = import(&engine.pack_busybox());
        assert!(output.status.success(), "podman import: {output:?}");
        std::mem::forget(place);
        engine
    }

    fn wait_until_it_answers(&self, log: &str) {
        let begin = Instant::now();
        while !self.docker(&["version"]).status.success() {
            let log = fs::read_to_string(self.place.join(log)).unwrap();
            assert!(
                begin.elapsed() < PATIENCE,
                "the engine does not start (needs root):\n{log}"
            );
            sleep(Duration::from_millis(100));
        }
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

    /// Makes a file in a container that ends it. A moment later: the engine still asks how the
    /// command in it went, which it cannot where the container is gone by then.
    pub fn touch_soon(&self, container: &str, file: &str) {
        let later = format!("(sleep 0.5; touch {file}) &");
        self.must(&["exec", container, "sh", "-c", &later]);
    }

    /// One static program, busybox, and the names it goes by, as a file that can be imported.
    fn pack_busybox(&self) -> String {
        let root = self.place.join("root");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        for name in [
            "sh", "sleep", "true", "false", "tail", "touch", "test", "rm",
        ] {
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
        tar.display().to_string()
    }

    /// Starts a container without network; `flags` before the image, `command` after it.
    pub fn run(&self, name: &str, flags: &[&str], command: &[&str]) {
        let mut arguments = vec!["run", "--detach", "--network", "none", "--name", name];
        arguments.extend(flags);
        arguments.push(self.image);
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
