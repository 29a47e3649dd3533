//! A place of its own for one test: a folder, a configuration, a database, and the commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::running::Running;

/// The program under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_atlas-ops");
/// The shared token that every configuration of [`Atlas`] holds.
pub const SHARED: &str = "atl_the-shared-token-of-the-tests";

/// A folder with a configuration; the database comes with the first command that makes one.
pub struct Atlas {
    pub folder: TempDir,
    /// The database stands here; another folder than the configuration's in some tests.
    pub database: PathBuf,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A token that was just made.
pub struct Token {
    pub id: i64,
    pub secret: String,
}

impl Atlas {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With more lines in the `backend:` section, each `key: value`.
    pub fn with(more: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("atlas-test-")
            .tempdir()
            .unwrap();
        let database = folder.path().join("atlas_ops.db");
        Self::at(folder, database, more)
    }

    /// With the database somewhere else.
    pub fn with_database_at(database: &Path) -> Self {
        Self::at(tempfile::tempdir().unwrap(), database.to_owned(), "")
    }

    fn at(folder: TempDir, database: PathBuf, more: &str) -> Self {
        let atlas = Self { folder, database };
        let mut text = format!(
            "backend:\n  db_url: sqlite:///{}\n",
            atlas.database.display()
        );
        if !more.contains("shared_token:") {
            text += &["  shared_token: ", SHARED, "\n"].concat();
        }
        for line in more.lines() {
            text += &["  ", line, "\n"].concat();
        }
        std::fs::write(atlas.config(), text).unwrap();
        atlas
    }

    /// With an empty database.
    pub fn initialised() -> Self {
        let atlas = Self::new();
        atlas.run(&["db", "init"]).succeeds();
        atlas
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("atlas_ops.config.yaml")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, in this folder, with nothing of ours from the outer environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ATLAS_OPS_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end; its configuration is the one in the folder it runs in.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Starts the server on a free port and waits until it says where it is.
    pub fn serve(&self) -> Running {
        self.serve_with(&[], &[])
    }

    pub fn serve_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Running {
        let mut command = self.command(&["serve", "--port", "0"]);
        command.args(args).envs(environment.iter().copied());
        Running::start(command)
    }

    /// Makes a token; the database must be there.
    pub fn token(&self, scope: &str) -> Token {
        self.token_with(&["--scope", scope])
    }

    pub fn token_with(&self, flags: &[&str]) -> Token {
        let args = [&["token", "create", "--json"], flags].concat();
        let made = self.run(&args).succeeds().json();
        Token {
            id: made["id"].as_i64().unwrap(),
            secret: made["token"].as_str().unwrap().to_owned(),
        }
    }

    /// The database, past the program.
    pub fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.database).unwrap()
    }

    /// One number out of the database.
    pub fn count(&self, question: &str) -> i64 {
        self.sql()
            .query_row(question, [], |row| row.get(0))
            .unwrap()
    }

    /// The names of the files in the folder, sorted.
    pub fn files(&self) -> Vec<String> {
        files_of(self.folder.path())
    }
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            // A signal ends it without a code.
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Ends with `code`, one `error:` that says `words`, and a `hint:`.
    #[track_caller]
    pub fn fails(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(words), "expected {words:?} in {self:?}");
        let lines = |start: &str| {
            self.err
                .lines()
                .filter(|line| line.starts_with(start))
                .count()
        };
        assert_eq!((lines("error: "), lines("hint: ")), (1, 1), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self
    }

    #[track_caller]
    pub fn says_nothing(self) -> Self {
        assert_eq!((self.out.as_str(), self.err.as_str()), ("", ""));
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("no JSON on stdout ({error}): {self:?}"))
    }
}

/// The names of the files in a folder, sorted.
pub fn files_of(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A file that the repository keeps for the tests.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Runs a tool of the system, which must succeed: a test that needs it fails loudly without.
#[track_caller]
pub fn tool(name: &str, args: &[&str]) {
    let output = Command::new(name)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{name} is needed by this test: {error}"));
    assert!(output.status.success(), "{name} {args:?}: {output:?}");
}
