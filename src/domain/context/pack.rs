//! Which parts a pack has, and which it gives up, in which order, until it fits its budget.

use serde_json::{Map, Value, json};

use super::render::{self, Piece, RunbookPiece, cost, quoted};
use super::{Input, fence};
use crate::domain::redact;

/// Earlier signals that are kept longest.
const KEPT_TIMELINE: usize = 3;
/// Characters that a long text of the detail is shortened to before it is dropped.
const SHORT_TEXT: usize = 200;
/// Characters that the summary is shortened to at last.
const SHORT_SUMMARY: usize = 120;

/// Fields of the detail that are weighed one by one; of more, the largest go at once.
const MAX_FIELDS: usize = 200;
/// Characters of a field's name that are repeated in the list of what went.
const SHORT_KEY: usize = 64;

const ROLE: &str = "You help the people who look after a small site. Answer from the facts given, say what is \
not known, cite signals and runbooks by id, and mark every command that changes something.\n";
const NO_RUNBOOK: &str = "Question: no runbook fits this kind of signal yet. What does it most likely mean, what should be \
checked first, and how would you know that it is over?\n";
const RUNBOOK_QUESTION: &str =
    "Question (its {{names}} stand for the fields of the detail above): ";

/// A pack on its way to its budget.
pub(super) struct Pack {
    boundary: String,
    id: i64,
    severity: &'static str,
    /// The signal as JSON without its detail, and its lines.
    signal: Map<String, Value>,
    /// Fields of the detail, cheapest first.
    detail: Vec<(String, Piece)>,
    site: Option<Piece>,
    site_id: Value,
    pub(super) integrations: Vec<Piece>,
    pub(super) runbooks: Vec<RunbookPiece>,
    pub(super) timeline: Vec<Piece>,
    pub(super) related: Vec<Piece>,
    pub(super) redactions: u32,
    /// All outside text is gone.
    bare: bool,
}

impl Pack {
    pub(super) fn new(input: &Input<'_>) -> Self {
        let signal = input.signal;
        let boundary = fence::boundary(
            input.boundary,
            &[
                &signal.summary,
                &signal.fingerprint,
                &signal.received_at.to_string(),
            ],
        );
        let boundary = boundary.as_str();
        let mut redactions = 0;
        let mut json = match serde_json::to_value(signal) {
            Ok(Value::Object(json)) => json,
            _ => Map::new(),
        };
        redactions += redact::redact_detail(&mut json);
        let detail = match json.remove("detail") {
            Some(Value::Object(detail)) => detail,
            _ => Map::new(),
        };
        let runbooks = input.matches.iter().filter_map(|fit| {
            let runbook = input.runbooks.iter().find(|r| r.id == fit.runbook_id)?;
            Some(render::runbook(
                runbook,
                fit,
                &detail,
                boundary,
                &mut redactions,
            ))
        });
        let runbooks = runbooks.collect();
        let mut lines = |signals: &[_]| -> Vec<Piece> {
            let line = |signal| render::signal_line(signal, boundary, &mut redactions);
            signals.iter().map(line).collect()
        };
        let (timeline, related) = (lines(input.timeline), lines(input.related));
        let integrations = input.integrations.iter();
        let integrations = integrations
            .map(|thing| render::integration(thing, boundary, &mut redactions))
            .collect();
        let site = input.site.map(|site| {
            let mut value = json!({
                "id": site.id, "name": site.name, "description": site.description,
                "networks": site.networks,
            });
            redactions += redact::redact_value(&mut value);
            Piece::new(value.clone(), &format!("site {}", quoted(&value)), boundary)
        });
        let mut detail: Vec<(String, Piece)> = detail
            .into_iter()
            .map(|(key, value)| (key.clone(), detail_piece(&key, value, boundary)))
            .collect();
        detail.sort_by_key(|(_, piece)| piece.tokens);
        Self {
            boundary: boundary.to_owned(),
            id: signal.id,
            severity: signal.severity.as_str(),
            site_id: json.get("site_id").cloned().unwrap_or_default(),
            signal: json,
            detail,
            site,
            integrations,
            runbooks,
            timeline,
            related,
            redactions,
            bare: false,
        }
    }

