//! The day's board as text, for mail and terminals: 80 columns, the worst first, and of our own
//! words nothing beyond ASCII.

use jiff::tz::TimeZone;

use super::wrap::put;
use super::{Backup, Board, Closed, Device, Digest, Headline, OpenIncident, Opened, Problem};
use crate::domain::day;
use crate::domain::incident::State;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// Most open incidents that are told of at length.
const MOST_OPEN: usize = 50;
/// Most lines of the other lists.
const MOST: usize = 20;

/// The whole. `colour` paints the words that a terminal's reader must not miss.
pub fn render(board: &Board, zone: &TimeZone, colour: bool) -> String {
    let digest = &board.digest;
    let mut out = String::new();
    head(&mut out, digest, zone);
    open(&mut out, board, zone, colour);
    happened(&mut out, digest, zone);
    agents(&mut out, digest, zone);
    backup(&mut out, digest, zone);
    out
}

/// What is open: `1 critical, 2 warnings open`.
pub fn open_words(headline: &Headline) -> String {
    let parts: Vec<String> = [
        (headline.critical, "critical", "critical"),
        (headline.warning, "warning", "warnings"),
        (headline.info, "eased to info", "eased to info"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
    .collect();
    if parts.is_empty() {
        "nothing open".to_owned()
    } else {
        format!("{} open", parts.join(", "))
    }
}

/// What happened: `4 opened, 5 resolved, 2 new devices, backup 6 h old`.
pub fn happened_words(headline: &Headline, backup: Option<&Backup>) -> String {
    let mut parts = vec![
        format!("{} opened", headline.opened),
        format!("{} resolved", headline.resolved),
    ];
    for (count, what) in [
        (headline.new_devices, "new"),
        (headline.gone_devices, "gone"),
    ] {
        match count {
            0 => {}
            1 => parts.push(format!("1 {what} device")),
            _ => parts.push(format!("{count} {what} devices")),
        }
    }
    parts.push(match backup {
        Some(backup) => format!("backup {} old", length(backup.age_seconds)),
        None => "backup never".to_owned(),
    });
    parts.join(", ")
}

/// A length of time: `40 s`, `12 min`, `6 h`, `3 days`.
pub fn length(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// What the lists of what happened are about: `Since yesterday`, `On that day`, `Today so far`.
pub fn span_words(digest: &Digest, zone: &TimeZone) -> &'static str {
    if digest.complete {
        "On that day"
    } else if day::date_of(digest.from, zone).to_string() == digest.date {
        "Today so far"
    } else {
        "Since yesterday"
    }
}

fn head(out: &mut String, digest: &Digest, zone: &TimeZone) {
    let when = if digest.complete {
        let day = digest.from.headline(zone);
        let day = day.split(',').next().unwrap_or(&day).to_owned();
        format!("{day} ({}), as it stood at the end of the day", digest.date)
    } else {
        digest.generated_at.local(zone)
    };
    put(
        out,
        "Atlas Ops - ",
        2,
        &format!("{when}, {}", digest.timezone),
    );
    let counts = &digest.headline;
    let (taken, put_off) = (counts.acknowledged, counts.snoozed);
    let handled = if taken + put_off > 0 {
        format!(" ({taken} acknowledged, {put_off} snoozed)")
    } else {
        String::new()
    };
    let agents = match counts.agents {
        0 => "no agent known".to_owned(),
        all => {
            let reporting = all.saturating_sub(counts.silent_agents);
            format!("{reporting} of {all} agents reporting")
        }
    };
    let open = open_words(counts);
    put(out, "", 2, &format!("{open}{handled} - {agents}"));
    let happened = happened_words(counts, digest.backup.as_ref());
    put(
        out,
        "",
        2,
        &format!("{}: {happened}", span_words(digest, zone)),
    );
}

fn title(out: &mut String, words: &str, count: u64) {
    out.push('\n');
    put(out, "", 0, &format!("{words} ({count})"));
}

fn more(out: &mut String, count: u64, shown: usize) {
    let left = count.saturating_sub(shown as u64);
    if left > 0 {
        put(out, "  ", 2, &format!("... and {left} more"));
    }
}

fn open(out: &mut String, board: &Board, zone: &TimeZone, colour: bool) {
    let all = board.digest.headline.still_open;
    title(out, "OPEN", all);
    if all == 0 {
        put(out, "  ", 2, "Nothing is open.");
    }
    for one in board.open.iter().take(MOST_OPEN) {
        open_incident(out, one, board.digest.to, zone, colour);
    }
    more(out, all, board.open.len().min(MOST_OPEN));
}

fn open_incident(
    out: &mut String,
    one: &OpenIncident,
    at: Timestamp,
    zone: &TimeZone,
    colour: bool,
) {
    let incident = &one.incident;
    let about = format!(
        "{}, since {} ({}){}",
        what(&incident.problem),
        incident.since.headline(zone),
        length(at.millis_since(incident.since) / 1000),
        if incident.flapping { ", flapping" } else { "" }
    );
    let start = out.len();
    put(out, &mark(incident.problem.severity), 4, &about);
    if colour {
        paint(out, start, incident.problem.severity);
    }
    put(out, "    ", 4, &incident.problem.summary);
    match &one.runbook {
        Some(runbook) => put(
            out,
            "    > ",
            6,
            &format!("{} ({}): {}", runbook.title, runbook.id, runbook.reason),
        ),
        None => put(out, "    > ", 6, "no runbook fits"),
    }
    if let Some(taken) = &incident.acknowledged {
        let words = format!("{}, {}", taken.by.name, taken.at.headline(zone));
        let note = said(taken.note.as_deref());
        put(out, "    acknowledged by ", 6, &(words + &note));
    }
    if let Some(put_off) = &incident.snoozed {
        let until = incident.snoozed_until.map_or_else(String::new, |until| {
            format!(" until {}", until.headline(zone))
        });
        let note = said(put_off.note.as_deref());
        put(
            out,
            "    snoozed by ",
            6,
            &format!("{}{until}{note}", put_off.by.name),
        );
    }
}

fn happened(out: &mut String, digest: &Digest, zone: &TimeZone) {
    let counts = &digest.headline;
    let span = span_words(digest, zone).to_uppercase();
    if counts.opened > 0 {
        title(out, &format!("{span}: OPENED"), counts.opened);
        for one in digest.opened.iter().take(MOST) {
            opened(out, one, zone);
        }
        more(out, counts.opened, digest.opened.len().min(MOST));
    }
    if counts.resolved > 0 {
        title(out, &format!("{span}: RESOLVED"), counts.resolved);
        for one in digest.resolved.iter().take(MOST) {
            closed(out, one, zone);
        }
        more(out, counts.resolved, digest.resolved.len().min(MOST));
    }
    if counts.recurring > 0 {
        title(out, &format!("{span}: RECURRING"), counts.recurring);
        for one in digest.recurring.iter().take(MOST) {
            let flapping = if one.flapping { ", flapping" } else { "" };
            let often = format!("{} times in 30 days{flapping}: ", one.episodes);
            let text = format!("{}: {}", what(&one.problem), one.problem.summary);
            put(out, &format!("  {often}"), 4, &text);
        }
        more(out, counts.recurring, digest.recurring.len().min(MOST));
    }
    for (words, list, count) in [
        ("NEW DEVICES", &digest.new_devices, counts.new_devices),
        ("GONE DEVICES", &digest.gone_devices, counts.gone_devices),
    ] {
        if count > 0 {
            devices(out, &format!("{span}: {words}"), list, (count, zone));
        }
    }
}

fn opened(out: &mut String, one: &Opened, zone: &TimeZone) {
    let times = if one.times > 1 {
        format!(", {} times", one.times)
    } else {
        String::new()
    };
    let now = match one.state {
        State::Open => "still open",
        other => other.as_str(),
    };
    let about = format!(
        "{}, {}{times}, {now}: {}",
        what(&one.problem),
        one.at.headline(zone),
        one.problem.summary
    );
    put(out, &mark(one.problem.severity), 4, &about);
}

fn closed(out: &mut String, one: &Closed, zone: &TimeZone) {
    let took = i64::try_from(one.minutes).unwrap_or(i64::MAX / 60) * 60;
    let about = format!(
        "{}, {} after {}, {} ({}){}: {}",
        what(&one.problem),
        one.at.headline(zone),
        length(took),
        one.reason.in_words(),
        one.by.name,
        said(one.note.as_deref()),
        one.problem.summary
    );
    put(out, "  ", 4, &about);
}

fn devices(out: &mut String, words: &str, list: &[Device], (count, zone): (u64, &TimeZone)) {
    title(out, words, count);
    for one in list.iter().take(MOST) {
        let about = format!(
            "{} at {}, {}: {}",
            one.kind,
            one.site_id,
            one.at.headline(zone),
            one.summary
        );
        put(out, "  ", 4, &about);
    }
    more(out, count, list.len().min(MOST));
}

fn agents(out: &mut String, digest: &Digest, zone: &TimeZone) {
    let counts = &digest.headline;
    title(out, "AGENTS", counts.agents);
    match (counts.agents, counts.silent_agents) {
        (0, _) => put(
            out,
            "  ",
            2,
            "No agent has reported: nobody knows how the hosts are.",
        ),
        (_, 0) => put(out, "  ", 2, "All report."),
        _ => {}
    }
    for one in digest.silent_agents.iter().take(MOST) {
        let about = format!(
            "{} at {}, silent since {} ({})",
            one.hostname,
            one.site_id,
            one.last_seen.headline(zone),
            length(digest.to.millis_since(one.last_seen) / 1000)
        );
        put(out, "  ? ", 4, &about);
    }
    more(
        out,
        counts.silent_agents,
        digest.silent_agents.len().min(MOST),
    );
}

fn backup(out: &mut String, digest: &Digest, zone: &TimeZone) {
    out.push('\n');
    let words = match &digest.backup {
        Some(backup) => format!(
            "{} old, {}, {} kB",
            length(backup.age_seconds),
            backup.at.local(zone),
            backup.bytes / 1000
        ),
        None => "never (make one: atlas-ops db backup --to PATH)".to_owned(),
    };
    put(out, "BACKUP ", 2, &words);
}

fn what(problem: &Problem) -> String {
    format!("#{} {} at {}", problem.id, problem.kind, problem.site_id)
}

fn said(note: Option<&str>) -> String {
    note.map_or_else(String::new, |note| format!(", \"{note}\""))
}

fn mark(severity: Severity) -> String {
    match severity {
        Severity::Critical => "! CRITICAL ",
        Severity::Warning => "~ WARNING ",
        Severity::Info => "  info ",
    }
    .to_owned()
}

/// Paints the mark at `start`: bold red for critical, yellow for a warning.
fn paint(out: &mut String, start: usize, severity: Severity) {
    let code = match severity {
        Severity::Critical => "\u{1b}[1;31m",
        Severity::Warning => "\u{1b}[33m",
        Severity::Info => return,
    };
    out.insert_str(start + mark(severity).trim_end().len(), "\u{1b}[0m");
    out.insert_str(start, code);
}
