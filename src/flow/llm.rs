//! The context pack of one signal: the fixed questions to the database that it is made from.

use crate::domain::context::{Context, Input};
use crate::domain::matching::SignalView;
use crate::flow::catalogue::Catalogue;
use crate::store::signals::Filter;
use crate::store::{Db, StoreError, signals, sites};

/// Earlier signals of the same problem that are looked at.
const TIMELINE: usize = 20;
/// Other signals of the site that are looked at.
const RELATED: usize = 20;
/// How far around the signal other signals of its site count as related.
const RELATED_MS: i64 = 60 * 60 * 1000;

/// Packs what is known about a signal. `boundary` fences outside text and has to be random.
/// `None` where there is no such signal.
///
/// # Errors
/// The database refuses.
pub fn context(
    db: &Db,
    catalogue: &Catalogue,
    (signal_id, budget): (i64, usize),
    boundary: &str,
) -> Result<Option<Context>, StoreError> {
    let Some(signal) = signals::get(db, signal_id)? else {
        return Ok(None);
    };
    let site = sites::get(db, &signal.site_id)?;
    let mut timeline = signals::of_fingerprint(db, &signal.fingerprint, TIMELINE + 1)?;
    timeline.retain(|earlier| earlier.id != signal.id);
    let around = signal.happened_at();
    let nearby = Filter {
        site: Some(signal.site_id.clone()),
        since: Some(around.plus_millis(-RELATED_MS)),
        until: Some(around.plus_millis(RELATED_MS)),
        ..Filter::default()
    };
    let mut related = signals::newest(db, &nearby, RELATED + 1)?;
    related.retain(|other| other.fingerprint != signal.fingerprint);
    let matches = catalogue.matcher().match_signal(&SignalView::from(&signal));
    Ok(Some(Context::new(&Input {
        integrations: site.as_ref().map_or(&[], |site| &site.integrations),
        site: site.as_ref(),
        matches: &matches,
        runbooks: catalogue.all(),
        timeline: &timeline,
        related: &related,
        boundary,
        budget,
        signal: &signal,
    })))
}
