use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::domain::agent::Agent;
use crate::domain::day::{self, Day};
use crate::domain::fingerprint::{Fingerprint, Rule};
use crate::domain::incident::{Event, EventKind, Incident, Resolved};
use crate::domain::signal::Status;
use crate::packed::zone;

mod agents_and_devices;
mod letter;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn anna() -> Actor {
    Actor::new(crate::domain::actor::ActorKind::Person, "anna")
}

fn incident(id: i64, opened_at: Timestamp) -> Incident {
    Incident {
        id,
        site_id: "site-homelab".to_owned(),
        kind: "disk_full".to_owned(),
        summary: "nas:/tank at 97 %".to_owned(),
        source: "agent".to_owned(),
        agent_id: None,
        dedup_key: None,
        fingerprint: format!("f{id}"),
        fingerprint_of: Fingerprint {
            rule: Rule::Summary,
            fields: Vec::new(),
        },
        severity: Severity::Warning,
        worst_severity: Severity::Warning,
        state: State::Open,
        opened_at,
        last_seen_at: opened_at,
        confirmed_at: None,
        expires_at: None,
        count: 1,
        openings: 1,
        flapping: false,
        previous_id: None,
        runbook_id: Some("rb-disk-full".to_owned()),
        first_signal_id: None,
        last_signal_id: None,
        acknowledged: None,
        snoozed: None,
        resolved: None,
        folded_under: None,
        folds: Vec::new(),
        demo: false,
    }
}

/// An incident with the timeline that its acts leave.
struct Story {
    incident: Incident,
    events: Vec<Event>,
}

impl Story {
    fn opens(id: i64, moment: &str) -> Self {
        let moment = at(moment);
        Self {
            incident: incident(id, moment),
            events: vec![Event::new(EventKind::Opened, Actor::program(), moment)],
        }
    }

    fn then(mut self, act: impl FnOnce(&mut Incident) -> Option<Event>) -> Self {
        self.events.extend(act(&mut self.incident));
        self
    }

    fn acknowledged(self, moment: &str) -> Self {
        let note = Some("on it".to_owned());
        self.then(|one| one.acknowledge(&anna(), note, at(moment)).unwrap())
    }

    fn snoozed(self, moment: &str, until: &str) -> Self {
        self.then(|one| one.snooze(&anna(), (at(until), None), at(moment)).unwrap())
    }

    fn resolved(self, moment: &str) -> Self {
        let resolved = Resolved {
            at: at(moment),
            reason: Resolution::BySource,
            by: Actor::program(),
            note: None,
        };
        self.then(|one| one.resolve(resolved))
    }

    fn reopened(self, moment: &str) -> Self {
        self.then(|one| one.reopen(&Actor::program(), None, at(moment)))
    }

    fn turns(mut self, moment: &str, (kind, to): (EventKind, Severity), undone: bool) -> Self {
        let from = self.incident.severity;
        self.incident.severity = to;
        if undone {
            self.incident.state = State::Open;
            self.incident.acknowledged = None;
        }
        self.events.push(Event {
            data: Some(json!({"from": from, "to": to, "undone": undone})),
            ..Event::new(kind, Actor::program(), at(moment))
        });
        self
    }

    fn openings(&self) -> Vec<Timestamp> {
        let opens = |event: &&Event| matches!(event.kind, EventKind::Opened | EventKind::Reopened);
        self.events
            .iter()
            .filter(opens)
            .map(|event| event.at)
            .collect()
    }
}

fn span(date: &str, zone: &str) -> Span {
    let zone = zone::named(zone).unwrap();
    let day = Day::of(date.parse().unwrap(), &zone).unwrap();
    Span {
        date: date.to_owned(),
        timezone: day::name_of(&zone),
        from: day.from,
        to: day.to,
        complete: true,
    }
}

fn digest_of(stories: &[Story], date: &str, zone: &str) -> Digest {
    let span = span(date, zone);
    let now = span.to.plus_millis(20 * 24 * 3_600_000);
    let mut builder = Builder::new(span);
    for story in stories {
        builder.incident(&story.incident, &story.events, &story.openings());
    }
    builder.finish(None, now)
}

