//! `/api/runs`: somebody walks through a runbook, and what is remembered of it.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::http::Answer;
use support::running::Running;

const RUNBOOK: &str = "rb-disk-full";

fn full_disk() -> Value {
    json!({"site_id": "s", "kind": "disk_full", "summary": "/srv is 97 % full", "severity": "critical",
        "dedup_key": "disk", "detail": {"host": "nas", "mount": "/srv", "used_percent": 97}})
}

fn all_well() -> Value {
    json!({"site_id": "s", "kind": "disk_full", "summary": "/srv is 60 % full", "status": "resolved",
        "dedup_key": "disk", "detail": {}})
}

/// A server on which a disk is full, and somebody who may work on it.
struct Scene {
    atlas: Atlas,
    server: Running,
    token: String,
    incident: i64,
}

impl Scene {
    fn new() -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        let incident = server.stored(&full_disk())["incident_id"].as_i64().unwrap();
        Self {
            token: atlas
                .token_with(&["--scope", "operate", "--label", "ci"])
                .secret,
            atlas,
            server,
            incident,
        }
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.server.post(path, body).with(&self.token).send()
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let call = self.server.get(path).with(&self.token);
        call.send().is(200).json()
    }

    fn start(&self) -> Answer {
        let path = format!("/api/incidents/{}/runs", self.incident);
        self.post(&path, &json!({"runbook_id": RUNBOOK}))
    }

    #[track_caller]
    fn started(&self) -> i64 {
        self.start().is(201).json()["id"].as_i64().unwrap()
    }

    fn mark(&self, run: i64, step: usize, body: &Value) -> Answer {
        self.post(&format!("/api/runs/{run}/steps/{step}"), body)
    }

    fn finish(&self, run: i64, body: &Value) -> Answer {
        self.post(&format!("/api/runs/{run}/finish"), body)
    }
}

#[test]
fn a_run_is_begun_walked_resumed_and_finished() {
    let scene = Scene::new();
    let started = scene.start().is(201);
    assert_eq!(started.header("location"), "/api/runs/1");
    let run = started.json();
    assert_eq!(run["state"], "active");
    assert_eq!(run["started_by"], json!({"kind": "token", "name": "ci"}));
    assert_eq!(run["incident_id"], scene.incident);
    let values = run["values"].as_array().unwrap();
    assert!(values.contains(&json!({"name": "mount", "value": "/srv", "by": null, "at": null})));
    assert!(
        run["guide"][0]["commands"][0]["text"]
            .as_str()
            .unwrap()
            .contains("df -hT -- '/srv'")
    );
    let steps = run["steps"].as_array().unwrap().len();
    assert_eq!(run["progress"]["steps"], steps);

    let done = json!({"state": "done", "note": "91 %", "output": "a\nb", "revision": 0});
    let run = scene.mark(1, 1, &done).is(200).json();
    assert_eq!(run["steps"][0]["state"], "done");
    assert_eq!(run["steps"][0]["by"]["name"], "ci");
    assert_eq!(run["steps"][0]["output"], "a\nb");
    scene.mark(1, 2, &json!({"state": "failed"})).is(200);

    // Whoever starts it again joins it.
    let resumed = scene.start().is(200).json();
    assert_eq!(
        (&resumed["id"], &resumed["progress"]["done"]),
        (&json!(1), &json!(1))
    );

    // The fix works, the incident resolves by itself, the run goes on.
    scene.server.stored(&all_well());
    let skip = json!({"state": "skipped"});
    for step in 3..=steps {
        scene.mark(1, step, &skip).is(200);
    }
    let end = json!({"outcome": "helped", "what_fixed_it": "removed old logs"});
    let run = scene.finish(1, &end).is(200).json();
    assert_eq!(
        (&run["state"], &run["outcome"]),
        (&json!("finished"), &json!("helped"))
    );
    assert_eq!(scene.get("/api/runs/1"), run);

    let list = scene.get(&format!("/api/incidents/{}/runs", scene.incident));
    assert_eq!(list[0]["what_fixed_it"], "removed old logs");
    assert_eq!(list[0]["progress"], run["progress"]);
    // It is over, and another may begin.
    scene.mark(1, 1, &skip).problem(409);
    assert_eq!(scene.started(), 2);
    scene.post("/api/runs/2/abandon", &json!({})).is(200);
    scene.post("/api/runs/2/abandon", &json!({})).is(200);
    scene.finish(2, &end).problem(409);

    let incident = scene.get(&format!("/api/incidents/{}", scene.incident));
    let timeline = incident["timeline"].to_string();
    assert_eq!(timeline.matches("run_started").count(), 2, "{timeline}");
    assert_eq!(timeline.matches("run_finished").count(), 2, "{timeline}");
    assert!(timeline.contains("removed old logs") && timeline.contains(RUNBOOK));
}

