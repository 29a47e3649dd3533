//! Single parts of a pack as values and as lines of text: redacted, filled, neutralised. Which
//! parts there are and which are left out is `pack`'s.

use serde_json::{Map, Value, json};

use super::tokens::estimate;
use super::{ContextRunbook, RenderedStep, fence};
use crate::domain::integration::Integration;
use crate::domain::matching::Match;
use crate::domain::redact;
use crate::domain::runbook::{Runbook, Step, StepKind};
use crate::domain::variables::{self, Filled, Piece as Part};

/// Keys of an integration's `config` that go out; everything else stays here.
pub(super) const CONFIG_ALLOWED: [&str; 24] = [
    "api_version",
    "arch",
    "cluster",
    "containers",
    "datacenter",
    "dataset",
    "engine_version",
    "images",
    "interval_seconds",
    "kernel",
    "model",
    "node",
    "nodes",
    "os",
    "pool",
    "port",
    "region",
    "running",
    "stopped",
    "paused",
    "timeout_seconds",
    "tls",
    "verify_tls",
    "version",
];

/// What messages cost beyond their contents: four tokens each, three for the answer's beginning.
const OVERHEAD: usize = 11;

/// Stands for a line break of a value where a line of the pack must not end.
const LINE_BREAK: &str = "⏎";

/// A part of the pack.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// As JSON.
    pub(super) value: Value,
    /// As lines, each with its newline.
    pub(super) text: String,
    /// What the lines cost.
    pub(super) tokens: usize,
    /// What of it can be cited: `signal` or `incident`, and its number.
    pub(super) cites: Vec<(&'static str, i64)>,
}

impl Piece {
    pub(super) fn new(value: Value, line: &str, boundary: &str) -> Self {
        let text = format!("{}\n", fence::neutralise(line, boundary));
        Self {
            tokens: estimate(&text),
            cites: Vec::new(),
            value,
            text,
        }
    }

    /// The same, with something that can be cited.
    pub(super) fn citing(mut self, what: &'static str, id: i64) -> Self {
        self.cites.push((what, id));
        self
    }
}

/// A runbook, its heading and its steps each with what they cost.
#[derive(Debug, Clone)]
pub(super) struct RunbookPiece {
    pub(super) runbook: ContextRunbook,
    /// The heading's lines.
    pub(super) heading: Piece,
    /// One for each of `runbook.steps`.
    pub(super) steps: Vec<Piece>,
}

impl RunbookPiece {
    pub(super) fn tokens(&self) -> usize {
        self.heading.tokens + self.steps.iter().map(|step| step.tokens).sum::<usize>()
    }
}

/// What the two messages cost together.
pub(super) fn cost(system: &str, user: &str) -> usize {
    estimate(system) + 1 + estimate(user) + OVERHEAD
}

/// A scalar or small value as it stands in a line: JSON, so that no newline of it begins one.
pub(super) fn quoted(value: &Value) -> String {
    value.to_string()
}

/// An integration, its configuration reduced to what may go out.
pub(super) fn integration(thing: &Integration, boundary: &str, redactions: &mut u32) -> Piece {
    let mut config = Map::new();
    if let Value::Object(all) = &thing.config {
        for (key, value) in all {
            if CONFIG_ALLOWED.contains(&key.as_str()) && !value.is_object() && !value.is_array() {
                config.insert(key.clone(), value.clone());
            }
        }
    }
    let mut value = json!({
        "id": thing.id,
        "site_id": thing.site_id,
        "type": thing.kind,
        "endpoint": thing.endpoint,
        "status": thing.status,
        "name": thing.name,
        "config": config,
    });
    *redactions += redact::redact_value(&mut value);
    let mut line = format!("- integration {} {}", thing.id, quoted(&value["type"]));
    for field in ["name", "endpoint", "status", "config"] {
        let part = &value[field];
        if !part.is_null() && part.as_object().is_none_or(|config| !config.is_empty()) {
            line.push_str(&[" ", field, " ", &quoted(part)].concat());
        }
    }
    Piece::new(value, &line, boundary)
}

