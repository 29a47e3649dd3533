//! What happens in a real Docker Engine between two looks of the agent: deaths that are over again,
//! stops, restarts and kills by hand, loops, memory that ran out, another image.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use support::agent::Place;
use support::engine::Engine;
use support::watch::{Watch, told};

/// Runs until it is told to die.
const FRAGILE: [&str; 3] = [
    "sh",
    "-c",
    "while ! test -f /die; do sleep 0.1; done; rm /die; exit 3",
];
/// Takes all memory once it is told to.
const GREEDY: [&str; 3] = [
    "sh",
    "-c",
    "while ! test -f /eat; do sleep 0.1; done; exec tail /dev/zero",
];

#[test]
fn nothing_between_two_looks_is_missed_or_mistaken() {
    let engine = Engine::start();
    let place = Place::new();
    let watch = Watch::new(&place, &engine);
    let labels = [
        "--restart",
        "unless-stopped",
        "--label",
        "com.docker.compose.project=shop",
        "--label",
        "com.docker.compose.service=front",
    ];
    engine.run("web", &labels, &["sleep", "600"]);
    engine.run("fragile", &["--restart", "always"], &FRAGILE);
    let memory = ["--memory", "16m", "--memory-swap", "16m"];
    engine.run("greedy", &memory, &GREEDY);
    assert_eq!(watch.look(), [""; 0]);

    died_and_came_back(&engine, &watch);
    loops(&engine, &watch);
    by_hand(&engine, &watch);
    out_of_memory(&engine, &watch);
    another_image(&engine, &watch);
}

fn died_and_came_back(engine: &Engine, watch: &Watch<'_>) {
    engine.touch_soon("fragile", "/die");
    engine.wait_for("fragile", "{{.RestartCount}} {{.State.Status}}", |seen| {
        seen == "1 running"
    });
    let signals = watch.signals();
    let said: Vec<String> = signals.iter().map(told).collect();
    assert_eq!(
        said,
        ["down fragile firing warning", "down fragile resolved info"]
    );
    assert_eq!(signals[0].detail["exit_code"], 3);
    let ended = engine.must(&["inspect", "--format", "{{.State.FinishedAt}}", "fragile"]);
    let ended = atlas_ops::domain::timestamp::Timestamp::parse(&ended).unwrap();
    let (down, up) = (
        signals[0].observed_at.unwrap(),
        signals[1].observed_at.unwrap(),
    );
    assert!(
        (0..1_000).contains(&down.millis_since(ended)),
        "{down} is when it died, {ended}"
    );
    assert!(down < up && up <= atlas_ops::clock::now(), "{down} {up}");
    assert_eq!(watch.look(), [""; 0], "said once");
}

fn by_hand(engine: &Engine, watch: &Watch<'_>) {
    engine.must(&["restart", "--time", "0", "web"]);
    assert_eq!(
        watch.look(),
        [""; 0],
        "a restart by hand is nobody's trouble"
    );

    engine.must(&["stop", "--time", "0", "web"]);
    let signals = watch.signals();
    assert_eq!(told(&signals[0]), "down web firing info");
    for (key, value) in [
        ("planned", serde_json::json!(true)),
        ("compose_project", "shop".into()),
        ("compose_service", "front".into()),
    ] {
        assert_eq!(signals[0].detail[key], value, "{key}");
    }
    assert_eq!(watch.look(), [""; 0]);
    watch.clock.turn_minutes(59);
    assert_eq!(watch.look(), [""; 0]);
    watch.clock.turn_minutes(2);
    assert_eq!(watch.look(), ["down web firing warning"], "forgotten");
    engine.must(&["start", "web"]);
    assert_eq!(watch.look(), ["down web resolved info"]);

    engine.must(&["stop", "--time", "0", "web"]);
    engine.must(&["start", "web"]);
    assert_eq!(watch.look(), [""; 0]);

    engine.must(&["kill", "web"]);
    engine.wait_for_status("web", "exited");
    assert_eq!(watch.look(), ["down web firing warning"], "at once");
    engine.must(&["start", "web"]);
    assert_eq!(watch.look(), ["down web resolved info"]);

    engine.must(&["kill", "web"]);
    engine.wait_for_status("web", "exited");
    engine.must(&["start", "web"]);
    assert_eq!(
        watch.look(),
        ["down web firing warning", "down web resolved info"]
    );
}

fn out_of_memory(engine: &Engine, watch: &Watch<'_>) {
    engine.touch_soon("greedy", "/eat");
    engine.wait_for_status("greedy", "exited");
    let signals = watch.signals();
    let said: Vec<String> = signals.iter().map(told).collect();
    assert_eq!(
        said,
        [
            "down greedy firing warning",
            "oom_killed greedy firing warning"
        ]
    );
    engine.must(&["rm", "greedy"]);
    assert_eq!(
        watch.look(),
        [
            "down greedy resolved info",
            "oom_killed greedy resolved info"
        ]
    );
}

fn loops(engine: &Engine, watch: &Watch<'_>) {
    engine.run("loop", &["--restart", "always"], &["false"]);
    engine.wait_for("loop", "{{.RestartCount}}", |count| {
        count.parse::<u32>().unwrap() >= 4
    });
    let signals = watch.signals();
    let count = |wanted: &str| {
        let is = |signal: &&_| told(signal) == wanted;
        signals.iter().filter(is).count()
    };
    assert_eq!(count("down loop firing warning"), 1, "{signals:#?}");
    assert!(count("down loop resolved info") <= 1, "{signals:#?}");
    assert_eq!(count("restart_count_high loop firing warning"), 1);
    let of = |kind: &str| signals.iter().find(|signal| signal.kind == kind).unwrap();
    let deaths = of("container_down").detail["deaths"].as_u64().unwrap();
    let rate = of("container_restart_count_high").detail["restart_rate_per_hour"].as_u64();
    assert!(deaths >= 4 && rate.unwrap() >= 3, "{deaths} {rate:?}");
    engine.must(&["rm", "--force", "loop"]);
    let over = watch.look();
    assert!(
        !over.is_empty() && over.iter().all(|told| told.contains(" loop resolved ")),
        "{over:?}"
    );
}

fn another_image(engine: &Engine, watch: &Watch<'_>) {
    let tar = engine.place.join("root.tar");
    let tar = tar.to_str().unwrap();
    let before = engine.must(&["inspect", "--format", "{{.Image}}", "web"]);
    engine.must(&["rm", "--force", "web"]);
    engine.must(&["import", "--change", "ENV A=1", tar, "box:1"]);
    engine.run("web", &["--restart", "always"], &["sleep", "600"]);
    let after = engine.must(&["inspect", "--format", "{{.Image}}", "web"]);
    assert_ne!(before, after);
    assert_eq!(watch.look(), [""; 0], "recreated by hand");
    engine.must(&["kill", "web"]);
    engine.wait_for_status("web", "exited");
    let signals = watch.signals();
    assert_eq!(told(&signals[0]), "down web firing warning");
    assert_eq!(signals[0].detail["image_id"], after);
    assert_eq!(signals[0].detail["previous_image_id"], before);
    assert!(signals[0].detail["image_changed_at"].is_string());
}