fn counts(digest: &Digest) -> (u64, u64, u64) {
    let counts = &digest.headline;
    (counts.opened, counts.resolved, counts.still_open)
}

#[test]
fn an_incident_that_spans_days_is_told_of_on_each_as_it_stood() {
    let story = || {
        Story::opens(1, "2026-11-20T10:00:00Z")
            .acknowledged("2026-11-21T09:00:00Z")
            .resolved("2026-11-22T10:30:00Z")
    };
    let day = |date: &str| digest_of(&[story()], date, "UTC");
    assert_eq!(counts(&day("2026-11-19")), (0, 0, 0));
    let first = day("2026-11-20");
    assert_eq!(counts(&first), (1, 0, 1));
    assert_eq!(first.still_open[0].state, State::Open);
    assert_eq!(first.still_open[0].acknowledged, None);
    assert_eq!(first.opened[0].state, State::Open);
    let second = day("2026-11-21");
    assert_eq!(counts(&second), (0, 0, 1));
    let taken = second.still_open[0].acknowledged.as_ref().unwrap();
    assert_eq!(
        (taken.by.name.as_str(), taken.note.as_deref()),
        ("anna", Some("on it"))
    );
    assert_eq!(second.headline.acknowledged, 1);
    let third = day("2026-11-22");
    assert_eq!(counts(&third), (0, 1, 0));
    let closed = &third.resolved[0];
    assert_eq!(closed.minutes, 2 * 24 * 60 + 30);
    assert_eq!(closed.reason, Resolution::BySource);
    assert_eq!(closed.acknowledged_by, Some(anna()));
    assert_eq!(counts(&day("2026-11-23")), (0, 0, 0));
}

#[test]
fn an_incident_that_was_opened_again_stood_resolved_in_between() {
    let story = || {
        Story::opens(1, "2026-11-20T10:00:00Z")
            .resolved("2026-11-20T23:50:00Z")
            .reopened("2026-11-21T00:10:00Z")
            .resolved("2026-11-21T00:40:00Z")
    };
    let first = digest_of(&[story()], "2026-11-20", "UTC");
    assert_eq!(counts(&first), (1, 1, 0));
    assert_eq!(first.headline.recurring, 0);
    let second = digest_of(&[story()], "2026-11-21", "UTC");
    assert_eq!(counts(&second), (1, 1, 0));
    assert_eq!(second.resolved[0].minutes, 30);
    assert_eq!(second.recurring[0].episodes, 2);
    // Where both openings are on one day, it is told of once.
    let third = digest_of(&[story()], "2026-11-20", "America/New_York");
    assert_eq!((counts(&third), third.opened[0].times), ((1, 1, 0), 2));
}

#[test]
fn what_is_to_come_changes_nothing_of_the_past() {
    let story = Story::opens(1, "2026-11-20T10:00:00Z")
        .acknowledged("2026-11-20T11:00:00Z")
        .turns(
            "2026-11-21T08:00:00Z",
            (EventKind::Worsened, Severity::Critical),
            true,
        )
        .snoozed("2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z")
        .turns(
            "2026-11-23T08:00:00Z",
            (EventKind::Eased, Severity::Info),
            false,
        );
    let stories = [story];
    let day = |date: &str| digest_of(&stories, date, "UTC").still_open[0].clone();
    let first = day("2026-11-20");
    assert_eq!(
        (first.state, first.problem.severity),
        (State::Acknowledged, Severity::Warning)
    );
    let second = day("2026-11-21");
    assert_eq!(
        (second.state, second.problem.severity),
        (State::Snoozed, Severity::Critical)
    );
    assert_eq!(second.acknowledged, None);
    assert_eq!(second.snoozed_until, Some(at("2026-11-22T09:00:00Z")));
    // The snooze was over, though nobody wrote that down.
    let third = day("2026-11-22");
    assert_eq!((third.state, third.snoozed_until), (State::Open, None));
    assert_eq!(day("2026-11-23").problem.severity, Severity::Info);
}

