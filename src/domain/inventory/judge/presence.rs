//! What was seen: who is back, who is new, who is at another address.

use super::Case;
use crate::domain::inventory::change::{self, Change};
use crate::domain::inventory::state::{HostState, NetworkRow, NetworkState};
use crate::domain::inventory::tidy::Seen;
use crate::domain::kind;
use crate::domain::severity::Severity;

/// A host is told to be new once so many passes saw it with the same hardware address.
const STABLE_PASSES: u32 = 2;
/// Where a host was longer ago than this is not where it moved from.
const HAD_IT_MS: i64 = 24 * 60 * 60 * 1000;

/// Notes who is there, and tells what is new about them.
pub(super) fn judge(state: &mut NetworkState, case: &Case<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (place, seen) in &case.present {
        let NetworkState { row, hosts, .. } = state;
        let host = &mut hosts[*place];
        let first = host.views.is_empty();
        let mut missed = false;
        for one in seen {
            let view = host.views.entry(case.look.agent_id.to_owned());
            missed |= view.or_default().saw(&one.senses, case.look.now);
        }
        if missed {
            host.came_back_at = Some(case.look.now);
        }
        if let Some(key) = host.said.remove(kind::HOST_GONE) {
            let summary = format!("{} is back", change::short(&host.called()));
            changes.push(Change::ends(kind::HOST_GONE, key, summary).about(row, host));
        }
        if !first {
            changes.extend(moved(row, host, seen, case));
        }
        changes.extend(newcomer(row, host, seen, case));
    }
    changes
}

/// A host that was never here before, once it proves to be one: two passes, one hardware address
/// of its own.
fn newcomer(
    row: &NetworkRow,
    host: &mut HostState,
    seen: &[&Seen],
    case: &Case<'_>,
) -> Option<Change> {
    if seen.iter().any(|one| one.device.is_some()) {
        host.stable_passes = (host.stable_passes + 1).min(STABLE_PASSES);
    }
    if host.told {
        return None;
    }
    // Nor one whose agent said who it is, nor one that people know.
    let expected = host.agent_id.is_some() || host.marks.known || host.marks.ignored;
    if case.quiet || host.roaming || expected {
        host.told |= case.quiet || expected;
        return None;
    }
    if host.stable_passes < STABLE_PASSES {
        return None;
    }
    host.told = true;
    let severity = if row.no_guests {
        Severity::Warning
    } else {
        Severity::Info
    };
    let key = change::host_key(kind::HOST_NEW, row, host);
    let vendor = host.mac.as_deref().and_then(super::super::vendor::vendor);
    let made_by = vendor.map_or_else(String::new, |vendor| format!(" ({vendor})"));
    let summary = format!(
        "{}{made_by} is new on {}",
        change::short(&host.called()),
        row.cidr
    );
    if severity > Severity::Info {
        host.said.insert(kind::HOST_NEW.to_owned(), key.clone());
    }
    let change = Change::begins(kind::HOST_NEW, severity, key, summary).about(row, host);
    Some(match vendor {
        Some(vendor) => change.with("vendor", vendor),
        None => change,
    })
}

/// A host that has an address it did not have before, and none of those it had.
fn moved(
    row: &NetworkRow,
    host: &mut HostState,
    seen: &[&Seen],
    case: &Case<'_>,
) -> Option<Change> {
    if case.quiet || host.roaming || host.marks.ignored || !case.look.looked.swept {
        return None;
    }
    let now = case.look.now;
    let is_new = |one: &&&Seen| {
        // Its row was made by this very pass.
        let known = host.address(one.address);
        known.is_some_and(|known| known.first_seen == now)
    };
    let new = seen.iter().find(is_new)?.address;
    let keeps_one = seen.iter().any(|one| {
        host.address(one.address)
            .is_some_and(|known| known.first_seen != now)
    });
    let before = host
        .addresses
        .iter()
        .filter(|known| known.last_seen != now && now.millis_since(known.last_seen) <= HAD_IT_MS)
        .max_by_key(|known| known.last_seen)?
        .address;
    if keeps_one {
        return None;
    }
    let key = change::host_key(kind::HOST_ADDRESS_CHANGED, row, host);
    let name = change::short(&host.called());
    let summary = format!("{name} moved from {before} to {new}");
    let change = Change::begins(kind::HOST_ADDRESS_CHANGED, Severity::Info, key, summary);
    Some(
        change
            .about(row, host)
            .with("address_before", before.to_string()),
    )
}
