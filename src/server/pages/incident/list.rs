//! `/incidents`: the list, with its filters in the address.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::line::{self, LineView};
use crate::clock;
use crate::domain::incident::State;
use crate::domain::severity::Severity;
use crate::domain::site::Site;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::flow::incident_lists::{self, Listed, MOST_ORDERED, Wanted, Which};
use crate::server::error::ServerError;
use crate::server::pages::choice::{Chip, Choice, site_name};
use crate::server::pages::{Frame, render};
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::sites;

/// Lines of one page, those that are folded apart.
const LIMIT: usize = 50;

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    filters: Filters,
    lines: Vec<LineView>,
    /// The page after this one.
    next: Option<String>,
    /// The first page, where this is not it.
    first: Option<String>,
    /// How many were put in order, where that is not all.
    ordered: Option<usize>,
    empty: Empty,
    /// The list without its filters.
    plain: String,
    /// Where a signal is sent to, for the empty list's example.
    address: String,
}

/// One choice of states, with how many there are.
struct Tab {
    label: &'static str,
    count: Option<u64>,
    link: String,
    chosen: bool,
}

struct Filters {
    state: &'static str,
    sites: Vec<Choice>,
    severities: Vec<Choice>,
    windows: Vec<Choice>,
    window_label: &'static str,
    kind: String,
    since: String,
    chips: Vec<Chip>,
    notes: Vec<String>,
}

/// Why there is nothing to list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    /// The filters let nothing pass.
    Filtered,
    /// All that there was is over.
    AllOver,
    /// Nothing in this state.
    NoneInState,
    /// There never was one.
    Never,
}

/// What the address asks for.
#[derive(Debug, Clone, Default)]
struct Query {
    wanted: Wanted,
    /// As it was chosen; `wanted.since` is worked out from it.
    window: Option<Window>,
    /// A moment that was named instead.
    since: Option<Timestamp>,
}

/// Shows the list.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let now = clock::now();
    let (query, notes) = read_query(&pairs, now);
    let wanted = query.wanted.clone();
    let catalogue = state.catalogue();
    let (listed, sites) = state
        .store
        .read(move |db| {
            let listed = incident_lists::list(db, &catalogue, &wanted, LIMIT, now)?;
            Ok((listed, sites::all(db)?))
        })
        .await?;
    let frame = Frame::new(&state, &request, "Incidents");
    let page = page(&state, frame, (&query, notes), (listed, &sites), now);
    Ok(respond::html(&request, render(&page)?))
}

fn page(
    state: &AppState,
    frame: Frame,
    (query, notes): (&Query, Vec<String>),
    (listed, sites): (Listed, &[Site]),
    now: Timestamp,
) -> IncidentsPage {
    let names: Vec<(String, String)> = sites
        .iter()
        .map(|site| (site.id.clone(), site.name.clone()))
        .collect();
    let plain = state.link("/incidents");
    let active = active(query);
    let all = listed.counts.unresolved() + listed.counts.resolved;
    let narrowed = active.iter().any(|(name, _)| *name != "state");
    let empty = match query.wanted.which {
        _ if narrowed => Empty::Filtered,
        _ if all == 0 => Empty::Never,
        Which::Unresolved => Empty::AllOver,
        Which::One(_) | Which::All => Empty::NoneInState,
    };
    IncidentsPage {
        tabs: tabs(state, query, &listed),
        filters: filters(state, query, &names, notes),
        next: listed.next.map(|last| {
            let mut pairs = active.clone();
            pairs.push(("before", last.to_string()));
            address(state, &pairs)
        }),
        first: query.wanted.before.map(|_| address(state, &active)),
        ordered: listed.not_all.then_some(MOST_ORDERED),
        lines: line::lines(state, listed.lines, &names, now),
        empty,
        plain,
        address: state.address(),
        frame,
    }
}

fn tabs(state: &AppState, query: &Query, listed: &Listed) -> Vec<Tab> {
    let counts = listed.counts;
    let mut tabs = vec![(Which::Unresolved, "Unresolved", Some(counts.unresolved()))];
    for (one, label) in [
        (State::Open, "Open"),
        (State::Acknowledged, "Acknowledged"),
        (State::Snoozed, "Snoozed"),
        (State::Resolved, "Resolved"),
    ] {
        tabs.push((Which::One(one), label, Some(counts.of(one))));
    }
    tabs.push((Which::All, "All", None));
    tabs.into_iter()
        .map(|(which, label, count)| {
            let mut other = query.clone();
            other.wanted.which = which;
            Tab {
                label,
                count,
                link: address(state, &active(&other)),
                chosen: which == query.wanted.which,
            }
        })
        .collect()
}

