//! `atlas-ops install`, by the real binary: what it writes, what it refuses, what it never shows.

#![cfg(unix)] // modes, pseudo terminals and units are looked at
#![allow(clippy::unwrap_used)] // a test that cannot go on fails
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

const BINARY: &str = env!("CARGO_BIN_EXE_atlas-ops");
const TOKEN: &str = "atl_0123456789abcdef0123456789abcdef0123456789abcdef";

/// A folder to install into, and the runs in it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        // On the same disk as the binary, so that a link to it can stand here.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(Path::new(BINARY))
            .args(arguments)
            .output()
            .unwrap();
        Run::of(&output)
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
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
    fn guided(&self, arguments: &[&str], steps: &[(&str, &str, bool)]) -> Run {
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
    fn snapshot(&self) -> BTreeMap<String, Vec<u8>> {
        fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let content = fs::read(entry.path()).unwrap_or_default();
                (entry.file_name().into_string().unwrap(), content)
            })
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.snapshot().into_keys().collect()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn agent(&self) -> agent::AgentConfig {
        agent::load_from(Some(self.path("agent_config.yaml")), Environment::default()).unwrap()
    }

    fn backend(&self) -> backend::BackendConfig {
        let path = self.path("atlas_ops.config.yaml");
        backend::load_from(Some(path), Environment::default()).unwrap()
    }
}

#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    #[track_caller]
    fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    #[track_caller]
    fn refused(self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:#?}");
        for part in parts.iter().chain(&["hint: "]) {
            assert!(self.err.contains(part), "{part}: {self:#?}");
        }
    }

    #[track_caller]
    fn hides(&self, secret: &str) {
        assert!(!self.out.contains(secret), "{self:#?}");
        assert!(!self.err.contains(secret), "{self:#?}");
    }
}

/// A person at a terminal: argv and steps as JSON in the first argument.
const TERMINAL: &str = r#"
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

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What systemd itself says of a unit, where it is installed.
#[track_caller]
fn verify(unit: &Path) {
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
fn task(path: &Path) -> Value {
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

#[test]
fn a_backend_is_installed_by_one_command() {
    let bench = Bench::new();
    let run = bench
        .run(&["install", "backend", "--yes", "--port", "8123"])
        .ok();
    assert_eq!(
        bench.names(),
        [
            "atlas-ops-backend.service",
            "atlas_ops.config.yaml",
            "atlas_ops.db"
        ]
    );
    let config = bench.backend();
    assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 8123));
    assert_eq!(config.database, bench.path("atlas_ops.db"));
    let token = config.shared_token.reveal();
    assert!(token.starts_with("atl_") && token.len() == 52);
    run.hides(token);
    assert_eq!(mode(&bench.path("atlas_ops.config.yaml")), 0o600);
    assert_eq!(mode(&bench.path("atlas_ops.db")), 0o600);
    assert_eq!(mode(&bench.path("atlas-ops-backend.service")), 0o644);

    let unit = bench.text("atlas-ops-backend.service");
    assert!(unit.contains(&format!("ExecStart=\"{BINARY}\" serve --config \"")));
    assert!(unit.contains("\nCapabilityBoundingSet=\n"));
    verify(&bench.path("atlas-ops-backend.service"));

    let config = bench.path("atlas_ops.config.yaml");
    let config = config.to_str().unwrap();
    assert!(
        run.out.contains(&format!("serve --config {config}")),
        "{run:?}"
    );
    assert!(
        run.out
            .contains("install agent --yes --backend-url http://127.0.0.1:8123 --token-file -")
    );
    bench.run(&["config", "check", "--config", config]).ok();
    bench.run(&["db", "check", "--config", config]).ok();
    assert!(
        bench
            .run(&["runbook", "list", "--config", config])
            .ok()
            .out
            .contains("rb-disk-full")
    );
}

#[test]
fn two_backends_share_no_token() {
    let (one, other) = (Bench::new(), Bench::new());
    for bench in [&one, &other] {
        bench.run(&["install", "backend", "--yes"]).ok();
    }
    assert_ne!(one.backend().shared_token, other.backend().shared_token);
}

