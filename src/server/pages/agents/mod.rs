//! `/agents`: who reports, since when and with what waiting; and, for admins, the tokens that they
//! report with. Making and revoking tokens has a file of its own, and so have the commands that a
//! new token is used with.

mod commands;
pub(crate) mod tokens;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Value;

use self::tokens::{TokensView, Typed};
use super::choice::site_name;
use super::strip::Strip;
use super::{Frame, When, render};
use crate::clock;
use crate::domain::agent::Agent;
use crate::domain::text::shown;
use crate::domain::ticks::Ticks;
use crate::domain::timestamp::Timestamp;
use crate::flow::agents;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::{sites, tokens as stored};

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage {
    frame: Frame,
    agents: Vec<AgentRow>,
    reporting: usize,
    /// Where a signal is sent to, for the empty page's example.
    address: String,
    /// For those who may see them.
    tokens: Option<TokensView>,
}

/// One agent.
struct AgentRow {
    hostname: String,
    silent: bool,
    demo: bool,
    site: String,
    /// What it runs and what it runs on.
    about: String,
    /// How often it reports, in words.
    interval: String,
    last: When,
    first: When,
    strip: Strip,
    backlog: u64,
    /// Problems it sees, each in words.
    conditions: Vec<String>,
    /// Checks it cannot make.
    unknown: Vec<String>,
}

/// Shows the page.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let page = page(&state, &request, Typed::default()).await?;
    Ok(respond::html(&request, page))
}

/// The page, with what was typed into the form for a token.
async fn page(
    state: &AppState,
    request: &HttpRequest,
    typed: Typed,
) -> Result<String, ServerError> {
    let now = clock::now();
    let frame = Frame::new(state, request, "Agents");
    let with_tokens = frame.may_administer();
    let (agents, sites, tokens) = state
        .store
        .read(move |db| {
            let tokens = if with_tokens {
                Some(stored::all(db)?)
            } else {
                None
            };
            Ok((agents::with_ticks(db, now)?, sites::all(db)?, tokens))
        })
        .await?;
    let names: Vec<(String, String)> = sites.into_iter().map(|site| (site.id, site.name)).collect();
    let page = AgentsPage {
        reporting: agents.iter().filter(|(agent, _)| !agent.silent).count(),
        agents: agents
            .iter()
            .map(|(agent, ticks)| row(state, agent, ticks, &names, now))
            .collect(),
        tokens: tokens.map(|tokens| tokens::view(state, tokens, typed, &names, now)),
        address: state.address(),
        frame,
    };
    render(&page)
}

fn row(
    state: &AppState,
    agent: &Agent,
    ticks: &Ticks,
    names: &[(String, String)],
    now: Timestamp,
) -> AgentRow {
    let zone = &state.config.timezone;
    let platform = agent.facts.get("platform").and_then(Value::as_str);
    let version = agent.version.as_deref();
    let about: Vec<String> = version
        .map(|version| format!("version {}", shown(version)))
        .into_iter()
        .chain(platform.map(shown))
        .collect();
    AgentRow {
        hostname: shown(&agent.hostname),
        silent: agent.silent,
        demo: agent.demo,
        site: site_name(names, &agent.site_id),
        about: about.join(", "),
        interval: agent
            .interval_seconds
            .map_or_else(|| "as it likes".to_owned(), every),
        last: When::new(agent.last_seen, now, zone),
        first: When::new(agent.first_seen, now, zone),
        strip: Strip::of_reports(ticks),
        backlog: agent.backlog,
        conditions: words(&agent.conditions, ["kind", "dedup_key"]),
        unknown: words(&agent.unknown, ["subject", "reason"]),
    }
}

/// Seconds as people say them.
fn every(seconds: u32) -> String {
    match seconds {
        60 => "every minute".to_owned(),
        minutes if minutes % 60 == 0 => format!("every {} minutes", minutes / 60),
        seconds => format!("every {seconds} seconds"),
    }
}

/// Two texts of each object in a list, as they are there.
fn words(list: &Value, fields: [&str; 2]) -> Vec<String> {
    let text = |item: &Value| {
        let found = fields.iter().filter_map(|field| item.get(field)?.as_str());
        shown(&found.collect::<Vec<_>>().join(": "))
    };
    list.as_array().into_iter().flatten().map(text).collect()
}
