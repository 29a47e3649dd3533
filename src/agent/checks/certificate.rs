//! Certificates that services show: when they run out. Whether they are believed is judged by who
//! uses them; here they are only read, in a handshake of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::network;
use super::reading::{Patience, Reading, Verdict, detail};
use super::{Check, Learned, Scope, Seen};
use crate::agent::discovery::formats::certificate::{read, validity};
use crate::agent::inert;
use crate::agent::sys::{self, Lanes, NoAddress, Task};
use crate::config::agent::checks::network::CertificateTarget;
use crate::domain::kind::CERTIFICATE_EXPIRING;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

const DAY_MS: i64 = 86_400_000;
/// How long looking the name up may take, and how long the handshake.
const STEP: Duration = Duration::from_secs(5);
/// A certificate that was read is not asked for again so soon: its end does not move.
const FRESH: Duration = Duration::from_mins(10);
/// Longest reason from outside that is passed on.
const MAX_REASON: usize = 200;

/// What was read last, and when.
type Known = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

/// Looks at the certificate of one service.
#[derive(Debug)]
pub struct Certificate {
    target: CertificateTarget,
    lanes: Lanes,
    known: Known,
}

impl Certificate {
    /// Nothing is asked yet.
    pub fn new(target: CertificateTarget, lanes: Lanes) -> Self {
        Self {
            target,
            lanes,
            known: Known::default(),
        }
    }
}

impl Check for Certificate {
    fn id(&self) -> String {
        subject(&self.target)
    }

    fn kind(&self) -> &'static str {
        CERTIFICATE_EXPIRING
    }

    fn limit(&self) -> Duration {
        STEP * 2 + Duration::from_millis(500)
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let (target, lanes, known) = (
            self.target.clone(),
            self.lanes.clone(),
            Arc::clone(&self.known),
        );
        Box::pin(async move {
            let shown = match fresh(&known) {
                Some(bytes) => Ok(bytes),
                None => ask(&target, &lanes).await,
            };
            if let Ok(bytes) = &shown {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                known.get_or_insert_with(|| (Instant::now(), bytes.clone()));
            }
            Box::new(Shown { target, shown }) as Box<dyn Seen>
        })
    }
}

/// What was read not long ago; what was read longer ago is forgotten.
fn fresh(known: &Known) -> Option<Vec<u8>> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    *known = known.take().filter(|(read, _)| read.elapsed() < FRESH);
    known.as_ref().map(|(_, bytes)| bytes.clone())
}

async fn ask(target: &CertificateTarget, lanes: &Lanes) -> Result<Vec<u8>, String> {
    let addresses = lanes.addresses_of(&target.host, target.port, STEP).await;
    let addresses = addresses.map_err(|no_address| match no_address {
        NoAddress::Unresolved(reason) => format!("its name has no address: {reason}"),
        NoAddress::Stuck(stuck) => network::stuck(stuck).to_owned(),
    })?;
    let mut ended = Err("its name has no address".to_owned());
    // A name may have an address of a family that leads nowhere from here.
    for address in addresses.iter().take(2) {
        ended = sys::shown_by(*address, &target.host, STEP / 2).await;
        if ended.is_ok() {
            break;
        }
    }
    ended
}

fn subject(target: &CertificateTarget) -> String {
    format!("certificate:{}:{}", target.host, target.port)
}

/// What it showed.
#[derive(Debug)]
struct Shown {
    target: CertificateTarget,
    /// As DER, or why there is none.
    shown: Result<Vec<u8>, String>,
}

/// How much time is left, against how long the certificate was made for: one that is made for a
/// week is renewed with days left, and is no trouble then.
fn verdict(
    (from, until): (Timestamp, Timestamp),
    target: &CertificateTarget,
    now: Timestamp,
) -> Verdict {
    let left = until.millis_since(now);
    let lifetime = until.millis_since(from).max(0);
    let warning = (i64::from(target.expiry.warning_days) * DAY_MS).min(lifetime / 3);
    let critical = (i64::from(target.expiry.critical_days) * DAY_MS).min(lifetime / 10);
    let well = warning + DAY_MS.min(lifetime / 30);
    match left {
        _ if left <= 0 || left <= critical => Verdict::Bad(Severity::Critical),
        _ if left <= warning => Verdict::Bad(Severity::Warning),
        _ if left <= well => Verdict::Between,
        _ => Verdict::Good,
    }
}

