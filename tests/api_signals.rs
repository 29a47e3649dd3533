//! `/api/signals`: what is sent comes back as it was stored, newest first, and every filter of
//! the contract filters.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::ids;
use support::running::Running;

fn list(server: &Running, token: &str, query: &str) -> Value {
    let path = format!("/api/signals{query}");
    server.get(&path).with(token).send().is(200).json()
}

#[test]
fn a_signal_comes_back_with_all_that_was_sent_and_all_that_was_made_of_it() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let sent = json!({
        "site_id": "site-homelab", "kind": "container_down",
        "summary": "Docker container stopped: jellyfin — <b>übel</b>",
        "detail": {"container": "jellyfin", "exit_code": 137, "nested": {"list": [1, null, true]}},
        "severity": "critical", "source": "docker", "observed_at": "2026-11-23T04:45:12.5+01:00",
        "status": "firing", "dedup_key": "docker/jellyfin", "expires_at": "2999-01-01T00:00:00Z",
        "agent_id": "a1"
    });
    let answer = server.signal(&sent).is(201);
    let stored = answer.json();
    for field in [
        "site_id",
        "kind",
        "summary",
        "detail",
        "severity",
        "source",
        "status",
        "dedup_key",
        "agent_id",
    ] {
        assert_eq!(stored[field], sent[field], "{field}");
    }
    assert_eq!(stored["observed_at"], "2026-11-23T03:45:12.500Z");
    assert_eq!(stored["expires_at"], "2999-01-01T00:00:00.000Z");
    assert_eq!(stored["incident_id"], 1);
    assert_eq!(stored["runbook_id"], "rb-docker-container-down");
    assert!(!stored["fingerprint"].as_str().unwrap().is_empty());
    assert_eq!(stored["fingerprint_of"]["rule"], "dedup_key");
    let token = atlas.token("read").secret;
    let read = server.get(answer.header("location")).with(&token).send();
    assert_eq!(read.is(200).json(), stored);
    assert_eq!(list(&server, &token, ""), json!([stored]));
}

#[test]
fn the_least_that_0_4_sent_is_enough() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let stored = server.stored(&json!({
        "site_id": "site-new", "kind": "wifi", "summary": "x", "detail": {}, "field_of_tomorrow": 1
    }));
    assert_eq!(stored["severity"], "info");
    assert_eq!(stored["source"], "agent");
    assert_eq!(stored["status"], "firing");
    assert_eq!(stored["observed_at"], stored["received_at"]);
    assert_eq!(stored["time_flag"], Value::Null);
}

#[test]
fn a_site_is_made_by_its_first_signal_and_by_no_refused_one() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    server.stored(&json!({"site_id": "site-new", "kind": "k", "summary": "x"}));
    server.stored(&json!({"site_id": "site-new", "kind": "k", "summary": "y"}));
    server
        .signal(&json!({"site_id": "site-refused", "kind": "k", "summary": ""}))
        .problem(422);
    let token = atlas.token("read").secret;
    let sites = server.get("/api/sites").with(&token).send().is(200).json();
    assert_eq!(sites.as_array().unwrap().len(), 1);
    assert_eq!(
        (&sites[0]["id"], &sites[0]["name"]),
        (&json!("site-new"), &json!("site-new"))
    );
}

#[test]
fn severities_have_synonyms_and_nothing_else_is_guessed() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    for (word, severity) in [
        ("error", "critical"),
        ("err", "critical"),
        ("fatal", "critical"),
        ("critical", "critical"),
        ("warn", "warning"),
        ("WARNING", "warning"),
        ("ok", "info"),
        ("notice", "info"),
        ("debug", "info"),
        ("info", "info"),
    ] {
        let stored =
            server.stored(&json!({"site_id": "s", "kind": "k", "summary": "x", "severity": word}));
        assert_eq!(stored["severity"], severity, "{word}");
    }
    let odd = json!({"site_id": "s", "kind": "k", "summary": "x", "severity": "apocalyptic"});
    assert_eq!(server.signal(&odd).faults(), ["severity"]);
}

