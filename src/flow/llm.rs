//! The context pack of one signal: the fixed questions to the database that it is made from.

use crate::domain::context::{Context, Input};
use crate::domain::incident::timeline::{self, Entry};
use crate::domain::incident::{EventKind, Incident};
use crate::domain::matching::SignalView;
use crate::domain::run::Episode;
use crate::domain::signal::Signal;
use crate::flow::catalogue::Catalogue;
use crate::flow::runs;
use crate::store::signals::Filter;
use crate::store::{Db, StoreError, incident_events, incidents, signals, sites};

/// Entries of the timeline that are looked at.
const TIMELINE: usize = 20;
/// Earlier episodes that are looked at.
const HISTORY: usize = 5;
/// Other signals of the site, and signals of changes, that are looked at.
const RELATED: usize = 20;
const HOUR_MS: i64 = 60 * 60 * 1000;
/// How far around the signal other signals of its site count as related.
const RELATED_MS: i64 = HOUR_MS;
/// How far before the signal a change counts as recent.
const CHANGES_MS: i64 = 24 * HOUR_MS;

/// Packs what is known about a signal. `boundary` fences outside text and has to be random.
/// `None` where there is no such signal.
///
/// # Errors
/// The database refuses.
pub fn context(
    db: &Db,
    catalogue: &Catalogue,
    (signal_id, budget): (i64, usize),
    boundary: &str,
) -> Result<Option<Context>, StoreError> {
    let Some(signal) = signals::get(db, signal_id)? else {
        return Ok(None);
    };
    let site = sites::get(db, &signal.site_id)?;
    let incident = match signal.incident_id {
        Some(id) => incidents::get(db, id)?,
        None => None,
    };
    let (related, changes) = surroundings(db, &signal)?;
    let matches = catalogue.matcher().match_signal(&SignalView::from(&signal));
    Ok(Some(Context::new(&Input {
        integrations: site.as_ref().map_or(&[], |site| &site.integrations),
        site: site.as_ref(),
        matches: &matches,
        runbooks: catalogue.all(),
        timeline: &timeline_of(db, &signal, incident.as_ref())?,
        history: &history_of(db, &signal)?,
        incident: incident.as_ref(),
        related: &related,
        changes: &changes,
        boundary,
        budget,
        signal: &signal,
    })))
}

/// What happened to the incident, or else the earlier signals of the problem; newest first.
fn timeline_of(
    db: &Db,
    signal: &Signal,
    incident: Option<&Incident>,
) -> Result<Vec<Entry>, StoreError> {
    let mut events = Vec::new();
    let mut earlier = match incident {
        Some(incident) => {
            events = incident_events::of(db, incident.id, TIMELINE)?;
            signals::of_incident(db, (&signal.fingerprint, incident.id), TIMELINE)?
        }
        None => signals::of_fingerprint(db, &signal.fingerprint, TIMELINE + 1)?,
    };
    // No model is told what another said: it would believe itself.
    events.retain(|event| event.kind != EventKind::Answer);
    if incident.is_none() {
        earlier.retain(|other| other.id != signal.id);
    }
    let mut entries = timeline::weave(events, &earlier);
    entries.reverse();
    entries.truncate(TIMELINE);
    Ok(entries)
}

/// Earlier episodes of the problem that are over, and what fixed them; newest first.
fn history_of(db: &Db, signal: &Signal) -> Result<Vec<Episode>, StoreError> {
    let mut over = runs::history_of(db, &signal.fingerprint, HISTORY + 1)?;
    over.retain(|episode| Some(episode.incident_id) != signal.incident_id);
    over.truncate(HISTORY);
    Ok(over)
}

/// Other signals of the site around this one, and changes before it; newest first.
fn surroundings(db: &Db, signal: &Signal) -> Result<(Vec<Signal>, Vec<Signal>), StoreError> {
    let around = signal.happened_at();
    let nearby = Filter {
        site: Some(signal.site_id.clone()),
        since: Some(around.plus_millis(-RELATED_MS)),
        until: Some(around.plus_millis(RELATED_MS)),
        ..Filter::default()
    };
    let before = (around.plus_millis(-CHANGES_MS), around);
    let mut changes = signals::changes_between(db, &signal.site_id, before, RELATED + 1)?;
    changes.retain(|change| change.fingerprint != signal.fingerprint);
    let mut related = signals::newest(db, &nearby, RELATED + 1)?;
    related.retain(|other| {
        other.fingerprint != signal.fingerprint && !changes.iter().any(|c| c.id == other.id)
    });
    Ok((related, changes))
}
