//! What the page of a run shows, decided.

use askama::Template;
use jiff::tz::TimeZone;

use super::marks::{MarkView, Stand, who};
use super::typed::{Notice, Typed};
use crate::domain::incident::Incident;
use crate::domain::run::{Outcome, Record, Run, RunStep, State};
use crate::domain::text::{ago, shown, shown_lines};
use crate::domain::timestamp::Timestamp;
use crate::server::pages::markdown::Renderer;
use crate::server::pages::runbook::{self, PartView, StepView};
use crate::server::pages::{Frame, When};
use crate::server::state::AppState;

/// What is asked of the page.
pub(super) struct Asked {
    pub(super) run_id: i64,
    /// The step to show large; the one to go on with where none is named.
    pub(super) step: Option<usize>,
    /// What was typed into a form that was not taken.
    pub(super) typed: Option<Typed>,
    pub(super) notice: Option<Notice>,
}

/// A step of the list.
struct Line {
    number: usize,
    title: String,
    stand: Stand,
    here: bool,
    mark: Option<MarkView>,
}

/// A variable of the step that is shown large.
struct Field {
    name: String,
    /// As the form has it.
    value: String,
    /// As the run has it.
    was: String,
    from: String,
}

/// The step that is shown large.
struct Now {
    step: StepView,
    stand: Stand,
    revision: u32,
    mark: Option<MarkView>,
    earlier: Vec<MarkView>,
    fields: Vec<Field>,
    /// Variables that nobody has filled in.
    missing: usize,
    note: String,
    output: String,
    previous: Option<usize>,
    next: Option<usize>,
}

/// An answer to "did it help?".
struct Choice {
    value: &'static str,
    words: &'static str,
    chosen: bool,
}

/// How it ended.
struct Ended {
    /// `Finished`, `Abandoned`.
    word: &'static str,
    by: String,
    when: Option<When>,
    outcome: Option<&'static str>,
    what_fixed_it: String,
}

/// The runbook that is walked through.
struct RunbookView {
    id: String,
    /// Whether there still is one of this id.
    is_there: bool,
    /// Whether it was rewritten meanwhile.
    rewritten: bool,
}

/// The question at the end.
struct EndView {
    /// Whether all steps are settled, so that it is due.
    due: bool,
    /// Whether it is asked openly before that.
    open: bool,
    choices: Vec<Choice>,
    what_fixed_it: String,
}

#[derive(Template)]
#[template(path = "run.html")]
pub(super) struct RunPage {
    frame: Frame,
    id: i64,
    title: String,
    runbook: RunbookView,
    incident: IncidentView,
    record: Option<String>,
    started_by: String,
    started: When,
    settled: usize,
    steps: usize,
    active: bool,
    may_change: bool,
    notice: Option<Notice>,
    /// What was typed into a form that is no longer there.
    unsaved: Vec<String>,
    now: Option<Now>,
    lines: Vec<Line>,
    ended: Option<Ended>,
    end: EndView,
}

struct IncidentView {
    id: i64,
    summary: String,
    over: Option<(&'static str, When)>,
}

/// What the page is made from besides the run.
pub(super) struct World<'a> {
    pub(super) state: &'a AppState,
    pub(super) incident: &'a Incident,
    pub(super) record: Record,
    pub(super) now: Timestamp,
}

impl RunPage {
    pub(super) fn new(frame: Frame, world: &World<'_>, run: &Run, asked: Asked) -> Self {
        let when = (world.now, &world.state.config.timezone);
        let head = &run.head;
        let named = asked
            .step
            .filter(|step| (1..=run.steps.len()).contains(step));
        let shown_step = named.or_else(|| run.current().filter(|_| run.is_active()));
        let typed = asked.typed.unwrap_or_default();
        let current = world.state.catalogue();
        let current = current.get(&head.runbook_id);
        let progress = head.progress;
        Self {
            id: head.id,
            title: shown(&head.title),
            runbook: RunbookView {
                id: head.runbook_id.clone(),
                is_there: current.is_some(),
                rewritten: current.is_some_and(|now| now.content_hash != head.content_hash),
            },
            incident: IncidentView {
                id: world.incident.id,
                summary: shown(&world.incident.summary),
                over: world.incident.resolved.as_ref().map(|resolved| {
                    let at = When::new(resolved.at, when.0, when.1);
                    (resolved.reason.in_words(), at)
                }),
            },
            record: world.record.in_words(),
            started_by: who(&head.started_by),
            started: When::new(head.started_at, when.0, when.1),
            settled: progress.done + progress.skipped + progress.failed,
            steps: progress.steps,
            active: run.is_active(),
            may_change: run.is_active() && frame.may_operate(),
            now: shown_step.map(|step| now_view(world, run, step, &typed)),
            lines: run
                .steps
                .iter()
                .map(|step| line(step, shown_step, when))
                .collect(),
            ended: ended(run, when),
            unsaved: if run.is_active() {
                Vec::new()
            } else {
                typed.texts()
            },
            notice: asked.notice,
            end: EndView {
                due: run.current().is_none(),
                open: world.incident.resolved.is_some()
                    || typed.outcome.is_some()
                    || !typed.what_fixed_it.is_empty(),
                choices: choices(typed.outcome),
                what_fixed_it: typed.what_fixed_it,
            },
            frame,
        }
    }
}

