//! The whole URL table: method, path, what it needs, who answers. A test walks it without
//! credentials.

use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, Responder, Route};

pub use super::auth::Access;
use super::auth::authorise;
use super::error::ServerError;
use super::handler::AnyHandler;
use super::{api, assets, openapi, pages};
use crate::domain::token::Scope;
use crate::wire;

const OPEN: Access = Access::Open;
const READ: Access = Access::Needs(Scope::Read);
const INGEST: Access = Access::Needs(Scope::Ingest);
const OPERATE: Access = Access::Needs(Scope::Operate);
const ADMIN: Access = Access::Needs(Scope::Admin);

#[rustfmt::skip] // one route, one line
fn table() -> Vec<Line> {
    vec![
        get   ("/",                                  READ,    pages::board::show),
        get   ("/frontend/index.html",               READ,    pages::board::show),
        get   ("/incidents",                         READ,    pages::incident::list::show),
        get   ("/incidents/{id}",                    READ,    pages::incident::show),
        post  ("/incidents/{id}/ack",                OPERATE, pages::incident::acts::acknowledge),
        post  ("/incidents/{id}/snooze",             OPERATE, pages::incident::acts::snooze),
        post  ("/incidents/{id}/resolve",            OPERATE, pages::incident::acts::resolve),
        post  ("/incidents/{id}/reopen",             OPERATE, pages::incident::acts::reopen),
        post  ("/incidents/{id}/notes",              OPERATE, pages::incident::acts::note),
        get   ("/inventory",                         READ,    pages::inventory::show),
        post  ("/inventory/hosts/{id}",              OPERATE, pages::inventory::acts::mark),
        post  ("/inventory/ignored",                 OPERATE, pages::inventory::acts::restore),
        post  ("/inventory/networks/{id}",           OPERATE, pages::inventory::acts::mark_network),
        post  ("/inventory/suggestions/{id}",        OPERATE, pages::inventory::acts::decide),
        get   ("/runbooks",                          READ,    pages::runbooks::show),
        post  ("/incidents/{id}/ask",                OPERATE, pages::model_answer::ask),
        get   ("/runbooks/{id}",                     READ,    pages::runbook::show),
        get   ("/digest/{date}",                     READ,    pages::digest::show),
        get   ("/runs/{id}",                         READ,    pages::run::show),
        post  ("/incidents/{id}/runs",               OPERATE, pages::run::start),
        post  ("/signals/{id}/runs",                 OPERATE, pages::run::start_for_signal),
        post  ("/runs/{id}/steps/{index}",           OPERATE, pages::run::mark),
        post  ("/runs/{id}/finish",                  OPERATE, pages::run::finish),
        post  ("/runs/{id}/abandon",                 OPERATE, pages::run::abandon),
        get   ("/signals",                           READ,    pages::signals::show),
        get   ("/agents",                            READ,    pages::agents::show),
        post  ("/agents/tokens",                     ADMIN,   pages::agents::tokens::create),
        post  ("/agents/tokens/{id}/revoke",         ADMIN,   pages::agents::tokens::revoke),
        get   ("/login",                             OPEN,    pages::login::show),
        post  ("/login",                             OPEN,    pages::login::enter),
        get   ("/welcome/{code}",                    OPEN,    pages::welcome::open),
        post  ("/logout",                            READ,    pages::login::leave),
        get   ("/account",                           READ,    pages::account::show),
        post  ("/account/password",                  READ,    pages::account::change_password),
        get   ("/static/{name}",                     OPEN,    assets::show),
        get   (wire::HEALTH,                         OPEN,    api::health::show),
        get   ("/api/openapi.json",                  READ,    openapi::show),
        get   ("/api/sites",                         READ,    api::sites::list),
        post  ("/api/sites",                         OPERATE, api::sites::create),
        get   ("/api/sites/{id}",                    READ,    api::sites::show),
        put   ("/api/sites/{id}",                    OPERATE, api::sites::edit),
        delete("/api/sites/{id}",                    OPERATE, api::sites::remove),
        get   ("/api/integrations",                  READ,    api::integrations::list),
        post  ("/api/integrations",                  OPERATE, api::integrations::create),
        get   ("/api/integrations/suggestions",      READ,    api::integration_suggestions::list),
        post  ("/api/integrations/suggestions/{id}/accept", OPERATE, api::integration_suggestions::accept),
        post  ("/api/integrations/suggestions/{id}/ignore", OPERATE, api::integration_suggestions::ignore),
        post  ("/api/integrations/suggestions/{id}/restore", OPERATE, api::integration_suggestions::restore),
        put   ("/api/integrations/{id}",             OPERATE, api::integrations::edit),
        delete("/api/integrations/{id}",             OPERATE, api::integrations::remove),
        get   ("/api/hosts",                         READ,    api::hosts::list),
        get   ("/api/hosts/{id}",                    READ,    api::hosts::show),
        patch ("/api/hosts/{id}",                    OPERATE, api::hosts::edit),
        get   ("/api/networks",                      READ,    api::networks::list),
        patch ("/api/networks/{id}",                 OPERATE, api::networks::edit),
        get   ("/api/runbooks",                      READ,    api::runbooks::list),
        get   ("/api/runbooks/match",                READ,    api::runbooks::matching::fits),
        get   ("/api/runbooks/gaps",                 READ,    api::runbooks::matching::gaps),
        get   ("/api/runbooks/draft",                READ,    api::runbooks::matching::draft),
        get   ("/api/runbooks/problems",             READ,    api::runbooks::problems),
        get   ("/api/runbooks/{id}",                 READ,    api::runbooks::show),
        get   ("/api/runbooks/{id}/matches",         READ,    api::runbooks::matching::past),
        get   ("/api/runbooks/{id}/statistics",      READ,    api::runs::statistics),
        get   ("/api/incidents/{id}/runs",           READ,    api::runs::list),
        post  ("/api/incidents/{id}/runs",           OPERATE, api::runs::start),
        post  ("/api/signals/{id}/runs",             OPERATE, api::runs::start_for_signal),
        get   ("/api/runs/{id}",                     READ,    api::runs::show),
        post  ("/api/runs/{id}/steps/{index}",       OPERATE, api::runs::mark),
        post  ("/api/runs/{id}/values",              OPERATE, api::runs::set_values),
        post  ("/api/runs/{id}/finish",              OPERATE, api::runs::finish),
        post  ("/api/runs/{id}/abandon",             OPERATE, api::runs::abandon),
        get   (wire::SIGNALS,                        READ,    api::signals::list),
        post  (wire::SIGNALS,                        INGEST,  api::signals::create),
        post  (wire::SIGNALS_BATCH,                  INGEST,  api::batch::create),
        get   ("/api/signals/{id}",                  READ,    api::signals::show),
        get   ("/api/incidents",                     READ,    api::incidents::list),
        get   ("/api/incidents/{id}",                READ,    api::incidents::show),
        post  ("/api/incidents/{id}/ack",            OPERATE, api::incidents::acknowledge),
        post  ("/api/incidents/{id}/snooze",         OPERATE, api::incidents::snooze),
        post  ("/api/incidents/{id}/resolve",        OPERATE, api::incidents::resolve),
        post  ("/api/incidents/{id}/reopen",         OPERATE, api::incidents::reopen),
        post  ("/api/incidents/{id}/notes",          OPERATE, api::incidents::note),
        get   ("/api/suggestions",                   READ,    api::suggestions::list),
        post  ("/api/incidents/{id}/ask",            OPERATE, api::llm::ask),
        get   ("/api/llm/context_for_signal/{id}",   READ,    api::llm::context_for_signal),
        get   ("/api/agents",                        READ,    api::agents::list),
        get   ("/api/digest",                        READ,    api::digest::list),
        get   ("/api/digest/{date}",                 READ,    api::digest::show),
        post  (wire::AGENTS_REPORT,                  INGEST,  api::agents::report),
    ]
}

