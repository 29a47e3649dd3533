//! Hosts, their addresses, and what people say of them.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use rusqlite::types::ValueRef;
use rusqlite::{Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Db, StoreError, services};
use crate::domain::inventory::state::{AddressState, HostState, Marks, NetworkState};
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "h.id, h.network_id, h.identity, h.agent_id, h.announced_id, h.mac, \
     h.roaming, h.names, h.first_seen, h.last_seen, h.stable_passes, h.told, h.came_back_at, \
     h.said, h.views";

/// A column of JSON; its default where it cannot be read.
pub(super) fn json<T: DeserializeOwned + Default>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    Ok(serde_json::from_str(row.get_ref(column)?.as_str()?).unwrap_or_default())
}

/// The text of a column of JSON.
pub(super) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A column with an address; nothing where it is none.
pub(super) fn address(value: ValueRef<'_>) -> Result<Option<IpAddr>, StoreError> {
    let text = value.as_str().map_err(rusqlite::Error::from)?;
    Ok(text.parse().ok())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, HostState)> {
    Ok((
        row.get(1)?,
        HostState {
            id: row.get(0)?,
            identity: row.get(2)?,
            agent_id: row.get(3)?,
            announced_id: row.get(4)?,
            mac: row.get(5)?,
            roaming: row.get(6)?,
            names: json(row, 7)?,
            first_seen: Timestamp::from_millis(row.get(8)?),
            last_seen: Timestamp::from_millis(row.get(9)?),
            stable_passes: row.get(10)?,
            told: row.get(11)?,
            came_back_at: row.get::<_, Option<i64>>(12)?.map(Timestamp::from_millis),
            said: json(row, 13)?,
            views: json(row, 14)?,
            addresses: Vec::new(),
            services: Vec::new(),
            marks: Marks::default(),
        },
    ))
}

/// Fills the hosts of networks in, with their addresses, services and marks. `ids` is a JSON
/// array of the networks' numbers.
pub(super) fn fill(db: &Db, states: &mut [NetworkState], ids: &str) -> Result<(), StoreError> {
    let marks = all_marks(db)?;
    for state in states.iter_mut() {
        if let Some(kept) = marks.get(&state.row.site_id) {
            state.kept_marks.clone_from(kept);
        }
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM hosts h WHERE h.network_id IN (SELECT value FROM json_each(?1)) \
         ORDER BY h.id"
    );
    let mut statement = db.prepare_cached(&sql)?;
    // Where the host of a number lies.
    let mut places: HashMap<i64, (usize, usize)> = HashMap::new();
    for row in statement.query_map([ids], from_row)? {
        let (network, mut host) = row?;
        let Some(number) = states.iter().position(|state| state.row.id == network) else {
            continue;
        };
        let state = &mut states[number];
        if let Some(marks) = state.kept_marks.get(&host.identity) {
            host.marks.clone_from(marks);
        }
        places.insert(host.id, (number, state.hosts.len()));
        state.hosts.push(host);
    }
    let mut statement = db.prepare_cached(
        "SELECT a.host_id, a.address, a.mac, a.first_seen, a.last_seen, a.senses \
         FROM hosts h JOIN host_addresses a ON a.host_id = h.id \
         WHERE h.network_id IN (SELECT value FROM json_each(?1)) ORDER BY a.host_id, a.first_seen",
    )?;
    let mut rows = statement.query([ids])?;
    while let Some(row) = rows.next()? {
        let place = places.get(&row.get(0)?);
        if let (Some((network, host)), Some(address)) = (place, address(row.get_ref(1)?)?) {
            states[*network].hosts[*host].addresses.push(AddressState {
                address,
                mac: row.get(2)?,
                first_seen: Timestamp::from_millis(row.get(3)?),
                last_seen: Timestamp::from_millis(row.get(4)?),
                senses: json(row, 5)?,
                seen_before: None,
            });
        }
    }
    for (host, service) in services::of_networks(db, ids)? {
        if let Some((network, host)) = places.get(&host) {
            states[*network].hosts[*host].services.push(service);
        }
    }
    Ok(())
}

