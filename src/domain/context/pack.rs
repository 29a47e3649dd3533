//! Which parts a pack has, and how they stand in its prompt. Which it gives up is `sacrifice`'s.

use serde_json::{Map, Value, json};

use super::render::{self, Piece, RunbookPiece, quoted};
use super::sacrifice::List;
use super::{Citable, Input, fence, lines};
use crate::domain::order;
use crate::domain::redact;

const ROLE: &str = "You help the people who look after a small site. Answer from the facts given, say what is \
not known, cite what you rely on by id (signal 12, incident 3, rb-disk-full), and mark every command that changes something.\n";
const NO_RUNBOOK: &str = "Question: no runbook fits this kind of signal yet. What does it most likely mean, what should be \
checked first, and how would you know that it is over?\n";
const RUNBOOK_QUESTION: &str =
    "Question (its {{names}} stand for the fields of the detail above): ";

/// A pack on its way to its budget.
pub(super) struct Pack {
    pub(super) boundary: String,
    pub(super) id: i64,
    severity: &'static str,
    /// The signal as JSON without its detail, and its lines.
    pub(super) signal: Map<String, Value>,
    /// Fields of the detail, cheapest first.
    pub(super) detail: Vec<(String, Piece)>,
    pub(super) site: Option<Piece>,
    site_id: Value,
    pub(super) incident: Option<Piece>,
    pub(super) runbooks: Vec<RunbookPiece>,
    pub(super) lists: [Vec<Piece>; 5],
    pub(super) redactions: u32,
    /// All outside text is gone.
    pub(super) bare: bool,
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
        let (boundary, count) = (boundary, &mut redactions);
        let incident = input
            .incident
            .map(|incident| lines::incident(incident, boundary, count));
        let lists = List::ALL.map(|list| match list {
            List::Integrations => each(input.integrations, |thing| {
                render::integration(thing, boundary, count)
            }),
            List::Timeline => each(input.timeline, |entry| lines::entry(entry, boundary, count)),
            List::History => each(input.history, |past| lines::episode(past, boundary, count)),
            List::Related => each(input.related, |other| lines::signal(other, boundary, count)),
            List::Changes => each(input.changes, |change| {
                lines::signal(change, boundary, count)
            }),
        });
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
        order::sort_by_key(&mut detail, |(_, piece)| piece.tokens);
        Self {
            boundary: boundary.to_owned(),
            id: signal.id,
            severity: signal.severity.as_str(),
            site_id: json.get("site_id").cloned().unwrap_or_default(),
            signal: json,
            detail,
            site,
            incident,
            runbooks,
            lists,
            redactions,
            bare: false,
        }
    }

    pub(super) fn list(&self, list: List) -> &[Piece] {
        &self.lists[List::ALL
            .iter()
            .position(|l| *l == list)
            .unwrap_or_default()]
    }

    pub(super) fn list_mut(&mut self, list: List) -> &mut Vec<Piece> {
        &mut self.lists[List::ALL
            .iter()
            .position(|l| *l == list)
            .unwrap_or_default()]
    }

    /// Takes the values of a list.
    pub(super) fn take(&mut self, list: List) -> Vec<Value> {
        let pieces = std::mem::take(self.list_mut(list));
        pieces.into_iter().map(|piece| piece.value).collect()
    }

    /// The system's and the user's text.
    pub(super) fn texts(&self) -> (String, String) {
        self.text_around(true)
    }

    /// The texts, with the pieces or with what stands around them alone.
    pub(super) fn text_around(&self, with_pieces: bool) -> (String, String) {
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
            let line = format!("{field}: {value}");
            user.push_str(&Piece::new(Value::Null, &line, &self.boundary).text);
        }
        let mut push = |piece: &Piece| {
            if with_pieces {
                user.push_str(&piece.text);
            }
        };
        let mut detail: Vec<_> = self.detail.iter().collect();
        order::sort_by(&mut detail, |a, b| a.0.cmp(&b.0));
        for (_, piece) in detail {
            push(piece);
        }
        self.incident.iter().chain(&self.site).for_each(&mut push);
        self.list(List::Integrations).iter().for_each(&mut push);
        for runbook in &self.runbooks {
            push(&runbook.heading);
            runbook.steps.iter().for_each(&mut push);
        }
        for list in [List::Timeline, List::History, List::Changes, List::Related] {
            let pieces = self.list(list);
            if !pieces.is_empty() {
                user.push_str(list.words().1);
            }
            if with_pieces {
                for piece in pieces {
                    user.push_str(&piece.text);
                }
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

    /// What can be cited of what is left.
    pub(super) fn citable(&self) -> Citable {
        let mut citable = Citable {
            signals: vec![self.id],
            ..Citable::default()
        };
        if self.bare {
            return citable;
        }
        citable.runbooks = self.runbooks.iter().map(|r| r.runbook.id.clone()).collect();
        let pieces = self.lists.iter().flatten().chain(&self.incident);
        for (what, id) in pieces.flat_map(|piece| &piece.cites) {
            match *what {
                "incident" => citable.incidents.push(*id),
                _ => citable.signals.push(*id),
            }
        }
        citable
    }

    /// Pointers to what came from outside.
    pub(super) fn untrusted(&self) -> Vec<String> {
        let mut pointers: Vec<String> = ["signal", "site", "prompt", "budget/dropped"]
            .map(|key| format!("/{key}"))
            .into();
        if self.incident.is_some() {
            pointers.push("/incident".to_owned());
        }
        for list in List::ALL {
            let key = list.words().0;
            let places = 0..self.list(list).len();
            pointers.extend(places.map(|index| format!("/{key}/{index}")));
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

fn each<T>(things: &[T], piece: impl FnMut(&T) -> Piece) -> Vec<Piece> {
    things.iter().map(piece).collect()
}

pub(super) fn detail_piece(key: &str, value: Value, boundary: &str) -> Piece {
    let line = format!("detail {}: {}", quoted(&json!(key)), quoted(&value));
    Piece::new(value, &line, boundary)
}
