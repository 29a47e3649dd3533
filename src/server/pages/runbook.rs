//! One runbook, with its commands filled in from a signal where one is named.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Map;

use super::Frame;
use crate::domain::runbook::{Risk, Step};
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
    intro: String,
    tags: Vec<String>,
    kinds: String,
    owner: String,
    reviewed_at: String,
    steps: Vec<StepView>,
    signal: Option<SignalView>,
}

struct SignalView {
    id: i64,
    summary: String,
}

struct StepView {
    number: usize,
    title: String,
    text: String,
    commands: Vec<CommandView>,
    good: String,
    otherwise: String,
    prompt: String,
}

struct CommandView {
    risk: &'static str,
    warns: bool,
    text: String,
    open: Vec<String>,
}

/// Shows a runbook.
pub(crate) async fn show(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let runbook = state
        .catalogue
        .get(&id)
        .ok_or_else(|| ServerError::NotFound(format!("there is no runbook {:?}", id.as_str())))?;
    let named = pairs
        .iter()
        .find(|(name, _)| name == "signal")
        .and_then(|(_, value)| value.parse::<i64>().ok());
    let signal = match named {
        None => None,
        Some(id) => state.store.read(move |db| signals::get(db, id)).await?,
    };
    let values = signal
        .as_ref()
        .map(|signal| signal.detail.clone())
        .unwrap_or_default();
    let fill =
        |text: Option<&str>| shown(&variables::fill_text(text.unwrap_or_default(), &values).text);
    let page = RunbookPage {
        frame: Frame::new(&state, runbook.title.clone()),
        id: runbook.id.clone(),
        title: runbook.title.clone(),
        summary: runbook.summary.clone(),
        intro: fill(runbook.intro.as_deref()),
        tags: runbook.tags.clone(),
        kinds: runbook.kinds.join(", "),
        owner: runbook.owner.clone().unwrap_or_default(),
        reviewed_at: runbook.reviewed_at.clone().unwrap_or_default(),
        steps: runbook
            .steps
            .iter()
            .enumerate()
            .map(|(position, step)| view(position + 1, step, &values))
            .collect(),
        signal: signal.as_ref().map(|signal: &Signal| SignalView {
            id: signal.id,
            summary: shown(&signal.summary),
        }),
    };
    Ok(respond::html(&request, super::render(&page)?))
}

fn view(number: usize, step: &Step, values: &Map<String, serde_json::Value>) -> StepView {
    let fill = |text: &str| shown(&variables::fill_text(text, values).text);
    StepView {
        number,
        title: fill(&step.title),
        text: fill(&prose(&step.body)),
        commands: step
            .commands
            .iter()
            .map(|command| {
                let filled = variables::fill_block(command, values);
                CommandView {
                    risk: match command.risk {
                        Risk::Read => "looks only",
                        Risk::Change => "changes something",
                        Risk::Danger => "can lose data",
                    },
                    warns: command.risk == Risk::Danger,
                    text: filled.text,
                    open: filled.open,
                }
            })
            .collect(),
        good: fill(step.good.as_deref().unwrap_or_default()),
        otherwise: fill(step.otherwise.as_deref().unwrap_or_default()),
        prompt: fill(step.prompt.as_deref().unwrap_or_default()),
    }
}

/// The words of a step before its first command or label.
fn prose(body: &str) -> String {
    body.lines()
        .take_while(|line| !line.starts_with("```") && !line.starts_with("**"))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}
