//! The journal's file: bytes go to its end, or not at all. What they mean is `frame`'s.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::agent::disk::{beside, private, sync_directory_of};

#[derive(Debug)]
pub(super) struct Journal {
    pub path: PathBuf,
    file: File,
    /// Where its contents end. What stands behind, after a write that failed, is nothing.
    len: u64,
    /// There may be something behind the end.
    ragged: bool,
    /// The name may not be on disk yet.
    unnamed: bool,
}

impl Journal {
    /// Opens the file, or makes an empty one.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let unnamed = !path.exists();
        let file = private(
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true),
        )
        .open(path)?;
        let len = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            len,
            ragged: false,
            unnamed,
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The file, to be read from its begin.
    pub(super) fn rewound(&self) -> io::Result<&File> {
        (&self.file).seek(SeekFrom::Start(0))?;
        Ok(&self.file)
    }

    /// Writes to the end. Where that fails the journal is as it was.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.ragged {
            self.file.set_len(self.len)?;
            self.ragged = false;
        }
        let written = self
            .file
            .seek(SeekFrom::Start(self.len))
            .and_then(|_| self.file.write_all(bytes));
        match written {
            Ok(()) => {
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                let _ = self.cut(self.len);
                Err(error)
            }
        }
    }

    /// Returns once everything would survive a power cut.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.unnamed {
            sync_directory_of(&self.path)?;
            self.unnamed = false;
        }
        self.file.sync_data()
    }

    /// Ends the contents at `len`. Where the system refuses to shorten the file, what stands behind
    /// is shortened before the next write.
    pub(super) fn cut(&mut self, len: u64) -> io::Result<()> {
        self.len = len;
        self.ragged = true;
        self.file.set_len(len)?;
        self.ragged = false;
        Ok(())
    }

    pub(super) fn read(&self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        read_at(&self.file, offset, length)
    }

    /// Puts another file in the place of this one: `fill` writes it, and reads from this one
    /// meanwhile. Where that fails this one stays.
    pub(super) fn replace(
        &mut self,
        fill: impl FnOnce(&Self, &mut BufWriter<File>) -> io::Result<u64>,
    ) -> io::Result<()> {
        let temporary = beside(&self.path, ".tmp");
        let replaced = private(
            OpenOptions::new()
                .create(true)
                .truncate(true)
                .read(true)
                .write(true),
        )
        .open(&temporary)
        .and_then(|file| {
            let mut out = BufWriter::new(file);
            let len = fill(self, &mut out)?;
            let written = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            written.sync_all()?;
            fs::rename(&temporary, &self.path)?;
            Ok((written, len))
        });
        match replaced {
            Ok((written, len)) => {
                self.file = written;
                self.len = len;
                self.ragged = false;
                // From here on the new file is the journal, whether or not its name is on disk yet.
                self.unnamed = sync_directory_of(&self.path).is_err();
                Ok(())
            }
            Err(error) => {
                let _ = fs::remove_file(&temporary);
                Err(error)
            }
        }
    }
}

pub(super) fn read_at(mut file: &File, offset: u64, length: u32) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