fn filters(
    state: &AppState,
    query: &Query,
    names: &[(String, String)],
    notes: Vec<String>,
) -> Filters {
    let wanted = &query.wanted;
    let mut severities = vec![Choice::new("", "any severity", wanted.severity.is_none())];
    for severity in [Severity::Critical, Severity::Warning] {
        let chosen = wanted.severity == Some(severity);
        severities.push(Choice::new(severity.as_str(), severity.as_str(), chosen));
    }
    let window = query.window.map(|window| window.to_string());
    let mut windows = vec![Choice::new("", "any time", window.is_none())];
    for (value, label) in Window::OFFERED {
        if value != "all" {
            windows.push(Choice::new(value, label, window.as_deref() == Some(value)));
        }
    }
    if let Some(window) = window.filter(|_| !windows.iter().any(|choice| choice.chosen)) {
        windows.push(Choice::new(&window, &window, true));
    }
    Filters {
        state: word(wanted.which),
        sites: Choice::sites(names, wanted.site.as_deref()),
        severities,
        windows,
        window_label: if wanted.which == Which::One(State::Resolved) {
            "Resolved within"
        } else {
            "Opened within"
        },
        kind: wanted.kind.clone().unwrap_or_default(),
        since: query
            .since
            .map_or_else(String::new, |since| since.to_string()),
        chips: chips(state, query, names),
        notes,
    }
}

/// One chip for each filter that is not at its default; the states have tabs.
fn chips(state: &AppState, query: &Query, names: &[(String, String)]) -> Vec<Chip> {
    let label = |name: &str, value: &str| match name {
        "state" => None,
        "site" => Some(format!("site: {}", site_name(names, value))),
        "since" => {
            let since = query.since?.headline(&state.config.timezone);
            Some(format!("since {since}"))
        }
        name => Some(format!("{name}: {}", shown(value))),
    };
    Chip::all(&active(query), label, |rest| address(state, rest))
}

fn address(state: &AppState, pairs: &[(&'static str, String)]) -> String {
    match serde_urlencoded::to_string(pairs) {
        Ok(text) if !text.is_empty() => state.link(&format!("/incidents?{text}")),
        _ => state.link("/incidents"),
    }
}

/// The word of the address for a choice of states.
fn word(which: Which) -> &'static str {
    match which {
        Which::Unresolved => "unresolved",
        Which::One(state) => state.as_str(),
        Which::All => "all",
    }
}

/// What is not at its default, as it stands in the address; without the place in the list.
fn active(query: &Query) -> Vec<(&'static str, String)> {
    let wanted = &query.wanted;
    let mut active = Vec::new();
    if wanted.which != Which::Unresolved {
        active.push(("state", word(wanted.which).to_owned()));
    }
    if let Some(site) = &wanted.site {
        active.push(("site", site.clone()));
    }
    if let Some(severity) = wanted.severity {
        active.push(("severity", severity.as_str().to_owned()));
    }
    if let Some(kind) = &wanted.kind {
        active.push(("kind", kind.clone()));
    }
    if let Some(window) = query.window {
        active.push(("window", window.to_string()));
    } else if let Some(since) = query.since {
        active.push(("since", since.to_string()));
    }
    active
}

/// Reads the address; what is not understood becomes a note, and its default holds.
fn read_query(pairs: &[(String, String)], now: Timestamp) -> (Query, Vec<String>) {
    let mut query = Query::default();
    let mut notes = Vec::new();
    for (name, value) in pairs {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        let wanted = &mut query.wanted;
        match name.as_str() {
            "site" => wanted.site = Some(value.to_owned()),
            "kind" => wanted.kind = Some(value.to_owned()),
            "state" => match (value, State::parse(value)) {
                ("unresolved", _) => wanted.which = Which::Unresolved,
                ("all", _) => wanted.which = Which::All,
                (_, Some(state)) => wanted.which = Which::One(state),
                _ => notes.push(format!(
                    "{value:?} is no state; what is unresolved is shown"
                )),
            },
            "severity" => match Severity::parse(value) {
                Some(severity) => wanted.severity = Some(severity),
                None => notes.push(format!("{value:?} is no severity; all are shown")),
            },
            "window" => match Window::parse(value) {
                Some(Window::All) => query.window = None,
                Some(window) => query.window = Some(window),
                None => notes.push(format!("{value:?} is no time window; all times are shown")),
            },
            "since" => match Timestamp::parse(value) {
                Some(since) => query.since = Some(since),
                None => notes.push(format!("{value:?} is no time; all times are shown")),
            },
            "before" => match value.parse() {
                Ok(id) => wanted.before = Some(id),
                Err(_) => notes.push(format!("{value:?} is no incident; the list begins anew")),
            },
            _ => notes.push(format!("{name:?} is no filter of this page")),
        }
    }
    query.wanted.since = query
        .window
        .and_then(|window| window.start(now))
        .or(query.since);
    (query, notes.iter().map(|note| shown(note)).collect())
}
