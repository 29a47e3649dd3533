//! The API's description, generated from the handlers.
//!
//! A test generates it and holds `openapi.json` beside this file against it; what is served is the
//! file. The generator is not part of the program: it would take as much room as all pages.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::respond;
use super::state::AppState;
use crate::packed;

/// Answers with it. The file holds neither the program's version nor where the server is.
pub(crate) async fn show(request: HttpRequest, state: web::Data<AppState>) -> HttpResponse {
    let text = packed::text(packed::OPENAPI).unwrap_or_default();
    let mut description: Value = serde_json::from_str(&text).unwrap_or_default();
    description["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    if !state.config.base_path.is_empty() {
        description["servers"] = json!([{ "url": state.config.base_path }]);
    }
    respond::json(&request, &description)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
    use utoipa::{Modify, OpenApi};

    use super::*;
    use crate::server::api;
    use crate::wire;

    #[derive(OpenApi)]
    #[openapi(
        info(title = "Atlas Ops", description = "Signals in, runbooks and one situation board out."),
        paths(
            api::health::show,
            api::sites::list, api::sites::create, api::sites::show,
            api::sites::edit, api::sites::remove,
            api::integrations::list, api::integrations::create,
            api::integrations::edit, api::integrations::remove,
            api::integration_suggestions::list, api::integration_suggestions::accept,
            api::integration_suggestions::ignore, api::integration_suggestions::restore,
            api::hosts::list, api::hosts::show, api::hosts::edit,
            api::networks::list, api::networks::edit,
            api::runbooks::list, api::runbooks::show,
            api::runbooks::problems, api::runbooks::matching::fits,
            api::runbooks::matching::past, api::runbooks::matching::gaps,
            api::runbooks::matching::draft,
            api::runs::statistics, api::runs::list, api::runs::start,
            api::runs::start_for_signal,
            api::runs::show, api::runs::mark, api::runs::set_values,
            api::runs::finish, api::runs::abandon,
            api::signals::list, api::signals::create, api::signals::show,
            api::batch::create,
            api::incidents::list, api::incidents::show,
            api::incidents::acknowledge, api::incidents::snooze,
            api::incidents::resolve, api::incidents::reopen,
            api::incidents::note,
            api::suggestions::list,
            api::digest::list, api::digest::show,
            api::llm::context_for_signal, api::llm::ask,
            api::agents::list, api::agents::report,
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

    /// A line for each path and each shape, so that two changes rarely meet on one.
    fn text_of(mut description: Value) -> String {
        description["info"]
            .as_object_mut()
            .unwrap()
            .remove("version");
        let lines = |value: &Value| {
            let members = value.as_object().unwrap().iter();
            let lines: Vec<String> = members
                .map(|(name, value)| format!("{}: {value}", json!(name)))
                .collect();
            format!("{{\n{}\n}}", lines.join(",\n"))
        };
        let mut parts = Vec::new();
        for (name, value) in description.as_object().unwrap() {
            let text = match name.as_str() {
                "paths" => lines(value),
                "components" => {
                    let groups = value.as_object().unwrap().iter();
                    let groups: Vec<String> = groups
                        .map(|(name, group)| format!("{}: {}", json!(name), lines(group)))
                        .collect();
                    format!("{{\n{}\n}}", groups.join(",\n"))
                }
                _ => value.to_string(),
            };
            parts.push(format!("{}: {text}", json!(name)));
        }
        format!("{{\n{}\n}}\n", parts.join(",\n"))
    }

    const DESCRIPTION: &str = include_str!("openapi.json");

    #[test]
    fn the_file_is_what_the_handlers_say() {
        let generated = text_of(serde_json::to_value(Api::openapi()).unwrap());
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/openapi.json");
            std::fs::write(path, generated).unwrap();
            return;
        }
        let line = |(ours, theirs): &(&str, &str)| ours != theirs;
        let first = DESCRIPTION.lines().zip(generated.lines()).find(line);
        assert!(
            DESCRIPTION == generated,
            "src/server/openapi.json is not what the handlers say; write it anew with\n  \
             UPDATE_OPENAPI=1 cargo nextest run --lib the_file_is_what_the_handlers_say\n\
             first difference: {first:?}"
        );
    }
}
