//! What a pack gives up, in which order, until it fits its budget.

use serde_json::Value;

use super::pack::{Pack, detail_piece};
use super::render::{Piece, RunbookPiece, cost};

/// Characters that a long text of the detail is shortened to before it is dropped.
const SHORT_TEXT: usize = 200;
/// Characters that the summary is shortened to at last.
const SHORT_SUMMARY: usize = 120;

/// Fields of the detail that are weighed one by one; of more, the largest go at once.
const MAX_FIELDS: usize = 200;
/// Characters of a field's name that are repeated in the list of what went.
const SHORT_KEY: usize = 64;

/// The lists of a pack, the oldest entry of each last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Integrations,
    Timeline,
    History,
    Related,
    Changes,
}

impl List {
    pub(super) const ALL: [Self; 5] = [
        Self::Integrations,
        Self::Timeline,
        Self::History,
        Self::Changes,
        Self::Related,
    ];

    /// Its key, its title in the prompt, and what its entries are called.
    pub(super) fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Integrations => ("integrations", "", "of them"),
            Self::Timeline => ("timeline", "what happened, newest first:\n", "entries"),
            Self::History => ("history", "earlier episodes of this problem:\n", "episodes"),
            Self::Changes => (
                "recent_changes",
                "what changed at the site in the day before:\n",
                "signals",
            ),
            Self::Related => ("related", "other recent signals of the site:\n", "signals"),
        }
    }
}

/// One thing that a pack can give up.
#[derive(Debug, Clone, Copy)]
enum Sacrifice {
    /// The oldest entry of a list, while it has more than this many.
    Oldest(List, usize),
    /// The runbook that fits least, while there is another.
    LesserRunbook,
    /// The last step of the first runbook.
    Step,
    /// The largest field of the detail: long texts are shortened first.
    Field,
    Site,
    Incident,
    FirstRunbook,
    EndOfSummary,
    /// All outside text of the prompt.
    Everything,
}

/// What is given up first: the first of these that is still there.
const ORDER: [Sacrifice; 17] = [
    Sacrifice::Oldest(List::Related, 0),
    Sacrifice::Oldest(List::Timeline, 3),
    Sacrifice::Oldest(List::Integrations, 0),
    Sacrifice::Oldest(List::Changes, 3),
    Sacrifice::Oldest(List::History, 2),
    Sacrifice::LesserRunbook,
    Sacrifice::Step,
    Sacrifice::Field,
    Sacrifice::Oldest(List::Changes, 0),
    Sacrifice::Oldest(List::Timeline, 0),
    Sacrifice::Oldest(List::History, 1),
    Sacrifice::Site,
    Sacrifice::Oldest(List::History, 0),
    Sacrifice::FirstRunbook,
    Sacrifice::Incident,
    Sacrifice::EndOfSummary,
    Sacrifice::Everything,
];

impl Pack {
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
            if pieces <= budget && pieces + self.tokens_of_the_rest() <= budget {
                // Lines add up but for a rare one, so the whole has the last word.
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
        if self.bare {
            return 0;
        }
        let lists = self.lists.iter().flatten().map(|piece| piece.tokens);
        let detail = self.detail.iter().map(|(_, piece)| piece.tokens);
        let runbooks = self.runbooks.iter().map(RunbookPiece::tokens);
        let single = self.site.iter().chain(&self.incident).map(|one| one.tokens);
        lists.chain(detail).chain(runbooks).chain(single).sum()
    }

    /// What the text costs without its pieces.
    fn tokens_of_the_rest(&self) -> usize {
        let (system, user) = self.text_around(false);
        cost(&system, &user)
    }

    /// One sacrifice in the stated order; false when nothing is left to give up.
    fn give_up_one(&mut self, dropped: &mut Dropped) -> bool {
        ORDER.iter().any(|what| self.give_up(*what, dropped))
    }

    /// Gives up this one thing; false where it is gone.
    fn give_up(&mut self, what: Sacrifice, dropped: &mut Dropped) -> bool {
        match what {
            Sacrifice::Oldest(list, kept) => {
                let pieces = self.list_mut(list);
                if pieces.len() <= kept {
                    return false;
                }
                pieces.pop();
                let (key, _, unit) = list.words();
                dropped.count(key, unit);
            }
            Sacrifice::LesserRunbook if self.runbooks.len() < 2 => return false,
            Sacrifice::LesserRunbook | Sacrifice::FirstRunbook => {
                let Some(runbook) = self.runbooks.pop() else {
                    return false;
                };
                dropped.note(format!("runbook {}", runbook.runbook.id));
            }
            Sacrifice::Step => return self.give_up_step(dropped),
            Sacrifice::Field => {
                let Some((key, piece)) = self.detail.pop() else {
                    return false;
                };
                self.give_up_field(key, piece, dropped);
            }
            Sacrifice::Site => return dropped.taken(self.site.take().as_ref(), "site"),
            Sacrifice::Incident => return dropped.taken(self.incident.take().as_ref(), "incident"),
            Sacrifice::EndOfSummary => {
                let Some(Value::String(summary)) = self.signal.get_mut("summary") else {
                    return false;
                };
                if !shorten(summary, SHORT_SUMMARY) {
                    return false;
                }
                dropped.note("end of the summary".to_owned());
            }
            Sacrifice::Everything if self.bare => return false,
            Sacrifice::Everything => {
                self.bare = true;
                dropped.note("all outside text of the prompt".to_owned());
            }
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

    /// Notes that something is gone, unless it was before.
    fn taken(&mut self, piece: Option<&Piece>, what: &str) -> bool {
        if piece.is_some() {
            self.note(what.to_owned());
        }
        piece.is_some()
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
