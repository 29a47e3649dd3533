//! The page of a guided run, as browsers send its forms: two people see the same, nothing that was
//! typed is lost, and a viewer only looks.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::atlas::{Atlas, SHARED};
use support::http::Answer;
use support::people::{self, Browser};
use support::running::Running;

/// A server on which a disk is full, and a run that Anna has begun.
struct Scene {
    atlas: Atlas,
    server: Running,
    anna: Browser,
}

impl Scene {
    fn new() -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        people::add(&atlas, "anna", "operator");
        let anna = Browser::of(&server, "anna");
        server.stored(
            &json!({"site_id": "s", "kind": "disk_full", "severity": "critical",
            "summary": "<b>/srv</b> is 97 % full", "detail": {"host": "nas", "mount": "/srv"}}),
        );
        let start = [("runbook_id", "rb-disk-full")];
        let begun = anna.post(&server, "/incidents/1/runs", &start).is(303);
        assert_eq!(begun.header("location"), "/runs/1");
        Self {
            atlas,
            server,
            anna,
        }
    }

    fn somebody(&self, name: &str, role: &str) -> Browser {
        people::add(&self.atlas, name, role);
        Browser::of(&self.server, name)
    }

    #[track_caller]
    fn page(&self, who: &Browser, path: &str) -> String {
        who.get(&self.server, path).is(200).body
    }

    fn mark(&self, who: &Browser, step: usize, fields: &[(&str, &str)]) -> Answer {
        who.post(&self.server, &format!("/runs/1/steps/{step}"), fields)
    }
}

