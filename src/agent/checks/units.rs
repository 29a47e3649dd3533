//! Units of systemd that failed. Asking systemd is `agent::sys::units`' work.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::reading::{Patience, Reading, Verdict};
use super::{Check, Learned, MAX_REASON, Scope, Seen};
use crate::agent::inert;
use crate::agent::sys::units::{FailedUnit, failed_units};
use crate::agent::sys::{self, Task};
use crate::config::agent::checks::host::UnitChecks;
use crate::domain::kind::SYSTEMD_UNIT_FAILED;
use crate::domain::order;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;
use crate::domain::wildcard;

/// Names the look, and what is unknown as a whole.
const ID: &str = "units";
/// Longest look.
const LIMIT: Duration = Duration::from_secs(5);
/// Longest conversation: it ends by itself before the look is late.
const CONVERSATION: Duration = Duration::from_millis(4500);
/// Most units that are complained about one by one; a host with more has another problem.
const MOST: usize = 200;
/// Longest name of a unit, in characters, as systemd has it.
const MAX_UNIT: usize = 255;
/// Longest other text, in characters.
const MAX_TEXT: usize = 200;

/// The check, where it is asked for. Only Linux has systemd.
pub fn checks(config: &UnitChecks) -> Option<Box<dyn Check>> {
    (config.enabled && cfg!(target_os = "linux"))
        .then(|| Box::new(Units(config.clone())) as Box<dyn Check>)
}

struct Units(UnitChecks);

impl Check for Units {
    fn id(&self) -> String {
        ID.to_owned()
    }

    fn kind(&self) -> &'static str {
        SYSTEMD_UNIT_FAILED
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let config = self.0.clone();
        Box::pin(async move {
            let bus = config.bus.clone();
            let failed = sys::blocking(move || failed_units(bus.as_deref(), CONVERSATION)).await;
            Box::new(SeenUnits {
                config,
                host: sys::hostname(),
                failed: failed.unwrap_or_else(|| Err("the look broke off".to_owned())),
            }) as Box<dyn Seen>
        })
    }
}

#[derive(Debug)]
struct SeenUnits {
    config: UnitChecks,
    host: String,
    failed: Result<Vec<FailedUnit>, String>,
}

impl Seen for SeenUnits {
    fn judge(&self, learned: &mut Learned, _now: Timestamp) -> Vec<Reading> {
        let failed = match &self.failed {
            Ok(failed) => failed,
            Err(reason) => return blind(learned, reason),
        };
        let mut failed: Vec<&FailedUnit> = failed
            .iter()
            .filter(|unit| !self.is_ignored(unit))
            .collect();
        order::sort_by(&mut failed, |a, b| a.unit.cmp(&b.unit));
        failed.truncate(MOST);
        let mut readings: Vec<Reading> = failed.iter().map(|unit| self.down(unit)).collect();
        let now: BTreeSet<String> = failed.iter().map(|unit| name(unit)).collect();
        let before = std::mem::replace(&mut learned.failed_units, now);
        let well = before.difference(&learned.failed_units);
        readings.extend(well.map(|unit| self.well(unit)));
        readings
    }
}

/// systemd could not be asked: what had failed counts as failed.
fn blind(learned: &Learned, reason: &str) -> Vec<Reading> {
    let reason = inert::line(reason, MAX_REASON);
    std::iter::once(ID.to_owned())
        .chain(learned.failed_units.iter().map(|unit| subject(unit)))
        .map(|subject| Reading::unknown(SYSTEMD_UNIT_FAILED, subject, &reason))
        .collect()
}

impl SeenUnits {
    fn is_ignored(&self, unit: &FailedUnit) -> bool {
        let fits = |pattern: &String| wildcard::matches(pattern, &unit.unit);
        self.config.ignore.iter().any(fits)
    }

