//! The one list of checks, and what every check speaks of: conditions that open, change and end.
//!
//! A check observes (through `agent::sys`), then judges: a pure function from what was seen, what
//! was remembered and the time to what is remembered now and what changed. It sends nothing and
//! writes nothing. A new check is a file here and a line in [`all`]: it says what it looks at
//! ([`Check`]) and what a look means ([`Seen`]); how often in a row something has to be seen, what
//! is news, and what was said before is [`reading`]'s. Docker has rules of its own.

pub mod backups;
pub mod certificate;
pub mod clock;
pub mod disks;
pub mod dns;
pub mod docker;
pub mod gateway;
pub mod http;
pub mod learned;
pub mod load;
pub mod memory;
pub mod network;
pub mod ping;
pub mod reading;
pub mod tcp;
pub mod threshold;
pub mod trend;
pub mod units;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::learned::{GatewayPast, Losses};
use self::reading::Reading;
use self::trend::Trend;
use super::inert;
use super::state::State;
use super::sys::{Host, Task};
use crate::config::agent::checks::ChecksConfig;
use crate::config::agent::checks::host::HostChecks;
use crate::domain::agent::OpenCondition;
use crate::domain::hash;
use crate::domain::severity::Severity;
use crate::domain::signal::{MAX_DEDUP_KEY, MAX_SUMMARY, NewSignal, Status};
use crate::domain::timestamp::Timestamp;

/// Something that is looked at on its own, once a cycle.
pub trait Check {
    /// Names the look, in memory and in logs: `disks`, `http:https://nas.lan/`. What is
    /// remembered under an id that no check has any more is forgotten.
    fn id(&self) -> String;

    /// The kind that it mostly sends, to say what is unknown while the look is late.
    fn kind(&self) -> &'static str;

    /// Longest time it may take; beyond it the agent goes on without it.
    fn limit(&self) -> Duration;

    /// The look itself.
    fn look(&self) -> Task<Box<dyn Seen>>;
}

/// What a look showed, and what it means.
pub trait Seen: fmt::Debug + Send {
    /// Judges every subject of the look. `learned` is what the agent knows of the past; it must
    /// not change while nothing happens, since it is written to disk when it does.
    fn judge(&self, learned: &mut Learned, now: Timestamp) -> Vec<Reading>;
}

/// What checks learn over time, besides conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// What file systems grew by, by mount point.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disks: BTreeMap<String, Trend>,
    /// Units that had failed at the last look.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub failed_units: BTreeSet<String>,
    /// How far the clock was ahead of the server's, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_seconds: Option<i64>,
    /// Gateways that are or were in the table, by their address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gateways: BTreeMap<String, GatewayPast>,
    /// What was lost of the pings to gateways (`gateway:ADDRESS`) and targets (the id of the look).
    #[serde(default, skip_serializing_if = "Losses::is_empty")]
    pub losses: Losses,
}

/// Every check that the configuration asks for.
pub fn all(config: &ChecksConfig) -> Vec<Box<dyn Check>> {
    let mut checks = network::all(config);
    checks.extend(units::checks(&config.host.units));
    checks.extend(backups::checks(&config.host.backups));
    checks.extend(clock::checks(&config.host.clock));
    checks
}

/// Judges what the host's facts show: they are looked at for the report in any case.
pub fn of_host(
    checks: &HostChecks,
    host: &Host,
    learned: &mut Learned,
    now: Timestamp,
) -> Vec<Reading> {
    let mut readings = disks::judge(&checks.disks, host, learned, now);
    readings.extend(memory::judge(&checks.memory, host));
    readings.extend(load::judge(&checks.load, host));
    readings
}

/// Longest reason that is passed on, in characters.
const MAX_REASON: usize = 300;

/// As it is shown: with one decimal.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Who else would see a condition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// It is this host's own.
    #[default]
    Host,
    /// Every agent on the network with this name sees it alike: it is one problem of the site.
    Network(String),
}