/// One line of the table.
struct Line {
    method: Method,
    path: &'static str,
    access: Access,
    route: Route,
}

/// Method, path and need of every route, in the table's order.
pub fn list() -> Vec<(String, &'static str, Access)> {
    table()
        .into_iter()
        .map(|line| (line.method.to_string(), line.path, line.access))
        .collect()
}

/// Puts every route where it belongs: under the base path, behind its authorisation.
pub(crate) fn configure(services: &mut ServiceConfig, base_path: &str) {
    if base_path.is_empty() {
        register(services);
    } else {
        let home = format!("{base_path}/");
        services.route(
            base_path,
            web::get().to(move || {
                let home = home.clone();
                async move { web::Redirect::to(home) }
            }),
        );
        services.service(web::scope(base_path).configure(register));
    }
    services.default_service(web::to(|| async {
        Err::<String, _>(ServerError::NotFound(
            "there is nothing at this address".to_owned(),
        ))
    }));
}

/// One resource for each path; other methods than its own are 405 with the right ones named.
fn register(services: &mut ServiceConfig) {
    let mut resources: Vec<(&'static str, Vec<Line>)> = Vec::new();
    for line in table() {
        match resources.iter_mut().find(|(path, _)| *path == line.path) {
            Some((_, lines)) => lines.push(line),
            None => resources.push((line.path, vec![line])),
        }
    }
    for (path, lines) in resources {
        let allowed = allowed(&lines);
        let mut resource = web::resource(path);
        for line in lines {
            resource = resource.route(line.route);
        }
        services.service(resource.default_service(web::to(move || async move {
            Err::<String, _>(ServerError::MethodNotAllowed(allowed))
        })));
    }
}

fn allowed(lines: &[Line]) -> &'static str {
    let has = |method: &Method| lines.iter().any(|line| line.method == *method);
    match (has(&Method::GET), has(&Method::POST), has(&Method::PUT)) {
        (true, true, _) => "GET, HEAD, POST",
        (true, false, true) => "GET, HEAD, PUT, DELETE",
        (true, false, false) if has(&Method::PATCH) => "GET, HEAD, PATCH",
        (true, false, false) => "GET, HEAD",
        (false, true, _) => "POST",
        (false, false, _) if has(&Method::PATCH) => "PATCH",
        (false, false, _) => "PUT, DELETE",
    }
}

/// Knows no handler's type on purpose: the whole of it would be in the program once for each.
fn line(method: Method, path: &'static str, access: Access, handler: AnyHandler) -> Line {
    let route = if method == Method::GET {
        // Whoever may GET may ask for the head alone.
        web::route()
            .guard(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()))
    } else {
        web::method(method.clone())
    };
    Line {
        route: route
            .to(handler)
            .wrap(Compress::default())
            .wrap(from_fn(move |request, next| {
                authorise(access, request, next)
            })),
        method,
        path,
        access,
    }
}

/// A function for each method, so that a line of the table reads as one.
macro_rules! methods {
    ($($name:ident is $method:ident),+) => {$(
        fn $name<F, Args>(path: &'static str, access: Access, handler: F) -> Line
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            line(Method::$method, path, access, AnyHandler::of(handler))
        }
    )+};
}

methods!(get is GET, post is POST, put is PUT, patch is PATCH, delete is DELETE);
