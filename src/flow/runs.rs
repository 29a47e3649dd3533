//! Guided runs: begin or resume one, mark its steps, end it, and what earlier ones tell. Each deed
//! is one transaction; what the incident's timeline is to know of it is written with it.

use std::fmt;

use serde_json::{Value, json};

use crate::domain::actor::Actor;
use crate::domain::incident::{Event, EventKind, Incident, State as IncidentState};
use crate::domain::order;
use crate::domain::run::{
    Episode, MAX_VALUE, NewMark, Outcome, Refusal, Run, RunValue, variables_of,
};
use crate::domain::runbook::Runbook;
use crate::domain::signal::{Signal, Status};
use crate::domain::timestamp::Timestamp;
use crate::domain::variables;
use crate::flow::catalogue::Catalogue;
use crate::store::incidents::Filter;
use crate::store::{Db, StoreError, incident_events, incidents, runs, signals};

/// What a run is begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An incident; its signals fill the values.
    Incident(i64),
    /// A signal: its incident, and its detail before that of others.
    Signal(i64),
}

/// Why a deed is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no such incident.
    NoIncident(i64),
    /// There is no such signal.
    NoSignal(i64),
    /// The signal opened no incident, and a run needs one.
    SignalAlone(i64),
    /// There is no such runbook.
    NoRunbook(String),
    /// The runbook has no steps to walk through.
    NoSteps(String),
    /// There is no such run.
    NoRun(i64),
    /// The run's rules are against it; the run as it is now.
    Rule(Refusal, Box<Run>),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIncident(id) => write!(out, "there is no incident {id}"),
            Self::NoSignal(id) => write!(out, "there is no signal {id}"),
            Self::SignalAlone(id) => write!(
                out,
                "signal {id} belongs to no incident, and a run needs one: only signals of severity warning or critical open incidents"
            ),
            Self::NoRunbook(id) => write!(out, "there is no runbook {id:?}"),
            Self::NoSteps(id) => write!(out, "the runbook {id:?} has no steps to walk through"),
            Self::NoRun(id) => write!(out, "there is no run {id}"),
            Self::Rule(refusal, _) => refusal.fmt(out),
        }
    }
}

/// What was done, or why not; the database's own trouble aside.
pub type Answer<T> = Result<Result<T, Refused>, StoreError>;

/// A run, and whether it began just now; `false` where one was under way already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The run.
    pub run: Run,
    /// Whether it is new.
    pub new: bool,
}

/// Begins to walk through a runbook for an incident, or resumes the run that is under way. The
/// incident may be over.
///
/// # Errors
/// The database refuses.
pub fn start(
    db: &Db,
    catalogue: &Catalogue,
    (about, runbook_id): (About, &str),
    by: &Actor,
    now: Timestamp,
) -> Answer<Started> {
    let (incident, signal) = match about_whom(db, about)? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(id) = runs::active(db, incident.id, runbook_id)?
        && let Some(run) = runs::get(db, id)?
    {
        return Ok(Ok(Started { run, new: false }));
    }
    let Some(runbook) = catalogue.get(runbook_id) else {
        return Ok(Err(Refused::NoRunbook(runbook_id.to_owned())));
    };
    if runbook.steps.is_empty() {
        return Ok(Err(Refused::NoSteps(runbook_id.to_owned())));
    }
    let signals = telling_signals(db, &incident, signal)?;
    let values = values_of(runbook, &signals);
    let signal_id = signals.first().map(|signal| signal.id);
    let mut run = Run::begin(runbook, (incident.id, signal_id), values, by, now);
    run.head.id = runs::insert(db, &run)?;
    let event = Event {
        signal_id,
        data: Some(about_run(&run)),
        ..Event::new(EventKind::RunStarted, by.clone(), now)
    };
    incident_events::add(db, incident.id, &event)?;
    Ok(Ok(Started { run, new: true }))
}

fn about_whom(db: &Db, about: About) -> Answer<(Incident, Option<Signal>)> {
    let (id, signal) = match about {
        About::Incident(id) => (id, None),
        About::Signal(id) => match signals::get(db, id)? {
            None => return Ok(Err(Refused::NoSignal(id))),
            Some(signal) => match signal.incident_id {
                None => return Ok(Err(Refused::SignalAlone(id))),
                Some(incident_id) => (incident_id, Some(signal)),
            },
        },
    };
    Ok(match incidents::get(db, id)? {
        Some(incident) => Ok((incident, signal)),
        None => Err(Refused::NoIncident(id)),
    })
}

/// The signals whose details fill the values, the most telling first: the one it was started from,
/// the newest, the first. One that says that all is well again tells least.
fn telling_signals(
    db: &Db,
    incident: &Incident,
    chosen: Option<Signal>,
) -> Result<Vec<Signal>, StoreError> {
    let mut found: Vec<Signal> = chosen.into_iter().collect();
    for id in [incident.last_signal_id, incident.first_signal_id] {
        if let Some(id) = id
            && found.iter().all(|signal| signal.id != id)
            && let Some(signal) = signals::get(db, id)?
        {
            found.push(signal);
        }
    }
    order::sort_by_key(&mut found, |signal| signal.status == Status::Resolved);
    Ok(found)
}

