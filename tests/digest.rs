//! The day's board: what happened and how things stood, over the API, as a page and at the command
//! line; kept for each day, also when its rows are gone.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::time::{Duration, Instant};

use atlas_ops::clock;
use atlas_ops::domain::day::{self, Day};
use atlas_ops::domain::timestamp::Timestamp;
use atlas_ops::packed::zone;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde_json::{Value, json};
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::running::Running;

const ZONE: &str = "Pacific/Auckland";

fn zone() -> TimeZone {
    zone::named(ZONE).unwrap()
}

/// The date so many days ago, in the zone.
fn date(days_ago: i64) -> Date {
    day::date_of(clock::now(), &zone()).saturating_sub(Span::new().days(days_ago))
}

/// So many hours after that day began.
fn moment(days_ago: i64, hours: i64) -> Timestamp {
    let day = Day::of(date(days_ago), &zone()).unwrap();
    day.from.plus_millis(hours * 3_600_000)
}

fn down(container: &str, status: &str, at: Timestamp) -> Value {
    json!({
        "site_id": "site-homelab", "kind": "container_down", "severity": "warning",
        "summary": format!("{container} is down"), "status": status, "observed_at": at,
        "detail": {"container": container, "endpoint": "unix:///var/run/docker.sock"},
    })
}

fn atlas() -> Atlas {
    Atlas::with(&format!("timezone: {ZONE}"))
}

fn get(server: &Running, token: &str, path: &str) -> Answer {
    server.get(path).with(token).send()
}

