//! A day's digest: kept where it is, made from the rows where it is not, always as things stood at
//! the day's end.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::agent::{Agent, DEFAULT_INTERVAL_SECONDS};
use crate::domain::day::{self, Day};
use crate::domain::digest::{
    Board, Builder, Digest, EPISODES_MS, Headline, Offer, OpenIncident, SinceYesterday, Span,
    StillOpen,
};
use crate::domain::incident::State;
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
const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

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
    digests::each_incident(db, (from, to), &mut |incident| {
        let events = incident_events::of(db, incident.id, MOST_EVENTS)?;
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
    for agent in agents_at(db, to, now)? {
        builder.agent(&agent);
    }
    let backup = digests::newest_backup(db, to)?;
    Ok(builder.finish(backup, now))
}

/// The agents as they had been heard before `to`. Their rows tell of their last report alone: for
/// one that has reported since, its heartbeats tell. One that they tell nothing of counts as heard,
/// since a digest must not cry wolf over rows that retention removed.
fn agents_at(db: &Db, to: Timestamp, now: Timestamp) -> Result<Vec<Agent>, StoreError> {
    let mut all = agents::all(db, now)?;
    if all.iter().all(|agent| agent.last_seen < to) {
        return Ok(all);
    }
    let from = to.plus_millis(-2 * DAY_MS);
    let heard = digests::last_heard(db, (from, to))?;
    // Older heartbeats are thinned to one an hour.
    let thinned = now.millis_since(to) > DAY_MS;
    let known_from = digests::first_moment(db)?;
    for agent in all.iter_mut().filter(|agent| agent.last_seen >= to) {
        let interval = agent.interval_seconds.unwrap_or(DEFAULT_INTERVAL_SECONDS);
        let slack = if thinned {
            (2 * HOUR_MS).max(i64::from(interval) * 3000)
        } else {
            0
        };
        agent.last_seen = match heard.get(&agent.id) {
            Some(at) if to.millis_since(*at) <= slack => to,
            Some(at) => *at,
            // Not one in two days, of which all rows are there.
            None if known_from.is_some_and(|known| known < from)
                && agent.first_seen < from
                && !agent.id.starts_with("0.4:") =>
            {
                from
            }
            None => to,
        };
    }
    Ok(all)
}