/// A matching runbook with its steps filled from `detail`.
pub(super) fn runbook(
    runbook: &Runbook,
    fit: &Match,
    detail: &Map<String, Value>,
    boundary: &str,
    redactions: &mut u32,
) -> RunbookPiece {
    let mut rendered: Vec<RenderedStep> = Vec::new();
    let mut steps = Vec::new();
    for (index, step) in runbook.steps.iter().enumerate() {
        let lines = step_lines(index + 1, step, detail);
        let step = rendered_step(step, detail, redactions);
        steps.push(Piece::new(Value::Null, &lines, boundary));
        rendered.push(step);
    }
    let question = runbook.prompt_template.as_ref().map(|template| {
        let mut question = variables::fill_text(template, detail).text;
        *redactions += redact::redact_string(&mut question);
        question
    });
    let mut reasons = fit.reasons.clone();
    for reason in &mut reasons {
        *redactions += redact::redact_string(&mut reason.text);
    }
    let heading = format!(
        "runbook {}: {} ({} points)",
        runbook.id, runbook.title, fit.points
    );
    RunbookPiece {
        heading: Piece::new(Value::Null, &heading, boundary),
        steps,
        runbook: ContextRunbook {
            id: runbook.id.clone(),
            title: runbook.title.clone(),
            summary: runbook.summary.clone(),
            tags: runbook.tags.clone(),
            prompt_template: runbook.prompt_template.clone(),
            question,
            points: fit.points,
            reasons,
            steps: rendered,
        },
    }
}

fn rendered_step(step: &Step, detail: &Map<String, Value>, redactions: &mut u32) -> RenderedStep {
    let mut open: Vec<String> = Vec::new();
    let texts: Vec<Filled> = step_parts(step, detail)
        .into_iter()
        .map(Filled::from_iter)
        .collect();
    for name in texts.iter().flat_map(|filled| &filled.open) {
        if !open.contains(name) {
            open.push(name.clone());
        }
    }
    let texts: Vec<String> = texts.into_iter().map(|filled| filled.text).collect();
    let mut text = texts.join("\n");
    *redactions += redact::redact_string(&mut text);
    let mut prose = |text: &Option<String>| {
        let mut text = variables::fill_text(text.as_ref()?, detail).text;
        *redactions += redact::redact_string(&mut text);
        Some(text)
    };
    RenderedStep {
        title: step.title.clone(),
        kind: step.kind,
        detail: text,
        prompt: prose(&step.prompt),
        good: prose(&step.good),
        otherwise: prose(&step.otherwise),
        open,
    }
}

/// The texts of a step, each in its parts.
fn step_parts(step: &Step, detail: &Map<String, Value>) -> Vec<Vec<Part>> {
    let mut texts = Vec::new();
    // A step of version 0.4 is a command without blocks: nothing says that it is POSIX, so its
    // variables are filled by the same rules and stay open wherever quoting could not hold.
    if step.kind == StepKind::Manual {
        texts.push(variables::text_pieces(&step.detail, detail));
    } else if step.commands.is_empty() {
        texts.push(variables::command_pieces(&step.detail, detail));
    }
    texts.extend(
        step.commands
            .iter()
            .map(|command| variables::block_pieces(command, detail)),
    );
    texts
}

/// A text whose values each stay on their line: a line break in a value would begin what looks
/// like a line of the runbook, and behind a prompt like a command of its own.
fn on_their_lines(parts: Vec<Part>) -> String {
    let mut text: String = parts
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => text,
            Part::Open(name) => variables::slot(&name),
            Part::Value { mut put, .. } => {
                // Before the marks come in: a secret may be told by what stands on the next line.
                redact::redact_string(&mut put);
                put.replace("\r\n", LINE_BREAK)
                    .replace(is_line_break, LINE_BREAK)
            }
        })
        .collect();
    redact::redact_string(&mut text);
    text
}

fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

fn step_lines(number: usize, step: &Step, detail: &Map<String, Value>) -> String {
    let mark = match step.kind {
        StepKind::Command => "  $ ",
        StepKind::Manual => "  ",
    };
    let mut lines = vec![format!("- step {number}: {}", step.title)];
    for text in step_parts(step, detail) {
        let text = on_their_lines(text);
        lines.extend(text.lines().map(|line| format!("{mark}{line}")));
    }
    for (label, text) in [("good", &step.good), ("otherwise", &step.otherwise)] {
        if let Some(text) = text {
            let text = on_their_lines(variables::text_pieces(text, detail));
            lines.push(format!("  {label}: {text}"));
        }
    }
    lines.join("\n")
}
