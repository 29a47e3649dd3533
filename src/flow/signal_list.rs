//! Lists of signals, newest first: what is asked for, and what is known of each of them.

use std::collections::HashSet;

use crate::domain::severity::Severity;
use crate::domain::signal::{Signal, Status};
use crate::domain::suggestion::Suggestion;
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::flow::catalogue::Catalogue;
use crate::store::signals::{self, Filter};
use crate::store::{Db, StoreError};

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Of this site alone.
    pub site: Option<String>,
    /// Of this severity alone.
    pub severity: Option<Severity>,
    /// Of this kind alone.
    pub kind: Option<String>,
    /// From this source alone.
    pub source: Option<String>,
    /// This far back.
    pub window: Window,
    /// Words that must all be found.
    pub search: String,
    /// Whether heartbeats are listed too.
    pub heartbeats: bool,
}

impl Default for Query {
    /// The last day, without heartbeats.
    fn default() -> Self {
        Self {
            site: None,
            severity: None,
            kind: None,
            source: None,
            window: Window::DAY,
            search: String::new(),
            heartbeats: false,
        }
    }
}

impl Query {
    /// The words of the search.
    pub(super) fn words(&self) -> Vec<String> {
        self.search.split_whitespace().map(str::to_owned).collect()
    }

    /// What the database is asked.
    pub(super) fn filter(&self, now: Timestamp) -> Filter {
        Filter {
            site: self.site.clone(),
            severity: self.severity,
            kind: self.kind.clone(),
            source: self.source.clone(),
            since: self.window.start(now),
            words: self.words(),
            heartbeats: self.heartbeats,
            ..Filter::default()
        }
    }
}

/// One signal of a list.
#[derive(Debug)]
pub struct Line {
    /// The signal.
    pub signal: Signal,
    /// What is offered for it; nothing for one that says that its problem is over.
    pub suggestion: Option<Suggestion>,
    /// Whether a later signal in the list says that the problem is over.
    pub over: bool,
}

/// One page of a list.
#[derive(Debug)]
pub struct Listed {
    /// The signals of this page.
    pub lines: Vec<Line>,
    /// How many pass on all pages together.
    pub total: u64,
    /// The number of the last signal here, where more follow.
    pub next: Option<i64>,
}

/// One page: at most `limit` signals that are older than the one of the number `before`.
///
/// # Errors
/// The database refuses.
pub fn page(
    db: &Db,
    catalogue: &Catalogue,
    (query, before): (&Query, Option<i64>),
    limit: usize,
    now: Timestamp,
) -> Result<Listed, StoreError> {
    let filter = query.filter(now);
    let tally = signals::tally(db, &filter)?;
    let from = Filter { before, ..filter };
    // One more than is shown tells whether more follow.
    let mut listed = signals::newest(db, &from, limit + 1)?;
    let more = listed.len() > limit;
    listed.truncate(limit);
    Ok(Listed {
        next: listed.last().filter(|_| more).map(|last| last.id),
        total: tally.iter().map(|part| part.count).sum(),
        lines: lines(listed, catalogue),
    })
}

/// Signals, newest first, with what is known of each.
pub(super) fn lines(listed: Vec<Signal>, catalogue: &Catalogue) -> Vec<Line> {
    // Newest first, so that a problem's end is met before its beginning.
    let mut seen: HashSet<String> = HashSet::new();
    let mut ended: HashSet<String> = HashSet::new();
    listed
        .into_iter()
        .map(|signal| {
            let newest = seen.insert(signal.fingerprint.clone());
            if newest && signal.status == Status::Resolved {
                ended.insert(signal.fingerprint.clone());
            }
            let fires = signal.status == Status::Firing;
            Line {
                over: fires && ended.contains(&signal.fingerprint),
                suggestion: (fires && !signal.is_heartbeat())
                    .then(|| Suggestion::for_signal(&signal, catalogue.matcher())),
                signal,
            }
        })
        .collect()
}
