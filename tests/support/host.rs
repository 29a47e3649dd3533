//! What the tests of the host's checks need: the real binary against the real server, file systems
//! of their own, and a systemd of their own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::atlas::{Atlas, Ran, SHARED};
use super::running::Running;

/// What a system may take until it is there.
const PATIENCE: Duration = Duration::from_mins(1);

/// Checks that are not asked for by a test.
const OTHERS: [&str; 7] = [
    "gateway", "dns", "disks", "memory", "load", "units", "clock",
];

/// The real server, and an agent whose cycles are run by hand.
pub struct Bench {
    pub server: Running,
    token: String,
    atlas: Atlas,
}

impl Bench {
    pub fn new() -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        let token = atlas.token("read").secret;
        Self {
            server,
            token,
            atlas,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.atlas.path(name)
    }

    /// Tells the agent what to check: lines of `checks:`. Nothing else is.
    pub fn checks(&self, lines: &[&str]) {
        let backend = self.server.address.clone();
        self.report_to(&backend, lines);
    }

    pub fn report_to(&self, backend: &str, lines: &[&str]) {
        let mut text = format!(
            "agent:\n  backend_url: {backend}\n  site_id: site-test\n  token: {SHARED}\n  interval_seconds: 60\n  discovery: {{enabled: false}}\n  checks:\n"
        );
        for line in lines {
            text += &["    ", line, "\n"].concat();
        }
        for other in OTHERS {
            let is_asked = |line: &&str| line.starts_with(&format!("{other}:"));
            if !lines.iter().any(is_asked) {
                text += &["    ", other, ": {enabled: false}\n"].concat();
            }
        }
        std::fs::write(self.path("agent_config.yaml"), text).unwrap();
    }

    /// One cycle of the real agent.
    #[track_caller]
    pub fn cycle(&self) {
        let ran = self.agent(&[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }

    pub fn agent(&self, more: &[&str]) -> Ran {
        let config = self.path("agent_config.yaml");
        let run = [
            "agent",
            "run",
            "--once",
            "--config",
            config.to_str().unwrap(),
        ];
        self.atlas.run(&[&run, more].concat())
    }

    /// What a cycle would report.
    pub fn preview(&self) -> Value {
        let ran = self.agent(&["--dry-run"]);
        serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{} {}", ran.out, ran.err))
    }

    /// Incidents of a kind about a subject, whatever their state. What else is wrong with the
    /// machine is not the test's.
    pub fn incidents(&self, kind: &str, subject: &str) -> Vec<Value> {
        let list = |state: &str| -> Vec<Value> {
            let path = format!("/api/incidents?state={state}");
            let answer = self.server.get(&path).with(&self.token).send().is(200);
            serde_json::from_value(answer.json()).unwrap()
        };
        let mut all = [list("open"), list("resolved")].concat();
        let end = format!(":{kind}:{subject}");
        all.retain(|incident| incident["dedup_key"].as_str().unwrap().ends_with(&end));
        all
    }

    /// The one open incident of a kind about a subject, which offers the runbook of that kind first.
    #[track_caller]
    pub fn is_open(&self, kind: &str, subject: &str) -> Value {
        let incidents = self.incidents(kind, subject);
        assert_eq!(incidents.len(), 1, "{incidents:#?}");
        let path = format!("/api/incidents/{}", incidents[0]["id"]);
        let call = self.server.get(&path).with(&self.token);
        let incident = call.send().is(200).json();
        assert_eq!(incident["state"], "open", "{incident:#}");
        let runbook = format!("rb-{}", kind.replace('_', "-"));
        assert_eq!(incident["runbook_id"], runbook.as_str(), "{incident:#}");
        incident
    }

    /// As it was told by the source.
    #[track_caller]
    pub fn is_resolved(&self, kind: &str, subject: &str) {
        let incidents = self.incidents(kind, subject);
        assert_eq!(incidents.len(), 1, "{incidents:#?}");
        assert_eq!(incidents[0]["state"], "resolved", "{:#}", incidents[0]);
    }
}

/// A file system of its own, in a file.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Of 32 MB, without a reserve.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        let file = std::fs::File::create(&image).unwrap();
        file.set_len(32 * 1024 * 1024).unwrap();
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        let disk = Self { folder };
        must(
            Command::new("mkfs.ext4")
                .args(["-q", "-m", "0"])
                .arg(&image),
        );
        must(
            Command::new("mount")
                .args(["-o", "loop"])
                .arg(&image)
                .arg(disk.mount()),
        );
        disk
    }

