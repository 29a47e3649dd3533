//! `atlas-ops incident list|show|ack|snooze|resolve|reopen|note`

use std::process::ExitCode;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{database, output};
use crate::cli::{Acting, Incident as Args, IncidentList, IncidentShow};
use crate::clock;
use crate::config::backend;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::incident::{Incident, MAX_NOTE, Refusal, State, words};
use crate::domain::text::{ago, shown};
use crate::domain::timestamp::Timestamp;
use crate::error::{Error, Exit};
use crate::flow::incidents::{self, Act, Outcome, Shown};
use crate::store;
use crate::store::incidents::Filter;

/// Longest name that an act is put down to, in characters.
const MAX_NAME: usize = 64;
/// Longest summary of a table, in characters.
const MAX_SUMMARY: usize = 100;

/// Runs what was asked for.
///
/// # Errors
/// The configuration or the database cannot be used, there is no such incident, or it may not be
/// done.
pub fn run(args: &Args) -> Result<ExitCode, Error> {
    let (acting, verb, act) = match args {
        Args::List(args) => return list(args),
        Args::Show(args) => return show(args),
        Args::Ack(args) => (
            &args.acting,
            "acknowledge",
            Act::Acknowledge(written(args.note.as_deref())),
        ),
        Args::Snooze(args) => {
            let after = args.length.map(|length| clock::now().plus_millis(length));
            // The command line demands one of them.
            let until = args.until.or(after).unwrap_or_else(clock::now);
            let note = written(args.note.as_deref());
            (&args.acting, "snooze", Act::Snooze(until, note))
        }
        Args::Resolve(args) => (
            &args.acting,
            "resolve",
            Act::Resolve(written(args.note.as_deref())),
        ),
        Args::Reopen(args) => (
            &args.acting,
            "reopen",
            Act::Reopen(written(args.note.as_deref())),
        ),
        Args::Note(args) => {
            let note = written(Some(&args.note)).ok_or_else(|| {
                Error::new("write the note", "it is empty")
                    .hint("for example: --note 'Vendor is informed'")
                    .exit(Exit::Usage)
            })?;
            (&args.acting, "write about", Act::Note(note))
        }
    };
    carry_out(acting, verb, &act)
}

fn written(note: Option<&str>) -> Option<String> {
    let note = note?.trim();
    (!note.is_empty()).then(|| note.to_owned())
}

