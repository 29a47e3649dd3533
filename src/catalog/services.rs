//! How the products of services are recognised: `services.yaml`, read once.

use std::sync::OnceLock;

use crate::domain::inventory::product::Fingerprint;
use crate::yaml;

/// The fingerprints that ship with the program.
pub fn fingerprints() -> &'static [Fingerprint] {
    static READ: OnceLock<Vec<Fingerprint>> = OnceLock::new();
    // A test reads the same text: it cannot be unreadable in a release.
    READ.get_or_init(|| read().unwrap_or_default())
}

fn read() -> Result<Vec<Fingerprint>, yaml::YamlError> {
    yaml::from_str(include_str!("services.yaml"))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::inventory::product::{Confidence, recognise};

    const KEYS: [&str; 11] = [
        "mdns_type",
        "mdns_name",
        "mdns_model",
        "ssdp_server",
        "ssdp_type",
        "http_title",
        "http_server",
        "http_status",
        "banner",
        "certificate_subject",
        "certificate_issuer",
    ];

    #[test]
    fn every_fingerprint_can_be_read_and_rests_on_evidence() {
        let all = read().unwrap();
        assert_eq!(fingerprints(), all);
        for one in &all {
            assert!(!one.evidence.is_empty(), "{one:?}: a port is no evidence");
            for (key, value) in &one.evidence {
                assert!(KEYS.contains(&key.as_str()), "{one:?}");
                assert!(value.trim_start_matches(['^', '=']).len() > 3, "{one:?}");
            }
            assert_ne!(one.confidence, Confidence::Low, "{one:?}");
        }
    }

    #[test]
    fn what_a_homelab_has_is_suggested_at_high_confidence() {
        let types: BTreeSet<&str> = fingerprints()
            .iter()
            .filter(|one| one.confidence == Confidence::High)
            .filter_map(|one| one.integration.as_deref())
            .collect();
        for wanted in [
            "proxmox",
            "unifi",
            "home_assistant",
            "docker",
            "pihole",
            "plex",
            "jellyfin",
            "portainer",
            "synology",
            "truenas",
            "adguard",
            "opnsense",
            "pfsense",
            "grafana",
            "prometheus",
            "nextcloud",
            "ipp",
        ] {
            assert!(types.contains(wanted), "{wanted}");
        }
    }

    #[test]
    fn known_answers_are_recognised() {
        for (port, key, value, product) in [
            (
                8006,
                "http_title",
                "pve - Proxmox Virtual Environment",
                "Proxmox VE",
            ),
            (8123, "mdns_type", "_home-assistant._tcp", "Home Assistant"),
            (
                2375,
                "http_server",
                "Docker/27.1.1 (linux)",
                "Docker Engine",
            ),
            (8096, "http_title", "Jellyfin", "Jellyfin"),
            (22, "banner", "SSH-2.0-OpenSSH_9.2p1 Debian-2", "OpenSSH"),
            (631, "mdns_type", "_ipp._tcp", "Printer (IPP)"),
        ] {
            let evidence = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            let found = recognise(fingerprints(), port, &evidence);
            assert_eq!(found.map(|one| one.product.as_str()), Some(product));
        }
        let odd = BTreeMap::from([("http_title".to_owned(), "My Plex notes".to_owned())]);
        assert_eq!(recognise(fingerprints(), 80, &odd), None);
    }
}
