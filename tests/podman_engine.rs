//! The agent and a real Podman, through its service that answers as Docker does: what it tells of
//! stops, kills, crashes and restarts by its own policy.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use support::agent::Place;
use support::engine::Engine;
use support::watch::Watch;

/// Runs until it is told to die.
const FRAGILE: [&str; 3] = [
    "sh",
    "-c",
    "while ! test -f /die; do sleep 0.1; done; rm /die; exit 3",
];

#[test]
fn podman_is_watched_as_docker_is() {
    let engine = Engine::podman();
    let place = Place::new();
    let watch = Watch::new(&place, &engine);
    engine.run("web", &["--restart", "always"], &["sleep", "600"]);
    engine.run("fragile", &["--restart", "always"], &FRAGILE);
    engine.run("job", &[], &FRAGILE);
    engine.must(&[
        "create",
        "--network",
        "none",
        "--name",
        "fresh",
        "localhost/box:1",
        "true",
    ]);
    assert_eq!(watch.look(), [""; 0]);
    assert_eq!(watch.look(), [""; 0]);
    let state = std::fs::read_to_string(place.state_path()).unwrap();
    assert!(!state.contains("events unix:"), "its events are heard");

    engine.touch_soon("fragile", "/die");
    engine.wait_for("fragile", "{{.RestartCount}} {{.State.Status}}", |seen| {
        seen == "1 running"
    });
    assert_eq!(
        watch.look(),
        ["down fragile firing warning", "down fragile resolved info"]
    );
    assert_eq!(watch.look(), [""; 0], "said once");

    engine.must(&["restart", "--time", "0", "web"]);
    assert_eq!(watch.look(), [""; 0]);
    engine.must(&["stop", "--time", "0", "web"]);
    engine.wait_for_status("web", "exited");
    assert_eq!(watch.look(), ["down web firing info"]);
    watch.clock.turn_minutes(61);
    assert_eq!(watch.look(), ["down web firing warning"], "forgotten");
    engine.must(&["start", "web"]);
    assert_eq!(watch.look(), ["down web resolved info"]);

    engine.must(&["kill", "web"]);
    engine.wait_for_status("web", "exited");
    assert_eq!(watch.look(), ["down web firing warning"]);
    engine.must(&["start", "web"]);
    assert_eq!(watch.look(), ["down web resolved info"]);

    engine.touch_soon("job", "/die");
    engine.wait_for_status("job", "exited");
    assert_eq!(watch.look(), ["down job firing warning"]);
    engine.must(&["rm", "job"]);
    assert_eq!(watch.look(), ["down job resolved info"]);
    engine.must(&["rm", "--force", "web", "fragile", "fresh"]);
    assert_eq!(watch.look(), [""; 0], "removed by hand");
}
