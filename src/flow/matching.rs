//! Which runbook for which signal, asked from either side. All questions go to one matcher
//! (`domain::matching`), so that page, API and command line say the same.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::catalog;
use crate::domain::matching::{self, Match, SignalView};
use crate::domain::runbook::{self, Draft, Lint};
use crate::domain::severity::Severity;
use crate::domain::signal::Signal;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::store::signals::Filter;
use crate::store::{Db, StoreError, runbooks, signals};

/// How far back kinds without a runbook are looked for.
pub const GAP_DAYS: i64 = 30;
/// Most signals that are looked at for one answer about the past.
pub const MAX_PAST: usize = 10_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A runbook that fits, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fit {
    /// Id, points and reasons.
    #[serde(flatten)]
    pub matched: Match,
    /// Of the runbook.
    pub title: String,
    /// The strongest reasons in one line.
    pub reason: String,
}

/// A signal of the past, and what a runbook is to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PastMatch {
    /// Number of the signal.
    pub signal_id: i64,
    /// Of the signal.
    pub site_id: String,
    /// Of the signal.
    pub kind: String,
    /// Of the signal.
    pub summary: String,
    /// Of the signal.
    pub severity: Severity,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub happened_at: Timestamp,
    /// Of this runbook.
    pub points: u32,
    /// Why it fits, in one line.
    pub reason: String,
    /// Which runbook is best without this one.
    pub best_before: Option<String>,
    /// Which runbook is best with it.
    pub best_after: Option<String>,
}

/// A kind of signal that no runbook fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    /// The kind, as senders spell it.
    pub kind: String,
    /// How many signals of it fired lately.
    pub count: u64,
    /// Number of the newest of them.
    pub newest_signal_id: i64,
    /// Its summary.
    pub summary: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub happened_at: Timestamp,
}

/// The runbooks that fit a signal, best first.
pub fn fits(catalogue: &Catalogue, signal: &SignalView<'_>) -> Vec<Fit> {
    let matcher = catalogue.matcher();
    let found = matcher.match_signal(signal).into_iter();
    let to_fit = |matched: Match| Fit {
        title: matcher
            .title(&matched.runbook_id)
            .unwrap_or_default()
            .to_owned(),
        reason: matched.reason_line(),
        matched,
    };
    found.map(to_fit).collect()
}

/// The runbooks that fit a stored signal, best first; `None` where there is no such signal.
///
/// # Errors
/// The database refuses.
pub fn fits_of(db: &Db, catalogue: &Catalogue, id: i64) -> Result<Option<Vec<Fit>>, StoreError> {
    let signal = signals::get(db, id)?;
    Ok(signal.map(|signal| fits(catalogue, &SignalView::from(&signal))))
}

/// The signals, among the newest `looked_at`, that a runbook of `after` fits, newest first; what
/// was best for them before, and what is best now.
///
/// # Errors
/// The database refuses.
pub fn past(
    db: &Db,
    (before, after): (&Catalogue, &Catalogue),
    runbook_id: &str,
    looked_at: usize,
) -> Result<Vec<PastMatch>, StoreError> {
    let newest = signals::newest(db, &Filter::default(), looked_at.min(MAX_PAST))?;
    let found = newest
        .into_iter()
        .filter_map(|signal| past_match(signal, (before, after), runbook_id));
    Ok(found.collect())
}

fn past_match(
    signal: Signal,
    (before, after): (&Catalogue, &Catalogue),
    runbook_id: &str,
) -> Option<PastMatch> {
    let view = SignalView::from(&signal);
    let matches = after.matcher().match_signal(&view);
    let own = matches.iter().find(|one| one.runbook_id == runbook_id)?;
    let best = |matches: &[Match]| matches.first().map(|best| best.runbook_id.clone());
    Some(PastMatch {
        points: own.points,
        reason: own.reason_line(),
        best_before: best(&before.matcher().match_signal(&view)),
        best_after: best(&matches),
        signal_id: signal.id,
        happened_at: signal.happened_at(),
        severity: signal.severity,
        site_id: signal.site_id,
        kind: signal.kind,
        summary: signal.summary,
    })
}

