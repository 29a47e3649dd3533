//! The shape that version 0.4 kept runbooks in, and a step of it as Markdown. Reading its JSON and
//! writing the front matter is the catalogue's.

use serde::{Deserialize, Serialize};

use super::{FrontMatter, Origin, Runbook, Step, StepKind, parse, split_front_matter};

/// A runbook as version 0.4 stored and showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legacy {
    /// See [`Runbook::id`].
    pub id: String,
    /// See [`Runbook::title`].
    pub title: String,
    /// See [`Runbook::summary`].
    pub summary: String,
    /// See [`Runbook::tags`].
    pub tags: Vec<String>,
    /// What to do, in order.
    pub steps: Vec<LegacyStep>,
    /// See [`Runbook::prompt_template`].
    pub prompt_template: Option<String>,
}

/// A step as version 0.4 stored it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyStep {
    /// See [`Step::title`].
    pub title: String,
    /// By command or by hand.
    pub kind: StepKind,
    /// See [`Step::detail`].
    pub detail: String,
    /// See [`Step::prompt`].
    pub prompt: Option<String>,
}

impl From<&Runbook> for Legacy {
    fn from(runbook: &Runbook) -> Self {
        Self {
            id: runbook.id.clone(),
            title: runbook.title.clone(),
            summary: runbook.summary.clone(),
            tags: runbook.tags.clone(),
            steps: runbook.steps.iter().map(LegacyStep::from).collect(),
            prompt_template: runbook.prompt_template.clone(),
        }
    }
}

impl From<&Step> for LegacyStep {
    fn from(step: &Step) -> Self {
        Self {
            title: step.title.clone(),
            kind: step.kind,
            detail: step.detail.clone(),
            prompt: step.prompt.clone(),
        }
    }
}

impl Legacy {
    /// Its front matter. Version 0.4 knew no kinds: what it was found by were its tags.
    pub fn front(&self) -> FrontMatter {
        FrontMatter {
            id: Some(self.id.clone()),
            title: Some(self.title.clone()),
            summary: Some(self.summary.clone()),
            tags: self.tags.clone(),
            prompt_template: self.prompt_template.clone(),
            ..FrontMatter::default()
        }
    }
}

/// A step as Markdown: as a person would write it where that reads back as the same step, and in
/// blocks that are taken as they are where it does not.
pub fn step_markdown(step: &LegacyStep) -> String {
    let asked = |plain: bool| match &step.prompt {
        Some(prompt) if plain => format!("\n**Ask:** {prompt}\n"),
        Some(prompt) => fenced("text {as=ask}", prompt),
        None => String::new(),
    };
    let told = |plain: bool| match step.kind {
        StepKind::Command => fenced("sh", &step.detail),
        StepKind::Manual if plain => format!("{}\n", escaped_lines(&step.detail)),
        StepKind::Manual => fenced("text {as=detail}", &step.detail),
    };
    let title = escaped(&step.title);
    let written =
        |detail: bool, prompt: bool| format!("## {title}\n{}{}\n", told(detail), asked(prompt));
    [(true, true), (true, false), (false, true)]
        .into_iter()
        .map(|(detail, prompt)| written(detail, prompt))
        .find(|markdown| reads_back(markdown, step))
        .unwrap_or_else(|| written(false, false))
}

fn reads_back(markdown: &str, step: &LegacyStep) -> bool {
    let text = format!("---\n---\n{markdown}");
    let front = FrontMatter {
        id: Some("x".to_owned()),
        title: Some("x".to_owned()),
        summary: Some("x".to_owned()),
        ..FrontMatter::default()
    };
    let Ok(source) = split_front_matter(&text) else {
        return false;
    };
    parse(front, &source, Origin::Own)
        .is_ok_and(|read| read.steps.len() == 1 && LegacyStep::from(&read.steps[0]) == *step)
}

/// A block behind a fence that is longer than any run of backticks in it.
fn fenced(info: &str, text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n{fence}{info}\n{text}\n{fence}\n")
}

/// A text whose signs stand for themselves in a line of Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let begins = out.is_empty() && "-+>=~|".contains(c);
        // Within a word, as in a {{variable_name}}, an underscore is nothing but itself.
        let emphasis = c == '_' && !out.ends_with(char::is_alphanumeric);
        if begins || emphasis || "\\`*<[]&#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Lines of a text, each on its own line in Markdown too.
fn escaped_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let line = escaped(line);
            let digits = line.chars().take_while(char::is_ascii_digit).count();
            match line[digits..].chars().next() {
                // "1." at a line's start would begin a list.
                Some('.' | ')') if digits > 0 => {
                    format!("{}\\{}", &line[..digits], &line[digits..])
                }
                _ => line,
            }
        })
        .collect();
    lines.join("\\\n")
}
