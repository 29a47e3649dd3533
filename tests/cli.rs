//! The command line, as a person meets it: help with examples, errors with hints, exit codes.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use support::atlas::{Atlas, fixture};

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("Commands:\n") else {
        return Vec::new();
    };
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// Every command and subcommand, and what its `--help` says.
fn all_helps(atlas: &Atlas) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
        args.push("--help");
        let help = atlas.run(&args).succeeds().out;
        for name in subcommands(&help) {
            open.push([path.clone(), vec![name]].concat());
        }
        found.push((path, help));
    }
    found
}

#[test]
fn every_level_of_help_has_a_sentence_and_a_worked_example() {
    let atlas = Atlas::new();
    let helps = all_helps(&atlas);
    assert!(helps.len() > 25, "{}", helps.len());
    for (path, help) in helps {
        let first = help.lines().next().unwrap_or_default();
        assert!(
            first.len() > 10 && !first.starts_with("Usage"),
            "{path:?}: {help}"
        );
        let example = help
            .split_once("Example")
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        let shown = format!("atlas-ops {}", path.join(" "));
        assert!(
            example.contains(shown.trim_end()),
            "no example of {shown:?} in: {help}"
        );
    }
}

#[test]
fn the_version_names_commit_and_target() {
    let ran = Atlas::new().run(&["--version"]).succeeds();
    let start = format!("atlas-ops {} (", env!("CARGO_PKG_VERSION"));
    let rest = ran
        .out
        .strip_prefix(&start)
        .unwrap()
        .trim_end()
        .strip_suffix(')')
        .unwrap();
    let (commit, target) = rest.split_once(", ").unwrap();
    assert!(commit.len() >= 7, "{commit}");
    assert!(target.contains('-'), "{target}");
}

#[test]
fn wrong_use_is_2_and_says_what_is_right() {
    let atlas = Atlas::new();
    for args in [
        &[][..],
        &["nonsense"],
        &["serve", "--prot", "1"],
        &["serve", "--port", "99999"],
        &["db"],
        &["db", "backup"],
        &["db", "backup", "--to", "x", "--keep", "0"],
        &["token", "create", "--scope", "all"],
        &["token", "revoke"],
        &["runbook", "show"],
        &["runbook", "lint"],
        &["completions", "cmd"],
    ] {
        let ran = atlas.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {ran:?}");
        assert!(
            ran.err.contains("Usage") || ran.err.contains("--help"),
            "{args:?}: {ran:?}"
        );
    }
    let ran = atlas.run(&["token", "create", "--scope", "read", "--site", "s"]);
    ran.fails(2, "only scope ingest sends");
}

#[test]
fn a_configuration_that_is_wrong_is_2_with_everything_named() {
    let atlas = Atlas::new();
    std::fs::write(
        atlas.config(),
        "backend:\n  prot: 1\n  host: [a]\n  auth: maybe\n",
    )
    .unwrap();
    for args in [
        &["config", "check"][..],
        &["db", "init"],
        &["serve"],
        &["token", "list"],
    ] {
        let ran = atlas.run(args);
        for words in [
            "backend.prot",
            "port",
            "line 2",
            "backend.host",
            "backend.auth",
        ] {
            assert!(ran.err.contains(words), "{words} in {ran:?}");
        }
        assert_eq!(ran.code, 2, "{ran:?}");
    }
    std::fs::write(atlas.config(), "backend: [\n\t{").unwrap();
    atlas.run(&["config", "check"]).fails(2, "line");
    std::fs::write(atlas.config(), b"backend:\n  host: \"\xff\"\n").unwrap();
    atlas.run(&["config", "check"]).fails(2, "UTF-8");
    atlas
        .run(&["serve", "--config", "none.yaml"])
        .fails(2, "none.yaml");
}

#[test]
fn the_files_of_0_4_are_fine() {
    let atlas = Atlas::new();
    for name in ["atlas_ops.config.yaml", "agent_config.yaml"] {
        let file = fixture(&format!("legacy-0.4/{name}"));
        let ran = atlas
            .run(&["config", "check", "--config", file.to_str().unwrap()])
            .succeeds();
        assert!(ran.out.contains(": fine"), "{ran:?}");
    }
}

#[test]
fn config_check_warns_of_a_variable_that_nothing_reads_and_shows_no_secret() {
    let atlas = Atlas::new();
    let mut command = atlas.command(&["config", "check"]);
    let ran =
        support::atlas::Ran::of(command.env("ATLAS_OPS_PROT", "1").output().unwrap()).succeeds();
    assert!(ran.err.contains("did you mean ATLAS_OPS_PORT"), "{ran:?}");
    let shown = format!("{}{}", ran.out, ran.err);
    assert!(!shown.contains(support::atlas::SHARED), "{shown}");
}

