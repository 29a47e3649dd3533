//! A long backlog goes to the real server in one run, and what waits is not held in memory.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::Instant;

use atlas_ops::agent::spool::{Prepared, Spool};
use atlas_ops::domain::severity::Severity;
use atlas_ops::domain::signal::{NewSignal, Status};
use atlas_ops::domain::timestamp::Timestamp;
use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};

/// More than three batches.
const BACKLOG: i64 = 3_500;
/// Observations of one subject follow each other at this distance.
const SUBJECTS: i64 = 50;

fn observation(number: i64, now: Timestamp) -> NewSignal {
    let container = format!("web{}", number % SUBJECTS);
    let Value::Object(detail) = json!({
        "container": container, "endpoint": "unix:///var/run/docker.sock", "status": "exited",
        "exit_code": 137, "image": "registry.example/team/web:2026.11", "host": "nas",
        "restart_count": number, "threshold": 3,
    }) else {
        unreachable!()
    };
    NewSignal {
        site_id: "site-homelab".into(),
        kind: "container_restart_count_high".into(),
        summary: format!("Docker container restarted {number} times: {container}"),
        detail,
        severity: Severity::Info,
        source: "agent".into(),
        observed_at: Some(now.plus_millis(number - BACKLOG)),
        status: Status::Firing,
        dedup_key: Some(format!("0123456789abcdef:restarts:{container}")),
        expires_at: None,
        agent_id: Some("0123456789abcdef".into()),
        uid: Some(format!(
            "{:012x}-{number:05x}-0123456789abcdef",
            now.as_millis()
        )),
    }
}

#[test]
fn a_long_backlog_is_drained_in_order_by_one_run() {
    let atlas = Atlas::initialised();
    let server = atlas.serve();
    let state = atlas.path("agent_state.json");
    let now = atlas_ops::clock::now();
    {
        let (mut spool, _) = Spool::open(&state, None, now).unwrap();
        let new: Vec<Prepared> = (0..BACKLOG)
            .map(|number| Prepared::of(&observation(number, now), now).unwrap())
            .collect();
        let number = spool.stage(&new, Vec::new()).unwrap();
        spool.settle(number);
        assert_eq!(i64::try_from(spool.len()).unwrap(), BACKLOG);
    }
    let text = format!(
        "agent:\n  backend_url: {}\n  token: {SHARED}\n  state_path: {}\n  discovery: {{enabled: false}}\n",
        server.address,
        state.display()
    );
    std::fs::write(atlas.path("agent_config.yaml"), text).unwrap();
    let begin = Instant::now();
    let said = atlas.run(&["agent", "run", "--once", "-v"]).succeeds().out;
    println!("{BACKLOG} observations in {:?}", begin.elapsed());
    assert!(said.contains(&format!("{BACKLOG} signals sent")), "{said}");
    let stored = "SELECT count(*) FROM signals WHERE kind = 'container_restart_count_high'";
    assert_eq!(atlas.count(stored), BACKLOG);
    let out_of_order = "SELECT count(*) FROM (SELECT observed_at - lag(observed_at) OVER \
        (PARTITION BY dedup_key ORDER BY id) AS step FROM signals \
        WHERE kind = 'container_restart_count_high') WHERE step <= 0";
    assert_eq!(atlas.count(out_of_order), 0);
    assert_eq!(
        std::fs::metadata(atlas.path("agent_state.json.spool"))
            .unwrap()
            .len(),
        0
    );
}