/// What the signals say about the runbook's variables.
fn values_of(runbook: &Runbook, signals: &[Signal]) -> Vec<RunValue> {
    let of = |name: &str| {
        signals
            .iter()
            .filter_map(|signal| variables::value_of(name, &signal.detail))
            // A longer one is no name of anything, and a person may know better.
            .find(|value| value.chars().count() <= MAX_VALUE)
    };
    variables_of(runbook)
        .into_iter()
        .filter_map(|name| {
            let value = of(&name)?;
            Some(RunValue {
                name,
                value,
                by: None,
                at: None,
            })
        })
        .collect()
}

/// What a timeline's entry says of a run.
fn about_run(run: &Run) -> Value {
    let head = &run.head;
    json!({
        "run_id": head.id,
        "runbook_id": head.runbook_id,
        "title": head.title,
        "outcome": head.outcome,
        "state": head.state,
    })
}

/// Says where a step stands.
///
/// # Errors
/// The database refuses.
pub fn mark_step(
    db: &Db,
    (run_id, index): (i64, usize),
    new: NewMark,
    by: &Actor,
    now: Timestamp,
) -> Answer<Run> {
    let Some(mut run) = runs::get(db, run_id)? else {
        return Ok(Err(Refused::NoRun(run_id)));
    };
    match run.mark(index, new, by, now) {
        Ok(Some(mark)) => runs::add_mark(db, run_id, index, &mark)?,
        Ok(None) => {}
        Err(refusal) => return Ok(Err(Refused::Rule(refusal, Box::new(run)))),
    }
    Ok(Ok(run))
}

/// Says what variables stand for.
///
/// # Errors
/// The database refuses.
pub fn set_values(
    db: &Db,
    run_id: i64,
    given: &[(String, String)],
    by: &Actor,
    now: Timestamp,
) -> Answer<Run> {
    change(db, run_id, |run| run.set_values(given, by, now))
}

/// Ends a run with what it came to, and tells the incident's timeline.
///
/// # Errors
/// The database refuses.
pub fn finish(
    db: &Db,
    run_id: i64,
    (outcome, what_fixed_it): (Outcome, Option<&str>),
    by: &Actor,
    now: Timestamp,
) -> Answer<Run> {
    change(db, run_id, |run| {
        run.finish(outcome, what_fixed_it, by, now)
    })
}

/// Gives a run up, and tells the incident's timeline.
///
/// # Errors
/// The database refuses.
pub fn abandon(db: &Db, run_id: i64, by: &Actor, now: Timestamp) -> Answer<Run> {
    change(db, run_id, |run| run.abandon(by, now))
}

/// Changes a run by an act that says whether it changed anything.
fn change(
    db: &Db,
    run_id: i64,
    act: impl FnOnce(&mut Run) -> Result<bool, Refusal>,
) -> Answer<Run> {
    let Some(mut run) = runs::get(db, run_id)? else {
        return Ok(Err(Refused::NoRun(run_id)));
    };
    match act(&mut run) {
        Ok(true) => runs::save(db, &run)?,
        Ok(false) => return Ok(Ok(run)),
        Err(refusal) => return Ok(Err(Refused::Rule(refusal, Box::new(run)))),
    }
    if let (Some(by), Some(at)) = (&run.head.finished_by, run.head.finished_at) {
        let event = Event {
            note: run.head.what_fixed_it.clone(),
            data: Some(about_run(&run)),
            ..Event::new(EventKind::RunFinished, by.clone(), at)
        };
        incident_events::add(db, run.head.incident_id, &event)?;
    }
    Ok(Ok(run))
}

/// The episodes of a problem that are over, newest first: how each was resolved, which runs were
/// walked to their end, and what fixed it.
///
/// # Errors
/// The database refuses.
pub fn history_of(db: &Db, fingerprint: &str, limit: usize) -> Result<Vec<Episode>, StoreError> {
    let filter = Filter {
        fingerprint: Some(fingerprint.to_owned()),
        states: vec![IncidentState::Resolved],
        ..Filter::default()
    };
    let over = incidents::newest(db, &filter, limit)?;
    let ids: Vec<i64> = over.iter().map(|incident| incident.id).collect();
    let mut walked = runs::finished_of(db, &ids)?;
    Ok(over
        .into_iter()
        .filter_map(|incident| {
            let resolved = incident.resolved?;
            let took = resolved.at.millis_since(incident.opened_at).max(0);
            Some(Episode {
                incident_id: incident.id,
                worst_severity: incident.worst_severity,
                opened_at: incident.opened_at,
                minutes: (took.unsigned_abs() + 30_000) / 60_000,
                resolved,
                runs: walked.remove(&incident.id).unwrap_or_default(),
            })
        })
        .collect())
}
