//! A signal: one observation that was sent. [`NewSignal`] is the only shape on the road from an
//! agent's check to the database; [`Signal`] is what is stored, and immutable from then on.

mod stored;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::fields::{FieldError, Fields, MAX_ID};
use crate::domain::fingerprint::{Fingerprint, Subject};
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

pub use self::stored::{ReceivedSignal, Signal};

/// Longest `summary`, in characters.
pub const MAX_SUMMARY: usize = 1000;
/// Longest `dedup_key`, in characters.
pub const MAX_DEDUP_KEY: usize = 512;
/// Deepest nesting of `detail`, which counts as the first level.
pub const MAX_DEPTH: usize = 16;
/// A signal observed further in the future than this is ordered by when it was received.
pub const MAX_AHEAD_MS: i64 = 10 * 60 * 1000;
/// A signal observed longer ago than this is ordered by when it was received.
pub const MAX_BEHIND_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Whether the signal says that its condition holds or that it is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The condition holds.
    #[default]
    Firing,
    /// The condition is over.
    Resolved,
}

impl Status {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }

    /// Reads what [`Status::as_str`] wrote, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Firing, Self::Resolved]
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(word.trim()))
    }
}

/// Why a signal's own time is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeFlag {
    /// Further ahead than [`MAX_AHEAD_MS`].
    Future,
    /// Longer ago than [`MAX_BEHIND_MS`].
    Past,
}

impl TimeFlag {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::Past => "past",
        }
    }

    /// Reads what [`TimeFlag::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Future, Self::Past]
            .into_iter()
            .find(|flag| flag.as_str() == word)
    }

    /// Judges a sender's time against the server's.
    pub fn judge(observed: Timestamp, received: Timestamp) -> Option<Self> {
        let age = received.millis_since(observed);
        if age < -MAX_AHEAD_MS {
            Some(Self::Future)
        } else if age > MAX_BEHIND_MS {
            Some(Self::Past)
        } else {
            None
        }
    }
}

/// A signal on its way to the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewSignal {
    /// The site it comes from; an unknown one is created.
    pub site_id: String,
    /// What it is about, for example `container_down`. Any kind is kept.
    pub kind: String,
    /// One sentence for people.
    pub summary: String,
    /// The facts, as an object.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub detail: Map<String, Value>,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// What sent it.
    #[serde(default = "default_source")]
    pub source: String,
    /// When it was seen; the time of receipt where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub observed_at: Option<Timestamp>,
    /// Whether it holds or is over.
    #[serde(default)]
    pub status: Status,
    /// Names the condition: signals with the same key are about the same thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_key: Option<String>,
    /// Until when it holds without news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<Timestamp>,
    /// The agent it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Idempotency key of this item, in a batch or from a spool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

fn default_source() -> String {
    "agent".to_owned()
}

impl NewSignal {
    /// Whether this is an agent's heartbeat.
    pub fn is_heartbeat(&self) -> bool {
        self.kind == kind::AGENT_FACTS
    }

    /// Why it is the same problem as others.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(Subject {
            dedup_key: self.dedup_key.as_deref(),
            site_id: &self.site_id,
            kind: &self.kind,
            source: &self.source,
            detail: &self.detail,
            summary: &self.summary,
        })
    }

    /// Reads a body that came over the wire. Everything wrong with it is reported together.
    /// Fields that are not ours are passed over, as version 0.4 did.
    ///
    /// # Errors
    /// One [`FieldError`] for each field that is missing, of a wrong type or beyond its bound.
    pub fn from_json(body: Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(body)?;
        let signal = Self {
            site_id: fields.id("site_id").unwrap_or_default(),
            kind: fields.id("kind").unwrap_or_default(),
            summary: fields.required("summary", MAX_SUMMARY).unwrap_or_default(),
            detail: fields.object("detail", MAX_DEPTH),
            severity: fields
                .word("severity", "info, warning or critical", Severity::parse)
                .unwrap_or_default(),
            source: fields
                .optional("source", MAX_ID)
                .unwrap_or_else(default_source),
            observed_at: fields.time("observed_at"),
            status: fields
                .word("status", "firing or resolved", Status::parse)
                .unwrap_or_default(),
            dedup_key: fields.optional("dedup_key", MAX_DEDUP_KEY),
            expires_at: fields.time("expires_at"),
            agent_id: fields.optional("agent_id", MAX_ID),
            uid: fields.optional("uid", MAX_ID),
        };
        fields.finish(signal)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields_at_fault(body: Value) -> Vec<String> {
        NewSignal::from_json(body)
            .unwrap_err()
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn the_least_that_0_4_sent_is_enough() {
        let signal = NewSignal::from_json(json!({
            "site_id": "site-homelab", "kind": "container_down", "summary": "x", "detail": {}
        }))
        .unwrap();
        assert_eq!(signal.severity, Severity::Info);
        assert_eq!(signal.source, "agent");
        assert_eq!(signal.status, Status::Firing);
    }

    #[test]
    fn everything_wrong_is_reported_together() {
        let faults = fields_at_fault(json!({
            "site_id": 7, "summary": "", "detail": [], "severity": "meh",
            "observed_at": "soon", "status": "maybe"
        }));
        assert_eq!(
            faults,
            [
                "site_id",
                "kind",
                "summary",
                "detail",
                "severity",
                "observed_at",
                "status"
            ]
        );
    }

    #[test]
    fn bounds_count_characters_not_bytes() {
        let with_summary =
            |summary: String| json!({"site_id": "s", "kind": "k", "summary": summary});
        assert!(NewSignal::from_json(with_summary("ü".repeat(1000))).is_ok());
        assert_eq!(fields_at_fault(with_summary("ü".repeat(1001))), ["summary"]);
    }

    #[test]
    fn detail_may_be_sixteen_deep_and_no_deeper() {
        let nested = |levels: usize| {
            let mut value = json!(1);
            for _ in 0..levels {
                value = json!({ "a": value });
            }
            json!({"site_id": "s", "kind": "k", "summary": "x", "detail": value})
        };
        assert!(NewSignal::from_json(nested(16)).is_ok());
        assert_eq!(fields_at_fault(nested(17)), ["detail"]);
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        assert_eq!(fields_at_fault(json!(["a"])), [""]);
    }

    #[test]
    fn what_an_agent_writes_the_server_reads_back_the_same() {
        let signal = NewSignal {
            site_id: "s".into(),
            kind: "k".into(),
            summary: "x".into(),
            detail: Map::from_iter([("a".to_owned(), json!(1))]),
            severity: Severity::Critical,
            source: "agent".into(),
            observed_at: Timestamp::parse("2026-11-23T00:00:00Z"),
            status: Status::Resolved,
            dedup_key: Some("d".into()),
            expires_at: None,
            agent_id: Some("a".into()),
            uid: Some("u".into()),
        };
        let sent = serde_json::to_value(&signal).unwrap();
        assert_eq!(NewSignal::from_json(sent).unwrap(), signal);
    }

    #[test]
    fn dates_far_off_are_flagged() {
        let now = Timestamp::parse("2026-11-23T00:00:00Z").unwrap();
        let at = |text| Timestamp::parse(text).unwrap();
        assert_eq!(
            TimeFlag::judge(at("1970-01-01T00:00:00Z"), now),
            Some(TimeFlag::Past)
        );
        assert_eq!(
            TimeFlag::judge(at("9999-01-01T00:00:00Z"), now),
            Some(TimeFlag::Future)
        );
        assert_eq!(TimeFlag::judge(at("2026-11-22T23:00:00Z"), now), None);
    }
}
