//! The board's filters: what can be chosen, what is, and the address without each.

use crate::domain::severity::Severity;
use crate::domain::text::shown;
use crate::domain::window::Window;
use crate::flow::board::{Board, Query};
use crate::server::state::AppState;

pub(super) struct Filters {
    pub(super) search: String,
    pub(super) sites: Vec<Choice>,
    pub(super) severities: Vec<Choice>,
    pub(super) windows: Vec<Choice>,
    pub(super) heartbeats: bool,
    pub(super) chips: Vec<Chip>,
    /// What was not understood in the address.
    pub(super) notes: Vec<String>,
}

pub(in crate::server::pages) struct Choice {
    pub(in crate::server::pages) value: String,
    pub(in crate::server::pages) label: String,
    pub(in crate::server::pages) chosen: bool,
}

impl Choice {
    pub(in crate::server::pages) fn new(value: &str, label: &str, chosen: bool) -> Self {
        Self {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen,
        }
    }
}

/// An active filter, and the address without it.
pub(in crate::server::pages) struct Chip {
    pub(in crate::server::pages) label: String,
    pub(in crate::server::pages) without: String,
}

pub(super) fn filters(
    state: &AppState,
    query: &Query,
    board: &Board,
    notes: Vec<String>,
) -> Filters {
    let window = query.window.to_string();
    let mut windows: Vec<Choice> = Window::OFFERED
        .iter()
        .map(|(value, label)| Choice::new(value, label, window == *value))
        .collect();
    if !windows.iter().any(|choice| choice.chosen) {
        windows.push(Choice::new(&window, &window, true));
    }
    let site_chosen = query.site.as_deref().unwrap_or_default();
    let mut sites = vec![Choice::new("", "all sites", site_chosen.is_empty())];
    sites.extend(board.sites.iter().map(|card| {
        Choice::new(
            &card.site.id,
            &shown(&card.site.name),
            card.site.id == site_chosen,
        )
    }));
    if !sites.iter().any(|choice| choice.chosen) {
        sites.push(Choice::new(site_chosen, &shown(site_chosen), true));
    }
    let mut severities = vec![Choice::new("", "any severity", query.severity.is_none())];
    severities.extend(Severity::WORST_FIRST.into_iter().map(|severity| {
        Choice::new(
            severity.as_str(),
            severity.as_str(),
            query.severity == Some(severity),
        )
    }));
    Filters {
        search: query.search.clone(),
        sites,
        severities,
        windows,
        heartbeats: query.heartbeats,
        chips: chips(state, query, board),
        notes,
    }
}

/// One chip for each filter that is not at its default.
fn chips(state: &AppState, query: &Query, board: &Board) -> Vec<Chip> {
    let active = active_filters(query);
    active
        .iter()
        .map(|(name, value)| {
            let rest: Vec<_> = active.iter().filter(|(other, _)| other != name).collect();
            Chip {
                label: match *name {
                    "heartbeats" => "heartbeats shown".to_owned(),
                    "q" => format!("search: {}", shown(value)),
                    "site" => format!("site: {}", site_name(board, value)),
                    name => format!("{name}: {}", shown(value)),
                },
                without: address(state, &rest),
            }
        })
        .collect()
}

/// What people call the site.
fn site_name(board: &Board, id: &str) -> String {
    let known = board.sites.iter().find(|card| card.site.id == id);
    shown(known.map_or(id, |card| &card.site.name))
}

/// The board with another severity and its other filters as they are.
pub(super) fn with_severity(state: &AppState, query: &Query, severity: Severity) -> String {
    let query = Query {
        severity: Some(severity),
        ..query.clone()
    };
    address(state, &active_filters(&query))
}

fn address(state: &AppState, active: &impl serde::Serialize) -> String {
    match serde_urlencoded::to_string(active) {
        Ok(text) if !text.is_empty() => state.link(&format!("/?{text}")),
        _ => state.link("/"),
    }
}

fn active_filters(query: &Query) -> Vec<(&'static str, String)> {
    let mut active = Vec::new();
    if !query.search.is_empty() {
        active.push(("q", query.search.clone()));
    }
    if let Some(site) = &query.site {
        active.push(("site", site.clone()));
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
