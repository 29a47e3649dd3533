//! The default gateways: whether they answer, how fast, and how often not.
//!
//! A gateway that is silent is unreachable, unless it never answered anything while it is there:
//! some answer nobody. A latency is high beyond a floor and a multiple of what it usually was.
//! Whether a gateway is another one than before is judged by the server.

use std::borrow::Cow;

use serde_json::Value;

use super::network::loss_verdict;
use super::reading::{Patience, Reading, Verdict, detail};
use super::{Learned, Scope};
use crate::agent::checks::learned::GatewayPast;
use crate::agent::inert;
use crate::agent::sys::{Measured, Wire};
use crate::config::agent::checks::network::GatewayChecks;
use crate::domain::agent::{Gateway, LATENCY_WARNING_MS, Probe};
use crate::domain::kind::{GATEWAY_LATENCY_HIGH, GATEWAY_UNREACHABLE, PACKET_LOSS_HIGH};
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// More gateways than this are not judged.
const MOST: usize = 8;
/// Longest name of an interface.
const MAX_DEV: usize = 64;
/// What losses of gateways are remembered under begins with this.
pub const LOSS: &str = "gateway:";
/// How to be allowed to ping.
pub const PING_HINT: &str =
    "sysctl -w net.ipv4.ping_group_range='0 2147483647', or setcap cap_net_raw+ep on atlas-ops";

/// One gateway in one look.
struct Line<'a> {
    gateway: &'a Gateway,
    wire: &'a Wire,
    /// Whether the host is cut off without it.
    is_first: bool,
    past: GatewayPast,
    config: GatewayChecks,
}

/// Judges what measuring the gateways showed.
pub fn judge(
    measured: &Measured,
    config: GatewayChecks,
    learned: &mut Learned,
    now: Timestamp,
) -> Vec<Reading> {
    if !config.enabled {
        return Vec::new();
    }
    let mut readings = vec![];
    let has_route = !measured.gateways.is_empty();
    for (position, (gateway, wire)) in measured.gateways.iter().zip(&measured.wires).enumerate() {
        if position >= MOST {
            break;
        }
        let known = learned.gateways.entry(gateway.gateway.clone()).or_default();
        // Its name among the conditions stays what it was until it has answered.
        let mut past = known.clone();
        past.mac = past.mac.or_else(|| wire.mac.clone());
        known.saw(gateway.latency_ms, wire.mac.as_deref(), now);
        let line = Line {
            gateway,
            wire,
            is_first: position == 0,
            past,
            config,
        };
        readings.extend([line.reach(), line.latency(), line.loss(learned)]);
    }
    if has_route {
        let in_table = |address: &str| measured.gateways.iter().any(|one| one.gateway == address);
        learned.gateways.retain(|_, past| !past.is_forgotten(now));
        learned
            .losses
            .keep(|probed| probed.strip_prefix(LOSS).is_none_or(in_table));
    } else {
        // What was wrong with them is not over because the way to them is gone too.
        readings.extend(
            learned
                .gateways
                .iter()
                .map(|(address, past)| waiting(address, past)),
        );
    }
    if !learned.gateways.is_empty() {
        readings.push(default_route(has_route, config));
    }
    readings
}

/// A host that had a default route and has none any more is cut off.
fn default_route(has_route: bool, config: GatewayChecks) -> Reading {
    Reading {
        kind: GATEWAY_UNREACHABLE,
        subject: "default route".to_owned(),
        scope: Scope::Host,
        verdict: if has_route {
            Verdict::Good
        } else {
            Verdict::Bad(Severity::Critical)
        },
        summary: "There is no default route any more: the address configuration was lost"
            .to_owned(),
        over: "There is a default route again".to_owned(),
        detail: detail([("reason", "no default route".into())]),
        patience: Patience {
            after: config.after,
            clear_after: 1,
        },
    }
}

fn waiting(address: &str, past: &GatewayPast) -> Reading {
    Reading {
        kind: GATEWAY_UNREACHABLE,
        subject: subject(address),
        scope: scope(address, past),
        verdict: Verdict::Between,
        summary: String::new(),
        over: String::new(),
        detail: detail([]),
        patience: Patience::default(),
    }
}

fn subject(address: &str) -> String {
    format!("gateway:{address}")
}

/// The network behind a gateway: its hardware address tells 192.168.1.1 here from elsewhere.
fn scope(address: &str, past: &GatewayPast) -> Scope {
    Scope::Network(match &past.mac {
        Some(mac) => format!("{address}@{mac}"),
        None => address.to_owned(),
    })
}

