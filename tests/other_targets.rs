//! The program as other machines run it: the Windows build under Wine, the ARM64 build under qemu,
//! each against a server of this machine. `scripts/test-targets.sh` builds both and runs this; a
//! plain run of the tests leaves it out, as Cargo.toml says.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::atlas::{Atlas, Ran, SHARED};
use support::running::Running;

/// Nobody listens on it: an engine that is down.
const DEAD_ENGINE: &str = "tcp://127.0.0.1:1";

/// A program, and what runs it here.
struct Elsewhere {
    runner: &'static str,
    program: String,
}

impl Elsewhere {
    fn windows() -> Self {
        Self::from("wine", "ATLAS_OPS_WINDOWS_PROGRAM")
    }

    fn arm64() -> Self {
        Self::from("qemu-aarch64", "ATLAS_OPS_ARM64_PROGRAM")
    }

    fn from(runner: &'static str, variable: &str) -> Self {
        let program = std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test-targets.sh"));
        Self { runner, program }
    }

    fn run(&self, folder: &Path, args: &[&str]) -> Ran {
        let mut command = Command::new(self.runner);
        command
            .arg(&self.program)
            .args(args)
            .current_dir(folder)
            .env("WINEDEBUG", "-all")
            .stdin(Stdio::null());
        for variable in ["ATLAS_OPS_CONFIG", "ATLAS_OPS_TOKEN", "ATLAS_OPS_LOG"] {
            command.env_remove(variable);
        }
        Ran::of(command.output().unwrap())
    }

    /// Installs an agent for the server into a folder, which watches an engine that is down.
    fn install(&self, folder: &Path, server: &Running, site: &str) -> Ran {
        let flags = [
            "install",
            "agent",
            "--yes",
            "--backend-url",
            &server.address,
            "--site-id",
            site,
            "--token",
            SHARED,
            "--docker",
            DEAD_ENGINE,
        ];
        self.run(folder, &flags).succeeds()
    }
}

/// The one agent that reported, and the signals that came, as the server has them.
fn seen(atlas: &Atlas, server: &Running) -> (Value, Value) {
    let token = atlas.token("read").secret;
    let read = |path: &str| server.get(path).with(&token).send().is(200).json();
    let agents = read("/api/agents");
    assert_eq!(agents.as_array().map(Vec::len), Some(1), "{agents}");
    (
        agents[0].clone(),
        read("/api/signals?kind=docker_unreachable"),
    )
}

/// Cycles until the engine that is down is a signal, which a cycle or two may have to confirm.
fn watches_and_reports(program: &Elsewhere, folder: &Path, site: &str, platform: &str) {
    let atlas = Atlas::initialised();
    let server = atlas.serve();
    program.install(folder, &server, site);
    for _ in 0..3 {
        program
            .run(folder, &["agent", "run", "--once"])
            .succeeds()
            .says_nothing();
    }
    let (agent, signals) = seen(&atlas, &server);
    assert_eq!(agent["site_id"], site, "{agent}");
    let facts = agent["facts"].clone();
    assert!(
        facts["platform"].as_str().unwrap().starts_with(platform),
        "{agent}"
    );
    assert_ne!(facts["memory"]["total_bytes"], Value::Null, "{agent}");
    assert_eq!(signals.as_array().map(Vec::len), Some(1), "{signals}");
    assert_eq!(signals[0]["detail"]["endpoint"], DEAD_ENGINE, "{signals}");

    // The server is gone: said, with the exit code for "later".
    drop(server);
    program
        .run(folder, &["agent", "run", "--once"])
        .fails(75, "cannot deliver");
}

#[test]
fn windows_says_what_it_is_and_explains_itself() {
    let (program, folder) = (Elsewhere::windows(), tempfile::tempdir().unwrap());
    let version = program.run(folder.path(), &["--version"]).succeeds();
    assert!(version.out.contains("x86_64-pc-windows-gnu"), "{version:?}");
    let help = program.run(folder.path(), &["--help"]).succeeds();
    assert!(help.out.contains("atlas-ops install backend"), "{help:?}");
}

#[test]
fn windows_installs_a_task_that_runs_this_program() {
    let (program, folder) = (Elsewhere::windows(), tempfile::tempdir().unwrap());
    let atlas = Atlas::initialised();
    let server = atlas.serve();
    let said = program.install(folder.path(), &server, "site-windows");
    assert!(said.out.contains("schtasks /Create"), "{said:?}");
    let mut files = support::atlas::files_of(folder.path());
    files.sort();
    assert_eq!(files, ["agent_config.yaml", "atlas-ops-agent.xml"]);

    let bytes = std::fs::read(folder.path().join("atlas-ops-agent.xml")).unwrap();
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let task = String::from_utf16(&units).unwrap();
    let command = format!(
        "<Command>Z:{}</Command>",
        program.program.replace('/', "\\")
    );
    assert!(task.contains(&command), "no {command} in {task}");
    assert!(task.contains("agent run --once --config"), "{task}");

    let again = program.run(
        folder.path(),
        &["install", "agent", "--yes", "--token", SHARED],
    );
    again.fails(1, "exists already");
}

#[test]
fn windows_watches_and_reports() {
    let (program, folder) = (Elsewhere::windows(), tempfile::tempdir().unwrap());
    watches_and_reports(&program, folder.path(), "site-windows", "Windows-");
}

#[test]
fn windows_refuses_a_unix_socket_with_a_way_out() {
    let (program, folder) = (Elsewhere::windows(), tempfile::tempdir().unwrap());
    let flags = ["install", "agent", "--yes", "--token", SHARED, "--docker"];
    let flags = [&flags[..], &["unix:///var/run/docker.sock"]].concat();
    program
        .run(folder.path(), &flags)
        .fails(2, "tcp://HOST:2375");
}

#[test]
fn windows_keeps_a_database() {
    let (program, folder) = (Elsewhere::windows(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    program.run(folder, &["db", "init"]).succeeds();
    program
        .run(folder, &["db", "backup", "--to", "kept.db"])
        .succeeds();
    program.run(folder, &["db", "check"]).succeeds();
    assert!(folder.join("kept.db").is_file());
}

#[test]
fn arm64_says_what_it_is() {
    let (program, folder) = (Elsewhere::arm64(), tempfile::tempdir().unwrap());
    let version = program.run(folder.path(), &["--version"]).succeeds();
    assert!(
        version.out.contains("aarch64-unknown-linux-musl"),
        "{version:?}"
    );
}

#[test]
fn arm64_watches_and_reports() {
    let (program, folder) = (Elsewhere::arm64(), tempfile::tempdir().unwrap());
    watches_and_reports(&program, folder.path(), "site-arm", "Linux-");
}

#[test]
fn arm64_keeps_a_database() {
    let (program, folder) = (Elsewhere::arm64(), tempfile::tempdir().unwrap());
    let folder = folder.path();
    program.run(folder, &["db", "init"]).succeeds();
    program
        .run(folder, &["db", "backup", "--to", "kept.db"])
        .succeeds();
    program.run(folder, &["db", "check"]).succeeds();
    assert!(folder.join("kept.db").is_file());
}
