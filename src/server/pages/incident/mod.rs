//! One incident: what, where, why it is one problem, what to do, what was done. The list and the
//! acts have a file each.

pub(crate) mod acts;
mod line;
pub(crate) mod list;
mod runs;
mod timeline;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

pub(super) use self::line::{LineView, lines};
use self::line::{Offer, Standing, counted};
use self::runs::{RunLine, Walked};
use self::timeline::{Item, with_line_breaks};
use super::choice::Choice;
use super::mark::Mark;
use super::signals::facts;
use super::strip::Strip;
use super::{Frame, When};
use crate::clock;
use crate::domain::context::{DEFAULT_BUDGET, boundary_of};
use crate::domain::incident::{Incident, words};
use crate::domain::signal::Signal;
use crate::domain::suggestion::Suggestion;
use crate::domain::text::{ago, shown};
use crate::domain::timestamp::Timestamp;
use crate::flow::incident_view::{self, InFull};
use crate::server::address::number;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::StoreError;

/// Longest value of a detail that the page shows whole, in characters.
const MAX_VALUE: usize = 2000;

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    notice: Option<Notice>,
    id: i64,
    summary: String,
    mark: Mark,
    was: Option<&'static str>,
    kind: String,
    site: String,
    site_id: String,
    demo: bool,
    flapping: bool,
    unresolved: bool,
    standing: Standing,
    standing_note: Option<String>,
    opened: When,
    last_seen: When,
    confirmed: Option<When>,
    expires: Option<When>,
    /// `14 signals, opened 3 times`
    count: String,
    strip: Strip,
    because: String,
    source: String,
    agent: Option<String>,
    fingerprint: String,
    best: Option<Offer>,
    offers: Vec<OfferInFull>,
    snoozes: Vec<Choice>,
    items: Vec<Item>,
    signals_left_out: u64,
    cause: Option<Beside>,
    effects: Vec<Beside>,
    effects_left_out: usize,
    episodes: Vec<Beside>,
    runs: Vec<RunLine>,
    /// The model that may be asked.
    model: Option<String>,
    newest: Option<NewestSignal>,
    pack: Option<Pack>,
    raw_signals: String,
}

/// Why what was asked for was not done.
pub(super) struct Notice {
    status: StatusCode,
    words: String,
    /// The incident to go on with.
    other: Option<i64>,
    /// What was written, which is not lost.
    typed: String,
}

/// A runbook with every reason.
struct OfferInFull {
    /// Its id, by which a run is started.
    id: String,
    title: String,
    link: String,
    points: u32,
    line: String,
    reasons: Vec<(i32, String)>,
}

/// Another incident, as one line.
struct Beside {
    id: i64,
    mark: Mark,
    summary: String,
    standing: Standing,
    opened: When,
    /// `40 min`; nothing where it is not over.
    took: Option<String>,
    note: Option<String>,
    /// What came of the runbooks that were walked through.
    walked: Vec<Walked>,
}

struct NewestSignal {
    id: i64,
    when: When,
    facts: Vec<(String, String)>,
}

/// What would leave for a language model.
struct Pack {
    signal_id: i64,
    tokens: usize,
    budget: usize,
}

/// Shows one.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    in_page(&request, &state, id, None).await
}

fn missing(id: i64) -> ServerError {
    ServerError::NotFound(format!("there is no incident {id}"))
}

/// The incident's page, with why something was not done.
async fn in_page(
    request: &HttpRequest,
    state: &AppState,
    id: i64,
    notice: Option<Notice>,
) -> Result<HttpResponse, ServerError> {
    let boundary = clock::random::<16>()
        .map(boundary_of)
        .map_err(|_| ServerError::Store(StoreError::Panicked))?;
    let catalogue = state.catalogue();
    let now = clock::now();
    let found = state
        .store
        .read(move |db| {
            incident_view::in_full(db, &catalogue, id, (DEFAULT_BUDGET, &boundary), now)
        })
        .await?
        .ok_or_else(|| missing(id))?;
    let status = notice.as_ref().map(|notice| notice.status);
    let frame = Frame::new(state, request, title(&found.incident));
    let page = super::render(&page(state, frame, (found, now), notice))?;
    Ok(match status {
        None => respond::html(request, page),
        Some(status) => HttpResponse::build(status)
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header(ContentType::html())
            .body(page),
    })
}

/// The tab's title: the problem first, and not all of a long one.
fn title(incident: &Incident) -> String {
    const LONGEST: usize = 80;
    let summary = shown(&incident.summary);
    match summary.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &summary[..end]),
        None => summary,
    }
}

