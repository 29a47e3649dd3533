//! All runbooks, what is missing among them, and what is wrong in their folder.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{Frame, When};
use crate::clock;
use crate::domain::runbook::{Origin, Problem, Runbook};
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::flow::matching::{self, GAP_DAYS, Gap};
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;

#[derive(Template)]
#[template(path = "runbooks.html")]
struct RunbooksPage {
    frame: Frame,
    runbooks: Vec<Item>,
    gaps: Vec<GapView>,
    gap_days: i64,
    problems: Vec<ProblemView>,
}

struct Item {
    link: String,
    title: String,
    summary: String,
    tags: Vec<String>,
    about: About,
}

/// Where a runbook comes from, who keeps it, and how fresh it is.
pub(super) struct About {
    pub(super) origin: &'static str,
    pub(super) owner: String,
    pub(super) reviewed: String,
    /// In words, where it is to be read again.
    pub(super) stale: Option<String>,
}

impl About {
    pub(super) fn of(runbook: &Runbook, now: Timestamp) -> Self {
        let days = runbook.days_since_review(now);
        Self {
            origin: match (runbook.origin, runbook.overrides_builtin) {
                (Origin::Builtin, _) => "built-in",
                (Origin::Own, false) => "own",
                (Origin::Own, true) => "own, in place of the built-in one",
                (Origin::File, false) => "own, from a file",
                (Origin::File, true) => "own, from a file, in place of the built-in one",
                (Origin::Demo, _) => "demonstration",
            },
            owner: shown(runbook.owner.as_deref().unwrap_or_default()),
            reviewed: shown(runbook.reviewed_at.as_deref().unwrap_or_default()),
            stale: runbook.is_stale(now).then(|| match days {
                Some(_) => "review it again: the last time is over a year ago".to_owned(),
                None => "never reviewed".to_owned(),
            }),
        }
    }
}

struct GapView {
    kind: String,
    count: u64,
    summary: String,
    when: When,
    signal: i64,
}

struct ProblemView {
    place: String,
    message: String,
}

/// Shows the list.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ServerError> {
    let (catalogue, now) = (state.catalogue(), clock::now());
    let asked = state.catalogue();
    let gaps = state
        .store
        .read(move |db| matching::gaps(db, &asked, now))
        .await?;
    let page = RunbooksPage {
        frame: Frame::new(&state, &request, "Runbooks"),
        runbooks: catalogue
            .all()
            .iter()
            .map(|runbook| item(&state, runbook, now))
            .collect(),
        gaps: gaps.iter().map(|gap| gap_view(&state, gap, now)).collect(),
        gap_days: GAP_DAYS,
        problems: catalogue.problems().iter().map(problem).collect(),
    };
    Ok(respond::html(&request, super::render(&page)?))
}

fn item(state: &AppState, runbook: &Runbook, now: Timestamp) -> Item {
    Item {
        link: state.link(&format!("/runbooks/{}", runbook.id)),
        title: shown(&runbook.title),
        summary: shown(&runbook.summary),
        tags: runbook.tags.clone(),
        about: About::of(runbook, now),
    }
}

fn gap_view(state: &AppState, gap: &Gap, now: Timestamp) -> GapView {
    GapView {
        kind: match gap.kind.trim() {
            "" => "(no kind)".to_owned(),
            kind => shown(kind),
        },
        count: gap.count,
        summary: shown(&gap.summary),
        when: When::new(gap.happened_at, now, &state.config.timezone),
        signal: gap.newest_signal_id,
    }
}

fn problem(problem: &Problem) -> ProblemView {
    ProblemView {
        place: shown(&format!(
            "{}:{}:{}",
            problem.file, problem.line, problem.column
        )),
        message: shown(&problem.message),
    }
}
