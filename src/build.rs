//! Tells the compiler the commit and target for `--version`, and watches what is embedded.

use std::process::Command;

fn main() {
    // Embedded by macros that do not watch for new files themselves.
    for folder in ["src/catalog", "migrations", "templates"] {
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
}

fn commit_from_git() -> Option<String> {
    let answer = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    (answer.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
