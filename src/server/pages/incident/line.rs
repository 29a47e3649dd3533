//! One incident as a line of a list: on the board and on the list's own page.

use jiff::tz::TimeZone;

use crate::domain::incident::{Incident, State, words};
use crate::domain::suggestion::Suggestion;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::incident_lists::Line;
use crate::server::pages::When;
use crate::server::pages::mark::Mark;
use crate::server::pages::strip::Strip;
use crate::server::state::AppState;

/// One line; what hangs on it follows below it.
pub(in crate::server::pages) struct LineView {
    pub(in crate::server::pages) id: i64,
    /// Its severity, or that it is over.
    pub(in crate::server::pages) mark: Mark,
    /// Its worst severity, where the mark does not say it.
    pub(in crate::server::pages) was: Option<&'static str>,
    pub(in crate::server::pages) summary: String,
    pub(in crate::server::pages) kind: String,
    pub(in crate::server::pages) site: String,
    pub(in crate::server::pages) demo: bool,
    pub(in crate::server::pages) since: When,
    /// `14 signals`
    pub(in crate::server::pages) count: String,
    pub(in crate::server::pages) strip: Strip,
    pub(in crate::server::pages) standing: Standing,
    pub(in crate::server::pages) flapping: bool,
    /// Nobody has taken it on.
    pub(in crate::server::pages) is_open: bool,
    /// Nothing where no runbook fits it.
    pub(in crate::server::pages) offer: Option<Offer>,
    /// What it hangs on, where that is in another place of the list or not in it.
    pub(in crate::server::pages) hangs_on: Option<i64>,
    pub(in crate::server::pages) folded: Vec<LineView>,
}

/// Where an incident stands.
pub(in crate::server::pages) struct Standing {
    pub(in crate::server::pages) icon: &'static str,
    pub(in crate::server::pages) look: &'static str,
    /// `acknowledged by anna`
    pub(in crate::server::pages) words: String,
    /// Since when; nothing where it is open, which the line says already, and where it is snoozed,
    /// which has its end in the words.
    pub(in crate::server::pages) when: Option<When>,
}

impl Standing {
    pub(super) fn of(incident: &Incident, zone: &TimeZone, now: Timestamp) -> Self {
        let told = matches!(incident.state, State::Open | State::Snoozed);
        Self {
            icon: match incident.state {
                State::Open => "○",
                State::Acknowledged => "◐",
                State::Snoozed => "☾",
                State::Resolved => "✓",
            },
            look: incident.state.as_str(),
            words: words::standing(incident, zone),
            when: (!told).then(|| When::new(words::stands_since(incident), now, zone)),
        }
    }
}

/// The runbook that fits best.
pub(in crate::server::pages) struct Offer {
    pub(in crate::server::pages) title: String,
    pub(in crate::server::pages) link: String,
    /// Empty where the signal that told it is no longer kept.
    pub(in crate::server::pages) reason: String,
}

impl Offer {
    pub(super) fn of(
        state: &AppState,
        catalogue: &Catalogue,
        incident: &Incident,
        suggestion: Option<&Suggestion>,
    ) -> Option<Self> {
        let best = match suggestion {
            Some(suggestion) => suggestion.related_runbook_ids.first(),
            None => incident.runbook_id.as_ref(),
        }?;
        Some(Self {
            title: title(catalogue, best),
            link: runbook_link(
                state,
                best,
                suggestion.map(|suggestion| suggestion.signal_id),
            ),
            reason: suggestion.map_or_else(String::new, |suggestion| shown(&suggestion.reason)),
        })
    }
}

/// What people call a runbook.
pub(super) fn title(catalogue: &Catalogue, runbook_id: &str) -> String {
    let title = catalogue.matcher().title(runbook_id);
    shown(title.unwrap_or(runbook_id))
}

/// A runbook's page, filled in from a signal.
pub(super) fn runbook_link(state: &AppState, runbook_id: &str, signal_id: Option<i64>) -> String {
    match signal_id {
        Some(signal) => state.link(&format!("/runbooks/{runbook_id}?signal={signal}")),
        None => state.link(&format!("/runbooks/{runbook_id}")),
    }
}

/// Lines as templates place them. `names` are ids and names of sites.
pub(in crate::server::pages) fn lines(
    state: &AppState,
    lines: Vec<Line>,
    names: &[(String, String)],
    now: Timestamp,
) -> Vec<LineView> {
    let catalogue = state.catalogue();
    let mut views = Vec::with_capacity(lines.len());
    for mut line in lines {
        let folded = std::mem::take(&mut line.folded);
        let mut root = view(state, &catalogue, line, (names, now));
        for effect in folded {
            let mut effect = view(state, &catalogue, effect, (names, now));
            // It stands right below.
            effect.hangs_on = None;
            root.folded.push(effect);
        }
        views.push(root);
    }
    views
}

fn view(
    state: &AppState,
    catalogue: &Catalogue,
    line: Line,
    (names, now): (&[(String, String)], Timestamp),
) -> LineView {
    let Line {
        incident,
        suggestion,
        ticks,
        ..
    } = line;
    let zone = &state.config.timezone;
    let site = names
        .iter()
        .find(|(id, _)| *id == incident.site_id)
        .map_or(&incident.site_id, |(_, name)| name);
    let mark = mark(&incident);
    let offer = Offer::of(state, catalogue, &incident, suggestion.as_ref());
    LineView {
        id: incident.id,
        mark,
        was: was(&incident, mark),
        summary: shown(&incident.summary),
        kind: shown(&incident.kind),
        site: shown(site),
        demo: incident.demo,
        since: When::new(incident.opened_at, now, zone),
        count: counted(incident.count, "signal"),
        strip: Strip::of_signals(&ticks),
        standing: Standing::of(&incident, zone, now),
        flapping: incident.flapping,
        is_open: incident.state == State::Open,
        offer,
        hangs_on: incident.folded_under,
        folded: Vec::new(),
    }
}

/// Its severity, or that it is over.
pub(super) fn mark(incident: &Incident) -> Mark {
    if incident.is_unresolved() {
        Mark::of(incident.severity)
    } else {
        Mark::RESOLVED
    }
}

/// Its worst severity, where `mark` does not say it.
pub(super) fn was(incident: &Incident, mark: Mark) -> Option<&'static str> {
    let worst = incident.worst_severity.as_str();
    (mark.word != worst).then_some(worst)
}

/// `1 signal`, `2 signals`
pub(super) fn counted(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
