//! How every sense fared in a pass: works, refused with what would help, or switched off.

use std::io;

use crate::agent::sys::interfaces::Link;
use crate::agent::sys::neighbours::Table;
use crate::config::agent::discovery::DiscoveryConfig;
use crate::domain::inventory::pass::{Fared, Sense, SenseReport};

/// How every sense fared.
pub(super) struct Senses(pub(super) Vec<SenseReport>);

impl Senses {
    /// What the configuration switches on, and what of it can be read.
    pub(super) fn of(
        config: &DiscoveryConfig,
        links: &io::Result<Vec<Link>>,
        table: &io::Result<Table>,
    ) -> Self {
        let senses = [
            (Sense::Own, true),
            (Sense::Neighbour, true),
            (Sense::Icmp, config.light),
            (Sense::Tcp, config.light),
            (Sense::Mdns, config.light),
            (Sense::Ssdp, config.light),
            (Sense::Http, config.http),
            (Sense::ReverseDns, config.reverse_dns),
            (Sense::Netbios, config.netbios),
            (Sense::Snmp, !config.snmp_community.is_empty()),
        ];
        let report = |(sense, is_on)| SenseReport {
            sense,
            fared: if is_on { Fared::Works } else { Fared::Off },
            reason: None,
        };
        let mut this = Self(senses.into_iter().map(report).collect());
        if let Err(error) = links {
            this.refuse(
                Sense::Own,
                format!("the system tells no interfaces: {error}"),
            );
        }
        match table.as_ref().map(|table| &table.without_states) {
            Err(error) => this.refuse(
                Sense::Neighbour,
                format!("the system shows no neighbour table: {error}"),
            ),
            Ok(Some(reason)) => this.remark(
                Sense::Neighbour,
                format!(
                    "netlink is refused ({reason}): what the kernel merely remembers cannot be told from what it has verified; hint: allow AF_NETLINK in the unit's RestrictAddressFamilies"
                ),
            ),
            Ok(None) => {}
        }
        this
    }

    /// A sense that may not look. The first reason stands.
    pub(super) fn refuse(&mut self, sense: Sense, reason: String) {
        if let Some(one) = self.one(sense)
            && one.fared == Fared::Works
        {
            one.fared = Fared::Refused;
            one.reason = Some(reason);
        }
    }

    /// A sense that works, but not as well as it could.
    fn remark(&mut self, sense: Sense, reason: String) {
        if let Some(one) = self.one(sense) {
            one.reason = Some(reason);
        }
    }

    fn one(&mut self, sense: Sense) -> Option<&mut SenseReport> {
        self.0.iter_mut().find(|one| one.sense == sense)
    }
}