    /// Gives up parts until the pack costs at most `budget`; what went.
    pub(super) fn fit(&mut self, budget: usize) -> Vec<String> {
        let mut dropped = Dropped::default();
        if self.detail.len() > MAX_FIELDS {
            let more = self.detail.len() - MAX_FIELDS;
            self.detail.truncate(MAX_FIELDS);
            dropped.note(format!("detail: {more} fields"));
        }
        loop {
            // Pieces are lines, and lines add up: their sum is taken first, since it is cheap.
            let pieces = self.tokens_of_pieces();
            if pieces <= budget {
                let (system, user) = self.texts();
                if cost(&system, &user) <= budget {
                    break;
                }
            }
            if !self.give_up_one(&mut dropped) {
                break;
            }
        }
        dropped.list
    }

    fn tokens_of_pieces(&self) -> usize {
        let sum = |pieces: &[Piece]| pieces.iter().map(|piece| piece.tokens).sum::<usize>();
        if self.bare {
            return 0;
        }
        sum(&self.integrations)
            + sum(&self.timeline)
            + sum(&self.related)
            + self
                .detail
                .iter()
                .map(|(_, piece)| piece.tokens)
                .sum::<usize>()
            + self
                .runbooks
                .iter()
                .map(RunbookPiece::tokens)
                .sum::<usize>()
            + self.site.as_ref().map_or(0, |site| site.tokens)
    }

    /// One sacrifice in the stated order; false when nothing is left to give up.
    fn give_up_one(&mut self, dropped: &mut Dropped) -> bool {
        if self.related.pop().is_some() {
            dropped.count("related", "signals");
        } else if self.timeline.len() > KEPT_TIMELINE {
            self.timeline.pop();
            dropped.count("timeline", "signals");
        } else if self.integrations.pop().is_some() {
            dropped.count("integrations", "of them");
        } else if self.runbooks.len() > 1 {
            if let Some(runbook) = self.runbooks.pop() {
                dropped.note(format!("runbook {}", runbook.runbook.id));
            }
        } else if self.give_up_step(dropped) {
        } else if let Some((key, piece)) = self.detail.pop() {
            self.give_up_field(key, piece, dropped);
        } else if self.timeline.pop().is_some() {
            dropped.count("timeline", "signals");
        } else if self.site.take().is_some() {
            dropped.note("site".to_owned());
        } else if let Some(runbook) = self.runbooks.pop() {
            dropped.note(format!("runbook {}", runbook.runbook.id));
        } else if let Some(Value::String(summary)) = self.signal.get_mut("summary")
            && shorten(summary, SHORT_SUMMARY)
        {
            dropped.note("end of the summary".to_owned());
        } else if !self.bare {
            self.bare = true;
            dropped.note("all outside text of the prompt".to_owned());
        } else {
            return false;
        }
        true
    }

    fn give_up_step(&mut self, dropped: &mut Dropped) -> bool {
        let Some(first) = self.runbooks.first_mut() else {
            return false;
        };
        if first.steps.pop().is_none() {
            return false;
        }
        first.runbook.steps.pop();
        dropped.count(&format!("runbook {}", first.runbook.id), "steps");
        true
    }

    /// A long text is shortened and kept for another round, anything else goes.
    fn give_up_field(&mut self, key: String, mut piece: Piece, dropped: &mut Dropped) {
        if let Value::String(text) = &mut piece.value
            && shorten(text, SHORT_TEXT)
        {
            let piece = detail_piece(&key, piece.value, &self.boundary);
            let mut name = key.clone();
            shorten(&mut name, SHORT_KEY);
            dropped.note(format!("end of detail.{name}"));
            let at = self
                .detail
                .partition_point(|(_, other)| other.tokens <= piece.tokens);
            self.detail.insert(at, (key, piece));
        } else {
            let mut name = key;
            shorten(&mut name, SHORT_KEY);
            dropped.note(format!("detail.{name}"));
        }
    }

