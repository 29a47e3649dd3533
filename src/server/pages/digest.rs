//! One day: what happened, and how things stood at its end; today's as it is so far. Also what the
//! head of the board says since yesterday.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Frame;
use crate::clock;
use crate::domain::day;
use crate::domain::digest::{
    Board, Closed, Device, Digest, Mark, OpenIncident, Opened, Problem, Recurring, SilentAgent,
    SinceYesterday, text,
};
use crate::domain::fields::FieldError;
use crate::domain::incident::State;
use crate::domain::severity::Severity;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::flow::digest;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;

#[derive(Template)]
#[template(path = "digest.html")]
struct DigestPage {
    frame: Frame,
    heading: String,
    /// What the lists are about: `On that day`.
    span: &'static str,
    open_words: String,
    happened_words: String,
    agents_words: String,
    backup_words: String,
    /// Address of the day as text and JSON.
    api: String,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
    open: List,
    lists: Vec<List>,
    agents: List,
}

/// The day before or after.
struct Neighbour {
    date: String,
    link: String,
}

struct List {
    title: &'static str,
    count: u64,
    lines: Vec<Line>,
    left_out: u64,
}

/// Something of a list. Every word of it is fit to be shown.
#[derive(Default)]
struct Line {
    look: &'static str,
    icon: &'static str,
    /// The severity in a word; empty for what has none.
    severity: &'static str,
    what: String,
    summary: String,
    about: String,
    /// The runbook's page, title, and why.
    offer: Option<(String, String, String)>,
}

/// Shows a day.
pub(crate) async fn show(
    request: HttpRequest,
    date: web::Path<String>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let (now, zone) = (clock::now(), state.config.timezone.clone());
    let Some(date) = day::read(&date, now, &zone) else {
        let expected = "expected today, yesterday or a date such as 2026-11-22";
        return Err(ServerError::fields(vec![FieldError::new("date", expected)]));
    };
    let catalogue = state.catalogue();
    let (board, first) = state
        .store
        .read(move |db| {
            let digest = digest::for_day(db, date, &zone, now)?;
            let board = match digest {
                Some(digest) => Some(digest::board(db, &catalogue, digest)?),
                None => None,
            };
            Ok((board, digest::first_day(db, &zone)?))
        })
        .await?;
    let board =
        board.ok_or_else(|| ServerError::NotFound(format!("nothing is known of {date}")))?;
    let frame = Frame::new(&state, &request, format!("Board of {date}"));
    let page = page(&state, frame, &board, (date, first), now);
    Ok(respond::html(&request, super::render(&page)?))
}

fn page(
    state: &AppState,
    frame: Frame,
    board: &Board,
    (date, first): (Date, Option<Date>),
    now: Timestamp,
) -> DigestPage {
    let zone = &state.config.timezone;
    let digest = &board.digest;
    let neighbour = |date: Option<Date>| {
        date.map(|date| Neighbour {
            date: date.to_string(),
            link: state.link(&format!("/digest/{date}")),
        })
    };
    let today = day::date_of(now, zone);
    DigestPage {
        frame,
        heading: if digest.complete {
            date.strftime("%A, %-d %B %Y").to_string()
        } else {
            format!("Today, {}", date.strftime("%A, %-d %B %Y"))
        },
        span: text::span_words(digest, zone),
        open_words: text::open_words(&digest.headline),
        happened_words: text::happened_words(&digest.headline, digest.backup.as_ref()),
        agents_words: match digest.headline.agents {
            0 => "No agent was known: this page cannot know how the hosts were.".to_owned(),
            all => format!(
                "{} of {all} agents reporting",
                all.saturating_sub(digest.headline.silent_agents)
            ),
        },
        backup_words: digest.backup.as_ref().map_or_else(
            || "No backup was known. Make one with atlas-ops db backup.".to_owned(),
            |backup| {
                let age = text::length(backup.age_seconds);
                format!("The newest was {age} old, of {}.", backup.at.local(zone))
            },
        ),
        api: state.link(&format!("/api/digest/{date}")),
        before: neighbour(
            date.yesterday()
                .ok()
                .filter(|day| Some(*day) >= first && first.is_some()),
        ),
        after: neighbour(date.tomorrow().ok().filter(|day| *day <= today)),
        open: List {
            title: "Open at the end",
            count: digest.headline.still_open,
            lines: board
                .open
                .iter()
                .map(|one| open(state, one, digest.to, zone))
                .collect(),
            left_out: digest.left_out.still_open,
        },
        lists: lists(digest, zone),
        agents: List {
            title: "Silent agents",
            count: digest.headline.silent_agents,
            lines: digest
                .silent_agents
                .iter()
                .map(|one| silent(one, zone))
                .collect(),
            left_out: digest.left_out.silent_agents,
        },
    }
}

