//! Where a step stands and who said so, as pages show it.

use jiff::tz::TimeZone;

use crate::domain::actor::{Actor, ActorKind};
use crate::domain::run::{Mark, StepState};
use crate::domain::text::{shown, shown_lines};
use crate::domain::timestamp::Timestamp;
use crate::server::pages::When;

/// Where something stands: never colour alone.
pub(super) struct Stand {
    pub(super) look: &'static str,
    pub(super) icon: &'static str,
    pub(super) word: &'static str,
}

impl Stand {
    pub(super) fn of(state: StepState) -> Self {
        Self {
            look: state.as_str(),
            word: state.as_str(),
            icon: match state {
                StepState::Pending => "○",
                StepState::Done => "✓",
                StepState::Skipped => "–",
                StepState::Failed => "✗",
            },
        }
    }
}

/// One mark, with all that was written.
pub(super) struct MarkView {
    pub(super) stand: Stand,
    pub(super) by: String,
    pub(super) when: When,
    pub(super) note: String,
    pub(super) output: String,
}

impl MarkView {
    pub(super) fn of(mark: &Mark, (now, zone): (Timestamp, &TimeZone)) -> Self {
        Self {
            stand: Stand::of(mark.state),
            by: who(&mark.by),
            when: When::new(mark.at, now, zone),
            note: shown_lines(mark.note.as_deref().unwrap_or_default()),
            output: shown_lines(mark.output.as_deref().unwrap_or_default()),
        }
    }
}

/// Who did something, as a page says it.
pub(super) fn who(actor: &Actor) -> String {
    let name = shown(&actor.name);
    match actor.kind {
        ActorKind::Person => name,
        other => format!("{name} ({})", other.as_str()),
    }
}
