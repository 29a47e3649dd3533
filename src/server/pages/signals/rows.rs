//! One line for one signal.

use serde_json::{Map, Value};

use crate::domain::signal::Status;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::flow::signal_list::Line;
use crate::server::pages::When;
use crate::server::pages::choice::site_name;
use crate::server::pages::mark::Mark;
use crate::server::state::AppState;

pub(in crate::server::pages) struct Row {
    pub(in crate::server::pages) id: i64,
    /// Its severity, or that the problem is over.
    pub(in crate::server::pages) mark: Mark,
    /// Said where the mark does not say the severity.
    pub(in crate::server::pages) was: Option<&'static str>,
    pub(in crate::server::pages) kind: String,
    pub(in crate::server::pages) summary: String,
    pub(in crate::server::pages) site: String,
    pub(in crate::server::pages) source: String,
    pub(in crate::server::pages) when: When,
    pub(in crate::server::pages) demo: bool,
    pub(in crate::server::pages) doubted: bool,
    pub(in crate::server::pages) facts: Vec<(String, String)>,
    pub(in crate::server::pages) same_problem: String,
    pub(in crate::server::pages) fingerprint: String,
    pub(in crate::server::pages) offer: Option<Offer>,
    pub(in crate::server::pages) unmatched: bool,
}

pub(in crate::server::pages) struct Offer {
    pub(in crate::server::pages) title: String,
    pub(in crate::server::pages) link: String,
    pub(in crate::server::pages) reason: String,
    pub(in crate::server::pages) others: Vec<(String, String)>,
}

/// The line; `names` are the sites' ids and names.
pub(in crate::server::pages) fn row(
    state: &AppState,
    line: Line,
    names: &[(String, String)],
    now: Timestamp,
) -> Row {
    let Line {
        signal,
        suggestion,
        over,
    } = line;
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
        site: site_name(names, &signal.site_id),
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
