//! What answers on the hosts that are there: new services, services that went, certificates that
//! run out.

use super::{Case, grace};
use crate::domain::inventory::change::{self, Change};
use crate::domain::inventory::pass::{SeenService, Sense};
use crate::domain::inventory::product::{self, Confidence, Fingerprint};
use crate::domain::inventory::state::{
    HostState, NetworkRow, NetworkState, Reporter, ServiceState,
};
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Most services of one host that are remembered.
const MAX_SERVICES: usize = 128;
/// A service is told to be new once so many passes saw it open.
const OPEN_PASSES: u32 = 2;
/// What shows so soon after its host is part of what was told of the host.
const WITH_HOST_MS: i64 = 60 * 60 * 1000;
/// A certificate that runs out within so many days is worth a warning, ...
const WARNING_DAYS: i64 = 21;
/// ... within so many it is critical.
const CRITICAL_DAYS: i64 = 3;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Notes what answers on each host that is present, and tells what changed.
pub(super) fn judge(state: &mut NetworkState, case: &Case<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    let NetworkState {
        row,
        hosts,
        reporters,
        ..
    } = state;
    for (place, seen) in &case.present {
        let host = &mut hosts[*place];
        let mut open: Vec<String> = Vec::new();
        for one in seen.iter().flat_map(|one| &one.services) {
            if one.open {
                open.push(format!("{}/{}", one.protocol, one.port));
            }
            note(host, one, case);
        }
        if case.works(Sense::Tcp) {
            let asked = seen.iter().flat_map(|one| one.ports_asked.iter().copied());
            miss(host, &open, &asked.collect::<Vec<u16>>(), case);
        }
        for number in 0..host.services.len() {
            changes.extend(back(row, host, number, &open));
            if open.contains(&host.services[number].place()) {
                changes.extend(newcomer(row, host, number, case));
                changes.extend(certificate(row, host, number, case));
            }
            changes.extend(gone(row, host, (number, reporters), case));
        }
    }
    changes
}

/// Takes one service in.
fn note(host: &mut HostState, seen: &SeenService, case: &Case<'_>) {
    let now = case.look.now;
    let known = host
        .services
        .iter()
        .position(|known| known.port == seen.port && known.protocol == seen.protocol);
    let number = match known {
        Some(number) => number,
        None if host.services.len() >= MAX_SERVICES => return,
        None => {
            host.services.push(new_service(seen, now));
            host.services.len() - 1
        }
    };
    let service = &mut host.services[number];
    service.last_seen = now;
    for (key, value) in &seen.evidence {
        service.evidence.insert(key.clone(), value.clone());
    }
    if seen.certificate.is_some() {
        service.certificate.clone_from(&seen.certificate);
    }
    if seen.open {
        service.open = true;
        service.open_passes = (service.open_passes + 1).min(OPEN_PASSES);
        let view = service.views.entry(case.look.agent_id.to_owned());
        if view.or_default().saw(&[Sense::Tcp], now) {
            service.came_back_at = Some(now);
        }
    }
    recognise(service, case.look.fingerprints);
}

/// Says which product it is; a bare port is none.
fn recognise(service: &mut ServiceState, fingerprints: &[Fingerprint]) {
    let mut evidence = service.evidence.clone();
    if let Some(shown) = &service.certificate {
        evidence.insert("certificate_subject".to_owned(), shown.subject.clone());
        evidence.insert("certificate_issuer".to_owned(), shown.issuer.clone());
    }
    let found = product::recognise(fingerprints, service.port, &evidence);
    service.product = found.map(|found| found.product.clone());
    service.integration = found.and_then(|found| found.integration.clone());
    service.confidence = found.map_or(Confidence::Low, |found| found.confidence);
    service.bears = found.is_some_and(|found| found.bears);
}

fn new_service(seen: &SeenService, now: Timestamp) -> ServiceState {
    ServiceState {
        id: 0,
        protocol: seen.protocol.clone(),
        port: seen.port,
        open: false,
        evidence: BTreeMap::new(),
        product: None,
        integration: None,
        confidence: Confidence::Low,
        bears: false,
        certificate: None,
        first_seen: now,
        last_seen: now,
        open_passes: 0,
        came_back_at: None,
        told: false,
        said: BTreeMap::new(),
        said_certificate: None,
        views: BTreeMap::new(),
    }
}

/// Counts a miss for what this agent saw open before, and asked in this pass, on a host that is
/// there. Of a port that was not asked nothing is known.
fn miss(host: &mut HostState, open: &[String], asked: &[u16], case: &Case<'_>) {
    for service in &mut host.services {
        if open.contains(&service.place()) || !asked.contains(&service.port) {
            continue;
        }
        if let Some(view) = service.views.get_mut(case.look.agent_id) {
            view.missed(true, case.look.now);
        }
    }
}

/// Whether people would want to know: a product that was recognised, or a host that they know.
fn matters(host: &HostState, service: &ServiceState) -> bool {
    let known = host.marks.known || host.marks.pinned;
    let confident = service.confidence > Confidence::Low;
    !host.roaming && !host.marks.ignored && service.open && (confident || known)
}

