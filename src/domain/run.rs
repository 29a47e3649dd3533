//! A guided run: somebody walks through a runbook for an incident, one step after the other.
//!
//! Owns the shape. What may be done to a run is `acts`'; its commands with values filled in are
//! `guide`'s; how often a runbook helped is `record`'s. The runbook is kept as it was when the run
//! began, so that one that is rewritten meanwhile changes no run. Knows no clock: times are handed
//! in. Runs no command.

mod acts;
mod guide;
mod record;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::actor::Actor;
use crate::domain::order;
use crate::domain::runbook::Runbook;
use crate::domain::timestamp::Timestamp;

pub use self::acts::{NewMark, Refusal};
pub use self::guide::{GuideCommand, GuideStep, variables_of};
pub use self::record::{Episode, EpisodeRun, Record, Records, median};

/// Longest pasted output that is kept, in bytes. Of a longer one the middle is left out.
pub const MAX_OUTPUT: usize = 64 * 1024;
/// Longest value of a variable, in characters.
pub const MAX_VALUE: usize = 1000;
/// Marks of one step that are kept, the one that counts included.
pub const MAX_MARKS: u32 = 20;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is under way.
    Active,
    /// It was walked to its end.
    Finished,
    /// It was given up.
    Abandoned,
}

impl State {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Finished => "finished",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads what [`State::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Finished, Self::Abandoned]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Nobody has said anything of it, or somebody took it back.
    Pending,
    /// Done, and it went as the runbook says.
    Done,
    /// Left out.
    Skipped,
    /// Done, and it did not go as the runbook says.
    Failed,
}

impl StepState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Done, Self::Skipped, Self::Failed];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`StepState::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It fixed the problem, or led to what did.
    Helped,
    /// The problem stayed, or something else fixed it.
    DidNotHelp,
    /// The problem went by itself, or was none. Says nothing about the runbook.
    NotNeeded,
}

impl Outcome {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Helped, Self::DidNotHelp, Self::NotNeeded];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helped => "helped",
            Self::DidNotHelp => "did_not_help",
            Self::NotNeeded => "not_needed",
        }
    }

    /// The words that are shown.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Helped => "helped",
            Self::DidNotHelp => "did not help",
            Self::NotNeeded => "was not needed",
        }
    }

    /// Reads what [`Outcome::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// What a variable of the runbook stands for in this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunValue {
    /// The variable's name.
    pub name: String,
    /// Unquoted; empty where it was taken back. From outside.
    pub value: String,
    /// Who gave it; null where it is from the signal.
    pub by: Option<Actor>,
    /// When it was given.
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
}

/// What somebody once said of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Mark {
    /// Counts the marks of this step, from 1.
    pub revision: u32,
    /// Where the step stood by it.
    pub state: StepState,
    /// Who.
    pub by: Actor,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What they wrote. From outside.
    pub note: Option<String>,
    /// What their commands printed. From outside.
    pub output: Option<String>,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunStep {
    /// Its number, from 1.
    pub index: usize,
    /// Its heading, with values filled in.
    pub title: String,
    /// Where it stands.
    pub state: StepState,
    /// Of the mark that counts; 0 where there is none. A new mark names the one its writer saw.
    pub revision: u32,
    /// Who marked it last.
    pub by: Option<Actor>,
    /// When.
    #[schema(value_type = Option<String>)]
    pub at: Option<Timestamp>,
    /// What they wrote. From outside.
    pub note: Option<String>,
    /// What their commands printed. From outside.
    pub output: Option<String>,
    /// Marks that later ones took the place of, newest first.
    pub earlier: Vec<Mark>,
}

impl RunStep {
    fn new(index: usize, title: String) -> Self {
        Self {
            index,
            title,
            state: StepState::Pending,
            revision: 0,
            by: None,
            at: None,
            note: None,
            output: None,
            earlier: Vec::new(),
        }
    }

