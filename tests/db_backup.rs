//! `db backup`: a whole copy while the server writes, put in place at once or not at all, and
//! never over anything that is not an earlier backup.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use serde_json::json;
use support::atlas::{Atlas, files_of};

fn backup(atlas: &Atlas, more: &[&str]) -> support::atlas::Ran {
    atlas.run(&[&["db", "backup", "--to"], more].concat())
}

/// Opens a copy where nothing else is, and counts its signals.
fn signals_in(copy: &Path) -> i64 {
    let alone = tempfile::tempdir().unwrap();
    let moved = alone.path().join("x.db");
    std::fs::copy(copy, &moved).unwrap();
    let copy = Connection::open(&moved).unwrap();
    let verdict: String = copy
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    copy.query_row("SELECT count(*) FROM signals", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_backup_while_the_server_writes_is_whole_and_alone() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let before = 50;
    let signal = |n: u32| json!({"site_id": "s", "kind": "k", "summary": n.to_string(), "detail": {"a": "y".repeat(2000)}});
    for n in 0..before {
        server.stored(&signal(n));
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut stored = 0;
            while !done.load(Ordering::Relaxed) {
                server.stored(&signal(stored));
                stored += 1;
            }
            stored
        });
        // Parents are made; a cron job hears nothing.
        for _ in 0..3 {
            backup(&atlas, &["new/folder/atlas.db"])
                .succeeds()
                .says_nothing();
        }
        done.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 0);
    });
    let copy = atlas.path("new/folder/atlas.db");
    assert_eq!(files_of(copy.parent().unwrap()), ["atlas.db"]);
    assert_eq!(
        std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(signals_in(&copy) >= i64::from(before));
}

#[test]
fn a_backup_serves_as_a_database() {
    let atlas = Atlas::initialised();
    atlas.run(&["demo", "seed"]).succeeds();
    backup(&atlas, &["copy.db"]).succeeds();
    let copy = Atlas::new();
    std::fs::copy(atlas.path("copy.db"), &copy.database).unwrap();
    copy.run(&["db", "check"]).succeeds();
    copy.serve().get("/api/health").send().is(200);
    let question = "SELECT count(*) FROM signals";
    assert_eq!(copy.count(question), atlas.count(question));
}

#[test]
fn what_was_only_in_the_log_of_a_server_that_died_is_in_the_copy() {
    let atlas = Atlas::new();
    let mut server = atlas.serve();
    server.stored(&json!({"site_id": "s", "kind": "k", "summary": "x"}));
    server.kill();
    assert!(atlas.files().contains(&"atlas_ops.db-wal".to_owned()));
    backup(&atlas, &["copy.db"]).succeeds();
    assert_eq!(signals_in(&atlas.path("copy.db")), 1);
}

#[test]
fn it_talks_when_it_is_asked_to() {
    let atlas = Atlas::initialised();
    let ran = atlas
        .run(&["-v", "db", "backup", "--to", "copy.db"])
        .succeeds();
    assert!(
        ran.err.contains("Backed up to copy.db") && ran.out.is_empty(),
        "{ran:?}"
    );
    let made = backup(&atlas, &["copy.db", "--json"]).succeeds().json();
    assert_eq!(made["path"], "copy.db");
    assert_eq!(
        made["bytes"],
        std::fs::metadata(atlas.path("copy.db")).unwrap().len()
    );
    assert_eq!(made["deleted"], json!([]));
}

#[test]
fn an_earlier_backup_is_replaced_at_once() {
    let atlas = Atlas::initialised();
    backup(&atlas, &["copy.db"]).succeeds();
    let old = std::fs::metadata(atlas.path("copy.db")).unwrap().ino();
    // Who reads the old one goes on reading it whole.
    let reader = Connection::open(atlas.path("copy.db")).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM signals")
        .unwrap();
    atlas.run(&["demo", "seed"]).succeeds();
    backup(&atlas, &["copy.db"]).succeeds();
    assert_ne!(std::fs::metadata(atlas.path("copy.db")).unwrap().ino(), old);
    let seen: i64 = reader
        .query_row("SELECT count(*) FROM signals", [], |row| row.get(0))
        .unwrap();
    assert_eq!(seen, 0);
    assert!(signals_in(&atlas.path("copy.db")) > 0);
}

#[test]
fn onto_the_database_itself_by_any_name_is_refused() {
    let atlas = Atlas::initialised();
    std::fs::create_dir(atlas.path("sub")).unwrap();
    symlink(&atlas.database, atlas.path("link.db")).unwrap();
    std::fs::hard_link(&atlas.database, atlas.path("hard.db")).unwrap();
    let absolute = atlas.database.display().to_string();
    let before = std::fs::read(&atlas.database).unwrap();
    let files = atlas.files();
    for target in [
        "atlas_ops.db",
        "./sub/../atlas_ops.db",
        "link.db",
        "hard.db",
        "atlas_ops.db-wal",
        "./atlas_ops.db-shm",
        "sub/../atlas_ops.db-wal",
        "atlas_ops.db-journal",
        &absolute,
        &format!("{absolute}-wal"),
    ] {
        backup(&atlas, &[target]).fails(1, "the target is the database itself");
        backup(&atlas, &[target, "--keep", "2"]).fails(1, "the target is the database itself");
    }
    assert!(std::fs::read(&atlas.database).unwrap() == before);
    let left: Vec<String> = atlas
        .files()
        .into_iter()
        .filter(|name| name != "atlas_ops.db.backup.lock")
        .collect();
    assert_eq!(left, files);
}