#[test]
fn of_two_who_mark_the_same_step_the_second_sees_the_first_and_nothing_is_lost() {
    let scene = Scene::new();
    let run = scene.started();
    let other = scene
        .atlas
        .token_with(&["--scope", "operate", "--label", "night shift"])
        .secret;
    let path = format!("/api/runs/{run}/steps/1");
    let theirs = json!({"state": "done", "note": "theirs", "revision": 0});
    scene
        .server
        .post(&path, &theirs)
        .with(&other)
        .send()
        .is(200);
    let mine = json!({"state": "failed", "note": "mine", "revision": 0});
    let conflict = scene.post(&path, &mine).problem(409);
    let step = &conflict["run"]["steps"][0];
    assert_eq!(step["by"]["name"], "night shift");
    assert_eq!(
        (&step["note"], &step["revision"]),
        (&json!("theirs"), &json!(1))
    );

    let seen = json!({"state": "failed", "note": "mine", "revision": 1});
    let step = scene.post(&path, &seen).is(200).json()["steps"][0].clone();
    assert_eq!(
        (&step["note"], &step["state"]),
        (&json!("mine"), &json!("failed"))
    );
    assert_eq!(step["earlier"][0]["note"], "theirs");
    // The same once more is no conflict with itself.
    scene.post(&path, &seen).is(200);
    // Of two who finish, the second is told.
    let end = format!("/api/runs/{run}/finish");
    let helped = json!({"outcome": "helped"});
    scene.server.post(&end, &helped).with(&other).send().is(200);
    let conflict = scene
        .post(&end, &json!({"outcome": "did_not_help"}))
        .problem(409);
    assert_eq!(conflict["run"]["finished_by"]["name"], "night shift");
    assert_eq!(conflict["run"]["outcome"], "helped");
}

#[test]
fn two_who_start_at_once_share_one_run() {
    let scene = Scene::new();
    let ids: Vec<Value> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| scene.start().json()["id"].clone()))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0] && id.is_i64()), "{ids:?}");
    assert_eq!(scene.atlas.count("SELECT count(*) FROM runs"), 1);
    assert_eq!(
        scene
            .atlas
            .count("SELECT count(*) FROM incident_events WHERE kind = 'run_started'"),
        1
    );
}

#[test]
fn values_are_entered_and_come_out_as_one_inert_argument() {
    let scene = Scene::new();
    let run = scene.started();
    let path = format!("/api/runs/{run}/values");
    let answer = scene
        .post(&path, &json!({"mount": "/x'; rm -rf / #"}))
        .is(200)
        .json();
    let command = answer["guide"][0]["commands"][0]["text"].as_str().unwrap();
    assert!(
        command.contains("df -hT -- '/x'\\''; rm -rf / #'"),
        "{command}"
    );
    let mount = answer["values"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["name"] == "mount");
    assert_eq!(mount.unwrap()["by"]["name"], "ci");
    let answer = scene.post(&path, &json!({"mount": null})).is(200).json();
    assert_eq!(answer["guide"][0]["commands"][0]["open"], json!(["mount"]));

    assert_eq!(
        scene.post(&path, &json!({"nonsense": "x"})).faults(),
        ["nonsense"]
    );
    assert_eq!(
        scene.post(&path, &json!({"mount": ["x"]})).faults(),
        ["mount"]
    );
    assert_eq!(scene.post(&path, &json!([])).faults(), [""]);
    scene
        .post(&path, &json!({"mount": "x".repeat(1001)}))
        .problem(422);
}

