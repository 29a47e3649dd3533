//! What the tests of `install` share: a folder to install into, the runs in it, and what other
//! programs say of the files.

#![allow(clippy::print_stderr)] // what this machine cannot check is said

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use atlas_ops::config::env::Environment;
use atlas_ops::config::{agent, backend};
use serde_json::{Value, json};

pub const BINARY: &str = env!("CARGO_BIN_EXE_atlas-ops");
pub const TOKEN: &str = "atl_0123456789abcdef0123456789abcdef0123456789abcdef";

/// A folder to install into, and the runs in it.
pub struct Bench {
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        // On the same disk as the binary, so that a link to it can stand here.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(Path::new(BINARY))
            .args(arguments)
            .output()
            .unwrap();
        Run::of(&output)
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = self
            .command(Path::new(BINARY))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        Run::of(&child.wait_with_output().unwrap())
    }

    /// Runs on a pseudo terminal and answers what it asks: each step waits for a text, and for
    /// the echo to be off where the answer is hidden.
    pub fn guided(&self, arguments: &[&str], steps: &[(&str, &str, bool)]) -> Run {
        let mut argv = vec![BINARY];
        argv.extend(arguments);
        let spec = json!({ "argv": argv, "steps": steps }).to_string();
        let output = self
            .command(Path::new("python3"))
            .args(["-c", TERMINAL, &spec])
            .output()
            .unwrap();
        Run::of(&output)
    }

    /// Every file with its content.
    pub fn snapshot(&self) -> BTreeMap<String, Vec<u8>> {
        fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let content = fs::read(entry.path()).unwrap_or_default();
                (entry.file_name().into_string().unwrap(), content)
            })
            .collect()
    }

    pub fn names(&self) -> Vec<String> {
        self.snapshot().into_keys().collect()
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn agent(&self) -> agent::AgentConfig {
        agent::load_from(Some(self.path("agent_config.yaml")), Environment::default()).unwrap()
    }

    pub fn backend(&self) -> backend::BackendConfig {
        let path = self.path("atlas_ops.config.yaml");
        backend::load_from(Some(path), Environment::default()).unwrap()
    }
}

#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn refused(self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:#?}");
        for part in parts.iter().chain(&["hint: "]) {
            assert!(self.err.contains(part), "{part}: {self:#?}");
        }
    }

    #[track_caller]
    pub fn hides(&self, secret: &str) {
        assert!(!self.out.contains(secret), "{self:#?}");
        assert!(!self.err.contains(secret), "{self:#?}");
    }
}

/// A person at a terminal: argv and steps as JSON in the first argument.
pub const TERMINAL: &str = r#"
import json, os, pty, select, sys, termios, time
spec = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execv(spec["argv"][0], spec["argv"])
seen, mark, end = b"", 0, time.monotonic() + 60
def read():
    global seen
    if time.monotonic() > end:
        sys.exit("timed out after: " + seen.decode())
    if not select.select([fd], [], [], 1)[0]:
        return True
    try:
        part = os.read(fd, 65536)
    except OSError:
        part = b""
    seen += part
    return bool(part)
for wait, answer, hidden in spec["steps"]:
    wait = wait.encode()
    while wait not in seen[mark:]:
        if not read():
            sys.exit("ended without " + repr(wait) + " after: " + seen.decode())
    mark = seen.index(wait, mark) + len(wait)
    while hidden and termios.tcgetattr(fd)[3] & termios.ECHO and time.monotonic() < end:
        select.select([], [], [], 0.01)
    os.write(fd, answer.encode() + b"\n")
while read():
    pass
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What systemd itself says of a unit, where it is installed.
#[track_caller]
pub fn verify(unit: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(unit.file_name().unwrap());
    fs::copy(unit, &copy).unwrap();
    match Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&copy)
        .output()
    {
        Err(error) => eprintln!("systemd-analyze is not here: the unit is not verified ({error})"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            assert!(!said.contains("atlas-ops"), "{said}");
        }
    }
}

/// What the task file says, read by another's XML parser.
pub fn task(path: &Path) -> Value {
    let reader = r#"
import json, sys
import xml.etree.ElementTree as tree
raw = open(sys.argv[1], "rb").read()
assert raw[:2] == b"\xff\xfe", raw[:2]
text = raw.decode("utf-16")
assert "\n" not in text.replace("\r\n", ""), "a line end that is not CRLF"
root = tree.fromstring(raw)
space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
assert root.tag == space + "Task" and root.attrib == {"version": "1.2"}
names = "Interval MultipleInstancesPolicy ExecutionTimeLimit UserId RunLevel Command Arguments Description"
print(json.dumps({name: root.find(".//" + space + name).text for name in names.split()}))
"#;
    let output = Command::new("python3")
        .args(["-c", reader])
        .arg(path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}
