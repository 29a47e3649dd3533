//! `db init`, `db migrate` and `db check` on a sound database, and on one that is damaged.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;

use support::atlas::Atlas;

#[test]
fn init_makes_a_private_database_with_the_runbooks_and_again_changes_nothing() {
    let atlas = Atlas::new();
    let ran = atlas.run(&["db", "init"]).succeeds();
    assert!(ran.err.contains("Created"), "{ran:?}");
    let mode = std::fs::metadata(&atlas.database)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(atlas.count("SELECT count(*) FROM runbooks") >= 32);
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), 0);
    assert_eq!(atlas.files(), ["atlas_ops.config.yaml", "atlas_ops.db"]);
    let before = std::fs::read(&atlas.database).unwrap();
    for command in [["db", "init"], ["db", "migrate"]] {
        let ran = atlas.run(&command).succeeds();
        assert!(ran.err.contains("already"), "{ran:?}");
        assert!(
            std::fs::read(&atlas.database).unwrap() == before,
            "{command:?} wrote"
        );
    }
}

#[test]
fn init_keeps_the_users_rows_and_brings_the_built_in_runbooks_back() {
    let atlas = Atlas::initialised();
    let runbooks = atlas.count("SELECT count(*) FROM runbooks");
    atlas.run(&["demo", "seed"]).succeeds();
    let signals = atlas.count("SELECT count(*) FROM signals");
    atlas
        .sql()
        .execute_batch(
            "DELETE FROM runbooks WHERE id = 'rb-disk-full';
             UPDATE runbooks SET title = 'old', content_hash = 'old' WHERE id = 'rb-wifi-saturation';
             INSERT INTO runbooks VALUES ('rb-mine', 'own', 'Mine', '---', 'x', 0)",
        )
        .unwrap();
    atlas.run(&["db", "init"]).succeeds();
    assert_eq!(atlas.count("SELECT count(*) FROM runbooks"), runbooks + 1);
    assert_eq!(
        atlas.count("SELECT count(*) FROM runbooks WHERE title = 'old'"),
        0
    );
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), signals);
}

#[test]
fn init_makes_the_folders_that_lead_there() {
    let atlas = Atlas::new();
    let text = std::fs::read_to_string(atlas.config()).unwrap();
    let database = atlas.path("a/b/c.db");
    let text = text.replace(
        &atlas.database.display().to_string(),
        &database.display().to_string(),
    );
    std::fs::write(atlas.config(), text).unwrap();
    atlas.run(&["db", "init"]).succeeds();
    assert!(database.is_file());
}

#[test]
fn an_empty_file_becomes_a_database() {
    let atlas = Atlas::new();
    std::fs::write(&atlas.database, "").unwrap();
    atlas.run(&["db", "init"]).succeeds();
    atlas.run(&["db", "check"]).succeeds();
}

#[test]
fn two_that_init_at_once_both_succeed() {
    let atlas = Atlas::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| atlas.run(&["db", "init"]).succeeds());
        }
    });
    atlas.run(&["db", "check"]).succeeds();
    // Each migration ran once.
    assert_eq!(
        atlas.count("SELECT count(*) - count(DISTINCT version) FROM refinery_schema_history"),
        0
    );
}

#[test]
fn check_says_that_a_sound_database_is_sound() {
    let atlas = Atlas::initialised();
    let ran = atlas.run(&["db", "check"]).succeeds();
    assert!(ran.out.contains("sound"), "{ran:?}");
    let verdict = atlas.run(&["db", "check", "--json"]).succeeds().json();
    assert_eq!(
        verdict,
        serde_json::json!({"ok": true, "integrity": [], "foreign_keys": []})
    );
    // While the server runs, too.
    let _server = atlas.serve();
    atlas.run(&["db", "check"]).succeeds();
}

#[test]
fn check_finds_damaged_pages() {
    let atlas = Atlas::initialised();
    atlas.run(&["demo", "seed"]).succeeds();
    let root: i64 = atlas.count("SELECT rootpage FROM sqlite_schema WHERE name = 'signals'");
    let page: i64 = atlas.count("PRAGMA page_size");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .open(&atlas.database)
        .unwrap();
    let start = u64::try_from((root - 1) * page).unwrap();
    file.seek(SeekFrom::Start(start)).unwrap();
    file.write_all(&[0x5a; 512]).unwrap();
    drop(file);
    let ran = atlas.run(&["db", "check"]).fails(1, "");
    assert!(ran.err.contains("backup"), "{ran:?}");
    let ran = atlas.run(&["db", "check", "--json"]).fails(1, "");
    assert!(ran.out.is_empty() || ran.json()["ok"] == false, "{ran:?}");
    // Nor does a damaged database become a backup that would replace a good one.
    atlas.run(&["db", "backup", "--to", "copy.db"]).fails(1, "");
    assert!(
        !atlas.files().iter().any(|name| name.contains("copy")),
        "{:?}",
        atlas.files()
    );
}

#[test]
fn check_finds_rows_that_point_nowhere() {
    let atlas = Atlas::initialised();
    atlas
        .sql()
        .execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO integrations (site_id, type) VALUES ('gone', 'x')")
        .unwrap();
    let ran = atlas
        .run(&["db", "check", "--json"])
        .fails(1, "1 faults found");
    let verdict = ran.json();
    assert_eq!(
        (&verdict["ok"], &verdict["integrity"]),
        (&false.into(), &serde_json::json!([]))
    );
    assert_eq!(verdict["foreign_keys"][0], "integrations 1 -> sites");
}

#[test]
fn a_relative_database_counts_from_the_configurations_folder() {
    let atlas = Atlas::new();
    std::fs::write(atlas.config(), "backend:\n  db_url: sqlite:///sub.db\n").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let config = atlas.config();
    let mut command = atlas.command(&["db", "init", "--config", config.to_str().unwrap()]);
    assert!(
        command
            .current_dir(elsewhere.path())
            .status()
            .unwrap()
            .success()
    );
    assert!(atlas.path("sub.db").is_file());
}