#[test]
fn runbooks_are_listed_shown_and_linted() {
    let atlas = Atlas::new();
    // Before there is a database, and with one.
    for _ in 0..2 {
        let list = atlas.run(&["runbook", "list"]).succeeds().out;
        assert!(
            list.starts_with("ID") && list.contains("rb-disk-full"),
            "{list}"
        );
        let list = atlas.run(&["runbook", "list", "--json"]).succeeds().json();
        assert!(list.as_array().unwrap().len() >= 32);
        let shown = atlas
            .run(&["runbook", "show", "rb-disk-full"])
            .succeeds()
            .out;
        assert!(shown.starts_with("---\n"), "{shown}");
        let json = atlas
            .run(&["runbook", "show", "rb-disk-full", "--json"])
            .succeeds()
            .json();
        assert_eq!(json["id"], "rb-disk-full");
        std::fs::write(atlas.path("copy.md"), shown).unwrap();
        atlas.run(&["runbook", "lint", "copy.md"]).succeeds();
        atlas.run(&["db", "init"]).succeeds();
    }
    atlas
        .run(&["runbook", "show", "rb-none"])
        .fails(1, "there is none of this id");
    std::fs::write(atlas.path("bad.md"), "---\nid: Bad Id\n---\n# no steps\n").unwrap();
    let ran = atlas
        .run(&["runbook", "lint", "copy.md", "bad.md"])
        .fails(1, "problems");
    assert!(
        ran.out.contains("copy.md: fine") && ran.out.contains("bad.md:"),
        "{ran:?}"
    );
    atlas
        .run(&["runbook", "lint", "none.md"])
        .fails(1, "none.md");
    std::fs::write(atlas.path("binary.md"), b"\xff\xfe").unwrap();
    atlas
        .run(&["runbook", "lint", "binary.md"])
        .fails(1, "binary.md");
}

#[test]
fn every_shell_gets_its_completions() {
    let atlas = Atlas::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = atlas.run(&["completions", shell]).succeeds().out;
        assert!(
            script.contains("atlas-ops") && script.contains("backup"),
            "{shell}"
        );
    }
}

#[test]
fn health_says_whether_the_server_is_well() {
    let atlas = Atlas::with("base_path: /atlas");
    let server = atlas.serve();
    let address = server.address.clone();
    let ran = atlas.run(&["health", "--url", &address]).succeeds();
    assert!(ran.out.starts_with("ok ("), "{ran:?}");
    server.stop();
    let ran = atlas.run(&["health", "--url", &address]).fails(1, &address);
    assert!(ran.err.contains("atlas-ops serve"), "{ran:?}");
    atlas
        .run(&["health", "--url", "nonsense"])
        .fails(1, "nonsense");
}

#[test]
fn health_asks_the_configured_server() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let port = server.address.rsplit(':').next().unwrap();
    let mut command = atlas.command(&["health"]);
    let output = command.env("ATLAS_OPS_PORT", port).output().unwrap();
    support::atlas::Ran::of(output).succeeds();
}

#[test]
fn a_port_in_use_is_said_with_a_hint() {
    let atlas = Atlas::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    atlas
        .run(&["serve", "--port", &port])
        .fails(1, "listen on 127.0.0.1");
    atlas
        .run(&["serve", "--port", "0", "--host", "192.0.2.1"])
        .fails(1, "listen on 192.0.2.1:0");
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let atlas = Atlas::initialised();
    let none = atlas.run(&["token", "list"]).succeeds().out;
    assert!(none.contains("No tokens"), "{none}");
    let made = atlas
        .run(&["token", "create", "--site", "s", "--label", "rack1"])
        .succeeds();
    assert!(
        made.out.starts_with("atl_") && made.out.lines().count() == 1,
        "{made:?}"
    );
    let revoked = atlas.token_with(&["--scope", "read", "--expires-in-days", "3"]);
    atlas
        .run(&["token", "revoke", &revoked.id.to_string()])
        .succeeds();
    let list = atlas.run(&["token", "list", "--json"]).succeeds().json();
    assert_eq!(
        (&list[0]["label"], &list[0]["site_id"], &list[0]["scope"]),
        (&"rack1".into(), &"s".into(), &"ingest".into())
    );
    assert!(list[1]["revoked_at"].is_string() && list[1]["expires_at"].is_string());
    let table = atlas.run(&["token", "list"]).succeeds().out;
    assert!(
        table.contains("rack1") && table.contains("live") && table.contains("revoked"),
        "{table}"
    );
    for text in [&table, &list.to_string()] {
        assert!(!text.contains(made.out.trim()) && !text.contains(&revoked.secret));
    }
    for id in ["99", &revoked.id.to_string()] {
        let ran = atlas
            .run(&["token", "revoke", id])
            .fails(1, "there is no live token");
        assert!(ran.err.contains("atlas-ops token list"), "{ran:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let atlas = Atlas::new();
    let binary = support::atlas::BINARY;
    let script = format!("set -o pipefail; '{binary}' runbook list --json | head -n 1");
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(atlas.folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn a_token_that_nobody_could_read_is_a_failure() {
    let atlas = Atlas::initialised();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = atlas
        .command(&["token", "create"])
        .stdout(full)
        .output()
        .unwrap();
    support::atlas::Ran::of(output).fails(1, "cannot print the result");
}
