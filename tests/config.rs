//! The configuration ladder, from real files: what is taken, what is refused, and in which words.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::path::{Path, PathBuf};

use atlas_ops::config::backend::Auth;
use atlas_ops::config::env::Environment;
use atlas_ops::config::{agent, backend};

fn legacy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/legacy-0.4")
        .join(name)
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn backend_error(text: &str) -> String {
    let (_folder, path) = file(text);
    backend::load_from(Some(path), Environment::default())
        .unwrap_err()
        .to_string()
}

fn agent_error(text: &str) -> String {
    let (_folder, path) = file(text);
    agent::load_from(Some(path), Environment::default())
        .unwrap_err()
        .to_string()
}

#[test]
fn both_files_of_0_4_are_read_unchanged() {
    let server = backend::load_from(
        Some(legacy("atlas_ops.config.yaml")),
        Environment::default(),
    )
    .unwrap();
    assert_eq!(server.host, "0.0.0.0");
    assert_eq!(server.database, Path::new("/data/atlas_ops.db"));
    assert!(server.shared_token.matches("legacy-shared-token"));
    assert!(server.load_demo);
    assert_eq!(
        server.allowed_origins,
        ["http://localhost", "http://localhost:8000"]
    );

    let agent =
        agent::load_from(Some(legacy("agent_config.yaml")), Environment::default()).unwrap();
    assert_eq!(agent.backend_url, "http://localhost:8000");
    assert_eq!(agent.interval_seconds, 300);
    assert_eq!(agent.docker_hosts.len(), 1);
    assert_eq!(agent.docker_hosts[0].restart_threshold, 3);
    assert_eq!(agent.state_path, legacy("agent_state.json"));
}

#[test]
fn each_docker_host_has_rules_of_its_own() {
    let (_folder, path) = file(
        "agent:\n  token: atl_x\n  docker_hosts:\n    - endpoint: unix:///run/docker.sock\n    - endpoint: tcp://10.0.0.5\n      restart_rate_threshold: 10\n      planned_stop_grace_minutes: 0\n      timeout_seconds: 3\n",
    );
    let config = agent::load_from(Some(path), Environment::default()).unwrap();
    let [near, far] = config.docker_hosts.as_slice() else {
        panic!("{:?}", config.docker_hosts);
    };
    assert_eq!(*near, agent::DockerHost::at("unix:///run/docker.sock"));
    assert_eq!(
        (
            near.restart_rate_threshold,
            near.planned_stop_grace_minutes,
            near.timeout_seconds
        ),
        (4, 60, 10)
    );
    assert_eq!(
        (
            far.restart_rate_threshold,
            far.planned_stop_grace_minutes,
            far.timeout_seconds
        ),
        (10, 0, 3)
    );
    let (_folder, path) = file(
        "agent:\n  token: atl_x\n  docker_hosts:\n    - endpoint: tcp://10.0.0.5\n      timeout_seconds: 0\n",
    );
    let error = agent::load_from(Some(path), Environment::default()).unwrap_err();
    assert!(
        format!("{error:?}").contains("timeout_seconds"),
        "{error:?}"
    );
}

