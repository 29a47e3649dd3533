//! Which network it is that an agent looked at, and whether its gateway is still the same.

use super::Look;
use crate::domain::inventory::change::{self, Change};
use crate::domain::inventory::mac::Mac;
use crate::domain::inventory::state::NetworkState;
use crate::domain::inventory::tidy::Looked;
use crate::domain::kind;
use crate::domain::severity::Severity;

/// Which of the networks of a site with the same prefix was looked at; `None`: none of them. Site
/// and prefix alone do not tell, since everybody has 192.168.1.0/24; the gateway's hardware address
/// does. Where the gateway was replaced, the hosts around it still tell.
pub fn belongs(candidates: &[NetworkState], looked: &Looked, agent_id: &str) -> Option<usize> {
    let gateway = looked.gateway_mac.map(|mac| mac.to_string());
    let position = |wanted: &dyn Fn(&NetworkState) -> bool| candidates.iter().position(wanted);
    if gateway.is_some()
        && let Some(exact) = position(&|state| state.row.gateway_mac == gateway)
    {
        return Some(exact);
    }
    let sees = |mac: &str| {
        let mac: Option<Mac> = mac.parse().ok();
        mac.is_some()
            && looked
                .seen
                .iter()
                .any(|seen| seen.mac == mac && seen.is_present())
    };
    // Another gateway, or none, on the wire of one that is known: the agent may even be it.
    let on_the_wire = |state: &NetworkState| state.row.gateway_mac.as_deref().is_some_and(sees);
    if let Some(same) = position(&on_the_wire) {
        return Some(same);
    }
    let reports = |state: &NetworkState| {
        let by = |known: &crate::domain::inventory::state::Reporter| known.agent_id == agent_id;
        state.reporters.iter().any(by)
    };
    let strangers_only = |state: &NetworkState| {
        let mut others = looked
            .seen
            .iter()
            .filter(|seen| !seen.is_own() && seen.is_present())
            .filter_map(|seen| seen.device)
            .filter(|mac| Some(*mac) != looked.gateway_mac)
            .peekable();
        let known = |mac: Mac| {
            let mac = mac.to_string();
            let has = |known: &Option<String>| known.as_ref() == Some(&mac);
            state.hosts.iter().any(|host| {
                has(&host.mac) || host.addresses.iter().any(|address| has(&address.mac))
            })
        };
        others.peek().is_some() && !others.any(known)
    };
    position(&|state| reports(state) && (state.row.gateway_mac.is_none() || !strangers_only(state)))
}

/// Takes the gateway in, and tells where the one that this agent used is another now.
pub(super) fn changed(state: &mut NetworkState, look: Look<'_>, quiet: bool) -> Option<Change> {
    let looked = look.looked;
    let (address, mac) = (looked.gateway?.to_string(), looked.gateway_mac?.to_string());
    let reporter = super::reporter(state, look.agent_id);
    let before = (
        reporter.gateway.replace(address.clone()),
        reporter.gateway_mac.replace(mac.clone()),
    );
    let row = &mut state.row;
    if row.gateway_mac.is_none() {
        row.gateway_mac = Some(mac);
        row.gateway = Some(address);
        row.agent_id = None;
        return None;
    }
    let now = (Some(address.clone()), Some(mac.clone()));
    let held = (row.gateway.clone(), row.gateway_mac.clone());
    // An agent whose gateway was another all along does not change the network's.
    if now == held || before != held {
        return None;
    }
    let describe = |(address, mac): &(Option<String>, Option<String>)| {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("{} {}", text(address), text(mac))
    };
    let (old, new) = (describe(&held), describe(&now));
    row.gateway = Some(address.clone());
    row.gateway_mac = Some(mac.clone());
    if quiet {
        return None;
    }
    let key = change::network_key(kind::GATEWAY_CHANGED, row);
    if row.gateway_before.as_ref() == Some(&new) {
        row.gateway_before = None;
        let summary = format!("The gateway of {} is {new} again", row.cidr);
        return Some(Change::ends(kind::GATEWAY_CHANGED, key, summary));
    }
    let summary = format!("The gateway of {} is {new}, it was {old}", row.cidr);
    row.gateway_before.get_or_insert(old.clone());
    Some(
        Change::begins(kind::GATEWAY_CHANGED, Severity::Warning, key, summary)
            .with("network", row.cidr.clone())
            .with("gateway", address)
            .with("mac", mac)
            .with("gateway_before", old)
            .with("interface", looked.dev.clone()),
    )
}
