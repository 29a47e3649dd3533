//! What people do to a run. Doing again what is done already changes nothing. What they write is
//! bounded, and secrets are taken out of it, before it is kept.

use std::fmt;

use super::{
    MAX_OUTPUT, MAX_VALUE, Mark, Outcome, Progress, Run, RunHead, RunValue, State, StepState,
    guide, progress_of,
};
use crate::domain::actor::Actor;
use crate::domain::incident::MAX_NOTE;
use crate::domain::redact;
use crate::domain::runbook::Runbook;
use crate::domain::timestamp::Timestamp;

/// Why an act is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The run is over and no longer changes.
    Over(State),
    /// The runbook has no step of this number.
    NoStep(usize),
    /// Somebody marked the step since the writer last saw it.
    Stale(usize),
    /// A field is longer than so many characters.
    TooLong(&'static str, usize),
    /// The runbook has no such variable.
    NoVariable(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over(state) => {
                write!(out, "the run is {} and no longer changes", state.as_str())
            }
            Self::NoStep(step) => write!(out, "the run has no step {step}"),
            Self::Stale(step) => write!(
                out,
                "somebody else marked step {step} since you last saw it; look at it again"
            ),
            Self::TooLong(field, longest) => {
                write!(out, "{field} is longer than {longest} characters")
            }
            Self::NoVariable(name) => write!(out, "the runbook has no variable {name:?}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// What somebody says of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMark {
    /// Where the step stands.
    pub state: StepState,
    /// A note; `None` keeps the one that is there, an empty one takes it away.
    pub note: Option<String>,
    /// Pasted output, likewise.
    pub output: Option<String>,
    /// The revision that the writer saw; `None` to mark whatever it is.
    pub revision: Option<u32>,
}

impl Run {
    /// A run that begins now; it has no number yet.
    pub fn begin(
        runbook: &Runbook,
        (incident_id, signal_id): (i64, Option<i64>),
        values: Vec<RunValue>,
        by: &Actor,
        at: Timestamp,
    ) -> Self {
        let head = RunHead {
            id: 0,
            incident_id,
            signal_id,
            runbook_id: runbook.id.clone(),
            content_hash: runbook.content_hash.clone(),
            title: runbook.title.clone(),
            state: State::Active,
            started_by: by.clone(),
            started_at: at,
            finished_by: None,
            finished_at: None,
            outcome: None,
            what_fixed_it: None,
            progress: Progress::default(),
        };
        Self::restore(head, runbook.clone(), values, Vec::new())
    }

    /// Says where a step stands. The mark that is to be kept; `None` where it says nothing new.
    ///
    /// # Errors
    /// The run is over, there is no such step, somebody else marked it meanwhile, or the note is
    /// too long.
    pub fn mark(
        &mut self,
        index: usize,
        new: NewMark,
        by: &Actor,
        at: Timestamp,
    ) -> Result<Option<Mark>, Refusal> {
        self.must_be_active()?;
        let step = index
            .checked_sub(1)
            .and_then(|place| self.steps.get_mut(place))
            .ok_or(Refusal::NoStep(index))?;
        let note = match new.note {
            Some(note) => written("note", &note)?,
            None => step.note.clone(),
        };
        let output = match new.output {
            Some(output) => pasted(&output),
            None => step.output.clone(),
        };
        // A form that was sent twice is no conflict with itself.
        if (step.state, &step.note, &step.output) == (new.state, &note, &output) {
            return Ok(None);
        }
        if new.revision.is_some_and(|seen| seen != step.revision) {
            return Err(Refusal::Stale(index));
        }
        let mark = Mark {
            revision: step.revision + 1,
            state: new.state,
            by: by.clone(),
            at,
            note,
            output,
        };
        step.take(mark.clone());
        self.head.progress = progress_of(&self.steps);
        Ok(Some(mark))
    }

    /// Says what variables stand for. An empty value takes one back. Whether anything changed.
    ///
    /// # Errors
    /// The run is over, or a value is too long or of no variable of the runbook; then none of
    /// them is taken.
    pub fn set_values(
        &mut self,
        given: &[(String, String)],
        by: &Actor,
        at: Timestamp,
    ) -> Result<bool, Refusal> {
        self.must_be_active()?;
        let known = guide::variables_of(&self.runbook);
        for (name, value) in given {
            if !known.contains(name) {
                return Err(Refusal::NoVariable(name.clone()));
            }
            if value.chars().count() > MAX_VALUE {
                return Err(Refusal::TooLong("a value", MAX_VALUE));
            }
        }
        let mut changed = false;
        for (name, value) in given {
            changed |= self.set_value(name, value, by, at);
        }
        if changed {
            let filled = guide::as_map(&self.values);
            for (step, source) in self.steps.iter_mut().zip(&self.runbook.steps) {
                step.title = guide::title(source, &filled);
            }
        }
        Ok(changed)
    }

    fn set_value(&mut self, name: &str, value: &str, by: &Actor, at: Timestamp) -> bool {
        let value = guide::without_secret(name, value.trim());
        let known = self.values.iter_mut().find(|known| known.name == name);
        let given = RunValue {
            name: name.to_owned(),
            value,
            by: Some(by.clone()),
            at: Some(at),
        };
        match known {
            Some(known) if known.value == given.value => false,
            Some(known) => {
                *known = given;
                true
            }
            None if given.value.is_empty() => false,
            None => {
                self.values.push(given);
                true
            }
        }
    }

    /// Ends it with what it came to. Whether anything changed.
    ///
    /// # Errors
    /// It is over already with another answer, or the text is too long.
    pub fn finish(
        &mut self,
        outcome: Outcome,
        what_fixed_it: Option<&str>,
        by: &Actor,
        at: Timestamp,
    ) -> Result<bool, Refusal> {
        let text = written("what_fixed_it", what_fixed_it.unwrap_or_default())?;
        if self.head.outcome == Some(outcome) && self.head.what_fixed_it == text {
            return Ok(false);
        }
        self.must_be_active()?;
        self.head.outcome = Some(outcome);
        self.head.what_fixed_it = text;
        self.end(State::Finished, by, at);
        Ok(true)
    }

    /// Gives it up. Whether anything changed.
    ///
    /// # Errors
    /// It was finished.
    pub fn abandon(&mut self, by: &Actor, at: Timestamp) -> Result<bool, Refusal> {
        if self.head.state == State::Abandoned {
            return Ok(false);
        }
        self.must_be_active()?;
        self.end(State::Abandoned, by, at);
        Ok(true)
    }

    fn end(&mut self, state: State, by: &Actor, at: Timestamp) {
        self.head.state = state;
        self.head.finished_by = Some(by.clone());
        self.head.finished_at = Some(at);
    }

    fn must_be_active(&self) -> Result<(), Refusal> {
        if self.is_active() {
            Ok(())
        } else {
            Err(Refusal::Over(self.head.state))
        }
    }
}

/// Browsers send lines with CR LF, whatever was typed.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A text that a person wrote, fit to be kept.
fn written(field: &'static str, text: &str) -> Result<Option<String>, Refusal> {
    let mut text = lines(text.trim());
    if text.chars().count() > MAX_NOTE {
        return Err(Refusal::TooLong(field, MAX_NOTE));
    }
    redact::redact_string(&mut text);
    Ok((!text.is_empty()).then_some(text))
}

/// What a command printed, fit to be kept: the beginning and the end tell most.
fn pasted(text: &str) -> Option<String> {
    let mut text = lines(text.trim_end());
    // Before it is cut: half a secret is not recognised.
    redact::redact_string(&mut text);
    if text.len() > MAX_OUTPUT {
        let head = text.floor_char_boundary(MAX_OUTPUT / 2 - 64);
        let tail = text.ceil_char_boundary(text.len() - (MAX_OUTPUT / 2 - 64));
        text = format!(
            "{}\n[{} bytes were left out here]\n{}",
            &text[..head],
            tail - head,
            &text[tail..]
        );
    }
    (!text.trim().is_empty()).then_some(text)
}
