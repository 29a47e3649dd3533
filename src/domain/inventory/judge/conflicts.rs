//! One address, two devices.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Case;
use crate::domain::inventory::change::{self, Change};
use crate::domain::inventory::state::{Conflict, HostState, NetworkState};
use crate::domain::kind;
use crate::domain::severity::Severity;

/// A device that has its address back after another had it, within this time, fights for it. A
/// lease that went to somebody else for good does not come back.
const ALTERNATES_MS: i64 = 2 * 60 * 60 * 1000;
/// It is over after so many passes without a sign of it ...
const QUIET_PASSES: u32 = 3;
/// ... and so much time.
const QUIET_MS: i64 = 60 * 60 * 1000;

/// Finds addresses that two devices use, and says when that is over.
pub(super) fn judge(state: &mut NetworkState, case: &Case<'_>) -> Vec<Change> {
    let now = case.look.now;
    let found = found(state, case);
    let mut changes = Vec::new();
    for (address, (one, other)) in &found {
        match state
            .conflicts
            .iter_mut()
            .find(|known| known.address == *address)
        {
            Some(known) => {
                known.last_at = now;
                known.quiet_passes = 0;
            }
            None if case.quiet => {}
            None => {
                let (one, other) = (&state.hosts[*one], &state.hosts[*other]);
                let change = begins(state, *address, (one, other), &case.look.looked.dev);
                state.conflicts.push(Conflict {
                    address: *address,
                    key: change.key.clone(),
                    last_at: now,
                    quiet_passes: 0,
                });
                changes.push(change);
            }
        }
    }
    for known in &mut state.conflicts {
        if !found.contains_key(&known.address) {
            known.quiet_passes = known.quiet_passes.saturating_add(1);
        }
    }
    let cidr = &state.row.cidr;
    state.conflicts.retain(|known| {
        let over =
            known.quiet_passes >= QUIET_PASSES && now.millis_since(known.last_at) >= QUIET_MS;
        if over {
            let summary = format!("One device alone has {} again", known.address);
            let ends = Change::ends(kind::ADDRESS_CONFLICT, known.key.clone(), summary);
            let ends = ends.with("address", known.address.to_string());
            changes.push(ends.with("network", cidr.clone()));
        }
        !over
    });
    changes
}

/// `dev`: the interface of the agent by which both can be asked.
fn begins(
    state: &NetworkState,
    address: IpAddr,
    (one, other): (&HostState, &HostState),
    dev: &str,
) -> Change {
    let mac = |host: &HostState| host.mac.clone().unwrap_or_default();
    let summary = format!(
        "Two devices use {address}: {} ({}) and {} ({})",
        change::short(&one.called()),
        mac(one),
        change::short(&other.called()),
        mac(other)
    );
    let key = change::network_key(kind::ADDRESS_CONFLICT, &state.row);
    let key = format!("{key}:{address}");
    Change::begins(kind::ADDRESS_CONFLICT, Severity::Warning, key, summary)
        .about(&state.row, one)
        .with("address", address.to_string())
        .with("mac_other", mac(other))
        .with("interface", dev)
}

/// Addresses with the places of the two hosts that use each.
fn found(state: &NetworkState, case: &Case<'_>) -> BTreeMap<IpAddr, (usize, usize)> {
    let mut users: BTreeMap<IpAddr, usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (place, seen) in &case.present {
        for one in seen.iter().filter(|one| one.device.is_some()) {
            let place = *place;
            if let Some(other) = users.insert(one.address, place).filter(|o| *o != place) {
                found.insert(one.address, (other, place));
            } else if let Some(other) = fights_with(state, case, (place, one.address)) {
                found.insert(one.address, (other, place));
            }
        }
    }
    let told = |place: usize| !state.hosts[place].marks.ignored;
    found.retain(|_, (one, other)| told(*one) && told(*other));
    found
}

/// Another device that had the address after this one had it last, and is nowhere else now: an
/// address that two hosts hand to and fro while both are there by another is shared on purpose.
fn fights_with(
    state: &NetworkState,
    case: &Case<'_>,
    (place, address): (usize, IpAddr),
) -> Option<usize> {
    let now = case.look.now;
    let had_it = state.hosts[place].address(address)?.seen_before?;
    if now.millis_since(had_it) > ALTERNATES_MS {
        return None;
    }
    state.hosts.iter().enumerate().position(|(other, host)| {
        let between = host.address(address).is_some_and(|known| {
            known.mac.is_some() && known.last_seen > had_it && known.last_seen < now
        });
        other != place && between && !host.roaming && !case.is_present(other)
    })
}