#[test]
fn a_run_is_walked_with_forms_alone() {
    let scene = Scene::new();
    let page = scene.page(&scene.anna, "/runs/1");
    for part in [
        "Step 1 of 6",
        "Confirm space and inodes",
        "df -hT -- <mark>'/srv'</mark>",
        "<dt>Good</dt>",
        "&#60;b&#62;/srv&#60;/b&#62; is 97 % full",
        "href=\"/incidents/1\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Whoever starts it again comes to the same run.
    let start = [("runbook_id", "rb-disk-full")];
    let again = scene.anna.post(&scene.server, "/signals/1/runs", &start);
    assert_eq!(again.is(303).header("location"), "/runs/1");

    for (step, state) in [
        (1, "done"),
        (2, "failed"),
        (3, "skipped"),
        (4, "done"),
        (5, "done"),
    ] {
        let fields = [
            ("state", state),
            ("revision", "0"),
            ("note", "fine\r\nso far"),
        ];
        let answer = scene.mark(&scene.anna, step, &fields).is(303);
        assert_eq!(
            answer.header("location"),
            format!("/runs/1?step={}", step + 1)
        );
    }
    // Reloaded, it goes on where it was.
    let page = scene.page(&scene.anna, "/runs/1");
    assert!(
        page.contains("Step 6 of 6") && page.contains("5 of 6 steps settled"),
        "{page}"
    );
    assert!(!page.contains("rel=\"next\"") && page.contains("/runs/1?step=5\""));
    assert!(
        scene
            .page(&scene.anna, "/runs/1?step=2")
            .contains("Step 2 of 6")
    );
    for odd in ["0", "7", "x", "", "-1"] {
        let page = scene.page(&scene.anna, &format!("/runs/1?step={odd}"));
        assert!(page.contains("Step 6 of 6"), "{odd}");
    }
    let last = [("state", "done"), ("revision", "0")];
    let answer = scene.mark(&scene.anna, 6, &last).is(303);
    assert_eq!(answer.header("location"), "/runs/1");
    let page = scene.page(&scene.anna, "/runs/1");
    assert!(page.contains("Did it help?") && !page.contains("Step 6 of 6"));

    let unsaid = scene.anna.post(
        &scene.server,
        "/runs/1/finish",
        &[("what_fixed_it", "old <logs>")],
    );
    let unsaid = unsaid.is(422).body;
    assert!(
        unsaid.contains("Say first whether it helped") && unsaid.contains("old &#60;logs&#62;")
    );
    let end = [("outcome", "helped"), ("what_fixed_it", "old <logs>")];
    scene
        .anna
        .post(&scene.server, "/runs/1/finish", &end)
        .is(303);
    let page = scene.page(&scene.anna, "/runs/1");
    assert!(page.contains("Finished: it helped") && page.contains("old &#60;logs&#62;"));
    assert!(!page.contains("<textarea") && !page.contains("Give up this run"));
    assert!(page.contains("fine\nso far"));
    let again = scene
        .anna
        .post(&scene.server, "/runs/1/abandon", &[])
        .is(409);
    assert!(again.body.contains("no longer changes"));
}

#[test]
fn two_people_see_the_same_run_and_neither_overwrites_the_other() {
    let scene = Scene::new();
    let ben = scene.somebody("ben", "admin");
    let theirs = [
        ("state", "done"),
        ("revision", "0"),
        ("note", "theirs"),
        ("output", "42"),
    ];
    scene.mark(&scene.anna, 1, &theirs).is(303);
    let page = scene.page(&ben, "/runs/1?step=1");
    assert!(page.contains("theirs") && page.contains("anna"), "{page}");

    // Ben's page is older than that.
    let mine = [
        ("state", "failed"),
        ("revision", "0"),
        ("note", "mine & more"),
        ("output", "43"),
    ];
    let answer = scene.mark(&ben, 1, &mine).is(409).body;
    for part in [
        "anna marked this step done while you were writing",
        "theirs",
        "mine &#38; more",
        "name=\"revision\" value=\"1\"",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    let mine = [
        ("state", "failed"),
        ("revision", "1"),
        ("note", "mine & more"),
        ("output", "43"),
    ];
    scene.mark(&ben, 1, &mine).is(303);
    let page = scene.page(&scene.anna, "/runs/1?step=1");
    for part in ["mine &#38; more", "theirs", "Marked before (1)"] {
        assert!(page.contains(part), "{part}");
    }

    // Each fills in another value; a form sends all of them, and only what was changed counts.
    let values = |mount| [("state", ""), ("value:mount", mount), ("was:mount", "/srv")];
    let answer = scene.mark(&scene.anna, 1, &values("/data")).is(303);
    assert_eq!(answer.header("location"), "/runs/1?step=1");
    scene.mark(&ben, 1, &values("/srv")).is(303);
    let page = scene.page(&ben, "/runs/1?step=1");
    assert!(page.contains("<mark>'/data'</mark>"), "{page}");
    // Filling in moved no step and lost no note.
    assert!(page.contains("failed") && page.contains("mine &#38; more"));

    // Anna ends it while Ben writes.
    scene
        .anna
        .post(&scene.server, "/runs/1/abandon", &[])
        .is(303);
    let late = [("state", "done"), ("revision", "0"), ("note", "too late")];
    let answer = scene.mark(&ben, 2, &late).is(409).body;
    assert!(
        answer.contains("no longer changes") && answer.contains("too late"),
        "{answer}"
    );
}

#[test]
fn a_viewer_sees_the_run_without_buttons_and_is_refused() {
    let scene = Scene::new();
    scene.mark(
        &scene.anna,
        1,
        &[("state", "done"), ("revision", "0"), ("note", "seen")],
    );
    let vera = scene.somebody("vera", "viewer");
    for path in ["/runs/1", "/runs/1?step=1"] {
        let page = scene.page(&vera, path);
        assert!(page.contains("seen"), "{page}");
        for part in [
            "<textarea",
            "action=\"/runs",
            "name=\"state\"",
            "name=\"outcome\"",
        ] {
            assert!(!page.contains(part), "{part}");
        }
    }
    let runbook = "/runbooks/rb-disk-full?signal=1";
    assert!(!scene.page(&vera, runbook).contains("Start a guided run"));
    assert!(
        scene
            .page(&scene.anna, runbook)
            .contains("Start a guided run")
    );
    for (path, fields) in [
        ("/incidents/1/runs", [("runbook_id", "rb-load-high")]),
        ("/signals/1/runs", [("runbook_id", "rb-load-high")]),
        ("/runs/1/steps/2", [("state", "done")]),
        ("/runs/1/finish", [("outcome", "helped")]),
        ("/runs/1/abandon", [("x", "y")]),
    ] {
        vera.post(&scene.server, path, &fields).is(403);
    }
    assert_eq!(scene.atlas.count("SELECT count(*) FROM run_steps"), 1);
    assert_eq!(
        scene
            .atlas
            .count("SELECT count(*) FROM runs WHERE state = 'active'"),
        1
    );
}

#[test]
fn hostile_notes_are_text_and_long_ones_come_back() {
    let scene = Scene::new();
    let attack = "</textarea><script>alert(1)</script>\u{202e}round\u{0}\u{1b}[31m";
    let output = format!("{attack}\n{}\nend", "x <i>".repeat(20_000));
    let fields = [
        ("state", "done"),
        ("revision", "0"),
        ("note", attack),
        ("output", &output),
    ];
    scene.mark(&scene.anna, 1, &fields).is(303);
    for path in ["/runs/1", "/runs/1?step=1"] {
        let page = scene.page(&scene.anna, path);
        assert!(!page.contains("<script") && !page.contains("<i>"), "{path}");
        assert!(page.contains("&#60;script&#62;alert(1)"), "{path}");
        assert!(page.contains("bytes were left out here]\n"), "{path}");
    }
    // What is shown to others turns nothing round.
    let vera = scene.somebody("vera", "viewer");
    let page = scene.page(&vera, "/runs/1?step=1");
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));

    let long = "note ".repeat(2_001);
    let fields = [
        ("state", "done"),
        ("revision", "0"),
        ("note", long.as_str()),
        ("output", "kept"),
    ];
    let answer = scene.mark(&scene.anna, 2, &fields).is(422).body;
    assert!(
        answer.contains("note is longer than 10000 characters"),
        "{answer}"
    );
    assert!(answer.contains(&long) && answer.contains("kept"));
    let value = "v".repeat(1_001);
    let fields = [
        ("state", ""),
        ("value:mount", value.as_str()),
        ("was:mount", "/srv"),
        ("note", "still here"),
    ];
    let answer = scene.mark(&scene.anna, 2, &fields).is(422).body;
    assert!(answer.contains("still here") && answer.contains(&value));
    // More than a body may hold.
    let huge = "x".repeat(600 * 1024);
    scene
        .mark(&scene.anna, 2, &[("state", "done"), ("output", &huge)])
        .is(413);
    assert_eq!(scene.atlas.count("SELECT count(*) FROM run_steps"), 1);
}