impl Seen for Shown {
    fn judge(&self, _learned: &mut Learned, now: Timestamp) -> Vec<Reading> {
        let target = &self.target;
        let at = format!("{}:{}", target.host, target.port);
        let unreadable = || "the certificate cannot be read".to_owned();
        let read = self.shown.as_ref().map_err(Clone::clone).and_then(|bytes| {
            let seen = read(bytes).ok_or_else(unreadable)?;
            Ok((seen, validity(bytes).ok_or_else(unreadable)?))
        });
        let (verdict, left) = match &read {
            Ok((_, span)) => (verdict(*span, target, now), span.1.millis_since(now)),
            Err(reason) => (Verdict::Unknown(inert::line(reason, MAX_REASON)), 0),
        };
        let days_left = left.div_euclid(DAY_MS);
        let seen = read.ok().map(|(seen, _)| seen);
        let end = match &seen {
            Some(seen) => seen.not_after.to_string(),
            None => String::new(),
        };
        let when = match days_left {
            ..0 => format!("has run out, on {end}"),
            0 => format!("runs out within a day, on {end}"),
            1 => format!("runs out in 1 day, on {end}"),
            days => format!("runs out in {days} days, on {end}"),
        };
        vec![Reading {
            kind: CERTIFICATE_EXPIRING,
            subject: subject(target),
            scope: Scope::Host,
            verdict,
            summary: format!("The certificate of {at} {when}"),
            over: format!("The certificate of {at} is good until {end}"),
            detail: detail([
                ("host", target.host.as_str().into()),
                ("port", target.port.into()),
                (
                    "url",
                    target.url.clone().unwrap_or_else(|| at.clone()).into(),
                ),
                ("days_left", days_left.into()),
                ("not_after", end.as_str().into()),
                (
                    "subject",
                    seen.as_ref().map(|seen| seen.subject.clone()).into(),
                ),
                (
                    "issuer",
                    seen.as_ref().map(|seen| seen.issuer.clone()).into(),
                ),
            ]),
            patience: Patience::default(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::agent::checks::network::Expiry;

    /// The verdict with so many days left of a certificate made for so many.
    fn with_left(left: f64, made_for: i64) -> Verdict {
        let target = CertificateTarget {
            host: "nas.lan".into(),
            port: 443,
            expiry: Expiry::default(),
            url: None,
        };
        let now = Timestamp::from_millis(1_000_000 * DAY_MS / 50);
        #[allow(clippy::cast_possible_truncation)] // days of a test
        let until = now.plus_millis((left * DAY_MS as f64) as i64);
        verdict((until.plus_millis(-made_for * DAY_MS), until), &target, now)
    }

    #[test]
    fn it_warns_at_three_weeks_and_is_critical_at_three_days() {
        assert_eq!(with_left(23.0, 365), Verdict::Good);
        assert_eq!(with_left(21.5, 365), Verdict::Between);
        assert_eq!(with_left(20.9, 365), Verdict::Bad(Severity::Warning));
        assert_eq!(with_left(3.1, 365), Verdict::Bad(Severity::Warning));
        assert_eq!(with_left(2.9, 365), Verdict::Bad(Severity::Critical));
        assert_eq!(with_left(-1.0, 365), Verdict::Bad(Severity::Critical));
    }

    #[test]
    fn one_made_for_a_short_time_warns_when_a_third_of_it_is_left() {
        assert_eq!(with_left(3.0, 6), Verdict::Good);
        assert_eq!(with_left(1.9, 6), Verdict::Bad(Severity::Warning));
        assert_eq!(with_left(0.5, 6), Verdict::Bad(Severity::Critical));
        assert_eq!(with_left(-0.1, 6), Verdict::Bad(Severity::Critical));
    }
}
