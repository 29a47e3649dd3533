//! One incident as people look at it, with everything that belongs to it. It costs a fixed number of
//! questions to the database.

use std::collections::HashMap;

use crate::domain::incident::Incident;
use crate::domain::incident::timeline::Entry;
use crate::domain::run::{EpisodeRun, RunHead};
use crate::domain::signal::Signal;
use crate::domain::site::Site;
use crate::domain::suggestion::Suggestion;
use crate::domain::ticks::Ticks;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::incidents as acts;
use crate::flow::llm;
use crate::store::incidents::{self, Filter};
use crate::store::{Db, StoreError, incident_lists, runs, signals, sites, ticks};

/// Most other episodes, and most incidents that hang on one, of one page.
const MOST_BESIDE: usize = 20;

/// One incident with everything that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct InFull {
    /// The incident.
    pub incident: Incident,
    /// Its newest events and signals, oldest first.
    pub timeline: Vec<Entry>,
    /// How many of its signals the timeline does not show.
    pub signals_left_out: u64,
    /// Its signals of the last hours.
    pub ticks: Ticks,
    /// Where it is.
    pub site: Option<Site>,
    /// Its newest signal, where that is still kept.
    pub newest: Option<Signal>,
    /// What is offered for that.
    pub suggestion: Option<Suggestion>,
    /// What it hangs on.
    pub cause: Option<Incident>,
    /// What hangs on it.
    pub effects: Vec<Incident>,
    /// Other incidents of the same problem, the newest opened first.
    pub episodes: Vec<Incident>,
    /// Walks through runbooks for it, newest first.
    pub runs: Vec<RunHead>,
    /// Walks that came to their end in the other episodes, by episode: those that helped first.
    pub walked: HashMap<i64, Vec<EpisodeRun>>,
    /// How large the context pack of its newest signal is, in tokens.
    pub pack_tokens: Option<usize>,
}

/// One incident in full at `now`; `None` where there is none. `budget` is of the context pack that is
/// measured, and `boundary` fences it.
///
/// # Errors
/// The database refuses.
pub fn in_full(
    db: &Db,
    catalogue: &Catalogue,
    id: i64,
    (budget, boundary): (usize, &str),
    now: Timestamp,
) -> Result<Option<InFull>, StoreError> {
    let Some(acts::Shown {
        incident,
        timeline,
        signals_left_out,
    }) = acts::show(db, id)?
    else {
        return Ok(None);
    };
    let newest = match incident.last_signal_id {
        Some(signal) => signals::get(db, signal)?,
        None => None,
    };
    let pack = match &newest {
        Some(signal) => llm::context(db, catalogue, (signal.id, budget), boundary)?,
        None => None,
    };
    let same = Filter {
        fingerprint: Some(incident.fingerprint.clone()),
        ..Filter::default()
    };
    let mut episodes = incidents::newest(db, &same, MOST_BESIDE + 1)?;
    episodes.retain(|episode| episode.id != id);
    let ids: Vec<i64> = episodes.iter().map(|episode| episode.id).collect();
    let mut ticks = ticks::of_fingerprints(db, &[&incident.fingerprint], now)?;
    let beside = &incident.folds[..incident.folds.len().min(MOST_BESIDE)];
    Ok(Some(InFull {
        ticks: ticks.remove(&incident.fingerprint).unwrap_or_default(),
        site: sites::get(db, &incident.site_id)?,
        suggestion: newest
            .as_ref()
            .map(|signal| Suggestion::for_signal(signal, catalogue.matcher())),
        cause: match incident.folded_under {
            Some(cause) => incidents::get(db, cause)?,
            None => None,
        },
        effects: incident_lists::by_ids(db, beside)?,
        runs: runs::of_incident(db, id, MOST_BESIDE)?,
        walked: runs::finished_of(db, &ids)?,
        pack_tokens: pack.map(|pack| pack.budget.used),
        newest,
        episodes,
        timeline,
        signals_left_out,
        incident,
    }))
}