#[test]
fn every_filter_filters() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let post = |site: &str, kind: &str, severity: &str, source: &str, at: &str, summary: &str| {
        server.stored(&json!({
            "site_id": site, "kind": kind, "severity": severity, "source": source,
            "observed_at": at, "summary": summary, "detail": {"host": format!("host-of-{kind}")}
        }))["id"]
            .as_i64()
            .unwrap()
    };
    let now = jiff::Timestamp::now();
    let ago = |hours: i64| (now - jiff::SignedDuration::from_hours(hours)).to_string();
    let a = post(
        "one",
        "wifi",
        "info",
        "unifi",
        &ago(50),
        "100% of _channel_ six",
    );
    let b = post(
        "one",
        "smart",
        "critical",
        "agent",
        &ago(3),
        "Disk sda wears out",
    );
    let c = post("two", "wifi", "warning", "unifi", &ago(1), "1000 stations");
    let (since, until) = (ago(4), ago(2));
    for (query, expected) in [
        (String::new(), vec![c, b, a]),
        ("?site=one".into(), vec![b, a]),
        ("?kind=wifi".into(), vec![c, a]),
        ("?source=agent".into(), vec![b]),
        ("?severity=warning".into(), vec![c]),
        ("?severity=error".into(), vec![b]),
        (format!("?since={since}"), vec![c, b]),
        (format!("?until={since}"), vec![a]),
        (format!("?since={since}&until={until}"), vec![b]),
        ("?window=24h".into(), vec![c, b]),
        ("?window=7d&kind=wifi".into(), vec![c, a]),
        (format!("?before={c}"), vec![b, a]),
        ("?limit=1".into(), vec![c]),
        ("?q=DISK+wears".into(), vec![b]),
        ("?q=host-of-smart".into(), vec![b]),
        ("?q=100%25".into(), vec![a]),
        ("?q=_channel_".into(), vec![a]),
        ("?q=nothing+like+it".into(), vec![]),
        ("?site=&q=&severity=".into(), vec![c, b, a]),
        ("?site=one'%20OR%201=1--".into(), vec![]),
    ] {
        assert_eq!(ids(&list(&server, &token, &query)), expected, "{query}");
    }
}

#[test]
fn a_question_that_means_nothing_is_told_all_that_is_wrong() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let query = "/api/signals?limit=1001&severity=x&since=soon&window=1y2&before=x";
    let mut faults = server.get(query).with(&token).send().faults();
    faults.sort();
    assert_eq!(faults, ["before", "limit", "severity", "since", "window"]);
    for query in ["limit=0", "limit=-1", "before=99999999999999999999"] {
        server
            .get(&format!("/api/signals?{query}"))
            .with(&token)
            .send()
            .problem(422);
    }
}

#[test]
fn the_next_page_is_named_until_everything_was_seen_once() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    // Same moments on purpose: the order must still be a whole one.
    let mut expected: Vec<(String, i64)> = (0..23)
        .map(|number| {
            let at = format!("2026-11-23T04:00:0{}.000Z", number % 3);
            let stored = server.stored(&json!({
                "site_id": "s", "kind": "k", "summary": format!("n {number}"), "observed_at": at
            }));
            let moment = stored["time_flag"]
                .as_str()
                .map_or(at, |_| stored["received_at"].as_str().unwrap().to_owned());
            (moment, stored["id"].as_i64().unwrap())
        })
        .collect();
    expected.sort_by(|one, other| other.cmp(one));
    let mut seen = Vec::new();
    let mut path = "/api/signals?limit=5&site=s&q=n".to_owned();
    loop {
        let answer = server.get(&path).with(&token).send().is(200);
        seen.extend(ids(&answer.json()));
        // One that arrives meanwhile does not move the pages.
        server.stored(&json!({"site_id": "s", "kind": "k", "summary": "n late"}));
        let link = answer.header("link");
        if link.is_empty() {
            break;
        }
        assert!(link.ends_with(">; rel=\"next\""), "{link}");
        path = link[1..link.find('>').unwrap()].to_owned();
    }
    assert_eq!(
        seen,
        expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    );
}

#[test]
fn three_hundred_are_shown_unless_asked_and_a_thousand_at_most() {
    let atlas = Atlas::new();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    let batch: Vec<Value> = (0..1000)
        .map(|n| json!({"site_id": "s", "kind": "k", "summary": n.to_string()}))
        .collect();
    server
        .post("/api/signals/batch", &json!(batch))
        .with(SHARED)
        .send()
        .is(200);
    assert_eq!(list(&server, &token, "").as_array().unwrap().len(), 300);
    assert_eq!(
        list(&server, &token, "?limit=1000")
            .as_array()
            .unwrap()
            .len(),
        1000
    );
}