/// The newest signals, at most `limit`, that a runbook in force would be the best for.
///
/// # Errors
/// The database refuses.
pub fn best_for(
    db: &Db,
    catalogue: &Catalogue,
    runbook_id: &str,
    limit: usize,
) -> Result<Vec<PastMatch>, StoreError> {
    let without = catalogue.without(runbook_id);
    let mut found = past(db, (&without, catalogue), runbook_id, MAX_PAST)?;
    found.retain(|one| one.best_after.as_deref() == Some(runbook_id));
    found.truncate(limit);
    Ok(found)
}

/// The kinds of the last [`GAP_DAYS`] days that no runbook in force fits, the most frequent first.
///
/// # Errors
/// The database refuses.
pub fn gaps(db: &Db, catalogue: &Catalogue, now: Timestamp) -> Result<Vec<Gap>, StoreError> {
    let known: Vec<&str> = catalogue.all().iter().map(|one| one.id.as_str()).collect();
    let since = now.plus_millis(-GAP_DAYS * DAY_MS);
    let mut gaps = Vec::new();
    for kind in runbooks::unfitted(db, &known, since)? {
        let Some(signal) = signals::get(db, kind.newest_signal_id)? else {
            continue;
        };
        // A runbook may have come since.
        let view = SignalView::from(&signal);
        if catalogue.matcher().match_signal(&view).is_empty() {
            gaps.push(Gap {
                kind: kind.kind,
                count: kind.count,
                newest_signal_id: kind.newest_signal_id,
                happened_at: signal.happened_at(),
                summary: signal.summary,
            });
        }
    }
    Ok(gaps)
}

/// A first draft of a runbook for a stored signal, as Markdown that passes the lint; `None` where
/// there is no such signal.
///
/// # Errors
/// The database refuses.
pub fn draft(db: &Db, catalogue: &Catalogue, signal_id: i64) -> Result<Option<String>, StoreError> {
    let Some(signal) = signals::get(db, signal_id)? else {
        return Ok(None);
    };
    let taken = catalogue.all().iter().map(|one| one.id.clone()).collect();
    Ok(Some(draft_for(&signal, taken)))
}

fn draft_for(signal: &Signal, taken: Vec<String>) -> String {
    let about = Draft {
        kind: matching::words_of_kind(&signal.kind),
        words: matching::telling_words(&[&signal.summary]),
        keys: keys_of(&signal.detail),
        taken,
    };
    let (front, body) = runbook::draft(&about);
    catalog::write_runbook(&front, &body).unwrap_or_else(|lints| {
        // Nothing of the signal stands in it as it was sent: the tests hold that it passes.
        let said: Vec<String> = lints.iter().map(Lint::to_string).collect();
        tracing::error!(problems = ?said, "a draft does not pass the lint");
        String::new()
    })
}

fn keys_of(detail: &Map<String, Value>) -> Vec<String> {
    let scalar = |value: &Value| !matches!(value, Value::Object(_) | Value::Array(_) | Value::Null);
    let keys = detail.iter().filter(|(_, value)| scalar(value));
    keys.map(|(key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::example;
    use crate::domain::runbook::Origin;

    #[test]
    fn a_draft_finds_the_signal_it_was_made_from() {
        for (kind, summary) in [
            ("NodeDiskIOSaturation", "Disk IO saturated"),
            ("temperature high!", "Rack at 41 degrees"),
            ("queue-stuck", "postfix queue grows"),
            ("größe", "postfix queue grows slowly"),
        ] {
            let signal = example::signal(kind, summary, &json!({"sensor": "rack"}));
            let text = draft_for(&signal, Vec::new());
            let runbook = catalog::read_runbook(&text, Origin::Own).unwrap();
            let catalogue = Catalogue::new(vec![runbook]);
            let found = fits(&catalogue, &SignalView::from(&signal));
            assert_eq!(found.len(), 1, "{kind}: {text}");
            assert!(text.contains("{{sensor}}"), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_draft_passes_the_lint_whatever_a_signal_says(
            kind in "\\PC{0,40}", summary in "([ -~\\n]|\\PC){0,60}", key in "([a-z_{}:&*\\n]|\\PC){1,20}", value in "\\PC{0,20}"
        ) {
            let mut signal = example::signal("x", "y", &json!({ key: value }));
            (signal.kind, signal.summary) = (kind, summary);
            let text = draft_for(&signal, vec!["rb-draft".to_owned()]);
            prop_assert!(catalog::read_runbook(&text, Origin::Own).is_ok(), "{text}");
        }
    }
}
