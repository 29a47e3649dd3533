//! What answers on hosts.

use rusqlite::{Row, params};

use super::hosts::{json, text};
use super::{Db, StoreError};
use crate::domain::inventory::product::Confidence;
use crate::domain::inventory::state::ServiceState;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

const COLUMNS: &str = "s.id, s.host_id, s.protocol, s.port, s.open, s.evidence, s.product, \
     s.integration, s.confidence, s.bears, s.certificate, s.first_seen, s.last_seen, \
     s.open_passes, s.came_back_at, s.told, s.said, s.said_certificate, s.views";

fn from_row(row: &Row<'_>) -> rusqlite::Result<(i64, ServiceState)> {
    let certificate: Option<String> = row.get(10)?;
    let said_certificate: Option<String> = row.get(17)?;
    Ok((
        row.get(1)?,
        ServiceState {
            id: row.get(0)?,
            protocol: row.get(2)?,
            port: row.get(3)?,
            open: row.get(4)?,
            evidence: json(row, 5)?,
            product: row.get(6)?,
            integration: row.get(7)?,
            confidence: Confidence::parse(row.get_ref(8)?.as_str()?).unwrap_or_default(),
            bears: row.get(9)?,
            certificate: certificate.and_then(|text| serde_json::from_str(&text).ok()),
            first_seen: Timestamp::from_millis(row.get(11)?),
            last_seen: Timestamp::from_millis(row.get(12)?),
            open_passes: row.get(13)?,
            came_back_at: row.get::<_, Option<i64>>(14)?.map(Timestamp::from_millis),
            told: row.get(15)?,
            said: json(row, 16)?,
            said_certificate: said_certificate.as_deref().and_then(Severity::parse),
            views: json(row, 18)?,
        },
    ))
}

/// The services of the hosts of networks, each with its host's number. `ids` is a JSON array of
/// the networks' numbers.
pub(super) fn of_networks(db: &Db, ids: &str) -> Result<Vec<(i64, ServiceState)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM hosts h JOIN services s ON s.host_id = h.id \
         WHERE h.network_id IN (SELECT value FROM json_each(?1)) ORDER BY s.host_id, s.port, s.id"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([ids], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes one service of a host.
pub(super) fn save(db: &Db, host: i64, service: &ServiceState) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO services (host_id, protocol, port, open, evidence, product, integration, \
         confidence, bears, certificate, first_seen, last_seen, open_passes, came_back_at, told, \
         said, said_certificate, views) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
         ON CONFLICT (host_id, protocol, port) DO UPDATE SET open = excluded.open, \
         evidence = excluded.evidence, product = excluded.product, \
         integration = excluded.integration, confidence = excluded.confidence, \
         bears = excluded.bears, certificate = excluded.certificate, \
         last_seen = excluded.last_seen, open_passes = excluded.open_passes, \
         came_back_at = excluded.came_back_at, told = excluded.told, said = excluded.said, \
         said_certificate = excluded.said_certificate, views = excluded.views",
    )?
    .execute(params![
        host,
        service.protocol,
        service.port,
        service.open,
        text(&service.evidence),
        service.product,
        service.integration,
        service.confidence.as_str(),
        service.bears,
        service.certificate.as_ref().map(text),
        service.first_seen.as_millis(),
        service.last_seen.as_millis(),
        service.open_passes,
        service.came_back_at.map(Timestamp::as_millis),
        service.told,
        text(&service.said),
        service.said_certificate.map(Severity::as_str),
        text(&service.views),
    ])?;
    Ok(())
}
