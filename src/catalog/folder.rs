//! Runbooks from a folder of Markdown files, one each (`runbooks_dir`). Looked at again and again:
//! by name, size and time of change, since a network mount tells nobody what changed on it.
//!
//! A file that breaks keeps its last good version in force; what is wrong is remembered as problems.
//! A folder that cannot be read keeps them all: a mount that went away removes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::read_runbook;
use crate::domain::order;
use crate::domain::runbook::{Lint, MAX_BYTES, Origin, Problem, Runbook};

/// Most files that are read.
const MAX_FILES: usize = 2_000;

/// A folder, and what was found in it last.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<String, Known>,
    /// Why the folder itself could not be read.
    trouble: Option<String>,
}

/// One file as it was read last.
#[derive(Debug, Default)]
struct Known {
    stamp: Option<Stamp>,
    good: Option<Runbook>,
    lints: Vec<Lint>,
    /// What its runbook is called, read or not.
    id: Option<String>,
}

/// By what a change is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    changed: Option<SystemTime>,
    size: u64,
}

impl Folder {
    /// A folder that was not looked at yet.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            files: BTreeMap::new(),
            trouble: None,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks for what is new, changed or gone, and reads it. True where anything was.
    pub fn look(&mut self) -> bool {
        let found = match self.list() {
            Ok(found) => found,
            Err(error) => {
                let trouble = Some(format!("the folder cannot be read: {error}"));
                let new = self.trouble != trouble;
                self.trouble = trouble;
                return new;
            }
        };
        let mut changed = self.trouble.take().is_some();
        let before = self.files.len();
        self.files.retain(|name, _| found.contains_key(name));
        changed |= self.files.len() != before;
        for (name, stamp) in found {
            let known = self.files.entry(name.clone()).or_default();
            if known.stamp != Some(stamp) {
                known.stamp = Some(stamp);
                known.read(&self.path.join(&name), stamp.size);
                changed = true;
            }
        }
        changed
    }

    /// The files that count: Markdown, not hidden, not an editor's copy, in this folder itself.
    fn list(&self) -> std::io::Result<BTreeMap<String, Stamp>> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_markdown = Path::new(&name).extension().is_some_and(|end| {
                end.eq_ignore_ascii_case("md") || end.eq_ignore_ascii_case("markdown")
            });
            if !is_markdown || name.starts_with('.') {
                continue;
            }
            // Through links, as Kubernetes mounts a folder of files.
            let stamp = match std::fs::metadata(entry.path()) {
                Ok(about) if about.is_file() => Stamp {
                    changed: about.modified().ok(),
                    size: about.len(),
                },
                Ok(_) => continue,
                Err(_) => Stamp {
                    changed: None,
                    size: 0,
                },
            };
            found.insert(name, stamp);
            if found.len() >= MAX_FILES {
                break;
            }
        }
        Ok(found)
    }

    /// The runbooks in force, by file name. Of two with one id the first counts.
    pub fn runbooks(&self) -> Vec<Runbook> {
        let mut runbooks: Vec<Runbook> = Vec::new();
        for good in self.files.values().filter_map(|known| known.good.as_ref()) {
            if !runbooks.iter().any(|known| known.id == good.id) {
                runbooks.push(good.clone());
            }
        }
        runbooks
    }

    /// Names of files that are broken and have no good version, with the id they would have.
    pub fn lost(&self) -> Vec<(String, String)> {
        let lost = self.files.iter().filter(|(_, known)| known.good.is_none());
        lost.filter_map(|(name, known)| Some((name.clone(), known.id.clone()?)))
            .collect()
    }

    /// Gives a broken file the good version it had before this program was started.
    pub fn remember(&mut self, name: &str, good: Runbook) {
        if let Some(known) = self.files.get_mut(name)
            && known.good.is_none()
        {
            known.good = Some(good);
        }
    }

    /// Everything wrong with the folder, by file and line.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(trouble) = &self.trouble {
            let name = self.path.display().to_string();
            problems.push(Problem::new(name, Lint::new(1, trouble)));
        }
        let mut first_of: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, known) in &self.files {
            for lint in &known.lints {
                problems.push(Problem::new(name, lint.clone()));
            }
            let Some(good) = &known.good else { continue };
            match first_of.get(good.id.as_str()) {
                Some(first) => {
                    let message =
                        format!("the id {} is {first}'s already; that one counts", good.id);
                    problems.push(Problem::new(name, Lint::new(1, message)));
                    let message =
                        format!("the id {} stands in {name} too; this one counts", good.id);
                    problems.push(Problem::new(*first, Lint::new(1, message)));
                }
                None => {
                    first_of.insert(&good.id, name);
                }
            }
        }
        order::sort(&mut problems);
        problems
    }
}

impl Known {
    fn read(&mut self, path: &Path, size: u64) {
        let refused = |message: String| vec![Lint::new(1, message)];
        let text = if size > MAX_BYTES as u64 {
            Err(refused(format!(
                "the file is larger than {} KiB",
                MAX_BYTES / 1024
            )))
        } else {
            read_text(path).map_err(refused)
        };
        self.id = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        if let Ok(text) = &text
            && let Some(id) = id_line(text)
        {
            self.id = Some(id);
        }
        match text.and_then(|text| read_runbook(&text, Origin::File)) {
            Ok(runbook) => {
                self.lints.clear();
                self.good = Some(runbook);
            }
            // The last good version stays in force.
            Err(lints) => self.lints = lints,
        }
    }
}

/// The text of a file, never more than a runbook may have.
fn read_text(path: &Path) -> Result<String, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    // It may have grown since its size was taken.
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("the file is larger than {} KiB", MAX_BYTES / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
}

/// The id that a file gives itself, as far as it can be read without YAML.
fn id_line(text: &str) -> Option<String> {
    let id = text
        .lines()
        .take(50)
        .find_map(|line| line.strip_prefix("id:"))?
        .trim()
        .trim_matches(['"', '\'']);
    (!id.is_empty()).then(|| id.to_owned())
}
