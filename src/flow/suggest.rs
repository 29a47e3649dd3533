//! What is offered for what is wrong now.

use crate::domain::suggestion::Suggestion;
use crate::domain::timestamp::Timestamp;
use crate::domain::window::Window;
use crate::flow::catalogue::Catalogue;
use crate::store::{Db, StoreError, signals};

/// Most suggestions of one answer.
const LIMIT: usize = 200;

/// One suggestion for each problem whose newest signal of the last day still fires and has not expired,
/// newest first.
///
/// # Errors
/// The database refuses.
pub fn current(
    db: &Db,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Vec<Suggestion>, StoreError> {
    let since = Window::DAY.start(now).unwrap_or(now);
    Ok(signals::latest_of_each_problem(db, (since, now), LIMIT)?
        .iter()
        .map(|signal| Suggestion::for_signal(signal, catalogue.matcher()))
        .collect())
}
