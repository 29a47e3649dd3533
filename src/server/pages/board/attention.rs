//! The board's first section: what needs somebody now, whatever the board's window is.

use crate::domain::timestamp::Timestamp;
use crate::flow::incident_lists::{Attention, Counts};
use crate::flow::signal_list::Query;
use crate::server::pages::incident::{LineView, lines};
use crate::server::state::AppState;

pub(super) struct AttentionView {
    pub(super) lines: Vec<LineView>,
    pub(super) left_out: u64,
    pub(super) counts: Counts,
    /// Only some site or severity is asked for.
    pub(super) narrowed: bool,
    /// Open ones that are of another site or severity.
    pub(super) elsewhere: u64,
    /// Lists of incidents, by state.
    pub(super) all: String,
    pub(super) acknowledged: String,
    pub(super) snoozed: String,
    pub(super) resolved: String,
}

/// The beginning of yesterday, where people are.
pub(super) fn yesterday(state: &AppState, now: Timestamp) -> Timestamp {
    now.at_hour((-1, 0), &state.config.timezone)
}

pub(super) fn view(
    state: &AppState,
    query: &Query,
    found: Attention,
    names: &[(String, String)],
    now: Timestamp,
) -> AttentionView {
    let list = |more: &[(&str, String)]| {
        let mut pairs = more.to_vec();
        pairs.extend(query.site.iter().map(|site| ("site", site.clone())));
        let severity = query.severity.iter();
        pairs.extend(severity.map(|severity| ("severity", severity.as_str().to_owned())));
        match serde_urlencoded::to_string(&pairs) {
            Ok(text) if !text.is_empty() => state.link(&format!("/incidents?{text}")),
            _ => state.link("/incidents"),
        }
    };
    let in_state = |word: &str| list(&[("state", word.to_owned())]);
    AttentionView {
        left_out: found.left_out,
        counts: found.counts,
        narrowed: query.site.is_some() || query.severity.is_some(),
        elsewhere: found.open_anywhere.saturating_sub(found.counts.open),
        all: list(&[]),
        acknowledged: in_state("acknowledged"),
        snoozed: in_state("snoozed"),
        resolved: list(&[
            ("state", "resolved".to_owned()),
            ("since", yesterday(state, now).to_string()),
        ]),
        lines: lines(state, found.lines, names, now),
    }
}
