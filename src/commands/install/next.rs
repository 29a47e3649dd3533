//! What to type after an installation, ready to be pasted.

use std::path::Path;

use super::systemd::{self, Sandbox};
use super::task;
use crate::config::env::Environment;
use crate::domain::shell;

/// A path as one word of a shell, in quotes only where it needs them.
pub(super) fn word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@,:=".contains(c);
    if cfg!(windows) {
        format!("\"{text}\"")
    } else if text.chars().all(plain) {
        text.into_owned()
    } else {
        shell::quote(&text)
    }
}

/// How this program is called: by its name where the shell finds it by that, else by its path.
pub(super) fn program_word(program: &Path, environment: &Environment) -> String {
    let found = environment.get("PATH").is_some_and(|path| {
        let first = std::env::split_paths(path)
            .map(|folder| {
                folder
                    .join("atlas-ops")
                    .with_extension(std::env::consts::EXE_EXTENSION)
            })
            .find(|candidate| candidate.is_file());
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        first.is_some_and(|first| real(&first) == real(program))
    });
    if found {
        "atlas-ops".to_owned()
    } else {
        word(program)
    }
}

/// The lines that make a unit a running service.
pub(super) fn systemd(unit: &Path, sandbox: &Sandbox, folders: &[&Path], uid: u32) -> Vec<String> {
    let sudo = if uid == 0 { "" } else { "sudo " };
    let mut lines = Vec::new();
    if sandbox.user == systemd::SERVICE_USER && uid == 0 {
        if !systemd::has_service_user() {
            lines.push(format!(
                "useradd --system --user-group --no-create-home --home-dir / --shell /usr/sbin/nologin {}",
                systemd::SERVICE_USER
            ));
        }
        let folders: Vec<String> = folders.iter().map(|folder| word(folder)).collect();
        lines.push(format!(
            "chown -R {}: {}",
            systemd::SERVICE_USER,
            folders.join(" ")
        ));
    }
    let name = unit.file_name().unwrap_or_default().to_string_lossy();
    lines.push(format!("{sudo}cp {} /etc/systemd/system/", word(unit)));
    lines.push(format!(
        "{sudo}systemctl daemon-reload && {sudo}systemctl enable --now {name}"
    ));
    lines
}

/// A line for a crontab that runs `command` about every `minutes`.
pub(super) fn cron(minutes: u32, command: &str) -> String {
    let when = match minutes {
        0 | 1 => "* * * * *".to_owned(),
        2..60 => format!("*/{minutes} * * * *"),
        60..1380 => format!("0 */{} * * *", minutes.div_ceil(60)),
        _ => "0 0 * * *".to_owned(),
    };
    // A percent sign is a line break to cron, in quotes as well.
    format!("{when} {}", command.replace('%', "\\%"))
}

/// The lines that make the task file a task, for an administrator's prompt. The first lets no
/// ordinary user of the host read the token.
pub(super) fn windows(config: &str, task: &str) -> [String; 2] {
    let folder = config.rsplit_once('\\').map_or(".", |(folder, _)| folder);
    [
        format!(
            "icacls \"{folder}\" /inheritance:r /grant \"*S-1-5-18:(OI)(CI)F\" \"*S-1-5-32-544:(OI)(CI)F\" \"*S-1-5-19:(OI)(CI)M\""
        ),
        format!(
            "schtasks /Create /TN \"{}\" /XML \"{task}\"",
            task::TASK_NAME
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_takes_whole_minutes_hours_or_days() {
        for (minutes, line) in [
            (1, "* * * * * a"),
            (5, "*/5 * * * * a"),
            (60, "0 */1 * * * a"),
            (90, "0 */2 * * * a"),
            (1440, "0 0 * * * a"),
        ] {
            assert_eq!(cron(minutes, "a"), line);
        }
        assert_eq!(cron(5, "a '100%'"), "*/5 * * * * a '100\\%'");
    }

    #[cfg(not(windows))]
    #[test]
    fn a_path_is_one_word() {
        assert_eq!(word(Path::new("/etc/a.yaml")), "/etc/a.yaml");
        assert_eq!(word(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn root_makes_the_account_and_hands_the_folder_over() {
        let program = Path::new("/usr/local/bin/atlas-ops");
        let folder = Path::new("/etc/atlas-ops");
        let sandbox = Sandbox::new(0, program, folder, folder);
        let lines = systemd(&folder.join("x.service"), &sandbox, &[folder], 0);
        assert!(lines.contains(&"chown -R atlas-ops: /etc/atlas-ops".to_owned()));
        assert!(lines.last().unwrap().ends_with("enable --now x.service"));
    }
}
