//! Which signals are about the same problem.
//!
//! The first rule that applies (PRODUCT contract, section 8): the sender's `dedup_key`; else
//! site, kind, source and the identity fields found in `detail`; else site, kind, source and the
//! summary with numbers, ids and times masked. Never severity, never time.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::hash;
use crate::domain::text::shown;

/// Fields of `detail` that say what a signal is about.
pub const IDENTITY_FIELDS: [&str; 14] = [
    "container",
    "service",
    "host",
    "port",
    "gateway",
    "endpoint",
    "node",
    "vm",
    "mount",
    "device",
    "interface",
    "instance",
    "unit",
    "url",
];

/// What the rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The sender's own name for the condition.
    pub dedup_key: Option<&'a str>,
    /// The site it comes from.
    pub site_id: &'a str,
    /// What it is about.
    pub kind: &'a str,
    /// What sent it.
    pub source: &'a str,
    /// The facts.
    pub detail: &'a Map<String, Value>,
    /// One sentence for people.
    pub summary: &'a str,
}

/// Why two signals are the same problem: the rule, and the fields it used with their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fingerprint {
    /// The rule that applied.
    pub rule: Rule,
    /// Names and values, in a fixed order.
    pub fields: Vec<(String, String)>,
}

/// The rules, first to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The sender named the condition.
    DedupKey,
    /// Same site, kind, source and identity fields.
    Identity,
    /// Same site, kind, source and masked summary.
    Summary,
}

impl Fingerprint {
    /// Applies the rules.
    pub fn of(signal: Subject<'_>) -> Self {
        let site = ("site_id".to_owned(), signal.site_id.to_owned());
        if let Some(key) = signal.dedup_key {
            return Self {
                rule: Rule::DedupKey,
                fields: vec![site, ("dedup_key".to_owned(), key.to_owned())],
            };
        }
        let mut fields = vec![
            site,
            ("kind".to_owned(), signal.kind.to_owned()),
            ("source".to_owned(), signal.source.to_owned()),
        ];
        let shared = fields.len();
        for name in IDENTITY_FIELDS {
            if let Some(value) = signal.detail.get(name).and_then(scalar) {
                fields.push((name.to_owned(), value));
            }
        }
        if fields.len() > shared {
            return Self {
                rule: Rule::Identity,
                fields,
            };
        }
        fields.push(("summary".to_owned(), mask(signal.summary)));
        Self {
            rule: Rule::Summary,
            fields,
        }
    }

    /// The name of this fingerprint: 32 hexadecimal digits.
    pub fn name(&self) -> String {
        let rule = match self.rule {
            Rule::DedupKey => "dedup_key",
            Rule::Identity => "identity",
            Rule::Summary => "summary",
        };
        let mut parts = vec![rule];
        for (name, value) in &self.fields {
            parts.push(name);
            parts.push(value);
        }
        hash::name_of(&parts)
    }

    /// Why its signals are about one problem, for people: the half sentence after "because". The
    /// values in it come from outside and are made fit to be shown.
    pub fn in_words(&self) -> String {
        let shared = ["site_id", "kind", "source"];
        let told: Vec<String> = self
            .fields
            .iter()
            .filter(|(name, _)| !shared.contains(&name.as_str()))
            .map(|(name, value)| format!("{name} {}", shown(value)))
            .collect();
        let value = self.fields.last().map(|(_, value)| shown(value));
        let value = value.unwrap_or_default();
        match self.rule {
            Rule::DedupKey => {
                format!("its sender calls it by the same name at the same site: {value}")
            }
            Rule::Identity => format!(
                "site, kind and source are the same, and so is what it is about: {}",
                told.join(", ")
            ),
            Rule::Summary => format!(
                "site, kind and source are the same, and so is the summary but for numbers: {value}"
            ),
        }
    }
}

