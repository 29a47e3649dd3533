//! The demonstration data: added once however often, marked, and removed without a trace of it
//! and without touching anything else.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::atlas::Atlas;

const TABLES: [&str; 4] = ["sites", "integrations", "agents", "signals"];

/// Rows of each table that pass a condition.
fn rows(atlas: &Atlas, condition: &str) -> Vec<i64> {
    TABLES
        .iter()
        .map(|table| atlas.count(&format!("SELECT count(*) FROM {table} WHERE {condition}")))
        .collect()
}

#[test]
fn seeding_twice_is_seeding_once_and_every_row_is_marked() {
    let atlas = Atlas::initialised();
    let ran = atlas.run(&["demo", "seed"]).succeeds();
    assert!(ran.err.contains("atlas-ops demo clear"), "{ran:?}");
    let once = rows(&atlas, "demo = 1");
    assert!(once.iter().all(|count| *count > 0), "{once:?}");
    atlas.run(&["demo", "seed"]).succeeds();
    assert_eq!(rows(&atlas, "demo = 1"), once);
    assert_eq!(rows(&atlas, "demo = 0"), [0, 0, 0, 0]);
}

#[test]
fn the_signals_are_of_the_last_days_and_most_of_the_last_one() {
    let atlas = Atlas::initialised();
    atlas.run(&["demo", "seed"]).succeeds();
    let now = jiff::Timestamp::now().as_millisecond();
    let older = |days: i64| {
        let from = now - days * 86_400_000 - 60_000;
        atlas.count(&format!(
            "SELECT count(*) FROM signals WHERE happened_at < {from}"
        ))
    };
    assert_eq!(older(7), 0);
    assert_eq!(atlas.count("SELECT count(*) FROM signals") - older(1), 12);
    let ahead = format!("SELECT count(*) FROM signals WHERE happened_at > {now}");
    assert_eq!(atlas.count(&ahead), 0);
}

#[test]
fn its_incidents_show_every_side_of_the_pages() {
    let atlas = Atlas::initialised();
    atlas.run(&["demo", "seed"]).succeeds();
    let list = |state: &str| {
        let args = ["incident", "list", "--json", "--state", state];
        atlas
            .run(&args)
            .succeeds()
            .json()
            .as_array()
            .unwrap()
            .clone()
    };
    let open = list("open");
    assert_eq!(open.len(), 7);
    let one = |kind: &str| {
        open.iter()
            .find(|incident| incident["kind"] == kind)
            .unwrap()
    };
    let disk = one("disk_full");
    assert_eq!(
        (&disk["severity"], &disk["count"]),
        (&json!("critical"), &json!(2))
    );
    assert_eq!(one("ping_target_unreachable")["flapping"], true);
    assert_eq!(
        one("agent_silent")["folds"],
        json!([one("gateway_latency_high")["id"]])
    );
    assert_eq!(
        list("acknowledged")[0]["acknowledged"]["by"],
        json!({"kind": "person", "name": "anna"})
    );
    assert_eq!(list("snoozed")[0]["kind"], "certificate_expiring");
    let over = list("resolved");
    let episodes: Vec<_> = over
        .iter()
        .filter(|incident| incident["kind"] == "container_down")
        .collect();
    assert_eq!(episodes.len(), 3);
    assert_eq!(episodes[0]["previous_id"], episodes[1]["id"]);
    assert_eq!(episodes[1]["previous_id"], episodes[2]["id"]);

    atlas.run(&["demo", "clear"]).succeeds();
    assert_eq!(list("all"), Vec::<serde_json::Value>::new());
    assert_eq!(atlas.count("SELECT count(*) FROM incident_events"), 0);
}

#[test]
fn the_demo_does_nothing_to_a_real_incident_of_its_site() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let real =
        json!({"site_id": "demo-hq", "kind": "proxmox", "severity": "warning", "summary": "real"});
    let id = server.stored(&real)["incident_id"].as_i64().unwrap();
    server.stop();
    atlas.run(&["demo", "seed"]).succeeds();
    let shown = atlas
        .run(&["incident", "show", &id.to_string(), "--json"])
        .succeeds();
    assert_eq!(shown.json()["state"], "open");
}

