//! What a run tells to do: the runbook's commands with the run's values filled in, quoted.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Run, RunValue};
use crate::domain::redact;
use crate::domain::runbook::{Command, Risk, Runbook, Step, StepKind};
use crate::domain::variables;

/// A command of a step, ready to be copied once nothing of it is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuideCommand {
    /// What it can do.
    pub risk: Risk,
    /// `sh`, `bash`, `powershell`, ...
    pub language: String,
    /// The lines, each value quoted as one inert argument.
    pub text: String,
    /// Variables that stand in it as they were written, for a person to replace.
    pub open: Vec<String>,
}

/// What one step tells to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GuideStep {
    /// Its number, from 1.
    pub index: usize,
    /// Its heading.
    pub title: String,
    /// Its words and commands as one Markdown text, unfilled.
    pub body: String,
    /// Its commands, filled in.
    pub commands: Vec<GuideCommand>,
    /// What good looks like.
    pub good: Option<String>,
    /// What to do when it does not.
    pub otherwise: Option<String>,
}

impl Run {
    /// The values by name, as commands are filled from them.
    pub fn values_map(&self) -> Map<String, Value> {
        as_map(&self.values)
    }

    /// All steps with the values filled in.
    pub fn guide(&self) -> Vec<GuideStep> {
        let filled = self.values_map();
        let text = |text: &Option<String>| {
            let text = text.as_deref()?;
            Some(variables::fill_text(text, &filled).text)
        };
        self.runbook
            .steps
            .iter()
            .enumerate()
            .map(|(place, step)| GuideStep {
                index: place + 1,
                title: title(step, &filled),
                body: if step.body.is_empty() {
                    &step.detail
                } else {
                    &step.body
                }
                .clone(),
                commands: commands_of(step)
                    .iter()
                    .map(|command| fill(command, &filled))
                    .collect(),
                good: text(&step.good),
                otherwise: text(&step.otherwise),
            })
            .collect()
    }

    /// Names of the variables of a step (from 1), in order of appearance.
    pub fn variables_of_step(&self, index: usize) -> Vec<String> {
        let mut names = Vec::new();
        let step = index
            .checked_sub(1)
            .and_then(|place| self.runbook.steps.get(place));
        if let Some(step) = step {
            gather(step, &mut names);
        }
        names
    }
}

fn fill(command: &Command, filled: &Map<String, Value>) -> GuideCommand {
    let done = variables::fill_block(command, filled);
    GuideCommand {
        risk: command.risk,
        language: command.language.clone(),
        text: done.text,
        open: done.open,
    }
}

/// The commands of a step; one of version 0.4 has them as its one text.
fn commands_of(step: &Step) -> Vec<Command> {
    if step.commands.is_empty() && step.kind == StepKind::Command {
        return vec![Command {
            name: None,
            risk: Risk::Change,
            language: "sh".to_owned(),
            text: step.detail.clone(),
        }];
    }
    step.commands.clone()
}

/// A heading with its values.
pub(super) fn title(step: &Step, filled: &Map<String, Value>) -> String {
    variables::fill_text(&step.title, filled).text
}

pub(super) fn as_map(values: &[RunValue]) -> Map<String, Value> {
    values
        .iter()
        .map(|value| (value.name.clone(), Value::String(value.value.clone())))
        .collect()
}

/// A value to be kept under its name: what is a secret by its look or by its name is not kept.
pub(super) fn without_secret(name: &str, value: &str) -> String {
    let mut pair = Map::new();
    pair.insert(name.to_owned(), Value::String(value.to_owned()));
    redact::redact_detail(&mut pair);
    match pair.remove(name) {
        Some(Value::String(value)) => value,
        _ => redact::MARK.to_owned(),
    }
}

/// Names of all variables of a runbook, in order of appearance.
pub fn variables_of(runbook: &Runbook) -> Vec<String> {
    let mut names = Vec::new();
    note(runbook.intro.as_deref().unwrap_or_default(), &mut names);
    for step in &runbook.steps {
        gather(step, &mut names);
    }
    names
}

fn gather(step: &Step, names: &mut Vec<String>) {
    for text in [&step.title, &step.body, &step.detail] {
        note(text, names);
    }
    for text in [&step.good, &step.otherwise, &step.prompt] {
        note(text.as_deref().unwrap_or_default(), names);
    }
    for command in &step.commands {
        note(&command.text, names);
    }
}

fn note(text: &str, names: &mut Vec<String>) {
    for name in variables::fill_text(text, &Map::new()).open {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}
