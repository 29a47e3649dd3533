//! The agent and a real Docker Engine: containers that exit, loop, fail their health check, run
//! out of memory, are stopped, started, recreated and removed. Signals are sent once and resolved.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use atlas_ops::agent;
use support::agent::Place;
use support::engine::Engine;
use support::watch::Watch;

#[test]
fn what_happens_in_a_real_engine_is_sent_once_and_resolved() {
    let engine = Engine::start();
    let place = Place::new();
    let watch = Watch::new(&place, &engine);

    first_sight(&engine, &watch);
    stopped_and_started(&engine, &watch);
    recreated_and_removed(&engine, &watch);
    engine_goes_away(engine, &watch);
}

/// Everything that is wrong when the agent comes, and what is none of its business.
fn first_sight(engine: &Engine, watch: &Watch<'_>) {
    let forever = ["sleep", "600"];
    engine.run("web", &["--restart", "unless-stopped"], &forever);
    engine.run("job", &[], &["sleep", "600"]);
    engine.run("old-job", &[], &["true"]);
    engine.run("old-failure", &[], &["sh", "-c", "exit 3"]);
    engine.must(&[
        "create",
        "--network",
        "none",
        "--name",
        "fresh",
        "box:1",
        "true",
    ]);
    engine.run("loop", &["--restart", "always"], &["false"]);
    let failing = [
        "--health-cmd",
        "test -f /well",
        "--health-interval",
        "1s",
        "--health-retries",
        "1",
    ];
    engine.run("sick", &failing, &forever);
    let once_greedy = "if test -f /fed; then exec sleep 600; fi; touch /fed; exec tail /dev/zero";
    let memory = ["--memory", "16m", "--memory-swap", "16m"];
    engine.run("greedy", &memory, &["sh", "-c", once_greedy]);
    engine.run("paused", &[], &forever);
    engine.must(&["pause", "paused"]);
    engine.wait_for("loop", "{{.RestartCount}}", |count| {
        count.parse::<u32>().unwrap() >= 3
    });
    engine.wait_for("sick", "{{.State.Health.Status}}", |health| {
        health == "unhealthy"
    });
    engine.wait_for_status("greedy", "exited");
    engine.wait_for_status("old-failure", "exited");

    let signals = watch.signals();
    let about = |kind: &str| signals.iter().find(|signal| signal.kind == kind).unwrap();
    assert_eq!(signals.len(), 3, "{signals:#?}");
    let oom = about("container_oom_killed");
    assert_eq!(oom.detail["container"], "greedy");
    assert_eq!(oom.detail["exit_code"], 137);
    let restarts = about("container_restart_count_high");
    assert_eq!(restarts.detail["container"], "loop");
    assert!(restarts.detail["restart_count"].as_u64().unwrap() >= 3);
    assert_eq!(restarts.detail["threshold"], 3);
    assert_eq!(restarts.detail["restart_policy"], "always");
    assert_eq!(about("container_unhealthy").detail["health"], "unhealthy");
    assert_eq!(watch.look(), [""; 0], "said once");

    let dry = agent::preview(
        &watch.config,
        Instant::now() + Duration::from_secs(10),
        &atlas_ops::clock::now,
    )
    .unwrap();
    assert_eq!(dry.report.conditions.len(), 3);
    let docker = &dry.report.integrations[0];
    assert_eq!(
        (docker.kind.as_str(), docker.status.as_str()),
        ("docker", "ok")
    );
    assert_eq!(docker.config["containers"], 9);
    assert!(
        docker.config["engine_version"]
            .as_str()
            .unwrap()
            .contains('.')
    );
}

fn stopped_and_started(engine: &Engine, watch: &Watch<'_>) {
    engine.must(&["stop", "--time", "0", "web", "job"]);
    engine.must(&["exec", "sick", "touch", "/well"]);
    engine.wait_for("sick", "{{.State.Health.Status}}", |health| {
        health == "healthy"
    });
    assert_eq!(
        watch.look(),
        [
            "down job firing info",
            "unhealthy sick resolved info",
            "down web firing info"
        ]
    );
    assert_eq!(watch.look(), [""; 0]);

    engine.must(&["start", "web", "greedy"]);
    engine.must(&["unpause", "paused"]);
    let news = watch.look();
    assert!(
        news.contains(&"down web resolved info".to_owned()),
        "{news:?}"
    );
    assert_eq!(
        news.iter().filter(|news| news.contains(" down ")).count(),
        0
    );
    // An engine may keep the memory of a kill while the container runs again.
    watch.clock.turn_minutes(15);
    let mut oom = news;
    oom.extend(watch.look());
    oom.retain(|news| news.starts_with("oom_killed"));
    assert_eq!(oom, ["oom_killed greedy resolved info"]);
}

fn recreated_and_removed(engine: &Engine, watch: &Watch<'_>) {
    engine.must(&["rm", "--force", "loop", "job"]);
    engine.run("loop", &["--restart", "always"], &["sleep", "600"]);
    let signals = watch.signals();
    let told: Vec<&str> = signals
        .iter()
        .map(|signal| signal.summary.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "Docker container was removed: job",
            "Docker container was recreated: loop"
        ]
    );
    assert_eq!(signals[0].detail["status"], "removed");
    assert_eq!(watch.look(), [""; 0]);

    // A job that ends well is worth knowing, no more.
    engine.run(
        "backup",
        &[],
        &["sh", "-c", "while ! test -f /done; do sleep 0.1; done"],
    );
    assert_eq!(watch.look(), [""; 0]);
    engine.touch_soon("backup", "/done");
    engine.wait_for_status("backup", "exited");
    assert_eq!(watch.look(), ["down backup firing info"]);
    assert_eq!(watch.look(), [""; 0]);
}

fn engine_goes_away(engine: Engine, watch: &Watch<'_>) {
    engine.must(&["stop", "--time", "0", "web"]);
    assert_eq!(watch.look(), ["down web firing info"]);
    drop(engine);
    assert_eq!(watch.look(), ["docker_unreachable - firing warning"]);
    assert_eq!(
        watch.look(),
        [""; 0],
        "what was down is not resolved by blindness"
    );
}
