//! The list of the network's checks, and what they share.

use std::sync::Arc;
use std::time::Duration;

use super::certificate::Certificate;
use super::dns::Dns;
use super::http::{Http, Trust};
use super::ping::Ping;
use super::reading::Verdict;
use super::tcp::Tcp;
use super::{Check, inert};
use crate::agent::sys::{Lanes, Pinger, Stuck};
use crate::config::agent::checks::ChecksConfig;
use crate::config::agent::checks::network::Loss;
use crate::config::agent::checks::web::HttpTarget;
use crate::domain::severity::Severity;

/// Longest name of something that is shown in a summary.
const MAX_SHOWN: usize = 200;

/// Every check of the network that the configuration asks for. The gateways are looked at in any
/// case, see [`super::gateway`].
pub fn all(config: &ChecksConfig) -> Vec<Box<dyn Check>> {
    let mut checks: Vec<Box<dyn Check>> = Vec::new();
    let lanes = Lanes::default();
    if config.dns.enabled {
        checks.push(Box::new(Dns(config.dns.clone())));
    }
    let pinger = Arc::new(Pinger::default());
    for (position, target) in config.ping.iter().cloned().enumerate() {
        let (pinger, lanes) = (Arc::clone(&pinger), lanes.clone());
        checks.push(Box::new(Ping {
            target,
            position,
            pinger,
            lanes,
        }));
    }
    for target in config.tcp.iter().cloned() {
        let lanes = lanes.clone();
        checks.push(Box::new(Tcp { target, lanes }));
    }
    let mut trusts: Vec<Arc<Trust>> = Vec::new();
    for target in config.http.iter().cloned() {
        let (trust, lanes) = (trust_of(&target, &mut trusts), lanes.clone());
        checks.push(Box::new(Http {
            target,
            trust,
            lanes,
        }));
    }
    for target in config.certificates.iter().cloned() {
        checks.push(Box::new(Certificate::new(target, lanes.clone())));
    }
    checks
}

/// Pages that believe the same authority share what TLS needs.
fn trust_of(target: &HttpTarget, known: &mut Vec<Arc<Trust>>) -> Arc<Trust> {
    let same =
        |trust: &&Arc<Trust>| trust.ca_file == target.ca_file && trust.verify == target.verify;
    if let Some(trust) = known.iter().find(same) {
        return Arc::clone(trust);
    }
    let trust = Arc::new(Trust::new(target.ca_file.clone(), target.verify));
    known.push(Arc::clone(&trust));
    trust
}

/// Whether a loss is too much; nothing where none could be counted.
pub(super) fn loss_verdict(percent: Option<u32>, limit: Loss) -> Verdict {
    match percent {
        Some(percent) if percent >= limit.percent => Verdict::Bad(Severity::Warning),
        Some(percent) if percent <= limit.clear_percent => Verdict::Good,
        Some(_) | None => Verdict::Between,
    }
}

/// What a target is called in a sentence.
pub(super) fn called(name: &str, target: &str) -> String {
    if name == target {
        return inert::line(target, MAX_SHOWN);
    }
    inert::line(&format!("{name} ({target})"), MAX_SHOWN)
}

/// Why something was not found out.
pub(super) fn stuck(stuck: Stuck) -> &'static str {
    match stuck {
        Stuck::TooLong => "its name was not looked up in time",
        Stuck::Crowded => "it was not begun: too many other checks hang",
        Stuck::Broken => "the look broke off",
    }
}

/// With three digits behind the point.
pub(super) fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
