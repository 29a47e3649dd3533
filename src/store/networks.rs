//! Networks, who looks at them, and all that is remembered of each: read and written as a whole.

use std::collections::BTreeMap;

use rusqlite::types::ToSql;
use rusqlite::{Row, params, params_from_iter};

use super::{Db, StoreError, hosts};
use crate::domain::agent::{DEFAULT_INTERVAL_SECONDS, is_silent};
use crate::domain::inventory::state::{Conflict, NetworkRow, NetworkState, Reporter};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "id, site_id, cidr, gateway, gateway_mac, gateway_before, agent_id, \
     full_passes, baseline_at, first_seen, last_seen, name, no_guests";

fn from_row(row: &Row<'_>) -> rusqlite::Result<NetworkRow> {
    Ok(NetworkRow {
        id: row.get(0)?,
        site_id: row.get(1)?,
        cidr: row.get(2)?,
        gateway: row.get(3)?,
        gateway_mac: row.get(4)?,
        gateway_before: row.get(5)?,
        agent_id: row.get(6)?,
        full_passes: row.get(7)?,
        baseline_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
        first_seen: Timestamp::from_millis(row.get(9)?),
        last_seen: Timestamp::from_millis(row.get(10)?),
        name: row.get(11)?,
        no_guests: row.get(12)?,
    })
}

/// Which networks are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// All.
    All,
    /// Those of a site.
    Site(&'a str),
    /// Those of a site with this prefix.
    Prefix(&'a str, &'a str),
    /// Those an agent looks at.
    Agent(&'a str),
    /// One.
    One(i64),
    /// The one that a host is on.
    OfHost(i64),
}

/// Networks with all that is remembered of them, by site and prefix. A fixed number of queries.
///
/// # Errors
/// The database refuses.
pub fn states(db: &Db, which: Which<'_>, now: Timestamp) -> Result<Vec<NetworkState>, StoreError> {
    let mut states = rows(db, which)?
        .into_iter()
        .map(|row| NetworkState {
            row,
            reporters: Vec::new(),
            hosts: Vec::new(),
            conflicts: Vec::new(),
            kept_marks: BTreeMap::new(),
            merged: Vec::new(),
        })
        .collect::<Vec<_>>();
    if states.is_empty() {
        return Ok(states);
    }
    let ids: Vec<i64> = states.iter().map(|state| state.row.id).collect();
    let ids = serde_json::json!(ids).to_string();
    for (network, reporter) in reporters(db, &ids, now)? {
        if let Some(state) = states.iter_mut().find(|state| state.row.id == network) {
            state.reporters.push(reporter);
        }
    }
    for (network, conflict) in conflicts(db, &ids)? {
        if let Some(state) = states.iter_mut().find(|state| state.row.id == network) {
            state.conflicts.push(conflict);
        }
    }
    hosts::fill(db, &mut states, &ids)?;
    Ok(states)
}

/// The rows alone.
///
/// # Errors
/// The database refuses.
pub fn rows(db: &Db, which: Which<'_>) -> Result<Vec<NetworkRow>, StoreError> {
    let (condition, values): (&str, Vec<Box<dyn ToSql>>) = match which {
        Which::All => ("1", Vec::new()),
        Which::Site(site) => ("site_id = ?1", vec![Box::new(site.to_owned())]),
        Which::Prefix(site, cidr) => (
            "site_id = ?1 AND cidr = ?2",
            vec![Box::new(site.to_owned()), Box::new(cidr.to_owned())],
        ),
        Which::Agent(agent) => (
            "id IN (SELECT network_id FROM network_agents WHERE agent_id = ?1)",
            vec![Box::new(agent.to_owned())],
        ),
        Which::One(id) => ("id = ?1", vec![Box::new(id)]),
        Which::OfHost(id) => (
            "id = (SELECT network_id FROM hosts WHERE id = ?1)",
            vec![Box::new(id)],
        ),
    };
    let sql =
        format!("SELECT {COLUMNS} FROM networks WHERE {condition} ORDER BY site_id, cidr, id");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn reporters(db: &Db, ids: &str, now: Timestamp) -> Result<Vec<(i64, Reporter)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT n.network_id, n.agent_id, n.dev, n.gateway, n.gateway_mac, n.full_passes, \
         n.last_pass_at, n.gap_ms, n.unusable, n.swept, a.last_seen, a.interval_seconds, \
         p.said_blind IS NOT NULL, n.not_swept FROM network_agents n JOIN agents a ON a.id = n.agent_id \
         LEFT JOIN passes p ON p.agent_id = n.agent_id \
         WHERE n.network_id IN (SELECT value FROM json_each(?1)) ORDER BY n.network_id, n.agent_id",
    )?;
    let rows = statement.query_map([ids], |row| {
        let heard = Timestamp::from_millis(row.get(10)?);
        let interval: Option<u32> = row.get(11)?;
        Ok((
            row.get(0)?,
            Reporter {
                agent_id: row.get(1)?,
                dev: row.get(2)?,
                gateway: row.get(3)?,
                gateway_mac: row.get(4)?,
                full_passes: row.get(5)?,
                last_pass_at: row.get::<_, Option<i64>>(6)?.map(Timestamp::from_millis),
                gap_ms: row.get(7)?,
                unusable: row.get(8)?,
                swept: row.get(9)?,
                silent: is_silent(heard, interval.or(Some(DEFAULT_INTERVAL_SECONDS)), now),
                blind: row.get(12)?,
                not_swept: row.get(13)?,
            },
        ))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn conflicts(db: &Db, ids: &str) -> Result<Vec<(i64, Conflict)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT network_id, address, key, last_at, quiet_passes FROM address_conflicts \
         WHERE network_id IN (SELECT value FROM json_each(?1))",
    )?;
    let mut rows = statement.query([ids])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(address) = hosts::address(row.get_ref(1)?)? else {
            continue;
        };
        found.push((
            row.get(0)?,
            Conflict {
                address,
                key: row.get(2)?,
                last_at: Timestamp::from_millis(row.get(3)?),
                quiet_passes: row.get(4)?,
            },
        ));
    }
    Ok(found)
}