#[test]
fn another_episode_says_nothing_of_how_bad_the_one_before_was() {
    let story = Story::opens(1, "2026-11-20T10:00:00Z")
        .turns(
            "2026-11-20T11:00:00Z",
            (EventKind::Worsened, Severity::Critical),
            false,
        )
        .resolved("2026-11-21T11:00:00Z")
        .reopened("2026-11-21T11:20:00Z");
    let mut story = story;
    story.incident.severity = Severity::Warning;
    let stories = [story];
    let severity = |date| {
        digest_of(&stories, date, "UTC").still_open[0]
            .problem
            .severity
    };
    assert_eq!(severity("2026-11-20"), Severity::Critical);
    assert_eq!(severity("2026-11-21"), Severity::Warning);
}

#[test]
fn who_took_on_what_was_over_already_did_not_open_it() {
    let mut story = Story::opens(1, "2026-11-20T10:00:00Z").acknowledged("2026-11-20T12:00:00Z");
    // A late signal said that it had ended before.
    story = story.resolved("2026-11-20T11:00:00Z");
    story.events.sort_by_key(|event| event.at);
    let story = story.reopened("2026-11-21T10:00:00Z");
    let digest = digest_of(&[story], "2026-11-20", "UTC");
    assert_eq!(counts(&digest), (1, 1, 0));
    assert_eq!(digest.resolved[0].minutes, 60);
}

#[test]
fn flapping_and_frequent_problems_recur_the_most_frequent_first() {
    let mut flapping = Story::opens(1, "2026-11-20T10:00:00Z");
    for minute in 1..6 {
        flapping = flapping
            .resolved(&format!("2026-11-20T10:{minute}1:00Z"))
            .reopened(&format!("2026-11-20T10:{minute}2:00Z"));
    }
    flapping.incident.flapping = true;
    let event = Event::new(
        EventKind::Flapping,
        Actor::program(),
        at("2026-11-20T10:52:00Z"),
    );
    flapping.events.push(event);
    let twice = Story::opens(2, "2026-11-19T10:00:00Z")
        .resolved("2026-11-19T11:00:00Z")
        .reopened("2026-11-20T12:00:00Z");
    // Long ago does not count.
    let old = Story::opens(3, "2026-10-01T10:00:00Z")
        .resolved("2026-10-01T11:00:00Z")
        .reopened("2026-11-20T13:00:00Z");
    let digest = digest_of(&[old, twice, flapping], "2026-11-20", "UTC");
    let found: Vec<(i64, u64, bool)> = digest
        .recurring
        .iter()
        .map(|one| (one.problem.id, one.episodes, one.flapping))
        .collect();
    assert_eq!(found, [(1, 6, true), (2, 2, false)]);
    assert_eq!(digest.opened.len(), 3);
}

#[test]
fn days_end_where_the_zone_says_also_when_the_clocks_change() {
    // 23 hours: 2026-09-26T12:00Z to 2026-09-27T11:00Z.
    let story = |moment: &str| [Story::opens(1, moment)];
    let opened = |moment: &str, date: &str, zone: &str| {
        digest_of(&story(moment), date, zone).headline.opened
    };
    for (moment, date, zone) in [
        ("2026-09-26T12:00:00Z", "2026-09-27", "Pacific/Auckland"),
        ("2026-09-27T10:59:59.999Z", "2026-09-27", "Pacific/Auckland"),
        ("2026-09-27T11:00:00Z", "2026-09-28", "Pacific/Auckland"),
        // 25 hours: the hour from one to two is there twice.
        ("2026-11-01T04:00:00Z", "2026-11-01", "America/New_York"),
        ("2026-11-02T04:59:59.999Z", "2026-11-01", "America/New_York"),
        ("2026-11-02T05:00:00Z", "2026-11-02", "America/New_York"),
        ("2026-03-09T03:59:59.999Z", "2026-03-08", "America/New_York"),
    ] {
        assert_eq!(opened(moment, date, zone), 1, "{moment} {zone}");
        let next = date
            .parse::<jiff::civil::Date>()
            .unwrap()
            .tomorrow()
            .unwrap();
        let standing = digest_of(&story(moment), &next.to_string(), zone);
        assert_eq!(counts(&standing), (0, 0, 1), "{moment} {zone}");
    }
}
