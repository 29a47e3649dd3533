//! Incidents as they are read, and what people do to them.

use crate::domain::actor::Actor;
use crate::domain::incident::timeline::{self, Entry};
use crate::domain::incident::{Event, EventKind, Incident, Refusal, State, folding};
use crate::domain::redact;
use crate::domain::timestamp::Timestamp;
use crate::store::incidents::Filter;
use crate::store::{Db, StoreError, incident_events, incidents, signals};

/// Most unresolved incidents that are looked at for what hangs on what.
const FOLDED: usize = 2000;
/// Most events, and most signals, of one timeline.
const TIMELINE: usize = 200;

/// Incidents that pass the filter, the newest opened first, with what hangs on what.
///
/// # Errors
/// The database refuses.
pub fn list(db: &Db, filter: &Filter, limit: usize) -> Result<Vec<Incident>, StoreError> {
    let mut found = incidents::newest(db, filter, limit)?;
    if found.iter().any(Incident::is_unresolved) {
        let all = unresolved(db)?;
        for incident in &mut found {
            fold_as_in(incident, &all);
        }
    }
    Ok(found)
}

/// All that are unresolved, with what hangs on what, the newest opened first.
///
/// # Errors
/// The database refuses.
pub fn unresolved(db: &Db) -> Result<Vec<Incident>, StoreError> {
    let mut all = incidents::newest(db, &Filter::unresolved(), FOLDED)?;
    folding::fold(&mut all);
    Ok(all)
}

fn fold_as_in(incident: &mut Incident, all: &[Incident]) {
    if let Some(folded) = all.iter().find(|known| known.id == incident.id) {
        incident.folded_under = folded.folded_under;
        incident.folds.clone_from(&folded.folds);
    }
}

/// One incident, and everything that happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The incident.
    pub incident: Incident,
    /// Its newest events and signals, oldest first.
    pub timeline: Vec<Entry>,
    /// How many of its signals the timeline does not show.
    pub signals_left_out: u64,
}

/// One incident with its timeline; `None` where there is none.
///
/// # Errors
/// The database refuses.
pub fn show(db: &Db, id: i64) -> Result<Option<Shown>, StoreError> {
    let Some(mut incident) = incidents::get(db, id)? else {
        return Ok(None);
    };
    if incident.is_unresolved() {
        fold_as_in(&mut incident, &unresolved(db)?);
    }
    let events = incident_events::of(db, id, TIMELINE)?;
    let signals = signals::of_incident(db, (&incident.fingerprint, id), TIMELINE)?;
    Ok(Some(Shown {
        signals_left_out: incident.count.saturating_sub(signals.len() as u64),
        timeline: timeline::weave(events, &signals),
        incident,
    }))
}

/// What a person does to an incident. Notes are what they wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Takes it on.
    Acknowledge(Option<String>),
    /// Puts it off until a time.
    Snooze(Timestamp, Option<String>),
    /// Says that it is over.
    Resolve(Option<String>),
    /// Opens it again.
    Reopen(Option<String>),
    /// Writes something.
    Note(String),
}

impl Act {
    /// The same, with secrets taken out of what was written.
    fn redacted(mut self) -> Self {
        let note = match &mut self {
            Self::Acknowledge(note)
            | Self::Snooze(_, note)
            | Self::Resolve(note)
            | Self::Reopen(note) => note.as_mut(),
            Self::Note(note) => Some(note),
        };
        if let Some(note) = note {
            redact::redact_string(note);
        }
        self
    }
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There is no such incident.
    Missing,
    /// It may not be done.
    Refused(Refusal),
    /// It is done, or was before: the incident as it is now.
    Done(Box<Incident>),
}

/// Does what a person asks for and writes it into the timeline, within the caller's transaction.
///
/// # Errors
/// The database refuses.
pub fn act(db: &Db, id: i64, act: Act, by: &Actor, now: Timestamp) -> Result<Outcome, StoreError> {
    let Some(mut incident) = incidents::get(db, id)? else {
        return Ok(Outcome::Missing);
    };
    let done = match act.redacted() {
        Act::Acknowledge(note) => incident.acknowledge(by, note, now),
        Act::Snooze(until, note) => incident.snooze(by, (until, note), now),
        Act::Resolve(note) => Ok(incident.resolve_by(by, note, now)),
        Act::Reopen(note) => match other_unresolved(db, &incident)? {
            Some(other) => Err(Refusal::Superseded(other)),
            None => Ok(incident.reopen(by, note, now)),
        },
        Act::Note(note) => Ok(Some(Event {
            note: Some(note),
            ..Event::new(EventKind::Note, by.clone(), now)
        })),
    };
    match done {
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
        Ok(None) => {}
        Ok(Some(event)) => {
            incidents::save(db, &incident)?;
            incident_events::add(db, id, &event)?;
        }
    }
    Ok(Outcome::Done(Box::new(incident)))
}

fn other_unresolved(db: &Db, incident: &Incident) -> Result<Option<i64>, StoreError> {
    let latest = incidents::latest_of(db, &incident.fingerprint)?;
    Ok(latest
        .filter(|latest| latest.id != incident.id && latest.state != State::Resolved)
        .map(|latest| latest.id))
}
