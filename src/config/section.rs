//! Reads one section of a configuration file key by key, the environment over it. What a key
//! means is its reader's business; types, unknown and duplicate keys are this file's.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::config::env::FILE_SUFFIX;
use crate::config::paths;
use crate::config::secret::Secret;
use crate::config::source::Source;
use crate::yaml::{Node, Step};

/// The sections a file may hold; each program part reads its own and leaves the other's alone.
const SECTIONS: [&str; 2] = ["backend", "agent"];

/// A section that is being read. Every method takes the key, and where there is one the variable
/// that beats it; a null counts as a missing key (version 0.4 wrote nulls).
pub struct Section<'s> {
    source: &'s mut Source,
    path: Vec<Step>,
    entries: Vec<(String, Node)>,
    known: Vec<&'static str>,
}

impl<'s> Section<'s> {
    /// Text.
    pub fn text(&mut self, key: &'static str, variable: Option<&'static str>) -> Option<String> {
        self.value(key, variable, "text", |node| match node {
            Node::Text(text) => Ok(text),
            // A site called 1 or a path called 12 is a text to its writer.
            Node::Int(number) => Ok(number.to_string()),
            other => Err(other),
        })
    }

    /// Text that is read by `parse`; its error completes the sentence.
    pub fn parsed<T>(
        &mut self,
        key: &'static str,
        variable: Option<&'static str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(key, variable)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.complain(key, variable, message);
                None
            }
        }
    }

    /// A secret: from the file, the variable, or the file that the variable `NAME_FILE` names.
    pub fn secret(&mut self, key: &'static str, variable: &'static str) -> Secret {
        let named = format!("{variable}{FILE_SUFFIX}");
        let file = self.source.environment().get(&named).map(str::to_owned);
        let direct = self.text(key, Some(variable));
        let secret = match file {
            None => direct,
            Some(file) => {
                let path = paths::expand(&file, self.source.environment());
                match std::fs::read_to_string(&path) {
                    Ok(text) => Some(text.trim().to_owned()),
                    Err(error) => {
                        let message = format!("cannot read {}: {error}", path.display());
                        self.source.complain_of_variable(&named, message);
                        None
                    }
                }
            }
        };
        self.refuse_placeholder(key, Some(variable), secret.as_deref());
        Secret::new(secret.unwrap_or_default())
    }

    /// A secret that no variable holds.
    pub fn file_secret(&mut self, key: &'static str) -> Secret {
        let text = self.text(key, None);
        self.refuse_placeholder(key, None, text.as_deref());
        Secret::new(text.unwrap_or_default())
    }

    /// Complains where the file has no value for `key`.
    pub fn require(&mut self, key: &'static str, expected: &str) {
        if self.entry(key).is_none_or(|node| node == Node::Null) {
            let path = self.path.clone();
            self.source
                .complain_at(&path, format!("{key} is required: {expected}"));
        }
    }

    fn refuse_placeholder(
        &mut self,
        key: &'static str,
        variable: Option<&'static str>,
        secret: Option<&str>,
    ) {
        if secret.is_some_and(crate::domain::token::is_placeholder) {
            let message = "this is the placeholder of an example, not a secret; make one with: atlas-ops token create";
            self.complain(key, variable, message);
        }
    }

    /// A whole number within a range.
    pub fn number(
        &mut self,
        key: &'static str,
        variable: Option<&'static str>,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let number = self.value(key, variable, "a whole number", |node| match node {
            Node::Int(number) => Ok(number),
            Node::Text(text) => text.trim().parse().map_err(|_| Node::Text(text)),
            other => Err(other),
        })?;
        if !range.contains(&number) {
            let message = format!(
                "expected a number from {} to {}, found {number}",
                range.start(),
                range.end()
            );
            self.complain(key, variable, message);
            return None;
        }
        Some(number)
    }

    /// True or false.
    pub fn flag(&mut self, key: &'static str, variable: Option<&'static str>) -> Option<bool> {
        self.value(key, variable, "true or false", |node| match node {
            Node::Bool(flag) => Ok(flag),
            Node::Text(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(true),
                "false" | "no" | "off" | "0" => Ok(false),
                _ => Err(Node::Text(text)),
            },
            other => Err(other),
        })
    }

    /// A list of texts, each read by `parse`. In a variable the items stand behind commas.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        variable: Option<&'static str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let texts = self.value(key, variable, "a list of texts", |node| match node {
            Node::Text(text) => Ok(text
                .split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect::<Vec<_>>()),
            Node::Int(number) => Ok(vec![number.to_string()]),
            Node::List(items) => {
                let texts: Option<Vec<String>> = items
                    .iter()
                    .map(|item| match item {
                        Node::Text(text) => Some(text.trim().to_owned()),
                        // A status code is a text to its reader.
                        Node::Int(number) => Some(number.to_string()),
                        _ => None,
                    })
                    .collect();
                texts.ok_or(Node::List(items))
            }
            other => Err(other),
        })?;
        let mut values = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(&text) {
                Ok(value) => values.push(value),
                Err(message) => self.complain(key, variable, format!("{text:?}: {message}")),
            }
        }
        Some(values)
    }

    /// A path, expanded, counted from the file's folder where it is relative.
    pub fn path(&mut self, key: &'static str, variable: Option<&'static str>) -> Option<PathBuf> {
        let text = self.text(key, variable).filter(|text| !text.is_empty())?;
        let path = paths::expand(&text, self.source.environment());
        Some(if path.is_absolute() {
            path
        } else {
            self.source.folder().join(path)
        })
    }

    /// A key that is known and passed over.
    pub fn ignored(&mut self, key: &'static str) {
        self.known.push(key);
    }

    /// A section within this one, handed to `read`.
    pub fn child<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        self.known.push(key);
        let entries = self.child_entries(key);
        let path = self.path_to(key);
        let mut child = Section {
            source: self.source,
            path,
            entries,
            known: Vec::new(),
        };
        let value = read(&mut child);
        child.complain_of_strangers();
        value
    }

    /// A list of sections, each handed to `read`.
    pub fn children<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Section<'_>) -> Option<T>,
    ) -> Vec<T> {
        let items = self
            .value(key, None, "a list of sections", |node| match node {
                Node::List(items) => Ok(items),
                other => Err(other),
            })
            .unwrap_or_default();
        let mut values = Vec::new();
        for (position, item) in items.into_iter().enumerate() {
            let mut path = self.path_to(key);
            path.push(Step::Item(position));
            let Node::Map(entries) = item else {
                let message = format!("expected a section, found {}", item.type_name());
                self.source.complain_at(&path, message);
                continue;
            };
            let mut child = Section {
                source: self.source,
                path,
                entries,
                known: Vec::new(),
            };
            values.extend(read(&mut child));
            child.complain_of_strangers();
        }
        values
    }

    /// Ends the section: every key that nothing asked for is unknown.
    pub fn finish(mut self) {
        self.complain_of_strangers();
    }

    /// One thing wrong with the value of `key`, found by whoever knows what it means.
    pub fn complain(
        &mut self,
        key: &str,
        variable: Option<&'static str>,
        message: impl Into<String>,
    ) {
        match variable {
            Some(name) if self.source.environment().get(name).is_some() => {
                self.source.complain_of_variable(name, message);
            }
            _ => {
                let path = self.path_to(key);
                self.source.complain_at(&path, message);
            }
        }
    }

    /// The section `name` of a file, which the file need not have.
    pub fn of(source: &'s mut Source, name: &'static str) -> Self {
        let entries = source.entries();
        let mut root = Self {
            source,
            path: Vec::new(),
            entries,
            known: SECTIONS.to_vec(),
        };
        root.complain_of_strangers();
        let entries = root.child_entries(name);
        root.path.push(Step::Key(name.to_owned(), 0));
        Self {
            entries,
            known: Vec::new(),
            ..root
        }
    }

    fn path_to(&self, key: &str) -> Vec<Step> {
        let mut path = self.path.clone();
        path.push(Step::Key(key.to_owned(), 0));
        path
    }

    fn child_entries(&mut self, key: &'static str) -> Vec<(String, Node)> {
        match self.entry(key) {
            None | Some(Node::Null) => Vec::new(),
            Some(Node::Map(entries)) => entries,
            Some(other) => {
                let message = format!("expected a section, found {}", other.type_name());
                self.complain(key, None, message);
                Vec::new()
            }
        }
    }

    fn entry(&self, key: &str) -> Option<Node> {
        self.entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, node)| node.clone())
    }

    fn value<T>(
        &mut self,
        key: &'static str,
        variable: Option<&'static str>,
        expected: &str,
        read: impl Fn(Node) -> Result<T, Node>,
    ) -> Option<T> {
        self.known.push(key);
        let from_variable = variable.and_then(|name| self.source.environment().get(name));
        let node = match from_variable {
            Some(text) => Node::Text(text.to_owned()),
            None => self.entry(key).filter(|node| *node != Node::Null)?,
        };
        match read(node) {
            Ok(value) => Some(value),
            Err(node) => {
                let message = format!("expected {expected}, found {}", node.type_name());
                self.complain(key, variable, message);
                None
            }
        }
    }

    /// Complains of keys that are unknown or stand twice.
    fn complain_of_strangers(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        for (position, (key, _)) in entries.iter().enumerate() {
            let earlier = entries[..position]
                .iter()
                .filter(|(name, _)| name == key)
                .count();
            let mut path = self.path.clone();
            path.push(Step::Key(key.clone(), earlier));
            if !self.known.contains(&key.as_str()) {
                let message = match super::nearest(key, self.known.iter().copied()) {
                    Some(nearest) => format!("unknown key; did you mean {nearest}?"),
                    None => format!("unknown key; known are: {}", self.known.join(", ")),
                };
                self.source.complain_at(&path, message);
            } else if earlier > 0 {
                let message = "this key stands twice; keep one of the two".to_owned();
                self.source.complain_at(&path, message);
            }
        }
        self.entries = entries;
    }
}
