//! Runbooks in the JSON of version 0.4: one object, a list of them, or `{"runbooks": [...]}`.
//! Each becomes a file in our own format, and what that would be refused for is reported at the
//! place in the JSON that it comes from.

use serde_json::{Map, Value};

use super::json_place;
use super::read_runbook;
use crate::domain::order;
use crate::domain::runbook::{
    Legacy, LegacyStep, Lint, MAX_BYTES, Origin, Runbook, StepKind, step_markdown,
};
use crate::yaml::{self, Step};

/// A runbook of 0.4, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// As it is now.
    pub runbook: Runbook,
    /// Line and column where it stands in the JSON.
    pub place: (usize, usize),
    /// Whether it came with 0.4 itself: the built-in one of its id has taken its place.
    pub stock: bool,
    /// What was spelled anew, in words.
    pub notes: Vec<String>,
}

/// Most bytes of one JSON text.
pub const MAX_JSON_BYTES: usize = 16 * 1024 * 1024;
const FIELDS: [&str; 6] = ["id", "title", "summary", "tags", "steps", "prompt_template"];
const STEP_FIELDS: [&str; 4] = ["title", "kind", "detail", "prompt"];
/// The ids that 0.4 came with.
const STOCK: [&str; 4] = [
    "rb-docker-container-down",
    "rb-docker-restart-count",
    "rb-wifi-saturation",
    "rb-proxmox-cluster-health",
];

/// Reads runbooks of 0.4.
///
/// # Errors
/// Everything wrong with them, each with its place in the text.
pub fn read_json(text: &str) -> Result<Vec<Imported>, Vec<Lint>> {
    if text.len() > MAX_JSON_BYTES {
        let limit = MAX_JSON_BYTES / 1024 / 1024;
        return Err(vec![Lint::new(
            1,
            format!("the file is larger than {limit} MiB"),
        )]);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let message = format!("not JSON: {error}");
        let message = message.split(" at line ").next().unwrap_or_default();
        vec![Lint::at(
            error.line().max(1),
            error.column().max(1),
            message,
        )]
    })?;
    let mut reader = Reader {
        text,
        lints: Vec::new(),
    };
    let mut read = Vec::new();
    for (path, item) in reader.items(value) {
        read.extend(reader.runbook(&path, item));
    }
    if reader.lints.is_empty() {
        Ok(read)
    } else {
        order::sort(&mut reader.lints);
        Err(reader.lints)
    }
}

/// One runbook as 0.4 kept it, in our own format; for the rows of its database.
///
/// # Errors
/// What it would be refused for, by line of the Markdown it would have become.
pub fn to_runbook(legacy: &Legacy) -> Result<Runbook, Vec<Lint>> {
    let (text, _) = markdown(legacy);
    read_runbook(&text, Origin::Own)
}

/// Whether a runbook is one that 0.4 itself brought. Of one its text is known, so that an edited
/// one is told apart; the others are known by their ids alone.
pub fn is_stock(legacy: &Legacy) -> bool {
    let known: Result<Legacy, _> = serde_json::from_str(include_str!("stock-0.4.json"));
    match known {
        Ok(known) if known.id == legacy.id => known == *legacy,
        _ => STOCK.contains(&legacy.id.as_str()),
    }
}

/// The file, and the line that each step begins at.
fn markdown(legacy: &Legacy) -> (String, Vec<usize>) {
    let front = yaml::to_string(&legacy.front()).unwrap_or_default();
    let mut text = format!("---\n{front}---\n\n");
    let mut starts = Vec::new();
    for step in &legacy.steps {
        starts.push(text.matches('\n').count() + 1);
        text.push_str(&step_markdown(step));
    }
    (text.trim_end().to_owned() + "\n", starts)
}

fn key(name: &str) -> Step {
    Step::Key(name.to_owned(), 0)
}

struct Reader<'a> {
    text: &'a str,
    lints: Vec<Lint>,
}