fn line(step: &RunStep, here: Option<usize>, when: (Timestamp, &TimeZone)) -> Line {
    Line {
        number: step.index,
        title: shown(&step.title),
        stand: Stand::of(step.state),
        here: here == Some(step.index),
        mark: step.mark().map(|mark| MarkView::of(&mark, when)),
    }
}

fn now_view(world: &World<'_>, run: &Run, index: usize, typed: &Typed) -> Now {
    let when = (world.now, &world.state.config.timezone);
    let place = index - 1;
    let (step, source) = (&run.steps[place], &run.runbook.steps[place]);
    let values = run.values_map();
    let page_of = |id: &str| {
        world.state.catalogue().get(id)?;
        Some(world.state.link(&format!("/runbooks/{id}")))
    };
    let renderer = Renderer {
        values: &values,
        page_of: &page_of,
    };
    let fields = fields(run, index, typed, when.0);
    let stored = |text: &Option<String>| text.clone().unwrap_or_default();
    Now {
        step: runbook::view(index, source, &renderer),
        stand: Stand::of(step.state),
        revision: step.revision,
        mark: step.mark().map(|mark| MarkView::of(&mark, when)),
        earlier: step
            .earlier
            .iter()
            .map(|mark| MarkView::of(mark, when))
            .collect(),
        missing: fields.iter().filter(|field| field.was.is_empty()).count(),
        fields,
        note: typed.note.clone().unwrap_or_else(|| stored(&step.note)),
        output: typed.output.clone().unwrap_or_else(|| stored(&step.output)),
        previous: (index > 1).then(|| index - 1),
        next: (index < run.steps.len()).then_some(index + 1),
    }
}

fn fields(run: &Run, index: usize, typed: &Typed, now: Timestamp) -> Vec<Field> {
    let of = |name: String| {
        let known = run.values.iter().find(|value| value.name == name);
        let was = known.map(|known| known.value.clone()).unwrap_or_default();
        let from = match known {
            None => String::new(),
            Some(known) => match (&known.by, known.at) {
                (Some(by), Some(at)) => {
                    let deed = if was.is_empty() { "emptied by " } else { "" };
                    format!("{deed}{}, {}", who(by), ago(now.millis_since(at)))
                }
                _ => "from the signal".to_owned(),
            },
        };
        let typed = typed.values.iter().find(|(field, _)| *field == name);
        Field {
            value: typed.map_or_else(|| was.clone(), |(_, value)| value.clone()),
            name,
            was,
            from,
        }
    };
    run.variables_of_step(index).into_iter().map(of).collect()
}

fn ended(run: &Run, (now, zone): (Timestamp, &TimeZone)) -> Option<Ended> {
    let head = &run.head;
    Some(Ended {
        word: match head.state {
            State::Active => return None,
            State::Finished => "Finished",
            State::Abandoned => "Given up",
        },
        by: head.finished_by.as_ref().map(who).unwrap_or_default(),
        when: head.finished_at.map(|at| When::new(at, now, zone)),
        outcome: head.outcome.map(Outcome::in_words),
        what_fixed_it: shown_lines(head.what_fixed_it.as_deref().unwrap_or_default()),
    })
}

fn choices(chosen: Option<Outcome>) -> Vec<Choice> {
    Outcome::ALL
        .into_iter()
        .map(|outcome| Choice {
            value: outcome.as_str(),
            words: match outcome {
                Outcome::Helped => "It helped: the problem is solved by it, or because of it",
                Outcome::DidNotHelp => {
                    "It did not help: the problem stays, or something else solved it"
                }
                Outcome::NotNeeded => "It was not needed: the problem went by itself, or was none",
            },
            chosen: chosen == Some(outcome),
        })
        .collect()
}