fn all_marks(db: &Db) -> Result<HashMap<String, BTreeMap<String, Marks>>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT site_id, identity, known, pinned, ignored, name FROM host_marks")?;
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            Marks {
                known: row.get(2)?,
                pinned: row.get(3)?,
                ignored: row.get(4)?,
                name: row.get(5)?,
            },
        ))
    })?;
    let mut marks: HashMap<String, BTreeMap<String, Marks>> = HashMap::new();
    for row in rows {
        let (site, identity, mark) = row?;
        marks.entry(site).or_default().insert(identity, mark);
    }
    Ok(marks)
}

/// Writes the hosts that a pass changed.
pub(super) fn save(db: &Db, before: &NetworkState, after: &NetworkState) -> Result<(), StoreError> {
    for id in &after.merged {
        remove(db, *id)?;
    }
    let known: HashMap<i64, &HostState> = before.hosts.iter().map(|host| (host.id, host)).collect();
    for host in &after.hosts {
        let old = known.get(&host.id).copied().filter(|_| host.id != 0);
        if old == Some(host) {
            continue;
        }
        let id = save_row(db, after.row.id, host)?;
        for known in &host.addresses {
            let same = |old: &HostState| old.address(known.address) == Some(known);
            if !old.is_some_and(same) {
                save_address(db, id, known)?;
            }
        }
        for service in &host.services {
            let same = |old: &HostState| old.services.contains(service);
            if !old.is_some_and(same) {
                services::save(db, id, service)?;
            }
        }
        // What was said of it follows it to its stronger name, or comes from one that it was.
        if let Some(old) = old
            && old.identity != host.identity
        {
            rename(db, &after.row.site_id, (&old.identity, &host.identity))?;
        } else if host.marks != Marks::default() && !after.kept_marks.contains_key(&host.identity) {
            let of = Marked {
                site_id: after.row.site_id.clone(),
                identity: host.identity.clone(),
                called: host.called(),
                at: host.last_seen,
                by: "atlas-ops".to_owned(),
            };
            mark(db, &of, &host.marks)?;
        }
    }
    Ok(())
}

fn save_row(db: &Db, network: i64, host: &HostState) -> Result<i64, StoreError> {
    let id = (host.id != 0).then_some(host.id);
    db.prepare_cached(
        "INSERT INTO hosts (id, network_id, identity, agent_id, announced_id, mac, roaming, \
         names, first_seen, last_seen, stable_passes, told, came_back_at, said, views) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
         ON CONFLICT (id) DO UPDATE SET identity = excluded.identity, \
         agent_id = excluded.agent_id, announced_id = excluded.announced_id, mac = excluded.mac, \
         roaming = excluded.roaming, names = excluded.names, first_seen = excluded.first_seen, \
         last_seen = excluded.last_seen, stable_passes = excluded.stable_passes, \
         told = excluded.told, came_back_at = excluded.came_back_at, said = excluded.said, \
         views = excluded.views",
    )?
    .execute(params![
        id,
        network,
        host.identity,
        host.agent_id,
        host.announced_id,
        host.mac,
        host.roaming,
        text(&host.names),
        host.first_seen.as_millis(),
        host.last_seen.as_millis(),
        host.stable_passes,
        host.told,
        host.came_back_at.map(Timestamp::as_millis),
        text(&host.said),
        text(&host.views),
    ])?;
    Ok(id.unwrap_or_else(|| db.last_insert_rowid()))
}

fn save_address(db: &Db, host: i64, known: &AddressState) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO host_addresses (host_id, address, mac, first_seen, last_seen, senses) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (host_id, address) DO UPDATE SET \
         mac = excluded.mac, first_seen = excluded.first_seen, last_seen = excluded.last_seen, \
         senses = excluded.senses",
    )?
    .execute(params![
        host,
        known.address.to_string(),
        known.mac,
        known.first_seen.as_millis(),
        known.last_seen.as_millis(),
        text(&known.senses),
    ])?;
    Ok(())
}

