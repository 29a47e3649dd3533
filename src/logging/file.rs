//! A log file that never grows without bound: at a size it becomes `.1`, `.1` becomes `.2`, and the
//! oldest goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// At this size, in bytes, a new file is begun.
const MAX_SIZE: u64 = 5_000_000;
/// Older files that are kept.
const KEPT: u32 = 3;

#[derive(Debug)]
pub(super) struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
    max_size: u64,
}

impl Rotating {
    /// Opens the file to write on, and makes its folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::with_size(path, MAX_SIZE)
    }

    fn with_size(path: &Path, max_size: u64) -> io::Result<Self> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)?;
        }
        let file = append_to(path)?;
        Ok(Self {
            size: file.metadata()?.len(),
            path: path.to_owned(),
            file,
            max_size,
        })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            // One that is not there yet is no fault.
            let _ = fs::rename(self.numbered(number), self.numbered(number + 1));
        }
        fs::rename(&self.path, self.numbered(1))?;
        self.file = append_to(&self.path)?;
        self.size = 0;
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

impl Write for Rotating {
    /// One line a call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.size > 0 && self.size + line.len() as u64 > self.max_size {
            // Where it cannot be moved (another process has it open), it is written on: a log that is
            // too long beats none.
            let _ = self.rotate();
        }
        let written = self.file.write(line)?;
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_the_newest_lines_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs").join("agent.log");
        for round in 0..2 {
            let mut log = Rotating::with_size(&path, 100).unwrap();
            for number in 0..30 {
                // In one piece, as a line of the log comes.
                let line = format!("line {number:02} of round {round} of the test\n");
                log.write_all(line.as_bytes()).unwrap();
            }
        }
        let read = |name: &str| fs::read_to_string(path.with_file_name(name)).unwrap();
        let mut names: Vec<_> = fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["agent.log", "agent.log.1", "agent.log.2", "agent.log.3"]
        );
        let all: String = names.iter().rev().map(|name| read(name)).collect();
        assert!(all.len() <= 400 && all.ends_with("line 29 of round 1 of the test\n"));
        let numbers: Vec<&str> = all.lines().map(|line| &line[5..7]).collect();
        assert!(numbers.is_sorted() && numbers.len() >= 9, "{numbers:?}");
    }
}
