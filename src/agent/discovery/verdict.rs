//! What is said of a network after a pass: whether every address was asked, and whether anything
//! may be concluded from what is missing.

use super::merge::Found;
use super::networks::{How, Network};
use super::routed::Asked;
use super::sweep::Swept;
use crate::agent::sys::interfaces::Link;
use crate::domain::inventory::pass::NetworkPass;

/// More than this share that could not be sent makes a pass unusable, in hundredths.
const MOST_NOT_TRIED: usize = 10;

/// How looking at a network went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The sweep, if there was one.
    pub(super) swept: Swept,
    /// Asking over a router, if that was done.
    pub(super) routed: Asked,
    /// The interface and this host's address are still there.
    pub(super) link_is_there: bool,
}

/// Whether the way into a network is still there after a pass.
pub(super) fn is_still_there(network: &Network, links: &[Link]) -> bool {
    let Some(via) = &network.via else {
        return true;
    };
    links.iter().any(|link| {
        link.index == network.link
            && link.is_up
            && link
                .addresses
                .iter()
                .any(|(address, _)| *address == via.own)
    })
}

/// What is said of a network; its sightings are added by the caller.
pub(super) fn of(network: &Network, found: &Found, outcome: &Outcome) -> NetworkPass {
    let (swept, not_swept) = swept(network, outcome);
    let sweep_ms = (network.how == How::Swept && swept)
        .then(|| u64::try_from(outcome.swept.took.as_millis()).unwrap_or(u64::MAX));
    NetworkPass {
        cidr: network.cidr.to_string(),
        dev: network
            .via
            .as_ref()
            .map_or_else(String::new, |via| via.dev.clone()),
        gateway: network.gateway.map(|gateway| gateway.to_string()),
        gateway_mac: network.gateway.and_then(|gateway| found.mac_of(gateway)),
        swept,
        not_swept,
        sweep_ms,
        unusable: unusable(network, found, outcome),
        sightings: Vec::new(),
        asked_in_vain: Vec::new(),
    }
}

/// Whether every address was asked, and why not.
fn swept(network: &Network, outcome: &Outcome) -> (bool, Option<String>) {
    let reason = match &network.how {
        How::Passive(reason) => reason.clone(),
        How::Swept if outcome.swept.link_lost => "the interface went away".to_owned(),
        How::Routed if outcome.routed.done < outcome.routed.of => format!(
            "there was time for {} of its {} addresses",
            outcome.routed.done, outcome.routed.of
        ),
        How::Swept | How::Routed => return (true, None),
    };
    (false, Some(reason))
}

/// Why nothing may be concluded from what is missing.
fn unusable(network: &Network, found: &Found, outcome: &Outcome) -> Option<String> {
    let dev = network.via.as_ref().map_or("", |via| via.dev.as_str());
    if outcome.swept.link_lost || !outcome.link_is_there {
        return Some(format!("{dev} or its address went away during the pass"));
    }
    let (of, not_tried) = (outcome.swept.of, outcome.swept.not_tried);
    if not_tried * 100 > of * MOST_NOT_TRIED {
        return Some(format!(
            "{not_tried} of {of} addresses could not be asked: the kernel had no room, or a firewall of this host forbids it"
        ));
    }
    if outcome.routed.is_firewall {
        return Some("every address refuses alike: a firewall speaks for them".to_owned());
    }
    if found.alive().is_empty() {
        return Some("nobody was seen but this host".to_owned());
    }
    match network.gateway {
        Some(gateway) if network.how == How::Swept && !found.is_alive(gateway) => {
            Some(format!("the gateway {gateway} did not answer"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::agent::discovery::networks::plan;
    use crate::agent::sys::Route;
    use crate::config::agent::discovery::DiscoveryConfig;
    use crate::domain::inventory::pass::Sense;

    const OWN: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 7);
    const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

    fn link() -> Link {
        Link {
            index: 2,
            name: "eth0".to_owned(),
            is_up: true,
            resolves: true,
            addresses: vec![(OWN, 24)],
            ..Link::default()
        }
    }

    fn network() -> Network {
        let route = Route {
            gateway: GATEWAY.into(),
            dev: "eth0".to_owned(),
            metric: 0,
        };
        plan(&[link()], &[route], &DiscoveryConfig::default()).remove(0)
    }

    fn went() -> Outcome {
        Outcome {
            swept: Swept {
                of: 253,
                ..Swept::default()
            },
            link_is_there: true,
            ..Outcome::default()
        }
    }

    fn seen(addresses: &[Ipv4Addr]) -> Found {
        let mut found = Found::default();
        found.saw(OWN, Sense::Own);
        for address in addresses {
            found.saw(*address, Sense::Neighbour);
        }
        found
    }

    #[test]
    fn a_pass_that_saw_its_gateway_is_used() {
        let pass = of(&network(), &seen(&[GATEWAY]), &went());
        assert_eq!((pass.swept, pass.unusable), (true, None));
    }

    #[test]
    fn rule_four_of_the_false_alarms() {
        let other = Ipv4Addr::new(192, 168, 1, 99);
        let not_tried = |not_tried| Outcome {
            swept: Swept {
                not_tried,
                ..went().swept
            },
            ..went()
        };
        let lost = Outcome {
            link_is_there: false,
            ..went()
        };
        for (name, found, outcome, expected) in [
            ("nobody", seen(&[]), went(), "nobody was seen"),
            ("gateway lost", seen(&[other]), went(), "the gateway"),
            ("link lost", seen(&[GATEWAY]), lost, "went away"),
            (
                "EAGAIN",
                seen(&[GATEWAY]),
                not_tried(26),
                "26 of 253 addresses could not",
            ),
        ] {
            let reason = of(&network(), &found, &outcome).unusable.unwrap();
            assert!(reason.contains(expected), "{name}: {reason}");
        }
        let some = of(&network(), &seen(&[GATEWAY]), &not_tried(25));
        assert_eq!(some.unusable, None, "under a tenth");
    }

    #[test]
    fn an_interface_has_to_be_there_up_and_with_its_address() {
        assert!(is_still_there(&network(), &[link()]));
        let down = Link {
            is_up: false,
            ..link()
        };
        let moved = Link {
            addresses: Vec::new(),
            ..link()
        };
        assert!(!is_still_there(&network(), &[down, moved]));
        assert!(!is_still_there(&network(), &[]));
    }

    #[test]
    fn a_firewall_that_speaks_for_a_network_is_not_taken_for_its_hosts() {
        let outcome = Outcome {
            routed: Asked {
                of: 254,
                done: 254,
                is_firewall: true,
            },
            link_is_there: true,
            ..Outcome::default()
        };
        let reason = unusable(&network(), &seen(&[]), &outcome).unwrap();
        assert!(reason.contains("firewall"), "{reason}");
    }
}
