//! A clock for real programs that a test puts forward: they live through hours within seconds,
//! and agree on what time it is.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::atlas::{fixture, tool};

/// The programs that are started with it share it. It never goes back.
pub struct Ahead {
    folder: TempDir,
    file: File,
    seconds: AtomicI64,
}

impl Ahead {
    /// Not ahead yet.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("atlas-clock-")
            .tempdir()
            .unwrap();
        // Programs of other users read it too.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let source = fixture("clock/ahead.c");
        let library = library(folder.path());
        let (library, source) = (library.to_str().unwrap(), source.to_str().unwrap());
        let flags = ["-O2", "-shared", "-fPIC", "-Wall", "-Werror", "-o"];
        tool("cc", &[&flags[..], &[library, source]].concat());
        let mut how = OpenOptions::new();
        how.write(true).create(true).truncate(true);
        let file = how.open(seconds(folder.path())).unwrap();
        let clock = Self {
            folder,
            file,
            seconds: AtomicI64::new(0),
        };
        clock.tell(0);
        clock
    }

    /// A program that lives by it, and all that it starts.
    pub fn rules(&self, command: &mut Command) {
        let folder = self.folder.path();
        command.env("LD_PRELOAD", library(folder));
        command.env("TEST_CLOCK_AHEAD", seconds(folder));
    }

    /// Puts it forward, for programs that run too.
    pub fn put_forward(&self, minutes: i64) {
        let more = minutes * 60;
        self.tell(self.seconds.fetch_add(more, Ordering::Relaxed) + more);
    }

    fn tell(&self, seconds: i64) {
        self.file.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }
}

fn library(folder: &Path) -> PathBuf {
    folder.join("ahead.so")
}

fn seconds(folder: &Path) -> PathBuf {
    folder.join("seconds")
}
