//! A corpus of secrets and of what only looks like one, sent to the public endpoint: no secret is
//! ever seen again by any way out, and every look-alike comes back as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

mod support;

use serde_json::{Map, Value, json};
use support::atlas::{Atlas, fixture};
use support::running::Running;

/// A signal of the corpus, in a site of its own.
struct Sent {
    name: String,
    /// What of it must not be seen.
    secrets: Vec<String>,
    signal: Value,
    id: i64,
    /// What the sender was answered.
    answer: String,
}

fn corpus(list: &str) -> Vec<Sent> {
    let text = std::fs::read_to_string(fixture("redaction.json")).unwrap();
    let corpus: Value = serde_json::from_str(&text.replace('¦', "")).unwrap();
    let entries = corpus[list].as_array().unwrap();
    assert!(entries.len() >= 45, "{} {list}", entries.len());
    let made = entries.iter().enumerate().map(|(number, entry)| {
        let mut signal = json!({
            "site_id": format!("site-{number}"), "kind": "backup", "severity": "warning",
            "summary": "a job failed", "source": "cron", "detail": {}
        });
        let more: &Map<String, Value> = entry["signal"].as_object().unwrap();
        signal.as_object_mut().unwrap().extend(more.clone());
        let secrets = entry["secret"].as_array().into_iter().flatten();
        Sent {
            name: entry["name"].as_str().unwrap().to_owned(),
            secrets: secrets.map(|s| s.as_str().unwrap().to_owned()).collect(),
            signal,
            id: 0,
            answer: String::new(),
        }
    });
    made.collect()
}

struct World {
    atlas: Atlas,
    server: Running,
    token: String,
    sent: Vec<Sent>,
}

impl World {
    fn of(list: &str) -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        let mut sent = corpus(list);
        for one in &mut sent {
            let answer = server.signal(&one.signal).is(201);
            one.id = answer.json()["id"].as_i64().unwrap();
            one.answer = answer.body;
        }
        let token = atlas.token("read").secret;
        Self {
            atlas,
            server,
            token,
            sent,
        }
    }

    /// All texts of the signals that lie in the database.
    fn stored(&self) -> String {
        let sql = self.atlas.sql();
        let texts = "summary || detail || source || coalesce(dedup_key, '') || fingerprint_of";
        let mut rows = sql
            .prepare(&format!("SELECT {texts} FROM signals"))
            .unwrap();
        let stored = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
        stored.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }

    fn get(&self, path: &str) -> String {
        self.server.get(path).with(&self.token).send().is(200).body
    }

    /// All ways out that speak of one signal, each with what it says.
    fn ways_out(&self, one: &Sent) -> Vec<(String, String)> {
        let (id, site) = (one.id, one.signal["site_id"].as_str().unwrap());
        let context = format!("/api/llm/context_for_signal/{id}");
        let answer: Value = serde_json::from_str(&one.answer).unwrap();
        let incident = answer["incident_id"].as_i64().expect("a warning opens one");
        [
            format!("/api/incidents/{incident}"),
            format!("/api/signals/{id}"),
            format!("/api/signals?site={site}"),
            format!("/?site={site}"),
            format!("/runbooks/rb-backup?signal={id}"),
            context.clone(),
            format!("{context}?format=markdown&budget=20000"),
            format!("{context}?format=messages&budget=20000"),
        ]
        .into_iter()
        .map(|path| {
            let said = self.get(&path);
            (path, said)
        })
        .collect()
    }
}

#[test]
fn no_secret_is_seen_again() {
    let world = World::of("secrets");
    let everywhere = [
        "/api/signals?limit=1000",
        "/api/suggestions",
        "/api/incidents?limit=1000",
        "/api/sites",
        "/",
    ]
    .map(|path| world.get(path));
    let stored = world.stored();
    let mut seen = Vec::new();
    for one in &world.sent {
        for secret in &one.secrets {
            for (path, said) in world.ways_out(one) {
                if said.contains(secret) {
                    seen.push(format!("{} ({secret}) at {path}", one.name));
                }
            }
            if everywhere.iter().any(|said| said.contains(secret)) {
                seen.push(format!("{} ({secret}) in a list", one.name));
            }
            if one.answer.contains(secret) {
                seen.push(format!("{} in {}", one.name, one.answer));
            }
            if stored.contains(secret) {
                seen.push(format!("{} ({secret}) in the database", one.name));
            }
        }
    }
    assert!(seen.is_empty(), "{} seen:\n{}", seen.len(), seen.join("\n"));
    let redacted = world
        .atlas
        .count("SELECT count(*) FROM signals WHERE redactions = 0");
    assert_eq!(redacted, 0, "each is said to have been redacted");
}

#[test]
fn every_look_alike_comes_back_as_it_was() {
    let world = World::of("look_alikes");
    let mut changed = Vec::new();
    for one in &world.sent {
        let stored: Value =
            serde_json::from_str(&world.get(&format!("/api/signals/{}", one.id))).unwrap();
        let context = format!("/api/llm/context_for_signal/{}?budget=20000", one.id);
        let pack: Value = serde_json::from_str(&world.get(&context)).unwrap();
        for field in ["summary", "detail"] {
            for (place, found) in [("stored", &stored[field]), ("pack", &pack["signal"][field])] {
                if *found != one.signal[field] {
                    changed.push(format!("{} {place}: {found}", one.name));
                }
            }
        }
        assert_eq!(pack["redactions"], 0, "{}", one.name);
        for (path, said) in world.ways_out(one) {
            if said.contains("[redacted]") {
                changed.push(format!("{} at {path}", one.name));
            }
        }
        let summary = one.signal["summary"].as_str().unwrap();
        if !summary.contains(['\'', '"', '<', '>', '&']) {
            let board = world.get(&format!(
                "/?site={}",
                one.signal["site_id"].as_str().unwrap()
            ));
            assert!(board.contains(summary), "{summary} on the board");
            let markdown = world.get(&format!("{context}&format=markdown"));
            assert!(markdown.contains(summary), "{summary} in\n{markdown}");
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}
