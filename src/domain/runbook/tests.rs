//! The format, by example.

use super::*;

const FRONT: &str = "---\nid: rb-a\n---\n";

fn front() -> FrontMatter {
    FrontMatter {
        id: Some("rb-a".into()),
        title: Some("Free space".into()),
        summary: Some("One sentence.".into()),
        tags: vec!["disk".into(), "disk_full".into()],
        kinds: vec!["disk_full".into()],
        ..FrontMatter::default()
    }
}

/// Reads `body` under a front matter of three lines, so that its first line is line 4.
fn read(body: &str) -> Result<Runbook, Vec<Lint>> {
    let text = format!("{FRONT}{body}");
    parse(
        front(),
        &split_front_matter(&text).unwrap(),
        Origin::Builtin,
    )
}

fn lints(body: &str) -> Vec<String> {
    read(body)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_whole_runbook_is_read() {
    let runbook = read(
        "Intro with `code`.\n\n## See what is full\nLook **first**.\n\n```sh {name=usage risk=read}\n\
         df -h {{mount}}\ndf -i {{mount}}\n```\n\n**Good:** below `90 %`,\nmostly.\n\n\
         **Otherwise:** go on.\n\n**Ask:** Which one?\n\n## Tell people\nSay it:\n\n- by mail\n- in `#ops`\n",
    )
    .unwrap();
    assert_eq!(runbook.intro.as_deref(), Some("Intro with `code`."));
    assert_eq!(runbook.content_hash.len(), 32);
    assert!(runbook.markdown.starts_with("---\n"));
    let [first, second] = &runbook.steps[..] else {
        panic!("two steps")
    };
    assert_eq!(first.kind, StepKind::Command);
    assert_eq!(first.detail, "df -h {{mount}}\ndf -i {{mount}}");
    assert_eq!(first.good.as_deref(), Some("below `90 %`, mostly."));
    assert_eq!(first.otherwise.as_deref(), Some("go on."));
    assert_eq!(first.prompt.as_deref(), Some("Which one?"));
    assert_eq!(first.commands[0].name.as_deref(), Some("usage"));
    assert_eq!(first.commands[0].risk, Risk::Read);
    assert!(first.body.starts_with("Look **first**.") && first.body.ends_with("Which one?"));
    assert_eq!(second.kind, StepKind::Manual);
    assert_eq!(second.detail, "Say it:\n- by mail\n- in #ops");
}

#[test]
fn json_keeps_the_keys_of_0_4_and_reads_its_steps_back() {
    let runbook = read("## A\n```sh {risk=danger}\nls\n```\n").unwrap();
    let json = serde_json::to_value(&runbook).unwrap();
    assert_eq!(json["steps"][0]["kind"], "command");
    assert_eq!(json["steps"][0]["detail"], "ls");
    assert_eq!(json["steps"][0]["prompt"], serde_json::Value::Null);
    assert!(json.get("markdown").is_none());
    let old: Step = serde_json::from_str(
        r#"{"title": "Strom ziehen", "kind": "manual", "detail": "30 Sekunden warten"}"#,
    )
    .unwrap();
    assert_eq!(old.kind, StepKind::Manual);
}

#[test]
fn all_problems_of_the_front_matter_are_reported_on_their_lines() {
    let text = "---\nid: RB A\ntitle: ''\nsummary: x\ntags: [Disk]\n---\n## A\nx\n";
    let front = FrontMatter {
        id: Some("RB A".into()),
        title: Some(String::new()),
        summary: None,
        tags: vec!["Disk".into()],
        ..FrontMatter::default()
    };
    let found = parse(front, &split_front_matter(text).unwrap(), Origin::Own).unwrap_err();
    let lines: Vec<_> = found.iter().map(|lint| lint.line).collect();
    assert_eq!(lines, [2, 3, 4, 5], "{found:?}");
}

#[test]
fn all_problems_of_the_body_are_reported_on_their_lines() {
    let found = lints(
        "# Title\n\n## A\n<script>x</script>\n\n## A\nSee [it](javascript:x) <b>now</b>.\n\n\
         ```sh {name=n risk=none}\necho \"{{x}}\"\n```\n\n```sh {name=n}\n```\n\n## Empty\n",
    );
    let starts: Vec<_> = found
        .iter()
        .map(|lint| lint.split(':').next().unwrap_or_default())
        .collect();
    assert_eq!(
        starts,
        [
            "line 4", "line 6", "line 7", "line 9", "line 10", "line 10", "line 10", "line 12",
            "line 13", "line 16", "line 16", "line 19"
        ],
        "{found:#?}"
    );
}

#[test]
fn steps_are_needed_and_bounded() {
    assert!(lints("Only words.\n")[0].contains("no step"));
    let steps: Vec<String> = (0..10_000).map(|n| format!("## Step {n}\nx\n")).collect();
    let many = steps.concat();
    assert!(lints(&many)[0].contains("more than 200 are refused"));
}

#[test]
fn a_file_without_front_matter_or_too_large_is_refused() {
    assert!(split_front_matter("## A\n").is_err());
    assert!(split_front_matter("---\nid: a\n").is_err());
    let large = format!("{FRONT}{}", "x".repeat(MAX_BYTES));
    assert!(split_front_matter(&large).is_err());
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_do_no_harm() {
    let text = "\u{feff}---\r\nid: a\r\n---\r\n## A\r\nx\r\n";
    let source = split_front_matter(text).unwrap();
    assert_eq!((source.front, source.body_line), ("id: a\r\n", 4));
    assert!(parse(front(), &source, Origin::Own).is_ok());
}

#[test]
fn the_hash_names_the_version() {
    let (a, b) = (read("## A\nx\n").unwrap(), read("## A\ny\n").unwrap());
    assert_ne!(a.content_hash, b.content_hash);
}

#[test]
fn ten_thousand_bad_lines_are_looked_through_in_no_time_and_not_all_listed() {
    let body = "## A\n".to_owned() + &"<b>x</b> ".repeat(20_000);
    let begun = std::time::Instant::now();
    let found = lints(&body);
    assert!(found.len() <= 201, "{}", found.len());
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn places_have_a_column() {
    let found = read("## A\nSee <b>it</b>.\n\n```sh\nls\necho \"ü {{x}}\"\n```\n").unwrap_err();
    let places: Vec<_> = found.iter().map(|lint| (lint.line, lint.column)).collect();
    assert_eq!(places, [(5, 5), (5, 10), (9, 9)], "{found:#?}");
}

#[test]
fn a_fence_has_to_be_closed_and_a_command_to_name_its_shell() {
    assert!(lints("## A\n```sh\nls\n")[0].contains("never closed"));
    assert!(lints("## A\n````text\n```\n")[0].contains("never closed"));
    assert!(lints("## A\n~~~\nx\n```\n")[0].contains("end it with a line of ~~~"));
    assert!(lints("## A\nx\n``` {name=x}\nls\n```\n")[0].contains("without its shell"));
    assert!(lints("## A\nx\n```python {name=x}\nprint({{x}})\n```\n")[0].contains("no shell"));
    assert!(read("## A\n```yaml\na: 1\n```\n\n- b\n\n  ```\n  x\n  ```\n").is_ok());
    assert!(read("## A\n> ```\n> x\n> ```\n").is_ok());
}

#[test]
fn a_review_has_a_date_and_grows_old() {
    let with = |date: &str| {
        let text = format!("{FRONT}## A\nx\n");
        let front = FrontMatter {
            reviewed_at: Some(date.to_owned()),
            ..front()
        };
        parse(front, &split_front_matter(&text).unwrap(), Origin::Own)
    };
    for date in [
        "soon",
        "2026-13-01",
        "2026-02-30",
        "23.11.2026",
        "2026-11-23T00:00:00Z",
        "",
    ] {
        let found = with(date).unwrap_err();
        assert!(found[0].message.contains("is no date"), "{date}: {found:?}");
    }
    let runbook = with("2025-11-22").unwrap();
    let day = |text: &str| Timestamp::parse(text).unwrap();
    assert_eq!(
        runbook.days_since_review(day("2025-11-30T12:00:00Z")),
        Some(8)
    );
    assert!(!runbook.is_stale(day("2026-11-22T10:00:00Z")));
    assert!(runbook.is_stale(day("2026-11-23T10:00:00Z")));
}

#[test]
fn an_id_that_is_an_address_of_the_api_is_refused() {
    let text = format!("{FRONT}## A\nx\n");
    let front = FrontMatter {
        id: Some("match".to_owned()),
        ..front()
    };
    let found = parse(front, &split_front_matter(&text).unwrap(), Origin::Own).unwrap_err();
    assert!(found[0].message.contains("rb-match"), "{found:?}");
}

#[test]
fn anchors_and_aliases_are_seen_and_text_that_looks_like_them_is_not() {
    for (front, place) in [
        ("a: &a [x]", (1, 4)),
        ("id: x\ntags: [*a, b]", (2, 8)),
        ("tags:\n  - &t x", (2, 5)),
        ("a: {b: *c}", (1, 8)),
        ("a: 'x\n  y'\nb: *c", (3, 4)),
        ("a: !!str &b x", (1, 10)),
        ("a: >-\n  *x*\nb: &c y", (3, 4)),
        ("*a : x", (1, 1)),
    ] {
        assert_eq!(find_reference(front), Some(place), "{front}");
    }
    for front in [
        "title: Cats & dogs, *really*",
        "title: a - *b*",
        "title: '&a *b'",
        "title: \"x \\\" *b\"",
        "prompt_template: >-\n  *all* of it\n  & more\n\n  *x*\nid: a",
        "tags: [a, b] # *c",
        "a: b&c *",
        "tags: [a-b, 'x, *y']",
    ] {
        assert_eq!(find_reference(front), None, "{front}");
    }
}

#[test]
fn a_draft_is_a_runbook_whatever_the_signal_says() {
    for (kind, words, keys) in [
        (
            vec!["mail", "queue", "stuck"],
            vec![],
            vec!["queue", "Host Name", "end", "container"],
        ),
        (vec![], vec![], vec![]),
        (
            vec!["ünï"],
            vec!["code", "<b>"],
            vec!["a: b", "{{x}}", "mount"],
        ),
        (vec!["match"], vec![], vec!["x"]),
    ] {
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let about = Draft {
            kind: owned(kind),
            words: owned(words),
            keys: owned(keys),
            taken: vec!["rb-mail-queue-stuck".to_owned()],
        };
        let (front, body) = draft(&about);
        let text = format!("---\n---\n{body}");
        let read = parse(front, &split_front_matter(&text).unwrap(), Origin::Own);
        let runbook = read.unwrap_or_else(|lints| panic!("{about:?}: {lints:?}\n{body}"));
        assert_eq!(runbook.steps.len(), 4);
        if about.kind.len() == 3 {
            assert_eq!(runbook.id, "rb-mail-queue-stuck-2");
            assert_eq!(runbook.kinds, ["mail_queue_stuck"]);
            assert!(runbook.steps[0].detail.contains("{{container}}"));
            assert!(!body.contains("Host Name") && !body.contains("{{end}}"));
        }
    }
}
