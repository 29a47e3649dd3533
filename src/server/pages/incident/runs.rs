//! Walks through runbooks, as lines of an incident's page.

use crate::domain::run::{EpisodeRun, RunHead, State};
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::server::pages::When;
use crate::server::state::AppState;

use super::timeline::with_line_breaks;

/// A walk for this incident.
pub(super) struct RunLine {
    pub(super) link: String,
    pub(super) title: String,
    /// It can be gone on with.
    pub(super) active: bool,
    /// `2 of 5 steps done`, or what it came to.
    pub(super) standing: String,
    pub(super) by: String,
    pub(super) when: When,
}

impl RunLine {
    pub(super) fn new(run: &RunHead, state: &AppState, now: Timestamp) -> Self {
        let progress = run.progress;
        let standing = match (run.state, run.outcome) {
            (State::Active, _) => format!("{} of {} steps done", progress.done, progress.steps),
            (State::Abandoned, _) => "given up".to_owned(),
            (State::Finished, Some(outcome)) => outcome.in_words().to_owned(),
            (State::Finished, None) => "finished".to_owned(),
        };
        let by = run.finished_by.as_ref().unwrap_or(&run.started_by);
        let at = run.finished_at.unwrap_or(run.started_at);
        Self {
            link: state.link(&format!("/runs/{}", run.id)),
            title: shown(&run.title),
            active: run.state == State::Active,
            standing,
            by: shown(&by.name),
            when: When::new(at, now, &state.config.timezone),
        }
    }
}

/// A walk that came to its end in another episode.
pub(super) struct Walked {
    pub(super) link: String,
    pub(super) title: String,
    /// `helped`
    pub(super) outcome: &'static str,
    /// In the words of whoever ended it.
    pub(super) fixed: Option<String>,
    pub(super) by: String,
}

/// The walks of one episode.
pub(super) fn walked(state: &AppState, runs: Option<&Vec<EpisodeRun>>) -> Vec<Walked> {
    let line = |run: &EpisodeRun| Walked {
        link: state.link(&format!("/runs/{}", run.run_id)),
        title: shown(&run.title),
        outcome: run.outcome.in_words(),
        fixed: run.what_fixed_it.as_deref().map(with_line_breaks),
        by: shown(&run.by.name),
    };
    runs.into_iter().flatten().map(line).collect()
}
