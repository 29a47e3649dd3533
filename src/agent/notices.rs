//! What the agent says of itself to the server: that observations were given up, and that a file
//! was damaged. Both are remembered in the state until they are in the spool.

use serde_json::{Map, Value, json};

use super::checks::{self, Change, Observer, Scope};
use super::disk::Damage;
use super::inert;
use super::spool::{Dropped, Spool};
use super::state::State;
use crate::domain::kind;
use crate::domain::severity::Severity;
use crate::domain::signal::{NewSignal, Status};
use crate::domain::timestamp::Timestamp;

/// Nobody says that it is over: after this without news it is.
const HOLDS_MS: i64 = 24 * 60 * 60 * 1000;
/// Longest reason, in characters.
const MAX_REASON: usize = 300;
/// What a notice of observations that were given up is about.
const SPOOL: &str = "spool";

/// Takes what is to be said out of the state. While one notice of given up observations waits to be
/// sent no other is made: what is given up meanwhile is counted together.
pub(super) fn take(
    state: &mut State,
    spool: &Spool,
    (who, now): (&Observer, Timestamp),
    next_uid: &mut dyn FnMut() -> String,
) -> Vec<NewSignal> {
    let mut changes: Vec<Change> = state
        .damaged
        .drain(..)
        .map(|damage| damaged(&damage, who))
        .collect();
    let key = checks::dedup_key(who, &Scope::Host, (kind::OBSERVATIONS_DROPPED, SPOOL));
    if state.dropped.is_some() && !spool.waits(&key) {
        changes.extend(state.dropped.take().map(|lost| dropped(&lost, who)));
    }
    changes
        .into_iter()
        .map(|change| NewSignal {
            expires_at: Some(now.plus_millis(HOLDS_MS)),
            ..change.into_signal(who, now, next_uid())
        })
        .collect()
}

fn dropped(dropped: &Dropped, who: &Observer) -> Change {
    let count = dropped.count();
    let noun = if count == 1 {
        "observation"
    } else {
        "observations"
    };
    change(
        kind::OBSERVATIONS_DROPPED,
        SPOOL.to_owned(),
        format!(
            "The agent on {} gave up {count} {noun} that could not be sent",
            who.hostname
        ),
        json!({
            "host": who.hostname, "dropped": count, "dropped_info": dropped.info,
            "dropped_warning": dropped.warning, "dropped_critical": dropped.critical,
            "oldest": dropped.oldest, "newest": dropped.newest,
        }),
    )
}

fn damaged(damage: &Damage, who: &Observer) -> Change {
    let name = |path: &std::path::Path| inert::line(&path.to_string_lossy(), MAX_REASON);
    let file = name(&damage.file);
    change(
        kind::AGENT_STATE_DAMAGED,
        file.clone(),
        format!(
            "A file of the agent on {} was damaged: {file}",
            who.hostname
        ),
        json!({
            "host": who.hostname, "file": file, "kept_as": name(&damage.kept_as),
            "reason": inert::line(&damage.reason, MAX_REASON), "recovered": damage.recovered,
        }),
    )
}

fn change(kind: &'static str, subject: String, summary: String, detail: Value) -> Change {
    let detail = match detail {
        Value::Object(detail) => detail,
        _ => Map::new(),
    };
    Change {
        kind: kind.into(),
        scope: Scope::Host,
        at: None,
        subject,
        status: Status::Firing,
        severity: Severity::Warning,
        summary,
        detail,
    }
}
