//! One incident's page as a browser without script meets it: what it says, the forms, and who may
//! send them.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::http::Answer;
use support::incident_pages::{World, listed, minutes_ago};
use support::people;

#[test]
fn one_incident_says_what_where_why_and_what_to_do() {
    let world = World::new();
    let id = world.signal(
        "home",
        "disk_full",
        &json!({"observed_at": minutes_ago(50)}),
    );
    world.signal(
        "home",
        "disk_full",
        &json!({"severity": "critical", "observed_at": minutes_ago(20),
        "summary": "tank at 99 %", "detail": {"host": "nas", "used_percent": 99}}),
    );
    let page = world.page(&format!("/incidents/{id}"));
    for part in [
        "<h1 id=\"title\"><bdi>tank at 99 %</bdi></h1>",
        "2 signals",
        "One problem, because <bdi>site, kind and source are the same, and so is what it is about: host nas</bdi>.",
        "<td>100</td><td><bdi>kind is disk_full</bdi></td>",
        "/runbooks/rb-disk-full?signal=2",
        "got worse, from warning to critical",
        "<dt><bdi>used_percent</bdi></dt><dd><bdi>99</bdi></dd>",
        "/api/llm/context_for_signal/2?format=markdown",
        " of at most 3000 tokens",
        "/api/signals?site=home&#38;kind=disk_full&#38;since=",
        "This is the first time",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.find("got worse").unwrap() < page.find("<strong>opened").unwrap());
    let raw = page
        .split("href=\"/api/signals?")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let raw = format!("/api/signals?{}", raw.replace("&#38;", "&"));
    let raw = world.anna.get(&world.server, &raw).is(200).json();
    assert_eq!(raw.as_array().unwrap().len(), 2);
    world.anna.get(&world.server, "/incidents/999").is(404);
    world.anna.get(&world.server, "/incidents/x").is(404);
}