    fn down(&self, unit: &FailedUnit) -> Reading {
        let tame = |text: &str| Value::from(inert::line(text, MAX_TEXT));
        let mut detail = Map::new();
        detail.insert("load_state".to_owned(), tame(&unit.load_state));
        detail.insert("active_state".to_owned(), tame(&unit.active_state));
        detail.insert("sub_state".to_owned(), tame(&unit.sub_state));
        detail.insert("description".to_owned(), tame(&unit.description));
        self.reading(&name(unit), Verdict::Bad(Severity::Warning), detail)
    }

    fn well(&self, unit: &str) -> Reading {
        self.reading(unit, Verdict::Good, Map::new())
    }

    fn reading(&self, unit: &str, verdict: Verdict, mut detail: Map<String, Value>) -> Reading {
        let host = &self.host;
        detail.insert("host".to_owned(), host.as_str().into());
        detail.insert("unit".to_owned(), unit.into());
        Reading {
            kind: SYSTEMD_UNIT_FAILED,
            subject: subject(unit),
            scope: Scope::Host,
            verdict,
            summary: format!("{unit} failed on {host}"),
            over: format!("{unit} on {host} is no longer failed"),
            detail,
            patience: Patience {
                after: self.config.after,
                clear_after: 1,
            },
        }
    }
}

fn name(unit: &FailedUnit) -> String {
    inert::name(&unit.unit, MAX_UNIT)
}

fn subject(unit: &str) -> String {
    format!("unit:{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::reading::{self, Watch};
    use crate::domain::signal::Status;
    use std::collections::BTreeMap;

    fn seen(failed: Result<&[&str], &str>) -> SeenUnits {
        let unit = |name: &&str| FailedUnit {
            unit: (*name).to_owned(),
            description: "A job\nwith two lines".into(),
            load_state: "loaded".into(),
            active_state: "failed".into(),
            sub_state: "failed".into(),
        };
        SeenUnits {
            config: UnitChecks {
                ignore: vec!["snap-*".into()],
                ..UnitChecks::default()
            },
            host: "nas".into(),
            failed: failed
                .map(|names| names.iter().map(unit).collect())
                .map_err(str::to_owned),
        }
    }

    struct Story(Learned, BTreeMap<String, Watch>);

    impl Story {
        /// `unit status` of each change, and how much is unknown.
        fn look(&mut self, failed: Result<&[&str], &str>) -> (Vec<String>, usize) {
            let now = Timestamp::from_millis(1);
            let mut unknown = Vec::new();
            let readings = seen(failed).judge(&mut self.0, now);
            let changes = reading::judge(readings, &mut self.1, &mut unknown, now)
                .into_iter()
                .map(|change| {
                    let over = change.status == Status::Resolved;
                    format!("{}{}", if over { "-" } else { "+" }, change.summary)
                })
                .collect();
            (changes, unknown.len())
        }
    }

    #[test]
    fn each_failed_unit_is_told_once_and_resolved_by_name() {
        let mut story = Story(Learned::default(), BTreeMap::new());
        let (told, _) = story.look(Ok(&["b.service", "a.timer", "snap-core.mount"]));
        assert_eq!(told, ["+a.timer failed on nas", "+b.service failed on nas"]);
        assert_eq!(story.look(Ok(&["a.timer", "b.service"])), (vec![], 0));
        let (told, _) = story.look(Ok(&["b.service"]));
        assert_eq!(told, ["-a.timer on nas is no longer failed"]);
        assert_eq!(
            story.look(Err("no bus")),
            (vec![], 2),
            "nothing is over that was not seen"
        );
        assert_eq!(story.look(Ok(&["b.service"])), (vec![], 0));
        let (told, _) = story.look(Ok(&[]));
        assert_eq!(told, ["-b.service on nas is no longer failed"]);
        assert!(story.1.is_empty());
    }

    #[test]
    fn text_from_units_is_tame() {
        let hostile = seen(Ok(&["x\u{1b}[2J.service"]));
        let reading = &hostile.judge(&mut Learned::default(), Timestamp::from_millis(1))[0];
        assert!(!reading.subject.contains('\u{1b}'));
        assert_eq!(reading.detail["description"], "A job\u{fffd}with two lines");
    }
}
