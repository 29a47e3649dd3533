//! `/signals`: everything that was sent, as it was sent, page by page. The board lists the newest of
//! it with the same filters and lines.

mod filters;
mod rows;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use self::filters::active;
pub(super) use self::filters::{Filters, Of, filters, read_query};
pub(super) use self::rows::{Row, facts, row};
use super::{Frame, render};
use crate::clock;
use crate::domain::text::shown;
use crate::flow::signal_list;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::sites;

/// Lines of one page.
const LIMIT: usize = 100;

#[derive(Template)]
#[template(path = "signals.html")]
struct SignalsPage {
    frame: Frame,
    filters: Filters,
    rows: Vec<Row>,
    total: u64,
    /// The page after this one.
    next: Option<String>,
    /// The first page, where this is not it.
    first: Option<String>,
    /// Where a signal is sent to, for the empty list's example.
    address: String,
    /// Whether there is nothing because nothing ever came.
    untouched: bool,
}

/// Shows the list.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let now = clock::now();
    let (place, rest): (Vec<_>, Vec<_>) = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .partition(|(name, _)| *name == "before");
    let (query, mut notes) = read_query(Of::List, rest.into_iter());
    let mut before = None;
    for (_, value) in place.into_iter().filter(|(_, value)| !value.is_empty()) {
        match value.parse::<i64>() {
            Ok(id) => before = Some(id),
            Err(_) => notes.push(shown(&format!(
                "{value:?} is no signal; the list begins anew"
            ))),
        }
    }
    let catalogue = state.catalogue();
    let asked = query.clone();
    let (listed, sites) = state
        .store
        .read(move |db| {
            let listed = signal_list::page(db, &catalogue, (&asked, before), LIMIT, now)?;
            Ok((listed, sites::all(db)?))
        })
        .await?;
    let names: Vec<(String, String)> = sites.into_iter().map(|site| (site.id, site.name)).collect();
    let chosen = active(&query);
    let page = SignalsPage {
        frame: Frame::new(&state, &request, "Signals"),
        filters: filters(&state, Of::List, (&query, notes), &names),
        next: listed.next.map(|last| {
            let mut pairs = chosen.clone();
            pairs.push(("before", last.to_string()));
            Of::List.address(&state, &pairs)
        }),
        first: before.map(|_| Of::List.address(&state, &chosen)),
        address: state.address(),
        untouched: listed.total == 0 && names.is_empty(),
        total: listed.total,
        rows: listed
            .lines
            .into_iter()
            .map(|line| row(&state, line, &names, now))
            .collect(),
    };
    Ok(respond::html(&request, render(&page)?))
}
