//! Sites.

use rusqlite::{OptionalExtension, Row, params};

use super::{Db, StoreError, integrations};
use crate::domain::site::{Site, SiteDeclaration};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, name, description, networks, demo";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Site> {
    Ok(Site {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        networks: serde_json::from_str(row.get_ref(3)?.as_str()?).unwrap_or_default(),
        integrations: Vec::new(),
        demo: row.get(4)?,
    })
}

/// All sites with their integrations, by name. Two queries, however many there are.
///
/// # Errors
/// The database refuses.
pub fn all(db: &Db) -> Result<Vec<Site>, StoreError> {
    let mut sites = db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM sites ORDER BY name, id"))?
        .query_map([], from_row)?
        .collect::<Result<Vec<_>, _>>()?;
    for integration in integrations::all(db)? {
        if let Some(site) = sites.iter_mut().find(|site| site.id == integration.site_id) {
            site.integrations.push(integration);
        }
    }
    Ok(sites)
}

/// One site with its integrations.
///
/// # Errors
/// The database refuses.
pub fn get(db: &Db, id: &str) -> Result<Option<Site>, StoreError> {
    let site = db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM sites WHERE id = ?1"))?
        .query_row([id], from_row)
        .optional()?;
    Ok(match site {
        None => None,
        Some(site) => Some(Site {
            integrations: integrations::of_site(db, id)?,
            ..site
        }),
    })
}

/// Makes sure that a site is there; a new one is called by its id.
///
/// # Errors
/// The database refuses.
pub fn ensure(db: &Db, id: &str, now: Timestamp) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO sites (id, name, created_at) VALUES (?1, ?1, ?2) ON CONFLICT DO NOTHING",
    )?
    .execute(params![id, now.as_millis()])?;
    Ok(())
}

/// Stores what a person declared: a new site, or another name, description and networks. What a
/// person declared is no longer the demo's.
///
/// # Errors
/// The database refuses.
pub fn declare(db: &Db, site: &SiteDeclaration, now: Timestamp) -> Result<(), StoreError> {
    let networks = serde_json::to_string(&site.networks).unwrap_or_else(|_| "{}".to_owned());
    db.execute(
        "INSERT INTO sites (id, name, description, networks, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
         description = excluded.description, networks = excluded.networks, demo = 0",
        params![
            site.id,
            site.name,
            site.description,
            networks,
            now.as_millis()
        ],
    )?;
    Ok(())
}

/// Removes a site that nothing hangs on. False where signals, agents or integrations do.
///
/// # Errors
/// The database refuses.
pub fn remove(db: &Db, id: &str) -> Result<bool, StoreError> {
    let used: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM signals WHERE site_id = ?1) \
         OR EXISTS (SELECT 1 FROM agents WHERE site_id = ?1) \
         OR EXISTS (SELECT 1 FROM integrations WHERE site_id = ?1)",
        [id],
        |row| row.get(0),
    )?;
    if !used {
        db.execute("DELETE FROM sites WHERE id = ?1", [id])?;
    }
    Ok(!used)
}
