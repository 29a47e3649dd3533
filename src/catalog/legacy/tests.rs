//! Every field of 0.4 survives the road through Markdown and back; what cannot is reported where
//! it stands.

use proptest::prelude::*;

use super::*;
use crate::catalog::builtin_runbooks;

fn one(json: &Value) -> Imported {
    read_json(&json.to_string()).unwrap().remove(0)
}

fn lints(text: &str) -> Vec<(usize, usize, String)> {
    let lints = read_json(text).unwrap_err().into_iter();
    lints
        .map(|lint| (lint.line, lint.column, lint.message))
        .collect()
}

fn step(title: &str, kind: StepKind, detail: &str, prompt: Option<&str>) -> LegacyStep {
    LegacyStep {
        title: title.to_owned(),
        kind,
        detail: detail.to_owned(),
        prompt: prompt.map(str::to_owned),
    }
}

#[test]
fn every_field_comes_back_as_it_was() {
    let hostile = [
        "30 Sekunden warten",
        "first line\nsecond line",
        "first\n\n\nafter two empty lines",
        "- a list\n1. and another\n# no heading\n> no quote",
        "<script>alert(1)</script> & <b>bold</b>",
        "```sh\nls\n```",
        "see [this](javascript:x) *now* _or_ `never` \\ \\\\",
        "    indented\n  less",
        "a | b\n--|--\n1 | 2",
        "{{container}} and {{.Names}}",
        "---\nid: other\n---",
        "~~~\nx\n====\n***",
        "ends with a backslash \\",
        "größer „als“ 😀",
    ];
    let mut steps = Vec::new();
    for (index, text) in hostile.into_iter().enumerate() {
        let title = format!(
            "{index} *a* <b> `c` # {}",
            text.lines().last().unwrap().trim()
        );
        steps.push(step(
            &title,
            StepKind::Manual,
            text.trim(),
            Some(text.trim()),
        ));
        if !text.contains("{{container}}") {
            let title = format!("Command {index}");
            steps.push(step(&title, StepKind::Command, text.trim(), None));
        }
    }
    let legacy = Legacy {
        id: "rb-own".to_owned(),
        title: "\"Quoted\": {odd} # not a comment".to_owned(),
        summary: "&anchor *alias !tag - \u{85}\n--- \"".to_owned(),
        tags: vec!["docker".to_owned(), "null".to_owned(), "1".to_owned()],
        steps,
        prompt_template: Some("Line one\nline two: {{x}}\n\n- y".to_owned()),
    };
    let json = serde_json::to_value(&legacy).unwrap();
    let imported = one(&json);
    assert_eq!(Legacy::from(&imported.runbook), legacy);
    assert!(!imported.stock && imported.notes.is_empty());
    // And through the file again.
    let again = read_runbook(&imported.runbook.markdown, Origin::Own).unwrap();
    assert_eq!(again.content_hash, imported.runbook.content_hash);
}

#[test]
fn the_three_shapes_are_read() {
    let one = r#"{"id": "rb-a", "title": "T", "summary": "S", "tags": null, "steps": [{"title": "A", "kind": "manual", "detail": "x"}]}"#;
    let two = one.replace("rb-a", "rb-b");
    for text in [
        one.to_owned(),
        format!("[{one}, {two}]"),
        format!("{{\"runbooks\": [{one}]}}"),
    ] {
        let read = read_json(&text).unwrap();
        assert_eq!(read[0].runbook.id, "rb-a");
    }
    assert_eq!(read_json("[]").unwrap(), []);
}

#[test]
fn the_built_in_ones_keep_what_0_4_knows_of_them() {
    for runbook in builtin_runbooks().unwrap() {
        let legacy = Legacy::from(&runbook);
        let read = to_runbook(&legacy).unwrap();
        assert_eq!(Legacy::from(&read), legacy, "{}", runbook.id);
    }
}

#[test]
fn everything_wrong_is_told_with_its_place() {
    let text = "[\n {\"id\": \"RB\", \"title\": \"T\", \"summary\": \"S\",\n  \"steps\": [\n   {\"title\": \"A\", \"kind\": \"command\", \"detail\": \"echo \\\"{{x}}\\\"\"}]},\n\
                {\"title\": 5, \"summary\": \"\", \"stepps\": [], \"steps\": [{\"title\": \"A\", \"kind\": \"other\", \"detail\": \"x\"}]}\n]";
    let found = lints(text);
    let has = |line: usize, words: &str| {
        assert!(
            found
                .iter()
                .any(|(at, _, message)| *at == line && message.contains(words)),
            "{line} {words}: {found:#?}"
        );
    };
    has(2, "only a-z");
    has(4, "inside quotes");
    has(5, "id is required");
    has(5, "title: expected text");
    has(5, "summary is required");
    has(5, "unknown field \"stepps\"");
    has(5, "\"command\" or \"manual\"");
    assert_eq!(found[0], (2, 9, found[0].2.clone()));
    assert_eq!(lints("{\n  \"id\": }")[0].0, 2);
    assert_eq!(lints("7")[0].1, 1);
}

#[test]
fn tags_are_spelled_as_ours_and_said_so() {
    let imported = one(
        &serde_json::json!({"id": "rb-a", "title": "T", "summary": "S",
        "tags": ["Docker", "Proxmox VE", "docker"], "steps": [{"title": "A", "kind": "manual", "detail": "x"}]}),
    );
    assert_eq!(imported.runbook.tags, ["docker", "proxmox-ve"]);
    assert_eq!(imported.notes.len(), 2);
}

#[test]
fn what_came_with_0_4_is_known_and_an_edited_one_is_not() {
    let mut stock: Value = serde_json::from_str(include_str!("../stock-0.4.json")).unwrap();
    assert!(one(&stock).stock);
    stock["steps"][0]["detail"] = "docker ps -a".into();
    assert!(!one(&stock).stock);
    stock["id"] = "rb-wifi-saturation".into();
    assert!(one(&stock).stock);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_step_comes_back_or_is_refused(
        title in "[ -~ü\\n]{1,20}", detail in "([ -~ü`#*<>\\[\\]\\\\_|~-]|\\n){1,60}", prompt in "([ -~]|\\n){1,40}"
    ) {
        let json = serde_json::json!({"id": "rb-a", "title": "T", "summary": "S", "tags": [],
            "steps": [{"title": title, "kind": "manual", "detail": detail, "prompt": prompt}]});
        // Either it is kept to the letter, spaces around it apart, or it is refused with a place.
        if let Ok(read) = read_json(&json.to_string()) {
            let step = &read[0].runbook.steps[0];
            prop_assert_eq!(&step.title, title.trim());
            prop_assert_eq!(&step.detail, detail.trim());
            prop_assert_eq!(step.prompt.as_deref().unwrap_or_default(), prompt.trim());
        } else {
            prop_assert!(title.trim().is_empty() || detail.trim().is_empty() || title.trim().contains('\n'),
                "{title:?} {detail:?} {prompt:?}");
        }
    }
}