fn newcomer(
    row: &NetworkRow,
    host: &mut HostState,
    number: usize,
    case: &Case<'_>,
) -> Option<Change> {
    let service = &host.services[number];
    if service.told {
        return None;
    }
    let with_host = service.first_seen.millis_since(host.first_seen) < WITH_HOST_MS;
    if case.quiet || with_host || host.marks.ignored {
        host.services[number].told = true;
        return None;
    }
    if service.open_passes < OPEN_PASSES || !matters(host, service) {
        return None;
    }
    let key = change::service_key(kind::SERVICE_NEW, row, host, service);
    let name = change::short(&host.called());
    let summary = format!("{name} has a new service: {}", in_words(service));
    let change = Change::begins(kind::SERVICE_NEW, Severity::Info, key, summary);
    let change = facts(change.about(row, host), service);
    host.services[number].told = true;
    Some(change)
}

fn gone(
    row: &NetworkRow,
    host: &mut HostState,
    (number, reporters): (usize, &[Reporter]),
    case: &Case<'_>,
) -> Option<Change> {
    let service = &host.services[number];
    let due = !case.quiet
        && service.protocol == "tcp"
        && matters(host, service)
        && !service.said.contains_key(kind::SERVICE_GONE)
        && grace::is_missing(
            &service.views,
            reporters,
            service.came_back_at,
            false,
            case.look.now,
        );
    if !due {
        return None;
    }
    let key = change::service_key(kind::SERVICE_GONE, row, host, service);
    let name = change::short(&host.called());
    let summary = format!(
        "{} of {name} no longer answers, while the host does",
        in_words(service)
    );
    let change = Change::begins(kind::SERVICE_GONE, Severity::Warning, key.clone(), summary);
    let change = facts(change.about(row, host), service);
    let said = &mut host.services[number].said;
    said.insert(kind::SERVICE_GONE.to_owned(), key);
    Some(change)
}

fn back(row: &NetworkRow, host: &mut HostState, number: usize, open: &[String]) -> Option<Change> {
    if !open.contains(&host.services[number].place()) {
        return None;
    }
    let key = host.services[number].said.remove(kind::SERVICE_GONE)?;
    let service = &host.services[number];
    let name = change::short(&host.called());
    let summary = format!("{} of {name} answers again", in_words(service));
    let change = Change::ends(kind::SERVICE_GONE, key, summary);
    Some(facts(change.about(row, host), service))
}

/// How bad it is that a certificate ends then. What had run out before it was first seen is how
/// that device is, and no news.
fn certificate_severity(
    not_after: Timestamp,
    first_seen: Timestamp,
    now: Timestamp,
) -> Option<Severity> {
    let left = not_after.millis_since(now);
    if not_after <= first_seen || left >= WARNING_DAYS * DAY_MS {
        None
    } else if left < CRITICAL_DAYS * DAY_MS {
        Some(Severity::Critical)
    } else {
        Some(Severity::Warning)
    }
}

fn certificate(
    row: &NetworkRow,
    host: &mut HostState,
    number: usize,
    case: &Case<'_>,
) -> Option<Change> {
    let now = case.look.now;
    let service = &host.services[number];
    let shown = service.certificate.as_ref()?;
    let mut due = certificate_severity(shown.not_after, service.first_seen, now);
    if case.quiet || host.marks.ignored || host.roaming {
        due = None;
    }
    if due == service.said_certificate {
        return None;
    }
    let name = change::short(&host.called());
    let change = if let Some(severity) = due {
        let key = change::service_key(kind::CERTIFICATE_EXPIRING, row, host, service);
        let days = shown.not_after.millis_since(now).div_euclid(DAY_MS);
        let (place, end) = (service.place(), shown.not_after);
        let summary = format!("The certificate of {name}, {place}, runs out at {end}");
        let begins = Change::begins(kind::CERTIFICATE_EXPIRING, severity, key, summary);
        let begins = match host.main_address() {
            Some(known) => begins.with("url", url(known.address, service.port)),
            None => begins,
        };
        begins
            .with("days_left", days)
            .with("not_after", end.to_string())
            .with("subject", change::short(&shown.subject))
    } else {
        let key = service.said.get(kind::CERTIFICATE_EXPIRING)?.clone();
        let place = service.place();
        let summary = format!("The certificate of {name}, {place}, is a new one");
        Change::ends(kind::CERTIFICATE_EXPIRING, key, summary)
    };
    let change = facts(change.about(row, host), service);
    let service = &mut host.services[number];
    service.said_certificate = due;
    if due.is_some() {
        let said = (kind::CERTIFICATE_EXPIRING.to_owned(), change.key.clone());
        service.said.insert(said.0, said.1);
    } else {
        service.said.remove(kind::CERTIFICATE_EXPIRING);
    }
    Some(change)
}

/// Where a certificate is shown.
fn url(address: IpAddr, port: u16) -> String {
    format!("https://{}/", SocketAddr::new(address, port))
}

fn in_words(service: &ServiceState) -> String {
    match &service.product {
        Some(product) => format!("{} ({})", change::short(product), service.place()),
        None => service.place(),
    }
}

fn facts(change: Change, service: &ServiceState) -> Change {
    change
        .with("service", service.called())
        .with("port", service.port)
        .with("protocol", service.protocol.clone())
        .with("confidence", service.confidence.as_str())
}
