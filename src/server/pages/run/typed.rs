//! What somebody typed into a form that was not taken, and why it was not.

use jiff::tz::TimeZone;

use super::marks::{MarkView, who};
use super::{VALUE, field};
use crate::domain::run::{Outcome, Refusal, Run, RunStep};
use crate::domain::text::shown_lines;
use crate::domain::timestamp::Timestamp;

/// What was typed.
#[derive(Clone, Default)]
pub(super) struct Typed {
    pub(super) note: Option<String>,
    pub(super) output: Option<String>,
    pub(super) values: Vec<(String, String)>,
    pub(super) outcome: Option<Outcome>,
    pub(super) what_fixed_it: String,
}

impl Typed {
    pub(super) fn of_step(pairs: &[(String, String)]) -> Self {
        let values = pairs
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(VALUE)?.to_owned(), value.clone())))
            .collect();
        Self {
            note: field(pairs, "note").map(str::to_owned),
            output: field(pairs, "output").map(str::to_owned),
            values,
            ..Self::default()
        }
    }

    /// All that a person wrote, to be copied from the page.
    pub(super) fn texts(&self) -> Vec<String> {
        let texts = [self.note.as_deref(), self.output.as_deref()];
        let texts = texts
            .into_iter()
            .flatten()
            .chain([self.what_fixed_it.as_str()]);
        texts
            .filter(|text| !text.trim().is_empty())
            .map(shown_lines)
            .collect()
    }
}

/// Why a form was not taken.
pub(super) struct Notice {
    pub(super) words: String,
    /// What somebody else made of the step meanwhile.
    pub(super) theirs: Option<MarkView>,
}

impl Notice {
    pub(super) fn plain(words: &str) -> Self {
        Self {
            words: words.to_owned(),
            theirs: None,
        }
    }

    pub(super) fn of(refusal: &Refusal, run: &Run, when: (Timestamp, &TimeZone)) -> Self {
        let mark = match refusal {
            Refusal::Stale(step) => run
                .steps
                .get(step.saturating_sub(1))
                .and_then(RunStep::mark),
            _ => None,
        };
        match mark {
            Some(mark) => Self {
                words: format!(
                    "{} marked this step {} while you were writing. Nothing of yours is saved yet: it stands below. Save it again to let yours count; theirs is kept beside it.",
                    who(&mark.by),
                    mark.state.as_str()
                ),
                theirs: Some(MarkView::of(&mark, when)),
            },
            None => Self::plain(&match refusal {
                Refusal::Over(state) => format!(
                    "The run is {} and no longer changes. What you wrote stands below, so that you can copy it.",
                    state.as_str()
                ),
                other => format!("Not saved: {other}. What you wrote stands below."),
            }),
        }
    }
}