impl Reader<'_> {
    fn complain(&mut self, path: &[Step], message: impl Into<String>) {
        let place = json_place::locate(self.text, path);
        self.lints.push(Lint::at(place.line, place.column, message));
    }

    /// The runbooks of any of the three shapes, with the path to each.
    fn items(&mut self, value: Value) -> Vec<(Vec<Step>, Value)> {
        let listed = |path: Vec<Step>, list: Vec<Value>| {
            let step = |index| [path.clone(), vec![Step::Item(index)]].concat();
            let items = list.into_iter().enumerate();
            items.map(|(index, item)| (step(index), item)).collect()
        };
        match value {
            Value::Array(list) => listed(Vec::new(), list),
            Value::Object(mut object) => match object.remove("runbooks") {
                Some(Value::Array(list)) => listed(vec![key("runbooks")], list),
                Some(_) => {
                    self.complain(&[key("runbooks")], "runbooks: expected a list");
                    Vec::new()
                }
                None => vec![(Vec::new(), Value::Object(object))],
            },
            _ => {
                self.complain(
                    &[],
                    "expected a runbook, a list of them, or {\"runbooks\": [...]}",
                );
                Vec::new()
            }
        }
    }

    fn runbook(&mut self, path: &[Step], item: Value) -> Option<Imported> {
        let Value::Object(object) = item else {
            self.complain(
                path,
                "expected a runbook: an object with id, title, summary, steps",
            );
            return None;
        };
        let before = self.lints.len();
        self.strangers(path, &object, &FIELDS);
        let mut notes = Vec::new();
        let legacy = Legacy {
            id: self.required(path, &object, "id"),
            title: self.required(path, &object, "title").trim().to_owned(),
            summary: self.required(path, &object, "summary").trim().to_owned(),
            tags: self.tags(path, &object, &mut notes),
            steps: self.steps(path, &object),
            prompt_template: self
                .optional(path, &object, "prompt_template")
                .map(|text| text.trim().to_owned()),
        };
        if self.lints.len() > before {
            return None;
        }
        let runbook = self.read(path, &legacy)?;
        let place = json_place::locate(self.text, path);
        Some(Imported {
            runbook,
            place: (place.line, place.column),
            stock: is_stock(&legacy),
            notes,
        })
    }

    /// The runbook of the file that it becomes; the lints of that file at their places here.
    fn read(&mut self, path: &[Step], legacy: &Legacy) -> Option<Runbook> {
        let (text, starts) = markdown(legacy);
        if text.len() > MAX_BYTES {
            let limit = MAX_BYTES / 1024;
            self.complain(path, format!("the runbook is larger than {limit} KiB"));
            return None;
        }
        match read_runbook(&text, Origin::Own) {
            Err(lints) => {
                for lint in lints {
                    let place = place_of_line(&text, &starts, lint.line);
                    self.complain(&[path, &place].concat(), lint.message);
                }
                None
            }
            Ok(runbook) => {
                let read = Legacy::from(&runbook);
                let differs = |(index, (read, asked)): (usize, (&LegacyStep, &LegacyStep))| {
                    (read != asked).then_some(index)
                };
                let steps = read.steps.iter().zip(&legacy.steps).enumerate();
                let different: Vec<usize> = steps.filter_map(differs).collect();
                for index in &different {
                    let place = [path, &[key("steps"), Step::Item(*index)]].concat();
                    self.complain(&place, "this step cannot be kept as it is: its title must be one line, and no text may begin or end with spaces or hold control characters");
                }
                if different.is_empty() && read != *legacy {
                    self.complain(
                        path,
                        "this runbook cannot be kept as it is: it holds control characters",
                    );
                }
                (read == *legacy).then_some(runbook)
            }
        }
    }

    fn tags(
        &mut self,
        path: &[Step],
        object: &Map<String, Value>,
        notes: &mut Vec<String>,
    ) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        match object.get("tags") {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                for (index, tag) in list.iter().enumerate() {
                    let Value::String(tag) = tag else {
                        let place = [path, &[key("tags"), Step::Item(index)]].concat();
                        self.complain(&place, "tags: expected a list of words");
                        continue;
                    };
                    // 0.4 compared tags as they were written; here all are lower case.
                    let spelled = tag.trim().to_lowercase().replace(' ', "-");
                    if spelled != *tag {
                        notes.push(format!("the tag {tag:?} is now {spelled:?}"));
                    }
                    if !tags.contains(&spelled) {
                        tags.push(spelled);
                    }
                }
            }
            Some(_) => {
                let place = [path, &[key("tags")]].concat();
                self.complain(&place, "tags: expected a list of words");
            }
        }
        tags
    }

    fn steps(&mut self, path: &[Step], object: &Map<String, Value>) -> Vec<LegacyStep> {
        let place = [path, &[key("steps")]].concat();
        let list = match object.get("steps") {
            Some(Value::Array(list)) if !list.is_empty() => list,
            Some(Value::Array(_)) | None => {
                self.complain(&place, "there is no step");
                return Vec::new();
            }
            Some(_) => {
                self.complain(&place, "steps: expected a list");
                return Vec::new();
            }
        };
        let mut steps = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let place = [&place[..], &[Step::Item(index)]].concat();
            let Value::Object(step) = item else {
                self.complain(
                    &place,
                    "expected a step: an object with title, kind, detail",
                );
                continue;
            };
            self.strangers(&place, step, &STEP_FIELDS);
            let kind = match step.get("kind") {
                None | Some(Value::Null) => StepKind::Manual,
                Some(kind) => serde_json::from_value(kind.clone()).unwrap_or_else(|_| {
                    let place = [&place[..], &[key("kind")]].concat();
                    self.complain(
                        &place,
                        format!("kind {kind}: say \"command\" or \"manual\""),
                    );
                    StepKind::Manual
                }),
            };
            steps.push(LegacyStep {
                title: self.required(&place, step, "title").trim().to_owned(),
                kind,
                detail: self.required(&place, step, "detail").trim().to_owned(),
                prompt: self
                    .optional(&place, step, "prompt")
                    .map(|text| text.trim().to_owned())
                    .filter(|text| !text.is_empty()),
            });
        }
        steps
    }

    fn required(&mut self, path: &[Step], object: &Map<String, Value>, name: &str) -> String {
        let text = self.optional(path, object, name);
        let missing = matches!(object.get(name), None | Some(Value::Null));
        if missing || text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            let place = [path, &[key(name)]].concat();
            self.complain(&place, format!("{name} is required and not empty"));
        }
        text.unwrap_or_default()
    }

    fn optional(
        &mut self,
        path: &[Step],
        object: &Map<String, Value>,
        name: &str,
    ) -> Option<String> {
        match object.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            _ => {
                let place = [path, &[key(name)]].concat();
                self.complain(&place, format!("{name}: expected text"));
                None
            }
        }
    }

    fn strangers(&mut self, path: &[Step], object: &Map<String, Value>, known: &[&str]) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let place = [path, &[key(name)]].concat();
            let known = known.join(", ");
            self.complain(
                &place,
                format!("unknown field {name:?}; version 0.4 knew {known}"),
            );
        }
    }
}

/// The path to what stands at a line of the file that a runbook became.
fn place_of_line(text: &str, starts: &[usize], line: usize) -> Vec<Step> {
    let step = starts.partition_point(|start| *start <= line);
    if step > 0 {
        return vec![key("steps"), Step::Item(step - 1)];
    }
    let above: Vec<&str> = text.lines().take(line).collect();
    let field = above.iter().rev().find_map(|line| {
        let (name, _) = line.split_once(':')?;
        FIELDS.contains(&name).then(|| key(name))
    });
    field.into_iter().collect()
}

#[cfg(test)]
mod tests;
