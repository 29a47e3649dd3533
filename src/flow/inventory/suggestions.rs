//! Suggested integrations: accepted, ignored for ever, or taken up again.

use crate::domain::actor::Actor;
use crate::domain::integration::IntegrationDeclaration;
use crate::domain::inventory::change;
use crate::domain::inventory::suggestion::{Decision, SuggestedIntegration};
use crate::domain::timestamp::Timestamp;
use crate::store::{Db, StoreError, integration_suggestions, integrations};
use serde_json::Map;

/// What somebody does about a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It becomes an integration.
    Accept,
    /// It is not wanted.
    Ignore,
    /// It is a suggestion again.
    Restore,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The suggestion as it is now.
    Done(Box<SuggestedIntegration>),
    /// There is none of that number.
    Missing,
    /// Why it cannot be done.
    Refused(&'static str),
}

/// Decides about a suggestion. What was decided that way before stays as it is.
///
/// # Errors
/// The database refuses.
pub fn decide(
    db: &Db,
    id: i64,
    deed: Deed,
    by: &Actor,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    let Some(found) = integration_suggestions::get(db, id)? else {
        return Ok(Outcome::Missing);
    };
    let integration = found.integration_id.map(|id| integrations::get(db, id));
    let is_there = integration.transpose()?.flatten().is_some();
    let decision = match (deed, found.state) {
        (Deed::Accept, Decision::Accepted) if is_there => None,
        (Deed::Ignore, Decision::Ignored) | (Deed::Restore, Decision::Open) => None,
        (Deed::Ignore | Deed::Restore, Decision::Accepted) if is_there => {
            return Ok(Outcome::Refused(
                "it is an integration already; remove that first",
            ));
        }
        (Deed::Accept, _) => Some((Decision::Accepted, Some(accept(db, &found)?))),
        (Deed::Ignore, _) => Some((Decision::Ignored, None)),
        (Deed::Restore, _) => Some((Decision::Open, None)),
    };
    if let Some(decision) = decision {
        integration_suggestions::decide(db, id, decision, &by.name, now)?;
    }
    let now = integration_suggestions::get(db, id)?;
    Ok(now.map_or(Outcome::Missing, |found| Outcome::Done(Box::new(found))))
}

/// Declares it; its status is unknown until something reports it.
fn accept(db: &Db, found: &SuggestedIntegration) -> Result<i64, StoreError> {
    let declared = IntegrationDeclaration {
        site_id: found.site_id.clone(),
        kind: found.kind.clone(),
        endpoint: Some(found.endpoint.clone()),
        name: Some(change::short(&found.name)),
        config: Map::new(),
    };
    integrations::declare(db, &declared)
}
