//! The demo's own rows, across the tables: every one of them is marked, and only marked ones are
//! ever removed.

use rusqlite::params;
use serde_json::Value;

use super::agents::Heartbeat;
use super::{Db, StoreError};
use crate::domain::integration::IntegrationDeclaration;
use crate::domain::site::SiteDeclaration;
use crate::domain::timestamp::Timestamp;

/// What [`clear`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Cleared {
    /// Rows of incidents.
    pub incidents: usize,
    /// Rows of signals.
    pub signals: usize,
    /// Rows of agents.
    pub agents: usize,
    /// Rows of integrations.
    pub integrations: usize,
    /// Rows of sites.
    pub sites: usize,
    /// Sites of the demo that stay, since rows that are not the demo's hang on them.
    pub sites_kept: usize,
}

/// Whether demonstration data is there.
///
/// # Errors
/// The database refuses.
pub fn is_seeded(db: &Db) -> Result<bool, StoreError> {
    Ok(db.query_row(
        "SELECT EXISTS (SELECT 1 FROM signals WHERE demo = 1) \
         OR EXISTS (SELECT 1 FROM sites WHERE demo = 1)",
        [],
        |row| row.get(0),
    )?)
}

/// Adds a demo site; one that is there already, whoever's, is left as it is.
///
/// # Errors
/// The database refuses.
pub fn add_site(db: &Db, site: &SiteDeclaration, now: Timestamp) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO sites (id, name, description, networks, created_at, demo) \
         VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT DO NOTHING",
        params![
            site.id,
            site.name,
            site.description,
            Value::Object(site.networks.clone()).to_string(),
            now.as_millis()
        ],
    )?;
    Ok(())
}

/// Adds a demo integration with a status and a last contact.
///
/// # Errors
/// The database refuses.
pub fn add_integration(
    db: &Db,
    integration: &IntegrationDeclaration,
    status: &str,
    last_contact: Timestamp,
) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO integrations (site_id, type, endpoint, status, name, config, last_contact, demo) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)",
        params![
            integration.site_id,
            integration.kind,
            integration.endpoint,
            status,
            integration.name,
            Value::Object(integration.config.clone()).to_string(),
            last_contact.as_millis()
        ],
    )?;
    Ok(())
}

/// Adds a demo agent that was last heard at `last_seen`.
///
/// # Errors
/// The database refuses.
pub fn add_agent(db: &Db, agent: &Heartbeat, last_seen: Timestamp) -> Result<(), StoreError> {
    super::agents::heard(db, agent, false, last_seen)?;
    db.execute(
        "UPDATE agents SET demo = 1 WHERE id = ?1",
        [&agent.agent_id],
    )?;
    Ok(())
}

/// Removes every row that is marked as the demo's, and nothing else. A demo site that rows of
/// others hang on stays and is the user's from then on.
///
/// # Errors
/// The database refuses.
pub fn clear(db: &Db) -> Result<Cleared, StoreError> {
    let incidents = db.execute("DELETE FROM incidents WHERE demo = 1", [])?;
    let signals = db.execute("DELETE FROM signals WHERE demo = 1", [])?;
    let agents = db.execute("DELETE FROM agents WHERE demo = 1", [])?;
    let integrations = db.execute("DELETE FROM integrations WHERE demo = 1", [])?;
    let sites = db.execute(
        "DELETE FROM sites WHERE demo = 1 \
         AND NOT EXISTS (SELECT 1 FROM signals WHERE site_id = sites.id) \
         AND NOT EXISTS (SELECT 1 FROM incidents WHERE site_id = sites.id) \
         AND NOT EXISTS (SELECT 1 FROM agents WHERE site_id = sites.id) \
         AND NOT EXISTS (SELECT 1 FROM integrations WHERE site_id = sites.id)",
        [],
    )?;
    let sites_kept = db.execute("UPDATE sites SET demo = 0 WHERE demo = 1", [])?;
    Ok(Cleared {
        incidents,
        signals,
        agents,
        integrations,
        sites,
        sites_kept,
    })
}
