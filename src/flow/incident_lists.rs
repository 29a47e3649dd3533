//! Lists of incidents as people look at them, with what is offered for each. Each costs a fixed
//! number of questions to the database.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::domain::incident::{Incident, State, folding};
use crate::domain::order;
use crate::domain::severity::Severity;
use crate::domain::signal::Signal;
use crate::domain::suggestion::Suggestion;
use crate::domain::ticks::Ticks;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::incidents as acts;
use crate::store::incidents::{self, Filter};
use crate::store::{Db, StoreError, incident_lists, signals, ticks};

/// Most lines of the board, those that are folded apart.
pub const MOST_URGENT: usize = 20;
/// Unresolved incidents that the board folds.
const FOLDED_ON_BOARD: usize = 200;
/// Most unresolved incidents that a list orders; of more, the newest.
pub const MOST_ORDERED: usize = 5000;

/// One incident of a list, with what is offered for it and what hangs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The incident.
    pub incident: Incident,
    /// For its newest signal; `None` where that is no longer kept.
    pub suggestion: Option<Suggestion>,
    /// Its signals of the last hours.
    pub ticks: Ticks,
    /// Those of the list that hang on it. They fold nothing themselves.
    pub folded: Vec<Line>,
}

/// What needs somebody now.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// What nobody has taken on first, then the worst, then the newest.
    pub lines: Vec<Line>,
    /// How many that are unresolved are not among them.
    pub left_out: u64,
    /// How many there are in each state; of those resolved, since the asked time.
    pub counts: Counts,
    /// How many are open, filtered or not.
    pub open_anywhere: u64,
}

/// How many there are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Nobody has taken them on.
    pub open: u64,
    /// Somebody has.
    pub acknowledged: u64,
    /// Put off.
    pub snoozed: u64,
    /// Over.
    pub resolved: u64,
}

impl Counts {
    /// Those that are not over.
    pub fn unresolved(self) -> u64 {
        self.open + self.acknowledged + self.snoozed
    }

    /// Those in one state.
    pub fn of(self, state: State) -> u64 {
        match state {
            State::Open => self.open,
            State::Acknowledged => self.acknowledged,
            State::Snoozed => self.snoozed,
            State::Resolved => self.resolved,
        }
    }

    fn ask(db: &Db, filter: &Filter) -> Result<Self, StoreError> {
        let mut counts = Self::default();
        for (state, count) in incident_lists::by_state(db, filter)? {
            match state {
                State::Open => counts.open = count,
                State::Acknowledged => counts.acknowledged = count,
                State::Snoozed => counts.snoozed = count,
                State::Resolved => counts.resolved = count,
            }
        }
        Ok(counts)
    }
}

/// What needs somebody at `now`, at `site` and of `severity` where they are given.
///
/// # Errors
/// The database refuses.
pub fn attention(
    db: &Db,
    catalogue: &Catalogue,
    (site, severity): (Option<&str>, Option<Severity>),
    (resolved_since, now): (Timestamp, Timestamp),
) -> Result<Attention, StoreError> {
    let filter = Filter {
        site: site.map(str::to_owned),
        severity,
        ..Filter::unresolved()
    };
    let mut counts = Counts::ask(db, &filter)?;
    let open_anywhere = if site.is_none() && severity.is_none() {
        counts.open
    } else {
        Counts::ask(db, &Filter::unresolved())?.open
    };
    let over = Filter {
        states: vec![State::Resolved],
        resolved_since: Some(resolved_since),
        ..filter.clone()
    };
    counts.resolved = Counts::ask(db, &over)?.resolved;
    let mut found = incident_lists::most_urgent(db, &filter, FOLDED_ON_BOARD)?;
    folding::fold(&mut found);
    let mut groups = nest(found);
    groups.truncate(MOST_URGENT);
    let lines = lines(db, catalogue, groups, now)?;
    let listed: usize = lines.iter().map(|line| 1 + line.folded.len()).sum();
    Ok(Attention {
        left_out: counts.unresolved().saturating_sub(listed as u64),
        lines,
        counts,
        open_anywhere,
    })
}

/// Which states a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// All but those that are over, the worst first.
    #[default]
    Unresolved,
    /// Those in one state.
    One(State),
    /// All, the newest first.
    All,
}

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// In these states.
    pub which: Which,
    /// At this site.
    pub site: Option<String>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Opened since; those that are over, resolved since.
    pub since: Option<Timestamp>,
    /// After the incident of this number, in the list's order.
    pub before: Option<i64>,
}

impl Wanted {
    fn filter(&self, states: &[State]) -> Filter {
        let over = states == [State::Resolved];
        Filter {
            states: states.to_vec(),
            site: self.site.clone(),
            severity: self.severity,
            kind: self.kind.clone(),
            since: self.since.filter(|_| !over),
            resolved_since: self.since.filter(|_| over),
            ..Filter::default()
        }
    }

    /// Whether an unresolved incident passes.
    fn passes(&self, incident: &Incident) -> bool {
        let state = match self.which {
            Which::One(state) => incident.state == state,
            Which::Unresolved | Which::All => true,
        };
        state
            && self
                .site
                .as_ref()
                .is_none_or(|site| incident.site_id == *site)
            && self
                .severity
                .is_none_or(|severity| incident.severity == severity)
            && self.kind.as_ref().is_none_or(|kind| incident.kind == *kind)
            && self.since.is_none_or(|since| incident.opened_at >= since)
    }
}

