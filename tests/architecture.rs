//! The house's own rules, read from its source: who may know whom, which package stands behind
//! which fence, and how long a file may be.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Which rooms a room may know besides itself. `commands`, `main` and `lib` see all.
const MAY_KNOW: [(&str, &[&str]); 19] = [
    (
        "agent",
        &[
            "domain", "wire", "config", "http", "clock", "error", "aside",
        ],
    ),
    ("aside", &[]),
    ("build", &[]),
    ("catalog", &["domain", "packed", "yaml"]),
    ("cli", &["domain"]),
    ("clock", &["domain"]),
    ("config", &["domain", "error", "packed", "yaml"]),
    ("domain", &["packed"]),
    ("error", &[]),
    ("flow", &["store", "domain", "catalog"]),
    ("http", &["wire"]),
    ("llm", &["domain", "config", "http"]),
    ("logging", &["cli", "config"]),
    (
        "mcp",
        &[
            "domain", "wire", "config", "http", "clock", "error", "aside",
        ],
    ),
    ("packed", &[]),
    (
        "server",
        &[
            "flow", "store", "domain", "wire", "config", "clock", "error", "llm", "packed", "aside",
        ],
    ),
    ("store", &["domain", "aside"]),
    ("wire", &["domain"]),
    ("yaml", &[]),
];

/// Outside packages, and the only places that may name them. A place is a path or its start.
const FENCES: [(&str, &[&str]); 17] = [
    ("rusqlite", &["store/"]),
    ("refinery", &["store/"]),
    ("actix_web", &["server/"]),
    ("actix_cors", &["server/"]),
    ("askama", &["server/pages/", "commands/install"]),
    ("ureq", &["http.rs", "http/"]),
    ("rustls", &["agent/sys/"]),
    ("rmcp", &["mcp/"]),
    ("docker_api", &["agent/sys/"]),
    ("containers_api", &["agent/sys/"]),
    ("surge_ping", &["agent/sys/"]),
    ("argon2", &["domain/password.rs"]),
    ("flate2", &["packed.rs", "build.rs"]),
    ("rustix", &["agent/sys/"]),
    ("sysinfo", &["agent/sys/"]),
    ("serde_yaml", &["yaml.rs"]),
    ("yaml_serde", &["yaml.rs"]),
];

/// Lines that a file may have.
const LONGEST: usize = 400;

struct Source {
    /// Below `src/`, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap();
        name == "tests.rs" || self.path.contains("/tests/")
    }

    /// Code without comments, and without the tests at its end: what is built into the program.
    fn code(&self) -> String {
        let code = match self.text.find("#[cfg(test)]\nmod tests {") {
            Some(end) => &self.text[..end],
            None => &self.text,
        };
        code.lines()
            .map(|line| {
                if line.trim_start().starts_with("//") {
                    ""
                } else {
                    line
                }
            })
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All files of a folder of the repository.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths = Vec::new();
    files_below(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| Source {
            text: std::fs::read_to_string(&path).unwrap(),
            path: path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/"),
        })
        .collect()
}

/// What the program is built from.
fn program() -> Vec<Source> {
    sources("src")
        .into_iter()
        .filter(|source| !source.is_test())
        .collect()
}

/// The rooms that a text names: `crate::room` and the first words of `crate::{room, ...}`.
fn rooms_named(code: &str) -> BTreeSet<String> {
    let single = Regex::new(r"\bcrate::(\w+)").unwrap();
    let grouped = Regex::new(r"\bcrate::\{").unwrap();
    let mut named: BTreeSet<String> = single
        .captures_iter(code)
        .map(|found| found[1].to_owned())
        .collect();
    for group in grouped.find_iter(code) {
        let (mut depth, mut first, mut word) = (1, true, String::new());
        for sign in code[group.end()..].chars() {
            match sign {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => first = true,
                ':' if depth == 1 => first = false,
                sign if depth == 1 && first && (sign.is_alphanumeric() || sign == '_') => {
                    word.push(sign);
                }
                _ => {}
            }
            if (!first || depth != 1 || sign == ',') && !word.is_empty() {
                named.insert(std::mem::take(&mut word));
            }
            if depth == 0 {
                break;
            }
        }
    }
    named
}

