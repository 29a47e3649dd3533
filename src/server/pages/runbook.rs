//! One runbook, with its commands filled in from a signal where one is named.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Map;

use super::Frame;
use super::markdown::{Html, Part, Renderer};
use super::runbooks::About;
use crate::clock;
use crate::domain::runbook::{Command, Risk, Runbook, Step, StepKind};
use crate::domain::signal::Signal;
use crate::domain::text::shown;
use crate::domain::variables;
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::signals;

#[derive(Template)]
#[template(path = "runbook.html")]
struct RunbookPage {
    frame: Frame,
    id: String,
    title: String,
    summary: String,
    intro: Html,
    tags: Vec<String>,
    kinds: Vec<String>,
    about: About,
    /// Names the version that is shown.
    content_hash: String,
    steps: Vec<StepView>,
    signal: Option<SignalView>,
    /// A signal was named that is not there: what the address said.
    missing: Option<String>,
}

struct SignalView {
    id: i64,
    /// Whether it belongs to an incident, which a run needs.
    of_incident: bool,
    summary: String,
}

/// A step as `partials/step.html` places it.
pub(super) struct StepView {
    pub(super) number: usize,
    pub(super) title: String,
    pub(super) parts: Vec<PartView>,
    pub(super) good: Html,
    pub(super) otherwise: Html,
    pub(super) ask: Html,
}

pub(super) enum PartView {
    Prose(Html),
    Command(CommandView),
}

pub(super) struct CommandView {
    pub(super) risk: RiskView,
    pub(super) code: Html,
    /// Names of variables that the reader fills in.
    pub(super) open: Vec<String>,
}

/// What a command can do, as a page shows it: never colour alone.
pub(super) struct RiskView {
    pub(super) look: &'static str,
    pub(super) icon: &'static str,
    pub(super) words: &'static str,
}

impl RiskView {
    fn of(risk: Risk) -> Self {
        let (icon, words) = match risk {
            Risk::Read => ("○", "looks only"),
            Risk::Change => ("✎", "changes something"),
            Risk::Danger => ("▲", "can lose data or cut people off"),
        };
        Self {
            look: risk.as_str(),
            icon,
            words,
        }
    }
}

/// Shows a runbook.
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let catalogue = state.catalogue();
    let runbook = catalogue
        .get(&id)
        .ok_or_else(|| ServerError::NotFound(format!("there is no runbook {:?}", id.as_str())))?;
    let named = pairs
        .iter()
        .find(|(name, _)| name == "signal")
        .map(|(_, value)| value.clone());
    let signal = match named.as_deref().and_then(|value| value.parse::<i64>().ok()) {
        None => None,
        Some(id) => state.store.read(move |db| signals::get(db, id)).await?,
    };
    let missing = named.filter(|_| signal.is_none());
    let frame = Frame::new(&state, &request, runbook.title.clone());
    let page = page(&state, frame, runbook, signal.as_ref(), missing.as_deref());
    Ok(respond::html(&request, super::render(&page)?))
}

fn page(
    state: &AppState,
    frame: Frame,
    runbook: &Runbook,
    signal: Option<&Signal>,
    missing: Option<&str>,
) -> RunbookPage {
    let nothing = Map::new();
    let values = signal.map_or(&nothing, |signal| &signal.detail);
    let page_of = |id: &str| {
        state.catalogue().get(id)?;
        Some(match signal {
            Some(signal) => state.link(&format!("/runbooks/{id}?signal={}", signal.id)),
            None => state.link(&format!("/runbooks/{id}")),
        })
    };
    let renderer = Renderer {
        values,
        page_of: &page_of,
    };
    RunbookPage {
        frame,
        id: runbook.id.clone(),
        title: shown(&runbook.title),
        summary: shown(&runbook.summary),
        intro: renderer.blocks(runbook.intro.as_deref().unwrap_or_default()),
        tags: runbook.tags.clone(),
        kinds: runbook.kinds.clone(),
        about: About::of(runbook, clock::now()),
        content_hash: runbook.content_hash.clone(),
        steps: runbook
            .steps
            .iter()
            .enumerate()
            .map(|(position, step)| view(position + 1, step, &renderer))
            .collect(),
        signal: signal.map(|signal| SignalView {
            id: signal.id,
            of_incident: signal.incident_id.is_some(),
            summary: shown(&signal.summary),
        }),
        missing: missing.map(shown),
    }
}

/// A step with its values filled in.
pub(super) fn view(number: usize, step: &Step, renderer: &Renderer<'_>) -> StepView {
    let line = |text: &Option<String>| renderer.line(text.as_deref().unwrap_or_default());
    let mut parts: Vec<PartView> = renderer
        .step(step)
        .into_iter()
        .map(|part| match part {
            Part::Prose(html) => PartView::Prose(html),
            Part::Command(position) => {
                PartView::Command(command(&step.commands[position], renderer))
            }
        })
        .collect();
    if parts.is_empty() {
        parts.push(only_detail(step, renderer));
    }
    StepView {
        number,
        title: shown(&variables::fill_text(&step.title, renderer.values).text),
        parts,
        good: line(&step.good),
        otherwise: line(&step.otherwise),
        ask: line(&step.prompt),
    }
}

/// A step as version 0.4 wrote it: one text that is a command or is not.
fn only_detail(step: &Step, renderer: &Renderer<'_>) -> PartView {
    match step.kind {
        StepKind::Manual => PartView::Prose(renderer.blocks(&step.detail)),
        StepKind::Command => {
            let written = Command {
                name: None,
                risk: Risk::Change,
                language: "sh".to_owned(),
                text: step.detail.clone(),
            };
            PartView::Command(command(&written, renderer))
        }
    }
}

fn command(command: &Command, renderer: &Renderer<'_>) -> CommandView {
    let pieces = variables::block_pieces(command, renderer.values);
    CommandView {
        risk: RiskView::of(command.risk),
        code: Html::command(&pieces),
        open: pieces.into_iter().collect::<variables::Filled>().open,
    }
}
