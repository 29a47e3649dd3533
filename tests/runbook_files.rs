//! `runbook import|export|remove|lint`: own runbooks come and go as a whole, and nothing is lost on
//! the way out and back in.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::schema;

fn markdown(id: &str, title: &str) -> String {
    format!("---\nid: {id}\ntitle: {title}\nsummary: One sentence.\n---\n## Look\nAt it.\n")
}

fn hashes(atlas: &Atlas) -> BTreeMap<String, String> {
    let list = atlas.run(&["runbook", "list", "--json"]).succeeds().json();
    let list = list.as_array().unwrap().iter();
    list.map(|one| {
        let text = |field: &str| one[field].as_str().unwrap().to_owned();
        (text("id"), text("content_hash"))
    })
    .collect()
}

fn shown(atlas: &Atlas, id: &str) -> Value {
    atlas
        .run(&["runbook", "show", id, "--json"])
        .succeeds()
        .json()
}

#[test]
fn all_built_in_ones_come_back_with_the_same_hash() {
    let atlas = Atlas::initialised();
    atlas.run(&["runbook", "export", "--to", "out"]).succeeds();
    let before = hashes(&atlas);
    assert_eq!(
        support::atlas::files_of(&atlas.path("out")).len(),
        before.len()
    );
    atlas
        .run(&["runbook", "lint", "out/rb-disk-full.md"])
        .succeeds();
    let told = atlas
        .run(&["runbook", "import", "out", "--json"])
        .succeeds()
        .json();
    let imported = told["imported"].as_array().unwrap();
    assert_eq!(imported.len(), before.len());
    for one in imported {
        assert_eq!(one["result"], "added", "{one}");
        assert_eq!(one["overrides_builtin"], true, "{one}");
        assert_eq!(one["content_hash"], before[one["id"].as_str().unwrap()]);
    }
    assert_eq!(hashes(&atlas), before);
    let again = atlas.run(&["runbook", "import", "out"]).succeeds().out;
    assert_eq!(
        again.matches(": unchanged").count(),
        before.len(),
        "{again}"
    );
}

#[test]
fn version_0_4_s_json_keeps_every_field_on_the_way_through() {
    let atlas = Atlas::initialised();
    let own = json!([{
        "id": "rb-own-fritzbox", "title": "Fritz!Box neu starten", "summary": "Eigenes Runbook eines Benutzers",
        "tags": ["router"], "prompt_template": "Why {{host}}?\n\n- and <b>when</b>",
        "steps": [{"title": "Strom ziehen", "kind": "manual", "detail": "30 Sekunden warten\n\n# dann weiter", "prompt": null},
            {"title": "See it", "kind": "command", "detail": "ping -c 3 {{host}}\ncurl -s http://{{host}}/", "prompt": "Is it <up>?\nSince when?"}]
    }, {
        "id": "rb-bare", "title": "Bare", "summary": "No tags", "tags": [], "prompt_template": null,
        "steps": [{"title": "A", "kind": "manual", "detail": "x", "prompt": null}]
    }]);
    std::fs::write(atlas.path("own.json"), json!({"runbooks": own}).to_string()).unwrap();
    atlas.run(&["runbook", "import", "own.json"]).succeeds();
    let out = atlas
        .run(&[
            "runbook",
            "export",
            "rb-own-fritzbox",
            "rb-bare",
            "--format",
            "json",
        ])
        .succeeds();
    assert_eq!(out.json(), own);
    // Through the Markdown it became, in another database.
    let other = Atlas::initialised();
    atlas
        .run(&["runbook", "export", "rb-own-fritzbox", "--to", "out"])
        .succeeds();
    let file = atlas.path("out").join("rb-own-fritzbox.md");
    other
        .run(&["runbook", "import", file.to_str().unwrap()])
        .succeeds();
    let out = other
        .run(&["runbook", "export", "rb-own-fritzbox", "--format", "json"])
        .succeeds();
    assert_eq!(out.json()[0], own[0]);
}

