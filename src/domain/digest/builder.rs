//! Adds a digest up from incidents, signals and agents, one at a time: what it holds is bounded,
//! whatever comes.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};

use super::{
    Backup, Closed, Device, Digest, EPISODES_MS, Headline, LIMIT, LeftOut, Opened, Problem,
    Recurring, SilentAgent, Standing, StillOpen, clipped, standing,
};
use crate::domain::agent::{Agent, is_silent};
use crate::domain::incident::{Event, EventKind, Incident, State};
use crate::domain::order;
use crate::domain::severity::Severity;
use crate::domain::signal::Status;
use crate::domain::timestamp::Timestamp;

/// What a digest is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The date it goes by.
    pub date: String,
    /// The zone of the date.
    pub timezone: String,
    /// First moment.
    pub from: Timestamp,
    /// The moment after the last.
    pub to: Timestamp,
    /// Whether the day is over.
    pub complete: bool,
}

/// A list that keeps the first [`LIMIT`] of its order and counts all.
#[derive(Debug)]
struct First<T> {
    items: Vec<T>,
    count: u64,
    order: fn(&T, &T) -> Ordering,
}

impl<T> First<T> {
    fn by(order: fn(&T, &T) -> Ordering) -> Self {
        Self {
            items: Vec::new(),
            count: 0,
            order,
        }
    }

    fn push(&mut self, item: T) {
        self.items.push(item);
        self.count += 1;
        if self.items.len() >= 2 * LIMIT {
            self.settle();
        }
    }

    fn settle(&mut self) {
        order::sort_by(&mut self.items, self.order);
        self.items.truncate(LIMIT);
    }

    /// The list, and how many it leaves out.
    fn finish(mut self) -> (Vec<T>, u64) {
        self.settle();
        let left_out = self.count - self.items.len() as u64;
        (self.items, left_out)
    }
}

/// Something a signal said of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// What is told of it.
    pub device: Device,
    /// Names the condition.
    pub fingerprint: String,
    /// Whether it holds.
    pub status: Status,
}

/// A digest in the making.
#[derive(Debug)]
pub struct Builder {
    span: Span,
    headline: Headline,
    opened: First<Opened>,
    resolved: First<Closed>,
    recurring: First<Recurring>,
    recurred: HashSet<String>,
    still_open: First<StillOpen>,
    sightings: HashMap<String, Sighting>,
    silent: First<SilentAgent>,
}

impl Builder {
    /// Nothing yet.
    pub fn new(span: Span) -> Self {
        Self {
            span,
            headline: Headline::default(),
            opened: First::by(|a, b| {
                worst_first(&a.problem, &b.problem)
                    .then(b.at.cmp(&a.at))
                    .then(a.problem.id.cmp(&b.problem.id))
            }),
            resolved: First::by(|a, b| b.at.cmp(&a.at).then(a.problem.id.cmp(&b.problem.id))),
            recurring: First::by(|a, b| {
                b.episodes
                    .cmp(&a.episodes)
                    .then_with(|| worst_first(&a.problem, &b.problem))
                    .then(a.problem.id.cmp(&b.problem.id))
            }),
            recurred: HashSet::new(),
            still_open: First::by(|a, b| {
                let taken = |one: &StillOpen| one.state != State::Open;
                worst_first(&a.problem, &b.problem)
                    .then(taken(a).cmp(&taken(b)))
                    .then(b.since.cmp(&a.since))
                    .then(a.problem.id.cmp(&b.problem.id))
            }),
            sightings: HashMap::new(),
            silent: First::by(|a, b| {
                let key = |one: &SilentAgent| (Reverse(one.last_seen), one.id.clone());
                key(a).cmp(&key(b))
            }),
        }
    }

    /// Whether it opened within the span: then its openings of 30 days have to be known.
    pub fn opened_within(&self, events: &[Event]) -> bool {
        self.openings(events).next().is_some()
    }

    /// Adds an incident with its timeline, oldest first. `openings` are those of its problem, this
    /// incident's included.
    pub fn incident(&mut self, incident: &Incident, events: &[Event], openings: &[Timestamp]) {
        let Some(stood) = standing(incident, events, self.span.to) else {
            return;
        };
        let problem = Problem {
            id: incident.id,
            site_id: incident.site_id.clone(),
            kind: incident.kind.clone(),
            summary: clipped(&incident.summary),
            severity: stood.severity,
        };
        let times: Vec<Timestamp> = self.openings(events).map(|event| event.at).collect();
        if let Some(at) = times.first() {
            self.opened.push(Opened {
                problem: problem.clone(),
                at: *at,
                times: u32::try_from(times.len()).unwrap_or(u32::MAX),
                state: stood.state,
            });
            self.recurs(incident, &problem, &stood, openings);
        }
        match &stood.closed {
            Some(_) => self.closed(problem, stood),
            None => self.open(problem, stood, incident.runbook_id.clone()),
        }
    }

