//! Questions about many incidents at once, as lists and their headings ask them.

use rusqlite::params_from_iter;

use super::incidents::{COLUMNS, Filter, from_row};
use super::{Db, StoreError};
use crate::domain::incident::{Incident, State};

/// How many that pass the filter are in each state, in the order of [`State::ALL`].
///
/// # Errors
/// The database refuses.
pub fn by_state(db: &Db, filter: &Filter) -> Result<Vec<(State, u64)>, StoreError> {
    let (conditions, values) = filter.to_sql();
    let sql = format!("SELECT state, count(*) FROM incidents WHERE {conditions} GROUP BY state");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        let state = State::parse(row.get_ref(0)?.as_str()?).unwrap_or(State::Open);
        Ok((state, row.get(1)?))
    })?;
    let found: Vec<(State, u64)> = rows.collect::<Result<_, _>>()?;
    Ok(State::ALL
        .into_iter()
        .map(|state| {
            let counted = found.iter().find(|(known, _)| *known == state);
            (state, counted.map_or(0, |(_, count)| *count))
        })
        .collect())
}

/// Those that pass the filter, what nobody has taken on first, then the worst, then the newest
/// opened.
///
/// # Errors
/// The database refuses.
pub fn most_urgent(db: &Db, filter: &Filter, limit: usize) -> Result<Vec<Incident>, StoreError> {
    let (conditions, values) = filter.to_sql();
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE {conditions} ORDER BY \
         CASE state WHEN 'open' THEN 0 WHEN 'acknowledged' THEN 1 ELSE 2 END, \
         CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, \
         opened_at DESC, id DESC LIMIT {limit}"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those of these numbers, the newest opened first. Those that are not there are left out.
///
/// # Errors
/// The database refuses.
pub fn by_ids(db: &Db, ids: &[i64]) -> Result<Vec<Incident>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM incidents WHERE id IN (SELECT value FROM json_each(?1)) \
         ORDER BY opened_at DESC, id DESC"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([serde_json::json!(ids).to_string()], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
