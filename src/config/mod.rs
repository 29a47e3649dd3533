//! Configuration: defaults < file < environment < flags. Flags are laid on top by the command
//! that has them; everything before that is read here.

pub mod agent;
pub mod backend;
pub mod env;
pub mod llm;
pub mod paths;
pub mod secret;
pub mod section;
pub mod source;

/// The known name that `word` was most likely meant to be.
fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Refuses what would break a line: values stand in unit files, logs and addresses.
///
/// # Errors
/// `text` holds a control character.
fn one_line(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("holds control characters, such as a line break".to_owned());
    }
    Ok(())
}
