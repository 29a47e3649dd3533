//! What happened to an incident, as its page shows it: the newest first, with signals that only
//! repeat put together.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::domain::actor::ActorKind;
use crate::domain::incident::timeline::Entry;
use crate::domain::incident::words;
use crate::domain::signal::Status;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::server::pages::When;
use crate::server::pages::mark::Mark;

/// Signals in a row that are all shown; of more, the newest, and the others on demand.
const SHOWN_IN_A_ROW: usize = 3;

/// One thing that happened, or several that are shown on demand.
pub(super) enum Item {
    One(Box<Moment>),
    More(Vec<Moment>),
}

/// One thing that happened.
pub(super) struct Moment {
    /// `signal`, or the kind of event.
    pub(super) kind: &'static str,
    pub(super) when: When,
    pub(super) deed: String,
    pub(super) who: String,
    /// What the signal said, and how bad it was.
    pub(super) said: Option<(Mark, String)>,
    pub(super) signal_id: Option<i64>,
    /// With its line breaks.
    pub(super) note: Option<String>,
    /// A model wrote the note.
    pub(super) by_model: bool,
    /// What it cites and is not there: made up.
    pub(super) made_up: Vec<String>,
}

/// The newest first.
pub(super) fn items(entries: Vec<Entry>, zone: &TimeZone, now: Timestamp) -> Vec<Item> {
    let mut items = Vec::new();
    let mut row: Vec<Moment> = Vec::new();
    for entry in entries.into_iter().rev() {
        // An event has a number, a signal that changed nothing has none.
        if entry.id.is_none() {
            row.push(moment(entry, zone, now));
        } else {
            put(&mut items, &mut row);
            items.push(Item::One(Box::new(moment(entry, zone, now))));
        }
    }
    put(&mut items, &mut row);
    items
}

fn put(items: &mut Vec<Item>, row: &mut Vec<Moment>) {
    let mut row = std::mem::take(row);
    let rest = if row.len() > SHOWN_IN_A_ROW {
        row.split_off(1)
    } else {
        Vec::new()
    };
    items.extend(row.into_iter().map(Box::new).map(Item::One));
    if !rest.is_empty() {
        items.push(Item::More(rest));
    }
}

fn moment(entry: Entry, zone: &TimeZone, now: Timestamp) -> Moment {
    Moment {
        deed: words::deed(&entry, zone),
        kind: entry.kind,
        when: When::new(entry.at, now, zone),
        who: words::who(&entry.actor),
        said: entry.signal.map(|said| {
            let mark = match said.status {
                Status::Resolved => Mark::RESOLVED,
                Status::Firing => Mark::of(said.severity),
            };
            (mark, shown(&said.summary))
        }),
        signal_id: entry.signal_id,
        note: entry.note.as_deref().map(with_line_breaks),
        by_model: entry.actor.kind == ActorKind::Model,
        made_up: made_up(entry.data.as_ref()),
    }
}

/// What a model cited and nobody knows.
fn made_up(data: Option<&Value>) -> Vec<String> {
    let unknown = data.and_then(|data| data.get("unknown")?.as_array());
    let words = unknown.into_iter().flatten().filter_map(Value::as_str);
    words.map(shown).collect()
}

/// A text of several lines, made fit to be shown.
pub(super) fn with_line_breaks(text: &str) -> String {
    text.lines().map(shown).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Actor;

    fn entry(id: Option<i64>, at: i64) -> Entry {
        Entry {
            id,
            at: Timestamp::from_millis(at),
            kind: if id.is_some() { "note" } else { "signal" },
            actor: Actor::program(),
            signal_id: None,
            signal: None,
            note: None,
            data: None,
        }
    }

    fn shape(entries: Vec<Entry>) -> Vec<(&'static str, usize)> {
        items(entries, &TimeZone::UTC, Timestamp::from_millis(0))
            .iter()
            .map(|item| match item {
                Item::One(moment) => (moment.kind, 1),
                Item::More(moments) => ("more", moments.len()),
            })
            .collect()
    }

    #[test]
    fn signals_that_only_repeat_are_put_together_and_none_is_lost() {
        let mut entries = vec![entry(Some(1), 0)];
        entries.extend((1..=3).map(|at| entry(None, at)));
        entries.push(entry(Some(2), 4));
        entries.extend((5..=9).map(|at| entry(None, at)));
        assert_eq!(
            shape(entries),
            [
                ("signal", 1),
                ("more", 4),
                ("note", 1),
                ("signal", 1),
                ("signal", 1),
                ("signal", 1),
                ("note", 1)
            ]
        );
    }
}
