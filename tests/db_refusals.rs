//! Databases that cannot be used: each gets one clear message with a hint and the right exit
//! code, and is left as it was.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::path::Path;

use rusqlite::Connection;
use support::atlas::{Atlas, Ran, fixture, tool};

/// The commands that need a sound database.
const COMMANDS: [&[&str]; 9] = [
    &["db", "init"],
    &["db", "migrate"],
    &["db", "check"],
    &["db", "backup", "--to", "copy.db"],
    &["demo", "seed"],
    &["demo", "clear"],
    &["token", "create"],
    &["runbook", "list"],
    &["serve", "--port", "0"],
];

/// Every command refuses with these words, and the file stays byte for byte.
#[track_caller]
fn refused_untouched(atlas: &Atlas, words: &str) {
    let before = std::fs::read(&atlas.database).unwrap();
    for command in COMMANDS {
        let ran = atlas.run(command);
        assert!(!ran.err.contains("panicked"), "{command:?}: {ran:?}");
        ran.fails(1, words);
        assert!(
            std::fs::read(&atlas.database).unwrap() == before,
            "{command:?} changed the file"
        );
    }
    let left = ["atlas_ops.config.yaml", "atlas_ops.db"];
    assert_eq!(atlas.files(), left);
}

fn with_database(content: &[u8]) -> Atlas {
    let atlas = Atlas::new();
    std::fs::write(&atlas.database, content).unwrap();
    atlas
}

#[test]
fn a_text_file() {
    refused_untouched(&with_database(b"dear diary\n"), "is not a database");
}

#[test]
fn a_picture() {
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    picture.resize(9000, 7);
    refused_untouched(&with_database(&picture), "is not a database");
}

#[test]
fn the_name_of_sqlite_and_nothing_behind_it() {
    let mut head = b"SQLite format 3\0".to_vec();
    head.resize(8192, 0xab);
    refused_untouched(&with_database(&head), "is not a database");
}

#[test]
fn the_database_of_another_program() {
    let atlas = Atlas::new();
    atlas
        .sql()
        .execute_batch("CREATE TABLE photos (id INTEGER); INSERT INTO photos VALUES (1)")
        .unwrap();
    refused_untouched(&atlas, "is the database of another program");
}

#[test]
fn a_database_of_version_0_4() {
    let atlas = Atlas::new();
    std::fs::copy(fixture("legacy-0.4/atlas_ops.db"), &atlas.database).unwrap();
    refused_untouched(&atlas, "is a database of version 0.4");
}