#[test]
fn nothing_is_overwritten_without_force_and_a_database_never() {
    let bench = Bench::new();
    bench.run(&["install", "backend", "--yes"]).ok();
    bench.run(&["token", "create", "--label", "kept"]).ok();
    let before = bench.snapshot();
    bench
        .run(&["install", "backend", "--yes"])
        .refused(1, &["atlas_ops.config.yaml", "exists already", "--force"]);
    // One file of the installation in the way is enough for none to be written.
    fs::rename(bench.path("atlas_ops.config.yaml"), bench.path("aside")).unwrap();
    bench.run(&["install", "backend", "--yes"]).refused(
        1,
        &["atlas-ops-backend.service, exists", "--force"]
            .map(|part| part.split(',').next().unwrap()),
    );
    fs::rename(bench.path("aside"), bench.path("atlas_ops.config.yaml")).unwrap();
    assert_eq!(bench.snapshot(), before);

    let old = bench.backend().shared_token;
    let run = bench.run(&["install", "backend", "--yes", "--force"]).ok();
    assert!(run.out.contains("Kept the database") && run.out.contains("The shared token is new"));
    assert_ne!(bench.backend().shared_token, old);
    assert!(bench.run(&["token", "list"]).ok().out.contains("kept"));
}

#[test]
fn a_database_that_is_none_leaves_nothing_behind() {
    let bench = Bench::new();
    fs::write(bench.path("atlas_ops.db"), "a shopping list\n".repeat(20)).unwrap();
    let before = bench.snapshot();
    let run = bench.run(&["install", "backend", "--yes"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(bench.snapshot(), before);
    bench
        .run(&[
            "install",
            "backend",
            "--yes",
            "--db-url",
            "sqlite:///atlas_ops.config.yaml",
        ])
        .refused(2, &["another file of the installation", "--db-url"]);
    bench
        .run(&["install", "backend", "--yes", "--db-url", "postgres://x"])
        .refused(2, &["--db-url", "expected sqlite:///"]);
    assert_eq!(bench.snapshot(), before);
}

#[test]
fn an_absolute_database_is_what_the_unit_may_write() {
    let bench = Bench::new();
    let database = bench.path("data/x.db");
    let url = format!("sqlite:///{}", database.display());
    bench
        .run(&[
            "install",
            "backend",
            "--yes",
            "--db-url",
            &url,
            "--config",
            "etc/c.yaml",
        ])
        .ok();
    assert!(
        bench
            .text("etc/c.yaml")
            .contains(&format!("db_url: \"{url}\""))
    );
    assert!(database.is_file());
    let unit = bench.text("etc/atlas-ops-backend.service");
    let folder = bench.path("data");
    assert!(
        unit.contains(&format!("ReadWritePaths=\"{}\"\n", folder.display())),
        "{unit}"
    );
}

#[test]
fn an_agent_is_installed_by_one_command() {
    let bench = Bench::new();
    let run = bench
        .run_with_input(
            &[
                "install",
                "agent",
                "--yes",
                "--token-file",
                "-",
                "--backend-url",
                "http://10.0.0.5:8000/",
                "--interval-seconds",
                "90",
                "--docker",
                "tcp://proxy:2375",
                "--docker",
                "unix:///run/no.sock",
            ],
            &format!("{TOKEN}\n"),
        )
        .ok();
    assert_eq!(
        bench.names(),
        [
            "agent_config.yaml",
            "atlas-ops-agent.service",
            "atlas-ops-agent.xml"
        ]
    );
    run.hides(TOKEN);
    let config = bench.agent();
    assert_eq!(config.backend_url, "http://10.0.0.5:8000");
    assert_eq!(config.site_id, "site-homelab");
    assert!(config.token.matches(TOKEN));
    assert_eq!(config.interval_seconds, 90);
    let endpoints: Vec<_> = config
        .docker_hosts
        .iter()
        .map(|host| host.endpoint.as_str())
        .collect();
    assert_eq!(endpoints, ["tcp://proxy:2375", "unix:///run/no.sock"]);
    assert_eq!(mode(&bench.path("agent_config.yaml")), 0o600);

    let unit = bench.text("atlas-ops-agent.service");
    assert!(
        unit.contains("\nAmbientCapabilities=CAP_NET_RAW\n") && unit.contains("as good as root")
    );
    // A group that is missing would keep the unit from starting.
    assert!(unit.contains("\n#SupplementaryGroups=docker\n"));
    verify(&bench.path("atlas-ops-agent.service"));

    let task = task(&bench.path("atlas-ops-agent.xml"));
    assert_eq!(task["Interval"], "PT2M");
    assert_eq!(task["MultipleInstancesPolicy"], "IgnoreNew");
    assert_eq!(
        (&task["UserId"], &task["RunLevel"]),
        (&json!("S-1-5-19"), &json!("LeastPrivilege"))
    );
    assert_eq!(
        task["Arguments"],
        r#"agent run --once --config "%PROGRAMDATA%\AtlasOps\agent_config.yaml""#
    );
    assert!(
        task["Command"]
            .as_str()
            .unwrap()
            .ends_with(r"\atlas-ops.exe")
    );

    let config = bench.path("agent_config.yaml");
    let once = format!("agent run --once --config {}", config.display());
    for part in [
        once.as_str(),
        "*/2 * * * *",
        "systemctl",
        "schtasks /Create",
    ] {
        assert!(run.out.contains(part), "{part}: {run:#?}");
    }
    bench
        .run(&["config", "check", "--config", config.to_str().unwrap()])
        .ok();
}

#[test]
fn the_token_is_taken_from_wherever_it_is() {
    let bench = Bench::new();
    let file = bench.path("token.txt");
    fs::write(&file, format!("{TOKEN}\r\n")).unwrap();
    let file = file.to_str().unwrap();
    let install = ["install", "agent", "--yes", "--force", "--docker", "none"];
    for (flags, variables) in [
        (vec!["--token", TOKEN], vec![]),
        (
            vec!["--token-file", file],
            vec![("ATLAS_OPS_TOKEN", "another")],
        ),
        (vec![], vec![("ATLAS_OPS_TOKEN", TOKEN)]),
        (vec![], vec![("ATLAS_OPS_TOKEN_FILE", file)]),
    ] {
        let mut command = bench.command(Path::new(BINARY));
        command.args(install).args(&flags).envs(variables.clone());
        let run = Run::of(&command.output().unwrap()).ok();
        run.hides(TOKEN);
        assert!(
            bench.agent().token.matches(TOKEN),
            "{flags:?} {variables:?}"
        );
        assert!(bench.agent().docker_hosts.is_empty());
        fs::remove_file(bench.path("agent_config.yaml")).unwrap();
    }
}

#[test]
fn without_a_docker_flag_the_local_socket_is_watched_where_there_is_one() {
    let bench = Bench::new();
    bench
        .run(&["install", "agent", "--yes", "--token", TOKEN])
        .ok();
    let watched: Vec<_> = bench
        .agent()
        .docker_hosts
        .into_iter()
        .map(|host| host.endpoint)
        .collect();
    if Path::new("/var/run/docker.sock").exists() {
        assert_eq!(watched, ["unix:///var/run/docker.sock"]);
    } else {
        assert!(watched.is_empty());
    }
    verify(&bench.path("atlas-ops-agent.service"));
}

#[test]
fn an_agent_without_a_usable_token_is_not_installed() {
    let bench = Bench::new();
    let install = |token: &[&str]| bench.run(&[&["install", "agent", "--yes"], token].concat());
    install(&[]).refused(2, &["it has no token", "token create", "--token-file"]);
    install(&["--token", "YOUR_TOKEN"]).refused(2, &["--token", "placeholder"]);
    install(&["--token", "two words"]).refused(2, &["HTTP header"]);
    install(&["--token-file", "/nowhere/token"]).refused(2, &["/nowhere/token"]);
    bench
        .run_with_input(&["install", "agent", "--yes", "--token-file", "-"], "")
        .refused(2, &["it is empty"]);
    assert!(bench.names().is_empty());
}

#[test]
fn wrong_values_are_named_and_nothing_is_written() {
    let bench = Bench::new();
    for (flag, value, reason) in [
        ("--site-id", "a\nb", "control characters"),
        ("--site-id", " ", "1 to 128 characters"),
        ("--backend-url", "10.0.0.5:8000", "http://192.168.10.5:8000"),
        ("--backend-url", "http://a\nb", "control characters"),
        ("--docker", "ssh://host", "socket proxy"),
        ("--docker", "unix:///a\nUser=root", "control characters"),
        ("--config", "a\nUser=root.yaml", "control characters"),
        ("--config", "/", "it is a folder"),
    ] {
        let run = bench.run(&["install", "agent", "--yes", "--token", TOKEN, flag, value]);
        run.refused(2, &[reason]);
    }
    bench
        .run(&["install", "backend", "--yes", "--host", "a\nb"])
        .refused(2, &["--host"]);
    assert!(bench.names().is_empty());
}

#[test]
fn hostile_values_come_out_as_they_went_in() {
    let bench = Bench::new();
    let folder = bench.path(r#"a b%h $HOME \ 'it' "q" é"#);
    let programs = bench.path("a b%h $HOME é");
    for folder in [&folder, &programs] {
        fs::create_dir(folder).unwrap();
        fs::hard_link(BINARY, folder.join("atlas-ops")).unwrap();
    }
    let program = programs.join("atlas-ops");
    let config = folder.join("agent_config.yaml");
    let site = r#"it's "the" <site> & #1: %h $x \"#;
    let output = bench
        .command(&program)
        .args([
            "install",
            "agent",
            "--yes",
            "--token",
            TOKEN,
            "--site-id",
            site,
            "--config",
        ])
        .arg(&config)
        .output()
        .unwrap();
    let run = Run::of(&output).ok();
    let read = agent::load_from(Some(config.clone()), Environment::default()).unwrap();
    assert_eq!(read.site_id, site);
    // systemd finds the program only if it reads the path as it was meant.
    verify(&folder.join("atlas-ops-agent.service"));
    let task = task(&folder.join("atlas-ops-agent.xml"));
    assert!(task["Description"].as_str().unwrap().contains(site));

    // What is printed is pasted into a shell.
    let line = run
        .out
        .lines()
        .find(|line| line.contains("--once"))
        .unwrap();
    let check = line.trim().replace("agent run --once", "config check");
    let output = bench
        .command(Path::new("sh"))
        .args(["-c", &check])
        .output()
        .unwrap();
    Run::of(&output).ok();

    let config = folder.join("atlas_ops.config.yaml");
    let output = bench
        .command(&program)
        .args(["install", "backend", "--yes", "--config"])
        .arg(&config)
        .output();
    Run::of(&output.unwrap()).ok();
    verify(&folder.join("atlas-ops-backend.service"));

    // systemd itself takes no such program.
    let program = folder.join("atlas-ops");
    let output = bench
        .command(&program)
        .args(["install", "backend", "--yes"])
        .output();
    Run::of(&output.unwrap()).refused(1, &["holds quotes", "/usr/local/bin"]);
    assert!(!bench.path("atlas_ops.config.yaml").exists());
}

#[test]
fn variables_in_the_path_are_expanded() {
    let bench = Bench::new();
    for (path, file) in [
        ("~/one/a.yaml", "one/a.yaml"),
        ("%PLACE%/two/a.yaml", "two/a.yaml"),
        ("$PLACE/three/a.yaml", "three/a.yaml"),
    ] {
        let output = bench
            .command(Path::new(BINARY))
            .env("HOME", bench.path(""))
            .env("PLACE", bench.path(""))
            .args([
                "install", "agent", "--yes", "--token", TOKEN, "--config", path,
            ])
            .output();
        Run::of(&output.unwrap()).ok();
        assert!(bench.path(file).is_file(), "{path}");
    }
}

#[test]
fn an_agents_files_are_not_overwritten_without_force() {
    let bench = Bench::new();
    let install = ["install", "agent", "--yes", "--token", TOKEN];
    fs::write(bench.path("atlas-ops-agent.xml"), "mine").unwrap();
    let before = bench.snapshot();
    bench
        .run(&install)
        .refused(1, &["atlas-ops-agent.xml", "exists already", "--force"]);
    assert_eq!(bench.snapshot(), before);
    bench.run(&[&install[..], &["--force"]].concat()).ok();
    task(&bench.path("atlas-ops-agent.xml"));
    assert_eq!(bench.names().len(), 3);
}

#[test]
fn an_agent_does_not_take_the_backends_file() {
    let bench = Bench::new();
    bench.run(&["install", "backend", "--yes"]).ok();
    let before = bench.snapshot();
    let output = bench
        .command(Path::new(BINARY))
        .env("ATLAS_OPS_CONFIG", bench.path("atlas_ops.config.yaml"))
        .args(["install", "agent", "--yes", "--force", "--token", TOKEN])
        .output();
    Run::of(&output.unwrap()).refused(1, &["configuration of the backend", "--config"]);
    assert_eq!(bench.snapshot(), before);
}

#[test]
fn nobody_is_asked_where_there_is_no_terminal() {
    let bench = Bench::new();
    for what in ["backend", "agent"] {
        bench
            .run(&["install", what])
            .refused(2, &["not a terminal", "--yes"]);
    }
    assert!(bench.names().is_empty());
}

#[test]
fn a_backend_is_installed_by_answering() {
    let bench = Bench::new();
    let run = bench
        .guided(
            &["install", "backend", "--port", "8200"],
            &[
                ("Address to listen on [127.0.0.1]: ", "0.0.0.0", false),
                ("Port to listen on [8200]: ", "many", false),
                ("expected a number from 1 to 65535", "", false),
                (
                    "Database [sqlite:///atlas_ops.db]: ",
                    "sqlite:///sub/own.db",
                    false,
                ),
            ],
        )
        .ok();
    let config = bench.backend();
    assert_eq!((config.host.as_str(), config.port), ("0.0.0.0", 8200));
    assert!(bench.path("sub/own.db").is_file());
    run.hides(config.shared_token.reveal());
}

#[test]
fn an_agent_is_installed_by_answering_and_the_token_is_not_shown() {
    let bench = Bench::new();
    let run = bench
        .guided(
            &["install", "agent"],
            &[
                (
                    "Address of the backend [http://127.0.0.1:8000]: ",
                    "10.0.0.5",
                    false,
                ),
                ("expected an address such as", "http://10.0.0.5:8000", false),
                ("Site this host belongs to [site-homelab]: ", "", false),
                ("Seconds between two cycles [300]: ", "1", false),
                ("from 5 to 86400", "60", false),
                ("Docker endpoints", "npipe:////./pipe/docker_engine", false),
                ("named pipes are not supported", "tcp://proxy:2375", false),
                ("Ingest token", "CHANGE_ME", true),
                ("placeholder", TOKEN, true),
            ],
        )
        .ok();
    let config = bench.agent();
    assert_eq!(config.backend_url, "http://10.0.0.5:8000");
    assert_eq!(config.site_id, "site-homelab");
    assert_eq!(config.interval_seconds, 60);
    assert_eq!(config.docker_hosts[0].endpoint, "tcp://proxy:2375");
    assert!(config.token.matches(TOKEN));
    run.hides(TOKEN);
    run.hides("CHANGE_ME");
}

#[test]
fn who_goes_away_while_being_asked_leaves_nothing_behind() {
    let bench = Bench::new();
    let run = bench.guided(
        &["install", "backend"],
        &[
            ("Address to listen on", "", false),
            ("Port", "\u{4}", false),
        ],
    );
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.out.contains("the input ended"), "{run:#?}");
    assert!(bench.names().is_empty());
}