#[test]
fn groups_of_rooms_are_read_too() {
    let named = rooms_named(
        "use crate::{clock, store::{Db, signals}, wire::Problem};\nlet x = crate::error::Error;",
    );
    let expected = ["clock", "error", "store", "wire"].map(str::to_owned);
    assert_eq!(named, BTreeSet::from(expected));
}

#[test]
fn no_room_knows_one_that_it_may_not() {
    let mut broken = Vec::new();
    for source in program() {
        let room = source.room();
        if ["commands", "main", "lib"].contains(&room) {
            continue;
        }
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == room) else {
            broken.push(format!(
                "{}: the room {room} is not in the table",
                source.path
            ));
            continue;
        };
        for named in rooms_named(&source.code()) {
            let is_room = MAY_KNOW.iter().any(|(name, _)| *name == named) || named == "commands";
            if is_room && named != room && !allowed.contains(&named.as_str()) {
                broken.push(format!("{} knows {named}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn pages_and_api_do_not_know_each_other() {
    let forbidden = [
        (
            "server/pages/",
            Regex::new(r"server::api\b|super::(?:super::)*api\b").unwrap(),
        ),
        (
            "server/api/",
            Regex::new(r"server::pages\b|super::(?:super::)*pages\b").unwrap(),
        ),
    ];
    for source in program() {
        for (place, names) in &forbidden {
            let found = source.path.starts_with(place) && names.is_match(&source.code());
            assert!(!found, "{} knows its neighbour", source.path);
        }
    }
}

#[test]
fn outside_packages_are_named_behind_their_fences_only() {
    let mut broken = Vec::new();
    for (package, places) in FENCES {
        let names = Regex::new(&format!(r"\b{package}(?:::|;|\s+as\b)")).unwrap();
        for source in program() {
            let fenced = places.iter().any(|place| source.path.starts_with(place));
            if !fenced && names.is_match(&source.code()) {
                broken.push(format!("{} names {package}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_rules_know_no_clock_disk_network_or_randomness() {
    let outside = Regex::new(
        r"std::(?:fs|net::(?:Tcp|Udp|ToSocketAddrs)|env|process|thread|time::(?:Instant|SystemTime))\b|Timestamp::now|Zoned::now|getrandom|TimeZone::system",
    )
    .unwrap();
    for source in program().iter().filter(|source| source.room() == "domain") {
        let code = source.code();
        let found = outside.find(&code).map(|found| found.as_str());
        assert_eq!(found, None, "{}", source.path);
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads_in_one_go() {
    let mut long = Vec::new();
    for folder in ["src", "tests"] {
        for source in sources(folder) {
            let lines = source.text.lines().count();
            if lines > LONGEST {
                long.push(format!("{folder}/{}: {lines}", source.path));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_file_says_what_it_owns() {
    for folder in ["src", "tests"] {
        for source in sources(folder) {
            let is_part = source.is_test() || source.path == "bench/limits.rs";
            assert!(
                is_part || source.text.starts_with("//!"),
                "{folder}/{}",
                source.path
            );
        }
    }
}

#[test]
fn nothing_is_unwrapped_without_a_reason() {
    // Clippy denies both; what is left are the places that were allowed, each with its reason.
    let allowed =
        Regex::new(r"#!?\[(?:allow|expect)\([^\]]*(?:unwrap|expect)_used[^\]]*\].*").unwrap();
    for source in program() {
        for found in allowed.find_iter(&source.code()) {
            let text = found.as_str();
            let reasoned = text.contains("reason =") || text.contains("//");
            assert!(reasoned, "{}: {text}", source.path);
        }
    }
}

#[test]
fn the_main_file_stays_under_sixty_lines() {
    let main = program()
        .into_iter()
        .find(|source| source.path == "main.rs")
        .unwrap();
    assert!(main.text.lines().count() < 60);
}
