//! `runbook match|draft` and `/api/runbooks/match|gaps|draft`: the API and the command line say
//! the same, forwards and backwards.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::running::Running;

struct Stage {
    atlas: Atlas,
    server: Running,
    token: String,
}

impl Stage {
    fn new() -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        let token = atlas.token("read").secret;
        Self {
            atlas,
            server,
            token,
        }
    }

    #[track_caller]
    fn read(&self, path: &str) -> Value {
        let call = self.server.get(path).with(&self.token);
        call.send().is(200).json()
    }

    fn send(&self, kind: &str, summary: &str, detail: &Value) -> i64 {
        let body = json!({"site_id": "site-homelab", "kind": kind, "summary": summary,
            "detail": detail, "severity": "warning", "source": "test"});
        self.server.stored(&body)["id"].as_i64().unwrap()
    }
}

#[test]
fn api_and_command_line_give_the_same_answer_with_its_reasons() {
    let stage = Stage::new();
    let id = stage.send("disk_full", "Disk 95 % full", &json!({"mount": "/srv"}));
    let stored = stage.read(&format!("/api/runbooks/match?signal={id}"));
    let first = &stored[0];
    assert_eq!(first["runbook_id"], "rb-disk-full");
    assert_eq!(first["title"], "Free space on a full disk");
    let sum: i64 = first["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["points"].as_i64().unwrap())
        .sum();
    assert_eq!(first["points"], sum);
    let reason = first["reason"].as_str().unwrap();
    assert!(reason.starts_with("kind is disk_full"), "{reason}");
    let described = stage.read(
        "/api/runbooks/match?kind=disk_full&summary=Disk%2095%20%25%20full&site=site-homelab&detail.mount=/srv",
    );
    assert_eq!(described, stored);
    let number = id.to_string();
    let cli = stage
        .atlas
        .run(&["runbook", "match", "--signal", &number, "--json"])
        .succeeds();
    assert_eq!(cli.json(), stored);
    let cli = stage.atlas.run(&[
        "runbook",
        "match",
        "--kind",
        "disk_full",
        "--summary",
        "Disk 95 % full",
        "--site",
        "site-homelab",
        "--detail",
        "mount=/srv",
        "--json",
    ]);
    assert_eq!(cli.succeeds().json(), stored);
    // The board's own suggestion says it too.
    let offer = &stage.read("/api/suggestions")[0];
    assert_eq!(offer["matches"][0]["points"], first["points"]);
    let words = stage
        .atlas
        .run(&["runbook", "match", "--signal", &number])
        .succeeds()
        .out;
    assert!(words.contains("kind is disk_full (+100)"), "{words}");
}

#[test]
fn what_is_asked_wrongly_is_told() {
    let stage = Stage::new();
    let ask = |path: &str| stage.server.get(path).with(&stage.token).send();
    assert_eq!(ask("/api/runbooks/match").faults(), ["signal"]);
    assert_eq!(ask("/api/runbooks/match?signal=x").faults(), ["signal"]);
    assert_eq!(
        ask("/api/runbooks/match?signal=1&kind=a").faults(),
        ["signal"]
    );
    assert_eq!(
        ask("/api/runbooks/match?kind=a&colour=red").faults(),
        ["colour"]
    );
    ask("/api/runbooks/match?signal=99").problem(404);
    assert_eq!(ask("/api/runbooks/draft").faults(), ["signal"]);
    ask("/api/runbooks/draft?signal=99").problem(404);
    ask("/api/runbooks/rb-none/matches").problem(404);
    assert_eq!(
        ask("/api/runbooks/rb-disk-full/matches?limit=0").faults(),
        ["limit"]
    );
    let run = |args: &[&str]| stage.atlas.run(args);
    assert_eq!(run(&["runbook", "match"]).code, 2);
    assert_eq!(
        run(&["runbook", "match", "--signal", "1", "--kind", "a"]).code,
        2
    );
    assert_eq!(
        run(&["runbook", "match", "--kind", "a", "--detail", "b"]).code,
        2
    );
    run(&["runbook", "match", "--signal", "99"]).fails(1, "no signal of this number");
    run(&["runbook", "match", "--dry-run", "none.md"])
        .fails(1, "neither an id in force nor a file");
}

#[test]
fn a_kind_without_a_runbook_is_listed_until_one_comes() {
    let stage = Stage::new();
    stage.send("lift_stuck", "The lift is stuck", &json!({"lift": "A"}));
    let newest = stage.send(
        "lift_stuck",
        "The lift is stuck again",
        &json!({"lift": "B; rm -rf /"}),
    );
    stage.send("door", "<script>alert(1)</script>", &json!({}));
    stage.send("disk_full", "Disk full", &json!({}));
    let gaps = stage.read("/api/runbooks/gaps");
    let kinds: Vec<_> = gaps
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| &gap["kind"])
        .collect();
    assert_eq!(kinds, ["lift_stuck", "door"]);
    assert_eq!(
        (&gaps[0]["count"], &gaps[0]["newest_signal_id"]),
        (&json!(2), &json!(newest))
    );

    let path = format!("/api/runbooks/draft?signal={newest}");
    let draft = stage.server.get(&path).with(&stage.token).send().is(200);
    assert!(
        draft.header("content-type").starts_with("text/markdown"),
        "{draft:?}"
    );
    assert!(
        draft.body.contains("kinds:\n- lift_stuck") && draft.body.contains("{{lift}}"),
        "{draft:?}"
    );
    assert!(!draft.body.contains("rm -rf"), "{draft:?}");
    let number = newest.to_string();
    let cli = stage
        .atlas
        .run(&["runbook", "draft", "--signal", &number])
        .succeeds();
    assert_eq!(cli.out, draft.body);
    let file = stage.atlas.path("lift.md");
    std::fs::write(&file, &draft.body).unwrap();
    stage.atlas.run(&["runbook", "lint", "lift.md"]).succeeds();

    // Which past signals would it fit?
    let dry = stage
        .atlas
        .run(&["runbook", "match", "--dry-run", "lift.md", "--json"])
        .succeeds()
        .json();
    let dry = dry.as_array().unwrap();
    assert_eq!(dry.len(), 2, "{dry:?}");
    assert_eq!(dry[0]["signal_id"], newest);
    assert_eq!(dry[0]["best_before"], Value::Null);
    assert_eq!(dry[0]["best_after"], "rb-lift-stuck");
    assert!(dry[0]["points"].as_u64().unwrap() >= 100);
    let table = stage
        .atlas
        .run(&["runbook", "match", "--dry-run", "lift.md", "--limit", "1"]);
    assert!(table.succeeds().out.contains("fits none of the newest 1"));

    stage
        .atlas
        .run(&["runbook", "import", "lift.md"])
        .succeeds();
    let begun = std::time::Instant::now();
    while stage.read("/api/runbooks/gaps").as_array().unwrap().len() > 1 {
        assert!(begun.elapsed().as_secs() < 20, "the server does not notice");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let best_for = stage.read("/api/runbooks/rb-lift-stuck/matches?limit=1");
    assert_eq!(best_for.as_array().unwrap().len(), 1);
    assert_eq!(best_for[0]["signal_id"], newest);
    // Of one in force: what would change without it.
    let dry = stage
        .atlas
        .run(&["runbook", "match", "--dry-run", "rb-lift-stuck"])
        .succeeds()
        .out;
    assert!(
        dry.contains("none") && dry.contains("rb-lift-stuck"),
        "{dry}"
    );
}

#[test]
fn the_page_lists_them_with_what_is_missing_and_what_is_old() {
    let atlas = Atlas::with("runbooks_dir: books");
    std::fs::create_dir(atlas.path("books")).unwrap();
    let file = "---\nid: rb-old\ntitle: An <old> one\nsummary: S\nowner: anna & co\nreviewed_at: 2020-01-31\ntags: [lift]\n---\n## A\nx\n";
    std::fs::write(atlas.path("books").join("old.md"), file).unwrap();
    std::fs::write(atlas.path("books").join("bad.md"), "no front matter <b>").unwrap();
    let server = atlas.serve();
    let stage = Stage {
        token: atlas.token("read").secret,
        atlas,
        server,
    };
    let id = stage.send("<i>odd</i>", "<script>alert(1)</script>", &json!({}));
    let page = stage
        .server
        .get("/runbooks")
        .with(&stage.token)
        .send()
        .is(200)
        .body;
    for words in [
        "An &#60;old&#62; one",
        "own, from a file",
        "anna &#38; co",
        "2020-01-31",
        "over a year ago",
        "<span class=\"tag\">lift</span>",
        "Kinds without a runbook",
        "&#60;i&#62;odd&#60;/i&#62;",
        &format!("/api/runbooks/draft?signal={id}"),
        "bad.md:1:1",
        "expected front matter",
        "/runbooks/rb-disk-full",
        "built-in",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(
        !page.contains("<script>") && !page.contains("<i>odd"),
        "{page}"
    );
    let page = stage
        .server
        .get("/runbooks/rb-old")
        .with(&stage.token)
        .send()
        .is(200)
        .body;
    let runbook = stage.read("/api/runbooks/rb-old");
    for words in [
        "own, from a file",
        "anna",
        "over a year ago",
        runbook["content_hash"].as_str().unwrap(),
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
}