fn page(
    state: &AppState,
    frame: Frame,
    (found, now): (InFull, Timestamp),
    notice: Option<Notice>,
) -> IncidentPage {
    let zone = &state.config.timezone;
    let when = |moment| When::new(moment, now, zone);
    let InFull { incident, .. } = &found;
    let catalogue = state.catalogue();
    let mark = line::mark(incident);
    let site = found
        .site
        .as_ref()
        .map_or(&incident.site_id, |site| &site.name);
    let beside = |incident: &Incident| beside(incident, state, now);
    IncidentPage {
        id: incident.id,
        summary: shown(&incident.summary),
        mark,
        was: line::was(incident, mark),
        kind: shown(&incident.kind),
        site: shown(site),
        site_id: incident.site_id.clone(),
        demo: incident.demo,
        flapping: incident.flapping,
        unresolved: incident.is_unresolved(),
        standing: Standing::of(incident, zone, now),
        standing_note: words::standing_note(incident).map(with_line_breaks),
        opened: when(incident.opened_at),
        last_seen: when(incident.last_seen_at),
        confirmed: incident.confirmed_at.map(when),
        expires: incident.expires_at.map(when),
        count: match incident.openings {
            0 | 1 => counted(incident.count, "signal"),
            many => format!("{}, opened {many} times", counted(incident.count, "signal")),
        },
        strip: Strip::of_signals(&found.ticks),
        because: incident.fingerprint_of.in_words(),
        source: shown(&incident.source),
        agent: incident.agent_id.as_deref().map(shown),
        fingerprint: incident.fingerprint.clone(),
        best: Offer::of(state, &catalogue, incident, found.suggestion.as_ref()),
        offers: offers(state, found.suggestion.as_ref()),
        snoozes: acts::SNOOZES
            .iter()
            .map(|(value, label)| Choice::new(value, label, false))
            .collect(),
        cause: found.cause.as_ref().map(beside),
        effects_left_out: incident.folds.len() - found.effects.len().min(incident.folds.len()),
        effects: found.effects.iter().map(beside).collect(),
        episodes: found
            .episodes
            .iter()
            .map(|episode| Beside {
                walked: runs::walked(state, found.walked.get(&episode.id)),
                ..beside(episode)
            })
            .collect(),
        runs: found
            .runs
            .iter()
            .map(|run| RunLine::new(run, state, now))
            .collect(),
        model: state.model.as_ref().map(|desk| desk.name().to_owned()),
        newest: found
            .newest
            .as_ref()
            .map(|signal| newest(signal, state, now)),
        pack: found
            .newest
            .as_ref()
            .zip(found.pack_tokens)
            .map(|(signal, tokens)| Pack {
                signal_id: signal.id,
                tokens,
                budget: DEFAULT_BUDGET,
            }),
        raw_signals: raw_signals(state, incident),
        items: timeline::items(found.timeline, zone, now),
        signals_left_out: found.signals_left_out,
        notice,
        frame,
    }
}

fn offers(state: &AppState, suggestion: Option<&Suggestion>) -> Vec<OfferInFull> {
    let catalogue = state.catalogue();
    let Some(suggestion) = suggestion else {
        return Vec::new();
    };
    suggestion
        .matches
        .iter()
        .map(|found| OfferInFull {
            title: line::title(&catalogue, &found.runbook_id),
            link: line::runbook_link(state, &found.runbook_id, Some(suggestion.signal_id)),
            points: found.points,
            line: shown(&found.reason_line()),
            reasons: found
                .reasons
                .iter()
                .map(|reason| (reason.points, shown(&reason.text)))
                .collect(),
            id: found.runbook_id.clone(),
        })
        .collect()
}

fn beside(incident: &Incident, state: &AppState, now: Timestamp) -> Beside {
    let zone = &state.config.timezone;
    let over = incident.resolved.as_ref().map(|resolved| resolved.at);
    Beside {
        id: incident.id,
        mark: Mark::of(incident.worst_severity),
        summary: shown(&incident.summary),
        standing: Standing::of(incident, zone, now),
        opened: When::new(incident.opened_at, now, zone),
        took: over.map(|over| {
            let took = ago(over.millis_since(incident.opened_at).max(0));
            match took.strip_suffix(" ago") {
                Some(length) => format!("after {length}"),
                None => "within a minute".to_owned(),
            }
        }),
        note: words::standing_note(incident).map(with_line_breaks),
        walked: Vec::new(),
    }
}

fn newest(signal: &Signal, state: &AppState, now: Timestamp) -> NewestSignal {
    let mut facts = facts(&signal.detail);
    for (_, value) in &mut facts {
        if let Some((end, _)) = value.char_indices().nth(MAX_VALUE) {
            value.truncate(end);
            value.push_str("… (the rest is in the raw signal)");
        }
    }
    NewestSignal {
        id: signal.id,
        when: When::new(signal.happened_at(), now, &state.config.timezone),
        facts,
    }
}

/// The signals of its kind and site since it opened, as the API tells them.
fn raw_signals(state: &AppState, incident: &Incident) -> String {
    let pairs = [
        ("site", incident.site_id.clone()),
        ("kind", incident.kind.clone()),
        ("since", incident.opened_at.to_string()),
    ];
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    state.link(&format!("/api/signals?{query}"))
}
