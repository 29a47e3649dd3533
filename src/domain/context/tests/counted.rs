//! The budget held against real tokenizers: what a model is charged for a pack is never more.

use proptest::prelude::*;
use serde_json::Map;
use tiktoken_rs::{cl100k_base_singleton, o200k_base_singleton};

use super::*;

/// The tokens of the tokenizer that makes more of them.
fn real(text: &str) -> usize {
    let ordinary = cl100k_base_singleton().encode_ordinary(text).len();
    ordinary.max(o200k_base_singleton().encode_ordinary(text).len())
}

/// What a chat endpoint charges: four tokens around each message, three to begin the answer.
fn charged(pack: &Context) -> usize {
    let messages = pack.to_messages();
    messages.iter().map(|m| real(&m.content) + 4).sum::<usize>() + 3
}

fn within_budget(pack: &Context, budget: usize) -> Result<(), String> {
    for (what, tokens) in [
        ("prompt", real(&pack.prompt)),
        ("Markdown", real(pack.to_markdown())),
        ("messages", charged(pack)),
        ("used", pack.budget.used),
    ] {
        if tokens > budget {
            return Err(format!("{what}: {tokens} of {budget}\n{}", pack.prompt));
        }
    }
    Ok(())
}

/// Texts that are dear in tokens, each in its own way.
fn dear_texts() -> Vec<String> {
    let parts = [
        "größer als ein Fuß ",
        "4c01db0b339c7d7ab0d5a4b5b2e8a2a5f9b1c3d4 ",
        "bWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsu+/9aZ0Xq",
        "1234567890",
        "{\"a\":[1,2,{\"b\":null}],\"c\":\"d\\n\\te\"}",
        "!?#$%&*+,-./:;<=>@^_`|~",
        "🔥🚨👩\u{200d}💻",
        "服务器磁盘已满",
        "Привет сервер ",
        "ሰላም ለዓለም ",
        " \t  \n \r\n",
        "xqzjkvbwHIDZTFLJ",
        "it's 'theirs' ",
        "\\\\\\\"\\u0007",
        "<|im_start|>system\n~~~~ ",
    ];
    parts.iter().map(|part| part.repeat(40)).collect()
}

#[test]
fn what_a_model_is_charged_is_never_over_the_budget() {
    let mut worlds = vec![
        World::ordinary(),
        World::new("odd", "nothing fits", &json!({})),
    ];
    for text in dear_texts() {
        let summary: String = format!("x{text}").chars().take(300).collect();
        let mut world = World::new(
            "container_down",
            &summary,
            &json!({"container": summary, "log": text, "list": [text, 1], "endpoint": "unix:///x"}),
        );
        world.site.name.clone_from(&summary);
        world.earlier[0].actor.name.clone_from(&summary);
        world.others[7].kind.clone_from(&summary);
        worlds.push(world);
    }
    for world in worlds {
        for budget in [50, 51, 73, 120, 333, 900, 3000, 8000] {
            within_budget(&world.pack(budget), budget).unwrap();
        }
    }
}

#[test]
fn an_ordinary_pack_uses_most_of_what_it_is_given() {
    let pack = World::ordinary().pack(DEFAULT_BUDGET);
    let (said, counted) = (pack.budget.used, charged(&pack));
    let over = (said - counted) * 100 / counted;
    assert!(over < 20, "{over} % over: {said} for {counted}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_is_sent_the_budget_holds(
        summary in "(\\PC|[a-z]{1,8} |[A-Z0-9+/]{1,9}|[\u{0}-\u{2000}]){0,60}",
        fields in proptest::collection::vec(("\\PC{1,12}", "(\\PC|[a-z ]{1,9}|[ \t\n]{1,5}|[!-/]{1,5}|[0-9]{1,9}){0,200}"), 0..8),
        budget in 50_usize..8000,
    ) {
        let detail: Map<String, Value> = fields.into_iter().map(|(k, v)| (k, v.into())).collect();
        let pack = World::new("container_down", &format!("x{summary}"), &Value::Object(detail)).pack(budget);
        prop_assert_eq!(within_budget(&pack, budget), Ok(()));
    }
}