fn lists(digest: &Digest, zone: &TimeZone) -> Vec<List> {
    let (counts, left_out) = (&digest.headline, &digest.left_out);
    let list = |title, count, left_out, lines| List {
        title,
        count,
        lines,
        left_out,
    };
    let devices = |list: &[Device]| list.iter().map(|one| device(one, zone)).collect();
    vec![
        list(
            "Opened",
            counts.opened,
            left_out.opened,
            digest.opened.iter().map(|one| opened(one, zone)).collect(),
        ),
        list(
            "Resolved",
            counts.resolved,
            left_out.resolved,
            digest
                .resolved
                .iter()
                .map(|one| closed(one, zone))
                .collect(),
        ),
        list(
            "Recurring",
            counts.recurring,
            left_out.recurring,
            digest.recurring.iter().map(recurring).collect(),
        ),
        list(
            "New devices",
            counts.new_devices,
            left_out.new_devices,
            devices(&digest.new_devices),
        ),
        list(
            "Gone devices",
            counts.gone_devices,
            left_out.gone_devices,
            devices(&digest.gone_devices),
        ),
    ]
    .into_iter()
    .filter(|list| list.count > 0)
    .collect()
}

fn line(problem: &Problem, about: &str) -> Line {
    Line {
        look: problem.severity.as_str(),
        icon: match problem.severity {
            Severity::Critical => "▲",
            Severity::Warning => "◆",
            Severity::Info => "●",
        },
        severity: problem.severity.as_str(),
        what: shown(&format!(
            "#{} {} at {}",
            problem.id, problem.kind, problem.site_id
        )),
        summary: shown(&problem.summary),
        about: shown(about),
        offer: None,
    }
}

fn open(state: &AppState, one: &OpenIncident, to: Timestamp, zone: &TimeZone) -> Line {
    let incident = &one.incident;
    let length = text::length(to.millis_since(incident.since) / 1000);
    let mut about = vec![format!(
        "since {} ({length})",
        incident.since.headline(zone)
    )];
    if incident.flapping {
        about.push("flapping".to_owned());
    }
    if let Some(mark) = &incident.acknowledged {
        about.push(format!("acknowledged by {}", told(mark, zone)));
    }
    if let Some(mark) = &incident.snoozed {
        about.push(format!("snoozed by {}", told(mark, zone)));
    }
    if let Some(until) = incident.snoozed_until {
        about.push(format!("until {}", until.headline(zone)));
    }
    let offer = one.runbook.as_ref().map(|offer| {
        (
            state.link(&format!("/runbooks/{}", offer.id)),
            shown(&offer.title),
            shown(&offer.reason),
        )
    });
    Line {
        offer,
        ..line(&incident.problem, &about.join(" · "))
    }
}

fn told(mark: &Mark, zone: &TimeZone) -> String {
    let note = mark
        .note
        .as_ref()
        .map_or_else(String::new, |note| format!(": “{note}”"));
    format!("{}, {}{note}", mark.by.name, mark.at.headline(zone))
}

fn opened(one: &Opened, zone: &TimeZone) -> Line {
    let times = if one.times > 1 {
        format!(", {} times", one.times)
    } else {
        String::new()
    };
    let state = match one.state {
        State::Open => "still open",
        state => state.as_str(),
    };
    let about = format!("{}{times} · {state}", one.at.headline(zone));
    line(&one.problem, &about)
}

fn closed(one: &Closed, zone: &TimeZone) -> Line {
    let minutes = i64::try_from(one.minutes).unwrap_or(i64::MAX / 60);
    let length = text::length(minutes * 60);
    let mut about = vec![
        format!("{}, after {length}", one.at.headline(zone)),
        format!("{} ({})", one.reason.in_words(), one.by.name),
    ];
    about.extend(one.note.as_ref().map(|note| format!("“{note}”")));
    if let Some(actor) = &one.acknowledged_by {
        about.push(format!("had been acknowledged by {}", actor.name));
    }
    Line {
        look: "resolved",
        icon: "✓",
        severity: "resolved",
        ..line(&one.problem, &about.join(" · "))
    }
}

fn recurring(one: &Recurring) -> Line {
    let flapping = if one.flapping { " · flapping" } else { "" };
    let about = format!("{} times in 30 days{flapping}", one.episodes);
    line(&one.problem, &about)
}

fn device(one: &Device, zone: &TimeZone) -> Line {
    Line {
        what: shown(&format!("{} at {}", one.kind, one.site_id)),
        summary: shown(&one.summary),
        about: one.at.headline(zone),
        ..Line::default()
    }
}

fn silent(one: &SilentAgent, zone: &TimeZone) -> Line {
    Line {
        look: "unknown",
        icon: "?",
        severity: "silent",
        what: shown(&format!("{} at {}", one.hostname, one.site_id)),
        about: format!("since {}", one.last_seen.headline(zone)),
        ..Line::default()
    }
}

/// The head line of the board: how things stand, and what happened since yesterday.
#[derive(Default)]
pub(super) struct Since {
    pub(super) open: String,
    pub(super) happened: String,
    /// The page of yesterday, or of today where there was no yesterday yet.
    pub(super) link: String,
    pub(super) label: &'static str,
}

/// What `partials/since_yesterday.html` shows.
pub(super) fn since(state: &AppState, head: &SinceYesterday) -> Since {
    let label = if head.has_yesterday {
        "yesterday"
    } else {
        "today"
    };
    Since {
        open: text::open_words(&head.headline),
        happened: text::happened_words(&head.headline, head.backup.as_ref()),
        link: state.link(&format!("/digest/{label}")),
        label,
    }
}
