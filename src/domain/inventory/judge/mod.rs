//! One usable pass of one agent taken into what is remembered of a network: what is there, what is
//! new, what is gone, and which of it is worth a signal. No clock and no disk: a week can be
//! played in a second.
//!
//! The seven rules against false alarms, and where each is code: 1 and 2 in [`absence`], 3 in
//! [`grace`], 4 and 5 in [`judge`], 6 in [`grace`], 7 wherever `marks.ignored` is asked.

mod absence;
mod conflicts;
mod gateway;
mod grace;
mod presence;
mod services;

pub use self::gateway::belongs;
pub use self::grace::{Standing, is_missing, standing};

use super::change::{self, Change};
use super::identity;
use super::pass::Sense;
use super::product::Fingerprint;
use super::state::{BASELINE_PASSES, NetworkState, Reporter};
use super::tidy::{Looked, Seen};
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// One agent's look at the network that is judged.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The agent.
    pub agent_id: &'a str,
    /// What it saw.
    pub looked: &'a Looked,
    /// How products are recognised.
    pub fingerprints: &'a [Fingerprint],
    /// When it came in.
    pub now: Timestamp,
}

/// What the parts of the judgement share.
struct Case<'a> {
    look: Look<'a>,
    /// The baseline is not done: rows only.
    quiet: bool,
    /// For each host that is present: its place in the state, and what was seen of it.
    present: Vec<(usize, Vec<&'a Seen>)>,
}

impl Case<'_> {
    fn works(&self, sense: Sense) -> bool {
        self.look.looked.working.contains(&sense)
    }

    fn is_present(&self, place: usize) -> bool {
        self.present.iter().any(|(known, _)| *known == place)
    }
}

/// Takes the pass in and tells what changed.
pub fn judge(state: &mut NetworkState, look: Look<'_>) -> Vec<Change> {
    let Look {
        agent_id,
        looked,
        now,
        ..
    } = look;
    let reporter = reporter(state, agent_id);
    reporter.dev.clone_from(&looked.dev);
    reporter.unusable.clone_from(&looked.unusable);
    reporter.silent = false;
    if looked.unusable.is_some() {
        // Rule 4: nothing of it is used, neither what is missing nor what was seen.
        return Vec::new();
    }
    if let Some(last) = reporter.last_pass_at {
        reporter.gap_ms = now.millis_since(last).max(0);
    }
    reporter.last_pass_at = Some(now);
    reporter.swept = looked.swept;
    reporter.not_swept.clone_from(&looked.not_swept);
    reporter.blind = false;
    let agent_is_new_here = reporter.full_passes < BASELINE_PASSES;
    // Rule 5, for the network and for each agent: another agent sees by other senses.
    let quiet = state.row.full_passes < BASELINE_PASSES || agent_is_new_here;
    state.row.last_seen = now;

    let mut changes = Vec::from_iter(gateway::changed(state, look, quiet));
    let placed = identity::place(state, looked, agent_id, now);
    changes.extend(placed.changes);
    let case = Case {
        look,
        quiet,
        present: gather(&placed.hosts, looked),
    };
    changes.extend(conflicts::judge(state, &case));
    changes.extend(presence::judge(state, &case));
    changes.extend(services::judge(state, &case));
    if looked.swept {
        changes.extend(absence::judge(state, &case));
        changes.extend(baseline(state, agent_id, now));
    }
    // Those that were merged into others.
    state.hosts.retain(|host| !host.addresses.is_empty());
    changes
}

fn reporter<'a>(state: &'a mut NetworkState, agent_id: &str) -> &'a mut Reporter {
    let known = state
        .reporters
        .iter()
        .position(|reporter| reporter.agent_id == agent_id);
    let place = known.unwrap_or_else(|| {
        state.reporters.push(Reporter {
            agent_id: agent_id.to_owned(),
            dev: String::new(),
            gateway: None,
            gateway_mac: None,
            full_passes: 0,
            last_pass_at: None,
            gap_ms: 0,
            unusable: None,
            swept: false,
            not_swept: None,
            silent: false,
            blind: false,
        });
        state.reporters.len() - 1
    });
    &mut state.reporters[place]
}

fn gather<'a>(placed: &[(usize, usize)], looked: &'a Looked) -> Vec<(usize, Vec<&'a Seen>)> {
    let mut present: Vec<(usize, Vec<&Seen>)> = Vec::new();
    for (number, place) in placed {
        let seen = &looked.seen[*number];
        match present.iter_mut().find(|(known, _)| known == place) {
            Some((_, all)) => all.push(seen),
            None => present.push((*place, vec![seen])),
        }
    }
    present
}

/// Counts a full pass; the last of the baseline is told in one sentence.
fn baseline(state: &mut NetworkState, agent_id: &str, now: Timestamp) -> Option<Change> {
    let reporter = reporter(state, agent_id);
    reporter.full_passes = reporter.full_passes.saturating_add(1);
    state.row.full_passes = state.row.full_passes.saturating_add(1);
    if state.row.full_passes != BASELINE_PASSES {
        return None;
    }
    state.row.baseline_at = Some(now);
    let hosts = state.hosts.iter().filter(|host| !host.addresses.is_empty());
    let roaming = hosts.clone().filter(|host| host.roaming).count();
    let known = hosts.clone().count() - roaming;
    let services: usize = hosts.map(|host| host.services.len()).sum();
    let cidr = &state.row.cidr;
    let summary = format!(
        "Network {cidr} is known now: {known} hosts, {roaming} roaming devices, {services} services"
    );
    let key = change::network_key(kind::INVENTORY_BASELINE, &state.row);
    Some(
        Change::begins(kind::INVENTORY_BASELINE, Severity::Info, key, summary)
            .with("network", cidr.clone())
            .with("hosts", known)
            .with("roaming", roaming)
            .with("services", services),
    )
}

#[cfg(test)]
mod tests;