#[test]
fn the_environment_beats_the_file_and_the_file_beats_the_defaults() {
    let (_folder, path) = file("backend:\n  port: 9000\n  host: 0.0.0.0\n");
    let environment = Environment::of(&[
        ("ATLAS_OPS_PORT", "9100"),
        ("ATLAS_OPS_ALLOWED_ORIGINS", "http://a, https://b:1"),
        ("ATLAS_OPS_AUTH", "open"),
        ("ATLAS_OPS_TIMEZONE", "Europe/Berlin"),
    ]);
    let config = backend::load_from(Some(path), environment).unwrap();
    assert_eq!(config.port, 9100);
    assert_eq!(config.host, "0.0.0.0");
    assert_eq!(config.allowed_origins, ["http://a", "https://b:1"]);
    assert_eq!(config.auth, Auth::Open);
    assert_eq!(config.timezone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(config.base_path, "");
}

#[test]
fn a_relative_database_counts_from_the_files_folder() {
    let (folder, path) = file("backend:\n  db_url: sqlite:///sub/x.db\n");
    let config = backend::load_from(Some(path), Environment::default()).unwrap();
    assert_eq!(config.database, folder.path().join("sub/x.db"));
}

#[test]
fn a_secret_may_come_from_a_file_and_never_prints() {
    let (folder, path) = file("backend: {}\n");
    let secret = folder.path().join("token");
    std::fs::write(&secret, "s3cret-from-file\n").unwrap();
    let environment = Environment::of(&[("ATLAS_OPS_SHARED_TOKEN_FILE", secret.to_str().unwrap())]);
    let config = backend::load_from(Some(path), environment).unwrap();
    assert!(config.shared_token.matches("s3cret-from-file"));
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn everything_wrong_is_reported_together_with_its_place() {
    let error = backend_error(
        "backend:\n  prot: 1\n  host: a\n  host: b\n  port: many\n  auth: maybe\n  allowed_origins: [x]\n",
    );
    for part in [
        "5 problems",
        "line 2, column 3: backend.prot: unknown key; did you mean port?",
        "line 4, column 3: backend.host: this key stands twice",
        "line 5, column 3: backend.port: expected a whole number, found text",
        "line 6, column 3: backend.auth: expected password or open",
        "line 7, column 3: backend.allowed_origins: \"x\": expected an origin",
        "hint:",
    ] {
        assert!(error.contains(part), "{part}\n{error}");
    }
}

#[test]
fn wrong_types_and_foreign_sections_are_named() {
    assert!(backend_error("- a\n").contains("expected `backend:` or `agent:`, found a list"));
    assert!(backend_error("bakend:\n  port: 1\n").contains("did you mean backend?"));
    assert!(backend_error("backend: 7\n").contains("expected a section, found a number"));
    assert!(
        backend_error("backend:\n  retention: {days: 3}\n").contains("retention.days: unknown key")
    );
    assert!(backend_error("backend:\n  port: 70000\n").contains("from 0 to 65535"));
    assert!(backend_error("backend:\n  db_url: postgres://x\n").contains("expected sqlite:///"));
    assert!(backend_error("backend:\n  timezone: Mars/Base\n").contains("Europe/Berlin"));
}

#[test]
fn malformed_files_are_refused_with_a_hint() {
    let error = backend_error("backend: [1, 2\n");
    assert!(
        error.contains("line ") && error.contains("hint:"),
        "{error}"
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    std::fs::write(&path, b"backend:\n  host: \xff\xfe\n").unwrap();
    let error = backend::load_from(Some(path), Environment::default()).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");

    let missing = folder.path().join("missing.yaml");
    let error = backend::load_from(Some(missing), Environment::default()).unwrap_err();
    assert!(
        error.to_string().contains("atlas-ops install backend"),
        "{error}"
    );
}

#[test]
fn placeholders_are_no_tokens() {
    assert!(agent_error("agent:\n  token: YOUR_TOKEN\n").contains("placeholder"));
    assert!(backend_error("backend:\n  shared_token: CHANGE_ME\n").contains("placeholder"));
    assert!(agent_error("agent:\n  site_id: s\n").contains("atlas-ops token create"));
}

#[test]
fn docker_endpoints_that_cannot_be_watched_say_what_to_use() {
    let with = |endpoint: &str| {
        agent_error(&format!(
            "agent:\n  token: abc\n  docker_hosts:\n    - endpoint: {endpoint}\n"
        ))
    };
    for endpoint in [
        "npipe:////./pipe/docker_engine",
        "https://a:2376",
        "ssh://a",
    ] {
        let error = with(endpoint);
        assert!(error.contains("socket proxy"), "{error}");
        assert!(
            error.contains("line 4, column 7: agent.docker_hosts[0].endpoint"),
            "{error}"
        );
    }
    let error = agent_error("agent:\n  token: abc\n  docker_hosts:\n    - {}\n");
    assert!(error.contains("endpoint is required"), "{error}");
}

#[test]
fn a_key_without_effect_yet_is_said_so() {
    let (_folder, path) = file("backend:\n  retention: {signals_days: 7}\n");
    let config = backend::load_from(Some(path), Environment::default()).unwrap();
    assert!(
        config
            .warnings
            .iter()
            .any(|warning| warning.contains("backend.retention"))
    );
}

#[test]
fn a_complaint_quotes_no_password() {
    let error = agent_error(
        "agent:\n  token: abc\n  docker_hosts:\n    - endpoint: tcp://user:s3cretpw@h:2375\n",
    );
    assert!(
        error.contains("tcp://user:") && !error.contains("s3cretpw"),
        "{error}"
    );
}

#[test]
fn a_bomb_of_brackets_is_refused_at_once() {
    let error = agent_error(&format!("agent:\n  token: {}\n", "[".repeat(100_000)));
    assert!(error.contains("brackets within each other"), "{error}");
}

#[test]
fn a_file_without_end_is_read_to_its_bound() {
    let error = backend::load_from(Some("/dev/zero".into()), Environment::default()).unwrap_err();
    assert!(error.to_string().contains("256 KiB"), "{error}");
}

#[test]
fn an_agent_without_a_configuration_is_told_how_to_get_one() {
    let error = agent::load_from(None, Environment::default()).unwrap_err();
    assert!(
        error.to_string().contains("atlas-ops install agent"),
        "{error}"
    );
}

#[test]
fn what_the_checks_are_told_is_read_with_its_defaults() {
    let text = "agent:\n  token: atl_x\n  checks:\n    gateway: {after: 3, loss_percent: 40}\n    ping: [{target: 10.0.0.9}]\n    tcp: [{address: 'nas.lan:445', name: files}]\n    http:\n      - {url: 'https://nas.lan/', status: [200, 301-302], expire_warning_days: 10}\n      - {url: 'https://nas.lan/login'}\n    certificates: ['mail.lan:993', 'nas.lan:443']\n";
    let (_folder, path) = file(text);
    let checks = agent::load_from(Some(path), Environment::default())
        .unwrap()
        .checks;
    assert_eq!((checks.gateway.after, checks.gateway.latency_ms), (3, 20));
    let loss = checks.gateway.loss;
    assert_eq!((loss.percent, loss.clear_percent), (40, 10));
    assert!(checks.dns.enabled && checks.dns.servers.is_empty());
    assert_eq!(
        (checks.ping[0].name.as_str(), checks.ping[0].after),
        ("10.0.0.9", 2)
    );
    assert_eq!(
        (checks.tcp[0].name.as_str(), checks.tcp[0].port),
        ("files", 445)
    );
    assert_eq!(checks.http[0].status, [200..=200, 301..=302]);
    assert_eq!(checks.http[1].status, [200..=299]);
    // The pages' service once, with what its first page says, then what is listed.
    let watched: Vec<(&str, u16, u32)> = checks
        .certificates
        .iter()
        .map(|one| (one.host.as_str(), one.port, one.expiry.warning_days))
        .collect();
    assert_eq!(watched, [("nas.lan", 443, 10), ("mail.lan", 993, 21)]);
}

#[test]
fn everything_wrong_with_the_checks_is_said_at_once() {
    let said = agent_error(
        "agent:\n  token: atl_x\n  checks:\n    gateway: {aftr: 2, loss_percent: 10, loss_clear_percent: 10}\n    dns: {servers: [pi.hole]}\n    ping: [{name: x}, {target: a b}]\n    tcp: [{address: nas}, {address: 'nas:1', timeout_seconds: 90}, {address: 'nas:1'}]\n    http: [{url: 'https://me:secret@nas/'}, {url: 'http://nas/', status: [99], expire_critical_days: 30}]\n",
    );
    for part in [
        "did you mean after?",
        "expected less than loss_percent, which is 10",
        "such as 192.168.1.1",
        "target is required",
        "neither a name",
        "expected host:port",
        "expected a number from 1 to 60, found 90",
        "two of them are called \"nas:1\"",
        "leave it out",
        "200-299, or 2xx",
        "expected at most expire_warning_days, which is 21",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("secret@"), "{said}");
}