#[test]
fn today_tells_what_opened_ended_came_and_who_has_what() {
    let atlas = atlas();
    let server = atlas.serve();
    let anna = atlas
        .token_with(&["--scope", "operate", "--label", "anna"])
        .secret;
    let now = clock::now();
    let open = server.stored(&down("web", "firing", now))["incident_id"].clone();
    server.stored(&down("db", "firing", now));
    server.stored(&down("db", "resolved", now.plus_millis(1)));
    server.stored(
        &json!({"site_id": "site-homelab", "kind": "host_new", "severity": "info",
        "summary": "printer", "detail": {"host": "printer"}}),
    );
    server.stored(
        &json!({"site_id": "site-homelab", "kind": "service_gone", "severity": "info",
        "summary": "nas:445", "detail": {"host": "nas", "port": 445}}),
    );
    let act = server.post(
        &format!("/api/incidents/{open}/ack"),
        &json!({"note": "on it"}),
    );
    act.with(&anna).send().is(200);
    let report = json!({"agent_id": "a1", "site_id": "site-homelab", "version": "0.5.0",
        "interval_seconds": 300, "observed_at": now, "facts": {"hostname": "nas-01",
        "platform": "Linux", "disks": []}, "conditions": []});
    server
        .post("/api/agents/report", &report)
        .with(SHARED)
        .send()
        .is(201);

    let digest = get(&server, &anna, "/api/digest/today").is(200).json();
    assert_eq!(digest["date"], date(0).to_string());
    assert_eq!(digest["timezone"], ZONE);
    assert_eq!(digest["complete"], false);
    assert_eq!(digest["from"], json!(moment(0, 0)));
    let expected = json!({"opened": 2, "resolved": 1, "recurring": 0, "still_open": 1,
        "critical": 0, "warning": 1, "info": 0, "acknowledged": 1, "snoozed": 0,
        "new_devices": 1, "gone_devices": 1, "agents": 1, "silent_agents": 0});
    assert_eq!(digest["headline"], expected);
    assert_eq!(digest["still_open"][0]["id"], open);
    assert_eq!(
        digest["still_open"][0]["acknowledged"]["by"]["name"],
        "anna"
    );
    assert_eq!(digest["still_open"][0]["acknowledged"]["note"], "on it");
    assert_eq!(digest["resolved"][0]["reason"], "by_source");
    assert_eq!(digest["new_devices"][0]["summary"], "printer");
    assert_eq!(digest["backup"], Value::Null);
    let same = get(&server, &anna, &format!("/api/digest/{}", date(0)))
        .is(200)
        .json();
    assert_eq!(same["headline"], expected);

    let text = get(&server, &anna, "/api/digest/today?format=text").is(200);
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(
        text.body.contains("TODAY SO FAR: OPENED (2)"),
        "{}",
        text.body
    );
    assert!(text.body.contains("acknowledged by anna"), "{}", text.body);
    assert!(
        text.body.contains("(rb-docker-container-down): "),
        "{}",
        text.body
    );
    let page = get(&server, &anna, "/digest/today").is(200).body;
    for words in [
        "1 warning open",
        "acknowledged by anna",
        "/runbooks/rb-docker-container-down",
        "nas:445",
        "1 of 1 agents reporting",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Yesterday is nothing that anything is known of: the head of the board leads to today.
    let board = get(&server, &anna, "/").is(200).body;
    let line = board
        .lines()
        .find(|line| line.contains("class=\"since\""))
        .unwrap();
    for words in [
        "1 warning open",
        "Since yesterday: 2 opened, 1 resolved, 1 new device, 1 gone device, backup never",
        "href=\"/digest/today\"",
    ] {
        assert!(line.contains(words), "{words}: {line}");
    }
}

#[test]
fn a_day_that_is_none_is_refused_and_one_that_nobody_knows_is_not_there() {
    let atlas = atlas();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    // An empty database has a today.
    get(&server, &token, "/api/digest/today").is(200);
    get(&server, &token, "/digest/today").is(200);
    get(&server, &token, "/api/digest/yesterday").problem(404);
    server.stored(&down("web", "firing", moment(1, 5)));
    get(&server, &token, "/api/digest/yesterday").is(200);
    for path in [
        date(2).to_string(),
        date(-1).to_string(),
        "9999-12-31".to_owned(),
    ] {
        get(&server, &token, &format!("/api/digest/{path}")).problem(404);
        get(&server, &token, &format!("/digest/{path}")).is(404);
    }
    for path in [
        "tomorrow",
        "2026-02-30",
        "2026-1-1",
        "20260101",
        "x%20y",
        "-000001-01-01",
    ] {
        let faults = get(&server, &token, &format!("/api/digest/{path}")).faults();
        assert_eq!(faults, ["date"], "{path}");
        get(&server, &token, &format!("/digest/{path}")).is(422);
    }
    let path = "/api/digest/today?format=pdf";
    assert_eq!(get(&server, &token, path).faults(), ["format"]);
    for days in ["0", "367", "x"] {
        let faults = get(&server, &token, &format!("/api/digest?days={days}")).faults();
        assert_eq!(faults, ["days"], "{days}");
    }
}

fn wait_for_days(atlas: &Atlas, days: i64) {
    let deadline = Instant::now() + Duration::from_secs(40);
    while atlas.count("SELECT count(*) FROM digests") < days {
        assert!(Instant::now() < deadline, "no {days} days are kept");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn days_that_were_missed_are_kept_at_start_as_they_stood_and_outlive_their_rows() {
    let atlas = atlas();
    let server = atlas.serve();
    server.stored(&down("web", "firing", moment(3, 10)));
    server.stored(&down("web", "resolved", moment(2, 9)));
    server.stored(&down("db", "firing", moment(2, 12)));
    server.stored(&down("db", "resolved", moment(2, 13)));
    server.stop();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    wait_for_days(&atlas, 3);
    let days = get(&server, &token, "/api/digest").is(200).json();
    let counts: Vec<(String, u64, u64, u64)> = days
        .as_array()
        .unwrap()
        .iter()
        .map(|day| {
            let count = |name: &str| day["headline"][name].as_u64().unwrap();
            let date = day["date"].as_str().unwrap().to_owned();
            (
                date,
                count("opened"),
                count("resolved"),
                count("still_open"),
            )
        })
        .collect();
    let expected = [(1, 0, 0, 0), (2, 1, 2, 0), (3, 1, 0, 1)];
    let expected = expected
        .map(|(ago, opened, resolved, open)| (date(ago).to_string(), opened, resolved, open));
    assert_eq!(counts, expected);

    // What comes late, and what goes, changes no day that is over.
    server.stored(&down("late", "firing", moment(3, 11)));
    let sql = atlas.sql();
    sql.execute_batch("PRAGMA foreign_keys = ON; DELETE FROM signals; DELETE FROM incidents")
        .unwrap();
    let first = get(&server, &token, &format!("/api/digest/{}", date(3)))
        .is(200)
        .json();
    assert_eq!(first["complete"], true);
    assert_eq!(first["to"], json!(moment(2, 0)));
    assert_eq!(first["still_open"].as_array().unwrap().len(), 1);
    assert_eq!(first["still_open"][0]["state"], "open");
    assert_eq!(first["still_open"][0]["since"], json!(moment(3, 10)));
    let second = get(&server, &token, &format!("/api/digest/{}", date(2)))
        .is(200)
        .json();
    assert_eq!(second["resolved"][1]["minutes"], {
        let took = moment(2, 9).millis_since(moment(3, 10));
        took / 60_000
    });

    let page = get(&server, &token, &format!("/digest/{}", date(2)))
        .is(200)
        .body;
    for link in [date(3), date(1)] {
        assert!(page.contains(&format!("href=\"/digest/{link}\"")), "{page}");
    }
    let page = get(&server, &token, &format!("/digest/{}", date(3)))
        .is(200)
        .body;
    assert!(
        !page.contains("rel=\"prev\"") && page.contains("rel=\"next\""),
        "{page}"
    );
    let board = get(&server, &token, "/").is(200).body;
    assert!(board.contains("href=\"/digest/yesterday\""), "{board}");
    let shown = atlas
        .run(&["board", "--date", &date(3).to_string()])
        .succeeds();
    assert!(
        shown.out.contains("as it stood at the end of the day"),
        "{shown:?}"
    );
    assert!(shown.out.contains("web is down"), "{shown:?}");

    // A day is kept once, whatever is kept after it.
    server.stop();
    let _server = atlas.serve();
    assert_eq!(atlas.count("SELECT count(*) FROM digests"), 3);
}

#[test]
fn a_backup_is_remembered_beside_a_server_that_writes() {
    let atlas = atlas();
    let server = atlas.serve();
    let token = atlas.token("read").secret;
    server.stored(&down("web", "firing", clock::now()));
    atlas
        .run(&["db", "backup", "--to", "copy.db"])
        .succeeds()
        .says_nothing();
    server.stored(&down("web", "firing", clock::now()));
    let digest = get(&server, &token, "/api/digest/today").is(200).json();
    assert!(
        digest["backup"]["bytes"].as_u64().unwrap() > 4096,
        "{digest}"
    );
    assert!(
        digest["backup"]["age_seconds"].as_i64().unwrap() < 60,
        "{digest}"
    );
    let board = atlas.run(&["board"]).succeeds().out;
    assert!(
        board.contains("\nBACKUP ") && !board.contains("never"),
        "{board}"
    );
    // A backup that cannot be noted is a backup all the same.
    atlas.sql().execute_batch("DROP TABLE backups").unwrap();
    atlas
        .run(&["db", "backup", "--to", "copy.db"])
        .succeeds()
        .says_nothing();
}

#[test]
fn the_board_is_printed_for_mail_without_a_server() {
    let atlas = atlas();
    let server = atlas.serve();
    let hostile = "\u{1b}[2J<script>\u{202e}evil\u{0}\r\n\r\n~! rm -rf / ".repeat(20);
    for n in 0..120 {
        let mut signal = down(&n.to_string(), "firing", moment(1, 3));
        signal["summary"] = json!(format!("{n} {hostile}"));
        signal["severity"] = json!(if n == 7 { "critical" } else { "warning" });
        server.stored(&signal);
    }
    server.stop();
    let text = atlas.run(&["board", "--text"]).succeeds();
    assert_eq!(text.err, "");
    // Time goes on between the two.
    let plain = atlas.run(&["board"]).succeeds().out;
    assert_eq!(text.out.lines().nth(2), plain.lines().nth(2));
    assert_eq!(text.out.lines().count(), plain.lines().count());
    for line in text.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        let bare = line.trim_start();
        assert!(
            !bare.starts_with("~!") || line.starts_with("    "),
            "{line}"
        );
    }
    assert!(
        !text.out.contains(['\u{1b}', '\u{202e}', '\r', '\0']),
        "{}",
        text.out
    );
    assert!(
        text.out.contains("1 critical, 119 warnings open"),
        "{}",
        text.out
    );
    assert!(
        text.out
            .contains("Since yesterday: 120 opened, 0 resolved, backup never")
    );
    let first = text
        .out
        .lines()
        .skip_while(|line| !line.starts_with("OPEN (120)"))
        .nth(1);
    assert!(
        first
            .unwrap()
            .starts_with("! CRITICAL #8 container_down at site-homelab")
    );

    let board = atlas.run(&["board", "--json"]).succeeds().json();
    assert_eq!(board["date"], date(0).to_string());
    assert_eq!(board["from"], json!(moment(1, 0)));
    assert_eq!(board["headline"]["still_open"], 120);
    assert_eq!(board["open"].as_array().unwrap().len(), 100);
    assert_eq!(board["left_out"]["still_open"], 20);
    assert_eq!(board["open"][0]["severity"], "critical");
    assert_eq!(
        board["open"][0]["runbook"]["id"],
        "rb-docker-container-down"
    );
    assert!(
        !board["open"][0]["runbook"]["reason"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    let day = atlas
        .run(&["board", "--json", "--date", "yesterday"])
        .succeeds()
        .json();
    assert_eq!(day["complete"], true);

    let ahead = date(0).saturating_add(3.days()).to_string();
    atlas
        .run(&["board", "--date", "soon"])
        .fails(2, "is no date");
    atlas
        .run(&["board", "--date", &ahead])
        .fails(1, "nothing is known of that day");
    assert_eq!(atlas.run(&["board", "--text", "--json"]).code, 2);
    let other = Atlas::new();
    assert_eq!(other.run(&["board"]).code, 1);
}
