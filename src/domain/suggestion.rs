//! What is offered for a signal: the runbooks that fit, in one sentence with its reason. Matching
//! itself is `domain::matching`.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::matching::{Match, Matcher, NO_FIT, SignalView};
use crate::domain::severity::Severity;
use crate::domain::signal::Signal;

/// Fields of a detail that name what a signal is about, the most telling first.
const SUBJECTS: [&str; 17] = [
    "container",
    "unit",
    "url",
    "mount",
    "device",
    "vm",
    "gateway",
    "target",
    "resolver",
    "path",
    "service",
    "node",
    "agent",
    "host",
    "address",
    "interface",
    "endpoint",
];
/// Longest subject that is put in a sentence, in characters.
const MAX_SUBJECT: usize = 80;

/// A suggestion as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Suggestion {
    /// What to do about what: `Bring a stopped container back: jellyfin`. Quotes the signal.
    pub summary: String,
    /// Why this runbook, in words; or that none fits.
    pub reason: String,
    /// The runbooks, best first.
    pub related_runbook_ids: Vec<String>,
    /// Of the signal.
    pub severity: Severity,
    /// The signal it is offered for.
    pub signal_id: i64,
    /// Of the signal.
    pub site_id: String,
    /// Of the signal.
    pub kind: String,
    /// The runbooks with their points and reasons, best first.
    pub matches: Vec<Match>,
}

impl Suggestion {
    /// What `matcher` offers for `signal`. Where nothing fits, it says so.
    pub fn for_signal(signal: &Signal, matcher: &Matcher) -> Self {
        let found = matcher.match_signal(&SignalView::from(signal));
        let best = found.first();
        let title = best.and_then(|best| matcher.title(&best.runbook_id));
        let summary = match (title, subject(&signal.detail)) {
            (Some(title), Some(subject)) => format!("{title}: {subject}"),
            (Some(title), None) => title.to_owned(),
            (None, _) => format!("No runbook fits {} yet", signal.kind),
        };
        Self {
            summary,
            reason: best.map_or_else(|| NO_FIT.to_owned(), Match::reason_line),
            related_runbook_ids: found.iter().map(|m| m.runbook_id.clone()).collect(),
            severity: signal.severity,
            signal_id: signal.id,
            site_id: signal.site_id.clone(),
            kind: signal.kind.clone(),
            matches: found,
        }
    }
}

/// What a signal is about, from its detail: `jellyfin`, or `/srv on nas-01`.
pub fn subject(detail: &Map<String, Value>) -> Option<String> {
    let text_of = |field: &str| match detail.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(shortened(text.trim())),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let (field, subject) = SUBJECTS
        .iter()
        .find_map(|field| Some((*field, text_of(field)?)))?;
    let about_a_host = ["host", "address", "endpoint", "node", "agent"].contains(&field);
    match text_of("host") {
        Some(host) if !about_a_host && host != subject => Some(format!("{subject} on {host}")),
        _ => Some(subject),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SUBJECT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog;
    use crate::domain::example;

    fn suggest(kind: &str, summary: &str, detail: &Value) -> Suggestion {
        let matcher = Matcher::new(&catalog::builtin_runbooks().unwrap());
        Suggestion::for_signal(&example::signal(kind, summary, detail), &matcher)
    }

    #[test]
    fn a_sentence_says_what_to_do_about_what() {
        let offer = suggest(
            "container_down",
            "Docker container stopped: jellyfin",
            &json!({"container": "jellyfin", "endpoint": "unix:///var/run/docker.sock"}),
        );
        assert_eq!(offer.summary, "Bring a stopped container back: jellyfin");
        assert_eq!(offer.related_runbook_ids[0], "rb-docker-container-down");
        assert!(
            offer.reason.starts_with("kind is container_down"),
            "{}",
            offer.reason
        );
    }

    #[test]
    fn a_mount_is_named_with_its_host() {
        let offer = suggest(
            "disk_full",
            "x",
            &json!({"host": "nas-01", "mount": "/srv"}),
        );
        assert_eq!(offer.summary, "Free space on a full disk: /srv on nas-01");
    }

    #[test]
    fn where_nothing_fits_it_says_so() {
        let offer = suggest("odd", "severity nobody knows", &json!({"container": 7}));
        assert_eq!(offer.summary, "No runbook fits odd yet");
        assert_eq!((offer.reason.as_str(), offer.matches.len()), (NO_FIT, 0));
    }
}