fn carry_out(args: &Acting, verb: &str, act: &Act) -> Result<ExitCode, Error> {
    let attempt = format!("{verb} incident {}", args.id);
    check_length(act, &attempt)?;
    let by = actor(args.name.as_deref(), &attempt)?;
    let config = backend::load(args.file.config.as_deref())?;
    let mut db = database::open(&config.database)?;
    let now = clock::now();
    let outcome = store::in_transaction(&mut db, |db| {
        incidents::act(db, args.id, act.clone(), &by, now)
    })
    .map_err(|error| database::failure(&attempt, &config.database, &error))?;
    match outcome {
        Outcome::Missing => Err(missing(&attempt)),
        Outcome::Refused(refusal) => Err(refused(&attempt, args.id, &refusal)),
        Outcome::Done(incident) => {
            if args.json {
                output::json(&incident);
            } else {
                let stands = words::standing(&incident, &config.timezone);
                let wrote = if matches!(act, Act::Note(_)) {
                    "The note is written. "
                } else {
                    ""
                };
                output::note(format!("{wrote}Incident {}: {stands}.", incident.id));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check_length(act: &Act, attempt: &str) -> Result<(), Error> {
    let note = match act {
        Act::Acknowledge(note) | Act::Snooze(_, note) | Act::Resolve(note) | Act::Reopen(note) => {
            note.as_deref()
        }
        Act::Note(note) => Some(note.as_str()),
    };
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE) {
        return Err(Error::new(
            attempt,
            format!("the note is longer than {MAX_NOTE} characters"),
        )
        .hint("say it in fewer words, and keep the long text elsewhere")
        .exit(Exit::Usage));
    }
    Ok(())
}

/// Whoever is at the terminal: by the name that was given, or else the system's, and that of who
/// called `sudo` before that of root.
fn actor(given: Option<&str>, attempt: &str) -> Result<Actor, Error> {
    let from_system = || {
        ["SUDO_USER", "USER", "LOGNAME", "USERNAME"]
            .into_iter()
            .find_map(|name| {
                std::env::var(name)
                    .ok()
                    .filter(|name| !name.trim().is_empty())
            })
    };
    let name = given.map(str::to_owned).or_else(from_system);
    let name = name.unwrap_or_else(|| "somebody".to_owned());
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Error::new(
            attempt,
            format!("a name has 1 to {MAX_NAME} characters and no control characters"),
        )
        .hint("say who does it, for example: --as anna")
        .exit(Exit::Usage));
    }
    Ok(Actor::new(ActorKind::Cli, name))
}

fn missing(attempt: &str) -> Error {
    Error::new(attempt, "there is none of this number")
        .hint("see: atlas-ops incident list --state all")
}

fn refused(attempt: &str, id: i64, refusal: &Refusal) -> Error {
    let error = Error::new(attempt, refusal);
    match refusal {
        Refusal::IsResolved => error.hint(format!("atlas-ops incident reopen {id}")),
        Refusal::Superseded(other) => error.hint(format!("atlas-ops incident show {other}")),
        Refusal::SnoozeOver | Refusal::SnoozeTooLong => error
            .hint(format!(
                "for example: atlas-ops incident snooze {id} --for 4h"
            ))
            .exit(Exit::Usage),
    }
}

fn list(args: &IncidentList) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let db = database::open(&config.database)?;
    let states: Vec<State> = if args.state.is_empty() {
        Filter::unresolved().states
    } else if args.state.contains(&None) {
        Vec::new()
    } else {
        args.state.iter().flatten().copied().collect()
    };
    let filter = Filter {
        states,
        site: args.site.clone(),
        severity: args.severity,
        kind: args.kind.clone(),
        ..Filter::default()
    };
    let found = incidents::list(&db, &filter, usize::from(args.limit))
        .map_err(|error| database::failure("list the incidents", &config.database, &error))?;
    if args.json {
        output::json(&found);
    } else if found.is_empty() {
        output::line("No incident passes. See all: atlas-ops incident list --state all");
    } else {
        let now = clock::now();
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|incident| row(incident, &config.timezone, now))
            .collect();
        output::table(
            &["ID", "SEVERITY", "STATE", "SITE", "OPENED", "SUMMARY"],
            &rows,
        );
        if found.len() == usize::from(args.limit) {
            output::note("There may be more: see --limit.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(incident: &Incident, zone: &TimeZone, now: Timestamp) -> Vec<String> {
    let mut state = words::standing(incident, zone);
    if incident.flapping {
        state.push_str(", flapping");
    }
    if let Some(cause) = incident.folded_under {
        state = format!("{state}, hangs on {cause}");
    }
    let mut summary = shown(&incident.summary);
    if let Some((end, _)) = summary.char_indices().nth(MAX_SUMMARY) {
        summary.truncate(end);
        summary.push('…');
    }
    vec![
        incident.id.to_string(),
        incident.severity.as_str().to_owned(),
        state,
        shown(&incident.site_id),
        ago(now.millis_since(incident.opened_at)),
        summary,
    ]
}

fn show(args: &IncidentShow) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let db = database::open(&config.database)?;
    let attempt = format!("show incident {}", args.id);
    let found = incidents::show(&db, args.id)
        .map_err(|error| database::failure(&attempt, &config.database, &error))?
        .ok_or_else(|| missing(&attempt))?;
    if args.json {
        output::json(&as_json(&found));
    } else {
        print(&found, &config.timezone);
    }
    Ok(ExitCode::SUCCESS)
}

/// As the API tells it, but for what is offered.
fn as_json(found: &Shown) -> Value {
    let mut value = json!(found.incident);
    value["timeline"] = json!(found.timeline);
    value["signals_left_out"] = json!(found.signals_left_out);
    value
}

fn print(found: &Shown, zone: &TimeZone) {
    let incident = &found.incident;
    output::line(format!(
        "Incident {}: {}",
        incident.id,
        shown(&incident.summary)
    ));
    let mut facts = vec![
        (
            "state",
            format!(
                "{}, since {}",
                words::standing(incident, zone),
                words::stands_since(incident).local(zone)
            ),
        ),
        ("severity", severity(incident)),
        ("site", shown(&incident.site_id)),
        ("kind", shown(&incident.kind)),
        ("opened", incident.opened_at.local(zone)),
        ("last seen", incident.last_seen_at.local(zone)),
        ("signals", incident.count.to_string()),
        (
            "one problem",
            format!("because {}", incident.fingerprint_of.in_words()),
        ),
    ];
    let mut more =
        |name, id: Option<i64>| facts.extend(id.map(|id| (name, format!("incident {id}"))));
    more("hangs on", incident.folded_under);
    more("before", incident.previous_id);
    if !incident.folds.is_empty() {
        let ids: Vec<String> = incident.folds.iter().map(i64::to_string).collect();
        facts.push(("holds", format!("incidents {}", ids.join(", "))));
    }
    if let Some(runbook) = &incident.runbook_id {
        facts.push((
            "runbook",
            format!("atlas-ops runbook show {}", shown(runbook)),
        ));
    }
    for (name, value) in facts {
        output::line(format!("  {name:<12}{value}"));
    }
    output::line("");
    if found.signals_left_out > 0 {
        output::line(format!("  ({} older signals)", found.signals_left_out));
    }
    for entry in &found.timeline {
        let said = entry.signal.as_ref();
        let said = said.map(|said| format!(": {}", shown(&said.summary)));
        output::line(format!(
            "  {}  {}, {}{}",
            entry.at.local(zone),
            words::deed(entry, zone),
            words::who(&entry.actor),
            said.unwrap_or_default()
        ));
        for line in entry.note.iter().flat_map(|note| note.lines()) {
            output::line(format!("  {:<19}  | {}", "", shown(line)));
        }
    }
}

fn severity(incident: &Incident) -> String {
    let (now, worst) = (incident.severity, incident.worst_severity);
    let flapping = if incident.flapping { ", flapping" } else { "" };
    if now == worst {
        format!("{now}{flapping}")
    } else {
        format!("{now}, at its worst {worst}{flapping}")
    }
}
