//! `/api/hosts`, `/api/networks`, `/api/integrations/suggestions`, and what a report with a pass
//! is answered.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::http::Answer;
use support::inventory::{baseline, host_at, pass, report, send, sightings};
use support::running::Running;
use support::schema;

struct World {
    atlas: Atlas,
    server: Running,
    token: String,
}

impl World {
    fn new() -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        let token = atlas.token("operate").secret;
        baseline(&server);
        Self {
            atlas,
            server,
            token,
        }
    }

    fn get(&self, path: &str) -> Value {
        self.server
            .get(path)
            .with(&self.token)
            .send()
            .is(200)
            .json()
    }

    fn change(&self, method: &str, path: &str, body: &Value) -> Answer {
        let call = self.server.call(method, path).with(&self.token);
        call.json(body).send()
    }
}

#[test]
fn hosts_are_listed_with_all_that_is_known_of_them() {
    let world = World::new();
    let hosts = world.get("/api/hosts");
    assert_eq!(hosts.as_array().unwrap().len(), 3);
    let ha = &hosts[0];
    for (field, value) in [
        ("site_id", json!("home")),
        ("network", json!("192.168.1.0/24")),
        ("identity", json!("mac:bc:24:11:00:00:05")),
        ("name", json!("ha.lan")),
        ("mac", json!("bc:24:11:00:00:05")),
        ("state", json!("present")),
        ("watched", json!(true)),
        ("roaming", json!(false)),
        ("new", json!(false)),
        ("known", json!(false)),
    ] {
        assert_eq!(ha[field], value, "{field}");
    }
    assert!(
        ha["vendor"]
            .as_str()
            .is_some_and(|name| name.contains("Proxmox")),
        "{ha}"
    );
    assert_eq!(ha["addresses"][0]["senses"], json!(["neighbour", "tcp"]));
    assert_eq!(ha["services"][0]["product"], "Home Assistant");
    assert_eq!(ha["services"][0]["confidence"], "high");
    assert_eq!(hosts[1]["roaming"], true);
    // What comes from outside steers nothing, and a bare page is no product.
    assert_eq!(hosts[2]["services"][0]["product"], Value::Null);
    let name = hosts[2]["name"].as_str().unwrap();
    assert!(!name.contains(['\u{202e}', '\u{0}']), "{name:?}");

    let id = &ha["id"];
    assert_eq!(world.get(&format!("/api/hosts/{id}")), *ha);
    let found = |query: &str| {
        world
            .get(&format!("/api/hosts?{query}"))
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(found("site=home"), 3);
    assert_eq!(found("site=cabin"), 0);
    assert_eq!(found("q=home+assistant"), 1);
    assert_eq!(found("q=192.168.1.6"), 1);
    assert_eq!(found("state=present&roaming=false"), 2);
    assert_eq!(found("state=absent"), 0);
    let odd = world.server.get("/api/hosts?state=odd&new=maybe&network=x");
    assert_eq!(
        odd.with(&world.token).send().faults(),
        ["state", "new", "network"]
    );
    let none = world.server.get("/api/hosts/999").with(&world.token);
    none.send().problem(404);
}

#[test]
fn a_host_is_marked_and_what_was_said_of_it_ends() {
    let world = World::new();
    let id = host_at(&world.atlas, "192.168.1.7");
    let path = format!("/api/hosts/{id}");
    let body = json!({"known": true, "pinned": true, "name": "Printer"});
    let marked = world.change("PATCH", &path, &body).is(200).json();
    assert_eq!(
        (&marked["known"], &marked["pinned"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&marked["name"], &marked["watched"]),
        (&json!("Printer"), &json!(true))
    );
    // What is not named stays; a null name goes.
    let marked = world
        .change("PATCH", &path, &json!({"name": null}))
        .is(200)
        .json();
    assert_eq!(marked["pinned"], true);
    assert_ne!(marked["name"], "Printer");
    let wrong = world.change("PATCH", &path, &json!({"known": "yes", "name": 7}));
    assert_eq!(wrong.faults(), ["name", "known"]);
    world
        .change("PATCH", "/api/hosts/999", &json!({}))
        .problem(404);
    let viewer = world.atlas.token("read").secret;
    let call = world.server.call("PATCH", &path).with(&viewer);
    call.json(&json!({"known": false})).send().problem(403);

    // A new host where nobody new belongs is an incident, until somebody knows it.
    let network = world.get("/api/networks")[0]["id"].clone();
    let path = format!("/api/networks/{network}");
    let body = json!({"no_guests": true, "name": "LAN"});
    let changed = world.change("PATCH", &path, &body).is(200).json();
    assert_eq!(
        (&changed["no_guests"], &changed["name"]),
        (&json!(true), &json!("LAN"))
    );
    world
        .change("PATCH", "/api/networks/999", &json!({}))
        .problem(404);
    let mut all = sightings();
    let guest = json!({"address": "192.168.1.66", "mac": "00:11:32:00:00:66",
        "senses": ["neighbour"]});
    all.as_array_mut().unwrap().push(guest);
    for minute in 10..12 {
        send(&world.server, &report("one", &pass(minute, &all))).is(201);
    }
    let incidents = world.get("/api/incidents?kind=host_new");
    assert_eq!(incidents[0]["state"], "open", "{incidents}");
    assert_eq!(incidents[0]["source"], "atlas-ops");
    assert_eq!(world.get("/api/networks")[0]["new"], 1);
    let id = host_at(&world.atlas, "192.168.1.66");
    let path = format!("/api/hosts/{id}");
    world
        .change("PATCH", &path, &json!({"known": true}))
        .is(200);
    assert_eq!(
        world.get("/api/incidents?kind=host_new")[0]["state"],
        "resolved"
    );
    assert_eq!(world.get("/api/networks")[0]["new"], 0);
}

#[test]
fn networks_tell_who_looks_and_what_they_could_not_do() {
    let world = World::new();
    let network = &world.get("/api/networks")[0];
    for (field, value) in [
        ("cidr", json!("192.168.1.0/24")),
        ("gateway", json!("192.168.1.1")),
        ("baseline_done", json!(true)),
        ("cannot_know", json!(false)),
        ("hosts", json!(3)),
        ("present", json!(3)),
        ("roaming", json!(1)),
    ] {
        assert_eq!(network[field], value, "{field}: {network}");
    }
    let agent = &network["agents"][0];
    assert_eq!(
        (&agent["hostname"], &agent["swept"]),
        (&json!("one"), &json!(true))
    );
    assert_eq!(agent["senses"][3]["fared"], "refused");
    // A second agent reports into the same row.
    send(&world.server, &report("two", &pass(50, &sightings()))).is(201);
    let networks = world.get("/api/networks");
    assert_eq!(networks.as_array().unwrap().len(), 1);
    assert_eq!(networks[0]["agents"].as_array().unwrap().len(), 2);
    assert_eq!(world.get("/api/hosts").as_array().unwrap().len(), 3);
}

#[test]
fn an_agent_that_sees_nothing_is_told_of_and_shown() {
    let world = World::new();
    for minute in 20..22 {
        let mut blind = pass(minute, &json!([]));
        blind["networks"] = json!([]);
        send(&world.server, &report("one", &blind)).is(201);
    }
    let incidents = world.get("/api/incidents?kind=discovery_blind");
    assert_eq!(incidents[0]["state"], "open");
    assert_eq!(incidents[0]["source"], "atlas-ops");
    assert_eq!(world.get("/api/networks")[0]["cannot_know"], true);
    // An empty list of conditions closes an agent's own incidents, not the server's.
    let quiet = report("one", &Value::Null);
    send(&world.server, &quiet).is(201);
    assert_eq!(
        world.get("/api/incidents?kind=discovery_blind")[0]["state"],
        "open"
    );
    send(&world.server, &report("one", &pass(30, &sightings()))).is(201);
    assert_eq!(
        world.get("/api/incidents?kind=discovery_blind")[0]["state"],
        "resolved"
    );
    assert_eq!(world.get("/api/networks")[0]["cannot_know"], false);
}

#[test]
fn a_report_is_answered_with_what_to_ask_directly() {
    let world = World::new();
    let answer = send(&world.server, &report("one", &Value::Null))
        .is(201)
        .json();
    let expected = json!([{"address": "192.168.1.5", "mac": "bc:24:11:00:00:05", "ports": [8123]}]);
    assert_eq!(answer["policy"]["watched"], expected);
    // Of no network that it does not look at, and of no other site's.
    let answer = send(&world.server, &report("elsewhere", &Value::Null))
        .is(201)
        .json();
    assert_eq!(answer["policy"]["watched"], json!([]));
    let other = world
        .atlas
        .token_with(&["--scope", "ingest", "--site", "cabin"])
        .secret;
    let mut posing = report("one", &pass(40, &json!([])));
    posing["site_id"] = json!("cabin");
    let call = world
        .server
        .post("/api/agents/report", &posing)
        .with(&other);
    let answer = call.send().is(201).json();
    assert_eq!(answer["policy"]["watched"], json!([]));
    assert_eq!(world.get("/api/networks").as_array().unwrap().len(), 1);
}

#[test]
fn what_an_agent_could_not_check_is_shown_with_it() {
    let world = World::new();
    let unknown = world.get("/api/agents")[0]["unknown"].clone();
    assert_eq!(unknown, report("one", &Value::Null)["unknown"]);
}

#[test]
fn a_suggested_integration_is_accepted_or_ignored_for_ever() {
    let world = World::new();
    let all = "/api/integrations/suggestions";
    let found = world.get(all);
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["type"], "home_assistant");
    assert_eq!(found[0]["endpoint"], "http://192.168.1.5:8123");
    assert_eq!(found[0]["state"], "open");
    let id = &found[0]["id"];
    let act = |verb: &str| world.change("POST", &format!("{all}/{id}/{verb}"), &json!({}));
    assert_eq!(act("ignore").is(200).json()["state"], "ignored");
    // At another address it is the same: it stays ignored.
    let mut moved = sightings();
    moved[0]["address"] = json!("192.168.1.55");
    for minute in 10..14 {
        send(&world.server, &report("one", &pass(minute, &moved))).is(201);
    }
    let found = world.get(all);
    assert_eq!(
        (found.as_array().unwrap().len(), &found[0]["state"]),
        (1, &json!("ignored"))
    );
    assert_eq!(act("restore").is(200).json()["state"], "open");
    let accepted = act("accept").is(200).json();
    assert_eq!(accepted["state"], "accepted");
    assert_eq!(
        act("accept").is(200).json()["integration_id"],
        accepted["integration_id"]
    );
    let integrations = world.get("/api/integrations");
    assert_eq!(integrations.as_array().unwrap().len(), 1, "once");
    assert_eq!(integrations[0]["type"], "home_assistant");
    assert_eq!(integrations[0]["status"], "unknown");
    act("ignore").problem(409);
    let none = format!("{all}/999/accept");
    world.change("POST", &none, &json!({})).problem(404);
}

#[test]
fn a_pass_that_came_twice_is_taken_once_and_a_huge_one_not_at_all() {
    let world = World::new();
    let again = report("one", &pass(2, &sightings()));
    for _ in 0..5 {
        send(&world.server, &again).is(201);
    }
    let passes = "SELECT full_passes FROM networks";
    assert_eq!(world.atlas.count(passes), 3);
    let many: Vec<Value> = (0..1101)
        .map(|number| json!({"address": format!("10.0.{}.{}", number / 256, number % 256)}))
        .collect();
    let huge = report("one", &pass(60, &json!(many)));
    assert_eq!(send(&world.server, &huge).faults(), ["inventory"]);
}

#[test]
fn a_database_from_before_the_inventory_takes_it_in() {
    let atlas = schema::of_version(7);
    atlas
        .sql()
        .execute_batch(
            "INSERT INTO sites (id, name, created_at) VALUES ('home', 'Home', 0);
             INSERT INTO agents (id, site_id, hostname, first_seen, last_seen)
             VALUES ('one', 'home', 'one', 0, 0)",
        )
        .unwrap();
    atlas.run(&["db", "migrate"]).succeeds();
    let server = atlas.serve();
    baseline(&server);
    assert_eq!(atlas.count("SELECT count(*) FROM hosts"), 3);
    let token = atlas.token("read").secret;
    let agents = server.get("/api/agents").with(&token).send().is(200).json();
    assert_eq!(agents[0]["unknown"][0]["kind"], "disk_full");
    drop(server);
    atlas.run(&["db", "check"]).succeeds();
}