impl Line<'_> {
    fn address(&self) -> &str {
        &self.gateway.gateway
    }

    fn dev(&self) -> String {
        inert::name(&self.gateway.dev, MAX_DEV)
    }

    fn reading(&self, kind: &'static str, verdict: Verdict) -> Reading {
        let pinged = self.wire.pinged;
        Reading {
            kind,
            subject: subject(self.address()),
            scope: scope(self.address(), &self.past),
            verdict,
            summary: String::new(),
            over: String::new(),
            detail: detail([
                ("gateway", self.address().into()),
                ("interface", self.dev().into()),
                ("mac", self.past.mac.clone().into()),
                ("latency_ms", self.gateway.latency_ms.into()),
                ("sent", (pinged.sent > 0).then_some(pinged.sent).into()),
                (
                    "answered",
                    (pinged.sent > 0).then_some(pinged.answered).into(),
                ),
            ]),
            patience: Patience {
                after: self.config.after,
                clear_after: 1,
            },
        }
    }

    fn reach(&self) -> Reading {
        let verdict = match self.gateway.probe {
            Probe::Icmp | Probe::Tcp => Verdict::Good,
            Probe::Unknown => Verdict::Unknown(format!(
                "nothing could be sent, or this process may not ping and no port answered; hint: {PING_HINT}"
            )),
            Probe::Silent if !self.past.answered && self.wire.mac.is_some() => Verdict::Unknown(
                "it answers neither pings nor connections and never did, and is there: watch something behind it with checks.ping".to_owned(),
            ),
            Probe::Silent => Verdict::Bad(if self.is_first {
                Severity::Critical
            } else {
                Severity::Warning
            }),
        };
        let (address, dev) = (self.address(), self.dev());
        let which = if self.is_first {
            "Gateway"
        } else {
            "Further gateway"
        };
        Reading {
            summary: format!("{which} {address} on {dev} does not answer"),
            over: format!("{which} {address} on {dev} answers again"),
            ..self.reading(GATEWAY_UNREACHABLE, verdict)
        }
    }

    /// From where on it is too slow, in milliseconds. Until it is known what is usual only what
    /// was always too slow is.
    fn limit_ms(&self) -> f64 {
        let floor = f64::from(self.config.latency_ms);
        match self.past.usual_ms() {
            Some(usual) => floor.max(usual * f64::from(self.config.latency_factor)),
            None => floor.max(LATENCY_WARNING_MS),
        }
    }

    fn latency(&self) -> Reading {
        let limit = self.limit_ms();
        let verdict = match self.gateway.latency_ms {
            Some(latency) if latency >= limit => Verdict::Bad(Severity::Warning),
            Some(latency) if latency < limit / 2.0 => Verdict::Good,
            Some(_) | None => Verdict::Between,
        };
        let latency = self.gateway.latency_ms.unwrap_or_default();
        let address = self.address();
        let usual: Cow<'_, str> = match self.past.usual_ms() {
            Some(usual) => format!("usually {usual:.1} ms").into(),
            None => "what is usual is not known yet".into(),
        };
        let mut reading = Reading {
            summary: format!("Gateway {address} answers in {latency:.1} ms, {usual}"),
            over: format!("Gateway {address} answers in {latency:.1} ms again"),
            ..self.reading(GATEWAY_LATENCY_HIGH, verdict)
        };
        reading.detail.extend(detail([
            ("baseline_ms", self.past.usual_ms().into()),
            ("limit_ms", Value::from(limit)),
        ]));
        reading
    }

    /// Loss is this host's own: its cable, its Wi-Fi. A gateway that is silent has another
    /// condition, and one that was asked by TCP does not answer pings at all.
    fn loss(&self, learned: &mut Learned) -> Reading {
        let address = self.address();
        let is_pinged = self.gateway.probe == Probe::Icmp;
        let percent = is_pinged.then(|| {
            let probed = format!("{LOSS}{address}");
            learned.losses.percent(&probed, &self.wire.pinged)
        });
        let verdict = loss_verdict(percent, self.config.loss);
        let percent = percent.unwrap_or_default();
        let mut reading = Reading {
            scope: Scope::Host,
            summary: format!("{percent} percent of the pings to gateway {address} get no answer"),
            over: format!("Pings to gateway {address} are answered again"),
            patience: Patience::default(),
            ..self.reading(PACKET_LOSS_HIGH, verdict)
        };
        reading.detail.extend(detail([
            ("target", address.into()),
            ("loss_percent", percent.into()),
        ]));
        reading
    }
}

#[cfg(test)]
mod tests;
