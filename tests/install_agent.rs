//! `atlas-ops install agent`, by the real binary: what it writes, what it refuses, what it never shows.

#![cfg(unix)] // modes, pseudo terminals and units are looked at
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::fs;
use std::path::Path;

use atlas_ops::config::agent;
use atlas_ops::config::env::Environment;
use serde_json::json;
use support::install::*;

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
fn what_the_configuration_shows_as_examples_is_accepted() {
    let bench = Bench::new();
    let install = [
        "install", "agent", "--yes", "--docker", "none", "--token", TOKEN,
    ];
    let mut command = bench.command(Path::new(BINARY));
    Run::of(&command.args(install).output().unwrap()).ok();
    let config = bench.path("agent_config.yaml");
    let before = fs::read_to_string(&config).unwrap();
    let (head, examples) = before.split_once("  # checks:\n").unwrap();
    // The one line among them that is said to people.
    let (checks, rest) = examples.split_once("  # Every").unwrap();
    let (_, discovery) = rest.split_once('\n').unwrap();
    let examples = format!("{checks}{discovery}").replace("  # ", "  ");
    fs::write(&config, format!("{head}  checks:\n{examples}")).unwrap();
    bench
        .run(&["config", "check", "--config", config.to_str().unwrap()])
        .ok();
    let agent = bench.agent();
    let checks = &agent.checks;
    assert_eq!((checks.ping.len(), checks.tcp.len()), (1, 1));
    // The https page's certificate is one of them.
    assert_eq!((checks.http.len(), checks.certificates.len()), (1, 2));
    assert_eq!(checks.host.backups.len(), 1);
    assert!(agent.discovery.http);
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