#[test]
fn a_database_that_is_newer_than_the_program() {
    let atlas = Atlas::initialised();
    let sql = atlas.sql();
    sql.execute_batch(
        "INSERT INTO refinery_schema_history VALUES (99, 'of_tomorrow', '2027-01-01T00:00:00Z', '1');
         PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .unwrap();
    sql.close().unwrap();
    for command in COMMANDS {
        // A copy of it is still a good copy.
        if command[1] != "backup" {
            let ran = atlas
                .run(command)
                .fails(1, "has schema 99, this program knows schemas up to");
            assert!(ran.err.contains("newer"), "{ran:?}");
        }
    }
    assert_eq!(
        atlas.count("SELECT max(version) FROM refinery_schema_history"),
        99
    );
}

#[test]
fn no_database() {
    let atlas = Atlas::new();
    for command in COMMANDS {
        let makes_one = command[0] == "serve" || command == ["db", "init"];
        // Without a database the built-in runbooks are listed.
        if makes_one || command[0] == "runbook" {
            continue;
        }
        let ran = atlas.run(command).fails(1, "there is no database");
        assert!(ran.err.contains("atlas-ops db init"), "{ran:?}");
    }
    assert_eq!(atlas.files(), ["atlas_ops.config.yaml"]);
}

#[test]
fn a_folder_in_its_place() {
    let atlas = Atlas::new();
    std::fs::create_dir(&atlas.database).unwrap();
    for command in COMMANDS {
        let ran = atlas.run(command);
        assert_eq!(ran.code, 1, "{command:?} {ran:?}");
        assert!(ran.err.contains("\nhint: "), "{command:?}: {ran:?}");
    }
}

#[test]
fn a_database_that_another_program_holds_is_tried_again_later() {
    let atlas = Atlas::initialised();
    let holder = atlas.sql();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // Side by side: each waits five seconds before it gives up.
    let commands: [&[&str]; 4] = [
        &["db", "init"],
        &["demo", "seed"],
        &["token", "create"],
        &["token", "revoke", "1"],
    ];
    std::thread::scope(|scope| {
        for command in commands {
            let atlas = &atlas;
            scope.spawn(move || {
                let ran = atlas.run(command).fails(75, "locked by another program");
                assert!(
                    ran.err.contains(&atlas.database.display().to_string()),
                    "{ran:?}"
                );
            });
        }
    });
    // Who only reads does not wait.
    atlas.run(&["db", "check"]).succeeds();
    atlas.run(&["db", "backup", "--to", "copy.db"]).succeeds();
    holder.execute_batch("ROLLBACK").unwrap();
    atlas.run(&["demo", "seed"]).succeeds();
}

/// A file system that is taken away with the test.
struct Mount(tempfile::TempDir);

impl Mount {
    fn of(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        tool(
            "mount",
            &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", path],
        );
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read_only(&self) {
        tool(
            "mount",
            &["-o", "remount,ro", self.path().to_str().unwrap()],
        );
    }

    /// Uses all the room there is; the file that holds it.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.path().join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        let block = [0_u8; 4096];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
        path
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        tool("umount", &["-l", self.0.path().to_str().unwrap()]);
    }
}

#[test]
fn a_database_that_cannot_be_written() {
    let mount = Mount::of("8m");
    let atlas = Atlas::with_database_at(&mount.path().join("atlas.db"));
    atlas.run(&["db", "init"]).succeeds();
    mount.read_only();
    let commands: [&[&str]; 4] = [
        &["db", "init"],
        &["demo", "seed"],
        &["token", "create"],
        &["serve", "--port", "0"],
    ];
    for command in commands {
        atlas.run(command).fails(1, "");
    }
    let copy = atlas.path("copy.db");
    let told: Vec<Ran> = vec![
        atlas.run(&["db", "check"]),
        atlas.run(&["db", "backup", "--to", copy.to_str().unwrap()]),
    ];
    for ran in told {
        assert!(ran.code == 0 || ran.err.contains("\nhint: "), "{ran:?}");
    }
}

#[test]
fn a_database_of_another_user() {
    let atlas = Atlas::initialised();
    tool("chmod", &["0755", atlas.folder.path().to_str().unwrap()]);
    let as_nobody = |args: &[&str]| {
        let command = atlas.command(args);
        let mut other = std::process::Command::new("setpriv");
        other.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        other.arg(command.get_program()).args(command.get_args());
        Ran::of(other.current_dir(atlas.folder.path()).output().unwrap())
    };
    let commands: [&[&str]; 5] = [
        &["db", "init"],
        &["demo", "seed"],
        &["token", "list"],
        &["db", "check"],
        &["serve", "--port", "0"],
    ];
    for command in commands {
        as_nobody(command).fails(1, "");
    }
    // Readable, and still not writable.
    tool("chmod", &["0644", atlas.database.to_str().unwrap()]);
    for command in [&["demo", "seed"][..], &["serve", "--port", "0"]] {
        let ran = as_nobody(command).fails(1, "");
        assert!(
            ran.err.contains("writable") || ran.err.contains("ls -ld"),
            "{ran:?}"
        );
    }
    atlas.run(&["db", "check"]).succeeds();
}

#[test]
fn a_disk_without_room_for_a_database() {
    let mount = Mount::of("64k");
    let atlas = Atlas::with_database_at(&mount.path().join("atlas.db"));
    let ran = atlas.run(&["db", "init"]).fails(1, "the disk is full");
    assert!(
        ran.err
            .contains(&format!("df -h {}", mount.path().display())),
        "{ran:?}"
    );
}

#[test]
fn a_disk_that_fills_up_while_the_server_runs() {
    let mount = Mount::of("4m");
    let atlas = Atlas::with_database_at(&mount.path().join("atlas.db"));
    let server = atlas.serve();
    let signal = serde_json::json!({"site_id": "s", "kind": "k", "summary": "x".repeat(900),
        "detail": {"a": "y".repeat(50_000)}});
    let first = server.stored(&signal);
    let filler = mount.fill();
    let mut refused = 0;
    // What is left in the log's last pages may still be used.
    for _ in 0..20 {
        let answer = server.signal(&signal);
        if answer.status != 201 {
            assert_eq!(answer.header("retry-after"), "30");
            let problem = answer.problem(503);
            assert!(
                problem["detail"].as_str().unwrap().contains("full"),
                "{problem}"
            );
            refused += 1;
        }
    }
    assert!(refused > 0);
    // It goes on reading, and takes signals again when there is room.
    server.get("/api/health").send().is(200);
    let token_less = server.get(&format!("/api/signals/{}", first["id"])).send();
    token_less.problem(401);
    std::fs::remove_file(filler).unwrap();
    server.stored(&signal);
    assert!(server.stop().status.success());
    let stored = 21 - refused + 1;
    assert_eq!(atlas.count("SELECT count(*) FROM signals"), stored);
    atlas.run(&["db", "check"]).succeeds();
}

#[test]
fn a_backup_onto_a_full_disk_leaves_nothing_there() {
    let mount = Mount::of("64k");
    let atlas = Atlas::initialised();
    let target = mount.path().join("copy.db");
    let ran = atlas
        .run(&["db", "backup", "--to", target.to_str().unwrap()])
        .fails(1, "full");
    // The disk of the target is meant, not the database's.
    assert!(
        ran.err
            .contains(&format!("df -h {}", mount.path().display())),
        "{ran:?}"
    );
    assert_eq!(support::atlas::files_of(mount.path()), Vec::<String>::new());
    drop(Connection::open(&atlas.database).unwrap());
}