#[test]
fn clear_leaves_an_empty_database_and_again_does_no_harm() {
    let atlas = Atlas::initialised();
    atlas.run(&["demo", "seed"]).succeeds();
    for _ in 0..2 {
        atlas.run(&["demo", "clear"]).succeeds();
        assert_eq!(rows(&atlas, "1"), [0, 0, 0, 0]);
    }
    assert!(atlas.count("SELECT count(*) FROM runbooks") > 0);
}

#[test]
fn what_really_came_in_for_a_demo_site_stays_with_it() {
    let atlas = Atlas::initialised();
    atlas.run(&["demo", "seed"]).succeeds();
    let site: String = atlas
        .sql()
        .query_row("SELECT id FROM sites WHERE demo = 1 LIMIT 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    let server = atlas.serve();
    server.stored(&json!({"site_id": site, "kind": "k", "summary": "real"}));
    server.stored(&json!({"site_id": "mine", "kind": "k", "summary": "real too"}));
    let ran = atlas.run(&["demo", "clear"]).succeeds();
    assert!(ran.err.contains("1 demo sites stay"), "{ran:?}");
    assert_eq!(rows(&atlas, "demo = 1"), [0, 0, 0, 0]);
    assert_eq!(rows(&atlas, "1"), [2, 0, 0, 2]);
    // And seeding again does not make them the demo's.
    atlas.run(&["demo", "seed"]).succeeds();
    atlas.run(&["demo", "clear"]).succeeds();
    assert_eq!(rows(&atlas, "1"), [2, 0, 0, 2]);
}

#[test]
fn a_demo_agent_or_site_that_becomes_real_stays() {
    let atlas = Atlas::initialised();
    atlas.run(&["demo", "seed"]).succeeds();
    let server = atlas.serve();
    let token = atlas.token("operate").secret;
    let agents = server.get("/api/agents").with(&token).send().json();
    let (agent, site) = (&agents[0]["id"], agents[0]["site_id"].as_str().unwrap());
    server.stored(
        &json!({"site_id": site, "kind": "agent_facts", "summary": "x", "agent_id": agent,
        "detail": {"facts": {"hostname": "real"}}}),
    );
    let path = format!("/api/sites/{site}");
    server
        .call("PUT", &path)
        .with(&token)
        .json(&json!({"name": "Mine now"}))
        .send()
        .is(200);
    atlas.run(&["demo", "clear"]).succeeds();
    assert_eq!(rows(&atlas, "1"), [1, 0, 1, 1]);
    let left = server.get(&path).with(&token).send().is(200).json();
    assert_eq!(
        (&left["name"], &left["demo"]),
        (&json!("Mine now"), &json!(false))
    );
}

#[test]
fn serve_demo_fills_an_empty_database_only() {
    let atlas = Atlas::new();
    let server = atlas.serve_with(&["--demo"], &[]);
    let filled = rows(&atlas, "demo = 1");
    assert!(filled[3] > 0, "{filled:?}");
    server.stop();
    atlas.run(&["demo", "clear"]).succeeds();
    // One row of the user's own, and nothing is added any more.
    let server = atlas.serve();
    server.stored(&json!({"site_id": "mine", "kind": "k", "summary": "x"}));
    server.stop();
    let server = atlas.serve_with(&["--demo"], &[("ATLAS_OPS_LOAD_DEMO", "true")]);
    assert_eq!(rows(&atlas, "1"), [1, 0, 0, 1]);
    drop(server);
}

#[test]
fn load_demo_of_the_configuration_does_the_same() {
    let atlas = Atlas::with("load_demo: true");
    drop(atlas.serve());
    let filled = rows(&atlas, "demo = 1");
    assert!(filled[3] > 0, "{filled:?}");
    drop(atlas.serve());
    assert_eq!(rows(&atlas, "1"), filled);
}

#[test]
fn the_board_shows_it_and_marks_it() {
    let atlas = Atlas::new();
    let server = atlas.serve_with(&["--demo"], &[]);
    let token = atlas.token("read").secret;
    let page = server.get("/").with(&token).send().is(200).body;
    assert!(page.to_lowercase().contains("demo"), "{page}");
    let sites = server.get("/api/sites").with(&token).send().json();
    assert!(
        sites
            .as_array()
            .unwrap()
            .iter()
            .all(|site| site["demo"] == true)
    );
}
