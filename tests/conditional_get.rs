//! What a client has already is not sent again.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::atlas::Atlas;
use support::http::Answer;

/// The answer's tag with its quotes, weak or not.
#[track_caller]
fn opaque(answer: &Answer) -> String {
    let tag = answer.header("etag").trim_start_matches("W/");
    assert!(
        tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'),
        "{answer:?}"
    );
    tag.to_owned()
}

#[test]
fn every_list_has_a_tag_and_is_304_until_it_changes() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    server.stored(
        &json!({"site_id": "s", "kind": "container_down", "summary": "x", "severity": "warning"}),
    );
    for path in [
        "/api/signals",
        "/api/signals/1",
        "/api/sites",
        "/api/sites/s",
        "/api/integrations",
        "/api/runbooks",
        "/api/runbooks/rb-disk-full",
        "/api/suggestions",
        "/api/agents",
        "/api/openapi.json",
    ] {
        let first = server.get(path).with(&token).send().is(200);
        // Weak or not, what is between the quotes is the tag.
        let tag = opaque(&first);
        assert!(first.header("cache-control").contains("private"), "{path}");
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            let call = server.get(path).with(&token);
            let again = call.header("if-none-match", &known).send().is(304);
            assert_eq!(
                (again.body.as_str(), opaque(&again)),
                ("", tag.clone()),
                "{path} {known}"
            );
        }
        let other = server
            .get(path)
            .with(&token)
            .header("if-none-match", "\"other\"")
            .send();
        assert_eq!(other.is(200).body, first.body, "{path}");
        let head = server.call("HEAD", path).with(&token).send().is(200);
        assert_eq!((head.body.as_str(), opaque(&head)), ("", tag), "{path}");
    }
    let tag = server
        .get("/api/signals")
        .with(&token)
        .send()
        .header("etag")
        .to_owned();
    server.stored(&json!({"site_id": "s", "kind": "k", "summary": "news"}));
    server
        .get("/api/signals")
        .with(&token)
        .header("if-none-match", &tag)
        .send()
        .is(200);
}

#[test]
fn a_tag_is_no_way_past_the_gate() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    server
        .get("/api/signals")
        .header("if-none-match", "*")
        .send()
        .problem(401);
}

#[test]
fn files_that_are_named_by_their_content_may_be_kept_for_ever() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let page = server
        .get("/")
        .with(&atlas.token("read").secret)
        .send()
        .is(200)
        .body;
    let start = page.find("/static/style-").unwrap();
    let path = page[start..].split('"').next().unwrap();
    let style = server.get(path).send().is(200);
    assert!(style.header("cache-control").contains("immutable"));
    assert!(style.header("content-type").starts_with("text/css"));
}
