//! How often a runbook helped: counted per runbook and kind, and what the next episode is told.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use atlas_ops::flow::runs::history_of;
use atlas_ops::store::incidents;
use serde_json::{Value, json};
use support::atlas::Atlas;
use support::running::Running;

const RUNBOOK: &str = "rb-disk-full";

fn full_disk() -> Value {
    json!({"site_id": "s", "kind": "disk_full", "summary": "/srv is 97 % full", "severity": "critical",
        "dedup_key": "disk", "detail": {"host": "nas", "mount": "/srv"}})
}

fn minutes_ago(minutes: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes)).to_string()
}

/// Full disks, hours apart so that each opens an incident of its own, each with a run that came to
/// `outcome` and a resolution some minutes later.
fn episodes(server: &Running, token: &str, outcomes: &[(&str, i64)]) -> Vec<i64> {
    let count = i64::try_from(outcomes.len()).unwrap();
    let mut incidents = Vec::new();
    for ((outcome, took), place) in outcomes.iter().zip(0..) {
        let began = (count - place) * 300;
        let mut signal = full_disk();
        signal["observed_at"] = json!(minutes_ago(began));
        let incident = server.stored(&signal)["incident_id"].as_i64().unwrap();
        let start = server.post(
            &format!("/api/incidents/{incident}/runs"),
            &json!({"runbook_id": RUNBOOK}),
        );
        let run = start.with(token).send().is(201).json();
        signal["status"] = json!("resolved");
        signal["observed_at"] = json!(minutes_ago(began - took));
        server.stored(&signal);
        let end = json!({"outcome": outcome, "what_fixed_it": format!("{outcome} in {took}")});
        let finish = server.post(&format!("/api/runs/{}/finish", run["id"]), &end);
        finish.with(token).send().is(200);
        incidents.push(incident);
    }
    incidents
}

const FOUR: [(&str, i64); 4] = [
    ("helped", 4),
    ("did_not_help", 50),
    ("helped", 8),
    ("not_needed", 1),
];

#[test]
fn a_runbook_is_known_by_how_often_it_helped() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("operate").secret;
    let get = |path: &str| server.get(path).with(&token).send().is(200).json();
    assert_eq!(get("/api/runbooks/rb-disk-full")["track_record"]["runs"], 0);
    episodes(&server, &token, &FOUR);

    let statistics = get("/api/runbooks/rb-disk-full/statistics");
    let words = "helped 2 of 3 times, median 6 minutes";
    assert_eq!(statistics["in_words"], words);
    assert_eq!(statistics["kinds"].as_array().unwrap().len(), 1);
    let kind = &statistics["kinds"][0];
    assert_eq!(
        (&kind["kind"], &kind["in_words"]),
        (&json!("disk_full"), &json!(words))
    );
    for (field, count) in [
        ("matched", 4),
        ("runs", 4),
        ("helped", 2),
        ("did_not_help", 1),
        ("median_minutes", 6),
    ] {
        assert_eq!(kind[field], count, "{field}");
        assert_eq!(statistics[field], count, "{field}");
    }
    // At once, not when the count has become old.
    let record = &get("/api/runbooks/rb-disk-full")["track_record"];
    assert_eq!((&record["helped"], &record["runs"]), (&json!(2), &json!(4)));
    let never = get("/api/runbooks/rb-load-high/statistics");
    assert_eq!(
        (&never["in_words"], &never["runs"]),
        (&Value::Null, &json!(0))
    );
}

#[test]
fn the_next_episode_is_told_what_fixed_the_last_one() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("operate").secret;
    // A fifth within a day would be flapping.
    let earlier = episodes(&server, &token, &FOUR[..3]);
    let now = server.stored(&full_disk())["incident_id"].as_i64().unwrap();
    assert!(!earlier.contains(&now));

    let db = atlas.sql();
    let incident = incidents::get(&db, now).unwrap().unwrap();
    let history = history_of(&db, &incident.fingerprint, 3).unwrap();
    let ids: Vec<i64> = history.iter().map(|episode| episode.incident_id).collect();
    assert_eq!(ids, [earlier[2], earlier[1], earlier[0]]);
    assert_eq!(history[0].minutes, 8);
    assert_eq!(history[0].what_fixed_it(), Some("helped in 8"));
    assert_eq!(history[0].runs[0].runbook_id, RUNBOOK);
    assert_eq!(history[1].what_fixed_it(), None);
    assert_eq!(history_of(&db, "another", 3).unwrap(), []);

    // What a person said when they resolved it counts where no run helped.
    let resolve = server.post(
        &format!("/api/incidents/{now}/resolve"),
        &json!({"note": "unplugged it"}),
    );
    resolve.with(&token).send().is(200);
    let history = history_of(&db, &incident.fingerprint, 1).unwrap();
    assert_eq!(history[0].what_fixed_it(), Some("unplugged it"));
    assert!(history[0].runs.is_empty());
}

#[test]
fn what_helped_before_weighs_in_wherever_it_is_asked_what_fits() {
    let atlas = Atlas::new();
    let mut server = atlas.serve();
    let token = atlas.token("operate").secret;
    episodes(&server, &token, &FOUR[..3]);
    let signal = server.stored(&full_disk());
    let words = "helped 2 of 3 times, median 6 minutes";
    // The same after a start, when it is read from the database.
    for _ in 0..2 {
        let get = |path: &str| server.get(path).with(&token).send().is(200).body;
        for path in [
            "/api/suggestions".to_owned(),
            format!("/api/incidents/{}", signal["incident_id"]),
            format!("/api/runbooks/match?signal={}", signal["id"]),
            format!("/api/llm/context_for_signal/{}?budget=20000", signal["id"]),
        ] {
            let answer = get(&path);
            assert!(answer.contains(words), "{path}: {answer}");
        }
        server.terminate();
        server.wait();
        server = atlas.serve();
    }
    let signal = signal["id"].to_string();
    let ran = atlas
        .run(&["runbook", "match", "--signal", &signal])
        .succeeds();
    assert!(ran.out.contains(words), "{}", ran.out);
}