    pub fn mount(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Writes a file of this many megabytes; the file system takes as much as it has.
    pub fn write(&self, name: &str, megabytes: usize) {
        let mut file = std::fs::File::create(self.mount().join(name)).unwrap();
        let piece = [1; 8 * 1024];
        for _ in 0..megabytes * 128 {
            if file.write_all(&piece).is_err() {
                break;
            }
        }
        drop(file);
        must(Command::new("sync").arg("-f").arg(self.mount()));
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.mount().join(name)).unwrap();
        must(Command::new("sync").arg("-f").arg(self.mount()));
    }

    pub fn unmount(&self) {
        must(Command::new("umount").arg(self.mount()));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A test that ended well may have unmounted it.
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.mount())
            .stderr(Stdio::null())
            .status();
    }
}

/// A file system whose server never answers: every look at it hangs until this is dropped.
pub struct Hung {
    folder: TempDir,
    device: Option<std::fs::File>,
}

impl Hung {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let device = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-i", "-t", "fuse.nas", "-o"])
            .arg("fd=0,rootmode=40000,user_id=0,group_id=0,allow_other")
            .arg("nas:/export")
            .arg(folder.path())
            .stdin(device.try_clone().unwrap());
        must(&mut mount);
        Self {
            folder,
            device: Some(device),
        }
    }

    pub fn mount(&self) -> &Path {
        self.folder.path()
    }

    /// Its server is gone for good: what hung on it ends.
    pub fn end(&mut self) {
        self.device.take();
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        self.end();
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.mount())
            .stderr(Stdio::null())
            .status();
    }
}

/// A systemd that runs a system of its own: in namespaces, with its bus.
pub struct Systemd {
    child: Child,
    /// The first process, as it is known outside.
    first: u32,
}

impl Systemd {
    /// Starts it, and waits until its bus answers.
    pub fn new() -> Self {
        let prepare = "mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && mount -t tmpfs tmpfs /tmp; \
            mkdir -p /run/dbus; exec /lib/systemd/systemd --system --unit=basic.target --log-target=null --show-status=no";
        let child = Command::new("unshare")
            .args(["--fork", "--kill-child", "--pid", "--mount", "--mount-proc"])
            .args(["--cgroup", "--ipc", "--uts", "--net", "sh", "-c", prepare])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut systemd = Self { child, first: 0 };
        systemd.first = wait_for("systemd", || {
            let pid = systemd.child.id();
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            children.ok()?.trim().parse().ok()
        });
        wait_for("systemd's bus", || {
            let bus = systemd.bus();
            std::os::unix::net::UnixStream::connect(bus).ok()?;
            let running = systemd.inside(&["systemctl", "is-active", "basic.target"]);
            running.status.success().then_some(())
        });
        systemd
    }

    /// Its bus, as it is seen from outside.
    pub fn bus(&self) -> PathBuf {
        format!("/proc/{}/root/run/dbus/system_bus_socket", self.first).into()
    }

    /// Runs a program in it.
    pub fn inside(&self, words: &[&str]) -> std::process::Output {
        Command::new("nsenter")
            .args(["-t", &self.first.to_string(), "-p", "-m", "-n"])
            .args(words)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // Everything in its namespace ends with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[track_caller]
fn must(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