#[test]
fn what_is_not_there_and_what_is_wrong_is_said_so() {
    let scene = Scene::new();
    let run = scene.started();
    let runs = format!("/api/incidents/{}/runs", scene.incident);
    assert_eq!(scene.post(&runs, &json!({})).faults(), ["runbook_id"]);
    assert_eq!(
        scene.post(&runs, &json!({"runbook_id": "rb-no"})).faults(),
        ["runbook_id"]
    );
    scene
        .post("/api/incidents/99/runs", &json!({"runbook_id": RUNBOOK}))
        .problem(404);
    for path in [
        "/api/runs/99",
        "/api/runs/x",
        "/api/incidents/99/runs",
        "/api/runbooks/rb-no/statistics",
    ] {
        scene
            .server
            .get(path)
            .with(&scene.token)
            .send()
            .problem(404);
    }
    for step in ["0", "99", "x", "-1", "18446744073709551616"] {
        let path = format!("/api/runs/{run}/steps/{step}");
        scene.post(&path, &json!({"state": "done"})).problem(404);
    }
    scene.mark(99, 1, &json!({"state": "done"})).problem(404);
    for wrong in [json!({}), json!({"state": "ok"}), json!({"state": 1})] {
        assert_eq!(scene.mark(run, 1, &wrong).faults(), ["state"], "{wrong}");
    }
    let wrong = json!({"state": "done", "note": 1, "output": [], "revision": -1});
    assert_eq!(
        scene.mark(run, 1, &wrong).faults(),
        ["note", "output", "revision"]
    );
    let long = json!({"state": "done", "note": "x".repeat(10_001)});
    assert_eq!(scene.mark(run, 1, &long).faults(), ["note"]);
    for wrong in [json!({}), json!({"outcome": "yes"})] {
        assert_eq!(scene.finish(run, &wrong).faults(), ["outcome"], "{wrong}");
    }
    let long = json!({"outcome": "helped", "what_fixed_it": "x".repeat(10_001)});
    assert_eq!(scene.finish(run, &long).faults(), ["what_fixed_it"]);
    assert_eq!(scene.get("/api/runs/1")["progress"]["done"], 0);
}

#[test]
fn a_signal_leads_to_its_incident_or_is_refused() {
    let scene = Scene::new();
    let body = json!({"runbook_id": RUNBOOK});
    let run = scene.post("/api/signals/1/runs", &body).is(201).json();
    assert_eq!(
        (&run["incident_id"], &run["signal_id"]),
        (&json!(scene.incident), &json!(1))
    );
    scene.post("/api/signals/1/runs", &body).is(200);
    scene.post("/api/signals/99/runs", &body).problem(404);
    let alone = json!({"site_id": "s", "kind": "disk_full", "summary": "x", "severity": "info", "detail": {"mount": "/"}});
    let alone = scene.server.stored(&alone);
    assert_eq!(alone["incident_id"], Value::Null);
    let problem = scene
        .post(&format!("/api/signals/{}/runs", alone["id"]), &body)
        .problem(409);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("belongs to no incident")
    );
}

#[test]
fn secrets_that_are_pasted_are_on_no_disk() {
    let scene = Scene::new();
    let run = scene.started();
    let secret = "postgres://app:hunter2secret@db/app";
    let body = json!({"state": "done", "note": secret, "output": format!("DATABASE_URL={secret}")});
    scene.mark(run, 1, &body).is(200);
    scene
        .post(
            &format!("/api/runs/{run}/values"),
            &json!({"mount": secret}),
        )
        .is(200);
    scene
        .finish(run, &json!({"outcome": "helped", "what_fixed_it": secret}))
        .is(200);
    let incident = format!("/api/incidents/{}", scene.incident);
    for path in [format!("/api/runs/{run}"), incident] {
        let text = scene.get(&path).to_string();
        assert!(
            !text.contains("hunter2secret") && text.contains("[redacted]"),
            "{text}"
        );
    }
    let ended = scene.server.stop();
    assert!(!ended.log.contains("hunter2secret"));
    for name in scene.atlas.files() {
        let bytes = std::fs::read(scene.atlas.path(&name)).unwrap();
        assert!(
            !bytes.windows(13).any(|part| part == b"hunter2secret"),
            "{name}"
        );
    }
}

#[test]
fn a_run_keeps_the_runbook_as_it_was_and_survives_a_restart() {
    let scene = Scene::new();
    let run = scene.started();
    scene
        .mark(run, 1, &json!({"state": "done", "note": "x"}))
        .is(200);
    let before = scene.get("/api/runs/1");
    let Scene {
        atlas,
        server,
        token,
        ..
    } = scene;
    server.stop();
    // Somebody's own runbook takes the place of the built-in one.
    let own = "---\nid: rb-disk-full\ntitle: Another\nkinds: [disk_full]\ntags: [disk]\nsummary: Other words.\n---\n## Only\nNothing.\n";
    atlas
        .sql()
        .execute("UPDATE runbooks SET origin = 'own', markdown = ?1, content_hash = 'x' WHERE id = 'rb-disk-full'", [own])
        .unwrap();
    let server = atlas.serve();
    let get = |path: &str| server.get(path).with(&token).send().is(200).json();
    assert_eq!(get("/api/runbooks/rb-disk-full")["title"], "Another");
    assert_eq!(get("/api/runs/1"), before);
}
