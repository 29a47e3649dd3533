//! Which product answers at a port, by what it says of itself. The list of fingerprints is handed
//! in; it ships as a data file of the catalogue.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How sure it is which product a service is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A port is open; what answers there is not known.
    #[default]
    Low,
    /// It looks like it.
    Medium,
    /// It says so itself.
    High,
}

impl Confidence {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads what [`Confidence::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High]
            .into_iter()
            .find(|confidence| confidence.as_str() == word)
    }
}

/// How one product is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// What people call it.
    pub product: String,
    /// The type of integration that is suggested, where there is one.
    #[serde(default)]
    pub integration: Option<String>,
    /// How sure it is where the evidence fits.
    pub confidence: Confidence,
    /// Others depend on a host that has it: its absence is worth a warning.
    #[serde(default)]
    pub bears: bool,
    /// The only ports that count; any where it is empty. A port alone is no evidence.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Key of the evidence and what its value holds, in any case; `^` at the start: how it begins,
    /// `=`: the whole of it. Every line must fit.
    pub evidence: BTreeMap<String, String>,
}

impl Fingerprint {
    fn fits(&self, port: u16, evidence: &BTreeMap<String, String>) -> bool {
        let holds = |(key, wanted): (&String, &String)| {
            evidence.get(key).is_some_and(|value| {
                let value = value.trim().to_lowercase();
                let wanted = wanted.to_lowercase();
                if let Some(start) = wanted.strip_prefix('^') {
                    value.starts_with(start)
                } else if let Some(whole) = wanted.strip_prefix('=') {
                    value == whole
                } else {
                    value.contains(&wanted)
                }
            })
        };
        !self.evidence.is_empty()
            && (self.ports.is_empty() || self.ports.contains(&port))
            && self.evidence.iter().all(holds)
    }
}

/// The first of the most sure fingerprints that fit.
pub fn recognise<'a>(
    fingerprints: &'a [Fingerprint],
    port: u16,
    evidence: &BTreeMap<String, String>,
) -> Option<&'a Fingerprint> {
    if evidence.is_empty() {
        return None;
    }
    let fits = |known: &&Fingerprint| known.fits(port, evidence);
    let best = fingerprints
        .iter()
        .filter(fits)
        .map(|f| f.confidence)
        .max()?;
    fingerprints
        .iter()
        .filter(fits)
        .find(|known| known.confidence == best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(confidence: Confidence, ports: &[u16], key: &str, value: &str) -> Fingerprint {
        Fingerprint {
            product: format!("{key} {value}"),
            integration: None,
            confidence,
            bears: false,
            ports: ports.to_vec(),
            evidence: BTreeMap::from([(key.to_owned(), value.to_owned())]),
        }
    }

    #[test]
    fn a_bare_port_is_no_product() {
        let known = [fingerprint(
            Confidence::High,
            &[8006],
            "http_title",
            "proxmox",
        )];
        assert_eq!(recognise(&known, 8006, &BTreeMap::new()), None);
        let other = BTreeMap::from([("http_title".to_owned(), "Welcome".to_owned())]);
        assert_eq!(recognise(&known, 8006, &other), None);
    }

    #[test]
    fn the_surest_that_fits_is_taken_and_case_does_not_count() {
        let known = [
            fingerprint(Confidence::Medium, &[], "http_server", "^nginx"),
            fingerprint(Confidence::High, &[], "http_title", "=jellyfin"),
        ];
        let mut seen = BTreeMap::from([("http_server".to_owned(), "nginx/1.2".to_owned())]);
        assert_eq!(recognise(&known, 80, &seen), Some(&known[0]));
        seen.insert("http_title".to_owned(), " Jellyfin ".to_owned());
        assert_eq!(recognise(&known, 80, &seen), Some(&known[1]));
        seen.insert("http_title".to_owned(), "Not Jellyfin".to_owned());
        assert_eq!(recognise(&known, 80, &seen), Some(&known[0]));
    }
}
