//! What people say of hosts and networks, and what that ends.

use super::{Desk, view};
use crate::domain::actor::Actor;
use crate::domain::inventory::change::{self, Change, Seat};
use crate::domain::inventory::host::{Host, Marking};
use crate::domain::inventory::network::{Network, NetworkMarks};
use crate::domain::kind;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::silence::OWN_SOURCE;
use crate::store::hosts::{self, Marked};
use crate::store::networks::{self, Which};
use crate::store::{Db, StoreError};

/// Takes in what somebody says of a host, ends what was said of it and no longer holds, and
/// answers the host as it is then. `None`: there is no such host.
///
/// # Errors
/// The database refuses.
pub fn mark_host(
    (db, catalogue): (&Db, &Catalogue),
    id: i64,
    marking: &Marking,
    by: &Actor,
    now: Timestamp,
) -> Result<Option<Host>, StoreError> {
    let Some(mut state) = networks::states(db, Which::OfHost(id), now)?.pop() else {
        return Ok(None);
    };
    let before = state.clone();
    let row = state.row.clone();
    let Some(host) = state.hosts.iter_mut().find(|host| host.id == id) else {
        return Ok(None);
    };
    let marks = marking.apply(&host.marks);
    host.marks.clone_from(&marks);
    let mut ended = Vec::new();
    if marks.ignored {
        ended = change::end_all(&row, host, "it is ignored");
    } else {
        let about = host.clone();
        let mut end = |kind: &'static str, because: &str| {
            if let Some(key) = host.said.remove(kind) {
                let words = format!("{}: {because}", change::short(&about.called()));
                ended.push(Change::ends(kind, key, words).about(&row, &about));
            }
        };
        if marks.known {
            end(kind::HOST_NEW, "it is known");
        }
        if !about.is_watched() {
            end(kind::HOST_GONE, "it is not watched any more");
        }
    }
    let of = Marked {
        site_id: row.site_id.clone(),
        identity: host.identity.clone(),
        called: host.called(),
        at: now,
        by: by.name.clone(),
    };
    hosts::mark(db, &of, &marks)?;
    // Written above, with who said it.
    state.kept_marks.insert(of.identity, marks);
    networks::save(db, &before, &state)?;
    let desk = Desk {
        db,
        catalogue,
        seat: Seat {
            site_id: &row.site_id,
            agent_id: None,
            source: OWN_SOURCE,
            now,
        },
    };
    desk.say(ended)?;
    view::host(db, id, now)
}

/// Takes in what somebody says of a network, and answers it as it is then.
///
/// # Errors
/// The database refuses.
pub fn mark_network(
    db: &Db,
    id: i64,
    marks: &NetworkMarks,
    now: Timestamp,
) -> Result<Option<Network>, StoreError> {
    let Some(row) = networks::rows(db, Which::One(id))?.pop() else {
        return Ok(None);
    };
    let name = marks.name.clone().unwrap_or(row.name);
    let no_guests = marks.no_guests.unwrap_or(row.no_guests);
    networks::mark(db, id, name.as_deref(), no_guests)?;
    view::network(db, id, now)
}
