//! A day's digest: kept where it is, made from the rows where it is not, always as things stood at
//! the day's end.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::agent::DEFAULT_INTERVAL_SECONDS;
use crate::domain::day::{self, Day};
use crate::domain::digest::{
    Board, Builder, Digest, EPISODES_MS, Headline, Offer, OpenIncident, SinceYesterday, Span,
    StillOpen, standing,
};
use crate::domain::incident::{Event, Incident, State};
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::suggestion::Suggestion;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::store::{Db, StoreError, agents, digests, incident_events, incidents, signals};

/// Days that are made up for at most.
const MOST_MISSING: i64 = 30;
/// How long after midnight a day is left open for what comes late.
const GRACE_MS: i64 = 5 * 60 * 1000;
/// Entries of a timeline that are read: more than a flapping problem makes in a month.
const MOST_EVENTS: usize = 20_000;

/// The digest of a day; of today, as it is so far. `None` for a day that is ahead, or that nothing
/// is known of.
///
/// # Errors
/// The database refuses.
pub fn for_day(
    db: &Db,
    date: Date,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Option<Digest>, StoreError> {
    let today = day::date_of(now, zone);
    if date > today {
        return Ok(None);
    }
    if date < today {
        if let Some(kept) = digests::get(db, &date.to_string(), &day::name_of(zone))? {
            return Ok(Some(kept));
        }
        if first_day(db, zone)?.is_none_or(|first| date < first) {
            return Ok(None);
        }
    }
    let Some(day) = Day::of(date, zone) else {
        return Ok(None);
    };
    let complete = day.is_over(now);
    let span = Span {
        date: date.to_string(),
        timezone: day::name_of(zone),
        from: day.from,
        to: if complete { day.to } else { now },
        complete,
    };
    build(db, span, now).map(Some)
}

/// What happened since the beginning of yesterday, and how things stand now.
///
/// # Errors
/// The database refuses.
pub fn since_yesterday(db: &Db, zone: &TimeZone, now: Timestamp) -> Result<Digest, StoreError> {
    build(db, span_since_yesterday(zone, now), now)
}

fn span_since_yesterday(zone: &TimeZone, now: Timestamp) -> Span {
    let today = day::date_of(now, zone);
    let from = today
        .yesterday()
        .ok()
        .and_then(|date| Day::of(date, zone))
        .map_or(now, |day| day.from);
    Span {
        date: today.to_string(),
        timezone: day::name_of(zone),
        from,
        to: now,
        complete: false,
    }
}

/// The same in numbers alone, for the head of the board: a few counts, whatever there is.
///
/// # Errors
/// The database refuses.
pub fn head(db: &Db, zone: &TimeZone, now: Timestamp) -> Result<SinceYesterday, StoreError> {
    let span = span_since_yesterday(zone, now);
    let (from, to) = (span.from, span.to);
    let (opened, resolved) = digests::moved_since(db, from)?;
    let mut builder = Builder::new(span);
    digests::each_sighting(db, (from, to), &mut |seen| builder.sighting(seen))?;
    let backup = digests::newest_backup(db, to)?;
    let seen = builder.finish(backup, now);
    let mut headline = Headline {
        opened,
        resolved,
        ..seen.headline
    };
    for (state, severity, count) in incidents::tally(db)? {
        headline.still_open += count;
        match severity {
            Severity::Critical => headline.critical += count,
            Severity::Warning => headline.warning += count,
            Severity::Info => headline.info += count,
        }
        match state {
            State::Acknowledged => headline.acknowledged += count,
            State::Snoozed => headline.snoozed += count,
            State::Open | State::Resolved => {}
        }
    }
    let yesterday = day::date_of(now, zone).yesterday().ok();
    Ok(SinceYesterday {
        headline,
        backup: seen.backup,
        has_yesterday: first_day(db, zone)?.is_some_and(|first| yesterday >= Some(first)),
    })
}

/// Days that are over, are not kept yet, and come after the newest that is: the oldest first, at
/// most 30.
///
/// # Errors
/// The database refuses.
pub fn missing(db: &Db, zone: &TimeZone, now: Timestamp) -> Result<Vec<Date>, StoreError> {
    let settled = day::date_of(now.plus_millis(-GRACE_MS), zone);
    let (Some(first), Ok(last)) = (first_day(db, zone)?, settled.yesterday()) else {
        return Ok(Vec::new());
    };
    let kept = digests::ends(db, &day::name_of(zone))?
        .and_then(|(_, newest)| newest.parse::<Date>().ok()?.tomorrow().ok());
    let earliest = last.saturating_sub((MOST_MISSING - 1).days());
    let mut date = first.max(earliest).max(kept.unwrap_or(Date::MIN));
    let mut dates = Vec::new();
    while date <= last {
        dates.push(date);
        match date.tomorrow() {
            Ok(next) => date = next,
            Err(_) => break,
        }
    }
    Ok(dates)
}

/// The first day that anything is known of, from the rows or from what was kept.
///
/// # Errors
/// The database refuses.
pub fn first_day(db: &Db, zone: &TimeZone) -> Result<Option<Date>, StoreError> {
    let of_rows = digests::first_moment(db)?.map(|moment| day::date_of(moment, zone));
    let kept =
        digests::ends(db, &day::name_of(zone))?.and_then(|(oldest, _)| oldest.parse::<Date>().ok());
    Ok(of_rows.into_iter().chain(kept).min())
}

/// A digest with the runbook for each problem that is open in it.
///
/// # Errors
/// The database refuses.
pub fn board(db: &Db, catalogue: &Catalogue, digest: Digest) -> Result<Board, StoreError> {
    let mut open = Vec::with_capacity(digest.still_open.len());
    for incident in &digest.still_open {
        open.push(OpenIncident {
            runbook: offer(db, catalogue, incident)?,
            incident: incident.clone(),
        });
    }
    Ok(Board { digest, open })
}

/// What fits its newest signal; where that is gone, what fitted best when it came.
fn offer(
    db: &Db,
    catalogue: &Catalogue,
    incident: &StillOpen,
) -> Result<Option<Offer>, StoreError> {
    let row = incidents::get(db, incident.problem.id)?;
    let signal = match row.and_then(|row| row.last_signal_id) {
        Some(id) => signals::get(db, id)?,
        None => None,
    };
    let (id, reason) = match signal {
        Some(signal) => {
            let found = Suggestion::for_signal(&signal, catalogue.matcher());
            (found.related_runbook_ids.first().cloned(), found.reason)
        }
        None => (
            incident.runbook_id.clone(),
            "it fitted best when the signal came".to_owned(),
        ),
    };
    Ok(id.and_then(|id| catalogue.get(&id)).map(|runbook| Offer {
        id: runbook.id.clone(),
        title: runbook.title.clone(),
        reason,
    }))
}

fn build(db: &Db, span: Span, now: Timestamp) -> Result<Digest, StoreError> {
    let (from, to) = (span.from, span.to);
    let mut builder = Builder::new(span);
    let mut silent: HashMap<String, Timestamp> = HashMap::new();
    digests::each_incident(db, (from, to), &mut |incident| {
        let events = incident_events::of(db, incident.id, MOST_EVENTS)?;
        if let Some((agent, since)) = silence(&incident, &events, to) {
            silent.insert(agent, since);
        }
        let openings = if builder.opened_within(&events) {
            let since = to.plus_millis(-EPISODES_MS);
            incident_events::openings(db, &incident.fingerprint, since)?
        } else {
            Vec::new()
        };
        builder.incident(&incident, &events, &openings);
        Ok(())
    })?;
    digests::each_sighting(db, (from, to), &mut |seen| builder.sighting(seen))?;
    for mut agent in agents::all(db, now)? {
        // Its row tells of its last report alone. For one that has reported since, the silence that
        // was noted then counts; where none was, it was heard.
        if agent.last_seen >= to {
            let interval = agent.interval_seconds.unwrap_or(DEFAULT_INTERVAL_SECONDS);
            // A silence is noted after three intervals.
            let before = i64::from(interval) * 3000 + 1;
            let noted = silent.get(&agent.id);
            agent.last_seen = noted.map_or(to, |since| since.plus_millis(-before));
        }
        builder.agent(&agent);
    }
    let backup = digests::newest_backup(db, to)?;
    Ok(builder.finish(backup, now))
}

/// The agent that an incident says was silent at `to`, and since when that was noted.
fn silence(incident: &Incident, events: &[Event], to: Timestamp) -> Option<(String, Timestamp)> {
    if incident.kind != kind::AGENT_SILENT {
        return None;
    }
    let stood = standing(incident, events, to)?;
    let agent = incident.agent_id.clone()?;
    stood.closed.is_none().then_some((agent, stood.since))
}
