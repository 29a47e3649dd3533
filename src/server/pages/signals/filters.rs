//! The filters of the pages that list signals, the board among them: what can be chosen, what is,
//! and the address without each.

use crate::domain::severity::Severity;
use crate::domain::text::shown;
use crate::domain::window::Window;
use crate::flow::signal_list::Query;
use crate::server::pages::choice::{Chip, Choice, site_name};
use crate::server::state::AppState;

/// The page that the filters belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server::pages) enum Of {
    Board,
    /// The list, which is asked for kinds and sources as well.
    List,
}

impl Of {
    fn path(self) -> &'static str {
        match self {
            Self::Board => "/",
            Self::List => "/signals",
        }
    }

    /// The page with what `query` asks for.
    pub(in crate::server::pages) fn with(self, state: &AppState, query: &Query) -> String {
        self.address(state, &active(query))
    }

    /// The page with these in its address.
    pub(super) fn address(self, state: &AppState, pairs: &[(&'static str, String)]) -> String {
        match serde_urlencoded::to_string(pairs) {
            Ok(text) if !text.is_empty() => state.link(&format!("{}?{text}", self.path())),
            _ => state.link(self.path()),
        }
    }
}

pub(in crate::server::pages) struct Filters {
    /// Where the form leads to.
    pub(in crate::server::pages) action: String,
    pub(in crate::server::pages) search: String,
    pub(in crate::server::pages) sites: Vec<Choice>,
    pub(in crate::server::pages) severities: Vec<Choice>,
    pub(in crate::server::pages) windows: Vec<Choice>,
    /// Kind and source, on the page that is asked for them.
    pub(in crate::server::pages) exact: Option<(String, String)>,
    pub(in crate::server::pages) heartbeats: bool,
    pub(in crate::server::pages) chips: Vec<Chip>,
    /// What was not understood in the address.
    pub(in crate::server::pages) notes: Vec<String>,
}

/// Of a page; `names` are the sites' ids and names.
pub(in crate::server::pages) fn filters(
    state: &AppState,
    of: Of,
    (query, notes): (&Query, Vec<String>),
    names: &[(String, String)],
) -> Filters {
    let window = query.window.to_string();
    let mut windows: Vec<Choice> = Window::OFFERED
        .iter()
        .map(|(value, label)| Choice::new(value, label, window == *value))
        .collect();
    if !windows.iter().any(|choice| choice.chosen) {
        windows.push(Choice::new(&window, &window, true));
    }
    let mut severities = vec![Choice::new("", "any severity", query.severity.is_none())];
    severities.extend(Severity::WORST_FIRST.into_iter().map(|severity| {
        let chosen = query.severity == Some(severity);
        Choice::new(severity.as_str(), severity.as_str(), chosen)
    }));
    let label = |name: &str, value: &str| {
        Some(match name {
            "heartbeats" => "heartbeats shown".to_owned(),
            "q" => format!("search: {}", shown(value)),
            "site" => format!("site: {}", site_name(names, value)),
            name => format!("{name}: {}", shown(value)),
        })
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Filters {
        action: state.link(of.path()),
        search: query.search.clone(),
        sites: Choice::sites(names, query.site.as_deref()),
        severities,
        windows,
        exact: (of == Of::List).then(|| (text(&query.kind), text(&query.source))),
        heartbeats: query.heartbeats,
        chips: Chip::all(&active(query), label, |rest| of.address(state, rest)),
        notes,
    }
}

/// What is not at its default, as it stands in the address.
pub(super) fn active(query: &Query) -> Vec<(&'static str, String)> {
    let mut active = Vec::new();
    if !query.search.is_empty() {
        active.push(("q", query.search.clone()));
    }
    for (name, value) in [
        ("site", &query.site),
        ("kind", &query.kind),
        ("source", &query.source),
    ] {
        active.extend(value.clone().map(|value| (name, value)));
    }
    if let Some(severity) = query.severity {
        active.push(("severity", severity.as_str().to_owned()));
    }
    if query.window != Window::DAY {
        active.push(("window", query.window.to_string()));
    }
    if query.heartbeats {
        active.push(("heartbeats", "1".to_owned()));
    }
    active
}

/// Reads the address; what is not understood becomes a note, and its default holds.
pub(in crate::server::pages) fn read_query<'a>(
    of: Of,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> (Query, Vec<String>) {
    let mut query = Query::default();
    let mut notes = Vec::new();
    for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
        match name {
            "site" => query.site = Some(value.to_owned()),
            "kind" if of == Of::List => query.kind = Some(value.trim().to_owned()),
            "source" if of == Of::List => query.source = Some(value.trim().to_owned()),
            "q" => query.search = value.chars().take(200).collect(),
            "heartbeats" => query.heartbeats = value == "1",
            "severity" => match Severity::parse(value) {
                Some(severity) => query.severity = Some(severity),
                None => notes.push(format!("{value:?} is no severity; all are shown")),
            },
            "window" => match Window::parse(value) {
                Some(window) => query.window = window,
                None => notes.push(format!(
                    "{value:?} is no time window; the last 24 h are shown"
                )),
            },
            _ => notes.push(format!("{name:?} is no filter of this page")),
        }
    }
    (query, notes.iter().map(|note| shown(note)).collect())
}