    /// The mark that counts.
    pub fn mark(&self) -> Option<Mark> {
        Some(Mark {
            revision: self.revision,
            state: self.state,
            by: self.by.clone()?,
            at: self.at?,
            note: self.note.clone(),
            output: self.output.clone(),
        })
    }

    /// A later mark takes the place of the one that counted.
    fn take(&mut self, mark: Mark) {
        if let Some(before) = self.mark() {
            self.earlier.insert(0, before);
            self.earlier.truncate(MAX_MARKS as usize - 1);
        }
        self.state = mark.state;
        self.revision = mark.revision;
        self.by = Some(mark.by);
        self.at = Some(mark.at);
        self.note = mark.note;
        self.output = mark.output;
    }
}

/// How far a run has come, in steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// All.
    pub steps: usize,
    /// Done.
    pub done: usize,
    /// Left out.
    pub skipped: usize,
    /// Failed.
    pub failed: usize,
}

impl Progress {
    /// Counts a step that is not pending.
    pub fn count(&mut self, state: StepState) {
        match state {
            StepState::Pending => {}
            StepState::Done => self.done += 1,
            StepState::Skipped => self.skipped += 1,
            StepState::Failed => self.failed += 1,
        }
    }
}

/// What a list says of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunHead {
    /// Its number.
    pub id: i64,
    /// The incident it is for.
    pub incident_id: i64,
    /// The signal whose detail filled the values.
    pub signal_id: Option<i64>,
    /// The runbook's id.
    pub runbook_id: String,
    /// The runbook's version.
    pub content_hash: String,
    /// The runbook's title.
    pub title: String,
    /// Where it stands.
    pub state: State,
    /// Who began it.
    pub started_by: Actor,
    /// When.
    #[schema(value_type = String)]
    pub started_at: Timestamp,
    /// Who ended it, when it is over.
    pub finished_by: Option<Actor>,
    /// When it ended.
    #[schema(value_type = Option<String>)]
    pub finished_at: Option<Timestamp>,
    /// What it came to, when it is finished.
    pub outcome: Option<Outcome>,
    /// What fixed the problem, in the words of whoever ended it. From outside.
    pub what_fixed_it: Option<String>,
    /// How far it has come.
    pub progress: Progress,
}

/// A run with its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Run {
    /// What a list says of it.
    #[serde(flatten)]
    pub head: RunHead,
    /// What the runbook's variables stand for.
    pub values: Vec<RunValue>,
    /// The steps, in order.
    pub steps: Vec<RunStep>,
    /// The runbook as it was when the run began.
    #[serde(skip)]
    pub runbook: Runbook,
}

impl Run {
    /// A stored run: the marks in any order, each with the number of its step.
    pub fn restore(
        mut head: RunHead,
        runbook: Runbook,
        values: Vec<RunValue>,
        mut marks: Vec<(usize, Mark)>,
    ) -> Self {
        let filled = guide::as_map(&values);
        let mut steps: Vec<RunStep> = runbook
            .steps
            .iter()
            .enumerate()
            .map(|(place, step)| RunStep::new(place + 1, guide::title(step, &filled)))
            .collect();
        order::sort_by_key(&mut marks, |(step, mark)| (*step, mark.revision));
        for (step, mark) in marks {
            if let Some(step) = step.checked_sub(1).and_then(|place| steps.get_mut(place)) {
                step.take(mark);
            }
        }
        head.progress = progress_of(&steps);
        Self {
            head,
            values,
            steps,
            runbook,
        }
    }

    /// The step to go on with: the first that is pending.
    pub fn current(&self) -> Option<usize> {
        self.steps
            .iter()
            .find(|step| step.state == StepState::Pending)
            .map(|step| step.index)
    }

    /// Whether it may still change.
    pub fn is_active(&self) -> bool {
        self.head.state == State::Active
    }
}

fn progress_of(steps: &[RunStep]) -> Progress {
    let mut progress = Progress {
        steps: steps.len(),
        ..Progress::default()
    };
    for step in steps {
        progress.count(step.state);
    }
    progress
}

#[cfg(test)]
mod tests;
