//! Folders that have to get new files: backups that stopped are noticed before they are needed.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::reading::{Patience, Reading, Verdict};
use super::{Check, Learned, MAX_REASON, Scope, Seen, rounded};
use crate::agent::inert;
use crate::agent::sys::backup::{Newest, newest};
use crate::agent::sys::{self, Task};
use crate::config::agent::checks::host::BackupFolder;
use crate::domain::kind::BACKUP_STALE;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;
use crate::domain::wildcard;

/// Longest look: the disk may have to spin up.
const LIMIT: Duration = Duration::from_secs(20);
/// From this many times the age that is allowed on it is critical.
const CRITICAL: f64 = 3.0;
/// Longest name or path, in characters.
const MAX_NAME: usize = 256;

/// One check for each folder: one that hangs hides no other.
pub fn checks(folders: &[BackupFolder]) -> impl Iterator<Item = Box<dyn Check>> {
    folders
        .iter()
        .map(|folder| Box::new(Backup(folder.clone())) as Box<dyn Check>)
}

struct Backup(BackupFolder);

impl Check for Backup {
    fn id(&self) -> String {
        format!("backup:{}", self.0.name)
    }

    fn kind(&self) -> &'static str {
        BACKUP_STALE
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let folder = self.0.clone();
        Box::pin(async move {
            let (path, pattern) = (folder.path.clone(), folder.pattern.clone());
            let look = move || newest(&path, |name| wildcard::matches(&pattern, name));
            let newest = sys::blocking(look).await;
            Box::new(SeenBackup {
                folder,
                host: sys::hostname(),
                newest: newest.unwrap_or_else(|| Newest::Unknown("the look broke off".to_owned())),
            }) as Box<dyn Seen>
        })
    }
}

#[derive(Debug)]
struct SeenBackup {
    folder: BackupFolder,
    host: String,
    newest: Newest,
}

impl Seen for SeenBackup {
    fn judge(&self, _learned: &mut Learned, now: Timestamp) -> Vec<Reading> {
        let folder = &self.folder;
        let subject = format!("backup:{}", folder.name);
        let path = inert::line(&folder.path.to_string_lossy(), MAX_NAME);
        let mut detail = Map::new();
        let mut put = |key: &str, value: Value| detail.insert(key.to_owned(), value);
        put("host", self.host.as_str().into());
        put("path", path.as_str().into());
        put("backup", folder.name.as_str().into());
        put("max_age_hours", folder.max_age_hours.into());
        let mut over = String::new();
        let (verdict, what) = match &self.newest {
            Newest::Unknown(reason) => {
                let reason = inert::line(reason, MAX_REASON);
                return vec![Reading::unknown(BACKUP_STALE, subject, &reason)];
            }
            Newest::Missing => (Verdict::Bad(Severity::Warning), "is not there".to_owned()),
            Newest::Empty => {
                let what = match folder.pattern.as_str() {
                    "*" => "holds no file".to_owned(),
                    pattern => format!("holds no {pattern}"),
                };
                (Verdict::Bad(Severity::Warning), what)
            }
            Newest::File {
                path: file,
                modified,
                in_part,
            } => {
                let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
                let age = now.millis_since(Timestamp::from_millis(millis)).max(0);
                let hours = age as f64 / 3_600_000.0;
                let file = inert::line(&file.to_string_lossy(), MAX_NAME);
                over = format!("Backups arrive again in {path} on {}: {file}", self.host);
                put("newest", file.into());
                put("age_hours", rounded(hours).into());
                let verdict = judge_age(hours, folder.max_age_hours.into());
                if *in_part && verdict != Verdict::Good {
                    let reason = format!(
                        "{path} holds too much to look at all of it; hint: name a smaller folder"
                    );
                    return vec![Reading::unknown(BACKUP_STALE, subject, &reason)];
                }
                (verdict, format!("got its newest file {hours:.0} h ago"))
            }
        };
        vec![Reading {
            kind: BACKUP_STALE,
            subject,
            scope: Scope::Host,
            verdict,
            summary: format!(
                "Backup is overdue: {path} on {} {what} (at most {} h allowed)",
                self.host, folder.max_age_hours
            ),
            over,
            detail,
            patience: Patience::default(),
        }]
    }
}

/// It only gets younger by a new file, so one level is enough.
fn judge_age(hours: f64, allowed: f64) -> Verdict {
    if hours <= allowed {
        Verdict::Good
    } else if hours <= allowed * CRITICAL {
        Verdict::Bad(Severity::Warning)
    } else {
        Verdict::Bad(Severity::Critical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn reading(newest: Newest) -> Reading {
        let seen = SeenBackup {
            folder: BackupFolder {
                name: "atlas".into(),
                path: PathBuf::from("/srv/backup"),
                max_age_hours: 26,
                pattern: "*.db".into(),
            },
            host: "nas".into(),
            newest,
        };
        let now = Timestamp::from_millis(1_700_000_000_000);
        seen.judge(&mut Learned::default(), now).remove(0)
    }

    fn aged(hours: u64, in_part: bool) -> Newest {
        Newest::File {
            path: PathBuf::from("atlas.db"),
            modified: UNIX_EPOCH + Duration::from_secs(1_700_000_000 - hours * 3600),
            in_part,
        }
    }

    #[test]
    fn age_decides() {
        assert_eq!(reading(aged(26, false)).verdict, Verdict::Good);
        let stale = reading(aged(31, false));
        assert_eq!(stale.verdict, Verdict::Bad(Severity::Warning));
        assert_eq!(
            stale.summary,
            "Backup is overdue: /srv/backup on nas got its newest file 31 h ago (at most 26 h allowed)"
        );
        assert_eq!(stale.detail["age_hours"], 31.0);
        assert_eq!(
            reading(aged(79, false)).verdict,
            Verdict::Bad(Severity::Critical)
        );
    }

    #[test]
    fn nothing_there_is_bad_and_what_was_not_seen_is_unknown() {
        for newest in [Newest::Missing, Newest::Empty] {
            assert_eq!(reading(newest).verdict, Verdict::Bad(Severity::Warning));
        }
        for newest in [Newest::Unknown("no right".into()), aged(31, true)] {
            assert!(matches!(reading(newest).verdict, Verdict::Unknown(_)));
        }
        assert_eq!(reading(aged(1, true)).verdict, Verdict::Good);
    }
}
