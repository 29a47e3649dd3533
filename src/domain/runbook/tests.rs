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
            "line 4", "line 6", "line 7", "line 9", "line 10", "line 10", "line 12", "line 13",
            "line 16", "line 16", "line 19"
        ],
        "{found:#?}"
    );
}

#[test]
fn steps_are_needed_and_bounded() {
    assert!(lints("Only words.\n")[0].contains("no step"));
    let steps: Vec<String> = (0..10_000).map(|n| format!("## Step {n}\nx\n")).collect();
    let many = steps.concat();
    assert!(lints(&many)[0].contains("more than 100 steps"));
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
