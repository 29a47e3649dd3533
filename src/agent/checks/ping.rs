//! Configured addresses that have to answer pings. Where this process may not ping, or the name
//! has no address, nothing is known: that is not "down".

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::gateway::PING_HINT;
use super::network::{self, called, loss_verdict};
use super::reading::{Patience, Reading, Verdict, detail};
use super::{Check, Learned, Scope, Seen};
use crate::agent::inert;
use crate::agent::sys::{Lanes, NoAddress, Pinged, Pinger, Task};
use crate::config::agent::checks::network::PingTarget;
use crate::domain::kind::{PACKET_LOSS_HIGH, PING_TARGET_UNREACHABLE};
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// How long finding the address may take.
const LOOKUP: Duration = Duration::from_secs(5);
/// Longest reason from outside that is passed on.
const MAX_REASON: usize = 200;

/// Looks at one target.
pub struct Ping {
    /// What is told of it.
    pub target: PingTarget,
    /// Its place among the targets.
    pub position: usize,
    /// What all targets share.
    pub pinger: Arc<Pinger>,
    /// For looking its name up.
    pub lanes: Lanes,
}

impl Check for Ping {
    fn id(&self) -> String {
        format!("ping:{}", self.target.name)
    }

    fn kind(&self) -> &'static str {
        PING_TARGET_UNREACHABLE
    }

    fn limit(&self) -> Duration {
        LOOKUP + Pinger::LIMIT
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let (target, position) = (self.target.clone(), self.position);
        let (pinger, lanes) = (Arc::clone(&self.pinger), self.lanes.clone());
        Box::pin(async move {
            let came = match lanes.addresses_of(&target.target, 0, LOOKUP).await {
                Ok(addresses) => match addresses.first().map(std::net::SocketAddr::ip) {
                    Some(address) => came_of(address, pinger.ping(address, position).await),
                    None => Err("it has no address".to_owned()),
                },
                Err(NoAddress::Unresolved(reason)) => {
                    Err(format!("its name has no address: {reason}"))
                }
                Err(NoAddress::Stuck(stuck)) => Err(network::stuck(stuck).to_owned()),
            };
            Box::new(Echoed { target, came }) as Box<dyn Seen>
        })
    }
}

fn came_of(address: IpAddr, pinged: Result<Pinged, String>) -> Result<(IpAddr, Pinged), String> {
    match pinged {
        Ok(pinged) if pinged.sent == 0 => Err("no ping could be sent from this host".to_owned()),
        Ok(pinged) => Ok((address, pinged)),
        Err(reason) => Err(format!(
            "this process may not ping ({reason}); hint: {PING_HINT}"
        )),
    }
}

/// What came back.
#[derive(Debug)]
struct Echoed {
    target: PingTarget,
    /// Or why nothing is known.
    came: Result<(IpAddr, Pinged), String>,
}

impl Seen for Echoed {
    fn judge(&self, learned: &mut Learned, _now: Timestamp) -> Vec<Reading> {
        let (verdict, loss) = match &self.came {
            Err(reason) => (Verdict::Unknown(inert::line(reason, MAX_REASON)), None),
            Ok((_, pinged)) if pinged.answered == 0 => (Verdict::Bad(Severity::Warning), None),
            Ok((_, pinged)) => {
                let probed = format!("ping:{}", self.target.name);
                (Verdict::Good, Some(learned.losses.percent(&probed, pinged)))
            }
        };
        let what = called(&self.target.name, &self.target.target);
        let percent = loss.unwrap_or_default();
        let mut missing = Reading {
            summary: format!("{percent} percent of the pings to {what} get no answer"),
            over: format!("Pings to {what} are answered again"),
            patience: Patience::default(),
            ..self.reading(PACKET_LOSS_HIGH, loss_verdict(loss, self.target.loss))
        };
        missing
            .detail
            .insert("loss_percent".to_owned(), percent.into());
        let reach = Reading {
            summary: format!("{what} does not answer pings"),
            over: format!("{what} answers pings again"),
            ..self.reading(PING_TARGET_UNREACHABLE, verdict)
        };
        vec![reach, missing]
    }
}

impl Echoed {
    fn reading(&self, kind: &'static str, verdict: Verdict) -> Reading {
        let came = self.came.as_ref().ok();
        let pinged = came.map(|(_, pinged)| pinged);
        Reading {
            kind,
            subject: format!("ping:{}", self.target.name),
            scope: Scope::Host,
            verdict,
            summary: String::new(),
            over: String::new(),
            detail: detail([
                ("target", self.target.target.as_str().into()),
                ("name", self.target.name.as_str().into()),
                (
                    "address",
                    came.map(|(address, _)| address.to_string()).into(),
                ),
                ("sent", pinged.map(|pinged| pinged.sent).into()),
                ("answered", pinged.map(|pinged| pinged.answered).into()),
                (
                    "latency_ms",
                    pinged.and_then(|pinged| pinged.latency_ms).into(),
                ),
            ]),
            patience: Patience {
                after: self.target.after,
                clear_after: 1,
            },
        }
    }
}
