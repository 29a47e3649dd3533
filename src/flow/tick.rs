//! What time alone does: snoozes end, incidents without news expire, agents fall silent. Called every few seconds with the clock handed in.

use crate::domain::actor::Actor;
use crate::domain::incident::{Incident, Resolution, Resolved};
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::ingest;
use crate::flow::lifecycle;
use crate::flow::silence;
use crate::store::{Db, StoreError, incident_events, incidents};

/// What has to be done now. Making it reads; only [`Due::carry_out`] writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Due {
    incidents: Vec<i64>,
    signals: Vec<NewSignal>,
}

/// Times that judge what is due.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Now.
    pub now: Timestamp,
    /// When the server began to listen: what was silent before that may have spoken to nobody.
    pub listening_since: Timestamp,
    /// How long an incident lasts without news, in milliseconds.
    pub expiry_ms: i64,
}

/// What is due.
///
/// # Errors
/// The database refuses.
pub fn due(db: &Db, times: Times) -> Result<Due, StoreError> {
    let no_news_since = times.now.plus_millis(-times.expiry_ms);
    let incidents = incidents::due(db, times.now, no_news_since)?;
    Ok(Due {
        incidents: incidents.iter().map(|incident| incident.id).collect(),
        signals: silence::due(db, times.now, times.listening_since)?,
    })
}

impl Due {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty() && self.signals.is_empty()
    }

    /// Does it, within the caller's transaction.
    ///
    /// # Errors
    /// The database refuses.
    pub fn carry_out(
        &self,
        db: &Db,
        catalogue: &Catalogue,
        times: Times,
    ) -> Result<(), StoreError> {
        for &id in &self.incidents {
            // As it is now: there may have been news since.
            if let Some(incident) = incidents::get(db, id)? {
                wake_or_expire(db, incident, times)?;
            }
        }
        for signal in &self.signals {
            let received = ingest::receive(signal.clone(), catalogue, times.now);
            lifecycle::store(db, received)?;
        }
        Ok(())
    }
}

fn wake_or_expire(db: &Db, mut incident: Incident, times: Times) -> Result<(), StoreError> {
    let Times { now, expiry_ms, .. } = times;
    let announced = incident.expires_at.is_some_and(|end| end <= now);
    let no_news = now.millis_since(incident.news_at()) > expiry_ms;
    let event = if announced || no_news {
        incident.resolve(Resolved {
            at: now,
            reason: Resolution::Expired,
            by: Actor::program(),
            note: None,
        })
    } else {
        incident.wake(now)
    };
    if let Some(event) = event {
        incidents::save(db, &incident)?;
        incident_events::add(db, incident.id, &event)?;
    }
    Ok(())
}