#[test]
fn each_form_does_what_it_says_under_the_name_of_who_is_logged_in() {
    let world = World::new();
    let id = world.signal("home", "disk_full", &json!({}));
    let path = format!("/incidents/{id}");
    world.act(id, "ack", &[("note", "On my way\r\npassword=hunter2")]);
    let page = world.page(&path);
    assert!(page.contains("acknowledged by anna"), "{page}");
    assert!(
        page.contains("On my way\n"),
        "a note keeps its lines: {page}"
    );
    assert!(!page.contains("hunter2"), "{page}");

    world.act(id, "snooze", &[("until", "tomorrow"), ("note", "")]);
    let page = world.page(&path);
    assert!(
        page.contains("snoozed by anna until") && page.contains(", 08:00"),
        "{page}"
    );
    world.act(id, "snooze", &[("until", "4h")]);
    world.act(id, "notes", &[("note", "Vendor <b>is</b> informed")]);
    assert!(
        world
            .page(&path)
            .contains("Vendor &#60;b&#62;is&#60;/b&#62; informed")
    );
    world.act(id, "resolve", &[("note", "Replaced it")]);
    let page = world.page(&path);
    assert!(
        page.contains("resolved by anna") && page.contains("Reopen"),
        "{page}"
    );
    assert!(
        !page.contains("/snooze\""),
        "what cannot be done is not offered: {page}"
    );
    world.act(id, "reopen", &[]);
    assert!(world.page(&path).contains("opened again"));

    let api = world
        .anna
        .get(&world.server, &format!("/api/incidents/{id}"))
        .json();
    let who: Vec<&Value> = api["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .skip(1)
        .map(|entry| &entry["actor"])
        .collect();
    assert!(
        who.iter()
            .all(|actor| **actor == json!({"kind": "person", "name": "anna"})),
        "{api}"
    );
    assert_eq!(who.len(), 6);
}

#[test]
fn a_form_on_the_board_or_the_list_leads_back_there_and_nowhere_else() {
    let world = World::new();
    for (back, place, kind) in [("board", "/", "disk_full"), ("list", "/incidents", "smart")] {
        let id = world.signal("home", kind, &json!({}));
        let ack = format!("/incidents/{id}/ack");
        let page = world.page(place);
        let form = page.split(&format!("action=\"{ack}\"")).nth(1).unwrap();
        let form = form.split("</form>").next().unwrap();
        assert!(form.contains(&format!("value=\"{back}\"")), "{form}");
        let answer = world.anna.post(&world.server, &ack, &[("back", back)]);
        assert_eq!(answer.is(303).header("location"), place);
    }
    let id = world.signal("home", "ups", &json!({}));
    let ack = format!("/incidents/{id}/ack");
    let elsewhere = [("back", "https://evil.example/")];
    let answer = world.anna.post(&world.server, &ack, &elsewhere).is(303);
    assert_eq!(answer.header("location"), format!("/incidents/{id}"));
}

#[test]
fn what_is_refused_is_said_on_the_page_and_what_was_typed_is_still_there() {
    let world = World::new();
    let down = |minutes: i64, status: &str| {
        world.signal(
            "home",
            "container_down",
            &json!({"status": status, "observed_at": minutes_ago(minutes)}),
        )
    };
    let first = down(300, "firing");
    down(200, "resolved");
    let second = down(100, "firing");
    let post = |id: i64, verb: &str, fields: &[(&str, &str)]| {
        let path = format!("/incidents/{id}/{verb}");
        world.anna.post(&world.server, &path, fields)
    };
    let said = |answer: Answer, status: u16, words: &str| {
        let page = answer.is(status).body;
        assert!(
            page.contains("role=\"alert\"") && page.contains(words),
            "{words}: {page}"
        );
        page
    };
    let page = said(
        post(first, "reopen", &[("note", "it came <b>back")]),
        409,
        "same problem",
    );
    assert!(
        page.contains(&format!("href=\"/incidents/{second}\">Go to incident")),
        "{page}"
    );
    assert!(
        page.contains("it came &#60;b&#62;back</textarea>"),
        "{page}"
    );
    said(post(first, "ack", &[]), 409, "the incident is resolved");
    said(
        post(second, "snooze", &[("until", "31d")]),
        409,
        "at most 30 days",
    );
    for until in ["", "soon", "all"] {
        said(
            post(second, "snooze", &[("until", until)]),
            422,
            "choose how long",
        );
    }
    said(
        post(second, "notes", &[("note", " \r\n")]),
        422,
        "write the note first",
    );
    said(
        post(second, "ack", &[("note", &"x".repeat(10_001))]),
        422,
        "at most 10000 characters",
    );
    post(999, "ack", &[]).is(404);
    assert!(
        world
            .page(&format!("/incidents/{second}"))
            .contains("> <strong><bdi>open</bdi>")
    );
}

#[test]
fn a_viewer_is_offered_nothing_and_a_stranger_is_led_to_the_login() {
    let world = World::new();
    let id = world.signal("home", "disk_full", &json!({}));
    for path in ["/", "/incidents", &format!("/incidents/{id}")] {
        let page = world.vera.get(&world.server, path).is(200).body;
        assert!(page.contains("disk_full at home"), "{page}");
        for offered in ["Acknowledge<", "/ack\"><input", "<textarea"] {
            assert!(!page.contains(offered), "{offered} on {path}: {page}");
        }
        let stranger = world.server.get(path).header("accept", "text/html").send();
        assert!([302, 303].contains(&stranger.status), "{stranger:?}");
        assert!(
            stranger.header("location").contains("/login"),
            "{stranger:?}"
        );
    }
    for verb in ["ack", "snooze", "resolve", "reopen", "notes"] {
        let path = format!("/incidents/{id}/{verb}");
        world
            .vera
            .post(&world.server, &path, &[("note", "x"), ("until", "1h")])
            .is(403);
        let forged = people::post_form(
            world.anna.call(&world.server, "POST", &path),
            &[("csrf", "0")],
        );
        forged.send().is(403);
    }
    assert!(
        world
            .page(&format!("/incidents/{id}"))
            .contains("> <strong><bdi>open</bdi>")
    );
}

#[test]
fn what_comes_from_outside_is_text() {
    let world = World::new();
    let attack = "<script>alert(1)</script>\u{202e}<img src=x onerror=alert(1)>";
    let long = "w".repeat(1000 - attack.chars().count());
    let id = world.signal("s\"><b>", "k<i>", &json!({"summary": format!("{attack}{long}"), "source": attack,
        "dedup_key": attack, "detail": {attack: attack, "deep": {"a": [attack]}, "much": "v".repeat(5000)}}));
    world.act(id, "ack", &[("note", attack)]);
    for path in [
        "/".to_owned(),
        "/incidents".to_owned(),
        "/signals".to_owned(),
        format!("/incidents/{id}"),
    ] {
        let page = world.page(&path);
        for raw in ["<script", "<img src=x", "\u{202e}", "<b>", "<i>"] {
            assert!(!page.contains(raw), "{raw:?} on {path}: {page}");
        }
        assert!(page.contains("&#60;script&#62;alert(1)"), "{page}");
        assert!(page.contains(&long), "nothing of it is lost: {page}");
    }
    let page = world.page(&format!("/incidents/{id}"));
    assert!(page.contains("the rest is in the raw signal"), "{page}");
    let title = page
        .split("<title>")
        .nth(1)
        .unwrap()
        .split("</title>")
        .next()
        .unwrap();
    assert!(title.contains('…'), "{title}");
    // The filter that the page's own link asks for finds it again.
    let link = page
        .split("href=\"/incidents?site=")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert_eq!(
        listed(&world.page(&format!("/incidents?site={link}"))),
        [id]
    );
}