/// The name of the fingerprint of a condition that its sender names.
pub fn of_key(site_id: &str, dedup_key: &str) -> String {
    Fingerprint::of(Subject {
        dedup_key: Some(dedup_key),
        site_id,
        kind: "",
        source: "",
        detail: &Map::new(),
        summary: "",
    })
    .name()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// `text` with every word that holds a digit replaced by `#`, in lower case, single-spaced: so
/// that "91 % at 12:30, run 7f3a" and "92 % at 12:31, run 8c01" read the same.
fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !masked.is_empty() {
            masked.push(' ');
        }
        if word.chars().any(|c| c.is_ascii_digit()) {
            masked.push('#');
        } else {
            masked.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::signal::NewSignal;

    fn of(signal: &NewSignal) -> Fingerprint {
        signal.fingerprint()
    }

    fn signal(body: Value) -> NewSignal {
        NewSignal::from_json(body).unwrap()
    }

    #[test]
    fn the_senders_key_comes_first() {
        let a = signal(
            json!({"site_id": "s", "kind": "a", "summary": "x", "dedup_key": "k",
            "detail": {"host": "one"}}),
        );
        let b = signal(
            json!({"site_id": "s", "kind": "b", "summary": "y", "dedup_key": "k",
            "detail": {"host": "two"}}),
        );
        assert_eq!(of(&a).rule, Rule::DedupKey);
        assert_eq!(of(&a).name(), of(&b).name());
    }

    #[test]
    fn each_rule_says_why_in_words() {
        let words = |body: Value| of(&signal(body)).in_words();
        let named =
            words(json!({"site_id": "s", "kind": "a", "summary": "x", "dedup_key": "k\u{202e}"}));
        assert!(named.ends_with("at the same site: k\u{fffd}"), "{named}");
        let about = words(json!({"site_id": "s", "kind": "a", "summary": "x",
            "detail": {"host": "nas", "mount": "/tank"}}));
        assert!(about.ends_with("about: host nas, mount /tank"), "{about}");
        let read = words(json!({"site_id": "s", "kind": "a", "summary": "Fan 3 stopped"}));
        assert!(read.ends_with("numbers: fan # stopped"), "{read}");
    }

    #[test]
    fn the_same_key_at_another_site_is_another_problem() {
        let at = |site: &str| {
            of(&signal(
                json!({"site_id": site, "kind": "a", "summary": "x", "dedup_key": "k"}),
            ))
            .name()
        };
        assert_ne!(at("s"), at("t"));
    }

    #[test]
    fn severity_time_and_numbers_elsewhere_do_not_count() {
        let a = signal(
            json!({"site_id": "s", "kind": "disk_full", "summary": "91 %",
            "severity": "warning", "detail": {"mount": "/tank", "used_percent": 91}}),
        );
        let b = signal(
            json!({"site_id": "s", "kind": "disk_full", "summary": "97 %",
            "severity": "critical", "observed_at": "2026-01-01T00:00:00Z",
            "detail": {"mount": "/tank", "used_percent": 97}}),
        );
        assert_eq!(of(&a).rule, Rule::Identity);
        assert_eq!(of(&a).name(), of(&b).name());
    }

    #[test]
    fn containers_of_one_name_at_two_endpoints_are_two() {
        let at = |endpoint: &str| {
            of(&signal(json!({"site_id": "s", "kind": "container_down",
                "summary": "x", "detail": {"container": "web", "endpoint": endpoint}})))
            .name()
        };
        assert_ne!(at("tcp://a:2375"), at("tcp://b:2375"));
    }

    #[test]
    fn without_anything_better_the_masked_summary_decides() {
        let of = |summary: &str| {
            of(&signal(
                json!({"site_id": "s", "kind": "backup", "summary": summary}),
            ))
        };
        assert_eq!(of("x").rule, Rule::Summary);
        assert_eq!(
            of("Backup of nas failed at 12:30, job 7f3a1").name(),
            of("backup of nas  failed at 09:11, job 81c02").name()
        );
        assert_ne!(
            of("Backup of nas failed").name(),
            of("Backup of pve failed").name()
        );
    }
}
