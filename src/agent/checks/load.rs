//! More tasks than the processors can do. Looked at together with the host's facts.

use serde_json::{Map, Value};

use super::reading::{Patience, Reading};
use super::{Scope, threshold};
use crate::agent::sys::Host;
use crate::config::agent::checks::host::LoadChecks;
use crate::domain::kind::LOAD_HIGH;

/// The host has one load.
const SUBJECT: &str = "load";

/// Judges the average of five minutes for each processor. A system without such an average
/// (Windows) is not judged.
pub fn judge(checks: &LoadChecks, host: &Host) -> Option<Reading> {
    if !checks.enabled || (cfg!(windows) && host.facts.load.is_none()) {
        return None;
    }
    let Some([one, five, fifteen]) = host.facts.load.filter(|_| host.cores > 0) else {
        let reason = "the system does not tell its load";
        return Some(Reading::unknown(LOAD_HIGH, SUBJECT.to_owned(), reason));
    };
    let (cores, name) = (host.cores, &host.facts.hostname);
    let each = five / cores as f64;
    let mut detail = Map::new();
    let mut put = |key: &str, value: Value| detail.insert(key.to_owned(), value);
    put("host", name.as_str().into());
    put("load", hundredths(five).into());
    put("load1", hundredths(one).into());
    put("load15", hundredths(fifteen).into());
    put("cores", cores.into());
    put("load_per_core", hundredths(each).into());
    Some(Reading {
        kind: LOAD_HIGH,
        subject: SUBJECT.to_owned(),
        scope: Scope::Host,
        verdict: threshold::above(&checks.levels, each),
        summary: format!("{name} has a load of {five:.1} on {cores} cores ({each:.1} each)"),
        over: format!("{name} is down to a load of {five:.1} on {cores} cores"),
        detail,
        patience: Patience {
            after: checks.after,
            clear_after: 1,
        },
    })
}

/// As the kernel tells it.
fn hundredths(load: f64) -> f64 {
    (load * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::reading::Verdict;
    use crate::domain::agent::Facts;
    use crate::domain::severity::Severity;

    fn host(five: f64) -> Host {
        Host {
            facts: Facts {
                hostname: "pve1".into(),
                load: Some([99.0, five, 0.0]),
                ..Facts::default()
            },
            cores: 4,
            ..Host::default()
        }
    }

    #[test]
    fn the_five_minutes_average_for_each_core_counts() {
        let checks = LoadChecks::default();
        for (five, verdict) in [
            (6.0, Verdict::Good),
            (7.9, Verdict::Between),
            (8.0, Verdict::Bad(Severity::Warning)),
            (16.0, Verdict::Bad(Severity::Critical)),
        ] {
            let reading = judge(&checks, &host(five)).unwrap();
            assert_eq!(reading.verdict, verdict, "{five}");
        }
        let reading = judge(&checks, &host(8.126)).unwrap();
        assert_eq!(reading.detail["load"], 8.13);
        assert_eq!(reading.detail["cores"], 4);
        assert_eq!(
            reading.summary,
            "pve1 has a load of 8.1 on 4 cores (2.0 each)"
        );
    }
}
