//! A signal on the server's side: accepted, and then stored.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{NewSignal, Status, TimeFlag};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// A signal that the server has accepted and is about to store.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedSignal {
    /// What was sent, with secrets redacted.
    pub signal: NewSignal,
    /// When the server had it.
    pub received_at: Timestamp,
    /// Why it is the same problem as others.
    pub fingerprint: Fingerprint,
    /// The runbook that fits best.
    pub runbook_id: Option<String>,
    /// How many secrets were redacted.
    pub redactions: u32,
    /// Made by `demo seed`.
    pub demo: bool,
}

impl ReceivedSignal {
    /// The signal it becomes once it is stored under `id`.
    pub fn stored_as(self, id: i64) -> Signal {
        let observed_at = self.signal.observed_at.unwrap_or(self.received_at);
        Signal {
            id,
            time_flag: TimeFlag::judge(observed_at, self.received_at),
            fingerprint: self.fingerprint.name(),
            fingerprint_of: self.fingerprint,
            observed_at,
            received_at: self.received_at,
            incident_id: None,
            runbook_id: self.runbook_id,
            redactions: self.redactions,
            demo: self.demo,
            site_id: self.signal.site_id,
            kind: self.signal.kind,
            summary: self.signal.summary,
            detail: self.signal.detail,
            severity: self.signal.severity,
            source: self.signal.source,
            status: self.signal.status,
            dedup_key: self.signal.dedup_key,
            expires_at: self.signal.expires_at,
            agent_id: self.signal.agent_id,
        }
    }
}

/// A signal as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Signal {
    /// Number of the row; higher is later received.
    pub id: i64,
    /// The site it comes from.
    pub site_id: String,
    /// What it is about.
    pub kind: String,
    /// One sentence for people.
    pub summary: String,
    /// The facts; secrets in them were redacted before they were stored.
    #[schema(value_type = Object)]
    pub detail: Map<String, Value>,
    /// How bad it is.
    pub severity: Severity,
    /// What sent it.
    pub source: String,
    /// When it was seen, as sent.
    #[schema(value_type = String)]
    pub observed_at: Timestamp,
    /// When the server had it.
    #[schema(value_type = String)]
    pub received_at: Timestamp,
    /// The incident it belongs to; null where none was opened.
    pub incident_id: Option<i64>,
    /// Names the problem: signals with the same fingerprint are about the same one.
    pub fingerprint: String,
    /// Why they are: the rule and the fields it used.
    pub fingerprint_of: Fingerprint,
    /// Whether it holds or is over.
    pub status: Status,
    /// The sender's own name for the condition.
    pub dedup_key: Option<String>,
    /// Until when it holds without news.
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<Timestamp>,
    /// The agent it comes from.
    pub agent_id: Option<String>,
    /// Set where `observed_at` is too far off: such a signal is ordered by `received_at`.
    pub time_flag: Option<TimeFlag>,
    /// The runbook that fitted best when it arrived; null where none did, and where the problem
    /// was over.
    pub runbook_id: Option<String>,
    /// How many secrets were redacted before it was stored.
    pub redactions: u32,
    /// Made by `demo seed`.
    pub demo: bool,
}

impl Signal {
    /// When it happened, as far as that can be believed: what lists are ordered by.
    pub fn happened_at(&self) -> Timestamp {
        if self.time_flag.is_some() {
            self.received_at
        } else {
            self.observed_at
        }
    }

    /// Whether this is an agent's heartbeat.
    pub fn is_heartbeat(&self) -> bool {
        self.kind == kind::AGENT_FACTS
    }
}
