//! The situation board: its page and handler. What needs somebody, and cards, have a file each;
//! filters and lines are those of the signals' list.

mod attention;
mod sites;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use self::attention::AttentionView;
use self::sites::{Site, site};
use super::Frame;
use super::digest::{Since, since};
use super::mark::Mark;
use super::signals::{Filters, Of, Row, filters, read_query, row};
use crate::clock;
use crate::domain::severity::Severity;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::flow::board::{self, Board};
use crate::flow::digest;
use crate::flow::incident_lists::{self, Attention};
use crate::flow::signal_list::Query;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    frame: Frame,
    headline: Headline,
    /// What happened since yesterday.
    since: Since,
    attention: AttentionView,
    filters: Filters,
    rows: Vec<Row>,
    shown: usize,
    total: u64,
    /// The list of all signals, with the same filters.
    all_signals: String,
    /// Runbooks that were searched for, or that have hits.
    runbooks: Vec<RunbookItem>,
    /// The others.
    other_runbooks: Vec<RunbookItem>,
    sites: Vec<Site>,
    /// Where a signal is sent to, for the empty board's example.
    address: String,
    /// Whether there is nothing because nothing ever came.
    untouched: bool,
}

struct Headline {
    today: String,
    window: String,
    counts: Vec<Count>,
    agents: usize,
    reporting: usize,
    silent: String,
}

struct Count {
    mark: Mark,
    words: String,
    /// The board with these alone.
    link: String,
}

struct RunbookItem {
    title: String,
    summary: String,
    hits: u64,
    link: String,
}

/// Shows the board.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let now = clock::now();
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
    let (query, notes) = read_query(Of::Board, pairs);
    let asked = query.clone();
    let catalogue = state.catalogue();
    let zone = state.config.timezone.clone();
    let yesterday = attention::yesterday(&state, now);
    let (board, found, head) = state
        .store
        .read(move |db| {
            let about = (asked.site.as_deref(), asked.severity);
            let found = incident_lists::attention(db, &catalogue, about, (yesterday, now))?;
            let board = board::board(db, &catalogue, &asked, now)?;
            Ok((board, found, digest::head(db, &zone, now)?))
        })
        .await?;
    let frame = Frame::new(&state, &request, title(&found));
    let mut page = page(&state, frame, (&query, notes), (board, found), now);
    page.since = since(&state, &head);
    Ok(respond::html(&request, super::render(&page)?))
}

/// The tab is an alarm.
fn title(found: &Attention) -> String {
    match found.open_anywhere {
        0 => "Situation board".to_owned(),
        open => format!("({open}) Situation board"),
    }
}

fn page(
    state: &AppState,
    frame: Frame,
    (query, notes): (&Query, Vec<String>),
    (board, found): (Board, Attention),
    now: Timestamp,
) -> BoardPage {
    let zone = &state.config.timezone;
    let headline = headline(state, query, &board, now);
    let untouched = board.total == 0 && board.sites.is_empty();
    let names: Vec<(String, String)> = board
        .sites
        .iter()
        .map(|card| (card.site.id.clone(), card.site.name.clone()))
        .collect();
    let filters = filters(state, Of::Board, (query, notes), &names);
    let rows: Vec<Row> = board
        .signals
        .into_iter()
        .map(|line| row(state, line, &names, now))
        .collect();
    let catalogue = state.catalogue();
    let (runbooks, other_runbooks): (Vec<_>, Vec<_>) = board
        .runbooks
        .into_iter()
        .filter_map(|(id, hits)| Some((catalogue.get(&id)?, hits)))
        .map(|(runbook, hits)| RunbookItem {
            link: state.link(&format!("/runbooks/{}", runbook.id)),
            title: shown(&runbook.title),
            summary: shown(&runbook.summary),
            hits,
        })
        .partition(|item| item.hits > 0 || !query.search.is_empty());
    BoardPage {
        frame,
        headline,
        since: Since::default(),
        attention: attention::view(state, query, found, &names, now),
        filters,
        shown: rows.len(),
        rows,
        total: board.total,
        all_signals: Of::List.with(state, query),
        runbooks,
        other_runbooks,
        sites: board
            .sites
            .into_iter()
            .map(|card| site(card, now, zone))
            .collect(),
        address: state.address(),
        untouched,
    }
}

fn headline(state: &AppState, query: &Query, board: &Board, now: Timestamp) -> Headline {
    let offered = Window::OFFERED
        .iter()
        .find(|(word, _)| Window::parse(word) == Some(query.window));
    Headline {
        today: now.headline(&state.config.timezone),
        window: match (query.window, offered) {
            (Window::All, _) => "ever".to_owned(),
            (_, Some((_, label))) => format!("in the last {label}"),
            (window, None) => format!("in the last {window}"),
        },
        counts: board
            .by_severity
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(severity, count)| Count {
                mark: Mark::of(*severity),
                words: match (severity, count) {
                    (Severity::Warning, 2..) => format!("{count} warnings"),
                    _ => format!("{count} {severity}"),
                },
                link: Of::Board.with(
                    state,
                    &Query {
                        severity: Some(*severity),
                        ..query.clone()
                    },
                ),
            })
            .collect(),
        agents: board.agents,
        reporting: board.agents - board.silent.len(),
        silent: shown(&board.silent.join(", ")),
    }
}