impl Scope {
    /// Whether it is this host's own.
    pub fn is_host(&self) -> bool {
        *self == Self::Host
    }
}

/// Who sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observer {
    /// Hash of the machine id.
    pub agent_id: String,
    /// The site of the host.
    pub site_id: String,
    /// Name of the host.
    pub hostname: String,
}

/// A condition that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// As last sent.
    pub severity: Severity,
    /// When it was first seen.
    pub since: Timestamp,
    /// The server asked for it: it is sent again though nothing changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// What a look says of one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Holds(Severity),
    /// It does not.
    Over,
    /// The look does not tell: it stays as it was.
    NoNews,
}

/// News of one condition, to be sent once.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// One of [`crate::domain::kind`].
    pub kind: Cow<'static, str>,
    /// What it is about, unique in its scope: `docker:ENDPOINT:CONTAINER`.
    pub subject: String,
    /// Who else would see it.
    pub scope: Scope,
    /// Whether it holds or is over.
    pub status: Status,
    /// How bad it is; `info` once it is over.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// The facts.
    pub detail: Map<String, Value>,
    /// When it happened, where that is known better than by the time of the look.
    pub at: Option<Timestamp>,
}

/// Conditions by kind, as a check's memory holds them.
pub type Conditions = BTreeMap<String, Open>;

/// Brings `open` in line with a finding. Answers with the status and severity to send where
/// something changed: opened, another severity, or over.
pub fn settle(
    open: &mut Conditions,
    kind: &str,
    finding: Finding,
    now: Timestamp,
) -> Option<(Status, Severity)> {
    let mut one = open.remove(kind);
    let news = settle_one(&mut one, finding, now);
    if let Some(one) = one {
        open.insert(kind.to_owned(), one);
    }
    news
}

/// As [`settle`], for one condition.
pub fn settle_one(
    open: &mut Option<Open>,
    finding: Finding,
    now: Timestamp,
) -> Option<(Status, Severity)> {
    match (finding, &mut *open) {
        (Finding::Holds(severity), None) => {
            *open = Some(Open {
                severity,
                since: now,
                again: false,
            });
            Some((Status::Firing, severity))
        }
        (Finding::Holds(severity), Some(before)) if before.severity != severity || before.again => {
            before.severity = severity;
            before.again = false;
            Some((Status::Firing, severity))
        }
        (Finding::Over, Some(_)) => {
            *open = None;
            Some((Status::Resolved, Severity::Info))
        }
        (Finding::Holds(_) | Finding::NoNews, _) | (Finding::Over, None) => None,
    }
}

/// Everything that is wrong now, as the report lists it.
pub fn conditions(state: &State, who: &Observer) -> Vec<OpenCondition> {
    let mut conditions = Vec::new();
    docker::each_open(&state.docker, &mut |kind, subject, open| {
        conditions.push(condition(who, &Scope::Host, (kind, subject), open));
    });
    for watch in state.watches.values().flat_map(BTreeMap::values) {
        if let Some(open) = &watch.open {
            let named = (watch.kind.as_str(), watch.subject.as_str());
            conditions.push(condition(who, &watch.scope, named, open));
        }
    }
    conditions
}

fn condition(who: &Observer, scope: &Scope, named: (&str, &str), open: &Open) -> OpenCondition {
    OpenCondition {
        dedup_key: dedup_key(who, scope, named),
        kind: named.0.to_owned(),
        severity: open.severity,
        since: open.since,
    }
}

/// Marks the conditions with these keys to be sent again by the next look that sees them.
pub fn send_again(state: &mut State, who: &Observer, keys: &[String]) {
    docker::each_open_mut(&mut state.docker, &mut |kind, subject, open| {
        open.again |= keys.contains(&dedup_key(who, &Scope::Host, (kind, subject)));
    });
    for watch in state.watches.values_mut().flat_map(BTreeMap::values_mut) {
        let key = dedup_key(who, &watch.scope, (&watch.kind, &watch.subject));
        if let Some(open) = &mut watch.open {
            open.again |= keys.contains(&key);
        }
    }
}