/// Removes a host with its addresses and services; what people said of it stays.
fn remove(db: &Db, id: i64) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM hosts WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Removes up to `most` hosts that nobody has seen for long and that nothing hangs on; answers how
/// many. What people said of them stays, and counts when they come back.
///
/// # Errors
/// The database refuses.
pub fn remove_unseen(
    db: &Db,
    (roaming, others): (Timestamp, Timestamp),
    most: usize,
) -> Result<usize, StoreError> {
    Ok(db.execute(
        "DELETE FROM hosts WHERE id IN (SELECT id FROM hosts WHERE said = '{}' \
         AND last_seen < CASE WHEN roaming THEN ?1 ELSE ?2 END LIMIT ?3)",
        params![roaming.as_millis(), others.as_millis(), most],
    )?)
}

/// What people said of a host, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The site.
    pub site_id: String,
    /// The host's identity.
    pub identity: String,
    /// What it was called then.
    pub called: String,
    /// When that was said.
    pub at: Timestamp,
    /// Who said it.
    pub by: String,
}

/// Everything that is ignored, whether it is there or not.
///
/// # Errors
/// The database refuses.
pub fn ignored(db: &Db) -> Result<Vec<Marked>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT site_id, identity, coalesce(name, called), marked_at, marked_by FROM host_marks \
         WHERE ignored ORDER BY site_id, 3, identity",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Marked {
            site_id: row.get(0)?,
            identity: row.get(1)?,
            called: row.get(2)?,
            at: Timestamp::from_millis(row.get(3)?),
            by: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stores what people say of a host; nothing at all removes the row.
///
/// # Errors
/// The database refuses.
pub fn mark(db: &Db, of: &Marked, marks: &Marks) -> Result<(), StoreError> {
    if *marks == Marks::default() {
        db.execute(
            "DELETE FROM host_marks WHERE site_id = ?1 AND identity = ?2",
            params![of.site_id, of.identity],
        )?;
        return Ok(());
    }
    db.execute(
        "INSERT INTO host_marks (site_id, identity, known, pinned, ignored, name, called, \
         marked_at, marked_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (site_id, identity) DO UPDATE SET known = excluded.known, \
         pinned = excluded.pinned, ignored = excluded.ignored, name = excluded.name, \
         called = excluded.called, marked_at = excluded.marked_at, marked_by = excluded.marked_by",
        params![
            of.site_id,
            of.identity,
            marks.known,
            marks.pinned,
            marks.ignored,
            marks.name,
            of.called,
            of.at.as_millis(),
            of.by,
        ],
    )?;
    Ok(())
}

/// Takes the mark of ignored back from an identity, whether there is a host of it or not. False
/// where it was not ignored.
///
/// # Errors
/// The database refuses.
pub fn no_longer_ignored(db: &Db, site: &str, identity: &str) -> Result<bool, StoreError> {
    let changed = db.execute(
        "UPDATE host_marks SET ignored = 0 WHERE site_id = ?1 AND identity = ?2 AND ignored",
        params![site, identity],
    )?;
    db.execute(
        "DELETE FROM host_marks WHERE site_id = ?1 AND identity = ?2 AND NOT known \
         AND NOT pinned AND NOT ignored AND name IS NULL",
        params![site, identity],
    )?;
    Ok(changed > 0)
}

fn rename(db: &Db, site: &str, (old, new): (&str, &str)) -> Result<(), StoreError> {
    for sql in [
        "UPDATE OR IGNORE host_marks SET identity = ?3 WHERE site_id = ?1 AND identity = ?2",
        "UPDATE OR IGNORE integration_suggestions SET identity = ?3 \
         WHERE site_id = ?1 AND identity = ?2",
    ] {
        db.prepare_cached(sql)?.execute(params![site, old, new])?;
    }
    Ok(())
}