    /// The system's and the user's text.
    pub(super) fn texts(&self) -> (String, String) {
        let (id, severity) = (self.id, self.severity);
        if self.bare {
            let user = format!("Signal {id} ({severity}): what should be checked first?\n");
            return (String::new(), user);
        }
        let system = format!("{ROLE}{}", fence::explanation(&self.boundary));
        let mut user = format!("Signal {id} ({severity}).\n{}", fence::open(&self.boundary));
        for field in [
            "kind",
            "summary",
            "site_id",
            "source",
            "status",
            "observed_at",
        ] {
            let value = quoted(self.signal.get(field).unwrap_or(&Value::Null));
            user.push_str(
                &Piece::new(Value::Null, &format!("{field}: {value}"), &self.boundary).text,
            );
        }
        let mut detail: Vec<_> = self.detail.iter().collect();
        detail.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, piece) in detail {
            user.push_str(&piece.text);
        }
        for piece in self.site.iter().chain(&self.integrations) {
            user.push_str(&piece.text);
        }
        for runbook in &self.runbooks {
            user.push_str(&runbook.heading.text);
            for step in &runbook.steps {
                user.push_str(&step.text);
            }
        }
        for (title, pieces) in [
            ("earlier signals of this problem:\n", &self.timeline),
            ("other recent signals of the site:\n", &self.related),
        ] {
            if !pieces.is_empty() {
                user.push_str(title);
            }
            for piece in pieces {
                user.push_str(&piece.text);
            }
        }
        user.push_str(&fence::close(&self.boundary));
        self.question(&mut user);
        (system, user)
    }

    /// The question stands outside of the fence, so nothing from outside is filled into it.
    fn question(&self, user: &mut String) {
        let template = self
            .runbooks
            .first()
            .and_then(|r| r.runbook.prompt_template.as_deref());
        match template {
            Some(template) => {
                user.push_str(RUNBOOK_QUESTION);
                user.push_str(&fence::neutralise(template, &self.boundary));
                user.push('\n');
            }
            None => user.push_str(NO_RUNBOOK),
        }
    }

    pub(super) fn signal_json(&self) -> Value {
        let mut signal = self.signal.clone();
        let detail = self.detail.iter();
        let detail: Map<String, Value> = detail
            .map(|(key, piece)| (key.clone(), piece.value.clone()))
            .collect();
        signal.insert("detail".to_owned(), Value::Object(detail));
        Value::Object(signal)
    }

    pub(super) fn site_json(&self) -> Value {
        match &self.site {
            Some(site) => site.value.clone(),
            None => json!({ "id": self.site_id }),
        }
    }

    /// Pointers to what came from outside.
    pub(super) fn untrusted(&self) -> Vec<String> {
        let mut pointers: Vec<String> = ["signal", "site", "prompt", "budget/dropped"]
            .map(|key| format!("/{key}"))
            .into();
        for (key, pieces) in [
            ("integrations", &self.integrations),
            ("timeline", &self.timeline),
            ("related", &self.related),
        ] {
            pointers.extend((0..pieces.len()).map(|index| format!("/{key}/{index}")));
        }
        for (index, runbook) in self.runbooks.iter().enumerate() {
            if runbook.runbook.question.is_some() {
                pointers.push(format!("/runbooks/{index}/question"));
            }
            pointers.push(format!("/runbooks/{index}/reasons"));
            let steps = 0..runbook.steps.len();
            pointers.extend(steps.map(|step| format!("/runbooks/{index}/steps/{step}")));
        }
        pointers
    }
}

fn detail_piece(key: &str, value: Value, boundary: &str) -> Piece {
    let line = format!("detail {}: {}", quoted(&json!(key)), quoted(&value));
    Piece::new(value, &line, boundary)
}

/// Cuts `text` after `longest` characters; false where it was no longer than that.
fn shorten(text: &mut String, longest: usize) -> bool {
    // A text cut before ends in the sign for it and is one character longer.
    let Some((end, _)) = text.char_indices().nth(longest) else {
        return false;
    };
    if text[end..] == *"…" {
        return false;
    }
    text.truncate(end);
    text.push('…');
    true
}

/// What was given up, in order; repeated sacrifices of one list are counted.
#[derive(Default)]
struct Dropped {
    list: Vec<String>,
    counted: Option<(String, usize)>,
}

impl Dropped {
    fn note(&mut self, what: String) {
        self.counted = None;
        self.list.push(what);
    }

    fn count(&mut self, what: &str, unit: &str) {
        let before = match &self.counted {
            Some((last, count)) if last == what => *count,
            _ => 0,
        };
        if before > 0 {
            self.list.pop();
        }
        self.list.push(format!("{what}: {} {unit}", before + 1));
        self.counted = Some((what.to_owned(), before + 1));
    }
}
