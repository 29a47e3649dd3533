//! `{{variables}}` of runbooks, filled from a signal's detail in one pass: what a value holds is
//! not looked at again. In commands a value is quoted as one inert argument, and a variable that
//! stands where quoting cannot protect it stays open. Where it stands is `domain::shell`'s.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::runbook::Command;
use crate::domain::shell::{self, Place};

/// Languages whose quoting is not POSIX: their variables stay open.
const NOT_POSIX: [&str; 7] = ["powershell", "pwsh", "ps1", "cmd", "bat", "batch", "fish"];

/// A text with its variables filled as far as values were known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Filled {
    /// The text; open variables stand in it as they were.
    pub text: String,
    /// Names and values that were put in, unquoted, in order of first appearance.
    pub filled: Vec<(String, String)>,
    /// Names for a person to fill, in order of first appearance.
    pub open: Vec<String>,
}

impl Filled {
    fn note_filled(&mut self, name: &str, value: &str) {
        if !self.filled.iter().any(|(known, _)| known == name) {
            self.filled.push((name.to_owned(), value.to_owned()));
        }
    }

    fn note_open(&mut self, name: &str) {
        if !self.open.iter().any(|known| known == name) {
            self.open.push(name.to_owned());
        }
    }
}

/// A part of a text whose variables were looked up. The parts, joined, are the filled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it was written.
    Text(String),
    /// What stands in place of a variable.
    Value {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What was put in: the value, quoted in a command.
        put: String,
    },
    /// A variable for a person to fill; it stands there as it was written.
    Open(String),
}

impl FromIterator<Piece> for Filled {
    fn from_iter<I: IntoIterator<Item = Piece>>(pieces: I) -> Self {
        let mut filled = Self::default();
        for piece in pieces {
            match piece {
                Piece::Text(text) => filled.text.push_str(&text),
                Piece::Value { name, value, put } => {
                    filled.text.push_str(&put);
                    filled.note_filled(&name, &value);
                }
                Piece::Open(name) => {
                    filled.text.push_str(&slot(&name));
                    filled.note_open(&name);
                }
            }
        }
        filled
    }
}

/// A variable as it is written.
pub fn slot(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// Fills a POSIX shell command: each value arrives as one argument, or as a part of the word it is
/// glued to, whatever it holds. An argument may still look like an option (`-rf`).
pub fn fill_command(text: &str, values: &Map<String, Value>) -> Filled {
    command_pieces(text, values).into_iter().collect()
}

/// Fills a runbook's command, or leaves all its variables open where its shell does not quote as
/// POSIX does.
pub fn fill_block(command: &Command, values: &Map<String, Value>) -> Filled {
    block_pieces(command, values).into_iter().collect()
}

/// As [`fill_block`], in pieces.
pub fn block_pieces(command: &Command, values: &Map<String, Value>) -> Vec<Piece> {
    if NOT_POSIX.contains(&command.language.to_ascii_lowercase().as_str()) {
        command_pieces(&command.text, &Map::new())
    } else {
        command_pieces(&command.text, values)
    }
}

/// As [`fill_command`], in pieces.
pub fn command_pieces(text: &str, values: &Map<String, Value>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut copied = 0;
    for slot in shell::slots(text) {
        pieces.push(Piece::Text(text[copied..slot.range.start].to_owned()));
        copied = slot.range.end;
        let value = match slot.place {
            Place::Bare => value_of(&slot.name, values),
            _ => None,
        };
        pieces.push(match value {
            Some(value) => Piece::Value {
                name: slot.name,
                put: shell::quote(&value),
                value,
            },
            None => Piece::Open(slot.name),
        });
    }
    pieces.push(Piece::Text(text[copied..].to_owned()));
    pieces
}

/// Fills prose: values stand in it as they are. Whoever shows it escapes it.
pub fn fill_text(text: &str, values: &Map<String, Value>) -> Filled {
    text_pieces(text, values).into_iter().collect()
}

/// As [`fill_text`], in pieces.
pub fn text_pieces(text: &str, values: &Map<String, Value>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some(name) = shell::variable_at(rest) else {
            plain.push('{');
            rest = &rest[1..];
            continue;
        };
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        pieces.push(match value_of(name, values) {
            Some(value) => Piece::Value {
                name: name.to_owned(),
                put: value.clone(),
                value,
            },
            None => Piece::Open(name.to_owned()),
        });
        rest = &rest[name.len() + 4..];
    }
    plain.push_str(rest);
    pieces.push(Piece::Text(plain));
    pieces
}

/// The value of a name as text: scalars only. An empty text counts as not given: an argument of
/// nothing helps nobody, a person may know better.
pub fn value_of(name: &str, values: &Map<String, Value>) -> Option<String> {
    match values.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
