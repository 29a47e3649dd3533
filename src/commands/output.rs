//! What commands print. A reader that went away (`| head`) is no error.
#![allow(clippy::print_stdout, clippy::print_stderr)] // the one place that prints

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::domain::text::shown;
use crate::error::Error;

/// One line on stdout.
pub fn line(text: impl AsRef<str>) {
    raw(&format!("{}\n", text.as_ref()));
}

/// Text as it is on stdout. Where it cannot be written the command has failed, and ends: what it
/// prints, such as a new token, is what it was called for.
pub fn raw(text: &str) {
    if let Err(error) = write(text) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        let failed = Error::new("print the result", error)
            .hint("what was asked for is done, and nobody has seen it; see what is full: df -h");
        complain(&failed);
        std::process::exit(1);
    }
}

/// One line on stdout, for whoever may listen: what the command does does not depend on it.
pub fn announce(text: &str) {
    let _ = write(&format!("{text}\n"));
}

fn write(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A value as indented JSON on stdout.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => line(text),
        Err(error) => note(format!("cannot print as JSON: {error}")),
    }
}

/// Columns padded to their widest cell, the heading first.
pub fn table(heading: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line(padded.join("  ").trim_end());
    };
    print(&mut heading.iter().copied());
    for row in rows {
        print(&mut row.iter().map(String::as_str));
    }
}

/// One line on stderr, for a person.
pub fn note(text: impl AsRef<str>) {
    let lines: Vec<String> = text.as_ref().lines().map(shown).collect();
    // Nobody is left to tell where stderr is closed.
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
}

/// An error on stderr, with its hint.
pub fn complain(error: &Error) {
    note(format!("error: {error}"));
}
