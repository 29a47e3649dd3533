//! The files an installation makes: none is written before all may be, each is written aside and
//! renamed, and one with a secret is its owner's alone from the first byte.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::config::env::{self, Environment};
use crate::config::paths;
use crate::config::source::Source;
use crate::error::{Error, Exit};

/// Where an installation goes: the configuration file, everything else beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The configuration file.
    pub config: PathBuf,
    /// The folder it stands in.
    pub folder: PathBuf,
}

impl Place {
    /// The file named by flag, then by `ATLAS_OPS_CONFIG`, then `name` in the working directory.
    pub(super) fn find(
        explicit: Option<&Path>,
        name: &str,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let given = explicit
            .or_else(|| environment.get(env::CONFIG).map(Path::new))
            .unwrap_or(Path::new(name));
        let refused = |reason: &str| {
            Error::new(
                format!("write the configuration {:?}", given.to_string_lossy()),
                reason,
            )
            .hint(format!(
                "name the file: --config {}",
                paths::system_folder(environment).join(name).display()
            ))
            .exit(Exit::Usage)
        };
        let text = given
            .to_str()
            .ok_or_else(|| refused("the name is not UTF-8"))?;
        // They would break the lines of a unit file, or are no characters of XML.
        if text
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
        {
            return Err(refused("the name holds control characters"));
        }
        let path = paths::expand(text, environment);
        if text.ends_with(std::path::is_separator) || path.is_dir() {
            return Err(refused("it is a folder"));
        }
        let config = std::path::absolute(&path).map_err(|error| refused(&error.to_string()))?;
        let folder = match (config.parent(), config.file_name()) {
            (Some(folder), Some(_)) => folder.to_owned(),
            _ => return Err(refused("it names no file")),
        };
        Ok(Self { config, folder })
    }

    /// A file beside the configuration.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes the folder, and answers the place with the folder's own name: a unit takes no `..`.
    pub(super) fn create(&self) -> Result<Self, Error> {
        let folder = fs::create_dir_all(&self.folder)
            .and_then(|()| own_name(&self.folder))
            .map_err(|error| {
                Error::new(
                    format!("create the folder {}", self.folder.display()),
                    error,
                )
                .hint("give another place with --config, or run this as a user who may write there")
            })?;
        let name = self.config.file_name().unwrap_or_default();
        Ok(Self {
            config: folder.join(name),
            folder,
        })
    }
}

/// A folder's path without links and `..`. On Windows it stays as it is: its own name would be
/// the `\\?\` form, which few programs take.
pub(super) fn own_name(folder: &Path) -> io::Result<PathBuf> {
    if cfg!(windows) {
        std::path::absolute(folder)
    } else {
        fs::canonicalize(folder)
    }
}

/// Refuses to go on where one of the files exists, or two are the same.
///
/// # Errors
/// Names every file that is in the way.
pub(super) fn refuse_existing(paths: &[&Path], force: bool) -> Result<(), Error> {
    for (position, path) in paths.iter().enumerate() {
        if paths[..position].contains(path) {
            return Err(Error::new(
                format!("write {}", path.display()),
                "two files of the installation would have this name",
            )
            .hint("give the configuration another name with --config")
            .exit(Exit::Usage));
        }
    }
    let there = |path: &&&Path| fs::symlink_metadata(path).is_ok();
    let in_the_way: Vec<&&Path> = paths
        .iter()
        .filter(there)
        .filter(|path| !force || path.is_dir())
        .collect();
    if in_the_way.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = in_the_way
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let hint = if in_the_way.iter().any(|path| path.is_dir()) {
        "a folder is in the way: give another place with --config"
    } else {
        "nothing was written; give another place with --config, or write new files over these with --force"
    };
    Err(Error::new(format!("write {}", names.join(", ")), "exists already").hint(hint))
}

/// Refuses to replace a configuration that somebody else needs: one variable may name the file of
/// the backend and of the agent alike.
///
/// # Errors
/// The file at this place has the section `other`.
pub(super) fn refuse_other_section(config: &Path, other: &str) -> Result<(), Error> {
    let there = config
        .is_file()
        .then(|| Source::load(Some(config.to_owned()), Environment::default()));
    // A file that cannot be read as a configuration is what --force is for.
    if let Some(Ok(source)) = there
        && source.has(other)
    {
        return Err(Error::new(
            format!("write {}", config.display()),
            format!("it holds the configuration of the {other}"),
        )
        .hint("give this one a file of its own with --config"));
    }
    Ok(())
}

/// A file that is written, but not under its name yet. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub(super) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Writes a file that its owner alone may read.
    pub(super) fn secret(path: PathBuf, content: &[u8]) -> Result<Self, Error> {
        Self::write(path, content).map_err(|(path, error)| unwritable(&path, error))
    }

    /// Writes a file that everyone may read.
    pub(super) fn public(path: PathBuf, content: &[u8]) -> Result<Self, Error> {
        let staged = Self::secret(path, content)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let readable = fs::Permissions::from_mode(0o644);
            fs::set_permissions(staged.file.path(), readable)
                .map_err(|error| unwritable(&staged.path, error))?;
        }
        Ok(staged)
    }

    fn write(path: PathBuf, content: &[u8]) -> Result<Self, (PathBuf, io::Error)> {
        let folder = path.parent().unwrap_or(Path::new("."));
        // Its owner's alone from the start: that is how this package makes files.
        let written = tempfile::Builder::new()
            .prefix(".atlas-ops-install-")
            .tempfile_in(folder)
            .and_then(|mut file| {
                file.write_all(content)?;
                file.as_file().sync_all()?;
                Ok(file)
            });
        match written {
            Ok(file) => Ok(Self { file, path }),
            Err(error) => Err((path, error)),
        }
    }

    /// Where it stands for now, beside its final place.
    pub(super) fn draft(&self) -> &Path {
        self.file.path()
    }
}

/// Gives all files their names. Where one cannot have its own, those before it are taken back,
/// unless they replaced another.
pub(super) fn put_in_place(files: Vec<Staged>, force: bool) -> Result<(), Error> {
    let mut done: Vec<PathBuf> = Vec::new();
    for Staged { file, path } in files {
        let named = if force {
            file.persist(&path)
        } else {
            file.persist_noclobber(&path)
        };
        if let Err(failure) = named {
            if !force {
                for path in &done {
                    // What is told is why the installation failed, not how the tidying went.
                    let _ = fs::remove_file(path);
                }
            }
            return Err(unwritable(&path, failure.error));
        }
        done.push(path);
    }
    Ok(())
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::new(format!("write {}", path.display()), error)
        .hint("give another place with --config, or run this as a user who may write there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_absolute_and_names_a_file() {
        let environment = Environment::of(&[("HOME", "/home/a")]);
        let find = |path: &str| Place::find(Some(Path::new(path)), "x.yaml", &environment);
        assert_eq!(find("~/c.yaml").unwrap().folder, Path::new("/home/a"));
        assert!(find("c.yaml").unwrap().config.is_absolute());
        for wrong in ["/tmp", "/nowhere/", "a\nb.yaml"] {
            assert!(find(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_fails_half_way_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b"].map(|name| folder.path().join(name));
        let files = vec![
            Staged::secret(first.clone(), b"1").unwrap(),
            Staged::public(second.clone(), b"2").unwrap(),
        ];
        fs::write(&second, "mine").unwrap();
        assert!(put_in_place(files, false).is_err());
        assert!(!first.exists());
        assert_eq!(fs::read_to_string(&second).unwrap(), "mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