/// A list of incidents.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Unresolved ones the worst first, others the newest first.
    pub lines: Vec<Line>,
    /// How many pass in each state.
    pub counts: Counts,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<i64>,
    /// There are more unresolved ones than were put in order: the oldest are not here.
    pub not_all: bool,
}

/// One page of a list, as it stands at `now`.
///
/// # Errors
/// The database refuses.
pub fn list(
    db: &Db,
    catalogue: &Catalogue,
    wanted: &Wanted,
    limit: usize,
    now: Timestamp,
) -> Result<Listed, StoreError> {
    let mut counts = Counts::ask(db, &wanted.filter(&Filter::unresolved().states))?;
    counts.resolved = Counts::ask(db, &wanted.filter(&[State::Resolved]))?.resolved;
    let (mut groups, not_all) = match wanted.which {
        Which::All => (newest(db, wanted, &[], limit)?, false),
        Which::One(State::Resolved) => (newest(db, wanted, &[State::Resolved], limit)?, false),
        Which::One(_) | Which::Unresolved => worst(db, wanted)?,
    };
    let more = groups.len() > limit;
    groups.truncate(limit);
    let next = groups.last().filter(|_| more).map(|group| group.0.id);
    Ok(Listed {
        lines: lines(db, catalogue, groups, now)?,
        counts,
        next,
        not_all,
    })
}

/// An incident with those that hang on it.
type Group = (Incident, Vec<Incident>);

/// One more than `limit`, so that it is known whether there are more.
fn newest(
    db: &Db,
    wanted: &Wanted,
    states: &[State],
    limit: usize,
) -> Result<Vec<Group>, StoreError> {
    let filter = Filter {
        before: wanted.before,
        ..wanted.filter(states)
    };
    let found = acts::list(db, &filter, limit + 1)?;
    Ok(found
        .into_iter()
        .map(|incident| (incident, Vec::new()))
        .collect())
}

/// Unresolved ones after `wanted.before`, and whether that is not all of them.
fn worst(db: &Db, wanted: &Wanted) -> Result<(Vec<Group>, bool), StoreError> {
    let mut all = incidents::newest(db, &Filter::unresolved(), MOST_ORDERED)?;
    let not_all = all.len() == MOST_ORDERED;
    folding::fold(&mut all);
    all.retain(|incident| wanted.passes(incident));
    let mut groups = nest(all);
    order::sort_by_key(&mut groups, place);
    if let Some(before) = wanted.before {
        let seen = match groups.iter().position(|group| group.0.id == before) {
            Some(position) => position + 1,
            // It ended since the page before this one was shown.
            None => match incidents::get(db, before)? {
                Some(gone) => {
                    let gone = place(&(gone, Vec::new()));
                    groups.partition_point(|group| place(group) <= gone)
                }
                None => 0,
            },
        };
        groups.drain(..seen);
    }
    Ok((groups, not_all))
}

/// Where a group stands: one whose cause is mild and whose effects are not is as bad as those.
fn place((incident, folded): &Group) -> (Reverse<Severity>, Reverse<Timestamp>, Reverse<i64>) {
    let worst = folded.iter().map(|effect| effect.severity).max();
    (
        Reverse(worst.max(Some(incident.severity)).unwrap_or_default()),
        Reverse(incident.opened_at),
        Reverse(incident.id),
    )
}

/// Puts what hangs on another one of the list under it; the order stays.
fn nest(all: Vec<Incident>) -> Vec<Group> {
    let listed: HashSet<i64> = all.iter().map(|incident| incident.id).collect();
    let hangs = |incident: &Incident| incident.folded_under.filter(|cause| listed.contains(cause));
    let (effects, roots): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|incident| hangs(incident).is_some());
    let mut under: HashMap<i64, Vec<Incident>> = HashMap::new();
    for effect in effects {
        if let Some(cause) = effect.folded_under {
            under.entry(cause).or_default().push(effect);
        }
    }
    roots
        .into_iter()
        .map(|root| {
            let folded = under.remove(&root.id).unwrap_or_default();
            (root, folded)
        })
        .collect()
}

fn lines(
    db: &Db,
    catalogue: &Catalogue,
    groups: Vec<Group>,
    now: Timestamp,
) -> Result<Vec<Line>, StoreError> {
    let listed: Vec<&Incident> = groups
        .iter()
        .flat_map(|(incident, folded)| std::iter::once(incident).chain(folded))
        .collect();
    let ids: Vec<i64> = listed
        .iter()
        .filter_map(|incident| incident.last_signal_id)
        .collect();
    let fingerprints: Vec<&str> = listed
        .iter()
        .map(|incident| incident.fingerprint.as_str())
        .collect();
    let ticks = ticks::of_fingerprints(db, &fingerprints, now)?;
    let newest: HashMap<i64, Signal> = signals::by_ids(db, &ids)?
        .into_iter()
        .map(|signal| (signal.id, signal))
        .collect();
    let line = |incident: Incident| {
        let signal = incident.last_signal_id.and_then(|id| newest.get(&id));
        Line {
            suggestion: signal.map(|signal| Suggestion::for_signal(signal, catalogue.matcher())),
            ticks: ticks
                .get(&incident.fingerprint)
                .copied()
                .unwrap_or_default(),
            folded: Vec::new(),
            incident,
        }
    };
    Ok(groups
        .into_iter()
        .map(|(incident, folded)| Line {
            folded: folded.into_iter().map(line).collect(),
            ..line(incident)
        })
        .collect())
}