#[test]
fn onto_a_file_that_is_no_backup_of_ours_is_refused() {
    let atlas = Atlas::initialised();
    let other = Connection::open(atlas.path("photos.db")).unwrap();
    other
        .execute_batch("CREATE TABLE photos (id INTEGER)")
        .unwrap();
    drop(other);
    std::fs::write(atlas.path("diary.txt"), "dear diary").unwrap();
    std::fs::write(atlas.path("empty"), "").unwrap();
    symlink(atlas.path("diary.txt"), atlas.path("link.txt")).unwrap();
    for target in ["photos.db", "diary.txt", "empty", "link.txt"] {
        let before = std::fs::read(atlas.path(target)).unwrap();
        backup(&atlas, &[target]).fails(1, "exists and is no backup of atlas-ops");
        assert!(
            std::fs::read(atlas.path(target)).unwrap() == before,
            "{target}"
        );
    }
}

#[test]
fn a_folder_and_a_place_that_cannot_be_written_are_refused() {
    let atlas = Atlas::initialised();
    std::fs::create_dir(atlas.path("sub")).unwrap();
    let ran = backup(&atlas, &["sub"]).fails(1, "sub is a folder");
    assert!(ran.err.contains("--to sub/"), "{ran:?}");
    // A file where a folder should be, and a file system that takes no files.
    std::fs::write(atlas.path("file"), "x").unwrap();
    for target in ["file/copy.db", "/proc/copy.db", "/proc/sub/copy.db"] {
        let ran = backup(&atlas, &[target]);
        assert!(ran.err.contains(target), "{ran:?}");
        ran.fails(1, "back up");
    }
}

#[test]
fn keep_writes_dated_names_and_deletes_only_ours_beyond_them() {
    let atlas = Atlas::initialised();
    backup(&atlas, &["b/first.db"]).succeeds();
    let ours = ["20200101T000000Z", "20210101T000000Z", "20220101T000000Z"];
    for date in ours {
        std::fs::copy(
            atlas.path("b/first.db"),
            atlas.path(&format!("b/atlas-{date}.db")),
        )
        .unwrap();
    }
    std::fs::remove_file(atlas.path("b/first.db")).unwrap();
    let others = [
        "atlas-20190101T000000Z.db",
        "atlas-notes.db",
        "atlas-20180101T000000Z.db.gz",
        "other-20170101T000000Z.db",
    ];
    for name in others {
        std::fs::write(atlas.path(&format!("b/{name}")), "not ours").unwrap();
    }
    let made = backup(&atlas, &["b/atlas.db", "--keep", "2", "--json"])
        .succeeds()
        .json();
    let made_path = made["path"].as_str().unwrap().to_owned();
    let date = made_path
        .strip_prefix("b/atlas-")
        .unwrap()
        .strip_suffix(".db")
        .unwrap();
    assert!(
        date.len() == 16 && date.ends_with('Z') && &date[8..9] == "T",
        "{made_path}"
    );
    assert_eq!(
        made["deleted"],
        json!(["b/atlas-20210101T000000Z.db", "b/atlas-20200101T000000Z.db"])
    );
    let mut expected = vec![
        made_path[2..].to_owned(),
        "atlas-20220101T000000Z.db".to_owned(),
    ];
    expected.extend(others.map(str::to_owned));
    expected.sort();
    assert_eq!(files_of(&atlas.path("b")), expected);
}

#[test]
fn copies_that_a_killed_backup_left_are_swept_out() {
    let atlas = Atlas::initialised();
    let leave = |name: &str, hours: u64| {
        let file = std::fs::File::create(atlas.path(name)).unwrap();
        let age = std::time::Duration::from_hours(hours);
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    };
    leave(".atlas-ops-backup-old.tmp", 26);
    leave(".atlas-ops-backup-running.tmp", 1);
    leave(".other-old.tmp", 26);
    backup(&atlas, &["copy.db"]).succeeds();
    let hidden: Vec<String> = atlas
        .files()
        .into_iter()
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(hidden, [".atlas-ops-backup-running.tmp", ".other-old.tmp"]);
}

#[test]
fn a_second_backup_waits_and_then_says_try_again() {
    let atlas = Atlas::initialised();
    let lock = atlas.path("atlas_ops.db.backup.lock");
    let held = std::fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let ran = backup(&atlas, &["copy.db", "--time-limit", "1"]).fails(75, "the time limit is over");
    assert!(ran.err.contains("another backup"), "{ran:?}");
    assert!(!atlas.path("copy.db").exists());
    // One that gets its turn in time is made.
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| backup(&atlas, &["copy.db", "--time-limit", "60"]));
        held.unlock().unwrap();
        waiting.join().unwrap().succeeds();
    });
}

#[test]
fn many_backups_at_once_leave_one_whole_file() {
    let atlas = Atlas::initialised();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| backup(&atlas, &["copies/copy.db"]).succeeds());
        }
    });
    assert_eq!(files_of(&atlas.path("copies")), ["copy.db"]);
    assert_eq!(signals_in(&atlas.path("copies/copy.db")), 0);
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let atlas = Atlas::initialised();
    support::atlas::tool("mkfifo", &[atlas.path("pipe").to_str().unwrap()]);
    backup(&atlas, &["pipe", "--time-limit", "3"]).fails(1, "is no backup of atlas-ops");
}
