//! What was not seen: whether that says anything, and whether it is worth a complaint.

use super::{Case, grace};
use crate::domain::inventory::change::{self, Change};
use crate::domain::inventory::state::{HostState, NetworkState, View};
use crate::domain::inventory::tidy::Looked;
use crate::domain::kind;
use crate::domain::severity::Severity;

/// Counts the misses of a pass that asked every address, and complains where it is due.
pub(super) fn judge(state: &mut NetworkState, case: &Case<'_>) -> Vec<Change> {
    let (agent_id, now) = (case.look.agent_id, case.look.now);
    for place in 0..state.hosts.len() {
        if case.is_present(place) {
            continue;
        }
        let host = &state.hosts[place];
        let Some(view) = host.views.get(agent_id) else {
            continue; // It never saw it: that it does not now is no news.
        };
        let asked = was_asked_in_vain(host, case.look.looked);
        if (is_only_remembered(host, case.look.looked) && !asked) || !says_so(view, case) {
            continue;
        }
        if let Some(view) = state.hosts[place].views.get_mut(agent_id) {
            view.missed(asked, now);
        }
    }
    let blind = state
        .reporters
        .iter()
        .any(|reporter| reporter.blind && !reporter.silent);
    if case.quiet || blind {
        return Vec::new();
    }
    complaints(state, case)
}

/// Rule 1: it is absent only if all senses that once saw it looked in this pass, and none saw it.
fn says_so(view: &View, case: &Case<'_>) -> bool {
    let mut waited_for = view.senses_to_wait_for(case.look.now).peekable();
    waited_for.peek().is_some() && waited_for.all(|sense| case.works(sense))
}

/// Rule 1: an address of which the kernel only knows from before is no news.
fn is_only_remembered(host: &HostState, looked: &Looked) -> bool {
    looked.seen.iter().any(|seen| {
        let same = seen.mac.is_none() || seen.mac.map(|mac| mac.to_string()) == host.mac;
        !seen.is_present() && same && host.current_addresses().any(|a| a.address == seen.address)
    })
}

/// Rule 2: each of its addresses was asked directly in this very pass and did not answer, or
/// another device answers there.
fn was_asked_in_vain(host: &HostState, looked: &Looked) -> bool {
    let taken = |address| {
        looked.seen.iter().any(|seen| {
            let other = seen.device.or(seen.roaming).map(|mac| mac.to_string());
            seen.address == address && seen.is_present() && other.is_some() && other != host.mac
        })
    };
    let mut addresses = host.current_addresses().peekable();
    addresses.peek().is_some()
        && addresses
            .all(|known| looked.asked_in_vain.contains(&known.address) || taken(known.address))
}

fn complaints(state: &mut NetworkState, case: &Case<'_>) -> Vec<Change> {
    let now = case.look.now;
    let mut changes = Vec::new();
    for (place, host) in state.hosts.iter_mut().enumerate() {
        let due = host.is_watched()
            && !case.is_present(place)
            && !host.said.contains_key(kind::HOST_GONE)
            && grace::is_missing(&host.views, &state.reporters, host.came_back_at, true, now);
        if !due {
            continue;
        }
        let key = change::host_key(kind::HOST_GONE, &state.row, host);
        let since = host.last_seen;
        let summary = format!(
            "{} is gone from {}: last seen {since}, asked directly in vain",
            change::short(&host.called()),
            state.row.cidr
        );
        let because = if host.marks.pinned {
            "pinned"
        } else if host.agent_id.is_some() {
            "an agent runs there"
        } else {
            "services run there"
        };
        changes.push(
            Change::begins(kind::HOST_GONE, Severity::Warning, key.clone(), summary)
                .about(&state.row, host)
                .with("watched_because", because),
        );
        host.said.insert(kind::HOST_GONE.to_owned(), key);
    }
    changes
}
