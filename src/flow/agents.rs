//! Who reports, and in which of the last hours each was heard.

use crate::domain::agent::Agent;
use crate::domain::ticks::Ticks;
use crate::domain::timestamp::Timestamp;
use crate::store::{Db, StoreError, agents, ticks};

/// All agents, by site and host name.
///
/// # Errors
/// The database refuses.
pub fn with_ticks(db: &Db, now: Timestamp) -> Result<Vec<(Agent, Ticks)>, StoreError> {
    let agents = agents::all(db, now)?;
    let ids: Vec<&str> = agents.iter().map(|agent| agent.id.as_str()).collect();
    let mut heard = ticks::of_agents(db, &ids, now)?;
    Ok(agents
        .into_iter()
        .map(|agent| {
            let mut ticks = heard.remove(&agent.id).unwrap_or_default();
            // Its last report may be older than its signals here: version 0.4 kept none of them.
            ticks.mark(agent.last_seen, now);
            (agent, ticks)
        })
        .collect())
}
