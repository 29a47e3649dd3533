//! `runbooks_dir`: files come into force while the server runs, break without taking anything away,
//! and go. And what the command line changes is seen as well.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::running::Running;

/// How long the server may take to notice: it looks every other second.
const PATIENCE: Duration = Duration::from_secs(20);

fn markdown(id: &str, title: &str) -> String {
    format!(
        "---\nid: {id}\ntitle: {title}\nsummary: One sentence.\nowner: anna\nreviewed_at: 2020-01-31\nkinds: [lift_stuck]\n---\n## Look\nAt it.\n"
    )
}

struct Stage {
    atlas: Atlas,
    server: Running,
    token: String,
}

impl Stage {
    fn with_files(files: &[(&str, String)]) -> Self {
        let atlas = Atlas::with("runbooks_dir: books");
        std::fs::create_dir(atlas.path("books")).unwrap();
        for (name, text) in files {
            std::fs::write(atlas.path("books").join(name), text).unwrap();
        }
        let server = atlas.serve();
        let token = atlas.token("read").secret;
        Self {
            atlas,
            server,
            token,
        }
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.atlas.path("books").join(name), text).unwrap();
    }

    fn ask(&self, path: &str) -> (u16, Value) {
        let answer = self.server.get(path).with(&self.token).send();
        (answer.status, answer.json())
    }

    fn title(&self, id: &str) -> Option<String> {
        let (status, runbook) = self.ask(&format!("/api/runbooks/{id}"));
        (status == 200).then(|| runbook["title"].as_str().unwrap().to_owned())
    }

    fn problems(&self) -> Vec<String> {
        let (_, problems) = self.ask("/api/runbooks/problems");
        let problems = problems.as_array().unwrap().iter();
        problems
            .map(|one| {
                let file = one["file"].as_str().unwrap();
                let message = one["message"].as_str().unwrap();
                format!("{file}:{}:{}: {message}", one["line"], one["column"])
            })
            .collect()
    }

    /// Asks until the answer is the one that is waited for.
    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", self.problems());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn files_are_read_at_the_start_and_watched() {
    let stage = Stage::with_files(&[("lift.md", markdown("rb-lift", "One"))]);
    let (_, runbook) = stage.ask("/api/runbooks/rb-lift");
    assert_eq!(runbook["origin"], "file");
    assert_eq!(runbook["owner"], "anna");
    assert_eq!(runbook["reviewed_at"], "2020-01-31");
    assert_eq!(stage.problems(), Vec::<String>::new());
    // It is matched as any other.
    let sent = stage.server.stored(
        &json!({"site_id": "site-a", "source": "t", "kind": "lift_stuck",
        "summary": "The lift is stuck", "severity": "warning"}),
    );
    assert_eq!(sent["runbook_id"], "rb-lift");
    let first = runbook["content_hash"].as_str().unwrap().to_owned();

    stage.put("lift.md", &markdown("rb-lift", "Two, changed"));
    stage.put("disk.md", &markdown("rb-disk-full", "Ours"));
    stage.until("the change", |stage| {
        stage.title("rb-lift").as_deref() == Some("Two, changed")
            && stage.title("rb-disk-full").as_deref() == Some("Ours")
    });
    let (_, ours) = stage.ask("/api/runbooks/rb-disk-full");
    assert_eq!(ours["overrides_builtin"], true);
    // The command line sees the same, and can still read what was in force before.
    let shown = stage.atlas.run(&["runbook", "show", "rb-lift"]).succeeds();
    assert!(shown.out.contains("Two, changed"), "{shown:?}");
    let old = ["runbook", "show", "rb-lift", "--version", &first];
    assert_eq!(
        stage.atlas.run(&old).succeeds().out,
        markdown("rb-lift", "One")
    );
    stage
        .atlas
        .run(&["runbook", "remove", "rb-lift"])
        .fails(1, "file of runbooks_dir");

    std::fs::remove_file(stage.atlas.path("books").join("lift.md")).unwrap();
    std::fs::remove_file(stage.atlas.path("books").join("disk.md")).unwrap();
    stage.until("the removal", |stage| stage.title("rb-lift").is_none());
    assert_ne!(stage.title("rb-disk-full").as_deref(), Some("Ours"));
}