/// Names a condition: whose it is, the kind, the subject. Bounded; what is cut off is hashed in.
pub fn dedup_key(who: &Observer, scope: &Scope, (kind, subject): (&str, &str)) -> String {
    let key = match scope {
        Scope::Host => format!("{}:{kind}:{subject}", who.agent_id),
        Scope::Network(network) => format!("net:{network}:{kind}:{subject}"),
    };
    if key.chars().count() <= MAX_DEDUP_KEY {
        return key;
    }
    let mark = hash::name_of(&[&key]);
    let head: String = key.chars().take(MAX_DEDUP_KEY - mark.len() - 1).collect();
    format!("{head}~{mark}")
}

impl Change {
    /// The signal that carries it.
    pub fn into_signal(self, who: &Observer, now: Timestamp, uid: String) -> NewSignal {
        let key = dedup_key(who, &self.scope, (&self.kind, &self.subject));
        NewSignal {
            site_id: who.site_id.clone(),
            kind: self.kind.into_owned(),
            summary: inert::line(&self.summary, MAX_SUMMARY),
            detail: self.detail,
            severity: self.severity,
            source: "agent".to_owned(),
            observed_at: Some(self.at.unwrap_or(now)),
            status: self.status,
            dedup_key: Some(key),
            expires_at: None,
            agent_id: Some(who.agent_id.clone()),
            uid: Some(uid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Observer {
        Observer {
            agent_id: "a".repeat(32),
            site_id: "site".into(),
            hostname: "host".into(),
        }
    }

    #[test]
    fn keys_are_bounded_and_stay_different() {
        let long = "x".repeat(2000);
        let key = |subject: &str| dedup_key(&who(), &Scope::Host, ("container_down", subject));
        let (first, second) = (key(&format!("{long}1")), key(&format!("{long}2")));
        assert_eq!(first.chars().count(), MAX_DEDUP_KEY);
        assert_ne!(first, second);
        assert_ne!(key("docker:unix:///a:web"), key("docker:unix:///b:web"));
    }

    #[test]
    fn what_several_agents_see_alike_has_one_key() {
        let other = Observer {
            agent_id: "b".repeat(32),
            ..who()
        };
        let lan = Scope::Network("192.168.1.1".into());
        let named = ("gateway_unreachable", "gateway");
        assert_eq!(
            dedup_key(&who(), &lan, named),
            dedup_key(&other, &lan, named)
        );
        assert_ne!(
            dedup_key(&who(), &Scope::Host, named),
            dedup_key(&other, &Scope::Host, named)
        );
    }

    #[test]
    fn a_condition_is_news_once() {
        let now = Timestamp::from_millis(1);
        let later = Timestamp::from_millis(2);
        let mut open = Conditions::new();
        let warning = Finding::Holds(Severity::Warning);
        assert_eq!(
            settle(&mut open, "k", warning, now),
            Some((Status::Firing, Severity::Warning))
        );
        assert_eq!(settle(&mut open, "k", warning, later), None);
        assert_eq!(settle(&mut open, "k", Finding::NoNews, later), None);
        open.get_mut("k").unwrap().again = true;
        assert_eq!(settle(&mut open, "k", Finding::NoNews, later), None);
        assert_eq!(
            settle(&mut open, "k", warning, later),
            Some((Status::Firing, Severity::Warning)),
            "asked for, it is news once more"
        );
        assert_eq!(settle(&mut open, "k", warning, later), None);
        assert_eq!(
            settle(&mut open, "k", Finding::Holds(Severity::Info), later),
            Some((Status::Firing, Severity::Info)),
            "another severity is news"
        );
        assert_eq!(open["k"].since, now, "and the same condition");
        assert_eq!(
            settle(&mut open, "k", Finding::Over, later),
            Some((Status::Resolved, Severity::Info))
        );
        assert_eq!(settle(&mut open, "k", Finding::Over, later), None);
    }
}