#[test]
fn a_stock_runbook_of_0_4_is_skipped_and_the_user_s_own_is_kept() {
    let atlas = Atlas::initialised();
    // The rows of a real database of 0.4, as its API showed them.
    let legacy =
        rusqlite::Connection::open(support::atlas::fixture("legacy-0.4/atlas_ops.db")).unwrap();
    let mut rows = legacy
        .prepare("SELECT id, title, summary, tags, steps, prompt_template FROM runbooks")
        .unwrap();
    let runbooks: Vec<Value> = rows
        .query_map([], |row| {
            let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
            Ok(
                json!({"id": row.get::<_, String>(0)?, "title": row.get::<_, String>(1)?,
                "summary": row.get::<_, String>(2)?, "tags": json(row.get(3)?),
                "steps": json(row.get(4)?), "prompt_template": row.get::<_, Option<String>>(5)?}),
            )
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(runbooks.len(), 2);
    std::fs::write(atlas.path("old.json"), json!(runbooks).to_string()).unwrap();
    let ran = atlas.run(&["runbook", "import", "old.json"]).succeeds();
    assert!(
        ran.out
            .contains("rb-docker-container-down: skipped, since it came with version 0.4"),
        "{ran:?}"
    );
    assert!(ran.out.contains("rb-own-fritzbox: added"), "{ran:?}");
    assert_eq!(
        shown(&atlas, "rb-docker-container-down")["origin"],
        "builtin"
    );
    assert_eq!(shown(&atlas, "rb-own-fritzbox")["origin"], "own");
}

#[test]
fn an_own_one_hides_the_built_in_one_until_it_is_removed() {
    let atlas = Atlas::initialised();
    let built_in = shown(&atlas, "rb-disk-full");
    assert_eq!(built_in["overrides_builtin"], false);
    std::fs::write(atlas.path("mine.md"), markdown("rb-disk-full", "Mine")).unwrap();
    let ran = atlas
        .run(&["runbook", "import", "mine.md", "--dry-run"])
        .succeeds();
    assert!(
        ran.out.contains("added, in place of the built-in one"),
        "{ran:?}"
    );
    assert_eq!(shown(&atlas, "rb-disk-full"), built_in);
    atlas.run(&["runbook", "import", "mine.md"]).succeeds();
    let mine = shown(&atlas, "rb-disk-full");
    assert_eq!(
        (&mine["title"], &mine["origin"]),
        (&json!("Mine"), &json!("own"))
    );
    assert_eq!(mine["overrides_builtin"], true);
    // A new start of the program touches neither.
    atlas.run(&["db", "init"]).succeeds();
    assert_eq!(shown(&atlas, "rb-disk-full"), mine);
    let ran = atlas.run(&["runbook", "remove", "rb-disk-full"]).succeeds();
    assert!(
        ran.err.contains("builtin one of this id is in force"),
        "{ran:?}"
    );
    assert_eq!(shown(&atlas, "rb-disk-full"), built_in);
    atlas
        .run(&["runbook", "remove", "rb-disk-full"])
        .fails(1, "came with the program");
    atlas
        .run(&["runbook", "remove", "rb-none"])
        .fails(1, "there is none of this id");
    // What a past run walked can be read all the same.
    let hash = mine["content_hash"].as_str().unwrap();
    let old = atlas.run(&["runbook", "show", "rb-disk-full", "--version", hash]);
    assert_eq!(old.succeeds().out, markdown("rb-disk-full", "Mine"));
    let hash = built_in["content_hash"].as_str().unwrap();
    atlas
        .run(&["runbook", "show", "rb-disk-full", "--version", hash])
        .succeeds();
    atlas
        .run(&["runbook", "show", "rb-disk-full", "--version", "0"])
        .fails(1, hash);
    let who = atlas.count(
        "SELECT count(*) FROM runbook_versions WHERE id = 'rb-disk-full' AND actor_kind = 'cli' AND actor_name <> ''",
    );
    assert_eq!(who, 1);
}

#[test]
fn all_or_nothing_with_every_problem_named_by_file_line_and_column() {
    let atlas = Atlas::initialised();
    std::fs::create_dir(atlas.path("in")).unwrap();
    let put = |name: &str, text: &str| std::fs::write(atlas.path("in").join(name), text).unwrap();
    put("a-good.md", &markdown("rb-good", "Good"));
    put("b-same.md", &markdown("rb-good", "Same id"));
    put("c-no-id.md", "---\ntitle: T\nsummary: S\n---\n## A\nx\n");
    put(
        "d-html.md",
        "---\nid: rb-html\ntitle: T\nsummary: S\n---\n## A\nx <script>alert(1)</script>\n",
    );
    put(
        "e-bomb.md",
        "---\nid: rb-bomb\na: &a [x, x]\nb: &b [*a, *a]\n---\n## A\nx\n",
    );
    put(
        "f-quoted.md",
        "---\nid: rb-quoted\ntitle: T\nsummary: S\n---\n## A\n```sh\necho \"{{x}}\"\n```\n",
    );
    put(
        "g.json",
        "[\n  {\"id\": \"rb-json\", \"title\": \"T\", \"summary\": \"S\",\n   \"steps\": [{\"title\": \"A\", \"kind\": \"command\", \"detail\": \"echo '{{x}}'\"}]}\n]",
    );
    put("h-broken.json", "{\"id\": ");
    put("ignored.txt", "no runbook");
    let before = hashes(&atlas);
    let ran = atlas
        .run(&["runbook", "import", "in"])
        .fails(1, "nothing was changed");
    for words in [
        "in/b-same.md:1:1: a second runbook with the id rb-good; the first is in/a-good.md:1:1",
        "in/c-no-id.md:1:1: id is required",
        "in/d-html.md:7:3: raw HTML",
        "in/e-bomb.md:3:4: anchors and aliases",
        "in/f-quoted.md:8:7: {{x}} stands inside quotes",
        "in/g.json:3:14: {{x}} stands inside quotes",
        "in/h-broken.json:1:",
    ] {
        assert!(ran.out.contains(words), "{words} in {}", ran.out);
    }
    assert!(!ran.out.contains("ignored.txt"), "{}", ran.out);
    assert_eq!(hashes(&atlas), before);
    let ran = atlas.run(&["runbook", "import", "in", "--json"]);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(told["problems"].as_array().unwrap().len() >= 7, "{told}");
    atlas
        .run(&["runbook", "import", "nowhere.md"])
        .fails(1, "nowhere.md");
}

#[test]
fn lint_tells_it_in_json_too_and_ten_thousand_steps_are_refused_in_no_time() {
    let atlas = Atlas::new();
    let front = "---\nid: rb-many\ntitle: T\nsummary: S\n---\n";
    let steps: Vec<String> = (0..10_000).map(|n| format!("## {n}\nx\n")).collect();
    let steps = steps.concat();
    std::fs::write(atlas.path("many.md"), format!("{front}{steps}")).unwrap();
    std::fs::write(
        atlas.path("typo.md"),
        "---\nid: rb-many\ntitel: T\nsummary: S\nreviewed_at: soon\nkinds: [Disk Full]\n---\n## A\n```sh {risk=big}\nls\n",
    )
    .unwrap();
    let begun = std::time::Instant::now();
    let ran = atlas.run(&["runbook", "lint", "--json", "many.md", "typo.md"]);
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    assert_eq!(ran.code, 1);
    let problems: Value = serde_json::from_str(&ran.out).unwrap();
    let said: Vec<String> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |field: &str| one[field].to_string().trim_matches('"').to_owned();
            format!("{}:{} {}", text("file"), text("line"), text("message"))
        })
        .collect();
    for words in [
        "many.md:6 10000 steps; more than 200 are refused",
        "typo.md:1 title is required",
        "typo.md:3 unknown field \\\"titel\\\"; did you mean title?",
        "typo.md:5 reviewed_at \\\"soon\\\" is no date",
        "typo.md:6 \\\"Disk Full\\\" in kinds",
        "typo.md:9 this block is never closed",
        "typo.md:9 unknown risk",
    ] {
        assert!(
            said.iter().any(|line| line.starts_with(words)),
            "{words} in {said:#?}"
        );
    }
    std::fs::write(atlas.path("a.md"), markdown("rb-a", "A")).unwrap();
    std::fs::write(atlas.path("b.md"), markdown("rb-a", "B")).unwrap();
    atlas.run(&["runbook", "lint", "a.md"]).succeeds();
    let ran = atlas.run(&["runbook", "lint", "a.md", "b.md"]);
    assert!(
        ran.out
            .contains("b.md:1:1: a second runbook with the id rb-a"),
        "{ran:?}"
    );
}

#[test]
fn a_database_from_before_the_versions_keeps_its_runbooks() {
    // As the first schema had them: one row an id.
    let atlas = schema::of_version(3);
    let own = markdown("rb-mine", "Mine");
    atlas
        .sql()
        .execute_batch(&format!(
            "INSERT INTO runbooks VALUES ('rb-mine', 'own', 'Mine', '{own}', 'h', 7)"
        ))
        .unwrap();
    atlas.run(&["db", "migrate"]).succeeds();
    let versions = "SELECT count(*) FROM runbook_versions WHERE id = 'rb-mine'";
    assert_eq!(atlas.count(versions), 1);
    assert_eq!(shown(&atlas, "rb-mine")["origin"], "own");
    let old = atlas.run(&["runbook", "show", "rb-mine", "--version", "h"]);
    assert_eq!(old.succeeds().out, own);
    atlas.run(&["db", "check"]).succeeds();
}
