//! A signal is stored, and does to the incident of its problem what `domain::incident::lifecycle`
//! says: all within the transaction of its caller.

use crate::domain::actor::{Actor, ActorKind};
use crate::domain::incident::lifecycle::{self, Observation, Step};
use crate::domain::incident::{Event, EventKind, Incident, Resolution, Resolved, State};
use crate::domain::severity::Severity;
use crate::domain::signal::{ReceivedSignal, Signal, Status};
use crate::store::{Db, StoreError, incident_events, incidents, signals, sites};

/// Stores a signal, with its site where that is new, and moves its incident.
///
/// # Errors
/// The database refuses.
pub fn store(db: &Db, received: ReceivedSignal) -> Result<Signal, StoreError> {
    let mut signal = received.stored_as(0);
    sites::ensure(db, &signal.site_id, signal.received_at)?;
    if signal.is_heartbeat() {
        signal.id = signals::insert(db, &signal)?;
        return Ok(signal);
    }
    if signal.status == Status::Firing
        && let Some(incident_id) = incidents::repeated_by(db, &signal)?
    {
        signal.incident_id = Some(incident_id);
        signal.id = signals::insert(db, &signal)?;
        incidents::count_repeat(db, incident_id, &signal)?;
        return Ok(signal);
    }
    let seen = Observation::of(&signal);
    let is_note = seen.status == Status::Firing && !seen.is_problem();
    if is_note && incidents::unresolved_of(db, &signal.fingerprint)?.is_none() {
        // It opens nothing and ends nothing, whatever was before: most notes are done here.
        signal.id = signals::insert(db, &signal)?;
        return Ok(signal);
    }
    let latest = incidents::latest_of(db, &signal.fingerprint)?;
    let newest = match &latest {
        // Every later observation belongs to it.
        Some(incident) if incident.is_unresolved() => Some(Observation {
            at: incident.last_seen_at,
            status: Status::Firing,
            severity: incident.severity,
        }),
        _ => signals::newest_observation(db, &signal.fingerprint)?,
    };
    let mut step = lifecycle::step(latest.as_ref(), newest, seen);
    if step == Step::Late {
        let after = signals::observed_after(db, &signal.fingerprint, seen.at)?;
        step = lifecycle::late(latest.as_ref(), after, seen);
    }
    match (step, latest) {
        (Step::Open, latest) => open(db, &mut signal, latest, newest)?,
        (Step::Reopen, Some(incident)) => reopen(db, &mut signal, incident, newest)?,
        (Step::Observe, Some(incident)) => observe(db, &mut signal, incident)?,
        (Step::Resolve, Some(incident)) => resolve(db, &mut signal, incident)?,
        (Step::Attach, Some(mut incident)) => {
            let opened_at = incident.opened_at;
            belongs(db, &mut signal, &mut incident)?;
            if incident.opened_at == opened_at {
                incidents::save_news(db, &incident)?;
            } else {
                incidents::save(db, &incident)?;
            }
        }
        _ => signal.id = signals::insert(db, &signal)?,
    }
    Ok(signal)
}

/// Who says so, for what a signal brought about.
fn sender(signal: &Signal) -> Actor {
    Actor::new(ActorKind::Source, signal.source.clone())
}

/// Stores the signal as one of the incident's.
fn belongs(db: &Db, signal: &mut Signal, incident: &mut Incident) -> Result<(), StoreError> {
    signal.incident_id = Some(incident.id);
    signal.id = signals::insert(db, signal)?;
    incident.count_in(signal);
    Ok(())
}

/// The severity of what it opened with: of a newer note, where one came before it.
fn severity_of(signal: &Signal, newest: Option<Observation>) -> Severity {
    match newest {
        Some(newest) if newest.at > signal.happened_at() => newest.severity,
        _ => signal.severity,
    }
}

fn open(
    db: &Db,
    signal: &mut Signal,
    latest: Option<Incident>,
    newest: Option<Observation>,
) -> Result<(), StoreError> {
    let at = signal.happened_at();
    if let Some(earlier) = latest {
        let openings = openings(db, signal)?;
        if lifecycle::flaps(&openings, at) {
            return reopen(db, signal, earlier, newest);
        }
        return open_after(db, signal, Some(earlier.id), newest);
    }
    open_after(db, signal, None, newest)
}

