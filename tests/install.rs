//! `atlas-ops install backend` and the guided way, by the real binary: what is written, refused and asked.

#![cfg(unix)] // modes, pseudo terminals and units are looked at
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::fs;
use std::path::Path;

use support::install::*;

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
fn the_first_admin_is_made_and_the_password_shown_once() {
    let words = "made the first account: name admin, password ";
    let bench = Bench::new();
    let run = bench.run(&["install", "backend", "--yes"]).ok();
    let password = run.out.split(words).nth(1).unwrap().lines().next().unwrap();
    assert_eq!(password.len(), 23, "{run:#?}");
    for name in bench.names() {
        let content = fs::read(bench.path(&name)).unwrap();
        let kept = content.windows(23).any(|part| part == password.as_bytes());
        assert!(!kept, "{name}");
    }
    let list = bench.run(&["user", "list"]).ok();
    assert!(list.out.contains("admin"), "{list:#?}");
    // Neither a second installation nor a start makes another.
    let again = bench.run(&["install", "backend", "--yes", "--force"]).ok();
    assert!(!again.out.contains("account"), "{again:#?}");

    let bench = Bench::new();
    let install = |password: &str| {
        let mut command = bench.command(Path::new(BINARY));
        command.args(["install", "backend", "--yes"]);
        command.env("ATLAS_OPS_DASHBOARD_PASSWORD", password);
        Run::of(&command.output().unwrap())
    };
    install("short").refused(2, &["dashboard_password", "shorter than 10"]);
    let run = install("long enough, this one").ok();
    run.hides("long enough");
    assert!(
        run.out.contains("as in backend.dashboard_password"),
        "{run:#?}"
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