#[test]
fn fifty_steps_are_walked_in_any_order() {
    let scene = Scene::new();
    let step = |step: u32| {
        format!(
            "## Step number {step} of {{{{mount}}}}\nLook.\n\n\
             ```sh {{name=s{step} risk=read}}\necho {step} {{{{mount}}}} {{{{other}}}}\n```\n\n"
        )
    };
    let steps: String = (1..=50).map(step).collect();
    let text = format!(
        "---\nid: rb-disk-full\ntitle: Fifty\nkinds: [disk_full]\ntags: [disk]\nsummary: Many words.\n---\n{steps}"
    );
    let Scene { atlas, server, .. } = scene;
    server.stop();
    let sql = "UPDATE runbooks SET origin = 'own', markdown = ?1 WHERE id = 'rb-disk-full'";
    assert_eq!(atlas.sql().execute(sql, [text]).unwrap(), 1);
    let server = atlas.serve();
    let anna = Browser::of(&server, "anna");
    let summary = json!({"site_id": "s", "kind": "disk_full", "severity": "warning",
        "summary": "another", "dedup_key": "another", "detail": {"mount": "/x"}});
    assert_eq!(server.stored(&summary)["incident_id"], 2);
    let start = [("runbook_id", "rb-disk-full")];
    let begun = anna.post(&server, "/incidents/2/runs", &start).is(303);
    assert_eq!(begun.header("location"), "/runs/2");
    for step in (1..=50).rev() {
        let fields = [("state", "done"), ("revision", "0")];
        anna.post(&server, &format!("/runs/2/steps/{step}"), &fields)
            .is(303);
        if step == 25 {
            let page = anna.get(&server, "/runs/2").is(200).body;
            assert!(page.contains("Step 1 of 50") && page.contains("26 of 50 steps settled"));
            assert!(page.contains("Step number 50 of /x"));
            assert!(
                page.contains("Fill in what is missing") && page.contains("id=\"value-other\"")
            );
        }
    }
    let page = anna.get(&server, "/runs/2").is(200).body;
    assert!(page.contains("Did it help?") && page.contains("50 of 50 steps settled"));
}

#[test]
fn what_cannot_begin_says_why() {
    let scene = Scene::new();
    let post = |path: &str, id: &str| scene.anna.post(&scene.server, path, &[("runbook_id", id)]);
    assert!(
        post("/incidents/1/runs", "rb-none")
            .is(404)
            .body
            .contains("There is no runbook")
    );
    assert!(
        post("/incidents/9/runs", "rb-disk-full")
            .is(404)
            .body
            .contains("There is no incident 9")
    );
    post("/signals/9/runs", "rb-disk-full").is(404);
    let info = json!({"site_id": "s", "kind": "k", "summary": "x"});
    let alone = scene
        .server
        .post("/api/signals", &info)
        .with(SHARED)
        .send()
        .is(201)
        .json();
    let alone = post(&format!("/signals/{}/runs", alone["id"]), "rb-disk-full")
        .is(409)
        .body;
    assert!(alone.contains("belongs to no incident"), "{alone}");
    for path in ["/runs/9", "/runs/x"] {
        assert!(
            scene
                .anna
                .get(&scene.server, path)
                .is(404)
                .body
                .contains("<h1>")
        );
    }
    scene
        .anna
        .post(&scene.server, "/runs/9/abandon", &[])
        .is(404);
    scene.mark(&scene.anna, 7, &[("state", "done")]).is(404);
}
