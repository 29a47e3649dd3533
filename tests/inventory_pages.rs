//! `/inventory` and the site cards as a browser without script meets them.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::incident_pages::World;
use support::inventory::{baseline, host_at, pass, report, send, sightings};

fn world() -> World {
    let world = World::new();
    baseline(&world.server);
    world
}

fn fields(act: &str) -> Vec<(&str, &str)> {
    vec![("act", act)]
}

#[test]
fn the_board_tells_networks_limits_and_suggestions() {
    let world = world();
    let page = world.page("/");
    for part in [
        "192.168.1.0/24",
        "gateway 192.168.1.1",
        "3 hosts",
        "1 roaming",
        "1 thing discovery could not do",
        "one cannot use icmp: closed:",
        "Home Assistant on ha.lan",
        ">Accept<",
        "href=\"/inventory\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let id = world.atlas.count("SELECT id FROM integration_suggestions");
    let path = format!("/inventory/suggestions/{id}");
    // A viewer is offered nothing and may do nothing.
    let page = world.vera.get(&world.server, "/").is(200).body;
    assert!(!page.contains(">Accept<"));
    world
        .vera
        .post(&world.server, &path, &fields("accept"))
        .is(403);
    let accept = [("act", "accept"), ("back", "board")];
    let answer = world.anna.post(&world.server, &path, &accept).is(303);
    assert!(answer.header("location").ends_with("/#sites"));
    let page = world.page("/");
    assert!(
        !page.contains(">Accept<") && page.contains("home_assistant"),
        "{page}"
    );
}

#[test]
fn a_blind_agent_is_shown_as_what_cannot_be_known() {
    let world = world();
    assert!(!world.page("/").contains("cannot know"));
    for minute in 20..22 {
        let mut blind = pass(minute, &json!([]));
        blind["networks"] = json!([]);
        send(&world.server, &report("one", &blind)).is(201);
    }
    let page = world.page("/");
    assert!(
        page.contains("cannot know") && page.contains("one sees no network"),
        "{page}"
    );
    let page = world.page("/inventory");
    assert!(page.contains("cannot know"), "{page}");
}

#[test]
fn hosts_are_named_pinned_known_and_ignored_by_forms() {
    let world = world();
    let page = world.page("/inventory");
    for part in [
        "<strong><bdi>ha.lan</bdi></strong>",
        "bc:24:11:00:00:05",
        "<bdi>Home Assistant</bdi> <code>tcp/8123</code>",
        "1 roaming device",
        "Nothing is ignored.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let id = host_at(&world.atlas, "192.168.1.7");
    let path = format!("/inventory/hosts/{id}");
    let post = |pairs: &[(&str, &str)]| world.anna.post(&world.server, &path, pairs);
    let answer = post(&[("act", "name"), ("name", " My <Printer> ")]).is(303);
    assert!(
        answer
            .header("location")
            .ends_with(&format!("/inventory#host-{id}"))
    );
    post(&fields("pin")).is(303);
    post(&fields("known")).is(303);
    let page = world.page("/inventory");
    for part in [
        "My &#60;Printer&#62;",
        ">pinned<",
        ">known<",
        "its absence is worth a warning",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    post(&fields("odd")).is(400);
    world
        .vera
        .post(&world.server, &path, &fields("ignore"))
        .is(403);
    let viewer = world.vera.get(&world.server, "/inventory").is(200).body;
    assert!(!viewer.contains("<button name=\"act\""), "{viewer}");

    // Ignored: on one list, with undo; its row is gone from the others.
    post(&fields("ignore")).is(303);
    let page = world.page("/inventory");
    assert!(!page.contains(&format!("id=\"host-{id}\"")), "{page}");
    assert!(page.contains("mac:00:11:32:00:00:07"), "{page}");
    let undo = [("site", "home"), ("identity", "mac:00:11:32:00:00:07")];
    world
        .anna
        .post(&world.server, "/inventory/ignored", &undo)
        .is(303);
    let page = world.page("/inventory");
    assert!(
        page.contains(&format!("id=\"host-{id}\"")) && page.contains(">pinned<"),
        "{page}"
    );
    world
        .anna
        .post(&world.server, "/inventory/ignored", &undo)
        .is(404);
}

#[test]
fn hostile_text_is_inert_on_every_page() {
    let world = world();
    let id = host_at(&world.atlas, "192.168.1.7");
    let ignore = format!("/inventory/hosts/{id}");
    for _ in 0..2 {
        for path in ["/inventory", "/", "/inventory?q=%3Cscript%3E&site=%22%3E"] {
            let page = world.page(path);
            for raw in ["<script>alert", "<b>", "\u{202e}", "\u{0}", "\"owned\""] {
                assert!(!page.contains(raw), "{path} holds {raw:?}");
            }
        }
        // And once more from the list of what is ignored.
        world.anna.post(&world.server, &ignore, &fields("ignore"));
    }
}

#[test]
fn networks_are_named_and_searched() {
    let world = world();
    let id = world.atlas.count("SELECT id FROM networks");
    let path = format!("/inventory/networks/{id}");
    let marks = [("name", "Living room"), ("no_guests", "1")];
    world.anna.post(&world.server, &path, &marks).is(303);
    let page = world.page("/inventory?q=8123");
    for part in ["Living room", "no guests", "ha.lan"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("192.168.1.7"), "{page}");
    let page = world.page("/inventory?q=nothing-of-that-name");
    assert!(
        page.contains("Nothing is found with these filters"),
        "{page}"
    );
    world
        .anna
        .post(&world.server, &path, &[("name", "")])
        .is(303);
    let page = world.page("/inventory");
    assert!(
        !page.contains("Living room") && !page.contains("class=\"tag\">no guests"),
        "{page}"
    );
}

#[test]
fn an_empty_inventory_says_how_it_fills() {
    let world = World::new();
    let page = world.page("/inventory");
    assert!(
        page.contains("No pass of discovery has come in yet"),
        "{page}"
    );
    let quiet: Value = report("one", &pass(0, &sightings()));
    send(&world.server, &quiet).is(201);
    let page = world.page("/inventory");
    assert!(
        page.contains("The first three full passes are a baseline"),
        "{page}"
    );
}
