//! Where configuration files are sought, and how `~`, `$VAR` and `%VAR%` in a path are read.

use std::path::{Path, PathBuf};

use crate::config::env::{self, Environment};

/// The system's place for configuration.
pub fn system_folder(environment: &Environment) -> PathBuf {
    if cfg!(windows) {
        let base = environment.get("PROGRAMDATA").unwrap_or("C:\\ProgramData");
        Path::new(base).join("AtlasOps")
    } else {
        PathBuf::from("/etc/atlas-ops")
    }
}

/// The file to read: the one named by flag, then by `ATLAS_OPS_CONFIG` (both whether or not it
/// exists: a wrong name is an error, not a default), then `name` in the working directory, then
/// in the system's place. `None` where there is none.
pub fn find(explicit: Option<&Path>, name: &str, environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = explicit {
        return Some(expand(&path.to_string_lossy(), environment));
    }
    if let Some(path) = environment.get(env::CONFIG) {
        return Some(expand(path, environment));
    }
    [PathBuf::from(name), system_folder(environment).join(name)]
        .into_iter()
        .find(|path| path.is_file())
}

/// Expands `~` at the start, `$VAR`, `${VAR}` and `%VAR%`. A name that is not set stays as it
/// stands, so that the error about the path shows it.
pub fn expand(text: &str, environment: &Environment) -> PathBuf {
    let home = environment
        .get("HOME")
        .or_else(|| environment.get("USERPROFILE"));
    let text = match (text.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            format!("{home}{rest}")
        }
        _ => text.to_owned(),
    };
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(['$', '%']) {
        expanded.push_str(&rest[..start]);
        rest = &rest[start..];
        let (name, length) = variable_at(rest);
        match name.and_then(|name| environment.get(name)) {
            Some(value) => expanded.push_str(value),
            None => expanded.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    expanded.push_str(rest);
    PathBuf::from(expanded)
}

/// The variable that `text` starts with, and how many bytes it takes; one byte where it is none.
fn variable_at(text: &str) -> (Option<&str>, usize) {
    let name_length = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(text.len())
    };
    if let Some(rest) = text.strip_prefix("${") {
        return match rest.find('}') {
            Some(end) => (Some(&rest[..end]), end + 3),
            None => (None, 1),
        };
    }
    if let Some(rest) = text.strip_prefix('%') {
        let end = name_length(rest);
        return if end > 0 && rest[end..].starts_with('%') {
            (Some(&rest[..end]), end + 2)
        } else {
            (None, 1)
        };
    }
    let end = name_length(&text[1..]);
    if end == 0 {
        (None, 1)
    } else {
        (Some(&text[1..=end]), end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_both_worlds_are_expanded() {
        let environment = Environment::of(&[("HOME", "/home/a"), ("DATA", "/data")]);
        for (text, path) in [
            ("~/x", "/home/a/x"),
            ("~x", "~x"),
            ("$DATA/x", "/data/x"),
            ("${DATA}x", "/datax"),
            ("%DATA%/x", "/data/x"),
            ("$NOPE/x", "$NOPE/x"),
            ("100%", "100%"),
            ("a$", "a$"),
            ("${open", "${open"),
        ] {
            assert_eq!(expand(text, &environment), PathBuf::from(path), "{text}");
        }
    }

    #[test]
    fn a_named_file_is_taken_even_where_it_does_not_exist() {
        let environment = Environment::of(&[(env::CONFIG, "/nowhere/b.yaml")]);
        assert_eq!(
            find(Some(Path::new("/nowhere/a.yaml")), "x.yaml", &environment),
            Some(PathBuf::from("/nowhere/a.yaml"))
        );
        assert_eq!(
            find(None, "x.yaml", &environment),
            Some(PathBuf::from("/nowhere/b.yaml"))
        );
    }
}