#[test]
fn a_broken_file_keeps_its_last_good_version_and_says_what_is_wrong() {
    let stage = Stage::with_files(&[("lift.md", markdown("rb-lift", "Good"))]);
    stage.put(
        "lift.md",
        "---\nid: rb-lift\ntitle: T\nsummary: S\n---\n## A\nx <b>y</b>\n",
    );
    stage.put("large.md", &"x".repeat(300 * 1024));
    stage.put("z-again.md", &markdown("rb-lift", "Again"));
    stage.put(".hidden.md", "nothing");
    stage.put("notes.txt", "nothing");
    stage.until("the problems", |stage| stage.problems().len() >= 4);
    let problems = stage.problems();
    for words in [
        "large.md:1:1: the file is larger than 256 KiB",
        "lift.md:7:3: raw HTML",
        "lift.md:1:1: the id rb-lift stands in z-again.md too",
        "z-again.md:1:1: the id rb-lift is lift.md's already",
    ] {
        assert!(
            problems.iter().any(|line| line.starts_with(words)),
            "{words} in {problems:#?}"
        );
    }
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert_eq!(stage.title("rb-lift").as_deref(), Some("Good"));
    std::fs::remove_file(stage.atlas.path("books").join("z-again.md")).unwrap();
    stage.until("one file less", |stage| stage.problems().len() == 3);

    // After a start the last good version is still known.
    let Stage {
        atlas,
        server,
        token,
    } = stage;
    let log = server.stop().log;
    assert!(log.contains("lift.md:7:3: raw HTML"), "{log}");
    let server = atlas.serve();
    let stage = Stage {
        atlas,
        server,
        token,
    };
    assert_eq!(stage.title("rb-lift").as_deref(), Some("Good"));
    stage.put("lift.md", &markdown("rb-lift", "Mended"));
    std::fs::remove_file(stage.atlas.path("books").join("large.md")).unwrap();
    stage.until("the repair", |stage| stage.problems().is_empty());
    assert_eq!(stage.title("rb-lift").as_deref(), Some("Mended"));
}

#[test]
fn a_folder_that_goes_away_takes_nothing_with_it() {
    let stage = Stage::with_files(&[("lift.md", markdown("rb-lift", "Here"))]);
    let (books, away) = (stage.atlas.path("books"), stage.atlas.path("away"));
    std::fs::rename(&books, &away).unwrap();
    stage.until("the trouble", |stage| !stage.problems().is_empty());
    assert!(stage.problems()[0].contains("the folder cannot be read"));
    assert_eq!(stage.title("rb-lift").as_deref(), Some("Here"));
    std::fs::rename(&away, &books).unwrap();
    stage.until("its return", |stage| stage.problems().is_empty());
    assert_eq!(stage.title("rb-lift").as_deref(), Some("Here"));
}

#[test]
fn what_the_command_line_changes_is_seen_by_a_running_server() {
    let stage = Stage::with_files(&[]);
    let file = stage.atlas.path("mine.md");
    std::fs::write(&file, markdown("rb-disk-full", "Mine")).unwrap();
    let before = stage.title("rb-disk-full");
    stage
        .atlas
        .run(&["runbook", "import", "mine.md"])
        .succeeds();
    stage.until("the import", |stage| {
        stage.title("rb-disk-full").as_deref() == Some("Mine")
    });
    stage
        .atlas
        .run(&["runbook", "remove", "rb-disk-full"])
        .succeeds();
    stage.until("the removal", |stage| stage.title("rb-disk-full") == before);
}