/// Makes a network, and answers its number.
///
/// # Errors
/// The database refuses.
pub fn insert(db: &Db, row: &NetworkRow) -> Result<i64, StoreError> {
    db.prepare_cached(
        "INSERT INTO networks (site_id, cidr, gateway, gateway_mac, agent_id, first_seen, \
         last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        row.site_id,
        row.cidr,
        row.gateway,
        row.gateway_mac,
        row.agent_id,
        row.first_seen.as_millis(),
        row.last_seen.as_millis(),
    ])?;
    Ok(db.last_insert_rowid())
}

/// Writes what a pass changed: rows that are as they were are left alone.
///
/// # Errors
/// The database refuses.
pub fn save(db: &Db, before: &NetworkState, after: &NetworkState) -> Result<(), StoreError> {
    if before.row != after.row {
        save_row(db, &after.row)?;
    }
    for reporter in &after.reporters {
        if !before.reporters.contains(reporter) {
            save_reporter(db, after.row.id, reporter)?;
        }
    }
    if before.conflicts != after.conflicts {
        save_conflicts(db, after)?;
    }
    hosts::save(db, before, after)
}

fn save_row(db: &Db, row: &NetworkRow) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE networks SET gateway = ?2, gateway_mac = ?3, gateway_before = ?4, agent_id = ?5, \
         full_passes = ?6, baseline_at = ?7, last_seen = ?8 WHERE id = ?1",
    )?
    .execute(params![
        row.id,
        row.gateway,
        row.gateway_mac,
        row.gateway_before,
        row.agent_id,
        row.full_passes,
        row.baseline_at.map(Timestamp::as_millis),
        row.last_seen.as_millis(),
    ])?;
    Ok(())
}

fn save_reporter(db: &Db, network: i64, reporter: &Reporter) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO network_agents (network_id, agent_id, dev, gateway, gateway_mac, \
         full_passes, last_pass_at, gap_ms, unusable, swept, not_swept) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
         ON CONFLICT (network_id, agent_id) DO UPDATE SET dev = excluded.dev, \
         gateway = excluded.gateway, gateway_mac = excluded.gateway_mac, \
         full_passes = excluded.full_passes, last_pass_at = excluded.last_pass_at, \
         gap_ms = excluded.gap_ms, unusable = excluded.unusable, swept = excluded.swept, \
         not_swept = excluded.not_swept",
    )?
    .execute(params![
        network,
        reporter.agent_id,
        reporter.dev,
        reporter.gateway,
        reporter.gateway_mac,
        reporter.full_passes,
        reporter.last_pass_at.map(Timestamp::as_millis),
        reporter.gap_ms,
        reporter.unusable,
        reporter.swept,
        reporter.not_swept,
    ])?;
    Ok(())
}

fn save_conflicts(db: &Db, state: &NetworkState) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM address_conflicts WHERE network_id = ?1")?
        .execute([state.row.id])?;
    for conflict in &state.conflicts {
        db.prepare_cached(
            "INSERT INTO address_conflicts (network_id, address, key, last_at, quiet_passes) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            state.row.id,
            conflict.address.to_string(),
            conflict.key,
            conflict.last_at.as_millis(),
            conflict.quiet_passes,
        ])?;
    }
    Ok(())
}

/// Removes a network with all that hangs on it; what people said of its hosts stays.
///
/// # Errors
/// The database refuses.
pub fn remove(db: &Db, id: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM networks WHERE id = ?1", [id])?;
    Ok(())
}

/// Stores what people say of a network. False where there is none.
///
/// # Errors
/// The database refuses.
pub fn mark(db: &Db, id: i64, name: Option<&str>, no_guests: bool) -> Result<bool, StoreError> {
    let changed = db.execute(
        "UPDATE networks SET name = ?2, no_guests = ?3 WHERE id = ?1",
        params![id, name, no_guests],
    )?;
    Ok(changed > 0)
}
