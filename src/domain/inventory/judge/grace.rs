//! How long something must be missing before it counts as gone, and who has to say so.

use crate::domain::inventory::state::{HostState, Reporter, View};
use crate::domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Rule 3: so many passes in a row ...
const PASSES: u32 = 3;
/// ... and so much time since the first of them.
const GRACE_MS: i64 = 15 * 60 * 1000;
/// Both are doubled for what came back so shortly before.
const CAME_BACK_MS: i64 = 60 * 60 * 1000;
/// What an agent that does not ask every address heard is news for so long.
const LISTENED_MS: i64 = 60 * 60 * 1000;

/// Whether a host is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was seen, or is missing for less than the grace.
    Present,
    /// Every agent that saw it says that it is not there.
    Absent,
    /// Nobody looks at the moment, or nobody who looks could tell.
    Unknown,
}

impl Standing {
    /// The word that is shown and asked for.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }

    /// Reads what [`Standing::as_str`] wrote.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Present, Self::Absent, Self::Unknown]
            .into_iter()
            .find(|standing| standing.as_str() == word)
    }
}

/// Who says what of one host or service.
struct Opinions<'a> {
    /// Views of agents that have a say and ask every address, or saw it lately.
    views: Vec<&'a View>,
    came_back_at: Option<Timestamp>,
    now: Timestamp,
}

impl<'a> Opinions<'a> {
    fn of(
        views: &'a BTreeMap<String, View>,
        reporters: &[Reporter],
        came_back_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let counted = |agent: &str, view: &View| {
            reporters.iter().any(|reporter| {
                // One that only listens contradicts by what it heard lately, and by nothing else.
                let heard = view
                    .last_seen
                    .is_some_and(|seen| now.millis_since(seen) <= LISTENED_MS);
                reporter.agent_id == agent && reporter.has_a_say(now) && (reporter.swept || heard)
            })
        };
        Self {
            views: views
                .iter()
                .filter(|(agent, view)| counted(agent, view))
                .map(|(_, view)| view)
                .collect(),
            came_back_at,
            now,
        }
    }

    /// Rules 3 and 6: everybody who has a say missed it long enough.
    fn all_miss_it(&self) -> bool {
        !self.views.is_empty() && self.views.iter().all(|view| self.misses_it(view))
    }

    fn misses_it(&self, view: &View) -> bool {
        let Some(since) = view.missing_since else {
            return false;
        };
        let unsteady = self
            .came_back_at
            .is_some_and(|back| since.millis_since(back) <= CAME_BACK_MS);
        let times = if unsteady { 2 } else { 1 };
        view.misses >= PASSES * times && self.now.millis_since(since) >= GRACE_MS * i64::from(times)
    }
}

/// Whether a service, or a host, has been missing long enough for everybody who has a say.
/// `asked`: only where it was asked directly, in vain, in the last pass of each of them (rule 2).
pub fn is_missing(
    views: &BTreeMap<String, View>,
    reporters: &[Reporter],
    came_back_at: Option<Timestamp>,
    asked: bool,
    now: Timestamp,
) -> bool {
    let opinions = Opinions::of(views, reporters, came_back_at, now);
    opinions.all_miss_it() && (!asked || opinions.views.iter().all(|view| view.asked))
}

/// Whether a host is there, as far as anybody knows at `now`.
pub fn standing(host: &HostState, reporters: &[Reporter], now: Timestamp) -> Standing {
    let opinions = Opinions::of(&host.views, reporters, host.came_back_at, now);
    if opinions.views.is_empty() {
        return Standing::Unknown;
    }
    if opinions.all_miss_it() {
        return Standing::Absent;
    }
    // An agent that could not conclude that it is missing has not seen it for long: no news.
    let fresh = host.views.iter().any(|(agent, view)| {
        let by = |reporter: &&Reporter| &reporter.agent_id == agent && reporter.has_a_say(now);
        let reporter = reporters.iter().find(by);
        let patience = reporter.map_or(0, |reporter| GRACE_MS * 4 + reporter.gap_ms * 4);
        view.last_seen
            .is_some_and(|seen| now.millis_since(seen) <= patience)
    });
    if fresh {
        Standing::Present
    } else {
        Standing::Unknown
    }
}