    fn openings<'a>(&self, events: &'a [Event]) -> impl Iterator<Item = &'a Event> + use<'a> {
        let (from, to) = (self.span.from, self.span.to);
        events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::Opened | EventKind::Reopened))
            .filter(move |event| from <= event.at && event.at < to)
    }

    fn recurs(
        &mut self,
        incident: &Incident,
        problem: &Problem,
        stood: &Standing,
        openings: &[Timestamp],
    ) {
        let since = self.span.to.plus_millis(-EPISODES_MS);
        let counts = |at: &&Timestamp| since <= **at && **at < self.span.to;
        let episodes = openings.iter().filter(counts).count() as u64;
        if episodes > 1 && self.recurred.insert(incident.fingerprint.clone()) {
            self.recurring.push(Recurring {
                problem: problem.clone(),
                episodes,
                flapping: stood.flapping,
            });
        }
    }

    fn closed(&mut self, problem: Problem, stood: Standing) {
        let Some((reason, mark)) = stood.closed else {
            return;
        };
        if mark.at < self.span.from {
            return;
        }
        let took = mark.at.millis_since(stood.since).max(0);
        self.resolved.push(Closed {
            problem,
            at: mark.at,
            reason,
            by: mark.by,
            note: mark.note,
            acknowledged_by: stood.acknowledged.map(|mark| mark.by),
            minutes: took.unsigned_abs() / 60_000,
        });
    }

    fn open(&mut self, problem: Problem, stood: Standing, runbook_id: Option<String>) {
        match problem.severity {
            Severity::Critical => self.headline.critical += 1,
            Severity::Warning => self.headline.warning += 1,
            Severity::Info => self.headline.info += 1,
        }
        match stood.state {
            State::Acknowledged => self.headline.acknowledged += 1,
            State::Snoozed => self.headline.snoozed += 1,
            State::Open | State::Resolved => {}
        }
        self.still_open.push(StillOpen {
            problem,
            since: stood.since,
            state: stood.state,
            acknowledged: stood.acknowledged,
            snoozed: stood.snoozed,
            snoozed_until: stood.snoozed_until,
            runbook_id,
            flapping: stood.flapping,
        });
    }

    /// Adds what a signal of the span said of a device: the newest of a condition counts.
    pub fn sighting(&mut self, sighting: Sighting) {
        let at = sighting.device.at;
        if at < self.span.from || self.span.to <= at {
            return;
        }
        let key = |sighting: &Sighting| (sighting.device.at, sighting.device.signal_id);
        match self.sightings.get(&sighting.fingerprint) {
            Some(known) if key(known) > key(&sighting) => {}
            _ => {
                let name = sighting.fingerprint.clone();
                self.sightings.insert(name, sighting);
            }
        }
    }

    /// Adds an agent as it was last heard before the span's end.
    pub fn agent(&mut self, agent: &Agent) {
        if agent.first_seen >= self.span.to {
            return;
        }
        self.headline.agents += 1;
        if is_silent(agent.last_seen, agent.interval_seconds, self.span.to) {
            self.silent.push(SilentAgent {
                id: agent.id.clone(),
                site_id: agent.site_id.clone(),
                hostname: clipped(&agent.hostname),
                last_seen: agent.last_seen,
            });
        }
    }

    /// The whole, with the newest backup before the span's end.
    pub fn finish(self, backup: Option<(Timestamp, u64)>, now: Timestamp) -> Digest {
        let newest_first = |a: &Device, b: &Device| (b.at, b.signal_id).cmp(&(a.at, a.signal_id));
        let (mut new, mut gone) = (First::by(newest_first), First::by(newest_first));
        for sighting in self.sightings.into_values() {
            let list = if sighting.device.kind.ends_with("_new") {
                &mut new
            } else {
                &mut gone
            };
            if sighting.status == Status::Firing {
                list.push(sighting.device);
            }
        }
        let headline = Headline {
            opened: self.opened.count,
            resolved: self.resolved.count,
            recurring: self.recurring.count,
            still_open: self.still_open.count,
            new_devices: new.count,
            gone_devices: gone.count,
            silent_agents: self.silent.count,
            ..self.headline
        };
        let mut left_out = LeftOut::default();
        let span = self.span;
        let mut digest = Digest {
            date: span.date,
            timezone: span.timezone,
            from: span.from,
            to: span.to,
            generated_at: now,
            complete: span.complete,
            headline,
            opened: Vec::new(),
            resolved: Vec::new(),
            recurring: Vec::new(),
            still_open: Vec::new(),
            new_devices: Vec::new(),
            gone_devices: Vec::new(),
            silent_agents: Vec::new(),
            backup: backup.map(|(at, bytes)| Backup {
                at,
                bytes,
                age_seconds: span.to.millis_since(at).max(0) / 1000,
            }),
            left_out: LeftOut::default(),
        };
        (digest.opened, left_out.opened) = self.opened.finish();
        (digest.resolved, left_out.resolved) = self.resolved.finish();
        (digest.recurring, left_out.recurring) = self.recurring.finish();
        (digest.still_open, left_out.still_open) = self.still_open.finish();
        (digest.new_devices, left_out.new_devices) = new.finish();
        (digest.gone_devices, left_out.gone_devices) = gone.finish();
        (digest.silent_agents, left_out.silent_agents) = self.silent.finish();
        digest.left_out = left_out;
        digest
    }
}

fn worst_first(a: &Problem, b: &Problem) -> Ordering {
    b.severity.cmp(&a.severity)
}
