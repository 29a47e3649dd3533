//! The whole URL table, walked: nothing is reached without the right credential or by the wrong
//! verb, and the API's own description says the same as the table.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::collections::{BTreeMap, BTreeSet};

use atlas_ops::domain::token::Scope;
use atlas_ops::server::routes::{self, Access};
use support::atlas::Atlas;
use support::http::{Answer, Call};
use support::people::{self, Browser};
use support::running::Running;

/// A path of the table with something in its gaps.
fn concrete(path: &str) -> String {
    path.replace("{id}", "1")
        .replace("{code}", "x")
        .replace("{name}", "x")
        .replace("{index}", "1")
}

/// A refusal looks as its reader needs it: JSON to programs, a page to people.
#[track_caller]
fn refused(answer: Answer, path: &str, status: u16) -> Answer {
    assert_eq!(answer.status, status, "{path}: {answer:?}");
    let kind = if path.starts_with("/api/") {
        "application/problem+json"
    } else {
        "text/html; charset=utf-8"
    };
    assert_eq!(answer.header("content-type"), kind, "{path}");
    answer
}

fn ask(server: &Running, method: &str, path: &str, token: Option<&str>) -> Answer {
    let call = server.call(method, &concrete(path));
    let call = match token {
        Some(token) => call.with(token),
        None => call,
    };
    match method {
        "POST" | "PUT" | "PATCH" => call.bytes("{}").send(),
        _ => call.send(),
    }
}

#[test]
fn without_a_credential_nothing_but_the_open_routes_is_reached() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let mut open = Vec::new();
    for (method, path, access) in routes::list() {
        let answer = ask(&server, &method, path, None);
        if access == Access::Open {
            open.push(path);
            continue;
        }
        let answer = refused(answer, path, 401);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        if method == "GET" {
            let head = ask(&server, "HEAD", path, None);
            assert_eq!((head.status, head.body.as_str()), (401, ""), "{path}");
        }
    }
    assert_eq!(
        open,
        [
            "/login",
            "/login",
            "/welcome/{code}",
            "/static/{name}",
            "/api/health"
        ]
    );
}

#[test]
fn a_token_of_the_wrong_scope_is_refused_and_the_right_one_is_not() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    // The one that `/agents/tokens/1/revoke` revokes.
    atlas.token("read");
    let scopes = [Scope::Ingest, Scope::Read, Scope::Operate, Scope::Admin];
    let tokens = scopes.map(|scope| (scope, atlas.token(scope.as_str()).secret));
    for (method, path, access) in routes::list() {
        let Access::Needs(needed) = access else {
            continue;
        };
        for (scope, token) in &tokens {
            let answer = ask(&server, &method, path, Some(token));
            if scope.grants(needed) {
                assert!(
                    !matches!(answer.status, 401 | 403 | 405 | 500..),
                    "{method} {path} with {scope:?}: {answer:?}"
                );
            } else {
                refused(answer, path, 403);
            }
        }
    }
}

#[test]
fn a_made_up_token_and_another_scheme_are_refused_everywhere() {
    // Each from another address: one client is slowed down after ten.
    let atlas = Atlas::with("trusted_proxies: [127.0.0.0/8]");
    let server = atlas.serve();
    for (number, (method, path, access)) in routes::list().into_iter().enumerate() {
        if access == Access::Open {
            continue;
        }
        let made_up = server.call(&method, &concrete(path)).with("atl_0");
        let made_up = made_up.header("x-forwarded-for", &format!("10.0.0.{number}"));
        refused(made_up.send(), path, 401);
        let basic = server
            .call(&method, &concrete(path))
            .header("authorization", "Basic YTpi");
        refused(basic.send(), path, 401);
    }
}

/// The changing routes, each with what it needs.
fn changing() -> impl Iterator<Item = (String, &'static str, Scope)> {
    routes::list()
        .into_iter()
        .filter_map(|(method, path, access)| {
            let Access::Needs(needed) = access else {
                return None;
            };
            (method != "GET").then_some((method, path, needed))
        })
}

#[test]
fn a_viewer_changes_nothing_but_their_own_account() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    people::add(&atlas, "vera", "viewer");
    let vera = Browser::of(&server, "vera");
    let mut own = Vec::new();
    for (method, path, needed) in changing() {
        if needed == Scope::Read {
            own.push(path);
            continue;
        }
        let call = vera.call(&server, &method, &concrete(path));
        let call = call.header("x-csrf-token", &vera.csrf).bytes("{}");
        refused(call.send(), path, 403);
    }
    assert_eq!(own, ["/logout", "/account/password"]);
}

#[test]
fn no_session_changes_anything_without_its_token_and_its_own_origin() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    people::add(&atlas, "root", "admin");
    let root = Browser::of(&server, "root");
    for (method, path, _) in changing() {
        let path = concrete(path);
        let call = || root.call(&server, &method, &path);
        let own = |call: Call| call.header("x-csrf-token", &root.csrf);
        // No token; a wrong one; a form without one; a JSON body that says it is a form.
        refused(call().bytes("{}").send(), &path, 403);
        let wrong = call().header("x-csrf-token", "0").bytes("{}");
        refused(wrong.send(), &path, 403);
        let form = people::post_form(call(), &[("csrf", "0")]);
        refused(form.send(), &path, 403);
        let form = people::post_form(call(), &[]).bytes("{}");
        refused(form.send(), &path, 403);
        // The token from another site's page, and from a page that hides where it is.
        for origin in ["https://evil.example", "null"] {
            let call = server.call(&method, &path).header("cookie", &root.cookie);
            let call = own(call).header("origin", origin).bytes("{}");
            refused(call.send(), &path, 403);
        }
        let call = server.call(&method, &path).header("cookie", &root.cookie);
        refused(own(call).bytes("{}").send(), &path, 403);
    }
    assert_eq!(root.get(&server, "/").status, 200, "still logged in");
}

#[test]
fn another_verb_is_told_which_ones_there_are() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let mut verbs: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (method, path, _) in routes::list() {
        let known = verbs.entry(path).or_default();
        if method == "GET" {
            known.insert("HEAD".to_owned());
        }
        known.insert(method);
    }
    for (path, known) in verbs {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if known.contains(method) {
                continue;
            }
            let answer = refused(ask(&server, method, path, None), path, 405);
            let allow = answer.header("allow").split(", ");
            assert_eq!(
                allow.map(str::to_owned).collect::<BTreeSet<_>>(),
                known,
                "{method} {path}"
            );
        }
    }
}

#[test]
fn the_description_and_the_table_name_the_same_calls() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let document = server
        .get("/api/openapi.json")
        .with(&token)
        .send()
        .is(200)
        .json();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let table: BTreeSet<String> = routes::list()
        .into_iter()
        // The description does not describe itself.
        .filter(|(_, path, _)| path.starts_with("/api/") && *path != "/api/openapi.json")
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(described, table);
}

#[test]
fn what_is_not_there_is_404_as_its_reader_needs_it() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("admin").secret;
    for path in [
        "/api/nothing",
        "/api/signals/0",
        "/api/signals/x",
        "/api/signals/99999999999999999999",
        "/api/sites/none",
        "/api/sites/%FF",
        "/api/runbooks/%ff%00",
        "/nothing",
        "/runbooks/none",
        "/runbooks/%FF",
        "/static/none",
        "/static/%FF",
    ] {
        refused(server.get(path).with(&token).send(), path, 404);
    }
}
