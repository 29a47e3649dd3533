//! What people say of hosts, networks and suggestions by the forms of the inventory and the board.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::clock;
use crate::domain::fields::MAX_ID;
use crate::domain::inventory::host::Marking;
use crate::domain::inventory::network::NetworkMarks;
use crate::flow::inventory::marks;
use crate::flow::inventory::suggestions::{self, Deed, Outcome};
use crate::server::address::number;
use crate::server::auth::Principal;
use crate::server::body::Form;
use crate::server::error::ServerError;
use crate::server::pages::see_other;
use crate::server::state::AppState;
use crate::store::hosts;

/// The fields of a host's form.
#[derive(Debug, Deserialize)]
pub(crate) struct HostFields {
    /// The button that was pressed.
    act: String,
    #[serde(default)]
    name: String,
}

/// The fields of a network's form.
#[derive(Debug, Deserialize)]
pub(crate) struct NetworkFields {
    #[serde(default)]
    name: String,
    /// There where the box is ticked.
    no_guests: Option<String>,
}

/// What names something that is ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct IgnoredFields {
    site: String,
    identity: String,
}

/// The fields of a suggestion's form.
#[derive(Debug, Deserialize)]
pub(crate) struct SuggestionFields {
    act: String,
    #[serde(default)]
    back: String,
}

fn odd(act: &str) -> ServerError {
    ServerError::Malformed(format!("{act:?} is no button of this form"))
}

/// A name that somebody typed; none takes the name back.
fn typed(name: &str) -> Result<Option<String>, ServerError> {
    let name = name.trim();
    if name.chars().count() > MAX_ID {
        return Err(ServerError::Malformed(format!(
            "a name has at most {MAX_ID} characters"
        )));
    }
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

/// Says something of a host.
pub(crate) async fn mark(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(fields): Form<HostFields>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let mut marking = Marking::default();
    match fields.act.as_str() {
        "known" => marking.known = Some(true),
        "not-known" => marking.known = Some(false),
        "pin" => marking.pinned = Some(true),
        "unpin" => marking.pinned = Some(false),
        "ignore" => marking.ignored = Some(true),
        "name" => marking.name = Some(typed(&fields.name)?),
        other => return Err(odd(other)),
    }
    let (catalogue, by, now) = (state.catalogue(), principal.actor(), clock::now());
    let changed = state
        .store
        .write(move |db| marks::mark_host((db, &catalogue), id, &marking, &by, now))
        .await?;
    match changed {
        Some(host) if host.ignored => Ok(see_other(&state, "/inventory#ignored")),
        Some(_) => Ok(see_other(&state, &format!("/inventory#host-{id}"))),
        None => Err(ServerError::NotFound(format!("there is no host {id}"))),
    }
}

/// Takes back that something is ignored.
pub(crate) async fn restore(
    state: web::Data<AppState>,
    Form(fields): Form<IgnoredFields>,
) -> Result<HttpResponse, ServerError> {
    let restored = state
        .store
        .write(move |db| hosts::no_longer_ignored(db, &fields.site, &fields.identity))
        .await?;
    if restored {
        Ok(see_other(&state, "/inventory#ignored"))
    } else {
        Err(ServerError::NotFound("that is not ignored".to_owned()))
    }
}

/// Says something of a network.
pub(crate) async fn mark_network(
    request: HttpRequest,
    state: web::Data<AppState>,
    Form(fields): Form<NetworkFields>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let marks = NetworkMarks {
        name: Some(typed(&fields.name)?),
        no_guests: Some(fields.no_guests.is_some()),
    };
    let changed = state
        .store
        .write(move |db| marks::mark_network(db, id, &marks, clock::now()))
        .await?;
    match changed {
        Some(_) => Ok(see_other(&state, &format!("/inventory#network-{id}"))),
        None => Err(ServerError::NotFound(format!("there is no network {id}"))),
    }
}

/// Decides about a suggested integration.
pub(crate) async fn decide(
    request: HttpRequest,
    state: web::Data<AppState>,
    principal: Principal,
    Form(fields): Form<SuggestionFields>,
) -> Result<HttpResponse, ServerError> {
    let id = number(&request)?;
    let deed = match fields.act.as_str() {
        "accept" => Deed::Accept,
        "ignore" => Deed::Ignore,
        "restore" => Deed::Restore,
        other => return Err(odd(other)),
    };
    let (by, now) = (principal.actor(), clock::now());
    let outcome = state
        .store
        .write(move |db| suggestions::decide(db, id, deed, &by, now))
        .await?;
    match outcome {
        // Only places of ours: what a form names is not followed.
        Outcome::Done(_) if fields.back == "board" => Ok(see_other(&state, "/#sites")),
        Outcome::Done(_) => Ok(see_other(&state, "/inventory#suggestions")),
        Outcome::Missing => Err(ServerError::NotFound(format!(
            "there is no suggested integration {id}"
        ))),
        Outcome::Refused(why) => Err(ServerError::Conflict(why.to_owned())),
    }
}
