//! One line of the board for one signal.

use serde_json::{Map, Value};

use super::Mark;
use crate::domain::signal::Status;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::flow::board::Line;
use crate::server::pages::When;
use crate::server::state::AppState;

pub(super) struct Row {
    pub(super) id: i64,
    /// Its severity, or that the problem is over.
    pub(super) mark: Mark,
    /// Said where the mark does not say the severity.
    pub(super) was: Option<&'static str>,
    pub(super) kind: String,
    pub(super) summary: String,
    pub(super) site: String,
    pub(super) source: String,
    pub(super) when: When,
    pub(super) demo: bool,
    pub(super) doubted: bool,
    pub(super) facts: Vec<(String, String)>,
    pub(super) same_problem: String,
    pub(super) fingerprint: String,
    pub(super) offer: Option<Offer>,
    pub(super) unmatched: bool,
}

pub(super) struct Offer {
    pub(super) title: String,
    pub(super) link: String,
    pub(super) reason: String,
    pub(super) others: Vec<(String, String)>,
}

pub(super) fn row(state: &AppState, line: Line, names: &[(String, String)], now: Timestamp) -> Row {
    let Line {
        signal,
        suggestion,
        over,
    } = line;
    let site = names
        .iter()
        .find(|(id, _)| *id == signal.site_id)
        .map_or(&signal.site_id, |(_, name)| name);
    let runbook_page = |id: &str| state.link(&format!("/runbooks/{id}?signal={}", signal.id));
    let catalogue = state.catalogue();
    let title = |id: &str| {
        let title = catalogue.matcher().title(id);
        title.unwrap_or(id).to_owned()
    };
    let offer = suggestion.as_ref().and_then(|suggestion| {
        let (best, others) = suggestion.related_runbook_ids.split_first()?;
        Some(Offer {
            title: title(best),
            link: runbook_page(best),
            reason: shown(&suggestion.reason),
            others: others
                .iter()
                .map(|id| (title(id), runbook_page(id)))
                .collect(),
        })
    });
    let mark = if signal.status == Status::Resolved {
        Mark::RESOLVED
    } else if over {
        Mark::OVER
    } else {
        Mark::of(signal.severity)
    };
    Row {
        id: signal.id,
        mark,
        was: (mark.word != signal.severity.as_str()).then(|| signal.severity.as_str()),
        kind: shown(&signal.kind),
        summary: shown(&signal.summary),
        site: shown(site),
        source: shown(&signal.source),
        when: When::new(signal.happened_at(), now, &state.config.timezone),
        demo: signal.demo,
        doubted: signal.time_flag.is_some(),
        same_problem: same_problem(&signal.fingerprint_of.fields),
        facts: facts(&signal.detail),
        fingerprint: signal.fingerprint,
        unmatched: suggestion.is_some() && offer.is_none(),
        offer,
    }
}

fn same_problem(fields: &[(String, String)]) -> String {
    let parts: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name} {}", shown(value)))
        .collect();
    parts.join(", ")
}

/// The detail as names and values, nested values as JSON.
pub(in crate::server::pages) fn facts(detail: &Map<String, Value>) -> Vec<(String, String)> {
    detail
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => shown(text),
                other => shown(&other.to_string()),
            };
            (shown(name), value)
        })
        .collect()
}
