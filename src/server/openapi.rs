//! The API's description, generated from the handlers.

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::respond;
use super::state::AppState;
use crate::wire;

#[derive(OpenApi)]
#[openapi(
    info(title = "Atlas Ops", description = "Signals in, runbooks and one situation board out."),
    paths(
        super::api::health::show,
        super::api::sites::list, super::api::sites::create, super::api::sites::show,
        super::api::sites::edit, super::api::sites::remove,
        super::api::integrations::list, super::api::integrations::create,
        super::api::integrations::edit, super::api::integrations::remove,
        super::api::runbooks::list, super::api::runbooks::show,
        super::api::runbooks::problems, super::api::runbooks::matching::fits,
        super::api::runbooks::matching::past, super::api::runbooks::matching::gaps,
        super::api::runbooks::matching::draft,
        super::api::runs::statistics, super::api::runs::list, super::api::runs::start,
        super::api::runs::start_for_signal,
        super::api::runs::show, super::api::runs::mark, super::api::runs::set_values,
        super::api::runs::finish, super::api::runs::abandon,
        super::api::signals::list, super::api::signals::create, super::api::signals::show,
        super::api::batch::create,
        super::api::incidents::list, super::api::incidents::show,
        super::api::incidents::acknowledge, super::api::incidents::snooze,
        super::api::incidents::resolve, super::api::incidents::reopen,
        super::api::incidents::note,
        super::api::suggestions::list,
        super::api::digest::list, super::api::digest::show,
        super::api::llm::context_for_signal, super::api::llm::ask,
        super::api::agents::list, super::api::agents::report,
    ),
    components(schemas(wire::Problem)),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Api;

/// Every call but `/api/health` takes a bearer token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    }
}

/// The description as a value, for the test that holds it against the route table.
pub(super) fn description() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Answers with it.
pub(crate) async fn show(request: HttpRequest, state: web::Data<AppState>) -> HttpResponse {
    let mut description = description();
    if !state.config.base_path.is_empty() {
        description.servers = Some(vec![utoipa::openapi::Server::new(
            state.config.base_path.clone(),
        )]);
    }
    respond::json(&request, &description)
}
