//! The agent's task for the Windows Task Scheduler. It is a UTF-16 file, as its declaration says:
//! the scheduler refuses one whose declared and real encoding differ.

use std::path::Path;

use askama::Template;

/// The name the file has.
pub(super) const FILE_NAME: &str = "atlas-ops-agent.xml";
/// The name the task gets.
pub(super) const TASK_NAME: &str = "Atlas Ops Agent";

/// What the task is made of.
#[derive(Debug, Template)]
#[template(path = "install/atlas-ops-agent.xml")]
pub(super) struct Task<'t> {
    pub site_id: &'t str,
    pub backend_url: &'t str,
    pub interval_minutes: u32,
    pub command: String,
    pub arguments: String,
}

/// Seconds as the whole minutes that the scheduler and cron count in: never fewer than asked for.
pub(super) fn minutes(seconds: u32) -> u32 {
    seconds.div_ceil(60).max(1)
}

/// Program and configuration as the task names them. On Windows they are where they are; a task
/// written elsewhere is for a Windows host to come, and names the places they belong to there,
/// unless `given` (what was typed) is a Windows path itself.
pub(super) fn places(given: Option<&Path>, program: &Path, config: &Path) -> (String, String) {
    if cfg!(windows) {
        return (program.display().to_string(), config.display().to_string());
    }
    let given = given.map(|path| path.to_string_lossy().into_owned());
    let config = given.filter(|path| path.contains('\\')).unwrap_or_else(|| {
        let name = config.file_name().unwrap_or_default().to_string_lossy();
        format!("%PROGRAMDATA%\\AtlasOps\\{name}")
    });
    ("%ProgramFiles%\\AtlasOps\\atlas-ops.exe".to_owned(), config)
}

/// What follows the program: one cycle with this configuration.
pub(super) fn arguments(config: &str) -> String {
    format!("agent run --once --config {}", quoted(config))
}

/// One argument as programs on Windows take their command line apart: a quote is escaped, and so
/// are the backslashes right before one.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut backslashes = 0;
    for c in text.chars() {
        match c {
            '\\' => backslashes += 1,
            '"' => {
                quoted.push_str(&"\\".repeat(backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        quoted.push(c);
    }
    quoted.push_str(&"\\".repeat(backslashes));
    quoted.push('"');
    quoted
}

/// UTF-16, little end first, with its mark and the line ends of Windows.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheduler_counts_in_minutes_and_from_one() {
        assert_eq!([5, 60, 61, 300, 86_400].map(minutes), [1, 1, 2, 5, 1440]);
    }

    #[test]
    fn an_argument_survives_the_windows_command_line() {
        for (text, expected) in [
            (r"C:\a b\c.yaml", r#""C:\a b\c.yaml""#),
            (r"C:\a\", r#""C:\a\\""#),
            (r#"a"b"#, r#""a\"b""#),
            (r#"a\"b"#, r#""a\\\"b""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn a_windows_path_is_taken_as_it_was_typed() {
        let typed = Path::new(r"%PROGRAMDATA%\Other\a.yaml");
        let (program, config) = places(Some(typed), Path::new("/p"), Path::new("/x"));
        assert!(program.ends_with(r"\atlas-ops.exe"));
        assert_eq!(config, typed.to_str().unwrap());
        let (_, config) = places(None, Path::new("/p"), Path::new("/x/agent_config.yaml"));
        assert_eq!(config, r"%PROGRAMDATA%\AtlasOps\agent_config.yaml");
    }

    #[test]
    fn declared_and_real_encoding_agree() {
        assert_eq!(encode("a\n"), [0xff, 0xfe, b'a', 0, b'\r', 0, b'\n', 0]);
    }
}
