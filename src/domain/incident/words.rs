//! An incident in words, as pages and terminals say it. Names and notes come from outside and are
//! made fit to be shown here.

use jiff::tz::TimeZone;

use super::timeline::Entry;
use super::{EventKind, Incident, Resolution, State};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;

/// Who it was: `anna`, `anna (command line)`, `ci (token)`, `Atlas Ops`.
pub fn who(actor: &Actor) -> String {
    let name = shown(&actor.name);
    match actor.kind {
        ActorKind::Person => name,
        ActorKind::Cli => format!("{name} (command line)"),
        ActorKind::Token => format!("{name} (token)"),
        ActorKind::Source => format!("{name} (sender)"),
        ActorKind::Model => format!("{name} (model)"),
        ActorKind::Program => "Atlas Ops".to_owned(),
    }
}

/// Where it stands and through whom, without the time: `acknowledged by anna`,
/// `snoozed by anna until Tue 24 Nov, 08:00`, `resolved by its source`.
pub fn standing(incident: &Incident, zone: &TimeZone) -> String {
    let Incident {
        state,
        acknowledged,
        snoozed,
        resolved,
        ..
    } = incident;
    match (state, acknowledged, snoozed, resolved) {
        (State::Acknowledged, Some(mark), _, _) => format!("acknowledged by {}", who(&mark.by)),
        (State::Snoozed, _, Some(mark), _) => format!(
            "snoozed by {} until {}",
            who(&mark.by),
            mark.until.headline(zone)
        ),
        (State::Resolved, _, _, Some(mark)) if mark.reason == Resolution::ByPerson => {
            format!("resolved by {}", who(&mark.by))
        }
        (State::Resolved, _, _, Some(mark)) => mark.reason.in_words().to_owned(),
        _ => state.as_str().to_owned(),
    }
}

/// Since when it stands as it does: the second half of [`standing`].
pub fn stands_since(incident: &Incident) -> Timestamp {
    let taken = incident.acknowledged.as_ref().map(|mark| mark.at);
    let put_off = incident.snoozed.as_ref().map(|mark| mark.at);
    let over = incident.resolved.as_ref().map(|mark| mark.at);
    match incident.state {
        State::Open => None,
        State::Acknowledged => taken,
        State::Snoozed => put_off,
        State::Resolved => over,
    }
    .unwrap_or(incident.opened_at)
}

/// What somebody said when they brought it to where it stands.
pub fn standing_note(incident: &Incident) -> Option<&str> {
    match incident.state {
        State::Open => None,
        State::Acknowledged => incident.acknowledged.as_ref()?.note.as_deref(),
        State::Snoozed => incident.snoozed.as_ref()?.note.as_deref(),
        State::Resolved => incident.resolved.as_ref()?.note.as_deref(),
    }
}

/// What happened, without who and when: `got worse, from warning to critical`.
pub fn deed(entry: &Entry, zone: &TimeZone) -> String {
    let known = |name: &str| {
        let value = entry.data.as_ref()?.get(name)?.as_str()?;
        Some(shown(value))
    };
    let change = match (known("from"), known("to")) {
        (Some(from), Some(to)) => format!(", from {from} to {to}"),
        _ => String::new(),
    };
    let Some(kind) = EventKind::parse(entry.kind) else {
        return "signal".to_owned();
    };
    match kind {
        EventKind::Opened => "opened".to_owned(),
        EventKind::Reopened => "opened again".to_owned(),
        EventKind::Worsened => format!("got worse{change}"),
        EventKind::Eased => format!("eased{change}"),
        EventKind::Acknowledged => "acknowledged".to_owned(),
        EventKind::Snoozed => match known("until").as_deref().and_then(Timestamp::parse) {
            Some(until) => format!("snoozed until {}", until.headline(zone)),
            None => "snoozed".to_owned(),
        },
        EventKind::Woke => "the snooze is over".to_owned(),
        EventKind::Resolved => match known("reason").as_deref().and_then(Resolution::parse) {
            None | Some(Resolution::ByPerson) => "resolved".to_owned(),
            Some(reason) => reason.in_words().to_owned(),
        },
        EventKind::Flapping => "marked as flapping".to_owned(),
        EventKind::Note => "note".to_owned(),
        EventKind::Answer => "answer of a model".to_owned(),
        EventKind::RunStarted => about_runbook("began to walk through", known("title")),
        EventKind::RunFinished => about_runbook("finished", known("title")),
    }
}

fn about_runbook(did: &str, title: Option<String>) -> String {
    match title {
        Some(title) => format!("{did} {title}"),
        None => format!("{did} a runbook"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entry(kind: EventKind, data: Value) -> Entry {
        Entry {
            id: Some(1),
            at: Timestamp::from_millis(0),
            kind: kind.as_str(),
            actor: Actor::program(),
            signal_id: None,
            signal: None,
            note: None,
            data: Some(data),
        }
    }

    #[test]
    fn every_kind_of_event_has_words_of_its_own() {
        let said: Vec<String> = EventKind::ALL
            .into_iter()
            .map(|kind| deed(&entry(kind, json!({})), &TimeZone::UTC))
            .collect();
        let mut once = said.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), said.len(), "{said:?}");
        assert!(said.iter().all(|words| !words.contains('_')), "{said:?}");
    }

    #[test]
    fn what_is_known_of_an_event_is_said() {
        let said = |kind, data| deed(&entry(kind, data), &TimeZone::UTC);
        assert_eq!(
            said(
                EventKind::Worsened,
                json!({"from": "warning", "to": "critical"})
            ),
            "got worse, from warning to critical"
        );
        assert_eq!(
            said(EventKind::Snoozed, json!({"until": "2026-11-24T08:00:00Z"})),
            "snoozed until Tue 24 Nov, 08:00"
        );
        assert_eq!(
            said(EventKind::Resolved, json!({"reason": "expired"})),
            "expired without news"
        );
    }

    #[test]
    fn who_did_it_is_told_from_what_is_called_alike() {
        let said = |kind| who(&Actor::new(kind, "anna\u{202e}"));
        assert_eq!(said(ActorKind::Person), "anna\u{fffd}");
        assert_eq!(said(ActorKind::Cli), "anna\u{fffd} (command line)");
        assert_eq!(said(ActorKind::Token), "anna\u{fffd} (token)");
        assert_eq!(said(ActorKind::Program), "Atlas Ops");
    }
}
