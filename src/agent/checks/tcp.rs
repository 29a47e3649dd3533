//! Configured TCP ports that have to take connections. A name without an address fails here: who
//! uses the service by it fails too.

use std::time::Duration;

use super::network::{self, called};
use super::reading::{Patience, Reading, Verdict, detail};
use super::{Check, Learned, Scope, Seen};
use crate::agent::inert;
use crate::agent::sys::{self, Connected, Lanes, NoAddress, Stuck, Task};
use crate::config::agent::checks::network::TcpTarget;
use crate::domain::kind::TCP_CHECK_FAILED;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// What a look may take beyond its own limit, for being scheduled.
const SCHEDULING: Duration = Duration::from_millis(500);
/// Longest reason from outside that is passed on.
const MAX_REASON: usize = 200;

/// Looks at one port.
#[derive(Debug)]
pub struct Tcp {
    /// What is told of it.
    pub target: TcpTarget,
    /// For looking its name up.
    pub lanes: Lanes,
}

impl Check for Tcp {
    fn id(&self) -> String {
        format!("tcp:{}", self.target.name)
    }

    fn kind(&self) -> &'static str {
        TCP_CHECK_FAILED
    }

    fn limit(&self) -> Duration {
        limit(&self.target) + SCHEDULING
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let (target, lanes) = (self.target.clone(), self.lanes.clone());
        Box::pin(async move {
            let begin = std::time::Instant::now();
            let limit = limit(&target);
            let found = lanes.addresses_of(&target.host, target.port, limit).await;
            let ended = match found {
                Ok(addresses) => {
                    let left = limit.saturating_sub(begin.elapsed());
                    Ok(sys::connect(&addresses, left).await)
                }
                Err(no_address) => Err(no_address),
            };
            Box::new(Tried { target, ended }) as Box<dyn Seen>
        })
    }
}

fn limit(target: &TcpTarget) -> Duration {
    Duration::from_secs(target.timeout_seconds.into())
}

/// How it ended.
#[derive(Debug)]
struct Tried {
    target: TcpTarget,
    ended: Result<Connected, NoAddress>,
}

impl Tried {
    /// What failed, in one word and in words; `Err` where nothing is known.
    fn failure(&self) -> Result<Option<(&'static str, String)>, String> {
        let seconds = self.target.timeout_seconds;
        Ok(Some(match &self.ended {
            Ok(Connected::Accepted(..)) => return Ok(None),
            Ok(Connected::Refused(at)) => ("refused", format!("{at} refuses connections")),
            Ok(Connected::TimedOut) => ("timeout", format!("no answer in {seconds} s")),
            Ok(Connected::NoWay(reason)) => ("no_route", reason.clone()),
            Ok(Connected::NotTried(reason)) => return Err(reason.clone()),
            Err(NoAddress::Unresolved(reason)) => {
                ("name", format!("its name has no address: {reason}"))
            }
            Err(NoAddress::Stuck(Stuck::TooLong)) => {
                ("name", format!("its name was not looked up in {seconds} s"))
            }
            Err(NoAddress::Stuck(stuck)) => return Err(network::stuck(*stuck).to_owned()),
        }))
    }
}

impl Seen for Tried {
    fn judge(&self, _learned: &mut Learned, _now: Timestamp) -> Vec<Reading> {
        let failure = self.failure();
        let tame = |reason: &str| inert::line(reason, MAX_REASON);
        let (verdict, what, reason) = match &failure {
            Ok(None) => (Verdict::Good, None, String::new()),
            Ok(Some((what, reason))) => {
                (Verdict::Bad(Severity::Warning), Some(*what), tame(reason))
            }
            Err(reason) => (Verdict::Unknown(tame(reason)), None, String::new()),
        };
        let TcpTarget {
            host,
            port,
            name,
            after,
            ..
        } = &self.target;
        let shown = called(name, &format!("{host}:{port}"));
        let latency_ms = match &self.ended {
            Ok(Connected::Accepted(_, took)) => Some(network::milliseconds(*took)),
            _ => None,
        };
        vec![Reading {
            kind: TCP_CHECK_FAILED,
            subject: self.id(),
            scope: Scope::Host,
            verdict,
            summary: format!("{shown} takes no connections: {reason}"),
            over: format!("{shown} takes connections again"),
            detail: detail([
                ("target", host.as_str().into()),
                ("port", (*port).into()),
                ("name", name.as_str().into()),
                ("failure", what.into()),
                (
                    "reason",
                    (!reason.is_empty()).then_some(reason.clone()).into(),
                ),
                ("latency_ms", latency_ms.into()),
            ]),
            patience: Patience {
                after: *after,
                clear_after: 1,
            },
        }]
    }
}

impl Tried {
    fn id(&self) -> String {
        format!("tcp:{}", self.target.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ended: Result<Connected, NoAddress>) -> (Verdict, String) {
        let target = TcpTarget {
            host: "nas.lan".into(),
            port: 445,
            name: "files".into(),
            timeout_seconds: 3,
            after: 2,
        };
        let seen = Tried { target, ended };
        let mut readings = seen.judge(&mut Learned::default(), Timestamp::from_millis(0));
        let reading = readings.remove(0);
        let failure = reading.detail.get("failure").and_then(|text| text.as_str());
        (reading.verdict, failure.unwrap_or_default().to_owned())
    }

    #[test]
    fn failures_are_told_apart_and_what_was_not_tried_is_unknown() {
        let at = ([10, 0, 0, 1], 445).into();
        let bad = |what: &str| (Verdict::Bad(Severity::Warning), what.to_owned());
        let accepted = Connected::Accepted(at, Duration::from_millis(1));
        assert_eq!(verdict(Ok(accepted)).0, Verdict::Good);
        assert_eq!(verdict(Ok(Connected::Refused(at))), bad("refused"));
        assert_eq!(verdict(Ok(Connected::TimedOut)), bad("timeout"));
        assert_eq!(
            verdict(Ok(Connected::NoWay("no route".into()))),
            bad("no_route")
        );
        assert_eq!(
            verdict(Err(NoAddress::Unresolved("none".into()))),
            bad("name")
        );
        assert_eq!(verdict(Err(NoAddress::Stuck(Stuck::TooLong))), bad("name"));
        for unknown in [
            Ok(Connected::NotTried("no descriptors".into())),
            Err(NoAddress::Stuck(Stuck::Crowded)),
        ] {
            assert!(matches!(verdict(unknown).0, Verdict::Unknown(_)));
        }
    }
}