fn open_after(
    db: &Db,
    signal: &mut Signal,
    previous_id: Option<i64>,
    newest: Option<Observation>,
) -> Result<(), StoreError> {
    let mut incident = new_incident(signal, previous_id, severity_of(signal, newest));
    incident.id = incidents::insert(db, &incident)?;
    signal.incident_id = Some(incident.id);
    signal.id = signals::insert(db, signal)?;
    incident.first_signal_id = Some(signal.id);
    incident.last_signal_id = Some(signal.id);
    if let Some(newest) = newest {
        incident.last_seen_at = incident.last_seen_at.max(newest.at);
    }
    incidents::save_news(db, &incident)?;
    let opened = Event {
        signal_id: Some(signal.id),
        ..Event::new(EventKind::Opened, sender(signal), signal.happened_at())
    };
    incident_events::add(db, incident.id, &opened)?;
    Ok(())
}

fn new_incident(signal: &Signal, previous_id: Option<i64>, severity: Severity) -> Incident {
    let at = signal.happened_at();
    Incident {
        id: 0,
        site_id: signal.site_id.clone(),
        kind: signal.kind.clone(),
        summary: signal.summary.clone(),
        source: signal.source.clone(),
        agent_id: signal.agent_id.clone(),
        dedup_key: signal.dedup_key.clone(),
        fingerprint: signal.fingerprint.clone(),
        fingerprint_of: signal.fingerprint_of.clone(),
        severity,
        worst_severity: signal.severity.max(severity),
        state: State::Open,
        opened_at: at,
        last_seen_at: at,
        confirmed_at: None,
        expires_at: signal.expires_at,
        count: 1,
        openings: 1,
        flapping: false,
        previous_id,
        runbook_id: signal.runbook_id.clone(),
        first_signal_id: None,
        last_signal_id: None,
        acknowledged: None,
        snoozed: None,
        resolved: None,
        folded_under: None,
        folds: Vec::new(),
        demo: signal.demo,
    }
}

fn openings(
    db: &Db,
    signal: &Signal,
) -> Result<Vec<crate::domain::timestamp::Timestamp>, StoreError> {
    let since = signal.happened_at().plus_millis(-lifecycle::DAY_MS);
    incident_events::openings(db, &signal.fingerprint, since)
}

fn reopen(
    db: &Db,
    signal: &mut Signal,
    mut incident: Incident,
    newest: Option<Observation>,
) -> Result<(), StoreError> {
    let at = signal.happened_at();
    let flaps = lifecycle::flaps(&openings(db, signal)?, at);
    belongs(db, signal, &mut incident)?;
    let by = sender(signal);
    let reopened = incident.reopen(&by, None, at);
    incident.observe(signal, &by);
    incident.severity = severity_of(signal, newest);
    let newly_flapping = flaps && !incident.flapping;
    incident.flapping |= flaps;
    incidents::save(db, &incident)?;
    if let Some(mut event) = reopened {
        event.signal_id = Some(signal.id);
        incident_events::add(db, incident.id, &event)?;
    }
    if newly_flapping {
        let event = Event::new(EventKind::Flapping, Actor::program(), at);
        incident_events::add(db, incident.id, &event)?;
    }
    Ok(())
}

fn observe(db: &Db, signal: &mut Signal, mut incident: Incident) -> Result<(), StoreError> {
    let state = incident.state;
    belongs(db, signal, &mut incident)?;
    let by = sender(signal);
    let event = incident.observe(signal, &by);
    if incident.state == state {
        incidents::save_news(db, &incident)?;
    } else {
        incidents::save(db, &incident)?;
    }
    if let Some(event) = event {
        incident_events::add(db, incident.id, &event)?;
    }
    Ok(())
}

fn resolve(db: &Db, signal: &mut Signal, mut incident: Incident) -> Result<(), StoreError> {
    belongs(db, signal, &mut incident)?;
    let event = incident.resolve(Resolved {
        at: signal.happened_at(),
        reason: Resolution::BySource,
        by: sender(signal),
        note: None,
    });
    incidents::save(db, &incident)?;
    if let Some(mut event) = event {
        event.signal_id = Some(signal.id);
        incident_events::add(db, incident.id, &event)?;
    }
    Ok(())
}
