//! What the situation board shows: a fixed number of questions to the database, whatever is in it.

use std::collections::HashMap;

use crate::domain::agent::Agent;
use crate::domain::inventory::network::Network;
use crate::domain::inventory::suggestion::{Decision, SuggestedIntegration};
use crate::domain::order;
use crate::domain::runbook::Runbook;
use crate::domain::severity::Severity;
use crate::domain::site::Site;
use crate::domain::ticks::Ticks;
use crate::domain::timestamp::Timestamp;
use crate::flow::agents;
use crate::flow::catalogue::Catalogue;
use crate::flow::inventory::view;
use crate::flow::signal_list::{Line, Query, lines};
use crate::store::signals::{Filter, Tally};
use crate::store::{Db, StoreError, integration_suggestions, signals, sites};

/// Most signals the board lists.
pub const LIMIT: usize = 50;

/// Everything the board shows.
#[derive(Debug)]
pub struct Board {
    /// The newest signals that pass.
    pub signals: Vec<Line>,
    /// How many pass, listed or not.
    pub total: u64,
    /// How many pass of each severity, worst first.
    pub by_severity: Vec<(Severity, u64)>,
    /// Ids of the runbooks that pass the search with their hits in the window, most first.
    pub runbooks: Vec<(String, u64)>,
    /// All sites.
    pub sites: Vec<SiteCard>,
    /// All agents.
    pub agents: usize,
    /// Host names of agents that are silent.
    pub silent: Vec<String>,
}

/// One site and who reports from it.
#[derive(Debug)]
pub struct SiteCard {
    /// The site.
    pub site: Site,
    /// Its agents, and in which of the last hours each was heard.
    pub agents: Vec<(Agent, Ticks)>,
    /// Its networks, as discovery found them.
    pub networks: Vec<Network>,
    /// Integrations that discovery suggests there, and nobody decided about.
    pub suggestions: Vec<SuggestedIntegration>,
}

/// Asks for everything at once.
///
/// # Errors
/// The database refuses.
pub fn board(
    db: &Db,
    catalogue: &Catalogue,
    query: &Query,
    now: Timestamp,
) -> Result<Board, StoreError> {
    let words = query.words();
    let filter = query.filter(now);
    let listed = signals::newest(db, &filter, LIMIT)?;
    let tally = signals::tally(db, &filter)?;
    // A search narrows the list, and leaves the runbooks' hits in the window as they are.
    let hits = if words.is_empty() {
        hits(&tally)
    } else {
        let in_window = Filter {
            words: Vec::new(),
            ..filter
        };
        hits(&signals::tally(db, &in_window)?)
    };
    let agents = agents::with_ticks(db, now)?;
    Ok(Board {
        signals: lines(listed, catalogue),
        total: tally.iter().map(|part| part.count).sum(),
        by_severity: by_severity(&tally),
        runbooks: runbooks(catalogue, &words, &hits),
        agents: agents.len(),
        silent: agents
            .iter()
            .filter(|(agent, _)| agent.silent)
            .map(|(agent, _)| agent.hostname.clone())
            .collect(),
        sites: cards(
            sites::all(db)?,
            agents,
            view::overview(db, None, now)?.networks,
            integration_suggestions::all(db)?,
        ),
    })
}

fn by_severity(tally: &[Tally]) -> Vec<(Severity, u64)> {
    Severity::WORST_FIRST
        .into_iter()
        .map(|severity| {
            let parts = tally.iter().filter(|part| part.severity == severity);
            (severity, parts.map(|part| part.count).sum())
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn hits(tally: &[Tally]) -> HashMap<String, u64> {
    let mut hits = HashMap::new();
    for part in tally {
        if let Some(id) = &part.runbook_id {
            *hits.entry(id.clone()).or_default() += part.count;
        }
    }
    hits
}

fn runbooks(
    catalogue: &Catalogue,
    words: &[String],
    hits: &HashMap<String, u64>,
) -> Vec<(String, u64)> {
    let mut found: Vec<(&Runbook, u64)> = catalogue
        .all()
        .iter()
        .filter(|runbook| words.is_empty() || holds_all(runbook, words))
        .map(|runbook| (runbook, hits.get(&runbook.id).copied().unwrap_or(0)))
        .collect();
    order::sort_by(&mut found, |a, b| {
        b.1.cmp(&a.1).then_with(|| a.0.title.cmp(&b.0.title))
    });
    found
        .into_iter()
        .map(|(runbook, hits)| (runbook.id.clone(), hits))
        .collect()
}

/// Whether each word stands somewhere in what names the runbook.
fn holds_all(runbook: &Runbook, words: &[String]) -> bool {
    let text = [
        runbook.id.as_str(),
        &runbook.title,
        &runbook.summary,
        &runbook.tags.join(" "),
        &runbook.kinds.join(" "),
    ]
    .join(" ")
    .to_lowercase();
    words.iter().all(|word| text.contains(&word.to_lowercase()))
}

fn cards(
    sites: Vec<Site>,
    agents: Vec<(Agent, Ticks)>,
    networks: Vec<Network>,
    suggestions: Vec<SuggestedIntegration>,
) -> Vec<SiteCard> {
    let mut cards: Vec<SiteCard> = sites
        .into_iter()
        .map(|site| SiteCard {
            site,
            agents: Vec::new(),
            networks: Vec::new(),
            suggestions: Vec::new(),
        })
        .collect();
    for (agent, ticks) in agents {
        if let Some(card) = card_of(&mut cards, &agent.site_id) {
            card.agents.push((agent, ticks));
        }
    }
    for network in networks {
        if let Some(card) = card_of(&mut cards, &network.site_id) {
            card.networks.push(network);
        }
    }
    for found in suggestions {
        if found.state == Decision::Open
            && let Some(card) = card_of(&mut cards, &found.site_id)
        {
            card.suggestions.push(found);
        }
    }
    cards
}

fn card_of<'a>(cards: &'a mut [SiteCard], site: &str) -> Option<&'a mut SiteCard> {
    cards.iter_mut().find(|card| card.site.id == site)
}
